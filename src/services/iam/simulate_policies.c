/* SPDX-License-Identifier: MIT */
/* The policies of a simulation: given as text, or as they are attached; their context keys; where statements stand. */
#include "api/house.h"
#include "base/json.h"
#include "simulate.h"

/* ---- whose ---- */

res iam_find_source(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_source *s = ARENA_NEW(c->arena, struct iam_source);
    struct iam_user *u = NULL;
    struct iam_role *r = NULL;
    struct iam_group *g = NULL;
    str account, kind, name;

    (void)n;
    if (!iam_parse_arn(names[0], &account, &kind, &name) || !name.n ||
        !(str_eq(kind, S("user")) || str_eq(kind, S("role")) || str_eq(kind, S("group"))))
        return fault(c, &iam_InvalidInput, "Invalid Entity Arn: %.*s does not clearly define entity type and name.",
                     FMT(names[0]));
    out->arn = names[0];
    out->account = account;
    out->missing = &iam_NoSuchEntity;
    out->missing_text = arena_printf(c->arena, "The %.*s with name %.*s cannot be found.", FMT(kind), FMT(name));
    if (!str_eq(account, c->caller->account))
        return OK;
    if (str_eq(kind, S("user")))
        TRY(iam_user_load(c, account, name, &u));
    else if (str_eq(kind, S("role")))
        TRY(iam_role_load(c, account, name, &r));
    else
        TRY(iam_group_load(c, account, name, &g));
    *s = (struct iam_source){.kind = u ? "user" : r ? "role" : "group", .user = u, .role = r, .group = g};
    s->arn = u ? u->arn : r ? r->arn : g ? g->arn : STR_ABSENT;
    s->boundary = u ? u->boundary : r ? r->boundary : STR_ABSENT;
    const struct iam_tag_list *tags = u ? &u->tags : r ? &r->tags : NULL;
    if (tags && str_eq(s->arn, names[0])) {
        out->tags = (const struct str_pair *)tags->v;
        out->n_tags = tags->n;
    }
    out->subject = str_eq(s->arn, names[0]) ? s : NULL; /* the path is part of who it is */
    return OK;
}

/* ---- gathering ---- */

res simulate_add(struct call *c, str id, str text, enum policy_kind kind, struct simulated_list *out)
{
    struct err why = {0};
    const struct policy *p;

    res r = worker_policy(c->worker, text, kind, id, &p, &why);
    if (r.why == WHY_REJECT)
        return fault(c, &iam_InvalidInput, "The policy %.*s is not valid: %s", FMT(id), why.what);
    TRY(r);
    if (out->n == out->cap) {
        struct simulated *v = ARENA_ARRAY(c->arena, struct simulated, out->cap * 2 + 4);
        for (size_t i = 0; i < out->n; i++)
            v[i] = out->v[i];
        out->v = v;
        out->cap = out->cap * 2 + 4;
    }
    out->v[out->n++] = (struct simulated){id, text, p};
    return OK;
}

res simulate_add_given(struct call *c, const struct list_of_str *documents, struct simulated_list *out)
{
    for (size_t i = 0; i < documents->n; i++)
        TRY(simulate_add(c, arena_printf(c->arena, "PolicyInputList.%zu", i + 1), documents->v[i], POLICY_IDENTITY,
                         out));
    return OK;
}

bool simulate_without_type(const struct iam_policy_identifier_list *without, const char *type)
{
    for (size_t i = 0; without && i < without->n; i++)
        if (str_eq(without->v[i].policy_type, str_z(type)))
            return true;
    return false;
}

static bool without_inline(const struct iam_policy_identifier_list *without, const struct iam_entity *x, str policy)
{
    for (size_t i = 0; without && i < without->n; i++) {
        const struct iam_inline_identifier *id = without->v[i].inline_policy_identifier;
        if (id && str_eq(id->policy_name, policy) && str_eq(id->attachment_type, str_z(x->kind)) &&
            authz_glob(id->attachment_name, x->name, false))
            return true;
    }
    return simulate_without_type(without, "inline");
}

static bool without_managed(const struct iam_policy_identifier_list *without, str arn)
{
    for (size_t i = 0; without && i < without->n; i++)
        if (str_is(without->v[i].policy_arn) && authz_glob(without->v[i].policy_arn, arn, false))
            return true;
    bool aws = str_is(iam_aws_policy(arn));
    return simulate_without_type(without, aws ? "aws-managed" : "user-managed");
}

