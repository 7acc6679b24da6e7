/* SPDX-License-Identifier: MIT */
/* From a plan to the kernel: what is new is made, what is gone is cut, the ruleset is replaced; or the VPC is closed.
 */
#include "warden/server/network.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "warden/server/netns.h"
#include "warden/server/rtnl.h"
#include "warden/server/rules.h"
#include "warden/server/uplink.h"

enum {
    STATE_BYTES_MAX = 4 * 1024 * 1024, /* a VPC's links and addresses */
    ADDRS_MAX = PLAN_SUBNETS_MAX + PLAN_ENDPOINTS_MAX + 4,
    NUMBERS = 0xffff,
};

static str id_str(const struct message_id *id)
{
    return str_n(id->z, strnlen(id->z, MESSAGE_ID_BYTES));
}

static struct vpc *vpc_new(struct warden *w, const struct message_id *id)
{
    struct network *n = w->network;
    struct vpc *v = n->free;

    if (v)
        n->free = v->next;
    else
        v = ARENA_NEW(w->arena, struct vpc);
    *v = (struct vpc){.id = *id, .arena = arena_new(STATE_BYTES_MAX)};
    map_put(&n->vpcs, id_str(&v->id), v);
    return v;
}

static void vpc_forget(struct warden *w, struct vpc *v)
{
    map_remove(&w->network->vpcs, id_str(&v->id));
    rules_close(v->nft); /* after links_reap(): its child has it too, and is the one to wait */
    arena_free(v->arena);
    *v = (struct vpc){.next = w->network->free};
    w->network->free = v;
}

/* In the VPC's new namespace. Forwarding is safe: links come after the ruleset. */
static res settle(struct err *e)
{
    struct rtnl *nl = NULL;

    TRY(netns_settle(true, e));
    res r = rtnl_open(&nl, e);
    if (is_ok(r))
        r = rtnl_link_up(nl, LOOPBACK_INDEX, true, e);
    rtnl_close(nl);
    return r;
}

static res vpc_create(struct warden *w, const struct message_id *id, struct vpc **out, struct err *e)
{
    res r = netns_create(w, id, e);
    bool named = is_ok(r);

    if (named)
        r = settle(e);
    netns_leave(w);
    if (is_ok(r))
        *out = vpc_new(w, id);
    else if (named)
        netns_unname(w, id);
    return r;
}

/* The next state of a VPC, made from a plan before anything is touched. */
struct next {
    struct arena *arena;
    struct link *links;
    size_t n_links;
    uint32_t *addrs;
    size_t n_addrs;
    uint32_t *numbers; /* of plan->interfaces */
    struct map ids;    /* of links */
};

static uint32_t free_number(struct vpc *v, const bool *taken)
{
    uint32_t number;

    do { /* there are far fewer interfaces than numbers */
        number = v->next_number;
        v->next_number = (v->next_number + 1) % NUMBERS;
    } while (taken[number]);
    return number;
}

static res next_links(struct vpc *v, const struct vpc_plan *plan, struct next *x, struct err *e)
{
    struct map old;
    bool taken[NUMBERS] = {false};
    res r = OK;

    map_init(&old);
    for (size_t i = 0; i < v->n_links; i++) {
        map_put(&old, id_str(&v->links[i].id), &v->links[i]);
        taken[v->links[i].number] = true;
    }
    for (uint32_t i = 0; i < plan->n_interfaces; i++) {
        const struct plan_interface *p = &plan->interfaces[i];
        if (p->kind != PLAN_WORKLOAD)
            continue;
        struct link *l = &x->links[x->n_links++];
        const struct link *was = map_find(&old, id_str(&p->id));
        *l = (struct link){.id = p->id, .addr = p->addr, .gateway = plan->subnets[p->subnet].gateway};
        if (was && (was->addr != l->addr || was->gateway != l->gateway))
            r = reject(e, "%s cannot change its address", p->id.z);
        l->made = was && was->made;
        l->named = l->made;
        l->number = l->made ? was->number : free_number(v, taken);
        x->numbers[i] = l->number;
        map_put(&x->ids, id_str(&l->id), l);
    }
    map_done(&old);
    return r;
}

static bool has_addr(const uint32_t *addrs, size_t n, uint32_t addr)
{
    for (size_t i = 0; i < n; i++)
        if (addrs[i] == addr)
            return true;
    return false;
}

