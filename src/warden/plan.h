/* SPDX-License-Identifier: MIT */
/* The plan: all of one VPC as warden must make it, in numbers and ids of fixed size. Desired state, never a difference.
 *
 * The ec2 service compiles its records into a plan after each commit that changed a VPC; warden makes the kernel look
 * like it. Applying a plan twice changes nothing. What a plan says:
 *  - A packet between two interfaces of the VPC passes if a rule of one of the sender's groups lets it out AND a rule
 * of one of the receiver's groups lets it in. An interface without groups sends and receives nothing. Replies pass.
 *  - A rule's peer is a prefix or a group of the same plan; a group means the addresses of the interfaces that are in
 *    it, of both kinds. A prefix list (S3's range) is one rule a prefix. Rules of other groups than those of the plan
 *    (peered VPCs) do not exist.
 *  - Endpoints: an interface endpoint has interfaces of kind PLAN_ENDPOINT, one a subnet; TCP 443 to their addresses
 *    arrives at front's listener, judged by the sender's egress and the endpoint interfaces' groups' ingress rules.
 *    A gateway endpoint has none; TCP 443 to an S3 range from a subnet whose `s3_gateway` names it arrives there too,
 *    judged by the sender's egress alone, as on AWS.
 *  - To name the endpoint, warden gives each a local address of its own, PLAN_LOCAL_NET + index + 1: a connection that
 *    front accepts in this VPC has it as its own address (getsockname) and the client's real address as its peer.
 *    An index stays with its endpoint for the VPC's life: connections outlive plans.
 *  - Always open to workloads, as on AWS: UDP and TCP 53 of `resolver`, TCP 80 of 169.254.170.2. All else is closed.
 *  - What leads out of a VPC, if anything: plan_ways.h.
 *  - The host's door (`barmkin run` without --vpc) is such a plan too: door.h makes it.
 *
 * Kernel names: the VPC's namespace is RUN/netns/<vpc id>, a workload interface's RUN/netns/<eni id>, where RUN is
 * /run/barmkin/TAG and netns/ is root's and 0700: only root, such as the CLI's `run`, can open and join one. Inside it
 * the interface is eth0 with plan_mac(address), AWS's MTU of 9001 and a default route to its subnet's gateway. */
#ifndef BARMKIN_WARDEN_PLAN_H
#define BARMKIN_WARDEN_PLAN_H
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "warden/message.h"
#include "warden/plan_ways.h"

/* All addresses are IPv4 in host byte order: 10.0.1.11 is 0x0a00010b. */
#define PLAN_LOCAL_NET 0xc6120000u        /* 198.18.0.0/16 (RFC 2544's range, never a VPC's) */
#define PLAN_CREDENTIALS_ADDR 0xa9feaa02u /* 169.254.170.2 */
#define PLAN_DOOR_VPC "vpc-00000000000000000"
#define PLAN_FUNCTIONS_VPC "vpc-00000000000000001" /* of functions without a VPC: a door like the host's */

enum {
    PLAN_CIDRS_MAX = 8,
    PLAN_SUBNETS_MAX = 200,
    PLAN_GROUPS_MAX = 1000,
    PLAN_RULES_MAX = 4000,
    PLAN_INTERFACES_MAX = 1500,
    PLAN_ENDPOINTS_MAX = 200,
    PLAN_ENDPOINT_INDEX_MAX = 4096,
    PLAN_S3_PREFIXES_MAX = 16,
    PLAN_INTERFACE_GROUPS_MAX = 16,
    PLAN_MTU = 9001,
    PLAN_NONE = 0xffff, /* in place of an index */
};

enum plan_interface_kind {
    PLAN_WORKLOAD = 1, /* a namespace of its own, RUN/netns/<eni id>, with a routed veth pair to the VPC's */
    PLAN_ENDPOINT = 2, /* an address that leads to front */
};
enum plan_endpoint_kind { PLAN_INTERFACE_ENDPOINT = 1, PLAN_GATEWAY_ENDPOINT = 2 };
enum plan_direction { PLAN_INGRESS = 1, PLAN_EGRESS = 2 };
enum plan_peer { PLAN_PEER_PREFIX = 1, PLAN_PEER_GROUP = 2 };
/* IP's own numbers. PLAN_PROTO_ALL is AWS's -1, which EC2 writes into rules as no protocol. */
enum plan_proto { PLAN_PROTO_ALL = 0, PLAN_PROTO_ICMP = 1, PLAN_PROTO_TCP = 6, PLAN_PROTO_UDP = 17 };