/* An inline policy is called user_NAME_POLICY, a managed one by its name: so AWS's simulator does. (observed) */
static res add_entity(struct call *c, const struct iam_entity *x, const struct iam_policy_identifier_list *without,
                      struct simulated_list *out)
{
    for (size_t i = 0; i < x->inline_policies->n; i++) {
        const struct iam_inline_policy *p = &x->inline_policies->v[i];
        str id = arena_printf(c->arena, "%s_%.*s_%.*s", x->kind, FMT(x->name), FMT(p->policy_name));
        if (!without_inline(without, x, p->policy_name))
            TRY(simulate_add(c, id, p->policy_document, POLICY_IDENTITY, out));
    }
    for (size_t i = 0; i < x->attached->n; i++) {
        str document, arn = x->attached->v[i];
        if (without_managed(without, arn))
            continue;
        TRY(iam_policy_document(c, c->caller->account, arn, &document));
        if (!str_is(document))
            return oops(&c->err, 0, "the attached policy %.*s is gone", FMT(arn));
        TRY(simulate_add(c, iam_name_of_arn(arn), document, POLICY_IDENTITY, out));
    }
    return OK;
}

res simulate_add_attached(struct call *c, const struct iam_source *s, const struct iam_policy_identifier_list *without,
                          struct simulated_list *out)
{
    struct iam_entity x;

    if (s->role)
        x = iam_entity_of_role((struct iam_role *)s->role);
    else if (s->group)
        x = iam_entity_of_group((struct iam_group *)s->group);
    else
        x = iam_entity_of_user((struct iam_user *)s->user);
    TRY(add_entity(c, &x, without, out));
    for (size_t i = 0; s->user && i < s->user->groups.n; i++) { /* rule 14 */
        struct iam_group *g;
        TRY(iam_group_by_id(c, c->caller->account, s->user->groups.v[i], &g));
        x = iam_entity_of_group(g);
        TRY(add_entity(c, &x, without, out));
    }
    return OK;
}

/* ---- context keys ---- */

static void add_key(struct call *c, str key, struct list_of_str *keys)
{
    for (size_t i = 0; i < keys->n; i++)
        if (str_eq_nocase(keys->v[i], key))
            return;
    if (keys->n && keys->n % 16 == 0) { /* a list from here is always grown here */
        str *v = ARENA_ARRAY(c->arena, str, keys->n + 16);
        for (size_t i = 0; i < keys->n; i++)
            v[i] = keys->v[i];
        keys->v = v;
    }
    keys->v[keys->n++] = arena_dup(c->arena, key);
}

/* ${key} and ${key, 'default'}; ${*}, ${?} and ${$} are no keys (rule 30). */
static void add_variables(struct call *c, const json_t *v, struct list_of_str *keys)
{
    json_t *at;
    const char *name;
    size_t i;

    if (json_is_object(v))
        json_object_foreach((json_t *)v, name, at) add_variables(c, at, keys);
    if (json_is_array(v))
        json_array_foreach((json_t *)v, i, at) add_variables(c, at, keys);
    str text = json_str(v);
    for (ptrdiff_t open = str_search(text, S("${")); open >= 0; open = str_search(text, S("${"))) {
        text = str_from(text, (size_t)open + 2);
        str rest = text, inside = str_cut(&rest, '}');
        if (!str_is(rest))
            return;
        str key = str_trim(str_cut(&inside, ','));
        if (str_find(key, ':') > 0)
            add_key(c, key, keys);
        text = rest;
    }
}

static void add_statement_keys(struct call *c, const json_t *statement, bool variables, struct list_of_str *keys)
{
    const char *operation, *key;
    json_t *tests, *wanted;

    json_object_foreach(json_object_get(statement, "Condition"), operation, tests)
    {
        (void)operation;
        json_object_foreach(tests, key, wanted)
        {
            (void)wanted;
            add_key(c, str_z(key), keys);
        }
    }
    if (!variables)
        return;
    add_variables(c, json_object_get(statement, "Resource"), keys);
    add_variables(c, json_object_get(statement, "NotResource"), keys);
    add_variables(c, json_object_get(statement, "Condition"), keys);
}

