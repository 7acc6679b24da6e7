/* SPDX-License-Identifier: MIT */
/* The messages are the kernel's, the headers in them are a workload's: nothing is read beyond its length. */
#include "conductor/nflog.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <string.h>

enum { TCP = 6, UDP = 17, IPV4_BYTES = 20, TCP_FLAGS_AT = 13 };

static uint32_t big32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t big16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static bool read_ipv4(const uint8_t *p, size_t n, struct nflog_packet *out)
{
    if (n < IPV4_BYTES || p[0] >> 4 != 4)
        return false;
    size_t head = (size_t)(p[0] & 15) * 4;
    bool first = (big16(p + 6) & 0x1fff) == 0; /* later fragments have no ports */
    out->bytes = big16(p + 2);
    out->proto = p[9];
    out->src = big32(p + 12);
    out->dst = big32(p + 16);
    if ((out->proto == TCP || out->proto == UDP) && first && n >= head + 4) {
        out->src_port = big16(p + head);
        out->dst_port = big16(p + head + 2);
    }
    if (out->proto == TCP && first && n > head + TCP_FLAGS_AT)
        out->tcp_flags = p[head + TCP_FLAGS_AT];
    return true;
}

static bool read_packet(const uint8_t *p, size_t n, struct nflog_packet *out)
{
    bool packet = false;

    *out = (struct nflog_packet){0};
    while (n >= sizeof(struct nlattr)) {
        struct nlattr a;
        memcpy(&a, p, sizeof a);
        size_t step = NLA_ALIGN(a.nla_len);
        if (a.nla_len < sizeof a || a.nla_len > n)
            return false;
        const uint8_t *value = p + sizeof a;
        if ((a.nla_type & NLA_TYPE_MASK) == NFULA_PREFIX && a.nla_len > sizeof a)
            out->verdict = (char)value[0];
        if ((a.nla_type & NLA_TYPE_MASK) == NFULA_PAYLOAD)
            packet = read_ipv4(value, a.nla_len - sizeof a, out);
        if (step >= n)
            break;
        p += step;
        n -= step;
    }
    return packet && out->verdict;
}

void nflog_read(const void *data, size_t n, void (*each)(void *arg, const struct nflog_packet *p), void *arg)
{
    const uint8_t *p = data;

    while (n >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr h;
        struct nflog_packet packet;
        memcpy(&h, p, sizeof h);
        size_t head = NLMSG_HDRLEN + sizeof(struct nfgenmsg), step = NLMSG_ALIGN(h.nlmsg_len);
        if (h.nlmsg_len < sizeof h || h.nlmsg_len > n)
            return;
        if (h.nlmsg_type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) && h.nlmsg_len >= head &&
            read_packet(p + head, h.nlmsg_len - head, &packet))
            each(arg, &packet);
        if (step >= n)
            return;
        p += step;
        n -= step;
    }
}
