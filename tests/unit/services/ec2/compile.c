/* SPDX-License-Identifier: MIT */
/* The network compiler: records of a VPC in, a plan that says the same out. */
#include "services/ec2/compile.h"

#include "test.h"

enum { GROUPS = 3, SUBNETS = 2, ENDPOINTS = 2, INTERFACES = 3 };

struct world {
    struct ec2_vpc vpc;
    struct ec2_subnet subnet[SUBNETS], *subnets[SUBNETS];
    struct ec2_route_table table[2], *tables[2];
    struct ec2_route_association associations[2];
    struct ec2_group group[GROUPS], *groups[GROUPS];
    struct ec2_rule work_rules[8], doors_rules[2];
    struct ec2_endpoint endpoint[ENDPOINTS], *endpoints[ENDPOINTS];
    struct ec2_interface interface[INTERFACES], *interfaces[INTERFACES];
    str side_table, door_subnet, work_groups[2], doors_groups[1];
    struct ec2_world w;
    struct arena *a;
    struct network out;
    struct err e;
};

static const str VPC = {"vpc-00000000000000001", 21}, WORK = {"sg-00000000000000001", 20},
                 DOORS = {"sg-00000000000000002", 20}, MAIN = {"rtb-00000000000000001", 21},
                 SIDE = {"rtb-00000000000000002", 21}, STS = {"vpce-00000000000000001", 22},
                 S3 = {"vpce-00000000000000002", 22}, SUBNET_A = {"subnet-00000000000000001", 24},
                 SUBNET_B = {"subnet-00000000000000002", 24};

static void groups(struct world *t)
{
    t->work_rules[0] = (struct ec2_rule){.egress = SET_BOOL(true), .ip_protocol = S("-1"), .cidr_ipv4 = S("0.0.0.0/0")};
    t->work_rules[1] = (struct ec2_rule){.ip_protocol = S("-1"), .peer_group_id = WORK};
    t->group[0] = (struct ec2_group){.group_id = WORK, .vpc_id = VPC, .rules = {2, t->work_rules}};
    t->doors_rules[0] = (struct ec2_rule){
        .ip_protocol = S("tcp"), .from_port = SET_INT(443), .to_port = SET_INT(443), .peer_group_id = WORK};
    t->group[1] = (struct ec2_group){.group_id = DOORS, .vpc_id = VPC, .rules = {1, t->doors_rules}};
    t->group[2] = (struct ec2_group){.group_id = S("sg-00000000000000003"), .vpc_id = VPC};
}

