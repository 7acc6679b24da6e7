/* SPDX-License-Identifier: MIT */
/* Stack policies: which resources an update may modify, replace or delete. They guard against accidents in an update,
 * not against people: who may update a stack is IAM's to say, and who may update it may override its policy once. */
#include "cfn_policy.h"

#include "authz/authz.h"

enum { POLICY_MAX_BYTES = 16384 };

#define LOGICAL "LogicalResourceId/"

/* ---- is it one? ---- */

typedef bool fits_fn(str text);

static bool is_action(str s)
{
    return str_eq_nocase(s, S("Update:*")) || str_eq_nocase(s, S("Update:Modify")) ||
           str_eq_nocase(s, S("Update:Replace")) || str_eq_nocase(s, S("Update:Delete"));
}

static bool is_resource(str s)
{
    return str_eq(s, S("*")) || (str_starts(s, S(LOGICAL)) && s.n > sizeof LOGICAL - 1);
}

static bool is_text(str s)
{
    return s.n > 0;
}

/* A text or a list of texts that all fit. */
static bool all_fit(const json_t *v, fits_fn *fits)
{
    json_t *one;
    size_t i;

    if (json_is_string(v))
        return fits(json_str(v));
    json_array_foreach(v, i, one)
    {
        if (!json_is_string(one) || !fits(json_str(one)))
            return false;
    }
    return json_array_size(v) > 0;
}

static bool is_condition(const json_t *condition)
{
    const char *operator, * key;
    json_t *keys, *values;

    json_object_foreach((json_t *)condition, operator, keys)
    {
        if (!str_eq(str_z(operator), S("StringEquals")) && !str_eq(str_z(operator), S("StringLike")))
            return false;
        json_object_foreach(keys, key, values)
        {
            if (!str_eq(str_z(key), S("ResourceType")) || !all_fit(values, is_text))
                return false;
        }
        if (!json_object_size(keys))
            return false;
    }
    return json_object_size(condition) > 0;
}

static bool is_statement(const json_t *st)
{
    const json_t *action = json_object_get(st, "Action"), *but = json_object_get(st, "NotAction");
    const json_t *resource = json_object_get(st, "Resource"), *beside = json_object_get(st, "NotResource");
    const json_t *condition = json_object_get(st, "Condition"), *sid = json_object_get(st, "Sid");
    str effect = json_str_at(st, "Effect");
    size_t known = 4 + (condition != NULL) + (sid != NULL);

    return json_is_object(st) && json_object_size(st) == known && (!sid || json_is_string(sid)) &&
           (str_eq(effect, S("Allow")) || str_eq(effect, S("Deny"))) && str_eq(json_str_at(st, "Principal"), S("*")) &&
           (!action != !but) && all_fit(action ? action : but, is_action) && (!resource != !beside) &&
           all_fit(resource ? resource : beside, is_resource) && (!condition || is_condition(condition));
}

/* The statements as a list; NULL: the text is no stack policy. */
static const json_t *statements_of(struct arena *a, str text)
{
    json_t *policy, *list, *one, *wrapped;
    size_t i;

    if (!is_ok(json_parse(a, text, NULL, &policy)) || !json_is_object(policy))
        return NULL;
    list = json_object_get(policy, "Statement");
    if (!list)
        return json_object_size(policy) ? NULL : cfn_own(a, json_array());
    wrapped = json_is_array(list) ? list : cfn_own(a, json_array());
    if (wrapped != list)
        json_array_append(wrapped, list);
    json_array_foreach(wrapped, i, one)
    {
        if (!is_statement(one))
            return NULL;
    }
    return wrapped;
}

static bool is_known(const struct list_of_str *ids, str resource)
{
    str id = str_from(resource, sizeof LOGICAL - 1);

    if (!str_starts(resource, S(LOGICAL)) || str_find(id, '*') >= 0 || str_find(id, '?') >= 0)
        return true;
    for (size_t i = 0; i < ids->n; i++)
        if (str_eq(ids->v[i], id))
            return true;
    return false;
}

static res check_ids(struct call *c, const struct list_of_str *ids, const json_t *st)
{
    const json_t *v = json_object_get(st, "Resource"), *one = v;
    size_t n;

    v = v ? v : json_object_get(st, "NotResource");
    n = json_is_array(v) ? json_array_size(v) : 1;
    for (size_t i = 0; i < n; i++) {
        one = json_is_array(v) ? json_array_get(v, i) : v;
        if (!is_known(ids, json_str(one)))
            return fault(c, &cloudformation_ValidationError,
                         "Error validating stack policy: Unknown logical id '%.*s' in statement {} - stack policies "
                         "can only be applied to logical ids referenced in the template",
                         FMT(json_str(one)));
    }
    return OK;
}

res cfn_read_policy(struct call *c, const char *what, str body, str url, const struct list_of_str *ids, str *out)
{
    const json_t *list, *one;
    size_t i;

    *out = body;
    if (body.n && url.n)
        return fault(c, &cloudformation_ValidationError, "You cannot specify both %sURL and %sBody", what, what);
    if (url.n)
        TRY(cfn_fetch(c, url, "Stack policy", POLICY_MAX_BYTES, out));
    if (!str_is(*out))
        return OK;
    list = statements_of(c->arena, *out);
    if (!list)
        return fault(c, &cloudformation_ValidationError, "Error validating stack policy: Invalid stack policy");
    json_array_foreach(list, i, one) TRY(check_ids(c, ids, one));
    return OK;
}

/* ---- what it says ---- */

