/* SPDX-License-Identifier: MIT */
/* Networks that were refused: tried again from the records of the day, later and later, until they stand. */
#include "house.h"

#include "api/network.h"
#include "ec2.h"

static const char vpc_name[] = "vpc-00000000000000001";
static const struct flow_kind *const no_kinds[] = {NULL};
static _Atomic int refusals_left, applied, removed, generation_seen;

/* ---- doors that refuse as often as they are told ---- */

static res refuse_or(_Atomic int *count, struct err *e)
{
    bool refuse = atomic_load(&refusals_left) > 0;

    if (refuse)
        atomic_fetch_sub(&refusals_left, 1);
    atomic_fetch_add(count, 1);
    return refuse ? oops(e, 0, "the kernel said no") : OK;
}

/* As the real doors do: whoever is refused asks for a mend. */
static res fake_apply(struct house *h, const struct network *n, struct err *e)
{
    atomic_store(&generation_seen, (int)n->plan.generation);
    res r = refuse_or(&applied, e);
    if (!is_ok(r))
        conductor_mend(h, n->vpc_id);
    return r;
}

static res fake_remove(struct house *h, str vpc_id, struct err *e)
{
    res r = refuse_or(&removed, e);

    if (!is_ok(r))
        conductor_mend(h, vpc_id);
    return r;
}

static const struct network_doors doors = {fake_apply, fake_remove, NULL, NULL};

/* ---- a VPC in the records ---- */

struct saving {
    struct inner_work inner;
    struct barmkin_flow_step in;
    struct barmkin_nothing out;
    int64_t generation;
};

static res save_vpc(struct call *c, const void *in, void *out)
{
    const struct saving *s = (const struct saving *)((const char *)in - offsetof(struct saving, in));
    struct ec2_vpc v = {.vpc_id = str_z(vpc_name),
                        .state = S("available"),
                        .cidr_block = S("10.0.0.0/16"),
                        .generation = SET_INT(s->generation)};

    (void)out;
    return ec2_vpc_save(c, &v);
}

static void vpc_is(struct world *w, int64_t generation)
{
    struct saving *s = ARENA_NEW(w->arena, struct saving);

    s->generation = generation;
    house_do(w, "222222222222", save_vpc, &s->inner, &s->in, &s->out);
}

static void start(struct world *w)
{
    struct err e = {0};

    house_open(w, no_kinds);
    w->house.network = &doors;
    assert_true(is_ok(conductor_resume(w->house.conductor, &e)));
}

static int setup(void **state)
{
    refusals_left = applied = removed = generation_seen = 0;
    return house_setup(state);
}

static bool none_left(struct world *w)
{
    struct conductor *c = w->house.conductor;

    for (int i = 0; i < 500; i++, usleep(10000)) {
        pthread_mutex_lock(&c->lock);
        bool none = !c->mends;
        pthread_mutex_unlock(&c->lock);
        if (none)
            return true;
    }
    return false;
}

/* ---- claims ---- */

static void test_conductor_mend__a_refused_network_is_made_without_a_client(void **state)
{
    struct world *w = *state;

    start(w);
    vpc_is(w, 7);
    refusals_left = 2;
    conductor_mend(&w->house, str_z(vpc_name));
    assert_true(comes(&applied, 3));
    assert_true(none_left(w));
    assert_int_equal(applied, 3); /* and then no more */
    assert_int_equal(generation_seen, 7);
    house_close(w);
}

static void test_conductor_mend__the_records_of_the_day_count(void **state)
{
    struct world *w = *state;

    start(w);
    vpc_is(w, 7);
    refusals_left = 1000;
    conductor_mend(&w->house, str_z(vpc_name));
    assert_true(comes(&applied, 1));
    vpc_is(w, 8);
    refusals_left = 0;
    assert_true(none_left(w));
    assert_int_equal(generation_seen, 8);
    house_close(w);
}

static void test_conductor_mend__one_that_is_gone_is_removed(void **state)
{
    struct world *w = *state;

    start(w);
    refusals_left = 1;
    conductor_mend(&w->house, str_z(vpc_name));
    assert_true(comes(&removed, 2));
    assert_true(none_left(w));
    assert_int_equal(applied, 0);
    house_close(w);
}

/* Asked for again and again it is still tried once at a time, each time twice as late, up to a bound. */
static void test_conductor_mend__the_waiting_grows_to_a_bound(void **state)
{
    struct world *w = *state;
    struct conductor *c;

    start(w);
    c = w->house.conductor;
    vpc_is(w, 7);
    refusals_left = 1000;
    for (int i = 0; i < 50; i++)
        conductor_mend(&w->house, str_z(vpc_name));
    assert_true(comes(&applied, 2));
    for (int i = 0; i < 50; i++)
        conductor_mend(&w->house, str_z(vpc_name));
    assert_true(comes(&applied, 3));
    assert_int_equal(mend_wait_ms(MEND_FIRST_MS), 2 * MEND_FIRST_MS);
    assert_int_equal(mend_wait_ms(MEND_MAX_MS - 1), MEND_MAX_MS);
    assert_int_equal(mend_wait_ms(MEND_MAX_MS), MEND_MAX_MS);
    pthread_mutex_lock(&c->lock);
    assert_non_null(c->mends);
    pthread_mutex_unlock(&c->lock);
    house_close(w); /* one that waits holds nobody up */
}

/* A refusal while the server starts, or before a kill, is mended once everything runs. */
static void test_conductor_mend__nothing_begins_before_the_start_is_over(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    house_open(w, no_kinds);
    w->house.network = &doors;
    vpc_is(w, 7);
    conductor_mend(&w->house, str_z(vpc_name));
    usleep(2000 * MEND_FIRST_MS);
    assert_int_equal(applied, 0);
    assert_true(is_ok(conductor_resume(w->house.conductor, &e)));
    assert_true(comes(&applied, 1));
    assert_true(none_left(w));
    house_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_conductor_mend__a_refused_network_is_made_without_a_client, setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(test_conductor_mend__the_records_of_the_day_count, setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_conductor_mend__one_that_is_gone_is_removed, setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_conductor_mend__the_waiting_grows_to_a_bound, setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_conductor_mend__nothing_begins_before_the_start_is_over, setup,
                                        house_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