/* Two subnets; b uses the side table, to which the S3 gateway belongs. One workload, and STS in subnet a. */
static int make(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct world *t = ARENA_NEW(a, struct world);

    t->a = a;
    t->vpc = (struct ec2_vpc){.at = {.account = S("111122223333"), .region = S("us-east-1")},
                              .vpc_id = VPC,
                              .cidr_block = S("10.0.0.0/16"),
                              .main_route_table_id = MAIN,
                              .enable_dns_support = SET_BOOL(true),
                              .enable_dns_hostnames = SET_BOOL(true),
                              .generation = SET_INT(7)};
    t->subnet[0] = (struct ec2_subnet){
        .subnet_id = SUBNET_A, .cidr_block = S("10.0.1.0/24"), .availability_zone = S("us-east-1a")};
    t->subnet[1] = (struct ec2_subnet){
        .subnet_id = SUBNET_B, .cidr_block = S("10.0.2.0/24"), .availability_zone = S("us-east-1b")};
    t->associations[0] = (struct ec2_route_association){.association_id = S("rtbassoc-1"), .main = SET_BOOL(true)};
    t->associations[1] = (struct ec2_route_association){.association_id = S("rtbassoc-2"), .subnet_id = SUBNET_B};
    t->table[0] = (struct ec2_route_table){.route_table_id = MAIN, .associations = {1, &t->associations[0]}};
    t->table[1] = (struct ec2_route_table){.route_table_id = SIDE, .associations = {1, &t->associations[1]}};
    groups(t);
    t->side_table = SIDE;
    t->door_subnet = SUBNET_A;
    t->endpoint[0] = (struct ec2_endpoint){.at = t->vpc.at,
                                           .vpc_endpoint_id = STS,
                                           .service_name = S("com.amazonaws.us-east-1.sts"),
                                           .type = S("Interface"),
                                           .subnet_ids = {1, &t->door_subnet},
                                           .private_dns_enabled = SET_BOOL(true),
                                           .suffix = S("abcdefgh"),
                                           .index = SET_INT(4)};
    t->endpoint[1] = (struct ec2_endpoint){.at = t->vpc.at,
                                           .vpc_endpoint_id = S3,
                                           .service_name = S("com.amazonaws.us-east-1.s3"),
                                           .type = S("Gateway"),
                                           .route_table_ids = {1, &t->side_table},
                                           .index = SET_INT(9)};
    t->work_groups[0] = WORK;
    t->work_groups[1] = S("sg-00000000000000003");
    t->doors_groups[0] = DOORS;
    t->interface[0] = (struct ec2_interface){.network_interface_id = S("eni-00000000000000001"),
                                             .subnet_id = SUBNET_B,
                                             .address = S("10.0.2.4"),
                                             .group_ids = {2, t->work_groups}};
    t->interface[1] = (struct ec2_interface){.network_interface_id = S("eni-00000000000000002"),
                                             .subnet_id = SUBNET_A,
                                             .address = S("10.0.1.4"),
                                             .group_ids = {1, t->doors_groups},
                                             .endpoint_id = STS};
    for (size_t i = 0; i < GROUPS; i++)
        t->groups[i] = &t->group[i];
    for (size_t i = 0; i < 2; i++) {
        t->subnets[i] = &t->subnet[i];
        t->tables[i] = &t->table[i];
        t->endpoints[i] = &t->endpoint[i];
    }
    for (size_t i = 0; i < INTERFACES; i++)
        t->interfaces[i] = &t->interface[i];
    t->w = (struct ec2_world){&t->vpc, t->subnets, t->tables, t->groups, t->endpoints, t->interfaces, SUBNETS,
                              2,       GROUPS,     ENDPOINTS, 2};
    *state = t;
    return 0;
}

static int drop(void **state)
{
    arena_free(((struct world *)*state)->a);
    return 0;
}

static void compile(struct world *t)
{
    res r = ec2_compile(&t->w, t->a, &t->out, &t->e);

    if (!is_ok(r))
        fail_msg("%s", t->e.what);
}

static const struct network_name *named(const struct world *t, const char *name)
{
    for (size_t i = 0; i < t->out.n_names; i++)
        if (str_eq(t->out.names[i].name, str_z(name)))
            return &t->out.names[i];
    return NULL;
}

static void test_ec2_compile__a_vpc_becomes_a_plan(void **state)
{
    struct world *t = *state;
    const struct vpc_plan *p = &t->out.plan;

    compile(t);
    assert_string_equal(p->id.z, VPC.p);
    assert_int_equal(p->generation, 7);
    assert_int_equal(p->resolver, 0x0a000002);
    assert_int_equal(p->n_subnets, 2);
    assert_int_equal(p->subnets[1].gateway, 0x0a000201);
    assert_int_equal(p->n_interfaces, 2);
    assert_int_equal(p->interfaces[0].kind, PLAN_WORKLOAD);
    assert_int_equal(p->interfaces[0].addr, 0x0a000204);
    assert_int_equal(p->interfaces[0].subnet, 1);
    assert_int_equal(p->interfaces[0].n_groups, 2);
    assert_int_equal(p->interfaces[0].groups[1], 2);
    assert_int_equal(p->interfaces[0].endpoint, PLAN_NONE);
    assert_int_equal(p->interfaces[1].kind, PLAN_ENDPOINT);
    assert_int_equal(p->interfaces[1].endpoint, 0);
    assert_int_equal(p->endpoints[0].index, 4);
    assert_int_equal(p->endpoints[1].kind, PLAN_GATEWAY_ENDPOINT);
}

