/* SPDX-License-Identifier: MIT */
/* A plan to change: two subnets; a1, a2 in the first, a3 in the second, "lone" without rules, one endpoint, S3. */
#ifndef BARMKIN_TESTS_UNIT_WARDEN_TEST_PLAN_H
#define BARMKIN_TESTS_UNIT_WARDEN_TEST_PLAN_H
#include "role.h"

enum { G_WORK, G_ENDPOINT, G_LONE, N_GROUPS };
enum { E_KMS, E_S3, N_ENDPOINTS };
enum { A1, A2, A3, LONE, KMS, N_INTERFACES };

struct test_plan {
    struct vpc_plan plan;
    struct plan_prefix cidr, s3;
    struct plan_subnet subnets[2];
    struct plan_group groups[N_GROUPS];
    struct plan_rule rules[8];
    struct plan_interface interfaces[N_INTERFACES];
    struct plan_endpoint endpoints[N_ENDPOINTS];
};

static inline struct message_id an_id(const char *prefix, unsigned vpc, unsigned n)
{
    struct message_id id = {{0}};

    snprintf(id.z, sizeof id.z, "%s%09x%08x", prefix, vpc, n);
    return id;
}

static inline struct plan_interface an_interface(unsigned vpc, unsigned n, uint32_t addr, uint16_t subnet,
                                                 uint16_t group)
{
    return (struct plan_interface){.id = an_id("eni-", vpc, n),
                                   .addr = addr,
                                   .subnet = subnet,
                                   .endpoint = n == KMS ? E_KMS : PLAN_NONE,
                                   .kind = n == KMS ? PLAN_ENDPOINT : PLAN_WORKLOAD,
                                   .n_groups = 1,
                                   .groups = {group}};
}

/* Workloads talk to each other on TCP 8000 and UDP 8000, and to the endpoint; egress is open; lone has no rule at all.
 */
static inline void plan_make(struct test_plan *t, unsigned vpc)
{
    *t = (struct test_plan){
        .cidr = {IP(10, 0, 0, 0), 16},
        .s3 = {IP(52, 216, 0, 0), 15},
        .subnets = {{{IP(10, 0, 1, 0), 24}, IP(10, 0, 1, 1), E_S3, 0},
                    {{IP(10, 0, 2, 0), 24}, IP(10, 0, 2, 1), PLAN_NONE, 0}},
        .groups = {{0, 4}, {4, 1}, {5, 0}},
        .rules = {{PLAN_INGRESS, PLAN_PROTO_TCP, PLAN_PEER_GROUP, 0, 8000, 8000, {0, 0}, G_WORK, 0},
                  {PLAN_INGRESS, PLAN_PROTO_UDP, PLAN_PEER_PREFIX, 0, 8000, 8000, {IP(10, 0, 0, 0), 16}, 0, 0},
                  {PLAN_INGRESS, PLAN_PROTO_ICMP, PLAN_PEER_GROUP, 0, 8, PLAN_NONE, {0, 0}, G_WORK, 0},
                  {PLAN_EGRESS, PLAN_PROTO_ALL, PLAN_PEER_PREFIX, 0, 0, 0, {0, 0}, 0, 0},
                  {PLAN_INGRESS, PLAN_PROTO_TCP, PLAN_PEER_GROUP, 0, 443, 443, {0, 0}, G_WORK, 0}},
        .interfaces = {an_interface(vpc, A1, IP(10, 0, 1, 11), 0, G_WORK),
                       an_interface(vpc, A2, IP(10, 0, 1, 12), 0, G_WORK),
                       an_interface(vpc, A3, IP(10, 0, 2, 13), 1, G_WORK),
                       an_interface(vpc, LONE, IP(10, 0, 1, 14), 0, G_LONE),
                       an_interface(vpc, KMS, IP(10, 0, 1, 20), 0, G_ENDPOINT)},
        .endpoints = {{an_id("vpce-", vpc, 0), 0, PLAN_INTERFACE_ENDPOINT, 0},
                      {an_id("vpce-", vpc, 1), 7, PLAN_GATEWAY_ENDPOINT, 0}},
    };
    t->plan = (struct vpc_plan){.id = an_id("vpc-", vpc, 0),
                                .generation = 1,
                                .resolver = IP(10, 0, 0, 2),
                                .n_cidrs = 1,
                                .n_s3_prefixes = 1,
                                .n_subnets = 2,
                                .n_groups = N_GROUPS,
                                .n_rules = 5,
                                .n_interfaces = N_INTERFACES,
                                .n_endpoints = N_ENDPOINTS};
    t->plan.cidrs = &t->cidr;
    t->plan.s3_prefixes = &t->s3;
    t->plan.subnets = t->subnets;
    t->plan.groups = t->groups;
    t->plan.rules = t->rules;
    t->plan.interfaces = t->interfaces;
    t->plan.endpoints = t->endpoints;
}

static inline void apply(struct rig *r, const struct test_plan *t)
{
    struct err e = {0};

    if (!is_ok(warden_vpc_apply(r->client, &t->plan, &e)))
        fail_msg("%s", e.what);
}

#endif