static void next_addrs(const struct vpc_plan *plan, struct next *x)
{
    x->addrs[x->n_addrs++] = plan->resolver;
    x->addrs[x->n_addrs++] = PLAN_CREDENTIALS_ADDR;
    for (uint32_t i = 0; i < plan->n_subnets; i++)
        x->addrs[x->n_addrs++] = plan->subnets[i].gateway;
    for (uint32_t i = 0; i < plan->n_endpoints; i++)
        x->addrs[x->n_addrs++] = plan_local_addr(plan->endpoints[i].index);
    for (uint32_t k = 0; k < 2 && plan->uplink; k++)
        x->addrs[x->n_addrs++] = PLAN_APIS_LOCAL + k;
}

static res add_addrs(const struct vpc *v, struct rtnl *nl, const struct next *x, struct err *e)
{
    for (size_t i = 0; i < x->n_addrs; i++)
        if (!has_addr(v->addrs, v->n_addrs, x->addrs[i]))
            TRY(rtnl_addr_add(nl, LOOPBACK_INDEX, x->addrs[i], e));
    return OK;
}

static res drop_addrs(const struct vpc *v, struct rtnl *nl, const struct next *x, struct err *e)
{
    for (size_t i = 0; i < v->n_addrs; i++)
        if (!has_addr(x->addrs, x->n_addrs, v->addrs[i]))
            TRY(rtnl_addr_delete(nl, LOOPBACK_INDEX, v->addrs[i], e));
    return OK;
}

static res load_rules(struct warden *w, struct vpc *v, const struct vpc_plan *plan, const struct next *x, struct err *e)
{
    struct buf text;

    buf_init(&text, RULES_TEXT_MAX);
    res r = rules_compile(w, plan, x->numbers, &text, e);
    if (is_ok(r))
        r = rules_load(w, &v->nft, &text, e);
    buf_done(&text);
    return r;
}

/* Links that go are cut, links that come are made. Afterwards `x` is the state, whole or not: what could not be made is
 * made again by the next plan. In the VPC's namespace. */
static res relink(struct warden *w, struct vpc *v, struct next *x, struct rtnl *nl, int vpc_netns, struct err *e)
{
    bool dropped = false;
    res r = OK;

    for (size_t i = 0; i < v->n_links; i++) {
        const struct link *now = map_find(&x->ids, id_str(&v->links[i].id));
        if (now && now->made)
            continue;
        links_drop(w, nl, &v->links[i]);
        dropped = true;
    }
    for (size_t i = 0; i < x->n_links && is_ok(r); i++)
        if (!x->links[i].made)
            r = links_make(w, nl, &x->links[i], vpc_netns, e);
    if (is_ok(r))
        r = drop_addrs(v, nl, x, e);
    if (dropped)
        links_reap(w, vpc_netns, false);
    arena_free(v->arena);
    v->arena = x->arena;
    x->arena = NULL;
    v->links = x->links;
    v->n_links = x->n_links;
    v->addrs = x->addrs;
    v->n_addrs = x->n_addrs;
    return r;
}

/* Rules first: a link that comes is ready to be judged, a link that goes has lost its rights. Where all packets are
 * dropped already, rules last: nothing passes before the whole plan stands. */
static res remake(struct warden *w, struct vpc *v, const struct vpc_plan *plan, struct next *x, struct rtnl *nl,
                  int vpc_netns, struct err *e)
{
    TRY(add_addrs(v, nl, x, e));
    if (v->closed) {
        TRY(relink(w, v, x, nl, vpc_netns, e));
        TRY(uplink_apply(w, v, plan, nl, vpc_netns, e));
        return load_rules(w, v, plan, x, e);
    }
    TRY(load_rules(w, v, plan, x, e));
    TRY(relink(w, v, x, nl, vpc_netns, e));
    return uplink_apply(w, v, plan, nl, vpc_netns, e);
}

static res change(struct warden *w, struct vpc *v, const struct vpc_plan *plan, struct next *x, struct err *e)
{
    struct rtnl *nl = NULL;
    int vpc_netns;

    TRY(netns_open(w, &v->id, &vpc_netns, e));
    netns_join(vpc_netns);
    res r = rtnl_open(&nl, e);
    if (is_ok(r))
        r = remake(w, v, plan, x, nl, vpc_netns, e);
    rtnl_close(nl);
    netns_leave(w);
    close(vpc_netns);
    return r;
}

