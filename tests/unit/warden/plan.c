/* SPDX-License-Identifier: MIT */
/* A plan's bytes come back as they were, and what has no meaning is refused. */
#include "rig.h"

static bool sensible(const struct test_plan *t)
{
    return is_ok(plan_check(&t->plan, NULL));
}

static void test_warden_plan__encoding_comes_back(void **state)
{
    struct test_plan t;
    struct vpc_plan back;
    struct buf b;

    (void)state;
    plan_make(&t, 1);
    assert_true(sensible(&t));
    buf_init(&b, MESSAGE_BODY_MAX);
    assert_true(is_ok(plan_encode(&t.plan, &b, NULL)));
    assert_true(is_ok(plan_decode(b.p, b.n, &back, NULL)));
    assert_string_equal(back.id.z, t.plan.id.z);
    assert_int_equal(back.generation, 1);
    assert_int_equal(back.n_interfaces, N_INTERFACES);
    assert_memory_equal(back.interfaces, t.interfaces, sizeof t.interfaces);
    assert_memory_equal(back.rules, t.rules, back.n_rules * sizeof *t.rules);
    assert_memory_equal(back.endpoints, t.endpoints, sizeof t.endpoints);
    assert_true(is_ok(plan_check(&back, NULL)));
    buf_done(&b);
}

static void test_warden_plan__decoding_refuses_every_other_length(void **state)
{
    struct test_plan t;
    struct vpc_plan back;
    struct buf b;

    (void)state;
    plan_make(&t, 1);
    buf_init(&b, MESSAGE_BODY_MAX);
    assert_true(is_ok(plan_encode(&t.plan, &b, NULL)));
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(plan_decode(b.p, n, &back, NULL).why, WHY_REJECT);
    buf_add_char(&b, 0);
    assert_int_equal(plan_decode(b.p, b.n, &back, NULL).why, WHY_REJECT);
    buf_done(&b);
}

static void test_warden_plan__the_longest_plan_fits_one_message(void **state)
{
    static struct plan_interface interfaces[PLAN_INTERFACES_MAX];
    static struct plan_rule rules[PLAN_RULES_MAX];
    static struct plan_group groups[PLAN_GROUPS_MAX];
    static struct plan_subnet subnets[PLAN_SUBNETS_MAX];
    static struct plan_endpoint endpoints[PLAN_ENDPOINTS_MAX];
    struct test_plan t;
    struct buf b;

    (void)state;
    plan_make(&t, 1);
    t.plan.interfaces = interfaces;
    t.plan.rules = rules;
    t.plan.groups = groups;
    t.plan.subnets = subnets;
    t.plan.endpoints = endpoints;
    t.plan.n_interfaces = PLAN_INTERFACES_MAX;
    t.plan.n_rules = PLAN_RULES_MAX;
    t.plan.n_groups = PLAN_GROUPS_MAX;
    t.plan.n_subnets = PLAN_SUBNETS_MAX;
    t.plan.n_endpoints = PLAN_ENDPOINTS_MAX;
    buf_init(&b, MESSAGE_BODY_MAX);
    assert_true(is_ok(plan_encode(&t.plan, &b, NULL)));
    buf_clear(&b);
    t.plan.n_rules++;
    assert_int_equal(plan_encode(&t.plan, &b, NULL).why, WHY_REJECT);
    buf_done(&b);
}

static void test_warden_plan__ids_are_ours_or_nothing(void **state)
{
    static const char *const bad[] = {"",
                                      "vpc-",
                                      "vpc-0000000000000000",   /* 16 */
                                      "vpc-000000000000000000", /* 18 */
                                      "vpc-0000000000000000A",
                                      "vpc-../../../etc/pass",
                                      "eni-00000000000000000",
                                      "vpc-0000000000000000/"};
    struct message_id id;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(warden_id(str_z(bad[i]), "vpc-", &id, NULL).why, WHY_REJECT);
    assert_true(is_ok(warden_id(S("vpc-0123456789abcdef0"), "vpc-", &id, NULL)));
    id.z[23] = 'x'; /* after the end */
    assert_false(message_id_ok(&id, "vpc-"));
}

#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        struct test_plan t;                                                                                            \
        plan_make(&t, 1);                                                                                              \
        change;                                                                                                        \
        assert_false(sensible(&t));                                                                                    \
    } while (0)

