/* SPDX-License-Identifier: MIT */
/* What a batch case cannot say: unique ids, KMS grants, empty session policies, budgets, requests that make no sense.
 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "authz/eval.h"
#include "base/json.h"

#define USER "arn:aws:iam::111111111111:user/u"
#define KEY "arn:aws:kms:us-east-1:111111111111:key/k"

struct fixture {
    struct policy *full, *named, *key;
    struct authz_request r;
    struct authz_layers l;
    const struct policy *identity[1];
};

static struct policy *compile(const char *text, enum policy_kind kind)
{
    struct err e = {0};
    struct policy *p = NULL;

    if (!is_ok(policy_compile(str_z(text), kind, S("t"), &p, &e)))
        fail_msg("%s: %s", text, e.what);
    return p;
}

static int begin(void **state)
{
    static struct fixture f;

    f = (struct fixture){0};
    f.full = compile("{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}", POLICY_IDENTITY);
    f.named = compile(
        "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Principal\":{\"AWS\":\"" USER
        "\"}}}",
        POLICY_RESOURCE);
    f.key =
        compile("{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:Describe*\",\"Resource\":\"*\",\"Principal\":"
                "{\"AWS\":\"111111111111\"}}}",
                POLICY_KEY);
    f.identity[0] = f.full;
    f.l.identity = (struct policy_set){f.identity, 1};
    f.r = (struct authz_request){.principal_kind = PRINCIPAL_USER,
                                 .principal = S(USER),
                                 .principal_id = S("AIDA1"),
                                 .account = S("111111111111"),
                                 .action = S("s3:GetObject"),
                                 .resource = S("arn:aws:s3:::b/k")};
    *state = &f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    policy_free(f->full);
    policy_free(f->named);
    policy_free(f->key);
    return 0;
}

static void expect(const struct fixture *f, enum verdict verdict, enum layer by)
{
    struct decision d = authz_evaluate(&f->r, &f->l);

    if (d.verdict != verdict || d.by != by)
        fail_msg("%s by %s", authz_verdict_name(d.verdict), authz_layer_name(d.by));
}

static bool same_id(void *ctx, str written, str arn, str id)
{
    assert_str_equal(written, arn);
    return str_eq(id, *(str *)ctx);
}

static void test_authz_evaluate__a_recreated_user_is_another(void **state)
{
    struct fixture *f = *state;
    str saved = S("AIDA1");

    f->l.identity.n = 0;
    f->l.resource = f->named;
    f->l.resource_takes_policies = true;
    f->l.same_principal = same_id;
    f->l.same_principal_ctx = &saved;
    expect(f, ALLOWED, LAYER_RESOURCE);
    saved = S("AIDA0");
    expect(f, DENIED_IMPLICITLY, LAYER_IDENTITY);
}

static void test_authz_evaluate__a_session_without_its_policies_has_nothing(void **state)
{
    struct fixture *f = *state;

    expect(f, ALLOWED, LAYER_IDENTITY);
    f->l.session_passed = true;
    expect(f, DENIED_IMPLICITLY, LAYER_SESSION);
}

static void test_authz_evaluate__grants_and_their_constraints(void **state)
{
    struct fixture *f = *state;
    const struct str_pair2 pair = {S("job"), S("j1")};
    struct authz_grant grant = {.id = S("g")};
    str j1 = S("j1"), other = S("x");
    const struct authz_value both[] = {{S("kms:EncryptionContext:more"), &other, 1, false},
                                       {S("kms:EncryptionContext:job"), &j1, 1, false}};
    const struct authz_value *context = both;

    f->r.action = S("kms:Decrypt");
    f->r.resource = S(KEY);
    f->l.resource = f->key;
    f->l.grants = &grant;
    expect(f, DENIED_IMPLICITLY, LAYER_RESOURCE);
    f->l.n_grants = 1;
    expect(f, ALLOWED, LAYER_GRANT);
    grant.subset = &pair;
    grant.n_subset = 1;
    expect(f, DENIED_IMPLICITLY, LAYER_RESOURCE);
    f->r.context = context;
    f->r.n_context = 2;
    expect(f, ALLOWED, LAYER_GRANT);
    grant.equals = &pair;
    grant.n_equals = 1;
    expect(f, DENIED_IMPLICITLY, LAYER_RESOURCE);
    f->r.context = context + 1;
    f->r.n_context = 1;
    expect(f, ALLOWED, LAYER_GRANT);
    j1 = S("J1");
    expect(f, DENIED_IMPLICITLY, LAYER_RESOURCE);
}

static void test_authz_evaluate__a_grant_yields_to_a_deny(void **state)
{
    struct fixture *f = *state;
    struct authz_grant grant = {.id = S("g")};
    struct policy *deny =
        compile("{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"kms:*\",\"Resource\":\"*\"}}", POLICY_IDENTITY);

    f->r.action = S("kms:Decrypt");
    f->r.resource = S(KEY);
    f->l.grants = &grant;
    f->l.n_grants = 1;
    f->identity[0] = deny;
    expect(f, DENIED_EXPLICITLY, LAYER_IDENTITY);
    f->identity[0] = f->full;
    f->r.action = S("s3:GetObject"); /* and counts for keys only */
    f->r.resource = S("arn:aws:s3:::b/k");
    f->l.identity.n = 0;
    expect(f, DENIED_IMPLICITLY, LAYER_IDENTITY);
    policy_free(deny);
}