/* A VPC whose packets might still pass: the next warden sweeps it away with everything else before it makes any. */
static void cannot_close(const struct vpc *v, const struct err *e)
{
    log_error("%s cannot be closed: %s", v->id.z, e->what);
    _exit(70);
}

/* Fail closed: a ruleset that drops all; without even that, no links; without even that, no warden. */
static void vpc_close(struct warden *w, struct vpc *v)
{
    struct err e = {0};
    struct rtnl *nl = NULL;
    int vpc_netns;

    log_error("%s is closed: none of its packets pass until a plan succeeds", v->id.z);
    if (!is_ok(netns_open(w, &v->id, &vpc_netns, &e)))
        cannot_close(v, &e);
    netns_join(vpc_netns);
    v->closed = is_ok(rules_load_closed(w, &v->nft, &e));
    if (!v->closed) {
        log_error("%s; taking its links down", e.what);
        err_clear(&e);
        if (!is_ok(rtnl_open(&nl, &e)) || !is_ok(rtnl_group_delete(nl, GROUP_LIVE, &e)))
            cannot_close(v, &e);
        rtnl_close(nl);
        for (size_t i = 0; i < v->n_links; i++)
            v->links[i].made = false;
        uplink_forget(w, v);
    }
    netns_leave(w);
    close(vpc_netns);
}

static void next_init(struct next *x)
{
    *x = (struct next){.arena = arena_new(STATE_BYTES_MAX)};
    x->links = ARENA_ARRAY(x->arena, struct link, PLAN_INTERFACES_MAX);
    x->addrs = ARENA_ARRAY(x->arena, uint32_t, ADDRS_MAX);
    x->numbers = ARENA_ARRAY(x->arena, uint32_t, PLAN_INTERFACES_MAX);
    map_init(&x->ids);
}

static void next_done(struct next *x)
{
    map_done(&x->ids);
    arena_free(x->arena);
}

res vpc_apply(struct warden *w, const struct vpc_plan *plan, struct err *e)
{
    struct vpc *v = map_find(&w->network->vpcs, id_str(&plan->id));
    struct next x;

    if (v && plan->generation < v->generation)
        return reject(e, "%s has generation %llu already, not %llu", v->id.z, (unsigned long long)v->generation,
                      (unsigned long long)plan->generation);
    if (!v)
        TRY(vpc_create(w, &plan->id, &v, e));
    next_init(&x);
    next_addrs(plan, &x);
    res r = next_links(v, plan, &x, e);
    if (r.why != WHY_REJECT) {
        r = change(w, v, plan, &x, e);
        if (is_ok(r)) {
            v->closed = false;
            v->dhcp = plan->dhcp;
            v->generation = plan->generation;
        } else {
            vpc_close(w, v);
        }
    }
    next_done(&x);
    return r;
}

static const struct link *find_link(const struct warden *w, const struct message_id *eni, const struct vpc **of)
{
    const struct map_slot *slot;
    size_t at = 0;

    while ((slot = map_next(&w->network->vpcs, &at))) {
        *of = slot->value;
        for (size_t i = 0; i < (*of)->n_links; i++)
            if (memcmp(&(*of)->links[i].id, eni, sizeof *eni) == 0)
                return &(*of)->links[i];
    }
    return NULL;
}

const struct link *link_of(const struct warden *w, const struct message_id *eni)
{
    const struct vpc *of;

    return find_link(w, eni, &of);
}

bool vpc_dhcp_of(const struct warden *w, const struct message_id *eni, struct plan_dhcp *out)
{
    const struct vpc *of;

    if (!find_link(w, eni, &of))
        return false;
    *out = of->dhcp;
    return true;
}

res vpc_remove(struct warden *w, const struct message_id *id, struct err *e)
{
    struct vpc *v = map_find(&w->network->vpcs, id_str(id));
    int vpc_netns;

    if (!v)
        return OK;
    TRY(netns_open(w, &v->id, &vpc_netns, e));
    netns_join(vpc_netns);
    if (!is_ok(rules_load_closed(w, &v->nft, NULL))) /* at once; its links take a little longer */
        log_warn("%s cannot be closed before its links are gone", v->id.z);
    netns_leave(w);
    for (size_t i = 0; i < v->n_links; i++)
        if (v->links[i].named)
            netns_unname(w, &v->links[i].id);
    netns_unname(w, &v->id);
    links_reap(w, vpc_netns, true);
    close(vpc_netns);
    uplink_forget(w, v);
    vpc_forget(w, v);
    return OK;
}
