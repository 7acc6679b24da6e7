/* SPDX-License-Identifier: MIT */
/* What the kernel's log says of packets is read to the letter, and nothing beyond its end. */
#include "conductor/nflog.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"

struct heard {
    struct nflog_packet last;
    size_t n;
};

static void hear(void *arg, const struct nflog_packet *p)
{
    struct heard *h = arg;

    h->last = *p;
    h->n++;
}

static size_t attribute(uint8_t *at, uint16_t type, const void *value, size_t n)
{
    const struct nlattr a = {(uint16_t)(sizeof a + n), type};

    memset(at, 0, NLA_ALIGN(sizeof a + n));
    memcpy(at, &a, sizeof a);
    memcpy(at + sizeof a, value, n);
    return NLA_ALIGN(sizeof a + n);
}

/* A message with a prefix and a packet of `bytes`. */
static size_t message(uint8_t *at, const char *prefix, const uint8_t *packet, size_t bytes)
{
    size_t n = NLMSG_HDRLEN + sizeof(struct nfgenmsg);

    memset(at, 0, n);
    n += attribute(at + n, NFULA_PREFIX, prefix, 2);
    n += attribute(at + n, NFULA_PAYLOAD, packet, bytes);
    const struct nlmsghdr h = {.nlmsg_len = (uint32_t)n, .nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET};
    memcpy(at, &h, sizeof h);
    return n;
}

/* 10.0.1.5:4000 to 10.0.1.6:443, SYN, 60 bytes. */
static const uint8_t syn[40] = {0x45, 0,    0, 60,   0, 0, 0, 0, 64, 6, 0, 0, 10, 0,    1, 5, 10, 0, 1, 6,
                                0x0f, 0xa0, 1, 0xbb, 0, 0, 0, 0, 0,  0, 0, 0, 80, 0x02, 0, 0, 0,  0, 0, 0};

static void test_conductor_nflog__a_packet_is_read(void **state)
{
    struct heard h = {.n = 0};
    uint8_t m[512];

    (void)state;
    size_t n = message(m, "a", syn, sizeof syn);
    n += message(m + n, "i", syn, sizeof syn);
    nflog_read(m, n, hear, &h);
    assert_int_equal(h.n, 2);
    assert_int_equal(h.last.verdict, 'i');
    assert_int_equal(h.last.src, 0x0a000105);
    assert_int_equal(h.last.dst, 0x0a000106);
    assert_int_equal(h.last.src_port, 4000);
    assert_int_equal(h.last.dst_port, 443);
    assert_int_equal(h.last.proto, 6);
    assert_int_equal(h.last.tcp_flags, 2);
    assert_int_equal(h.last.bytes, 60);
}

static void test_conductor_nflog__a_short_packet_has_no_ports(void **state)
{
    struct heard h = {.n = 0};
    uint8_t m[512], later[40];

    (void)state;
    nflog_read(m, message(m, "a", syn, 20), hear, &h);
    assert_int_equal(h.n, 1);
    assert_int_equal(h.last.dst_port, 0);
    nflog_read(m, message(m, "a", syn, 19), hear, &h);
    assert_int_equal(h.n, 1);
    memcpy(later, syn, sizeof later); /* a later fragment: what follows its head is no port */
    later[7] = 1;
    nflog_read(m, message(m, "a", later, sizeof later), hear, &h);
    assert_int_equal(h.n, 2);
    assert_int_equal(h.last.dst_port, 0);
    later[7] = 0;
    later[0] = 0x4f; /* a head longer than what is there */
    nflog_read(m, message(m, "a", later, sizeof later), hear, &h);
    assert_int_equal(h.last.dst_port, 0);
    later[0] = 0x65;
    nflog_read(m, message(m, "a", later, sizeof later), hear, &h);
    assert_int_equal(h.n, 3);
}

/* Cut anywhere, or with any one byte changed: under a sanitizer nothing beyond the copy may be touched. */
static void test_conductor_nflog__damage_is_passed_over(void **state)
{
    struct heard h = {.n = 0};
    uint8_t m[512];

    (void)state;
    size_t n = message(m, "a", syn, sizeof syn);
    for (size_t cut = 0; cut < n; cut++) {
        struct arena *a = arena_new(4096);
        uint8_t *copy = arena_alloc(a, cut + 1);
        memcpy(copy, m, cut);
        nflog_read(copy, cut, hear, &h);
        arena_free(a);
    }
    assert_int_equal(h.n, 0);
    for (size_t at = 0; at < n; at++)
        for (int value = 0; value < 256; value += 5) {
            uint8_t was = m[at];
            m[at] = (uint8_t)value;
            nflog_read(m, n, hear, &h);
            m[at] = was;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conductor_nflog__a_packet_is_read),
        cmocka_unit_test(test_conductor_nflog__a_short_packet_has_no_ports),
        cmocka_unit_test(test_conductor_nflog__damage_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
