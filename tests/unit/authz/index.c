/* SPDX-License-Identifier: MIT */
/* The index changes no decision: random sets with and without it answer the same, by the same statement. */
#include "authz/index.h"
#include "test.h"

#include <string.h>

#include "authz/eval.h"
#include "random.h"

enum { ROUNDS = 400, REQUESTS = 60, MOST = 24 };

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG "arn:aws:s3:::" X64 X64 X64 X64 "/team1-x" /* too long for the sieve */
#define A "111111111111"
#define B "222222222222"
#define USER "arn:aws:iam::" A ":user/u"
#define ROLE "arn:aws:iam::" A ":role/r"
#define SESSION "arn:aws:sts::" A ":assumed-role/r/s"

static const char *random_action(struct random *r)
{
    return PICK(r, "s3:GetObject", "S3:getobject", "s3:PutObject", "s3:Get*", "s3:*Object", "s3:*", "s3:G?tObject",
                "kms:Decrypt", "kms:*", "kms:De*", "sts:AssumeRole", "ec2:RunInstances", "*");
}

static void add_list(struct random *r, struct buf *b, const char *(*one)(struct random *))
{
    uint32_t n = 1 + below(r, 4);

    for (uint32_t i = 0; i < n; i++)
        buf_printf(b, "%s\"%s\"", i ? "," : "[", one(r));
    buf_add_char(b, ']');
}

static const char *random_resource(struct random *r)
{
    return PICK(r, "*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/${aws:x}", "arn:aws:s3:::?/k",
                "arn:aws:kms:*:" A ":key/*", "arn:*:s3:::b/k*", "arn:aws:s3:::B/k", "arn:aws:s3:::team1-data/*",
                "arn:aws:s3:::team11-data/*", "arn:aws:s3:::*/team1-*", "arn:aws:s3:::team${aws:x}-data/k",
                "arn:aws:s3:::te?m1-*a/k", "arn:aws:s3:team*");
}

static const char *random_principal(struct random *r)
{
    return PICK(r, "*", A, B, "arn:aws:iam::" A ":root", USER, USER "2", ROLE, SESSION, "arn:aws:iam::" B ":role/r",
                "AROAEXAMPLEEXAMPLE123");
}

static void add_statement(struct random *r, enum policy_kind kind, struct buf *b)
{
    bool deny = below(r, 10) == 0, named = kind == POLICY_RESOURCE || kind == POLICY_KEY || kind == POLICY_ENDPOINT;

    buf_printf(b, "{\"Effect\":\"%s\",\"%s\":", deny ? "Deny" : "Allow", below(r, 8) ? "Action" : "NotAction");
    add_list(r, b, random_action);
    buf_printf(b, ",\"%s\":", below(r, 8) ? "Resource" : "NotResource");
    add_list(r, b, random_resource);
    if (named && deny && below(r, 4) == 0) {
        buf_add_z(b, ",\"NotPrincipal\":{\"AWS\":[\"" A "\",\"" USER "\",\"" ROLE "\"]}");
    } else if (named && below(r, 6) == 0) {
        buf_add_z(b, ",\"Principal\":{\"Service\":\"logs.amazonaws.com\"}");
    } else if (named) {
        buf_add_z(b, ",\"Principal\":{\"AWS\":");
        add_list(r, b, random_principal);
        buf_add_char(b, '}');
    }
    if (below(r, 3) == 0)
        buf_printf(b, ",\"Condition\":{\"%s\":{\"aws:X\":\"%s\"}}",
                   PICK(r, "StringEquals", "StringNotEquals", "StringLike"), PICK(r, "k", "a*", "z"));
    buf_add_char(b, '}');
}

static struct policy *random_policy(struct random *r, enum policy_kind kind, uint32_t statements)
{
    struct policy *p = NULL;
    struct err e = {0};
    struct buf text;

    buf_init(&text, POLICY_MAX_BYTES);
    buf_add_z(&text, "{\"Version\":\"2012-10-17\",\"Statement\":[");
    for (uint32_t i = 0; i < statements; i++) {
        if (i)
            buf_add_char(&text, ',');
        add_statement(r, kind, &text);
    }
    buf_add_z(&text, "]}");
    if (!is_ok(policy_compile(buf_str(&text), kind, S("p"), &p, &e)))
        fail_msg("%.*s: %s", FMT(buf_str(&text)), e.what);
    buf_done(&text);
    return p;
}

