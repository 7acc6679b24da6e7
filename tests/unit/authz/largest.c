/* SPDX-License-Identifier: MIT */
/* The budget is against malice only: the largest sets of policies that AWS permits, full of what is dearest to compare,
 * are decided. */
#include "authz/index.h"
#include "test.h"

#include <string.h>

#include "authz/eval.h"

#define A "111111111111"
/* A user of ten groups, each with ten policies; seven levels of an organization, the root to the account. */
enum { IDENTITY = 120, LEVELS = 7, LEVEL = 5, SESSION = 11, TAGS = 50, STATEMENTS = 4, ALL_POLICIES = 256 };

enum filling { ADDRESSES, NUMBERS, DATES, TEXTS, PREFIXES, MIDDLES, ARNS, RESOURCES, ACTIONS, TAG_KEYS, FILLINGS };

struct world {
    struct policy *made[ALL_POLICIES];
    struct policy_index *indexes[2 + 2 * LEVELS];
    size_t n, n_indexes;
    const struct policy *identity[IDENTITY], *session[SESSION], *levels[2][LEVELS][LEVEL], *endpoint;
    struct policy_set level_sets[2][LEVELS];
    struct authz_layers l;
};

/* Values that the request's only just fails to match. */
static void add_value(enum filling f, unsigned i, struct buf *b)
{
    unsigned h = i / 250 % 250, l = i % 250;

    switch (f) {
    case ADDRESSES:
        buf_printf(b, "\"10.%u.%u.1\"", h, l);
        break;
    case NUMBERS:
        buf_printf(b, "%u", i + 2);
        break;
    case DATES:
        buf_printf(b, "\"%u\"", i + 1900);
        break;
    case TEXTS:
    case TAG_KEYS:
        buf_printf(b, "\"team-%u\"", i);
        break;
    case PREFIXES:
        buf_printf(b, "\"team/*-%u\"", i);
        break;
    case MIDDLES:
        buf_printf(b, "\"*team?%u*\"", i);
        break;
    case ARNS:
        buf_printf(b, "\"arn:aws:iam::*:role/team*%u\"", i);
        break;
    case RESOURCES:
        buf_printf(b, "\"arn:aws:s3:::*bucket?%u/*\"", i);
        break;
    case ACTIONS:
        buf_printf(b, "\"s3:*Get*%u\"", i);
        break;
    case FILLINGS:
        break;
    }
}

static const char *const conditions[FILLINGS] = {
    [ADDRESSES] = "\"NotIpAddress\":{\"aws:SourceIp\":[",
    [NUMBERS] = "\"NumericEquals\":{\"s3:max-keys\":[",
    [DATES] = "\"DateEquals\":{\"aws:CurrentTime\":[",
    [TEXTS] = "\"StringEquals\":{\"aws:PrincipalTag/team\":[",
    [PREFIXES] = "\"StringLike\":{\"s3:prefix\":[",
    [MIDDLES] = "\"StringLike\":{\"s3:prefix\":[",
    [ARNS] = "\"ArnLike\":{\"aws:PrincipalArn\":[",
    [TAG_KEYS] = "\"ForAnyValue:StringEquals\":{\"aws:TagKeys\":[",
};

static const char *close_of(enum filling f)
{
    return f == RESOURCES ? "]}" : f == ACTIONS ? "],\"Resource\":\"*\"}" : "]}}}";
}

static void open_statement(enum filling f, bool principal, struct buf *b)
{
    buf_printf(b, "{\"Effect\":\"Deny\"%s,", principal ? ",\"Principal\":\"*\"" : "");
    if (f == RESOURCES)
        buf_add_z(b, "\"Action\":\"s3:*\",\"Resource\":[");
    else if (f == ACTIONS)
        buf_add_z(b, "\"Action\":[");
    else
        buf_printf(b, "\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{%s", conditions[f]);
}