static void test_authz_evaluate__crossing_needs_a_type_with_policies(void **state)
{
    struct fixture *f = *state;

    f->r.resource_account = S("222222222222");
    f->l.resource = f->named;
    expect(f, DENIED_IMPLICITLY, LAYER_RESOURCE);
    f->l.resource_takes_policies = true;
    expect(f, ALLOWED, LAYER_RESOURCE);
}

static void test_authz_evaluate__senseless_requests_are_denied(void **state)
{
    struct fixture *f = *state;
    static char long_action[200] = "s3:";
    const str actions[] = {S(""), S("GetObject"), S("s3:"), S(":GetObject"), str_n(long_action, sizeof long_action)};
    const str resources[] = {S(""), S("b/k"), S("arn:aws:s3"), S("x:aws:s3:::b")};

    memset(long_action + 3, 'a', sizeof long_action - 3);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        f->r.action = actions[i];
        expect(f, DENIED_IMPLICITLY, LAYER_NONE);
    }
    f->r.action = S("s3:GetObject");
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        f->r.resource = resources[i];
        expect(f, DENIED_IMPLICITLY, LAYER_NONE);
    }
}

/* One condition that costs more than the budget, in a Deny that would not match: the answer is deny all the same. */
static void test_authz_evaluate__a_spent_budget_denies(void **state)
{
    struct fixture *f = *state;
    struct buf text;
    struct err e = {0};
    struct policy *p = NULL;
    static str many[2000];
    const struct authz_value context = {S("aws:x"), many, 2000, true};

    buf_init(&text, POLICY_MAX_BYTES);
    buf_add_z(&text, "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},{\"Effect\":\"Deny\","
                     "\"Action\":\"*\","
                     "\"Resource\":\"*\",\"Condition\":{\"ForAnyValue:NumericEquals\":{\"aws:x\":[1");
    for (int i = 0; i < 2000; i++)
        buf_printf(&text, ",%d", 1000 + i);
    buf_add_z(&text, "]}}}]}");
    assert_true(is_ok(policy_compile(buf_str(&text), POLICY_IDENTITY, S("p"), &p, &e)));
    for (size_t i = 0; i < 2000; i++)
        many[i] = S("7");
    f->identity[0] = p;
    f->r.context = &context;
    f->r.n_context = 1;
    expect(f, DENIED_IMPLICITLY, LAYER_NONE);
    f->r.n_context = 0;
    expect(f, ALLOWED, LAYER_IDENTITY);
    policy_free(p);
    buf_done(&text);
}

/* Bytes that UTF-8 never has could read as our own codes inside a pattern. */
static void test_authz_evaluate__strange_bytes_in_a_variable_deny(void **state)
{
    struct fixture *f = *state;
    str value = S("\xff");
    const struct authz_value context = {S("aws:username"), &value, 1, false};
    struct policy *p =
        compile("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":"
                "[\"arn:aws:s3:::b/${aws:username}\",\"*\"]}]}",
                POLICY_IDENTITY);

    f->identity[0] = p;
    f->r.context = &context;
    f->r.n_context = 1;
    expect(f, DENIED_IMPLICITLY, LAYER_NONE);
    value = S("k");
    expect(f, ALLOWED, LAYER_IDENTITY);
    policy_free(p);
}

