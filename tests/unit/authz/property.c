/* SPDX-License-Identifier: MIT */
/* What holds for every case: a further Deny never allows more, the order of statements never matters, explain decides
 * as evaluate does, limits never grant. Random cases from a fixed seed. */
#include "test.h"

#include <string.h>

#include "authz/eval.h"
#include "random.h"
#include "base/json.h"

enum { CASES = 4000, STATEMENTS = 4 };

#define A "111111111111"
#define B "222222222222"

static void add_condition(struct random *r, struct buf *b)
{
    buf_printf(b, ",\"Condition\":{\"%s%s%s\":{\"%s\":[\"%s\",\"%s\"]}}",
               PICK(r, "", "", "ForAllValues:", "ForAnyValue:"),
               PICK(r, "StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"),
               PICK(r, "", "IfExists"), PICK(r, "aws:x", "AWS:Y", "aws:z"),
               PICK(r, "a", "b", "a*", "${aws:x}", "${aws:q, 'a'}"), PICK(r, "b", "c", "?", "${aws:y}"));
}

static void add_principal(struct random *r, struct buf *b, bool deny)
{
    if (deny && below(r, 4) == 0)
        buf_printf(b, ",\"NotPrincipal\":{\"AWS\":[\"" A "\",\"%s\",\"%s\"]}",
                   PICK(r, "arn:aws:iam::" A ":user/u", "arn:aws:iam::" A ":role/r"),
                   PICK(r, "arn:aws:sts::" A ":assumed-role/r/s", B));
    else if (below(r, 4) == 0)
        buf_add_z(b, ",\"Principal\":\"*\"");
    else
        buf_printf(b, ",\"Principal\":{\"%s\":\"%s\"}", "AWS",
                   PICK(r, A, B, "arn:aws:iam::" A ":root", "arn:aws:iam::" A ":user/u", "arn:aws:iam::" A ":role/r",
                        "arn:aws:sts::" A ":assumed-role/r/s"));
}

static void add_statement(struct random *r, enum policy_kind kind, bool deny, struct buf *b)
{
    buf_printf(b, "{\"Effect\":\"%s\",\"%s\":\"%s\"", deny ? "Deny" : "Allow",
               PICK(r, "Action", "Action", "Action", "Action", "NotAction"),
               PICK(r, "*", "*", "s3:*", "s3:*", "s3:Get*", "kms:*", "kms:Decrypt", "s3:PutObject"));
    buf_printf(b, ",\"%s\":\"%s\"", PICK(r, "Resource", "Resource", "Resource", "Resource", "NotResource"),
               PICK(r, "*", "*", "*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:x}", "arn:aws:kms:*:*:key/*"));
    if (kind == POLICY_RESOURCE || kind == POLICY_KEY || kind == POLICY_ENDPOINT)
        add_principal(r, b, deny);
    else if (kind == POLICY_RCP)
        buf_add_z(b, ",\"Principal\":\"*\"");
    if (below(r, 3) == 0)
        add_condition(r, b);
    buf_add_char(b, '}');
}

struct document {
    enum policy_kind kind;
    struct buf statement[STATEMENTS];
    size_t n;
};

static void make_document(struct random *r, enum policy_kind kind, struct document *d)
{
    d->kind = kind;
    d->n = 1 + below(r, STATEMENTS - 1);
    for (size_t i = 0; i < STATEMENTS; i++)
        buf_init(&d->statement[i], 2048);
    for (size_t i = 0; i < d->n; i++)
        add_statement(r, kind, below(r, 4) == 0, &d->statement[i]);
}

static struct policy *compile(const struct document *d, bool backwards, const struct buf *more)
{
    struct buf text;
    struct err e = {0};
    struct policy *p = NULL;

    buf_init(&text, POLICY_MAX_BYTES);
    buf_add_z(&text, "{\"Version\":\"2012-10-17\",\"Statement\":[");
    for (size_t i = 0; i < d->n; i++) {
        if (i)
            buf_add_char(&text, ',');
        buf_add(&text, buf_str(&d->statement[backwards ? d->n - 1 - i : i]));
    }
    if (more) {
        buf_add_char(&text, ',');
        buf_add(&text, buf_str(more));
    }
    buf_add_z(&text, "]}");
    if (!is_ok(policy_compile(buf_str(&text), d->kind, S("p"), &p, &e)))
        fail_msg("%.*s: %s", FMT(buf_str(&text)), e.what);
    buf_done(&text);
    return p;
}

enum { SLOTS = 6 }; /* identity, boundary, session, scp, resource, endpoint */

struct world {
    struct document doc[SLOTS];
    bool present[SLOTS];
    struct authz_request r;
    struct authz_value context[3];
    str values[4];
};

