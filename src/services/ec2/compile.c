/* SPDX-License-Identifier: MIT */
/* Records to plan: positions for ids, one plan rule a peer, the S3 gateway each subnet's route table has. */
#include "services/ec2/compile.h"

#include "ec2_names.h"

struct compiler {
    const struct ec2_world *w;
    struct arena *a;
    struct err *e;
    struct network *out;
    struct plan_prefix s3;
};

static res id_of(str text, struct message_id *id, struct err *e)
{
    *id = (struct message_id){{0}};
    if (text.n >= sizeof id->z)
        return oops(e, 0, "%.*s is too long for an id", FMT(text));
    str_to_z(text, id->z, sizeof id->z);
    return OK;
}

static uint16_t group_at(const struct ec2_world *w, str id)
{
    for (size_t i = 0; i < w->n_groups; i++)
        if (str_eq(w->groups[i]->group_id, id))
            return (uint16_t)i;
    return PLAN_NONE;
}

static uint16_t subnet_at(const struct ec2_world *w, str id)
{
    for (size_t i = 0; i < w->n_subnets; i++)
        if (str_eq(w->subnets[i]->subnet_id, id))
            return (uint16_t)i;
    return PLAN_NONE;
}

static uint16_t endpoint_at(const struct ec2_world *w, str id)
{
    for (size_t i = 0; i < w->n_endpoints; i++)
        if (str_eq(w->endpoints[i]->vpc_endpoint_id, id))
            return (uint16_t)i;
    return PLAN_NONE;
}

static bool is_gateway(const struct ec2_endpoint *v)
{
    return str_eq(v->type, S("Gateway"));
}

/* ---- subnets ---- */

/* The table a subnet is associated with, else the main one. */
static str table_of(const struct ec2_world *w, const struct ec2_subnet *s)
{
    for (size_t i = 0; i < w->n_tables; i++)
        for (size_t k = 0; k < w->tables[i]->associations.n; k++)
            if (str_eq(w->tables[i]->associations.v[k].subnet_id, s->subnet_id))
                return w->tables[i]->route_table_id;
    return w->vpc->main_route_table_id;
}

static uint16_t s3_gateway_of(const struct ec2_world *w, const struct ec2_subnet *s)
{
    str table = table_of(w, s);

    for (size_t i = 0; i < w->n_endpoints; i++)
        if (is_gateway(w->endpoints[i]) && list_has(&w->endpoints[i]->route_table_ids, table))
            return (uint16_t)i;
    return PLAN_NONE;
}

static res subnets(struct compiler *k)
{
    struct plan_subnet *v = ARENA_ARRAY(k->a, struct plan_subnet, k->w->n_subnets + 1);
    uint32_t host;

    for (size_t i = 0; i < k->w->n_subnets; i++) {
        const struct ec2_subnet *s = k->w->subnets[i];
        if (!cidr_read(s->cidr_block, &v[i].prefix, &host))
            return oops(k->e, 0, "%.*s has no range", FMT(s->subnet_id));
        v[i].gateway = v[i].prefix.addr + 1;
        v[i].s3_gateway = s3_gateway_of(k->w, s);
    }
    k->out->plan.subnets = v;
    k->out->plan.n_subnets = (uint32_t)k->w->n_subnets;
    return OK;
}

/* ---- groups ---- */

static bool ports_of(const struct ec2_rule *r, struct plan_rule *p)
{
    if (str_eq(r->ip_protocol, S("-1"))) {
        p->proto = PLAN_PROTO_ALL;
        return true;
    }
    p->from = r->from_port.v < 0 ? PLAN_NONE : (uint16_t)r->from_port.v;
    p->to = r->to_port.v < 0 ? PLAN_NONE : (uint16_t)r->to_port.v;
    p->proto = str_eq(r->ip_protocol, S("tcp"))    ? PLAN_PROTO_TCP
               : str_eq(r->ip_protocol, S("udp"))  ? PLAN_PROTO_UDP
               : str_eq(r->ip_protocol, S("icmp")) ? PLAN_PROTO_ICMP
                                                   : PLAN_PROTO_ALL;
    return p->proto != PLAN_PROTO_ALL; /* icmpv6: there is no IPv6 to let through */
}

