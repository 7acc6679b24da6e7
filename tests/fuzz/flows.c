/* SPDX-License-Identifier: MIT */
/* Fuzzes flow logs and the ranges of networks: the first line is a flow log's format and a range; behind it stands what
 * the kernel tells of packets, whose headers a workload wrote. A record has as many fields as its format, whatever the
 * packet; a range reads the same after it was written. */
#include <stdlib.h>

#include "conductor/flow_watch.h"
#include "conductor/nflog.h"
#include "services/ec2/ec2_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    struct arena *arena;
    const struct watch *watch;
    size_t fields;
};

static size_t fields(str line)
{
    size_t n = 1;

    for (size_t i = 0; i < line.n; i++)
        n += line.p[i] == ' ';
    return n;
}

static void told(void *arg, const struct nflog_packet *p)
{
    struct reading *r = arg;
    struct tally t = {.packets = 1, .bytes = p->bytes, .tcp_flags = p->tcp_flags};

    t.key = (struct flow_key){.src = p->src, .dst = p->dst, .src_port = p->src_port, .dst_port = p->dst_port};
    t.key.proto = p->proto;
    t.key.accepted = p->verdict == 'a';
    str line = flow_line(r->arena, r->watch, r->watch->logs, 0, &t, "OK", 1, 2);
    if (fields(line) != r->fields || str_find(line, '\n') >= 0)
        abort();
}

static void ignore(void *arg, const struct nflog_packet *p)
{
    (void)arg;
    (void)p;
}

static void range(struct arena *a, str text)
{
    struct plan_prefix p, again;
    uint32_t host, none;

    if (!cidr_read(text, &p, &host))
        return;
    if (p.len > 32 || (p.addr & ~plan_mask(p.len)) || (host & plan_mask(p.len)))
        abort();
    if (!cidr_read(cidr_text(a, p), &again, &none) || again.addr != p.addr || again.len != p.len || none)
        abort();
    if (!cidr_overlap(&p, &again))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new((size_t)64 << 20);
    str rest = str_n((const char *)data, size), format = str_cut(&rest, '\n');
    struct network_flow_log log = {.format = format, .region = S("us-east-1")};
    struct network_interface face = {.eni = S("eni-1"), .subnet = S("subnet-1")};
    struct watch w = {.vpc_id = S("vpc-1"), .account = S("111122223333"), .logs = &log, .faces = &face, .n_logs = 1};
    struct reading r = {a, &w, fields(format)};

    w.n_faces = 1;
    range(a, format);
    (void)cidr_is_ipv6(format);
    nflog_read(rest.p, rest.n, ec2_format_ok(format) ? told : ignore, &r);
    if (ec2_format_ok(format) && fields(flow_line(a, &w, &log, 0, NULL, "NODATA", 1, 2)) != r.fields)
        abort();
    arena_free(a);
    return 0;
}