/* A gateway serves the subnets of its route tables, and no other. */
static void test_ec2_compile__the_gateway_follows_the_route_table(void **state)
{
    struct world *t = *state;

    compile(t);
    assert_int_equal(t->out.plan.subnets[0].s3_gateway, PLAN_NONE);
    assert_int_equal(t->out.plan.subnets[1].s3_gateway, 1);
    t->side_table = MAIN;
    compile(t);
    assert_int_equal(t->out.plan.subnets[0].s3_gateway, 1);
    assert_int_equal(t->out.plan.subnets[1].s3_gateway, PLAN_NONE);
}

static void test_ec2_compile__rules_keep_their_meaning(void **state)
{
    struct world *t = *state;
    const struct vpc_plan *p = &t->out.plan;

    compile(t);
    assert_int_equal(p->n_rules, 3);
    assert_int_equal(p->rules[0].direction, PLAN_EGRESS);
    assert_int_equal(p->rules[0].proto, PLAN_PROTO_ALL);
    assert_int_equal(p->rules[0].prefix.len, 0);
    assert_int_equal(p->rules[1].peer, PLAN_PEER_GROUP);
    assert_int_equal(p->rules[1].group, 0);
    assert_int_equal(p->groups[1].first_rule, 2);
    assert_int_equal(p->rules[2].proto, PLAN_PROTO_TCP);
    assert_int_equal(p->rules[2].from, 443);
    assert_int_equal(p->groups[2].n_rules, 0);
}

/* What names nothing, or what no packet here can be, must not become a rule that lets everything through. */
static void test_ec2_compile__a_rule_about_nothing_lets_nothing_through(void **state)
{
    struct world *t = *state;

    t->work_rules[0] = (struct ec2_rule){.ip_protocol = S("-1"), .cidr_ipv6 = S("::/0")};
    t->work_rules[1] = (struct ec2_rule){
        .ip_protocol = S("icmpv6"), .from_port = SET_INT(-1), .to_port = SET_INT(-1), .cidr_ipv4 = S("0.0.0.0/0")};
    t->work_rules[2] = (struct ec2_rule){.ip_protocol = S("-1"), .peer_group_id = S("sg-0000000000000dead")};
    t->work_rules[3] = (struct ec2_rule){.ip_protocol = S("-1")};
    t->group[0].rules.n = 4;
    compile(t);
    assert_int_equal(t->out.plan.groups[0].n_rules, 0);
    assert_int_equal(t->out.plan.n_rules, 1);
}

static void test_ec2_compile__icmp_and_prefix_lists(void **state)
{
    struct world *t = *state;
    const struct plan_rule *r;

    t->work_rules[0] = (struct ec2_rule){
        .ip_protocol = S("icmp"), .from_port = SET_INT(8), .to_port = SET_INT(-1), .cidr_ipv4 = S("10.0.0.0/8")};
    t->work_rules[1] = (struct ec2_rule){.egress = SET_BOOL(true),
                                         .ip_protocol = S("tcp"),
                                         .from_port = SET_INT(443),
                                         .to_port = SET_INT(443),
                                         .prefix_list_id = S("pl-63a5400a")};
    compile(t);
    r = t->out.plan.rules;
    assert_int_equal(r[0].proto, PLAN_PROTO_ICMP);
    assert_int_equal(r[0].from, 8);
    assert_int_equal(r[0].to, PLAN_NONE);
    assert_int_equal(r[1].prefix.addr, t->out.plan.s3_prefixes[0].addr);
    assert_int_equal(r[1].prefix.len, t->out.plan.s3_prefixes[0].len);
}