static void test_warden_plan__ranges_must_be_usable(void **state)
{
    (void)state;
    REFUSED(t.cidr.addr |= 1);
    REFUSED(t.cidr.len = 33);
    REFUSED(t.plan.n_cidrs = 0);
    REFUSED((t.cidr = (struct plan_prefix){IP(127, 0, 0, 0), 8}));
    REFUSED((t.cidr = (struct plan_prefix){IP(198, 18, 0, 0), 16}));
    REFUSED((t.cidr = (struct plan_prefix){IP(169, 254, 0, 0), 16}));
    REFUSED((t.cidr = (struct plan_prefix){IP(0, 0, 0, 0), 0}));
    REFUSED((t.s3 = (struct plan_prefix){IP(10, 0, 0, 0), 8}));
    REFUSED((t.s3 = (struct plan_prefix){0, 0}));
    REFUSED(t.plan.resolver = IP(10, 1, 0, 2));
    REFUSED(t.subnets[1].prefix.addr = IP(10, 1, 2, 0));
    REFUSED(t.subnets[1].prefix = t.subnets[0].prefix);
    REFUSED(t.subnets[0].gateway = IP(10, 0, 2, 1));
    REFUSED(t.subnets[0].gateway = IP(10, 0, 1, 0));
    REFUSED(t.subnets[0].s3_gateway = E_KMS); /* not a gateway endpoint */
    REFUSED(t.subnets[0].s3_gateway = 9);
}

static void test_warden_plan__rules_and_positions_must_mean_something(void **state)
{
    (void)state;
    REFUSED(t.rules[0].direction = 3);
    REFUSED(t.rules[0].proto = 47);
    REFUSED(t.rules[0].peer = 0);
    REFUSED(t.rules[0].group = N_GROUPS);
    REFUSED(t.rules[0].prefix.len = 8); /* a group and a prefix */
    REFUSED((t.rules[0].from = 9000, t.rules[0].to = 8000));
    REFUSED(t.rules[1].prefix.addr = IP(10, 0, 0, 1));
    REFUSED(t.rules[2].from = 256);
    REFUSED(t.rules[3].to = 1); /* all protocols, yet a port */
    REFUSED(t.groups[0].n_rules = 6);
    REFUSED(t.groups[1].first_rule = 3);
    REFUSED(t.plan.n_rules = 8);
    REFUSED(t.endpoints[1].index = 0); /* the other one's */
    REFUSED(t.endpoints[1].index = PLAN_ENDPOINT_INDEX_MAX);
    REFUSED(t.endpoints[0].kind = 0);
}

static void test_warden_plan__interfaces_must_be_distinct_and_in_place(void **state)
{
    (void)state;
    REFUSED(t.interfaces[A2].addr = t.interfaces[A1].addr);
    REFUSED(t.interfaces[A2].id = t.interfaces[A1].id);
    REFUSED(t.interfaces[A2].addr = IP(10, 0, 2, 12));
    REFUSED(t.interfaces[A2].addr = t.subnets[0].gateway);
    REFUSED((t.plan.resolver = IP(10, 0, 1, 2), t.interfaces[A2].addr = IP(10, 0, 1, 2)));
    REFUSED(t.interfaces[A2].subnet = 2);
    REFUSED(t.interfaces[A2].kind = 0);
    REFUSED(t.interfaces[A2].endpoint = E_KMS); /* a workload is none */
    REFUSED(t.interfaces[KMS].endpoint = PLAN_NONE);
    REFUSED(t.interfaces[KMS].endpoint = E_S3); /* a gateway has no interfaces */
    REFUSED(t.interfaces[A2].n_groups = PLAN_INTERFACE_GROUPS_MAX + 1);
    REFUSED(t.interfaces[A2].groups[0] = N_GROUPS);
    REFUSED(t.interfaces[A2].groups[3] = 1);
}