/* False: nothing that this rule could let through exists. */
static bool rule_of(struct compiler *k, const struct ec2_rule *r, struct plan_rule *p)
{
    uint32_t host;

    *p = (struct plan_rule){.direction = r->egress.v ? PLAN_EGRESS : PLAN_INGRESS, .peer = PLAN_PEER_PREFIX};
    if (!ports_of(r, p))
        return false;
    if (r->peer_group_id.n) {
        p->peer = PLAN_PEER_GROUP;
        p->group = group_at(k->w, r->peer_group_id);
        return p->group != PLAN_NONE;
    }
    if (r->prefix_list_id.n) {
        p->prefix = k->s3;
        return true;
    }
    return r->cidr_ipv4.n && cidr_read(r->cidr_ipv4, &p->prefix, &host);
}

static res groups(struct compiler *k)
{
    const struct ec2_world *w = k->w;
    struct plan_group *v = ARENA_ARRAY(k->a, struct plan_group, w->n_groups + 1);
    size_t most = 0;
    uint32_t n = 0;

    for (size_t i = 0; i < w->n_groups; i++)
        most += w->groups[i]->rules.n;
    if (w->n_groups > PLAN_GROUPS_MAX || most > PLAN_RULES_MAX)
        return reject(k->e, "%.*s would have too many security groups or rules", FMT(w->vpc->vpc_id));
    struct plan_rule *rules = ARENA_ARRAY(k->a, struct plan_rule, most + 1);
    for (size_t i = 0; i < w->n_groups; i++) {
        v[i].first_rule = n;
        for (size_t r = 0; r < w->groups[i]->rules.n; r++)
            n += rule_of(k, &w->groups[i]->rules.v[r], &rules[n]);
        v[i].n_rules = n - v[i].first_rule;
    }
    rules[n] = (struct plan_rule){0};
    k->out->plan.groups = v;
    k->out->plan.n_groups = (uint32_t)w->n_groups;
    k->out->plan.rules = rules;
    k->out->plan.n_rules = n;
    return OK;
}

/* ---- interfaces and endpoints ---- */

static res interface_of(struct compiler *k, const struct ec2_interface *i, struct plan_interface *p)
{
    bool endpoint = i->endpoint_id.n > 0;

    *p = (struct plan_interface){.kind = endpoint ? PLAN_ENDPOINT : PLAN_WORKLOAD,
                                 .subnet = subnet_at(k->w, i->subnet_id),
                                 .endpoint = endpoint ? endpoint_at(k->w, i->endpoint_id) : PLAN_NONE};
    TRY(id_of(i->network_interface_id, &p->id, k->e));
    if (!ip_read(i->address, &p->addr))
        return oops(k->e, 0, "%.*s has no address", FMT(i->network_interface_id));
    for (size_t g = 0; g < i->group_ids.n && p->n_groups < PLAN_INTERFACE_GROUPS_MAX; g++) {
        uint16_t at = group_at(k->w, i->group_ids.v[g]);
        if (at != PLAN_NONE)
            p->groups[p->n_groups++] = at;
    }
    return OK;
}

static res interfaces(struct compiler *k)
{
    struct plan_interface *v;

    if (k->w->n_interfaces > PLAN_INTERFACES_MAX)
        return reject(k->e, "%.*s would have too many network interfaces", FMT(k->w->vpc->vpc_id));
    v = ARENA_ARRAY(k->a, struct plan_interface, k->w->n_interfaces + 1);
    uint32_t n = 0;
    for (size_t i = 0; i < k->w->n_interfaces; i++)
        if (!str_eq(k->w->interfaces[i]->interface_type, S("nat_gateway"))) /* an address, and nobody behind it */
            TRY(interface_of(k, k->w->interfaces[i], &v[n++]));
    k->out->plan.interfaces = v;
    k->out->plan.n_interfaces = n;
    return OK;
}

