/* SPDX-License-Identifier: MIT */
/* aws-chunked bodies: AWS's documented examples, cut at every place, and every way to spoil them (T4). */
#include "test.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "identify/chunked.h"

#define SEED "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
#define SEED_TRAILER "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
#define SIG_1 "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
#define SIG_2 "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"
#define SIG_END "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"

struct bench {
    struct arena *a;
    struct header headers[4];
    struct http_request r;
    struct sigv4_claim claim;
    struct hmac_key key;
    struct buf body, got;
    struct chunked *c;
    enum identify_fault fault;
    struct err e;
};

static int begin(void **state)
{
    struct arena *a = arena_new(8 << 20);
    struct bench *b = ARENA_NEW(a, struct bench);
    uint8_t key[32];

    b->a = a;
    b->r.headers = b->headers;
    b->claim = (struct sigv4_claim){
        .date = S("20130524"),
        .region = S("us-east-1"),
        .service = S("s3"),
        .timestamp = S("20130524T000000Z"),
    };
    sigv4_derive_key(S("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), b->claim.date, b->claim.region, b->claim.service,
                     key);
    hmac_key_init(&b->key, HASH_SHA256, str_n((const char *)key, sizeof key));
    buf_init(&b->body, 1 << 20);
    buf_init(&b->got, 1 << 20);
    *state = b;
    return 0;
}

static int end(void **state)
{
    struct bench *b = *state;

    buf_done(&b->body);
    buf_done(&b->got);
    arena_free(b->a);
    return 0;
}

static void add(struct bench *b, const char *name, const char *value)
{
    b->headers[b->r.n_headers++] = (struct header){str_z(name), str_z(value)};
}

static res keep(void *ctx, str piece, struct err *e)
{
    struct bench *b = ctx;

    (void)e;
    buf_add(&b->got, piece);
    return OK;
}

static bool run(struct bench *b, str body, size_t step)
{
    err_clear(&b->e);
    buf_clear(&b->got);
    if (!is_ok(chunked_begin(&b->r, &b->claim, b->claim.payload == PAYLOAD_STREAMING_UNSIGNED_TRAILER ? NULL : &b->key,
                             b->a, keep, b, &b->c, &b->fault, &b->e)))
        return false;
    for (size_t at = 0; at < body.n; at += step)
        if (!is_ok(chunked_feed(b->c, str_sub(body, at, step), &b->fault, &b->e)))
            return false;
    return is_ok(chunked_end(b->c, &b->fault, &b->e));
}

static void refused(struct bench *b, str body, enum identify_fault fault)
{
    static const size_t steps[] = {1, 7, 1 << 20};

    for (size_t i = 0; i < 3; i++) {
        assert_false(run(b, body, steps[i]));
        if (b->fault != fault)
            fail_msg("fault %d, not %d: %s", b->fault, fault, b->e.what);
        assert_false(is_ok(chunked_end(b->c, &b->fault, &b->e)));
        assert_int_equal(b->fault, fault);
    }
}

static void add_as(struct buf *body, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_char(body, 'a');
}

static void build_signed(struct bench *b, const char *sig_1, const char *sig_2, const char *sig_end)
{
    buf_clear(&b->body);
    buf_printf(&b->body, "10000;chunk-signature=%s\r\n", sig_1);
    add_as(&b->body, 65536);
    buf_printf(&b->body, "\r\n400;chunk-signature=%s\r\n", sig_2);
    add_as(&b->body, 1024);
    buf_printf(&b->body, "\r\n0;chunk-signature=%s\r\n", sig_end);
}

static void use_signed(struct bench *b)
{
    b->claim.payload = PAYLOAD_STREAMING_SIGNED;
    b->claim.signature = S(SEED);
    add(b, "x-amz-decoded-content-length", "66560");
    build_signed(b, SIG_1, SIG_2, SIG_END);
    buf_add(&b->body, S("\r\n"));
}

static void use_signed_trailer(struct bench *b)
{
    b->claim.payload = PAYLOAD_STREAMING_SIGNED_TRAILER;
    b->claim.signature = S(SEED_TRAILER);
    add(b, "x-amz-decoded-content-length", "66560");
    add(b, "x-amz-trailer", "x-amz-checksum-crc32c");
    build_signed(b, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                 "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                 "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
}

#define TRAILER_SIG "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"

static void use_unsigned(struct bench *b, const char *length, const char *trailer)
{
    b->claim.payload = PAYLOAD_STREAMING_UNSIGNED_TRAILER;
    b->r.n_headers = 0;
    add(b, "X-Amz-Decoded-Content-Length", length);
    add(b, "X-Amz-Trailer", trailer);
}

static void test_identify_chunked__documented_signed_chunks_verify(void **state)
{
    struct bench *b = *state;
    static const size_t steps[] = {1, 13, 4096, 1 << 20};

    use_signed(b);
    for (size_t i = 0; i < 4; i++) {
        if (!run(b, buf_str(&b->body), steps[i]))
            fail_msg("%s", b->e.what);
        assert_int_equal(b->got.n, 66560);
        assert_int_equal(chunked_decoded_bytes(b->c), 66560);
        assert_false(chunked_checksum(b->c)->set);
    }
}

static void test_identify_chunked__documented_signed_trailer_verifies(void **state)
{
    struct bench *b = *state;
    str checksum = S("x-amz-checksum-crc32c:sOO8/Q==\r\n");

    use_signed_trailer(b);
    size_t n = b->body.n;
    buf_add(&b->body, checksum);
    buf_add(&b->body, S(TRAILER_SIG "\r\n"));
    if (!run(b, buf_str(&b->body), 100))
        fail_msg("%s", b->e.what);
    assert_str_equal(chunked_checksum(b->c)->text, S("sOO8/Q=="));
    b->body.n = n; /* as the example is printed, with an odd line end */
    buf_add(&b->body, S("x-amz-checksum-crc32c:sOO8/Q==\n\r\n" TRAILER_SIG "\r\n"));
    assert_true(run(b, buf_str(&b->body), 100));
    b->body.n = n;
    buf_add(&b->body, S("x-amz-checksum-crc32c:sOO8/A==\r\n" TRAILER_SIG "\r\n"));
    refused(b, buf_str(&b->body), IDENTIFY_SIGNATURE);
    b->body.n = n;
    buf_add(&b->body, S("x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n"));
    refused(b, buf_str(&b->body), IDENTIFY_INCOMPLETE_BODY);
    b->body.n = n;
    buf_add(&b->body, S("\r\n"));
    refused(b, buf_str(&b->body), IDENTIFY_TRAILER);
    b->body.n = n;
    buf_add(&b->body, S(TRAILER_SIG "x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n"));
    refused(b, buf_str(&b->body), IDENTIFY_SIGNATURE);
}

static void test_identify_chunked__changed_signed_chunks_are_refused(void **state)
{
    struct bench *b = *state;

    use_signed(b);
    size_t header = sizeof "10000;chunk-signature=" - 1 + 64 + 2;
    b->body.p[header + 5] = 'b';
    refused(b, buf_str(&b->body), IDENTIFY_SIGNATURE);
    b->body.p[header + 5] = 'a';
    b->body.p[header + 65536 + 2 + header - 2 + 10] = 'b'; /* in the second chunk */
    refused(b, buf_str(&b->body), IDENTIFY_SIGNATURE);
    build_signed(b, SIG_2, SIG_1, SIG_END);
    buf_add(&b->body, S("\r\n"));
    refused(b, buf_str(&b->body), IDENTIFY_SIGNATURE);
    build_signed(b, SIG_1, SIG_2, SIG_2);
    buf_add(&b->body, S("\r\n"));
    refused(b, buf_str(&b->body), IDENTIFY_SIGNATURE);
    build_signed(b, SIG_1, SIG_2, SIG_END);
    buf_add(&b->body, S("\r\n"));
    b->claim.signature = S(SEED_TRAILER); /* the chain of another request */
    refused(b, buf_str(&b->body), IDENTIFY_SIGNATURE);
}

static void test_identify_chunked__dropped_and_cut_signed_chunks_are_refused(void **state)
{
    struct bench *b = *state;

    use_signed(b);
    str whole = buf_str(&b->body);
    for (size_t cut = 1; cut < 200; cut++)
        assert_false(run(b, str_sub(whole, 0, whole.n - cut), 4096));
    refused(b, str_sub(whole, 0, whole.n - 2), IDENTIFY_INCOMPLETE_BODY);
    refused(b, str_sub(whole, 0, 1000), IDENTIFY_INCOMPLETE_BODY);
    refused(b, S(""), IDENTIFY_INCOMPLETE_BODY);
    buf_add(&b->body, S("0"));
    refused(b, buf_str(&b->body), IDENTIFY_CHUNK_MALFORMED);
    buf_clear(&b->body);
    buf_add(&b->body, S("0;chunk-signature=" SIG_END "\r\n\r\n")); /* both chunks dropped */
    refused(b, buf_str(&b->body), IDENTIFY_SIGNATURE);
    refused(b, S("10\r\naaaaaaaaaaaaaaaa\r\n0\r\n\r\n"), IDENTIFY_CHUNK_MALFORMED);
    refused(b, S("0;chunk-signature=00\r\n\r\n"), IDENTIFY_CHUNK_MALFORMED);
}

static void test_identify_chunked__unsigned_trailers_of_every_kind_verify(void **state)
{
    struct bench *b = *state; /* "123456789", whose checksums are known */
    static const char *const trailers[][2] = {
        {"x-amz-checksum-crc32", "y/Q5Jg=="},
        {"x-amz-checksum-crc32c", "4waSgw=="},
        {"x-amz-checksum-crc64nvme", "rosUhgp5mIg="},
        {"x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="},
        {"x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="},
    };

    for (size_t i = 0; i < sizeof trailers / sizeof *trailers; i++) {
        use_unsigned(b, "9", trailers[i][0]);
        buf_clear(&b->body);
        buf_printf(&b->body, "4\r\n1234\r\n5\r\n56789\r\n0\r\n%s:%s\r\n\r\n", trailers[i][0], trailers[i][1]);
        for (size_t step = 1; step < 60; step++)
            if (!run(b, buf_str(&b->body), step))
                fail_msg("%s: %s", trailers[i][0], b->e.what);
        assert_str_equal(buf_str(&b->got), S("123456789"));
        assert_true(chunked_checksum(b->c)->set);
        assert_str_equal(chunked_checksum(b->c)->text, str_z(trailers[i][1]));
        b->body.p[3] = '2';
        refused(b, buf_str(&b->body), IDENTIFY_BAD_DIGEST);
    }
}

static void test_identify_chunked__empty_object_verifies(void **state)
{
    struct bench *b = *state; /* as boto3 sends it */

    use_unsigned(b, "0", "x-amz-checksum-crc32");
    assert_true(run(b, S("0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"), 1));
    assert_int_equal(b->got.n, 0);
}

static void test_identify_chunked__bad_trailers_are_refused(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *body;
        enum identify_fault fault;
    } cases[] = {
        {"9\r\n123456789\r\n0\r\n\r\n", IDENTIFY_TRAILER},
        {"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32c:4waSgw==\r\n\r\n", IDENTIFY_TRAILER},
        {"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32\r\n\r\n", IDENTIFY_TRAILER},
        {"9\r\n123456789\r\n0\r\nx-amz-meta-a:1\r\n\r\n", IDENTIFY_TRAILER},
        {"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n",
         IDENTIFY_TRAILER},
        {"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg\r\n\r\n", IDENTIFY_INVALID_DIGEST},
        {"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:\r\n\r\n", IDENTIFY_INVALID_DIGEST},
        {"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", IDENTIFY_BAD_DIGEST},
        {"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n", IDENTIFY_INCOMPLETE_BODY},
        {"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\nGET", IDENTIFY_CHUNK_MALFORMED},
    };

    use_unsigned(b, "9", "x-amz-checksum-crc32");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(b, str_z(cases[i].body), cases[i].fault);
    buf_clear(&b->body);
    buf_add(&b->body, S("9\r\n123456789\r\n0\r\n"));
    add_as(&b->body, 2000);
    refused(b, buf_str(&b->body), IDENTIFY_TRAILER);
}

static void test_identify_chunked__bad_framing_is_refused(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *body;
        enum identify_fault fault;
    } cases[] = {
        {"9\r\n12345678\r\n", IDENTIFY_CHUNK_MALFORMED},
        {"9\r\n1234567890\r\n", IDENTIFY_CHUNK_MALFORMED},
        {"8\r\n12345678\r\n0\r\nx-amz-checksum-crc32:mufmNw==\r\n\r\n", IDENTIFY_INCOMPLETE_BODY},
        {"a\r\n1234567890\r\n", IDENTIFY_INCOMPLETE_BODY},
        {"9\r\n123456789\r\n1\r\n0\r\n", IDENTIFY_INCOMPLETE_BODY},
        {"ffffffffffffffff\r\n123456789", IDENTIFY_INCOMPLETE_BODY},
        {"10000000000000009\r\n123456789", IDENTIFY_CHUNK_MALFORMED},
        {"0x9\r\n123456789\r\n", IDENTIFY_CHUNK_MALFORMED},
        {"-9\r\n123456789\r\n", IDENTIFY_CHUNK_MALFORMED},
        {" 9\r\n123456789\r\n", IDENTIFY_CHUNK_MALFORMED},
        {"\r\n", IDENTIFY_CHUNK_MALFORMED},
        {"9\n123456789\r\n", IDENTIFY_CHUNK_MALFORMED},
        {"9\r\n123456789\n0\r\n", IDENTIFY_CHUNK_MALFORMED},
        {"9;ext=1\r\n123456789\r\n", IDENTIFY_CHUNK_MALFORMED},
    };

    use_unsigned(b, "9", "x-amz-checksum-crc32");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(b, str_z(cases[i].body), cases[i].fault);
    buf_clear(&b->body);
    add_as(&b->body, 5000);
    refused(b, buf_str(&b->body), IDENTIFY_CHUNK_MALFORMED);
}