/* A policy of just below `most` bytes that denies nothing here, and allows if it is told to. */
static const struct policy *full(struct world *w, enum filling f, enum policy_kind kind, size_t most, bool allow)
{
    bool principal = kind == POLICY_RESOURCE || kind == POLICY_RCP || kind == POLICY_ENDPOINT;
    struct err e = {0};
    struct buf b;

    buf_init(&b, POLICY_MAX_BYTES);
    buf_add_z(&b, "{\"Version\":\"2012-10-17\",\"Statement\":[");
    if (allow)
        buf_printf(&b, "{\"Effect\":\"Allow\"%s,\"Action\":\"*\",\"Resource\":\"*\"},",
                   principal ? ",\"Principal\":\"*\"" : "");
    for (unsigned s = 0; s < STATEMENTS; s++) {
        open_statement(f, principal, &b);
        for (unsigned i = 0; i == 0 || b.n + 60 < most / STATEMENTS * (s + 1); i++) {
            if (i)
                buf_add_char(&b, ',');
            add_value(f, i, &b);
        }
        if (f == ADDRESSES)
            buf_add_z(&b, ",\"192.0.2.7\"");
        buf_add_z(&b, close_of(f));
        buf_add_z(&b, s + 1 < STATEMENTS ? "," : "]}");
    }
    assert_true(b.n <= most);
    assert_true(w->n < ALL_POLICIES);
    if (!is_ok(policy_compile(buf_str(&b), kind, S("p"), &w->made[w->n], &e)))
        fail_msg("%s: %.*s", e.what, (int)(b.n < 300 ? b.n : 300), b.p);
    buf_done(&b);
    return w->made[w->n++];
}

static const struct policy_index *indexed(struct world *w, struct policy_set set)
{
    return w->indexes[w->n_indexes++] = policy_index_make(set, INDEX_LEAST);
}

static void fill(struct world *w, enum filling f)
{
    static const enum policy_kind kinds[2] = {POLICY_SCP, POLICY_RCP};

    memset(w, 0, sizeof *w);
    for (unsigned i = 0; i < IDENTITY; i++)
        w->identity[i] = full(w, f, POLICY_IDENTITY, i ? 6144 : 10240, i + 1 == IDENTITY);
    for (unsigned i = 0; i < SESSION; i++)
        w->session[i] = full(w, f, POLICY_SESSION, i ? 6144 : 2048, i + 1 == SESSION);
    for (unsigned k = 0; k < 2; k++) {
        for (unsigned at = 0; at < LEVELS; at++) {
            for (unsigned i = 0; i < LEVEL; i++)
                w->levels[k][at][i] = full(w, f, kinds[k], 5120, k == 0 && i + 1 == LEVEL);
            w->level_sets[k][at] = (struct policy_set){.v = w->levels[k][at], .n = LEVEL};
        }
    }
    w->endpoint = full(w, f, POLICY_ENDPOINT, 20480, true);
    w->l = (struct authz_layers){.identity = {.v = w->identity, .n = IDENTITY},
                                 .boundary = full(w, f, POLICY_BOUNDARY, 6144, true),
                                 .session = {.v = w->session, .n = SESSION},
                                 .session_passed = true,
                                 .scps = {w->level_sets[0], LEVELS},
                                 .rcps = {w->level_sets[1], LEVELS},
                                 .resource = full(w, f, POLICY_RESOURCE, 20480, false),
                                 .resource_takes_policies = true,
                                 .endpoints = {.v = &w->endpoint, .n = 1}};
}

static void use_indexes(struct world *w)
{
    w->l.identity.index = indexed(w, w->l.identity);
    w->l.session.index = indexed(w, w->l.session);
    for (unsigned k = 0; k < 2; k++)
        for (unsigned at = 0; at < LEVELS; at++)
            w->level_sets[k][at].index = indexed(w, w->level_sets[k][at]);
}

static void empty(struct world *w)
{
    for (size_t i = 0; i < w->n; i++)
        policy_free(w->made[i]);
    for (size_t i = 0; i < w->n_indexes; i++)
        policy_index_free(w->indexes[i]);
}