static void test_authz_evaluate__an_unbounded_variable_denies(void **state)
{
    struct fixture *f = *state;
    static char big[EVAL_TEXT_BYTES];
    str value = str_n(big, sizeof big);
    const struct authz_value context = {S("aws:username"), &value, 1, false};
    struct policy *p =
        compile("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":"
                "[\"arn:aws:s3:::b/${aws:username}x\",\"*\"]}]}",
                POLICY_IDENTITY);

    memset(big, 'a', sizeof big);
    f->identity[0] = p;
    f->r.context = &context;
    f->r.n_context = 1;
    expect(f, DENIED_IMPLICITLY, LAYER_NONE);
    value.n = sizeof big - 2; /* room for "b/" and the value, and none for the "x" */
    expect(f, DENIED_IMPLICITLY, LAYER_NONE);
    value.n = sizeof big - 3;
    expect(f, ALLOWED, LAYER_IDENTITY);
    policy_free(p);
}

static void test_authz_evaluate__the_reason_is_the_statement(void **state)
{
    struct fixture *f = *state;
    struct policy *p = compile(
        "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"*\"},{\"Sid\":\"near\",\"Effect\":"
        "\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"aws:x\":\"a\"}}}]}",
        POLICY_IDENTITY);

    f->identity[0] = p;
    struct decision d = authz_evaluate(&f->r, &f->l);
    assert_int_equal(d.verdict, DENIED_IMPLICITLY);
    assert_ptr_equal(d.reason.policy, p);
    assert_int_equal(d.reason.statement, 1);
    assert_str_equal(policy_sid(d.reason.policy, d.reason.statement), S("near"));
    policy_free(p);
}

static void test_authz_evaluate__the_statement_that_names_the_caller_is_the_reason(void **state)
{
    struct fixture *f = *state;
    struct policy *p = compile(
        "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Principal\":{\"AWS\":"
        "\"111111111111\"}},{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Principal\":{\"AWS\":\"" USER
        "\"}}]}",
        POLICY_RESOURCE);

    f->l.resource = p;
    struct decision d = authz_evaluate(&f->r, &f->l);
    assert_int_equal(d.verdict, ALLOWED);
    assert_ptr_equal(d.reason.policy, p);
    assert_int_equal(d.reason.statement, 1);
    policy_free(p);
}

/* The deleted user's id stands where its ARN stood. */
static void test_authz_evaluate__unique_ids_are_principals(void **state)
{
    struct fixture *f = *state;
    struct policy *p =
        compile("{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Principal\":{\"AWS\":"
                "\"AIDAEXAMPLEEXAMPLE12\"}}}",
                POLICY_RESOURCE);

    f->l.identity.n = 0;
    f->l.resource = p;
    expect(f, DENIED_IMPLICITLY, LAYER_IDENTITY);
    f->r.principal_id = S("AIDAEXAMPLEEXAMPLE12");
    expect(f, ALLOWED, LAYER_RESOURCE);
    f->r.principal_kind = PRINCIPAL_SESSION;
    f->r.principal = S("arn:aws:sts::111111111111:assumed-role/r/s");
    expect(f, ALLOWED, LAYER_RESOURCE);
    f->r.principal_kind = PRINCIPAL_ROOT;
    f->r.resource_account = S("222222222222");
    f->l.resource_takes_policies = true;
    expect(f, DENIED_IMPLICITLY, LAYER_RESOURCE);
    policy_free(p);
}

/* After so many keys were asked for by comparing, the next ones are found by their hashes (EVAL_LOOKS). */
#define SIX_ASKED                                                                                                      \
    "\"Null\":{\"x:1\":\"true\",\"x:2\":\"true\",\"x:3\":\"true\",\"x:4\":\"true\",\"x:5\":\"true\",\"x:6\":\"true\"}"

