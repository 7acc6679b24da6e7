/* SPDX-License-Identifier: MIT */
/* The expressions of the cfn blocks, and the inputs that operations get from them. */
#include "test.h"

#include "api/call.h"
#include "services/cloudformation/cfn_parts.h"
#include "iam.h"
#include "ssm.h"

struct bench {
    struct arena *a;
    struct call call;
    struct caller who;
    struct cfn_values v;
};

static json_t *tree(struct arena *a, const char *text)
{
    json_t *out;

    assert_true(is_ok(json_parse(a, str_z(text), NULL, &out)));
    return out;
}

static void open_bench(struct bench *b, const char *props)
{
    *b = (struct bench){.a = arena_new(1 << 24)};
    b->who = (struct caller){.account = S("111122223333")};
    b->call = (struct call){.arena = b->a, .caller = &b->who, .region = S("eu-west-1")};
    b->v = (struct cfn_values){.c = &b->call,
                               .props = tree(b->a, props),
                               .kept = tree(b->a, "{\"Name\":\"n\",\"List\":[{\"K\":\"a\"},{\"K\":\"b\"}]}"),
                               .item = tree(b->a, "{\"Key\":\"k\"}"),
                               .id = S("the-id")};
}

static void is_worth(struct bench *b, const char *expression, const char *wanted)
{
    json_t *got = cfn_value(&b->v, expression);

    if (!wanted) {
        assert_null(got);
        return;
    }
    str text = json_is_string(got) ? json_str(got) : cfn_dump(b->a, got);
    assert_true(str_eq(text, str_z(wanted)));
}

static void test_services_cloudformation_values__expressions(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, "{\"P\":\"x\",\"Deep\":{\"In\":5},\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"}],\"Map\":{\"m\":\"1\","
                   "\"l\":[\"x\",\"y\"]}}");
    is_worth(&b, "P", "x");
    is_worth(&b, "Deep.In", "5");
    is_worth(&b, "None", NULL);
    is_worth(&b, "None|P", "x");
    is_worth(&b, "None|'a|b'", "a|b");
    is_worth(&b, "@Name", "n");
    is_worth(&b, "@id", "the-id");
    is_worth(&b, "@List.K", "[\"a\",\"b\"]");
    is_worth(&b, "@List.1.K", "b");
    is_worth(&b, ".Key", "k");
    is_worth(&b, "'arn:{partition}:x:{region}:{account}:{@Name}/{P}'", "arn:aws:x:eu-west-1:111122223333:n/x");
    is_worth(&b, "Tags[Key>TagKey,Value>TagValue]", "[{\"TagKey\":\"a\",\"TagValue\":\"1\"}]");
    is_worth(&b, "Tags(Key,Value)", "{\"a\":\"1\"}");
    is_worth(&b, "Tags(Key:Value)", "[\"a:1\"]");
    is_worth(&b, "Deep.In(time)", "1970-01-01T00:00:05.000Z");
    is_worth(&b, "None(time)", NULL);
    is_worth(&b, "Map{Name,Text}", "[{\"Name\":\"m\",\"Text\":\"1\"},{\"Name\":\"l\",\"Text\":\"x,y\"}]");
    arena_free(b.a);
}

static const struct cfn_pair role_args[] = {
    {"RoleName", "@Name"}, {"AssumeRolePolicyDocument", "Policy"}, {"MaxSessionDuration", "Seconds"}, {"Tags", "Tags"}};
static const struct cfn_call make_role = {.op = &iam_CreateRole_op, .args = role_args, .n_args = 4};

static void test_services_cloudformation_values__types_follow_the_operation(void **state)
{
    struct bench b;
    struct err e = {0};
    void *in;

    (void)state;
    open_bench(&b, "{\"Policy\":{\"Version\":\"2012-10-17\",\"Statement\":[]},\"Seconds\":\"7200\",\"Tags\":[{\"Key\":"
                   "\"k\",\"Value\":5}]}");
    assert_true(is_ok(cfn_input(&b.v, &make_role, &in, &e)));
    const struct iam_create_role_in *got = in;
    assert_true(str_eq(got->role_name, S("n")));
    assert_true(str_eq(got->assume_role_policy_document, S("{\"Version\":\"2012-10-17\",\"Statement\":[]}")));
    assert_int_equal(got->max_session_duration.v, 7200);
    assert_true(str_eq(got->tags.v[0].value, S("5")));
    arena_free(b.a);
}

static void refused(const char *props, const char *words)
{
    struct bench b;
    struct err e = {0};
    void *in;

    open_bench(&b, props);
    assert_int_equal(cfn_input(&b.v, &make_role, &in, &e).why, WHY_REJECT);
    assert_true(str_search(str_z(e.what), str_z(words)) >= 0);
    arena_free(b.a);
}

static void test_services_cloudformation_values__what_does_not_fit_is_said(void **state)
{
    (void)state;
    refused("{\"Seconds\":\"soon\"}", "#/MaxSessionDuration: expected type: Integer");
    refused("{\"Tags\":\"none\"}", "#/Tags: expected type: JSONArray");
    refused("{\"Tags\":[{\"Key\":\"a\",\"Colour\":\"b\"}]}", "extraneous key [Colour] is not permitted");
    refused("{\"Tags\":[5]}", "expected type: JSONObject");
}

static void test_services_cloudformation_values__names(void **state)
{
    struct bench b;
    str long_stack = S("sm-mlops-env-EnvironmentTargetAccountIAMRoles-XXXX"),
        logical = S("SageMakerModelExecutionRole");

    (void)state;
    open_bench(&b, "{}");
    str name = cfn_name(&b.call, long_stack, logical, 64, false);
    assert_int_equal(name.n, 64);
    assert_true(str_starts(name, S("sm-mlops-env-EnvironmentT-SageMakerModelExecutionR-")));
    name = cfn_name(&b.call, S("st"), logical, 64, false);
    assert_true(str_starts(name, S("st-SageMakerModelExecutionRole-")));
    name = cfn_name(&b.call, S("Stack"), S("Bucket"), 63, true);
    assert_true(str_starts(name, S("stack-bucket-")));
    arena_free(b.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_cloudformation_values__expressions),
        cmocka_unit_test(test_services_cloudformation_values__types_follow_the_operation),
        cmocka_unit_test(test_services_cloudformation_values__what_does_not_fit_is_said),
        cmocka_unit_test(test_services_cloudformation_values__names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
