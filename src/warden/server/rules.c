/* SPDX-License-Identifier: MIT */
/* How security groups, endpoints and anti-spoofing become one nftables table. plan.h says what it means.
 *
 * A new packet's way: `bound` (is it the sender's own address on the sender's own link?), `endpoints` (DNAT to the
 * endpoint's local address), `known` (is it to anybody here?), then `forward` or `input`, both of which ask `judge`:
 * the sender's groups set mark 1 if one of their rules lets it out, the receiver's groups accept. Judged on the address
 * the sender dialled (ct original), since DNAT has already replaced it. Whatever nobody accepted meets a policy of
 * drop. */
#include "warden/server/rules.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "warden/server/uplink.h"

#define ADDR "%u.%u.%u.%u"
/* One sender must not fill the kernel's table of connections, which all VPCs share (262,144 by default). */
#define FLOWS_LIMIT "  ct state new add @flows { ip saddr ct count over 8192 } drop\n"
/* Of a packet's headers, to who reads the group; nobody reading costs nothing. */
#define LOG(prefix) "  log prefix \"" prefix "\" group 1 snaplen 80 queue-threshold 32\n"
#define PARTS(a) (a) >> 24, (a) >> 16 & 255, (a) >> 8 & 255, (a)&255

void rules_link_name(const struct warden *w, uint32_t number, char name[LINK_NAME_BYTES])
{
    snprintf(name, LINK_NAME_BYTES, "bk%.6s%04x", w->tag, number & 0xffff);
}

/* Opens "set NAME { type TYPE; elements = { " and closes it; nft refuses an empty list, so the list opens late. */
struct list {
    struct buf *out;
    const char *kind, *name, *type;
    size_t n;
};

static void list_item(struct list *l)
{
    if (l->n++ == 0)
        buf_printf(l->out, " %s %s { type %s; elements = {\n  ", l->kind, l->name, l->type);
    else
        buf_add_z(l->out, ",\n  ");
}

static void list_end(struct list *l)
{
    if (l->n == 0)
        buf_printf(l->out, " %s %s { type %s; }\n", l->kind, l->name, l->type);
    else
        buf_add_z(l->out, " } }\n");
}

static void add_bound(const struct warden *w, const struct vpc_plan *p, const uint32_t *numbers, struct buf *out)
{
    struct list l = {out, "set", "bound", "ifname . ether_addr . ipv4_addr", 0};

    for (uint32_t i = 0; i < p->n_interfaces; i++) {
        char name[LINK_NAME_BYTES];
        uint8_t m[6];
        uint32_t a = p->interfaces[i].addr;
        if (p->interfaces[i].kind != PLAN_WORKLOAD)
            continue;
        rules_link_name(w, numbers[i], name);
        plan_mac(a, m);
        list_item(&l);
        buf_printf(out, "\"%s\" . %02x:%02x:%02x:%02x:%02x:%02x . " ADDR, name, m[0], m[1], m[2], m[3], m[4], m[5],
                   PARTS(a));
    }
    list_end(&l);
}

static bool in_group(const struct plan_interface *i, uint32_t group)
{
    for (size_t g = 0; g < i->n_groups; g++)
        if (i->groups[g] == group)
            return true;
    return false;
}

/* The members of each group that some rule names as its peer. */
static void add_members(const struct vpc_plan *p, struct buf *out)
{
    bool wanted[PLAN_GROUPS_MAX] = {false};
    char name[16];

    for (uint32_t r = 0; r < p->n_rules; r++)
        if (p->rules[r].peer == PLAN_PEER_GROUP)
            wanted[p->rules[r].group] = true;
    for (uint32_t g = 0; g < p->n_groups; g++) {
        if (!wanted[g])
            continue;
        snprintf(name, sizeof name, "of%u", g);
        struct list l = {out, "set", name, "ipv4_addr", 0};
        for (uint32_t i = 0; i < p->n_interfaces; i++) {
            if (!in_group(&p->interfaces[i], g))
                continue;
            list_item(&l);
            buf_printf(out, ADDR, PARTS(p->interfaces[i].addr));
        }
        list_end(&l);
    }
}

static void add_match(const struct plan_rule *r, struct buf *out)
{
    const char *peer = r->direction == PLAN_EGRESS ? "ct original ip daddr" : "ip saddr";

    if (r->peer == PLAN_PEER_GROUP)
        buf_printf(out, "%s @of%u ", peer, r->group);
    else if (r->prefix.len)
        buf_printf(out, "%s " ADDR "/%u ", peer, PARTS(r->prefix.addr), r->prefix.len);
    if (r->proto == PLAN_PROTO_TCP || r->proto == PLAN_PROTO_UDP)
        buf_printf(out, "%s dport %u-%u ", r->proto == PLAN_PROTO_TCP ? "tcp" : "udp", r->from, r->to);
    if (r->proto == PLAN_PROTO_ICMP) {
        buf_add_z(out, "ip protocol icmp ");
        if (r->from != PLAN_NONE)
            buf_printf(out, "icmp type %u ", r->from);
        if (r->to != PLAN_NONE)
            buf_printf(out, "icmp code %u ", r->to);
    }
}