static void make_world(struct random *r, struct world *w)
{
    static const str letters[] = {S("a"), S("b"), S("c"), S("A")};
    static const str keys[] = {S("aws:X"), S("aws:y"), S("aws:z")};
    bool key = below(r, 3) == 0;
    enum policy_kind kinds[SLOTS] = {POLICY_IDENTITY, POLICY_BOUNDARY, POLICY_SESSION,
                                     POLICY_SCP,      POLICY_RESOURCE, POLICY_ENDPOINT};

    memset(w, 0, sizeof *w);
    kinds[4] = key ? POLICY_KEY : POLICY_RESOURCE;
    for (size_t i = 0; i < SLOTS; i++) {
        w->present[i] = i == 0 || below(r, i == 4 ? 2 : 5) == 0;
        make_document(r, kinds[i], &w->doc[i]);
    }
    memcpy(w->values, letters, sizeof letters);
    for (size_t i = 0; i < 3; i++)
        w->context[i] =
            (struct authz_value){keys[i], w->values + below(r, 3), below(r, 4) ? 1 : below(r, 3), below(r, 3) == 0};
    w->r =
        (struct authz_request){.principal_kind = PRINCIPAL_USER + below(r, 2), .account = S(A), .context = w->context};
    w->r.n_context = below(r, 4);
    w->r.principal = w->r.principal_kind == PRINCIPAL_USER ? S("arn:aws:iam::" A ":user/u")
                                                           : S("arn:aws:sts::" A ":assumed-role/r/s");
    w->r.principal_role_arn = w->r.principal_kind == PRINCIPAL_USER ? S("") : S("arn:aws:iam::" A ":role/r");
    w->r.action = key ? S("kms:Decrypt") : below(r, 2) ? S("s3:GetObject") : S("s3:PutObject");
    w->r.resource = key           ? S("arn:aws:kms:us-east-1:" A ":key/k")
                    : below(r, 2) ? S("arn:aws:s3:::b/a")
                                  : S("arn:aws:s3:::b/k");
    w->r.resource_account = below(r, 4) ? S(A) : S(B);
}

static void forget_world(struct world *w)
{
    for (size_t i = 0; i < SLOTS; i++)
        for (size_t k = 0; k < STATEMENTS; k++)
            buf_done(&w->doc[i].statement[k]);
}

/* Compiles the world, with one statement more in one slot if `more` is given, and decides. */
static struct decision decide(const struct world *w, bool backwards, size_t slot, const struct buf *more)
{
    struct policy *p[SLOTS] = {0};
    struct authz_layers l = {.resource_takes_policies = true};
    struct buf trace;

    for (size_t i = 0; i < SLOTS; i++)
        p[i] = w->present[i] ? compile(&w->doc[i], backwards, i == slot ? more : NULL) : NULL;
    const struct policy *one[SLOTS];
    memcpy(one, p, sizeof one);
    struct policy_set scp = {&one[3], 1};
    l.identity = (struct policy_set){&one[0], 1};
    l.boundary = p[1];
    l.session = (struct policy_set){&one[2], p[2] != NULL};
    l.scps = (struct policy_levels){&scp, p[3] != NULL};
    l.resource = p[4];
    l.endpoints = (struct policy_set){&one[5], p[5] != NULL};
    struct decision d = authz_evaluate(&w->r, &l);
    buf_init(&trace, 1 << 17);
    authz_explain(&w->r, &l, &trace);
    const char *verdict = authz_verdict_name(d.verdict);
    assert_true(str_starts(buf_str(&trace), S("{\"decision\":\"")));
    assert_true(str_starts(str_from(buf_str(&trace), 13), str_z(verdict)));
    buf_done(&trace);
    d.reason.policy = NULL; /* freed next */
    for (size_t i = 0; i < SLOTS; i++)
        policy_free(p[i]);
    return d;
}

static void test_authz_property__order_never_matters_and_a_deny_never_allows(void **state)
{
    struct random r = {1};
    size_t allowed = 0, narrowed = 0;

    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct world w;
        struct buf more;
        make_world(&r, &w);
        size_t slot = below(&r, SLOTS);
        buf_init(&more, 2048);
        add_statement(&r, w.doc[slot].kind, true, &more);
        struct decision d = decide(&w, false, SLOTS, NULL), back = decide(&w, true, SLOTS, NULL);
        struct decision less = decide(&w, false, slot, &more);
        if (d.verdict != back.verdict || d.by != back.by)
            fail_msg("case %d: the order of statements matters", i);
        if (less.verdict == ALLOWED && d.verdict != ALLOWED)
            fail_msg("case %d: a Deny allows: %.*s", i, FMT(buf_str(&more)));
        if (d.verdict == DENIED_EXPLICITLY && less.verdict != DENIED_EXPLICITLY)
            fail_msg("case %d: a Deny hides a Deny", i);
        allowed += d.verdict == ALLOWED;
        narrowed += d.verdict == ALLOWED && less.verdict != ALLOWED;
        buf_done(&more);
        forget_world(&w);
    }
    print_message("%zu of %d allowed, %zu narrowed\n", allowed, CASES, narrowed);
    assert_true(allowed > CASES / 20); /* the generator reaches both sides */
    assert_true(narrowed > CASES / 200);
}

/* Rules 14 and 15: boundary, session policies and SCPs only take away. */
static void test_authz_property__what_limits_never_grants(void **state)
{
    struct random r = {2};

    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct world w;
        make_world(&r, &w);
        size_t slot = 1 + below(&r, 3); /* boundary, session, SCP */
        w.present[slot] = false;
        struct decision without = decide(&w, false, SLOTS, NULL);
        w.present[slot] = true;
        struct decision with = decide(&w, false, SLOTS, NULL);
        if (with.verdict == ALLOWED && without.verdict != ALLOWED)
            fail_msg("case %d: layer %zu grants", i, slot);
        forget_world(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_property__order_never_matters_and_a_deny_never_allows),
        cmocka_unit_test(test_authz_property__what_limits_never_grants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
