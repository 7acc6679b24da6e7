/* SPDX-License-Identifier: MIT */
/* Flow log records as text, field by field. */
#include "api/flow_fields.h"
#include "base/buf.h"
#include "conductor/flow_watch.h"

static void add_ip(struct buf *b, uint32_t a)
{
    buf_printf(b, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

static void add_u64(struct buf *b, const struct tally *t, uint64_t value)
{
    if (t)
        buf_add_u64(b, value);
    else
        buf_add_char(b, '-');
}

/* What a record without data has too. */
static bool add_place(struct buf *b, const struct watch *v, const struct network_flow_log *log, int face, int field)
{
    switch (field) {
    case FLOW_VERSION:
        buf_add_u64(b, (uint64_t)flow_format_version(log->format));
        return true;
    case FLOW_ACCOUNT:
        buf_add(b, v->account);
        return true;
    case FLOW_INTERFACE:
        buf_add(b, v->faces[face].eni);
        return true;
    case FLOW_VPC:
        buf_add(b, v->vpc_id);
        return true;
    case FLOW_SUBNET:
        buf_add(b, v->faces[face].subnet);
        return true;
    case FLOW_REGION:
        buf_add(b, log->region);
        return true;
    case FLOW_INSTANCE:
        buf_add_char(b, '-');
        return true;
    default:
        return false;
    }
}

static void add_field(struct buf *b, const struct tally *t, int field)
{
    if (!t) {
        buf_add_char(b, '-');
        return;
    }
    switch (field) {
    case FLOW_SRCADDR:
    case FLOW_PKT_SRCADDR:
        add_ip(b, t->key.src);
        break;
    case FLOW_DSTADDR:
    case FLOW_PKT_DSTADDR:
        add_ip(b, t->key.dst);
        break;
    case FLOW_SRCPORT:
        add_u64(b, t, t->key.src_port);
        break;
    case FLOW_DSTPORT:
        add_u64(b, t, t->key.dst_port);
        break;
    case FLOW_PROTOCOL:
        add_u64(b, t, t->key.proto);
        break;
    case FLOW_PACKETS:
        add_u64(b, t, t->packets);
        break;
    case FLOW_BYTES:
        add_u64(b, t, t->bytes);
        break;
    case FLOW_ACTION:
        buf_add_z(b, t->key.accepted ? "ACCEPT" : "REJECT");
        break;
    case FLOW_TCP_FLAGS:
        add_u64(b, t, t->tcp_flags); /* FIN, SYN, RST, and ACK only beside SYN, as AWS has it */
        break;
    case FLOW_TYPE:
        buf_add_z(b, "IPv4");
        break;
    case FLOW_DIRECTION:
        buf_add_z(b, t->key.outward ? "egress" : "ingress");
        break;
    default:
        break;
    }
}

str flow_line(struct arena *a, const struct watch *v, const struct network_flow_log *log, int face,
              const struct tally *t, const char *status, int64_t start_s, int64_t end_s)
{
    str format = log->format;
    struct buf b;

    buf_init(&b, 4096);
    while (str_is(format)) {
        str one = str_cut(&format, ' ');
        int field = network_flow_field(str_sub(one, 2, one.n - 3));
        if (b.n)
            buf_add_char(&b, ' ');
        if (field == FLOW_START)
            buf_add_u64(&b, (uint64_t)start_s);
        else if (field == FLOW_END)
            buf_add_u64(&b, (uint64_t)end_s);
        else if (field == FLOW_STATUS)
            buf_add_z(&b, status);
        else if (!add_place(&b, v, log, face, field))
            add_field(&b, t, field);
    }
    str line = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return line;
}
