/* SPDX-License-Identifier: MIT */
/* From a policy document to its compiled form: statements and their elements, what each kind of policy may hold, and
 * AWS's kind of reason where it may not (rule 40). Values: parse_values.c. */
#include "authz/compile.h"
#include "authz/index.h"

#include <assert.h>
#include <string.h>

enum { POOL_MAX = 65535, SCRATCH_MAX = 4 << 20 };
/* The values of a condition may be a digit and its comma; all else that is counted takes four characters and more, as
 * `"*",` and `${a}`. */
static_assert(POLICY_MAX_BYTES / 4 < POLICY_MAX_ITEMS, "only values can be too many");
static_assert(POLICY_MAX_BYTES + 0 <= POOL_MAX + 0 && POOL_MAX <= UINT16_MAX, "a span reaches all of the pool");

size_t list_count(const json_t *v)
{
    return json_is_array(v) ? json_array_size(v) : 1;
}

const json_t *list_at(const json_t *v, size_t i)
{
    return json_is_array(v) ? json_array_get(v, i) : v;
}

uint16_t build_count(const struct buf *b, size_t size)
{
    return (uint16_t)(b->n / size);
}

static bool is_one_of(str s, const char *const *names)
{
    for (; *names; names++)
        if (str_eq(s, str_z(*names)))
            return true;
    return false;
}

static res check_elements(struct builder *b, const json_t *object, const char *const *known)
{
    for (void *at = json_object_iter((json_t *)object); at; at = json_object_iter_next((json_t *)object, at)) {
        str key = str_n(json_object_iter_key(at), json_object_iter_key_len(at));
        if (!is_one_of(key, known))
            return reject(b->e, "Syntax errors in policy. Unknown element %.*s", FMT(key));
    }
    return OK;
}

static bool has_principals(enum policy_kind kind)
{
    return kind == POLICY_RESOURCE || kind == POLICY_TRUST || kind == POLICY_KEY || kind == POLICY_ENDPOINT ||
           kind == POLICY_RCP;
}

static res parse_effect(struct builder *b, const json_t *v, struct statement *s)
{
    str effect = json_str(v);

    if (str_eq(effect, S("Deny")))
        s->flags |= ST_DENY;
    else if (str_eq_nocase(effect, S("Deny")) || (str_eq_nocase(effect, S("Allow")) && !str_eq(effect, S("Allow"))))
        return reject(b->e, "The policy failed legacy parsing: Invalid effect: %.*s", FMT(effect));
    else if (!str_eq(effect, S("Allow")))
        return reject(b->e, "Syntax errors in policy. Invalid effect: %.*s", FMT(effect));
    return OK;
}

static res parse_action(struct builder *b, const json_t *v)
{
    struct action_pattern out = {0};
    str text = json_str(v);
    ptrdiff_t colon = str_find(text, ':');

    if (!str_is(text))
        return reject(b->e, "Syntax errors in policy. An action is not a string");
    if (str_eq(text, S("*")) || str_eq(text, S("*:*"))) {
        buf_add_bytes(&b->actions, &out, sizeof out);
        return OK;
    }
    if (colon < 0)
        return reject(b->e, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. (%.*s)",
                      FMT(text));
    str vendor = str_sub(text, 0, (size_t)colon);
    if (str_find(str_from(text, (size_t)colon + 1), ':') >= 0)
        return reject(b->e, "Actions/Condition can contain only one colon. (%.*s)", FMT(text));
    if (vendor.n == 0 || !str_all(build_lower(b, vendor), "abcdefghijklmnopqrstuvwxyz0123456789-."))
        return reject(b->e, "Vendor %.*s is not valid", FMT(vendor));
    if ((size_t)colon + 1 == text.n)
        return reject(b->e, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. (%.*s)",
                      FMT(text));
    if (b->kind == POLICY_TRUST && !str_eq_nocase(vendor, S("sts")))
        return reject(b->e, "AssumeRole policy may only specify STS AssumeRole actions. (%.*s)", FMT(text));
    out.service = (uint8_t)(colon < HEAD_MAX ? colon : HEAD_MAX);
    out.head = build_head(text, false);
    build_span(b, text, &out.text);
    buf_add_bytes(&b->actions, &out, sizeof out);
    return OK;
}