res simulate_keys(struct call *c, const struct simulated_list *policies, struct list_of_str *keys)
{
    if (!keys->v)
        keys->v = ARENA_ARRAY(c->arena, str, 16); /* an empty list is told as one */
    for (size_t i = 0; i < policies->n; i++) {
        json_t *document, *one;
        size_t k;
        if (!is_ok(json_parse(c->arena, policies->v[i].text, NULL, &document)))
            return fault(c, &iam_InvalidInput, "The policy %.*s is no JSON.", FMT(policies->v[i].id));
        const json_t *statements = json_object_get(document, "Statement");
        bool variables = str_eq(json_str_at(document, "Version"), S("2012-10-17")); /* rule 29 */
        if (json_is_object(statements))
            add_statement_keys(c, statements, variables, keys);
        json_array_foreach((json_t *)statements, k, one) add_statement_keys(c, one, variables, keys);
    }
    return OK;
}

/* ---- what an action is judged on ---- */

str simulate_template(struct call *c, str action)
{
    const char *arn = NULL;
    struct buf b;

    for (size_t s = 0; services[s] && !arn; s++)
        for (size_t o = 0; o < services[s]->n_operations && !arn; o++) {
            const struct operation *op = services[s]->operations[o];
            for (size_t i = 0; i < op->n_access && !arn; i++)
                if (op->access[i].action && op->access[i].on && str_eq_nocase(str_z(op->access[i].action), action))
                    arn = op->access[i].on->arn;
        }
    if (!arn)
        return S("*");
    buf_init(&b, 4096);
    for (bool inside = false; *arn; arn++) {
        if (*arn == '{')
            buf_add_char(&b, '$');
        buf_add_char(&b, inside && *arn >= 'a' && *arn <= 'z' ? (char)(*arn - 32) : *arn);
        inside = *arn == '{';
    }
    str text = arena_dup(c->arena, buf_str(&b));
    buf_done(&b);
    return text;
}

/* ---- positions, in a document that is known to be JSON ---- */

static size_t skip_blanks(str t, size_t at)
{
    while (at < t.n && (t.p[at] == ' ' || t.p[at] == '\t' || t.p[at] == '\n' || t.p[at] == '\r' || t.p[at] == ','))
        at++;
    return at;
}

static size_t skip_string(str t, size_t at)
{
    for (at++; at < t.n && t.p[at] != '"'; at++)
        at += t.p[at] == '\\';
    return at + 1;
}

/* From the first character of a value to what follows its last. */
static size_t skip_value(str t, size_t at)
{
    size_t depth = 0;

    while (at < t.n) {
        char c = t.p[at];
        if (depth == 0 && (c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t'))
            return at; /* a number or a word has ended */
        at = c == '"' ? skip_string(t, at) : at + 1;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        if (depth == 0 && (c == '"' || c == '}' || c == ']'))
            return at;
    }
    return at;
}

/* Lines and columns count from 1; the end is behind the closing brace. */
static struct iam_position position_of(str t, size_t at)
{
    int64_t line = 1, column = 1;

    for (size_t i = 0; i < at && i < t.n; i++) {
        column = t.p[i] == '\n' ? 1 : column + 1;
        line += t.p[i] == '\n';
    }
    return (struct iam_position){SET_INT(line), SET_INT(column)};
}

static size_t find_statements(str t)
{
    size_t at = skip_blanks(t, 0) + 1;

    for (;;) {
        at = skip_blanks(t, at);
        if (at >= t.n || t.p[at] != '"')
            return t.n;
        size_t end = skip_string(t, at);
        bool hit = str_eq(str_sub(t, at, end - at), S("\"Statement\""));
        at = skip_blanks(t, skip_blanks(t, end) + 1); /* over the colon */
        if (hit || at >= t.n)
            return at;
        at = skip_value(t, at);
    }
}

bool simulate_position(str text, size_t statement, struct iam_position *from, struct iam_position *to)
{
    size_t at = find_statements(text);

    if (at >= text.n)
        return false;
    if (text.p[at] == '[')
        at = skip_blanks(text, at + 1);
    for (size_t i = 0; i < statement; i++)
        at = skip_blanks(text, skip_value(text, at));
    if (at >= text.n || text.p[at] != '{')
        return false;
    *from = position_of(text, at);
    *to = position_of(text, skip_value(text, at));
    return true;
}
