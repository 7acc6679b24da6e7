/* SPDX-License-Identifier: MIT */
/* The outside is one namespace that routes, shared by the state's VPCs, and empty: it has their links, a route for each
 * public address to the VPC that has it, and no way on. Who wants one puts a link into RUN/netns/outside. Its strict
 * reverse path filter is what keeps a VPC from sending with an address that is another's. */
#include "warden/server/uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "warden/server/netns.h"
#include "warden/server/rtnl.h"

static const struct message_id outside_id = {"outside"};

void uplink_name(const struct warden *w, char *name, size_t cap)
{
    snprintf(name, cap, "bk%.6sgw", w->tag);
}

static void mac_of(uint32_t number, bool outside, uint8_t mac[6])
{
    const uint8_t made[6] = {6, outside ? 3 : 2, 0, 0, (uint8_t)(number >> 8), (uint8_t)number};

    memcpy(mac, made, sizeof made);
}

/* ---- the outside ---- */

static res settle(struct err *e)
{
    struct rtnl *nl = NULL;

    TRY(netns_settle(true, e));
    res r = rtnl_open(&nl, e);
    if (is_ok(r))
        r = rtnl_link_up(nl, LOOPBACK_INDEX, true, e);
    if (is_ok(r))
        r = rtnl_addr_add(nl, LOOPBACK_INDEX, PLAN_OUTSIDE_ADDR, e);
    rtnl_close(nl);
    return r;
}

static res outside_need(struct warden *w, int vpc_netns, struct err *e)
{
    if (w->network->outside)
        return OK;
    res r = netns_create(w, &outside_id, e);
    bool named = is_ok(r);
    if (named)
        r = settle(e);
    netns_join(vpc_netns);
    if (!is_ok(r) && named)
        netns_unname(w, &outside_id);
    w->network->outside = is_ok(r);
    return r;
}

static bool number_taken(const struct network *n, uint32_t number)
{
    const struct map_slot *slot;
    size_t at = 0;

    while ((slot = map_next(&n->vpcs, &at))) {
        const struct vpc *v = slot->value;
        if (v->uplink.made && v->uplink.number == number)
            return true;
    }
    return false;
}

/* ---- the link ---- */

static res route_out(struct rtnl *router, const struct uplink *u, struct err *e)
{
    const struct rtnl_route to_outside = {PLAN_OUTSIDE_ADDR, 32, 0, UPLINK_INDEX, PLAN_UPLINK_ADDR};
    const struct rtnl_route default_route = {0, 0, PLAN_OUTSIDE_ADDR, UPLINK_INDEX, PLAN_UPLINK_ADDR};
    uint8_t mac[6];

    mac_of(u->number, true, mac);
    TRY(rtnl_addr_add(router, UPLINK_INDEX, PLAN_UPLINK_ADDR, e));
    TRY(rtnl_link_up(router, UPLINK_INDEX, true, e));
    TRY(rtnl_neighbour_add(router, UPLINK_INDEX, PLAN_OUTSIDE_ADDR, mac, e));
    TRY(rtnl_route_add(router, &to_outside, e));
    return rtnl_route_add(router, &default_route, e);
}

static res make(struct warden *w, struct vpc *v, struct rtnl *router, struct rtnl *outer, int outside, struct err *e)
{
    char name[16], peer[16];
    struct uplink *u = &v->uplink;

    do
        u->number = w->network->next_uplink++ & 0xffff;
    while (number_taken(w->network, u->number));
    uplink_name(w, name, sizeof name);
    snprintf(peer, sizeof peer, "bo%.6s%04x", w->tag, u->number);
    struct rtnl_veth pair = {.name = name,
                             .peer_name = peer,
                             .index = UPLINK_INDEX,
                             .peer_index = LINK_INDEX_BASE + u->number,
                             .group = GROUP_LIVE,
                             .mtu = PLAN_UPLINK_MTU,
                             .peer_netns = outside};
    mac_of(u->number, false, pair.mac);
    mac_of(u->number, true, pair.peer_mac);
    TRY(rtnl_veth_add(router, &pair, e));
    u->made = true; /* half of it may be; whoever fails from here on takes it down */
    TRY(route_out(router, u, e));
    return rtnl_link_up(outer, pair.peer_index, true, e);
}

/* ---- public addresses ---- */

static bool among(const uint32_t *v, size_t n, uint32_t addr)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] == addr)
            return true;
    return false;
}