static void test_ec2_compile__names_of_endpoints(void **state)
{
    struct world *t = *state;
    const struct network_name *n;

    compile(t);
    n = named(t, "sts.us-east-1.amazonaws.com");
    assert_non_null(n);
    assert_int_equal(n->n, 1);
    assert_int_equal(n->addresses[0], 0x0a000104);
    assert_false(n->below);
    assert_non_null(named(t, "vpce-00000000000000001-abcdefgh.sts.us-east-1.vpce.amazonaws.com"));
    assert_non_null(named(t, "vpce-00000000000000001-abcdefgh-us-east-1a.sts.us-east-1.vpce.amazonaws.com"));
    n = named(t, "s3.us-east-1.amazonaws.com");
    assert_non_null(n);
    assert_true(n->below);
    assert_true(plan_inside(&t->out.plan.s3_prefixes[0], n->addresses[0]));
    assert_non_null(named(t, "ip-10-0-2-4.ec2.internal"));
    assert_null(named(t, "kms.us-east-1.amazonaws.com"));
}

static void test_ec2_compile__private_names_need_dns(void **state)
{
    struct world *t = *state;

    t->vpc.enable_dns_hostnames = SET_BOOL(false);
    compile(t);
    assert_null(named(t, "sts.us-east-1.amazonaws.com"));
    t->vpc.enable_dns_support = SET_BOOL(false);
    compile(t);
    assert_int_equal(t->out.n_names, 0);
}

static void test_ec2_compile__an_endpoint_leads_to_its_service(void **state)
{
    struct world *t = *state;

    compile(t);
    assert_int_equal(t->out.n_endpoints, 2);
    assert_int_equal(t->out.endpoints[0].index, 4);
    assert_str_equal(t->out.endpoints[0].vpce_id, STS);
    assert_string_equal(t->out.endpoints[0].service->name, "sts");
    assert_string_equal(t->out.endpoints[1].service->name, "s3");
    t->endpoint[0].service_name = S("com.amazonaws.eu-west-1.sts");
    compile(t);
    assert_null(t->out.endpoints[0].service);
}

static void test_ec2_compile__what_a_plan_cannot_say_is_refused(void **state)
{
    struct world *t = *state;

    t->interface[2] = t->interface[0]; /* one address twice */
    t->interface[2].network_interface_id = S("eni-00000000000000003");
    t->w.n_interfaces = 3;
    assert_int_equal(ec2_compile(&t->w, t->a, &t->out, &t->e).why, WHY_REJECT);
    t->w.n_interfaces = 2;
    t->interface[0].subnet_id = S("subnet-0000000000000dead");
    err_clear(&t->e);
    assert_int_equal(ec2_compile(&t->w, t->a, &t->out, &t->e).why, WHY_REJECT);
}

static void test_ec2_compile__too_many_rules_are_refused(void **state)
{
    struct world *t = *state;
    struct ec2_rule *many = ARENA_ARRAY(t->a, struct ec2_rule, PLAN_RULES_MAX + 1);

    for (size_t i = 0; i <= PLAN_RULES_MAX; i++)
        many[i] = t->work_rules[0];
    t->group[0].rules = (struct ec2_rule_list){PLAN_RULES_MAX + 1, many};
    assert_int_equal(ec2_compile(&t->w, t->a, &t->out, &t->e).why, WHY_REJECT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make, drop)
    const struct CMUnitTest tests[] = {
        T(test_ec2_compile__a_vpc_becomes_a_plan),
        T(test_ec2_compile__the_gateway_follows_the_route_table),
        T(test_ec2_compile__rules_keep_their_meaning),
        T(test_ec2_compile__a_rule_about_nothing_lets_nothing_through),
        T(test_ec2_compile__icmp_and_prefix_lists),
        T(test_ec2_compile__names_of_endpoints),
        T(test_ec2_compile__private_names_need_dns),
        T(test_ec2_compile__an_endpoint_leads_to_its_service),
        T(test_ec2_compile__what_a_plan_cannot_say_is_refused),
        T(test_ec2_compile__too_many_rules_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