static bool any_matches(const json_t *v, str text, bool nocase, bool exact)
{
    const json_t *one;
    size_t i;

    if (json_is_string(v))
        return exact ? str_eq(json_str(v), text) : authz_glob(json_str(v), text, nocase);
    json_array_foreach(v, i, one)
    {
        if (any_matches(one, text, nocase, exact))
            return true;
    }
    return false;
}

static bool holds(const json_t *condition, str type)
{
    const char *operator, * key;
    json_t *keys, *values;

    json_object_foreach((json_t *)condition, operator, keys)
    {
        json_object_foreach(keys, key, values)
        {
            if (!any_matches(values, type, false, str_eq(str_z(operator), S("StringEquals"))))
                return false;
        }
    }
    return true;
}

static bool speaks_of(const json_t *st, str action, str resource, str type)
{
    const json_t *a = json_object_get(st, "Action"), *r = json_object_get(st, "Resource");
    bool acts =
        a ? any_matches(a, action, true, false) : !any_matches(json_object_get(st, "NotAction"), action, true, false);
    bool on = r ? any_matches(r, resource, false, false)
                : !any_matches(json_object_get(st, "NotResource"), resource, false, false);

    return acts && on && holds(json_object_get(st, "Condition"), type);
}

static void add_list(struct buf *b, const json_t *v)
{
    const json_t *one;
    size_t i;

    if (json_is_string(v))
        buf_add(b, json_str(v));
    json_array_foreach(v, i, one) buf_printf(b, "%s%.*s", i ? ", " : "", FMT(json_str(one)));
}

/* "Statement [#1] does not allow [Update:*] for resource [*];" AWS counts the statements that deny. */
static void add_denial(struct buf *b, size_t number, const json_t *st)
{
    const json_t *action = json_object_get(st, "Action"), *resource = json_object_get(st, "Resource");

    buf_printf(b, " Statement [#%zu] does not allow [", number);
    add_list(b, action ? action : json_object_get(st, "NotAction"));
    buf_add_z(b, "] for resource [");
    add_list(b, resource ? resource : json_object_get(st, "NotResource"));
    buf_add_z(b, "];");
}

bool cfn_policy_denies(struct call *c, str policy, const char *action, str logical, str type, str *why)
{
    str resource = arena_cat(c->arena, S(LOGICAL), logical);
    const json_t *list = str_is(policy) ? statements_of(c->arena, policy) : NULL, *st;
    bool allowed = false;
    size_t i, number = 0;
    struct buf b;

    if (json_array_size(list) == 0)
        return false;
    buf_init(&b, 4 * POLICY_MAX_BYTES);
    json_array_foreach(list, i, st)
    {
        bool denies = str_eq(json_str_at(st, "Effect"), S("Deny"));
        number += denies;
        if (!speaks_of(st, str_z(action), resource, type))
            continue;
        if (denies)
            add_denial(&b, number, st);
        allowed |= !denies;
    }
    if (b.n)
        *why = arena_printf(c->arena, "Action denied by stack policy:%.*s", FMT(buf_str(&b)));
    else if (!allowed)
        *why =
            arena_printf(c->arena, "Action not allowed by stack policy: no statement allows [%s] for resource [%.*s];",
                         action, FMT(resource));
    bool denied = b.n || !allowed;
    buf_done(&b);
    return denied;
}

/* ---- SetStackPolicy and GetStackPolicy ---- */

res cfn_ids_of(struct call *c, const struct cloudformation_stack *s, const struct cfn_scope *new,
               struct list_of_str *out)
{
    struct cloudformation_resource_page page = {0};
    str *v;

    if (s->operation.v)
        TRY(cfn_resources(c, s, &page));
    v = ARENA_ARRAY(c->arena, str, page.n + (new ? new->t->n_resources : 0) + 1);
    *out = (struct list_of_str){0, v};
    for (size_t i = 0; i < page.n; i++)
        if (!page.v[i]->obsolete.v && !str_eq(page.v[i]->resource_status, S("DELETE_COMPLETE")))
            v[out->n++] = page.v[i]->logical_resource_id;
    for (size_t i = 0; new &&i < new->t->n_resources; i++)
        if (new->scope->wanted[i])
            v[out->n++] = new->t->resources[i].id;
    return OK;
}

res cloudformation_set_stack_policy(struct call *c, const struct cloudformation_set_stack_policy_in *in,
                                    struct cloudformation_set_stack_policy_out *out)
{
    struct cloudformation_stack *s = (struct cloudformation_stack *)c->subject;
    struct list_of_str ids;

    (void)out;
    if (!s->active_name.n)
        return fault(c, &cloudformation_ValidationError, "Stack [%.*s] does not exist", FMT(s->stack_name));
    if (!in->stack_policy_body.n && !in->stack_policy_url.n)
        return fault(c, &cloudformation_ValidationError, "Either StackPolicyBody or StackPolicyURL must be specified.");
    TRY(cfn_ids_of(c, s, NULL, &ids));
    TRY(cfn_read_policy(c, "StackPolicy", in->stack_policy_body, in->stack_policy_url, &ids, &s->policy));
    return cloudformation_stack_save(c, s);
}

res cloudformation_get_stack_policy(struct call *c, const struct cloudformation_get_stack_policy_in *in,
                                    struct cloudformation_get_stack_policy_out *out)
{
    const struct cloudformation_stack *s = c->subject;
    bool updating = str_eq(s->stack_status, S("UPDATE_IN_PROGRESS"));

    (void)in;
    out->stack_policy_body = updating ? s->update_policy : s->policy;
    return OK;
}
