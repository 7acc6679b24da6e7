/* SPDX-License-Identifier: MIT */
/* Fuzzes the evaluator: the input's bytes choose policies of every kind, statement by statement, and a request, from
 * small alphabets, so that nearly every input is well-formed and its statements quarrel. What must hold of each: the
 * index changes nothing, explain decides as evaluate does, order and repetition of statements do not matter, nor does a
 * key that no policy mentions; a further Deny never allows, a further Allow never denies. */
#include <stdlib.h>
#include <string.h>

#include "authz/authz.h"
#include "authz/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SETS = 3, PER_SET = 3, STATEMENTS = 6, TEXT_MAX = 20000 };

struct input {
    const uint8_t *p;
    size_t n;
};

static unsigned next(struct input *in, unsigned below)
{
    if (in->n == 0)
        return 0;
    in->n--;
    return *in->p++ % below;
}
#define PICK(in, ...)                                                                                                  \
    ((const char *const[]){                                                                                            \
        __VA_ARGS__}[next(in, (unsigned)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))])

#define A "111111111111"
#define B "222222222222"
#define USER "arn:aws:iam::" A ":user/u"
#define ROLE "arn:aws:iam::" A ":role/p/r"
#define SESSION "arn:aws:sts::" A ":assumed-role/r/s"

/* ---- policies ---- */
static const char *value(struct input *in)
{
    return PICK(in, "\"a\"", "\"b\"", "\"a*\"", "\"?\"", "\"${aws:x}\"", "\"${aws:q, 'a'}\"", "\"${*}\"", "\"\"");
}

static void add_condition(struct input *in, struct buf *b)
{
    const char *key = PICK(in, "aws:x", "AWS:Y", "aws:z", "aws:none");
    unsigned kind = next(in, 8);

    if (kind == 0)
        buf_printf(b, "\"Null\":{\"%s\":%s}", key, PICK(in, "true", "\"false\""));
    else if (kind == 1)
        buf_printf(b, "\"%s%s%s\":{\"%s\":[%s]}", PICK(in, "", "ForAnyValue:", "ForAllValues:"),
                   PICK(in, "NumericEquals", "NumericLessThan", "NumericNotEquals", "NumericGreaterThanEquals"),
                   PICK(in, "", "IfExists"), key, PICK(in, "1", "\"2.0\"", "1,2"));
    else if (kind == 2)
        buf_printf(b, "\"%s%s\":{\"%s\":\"%s\"}", PICK(in, "DateLessThan", "DateNotEquals", "DateGreaterThanEquals"),
                   PICK(in, "", "IfExists"), key, "2026");
    else if (kind == 3)
        buf_printf(b, "\"%s%s\":{\"%s\":[\"%s\"]}", PICK(in, "ArnLike", "ForAnyValue:ArnNotLike", "ArnNotEquals"),
                   PICK(in, "", "IfExists"), key, PICK(in, "arn:aws:s3:::*", "arn:aws:iam::${aws:x}:role/r", "a"));
    else
        buf_printf(b, "\"%s%s%s\":{\"%s\":[%s,%s]}", PICK(in, "", "", "ForAllValues:", "ForAnyValue:"),
                   PICK(in, "StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"),
                   PICK(in, "", "IfExists"), key, value(in), value(in));
}

static void add_principal(struct input *in, enum policy_kind kind, bool deny, struct buf *b)
{
    unsigned form = next(in, 6);

    if (kind == POLICY_RCP || form == 0)
        buf_add_z(b, ",\"Principal\":\"*\"");
    else if (form == 1 && deny && kind != POLICY_TRUST)
        buf_printf(b, ",\"NotPrincipal\":{\"AWS\":[\"%s\",\"%s\",\"%s\"]}", PICK(in, A, B), PICK(in, ROLE, USER),
                   PICK(in, SESSION, B));
    else if (form == 2)
        buf_printf(b, ",\"Principal\":{\"Service\":\"%s.amazonaws.com\"}", PICK(in, "s3", "ec2"));
    else
        buf_printf(b, ",\"Principal\":{\"AWS\":[\"%s\",\"%s\"]}", PICK(in, USER, ROLE, SESSION, A, B, "*"),
                   PICK(in, USER, ROLE, SESSION, "arn:aws:iam::" A ":root", "AIDAAAAAAAAAAAAAAAAA"));
}

