/* SPDX-License-Identifier: MIT */
/* What an explanation says: each layer's verdict and statement, and of a missing allow the nearest statement and every
 * element and condition that failed it. */
#include "../test.h"
#include "authz/authz.h"
#include "base/json.h"

struct said {
    struct arena *a;
    json_t *all, *trace;
};

static struct said explain(const char *request, const char *policies)
{
    struct said s = {.a = arena_new(16 << 20)};
    struct err e = {0};
    struct buf out;

    buf_init(&out, 1 << 20);
    str line = arena_printf(s.a, "{\"id\":1,\"request\":{\"principal\":\"arn:aws:iam::111111111111:user/ana\",%s},%s}",
                            request, policies);
    authz_batch_line(line, true, &out);
    if (!is_ok(json_parse(s.a, buf_str(&out), &e, &s.all)))
        fail_msg("%s: %.*s", e.what, FMT(buf_str(&out)));
    s.trace = json_object_get(s.all, "trace");
    buf_done(&out);
    return s;
}

static const json_t *layer(const struct said *s, const char *name)
{
    const json_t *layers = json_object_get(s->trace, "layers");

    for (size_t i = 0; i < json_array_size(layers); i++)
        if (str_eq(json_str_at(json_array_get(layers, i), "layer"), str_z(name)))
            return json_array_get(layers, i);
    return NULL;
}

static void assert_text(const json_t *o, const char *key, const char *wanted)
{
    char have[256];

    assert_string_equal(str_to_z(json_str_at(o, key), have, sizeof have), wanted);
}

static void assert_json(const json_t *v, const char *wanted)
{
    struct buf b;

    buf_init(&b, 4096);
    if (v)
        buf_add_json(&b, v);
    buf_add_char(&b, '\0');
    assert_string_equal(b.p, wanted);
    buf_done(&b);
}

#define GET_X "\"action\":\"s3:GetObject\",\"resource\":\"arn:aws:s3:::data/x\",\"context\":{\"aws:username\":\"ana\"}"
#define DOC(statements) "{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}"
#define ALLOW_ALL DOC("{\"Sid\":\"All\",\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}")

static void test_authz_explain__elements_that_do_not_fit(void **state)
{
    struct said s =
        explain(GET_X, "\"identityPolicies\":[" DOC("{\"Effect\":\"Allow\",\"Action\":\"s3:PutObject\",\"Resource\":"
                                                    "\"arn:aws:s3:::other/*\"},"
                                                    "{\"Sid\":\"Near\",\"Effect\":\"Allow\",\"Action\":\"s3:Get*\","
                                                    "\"NotResource\":[\"arn:aws:s3:::data/*\"],\"Condition\":{"
                                                    "\"StringEquals\":{\"aws:UserName\":\"bob\"}}}") "]");

    (void)state;
    const json_t *l = layer(&s, "identity");
    assert_text(l, "verdict", "ImplicitlyDenied");
    assert_text(l, "sid", "Near");
    assert_json(json_object_get(l, "missed"), "[{\"element\":\"NotResource\",\"wanted\":[\"arn:aws:s3:::data/*\"],"
                                              "\"actual\":\"arn:aws:s3:::data/x\"}]");
    assert_json(json_object_get(l, "failed"), "{\"operator\":\"StringEquals\",\"key\":\"aws:UserName\",\"wanted\":"
                                              "\"bob\",\"actual\":\"ana\"}");
    assert_text(s.trace, "sid", "Near"); /* the decision names the nearest of its layer */
    arena_free(s.a);
}

static void test_authz_explain__an_action_that_fits_is_nearer_than_a_resource(void **state)
{
    struct said s = explain(
        GET_X, "\"identityPolicies\":[" DOC("{\"Sid\":\"R\",\"Effect\":\"Allow\",\"Action\":\"s3:Put*\",\"Resource\":"
                                            "\"*\"},{\"Sid\":\"A\",\"Effect\":\"Allow\",\"Action\":\"s3:*\","
                                            "\"Resource\":\"arn:aws:s3:::other\"}") "]");

    (void)state;
    assert_text(layer(&s, "identity"), "sid", "A");
    arena_free(s.a);
}

static void test_authz_explain__a_principal_that_is_not_named(void **state)
{
    struct said s = explain(
        GET_X, "\"resourcePolicy\":" DOC("{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"222222222222\"},\"Action\":"
                                         "\"s3:*\",\"Resource\":\"*\"}"));

    (void)state;
    assert_json(json_object_get(layer(&s, "resource"), "missed"),
                "[{\"element\":\"Principal\",\"wanted\":{\"AWS\":\"222222222222\"},\"actual\":"
                "\"arn:aws:iam::111111111111:user/ana\"}]");
    arena_free(s.a);
}

