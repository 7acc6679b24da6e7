/* SPDX-License-Identifier: MIT */
/* Plans that change, fail, come late or are large. */
#include "world.h"

#include <sys/resource.h>

static void test_warden_changes__a_changed_group_counts_from_the_next_plan_on(void **state)
{
    struct world *w = *state;
    int in = listen_at(&w->rig, &w->a.interfaces[A2].id, SOCK_STREAM, 0, 8100);
    const struct message_id *a1 = &w->a.interfaces[A1].id;

    assert_int_equal(dial(&w->rig, a1, IP(10, 0, 1, 12), 8100, SHORT_MS), ETIMEDOUT);
    w->a.rules[0].to = 8100;
    w->a.plan.generation++;
    apply(&w->rig, &w->a);
    assert_int_equal(dial(&w->rig, a1, IP(10, 0, 1, 12), 8100, LONG_MS), 0);
    w->a.rules[0].to = 8000;
    w->a.plan.generation++;
    apply(&w->rig, &w->a);
    assert_int_equal(dial(&w->rig, a1, IP(10, 0, 1, 12), 8100, SHORT_MS), ETIMEDOUT);
    close(in);
}

static void test_warden_changes__an_interface_comes_and_goes(void **state)
{
    struct world *w = *state;
    struct test_plan less = w->a;
    char path[RIG_PATH];

    less.plan.interfaces = less.interfaces;
    for (int i = A2; i + 1 < N_INTERFACES; i++)
        less.interfaces[i] = less.interfaces[i + 1];
    less.plan.n_interfaces--;
    less.plan.generation = ++w->a.plan.generation;
    apply(&w->rig, &less);
    snprintf(path, sizeof path, "%s/%s/netns/%s", w->rig.root, w->rig.tag, w->a.interfaces[A2].id.z);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(10, 0, 1, 12), 8000, LONG_MS), ENETUNREACH);
    w->a.plan.generation++;
    apply(&w->rig, &w->a);
    int in = listen_at(&w->rig, &w->a.interfaces[A2].id, SOCK_STREAM, 0, 8000);
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(10, 0, 1, 12), 8000, LONG_MS), 0);
    close(in);
}

