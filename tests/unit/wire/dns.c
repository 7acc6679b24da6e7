/* SPDX-License-Identifier: MIT */
/* The DNS responder, packet by packet, and over a UDP socket of the loop. */
#include "wire/rig.h"

#include "wire/dns.h"

static bool lookup(void *ctx, str name, uint32_t *ips, size_t *n)
{
    (void)ctx;
    if (str_eq(name, S("empty.internal"))) {
        *n = 0;
        return true;
    }
    if (!str_eq(name, S("sts.us-east-1.amazonaws.com")))
        return false;
    assert_true(*n >= 2);
    ips[0] = 0x0a000105;
    ips[1] = 0x0a000205;
    *n = 2;
    return true;
}

static const struct dns_zone_fn zone = {lookup, NULL};

/* A query for a dotted name; type 1 is A, 28 AAAA. */
static str query(char *dst, const char *name, int type, int class)
{
    size_t n = 12;

    memset(dst, 0, 512);
    memcpy(dst, "\x12\x34\x01\x00\x00\x01", 6);
    for (str rest = str_z(name); str_is(rest);) {
        str label = str_cut(&rest, '.');
        dst[n++] = (char)label.n;
        memcpy(dst + n, label.p, label.n);
        n += label.n;
    }
    dst[n++] = 0;
    dst[n++] = 0;
    dst[n++] = (char)type;
    dst[n++] = 0;
    dst[n++] = (char)class;
    return str_n(dst, n);
}

struct reply {
    uint8_t bytes[512];
    size_t n;
    int rcode, answers;
};

static struct reply ask(str packet)
{
    struct arena *a = arena_new(1 << 16);
    struct reply r = {.rcode = -1};

    r.n = dns_answer(a, packet, &zone, r.bytes, sizeof r.bytes);
    arena_free(a);
    if (r.n >= 12) {
        assert_memory_equal(r.bytes, packet.p, 2);
        assert_true(r.bytes[2] & 0x80);
        r.rcode = r.bytes[3] & 15;
        r.answers = r.bytes[6] << 8 | r.bytes[7];
    }
    return r;
}

static void test_wire_dns__answers_addresses_of_known_names_without_case(void **state)
{
    char q[512];
    struct reply r = ask(query(q, "STS.us-East-1.amazonaws.com", 1, 1));

    (void)state;
    assert_int_equal(r.rcode, 0);
    assert_int_equal(r.answers, 2);
    assert_true(r.bytes[2] & 4);                                   /* authoritative */
    assert_false(r.bytes[3] & 0x80);                               /* recursion not offered */
    assert_memory_equal(r.bytes + 12, "\x03STS\x09us-East-1", 14); /* the question as it was asked */
    assert_memory_equal(r.bytes + r.n - 4, "\x0a\x00\x02\x05", 4);
    assert_memory_equal(r.bytes + r.n - 10, "\x00\x00\x00\x3c\x00\x04", 6); /* TTL 60 */
}

static void test_wire_dns__known_names_have_no_other_records(void **state)
{
    static const int types[] = {28, 15, 16, 65, 33, 2, 6};
    char q[512];

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct reply r = ask(query(q, "sts.us-east-1.amazonaws.com", types[i], 1));
        assert_int_equal(r.rcode, 0);
        assert_int_equal(r.answers, 0);
    }
    struct reply r = ask(query(q, "empty.internal", 1, 1));
    assert_int_equal(r.rcode, 0);
    assert_int_equal(r.answers, 0);
}

static void test_wire_dns__unknown_names_do_not_exist(void **state)
{
    char q[512];

    (void)state;
    assert_int_equal(ask(query(q, "example.com", 1, 1)).rcode, 3);
    assert_int_equal(ask(query(q, "example.com", 28, 1)).rcode, 3);
    assert_int_equal(ask(query(q,
                               "a\x01"
                               "b.example.com",
                               1, 1))
                         .rcode,
                     3);
    assert_int_equal(ask(query(q, "sts.us-east-1.amazonaws.com.evil.com", 1, 1)).rcode, 3);
}

static void test_wire_dns__refuses_transfers_and_other_classes(void **state)
{
    char q[512];

    (void)state;
    assert_int_equal(ask(query(q, "sts.us-east-1.amazonaws.com", 252, 1)).rcode, 5);
    assert_int_equal(ask(query(q, "sts.us-east-1.amazonaws.com", 1, 3)).rcode, 5);
}

