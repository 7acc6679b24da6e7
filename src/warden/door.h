/* SPDX-License-Identifier: MIT */
/* The host's door as a plan: a network for `barmkin run` without --vpc, in which Amazon's names lead to front.
 *
 * It is a VPC in form only. Front applies the plan whenever a guest comes or goes, listens in PLAN_DOOR_VPC on
 * 0.0.0.0:443 and on DOOR_RESOLVER:53, and answers every amazonaws.com name there with DOOR_ADDR. A connection through
 * the door came through no VPC endpoint: aws:SourceVpce and aws:SourceVpc are absent. Guests cannot reach each other.
 */
#ifndef BARMKIN_WARDEN_DOOR_H
#define BARMKIN_WARDEN_DOOR_H
#include "warden/plan.h"

#define DOOR_RESOLVER 0x64400002u /* 100.64.0.2, of RFC 6598's shared range */
#define DOOR_ADDR 0x64400003u     /* 100.64.0.3 */
#define DOOR_GUEST_BASE 0x64400100u

enum { DOOR_GUESTS_MAX = 1000 };

/* One running command: its interface and the slot that gives its address (DOOR_GUEST_BASE + slot), its own until it
 * ends. Slots are below DOOR_GUESTS_MAX; the CLI enters RUN/netns/<eni>. */
struct door_guest {
    struct message_id eni;
    uint16_t slot;
};

struct door_plan {
    struct vpc_plan plan; /* points into this struct: do not copy */
    struct plan_prefix cidr;
    struct plan_subnet subnet;
    struct plan_group groups[2];
    struct plan_rule rules[2];
    struct plan_endpoint endpoint;
    struct plan_interface interfaces[DOOR_GUESTS_MAX + 1];
};

/* vpc: PLAN_DOOR_VPC, or PLAN_FUNCTIONS_VPC, whose guests are sandboxes. Fills d with at most DOOR_GUESTS_MAX guests;
 * more are left out. warden_vpc_apply(&d->plan) then checks it. */
void door_plan_make(struct door_plan *d, const char *vpc, uint64_t generation, const struct door_guest *guests,
                    size_t n);

#endif