struct plan_subnet {
    struct plan_prefix prefix; /* inside one of the VPC's CIDRs */
    uint32_t gateway;          /* AWS's .1 */
    uint16_t s3_gateway;       /* position in endpoints of a gateway endpoint its route table has, or PLAN_NONE */
    uint16_t zero;
};

/* A security group: the rules from first_rule on. Groups and their rules stand in the same order. */
struct plan_group {
    uint32_t first_rule, n_rules;
};

struct plan_rule {
    uint8_t direction; /* enum plan_direction */
    uint8_t proto;     /* enum plan_proto */
    uint8_t peer;      /* enum plan_peer */
    uint8_t zero;
    uint16_t from, to;         /* TCP, UDP: ports, both inclusive. ICMP: type, code, PLAN_NONE for any. ALL: both 0 */
    struct plan_prefix prefix; /* if peer is PLAN_PEER_PREFIX, else zero */
    uint16_t group;            /* position in groups if peer is PLAN_PEER_GROUP, else 0 */
    uint16_t zero2;
};

struct plan_interface {
    struct message_id id; /* eni-... */
    uint32_t addr;        /* inside its subnet, not its gateway; never changes during the interface's life */
    uint16_t subnet;      /* position in subnets */
    uint16_t endpoint;    /* kind PLAN_ENDPOINT: position in endpoints; else PLAN_NONE */
    uint8_t kind;         /* enum plan_interface_kind */
    uint8_t n_groups;
    uint16_t zero;
    uint16_t groups[PLAN_INTERFACE_GROUPS_MAX]; /* positions in groups; the unused ones 0 */
};

struct plan_endpoint {
    struct message_id id; /* vpce-... */
    uint16_t index;       /* < PLAN_ENDPOINT_INDEX_MAX: local address PLAN_LOCAL_NET + index + 1 */
    uint8_t kind;         /* enum plan_endpoint_kind */
    uint8_t zero;
};

struct vpc_plan {
    struct message_id id; /* vpc-... */
    uint64_t generation;  /* grows with each change; warden refuses one below what it applied (equal: applied again) */
    uint32_t resolver;    /* AWS's .2 of the VPC's first CIDR; inside a CIDR */
    uint32_t uplink;      /* 1: has an internet gateway; without, there are neither routes nor publics */
    uint32_t log;         /* PLAN_LOG_... */
    struct plan_dhcp dhcp;
    const struct plan_prefix *cidrs;
    const struct plan_prefix *s3_prefixes; /* public range(s) of S3; not overlapping the CIDRs */
    const struct plan_subnet *subnets;
    const struct plan_group *groups;
    const struct plan_rule *rules;
    const struct plan_interface *interfaces;
    const struct plan_endpoint *endpoints;
    const struct plan_route *routes; /* of one subnet: the more specific first */
    const struct plan_public *publics;
    uint32_t n_cidrs, n_s3_prefixes, n_subnets, n_groups, n_rules, n_interfaces, n_endpoints, n_routes, n_publics;
};

/* Rejects what has no meaning: numbers out of range, positions that point nowhere, addresses outside their subnet or
 * taken twice, overlapping ranges, bad ids. Both sides call it: front to answer for its compiler, warden to be safe. */
res plan_check(const struct vpc_plan *plan, struct err *e);

/* One message's body, appended to `out` (which needs a maximum of MESSAGE_BODY_MAX); rejects what does not fit. */
res plan_encode(const struct vpc_plan *plan, struct buf *out, struct err *e);
/* The plan inside `body` (16-aligned, borrowed). Rejects any body whose length and counts do not agree. */
res plan_decode(const void *body, size_t n, struct vpc_plan *plan, struct err *e);

/* The hardware address of an interface, from its address: 06:00:a:b:c:d in the workload, 06:01:... at the router. */
void plan_mac(uint32_t addr, uint8_t mac[6]);
static inline uint32_t plan_local_addr(uint16_t index)
{
    return PLAN_LOCAL_NET + index + 1u;
}
static inline uint32_t plan_mask(uint32_t len)
{
    return len ? 0xffffffffu << (32 - len) : 0;
}
static inline int plan_inside(const struct plan_prefix *p, uint32_t addr)
{
    return (addr & plan_mask(p->len)) == p->addr;
}

#endif