static void test_identify_chunked__nothing_beyond_the_announced_length_reaches_the_sink(void **state)
{
    struct bench *b = *state;

    use_unsigned(b, "9", "x-amz-checksum-crc32");
    assert_false(run(b, S("9\r\n123456789\r\n9\r\n123456789\r\n0\r\n\r\n"), 1));
    assert_int_equal(b->got.n, 9);
}

static void test_identify_chunked__bad_headers_are_refused(void **state)
{
    struct bench *b = *state;

    use_unsigned(b, "9x", "x-amz-checksum-crc32");
    assert_false(run(b, S(""), 1));
    assert_int_equal(b->fault, IDENTIFY_LENGTH_MISSING);
    use_unsigned(b, "9", "x-amz-checksum-crc32,x-amz-checksum-sha1");
    assert_false(run(b, S(""), 1));
    assert_int_equal(b->fault, IDENTIFY_TRAILER);
    use_unsigned(b, "9", "content-md5");
    assert_false(run(b, S(""), 1));
    assert_int_equal(b->fault, IDENTIFY_TRAILER);
    b->claim.payload = PAYLOAD_STREAMING_SIGNED;
    b->claim.signature = S("short");
    b->r.n_headers = 1;
    assert_false(run(b, S(""), 1));
    assert_int_equal(b->fault, IDENTIFY_SIGNATURE);
}

