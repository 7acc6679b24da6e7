/* SPDX-License-Identifier: MIT */
/* The network compiler: EC2's records of one VPC in, what warden and the doors need out. Pure: no store, no clock. */
#ifndef BARMKIN_EC2_COMPILE_H
#define BARMKIN_EC2_COMPILE_H
#include "api/network.h"
#include "ec2.h"

struct ec2_world { /* all of one VPC, as records */
    const struct ec2_vpc *vpc;
    struct ec2_subnet *const *subnets;
    struct ec2_route_table *const *tables;
    struct ec2_group *const *groups;
    struct ec2_endpoint *const *endpoints;
    struct ec2_interface *const *interfaces;
    size_t n_subnets, n_tables, n_groups, n_endpoints, n_interfaces;
    const struct ec2_internet_gateway *gateway; /* NULL: none is attached */
    struct ec2_nat_gateway *const *nats;
    struct ec2_address *const *addresses; /* of its interfaces */
    size_t n_nats, n_addresses;
    const struct ec2_dhcp_options *dhcp; /* NULL: none */
    struct ec2_flow_log *const *flow_logs;
    size_t n_flow_logs;
};

/* Rejects what a plan cannot express (too many of something): the call that asked for it must fail. Everything in *out
 * lives in `a` or the records. A rule about IPv6 or about what is gone lets nothing through and is left out. */
res ec2_compile(const struct ec2_world *w, struct arena *a, struct network *out, struct err *e);
/* Its part in compile_ways.c: what leads out. */
res ec2_compile_ways(const struct ec2_world *w, struct arena *a, struct network *out, struct err *e);
/* And in dhcp.c: what resolv.conf is made of. */
void ec2_compile_dhcp(const struct ec2_dhcp_options *o, uint32_t resolver, struct plan_dhcp *out);
/* And in flow_logs.c: what is told of its traffic, to whom. */
void ec2_compile_flow_logs(const struct ec2_world *w, struct arena *a, struct network *out);

#endif
