/* SPDX-License-Identifier: MIT */
/* Numbers as Python reads and prints them. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtimes/xgboost/number.h"

static str repr(double v, char *dst)
{
    return str_n(dst, number_repr(v, dst));
}

static void test_xgboost_number__prints_as_pythons_repr(void **state)
{
    /* float(numpy.float32(x)) of Python 3.11, and a few doubles. */
    static const struct {
        double v;
        const char *text;
    } cases[] = {
        {(double)8.979127f, "8.979126930236816"},
        {12.2552032470703125, "12.255203247070312"}, /* a tie at 17 digits goes to even */
        {9.0, "9.0"},
        {-0.5, "-0.5"},
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {(double)0.1f, "0.10000000149011612"},
        {0.1, "0.1"},
        {(double)1e-4f, "9.999999747378752e-05"},
        {0.0001, "0.0001"},
        {1e-5, "1e-05"},
        {1e16, "1e+16"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {9007199254740993.0, "9007199254740992.0"},
        {(double)16777216.0f, "16777216.0"},
        {(double)123456.789f, "123456.7890625"},
        {(double)999999999.0f, "1000000000.0"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
    };
    char text[NUMBER_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str_equal(repr(cases[i].v, text), str_z(cases[i].text));
    assert_str_equal(repr((double)NAN, text), S("nan"));
    assert_str_equal(repr(-(double)INFINITY, text), S("-inf"));
}

/* The shortest by trial, as slowly as it takes. */
static void assert_shortest(double v)
{
    char text[NUMBER_TEXT_BYTES + 1], known[64];
    size_t n = number_repr(v, text);
    int digits = 0, least = 1;

    text[n] = 0;
    if (strtod(text, NULL) != v)
        fail_msg("%s does not read back as %.17g", text, v);
    for (; least < 17; least++) {
        snprintf(known, sizeof known, "%.*e", least - 1, v);
        if (strtod(known, NULL) == v)
            break;
    }
    snprintf(known, sizeof known, "%.*e", least - 1, v);
    const char *end = strpbrk(text, "e");
    str rest = str_n(text, end ? (size_t)(end - text) : n);
    bool leading = true;
    for (size_t i = 0; i < rest.n; i++)
        if (rest.p[i] >= '0' && rest.p[i] <= '9' && !(leading && rest.p[i] == '0')) {
            leading = false;
            digits++;
        }
    /* Zeros that only hold a place do not count: compare as numbers, and the digit count where it has a fraction. */
    if (!end && strtod(known, NULL) != strtod(text, NULL))
        fail_msg("%s is not %s", text, known);
    if (v != floor(v) && digits > least)
        fail_msg("%s has %d digits, %d do", text, digits, least);
}

static void test_xgboost_number__any_float_reads_back_and_is_shortest(void **state)
{
    uint64_t x = 88172645463325252ull;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        float f;
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        uint32_t bits = (uint32_t)(x >> 16);
        if (i % 2) /* mostly where predictions live */
            bits = (bits & 0x807fffff) | (100 + (bits >> 8) % 56) << 23;
        memcpy(&f, &bits, sizeof f);
        if (isfinite(f) && f != 0)
            assert_shortest((double)f);
    }
}

static void test_xgboost_number__fast_and_slow_parsing_agree(void **state)
{
    uint64_t x = 88172645463325252ull;
    char text[64];
    double v;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        int n = snprintf(text, sizeof text, "%s%llu.%0*llue%d", x & 1 ? "-" : "", (unsigned long long)(x >> 44),
                         (int)(x % 12) + 1, (unsigned long long)(x >> 40) % 1000, (int)(x >> 20 & 31) - 16);
        assert_true(number_parse(str_n(text, (size_t)n), &v));
        if (v != strtod(text, NULL))
            fail_msg("%s gave %.17g", text, v);
    }
}

static void test_xgboost_number__refuses_what_python_refuses(void **state)
{
    static const char *const bad[] = {"",  " ", "a",   "1a",  "1,2",  "0x10",  "1e",    "1e+",
                                      ".", "+", "--1", "1 2", "nan1", "\"1\"", "1_000", "infin"};
    static const char *const good[] = {"1",   " 1 ",  "+1",  "-1.",       ".5",    "1e5", "1E-5",
                                       "nan", "-NaN", "Inf", "-infinity", "00012", "1\r"};
    char wide[NUMBER_PARSE_MAX_BYTES + 2];
    double v;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (number_parse(str_z(bad[i]), &v))
            fail_msg("'%s' is no number", bad[i]);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!number_parse(str_z(good[i]), &v))
            fail_msg("'%s' is a number", good[i]);
    memset(wide, '1', sizeof wide);
    assert_false(number_parse(str_n(wide, sizeof wide), &v));
    assert_true(number_parse(str_n(wide, sizeof wide - 2), &v) && isinf(v));
    assert_true(number_parse(S("-inf"), &v) && v < 0);
    assert_true(number_parse(S("1e99999999999999999999"), &v) && isinf(v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xgboost_number__prints_as_pythons_repr),
        cmocka_unit_test(test_xgboost_number__any_float_reads_back_and_is_shortest),
        cmocka_unit_test(test_xgboost_number__fast_and_slow_parsing_agree),
        cmocka_unit_test(test_xgboost_number__refuses_what_python_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