static res choke(void *ctx, str piece, struct err *e)
{
    (void)ctx, (void)piece;
    return oops(e, 28, "no space");
}

static void test_identify_chunked__a_failing_sink_is_our_failure(void **state)
{
    struct bench *b = *state;

    use_unsigned(b, "9", "x-amz-checksum-crc32");
    assert_true(is_ok(chunked_begin(&b->r, &b->claim, NULL, b->a, choke, b, &b->c, &b->fault, &b->e)));
    res r = chunked_feed(b->c, S("9\r\n1234"), &b->fault, &b->e);
    assert_int_equal(r.why, WHY_OOPS);
    assert_int_equal(b->fault, IDENTIFY_OK);
    assert_int_equal(b->e.sys_errno, 28);
    assert_false(is_ok(chunked_feed(b->c, S("5"), &b->fault, &b->e)));
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_identify_chunked__documented_signed_chunks_verify),
        T(test_identify_chunked__documented_signed_trailer_verifies),
        T(test_identify_chunked__changed_signed_chunks_are_refused),
        T(test_identify_chunked__dropped_and_cut_signed_chunks_are_refused),
        T(test_identify_chunked__unsigned_trailers_of_every_kind_verify),
        T(test_identify_chunked__empty_object_verifies),
        T(test_identify_chunked__bad_trailers_are_refused),
        T(test_identify_chunked__bad_framing_is_refused),
        T(test_identify_chunked__nothing_beyond_the_announced_length_reaches_the_sink),
        T(test_identify_chunked__bad_headers_are_refused),
        T(test_identify_chunked__a_failing_sink_is_our_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
