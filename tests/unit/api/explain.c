/* SPDX-License-Identifier: MIT */
/* Explanations: the tree of calls comes back from flat records, and the judgement that decided is the one named. */
#include "api/explain.h"

#include "base/json.h"
#include "test.h"

#define RECORD(name, depth, error, judgements)                                                                         \
    "{\"eventSource\":\"x.amazonaws.com\",\"eventName\":\"" name "\",\"requestID\":\"r\"" error                        \
    ",\"userIdentity\":{\"arn\":\"arn:me\"},\"barmkin\":{\"depth\":" #depth ",\"judgements\":[" judgements "]}}"
#define DENIED(by)                                                                                                     \
    "{\"action\":\"kms:Decrypt\",\"resource\":\"k\",\"decision\":\"ImplicitlyDenied\",\"by\":\"" by                    \
    "\",\"trace\":{\"layers\":[{\"layer\":\"" by "\"}],\"context\":{\"a\":\"b\"}}}"
#define ALLOWED "{\"action\":\"s3:GetObject\",\"resource\":\"o\",\"decision\":\"Allowed\",\"by\":\"identity\"}"
#define REFUSED ",\"errorCode\":\"AccessDenied\""

static json_t *explained(struct arena *a, const char *const *texts, size_t n)
{
    struct err e = {0};
    str records[8], json;
    json_t *j;

    for (size_t i = 0; i < n; i++)
        records[i] = str_z(texts[i]);
    assert_true(is_ok(explain_build(records, n, a, &json, &e)));
    assert_true(is_ok(json_parse(a, json, &e, &j)));
    return j;
}

static void test_api_explain__an_inner_denial_decides_the_outer_call(void **state)
{
    struct arena *a = arena_new(1 << 20);
    const char *const records[] = {RECORD("Decrypt", 1, REFUSED, DENIED("resource")),
                                   RECORD("GetObject", 0, REFUSED, ALLOWED)};
    json_t *j = explained(a, records, 2), *call = json_object_get(j, "call");
    json_t *inner = json_array_get(json_object_get(call, "inner"), 0);
    json_t *judged = json_array_get(json_object_get(inner, "judgements"), 0);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(j, "decision")), "ImplicitlyDenied");
    assert_string_equal(json_string_value(json_object_get(j, "by")), "resource");
    assert_string_equal(json_string_value(json_object_get(call, "operation")), "GetObject");
    assert_string_equal(json_string_value(json_object_get(inner, "operation")), "Decrypt");
    assert_int_equal(json_array_size(json_object_get(judged, "layers")), 1);
    assert_string_equal(json_string_value(json_object_get(json_object_get(judged, "context"), "a")), "b");
    arena_free(a);
}

static void test_api_explain__a_denial_that_was_borne_does_not_decide(void **state)
{
    struct arena *a = arena_new(1 << 20);
    const char *const records[] = {RECORD("Decrypt", 1, REFUSED, DENIED("resource")),
                                   RECORD("GetObject", 0, "", ALLOWED)};
    json_t *j = explained(a, records, 2);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(j, "decision")), "Allowed");
    arena_free(a);
}

static void test_api_explain__calls_hang_below_the_call_that_made_them(void **state)
{
    struct arena *a = arena_new(1 << 20);
    const char *const records[] = {RECORD("a", 2, "", ALLOWED), RECORD("b", 1, "", ALLOWED),
                                   RECORD("c", 1, "", ALLOWED), RECORD("root", 0, "", ALLOWED)};
    json_t *inner = json_object_get(json_object_get(explained(a, records, 4), "call"), "inner");

    (void)state;
    assert_int_equal(json_array_size(inner), 2);
    json_t *b = json_array_get(inner, 0), *c = json_array_get(inner, 1);
    assert_string_equal(json_string_value(json_object_get(b, "operation")), "b");
    assert_int_equal(json_array_size(json_object_get(b, "inner")), 1);
    assert_string_equal(json_string_value(json_object_get(c, "operation")), "c");
    assert_int_equal(json_array_size(json_object_get(c, "inner")), 0);
    arena_free(a);
}

static void test_api_explain__an_operation_s_own_refusal_is_a_denial(void **state)
{
    struct arena *a = arena_new(1 << 20);
    const char *const records[] = {RECORD("ListAccounts", 0, REFUSED, ALLOWED)};
    json_t *j = explained(a, records, 1);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(j, "decision")), "ImplicitlyDenied");
    assert_string_equal(json_string_value(json_object_get(j, "by")), "none");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_explain__an_inner_denial_decides_the_outer_call),
        cmocka_unit_test(test_api_explain__a_denial_that_was_borne_does_not_decide),
        cmocka_unit_test(test_api_explain__calls_hang_below_the_call_that_made_them),
        cmocka_unit_test(test_api_explain__an_operation_s_own_refusal_is_a_denial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