/* Where judged packets end; flow logs are written on the way (plan.log). conductor/nflog.h knows the prefixes. */
static void add_ends(const struct vpc_plan *p, struct buf *out)
{
    bool refusals = p->log & PLAN_LOG_REJECTED;

    buf_printf(out, " chain pass {\n%s  accept\n }\n", p->log & PLAN_LOG_ACCEPTED ? LOG("a") : "");
    buf_printf(out, " chain refuse_out {\n%s  drop\n }\n", refusals ? LOG("o") : "");
    buf_printf(out, " chain refuse_in {\n%s  drop\n }\n", refusals ? LOG("i") : "");
    buf_printf(out, " chain nowhere {\n%s  reject with icmp type net-unreachable\n }\n", refusals ? LOG("o") : "");
}

static void add_groups(const struct vpc_plan *p, struct buf *out)
{
    static const struct {
        const char *chain, *verdict;
        uint8_t direction;
    } ways[] = {{"in", "goto pass", PLAN_INGRESS}, {"out", "meta mark set 1 return", PLAN_EGRESS}};

    for (uint32_t g = 0; g < p->n_groups; g++)
        for (size_t w = 0; w < 2; w++) {
            const struct plan_rule *r = &p->rules[p->groups[g].first_rule];
            buf_printf(out, " chain %s%u {\n", ways[w].chain, g);
            for (uint32_t k = 0; k < p->groups[g].n_rules; k++) {
                if (r[k].direction != ways[w].direction)
                    continue;
                buf_add_z(out, "  ");
                add_match(&r[k], out);
                buf_printf(out, "%s\n", ways[w].verdict);
            }
            buf_add_z(out, " }\n");
        }
}

static bool same_groups(const struct plan_interface *a, const struct plan_interface *b)
{
    return a->n_groups == b->n_groups && memcmp(a->groups, b->groups, sizeof a->groups) == 0;
}

/* The first interface with the same groups: its chains serve all of them. */
static uint32_t like(const struct vpc_plan *p, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++)
        if (same_groups(&p->interfaces[i], &p->interfaces[j]))
            return j;
    return i;
}

/* Per direction: a chain for each combination of groups, and the map from an address to its chain. */
static void add_interfaces(const struct vpc_plan *p, const char *way, struct buf *out)
{
    char name[8];
    struct list l = {out, "map", name, "ipv4_addr : verdict", 0};

    for (uint32_t i = 0; i < p->n_interfaces; i++) {
        if (like(p, i) != i)
            continue;
        buf_printf(out, " chain %s_%u {\n", way, i);
        for (size_t g = 0; g < p->interfaces[i].n_groups; g++)
            buf_printf(out, "  jump %s%u\n", way, p->interfaces[i].groups[g]);
        buf_add_z(out, " }\n");
    }
    snprintf(name, sizeof name, "%s_of", way);
    for (uint32_t i = 0; i < p->n_interfaces; i++) {
        list_item(&l);
        buf_printf(out, ADDR " : jump %s_%u", PARTS(p->interfaces[i].addr), way, like(p, i));
    }
    list_end(&l);
}

