/* SPDX-License-Identifier: MIT */
/* Borrowed text: cuts, numbers, UTF-8. */
#include "test.h"

#include "base/str.h"

static void test_base_str__cut_walks_all_parts(void **state)
{
    str rest = S("a,,b"), part;

    (void)state;
    part = str_cut(&rest, ',');
    assert_true(str_eq(part, S("a")));
    part = str_cut(&rest, ',');
    assert_true(str_is(part) && str_empty(part));
    part = str_cut(&rest, ',');
    assert_true(str_eq(part, S("b")));
    assert_false(str_is(rest));
}

static void test_base_str__numbers_refuse_overflow_and_blanks(void **state)
{
    uint64_t u;
    int64_t i;

    (void)state;
    assert_true(str_to_u64(S("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_false(str_to_u64(S("18446744073709551616"), &u));
    assert_false(str_to_u64(S(" 1"), &u));
    assert_false(str_to_u64(S(""), &u));
    assert_true(str_to_i64(S("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_false(str_to_i64(S("9223372036854775808"), &i));
}

static void test_base_str__utf8_refuses_overlong_and_surrogates(void **state)
{
    (void)state;
    assert_true(str_is_utf8(S("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80")));
    assert_false(str_is_utf8(S("\xc0\xaf")));
    assert_false(str_is_utf8(S("\xed\xa0\x80")));
    assert_false(str_is_utf8(S("\xf4\x90\x80\x80")));
    assert_false(str_is_utf8(S("\xe2\x82")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_str__cut_walks_all_parts),
        cmocka_unit_test(test_base_str__numbers_refuse_overflow_and_blanks),
        cmocka_unit_test(test_base_str__utf8_refuses_overlong_and_surrogates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
