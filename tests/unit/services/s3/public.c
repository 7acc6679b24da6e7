/* SPDX-License-Identifier: MIT */
/* Is a bucket policy public? Amazon S3 user guide, "The meaning of public". */
#include "test.h"

#include "services/s3/s3_parts.h"

static bool is_public(const char *principal, const char *condition, const char *effect)
{
    struct arena *a = arena_new(1 << 20);
    str text = arena_printf(a,
                            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"%s\",\"Principal\":%s,"
                            "\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::b/*\"%s%s}]}",
                            effect, principal, condition ? ",\"Condition\":" : "", condition ? condition : "");
    bool answer = s3_policy_is_public(a, text);

    arena_free(a);
    return answer;
}

static void test_services_s3_public__principals(void **state)
{
    (void)state;
    assert_true(is_public("\"*\"", NULL, "Allow"));
    assert_true(is_public("{\"AWS\":\"*\"}", NULL, "Allow"));
    assert_true(is_public("{\"AWS\":[\"111122223333\",\"*\"]}", NULL, "Allow"));
    assert_false(is_public("{\"AWS\":\"111122223333\"}", NULL, "Allow"));
    assert_false(is_public("{\"Service\":\"logging.s3.amazonaws.com\"}", NULL, "Allow"));
    assert_false(is_public("\"*\"", NULL, "Deny"));
}

static void test_services_s3_public__conditions_that_tie_and_that_do_not(void **state)
{
    static const char *const fixed[] =
        {"{\"StringEquals\":{\"aws:SourceVpce\":\"vpce-1\"}}",
         "{\"StringEquals\":{\"AWS:sourcevpc\":[\"vpc-1\",\"vpc-2\"]}}",
         "{\"IpAddress\":{\"aws:SourceIp\":\"10.1.0.0/16\"}}",
         "{\"IpAddress\":{\"aws:SourceIp\":\"192.0.2.1\"}}",
         "{\"ArnLike\":{\"aws:PrincipalArn\":\"arn:aws:iam::111122223333:role/x\"}}",
         "{\"Null\":{\"a:b\":\"true\"},\"StringEquals\":{\"aws:PrincipalOrgID\":\"o-1\"}}"},
                             *const loose[] = {"{\"StringLike\":{\"aws:SourceVpce\":\"vpce-*\"}}",
                                               "{\"StringNotEquals\":{\"aws:SourceVpce\":\"vpce-1\"}}",
                                               "{\"StringEqualsIfExists\":{\"aws:SourceVpce\":\"vpce-1\"}}",
                                               "{\"IpAddress\":{\"aws:SourceIp\":\"0.0.0.0/1\"}}",
                                               "{\"IpAddress\":{\"aws:SourceIp\":\"::/0\"}}",
                                               "{\"IpAddress\":{\"aws:SourceIp\":[\"10.0.0.0/8\",\"0.0.0.0/0\"]}}",
                                               "{\"StringEquals\":{\"aws:userid\":\"${aws:username}\"}}",
                                               "{\"StringEquals\":{\"s3:prefix\":\"a\"}}",
                                               "{\"StringEquals\":{\"aws:SourceVpce\":[]}}",
                                               "{\"ForAllValues:StringEquals\":{\"aws:SourceVpce\":\"vpce-1\"}}"};

    (void)state;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (is_public("\"*\"", fixed[i], "Allow"))
            fail_msg("public: %s", fixed[i]);
    for (size_t i = 0; i < sizeof loose / sizeof *loose; i++)
        if (!is_public("\"*\"", loose[i], "Allow"))
            fail_msg("not public: %s", loose[i]);
}

static void test_services_s3_public__odd_documents(void **state)
{
    struct arena *a = arena_new(1 << 20);

    (void)state;
    assert_false(s3_policy_is_public(a, S("")));
    assert_false(s3_policy_is_public(a, S("[]")));
    assert_false(s3_policy_is_public(a, S("{\"Statement\":{}}")));
    assert_true(s3_policy_is_public(a, S("{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\"}}")));
    arena_free(a);
}

static void test_services_s3_public__copy_sources(void **state)
{
    struct arena *a = arena_new(1 << 20);
    str bucket, key;

    (void)state;
    assert_true(s3_parse_source(a, S("/b/a%20b%2Fc?versionId=null"), &bucket, &key));
    assert_true(str_eq(bucket, S("b")) && str_eq(key, S("a b/c")));
    assert_true(s3_parse_source(a, S("b/../c"), &bucket, &key));
    assert_true(str_eq(key, S("../c"))); /* a key, not a path */
    assert_true(s3_parse_source(a, S("b//c"), &bucket, &key));
    assert_true(str_eq(key, S("/c")));
    assert_false(s3_parse_source(a, S(""), &bucket, &key));
    assert_false(s3_parse_source(a, S("b"), &bucket, &key));
    assert_false(s3_parse_source(a, S("b/"), &bucket, &key));
    assert_false(s3_parse_source(a, S("//c"), &bucket, &key));
    assert_false(s3_parse_source(a, S("b/%zz"), &bucket, &key));
    assert_false(s3_parse_source(a, S("b/%ff"), &bucket, &key));
    assert_false(s3_parse_source(a, S("b/c?versionId=3"), &bucket, &key));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_s3_public__principals),
        cmocka_unit_test(test_services_s3_public__conditions_that_tie_and_that_do_not),
        cmocka_unit_test(test_services_s3_public__odd_documents),
        cmocka_unit_test(test_services_s3_public__copy_sources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
