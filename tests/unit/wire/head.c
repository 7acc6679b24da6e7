/* SPDX-License-Identifier: MIT */
/* What is refused as ambiguous or malformed, and what is read how: on bytes, and once over a socket for each. */
#include "wire/rig.h"

#include "wire/chunk.h"
#include "wire/head.h"

static int parse(str head, struct http_request *r, struct head_facts *f)
{
    static struct arena *a;
    size_t scanned = 0;

    if (!a)
        a = arena_new(1 << 20);
    arena_reset(a);
    memset(r, 0, sizeof *r);
    ptrdiff_t end = head_find_end(head, &scanned);
    if (end <= 0)
        return end == 0 ? -1 : (int)-end;
    assert_int_equal(end, head.n);
    /* From a block of its very size, so that a sanitizer sees any step beyond it. */
    return head_parse_request(arena_dup(a, head), &rig_limits, a, r, f);
}

static void test_wire_head__reads_a_request(void **state)
{
    struct http_request r;
    struct head_facts f;

    (void)state;
    assert_int_equal(
        parse(S("POST /a%2Fb?x=y&z HTTP/1.1\r\nHost: h:1\r\nX-Amz-Date:  20260101T000000Z \r\nx_under: 1\r\n"
                "Empty:\r\nContent-Length: 12\r\n\r\n"),
              &r, &f),
        0);
    assert_str_equal(r.method, S("POST"));
    assert_str_equal(r.target, S("/a%2Fb?x=y&z"));
    assert_str_equal(r.path, S("/a%2Fb"));
    assert_str_equal(r.query, S("x=y&z"));
    assert_int_equal(r.n_headers, 5);
    assert_str_equal(http_header(&r, S("x-amz-DATE")), S("20260101T000000Z"));
    assert_true(str_is(http_header(&r, S("empty"))) && http_header(&r, S("empty")).n == 0);
    assert_false(str_is(http_header(&r, S("absent"))));
    assert_int_equal(r.content_length, 12);
    assert_true(r.has_body && !r.chunked && f.keep_alive);
}

static void test_wire_head__absent_query_differs_from_an_empty_one(void **state)
{
    struct http_request r;
    struct head_facts f;

    (void)state;
    assert_int_equal(parse(S("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"), &r, &f), 0);
    assert_false(str_is(r.query));
    assert_int_equal(parse(S("GET /a? HTTP/1.1\r\nHost: h\r\n\r\n"), &r, &f), 0);
    assert_true(str_is(r.query) && r.query.n == 0);
}

static void test_wire_head__passes_bytes_above_ascii_raw(void **state)
{
    struct http_request r;
    struct head_facts f;

    (void)state;
    assert_int_equal(parse(S("GET /b/\xff\xc3\xa4?\xe2\x82 HTTP/1.1\r\nHost: h\r\nX: \xfc\r\n\r\n"), &r, &f), 0);
    assert_str_equal(r.path, S("/b/\xff\xc3\xa4"));
    assert_str_equal(r.query, S("\xe2\x82"));
    assert_str_equal(http_header(&r, S("x")), S("\xfc"));
}

static void test_wire_head__absolute_form_must_name_the_same_host(void **state)
{
    struct http_request r;
    struct head_facts f;

    (void)state;
    assert_int_equal(parse(S("GET http://h:1/p?q HTTP/1.1\r\nHost: h:1\r\n\r\n"), &r, &f), 0);
    assert_str_equal(r.path, S("/p"));
    assert_str_equal(r.query, S("q"));
    assert_int_equal(parse(S("GET http://other/p HTTP/1.1\r\nHost: h\r\n\r\n"), &r, &f), 400);
    assert_int_equal(parse(S("GET http://h.evil/p HTTP/1.1\r\nHost: h\r\n\r\n"), &r, &f), 400);
    assert_int_equal(parse(S("GET http://h@evil/p HTTP/1.1\r\nHost: h\r\n\r\n"), &r, &f), 400);
}

