/* SPDX-License-Identifier: MIT */
/* The VPCs of this state as the kernel has them, and the messages about them. */
#ifndef BARMKIN_WARDEN_SERVER_NETWORK_H
#define BARMKIN_WARDEN_SERVER_NETWORK_H
#include "base/map.h"
#include "warden/plan.h"
#include "warden/server/server.h"

/* Groups of links inside a VPC's namespace: those in use, and those that a child is deleting. */
enum { GROUP_LIVE = 1, GROUP_DEAD = 2 };
/* A link's number in the kernel is its number in its name plus this; lower ones are lo and what the kernel makes. */
enum { LINK_INDEX_BASE = 64 };

/* A workload interface as it was made. */
struct link {
    struct message_id id;
    uint32_t addr, gateway;
    uint32_t number;
    bool named; /* its namespace has its name */
    bool made;  /* whole: a link that failed half-way is taken down and made again under another number */
};

enum { UPLINK_ADDRS_MAX = PLAN_PUBLICS_MAX + PLAN_ROUTES_MAX };

/* A VPC's link to the outside. (uplink.h) */
struct uplink {
    bool made;
    uint32_t number;                  /* in the outside */
    uint32_t addrs[UPLINK_ADDRS_MAX]; /* public, led to it */
    size_t n_addrs;
};

struct vpc {
    struct message_id id;
    uint64_t generation;
    bool applied; /* once: generation counts */
    bool closed;  /* a plan has failed, and the ruleset that drops every packet stands until one succeeds */
    uint32_t next_number;
    struct arena *arena; /* of links and addrs */
    struct link *links;
    size_t n_links;
    uint32_t *addrs; /* on lo: gateways, resolver, credentials, endpoints */
    size_t n_addrs;
    struct nft_ctx *nft; /* rules.h's */
    struct uplink uplink;
    struct plan_dhcp dhcp;
    struct vpc *next; /* when free */
};

struct network {
    struct map vpcs; /* id to struct vpc */
    struct vpc *free;
    bool outside; /* its namespace is there */
    uint32_t next_uplink;
};

/* Makes the kernel look like the plan; on failure the VPC is closed. */
res vpc_apply(struct warden *w, const struct vpc_plan *plan, struct err *e);
/* The interface as it stands; NULL: there is none. */
const struct link *link_of(const struct warden *w, const struct message_id *eni);
/* What the interface's VPC tells of names; false: it is of no VPC here. */
bool vpc_dhcp_of(const struct warden *w, const struct message_id *eni, struct plan_dhcp *out);
/* Cuts and removes a VPC; one that is not there is fine. */
res vpc_remove(struct warden *w, const struct message_id *id, struct err *e);

struct rtnl;
/* Makes l with its namespace and sets l->made. The process is in the VPC's namespace before and after; `router` is a
 * socket there. (links.c) */
res links_make(struct warden *w, struct rtnl *router, struct link *l, int vpc_netns, struct err *e);
/* Addresses and routes of the workload's end, in its namespace. */
res links_configure(struct rtnl *own, const struct link *l, struct err *e);
/* Cuts l at once; its pair is deleted by the next links_reap(). The process is in the VPC's namespace. */
void links_drop(struct warden *w, struct rtnl *router, const struct link *l);
/* Deletes links of the namespace in a child, off the request's path: those dropped, or all. */
void links_reap(struct warden *w, int vpc_netns, bool all);

/* A namespace of that id with nothing but lo, and the interface that comes into it later: the namespace is the
 * interface's from then on, and the id's name of it goes. The process is in the host's before and after. (alone.c) */
res alone_make(struct warden *w, const struct message_id *id, struct err *e);
res alone_join(struct warden *w, const struct message_id *id, const struct message_id *eni, struct err *e);

/* Forgets the connections an address took part in (conntrack.c), in the namespace the process is in. */
res conntrack_forget(uint32_t addr, struct err *e);

extern const struct module network_module;

#endif
