/* SPDX-License-Identifier: MIT */
/* A plan's bytes and its meaning: encoding, decoding, and the check that both ends make. */
#include "warden/plan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct plan_head {
    struct message_id id;
    uint64_t generation;
    uint32_t resolver, uplink;
    uint32_t n[9], log;
    struct plan_dhcp dhcp;
};

struct array {
    const void *p;
    size_t size;
    uint32_t *n;
    uint32_t max;
};

enum { ARRAYS = 9, ADDRESSES_MAX = PLAN_INTERFACES_MAX + PLAN_SUBNETS_MAX + 1 };

void plan_mac(uint32_t addr, uint8_t mac[6])
{
    const uint8_t made[6] = {6, 0, (uint8_t)(addr >> 24), (uint8_t)(addr >> 16), (uint8_t)(addr >> 8), (uint8_t)addr};

    memcpy(mac, made, sizeof made);
}

/* The order of the arrays in a message: all sizes are multiples of four, so each starts aligned. */
static void arrays_of(struct vpc_plan *p, struct array a[ARRAYS])
{
    const struct array made[ARRAYS] = {
        {p->cidrs, sizeof *p->cidrs, &p->n_cidrs, PLAN_CIDRS_MAX},
        {p->s3_prefixes, sizeof *p->s3_prefixes, &p->n_s3_prefixes, PLAN_S3_PREFIXES_MAX},
        {p->subnets, sizeof *p->subnets, &p->n_subnets, PLAN_SUBNETS_MAX},
        {p->groups, sizeof *p->groups, &p->n_groups, PLAN_GROUPS_MAX},
        {p->rules, sizeof *p->rules, &p->n_rules, PLAN_RULES_MAX},
        {p->interfaces, sizeof *p->interfaces, &p->n_interfaces, PLAN_INTERFACES_MAX},
        {p->endpoints, sizeof *p->endpoints, &p->n_endpoints, PLAN_ENDPOINTS_MAX},
        {p->routes, sizeof *p->routes, &p->n_routes, PLAN_ROUTES_MAX},
        {p->publics, sizeof *p->publics, &p->n_publics, PLAN_PUBLICS_MAX},
    };
    memcpy(a, made, sizeof made);
}

res plan_encode(const struct vpc_plan *plan, struct buf *out, struct err *e)
{
    struct vpc_plan copy = *plan;
    struct plan_head head = {plan->id, plan->generation, plan->resolver, plan->uplink, {0}, plan->log, plan->dhcp};
    struct array a[ARRAYS];

    if (!message_id_ok(&plan->id, "vpc-"))
        return reject(e, "a plan's VPC id is not one");
    arrays_of(&copy, a);
    for (size_t i = 0; i < ARRAYS; i++) {
        if (*a[i].n > a[i].max)
            return reject(e, "%s has %u of what may be %u at most (part %zu of its plan)", plan->id.z, *a[i].n,
                          a[i].max, i);
        head.n[i] = *a[i].n;
    }
    buf_add_bytes(out, &head, sizeof head);
    for (size_t i = 0; i < ARRAYS; i++)
        buf_add_bytes(out, a[i].p, a[i].size * *a[i].n);
    if (out->full)
        return reject(e, "the plan of %s is too long", plan->id.z);
    return OK;
}

res plan_decode(const void *body, size_t n, struct vpc_plan *plan, struct err *e)
{
    const char *at = body;
    struct plan_head head;
    struct array a[ARRAYS];

    if (n < sizeof head)
        return reject(e, "a plan is shorter than its head");
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    n -= sizeof head;
    *plan = (struct vpc_plan){.id = head.id,
                              .generation = head.generation,
                              .resolver = head.resolver,
                              .uplink = head.uplink,
                              .log = head.log,
                              .dhcp = head.dhcp};
    arrays_of(plan, a);
    const void *parts[ARRAYS];
    for (size_t i = 0; i < ARRAYS; i++) {
        if (head.n[i] > a[i].max || a[i].size * head.n[i] > n)
            return reject(e, "part %zu of a plan does not fit", i);
        *a[i].n = head.n[i];
        parts[i] = at;
        at += a[i].size * head.n[i];
        n -= a[i].size * head.n[i];
    }
    if (n)
        return reject(e, "a plan has %zu bytes too many", n);
    plan->cidrs = parts[0];
    plan->s3_prefixes = parts[1];
    plan->subnets = parts[2];
    plan->groups = parts[3];
    plan->rules = parts[4];
    plan->interfaces = parts[5];
    plan->endpoints = parts[6];
    plan->routes = parts[7];
    plan->publics = parts[8];
    return OK;
}