static void test_wire_head__ignores_an_offer_to_upgrade(void **state)
{
    struct http_request r;
    struct head_facts f;

    (void)state;
    assert_int_equal(parse(S("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                             "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"),
                           &r, &f),
                     0);
    assert_int_equal(r.n_headers, 4);
    assert_true(f.keep_alive);
}

static const struct bad {
    int status;
    const char *why, *text;
} bad[] = {
    {400, "two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
    {400, "two hosts, cases differ", "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"},
    {400, "no host", "GET / HTTP/1.1\r\nX: y\r\n\r\n"},
    {400, "empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
    {400, "a host with a blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "a host with user info", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"},
    {400, "two lengths that differ", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"},
    {400, "two lengths that agree", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"},
    {400, "a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n"},
    {400, "a signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"},
    {400, "a negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"},
    {400, "a hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x10\r\n\r\n"},
    {400, "a length too large", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"},
    {400, "an empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"},
    {400, "length with chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "chunked with length",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"},
    {400, "gzip, chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
    {400, "chunked, identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n"},
    {400, "identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"},
    {400, "xchunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"},
    {400, "chunked twice",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "chunked in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n"},
    {400, "a folded line after the first", "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"},
    {400, "a bare LF", "GET / HTTP/1.1\nHost: a\n\n"},
    {400, "one bare LF", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"},
    {400, "a bare CR", "GET / HTTP/1.1\r\nHost: a\r\nX: y\rZ: w\r\n\r\n"},
    {400, "CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"},
    {400, "a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
    {400, "a blank in a name", "GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n"},
    {400, "an empty name", "GET / HTTP/1.1\r\nHost: a\r\n: z\r\n\r\n"},
    {400, "a line without a colon", "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n"},
    {400, "a control byte in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n"},
    {400, "DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n"},
    {400, "a high byte in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\xe4: b\r\n\r\n"},
    {400, "a tab in the target", "GET /\ta HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "no slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "a star without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"},
    {400, "an unknown method", "GRAB / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "a method in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "HTTP/0.9", "GET /\r\n\r\n"},
    {400, "a version with blanks", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
    {400, "no protocol", "GET / HTTQ/1.1\r\nHost: a\r\n\r\n"},
    {505, "HTTP/2", "PRI * HTTP/2.0\r\n\r\n"},
    {505, "HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
    {505, "HTTP/0.9 named", "GET / HTTP/0.9\r\nHost: a\r\n\r\n"},
    {417, "another expectation", "POST / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\n"},
};

static void test_wire_head__refuses_each_ambiguous_request(void **state)
{
    struct http_request r;
    struct head_facts f;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int got = parse(str_z(bad[i].text), &r, &f);
        if (got != bad[i].status)
            fail_msg("%s: %d instead of %d", bad[i].why, got, bad[i].status);
    }
    assert_int_equal(parse(S("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"), &r, &f), 400);
    assert_int_equal(parse(S("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), &r, &f), 400);
}

static void test_wire_head__each_refusal_closes_the_connection(void **state)
{
    struct rig g;
    char text[4096], expected[32];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int fd = rig_dial(g.port);
        rig_send(fd, str_z(bad[i].text));
        /* what stands behind a refused request must never be answered */
        (void)!send(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n", 32, MSG_NOSIGNAL);
        str r = rig_read_all(fd, text, sizeof text);
        snprintf(expected, sizeof expected, "HTTP/1.1 %d ", bad[i].status);
        if (!str_starts(r, str_z(expected)))
            fail_msg("%s: %.*s", bad[i].why, FMT(r));
        assert_has(r, S("Connection: close\r\n"));
        assert_has(r, S("<Error><Code>"));
        assert_true(str_search(r, S("hello")) < 0);
        close(fd);
    }
    rig_stop(&g);
    assert_int_equal(g.heads, 0);
    assert_int_equal(g.bads, sizeof bad / sizeof bad[0]);
}

static void test_wire_head__limits_size_count_and_target(void **state)
{
    static char head[40000], text[4096];
    struct http_request r;
    struct head_facts f;
    struct rig g;
    size_t n = 0;

    (void)state;
    n = (size_t)snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 99; i++)
        n += (size_t)snprintf(head + n, sizeof head - n, "H%d: v\r\n", i);
    memcpy(head + n, "\r\n", 2);
    assert_int_equal(parse(str_n(head, n + 2), &r, &f), 0);
    n += (size_t)snprintf(head + n, sizeof head - n, "One-more: v\r\n\r\n");
    assert_int_equal(parse(str_n(head, n), &r, &f), 431);

    memset(head, 'a', sizeof head);
    memcpy(head, "GET /", 5);
    memcpy(head + 9000, " HTTP/1.1\r\nHost: a\r\n\r\n", 22);
    assert_int_equal(parse(str_n(head, 9022), &r, &f), 414);

    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    memset(head, 'a', sizeof head);
    memcpy(head, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28); /* and no end within 16 KiB */
    rig_send(fd, str_n(head, 17000));
    assert_true(str_starts(rig_read_all(fd, text, sizeof text), S("HTTP/1.1 431 ")));
    close(fd);
    rig_stop(&g);
    assert_int_equal(g.last_bad, 431);
}

static bool dechunk(str in, size_t step, char *out, size_t *out_n, size_t *used)
{
    struct chunked k = {0};

    *out_n = *used = 0;
    while (!k.done && *used < in.n) {
        str piece, part = str_sub(in, *used, step);
        ptrdiff_t n = chunked_next(&k, part, &piece);
        if (n < 0)
            return false;
        memcpy(out + *out_n, piece.p, piece.n);
        *out_n += piece.n;
        *used += (size_t)n;
    }
    return k.done;
}

static void test_wire_chunk__reads_the_same_at_every_cut(void **state)
{
    str in = S("4\r\nWiki\r\n00A;x=\"y\"\r\npedia in \r\r\n0\r\nTrailer: v\r\nB:\r\n\r\nGET /next");
    char out[64];
    size_t n, used;

    (void)state;
    for (size_t step = 1; step <= in.n; step++) {
        assert_true(dechunk(in, step, out, &n, &used));
        assert_str_equal(str_n(out, n), S("Wikipedia in \r"));
        assert_str_equal(str_from(in, used), S("GET /next"));
    }
}

static void test_wire_chunk__refuses_what_is_not_chunks(void **state)
{
    static const char *const wrong[] = {
        "\r\n",           "x\r\n",        "4\nWiki",           "4\r\nWikipedia",          "4\r\nWiki\n0\r\n\r\n",
        " 4\r\nWiki\r\n", "-4\r\nWiki",   "0x4\r\nWiki",       "10000000000000000\r\nab", "4\r\rWiki",
        "4;a\nb\r\nWiki", "0\r\n folded", "0\r\nA: b\nC: d\r", "0\r\n: x\r\n\r\n",        "4\r\nWiki0\r\n\r\n",
    };
    char out[64];
    size_t n, used;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        str in = str_z(wrong[i]);
        if (dechunk(in, in.n, out, &n, &used) || used >= in.n)
            fail_msg("taken: %s", wrong[i]);
        assert_false(dechunk(in, 1, out, &n, &used));
    }
}

static void test_wire_chunk__bounds_extensions_and_trailers(void **state)
{
    static char in[20000], out[64];
    size_t n, used;

    (void)state;
    memset(in, 'e', sizeof in);
    memcpy(in, "4;", 2);
    assert_false(dechunk(str_n(in, sizeof in), 1000, out, &n, &used));
    assert_true(used < 10000);
    memcpy(in, "0\r\n", 3);
    assert_false(dechunk(str_n(in, sizeof in), 1000, out, &n, &used));
    assert_true(used < 10000);
}

static void test_wire_chunk__a_bad_chunk_is_answered_and_told(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("PUT /sink HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"));
    assert_true(str_starts(rig_read_all(fd, text, sizeof text), S("HTTP/1.1 400 ")));
    close(fd);
    rig_stop(&g);
    assert_int_equal(g.gones, 1);
    assert_int_equal(g.ends, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_head__reads_a_request),
        cmocka_unit_test(test_wire_head__absent_query_differs_from_an_empty_one),
        cmocka_unit_test(test_wire_head__passes_bytes_above_ascii_raw),
        cmocka_unit_test(test_wire_head__absolute_form_must_name_the_same_host),
        cmocka_unit_test(test_wire_head__ignores_an_offer_to_upgrade),
        cmocka_unit_test(test_wire_head__refuses_each_ambiguous_request),
        cmocka_unit_test(test_wire_head__each_refusal_closes_the_connection),
        cmocka_unit_test(test_wire_head__limits_size_count_and_target),
        cmocka_unit_test(test_wire_chunk__reads_the_same_at_every_cut),
        cmocka_unit_test(test_wire_chunk__refuses_what_is_not_chunks),
        cmocka_unit_test(test_wire_chunk__bounds_extensions_and_trailers),
        cmocka_unit_test(test_wire_chunk__a_bad_chunk_is_answered_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
