/* SPDX-License-Identifier: MIT */
/* Last use: what is noted is told at once, written later, and not lost by a transaction that is. */
#include "../store/fixture.h"

#include "api/house.h"
#include "api/used.h"
#include "store/store.h"

struct scene {
    struct fixture *f;
    struct house house;
    struct worker worker;
    struct caller who;
    struct call c;
    struct store *s;
};

static struct scene *scene_new(struct fixture *f)
{
    struct scene *x = ARENA_NEW(f->a, struct scene);

    x->f = f;
    x->house.used = used_new();
    x->worker.house = &x->house;
    x->who = (struct caller){.kind = PRINCIPAL_ROOT, .account = S("111122223333")};
    MUST(f, store_open(f->dir, true, &x->s, &f->e));
    x->c = (struct call){.caller = &x->who, .arena = f->a, .worker = &x->worker};
    return x;
}

static void scene_done(struct scene *x)
{
    used_free(x->house.used);
    store_close(x->s);
}

static struct used_when found(struct scene *x, str id)
{
    struct used_when when;

    MUST(x->f, store_begin(x->s, false, &x->c.txn, &x->f->e));
    assert_true(is_ok(used_find(&x->c, id, &when)));
    txn_rollback(x->c.txn);
    return when;
}

static void write_all(struct scene *x, bool commit)
{
    struct txn *t;

    MUST(x->f, store_begin(x->s, true, &t, &x->f->e));
    MUST(x->f, used_write(x->house.used, t, &x->f->e));
    if (commit)
        MUST(x->f, txn_commit(t, &x->f->e));
    else
        txn_rollback(t);
    used_written(x->house.used, commit);
}

static void test_api_used__is_told_at_once_and_after_it_was_written(void **state)
{
    struct scene *x = scene_new(*state);
    str key = S("AKIAEXAMPLE"), mine = S("111122223333");

    assert_int_equal(found(x, key).at_ms, 0);
    used_note(x->house.used, mine, key, S("s3"), S("us-east-1"), 1000);
    assert_int_equal(found(x, key).at_ms, 1000);
    write_all(x, false); /* lost: still to be written */
    write_all(x, true);
    used_free(x->house.used); /* a restart */
    x->house.used = used_new();
    struct used_when when = found(x, key);
    assert_int_equal(when.at_ms, 1000);
    assert_str_equal(when.service, S("s3"));
    assert_str_equal(when.region, S("us-east-1"));
    used_note(x->house.used, S("999988887777"), key, S("ssm"), S("us-east-1"), 2000);
    assert_int_equal(found(x, key).at_ms, 1000); /* another account's */
    scene_done(x);
}

static void test_api_used__a_use_during_the_write_stays_noted(void **state)
{
    struct scene *x = scene_new(*state);
    str key = S("AKIAEXAMPLE"), mine = S("111122223333");
    struct txn *t;

    used_note(x->house.used, mine, key, S("s3"), S("us-east-1"), 1000);
    MUST(x->f, store_begin(x->s, true, &t, &x->f->e));
    MUST(x->f, used_write(x->house.used, t, &x->f->e));
    used_note(x->house.used, mine, key, S("ssm"), S("us-east-1"), 2000);
    MUST(x->f, txn_commit(t, &x->f->e));
    used_written(x->house.used, true);
    assert_int_equal(found(x, key).at_ms, 2000);
    write_all(x, true);
    used_free(x->house.used);
    x->house.used = NULL; /* nothing is noted */
    used_note(x->house.used, mine, key, S("kms"), S("us-east-1"), 3000);
    assert_int_equal(found(x, key).at_ms, 2000);
    scene_done(x);
}

static void test_api_used__too_many_and_too_long_are_left_out(void **state)
{
    struct scene *x = scene_new(*state);
    str mine = S("111122223333");

    for (int i = 0; i < 2000; i++)
        used_note(x->house.used, mine, arena_printf(x->f->a, "AKIA%06d", i), S("s3"), S("us-east-1"), 1000 + i);
    assert_int_equal(found(x, S("AKIA000000")).at_ms, 1000);
    assert_int_equal(found(x, S("AKIA001999")).at_ms, 0);
    used_note(x->house.used, mine, S("AKIA000000"), S("s3"), S("us-east-1"), 5000); /* full, but known */
    assert_int_equal(found(x, S("AKIA000000")).at_ms, 5000);
    write_all(x, true);
    used_note(x->house.used, mine, S("AKIA001999"), S("s3"), S("a-region-whose-name-is-longer-than-any"), 6000);
    assert_int_equal(found(x, S("AKIA001999")).at_ms, 0);
    scene_done(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_api_used__is_told_at_once_and_after_it_was_written),
        fixture_test(test_api_used__a_use_during_the_write_stays_noted),
        fixture_test(test_api_used__too_many_and_too_long_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