/* IAM's words for what a statement lacks, or those of services that keep policies of resources. */
static res lacks(struct builder *b, const char *element, const char *words)
{
    if (has_principals(b->kind) && b->kind != POLICY_TRUST)
        return reject(b->e, "Missing required field %s", element);
    return reject(b->e, "%s", words);
}

static res parse_actions(struct builder *b, const json_t *o, struct statement *s)
{
    const json_t *yes = json_object_get(o, "Action"), *no = json_object_get(o, "NotAction"), *v = yes ? yes : no;

    if (yes && no)
        return reject(b->e, "Syntax errors in policy. A statement has either Action or NotAction");
    if (!v || list_count(v) == 0)
        return lacks(b, "Action", "Policy statement must contain actions.");
    if (no)
        s->flags |= ST_NOT_ACTION;
    s->actions = (struct run){build_count(&b->actions, sizeof(struct action_pattern)), (uint16_t)list_count(v)};
    for (size_t i = 0; i < list_count(v); i++)
        TRY(parse_action(b, list_at(v, i)));
    return OK;
}

static res parse_resources(struct builder *b, const json_t *o, struct statement *s)
{
    const json_t *yes = json_object_get(o, "Resource"), *no = json_object_get(o, "NotResource"), *v = yes ? yes : no;

    if (yes && no)
        return reject(b->e, "Syntax errors in policy. A statement has either Resource or NotResource");
    if (b->kind == POLICY_TRUST)
        return v ? reject(b->e, "Has prohibited field %s", yes ? "Resource" : "NotResource") : OK;
    if (!v || list_count(v) == 0)
        return lacks(b, "Resource", "Policy statement must contain resources.");
    s->flags |= no ? ST_NOT_RESOURCE : ST_RESOURCE;
    s->resources = (struct run){build_count(&b->arns, sizeof(struct arn_pattern)), (uint16_t)list_count(v)};
    for (size_t i = 0; i < list_count(v); i++) {
        str text = json_str(list_at(v, i)), arn;
        if (!str_is(text))
            return reject(b->e, "Syntax errors in policy. A resource is not a string");
        TRY(check_resource(b, text, &arn));
        TRY(build_arn(b, arn, true));
    }
    return OK;
}

static res parse_principal(struct builder *b, const json_t *o, struct statement *s)
{
    const json_t *yes = json_object_get(o, "Principal"), *no = json_object_get(o, "NotPrincipal"), *v = yes ? yes : no;

    if (yes && no)
        return reject(b->e, "Syntax errors in policy. A statement has either Principal or NotPrincipal");
    if (!has_principals(b->kind))
        return v ? reject(b->e, "Policy document should not specify a principal.") : OK;
    if (!v)
        return reject(b->e, "Missing required field Principal");
    if (no && (b->kind == POLICY_TRUST || b->kind == POLICY_RCP))
        return reject(b->e, "Has prohibited field NotPrincipal");
    if (no && !(s->flags & ST_DENY))
        return reject(b->e, "Allow with NotPrincipal is not allowed.");
    if (b->kind == POLICY_RCP && !str_eq(json_str(v), S("*")))
        return reject(b->e, "The Principal of a resource control policy must be \"*\".");
    s->flags |= no ? ST_NOT_PRINCIPAL : ST_PRINCIPAL;
    return build_principals(b, v, no != NULL, &s->principals);
}

