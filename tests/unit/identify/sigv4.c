/* SPDX-License-Identifier: MIT */
/* Signatures in headers as a server meets them: what verifies, and the attacks T1 to T4 that must not. */
#include "bench.h"

static void test_identify_sigv4__known_signature_of_the_documentation(void **state)
{
    struct bench *b = *state; /* the IAM ListUsers example of AWS's Signature Version 4 guide */
    uint8_t key[32];
    char hex[64];

    sigv4_derive_key(S("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), S("20150830"), S("us-east-1"), S("iam"), key);
    hex_encode(key, 32, hex);
    assert_str_equal(str_n(hex, 64), S("c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"));
    b->signer = sigv4_signer_for(S("iam"), S("us-east-1"), S("AKIDEXAMPLE"),
                                 S("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), STR_ABSENT, 1440938160000);
    b->r.method = S("GET");
    b->r.n_headers = 0;
    add(b, "host", "iam.amazonaws.com");
    add(b, "content-type", "application/x-www-form-urlencoded; charset=utf-8");
    set_target(b, S("/?Action=ListUsers&Version=2010-05-08"));
    sign(b, body_hash(b, ""));
    assert_true(str_ends(header_at(b, "authorization")->value,
                         S("Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")));
}

static void test_identify_sigv4__header_form_verifies(void **state)
{
    struct bench *b = *state;
    str hash = body_hash(b, "Action=GetCallerIdentity&Version=2011-06-15");

    add(b, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    add(b, "User-Agent", "Boto3/1.26");
    sign(b, hash);
    assert_true(verify(b, hash));
    assert_str_equal(b->claim.access_key_id, S(AKID));
    assert_str_equal(b->claim.date, S("20261123"));
    assert_str_equal(b->claim.region, S("us-east-1"));
    assert_str_equal(b->claim.service, S("sts"));
    assert_str_equal(b->claim.signed_headers, S("content-type;host;x-amz-date"));
    assert_false(str_is(b->claim.token));
    assert_int_equal(b->claim.payload, PAYLOAD_COMPUTED);
}

static void test_identify_sigv4__session_token_verifies(void **state)
{
    struct bench *b = *state;
    str hash = body_hash(b, "");

    b->signer.token = S(TOKEN);
    sign(b, hash);
    assert_true(verify(b, hash));
    assert_str_equal(b->claim.token, S(TOKEN));
}

static void test_identify_sigv4__date_header_alone_is_enough(void **state)
{
    struct bench *b = *state; /* older clients send no X-Amz-Date; the text to sign then holds Date's time */
    struct sigv4_signed out;
    uint8_t mac[32];

    add(b, "Date", "Mon, 23 Nov 2026 08:22:51 GMT");
    assert_true(is_ok(sigv4_sign(&b->signer, &b->r, body_hash(b, ""), b->a, &out, &b->e)));
    add(b, "Authorization",
        "AWS4-HMAC-SHA256 Credential=" AKID
        "/20261123/us-east-1/sts/aws4_request, SignedHeaders=date;host, Signature=0");
    refused(b, body_hash(b, ""), IDENTIFY_SIGNATURE);
    assert_str_equal(b->claim.timestamp, S("20261123T082251Z"));
    uint8_t key[32];
    sigv4_derive_key(S(SECRET), S("20261123"), S("us-east-1"), S("sts"), key);
    hmac_sha256(str_n((const char *)key, 32), b->sts, mac);
    header_at(b, "authorization")->value =
        arena_printf(b->a,
                     "AWS4-HMAC-SHA256 Credential=" AKID
                     "/20261123/us-east-1/sts/aws4_request, SignedHeaders=date;host, Signature=%.*s",
                     FMT(hex_of(b->a, str_n((const char *)mac, 32))));
    assert_true(verify(b, body_hash(b, "")));
    header_at(b, "date")->value = S("Mon, 23 Nov 2026 08:22:52 GMT");
    refused(b, body_hash(b, ""), IDENTIFY_SIGNATURE);
    header_at(b, "date")->value = S("yesterday");
    refused(b, body_hash(b, ""), IDENTIFY_HEADER_MALFORMED);
    header_at(b, "date")->name = S("x-date");
    refused(b, body_hash(b, ""), IDENTIFY_HEADER_MALFORMED);
}

static void test_identify_sigv4__forged_and_truncated_signatures_fail(void **state)
{
    struct bench *b = *state; /* T1 */
    str hash = body_hash(b, "");

    sign(b, hash);
    struct header *h = header_at(b, "authorization");
    str good = h->value;
    for (size_t cut = 1; cut < 65; cut += 9) {
        h->value = str_sub(good, 0, good.n - cut);
        assert_false(verify(b, hash));
    }
    for (size_t i = 0; i < 64; i++) {
        char *bad = arena_z(b->a, good);
        bad[good.n - 1 - i] = bad[good.n - 1 - i] == '0' ? '1' : '0';
        h->value = str_n(bad, good.n);
        refused(b, hash, IDENTIFY_SIGNATURE);
    }
    h->value = arena_cat(b->a, good, S("0"));
    refused(b, hash, IDENTIFY_SIGNATURE);
    h->value = good;
    assert_true(verify(b, hash));
    refused(b, body_hash(b, "another body"), IDENTIFY_SIGNATURE);
    b->r.method = S("GET");
    refused(b, hash, IDENTIFY_SIGNATURE);
}

static void test_identify_sigv4__other_scope_fails(void **state)
{
    struct bench *b = *state; /* T1: the scope chooses the key, so a moved scope is another signature */
    str hash = body_hash(b, "");

    sign(b, hash);
    struct header *h = header_at(b, "authorization");
    ptrdiff_t at = str_search(h->value, S("us-east-1"));
    char *moved = arena_z(b->a, h->value);
    moved[at + 8] = '2';
    h->value = str_n(moved, h->value.n);
    refused(b, hash, IDENTIFY_SIGNATURE);
}

static void test_identify_sigv4__old_and_future_requests_fail(void **state)
{
    struct bench *b = *state; /* T2 */
    str hash = body_hash(b, "");
    static const int minutes[] = {-16, 16};

    sign(b, hash);
    int64_t now = b->signer.now_ms;
    for (int i = 0; i < 2; i++) {
        time_set_offset_ms(0);
        time_set_offset_ms(now + minutes[i] * 60000 - time_wall_ms());
        refused(b, hash, IDENTIFY_SKEWED);
        time_set_offset_ms(0);
        time_set_offset_ms(now + (minutes[i] < 0 ? -14 : 14) * 60000 - time_wall_ms());
        assert_true(verify(b, hash));
    }
    time_set_offset_ms(0);
    time_set_offset_ms(now + 16 * 60000 - time_wall_ms());
    refused(b, hash, IDENTIFY_SKEWED);
    assert_non_null(strstr(b->e.what, "Signature expired: 20261123T082251Z is now earlier than 20261123T0823"));
}

static void test_identify_sigv4__scope_date_must_be_the_request_day(void **state)
{
    struct bench *b = *state; /* T2 */
    str hash = body_hash(b, "");

    sign(b, hash);
    struct header *h = header_at(b, "authorization");
    char *moved = arena_z(b->a, h->value);
    moved[str_search(h->value, S("20261123")) + 7] = '4';
    h->value = str_n(moved, h->value.n);
    refused(b, hash, IDENTIFY_HEADER_MALFORMED);
}

static void test_identify_sigv4__unsigned_amz_headers_and_host_are_refused(void **state)
{
    struct bench *b = *state; /* T3 */
    str hash = body_hash(b, "");
    static const char *const extra[] = {"X-Amz-Target", "x-amz-security-token", "X-AMZ-Meta-Owner",
                                        "x-amz-copy-source"};

    sign(b, hash);
    size_t n = b->r.n_headers;
    for (size_t i = 0; i < 4; i++) {
        b->r.n_headers = n;
        add(b, extra[i], "smuggled");
        refused(b, hash, IDENTIFY_UNSIGNED_HEADER);
    }
    b->r.n_headers = n;
    struct header *h = header_at(b, "authorization");
    h->value = S("AWS4-HMAC-SHA256 Credential=" AKID "/20261123/us-east-1/sts/aws4_request, SignedHeaders=x-amz-date, "
                 "Signature=0000000000000000000000000000000000000000000000000000000000000000");
    refused(b, hash, IDENTIFY_UNSIGNED_HEADER);
}

static void test_identify_sigv4__duplicates_of_single_headers_are_refused(void **state)
{
    struct bench *b = *state; /* T3 */
    str hash = body_hash(b, "");
    static const char *const names[] = {"x-amz-date", "HOST", "Authorization", "Content-Type"};

    add(b, "Content-Type", "text/plain");
    sign(b, hash);
    size_t n = b->r.n_headers;
    for (size_t i = 0; i < 4; i++) {
        b->r.n_headers = n;
        add(b, names[i], "again");
        refused(b, hash, IDENTIFY_DUPLICATE);
    }
    b->r.n_headers = n;
    add(b, "Date", "Mon, 23 Nov 2026 08:22:51 GMT");
    assert_true(verify(b, hash)); /* X-Amz-Date rules, Date alone is no duplicate */
    add(b, "date", "Mon, 23 Nov 2026 08:22:51 GMT");
    refused(b, hash, IDENTIFY_DUPLICATE);
}

static void test_identify_sigv4__signed_header_that_is_missing_is_refused(void **state)
{
    struct bench *b = *state; /* T3 */
    str hash = body_hash(b, "");

    add(b, "x-amz-meta-a", "1");
    sign(b, hash);
    *header_at(b, "x-amz-meta-a") = (struct header){S("other"), S("1")};
    refused(b, hash, IDENTIFY_SIGNATURE);
    *header_at(b, "other") = (struct header){S("x-amz-meta-a"), S("2")};
    refused(b, hash, IDENTIFY_SIGNATURE);
}

static void test_identify_sigv4__malformed_authorization_is_refused(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *value;
        enum identify_fault fault;
    } cases[] = {
        {"AWS4-HMAC-SHA256", IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 ", IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential", IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A/20261123/r/s/aws4_request, SignedHeaders=host", IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A/20261123/r/s, SignedHeaders=host, Signature=0", IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A/20261123/r/s/aws4_request/x, SignedHeaders=host, Signature=0",
         IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=/20261123/r/s/aws4_request, SignedHeaders=host, Signature=0",
         IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A\n/20261123/r/s/aws4_request, SignedHeaders=host, Signature=0",
         IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A/2026112x/r/s/aws4_request, SignedHeaders=host, Signature=0",
         IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A/20261123/r/s/aws4_request, SignedHeaders=x-amz-date;host, Signature=0",
         IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A/20261123/r/s/aws4_request, SignedHeaders=Host;x-amz-date, Signature=0",
         IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A/20261123/r/s/aws4_request, SignedHeaders=host;host;x-amz-date, Signature=0",
         IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A/20261123/r/s/aws4_request, SignedHeaders=host;;x-amz-date, Signature=0",
         IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A/20261123/r/s/aws4_request, SignedHeaders=host;x-amz-date, Signature=0, "
         "Signature=1",
         IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=A/20261123/r/s/aws4_request, SignedHeaders=host;x-amz-date, Signature=0, Extra=1",
         IDENTIFY_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256-PAYLOAD Credential=A/20261123/r/s/aws4_request, SignedHeaders=host, Signature=0",
         IDENTIFY_SCHEME},
        {"AWS " AKID ":c2lnbmF0dXJl", IDENTIFY_SCHEME},
        {"Bearer token", IDENTIFY_SCHEME},
        {"", IDENTIFY_SCHEME},
    };

    refused(b, S(""), IDENTIFY_ANONYMOUS);
    add(b, "X-Amz-Date", "20261123T082251Z");
    add(b, "Authorization", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        header_at(b, "Authorization")->value = str_z(cases[i].value);
        refused(b, S(""), cases[i].fault);
    }
}

static void test_identify_sigv4__bad_dates_are_refused(void **state)
{
    struct bench *b = *state;
    static const char *const bad[] = {
        "", "20261123", "2026-11-23T08:22:51Z", "20261123T082251", "20261323T082251Z", "20261123T082251Z "};

    sign(b, body_hash(b, ""));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        header_at(b, "x-amz-date")->value = str_z(bad[i]);
        refused(b, S(""), IDENTIFY_HEADER_MALFORMED);
    }
}

static void test_identify_sigv4__unsigned_payload_needs_s3_and_tls(void **state)
{
    struct bench *b = *state; /* T4 */

    use_s3(b, "/bucket/key");
    sign(b, S("UNSIGNED-PAYLOAD"));
    assert_true(verify(b, S("")));
    assert_int_equal(b->claim.payload, PAYLOAD_UNSIGNED);
    b->r.origin.tls = false;
    refused(b, S(""), IDENTIFY_PAYLOAD);
    header_at(b, "x-amz-content-sha256")->value = S("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    refused(b, S(""), IDENTIFY_PAYLOAD);
    header_at(b, "x-amz-content-sha256")->value = S("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    refused(b, S(""), IDENTIFY_SIGNATURE); /* that one may travel in the clear, but it was not what was signed */
    header_at(b, "x-amz-content-sha256")->value = S("nonsense");
    refused(b, S(""), IDENTIFY_PAYLOAD);
}

static void test_identify_sigv4__other_services_sign_their_bodies(void **state)
{
    struct bench *b = *state; /* T4 */

    b->signer.add_payload_hash = true;
    sign(b, S("UNSIGNED-PAYLOAD"));
    refused(b, S(""), IDENTIFY_PAYLOAD);
}

static void test_identify_sigv4__s3_demands_the_payload_header(void **state)
{
    struct bench *b = *state; /* T4 */

    use_s3(b, "/bucket/key");
    b->signer.add_payload_hash = false;
    sign(b, body_hash(b, ""));
    refused(b, body_hash(b, ""), IDENTIFY_PAYLOAD);
}

static void test_identify_sigv4__s3_paths_are_neither_normalized_nor_encoded_twice(void **state)
{
    struct bench *b = *state;

    use_s3(b, "/bucket//a/../b%20c/%C3%BC+x?versionId=1&prefix=a%2Fb&acl");
    sign(b, body_hash(b, ""));
    assert_true(verify(b, S("")));
    assert_true(str_starts(b->canonical, S("GET\n/bucket//a/../b%20c/%C3%BC%2Bx\nacl=&prefix=a%2Fb&versionId=1\n")));
    set_target(b, S("/bucket/b%2"));
    refused(b, S(""), IDENTIFY_URI);
    set_target(b, S("/bucket/b?x=%zz"));
    refused(b, S(""), IDENTIFY_URI);
}

static void test_identify_sigv4__other_paths_are_normalized_and_encoded_again(void **state)
{
    struct bench *b = *state;

    set_target(b, S("/a/./b//../c%20d/?b=2&a=%C3%BC&a=1&a="));
    sign(b, body_hash(b, ""));
    assert_true(verify(b, body_hash(b, "")));
    assert_true(str_starts(b->canonical, S("POST\n/a/c%2520d/\na=&a=%C3%BC&a=1&b=2\n")));
}

static void test_identify_sigv4__hidden_parameters_stay_signed(void **state)
{
    struct bench *b = *state; /* a name behind %xx is not the signature, so it is part of what is signed */

    use_s3(b, "/bucket/key");
    sign(b, body_hash(b, ""));
    set_target(b, S("/bucket/key?%58-Amz-Signature=1"));
    refused(b, S(""), IDENTIFY_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_identify_sigv4__known_signature_of_the_documentation),
        T(test_identify_sigv4__header_form_verifies),
        T(test_identify_sigv4__session_token_verifies),
        T(test_identify_sigv4__date_header_alone_is_enough),
        T(test_identify_sigv4__forged_and_truncated_signatures_fail),
        T(test_identify_sigv4__other_scope_fails),
        T(test_identify_sigv4__old_and_future_requests_fail),
        T(test_identify_sigv4__scope_date_must_be_the_request_day),
        T(test_identify_sigv4__unsigned_amz_headers_and_host_are_refused),
        T(test_identify_sigv4__duplicates_of_single_headers_are_refused),
        T(test_identify_sigv4__signed_header_that_is_missing_is_refused),
        T(test_identify_sigv4__malformed_authorization_is_refused),
        T(test_identify_sigv4__bad_dates_are_refused),
        T(test_identify_sigv4__unsigned_payload_needs_s3_and_tls),
        T(test_identify_sigv4__other_services_sign_their_bodies),
        T(test_identify_sigv4__s3_demands_the_payload_header),
        T(test_identify_sigv4__s3_paths_are_neither_normalized_nor_encoded_twice),
        T(test_identify_sigv4__other_paths_are_normalized_and_encoded_again),
        T(test_identify_sigv4__hidden_parameters_stay_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