static void test_warden_changes__a_refused_ruleset_closes_the_vpc(void **state)
{
    struct world *w = *state;
    const struct message_id *a1 = &w->a.interfaces[A1].id;
    int in = listen_at(&w->rig, &w->a.interfaces[A2].id, SOCK_STREAM, 0, 8000);
    struct err e = {0};

    for (int closed_fails = 0; closed_fails < 2; closed_fails++) {
        assert_int_equal(dial(&w->rig, a1, IP(10, 0, 1, 12), 8000, LONG_MS), 0);
        int fault = open(w->rig.fault, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(write(fault, "closed", closed_fails ? 6 : 0), closed_fails ? 6 : 0);
        close(fault);
        w->a.plan.generation++;
        assert_int_equal(warden_vpc_apply(w->rig.client, &w->a.plan, &e).why, WHY_OOPS);
        err_clear(&e);
        assert_int_not_equal(dial(&w->rig, a1, IP(10, 0, 1, 12), 8000, SHORT_MS), 0);
        assert_int_not_equal(dial(&w->rig, a1, IP(10, 0, 1, 20), 443, SHORT_MS), 0);
        assert_int_equal(dial(&w->rig, &w->b.interfaces[A1].id, IP(10, 0, 1, 20), 443, LONG_MS), 0); /* B is not A */
        assert_true(readable(w->door_b, LONG_MS));
        close(accept(w->door_b, NULL, NULL));
        unlink(w->rig.fault);
        apply(&w->rig, &w->a); /* the same generation again, as conductor's retry */
        if (closed_fails) {    /* the links were taken away: the interface's namespace is a new one */
            close(in);
            in = listen_at(&w->rig, &w->a.interfaces[A2].id, SOCK_STREAM, 0, 8000);
        }
        assert_int_equal(dial(&w->rig, a1, IP(10, 0, 1, 12), 8000, LONG_MS), 0);
    }
    close(in);
}

/* Tracked connections of a namespace that name an address; -1 where the kernel does not show them. */
static int tracked(struct world *w, const struct message_id *vpc, const char *what)
{
    char path[RIG_PATH], line[512];
    int n = 0;

    snprintf(path, sizeof path, "%s/%s/netns/%s", w->rig.root, w->rig.tag, vpc->z);
    int ns = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(setns(ns, CLONE_NEWNET), 0);
    FILE *f = fopen("/proc/thread-self/net/nf_conntrack", "re");
    assert_int_equal(setns(w->rig.home, CLONE_NEWNET), 0);
    close(ns);
    if (!f)
        return -1;
    while (fgets(line, sizeof line, f))
        n += strstr(line, what) != NULL;
    fclose(f);
    return n;
}

static void test_warden_changes__an_address_leaves_no_connection_to_its_next_owner(void **state)
{
    struct world *w = *state;
    int in = listen_at(&w->rig, &w->a.interfaces[A3].id, SOCK_STREAM, 0, 8000);
    int from = socket_at(&w->rig, &w->a.interfaces[A1].id, SOCK_STREAM);

    assert_int_equal(dial_fd(from, IP(10, 0, 2, 13), 8000, LONG_MS), 0);
    int before = tracked(w, &w->a.plan.id, "10.0.2.13");
    uint32_t all = w->a.plan.n_interfaces;
    struct test_plan less = w->a;
    less.plan.interfaces = less.interfaces;
    less.interfaces[A3] = less.interfaces[--less.plan.n_interfaces]; /* the last one takes its place */
    less.plan.generation = ++w->a.plan.generation;
    apply(&w->rig, &less);
    int after = tracked(w, &w->a.plan.id, "10.0.2.13");
    w->a.plan.n_interfaces = all;
    w->a.plan.generation++;
    apply(&w->rig, &w->a);
    close(in);
    close(from);
    if (before < 0) {
        print_message("# this kernel does not list connections\n");
        return;
    }
    assert_true(before > 0);
    assert_int_equal(after, 0);
}

/* 1,500 interfaces of which 4 have namespaces, 4,000 rules: what the limits of plan.h allow must still load. */
static void test_warden_changes__the_largest_plan_loads(void **state)
{
    struct world *w = *state;
    static struct plan_interface interfaces[PLAN_INTERFACES_MAX];
    static struct plan_rule rules[PLAN_RULES_MAX];
    static struct plan_group groups[PLAN_GROUPS_MAX];
    struct test_plan t;
    struct err e = {0};

    plan_make(&t, 0xe);
    memcpy(interfaces, t.interfaces, sizeof t.interfaces);
    for (unsigned i = N_INTERFACES; i < PLAN_INTERFACES_MAX; i++) {
        interfaces[i] = an_interface(0xe, KMS, IP(10, 0, 2, 20) + i, 1, (uint16_t)(i % PLAN_GROUPS_MAX));
        interfaces[i].id = an_id("eni-", 0xe, i);
        interfaces[i].groups[1] = (uint16_t)((i * 7) % PLAN_GROUPS_MAX);
        interfaces[i].n_groups = 2;
    }
    t.cidr = (struct plan_prefix){IP(10, 0, 0, 0), 8};
    t.subnets[1].prefix = (struct plan_prefix){IP(10, 0, 64, 0), 18};
    t.subnets[1].gateway = IP(10, 0, 64, 1);
    for (unsigned i = N_INTERFACES; i < PLAN_INTERFACES_MAX; i++)
        interfaces[i].addr = IP(10, 0, 64, 20) + i;
    interfaces[A3].addr = IP(10, 0, 64, 2);
    for (unsigned i = 0; i < PLAN_RULES_MAX; i++) {
        rules[i] = t.rules[i % 4];
        if (rules[i].peer == PLAN_PEER_GROUP)
            rules[i].group = (uint16_t)(i % PLAN_GROUPS_MAX);
    }
    for (unsigned g = 0; g < PLAN_GROUPS_MAX; g++)
        groups[g] = (struct plan_group){g * 4, 4};
    t.plan.interfaces = interfaces;
    t.plan.n_interfaces = PLAN_INTERFACES_MAX;
    t.plan.rules = rules;
    t.plan.n_rules = PLAN_RULES_MAX;
    t.plan.groups = groups;
    t.plan.n_groups = PLAN_GROUPS_MAX;
    int64_t begin = time_mono_ms();
    if (!is_ok(warden_vpc_apply(w->rig.client, &t.plan, &e)))
        fail_msg("%s", e.what);
    print_message("# the largest plan: %lld ms\n", (long long)(time_mono_ms() - begin));
    assert_true(is_ok(warden_vpc_remove(w->rig.client, &t.plan.id, &e)));
}

static void test_warden_changes__an_interface_of_another_vpc_stays_its_own(void **state)
{
    struct world *w = *state;
    struct test_plan thief;
    struct err e = {0};

    plan_make(&thief, 0xf);
    thief.interfaces[A2].id = w->b.interfaces[A2].id;
    for (int i = 0; i < 2; i++) { /* a second try must not clear the way */
        assert_int_not_equal(warden_vpc_apply(w->rig.client, &thief.plan, &e).why, WHY_OK);
        err_clear(&e);
    }
    assert_true(is_ok(warden_vpc_remove(w->rig.client, &thief.plan.id, &e)));
    int in = listen_at(&w->rig, &w->b.interfaces[A2].id, SOCK_STREAM, 0, 8000);
    assert_int_equal(dial(&w->rig, &w->b.interfaces[A1].id, IP(10, 0, 1, 12), 8000, LONG_MS), 0);
    close(in);
}

static void test_warden_changes__an_old_generation_is_refused(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    w->b.plan.generation = 5;
    apply(&w->rig, &w->b);
    w->b.plan.generation = 4;
    assert_int_equal(warden_vpc_apply(w->rig.client, &w->b.plan, &e).why, WHY_REJECT);
    w->b.plan.generation = 5;
    apply(&w->rig, &w->b); /* and nothing was closed by it */
    assert_int_equal(dial(&w->rig, &w->b.interfaces[A1].id, IP(10, 0, 1, 20), 443, LONG_MS), 0);
    close(accept(w->door_b, NULL, NULL));
}

static void test_warden_changes__a_fresh_vpc_is_quick(void **state)
{
    struct world *w = *state;
    struct test_plan c;
    int64_t best = INT64_MAX;
    struct err e = {0};

    for (unsigned i = 0; i < 3; i++) {
        plan_make(&c, 0xc0 + i);
        int64_t begin = time_mono_us();
        apply(&w->rig, &c);
        int64_t took = time_mono_us() - begin;
        best = took < best ? took : best;
        assert_true(is_ok(warden_vpc_remove(w->rig.client, &c.plan.id, &e)));
        assert_true(is_ok(warden_vpc_remove(w->rig.client, &c.plan.id, &e))); /* again: nothing to do */
    }
    int64_t begin = time_mono_us();
    w->a.plan.generation++;
    apply(&w->rig, &w->a);
    print_message("# the same plan again: %lld us\n", (long long)(time_mono_us() - begin));
    print_message("# a fresh VPC with 4 workload interfaces: %lld us at best\n", (long long)best);
    assert_true(best < 1000000); /* the goal is 60 ms; the machine may be busy */
}

/* Without descriptors nothing of the VPC can be touched, so its packets would go on passing. The next warden begins
 * with a sweep. */
static void test_warden_changes__one_that_cannot_be_closed_ends_its_warden(void **state)
{
    struct world *w = *state;
    struct rlimit none = {0, 0};
    struct err e = {0};

    assert_int_equal(prlimit(w->rig.pid, RLIMIT_NOFILE, &none, NULL), 0);
    w->a.plan.generation++;
    assert_int_equal(warden_vpc_apply(w->rig.client, &w->a.plan, &e).why, WHY_OOPS);
    assert_int_equal(rig_wait(&w->rig), 70);
    assert_true(warden_is_gone(w->rig.client));
    warden_client_free(w->rig.client);
    rig_start(&w->rig, NULL, NULL);
    apply(&w->rig, &w->a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warden_changes__a_changed_group_counts_from_the_next_plan_on),
        cmocka_unit_test(test_warden_changes__an_interface_comes_and_goes),
        cmocka_unit_test(test_warden_changes__a_refused_ruleset_closes_the_vpc),
        cmocka_unit_test(test_warden_changes__an_address_leaves_no_connection_to_its_next_owner),
        cmocka_unit_test(test_warden_changes__the_largest_plan_loads),
        cmocka_unit_test(test_warden_changes__an_interface_of_another_vpc_stays_its_own),
        cmocka_unit_test(test_warden_changes__an_old_generation_is_refused),
        cmocka_unit_test(test_warden_changes__a_fresh_vpc_is_quick),
        cmocka_unit_test(test_warden_changes__one_that_cannot_be_closed_ends_its_warden), /* the last: a new warden */
    };
    return skip_unless_root() ? 0 : cmocka_run_group_tests(tests, setup, teardown);
}