static void test_wire_dns__survives_what_is_malformed(void **state)
{
    char q[512], again[512];
    str good = query(q, "sts.us-east-1.amazonaws.com", 1, 1);

    (void)state;
    for (size_t n = 0; n < 12; n++)
        assert_int_equal(ask(str_sub(good, 0, n)).n, 0);
    for (size_t n = 12; n < good.n; n++)
        assert_int_equal(ask(str_sub(good, 0, n)).rcode, 1);
    memcpy(again, q, sizeof q);
    again[5] = 2; /* two questions */
    assert_int_equal(ask(str_n(again, good.n)).rcode, 1);
    again[5] = 0;
    assert_int_equal(ask(str_n(again, good.n)).rcode, 1);
    memcpy(again, q, sizeof q);
    again[2] = (char)0x81; /* a reply */
    assert_int_equal(ask(str_n(again, good.n)).n, 0);
    again[2] = 0x29; /* an update */
    assert_int_equal(ask(str_n(again, good.n)).rcode, 4);
    memcpy(again, q, sizeof q);
    memcpy(again + 12, "\xc0\x0c", 2); /* a name that points at itself */
    assert_int_equal(ask(str_n(again, good.n)).rcode, 1);
}

static void test_wire_dns__tolerates_edns(void **state)
{
    static const char opt[] = "\x00\x00\x29\x10\x00\x00\x00\x80\x00\x00\x00"; /* 4096 bytes, DO */
    char q[512];
    str packet = query(q, "sts.us-east-1.amazonaws.com", 1, 1);

    (void)state;
    q[11] = 1;
    memcpy(q + packet.n, opt, sizeof opt - 1);
    struct reply r = ask(str_n(q, packet.n + sizeof opt - 1));
    assert_int_equal(r.rcode, 0);
    assert_int_equal(r.answers, 2);
    assert_int_equal(r.bytes[11], 1);
}

static void on_packet(void *tag, int fd, const void *from, uint32_t from_len, str packet)
{
    struct arena *a = arena_new(1 << 16);
    uint8_t out[512];
    size_t n = dns_answer(a, packet, tag, out, sizeof out);

    if (n)
        (void)!sendto(fd, out, n, MSG_DONTWAIT, from, from_len);
    arena_free(a);
}

static void *run(void *loop)
{
    loop_run(loop, NULL);
    return NULL;
}

static void close_door(void *loop)
{
    loop_unlisten(loop, (void *)(uintptr_t)&zone);
}

static void test_wire_dns__is_served_by_the_loop(void **state)
{
    static const struct http_service none = {0};
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct timeval patience = {.tv_sec = 5};
    socklen_t at_n = sizeof at;
    struct loop *l;
    pthread_t thread;
    char q[512], answer[512];
    int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)state;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(server, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&at, &at_n), 0);
    assert_true(is_ok(loop_new(&none, &rig_limits, NULL, &l, NULL)));
    assert_true(is_ok(loop_udp(l, server, (void *)(uintptr_t)&zone, on_packet, NULL)));
    assert_int_equal(pthread_create(&thread, NULL, run, l), 0);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (int i = 0; i < 3; i++) {
        str packet = query(q, "sts.us-east-1.amazonaws.com", 1, 1);
        assert_true(sendto(client, packet.p, packet.n, 0, (struct sockaddr *)&at, sizeof at) > 0);
        assert_true(recv(client, answer, sizeof answer, 0) > 40);
    }
    loop_post(l, close_door, l);
    patience = (struct timeval){.tv_usec = 100000};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    bool answered = true;
    for (int i = 0; i < 10000 && answered; i++) { /* the loop may still be at a batch of questions */
        str packet = query(q, "sts.us-east-1.amazonaws.com", 1, 1);
        sendto(client, packet.p, packet.n, 0, (struct sockaddr *)&at, sizeof at);
        answered = recv(client, answer, sizeof answer, 0) > 0;
    }
    assert_false(answered);
    close(client);
    loop_stop(l);
    pthread_join(thread, NULL);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_dns__answers_addresses_of_known_names_without_case),
        cmocka_unit_test(test_wire_dns__known_names_have_no_other_records),
        cmocka_unit_test(test_wire_dns__unknown_names_do_not_exist),
        cmocka_unit_test(test_wire_dns__refuses_transfers_and_other_classes),
        cmocka_unit_test(test_wire_dns__survives_what_is_malformed),
        cmocka_unit_test(test_wire_dns__tolerates_edns),
        cmocka_unit_test(test_wire_dns__is_served_by_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
