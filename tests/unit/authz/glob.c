/* SPDX-License-Identifier: MIT */
/* Wildcards against a plain matcher, over characters of one and of several bytes, and the bombs. */
#include "test.h"

#include <string.h>

#include "authz/eval.h"

enum { MOST = 600 };

static size_t next_char(str t, size_t at)
{
    do
        at++;
    while (at < t.n && ((unsigned char)t.p[at] & 0xc0) == 0x80);
    return at;
}

/* Does p from i on match t from k on, for every i and k: a table, filled from the end. */
static bool plain_glob(str p, str t)
{
    static bool fits[MOST + 1][MOST + 1];

    for (size_t i = p.n + 1; i-- > 0;)
        for (size_t k = t.n + 1; k-- > 0;) {
            bool more = k < t.n;
            if (i == p.n)
                fits[i][k] = !more;
            else if (p.p[i] == '*')
                fits[i][k] = fits[i + 1][k] || (more && fits[i][next_char(t, k)]);
            else if (p.p[i] == '?')
                fits[i][k] = more && fits[i + 1][next_char(t, k)];
            else
                fits[i][k] = more && p.p[i] == t.p[k] && fits[i + 1][k + 1];
        }
    return fits[0][0];
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

static str random_text(uint32_t *seed, const char *const *set, size_t n_set, char *dst, size_t max)
{
    size_t pieces = next(seed) % (max + 1), n = 0;

    for (size_t i = 0; i < pieces; i++) {
        str one = str_z(set[next(seed) % n_set]);
        memcpy(dst + n, one.p, one.n);
        n += one.n;
    }
    return str_n(dst, n);
}

/* A pattern that nearly matches: the text with some characters made wild and some left out. */
static str disguised(uint32_t *seed, str t, char *dst)
{
    size_t n = 0, most = MOST - 8;

    for (size_t k = 0; k < t.n && n < most; k = next_char(t, k)) {
        unsigned what = next(seed) % 12;
        if (what < 4) {
            dst[n++] = '?';
        } else if (what == 4 && next(seed) % 8 == 0) {
            dst[n++] = '*';
        } else if (what > 4 || next(seed) % 8) {
            memcpy(dst + n, t.p + k, next_char(t, k) - k);
            n += next_char(t, k) - k;
        }
    }
    return str_n(dst, n);
}

static void agree(str p, str t, uint32_t *hits)
{
    bool plain = plain_glob(p, t);

    *hits += plain;
    if (authz_glob(p, t, false) != plain)
        fail_msg("\"%.*s\" on \"%.*s\" should be %d", FMT(p), FMT(t), plain);
}

static void test_authz_glob__agrees_with_a_plain_matcher(void **state)
{
    static const char *const wild[] = {"a", "b", "*", "?"}, *const text[] = {"a", "b"};
    uint32_t seed = 20261123, hits = 0;
    char a[16], b[16];

    (void)state;
    for (int i = 0; i < 200000; i++) {
        str p = random_text(&seed, wild, 4, a, 12);
        agree(p, random_text(&seed, text, 2, b, 12), &hits);
    }
    assert_true(hits > 1000);
}

static void test_authz_glob__agrees_on_long_texts_and_pieces(void **state)
{
    static const char *const wild[] = {"a", "a", "b", "?", "?", "\xc3\xbc", "*"};
    static const char *const text[] = {"a", "a", "a", "b", "\xc3\xbc", "\xe2\x82\xac"}, *const bytes[] = {"a", "\xbc",
                                                                                                          "\xc3"};
    uint32_t seed = 20261129, hits = 0;
    char a[MOST], b[MOST];

    (void)state;
    for (int i = 0; i < 1500; i++) {
        str t = i % 5 ? random_text(&seed, text, i % 2 ? 3 : 6, b, 190) : random_text(&seed, bytes, 3, b, 300);
        agree(disguised(&seed, t, a), t, &hits);
        a[0] = '*';
        agree(str_n(a, disguised(&seed, t, a + 1).n + 1), t, &hits);
        agree(random_text(&seed, wild, 7, a, 90), t, &hits);
    }
    assert_true(hits > 200);
}

static void test_authz_glob__edges(void **state)
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

static void test_authz_glob__one_is_a_character_not_a_byte(void **state)
{
    (void)state;
    assert_true(authz_glob(S("gr?n"), S("gr\xc3\xbcn"), false));
    assert_false(authz_glob(S("gr??n"), S("gr\xc3\xbcn"), false));
    assert_false(authz_glob(S("*??"), S("\xc3\xbc"), false));
    assert_true(authz_glob(S("*\xbc*"), S("\xbc"), false)); /* bad UTF-8 in a request is bytes */
}

/* A hostile pattern of 6 KB on a long text: as many of it as fit, each of `bytes`, made of a piece again and again. */
static uint64_t steps_of(const char *piece, size_t bytes)
{
    static char pattern[6144], text[4096];
    uint64_t before = UINT64_MAX, steps = before;
    str again = str_z(piece);
    size_t n = 0;

    memset(text, 'a', sizeof text);
    pattern[n++] = '*';
    while (n + again.n < bytes) {
        memcpy(pattern + n, again.p, again.n);
        n += again.n;
    }
    pattern[n++] = 'b';
    for (size_t i = 0; i < sizeof pattern / n; i++)
        assert_false(glob_steps(str_n(pattern, n), str_n(text, sizeof text), '*', '?', false, &steps));
    return before - steps;
}

static void test_authz_glob__bombs_take_few_steps(void **state)
{
    (void)state;
    assert_true(steps_of("*a", 6000) < 20000);
    assert_true(steps_of("*a?", 6000) < 100000);
    assert_true(steps_of("a?", 6000) < 250000);
    assert_true(steps_of("a?", 1000) < 250000);
    assert_true(steps_of("a?", 300) < 250000); /* a million and a half when tried place by place */
    assert_true(steps_of("?", 64) < 250000);
}

static void test_authz_glob__no_steps_left_is_no_match(void **state)
{
    uint64_t few[] = {1, 3, 40};

    (void)state;
    assert_false(glob_steps(S("*"), S("aaaaaaaa"), '*', '?', false, &few[0]));
    assert_false(glob_steps(S("aaaa"), S("aaaa"), '*', '?', false, &few[1]));
    assert_false(glob_steps(S("*a?b*"), S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-aab"), '*', '?',
                            false, &few[2]));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(few[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_glob__agrees_with_a_plain_matcher),
        cmocka_unit_test(test_authz_glob__agrees_on_long_texts_and_pieces),
        cmocka_unit_test(test_authz_glob__edges),
        cmocka_unit_test(test_authz_glob__one_is_a_character_not_a_byte),
        cmocka_unit_test(test_authz_glob__bombs_take_few_steps),
        cmocka_unit_test(test_authz_glob__no_steps_left_is_no_match),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
