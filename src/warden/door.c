/* SPDX-License-Identifier: MIT */
/* The host's door: one subnet, one endpoint that all may reach, guests that may reach nothing else. */
#include "warden/door.h"

#include "base/str.h"

enum { GUESTS, ENDPOINT }; /* groups */

static struct message_id id_of(str text)
{
    struct message_id id = {{0}};

    str_to_z(text, id.z, sizeof id.z);
    return id;
}

void door_plan_make(struct door_plan *d, const char *vpc, uint64_t generation, const struct door_guest *guests,
                    size_t n)
{
    *d = (struct door_plan){
        .cidr = {0x64400000u, 16},
        .subnet = {{0x64400000u, 16}, 0x64400001u, PLAN_NONE, 0},
        .groups = {{0, 1}, {1, 1}},
        .rules = {{PLAN_EGRESS, PLAN_PROTO_TCP, PLAN_PEER_PREFIX, 0, 443, 443, {DOOR_ADDR, 32}, 0, 0},
                  {PLAN_INGRESS, PLAN_PROTO_TCP, PLAN_PEER_GROUP, 0, 443, 443, {0, 0}, GUESTS, 0}},
        .endpoint = {id_of(S("vpce-00000000000000000")), 0, PLAN_INTERFACE_ENDPOINT, 0},
    };
    d->interfaces[0] = (struct plan_interface){.id = id_of(S("eni-00000000000000000")),
                                               .addr = DOOR_ADDR,
                                               .endpoint = 0,
                                               .kind = PLAN_ENDPOINT,
                                               .n_groups = 1,
                                               .groups = {ENDPOINT}};
    if (n > DOOR_GUESTS_MAX)
        n = DOOR_GUESTS_MAX;
    for (size_t i = 0; i < n; i++)
        d->interfaces[i + 1] = (struct plan_interface){.id = guests[i].eni,
                                                       .addr = DOOR_GUEST_BASE + guests[i].slot,
                                                       .endpoint = PLAN_NONE,
                                                       .kind = PLAN_WORKLOAD,
                                                       .n_groups = 1,
                                                       .groups = {GUESTS}};
    d->plan = (struct vpc_plan){.id = id_of(str_z(vpc)),
                                .generation = generation,
                                .resolver = DOOR_RESOLVER,
                                .cidrs = &d->cidr,
                                .subnets = &d->subnet,
                                .groups = d->groups,
                                .rules = d->rules,
                                .interfaces = d->interfaces,
                                .endpoints = &d->endpoint,
                                .n_cidrs = 1,
                                .n_subnets = 1,
                                .n_groups = 2,
                                .n_rules = 2,
                                .n_interfaces = (uint32_t)n + 1,
                                .n_endpoints = 1};
}
