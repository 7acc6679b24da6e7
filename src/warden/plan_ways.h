/* SPDX-License-Identifier: MIT */
/* The parts of a plan that lead out of a VPC, and what its programs are told of names.
 *
 * A VPC with `uplink` has an internet gateway: a link to the outside namespace, RUN/netns/outside, which all VPCs of
 * the state share and which leads nowhere unless somebody connects it. Without, there is no such link and no route. A
 * packet to outside the VPC goes by the first of `routes` that fits its sender's subnet and its destination: through
 * the gateway if the sender has a public address (`publics`, both ways), or as the NAT gateway's address, or nowhere.
 * Egress rules judge it first; what comes in to a public address meets the ingress rules.
 *
 * The house itself is in that world too: TCP 443 to PLAN_APIS_ADDR, or to S3's ranges, from where the first of `routes`
 * that fits leads out, arrives at front's listener as PLAN_APIS_LOCAL or PLAN_APIS_LOCAL + 1, and never on the link.
 * Front tells by the same routes which public address the sender has there (plan_public_of). */
#ifndef BARMKIN_WARDEN_PLAN_WAYS_H
#define BARMKIN_WARDEN_PLAN_WAYS_H
#include <stdint.h>

/* Elastic addresses: a range that is nobody's in the world either (RFC 2544), never a VPC's. The last two are the ends
 * of a link to the outside. */
#define PLAN_PUBLIC_NET 0xc6130000u   /* 198.19.0.0/16 */
#define PLAN_OUTSIDE_ADDR 0xc613ff01u /* 198.19.255.1 */
#define PLAN_UPLINK_ADDR 0xc613ff02u  /* 198.19.255.2 */
#define PLAN_APIS_ADDR 0xc613ff0au    /* 198.19.255.10: what AWS's public names mean, but for S3's */
#define PLAN_S3_HOST 10               /* of S3's range: the address that its names mean */
#define PLAN_APIS_LOCAL 0xc612ff01u   /* 198.18.255.1, beyond the endpoints' */

enum {
    PLAN_ROUTES_MAX = 2000,
    PLAN_PUBLICS_MAX = 500,
    PLAN_UPLINK_MTU = 1500,
    PLAN_SEARCH_BYTES = 256,
    PLAN_LOG_ACCEPTED = 1, /* bits of `log`: packets whose headers go to the namespace's log group, for flow logs */
    PLAN_LOG_REJECTED = 2,
};

enum plan_way { PLAN_BY_GATEWAY = 1, PLAN_BY_NAT = 2, PLAN_NOWHERE = 3 };

struct plan_prefix {
    uint32_t addr; /* no bits beyond len */
    uint32_t len;  /* 0..32 */
};

struct plan_route {
    struct plan_prefix to; /* may contain the VPC's own ranges, which are never reached by it */
    uint16_t subnet;       /* position in subnets */
    uint8_t way;           /* enum plan_way */
    uint8_t zero;
    uint32_t as; /* PLAN_BY_NAT: the source address it leaves with, of PLAN_PUBLIC_NET; else 0 */
};

struct plan_public { /* an elastic address of a workload's */
    uint32_t addr, as;
};

struct plan_dhcp {                  /* resolv.conf of those inside */
    uint32_t servers[4];            /* the first 0: the VPC's resolver */
    char search[PLAN_SEARCH_BYTES]; /* letters, digits, '-', '.', ' '; NUL-filled */
};

struct vpc_plan;
/* The public address with which a connection from inside the VPC arrives at `to`; 0: its routes do not lead there. */
uint32_t plan_public_of(const struct vpc_plan *plan, uint32_t from, uint32_t to);

#endif
