/* SPDX-License-Identifier: MIT */
/* A member's bytes leave the text at every cut of it, and nothing else does. */
#include "test.h"

#include "api/siphon.h"

struct seen {
    struct buf got, rest;
    res why;
};

static res into(void *ctx, str bytes, struct err *e)
{
    (void)e;
    buf_add(ctx, bytes);
    return OK;
}

/* In pieces of `step` bytes. */
static struct seen run(const char *path, const char *text, size_t step)
{
    struct arena *a = arena_new(1 << 20);
    struct seen s = {.why = OK};
    struct err e = {0};
    str left = str_z(text);

    buf_init(&s.got, 1 << 16);
    buf_init(&s.rest, 1 << 16);
    struct siphon *one = siphon_new(a, path, into, &s.got);
    while (left.n && is_ok(s.why)) {
        s.why = siphon_feed(one, str_sub(left, 0, step), &s.rest, &e);
        left = str_from(left, left.n < step ? left.n : step);
    }
    arena_free(a);
    return s;
}

static void done(struct seen *s)
{
    buf_done(&s->got);
    buf_done(&s->rest);
}

static void test_api_siphon__a_member_leaves_and_the_rest_stays(void **state)
{
    static const struct {
        const char *path, *text, *got, *rest;
    } rows[] = {
        {"Z", "{\"Z\":\"aGFsbG8=\",\"b\":1}", "hallo", "{\"Z\":\"\",\"b\":1}"},
        {"Z", "{ \"a\" : \"Z\" , \"Z\" :\n \"YQ==\" }", "a", "{ \"a\" : \"Z\" , \"Z\" :\n \"\" }"},
        {"C.Z", "{\"C\":{\"x\":[1,{\"Z\":\"no\"}],\"Z\":\"YWJj\"},\"Z\":\"no\"}", "abc",
         "{\"C\":{\"x\":[1,{\"Z\":\"no\"}],\"Z\":\"\"},\"Z\":\"no\"}"},
        {"C.Z", "{\"Z\":\"no\",\"D\":{\"Z\":\"no\"},\"C\":{\"Z\":\"YWI=\"}}", "ab",
         "{\"Z\":\"no\",\"D\":{\"Z\":\"no\"},\"C\":{\"Z\":\"\"}}"},
        {"C.Z", "{\"C\":[{\"Z\":\"no\"}],\"e\":{\"C\":{\"Z\":\"no\"}}}", "",
         "{\"C\":[{\"Z\":\"no\"}],\"e\":{\"C\":{\"Z\":\"no\"}}}"},
        {"Z", "{\"q\":\"a\\\"Z\\\":\\\\\",\"Z\":\"\\u0059\\u0057I\\u003d\"}", "ab",
         "{\"q\":\"a\\\"Z\\\":\\\\\",\"Z\":\"\"}"},
        {"Z", "{\"Z\":\"\\/\\/\\/\\/\"}", "\xff\xff\xff", "{\"Z\":\"\"}"},
        {"Z", "{\"\\u005a\":\"YQ==\",\"Z\":5,\"a\":\"YQ==\"}", "", "{\"\\u005a\":\"YQ==\",\"Z\":5,\"a\":\"YQ==\"}"},
        {"Z", "{\"Z\":[\"YQ==\"],\"Z\":null,\"a\":[\"Z\",\"YQ==\"]}", "",
         "{\"Z\":[\"YQ==\"],\"Z\":null,\"a\":[\"Z\",\"YQ==\"]}"},
        {"Z", "[\"Z\",\"YQ==\"]", "", "[\"Z\",\"YQ==\"]"},
        {"Z", "}]}{\"Z\":\"YQ==\"", "a", "}]}{\"Z\":\"\""},
        {"Z", "{\"Z\":\"\"}", "", "{\"Z\":\"\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t step = 1; step <= 64; step++) {
            struct seen s = run(rows[i].path, rows[i].text, step);
            assert_true(is_ok(s.why));
            assert_str_equal(buf_str(&s.got), str_z(rows[i].got));
            assert_str_equal(buf_str(&s.rest), str_z(rows[i].rest));
            done(&s);
        }
}

static void test_api_siphon__what_is_no_base64_is_rejected(void **state)
{
    static const char *const rows[] = {
        "a", "YQ", "YQ=", "YWJ=a", "Y===", "=", "Y W=", "YWI=YWI=", "YWJj=", "\\n", "\\u00e9", "\\u00zz", "YQ==="};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t step = 1; step < 8; step++) {
            struct arena *a = arena_new(1 << 16);
            struct seen s = run("Z", arena_z(a, arena_printf(a, "{\"Z\":\"%s\"}", rows[i])), step);
            assert_int_equal(s.why.why, WHY_REJECT);
            done(&s);
            arena_free(a);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_siphon__a_member_leaves_and_the_rest_stays),
        cmocka_unit_test(test_api_siphon__what_is_no_base64_is_rejected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