static void expect_allowed(const struct world *w, enum filling f, bool tags)
{
    static str tag_keys[TAGS];
    str one[] = {S("192.0.2.7"),
                 S("1"),
                 S("2026-11-29T12:00:00Z"),
                 S("team-x"),
                 S("team/a/long/prefix/of/objects/x"),
                 S("arn:aws:iam::" A ":role/teams-x")};
    const struct authz_value context[] = {
        {S("aws:SourceIp"), &one[0], 1, false},    {S("s3:max-keys"), &one[1], 1, false},
        {S("aws:CurrentTime"), &one[2], 1, false}, {S("aws:PrincipalTag/team"), &one[3], 1, false},
        {S("s3:prefix"), &one[4], 1, false},       {S("aws:PrincipalArn"), &one[5], 1, false},
        {S("aws:TagKeys"), tag_keys, TAGS, true}};
    struct authz_request r = {.principal_kind = PRINCIPAL_SESSION,
                              .principal = S("arn:aws:sts::" A ":assumed-role/teams-x/s"),
                              .principal_role_arn = S("arn:aws:iam::" A ":role/teams-x"),
                              .account = S(A),
                              .action = S("s3:GetObject"),
                              .resource = S("arn:aws:s3:::a-bucket-of-some-team/key/of/some/length/2026/11/29/x"),
                              .resource_account = S(A),
                              .context = context,
                              .n_context = tags ? 7 : 6};

    for (size_t i = 0; i < TAGS; i++)
        tag_keys[i] = S("other-tag-key");
    struct decision d = authz_evaluate(&r, &w->l);
    if (d.verdict != ALLOWED)
        fail_msg("filled with %d: verdict %d by %d", f, d.verdict, d.by);
}

static void test_authz_largest__the_largest_sets_are_decided(void **state)
{
    static struct world w;

    (void)state;
    for (enum filling f = 0; f < FILLINGS; f++) {
        if (f == TAG_KEYS)
            continue;
        fill(&w, f);
        expect_allowed(&w, f, false);
        use_indexes(&w);
        expect_allowed(&w, f, false);
        empty(&w);
    }
}

/* Fifty values of the request against each of the policies': the role's own sets. */
static void test_authz_largest__so_are_many_values_against_many(void **state)
{
    static struct world w;

    (void)state;
    fill(&w, TAG_KEYS);
    w.l.identity = (struct policy_set){.v = w.identity + IDENTITY - 10, .n = 10};
    w.l.rcps.n = 0;
    w.l.session.n = 0;
    w.l.session_passed = false;
    expect_allowed(&w, TAG_KEYS, true);
    use_indexes(&w);
    expect_allowed(&w, TAG_KEYS, true);
    empty(&w);
}

/* One policy's greed does not reach the next one's budget, but all together end. */
static void test_authz_largest__each_policy_has_its_own(void **state)
{
    str document = S("{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}}");
    struct authz_request r = {0};
    struct authz_layers l = {0};
    struct policy *p = NULL, *q = NULL;
    struct err e = {0};
    struct eval v;

    (void)state;
    assert_true(is_ok(policy_compile(document, POLICY_IDENTITY, S("p"), &p, &e)));
    assert_true(is_ok(policy_compile(document, POLICY_IDENTITY, S("q"), &q, &e)));
    r.action = S("s3:GetObject");
    r.resource = S("*");
    assert_true(eval_begin(&v, &r, &l));
    for (size_t i = 0; i < EVAL_STEPS_ALL / EVAL_STEPS; i++) {
        eval_enter(&v, i % 2 ? p : q);
        assert_true(eval_spend(&v, EVAL_STEPS));
        assert_false(v.doubt);
    }
    eval_enter(&v, q);
    eval_enter(&v, p);
    assert_false(eval_spend(&v, 1));
    assert_true(v.doubt);
    assert_true(eval_begin(&v, &r, &l));
    eval_enter(&v, p);
    assert_false(eval_spend(&v, EVAL_STEPS + 1));
    eval_enter(&v, q);
    assert_false(eval_spend(&v, 1)); /* once in doubt, always */
    policy_free(p);
    policy_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_largest__the_largest_sets_are_decided),
        cmocka_unit_test(test_authz_largest__so_are_many_values_against_many),
        cmocka_unit_test(test_authz_largest__each_policy_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
