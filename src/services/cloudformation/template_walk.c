/* SPDX-License-Identifier: MIT */
/* Which nodes of a template are functions, and what they name. */
#include <math.h>
#include <string.h>

#include "services/cloudformation/template_parts.h"

static const struct {
    const char *name;
    enum fn fn;
} functions[] = {
    {"Fn::Base64", FN_BASE64},
    {"Fn::GetAtt", FN_GET_ATT},
    {"Fn::GetAZs", FN_GET_AZS},
    {"Fn::ImportValue", FN_IMPORT_VALUE},
    {"Fn::Join", FN_JOIN},
    {"Fn::Split", FN_SPLIT},
    {"Fn::FindInMap", FN_FIND_IN_MAP},
    {"Fn::Select", FN_SELECT},
    {"Ref", FN_REF},
    {"Fn::Equals", FN_EQUALS},
    {"Fn::If", FN_IF},
    {"Fn::Not", FN_NOT},
    {"Condition", FN_CONDITION},
    {"Fn::And", FN_AND},
    {"Fn::Or", FN_OR},
    {"Fn::Contains", FN_CONTAINS},
    {"Fn::EachMemberEquals", FN_EACH_MEMBER_EQUALS},
    {"Fn::EachMemberIn", FN_EACH_MEMBER_IN},
    {"Fn::ValueOf", FN_VALUE_OF},
    {"Fn::ValueOfAll", FN_VALUE_OF_ALL},
    {"Fn::RefAll", FN_REF_ALL},
    {"Fn::Sub", FN_SUB},
    {"Fn::Cidr", FN_CIDR},
};

const char *template_fn_list(void)
{
    return "Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, "
           "Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, "
           "Fn::EachMemberIn, Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr";
}

static bool is_mixed(const json_t *node, const char **name)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)node, key, value)
    {
        *name = key;
        if (str_starts(str_z(key), S("Fn::")))
            return true;
    }
    return false;
}

enum fn template_fn(const json_t *node, bool conditions, const char **name, const json_t **argument)
{
    void *only;

    *argument = NULL;
    *name = "";
    if (!json_is_object(node))
        return FN_NONE;
    if (json_object_size(node) != 1)
        return is_mixed(node, name) ? FN_MIXED : FN_NONE;
    only = json_object_iter((json_t *)node);
    *name = json_object_iter_key(only);
    *argument = json_object_iter_value(only);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i].name, *name) == 0)
            return functions[i].fn == FN_CONDITION && !conditions ? FN_NONE : functions[i].fn;
    return str_starts(str_z(*name), S("Fn::")) ? FN_UNKNOWN : FN_NONE;
}

bool template_sub_next(str *rest, str *literal, str *name, bool *bang)
{
    ptrdiff_t open = str_search(*rest, S("${")), close;

    *name = STR_ABSENT;
    *bang = false;
    if (!str_is(*rest))
        return false;
    close = open < 0 ? -1 : str_find(str_from(*rest, (size_t)open), '}');
    if (close < 0) {
        *literal = *rest;
        *rest = STR_ABSENT;
        return true;
    }
    *literal = str_sub(*rest, 0, (size_t)open);
    *name = str_sub(*rest, (size_t)open + 2, (size_t)close - 2);
    *rest = str_from(*rest, (size_t)open + (size_t)close + 1);
    *bang = str_starts(*name, S("!"));
    *name = *bang ? str_from(*name, 1) : str_trim(*name);
    return true;
}

bool template_attribute(const json_t *argument, str *name, str *attribute)
{
    str text = json_str(argument);
    ptrdiff_t dot = str_find(text, '.');

    *attribute = STR_ABSENT;
    if (json_is_string(argument)) {
        *name = dot < 0 ? text : str_sub(text, 0, (size_t)dot);
        *attribute = dot < 0 ? STR_ABSENT : str_from(text, (size_t)dot + 1);
        return dot > 0 && attribute->n > 0;
    }
    *name = json_str(json_array_get(argument, 0));
    *attribute = json_str(json_array_get(argument, 1));
    return json_array_size(argument) == 2 && name->n > 0 &&
           (attribute->n > 0 || json_is_object(json_array_get(argument, 1)));
}