static bool prefix_ok(const struct plan_prefix *p)
{
    return p->len <= 32 && (p->addr & ~plan_mask(p->len)) == 0;
}

static bool overlap(const struct plan_prefix *a, const struct plan_prefix *b)
{
    uint32_t mask = plan_mask(a->len < b->len ? a->len : b->len);

    return (a->addr & mask) == (b->addr & mask);
}

/* What the kernel, the local addresses or nobody owns. */
static bool reserved(const struct plan_prefix *p)
{
    static const struct plan_prefix taken[] = {
        {0x00000000u, 8}, {0x7f000000u, 8}, {0xa9fe0000u, 16}, {PLAN_LOCAL_NET, 15}, {0xe0000000u, 3},
    };
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (overlap(p, &taken[i]))
            return true;
    return false;
}

static bool in_vpc(const struct vpc_plan *p, uint32_t addr)
{
    for (uint32_t i = 0; i < p->n_cidrs; i++)
        if (plan_inside(&p->cidrs[i], addr))
            return true;
    return false;
}

static res check_ranges(const struct vpc_plan *p, struct err *e)
{
    if (!message_id_ok(&p->id, "vpc-"))
        return reject(e, "a plan's VPC id is not one");
    if (p->n_cidrs == 0)
        return reject(e, "%s has no CIDR", p->id.z);
    for (uint32_t i = 0; i < p->n_cidrs; i++)
        if (!prefix_ok(&p->cidrs[i]) || p->cidrs[i].len < 8 || p->cidrs[i].len > 30 || reserved(&p->cidrs[i]))
            return reject(e, "CIDR %u of %s is not a usable range", i, p->id.z);
    for (uint32_t i = 0; i < p->n_s3_prefixes; i++) {
        if (!prefix_ok(&p->s3_prefixes[i]) || p->s3_prefixes[i].len < 8 || reserved(&p->s3_prefixes[i]))
            return reject(e, "S3 range %u of %s is not a usable range", i, p->id.z);
        for (uint32_t j = 0; j < p->n_cidrs; j++)
            if (overlap(&p->s3_prefixes[i], &p->cidrs[j]))
                return reject(e, "S3 range %u of %s overlaps the VPC", i, p->id.z);
        for (uint32_t j = 0; j < i; j++)
            if (overlap(&p->s3_prefixes[i], &p->s3_prefixes[j]))
                return reject(e, "S3 ranges %u and %u of %s overlap", j, i, p->id.z);
    }
    if (!in_vpc(p, p->resolver))
        return reject(e, "the resolver of %s is outside its CIDRs", p->id.z);
    return OK;
}

static res check_subnets(const struct vpc_plan *p, struct err *e)
{
    for (uint32_t i = 0; i < p->n_subnets; i++) {
        const struct plan_subnet *s = &p->subnets[i];
        bool inside = false;
        for (uint32_t j = 0; j < p->n_cidrs; j++)
            inside |= s->prefix.len >= p->cidrs[j].len && plan_inside(&p->cidrs[j], s->prefix.addr);
        if (!prefix_ok(&s->prefix) || s->prefix.len > 30 || !inside)
            return reject(e, "subnet %u of %s is not inside its CIDRs", i, p->id.z);
        for (uint32_t j = 0; j < i; j++)
            if (overlap(&s->prefix, &p->subnets[j].prefix))
                return reject(e, "subnets %u and %u of %s overlap", j, i, p->id.z);
        if (!plan_inside(&s->prefix, s->gateway) || s->gateway == s->prefix.addr)
            return reject(e, "the gateway of subnet %u of %s is outside it", i, p->id.z);
        if (s->s3_gateway != PLAN_NONE &&
            (s->s3_gateway >= p->n_endpoints || p->endpoints[s->s3_gateway].kind != PLAN_GATEWAY_ENDPOINT))
            return reject(e, "subnet %u of %s names no gateway endpoint", i, p->id.z);
    }
    return OK;
}

