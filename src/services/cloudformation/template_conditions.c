/* SPDX-License-Identifier: MIT */
/* Conditions and Rules: booleans over parameters. Conditions are decided in an order in which each only needs those
 * before it, so that a chain of ten thousand needs no deep stack. */
#include <string.h>

#include "services/cloudformation/template_parts.h"

ptrdiff_t template_condition_at(const struct template *t, str name)
{
    const json_t *at = json_object_getn(t->condition_index, name.p ? name.p : "", name.n);

    return at ? (ptrdiff_t)json_integer_value(at) : -1;
}

/* ---- their order ---- */

/* The conditions that one names; `at` NULL only counts. */
static size_t named(const struct template *t, const json_t *node, size_t *at, size_t n)
{
    const json_t *argument, *one;
    const char *name;
    size_t i;
    enum fn fn = template_fn(node, true, &name, &argument);

    if (fn == FN_CONDITION) {
        if (at)
            at[n] = (size_t)template_condition_at(t, json_str(argument));
        return n + 1;
    }
    if (fn != FN_AND && fn != FN_OR && fn != FN_NOT)
        return n;
    json_array_foreach(argument, i, one) n = named(t, one, at, n);
    return n;
}

res template_order_conditions(struct arena *a, struct template *t, struct err *e)
{
    size_t n = json_object_size(t->conditions), *order = ARENA_ARRAY(a, size_t, n), i = 0;
    struct template_links *links = ARENA_ARRAY(a, struct template_links, n);
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)t->conditions, key, v)
    {
        links[i].n = named(t, v, NULL, 0);
        links[i].at = ARENA_ARRAY(a, size_t, links[i].n);
        named(t, v, links[i].at, 0);
        i++;
    }
    t->condition_order = order;
    if (template_order(a, links, n, order) == n)
        return OK;
    return reject(e, "Template error: Found circular condition dependency in the Conditions block of the template");
}

/* ---- values ---- */

static res same(struct template_scope *s, const json_t *x, const json_t *y, bool *out, struct err *e)
{
    json_t *a, *b;

    TRY(template_evaluate(s, x, e, &a));
    TRY(template_evaluate(s, y, e, &b));
    str left = template_text(s->arena, a), right = template_text(s->arena, b);
    *out = str_is(left) && str_is(right) ? str_eq(left, right) : a && b && json_equal(a, b);
    return OK;
}

static bool is_member(struct template_scope *s, const json_t *list, str text)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (json_is_array(one) ? is_member(s, one, text) : str_eq(template_text(s->arena, one), text))
            return true;
    }
    return false;
}

/* Whether every text in a list, or in the lists of a list, is a member of another. */
static bool are_members(struct template_scope *s, const json_t *list, const json_t *of)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (json_is_array(one) ? !are_members(s, one, of) : !is_member(s, of, template_text(s->arena, one)))
            return false;
    }
    return true;
}

static res rule_function(struct template_scope *s, enum fn fn, const json_t *v, bool *out, struct err *e)
{
    json_t *list, *other;

    TRY(template_evaluate(s, json_array_get(v, 0), e, &list));
    TRY(template_evaluate(s, json_array_get(v, 1), e, &other));
    if (!json_is_array(list))
        return reject(e, "Template error: the first parameter of a rule function must be a list of strings.");
    if (fn == FN_CONTAINS) {
        *out = is_member(s, list, template_text(s->arena, other));
        return OK;
    }
    if (!json_is_array(other)) {
        json_t *alone = template_keep(s, json_array());
        json_array_append(alone, other ? other : json_null());
        other = alone;
    }
    *out = are_members(s, list, other);
    return OK;
}

/* ---- booleans ---- */

static res truth(struct template_scope *s, const json_t *node, bool *out, struct err *e)
{
    const json_t *v, *one;
    const char *name;
    size_t i;
    enum fn fn = template_fn(node, true, &name, &v);

    switch (fn) {
    case FN_CONDITION:
        *out = s->conditions[template_condition_at(s->t, json_str(v))];
        return OK;
    case FN_EQUALS:
        return same(s, json_array_get(v, 0), json_array_get(v, 1), out, e);
    case FN_NOT:
        TRY(truth(s, json_array_get(v, 0), out, e));
        *out = !*out;
        return OK;
    case FN_AND:
    case FN_OR:
        *out = fn == FN_AND;
        json_array_foreach(v, i, one)
        {
            if (*out == (fn == FN_AND)) /* else it is decided */
                TRY(truth(s, one, out, e));
        }
        return OK;
    default:
        return rule_function(s, fn, v, out, e);
    }
}

res template_decide(struct template_scope *s, struct err *e)
{
    size_t n = json_object_size(s->t->conditions), i = 0;
    const json_t **bodies = ARENA_ARRAY(s->arena, const json_t *, n);
    const char *key;
    json_t *v;

    s->conditions = ARENA_ARRAY(s->arena, bool, n);
    s->wanted = ARENA_ARRAY(s->arena, bool, s->t->n_resources);
    json_object_foreach((json_t *)s->t->conditions, key, v) bodies[i++] = v;
    for (i = 0; i < n; i++) {
        size_t at = s->t->condition_order[i];
        TRY(truth(s, bodies[at], &s->conditions[at], e));
    }
    for (i = 0; i < s->t->n_resources; i++) {
        str name = s->t->resources[i].condition;
        s->wanted[i] = !str_is(name) || s->conditions[template_condition_at(s->t, name)];
    }
    return OK;
}

/* ---- rules ---- */

static res check_rule(struct template_scope *s, const char *name, const json_t *rule, struct err *e)
{
    const json_t *when = json_object_get(rule, "RuleCondition"), *one;
    bool holds = true;
    size_t i;

    if (when)
        TRY(truth(s, when, &holds, e));
    if (!holds)
        return OK;
    json_array_foreach(json_object_get(rule, "Assertions"), i, one)
    {
        str text = json_str_at(one, "AssertDescription");
        TRY(truth(s, json_object_get(one, "Assert"), &holds, e));
        if (!holds)
            return reject(e, "Template error: Rule %s failed: %.*s", name,
                          FMT(str_is(text) ? text : S("an assertion does not hold")));
    }
    return OK;
}

res template_check_rules(struct template_scope *s, struct err *e)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)s->t->rules, key, v) TRY(check_rule(s, key, v, e));
    return OK;
}