static void random_request(struct random *r, struct authz_request *q, struct authz_value *context, str *value)
{
    *value = str_z(PICK(r, "k", "z", "ab"));
    *context = (struct authz_value){S("AWS:x"), value, 1, false};
    *q = (struct authz_request){.principal_kind = below(r, 5) ? PRINCIPAL_USER + below(r, 3) : below(r, 2),
                                .account = S(A),
                                .context = context,
                                .n_context = below(r, 3) > 0};
    if (q->principal_kind == PRINCIPAL_USER)
        q->principal = S(USER);
    if (q->principal_kind == PRINCIPAL_ROOT)
        q->principal = S("arn:aws:iam::" A ":root");
    if (q->principal_kind == PRINCIPAL_SESSION) {
        q->principal = S(SESSION);
        q->principal_role_arn = S(ROLE);
        q->principal_id = S("AROAEXAMPLEEXAMPLE123");
    }
    if (q->principal_kind == PRINCIPAL_SERVICE)
        q->principal = S("logs.amazonaws.com");
    if (q->principal_kind == PRINCIPAL_SERVICE || q->principal_kind == PRINCIPAL_ANONYMOUS)
        q->account = S("");
    q->action = str_z(PICK(r, "s3:GetObject", "S3:GETOBJECT", "s3:PutObject", "s3:GetBucketPolicy", "kms:Decrypt",
                           "kms:Encrypt", "sts:AssumeRole", "ec2:RunInstances", "ec2:RunInstance"));
    q->resource = str_z(PICK(r, "arn:aws:s3:::b/k", "arn:aws:s3:::b/z", "arn:aws:s3:::b/kk", "*",
                             "arn:aws:kms:us-east-1:" A ":key/k", "arn:aws:s3:::team1-data/k",
                             "arn:aws:s3:::team11-data/k", "arn:aws:s3:::b/team1-x", LONG, LONG "*"));
    q->resource_account = str_z(PICK(r, A, A, A, B));
}

static void expect_same(const struct decision *a, const struct decision *b, uint32_t round)
{
    if (a->verdict != b->verdict || a->by != b->by || a->reason.policy != b->reason.policy ||
        a->reason.statement != b->reason.statement)
        fail_msg("round %u: %d by %d, statement %zu; with the index %d by %d, statement %zu", round, a->verdict, a->by,
                 a->reason.statement, b->verdict, b->by, b->reason.statement);
}

struct world {
    const struct policy *set[4][MOST];
    struct policy_index *index[4];
    struct policy *resource;
    struct policy_index *resource_index;
    struct policy_set level;
    struct authz_layers l;
};

static void make_set(struct random *r, struct world *w, unsigned which, enum policy_kind kind, struct policy_set *out)
{
    uint32_t n = 1 + below(r, MOST);

    for (uint32_t i = 0; i < n; i++)
        w->set[which][i] = random_policy(r, kind, 1 + below(r, 4));
    *out = (struct policy_set){.v = w->set[which], .n = n};
    w->index[which] = policy_index_make(*out, below(r, 3) ? 1 : INDEX_LEAST);
}

static void make_world(struct random *r, struct world *w)
{
    memset(w, 0, sizeof *w);
    make_set(r, w, 0, POLICY_IDENTITY, &w->l.identity);
    if (below(r, 3) == 0)
        make_set(r, w, 1, POLICY_SCP, &w->level);
    if (below(r, 3) == 0)
        make_set(r, w, 2, POLICY_ENDPOINT, &w->l.endpoints);
    if (below(r, 3) == 0)
        make_set(r, w, 3, POLICY_SESSION, &w->l.session);
    w->l.scps = (struct policy_levels){&w->level, w->level.n > 0};
    if (below(r, 2))
        w->l.resource = w->resource = random_policy(r, below(r, 4) ? POLICY_RESOURCE : POLICY_KEY, 1 + below(r, 30));
    w->resource_index = w->resource ? w->resource->index : NULL;
    w->l.resource_takes_policies = true;
}

static void use_index(struct world *w, bool on)
{
    w->l.identity.index = on ? w->index[0] : NULL;
    w->level.index = on ? w->index[1] : NULL;
    w->l.endpoints.index = on ? w->index[2] : NULL;
    w->l.session.index = on ? w->index[3] : NULL;
    if (w->resource)
        w->resource->index = on ? w->resource_index : NULL;
}

