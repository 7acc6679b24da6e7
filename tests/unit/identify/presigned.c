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

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_identify_presigned__verifies_until_it_expires),
        T(test_identify_presigned__cannot_be_stretched_or_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
