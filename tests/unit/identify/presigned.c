/* SPDX-License-Identifier: MIT */
/* Signatures in queries, and what must not be done with them (T5). */
#include "bench.h"

static str replace(struct bench *b, str in, str what, str with)
{
    ptrdiff_t at = str_search(in, what);

    assert_true(at >= 0);
    return arena_printf(b->a, "%.*s%.*s%.*s", (int)at, in.p, FMT(with), FMT(str_from(in, (size_t)at + what.n)));
}

static void test_identify_presigned__verifies_until_it_expires(void **state)
{
    struct bench *b = *state; /* T5 */
    int64_t now = b->signer.now_ms;

    use_s3(b, "/bucket/key?response-content-type=text%2Fplain");
    b->signer.expires_s = 3600;
    b->signer.token = S(TOKEN);
    presign(b, S("UNSIGNED-PAYLOAD"));
    assert_true(verify(b, S("")));
    assert_int_equal(b->claim.form, SIGV4_QUERY);
    assert_int_equal(b->claim.expires_s, 3600);
    assert_str_equal(b->claim.token, S(TOKEN));
    b->r.origin.tls = false;
    assert_true(verify(b, S(""))); /* nothing is unsigned where there is no body */
    b->r.has_body = true;
    refused(b, S(""), IDENTIFY_PAYLOAD);
    b->r.has_body = false;
    time_set_offset_ms(0);
    time_set_offset_ms(now + 3590000 - time_wall_ms());
    assert_true(verify(b, S("")));
    time_set_offset_ms(0);
    time_set_offset_ms(now + 3601000 - time_wall_ms());
    refused(b, S(""), IDENTIFY_EXPIRED);
    time_set_offset_ms(0);
    time_set_offset_ms(now - 16 * 60000 - time_wall_ms());
    refused(b, S(""), IDENTIFY_EXPIRED);
}

static void test_identify_presigned__cannot_be_stretched_or_changed(void **state)
{
    struct bench *b = *state; /* T5 */
    static const struct {
        str what, with;
        enum identify_fault fault;
    } cases[] = {
        {{"Expires=3600", 12}, {"Expires=7200", 12}, IDENTIFY_SIGNATURE},
        {{"Expires=3600", 12}, {"Expires=604801", 14}, IDENTIFY_QUERY_MALFORMED},
        {{"Expires=3600", 12}, {"Expires=-1", 10}, IDENTIFY_QUERY_MALFORMED},
        {{"Expires=3600", 12}, {"Expires=0", 9}, IDENTIFY_QUERY_MALFORMED},
        {{"Expires=3600", 12}, {"Expires=1e9", 11}, IDENTIFY_QUERY_MALFORMED},
        {{"X-Amz-Expires=3600&", 19}, {"", 0}, IDENTIFY_QUERY_MALFORMED},
        {{"X-Amz-Date=", 11}, {"X-Amz-Date=20261123T082251Z&X-Amz-Date=", 39}, IDENTIFY_QUERY_MALFORMED},
        {{"HMAC-SHA256", 11}, {"HMAC-SHA1", 9}, IDENTIFY_QUERY_MALFORMED},
        {{"SignedHeaders=host", 18}, {"SignedHeaders=", 14}, IDENTIFY_QUERY_MALFORMED},
        {{"text%2Fplain", 12}, {"text%2Fhtml", 11}, IDENTIFY_SIGNATURE},
        {{"/bucket/key", 11}, {"/bucket/other", 13}, IDENTIFY_SIGNATURE},
        {{"&X-Amz-Signature", 16}, {"&acl=&X-Amz-Signature", 21}, IDENTIFY_SIGNATURE},
        {{"&X-Amz-Signature", 16}, {"&AWSAccessKeyId=x&X-Amz-Signature", 33}, IDENTIFY_TWO_MECHANISMS},
    };

    use_s3(b, "/bucket/key?response-content-type=text%2Fplain");
    b->signer.expires_s = 3600;
    presign(b, S("UNSIGNED-PAYLOAD"));
    str good = b->r.target;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_target(b, replace(b, good, cases[i].what, cases[i].with));
        refused(b, S(""), cases[i].fault);
    }
    set_target(b, good);
    assert_true(verify(b, S("")));
    b->r.method = S("PUT");
    refused(b, S(""), IDENTIFY_SIGNATURE);
    b->r.method = S("GET");
    header_at(b, "host")->value = S("elsewhere.example");
    refused(b, S(""), IDENTIFY_SIGNATURE);
    header_at(b, "host")->value = S("sts.us-east-1.amazonaws.com");
    add(b, "x-amz-acl", "public-read");
    refused(b, S(""), IDENTIFY_UNSIGNED_HEADER);
    b->r.n_headers--;
    add(b, "Authorization", "AWS4-HMAC-SHA256 x");
    refused(b, S(""), IDENTIFY_TWO_MECHANISMS);
}

static void test_identify_presigned__every_parameter_is_required_once(void **state)
{
    struct bench *b = *state; /* T5 */
    static const char *const names[] = {"X-Amz-Algorithm", "X-Amz-Credential",    "X-Amz-Date",
                                        "X-Amz-Expires",   "X-Amz-SignedHeaders", "X-Amz-Signature"};

    use_s3(b, "/bucket/key");
    b->signer.expires_s = 60;
    presign(b, S("UNSIGNED-PAYLOAD"));
    str good = b->r.target;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        set_target(b, replace(b, good, str_z(names[i]), S("X-Other")));
        refused(b, S(""), IDENTIFY_QUERY_MALFORMED);
        set_target(b, arena_printf(b->a, "%.*s&%s=1", FMT(good), names[i]));
        refused(b, S(""), IDENTIFY_QUERY_MALFORMED);
    }
    set_target(b, replace(b, good, S("%2Faws4_request"), S("")));
    refused(b, S(""), IDENTIFY_QUERY_MALFORMED);
    set_target(b, replace(b, good, S("082251Z"), S("082251")));
    refused(b, S(""), IDENTIFY_QUERY_MALFORMED);
    set_target(b, good);
    add(b, "X-Amz-Security-Token", "token");
    refused(b, S(""), IDENTIFY_TWO_MECHANISMS);
}

static void test_identify_presigned__payload_hash_in_the_query_binds_the_body(void **state)
{
    struct bench *b = *state; /* T4 */
    str hash = body_hash(b, "body");

    use_s3(b, arena_printf(b->a, "/bucket/key?X-Amz-Content-Sha256=%.*s", FMT(hash)).p);
    b->signer.expires_s = 60;
    presign(b, hash);
    b->r.has_body = true;
    b->r.origin.tls = false;
    assert_true(verify(b, S("")));
    assert_int_equal(b->claim.payload, PAYLOAD_HASH);
    assert_str_equal(b->claim.payload_hash, hash);
}

static void test_identify_presigned__other_services_sign_their_bodies(void **state)
{
    struct bench *b = *state; /* T4 */

    b->signer.expires_s = 60;
    set_target(b, S("/?Action=GetCallerIdentity&Version=2011-06-15"));
    presign(b, body_hash(b, ""));
    assert_true(verify(b, body_hash(b, "")));
    assert_int_equal(b->claim.payload, PAYLOAD_COMPUTED);
    refused(b, body_hash(b, "a body"), IDENTIFY_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_identify_presigned__verifies_until_it_expires),
        T(test_identify_presigned__cannot_be_stretched_or_changed),
        T(test_identify_presigned__every_parameter_is_required_once),
        T(test_identify_presigned__payload_hash_in_the_query_binds_the_body),
        T(test_identify_presigned__other_services_sign_their_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