/* Where an endpoint's connections arrive, and which local addresses only the sender's rules are asked about. */
static void add_endpoints(const struct vpc_plan *p, const char *link, struct buf *out)
{
    struct list to = {out, "map", "to_endpoint", "ipv4_addr : ipv4_addr", 0};
    struct list gateways = {out, "set", "gateways", "ipv4_addr", 0};

    for (uint32_t i = 0; i < p->n_interfaces; i++) {
        if (p->interfaces[i].kind != PLAN_ENDPOINT)
            continue;
        uint32_t local = plan_local_addr(p->endpoints[p->interfaces[i].endpoint].index);
        list_item(&to);
        buf_printf(out, ADDR " : " ADDR, PARTS(p->interfaces[i].addr), PARTS(local));
    }
    list_end(&to);
    for (uint32_t i = 0; i < p->n_endpoints; i++)
        if (p->endpoints[i].kind == PLAN_GATEWAY_ENDPOINT) {
            uint32_t local = plan_local_addr(p->endpoints[i].index);
            list_item(&gateways);
            buf_printf(out, ADDR, PARTS(local));
        }
    for (uint32_t k = 0; k < 2 && p->uplink; k++) {
        list_item(&gateways);
        buf_printf(out, ADDR, PARTS(PLAN_APIS_LOCAL + k));
    }
    list_end(&gateways);
    buf_add_z(out, " chain endpoints {\n  type nat hook prerouting priority dstnat; policy accept;\n");
    if (p->uplink)
        buf_printf(out, "  iifname \"%s\" goto inward\n", link);
    buf_add_z(out, "  tcp dport 443 dnat ip to ip daddr map @to_endpoint\n");
    for (uint32_t s = 0; s < p->n_subnets; s++)
        for (uint32_t k = 0; k < p->n_s3_prefixes && p->subnets[s].s3_gateway != PLAN_NONE; k++) {
            uint32_t local = plan_local_addr(p->endpoints[p->subnets[s].s3_gateway].index);
            const struct plan_prefix *from = &p->subnets[s].prefix, *range = &p->s3_prefixes[k];
            buf_printf(out, "  ip saddr " ADDR "/%u ip daddr " ADDR "/%u tcp dport 443 dnat ip to " ADDR "\n",
                       PARTS(from->addr), from->len, PARTS(range->addr), range->len, PARTS(local));
        }
    if (p->uplink)
        uplink_apis(p, out);
    buf_add_z(out, " }\n");
}

/* Destinations that are nowhere in the VPC. The kernel would refuse them too, but tells a sender only once a second. */
static void add_known(const struct vpc_plan *p, const char *link, struct buf *out)
{
    struct list l = {out, "set", "there", "ipv4_addr", 0};

    for (uint32_t i = 0; i < p->n_interfaces; i++)
        if (p->interfaces[i].kind == PLAN_WORKLOAD) {
            list_item(&l);
            buf_printf(out, ADDR, PARTS(p->interfaces[i].addr));
        }
    for (uint32_t i = 0; i < p->n_subnets; i++) {
        list_item(&l);
        buf_printf(out, ADDR, PARTS(p->subnets[i].gateway));
    }
    list_item(&l);
    buf_printf(out, ADDR, PARTS(p->resolver));
    list_item(&l);
    buf_printf(out, ADDR, PARTS(PLAN_CREDENTIALS_ADDR));
    list_end(&l);
    buf_add_z(out, " chain known {\n  type filter hook prerouting priority dstnat + 10; policy drop;\n");
    if (p->uplink) /* what comes in is an answer, or for a public address of ours, or nothing */
        buf_printf(out,
                   "  iifname \"%s\" ct state established,related accept\n  iifname \"%s\" ct status dnat accept\n"
                   "  iifname \"%s\" drop\n",
                   link, link, link);
    buf_printf(out, "  ip daddr @there accept\n  ip daddr " ADDR "/16 accept\n", PARTS(PLAN_LOCAL_NET));
    for (uint32_t i = 0; i < p->n_cidrs; i++)
        buf_printf(out, "  ip daddr " ADDR "/%u goto nowhere\n", PARTS(p->cidrs[i].addr), p->cidrs[i].len);
    if (p->uplink)
        buf_add_z(out, "  jump ways\n");
    buf_add_z(out, "  goto nowhere\n }\n");
}

static void add_judge(const struct vpc_plan *p, const char *link, struct buf *out)
{
    /* Judged packets begin something: a TCP segment in the middle of nothing does not. */
    buf_add_z(out, " chain judge {\n  meta l4proto tcp tcp flags & (fin | syn | rst | ack) != syn goto refuse_out\n");
    if (p->uplink)
        buf_printf(out, "  iifname \"%s\" goto arrive\n", link);
    buf_add_z(out, "  meta mark set 0\n  ip saddr vmap @out_of\n  meta mark != 1 goto refuse_out\n");
    if (p->uplink)
        buf_printf(out, "  oifname \"%s\" goto pass\n", link);
    buf_add_z(out, "  ct status dnat ip daddr @gateways goto pass\n  ct original ip daddr vmap @in_of\n"
                   "  goto refuse_in\n }\n");
}