static bool ports_ok(const struct plan_rule *r)
{
    switch (r->proto) {
    case PLAN_PROTO_ALL:
        return r->from == 0 && r->to == 0;
    case PLAN_PROTO_TCP:
    case PLAN_PROTO_UDP:
        return r->from <= r->to;
    case PLAN_PROTO_ICMP:
        return (r->from <= 255 || r->from == PLAN_NONE) && (r->to <= 255 || r->to == PLAN_NONE);
    default:
        return false;
    }
}

static res check_rules(const struct vpc_plan *p, struct err *e)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < p->n_groups; i++) {
        if (p->groups[i].first_rule != next || p->groups[i].n_rules > p->n_rules - next)
            return reject(e, "group %u of %s does not name its rules in order", i, p->id.z);
        next += p->groups[i].n_rules;
    }
    if (next != p->n_rules)
        return reject(e, "%s has rules without a group", p->id.z);
    for (uint32_t i = 0; i < p->n_rules; i++) {
        const struct plan_rule *r = &p->rules[i];
        bool peer = r->peer == PLAN_PEER_PREFIX  ? prefix_ok(&r->prefix) && r->group == 0
                    : r->peer == PLAN_PEER_GROUP ? r->group < p->n_groups && !r->prefix.addr && !r->prefix.len
                                                 : false;
        if ((r->direction != PLAN_INGRESS && r->direction != PLAN_EGRESS) || !peer || !ports_ok(r) || r->zero ||
            r->zero2)
            return reject(e, "rule %u of %s has no meaning", i, p->id.z);
    }
    return OK;
}

static int id_order(const void *a, const void *b)
{
    return memcmp(*(const struct message_id *const *)a, *(const struct message_id *const *)b,
                  sizeof(struct message_id));
}

static int addr_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static res check_unique(const struct vpc_plan *p, struct err *e)
{
    const struct message_id *ids[PLAN_INTERFACES_MAX];
    uint32_t addrs[ADDRESSES_MAX];
    size_t n = 0;

    for (uint32_t i = 0; i < p->n_interfaces; i++) {
        ids[i] = &p->interfaces[i].id;
        addrs[n++] = p->interfaces[i].addr;
    }
    for (uint32_t i = 0; i < p->n_subnets; i++)
        addrs[n++] = p->subnets[i].gateway;
    qsort(ids, p->n_interfaces, sizeof *ids, id_order);
    qsort(addrs, n, sizeof *addrs, addr_order);
    for (uint32_t i = 1; i < p->n_interfaces; i++)
        if (id_order(&ids[i - 1], &ids[i]) == 0)
            return reject(e, "%s names interface %s twice", p->id.z, ids[i]->z);
    for (size_t i = 0; i < n; i++)
        if (addrs[i] == p->resolver || (i && addrs[i - 1] == addrs[i]))
            return reject(e, "%s gives one address twice (%u.%u.%u.%u)", p->id.z, addrs[i] >> 24, addrs[i] >> 16 & 255,
                          addrs[i] >> 8 & 255, addrs[i] & 255);
    return OK;
}

static res check_interface(const struct vpc_plan *p, const struct plan_interface *i, struct err *e)
{
    bool endpoint = i->kind == PLAN_ENDPOINT;

    if (!message_id_ok(&i->id, "eni-") || (i->kind != PLAN_WORKLOAD && !endpoint) || i->zero)
        return reject(e, "an interface of %s has no id or kind", p->id.z);
    if (i->subnet >= p->n_subnets || !plan_inside(&p->subnets[i->subnet].prefix, i->addr))
        return reject(e, "%s is outside its subnet", i->id.z);
    if (endpoint ? i->endpoint >= p->n_endpoints || p->endpoints[i->endpoint].kind != PLAN_INTERFACE_ENDPOINT
                 : i->endpoint != PLAN_NONE)
        return reject(e, "%s names no interface endpoint", i->id.z);
    if (i->n_groups > PLAN_INTERFACE_GROUPS_MAX)
        return reject(e, "%s is in too many groups", i->id.z);
    for (size_t g = 0; g < PLAN_INTERFACE_GROUPS_MAX; g++)
        if (g < i->n_groups ? i->groups[g] >= p->n_groups : i->groups[g] != 0)
            return reject(e, "%s is in a group that is not there", i->id.z);
    return OK;
}