static size_t wanted(const struct vpc_plan *plan, uint32_t addrs[UPLINK_ADDRS_MAX])
{
    size_t n = 0;

    for (uint32_t i = 0; i < plan->n_publics; i++)
        addrs[n++] = plan->publics[i].as;
    for (uint32_t i = 0; i < plan->n_routes; i++)
        if (plan->routes[i].way == PLAN_BY_NAT && !among(addrs, n, plan->routes[i].as))
            addrs[n++] = plan->routes[i].as;
    return n;
}

/* A route of another VPC's to the address is replaced: an address has one owner, and the newer plan knows it. */
static res lead(struct uplink *u, const struct vpc_plan *plan, struct rtnl *outer, struct err *e)
{
    uint32_t addrs[UPLINK_ADDRS_MAX];
    size_t n = wanted(plan, addrs);
    uint8_t mac[6];

    mac_of(u->number, false, mac);
    for (size_t i = 0; i < u->n_addrs; i++) {
        const struct rtnl_route gone = {u->addrs[i], 32, 0, LINK_INDEX_BASE + u->number, 0};
        if (!among(addrs, n, u->addrs[i]))
            TRY(rtnl_route_delete(outer, &gone, e));
    }
    for (size_t i = 0; i < n; i++) {
        const struct rtnl_route to = {addrs[i], 32, 0, LINK_INDEX_BASE + u->number, 0};
        TRY(rtnl_neighbour_add(outer, to.index, to.dst, mac, e));
        TRY(rtnl_route_add(outer, &to, e));
    }
    memcpy(u->addrs, addrs, n * sizeof *addrs);
    u->n_addrs = n;
    return OK;
}

static res open_outside(struct warden *w, int vpc_netns, int *outside, struct rtnl **outer, struct err *e)
{
    TRY(outside_need(w, vpc_netns, e));
    TRY(netns_open(w, &outside_id, outside, e));
    netns_join(*outside);
    res r = rtnl_open(outer, e);
    netns_join(vpc_netns);
    return r;
}

res uplink_apply(struct warden *w, struct vpc *v, const struct vpc_plan *plan, struct rtnl *router, int vpc_netns,
                 struct err *e)
{
    struct rtnl *outer = NULL;
    int outside = -1;

    if (!plan->uplink) {
        if (v->uplink.made)
            TRY(rtnl_link_delete(router, UPLINK_INDEX, e));
        uplink_forget(w, v);
        return OK;
    }
    res r = open_outside(w, vpc_netns, &outside, &outer, e);
    if (is_ok(r) && !v->uplink.made)
        r = make(w, v, router, outer, outside, e);
    if (is_ok(r))
        r = lead(&v->uplink, plan, outer, e);
    if (!is_ok(r) && v->uplink.made && is_ok(rtnl_link_delete(router, UPLINK_INDEX, NULL)))
        v->uplink = (struct uplink){0}; /* the next plan makes it anew */
    rtnl_close(outer);
    if (outside >= 0)
        close(outside);
    return r;
}

void uplink_forget(struct warden *w, struct vpc *v)
{
    struct network *n = w->network;
    const struct map_slot *slot;
    size_t at = 0;
    bool used = false;

    v->uplink = (struct uplink){0};
    while ((slot = map_next(&n->vpcs, &at)))
        used |= ((const struct vpc *)slot->value)->uplink.made;
    if (n->outside && !used) {
        netns_unname(w, &outside_id);
        n->outside = false;
    }
}

/* ---- rules ---- */

#define ADDR "%u.%u.%u.%u"
#define PARTS(a) (a) >> 24, (a) >> 16 & 255, (a) >> 8 & 255, (a)&255

static void add_pairs(const struct vpc_plan *p, const char *name, bool inward, struct buf *out)
{
    buf_printf(out, " map %s { type ipv4_addr : ipv4_addr;", name);
    for (uint32_t i = 0; i < p->n_publics; i++) {
        uint32_t from = inward ? p->publics[i].as : p->publics[i].addr;
        uint32_t to = inward ? p->publics[i].addr : p->publics[i].as;
        buf_printf(out, "%s" ADDR " : " ADDR, i ? ", " : " elements = { ", PARTS(from), PARTS(to));
    }
    buf_add_z(out, p->n_publics ? " } }\n" : " }\n");
}

static void add_match(const struct vpc_plan *p, const struct plan_route *r, struct buf *out)
{
    const struct plan_prefix *from = &p->subnets[r->subnet].prefix;

    buf_printf(out, "  ip saddr " ADDR "/%u ", PARTS(from->addr), from->len);
    if (r->to.len)
        buf_printf(out, "ip daddr " ADDR "/%u ", PARTS(r->to.addr), r->to.len);
}

