/* SPDX-License-Identifier: MIT */
/* Borrowed text: cuts, numbers, UTF-8. */
#include "test.h"

#include <string.h>

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

static void test_base_str__behind_the_nth_of_many(void **state)
{
    (void)state;
    assert_true(str_eq(str_behind(S("arn:aws:s3:::b/k:1"), ':', 5), S("b/k:1")));
    assert_true(str_eq(str_behind(S("a:b"), ':', 0), S("a:b")));
    assert_true(str_is(str_behind(S("a:"), ':', 1)));
    assert_false(str_is(str_behind(S("a:b"), ':', 2)));
    assert_false(str_is(str_behind(STR_ABSENT, ':', 1)));
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

static void test_base_str__controls_are_found_at_every_place(void **state)
{
    char text[41];

    (void)state;
    for (size_t n = 0; n <= sizeof text; n++) {
        memset(text, n % 2 ? 0xff : ' ', sizeof text);
        assert_false(str_has_controls(str_n(text, n)));
        for (size_t at = 0; at < n; at++) {
            char kept = text[at];
            text[at] = (char)(at % 32);
            assert_true(str_has_controls(str_n(text, n)));
            text[at] = kept;
        }
    }
}

static void test_base_str__utf8_is_judged_behind_a_long_run_of_ascii(void **state)
{
    char text[40];

    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t at = 0; at + 2 <= sizeof text; at++) {
        text[at] = '\xc3';
        assert_false(str_is_utf8(str_n(text, sizeof text)));
        text[at + 1] = '\xbc';
        assert_true(str_is_utf8(str_n(text, sizeof text)));
        text[at] = text[at + 1] = 'a';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_str__cut_walks_all_parts),
        cmocka_unit_test(test_base_str__behind_the_nth_of_many),
        cmocka_unit_test(test_base_str__numbers_refuse_overflow_and_blanks),
        cmocka_unit_test(test_base_str__utf8_refuses_overlong_and_surrogates),
        cmocka_unit_test(test_base_str__controls_are_found_at_every_place),
        cmocka_unit_test(test_base_str__utf8_is_judged_behind_a_long_run_of_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
