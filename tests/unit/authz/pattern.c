/* SPDX-License-Identifier: MIT */
/* ARNs field by field, and hashes of keys. */
#include "test.h"

#include "authz/eval.h"

static void test_authz_pattern__arns_split_at_five_colons(void **state)
{
    str f[ARN_FIELDS];

    (void)state;
    assert_true(arn_split(S("arn:aws:s3:::b/k:v:w"), f));
    assert_str_equal(f[2], S("s3"));
    assert_true(str_is(f[3]) && str_empty(f[3]));
    assert_str_equal(f[5], S("b/k:v:w"));
    assert_false(arn_split(S("arn:aws:s3::"), f));
    assert_true(arn_split(S("arn:aws:s3:::"), f));
    assert_str_equal(f[5], S(""));
}

static void test_authz_pattern__keys_hash_without_case(void **state)
{
    (void)state;
    assert_int_equal(key_hash(S("aws:SourceVpce")), key_hash(S("AWS:sourcevpce")));
    assert_int_not_equal(key_hash(S("aws:SourceVpce")), key_hash(S("aws:SourceVpc")));
    assert_int_equal(condition_key_hash(S("aws:SourceVpce")), condition_key_hash(S("AWS:sourceVPCE")));
    assert_int_not_equal(condition_key_hash(S("aws:SourceVpce")), condition_key_hash(S("aws:SourceVpc")));
    assert_int_equal(condition_key_hash(S("a:Key")), condition_key_hash(S("A:kEY")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_pattern__arns_split_at_five_colons),
        cmocka_unit_test(test_authz_pattern__keys_hash_without_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