/* The first that fits decides: may it go at all, and then, in `outward`, as whom. */
static void add_ways(const struct vpc_plan *p, struct buf *out)
{
    buf_add_z(out, " chain ways {\n");
    for (uint32_t i = 0; i < p->n_routes; i++) {
        const struct plan_route *r = &p->routes[i];
        if (r->way == PLAN_BY_GATEWAY && p->n_publics) {
            add_match(p, r, out);
            buf_add_z(out, "ip saddr @publics accept\n");
        }
        add_match(p, r, out);
        buf_add_z(out, r->way == PLAN_BY_NAT ? "accept\n" : "goto refuse_out\n");
    }
    buf_add_z(out, " }\n");
}

static void add_outward(const struct vpc_plan *p, const char *link, struct buf *out)
{
    buf_printf(out,
               " chain outward {\n  type nat hook postrouting priority srcnat; policy accept;\n"
               "  oifname != \"%s\" accept\n",
               link);
    for (uint32_t i = 0; i < p->n_routes; i++) {
        const struct plan_route *r = &p->routes[i];
        if (r->way == PLAN_NOWHERE)
            continue;
        add_match(p, r, out);
        if (r->way == PLAN_BY_NAT)
            buf_printf(out, "snat ip to " ADDR "\n", PARTS(r->as));
        else
            buf_add_z(out, "snat ip to ip saddr map @outward_of\n");
    }
    /* Whatever went wrong above: no private address gets out. */
    buf_printf(out,
               " }\n chain last {\n  type filter hook postrouting priority srcnat + 10; policy accept;\n"
               "  oifname \"%s\" ip saddr != " ADDR "/16 drop\n }\n",
               link, PARTS(PLAN_PUBLIC_NET));
}

/* A route and one range of the house's: the first that fits decides, as in `ways`. */
static void add_apis_by(const struct vpc_plan *p, const struct plan_route *r, const struct plan_prefix *range,
                        uint32_t local, struct buf *out)
{
    char match[160];
    const struct plan_prefix *from = &p->subnets[r->subnet].prefix, *to = r->to.len > range->len ? &r->to : range;

    if (!plan_inside(&r->to, range->addr) && !plan_inside(range, r->to.addr))
        return;
    snprintf(match, sizeof match, "  ip saddr " ADDR "/%u ip daddr " ADDR "/%u tcp dport 443", PARTS(from->addr),
             from->len, PARTS(to->addr), to->len);
    if (r->way == PLAN_BY_NAT)
        buf_printf(out, "%s dnat ip to " ADDR "\n", match, PARTS(local));
    if (r->way == PLAN_BY_GATEWAY && p->n_publics)
        buf_printf(out, "%s ip saddr @publics dnat ip to " ADDR "\n", match, PARTS(local));
    if (r->way != PLAN_BY_NAT)
        buf_printf(out, "%s accept\n", match);
}

void uplink_apis(const struct vpc_plan *p, struct buf *out)
{
    static const struct plan_prefix apis = {PLAN_APIS_ADDR, 32};

    for (uint32_t i = 0; i < p->n_routes; i++) {
        add_apis_by(p, &p->routes[i], &apis, PLAN_APIS_LOCAL, out);
        for (uint32_t k = 0; k < p->n_s3_prefixes; k++)
            add_apis_by(p, &p->routes[i], &p->s3_prefixes[k], PLAN_APIS_LOCAL + 1, out);
    }
}

void uplink_rules(const struct warden *w, const struct vpc_plan *p, struct buf *out)
{
    char link[16];

    uplink_name(w, link, sizeof link);
    add_pairs(p, "inward_of", true, out);
    add_pairs(p, "outward_of", false, out);
    buf_add_z(out, " set publics { type ipv4_addr;");
    for (uint32_t i = 0; i < p->n_publics; i++)
        buf_printf(out, "%s" ADDR, i ? ", " : " elements = { ", PARTS(p->publics[i].addr));
    buf_add_z(out, p->n_publics ? " } }\n" : " }\n");
    buf_add_z(out, " chain inward {\n  dnat ip to ip daddr map @inward_of\n }\n"
                   " chain arrive {\n  ip daddr vmap @in_of\n  goto refuse_in\n }\n");
    add_ways(p, out);
    add_outward(p, link, out);
}
