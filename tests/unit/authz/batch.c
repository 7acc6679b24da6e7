/* SPDX-License-Identifier: MIT */
/* `barmkin authz --batch`: what is said of cases that make no sense, of members that are null, and how values of every
 * JSON type are read. What is decided of good cases: cases.c. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "authz/authz.h"
#include "base/json.h"

#define ANA                                                                                                            \
    "\"principal\":\"arn:aws:iam::111111111111:user/ana\",\"action\":\"s3:GetObject\",\"resource\":\"arn:aws:s3:::b/"  \
    "k\""
#define ALL "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}"
#define EVERYONE "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}}"
#define WHO(principal) "{\"request\":{\"principal\":\"" principal "\",\"action\":\"a:b\",\"resource\":\"*\"}}"
#define WITH(member) "{\"request\":{" ANA "}," member "}"

static json_t *answer(struct arena *a, str line, bool explain)
{
    struct err e = {0};
    struct buf out;
    json_t *said = NULL;

    buf_init(&out, 1 << 20);
    authz_batch_line(line, explain, &out);
    if (!is_ok(json_parse(a, buf_str(&out), &e, &said)))
        fail_msg("%.*s: %s", FMT(line), e.what);
    buf_done(&out);
    return said;
}

struct bad {
    const char *line, *error;
    const char *by; /* NULL: not even a denial, the case asks nothing */
};

static const struct bad bad[] = {
    {"", "", NULL},
    {"{", "", NULL},
    {"[]", "the case is not an object", NULL},
    {"{\"id\":1}", "the case has no request", NULL},
    {"{\"request\":[]}", "the case has no request", NULL},
    {"{\"request\":{\"action\":\"a:b\"}}", "no action or no resource", NULL},
    {"{\"request\":{\"resource\":\"*\",\"principal\":\"anonymous\"}}", "no action or no resource", NULL},
    {"{\"request\":{\"action\":\"a:b\",\"resource\":\"\",\"principal\":\"anonymous\"}}", "no action or no resource",
     NULL},
    {"{\"request\":{\"action\":\"a:b\",\"resource\":\"*\"}}", "the principal is not known", NULL},
    {WHO("bob"), "the principal is not known: bob", NULL},
    {WHO("amazonaws.com"), "the principal is not known", NULL},
    {WHO("arn:aws:iam::1:user/u"), "the principal is not known", NULL},
    {WHO("arn:aws:iam::111111111111:user/"), "the principal is not known", NULL},
    {WHO("arn:aws:iam:us-east-1:111111111111:user/u"), "the principal is not known", NULL},
    {WHO("ARN:aws:iam::111111111111:user/u"), "the principal is not known", NULL},
    {WHO("arn:aws2:iam::111111111111:user/u"), "the principal is not known", NULL},
    {WHO("arn:aws:sts::111111111111:assumed-role/r"), "the principal is not known", NULL},
    {WHO("arn:aws:sts::111111111111:assumed-role/r/"), "the principal is not known", NULL},
    {WHO("arn:aws:sts::111111111111:assumed-role/r/s/t"), "the principal is not known", NULL},
    {WHO("arn:aws:sts::111111111111:federated-user/"), "the principal is not known", NULL},
    {WHO("s3.amazonaws.com.evil"), "the principal is not known", NULL},
    {WHO("arn:aws:iam::11111111111x:user/u"), "the principal is not known", NULL},
    {WHO("arn:aws:iam::111111111111:group/g"), "the principal is not known", NULL},
    {WHO("arn:aws:iam::111111111111:role/r"), "the principal is not known", NULL},
    {WHO("arn:aws:s3::111111111111:root"), "the principal is not known", NULL},
    {WHO("arn:aws:sts::111111111111:user/u"), "the principal is not known", NULL},
    {WHO("arn:aws:iam::111111111111:assumed-role/r/s"), "the principal is not known", NULL},
    {"{\"request\":{" ANA ",\"context\":[]}}", "the context is not an object", NULL},
    {"{\"request\":{" ANA ",\"context\":{\"a\":{}}}}", "a value of the context is not text", NULL},
    {"{\"request\":{" ANA ",\"context\":{\"a\":[null]}}}", "a value of the context is not text", NULL},
    {"{\"request\":{" ANA ",\"context\":{\"a:b\":\"\",\"A:b\":\"\"}}}", "the context has the key A:b twice", NULL},
    {WITH("\"identityPolicies\":{}"), "the identity policies are not a list", NULL},
    {WITH("\"vpcEndpointPolicies\":\"x\""), "the vpce policies are not a list", NULL},
    {WITH("\"serviceControlPolicies\":{}"), "the scp levels are not a list", NULL},
    {WITH("\"serviceControlPolicies\":[{}]"), "a level of scp policies is not a list", NULL},
    {WITH("\"resourceControlPolicies\":[null]"), "a level of rcp policies is not a list", NULL},
    {WITH("\"identityPolicies\":[" ALL ",{}]"), "identity[1]: ", "identity"},
    {WITH("\"sessionPolicies\":[[]]"), "session[0]: ", "session"},
    {WITH("\"boundary\":7"), "boundary[0]: ", "boundary"},
    {WITH("\"resourcePolicy\":[]"), "resource[0]: ", "resource"},
    {WITH("\"vpcEndpointPolicies\":[{}]"), "vpce[0]: ", "vpce"},
    {WITH("\"serviceControlPolicies\":[[" ALL "],[" ALL ",{}]]"), "scp[1][1]: ", "scp"},
    {WITH("\"resourceControlPolicies\":[[{}]]"), "rcp[0][0]: ", "rcp"},
};

