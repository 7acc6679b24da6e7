/* SPDX-License-Identifier: MIT */
/* One workload interface: a namespace of its own at the end of a routed veth pair. No bridge, no ARP to believe. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "warden/server/netns.h"
#include "warden/server/network.h"
#include "warden/server/rtnl.h"
#include "warden/server/rules.h"

/* In the interface's new namespace. */
static res settle(struct rtnl **own, int *own_netns, struct err *e)
{
    TRY(netns_settle(false, e));
    *own_netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (*own_netns < 0)
        return oops(e, errno, "opening a network namespace: %s", strerror(errno));
    TRY(rtnl_open(own, e));
    return rtnl_link_up(*own, LOOPBACK_INDEX, true, e);
}

/* The router's end has the workload's hardware address but for one byte. */
static void router_mac(uint32_t addr, uint8_t mac[6])
{
    plan_mac(addr, mac);
    mac[1] = 1;
}

res links_configure(struct rtnl *own, const struct link *l, struct err *e)
{
    const struct rtnl_route to_gateway = {l->gateway, 32, 0, PEER_INDEX, l->addr};
    const struct rtnl_route default_route = {0, 0, l->gateway, PEER_INDEX, l->addr};
    uint8_t mac[6];

    router_mac(l->addr, mac);
    TRY(rtnl_addr_add(own, PEER_INDEX, l->addr, e));
    TRY(rtnl_link_up(own, PEER_INDEX, true, e));
    TRY(rtnl_neighbour_add(own, PEER_INDEX, l->gateway, mac, e));
    TRY(rtnl_route_add(own, &to_gateway, e));
    return rtnl_route_add(own, &default_route, e);
}

static res connect_pair(struct warden *w, struct rtnl *router, struct rtnl *own, int own_netns, const struct link *l,
                        struct err *e)
{
    char name[LINK_NAME_BYTES];
    struct rtnl_veth pair = {.name = name,
                             .peer_name = "eth0",
                             .index = LINK_INDEX_BASE + l->number,
                             .peer_index = PEER_INDEX,
                             .group = GROUP_LIVE,
                             .mtu = PLAN_MTU,
                             .peer_netns = own_netns};
    const struct rtnl_route to_workload = {l->addr, 32, 0, pair.index, l->gateway};

    rules_link_name(w, l->number, name);
    plan_mac(l->addr, pair.peer_mac);
    router_mac(l->addr, pair.mac);
    TRY(rtnl_veth_add(router, &pair, e));
    TRY(links_configure(own, l, e));
    TRY(rtnl_link_up(router, pair.index, true, e));
    TRY(rtnl_neighbour_add(router, pair.index, l->addr, pair.peer_mac, e));
    return rtnl_route_add(router, &to_workload, e);
}

res links_make(struct warden *w, struct rtnl *router, struct link *l, int vpc_netns, struct err *e)
{
    struct rtnl *own = NULL;
    int own_netns = -1;

    res r = netns_create(w, &l->id, e);
    l->named = is_ok(r);
    if (is_ok(r))
        r = settle(&own, &own_netns, e);
    netns_join(vpc_netns);
    if (is_ok(r))
        r = connect_pair(w, router, own, own_netns, l, e);
    rtnl_close(own);
    if (own_netns >= 0)
        close(own_netns);
    l->made = is_ok(r);
    return r;
}

void links_drop(struct warden *w, struct rtnl *router, const struct link *l)
{
    struct err e = {0};
    const struct rtnl_route to_workload = {l->addr, 32, 0, LINK_INDEX_BASE + l->number, 0};

    rtnl_route_delete(router, &to_workload, NULL); /* a link that was never whole has none */
    if (!is_ok(rtnl_link_set_group(router, LINK_INDEX_BASE + l->number, GROUP_DEAD, &e)))
        log_warn("%s: %s", l->id.z, e.what);
    err_clear(&e);
    if (!is_ok(conntrack_forget(l->addr, &e)))
        log_warn("%s: %s", l->id.z, e.what);
    if (l->named)
        netns_unname(w, &l->id);
}

struct reap {
    int netns;
    bool all;
};

static void reap(struct warden *w, void *arg)
{
    const struct reap *what = arg;
    struct rtnl *nl = NULL;
    struct err e = {0};

    (void)w;
    if (setns(what->netns, CLONE_NEWNET) != 0)
        oops(&e, errno, "entering a namespace to delete its links: %s", strerror(errno));
    else if (is_ok(rtnl_open(&nl, &e)) && what->all)
        rtnl_group_delete(nl, GROUP_LIVE, &e);
    if (nl)
        rtnl_group_delete(nl, GROUP_DEAD, &e);
    if (e.why)
        log_error("%s", e.what);
}

void links_reap(struct warden *w, int vpc_netns, bool all)
{
    struct reap what = {vpc_netns, all};
    struct err e = {0};

    if (!is_ok(warden_fork(w, reap, &what, NULL, NULL, &e))) {
        log_warn("%s; deleting links in place", e.what);
        int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        reap(w, &what);
        if (here >= 0) {
            netns_join(here);
            close(here);
        }
    }
}