/* More context keys than have room for a hash are still found. */
static void test_authz_evaluate__many_context_keys(void **state)
{
    struct fixture *f = *state;
    static struct authz_value context[EVAL_KEYS + 8];
    static char keys[EVAL_KEYS + 8][16];
    str a = S("a");
    struct policy *p =
        compile("{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{" SIX_ASKED
                ",\"StringEquals\":{\"AWS:ke64\":\"a\",\"AWS:ke70\":\"a\"}}}}",
                POLICY_IDENTITY);

    for (int i = 0; i < EVAL_KEYS + 8; i++) {
        str key = str_n(keys[i], (size_t)snprintf(keys[i], sizeof keys[i], "aws:Ke%d", i));
        context[i] = (struct authz_value){key, &a, 1, false};
    }
    f->identity[0] = p;
    f->r.context = context;
    f->r.n_context = EVAL_KEYS + 8;
    expect(f, ALLOWED, LAYER_IDENTITY);
    f->r.n_context = EVAL_KEYS;
    expect(f, DENIED_IMPLICITLY, LAYER_IDENTITY);
    policy_free(p);
}

#define DENY_ENV(more)                                                                                                 \
    "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},{\"Effect\":\"Deny\",\"Action\":\"*"   \
    "\","                                                                                                              \
    "\"Resource\":\"*\",\"Condition\":{" more "\"StringEquals\":{\"kms:EncryptionContext:ENV\":\"b\"}}}]}"

/* Two keys that differ in nothing but case: whichever comes first, the other must not be hidden from a Deny. */
static void test_authz_evaluate__a_key_that_comes_twice_is_in_doubt(void **state)
{
    struct fixture *f = *state;
    str a = S("a"), b = S("b");
    const struct authz_value context[] = {{S("kms:EncryptionContext:Env"), &a, 1, false},
                                          {S("kms:EncryptionContext:env"), &b, 1, false}};
    struct policy *all =
        compile("{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}", POLICY_IDENTITY);
    struct policy *asking[] = {compile(DENY_ENV(""), POLICY_IDENTITY),
                               compile(DENY_ENV(SIX_ASKED ","), POLICY_IDENTITY)};

    f->identity[0] = all;
    f->r.context = context;
    f->r.n_context = 2;
    expect(f, ALLOWED, LAYER_IDENTITY); /* nobody asks */
    for (int i = 0; i < 2; i++) {
        f->identity[0] = asking[i];
        f->r.n_context = 2;
        expect(f, DENIED_IMPLICITLY, LAYER_NONE);
        f->r.n_context = 1;
        expect(f, ALLOWED, LAYER_IDENTITY);
        policy_free(asking[i]);
    }
    policy_free(all);
}

static void test_authz_evaluate__explain_of_a_senseless_request_is_json(void **state)
{
    struct fixture *f = *state;
    struct arena *a = arena_new(1 << 20);
    struct buf out;
    json_t *doc = NULL;

    f->r.action = S("nonsense");
    buf_init(&out, 1 << 16);
    authz_explain(&f->r, &f->l, &out);
    assert_true(is_ok(json_parse(a, buf_str(&out), NULL, &doc)));
    assert_str_equal(json_str_at(doc, "decision"), S("ImplicitlyDenied"));
    assert_int_equal(json_array_size(json_object_get(doc, "layers")), 0);
    buf_done(&out);
    arena_free(a);
}

static bool any_of_ids(void *ctx, str written, str arn, str id)
{
    (void)arn;
    return str_eq(written, S(USER)) && str_eq(id, *(str *)ctx);
}

/* Rule 27: a user who was renamed stays the same, told by the id; roles cannot be renamed, so they go by name. */
static void test_authz_evaluate__a_renamed_user_is_the_same(void **state)
{
    struct fixture *f = *state;
    str saved = S("AIDA1");

    f->l.identity.n = 0;
    f->l.resource = f->named;
    f->r.principal = S("arn:aws:iam::111111111111:user/renamed");
    expect(f, DENIED_IMPLICITLY, LAYER_IDENTITY); /* nobody knows the ids */
    f->l.same_principal = any_of_ids;
    f->l.same_principal_ctx = &saved;
    expect(f, ALLOWED, LAYER_RESOURCE);
    saved = S("AIDA0");
    expect(f, DENIED_IMPLICITLY, LAYER_IDENTITY);
    saved = f->r.principal_id = S("AROA1");
    expect(f, DENIED_IMPLICITLY, LAYER_IDENTITY);
    f->r.principal_kind = PRINCIPAL_SESSION;
    f->r.principal = S("arn:aws:sts::111111111111:assumed-role/r/s");
    expect(f, DENIED_IMPLICITLY, LAYER_IDENTITY); /* no role is known */
    f->r.principal_role_arn = S("arn:aws:iam::111111111111:role/r");
    expect(f, DENIED_IMPLICITLY, LAYER_IDENTITY);
}