static void test_authz_batch__bad_cases_are_told_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct arena *a = arena_new(1 << 20);
        const json_t *said = answer(a, str_z(bad[i].line), true);
        str error = json_str_at(said, "error"), by = json_str_at(said, "by");
        if (!str_is(error) || str_search(error, str_z(bad[i].error)) < 0)
            fail_msg("%s: \"%.*s\" instead of \"%s\"", bad[i].line, FMT(error), bad[i].error);
        if (str_is(by) != !!bad[i].by || (bad[i].by && !str_eq(by, str_z(bad[i].by))))
            fail_msg("%s: denied by \"%.*s\"", bad[i].line, FMT(by));
        if (bad[i].by)
            assert_str_equal(json_str_at(said, "decision"), S("ImplicitlyDenied"));
        assert_null(json_object_get(said, "trace"));
        arena_free(a);
    }
}

static void test_authz_batch__a_line_has_a_maximum(void **state)
{
    size_t n = (16 << 20) + 1;
    char *line = malloc(n);
    struct arena *a = arena_new(1 << 20);

    (void)state;
    assert_non_null(line);
    memset(line, ' ', n);
    assert_str_equal(json_str_at(answer(a, str_n(line, n), false), "error"), S("the line is too long"));
    arena_free(a);
    free(line);
}

/* null is as if the member were not there. */
static void test_authz_batch__null_is_absence(void **state)
{
    struct arena *a = arena_new(1 << 20);
    str line = S("{\"id\":null,\"request\":{" ANA ",\"context\":null},\"identityPolicies\":[" ALL "],\"boundary\":null,"
                 "\"sessionPolicies\":null,\"serviceControlPolicies\":null,\"resourceControlPolicies\":null,"
                 "\"resourcePolicy\":null,\"vpcEndpointPolicies\":null}");
    const json_t *said = answer(a, line, false);

    (void)state;
    assert_str_equal(json_str_at(said, "decision"), S("Allowed"));
    assert_str_equal(json_str_at(said, "by"), S("identity"));
    assert_null(json_object_get(said, "error"));
    assert_null(json_object_get(said, "trace"));
    arena_free(a);
}

