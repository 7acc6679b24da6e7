/* SPDX-License-Identifier: MIT */
/* Presigned requests of Version 2; the signatures were made by botocore's HmacV1QueryAuth. */
#include "test.h"

#include "base/time.h"
#include "crypto/hmac.h"
#include "identify/sigv2.h"
#include "identify/sigv4.h"

#define QUERY "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature="
#define GET_PATH "/models/a%20b/%C3%BC.bin"
#define GET_QUERY QUERY "VFPn7g2mhjfldCVWNRexN7V9h84%3D&Expires=1795425771"

static void at(int64_t after_signing_ms)
{
    time_set_offset_ms(0);
    time_set_offset_ms(1795422171000 + after_signing_ms - time_wall_ms());
}

static int begin(void **state)
{
    *state = arena_new(1 << 20);
    at(0);
    return 0;
}

static int end(void **state)
{
    time_set_offset_ms(0);
    arena_free(*state);
    return 0;
}

static struct http_request request(str method, str path, str query)
{
    return (struct http_request){.method = method, .path = path, .query = query, .origin.tls = true};
}

static bool verify(struct arena *a, const struct http_request *r, str bucket, enum identify_fault *fault)
{
    struct sigv2_claim c;
    struct err e = {0};
    uint8_t mac[SHA1_BYTES];

    assert_int_equal(sigv4_form(r), SIGV2_QUERY);
    if (!is_ok(sigv2_read(r, a, &c, fault, &e)))
        return false;
    assert_str_equal(c.access_key_id, S("AKIAIOSFODNN7EXAMPLE"));
    hmac_sha1(S("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), sigv2_string_to_sign(&c, r, bucket, a), mac);
    *fault = sigv2_check(mac, &c) ? IDENTIFY_OK : IDENTIFY_SIGNATURE;
    return *fault == IDENTIFY_OK;
}

static void test_identify_sigv2__what_botocore_presigns_verifies(void **state)
{
    enum identify_fault fault;
    struct http_request r = request(S("GET"), S(GET_PATH), S(GET_QUERY));

    assert_true(verify(*state, &r, STR_ABSENT, &fault));
    r = request(
        S("GET"), S("/a/b.bin"),
        S("response-content-type=text%2Fplain&versionId=3&" QUERY "U1j3dhqmXjmHqCOUcyZoGl3BDnc%3D&Expires=1795425771"));
    assert_true(verify(*state, &r, S("models"), &fault)); /* the bucket in the Host header */
    assert_false(verify(*state, &r, S("other"), &fault));
    r = request(S("POST"), S("/models/k"), S("uploads&" QUERY "rBdkXdr%2Fh5NVoNhHOi6wE3pEoa8%3D&Expires=1795425771"));
    assert_true(verify(*state, &r, STR_ABSENT, &fault));
}

static void test_identify_sigv2__signed_headers_and_token_in_the_query_verify(void **state)
{
    struct header type = {S("Content-Type"), S("text/csv")};
    enum identify_fault fault;
    struct http_request r = request(S("PUT"), S("/models/k"),
                                    S(QUERY "ed9rdYlSBxYp9pJYY%2FkL3Gia5%2FQ%3D&content-type=text%2Fcsv&"
                                            "x-amz-server-side-encryption=aws%3Akms&"
                                            "x-amz-security-token=FwoGZX%2F%2Ftok%3D%3D&Expires=1795425771"));

    r.has_body = true;
    assert_true(verify(*state, &r, STR_ABSENT, &fault));
    r.headers = &type;
    r.n_headers = 1;
    assert_true(verify(*state, &r, STR_ABSENT, &fault));
    type.value = S("text/html");
    assert_false(verify(*state, &r, STR_ABSENT, &fault));
    type = (struct header){S("x-amz-acl"), S("public-read")}; /* threats T3: added after signing */
    assert_false(verify(*state, &r, STR_ABSENT, &fault));
    assert_int_equal(fault, IDENTIFY_SIGNATURE);
    type = (struct header){S("x-amz-security-token"), S("FwoGZX//tok==")};
    assert_false(verify(*state, &r, STR_ABSENT, &fault));
    assert_int_equal(fault, IDENTIFY_DUPLICATE);
    r.n_headers = 0;
    r.origin.tls = false;
    assert_false(verify(*state, &r, STR_ABSENT, &fault));
    assert_int_equal(fault, IDENTIFY_PAYLOAD);
}

static void test_identify_sigv2__expired_and_stretched_requests_fail(void **state)
{
    enum identify_fault fault;
    struct http_request r = request(S("GET"), S(GET_PATH), S(GET_QUERY));

    at(3601000);
    assert_false(verify(*state, &r, STR_ABSENT, &fault));
    assert_int_equal(fault, IDENTIFY_EXPIRED);
    r.query = S(QUERY "VFPn7g2mhjfldCVWNRexN7V9h84%3D&Expires=1895425771");
    assert_false(verify(*state, &r, STR_ABSENT, &fault));
    assert_int_equal(fault, IDENTIFY_SIGNATURE);
}

static void test_identify_sigv2__changes_and_malformed_queries_fail(void **state)
{
    static const struct {
        const char *query;
        enum identify_fault fault;
    } cases[] = {
        {GET_QUERY "&acl", IDENTIFY_SIGNATURE},
        {GET_QUERY "&encryption", IDENTIFY_SIGNATURE},
        {GET_QUERY "&response-content-type=text%2Fhtml", IDENTIFY_SIGNATURE},
        {GET_QUERY "&Expires=1795425771", IDENTIFY_QUERY_MALFORMED},
        {GET_QUERY "&x=%z", IDENTIFY_URI},
        {QUERY "VFPn7g2mhjfldCVWNRexN7V9h84%3D", IDENTIFY_QUERY_MALFORMED},
        {QUERY "VFPn7g2mhjfldCVWNRexN7V9h84%3D&Expires=-1", IDENTIFY_QUERY_MALFORMED},
        {QUERY "VFPn7g2mhjfldCVWNRexN7V9h84%3D&Expires=99999999999999999999", IDENTIFY_QUERY_MALFORMED},
        {QUERY "VFPn7g2mhjfldCVWNRexN7V9h85%3D&Expires=1795425771", IDENTIFY_SIGNATURE},
        {QUERY "VFPn7g2mhjfldCVWNRexN7V9h8&Expires=1795425771", IDENTIFY_SIGNATURE},
        {QUERY "&Expires=1795425771", IDENTIFY_SIGNATURE},
    };
    enum identify_fault fault;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_request r = request(S("GET"), S(GET_PATH), str_z(cases[i].query));
        assert_false(verify(*state, &r, STR_ABSENT, &fault));
        if (fault != cases[i].fault)
            fail_msg("%s: fault %d, not %d", cases[i].query, fault, cases[i].fault);
    }
    struct http_request r = request(S("DELETE"), S(GET_PATH), S(GET_QUERY));
    assert_false(verify(*state, &r, STR_ABSENT, &fault));
    r = request(S("GET"), S("/models/other"), S(GET_QUERY));
    assert_false(verify(*state, &r, STR_ABSENT, &fault));
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_identify_sigv2__what_botocore_presigns_verifies),
        T(test_identify_sigv2__signed_headers_and_token_in_the_query_verify),
        T(test_identify_sigv2__expired_and_stretched_requests_fail),
        T(test_identify_sigv2__changes_and_malformed_queries_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