static void add_statement(struct input *in, enum policy_kind kind, bool deny, struct buf *b)
{
    buf_printf(b, "{\"Effect\":\"%s\",\"%s\":", deny ? "Deny" : "Allow",
               PICK(in, "Action", "Action", "Action", "NotAction"));
    if (kind == POLICY_TRUST)
        buf_printf(b, "\"%s\"", PICK(in, "*", "sts:AssumeRole", "STS:assume*", "sts:TagSession"));
    else
        buf_printf(b, "[\"%s\",\"%s\"]",
                   PICK(in, "*", "s3:GetObject", "S3:get*", "s3:*", "kms:Decrypt", "kms:*", "sts:AssumeRole", "iam:*"),
                   PICK(in, "s3:PutObject", "s3:Get?bject", "sts:*", "kms:De*t", "*", "iam:PassRole", "s3x:*"));
    if (kind != POLICY_TRUST)
        buf_printf(b, ",\"%s\":\"%s\"", PICK(in, "Resource", "Resource", "Resource", "NotResource"),
                   PICK(in, "*", "*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:x}", "arn:aws:kms:*:*:key/*",
                        "arn:*:*:*:*:*", "arn:aws:iam::" A ":role/?", "arn:aws:s3:::b/${aws:none}"));
    if (kind != POLICY_IDENTITY && kind != POLICY_BOUNDARY && kind != POLICY_SESSION && kind != POLICY_SCP)
        add_principal(in, kind, deny, b);
    if (next(in, 3) == 0) {
        buf_add_z(b, ",\"Condition\":{");
        add_condition(in, b);
        buf_add_char(b, '}');
    }
    buf_add_char(b, '}');
}

struct document {
    struct buf statement[STATEMENTS];
    size_t n;
    enum policy_kind kind;
    const char *version;
};

static void make_document(struct input *in, enum policy_kind kind, struct document *d)
{
    d->kind = kind;
    d->n = 1 + next(in, STATEMENTS - 1);
    d->version = next(in, 6) ? "2012-10-17" : "2008-10-17";
    for (size_t i = 0; i < d->n; i++) {
        buf_init(&d->statement[i], 4096);
        add_statement(in, kind, next(in, 4) == 0, &d->statement[i]);
    }
}

enum form { PLAIN, BACKWARDS, TWICE };

static void put(struct buf *text, const struct buf *statement)
{
    if (str_ends(buf_str(text), S("}")))
        buf_add_char(text, ',');
    buf_add(text, buf_str(statement));
}

static const struct policy *compile(const struct document *d, enum form form, const struct buf *more)
{
    struct err e = {0};
    struct policy *p = NULL;
    struct buf text;

    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "{\"Version\":\"%s\",\"Statement\":[", d->version);
    for (size_t i = 0; i < d->n; i++)
        put(&text, &d->statement[form == BACKWARDS ? d->n - 1 - i : i]);
    for (size_t i = 0; form == TWICE && i < d->n; i++)
        put(&text, &d->statement[i]);
    if (more)
        put(&text, more);
    buf_add_z(&text, "]}");
    if (!is_ok(policy_compile(buf_str(&text), d->kind, S("fuzz"), &p, &e)))
        abort();
    buf_done(&text);
    return p;
}

/* ---- a world: all layers and a request ---- */
enum { IDENTITY, IDENTITY_2, BOUNDARY, SESSION_1, SCP_ROOT, SCP_OWN, RCP, RESOURCE, ENDPOINT, SLOTS };

struct world {
    struct document doc[SLOTS];
    bool present[SLOTS];
    struct authz_request r;
    struct authz_value context[4];
    str values[4];
};