static void forget_world(struct world *w)
{
    use_index(w, true);
    for (unsigned i = 0; i < 4; i++) {
        policy_index_free(w->index[i]);
        for (unsigned k = 0; k < MOST; k++)
            policy_free((struct policy *)w->set[i][k]);
    }
    policy_free(w->resource);
}

static void test_authz_index__decides_as_reading_all_does(void **state)
{
    struct random r = {20261129};
    size_t seen[3] = {0}, by[LAYER_ENDPOINT + 1] = {0};

    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct world w;
        make_world(&r, &w);
        for (int i = 0; i < REQUESTS; i++) {
            struct authz_value context;
            struct authz_request q;
            str value;
            random_request(&r, &q, &context, &value);
            use_index(&w, false);
            struct decision plain = authz_evaluate(&q, &w.l);
            use_index(&w, true);
            struct decision fast = authz_evaluate(&q, &w.l);
            expect_same(&plain, &fast, round);
            seen[plain.verdict]++;
            by[plain.by]++;
        }
        forget_world(&w);
    }
    print_message("%zu allowed, %zu denied, %zu not allowed\n", seen[ALLOWED], seen[DENIED_EXPLICITLY],
                  seen[DENIED_IMPLICITLY]);
    assert_true(seen[0] > 1000 && seen[1] > 1000 && seen[2] > 1000);
    assert_true(by[LAYER_IDENTITY] && by[LAYER_RESOURCE] && by[LAYER_SCP] && by[LAYER_SESSION] && by[LAYER_ENDPOINT]);
}

/* More statements than one index holds: several follow one another, and the first that decides is still named. */
static void test_authz_index__large_sets_are_split_in_order(void **state)
{
    enum { MANY = 300 };
    static const struct policy *v[MANY];
    struct authz_request q = {.principal_kind = PRINCIPAL_USER,
                              .principal = S(USER),
                              .account = S(A),
                              .action = S("s3:GetObject"),
                              .resource = S("arn:aws:s3:::b/k")};
    struct authz_layers l = {.identity = {.v = v, .n = MANY}};
    struct random r = {7};
    struct err e = {0};

    (void)state;
    for (int i = 0; i < MANY; i++) {
        struct policy *p = NULL;
        struct buf text;
        buf_init(&text, POLICY_MAX_BYTES);
        buf_add_z(&text, "{\"Statement\":[");
        for (int k = 0; k < 12; k++)
            buf_printf(&text, "%s{\"Effect\":\"Allow\",\"Action\":\"%s\",\"Resource\":\"%s\"}", k ? "," : "",
                       i == 250 && k == 7 ? "s3:get*" : PICK(&r, "ec2:*", "s3:PutObject"), "*");
        buf_add_z(&text, "]}");
        assert_true(is_ok(policy_compile(buf_str(&text), POLICY_IDENTITY, S("p"), &p, &e)));
        buf_done(&text);
        v[i] = p;
    }
    struct policy_index *x = policy_index_make(l.identity, INDEX_LEAST);
    l.identity.index = x;
    struct decision d = authz_evaluate(&q, &l);
    assert_int_equal(d.verdict, ALLOWED);
    assert_ptr_equal(d.reason.policy, v[250]);
    assert_int_equal(d.reason.statement, 7);
    q.action = S("s3:ListBucket");
    assert_int_equal(authz_evaluate(&q, &l).verdict, DENIED_IMPLICITLY);
    policy_index_free(x);
    for (int i = 0; i < MANY; i++)
        policy_free((struct policy *)v[i]);
}

static void test_authz_index__small_sets_have_none(void **state)
{
    struct random r = {3};
    const struct policy *one = random_policy(&r, POLICY_IDENTITY, 3);

    (void)state;
    assert_null(policy_index_make((struct policy_set){.v = &one, .n = 1}, INDEX_LEAST));
    assert_null(policy_index_make((struct policy_set){0}, 1));
    assert_int_equal(policy_index_bytes(NULL), 0);
    policy_index_free(NULL);
    policy_free((struct policy *)one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_index__decides_as_reading_all_does),
        cmocka_unit_test(test_authz_index__large_sets_are_split_in_order),
        cmocka_unit_test(test_authz_index__small_sets_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
