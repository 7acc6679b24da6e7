/* SPDX-License-Identifier: MIT */
/* Rules of security groups: from the many forms in which clients write them to one record a peer, and back. */
#include "rules.h"

enum { DESCRIPTION_MAX = 255 };
const char ec2_plain_text[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-:/()#,@[]+=&;{}!$*";

res rules_check_description(struct call *c, const char *whose, str text)
{
    if (str_all(text, ec2_plain_text) && text.n <= DESCRIPTION_MAX)
        return OK;
    return fault(c, &ec2_InvalidParameterValue,
                 "Invalid %s description. Valid descriptions are strings less than 256 characters from the following "
                 "set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
                 whose);
}

/* AWS's spelling of a protocol: names where it has them, "-1" for all. Absent: unknown. */
static str protocol_name(str text)
{
    static const char *const names[][2] = {{"6", "tcp"},     {"17", "udp"}, {"1", "icmp"},
                                           {"58", "icmpv6"}, {"-1", "-1"},  {"all", "-1"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_nocase(text, str_z(names[i][0])) || str_eq_nocase(text, str_z(names[i][1])))
            return str_z(names[i][1]);
    return STR_ABSENT;
}

static res set_ports(struct call *c, struct ec2_rule *r, opt_int from, opt_int to)
{
    if (str_eq(r->ip_protocol, S("-1"))) /* AWS ignores ports where all protocols are meant */
        return OK;
    if (str_starts(r->ip_protocol, S("icmp"))) {
        r->from_port = SET_INT(from.set ? from.v : -1);
        r->to_port = SET_INT(to.set ? to.v : -1);
        if (r->from_port.v < -1 || r->from_port.v > 255 || r->to_port.v < -1 || r->to_port.v > 255)
            return fault(c, &ec2_InvalidParameterValue, "ICMP types and codes go from -1 to 255.");
        return OK;
    }
    if (!from.set || !to.set)
        return fault(c, &ec2_InvalidParameterValue,
                     "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
    if (from.v < 0 || from.v > 65535 || to.v < 0 || to.v > 65535 || from.v > to.v)
        return fault(c, &ec2_InvalidParameterValue, "Invalid TCP/UDP port range (%lld:%lld)", (long long)from.v,
                     (long long)to.v);
    r->from_port = from;
    r->to_port = to;
    return OK;
}

/* What all rules of one permission share. */
static res head_of(struct call *c, str protocol, opt_int from, opt_int to, bool egress, struct ec2_rule *r)
{
    uint64_t number;

    if (!protocol.n)
        return fault(c, &ec2_MissingParameter, "The request must contain the parameter ipProtocol");
    *r = (struct ec2_rule){.egress = SET_BOOL(egress), .ip_protocol = protocol_name(protocol)};
    if (r->ip_protocol.n)
        return set_ports(c, r, from, to);
    if (str_to_u64(protocol, &number) && number < 256)
        return fault(c, &ec2_UnsupportedOperation,
                     "IP protocol %.*s cannot be let through here: TCP, UDP, ICMP or all.", FMT(protocol));
    return fault(c, &ec2_InvalidParameterValue, "Invalid value '%.*s' for IP protocol. Unknown protocol.",
                 FMT(str_sub(protocol, 0, 32)));
}

struct reading {
    struct call *c;
    const struct ec2_group *group;
    struct ec2_rule *v;
    size_t n, cap;
};

static res take(struct reading *r, struct ec2_rule rule)
{
    TRY(rules_check_description(r->c, "rule", rule.description));
    if (r->n == r->cap)
        return fault(r->c, &ec2_RulesPerSecurityGroupLimitExceeded,
                     "The maximum number of rules per security group has been reached.");
    r->v[r->n++] = rule;
    return OK;
}

static res take_cidr(struct reading *r, struct ec2_rule rule, str text)
{
    struct plan_prefix p;
    uint32_t host;

    if (!cidr_read(text, &p, &host))
        return fault(r->c, &ec2_InvalidParameterValue, "CIDR block %.*s is malformed", FMT(str_sub(text, 0, 64)));
    rule.cidr_ipv4 = cidr_text(r->c->arena, p);
    return take(r, rule);
}

static res take_pair(struct reading *r, struct ec2_rule rule, const struct ec2_group_pair *pair)
{
    struct ec2_group *peer = NULL;
    struct call *c = r->c;

    if (!pair->group_id.n)
        return fault(c, &ec2_InvalidParameterValue,
                     "Invalid value '%.*s' for groupName. You may not reference Amazon VPC security groups by name. "
                     "Please use the corresponding id for this operation.",
                     FMT(str_sub(pair->group_name, 0, 64)));
    if (!pair->user_id.n || str_eq(pair->user_id, c->caller->account))
        TRY(ec2_group_load(c, STR_ABSENT, pair->group_id, &peer));
    if (!peer || !str_eq(peer->vpc_id, r->group->vpc_id))
        return fault(c, &ec2_InvalidGroupNotFound,
                     "You have specified two resources that belong to different networks, or the security group "
                     "'%.*s' does not exist",
                     FMT(str_sub(pair->group_id, 0, 64)));
    rule.peer_group_id = peer->group_id;
    return take(r, rule);
}

static res take_permission(struct reading *r, const struct ec2_ip_permission *p, bool egress)
{
    struct ec2_rule head;

    TRY(head_of(r->c, p->ip_protocol, p->from_port, p->to_port, egress, &head));
    for (size_t i = 0; i < p->ip_ranges.n; i++) {
        head.description = p->ip_ranges.v[i].description;
        TRY(take_cidr(r, head, p->ip_ranges.v[i].cidr_ip));
    }
    for (size_t i = 0; i < p->ipv6_ranges.n; i++) { /* kept and shown; no VPC has IPv6, so nothing matches them */
        struct ec2_rule rule = head;
        rule.cidr_ipv6 = p->ipv6_ranges.v[i].cidr_ipv6;
        rule.description = p->ipv6_ranges.v[i].description;
        if (!cidr_is_ipv6(rule.cidr_ipv6))
            return fault(r->c, &ec2_InvalidParameterValue, "CIDR block %.*s is malformed",
                         FMT(str_sub(rule.cidr_ipv6, 0, 64)));
        TRY(take(r, rule));
    }
    for (size_t i = 0; i < p->prefix_list_ids.n; i++) {
        struct ec2_rule rule = head;
        rule.prefix_list_id = p->prefix_list_ids.v[i].prefix_list_id;
        rule.description = p->prefix_list_ids.v[i].description;
        if (!str_eq(rule.prefix_list_id, S(EC2_S3_PREFIX_LIST)))
            return fault(r->c, &ec2_InvalidPrefixListIDNotFound, "The prefix list ID '%.*s' does not exist",
                         FMT(str_sub(rule.prefix_list_id, 0, 64)));
        TRY(take(r, rule));
    }
    for (size_t i = 0; i < p->user_id_group_pairs.n; i++) {
        head.description = p->user_id_group_pairs.v[i].description;
        TRY(take_pair(r, head, &p->user_id_group_pairs.v[i]));
    }
    return OK;
}

res rules_read(struct call *c, const struct ec2_group *g, const struct rules_request *in, struct ec2_rule **out,
               size_t *n)
{
    struct reading r = {.c = c, .group = g, .cap = EC2_RULES_PER_GROUP * 2};
    struct ec2_rule head;

    r.v = ARENA_ARRAY(c->arena, struct ec2_rule, r.cap);
    if (in->source_group_name.n)
        return fault(c, &ec2_InvalidParameterValue,
                     "You may not reference Amazon VPC security groups by name. Please use the corresponding id for "
                     "this operation.");
    if (in->permissions->n && in->protocol.n)
        return fault(c, &ec2_InvalidParameterCombination,
                     "The parameter ipPermissions may not be used in combination with ipProtocol");
    for (size_t i = 0; i < in->permissions->n; i++)
        TRY(take_permission(&r, &in->permissions->v[i], in->egress));
    if (in->protocol.n || in->cidr.n) {
        TRY(head_of(c, in->protocol, in->from, in->to, in->egress, &head));
        TRY(take_cidr(&r, head, in->cidr));
    }
    *out = r.v;
    *n = r.n;
    return OK;
}

static bool same_int(opt_int a, opt_int b)
{
    return a.set == b.set && (!a.set || a.v == b.v);
}

static bool same_ports(const struct ec2_rule *a, const struct ec2_rule *b)
{
    return str_eq(a->ip_protocol, b->ip_protocol) && same_int(a->from_port, b->from_port) &&
           same_int(a->to_port, b->to_port);
}

bool rules_same(const struct ec2_rule *a, const struct ec2_rule *b)
{
    return a->egress.v == b->egress.v && same_ports(a, b) && str_eq(a->cidr_ipv4, b->cidr_ipv4) &&
           str_eq(a->cidr_ipv6, b->cidr_ipv6) && str_eq(a->prefix_list_id, b->prefix_list_id) &&
           str_eq(a->peer_group_id, b->peer_group_id);
}

str rules_text(struct call *c, const struct ec2_rule *r)
{
    str peer = r->cidr_ipv4.n ? r->cidr_ipv4 : r->cidr_ipv6.n ? r->cidr_ipv6 : r->peer_group_id;
    char *protocol = arena_z(c->arena, r->ip_protocol);

    if (!peer.n)
        peer = r->prefix_list_id;
    for (char *p = protocol; *p; p++)
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
    if (!r->from_port.set)
        return arena_printf(c->arena, "peer: %.*s, ALL, ALLOW", FMT(peer));
    return arena_printf(c->arena, "peer: %.*s, %s, from port: %lld, to port: %lld, ALLOW", FMT(peer), protocol,
                        (long long)r->from_port.v, (long long)r->to_port.v);
}

/* ---- as permissions ---- */

static void add_peer(struct call *c, const struct ec2_rule *r, struct ec2_ip_permission *p)
{
    if (r->cidr_ipv4.n)
        p->ip_ranges.v[p->ip_ranges.n++] = (struct ec2_ip_range){r->cidr_ipv4, r->description};
    else if (r->cidr_ipv6.n)
        p->ipv6_ranges.v[p->ipv6_ranges.n++] = (struct ec2_ipv6_range){r->cidr_ipv6, r->description};
    else if (r->prefix_list_id.n)
        p->prefix_list_ids.v[p->prefix_list_ids.n++] = (struct ec2_prefix_list_id){r->description, r->prefix_list_id};
    else
        p->user_id_group_pairs.v[p->user_id_group_pairs.n++] = (struct ec2_group_pair){
            .description = r->description, .group_id = r->peer_group_id, .user_id = c->caller->account};
}

struct ec2_ip_permission_list rules_permissions(struct call *c, const struct ec2_group *g, bool egress)
{
    struct ec2_ip_permission_list list = {0, ARENA_ARRAY(c->arena, struct ec2_ip_permission, g->rules.n + 1)};
    const struct ec2_rule **first = ARENA_ARRAY(c->arena, const struct ec2_rule *, g->rules.n + 1);
    size_t n = g->rules.n;

    for (size_t i = 0; i < n; i++) {
        const struct ec2_rule *r = &g->rules.v[i];
        size_t at = 0;
        if (r->egress.v != egress)
            continue;
        while (at < list.n && !same_ports(first[at], r))
            at++;
        if (at == list.n) {
            first[list.n++] = r;
            list.v[at] =
                (struct ec2_ip_permission){.from_port = r->from_port,
                                           .ip_protocol = r->ip_protocol,
                                           .to_port = r->to_port,
                                           .ip_ranges = {0, ARENA_ARRAY(c->arena, struct ec2_ip_range, n)},
                                           .ipv6_ranges = {0, ARENA_ARRAY(c->arena, struct ec2_ipv6_range, n)}};
            list.v[at].prefix_list_ids.v = ARENA_ARRAY(c->arena, struct ec2_prefix_list_id, n);
            list.v[at].user_id_group_pairs.v = ARENA_ARRAY(c->arena, struct ec2_group_pair, n);
        }
        add_peer(c, r, &list.v[at]);
    }
    return list;
}

struct ec2_rule_out rules_out(struct call *c, const struct ec2_group *g, const struct ec2_rule *r)
{
    struct ec2_rule_out o = {.security_group_rule_id = r->rule_id,
                             .group_id = g->group_id,
                             .group_owner_id = g->at.account,
                             .is_egress = r->egress,
                             .ip_protocol = r->ip_protocol,
                             .from_port = r->from_port.set ? r->from_port : SET_INT(-1),
                             .to_port = r->to_port.set ? r->to_port : SET_INT(-1),
                             .cidr_ipv4 = r->cidr_ipv4,
                             .cidr_ipv6 = r->cidr_ipv6,
                             .prefix_list_id = r->prefix_list_id,
                             .description = r->description,
                             .tags = r->tags};

    if (r->peer_group_id.n) {
        o.referenced_group_info = ARENA_NEW(c->arena, struct ec2_referenced_group);
        *o.referenced_group_info = (struct ec2_referenced_group){r->peer_group_id, g->at.account, g->vpc_id};
    }
    return o;
}