static void test_authz_evaluate__one_statement_by_itself(void **state)
{
    struct fixture *f = *state;
    static str many[4000];
    const struct authz_value context = {S("aws:x"), many, 4000, true};
    struct policy *p = compile(
        "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"*\"},{\"Effect\":\"Deny\","
        "\"Action\":\"s3:*\",\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\"},"
        "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"ForAllValues:NumericEquals\":"
        "{\"aws:x\":7}}}]}",
        POLICY_IDENTITY);

    for (size_t i = 0; i < 4000; i++)
        many[i] = S("7");
    f->r.context = &context;
    assert_int_equal(authz_statement_verdict(&f->r, &f->l, p, 0), ALLOWED);
    assert_int_equal(authz_statement_verdict(&f->r, &f->l, p, 1), DENIED_EXPLICITLY);
    assert_int_equal(authz_statement_verdict(&f->r, &f->l, p, 2), DENIED_IMPLICITLY);
    assert_int_equal(authz_statement_verdict(&f->r, &f->l, p, 3), ALLOWED);
    f->r.n_context = 1; /* more values than there are steps */
    assert_int_equal(authz_statement_verdict(&f->r, &f->l, p, 3), DENIED_IMPLICITLY);
    f->r.action = S("nonsense");
    assert_int_equal(authz_statement_verdict(&f->r, &f->l, p, 0), DENIED_IMPLICITLY);
    policy_free(p);
}

static json_t *explained(const struct fixture *f, struct arena *a)
{
    struct err e = {0};
    struct buf out;
    json_t *doc = NULL;

    buf_init(&out, 1 << 16);
    authz_explain(&f->r, &f->l, &out);
    if (!is_ok(json_parse(a, buf_str(&out), &e, &doc)))
        fail_msg("%s", e.what);
    buf_done(&out);
    return doc;
}

/* The last rung of a key's ladder is its grants. */
static void test_authz_evaluate__explain_names_the_grant(void **state)
{
    struct fixture *f = *state;
    struct arena *a = arena_new(1 << 20);
    const struct str_pair2 pair = {S("job"), S("j1")};
    struct authz_grant grant = {.id = S("g-1")};

    f->r.action = S("kms:Decrypt");
    f->r.resource = S(KEY);
    f->l.resource = f->key;
    f->l.grants = &grant;
    f->l.n_grants = 1;
    const json_t *doc = explained(f, a), *layers = json_object_get(doc, "layers");
    const json_t *last = json_array_get(layers, json_array_size(layers) - 1);
    assert_str_equal(json_str_at(doc, "by"), S("grant"));
    assert_str_equal(json_str_at(doc, "grant"), S("g-1"));
    assert_str_equal(json_str_at(last, "layer"), S("grant"));
    assert_str_equal(json_str_at(last, "verdict"), S("Allowed"));
    assert_str_equal(json_str_at(last, "grant"), S("g-1"));
    grant.subset = &pair;
    grant.n_subset = 1;
    doc = explained(f, a), layers = json_object_get(doc, "layers");
    last = json_array_get(layers, json_array_size(layers) - 1);
    assert_str_equal(json_str_at(doc, "by"), S("resource"));
    assert_str_equal(json_str_at(last, "layer"), S("grant"));
    assert_str_equal(json_str_at(last, "verdict"), S("ImplicitlyDenied"));
    assert_null(json_object_get(last, "grant"));
    arena_free(a);
}

