/* SPDX-License-Identifier: MIT */
/* Wildcards against a naive matcher, the bomb, ARNs field by field. */
#include "test.h"

#include <string.h>

#include "authz/eval.h"

static bool plain_glob(str p, str t)
{
    if (p.n == 0)
        return t.n == 0;
    if (p.p[0] == '*')
        return plain_glob(str_from(p, 1), t) || (t.n && plain_glob(p, str_from(t, 1)));
    return t.n && (p.p[0] == '?' || p.p[0] == t.p[0]) && plain_glob(str_from(p, 1), str_from(t, 1));
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

static str random_text(uint32_t *seed, const char *set, size_t n_set, char *dst, size_t max)
{
    size_t n = next(seed) % (max + 1);

    for (size_t i = 0; i < n; i++)
        dst[i] = set[next(seed) % n_set];
    return str_n(dst, n);
}

static void test_authz_pattern__agrees_with_a_naive_matcher(void **state)
{
    uint32_t seed = 20261123, hits = 0;
    char a[12], b[12];

    (void)state;
    for (int i = 0; i < 200000; i++) {
        str p = random_text(&seed, "ab*?", 4, a, sizeof a), t = random_text(&seed, "ab", 2, b, sizeof b);
        bool naive = plain_glob(p, t);
        hits += naive;
        if (authz_glob(p, t, false) != naive)
            fail_msg("\"%.*s\" on \"%.*s\" should be %d", FMT(p), FMT(t), naive);
    }
    assert_true(hits > 1000);
}

static void test_authz_pattern__edges(void **state)
{
    (void)state;
    assert_true(authz_glob(S(""), S(""), false));
    assert_false(authz_glob(S(""), S("a"), false));
    assert_true(authz_glob(S("***"), S(""), false));
    assert_false(authz_glob(S("?"), S(""), false));
    assert_true(authz_glob(S("a*b/c:d"), S("axx/:b/c:d"), false));
    assert_false(authz_glob(S("Get*"), S("getObject"), false));
    assert_true(authz_glob(S("Get*"), S("gEtObject"), true));
    assert_false(authz_glob(S("a*_b"), S("A*xB"), true));
    assert_true(authz_glob(S("a*{b"), S("Ax{B"), true));
}

static void test_authz_pattern__one_is_a_character_not_a_byte(void **state)
{
    (void)state;
    assert_true(authz_glob(S("gr?n"), S("gr\xc3\xbcn"), false));
    assert_false(authz_glob(S("gr??n"), S("gr\xc3\xbcn"), false));
    assert_false(authz_glob(S("*??"), S("\xc3\xbc"), false));
    assert_true(authz_glob(S("*\xbc*"), S("\xbc"), false)); /* bad UTF-8 in a request is bytes */
}

static void test_authz_pattern__the_bomb_takes_few_steps(void **state)
{
    static char pattern[6144], text[4096];
    uint64_t budget = EVAL_STEPS, steps = budget;

    (void)state;
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 'b';
    assert_true(glob_steps(S("*a*b"), str_n(text, sizeof text), '*', '?', false, &steps));
    steps = budget;
    assert_false(glob_steps(str_n(pattern, sizeof pattern), str_n(text, sizeof text), '*', '?', false, &steps));
    assert_true(budget - steps < 20000);
}

static void test_authz_pattern__no_steps_left_is_no_match(void **state)
{
    uint64_t steps = 3;

    (void)state;
    assert_false(glob_steps(S("*"), S("aaaaaaaa"), '*', '?', false, &steps));
    assert_int_equal(steps, 0);
}

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
        cmocka_unit_test(test_authz_pattern__agrees_with_a_naive_matcher),
        cmocka_unit_test(test_authz_pattern__edges),
        cmocka_unit_test(test_authz_pattern__one_is_a_character_not_a_byte),
        cmocka_unit_test(test_authz_pattern__the_bomb_takes_few_steps),
        cmocka_unit_test(test_authz_pattern__no_steps_left_is_no_match),
        cmocka_unit_test(test_authz_pattern__arns_split_at_five_colons),
        cmocka_unit_test(test_authz_pattern__keys_hash_without_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