static void make_request(struct input *in, struct world *w)
{
    static const str texts[] = {S("a"), S("b"), S("1"), S("arn:aws:s3:::b"), S("2026"), S("a*"), S("")};
    static const str keys[] = {S("aws:X"), S("aws:y"), S("aws:z"), S("aws:none")};
    struct authz_request *r = &w->r;

    for (size_t i = 0; i < 4; i++)
        w->values[i] = texts[next(in, sizeof texts / sizeof texts[0])];
    for (size_t i = 0; i < 4; i++) {
        bool multi = next(in, 4) == 0;
        w->context[i] = (struct authz_value){keys[i], w->values + next(in, 3), multi ? next(in, 3) : 1, multi};
    }
    r->context = w->context;
    r->n_context = next(in, 5);
    r->principal_kind = (enum principal_kind)next(in, PRINCIPAL_SERVICE + 1);
    r->account = r->principal_kind == PRINCIPAL_ANONYMOUS || r->principal_kind == PRINCIPAL_SERVICE ? S("") : S(A);
    static const str who[] = {S(""), S("arn:aws:iam::" A ":root"), S(USER), S(SESSION), S("s3.amazonaws.com")};
    r->principal = who[r->principal_kind];
    r->principal_role_arn = r->principal_kind == PRINCIPAL_SESSION ? S(ROLE) : S("");
    r->principal_id = S("AIDAAAAAAAAAAAAAAAAA");
    unsigned what = next(in, 5);
    static const str actions[] = {S("s3:GetObject"), S("s3:PutObject"), S("kms:Decrypt"), S("sts:AssumeRole"),
                                  S("iam:PassRole")};
    static const str resources[] = {S("arn:aws:s3:::b/a"), S("*"), S("arn:aws:kms:us-east-1:" A ":key/k"),
                                    S("arn:aws:iam::" A ":role/t"), S("arn:aws:iam::" B ":role/t")};
    r->action = actions[what];
    r->resource = resources[what];
    r->resource_account = next(in, 3) ? S("") : S(B);
    r->management_principal = next(in, 8) == 1;
    r->management_resource = next(in, 8) == 1;
    r->service_linked_role = next(in, 8) == 1;
}

static void make_world(struct input *in, struct world *w)
{
    static const enum policy_kind kinds[SLOTS] = {POLICY_IDENTITY, POLICY_IDENTITY, POLICY_BOUNDARY,
                                                  POLICY_SESSION,  POLICY_SCP,      POLICY_SCP,
                                                  POLICY_RCP,      POLICY_RESOURCE, POLICY_ENDPOINT};
    memset(w, 0, sizeof *w);
    make_request(in, w);
    for (size_t i = 0; i < SLOTS; i++) {
        enum policy_kind kind = kinds[i];
        if (i == RESOURCE && str_starts(w->r.action, S("sts:")))
            kind = POLICY_TRUST;
        if (i == RESOURCE && str_starts(w->r.action, S("kms:")))
            kind = POLICY_KEY;
        w->present[i] = i == IDENTITY || next(in, 3) == 0;
        if (w->present[i])
            make_document(in, kind, &w->doc[i]);
    }
}

struct change { /* how the world is judged, other than as it is */
    enum form form;
    bool indexed, one_key_more;
    size_t slot; /* gets `more` */
    const struct buf *more;
};

struct sets {
    const struct policy *p[SLOTS];
    struct policy_set set[SLOTS];
    struct policy_set scps[2];
    struct authz_layers l;
};

/* One policy or two neighbouring slots as a set, with or without an index. */
static struct policy_set set_of(struct sets *s, size_t from, size_t to, bool indexed)
{
    struct policy_set set = {.v = &s->p[from], .n = 0};

    while (from + set.n < to && s->p[from + set.n])
        set.n++;
    set.index = indexed && set.n ? policy_index_make(set, 1) : NULL;
    return set;
}

static void forget_set(struct policy_set *set)
{
    policy_index_free((struct policy_index *)(void *)(uintptr_t)set->index);
}

static struct decision judge_world(const struct world *w, const struct change *c)
{
    struct authz_request r = w->r;
    struct authz_value context[5];
    struct sets s = {.l = {.resource_takes_policies = true}};
    struct buf trace;