static const struct service *service_of(const struct ec2_endpoint *v)
{
    return ec2_service_by_name(v->at.region, v->service_name);
}

static res endpoints(struct compiler *k)
{
    size_t n = k->w->n_endpoints;
    struct plan_endpoint *v;
    struct network_endpoint *doors;

    if (n > PLAN_ENDPOINTS_MAX)
        return reject(k->e, "%.*s would have too many VPC endpoints", FMT(k->w->vpc->vpc_id));
    v = ARENA_ARRAY(k->a, struct plan_endpoint, n + 1);
    doors = ARENA_ARRAY(k->a, struct network_endpoint, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct ec2_endpoint *from = k->w->endpoints[i];
        v[i] = (struct plan_endpoint){.index = (uint16_t)from->index.v,
                                      .kind = is_gateway(from) ? PLAN_GATEWAY_ENDPOINT : PLAN_INTERFACE_ENDPOINT};
        TRY(id_of(from->vpc_endpoint_id, &v[i].id, k->e));
        doors[i] = (struct network_endpoint){v[i].index, from->vpc_endpoint_id, service_of(from)};
    }
    k->out->plan.endpoints = v;
    k->out->plan.n_endpoints = (uint32_t)n;
    k->out->endpoints = doors;
    k->out->n_endpoints = n;
    return OK;
}

/* ---- names ---- */

struct namer {
    struct compiler *k;
    struct network_name *v;
    size_t n;
};

static void name(struct namer *m, str text, bool below, const uint32_t *addresses, size_t n)
{
    m->v[m->n++] = (struct network_name){text, below, addresses, n};
}

/* The addresses of an endpoint's interfaces, in one zone or in all. */
static size_t addresses_of(struct compiler *k, str endpoint, str zone, uint32_t **out)
{
    size_t n = 0;

    *out = ARENA_ARRAY(k->a, uint32_t, k->w->n_interfaces + 1);
    for (size_t i = 0; i < k->w->n_interfaces; i++) {
        const struct ec2_interface *p = k->w->interfaces[i];
        uint16_t s = subnet_at(k->w, p->subnet_id);
        if (!str_eq(p->endpoint_id, endpoint) || s == PLAN_NONE ||
            (zone.n && !str_eq(k->w->subnets[s]->availability_zone, zone)))
            continue;
        n += ip_read(p->address, &(*out)[n]);
    }
    return n;
}

static void endpoint_names(struct namer *m, const struct ec2_endpoint *v)
{
    struct compiler *k = m->k;
    const struct service *s = service_of(v);
    uint32_t *all, *some;
    size_t n = addresses_of(k, v->vpc_endpoint_id, STR_ABSENT, &all), n_some;

    if (!s)
        return;
    bool buckets = ec2_service_has_below(s);
    name(m, ec2_endpoint_name(k->a, v, s, STR_ABSENT), buckets, all, n);
    for (size_t i = 0; i < v->subnet_ids.n; i++) {
        uint16_t at = subnet_at(k->w, v->subnet_ids.v[i]);
        str zone = at == PLAN_NONE ? STR_ABSENT : k->w->subnets[at]->availability_zone;
        n_some = zone.n ? addresses_of(k, v->vpc_endpoint_id, zone, &some) : 0;
        if (n_some)
            name(m, ec2_endpoint_name(k->a, v, s, zone), buckets, some, n_some);
    }
    if (!v->private_dns_enabled.v || !k->w->vpc->enable_dns_hostnames.v)
        return;
    name(m, ec2_private_name(k->a, v->at.region, s), buckets, all, n);
    if (s->global)
        name(m, arena_printf(k->a, "%s.amazonaws.com", s->host), false, all, n);
}

