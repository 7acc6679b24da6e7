/* SPDX-License-Identifier: MIT */
/* Every case of tests/sigv4, stage by stage, so that a failing stage is visible; and bad input of the facts verb. */
#include "test.h"

#include <dirent.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/json.h"
#include "identify/facts.h"

#define CASES "tests/sigv4"

enum { FILE_BYTES = 1 << 16 };

static str read_file(struct arena *a, const char *name, const char *file)
{
    str path = arena_printf(a, CASES "/%s/%s", name, file);
    char *p = arena_alloc(a, FILE_BYTES);
    FILE *f = fopen(path.p, "rb");

    if (!f)
        fail_msg("%s cannot be read", path.p);
    size_t n = fread(p, 1, FILE_BYTES, f);
    fclose(f);
    return str_n(p, n);
}

static str facts_of(struct arena *a, str input, bool query)
{
    struct err e = {0};
    struct buf out;

    buf_init(&out, FILE_BYTES);
    if (!is_ok(sigv4_facts(input, query, &out, &e)))
        fail_msg("%s", e.what);
    str text = arena_dup(a, buf_str(&out));
    buf_done(&out);
    return text;
}

static void compare(struct arena *a, const char *name, const char *mode, const json_t *facts)
{
    static const char *const stages[] = {"canonical-request", "string-to-sign", "signature"};

    for (int i = 0; i < 3; i++) {
        str file = arena_printf(a, "%s-%s.txt", mode, stages[i]);
        str want = read_file(a, name, file.p), got = json_str_at(facts, stages[i]);
        if (!str_eq(want, got))
            fail_msg("%s/%s: wanted\n%.*s\nand got\n%.*s", name, file.p, FMT(want), FMT(got));
    }
}

static void run_case(const char *name)
{
    struct arena *a = arena_new(8 << 20);
    struct buf input;

    buf_init(&input, 2 * FILE_BYTES);
    buf_add(&input, S("{\"context\":"));
    buf_add(&input, read_file(a, name, "context.json"));
    buf_add(&input, S(",\"request\":"));
    buf_add_json_str(&input, read_file(a, name, "request.txt"));
    buf_add_char(&input, '}');
    for (int query = 0; query < 2; query++) {
        json_t *facts;
        assert_true(is_ok(json_parse(a, facts_of(a, buf_str(&input), query), NULL, &facts)));
        compare(a, name, query ? "query" : "header", facts);
    }
    buf_done(&input);
    arena_free(a);
}

static void test_identify_facts__every_case_in_both_modes(void **state)
{
    DIR *d = opendir(CASES);
    int ran = 0;

    (void)state;
    assert_non_null(d);
    for (struct dirent *x; (x = readdir(d)) != NULL;)
        if (x->d_name[0] != '.' && x->d_type == DT_DIR) {
            run_case(x->d_name);
            ran++;
        }
    closedir(d);
    assert_true(ran >= 20);
}

#define CONTEXT(more)                                                                                                  \
    "{\"context\":{\"credentials\":{\"access_key_id\":\"A\",\"secret_access_key\":\"topsecret\"},\"region\":\"r\","    \
    "\"service\":\"s\"" more "}"
#define WITH_TIME CONTEXT(",\"timestamp\":\"2026-11-23T08:22:51Z\"")

static void test_identify_facts__crlf_and_lf_give_the_same(void **state)
{
    struct arena *a = arena_new(1 << 20);

    (void)state;
    assert_str_equal(
        facts_of(a, S(WITH_TIME ",\"request\":\"GET / HTTP/1.1\\nHost: h\\nA: 1\\n\\nx\\ny\"}"), false),
        facts_of(a, S(WITH_TIME ",\"request\":\"GET / HTTP/1.1\\r\\nHost: h\\r\\nA: 1\\r\\n\\r\\nz\"}"), false));
    arena_free(a);
}

static void test_identify_facts__a_request_that_was_signed_before_is_signed_anew(void **state)
{
    struct arena *a = arena_new(1 << 20);

    (void)state;
    assert_str_equal(facts_of(a, S(WITH_TIME ",\"request\":\"GET / HTTP/1.1\\nHost:h\\n\"}"), false),
                     facts_of(a,
                              S(WITH_TIME ",\"request\":\"GET / HTTP/1.1\\nHost:h\\nX-Amz-Date:20200101T000000Z\\n"
                                          "Authorization:AWS4-HMAC-SHA256 x\\n\"}"),
                              false));
    assert_str_equal(
        facts_of(a, S(WITH_TIME ",\"request\":\"GET /?a=1 HTTP/1.1\\nHost:h\\n\"}"), true),
        facts_of(a, S(WITH_TIME ",\"request\":\"GET /?a=1&X-Amz-Signature=00&X-Amz-Date=x HTTP/1.1\\nHost:h\\n\"}"),
                 true));
    arena_free(a);
}

static void test_identify_facts__bad_input_is_refused_without_the_secret(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"context\":{},\"request\":\"GET / HTTP/1.1\\nHost:h\\n\"}",
        CONTEXT("") ",\"request\":\"GET / HTTP/1.1\\nHost:h\\n\"}",
        CONTEXT(",\"timestamp\":\"yesterday\"") ",\"request\":\"GET / HTTP/1.1\\nHost:h\\n\"}",
        CONTEXT(
            ",\"timestamp\":\"2026-11-23T08:22:51Z\",\"sign_body\":1") ",\"request\":\"GET / HTTP/1.1\\nHost:h\\n\"}",
        WITH_TIME "}",
        WITH_TIME ",\"request\":1}",
        WITH_TIME ",\"request\":\"\"}",
        WITH_TIME ",\"request\":\"GET\"}",
        WITH_TIME ",\"request\":\"GET x HTTP/1.1\\nHost:h\\n\"}",
        WITH_TIME ",\"request\":\"GET / HTTP/1.1\\n folded\\n\"}",
        WITH_TIME ",\"request\":\"GET / HTTP/1.1\\nno colon\\n\"}",
        WITH_TIME ",\"request\":\"GET / HTTP/1.1\\nX:no host\\n\"}",
        WITH_TIME ",\"request\":\"GET /?a=%zz HTTP/1.1\\nHost:h\\n\"}",
    };
    struct buf out;

    (void)state;
    buf_init(&out, FILE_BYTES);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        if (sigv4_facts(str_z(bad[i]), i & 1, &out, &e).why != WHY_REJECT)
            fail_msg("%s was taken", bad[i]);
        assert_true(e.what[0] && str_search(str_z(e.what), S("topsecret")) < 0);
    }
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identify_facts__every_case_in_both_modes),
        cmocka_unit_test(test_identify_facts__crlf_and_lf_give_the_same),
        cmocka_unit_test(test_identify_facts__a_request_that_was_signed_before_is_signed_anew),
        cmocka_unit_test(test_identify_facts__bad_input_is_refused_without_the_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
