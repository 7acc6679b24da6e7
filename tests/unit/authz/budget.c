/* SPDX-License-Identifier: MIT */
/* What deciding and explaining say when their steps run out: whatever the budget, the answer is either the one without
 * limits or a doubt, which denies. */
#include "test.h"

#include <string.h>

#include "authz/eval.h"
#include "authz/index.h"
#include "base/json.h"

#define DOC(statements) "{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}"
#define ANA "arn:aws:iam::111111111111:user/ana"

enum { VALUES = 2000 };

static struct policy *compile(const char *text, enum policy_kind kind)
{
    struct err e = {0};
    struct policy *p = NULL;

    if (!is_ok(policy_compile(str_z(text), kind, S("t"), &p, &e)))
        fail_msg("%s: %s", text, e.what);
    return p;
}

static struct authz_request request_of(const struct authz_value *context, size_t n)
{
    return (struct authz_request){.principal_kind = PRINCIPAL_USER,
                                  .principal = S(ANA),
                                  .account = S("111111111111"),
                                  .action = S("s3:GetObjectTagging"),
                                  .resource = S("arn:aws:s3:::bucket-of-ana/some/longer/key/aab"),
                                  .context = context,
                                  .n_context = n};
}

static const char *const texts[] = {
    DOC("{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[\"222222222222\",\"" ANA
        "\"]},\"Action\":[\"s3:P*t\",\"s3:G?tO*g\"],"
        "\"Resource\":[\"arn:aws:s3:::b*x*a?b\",\"arn:aws:s3:*::bucket-*/some/*/key/a*b\"]}"),
    DOC("{\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":[\"111111111111\",\"" ANA
        "\"]},\"Action\":\"*\",\"Resource\":\"*\"},"
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"NotAction\":\"s3:Put*x\",\"NotResource\":\"arn:aws:s3:::*c?\","
        "\"Condition\":{\"StringLike\":{\"aws:username\":[\"b*\",\"${aws:username}\",\"a*a\"]},"
        "\"IpAddress\":{\"aws:SourceIp\":[\"10.0.0.0/8\",\"192.0.2.0/24\"]},"
        "\"ArnNotLike\":{\"aws:PrincipalArn\":\"arn:aws:iam::*:role/*\"}}}"),
    DOC("{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:Get*\",\"Resource\":\"arn:aws:s3:::bucket-of-ana/"
        "*\"},"
        "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*Tagging\","
        "\"Resource\":\"arn:aws:s3:::*of-${aws:username}/*\",\"Condition\":{\"NumericLessThan\":{\"x:n\":[1,2,3]}}}"),
};

/* A set read with `steps`, by its index if it has one; returns what is left. */
static uint64_t read_with(const struct authz_request *r, struct policy_set set, bool all, uint64_t steps,
                          struct scan *out, bool *doubt)
{
    static const struct authz_layers none;
    struct eval v = {.all = all};

    assert_true(eval_begin(&v, r, &none));
    v.pool = steps;
    *out = (struct scan){0};
    scan_set(&v, set, out);
    *doubt = v.doubt;
    return v.steps + v.pool;
}

static void test_authz_budget__fewer_steps_doubt_or_say_the_same(void **state)
{
    str name = S("ana"), ip = S("192.0.2.7"), arn = S(ANA), two = S("2");
    const struct authz_value context[] = {{S("aws:username"), &name, 1, false},
                                          {S("aws:SourceIp"), &ip, 1, false},
                                          {S("aws:PrincipalArn"), &arn, 1, false},
                                          {S("x:n"), &two, 1, false}};
    struct authz_request r = request_of(context, 4);

    (void)state;
    for (size_t i = 0; i < 3 * sizeof texts / sizeof texts[0]; i++) {
        struct policy *p = compile(texts[i / 3], POLICY_RESOURCE);
        const struct policy *one[] = {p};
        struct policy_set set = {.v = one, .n = 1};
        struct policy_index *x = policy_index_make(set, 1);
        struct scan whole, part;
        bool doubt, all = i % 3 == 1;
        set.index = i % 3 == 2 ? x : NULL;
        uint64_t used = EVAL_STEPS - read_with(&r, set, all, EVAL_STEPS, &whole, &doubt);
        assert_false(doubt);
        assert_true(whole.allowed || whole.denied);
        for (uint64_t steps = 0; steps <= used + 1; steps++) {
            read_with(&r, set, all, steps, &part, &doubt);
            if (steps < used)
                assert_true(doubt);
            if (steps > used)
                assert_false(doubt);
            if (!doubt && (part.denied != whole.denied || part.allowed != whole.allowed))
                fail_msg("policy %zu with %ju steps says something else", i, (uintmax_t)steps);
        }
        policy_index_free(x);
        policy_free(p);
    }
}

/* `statements` of this effect, each with a condition that costs more than a whole budget and does not hold. */
static struct policy *heavy(const char *effect, unsigned statements, enum policy_kind kind)
{
    struct err e = {0};
    struct policy *p = NULL;
    struct buf text;

    buf_init(&text, POLICY_MAX_BYTES);
    buf_add_z(&text, "{\"Statement\":[");
    for (unsigned i = 0; i < statements; i++) {
        buf_printf(&text,
                   "%s{\"Effect\":\"%s\",%s\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{"
                   "\"ForAnyValue:NumericEquals\":{\"x:n\":[0",
                   i ? "," : "", effect, kind == POLICY_RCP ? "\"Principal\":\"*\"," : "");
        for (int n = 0; n < 800; n++)
            buf_printf(&text, ",%d", 100 + n);
        buf_add_z(&text, "]}}}");
    }
    buf_add_z(&text, "]}");
    if (!is_ok(policy_compile(buf_str(&text), kind, S("heavy"), &p, &e)))
        fail_msg("%s", e.what);
    buf_done(&text);
    return p;
}

static json_t *explained(struct arena *a, const struct authz_request *r, const struct authz_layers *l)
{
    struct err e = {0};
    struct buf out;
    json_t *doc = NULL;

    buf_init(&out, 1 << 20);
    authz_explain(r, l, &out);
    if (!is_ok(json_parse(a, buf_str(&out), &e, &doc)))
        fail_msg("%s", e.what);
    buf_done(&out);
    return doc;
}

/* A guardrail that eats the budget leaves nothing for the next layers: denied, and no layer is blamed. Explaining has a
 * budget of its own: it finds that every level of SCPs would have allowed, and names no statement. */
static void test_authz_budget__a_greedy_guardrail_denies(void **state)
{
    static str many[VALUES];
    const struct authz_value context = {S("x:n"), many, VALUES, true};
    struct authz_request r = request_of(&context, 1);
    struct policy *greedy = heavy("Deny", 1, POLICY_RCP);
    struct policy *all = compile(DOC("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}"), POLICY_SCP);
    const struct policy *rcp[1] = {greedy}, *scp[1] = {all};
    struct policy_set rcps = {.v = rcp, .n = 1}, scps = {.v = scp, .n = 1};
    struct authz_layers l = {.rcps = {&rcps, 1}, .scps = {&scps, 1}, .identity = {.v = scp, .n = 1}};
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < VALUES; i++)
        many[i] = S("7");
    struct decision d = authz_evaluate(&r, &l);
    assert_int_equal(d.verdict, DENIED_IMPLICITLY);
    assert_int_equal(d.by, LAYER_NONE);
    const json_t *doc = explained(a, &r, &l), *layers = json_object_get(doc, "layers");
    assert_str_equal(json_str_at(doc, "decision"), S("ImplicitlyDenied"));
    assert_str_equal(json_str_at(json_array_get(layers, 1), "layer"), S("scp"));
    assert_str_equal(json_str_at(json_array_get(layers, 1), "verdict"), S("ImplicitlyDenied"));
    assert_null(json_object_get(json_array_get(layers, 1), "policy"));
    r.n_context = 0;
    assert_int_equal(authz_evaluate(&r, &l).verdict, ALLOWED);
    policy_free(greedy);
    policy_free(all);
    arena_free(a);
}

/* Looking for the nearest statement ends with the budget too; what was found until then is named. */
static void test_authz_budget__the_nearest_is_sought_within_it(void **state)
{
    static str many[VALUES];
    const struct authz_value context = {S("x:n"), many, VALUES, true};
    struct authz_request r = request_of(&context, 1);
    struct policy *p = heavy("Allow", 3, POLICY_IDENTITY);
    const struct policy *one[1] = {p};
    struct authz_layers l = {.identity = {.v = one, .n = 1}};
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < VALUES; i++)
        many[i] = S("7");
    assert_int_equal(authz_evaluate(&r, &l).verdict, DENIED_IMPLICITLY);
    const json_t *doc = explained(a, &r, &l);
    assert_str_equal(json_str_at(doc, "decision"), S("ImplicitlyDenied"));
    assert_str_equal(json_str_at(doc, "by"), S("none"));
    policy_free(p);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_budget__fewer_steps_doubt_or_say_the_same),
        cmocka_unit_test(test_authz_budget__a_greedy_guardrail_denies),
        cmocka_unit_test(test_authz_budget__the_nearest_is_sought_within_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