/* S3 through a gateway, or out of the VPC: its public names, in the range that the route tables send there. */
static void gateway_names(struct namer *m)
{
    struct compiler *k = m->k;
    uint32_t *one = ARENA_NEW(k->a, uint32_t);
    bool any = k->w->gateway != NULL;

    for (size_t i = 0; i < k->w->n_endpoints; i++)
        any |= is_gateway(k->w->endpoints[i]);
    if (!any)
        return;
    *one = k->s3.addr + PLAN_S3_HOST;
    name(m, arena_printf(k->a, "s3.%.*s.amazonaws.com", FMT(k->w->vpc->at.region)), true, one, 1);
    name(m, S("s3.amazonaws.com"), true, one, 1);
}

/* Where there is a way out, every other name of AWS's leads there. */
static void public_names(struct namer *m)
{
    uint32_t *one = ARENA_NEW(m->k->a, uint32_t);

    *one = PLAN_APIS_ADDR;
    if (m->k->w->gateway)
        name(m, S("amazonaws.com"), true, one, 1);
}

/* AWS's names of interfaces: ip-10-0-1-5.ec2.internal. */
static void interface_names(struct namer *m)
{
    struct compiler *k = m->k;

    for (size_t i = 0; i < k->w->n_interfaces; i++) {
        uint32_t *one = ARENA_NEW(k->a, uint32_t);
        if (ip_read(k->w->interfaces[i]->address, one))
            name(m, ec2_internal_name(k->a, k->w->vpc->at.region, k->w->interfaces[i]->address), false, one, 1);
    }
}

/* An interface endpoint's private name comes before the gateway's public one: the first of two equal names counts. */
static void names(struct compiler *k)
{
    size_t most = k->w->n_interfaces + 3;

    for (size_t i = 0; i < k->w->n_endpoints; i++)
        most += k->w->endpoints[i]->subnet_ids.n + 3;
    struct namer m = {k, ARENA_ARRAY(k->a, struct network_name, most), 0};
    if (k->w->vpc->enable_dns_support.v) {
        for (size_t i = 0; i < k->w->n_endpoints; i++)
            if (!is_gateway(k->w->endpoints[i]))
                endpoint_names(&m, k->w->endpoints[i]);
        gateway_names(&m);
        public_names(&m);
        interface_names(&m);
    }
    k->out->names = m.v;
    k->out->n_names = m.n;
}

res ec2_compile(const struct ec2_world *w, struct arena *a, struct network *out, struct err *e)
{
    struct plan_prefix *cidr = ARENA_NEW(a, struct plan_prefix), *s3 = ARENA_NEW(a, struct plan_prefix);
    struct compiler k = {.w = w, .a = a, .e = e, .out = out};
    uint32_t host;

    *out = (struct network){.vpc_id = w->vpc->vpc_id, .account = w->vpc->at.account};
    if (!cidr_read(w->vpc->cidr_block, cidr, &host) || !cidr_read(S(EC2_S3_CIDR), s3, &host))
        return oops(e, 0, "%.*s has no range", FMT(w->vpc->vpc_id));
    k.s3 = *s3;
    out->plan = (struct vpc_plan){.generation = (uint64_t)w->vpc->generation.v,
                                  .resolver = cidr->addr + 2,
                                  .cidrs = cidr,
                                  .s3_prefixes = s3,
                                  .n_cidrs = 1,
                                  .n_s3_prefixes = 1};
    ec2_compile_dhcp(w->dhcp, out->plan.resolver, &out->plan.dhcp);
    TRY(id_of(w->vpc->vpc_id, &out->plan.id, e));
    TRY(subnets(&k));
    TRY(groups(&k));
    TRY(endpoints(&k));
    TRY(interfaces(&k));
    TRY(ec2_compile_ways(w, a, out, e));
    ec2_compile_flow_logs(w, a, out);
    names(&k);
    return plan_check(&out->plan, e);
}