    for (size_t i = 0; i < SLOTS; i++)
        s.p[i] = w->present[i] ? compile(&w->doc[i], c->form, i == c->slot ? c->more : NULL) : NULL;
    s.l.identity = set_of(&s, IDENTITY, BOUNDARY, c->indexed);
    s.l.boundary = s.p[BOUNDARY];
    s.l.session = set_of(&s, SESSION_1, SCP_ROOT, c->indexed);
    s.scps[0] = set_of(&s, SCP_ROOT, SCP_OWN, c->indexed);
    s.scps[1] = set_of(&s, SCP_OWN, RCP, c->indexed);
    s.l.scps = (struct policy_levels){s.scps, s.scps[0].n ? 2 : 0};
    s.set[RCP] = set_of(&s, RCP, RESOURCE, c->indexed);
    s.l.rcps = (struct policy_levels){&s.set[RCP], s.set[RCP].n};
    s.l.resource = s.p[RESOURCE];
    s.l.endpoints = set_of(&s, ENDPOINT, SLOTS, c->indexed);
    memcpy(context, w->context, sizeof w->context);
    context[r.n_context] = (struct authz_value){S("zz:unread"), w->values, 1, false};
    r.context = context;
    r.n_context += c->one_key_more;
    struct decision d = authz_evaluate(&r, &s.l);
    buf_init(&trace, 1 << 20);
    authz_explain(&r, &s.l, &trace);
    if (!trace.full && !str_starts(str_from(buf_str(&trace), 13), str_z(authz_verdict_name(d.verdict))))
        abort();
    buf_done(&trace);
    struct policy_set *all[] = {&s.l.identity, &s.l.session, &s.scps[0], &s.scps[1], &s.set[RCP], &s.l.endpoints};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        forget_set(all[i]);
    for (size_t i = 0; i < SLOTS; i++)
        policy_free((struct policy *)(void *)(uintptr_t)s.p[i]);
    d.reason.policy = NULL; /* freed */
    return d;
}

static void must_equal(struct decision a, struct decision b)
{
    if (a.verdict != b.verdict || a.by != b.by)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct world w;
    struct buf deny, allow;

    make_world(&in, &w);
    size_t slot = next(&in, SLOTS);
    buf_init(&deny, 4096);
    buf_init(&allow, 4096);
    enum policy_kind kind = w.present[slot] ? w.doc[slot].kind : POLICY_IDENTITY;
    add_statement(&in, kind, true, &deny);
    add_statement(&in, kind, false, &allow);
    struct decision plain = judge_world(&w, &(struct change){.slot = SLOTS});
    must_equal(plain, judge_world(&w, &(struct change){.indexed = true, .slot = SLOTS}));
    must_equal(plain, judge_world(&w, &(struct change){.form = BACKWARDS, .indexed = true, .slot = SLOTS}));
    must_equal(plain, judge_world(&w, &(struct change){.form = TWICE, .slot = SLOTS}));
    must_equal(plain, judge_world(&w, &(struct change){.one_key_more = true, .slot = SLOTS}));
    struct decision less = judge_world(&w, &(struct change){.indexed = true, .slot = slot, .more = &deny});
    struct decision more = judge_world(&w, &(struct change){.slot = slot, .more = &allow});
    if (plain.verdict != ALLOWED && less.verdict == ALLOWED)
        abort();
    if (plain.verdict == DENIED_EXPLICITLY && less.verdict != DENIED_EXPLICITLY)
        abort();
    if (plain.verdict != DENIED_EXPLICITLY && more.verdict == DENIED_EXPLICITLY)
        abort();
    if (plain.verdict == ALLOWED && more.verdict != ALLOWED)
        abort();
    buf_done(&deny);
    buf_done(&allow);
    for (size_t i = 0; i < SLOTS; i++)
        for (size_t k = 0; k < w.doc[i].n; k++)
            buf_done(&w.doc[i].statement[k]);
    return 0;
}
