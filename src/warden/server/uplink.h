/* SPDX-License-Identifier: MIT */
/* A VPC's one link to the outside: there while an internet gateway is attached to it. */
#ifndef BARMKIN_WARDEN_SERVER_UPLINK_H
#define BARMKIN_WARDEN_SERVER_UPLINK_H
#include "warden/server/network.h"

struct rtnl;

enum { UPLINK_INDEX = LINK_INDEX_BASE + 0x10000 }; /* its number in the VPC's namespace, above all workloads' */

/* The VPC's end: bkTAGgw. */
void uplink_name(const struct warden *w, char *name, size_t cap);
/* Makes or removes the link as the plan says, and leads the public addresses to it. The process is in the VPC's
 * namespace before and after; `router` is a socket there. */
res uplink_apply(struct warden *w, struct vpc *v, const struct vpc_plan *plan, struct rtnl *router, int vpc_netns,
                 struct err *e);
/* The link has gone, or goes with its VPC. The outside goes with the last. */
void uplink_forget(struct warden *w, struct vpc *v);

/* Part of the ruleset (rules.c): sets, maps and chains of a plan with an uplink. */
/* In the chain of endpoints: what leads out and is for the house itself. Local addresses of it for the set of gateways.
 */
void uplink_apis(const struct vpc_plan *p, struct buf *out);
void uplink_rules(const struct warden *w, const struct vpc_plan *p, struct buf *out);

#endif