/* Values of the context are compared as the texts that JSON writes them with. */
static void test_authz_batch__context_values_of_every_type(void **state)
{
    static const struct {
        const char *value, *condition;
    } rows[] = {
        {"\"a\"", "{\"StringEquals\":{\"x:k\":\"a\"}}"},
        {"true", "{\"StringEquals\":{\"x:k\":\"true\"}}"},
        {"false", "{\"StringEquals\":{\"x:k\":\"false\"}}"},
        {"-42", "{\"StringEquals\":{\"x:k\":\"-42\"}}"},
        {"1.5", "{\"StringEquals\":{\"x:k\":\"1.5\"}}"},
        {"[1,\"2\",true]", "{\"ForAllValues:StringEquals\":{\"x:k\":[\"1\",\"2\",\"true\"]}}"},
        {"\"b\",\"\":\"a key without a name\"", "{\"StringEquals\":{\"x:k\":\"b\"}}"},
        {"[]", "{\"Null\":{\"x:k\":\"true\"}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *a = arena_new(1 << 20);
        const char *form = "{\"request\":{" ANA ",\"context\":{\"x:k\":%s}},\"identityPolicies\":[{\"Statement\":{"
                           "\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":%s}}]}";
        str meets = arena_printf(a, form, rows[i].value, rows[i].condition);
        str other = arena_printf(a, form, "\"other\"", rows[i].condition);
        if (!str_eq(json_str_at(answer(a, meets, false), "decision"), S("Allowed")))
            fail_msg("%s does not meet %s", rows[i].value, rows[i].condition);
        if (!str_eq(json_str_at(answer(a, other, false), "decision"), S("ImplicitlyDenied")))
            fail_msg("another value meets %s", rows[i].condition);
        arena_free(a);
    }
}

/* Which law a resource policy is under follows from action and resource (rules 10 and 11). */
/* Each level allows by a statement of its own. */
static void test_authz_batch__levels_that_allow_name_no_statement(void **state)
{
    struct arena *a = arena_new(1 << 20);

    (void)state;
    json_t *said = answer(a, S(WITH("\"resourceControlPolicies\":[[" EVERYONE "]]")), true), *rung;
    size_t i, found = 0;
    json_array_foreach(json_object_get(json_object_get(said, "trace"), "layers"), i, rung)
    {
        if (!str_eq(json_str_at(rung, "layer"), S("rcp")))
            continue;
        found++;
        assert_str_equal(json_str_at(rung, "verdict"), S("Allowed"));
        assert_null(json_object_get(rung, "policy"));
    }
    assert_int_equal(found, 1);
    arena_free(a);
}

static void test_authz_batch__the_kind_of_a_resource_policy(void **state)
{
    static const struct {
        const char *action, *resource;
        enum policy_kind kind;
    } rows[] = {
        {"kms:Decrypt", "arn:aws:kms:us-east-1:111111111111:key/k", POLICY_KEY},
        {"KMS:Decrypt", "arn:aws:kms:us-east-1:111111111111:key/k", POLICY_KEY},
        {"kms:CreateAlias", "arn:aws:kms:us-east-1:111111111111:alias/a", POLICY_RESOURCE},
        {"kms:Decrypt", "arn:aws:s3:::key/k", POLICY_RESOURCE},
        {"s3:GetObject", "arn:aws:kms:us-east-1:111111111111:key/k", POLICY_RESOURCE},
        {"sts:AssumeRole", "arn:aws:iam::111111111111:role/r", POLICY_TRUST},
        {"sts:TagSession", "arn:aws:iam::111111111111:role/r", POLICY_TRUST},
        {"sts:SetSourceIdentity", "arn:aws:iam::111111111111:role/r", POLICY_TRUST},
        {"sts:AssumeRole", "arn:aws:iam::111111111111:user/u", POLICY_RESOURCE},
        {"sts:AssumeRole", "arn:aws:s3:::role/r", POLICY_RESOURCE},
        {"iam:PassRole", "arn:aws:iam::111111111111:role/r", POLICY_RESOURCE},
        {"sts:AssumeRole", "*", POLICY_RESOURCE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct authz_request r = {.action = str_z(rows[i].action), .resource = str_z(rows[i].resource)};
        if (authz_resource_kind(&r) != rows[i].kind)
            fail_msg("%s on %s: kind %d", rows[i].action, rows[i].resource, (int)authz_resource_kind(&r));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_batch__bad_cases_are_told_what_is_wrong),
        cmocka_unit_test(test_authz_batch__a_line_has_a_maximum),
        cmocka_unit_test(test_authz_batch__null_is_absence),
        cmocka_unit_test(test_authz_batch__context_values_of_every_type),
        cmocka_unit_test(test_authz_batch__levels_that_allow_name_no_statement),
        cmocka_unit_test(test_authz_batch__the_kind_of_a_resource_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