/* Constraints are met by one value under that very key. */
static void test_authz_evaluate__a_grants_context_is_one_value(void **state)
{
    struct fixture *f = *state;
    const struct str_pair2 pair = {S("job"), S("j1")};
    const struct authz_grant grant = {.id = S("g"), .subset = &pair, .n_subset = 1};
    str values[] = {S("j1"), S("j1")};
    struct authz_value context[] = {{S("aws:job"), values, 1, false},
                                    {S("kms:EncryptionContext:jo"), values, 1, false},
                                    {S("KMS:encryptioncontext:job"), values, 2, true},
                                    {S("kms:EncryptionContext:beyond"), values, 1, false}};
    const struct str_pair2 both[] = {{S("jo"), S("j1")}, pair};
    const struct authz_grant exact = {.id = S("g"), .equals = both, .n_equals = 2};

    f->r.action = S("kms:Decrypt");
    f->r.resource = S(KEY);
    f->l.resource = f->key;
    f->l.grants = &grant;
    f->l.n_grants = 1;
    f->r.context = context;
    f->r.n_context = 3;
    expect(f, DENIED_IMPLICITLY, LAYER_RESOURCE);
    context[2].n = 1;
    expect(f, ALLOWED, LAYER_GRANT);
    f->l.grants = &exact; /* what lies behind the context's end is not counted */
    expect(f, ALLOWED, LAYER_GRANT);
}

/* Whatever stands in an ARN where its account should be is not the caller's own, but for what AWS owns. */
static void test_authz_evaluate__another_account_in_an_arn_is_not_ones_own(void **state)
{
    struct fixture *f = *state;

    f->r.resource = S("arn:aws:sqs:us-east-1:aws:q");
    expect(f, ALLOWED, LAYER_IDENTITY);
    f->r.resource = S("arn:aws:sqs:us-east-1::q");
    expect(f, ALLOWED, LAYER_IDENTITY);
    f->r.resource = S("arn:aws:sqs:us-east-1:11111111111:q");
    expect(f, DENIED_IMPLICITLY, LAYER_RESOURCE);
    f->r.resource = S("arn:aws:sqs:us-east-1:*:q");
    expect(f, DENIED_IMPLICITLY, LAYER_RESOURCE);
    f->r.resource = S("arn:aws:sqs:us-east-1:222222222222:q");
    expect(f, DENIED_IMPLICITLY, LAYER_RESOURCE);
    f->r.action = S("sts:AssumeRole");
    f->r.resource = S("arn:aws:iam::111111111111:user/u"); /* no role, so no trust policy is asked for */
    expect(f, ALLOWED, LAYER_IDENTITY);
}

/* Whatever number comes, it has a name, and a message without a resource or a layer is still a sentence. */
static void test_authz_evaluate__names_and_words_have_no_holes(void **state)
{
    struct fixture *f = *state;
    struct arena *a = arena_new(1 << 16);
    struct decision d = {DENIED_IMPLICITLY, (enum layer)99, {NULL, 0}};

    assert_string_equal(authz_layer_name((enum layer)99), "none");
    f->r.resource = S("");
    assert_str_equal(authz_message(a, &f->r, &d), S("User: " USER " is not authorized to perform: s3:GetObject"));
    arena_free(a);
}

/* A value that is absent is an empty text, as an empty one is. */
static void test_authz_evaluate__an_absent_value_is_empty(void **state)
{
    struct fixture *f = *state;
    str value = STR_ABSENT;
    const struct authz_value context = {S("aws:username"), &value, 1, false};
    struct policy *p = compile("{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\","
                               "\"Resource\":\"arn:aws:s3:::b/${aws:username}k\"}}",
                               POLICY_IDENTITY);

    f->identity[0] = p;
    f->r.context = &context;
    f->r.n_context = 1;
    expect(f, ALLOWED, LAYER_IDENTITY);
    value = S("x");
    expect(f, DENIED_IMPLICITLY, LAYER_IDENTITY);
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_authz_evaluate__a_recreated_user_is_another, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__a_session_without_its_policies_has_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__grants_and_their_constraints, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__a_grant_yields_to_a_deny, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__crossing_needs_a_type_with_policies, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__senseless_requests_are_denied, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__a_spent_budget_denies, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__strange_bytes_in_a_variable_deny, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__an_unbounded_variable_denies, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__the_reason_is_the_statement, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__the_statement_that_names_the_caller_is_the_reason, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__unique_ids_are_principals, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__many_context_keys, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__a_key_that_comes_twice_is_in_doubt, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__a_renamed_user_is_the_same, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__one_statement_by_itself, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__explain_names_the_grant, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__a_grants_context_is_one_value, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__another_account_in_an_arn_is_not_ones_own, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__an_absent_value_is_empty, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__names_and_words_have_no_holes, begin, end),
        cmocka_unit_test_setup_teardown(test_authz_evaluate__explain_of_a_senseless_request_is_json, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