static res check_endpoints(const struct vpc_plan *p, struct err *e)
{
    uint8_t seen[PLAN_ENDPOINT_INDEX_MAX] = {0};

    for (uint32_t i = 0; i < p->n_endpoints; i++) {
        const struct plan_endpoint *v = &p->endpoints[i];
        if (!message_id_ok(&v->id, "vpce-") || v->zero ||
            (v->kind != PLAN_INTERFACE_ENDPOINT && v->kind != PLAN_GATEWAY_ENDPOINT))
            return reject(e, "an endpoint of %s has no id or kind", p->id.z);
        if (v->index >= PLAN_ENDPOINT_INDEX_MAX || seen[v->index]++)
            return reject(e, "%s has no index of its own", v->id.z);
    }
    return OK;
}

static bool is_public(uint32_t addr)
{
    return (addr & 0xffff0000u) == PLAN_PUBLIC_NET && (addr & 0xff00u) != 0xff00u;
}

/* It becomes a line of a file that a C library reads. */
static bool search_ok(const char text[PLAN_SEARCH_BYTES])
{
    size_t n = strnlen(text, PLAN_SEARCH_BYTES);

    for (size_t i = n; i < PLAN_SEARCH_BYTES; i++)
        if (text[i])
            return false;
    return n < PLAN_SEARCH_BYTES &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-. ") == n;
}

static res check_outside(const struct vpc_plan *p, struct err *e)
{
    if (p->uplink > 1 || (!p->uplink && (p->n_routes || p->n_publics)))
        return reject(e, "%s has routes out and no gateway", p->id.z);
    for (uint32_t i = 0; i < p->n_routes; i++) {
        const struct plan_route *r = &p->routes[i];
        if (!prefix_ok(&r->to) || r->subnet >= p->n_subnets || r->zero || r->way < PLAN_BY_GATEWAY ||
            r->way > PLAN_NOWHERE || (r->way == PLAN_BY_NAT ? !is_public(r->as) : r->as != 0))
            return reject(e, "route %u of %s has no meaning", i, p->id.z);
        if (i && r[-1].subnet == r->subnet && r[-1].to.len < r->to.len)
            return reject(e, "route %u of %s comes after a wider one", i, p->id.z);
    }
    for (uint32_t i = 0; i < p->n_publics; i++) {
        if (!in_vpc(p, p->publics[i].addr) || !is_public(p->publics[i].as))
            return reject(e, "public address %u of %s is none", i, p->id.z);
        for (uint32_t j = 0; j < i; j++)
            if (p->publics[j].addr == p->publics[i].addr || p->publics[j].as == p->publics[i].as)
                return reject(e, "%s gives public address %u twice", p->id.z, i);
    }
    return OK;
}

res plan_check(const struct vpc_plan *p, struct err *e)
{
    TRY(check_ranges(p, e));
    if (p->log > (PLAN_LOG_ACCEPTED | PLAN_LOG_REJECTED))
        return reject(e, "%s asks for logs that there are not", p->id.z);
    if (!search_ok(p->dhcp.search))
        return reject(e, "the search list of %s is none", p->id.z);
    TRY(check_endpoints(p, e));
    TRY(check_subnets(p, e));
    TRY(check_rules(p, e));
    for (uint32_t i = 0; i < p->n_interfaces; i++)
        TRY(check_interface(p, &p->interfaces[i], e));
    TRY(check_outside(p, e));
    return check_unique(p, e);
}

uint32_t plan_public_of(const struct vpc_plan *plan, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < plan->n_routes; i++) {
        const struct plan_route *r = &plan->routes[i];
        if (!plan_inside(&plan->subnets[r->subnet].prefix, from) || !plan_inside(&r->to, to))
            continue;
        for (uint32_t k = 0; r->way == PLAN_BY_GATEWAY && k < plan->n_publics; k++)
            if (plan->publics[k].addr == from)
                return plan->publics[k].as;
        return r->way == PLAN_BY_NAT ? r->as : 0;
    }
    return 0;
}