static void test_authz_explain__names_by_which_a_resource_policy_allows(void **state)
{
    struct said s = explain(
        GET_X, "\"resourcePolicy\":" DOC("{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111111111111\"},\"Action\":"
                                         "\"s3:*\",\"Resource\":\"*\"}"));

    (void)state;
    assert_text(s.all, "by", "identity");
    assert_json(json_object_get(layer(&s, "resource"), "names"), "[\"account\"]");
    arena_free(s.a);
}

static void test_authz_explain__levels_are_numbered(void **state)
{
    struct said s =
        explain(GET_X, "\"identityPolicies\":[" ALLOW_ALL "],\"serviceControlPolicies\":[[" ALLOW_ALL "],[" DOC(
                           "{\"Sid\":\"Kms\",\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\"}") "]]");
    struct said d =
        explain(GET_X, "\"identityPolicies\":[" ALLOW_ALL "],\"serviceControlPolicies\":[[" ALLOW_ALL "],[" ALLOW_ALL
                       "," DOC("{\"Effect\":\"Deny\",\"Action\":\"s3:*\",\"Resource\":\"*\"}") "]]");

    (void)state;
    assert_text(s.all, "by", "scp");
    assert_text(layer(&s, "scp"), "policy", "scp[1][0]");
    assert_int_equal(json_integer_value(json_object_get(layer(&s, "scp"), "level")), 2);
    assert_text(layer(&d, "scp"), "policy", "scp[1][1]");
    assert_text(layer(&d, "scp"), "verdict", "ExplicitlyDenied");
    assert_int_equal(json_integer_value(json_object_get(layer(&d, "scp"), "level")), 2);
    arena_free(s.a);
    arena_free(d.a);
}

static void test_authz_explain__sources_name_the_policies(void **state)
{
    struct said s = explain(GET_X, "\"identityPolicies\":[" ALLOW_ALL "],\"sources\":{\"identity\":[\"a.json\"]}");
    struct said bad = explain(GET_X, "\"identityPolicies\":[{}],\"sources\":{\"identity\":[\"a.json\"]}");

    (void)state;
    assert_text(s.trace, "policy", "a.json");
    assert_true(str_starts(json_str_at(bad.all, "error"), S("a.json: ")));
    assert_text(bad.all, "decision", "ImplicitlyDenied");
    arena_free(s.a);
    arena_free(bad.a);
}

/* A client may send two tags of one name: the object that tells the context has the name once, with all values. */
static void test_authz_explain__a_key_that_comes_twice_is_told_once(void **state)
{
    const str x = S("x"), two[] = {S("y"), S("z")};
    const struct authz_value context[] = {{S("aws:a"), &x, 1, false},  {S("aws:b"), &x, 1, false},
                                          {S("aws:a"), two, 2, true},  {S("aws:n"), NULL, 0, true},
                                          {S("aws:n"), NULL, 0, true}, {S("aws:lone"), two, 2, true}};
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    authz_context_json(context, sizeof context / sizeof context[0], &b);
    authz_context_json(NULL, 0, &b);
    assert_str_equal(buf_str(&b), S("{\"aws:a\":[\"x\",\"y\",\"z\"],\"aws:b\":\"x\",\"aws:n\":[],"
                                    "\"aws:lone\":[\"y\",\"z\"]}{}"));
    buf_done(&b);
}

static void test_authz_explain__a_spent_budget_still_ends(void **state)
{
    struct arena *a = arena_new(64 << 20);
    struct buf stars, text;

    (void)state;
    buf_init(&stars, 1 << 20);
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 3000; i++) {
        buf_add_z(&stars, "*a");
        buf_add_z(&text, "aaaaaaaa");
    }
    buf_add_z(&stars, "*ab");
    str request =
        arena_printf(a, "\"action\":\"s3:GetObject\",\"resource\":\"arn:aws:s3:::%.*s\"", FMT(buf_str(&text)));
    str policies = arena_printf(a,
                                "\"identityPolicies\":[" DOC("{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":"
                                                             "\"arn:aws:s3:::%.*s\"}") "]",
                                FMT(buf_str(&stars)));
    struct said s = explain(request.p, policies.p);
    assert_text(s.all, "decision", "ImplicitlyDenied");
    buf_done(&stars);
    buf_done(&text);
    arena_free(s.a);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_explain__elements_that_do_not_fit),
        cmocka_unit_test(test_authz_explain__an_action_that_fits_is_nearer_than_a_resource),
        cmocka_unit_test(test_authz_explain__a_principal_that_is_not_named),
        cmocka_unit_test(test_authz_explain__names_by_which_a_resource_policy_allows),
        cmocka_unit_test(test_authz_explain__levels_are_numbered),
        cmocka_unit_test(test_authz_explain__sources_name_the_policies),
        cmocka_unit_test(test_authz_explain__a_key_that_comes_twice_is_told_once),
        cmocka_unit_test(test_authz_explain__a_spent_budget_still_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
