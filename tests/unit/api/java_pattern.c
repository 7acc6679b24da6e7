/* SPDX-License-Identifier: MIT */
/* Patterns of Java: what PCRE2 answers as Java would, and what is refused because it would not. */
#include "test.h"

#include "api/java_pattern.h"

static void test_api_java_pattern__what_both_languages_have(void **state)
{
    static const struct {
        const char *pattern, *text;
        char answer; /* y, n, or ! for refused */
    } rows[] = {
        {"\\p{Alpha}+", "abZ", 'y'},
        {"\\p{Alpha}+", "ab1", 'n'},
        {"[\\p{Lower}_]+", "a_b", 'y'},
        {"\\P{Digit}+", "ab", 'y'},
        {"\\P{Digit}+", "a1", 'n'},
        {"[\\p{Punct}]+", "!]~", 'y'},
        {"\\u0041", "A", 'y'},
        {"\\Qa.b\\E", "a.b", 'y'},
        {"\\Qa.b\\E", "axb", 'n'},
        {"\\Q[", "[", 'y'},
        {"(?i)abc", "ABC", 'y'},
        {"(?<n>a)\\k<n>", "aa", 'y'},
        {"(?:a|b)*+", "abab", 'y'},
        {"(?<=a)b", "b", 'n'},
        {"(?=ab)a.", "ab", 'y'},
        {"a.c", "a\rc", 'n'},
        {"[]a]", "]", 'y'},
        {"[^]]", "a", 'y'},
        {"[a-z&&[^b]]", "a", '!'},
        {"[a[b]]", "a", '!'},
        {"[[:alpha:]]", "a", '!'},
        {"(?U)a", "a", '!'},
        {"(?R)", "a", '!'},
        {"(?1)(a)", "a", '!'},
        {"(?P<n>a)", "a", '!'},
        {"(?|a)", "a", '!'},
        {"(?(1)a)", "a", '!'},
        {"(?#c)a", "a", '!'},
        {"(?C1)a", "a", '!'},
        {"(*UTF8)a", "a", '!'},
        {"\\Ca", "a", '!'},
        {"a\\Kb", "ab", '!'},
        {"\\g{1}", "a", '!'},
        {"\\", "a", '!'},
        {"(", "a", '!'},
        {"", "", 'y'},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool matches = false;
        bool valid = is_ok(java_pattern_matches(str_z(rows[i].pattern), str_z(rows[i].text), &matches, NULL));
        char answer = !valid ? '!' : matches ? 'y' : 'n';
        if (answer != rows[i].answer)
            fail_msg("%s with %s: %c, not %c", rows[i].pattern, rows[i].text, answer, rows[i].answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_java_pattern__what_both_languages_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