/* Statement ids are unique within a document. Policies of resources may have blanks in them. */
static res parse_sid(struct builder *b, const json_t *v, struct statement *s)
{
    const struct statement *earlier = (const struct statement *)(const void *)b->statements.p;
    str sid = json_str(v);

    if (!v)
        return OK;
    if (!str_is(sid))
        return reject(b->e, "Syntax errors in policy. A Sid is not a string");
    if ((!has_principals(b->kind) || b->kind == POLICY_TRUST || b->kind == POLICY_RCP) &&
        !str_all(sid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
        return reject(b->e, "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
                            "expression [0-9A-Za-z]*");
    for (size_t i = 0; sid.n && i < build_count(&b->statements, sizeof *earlier); i++)
        if (str_eq(str_n(b->pool.p + earlier[i].sid.at, earlier[i].sid.n), sid))
            return reject(b->e, "Statement IDs (SID) in a single policy must be unique.");
    s->flags |= ST_SID;
    build_span(b, sid, &s->sid);
    return OK;
}

static res parse_statement(struct builder *b, const json_t *o)
{
    static const char *const known[] = {"Sid",       "Effect",   "Principal",   "NotPrincipal", "Action",
                                        "NotAction", "Resource", "NotResource", "Condition",    NULL};
    const json_t *conditions = json_object_get(o, "Condition");
    struct statement s = {0};
    struct buf text;

    if (!json_is_object(o))
        return reject(b->e, "Syntax errors in policy. A statement is not an object");
    TRY(check_elements(b, o, known));
    buf_init(&text, POLICY_MAX_BYTES);
    buf_add_json(&text, o);
    build_span(b, buf_str(&text), &s.source); /* first, so that most other spans are found inside it */
    buf_done(&text);
    TRY(parse_sid(b, json_object_get(o, "Sid"), &s));
    TRY(parse_effect(b, json_object_get(o, "Effect"), &s));
    TRY(parse_principal(b, o, &s));
    TRY(parse_actions(b, o, &s));
    TRY(parse_resources(b, o, &s));
    if (conditions)
        TRY(build_conditions(b, conditions, &s.conditions));
    buf_add_bytes(&b->statements, &s, sizeof s);
    return OK;
}

static res parse_document(struct builder *b, const json_t *doc)
{
    static const char *const known[] = {"Version", "Id", "Statement", NULL};
    const json_t *version = json_object_get(doc, "Version"), *id = json_object_get(doc, "Id");
    const json_t *statements = json_object_get(doc, "Statement");

    if (!json_is_object(doc))
        return reject(b->e, "Syntax errors in policy. The document is not an object");
    TRY(check_elements(b, doc, known));
    if (version && !str_eq(json_str(version), S("2012-10-17")) && !str_eq(json_str(version), S("2008-10-17")))
        return reject(b->e, "The policy must contain a valid version string");
    b->variables = str_eq(json_str(version), S("2012-10-17"));
    if (id && !json_is_string(id))
        return reject(b->e, "Syntax errors in policy. The Id is not a string");
    if (!statements || list_count(statements) == 0)
        return reject(b->e, "Syntax errors in policy. The policy has no statement");
    if (list_count(statements) > POLICY_MAX_STATEMENTS)
        return reject(b->e, "A policy has at most %d statements", POLICY_MAX_STATEMENTS);
    for (size_t i = 0; i < list_count(statements); i++)
        TRY(parse_statement(b, list_at(statements, i)));
    if (b->values.full || b->arns.full)
        return reject(b->e, "A policy has at most %d elements of a kind", POLICY_MAX_ITEMS);
    return OK;
}

/* Moves one array behind what is already in the block. */
static uint32_t place(struct buf *block, const struct buf *from)
{
    uint32_t at = (uint32_t)block->n;

    buf_add(block, buf_str(from));
    return at;
}

/* One block of exactly the size needed, ordered by alignment: 8, 4, 2, 1 bytes. */
static res assemble(struct builder *b, str name, struct policy **out)
{
    struct policy head = {.kind = (uint8_t)b->kind};
    struct buf block,
        *parts[] = {&b->conditions, &b->vars, &b->statements, &b->actions, &b->arns, &b->named, &b->values, &b->pool};
    uint32_t *const offsets[] = {&head.conditions, &head.vars,  &head.statements, &head.actions,
                                 &head.arns,       &head.named, &head.values,     &head.pool};
    size_t size = sizeof head;

    build_span(b, name, &head.name);
    if (b->pool.full)
        return reject(b->e, "The policy is too large");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        size += parts[i]->n;
    buf_init(&block, size);
    buf_room(&block, size);
    buf_add_bytes(&block, &head, sizeof head);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        *offsets[i] = place(&block, parts[i]);
    head.bytes = (uint32_t)block.n;
    head.n_statements = build_count(&b->statements, sizeof(struct statement));
    head.n_named = build_count(&b->named, sizeof(struct named));
    memcpy(block.p, &head, sizeof head);
    *out = (struct policy *)(void *)block.p;
    return OK;
}

/* Kinds that come alone carry an index of their own; for the others there is one over a principal's or level's set. */
static void index_alone(struct policy *p)
{
    const struct policy *one = p;

    if (p->kind != POLICY_IDENTITY && p->kind != POLICY_SESSION && p->kind != POLICY_SCP && p->kind != POLICY_RCP)
        p->index = policy_index_make((struct policy_set){.v = &one, .n = 1}, INDEX_LEAST);
}

/* p-FullAWSAccess and its like, one of which nearly every level has: the only statement of an SCP allows everything, or
 * an RCP denies nothing (its allow is implied, rule 16). */
static bool lets_all(const struct policy *p)
{
    const struct statement *s = policy_statement(p, 0);
    bool denies = false;

    for (size_t i = 0; i < p->n_statements; i++)
        denies |= policy_statement(p, i)->flags & ST_DENY;
    if (denies || p->kind == POLICY_RCP)
        return !denies;
    return p->kind == POLICY_SCP && p->n_statements == 1 && (s->flags & ~ST_SID) == ST_RESOURCE &&
           s->conditions.n == 0 && s->actions.n == 1 && s->resources.n == 1 &&
           policy_action(p, s->actions.first)->text.n == 0 && (policy_arn(p, s->resources.first)->literal & ARN_ANY);
}

static res compile_with(struct builder *b, const json_t *doc, str name, struct policy **out)
{
    struct buf *all[] = {&b->statements, &b->conditions, &b->vars, &b->actions, &b->arns, &b->named, &b->values};
    const size_t sizes[] = {
        sizeof(struct statement),   sizeof(struct condition), sizeof(struct variable), sizeof(struct action_pattern),
        sizeof(struct arn_pattern), sizeof(struct named),     sizeof(struct text)};

    buf_init(&b->pool, POOL_MAX);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_init(all[i], sizes[i] * POLICY_MAX_ITEMS);
    res r = parse_document(b, doc);
    if (is_ok(r))
        r = assemble(b, name, out);
    if (is_ok(r)) {
        (*out)->lets_all = lets_all(*out);
        index_alone(*out);
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_done(all[i]);
    buf_done(&b->pool);
    return r;
}

res policy_compile_json(const json_t *doc, enum policy_kind kind, str name, struct policy **out, struct err *e)
{
    struct builder b = {.kind = kind, .e = e};
    struct buf size;

    buf_init(&size, POLICY_MAX_BYTES);
    buf_add_json(&size, doc);
    bool full = size.full;
    buf_done(&size);
    if (full)
        return reject(e, "A policy document has at most %d bytes", POLICY_MAX_BYTES);
    b.a = arena_new(SCRATCH_MAX);
    res r = compile_with(&b, doc, name, out);
    arena_free(b.a);
    return r;
}

res policy_compile(str text, enum policy_kind kind, str name, struct policy **out, struct err *e)
{
    json_t *doc;

    if (text.n > POLICY_MAX_BYTES)
        return reject(e, "A policy document has at most %d bytes", POLICY_MAX_BYTES);
    struct arena *a = arena_new(SCRATCH_MAX);
    struct err why = {0};
    res r = json_parse(a, text, &why, &doc);
    if (is_ok(r))
        r = policy_compile_json(doc, kind, name, out, e);
    else
        r = reject(e, "Syntax errors in policy. %s", why.what);
    arena_free(a);
    return r;
}
