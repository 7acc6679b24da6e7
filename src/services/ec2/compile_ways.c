/* SPDX-License-Identifier: MIT */
/* The part of the network compiler that leads out of a VPC: routes, most specific first, and public addresses. */
#include "services/ec2/compile.h"

#include "ec2_names.h"

struct way_compiler {
    const struct ec2_world *w;
    struct err *e;
    struct plan_route *routes;
    size_t n, max;
};

static const struct ec2_route_table *table_of(const struct ec2_world *w, const struct ec2_subnet *s)
{
    const struct ec2_route_table *main_table = NULL;

    for (size_t i = 0; i < w->n_tables; i++) {
        for (size_t k = 0; k < w->tables[i]->associations.n; k++)
            if (str_eq(w->tables[i]->associations.v[k].subnet_id, s->subnet_id))
                return w->tables[i];
        if (str_eq(w->tables[i]->route_table_id, w->vpc->main_route_table_id))
            main_table = w->tables[i];
    }
    return main_table;
}

static const struct ec2_subnet *subnet_of(const struct ec2_world *w, str id)
{
    for (size_t i = 0; i < w->n_subnets; i++)
        if (str_eq(w->subnets[i]->subnet_id, id))
            return w->subnets[i];
    return NULL;
}

static bool by_gateway(const struct ec2_world *w, const struct ec2_kept_route *r)
{
    return w->gateway && str_eq(r->gateway_id, w->gateway->internet_gateway_id);
}

/* A NAT gateway sends on by its own subnet's table: is there a way through the internet gateway for all of `to`? */
static bool leads_on(const struct ec2_world *w, const struct ec2_nat_gateway *nat, const struct plan_prefix *to)
{
    const struct ec2_subnet *s = subnet_of(w, nat->subnet_id);
    const struct ec2_route_table *t = s ? table_of(w, s) : NULL;
    struct plan_prefix p;
    uint32_t host;

    for (size_t i = 0; t && i < t->routes.n; i++)
        if (by_gateway(w, &t->routes.v[i]) && cidr_read(t->routes.v[i].destination, &p, &host) && p.len <= to->len &&
            plan_inside(&p, to->addr))
            return true;
    return false;
}

static const struct ec2_nat_gateway *nat_of(const struct ec2_world *w, str id)
{
    for (size_t i = 0; i < w->n_nats; i++)
        if (str_eq(w->nats[i]->nat_gateway_id, id) && str_eq(w->nats[i]->state, S("available")))
            return w->nats[i];
    return NULL;
}

static res route_of(struct way_compiler *k, uint16_t subnet, const struct ec2_kept_route *r)
{
    const struct ec2_nat_gateway *nat = nat_of(k->w, r->nat_gateway_id);
    struct plan_route p = {.subnet = subnet, .way = PLAN_NOWHERE};
    uint32_t host;
    size_t at = k->n;

    if (!cidr_read(r->destination, &p.to, &host))
        return oops(k->e, 0, "a route of %.*s has no range", FMT(k->w->vpc->vpc_id));
    if (by_gateway(k->w, r))
        p.way = PLAN_BY_GATEWAY;
    else if (nat && leads_on(k->w, nat, &p.to) && ip_read(nat->public_ip, &p.as))
        p.way = PLAN_BY_NAT;
    if (k->n == k->max)
        return reject(k->e, "%.*s would have too many routes", FMT(k->w->vpc->vpc_id));
    for (; at > 0 && k->routes[at - 1].subnet == subnet && k->routes[at - 1].to.len < p.to.len; at--)
        k->routes[at] = k->routes[at - 1];
    k->routes[at] = p;
    k->n++;
    return OK;
}

/* Has the interface's subnet a way through the internet gateway at all? Without, its public address is none. */
static bool is_public_subnet(const struct ec2_world *w, str subnet_id)
{
    const struct ec2_subnet *s = subnet_of(w, subnet_id);
    const struct ec2_route_table *t = s ? table_of(w, s) : NULL;

    for (size_t i = 0; t && i < t->routes.n; i++)
        if (by_gateway(w, &t->routes.v[i]))
            return true;
    return false;
}

static res publics(const struct ec2_world *w, struct arena *a, struct network *out, struct err *e)
{
    struct plan_public *v = ARENA_ARRAY(a, struct plan_public, w->n_addresses + 1);
    uint32_t n = 0;

    for (size_t i = 0; i < w->n_addresses; i++) {
        const struct ec2_address *x = w->addresses[i];
        for (size_t k = 0; k < w->n_interfaces; k++)
            if (str_eq(w->interfaces[k]->network_interface_id, x->interface_id) && !x->nat_gateway_id.n &&
                is_public_subnet(w, w->interfaces[k]->subnet_id) && ip_read(x->private_ip, &v[n].addr) &&
                ip_read(x->public_ip, &v[n].as))
                n++;
    }
    if (n > PLAN_PUBLICS_MAX)
        return reject(e, "%.*s would have too many public addresses", FMT(w->vpc->vpc_id));
    out->plan.publics = v;
    out->plan.n_publics = n;
    return OK;
}

res ec2_compile_ways(const struct ec2_world *w, struct arena *a, struct network *out, struct err *e)
{
    struct way_compiler k = {w, e, ARENA_ARRAY(a, struct plan_route, PLAN_ROUTES_MAX), 0, PLAN_ROUTES_MAX};

    if (!w->gateway) /* no link, no way */
        return OK;
    out->plan.uplink = 1;
    for (size_t i = 0; i < w->n_subnets; i++) {
        const struct ec2_route_table *t = table_of(w, w->subnets[i]);
        for (size_t r = 0; t && r < t->routes.n; r++)
            TRY(route_of(&k, (uint16_t)i, &t->routes.v[r]));
    }
    out->plan.routes = k.routes;
    out->plan.n_routes = (uint32_t)k.n;
    return publics(w, a, out, e);
}
