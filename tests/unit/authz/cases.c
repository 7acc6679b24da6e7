/* SPDX-License-Identifier: MIT */
/* Plays every case of tests/authz/cases: case.json is a batch line, written for people, with what is expected of it:
 * "expected" (decision, or "Refused" where the case asks nothing and gets none), "by" (layer), and where it matters
 * "failed" (the key of the condition that failed the nearest statement), "message" (the whole text) or "error" (a part
 * of it). */
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "authz/authz.h"
#include "base/json.h"

enum { CASE_MAX_BYTES = 1 << 20 };

static str read_file(struct arena *a, const char *path)
{
    char *text = arena_alloc(a, 65536);
    FILE *f = fopen(path, "r");

    if (!f)
        return STR_ABSENT;
    size_t n = fread(text, 1, 65536, f);
    fclose(f);
    return str_n(text, n);
}

static bool differs(const char *name, const char *what, str got, str wanted)
{
    if (!str_is(wanted) || str_eq(got, wanted))
        return false;
    print_error("%s: %s is \"%.*s\", not \"%.*s\"\n", name, what, FMT(got), FMT(wanted));
    return true;
}

static bool case_fails(const char *name, const json_t *wanted, const json_t *got)
{
    const json_t *trace = json_object_get(got, "trace"), *failed = json_object_get(trace, "failed");
    str error = json_str_at(got, "error"), part = json_str_at(wanted, "error");
    str decision = json_str_at(got, "decision");
    bool bad = differs(name, "decision", str_is(decision) ? decision : S("Refused"), json_str_at(wanted, "expected"));

    bad |= differs(name, "by", json_str_at(got, "by"), json_str_at(wanted, "by"));
    bad |= differs(name, "failed key", json_str_at(failed, "key"), json_str_at(wanted, "failed"));
    bad |= differs(name, "message", json_str_at(got, "message"), json_str_at(wanted, "message"));
    if (str_is(part) != str_is(error) || (str_is(part) && str_search(error, part) < 0)) {
        print_error("%s: error is \"%.*s\", not \"%.*s\"\n", name, FMT(error), FMT(part));
        bad = true;
    }
    if (!str_is(json_str_at(wanted, "expected")) || !str_is(json_str_at(wanted, "note"))) {
        print_error("%s: a case needs \"expected\" and \"note\"\n", name);
        bad = true;
    }
    return bad;
}

static bool play(const char *name)
{
    struct arena *a = arena_new(16 << 20);
    struct err e = {0};
    struct buf out;
    json_t *wanted = NULL, *got = NULL;
    str path = arena_printf(a, "tests/authz/cases/%s/case.json", name), text = read_file(a, path.p);
    bool bad = true;

    buf_init(&out, CASE_MAX_BYTES);
    authz_batch_line(text, true, &out);
    if (!is_ok(json_parse(a, text, &e, &wanted)) || !is_ok(json_parse(a, buf_str(&out), &e, &got)))
        print_error("%s: %s\n", name, e.what);
    else
        bad = case_fails(name, wanted, got);
    buf_done(&out);
    arena_free(a);
    return bad;
}

static void test_authz_cases__every_case_is_decided_as_written(void **state)
{
    DIR *dir = opendir("tests/authz/cases");
    struct dirent *at;
    size_t played = 0, failed = 0;

    (void)state;
    assert_non_null(dir);
    while ((at = readdir(dir))) {
        if (at->d_name[0] == '.')
            continue;
        played++;
        failed += play(at->d_name);
    }
    closedir(dir);
    assert_true(played >= 40);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_authz_cases__every_case_is_decided_as_written)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