static void test_warden_plan__ways_out_need_a_gateway_and_an_order(void **state)
{
    static const struct plan_route good[2] = {{{IP(203, 0, 113, 0), 24}, 0, PLAN_BY_GATEWAY, 0, 0},
                                              {{0, 0}, 0, PLAN_BY_NAT, 0, IP(198, 19, 0, 8)}};
    static const struct plan_public pairs[2] = {{IP(10, 0, 1, 11), IP(198, 19, 0, 9)},
                                                {IP(10, 0, 1, 12), IP(198, 19, 0, 10)}};
    struct plan_route r[2];
    struct plan_public q[2];
    struct test_plan t;

#define WAYS(change, fine)                                                                                             \
    do {                                                                                                               \
        plan_make(&t, 1);                                                                                              \
        memcpy(r, good, sizeof r);                                                                                     \
        memcpy(q, pairs, sizeof q);                                                                                    \
        t.plan.uplink = 1;                                                                                             \
        t.plan.routes = r;                                                                                             \
        t.plan.publics = q;                                                                                            \
        t.plan.n_routes = t.plan.n_publics = 2;                                                                        \
        change;                                                                                                        \
        assert_int_equal(sensible(&t), fine);                                                                          \
    } while (0)
    (void)state;
    WAYS((void)0, true);
    WAYS(t.plan.uplink = 0, false);
    WAYS(t.plan.uplink = 2, false);
    WAYS((t.plan.uplink = 0, t.plan.n_routes = 0), false);
    WAYS((r[0] = good[1], r[1] = good[0]), false); /* the wider one first */
    WAYS(r[0].subnet = 2, false);
    WAYS(r[0].way = 0, false);
    WAYS(r[0].as = IP(198, 19, 0, 8), false);
    WAYS(r[1].as = 0, false);
    WAYS(r[1].as = IP(198, 18, 0, 8), false);   /* an endpoint's range */
    WAYS(r[1].as = PLAN_UPLINK_ADDR, false);    /* a link's own */
    WAYS(r[1].to.addr = IP(1, 0, 0, 0), false); /* bits beyond its length */
    WAYS(q[1].addr = q[0].addr, false);
    WAYS(q[1].as = q[0].as, false);
    WAYS(q[0].addr = IP(10, 1, 0, 1), false);
    WAYS(q[0].as = IP(8, 8, 8, 8), false);
#undef WAYS
}

static void test_warden_plan__the_first_route_that_fits_says_who_goes_out(void **state)
{
    static const struct plan_route routes[] = {
        {{IP(52, 216, 0, 0), 15}, 0, PLAN_NOWHERE, 0, 0},
        {{IP(0, 0, 0, 0), 0}, 0, PLAN_BY_NAT, 0, IP(198, 19, 0, 9)},
        {{IP(0, 0, 0, 0), 0}, 1, PLAN_BY_GATEWAY, 0, 0},
    };
    static const struct plan_public publics[] = {{IP(10, 0, 2, 13), IP(198, 19, 0, 7)}};
    struct test_plan t;

    (void)state;
    plan_make(&t, 1);
    t.plan.routes = routes;
    t.plan.n_routes = 3;
    t.plan.publics = publics;
    t.plan.n_publics = 1;
    assert_int_equal(plan_public_of(&t.plan, IP(10, 0, 1, 11), PLAN_APIS_ADDR), IP(198, 19, 0, 9));
    assert_int_equal(plan_public_of(&t.plan, IP(10, 0, 1, 11), IP(52, 216, 0, 10)), 0);
    assert_int_equal(plan_public_of(&t.plan, IP(10, 0, 2, 13), PLAN_APIS_ADDR), IP(198, 19, 0, 7));
    assert_int_equal(plan_public_of(&t.plan, IP(10, 0, 2, 14), PLAN_APIS_ADDR), 0); /* no public address */
    assert_int_equal(plan_public_of(&t.plan, IP(10, 0, 3, 1), PLAN_APIS_ADDR), 0);
    t.plan.n_routes = 0;
    assert_int_equal(plan_public_of(&t.plan, IP(10, 0, 1, 11), PLAN_APIS_ADDR), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warden_plan__encoding_comes_back),
        cmocka_unit_test(test_warden_plan__decoding_refuses_every_other_length),
        cmocka_unit_test(test_warden_plan__the_longest_plan_fits_one_message),
        cmocka_unit_test(test_warden_plan__ids_are_ours_or_nothing),
        cmocka_unit_test(test_warden_plan__ranges_must_be_usable),
        cmocka_unit_test(test_warden_plan__rules_and_positions_must_mean_something),
        cmocka_unit_test(test_warden_plan__interfaces_must_be_distinct_and_in_place),
        cmocka_unit_test(test_warden_plan__ways_out_need_a_gateway_and_an_order),
        cmocka_unit_test(test_warden_plan__the_first_route_that_fits_says_who_goes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