/* ---- what is named ---- */

struct walk_state {
    enum walk how;
    const struct template_scope *s;
    template_visit *visit;
    void *about;
};

static void walk(const struct walk_state *w, const json_t *node);

static bool is_pseudo(str name)
{
    static const char *const names[] = {"AWS::AccountId", "AWS::NoValue", "AWS::NotificationARNs", "AWS::Partition",
                                        "AWS::Region",    "AWS::StackId", "AWS::StackName",        "AWS::URLSuffix"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_eq(name, str_z(names[i])))
            return true;
    return false;
}

static void visit_name(const struct walk_state *w, str name, bool in_sub)
{
    ptrdiff_t dot = in_sub ? str_find(name, '.') : -1;
    struct template_reference r = {dot >= 0, in_sub, name, STR_ABSENT};

    if (dot >= 0) {
        r.name = str_sub(name, 0, (size_t)dot);
        r.attribute = str_from(name, (size_t)dot + 1);
    }
    if (!is_pseudo(name))
        w->visit(w->about, &r);
}

static void walk_sub(const struct walk_state *w, const json_t *argument)
{
    const json_t *locals = json_array_get(argument, 1);
    str rest = json_is_array(argument) ? json_str(json_array_get(argument, 0)) : json_str(argument), literal, name;
    bool bang;

    while (template_sub_next(&rest, &literal, &name, &bang))
        if (str_is(name) && !bang && !json_object_getn(locals, name.p, name.n))
            visit_name(w, name, true);
    walk(w, locals);
}

static void walk_if(const struct walk_state *w, const json_t *argument)
{
    ptrdiff_t at;

    if (w->how == WALK_ALL) {
        walk(w, json_array_get(argument, 1));
        walk(w, json_array_get(argument, 2));
    }
    if (w->how != WALK_TAKEN)
        return;
    at = template_condition_at(w->s->t, json_str(json_array_get(argument, 0)));
    if (at >= 0)
        walk(w, json_array_get(argument, w->s->conditions[at] ? 1 : 2));
}

static void walk_members(const struct walk_state *w, const json_t *node)
{
    const char *key;
    json_t *value;
    size_t i;

    json_object_foreach((json_t *)node, key, value) walk(w, value);
    json_array_foreach(node, i, value) walk(w, value);
}

static void walk(const struct walk_state *w, const json_t *node)
{
    const json_t *argument;
    const char *name;
    struct template_reference r = {.is_attribute = true};
    enum fn fn = template_fn(node, false, &name, &argument);

    if (fn == FN_REF && json_is_string(argument))
        visit_name(w, json_str(argument), false);
    else if (fn == FN_SUB)
        walk_sub(w, argument);
    else if (fn == FN_IF)
        walk_if(w, argument);
    else if (fn == FN_GET_ATT && template_attribute(argument, &r.name, &r.attribute))
        w->visit(w->about, &r);
    if (fn == FN_GET_ATT)
        walk(w, json_array_get(argument, 1));
    else if (fn != FN_IF && fn != FN_SUB)
        walk_members(w, node);
}

void template_references(const json_t *node, enum walk how, const struct template_scope *s, template_visit *visit,
                         void *about)
{
    struct walk_state w = {how, s, visit, about};

    walk(&w, node);
}

/* ---- scalars ---- */

/* As Java writes a double that came from JSON or YAML: 1.0 keeps its point. */
static str text_of_real(struct arena *a, double v)
{
    struct buf b;
    str out;

    buf_init(&b, 64);
    buf_add_json_double(&b, v);
    if (floor(v) == v && str_find(buf_str(&b), 'e') < 0)
        buf_add(&b, S(".0"));
    out = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

str template_text(struct arena *a, const json_t *scalar)
{
    if (json_is_string(scalar))
        return json_str(scalar);
    if (json_is_boolean(scalar))
        return json_is_true(scalar) ? S("true") : S("false");
    if (json_is_integer(scalar))
        return arena_printf(a, "%lld", (long long)json_integer_value(scalar));
    return json_is_real(scalar) ? text_of_real(a, json_real_value(scalar)) : STR_ABSENT;
}
