/* SPDX-License-Identifier: MIT */
/* Between the service that knows VPCs (ec2) and the doors that stand in them: what is in a VPC, and what doors can do.
 *
 * ec2 compiles its records into a struct network inside the call and hands it over by call_after. The doors are above
 * the services, so they are reached through a table in the house; it is NULL where nothing is served (init). */
#ifndef BARMKIN_API_NETWORK_H
#define BARMKIN_API_NETWORK_H
#include "api/call.h"
#include "warden/plan.h"

/* A connection's own address, PLAN_LOCAL_NET + index + 1, means this endpoint, which leads to this service only. */
struct network_endpoint {
    uint16_t index;
    str vpce_id;
    const struct service *service;
    str account; /* whose the VPC is; filled in by the doors */
};

/* A name that the VPC's resolver knows. `below`: and every name below it (buckets). */
struct network_name {
    str name; /* lower case, no dot at its end */
    bool below;
    const uint32_t *addresses; /* host order; at most DNS_ADDRESSES_MAX are answered */
    size_t n;
};

/* A flow log, and an interface with those that watch it (bit k of `logs`: flow_logs[k]). */
enum { NETWORK_FLOW_LOGS_MAX = 32 };
struct network_flow_log {
    str id, arn, role_arn, group, format, region;
    bool accepted, rejected;
    unsigned interval_s;
};
struct network_interface {
    str eni, subnet;
    uint32_t addr;
    uint32_t local; /* of an endpoint's: how the kernel names it to front; else 0 */
    uint32_t logs;
};
/* The fields that a format may have, as "srcaddr"; -1: there is none of that name. */
int network_flow_field(str name);

struct network {
    struct vpc_plan plan;
    str vpc_id, account;
    const struct network_endpoint *endpoints;
    size_t n_endpoints;
    const struct network_name *names; /* empty when the VPC has no DNS */
    size_t n_names;
    const struct network_flow_log *flow_logs; /* none: nothing is watched, and interfaces is empty */
    size_t n_flow_logs;
    const struct network_interface *interfaces;
    size_t n_interfaces;
};

/* Where a sandbox stands that is in no VPC of a customer. */
struct network_place {
    str vpc;
    uint32_t own_ip, resolver_ip;
};

/* Any thread but an I/O thread's; calls wait for warden. */
struct network_doors {
    /* Makes the kernel look like the network and opens its doors. Older generations than what stands are passed over.
     */
    res (*apply)(struct house *h, const struct network *n, struct err *e);
    res (*remove)(struct house *h, str vpc_id, struct err *e);
    /* An interface that lives as long as the process `pid`, the peer of an admin channel that waits for its answer:
     * when it ends, ReleaseInterface runs. account absent: a guest of the host's door, which this call makes as well.
     */
    res (*hold)(struct house *h, str account, str eni, uint32_t pid, struct err *e);
    /* It has been released, or, of a guest: it goes now. Not held is fine. */
    res (*let_go)(struct house *h, str eni, struct err *e);
    /* An interface in the functions' door: Amazon's names and nothing else, as long as the sandbox is there. Repeating
     * either is fine. */
    res (*enter)(struct house *h, str eni, struct network_place *out, struct err *e);
    res (*leave)(struct house *h, str eni, struct err *e);
};

#endif