static void add_hooks(const struct vpc_plan *p, const char *link, struct buf *out)
{
    buf_add_z(out, " set flows { type ipv4_addr; size 4096; flags dynamic; }\n");
    add_judge(p, link, out);
    buf_add_z(out, " chain bound {\n  type filter hook prerouting priority raw; policy drop;\n"
                   "  iifname \"lo\" accept\n  iifname . ether saddr . ip saddr @bound accept\n");
    for (uint32_t i = 0; i < p->n_cidrs && p->uplink; i++) /* a plan has few; nothing from outside is of the VPC */
        buf_printf(out, "  iifname \"%s\" ip saddr " ADDR "/%u drop\n", link, PARTS(p->cidrs[i].addr), p->cidrs[i].len);
    if (p->uplink)
        buf_printf(out, "  iifname \"%s\" ip saddr != { 127.0.0.0/8, 169.254.0.0/16, " ADDR "/16 } accept\n", link,
                   PARTS(PLAN_LOCAL_NET));
    buf_add_z(
        out, " }\n chain forward {\n  type filter hook forward priority filter; policy drop;\n"
             "  ct state established,related goto pass\n" FLOWS_LIMIT "  ct state new jump judge\n }\n"
             " chain input {\n  type filter hook input priority filter; policy drop;\n"
             "  iifname \"lo\" accept\n  ct state established,related goto pass\n  ct state != new drop\n" FLOWS_LIMIT);
    buf_printf(out, "  ip daddr " ADDR " udp dport 53 accept\n  ip daddr " ADDR " tcp dport 53 accept\n",
               PARTS(p->resolver), PARTS(p->resolver));
    buf_printf(out, "  ip daddr " ADDR " tcp dport 80 accept\n", PARTS(PLAN_CREDENTIALS_ADDR));
    buf_printf(out, "  ip daddr " ADDR "/16 tcp dport 443 jump judge\n }\n", PARTS(PLAN_LOCAL_NET));
    /* The router itself only answers; errors about a packet that was never tracked are not `related`. */
    buf_add_z(out, " chain output {\n  type filter hook output priority filter; policy drop;\n"
                   "  oifname \"lo\" accept\n  ct state established,related goto pass\n"
                   "  icmp type { destination-unreachable, time-exceeded, parameter-problem } accept\n }\n");
}

static const char replace_table[] = "table inet barmkin { }\ndelete table inet barmkin\ntable inet barmkin {\n";

res rules_compile(const struct warden *w, const struct vpc_plan *p, const uint32_t *numbers, struct buf *out,
                  struct err *e)
{
    char link[LINK_NAME_BYTES];

    uplink_name(w, link, sizeof link);
    buf_add_z(out, replace_table);
    add_bound(w, p, numbers, out);
    add_members(p, out);
    add_ends(p, out);
    add_groups(p, out);
    add_interfaces(p, "in", out);
    add_interfaces(p, "out", out);
    if (p->uplink)
        uplink_rules(w, p, out);
    add_endpoints(p, link, out);
    add_known(p, link, out);
    add_hooks(p, link, out);
    buf_add_z(out, "}\n");
    buf_add_char(out, '\0'); /* libnftables reads a C string */
    return out->full ? oops(e, 0, "the ruleset of %s is too long", p->id.z) : OK;
}

void rules_close(struct nft_ctx *nft)
{
    if (nft)
        nft_ctx_free(nft);
}

static res load(struct nft_ctx **nft, const struct buf *text, struct err *e)
{
    if (!*nft)
        *nft = nft_ctx_new(NFT_CTX_DEFAULT);
    if (!*nft)
        return oops(e, errno, "no nftables context");
    nft_ctx_buffer_output(*nft);
    nft_ctx_buffer_error(*nft);
    if (nft_run_cmd_from_buffer(*nft, text->p) == 0)
        return OK;
    const char *why = nft_ctx_get_error_buffer(*nft);
    res r = oops(e, 0, "a ruleset was refused: %.300s", why && *why ? why : "no reason given");
    rules_close(*nft); /* whatever state it is in, it is not used again */
    *nft = NULL;
    return r;
}

/* Tests: while the fault file exists, rulesets are refused; while it has content, the closed one is too. */
static void spoil(const struct warden *w, struct buf *text, off_t at_least)
{
    struct stat st;

    if (w->fault_file[0] && stat(w->fault_file, &st) == 0 && st.st_size >= at_least)
        text->p[0] = '!';
}

res rules_load(const struct warden *w, struct nft_ctx **nft, struct buf *text, struct err *e)
{
    spoil(w, text, 0);
    return load(nft, text, e);
}

res rules_load_closed(const struct warden *w, struct nft_ctx **nft, struct err *e)
{
    struct buf text;

    buf_init(&text, RULES_TEXT_MAX);
    buf_add_z(&text, replace_table);
    buf_add_z(&text, " chain bound { type filter hook prerouting priority raw; policy drop; }\n"
                     " chain output { type filter hook output priority raw; policy drop; }\n}\n");
    buf_add_char(&text, '\0');
    spoil(w, &text, 1);
    res r = load(nft, &text, e);
    buf_done(&text);
    return r;
}
