/* SPDX-License-Identifier: MIT */
/* What can be seen in a template without its parameters: functions that are misused, names that name nothing. */
#include "services/cloudformation/template_parts.h"

/* ---- the shapes of functions ---- */

struct shape {
    const struct template *t;
    enum place where;
    struct err *e;
};

static res check(const struct shape *c, const json_t *node);

static bool is_function(const json_t *node)
{
    const json_t *argument;
    const char *name;

    return template_fn(node, false, &name, &argument) > FN_MIXED;
}

static bool is_text_like(const json_t *v) /* a scalar, or a function that may answer one */
{
    return v && !json_is_array(v) && (!json_is_object(v) || is_function(v));
}

static bool is_list_like(const json_t *v)
{
    return json_is_array(v) || (json_is_object(v) && is_function(v));
}

/* A text may hold only the beginning of a reference, for Join: then it is judged once it is whole. */
static res check_text(const struct shape *c, str text)
{
    ptrdiff_t at = str_search(text, S("{{resolve:"));
    str rest = at < 0 ? STR_ABSENT : str_from(text, (size_t)at + 10), service = str_cut(&rest, ':');

    if (!str_is(rest) || str_eq(service, S("ssm")) || str_eq(service, S("ssm-secure")))
        return OK;
    return reject(c->e, "Template error: dynamic references to '%.*s' are not supported: use ssm or ssm-secure.",
                  FMT(str_sub(service, 0, 40)));
}

static res check_sub(const struct shape *c, const json_t *v)
{
    const json_t *text = json_is_array(v) ? json_array_get(v, 0) : v, *locals = json_array_get(v, 1);
    str rest = json_str(text), literal, name;
    bool bang, pair = json_array_size(v) == 2 && json_is_object(locals);

    if (!json_is_string(text) || (json_is_array(v) && !pair))
        return reject(c->e, "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. "
                            "Specify a string as first argument, and an optional second argument to specify a mapping "
                            "of values to replace in the string");
    TRY(check_text(c, rest));
    while (template_sub_next(&rest, &literal, &name, &bang)) {
        bool usable = str_all(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:");
        if (str_is(name) && !bang && (!usable || str_empty(name)))
            return reject(c->e, "Template error: variable names in Fn::Sub syntax must contain only alphanumeric "
                                "characters, underscores, periods, and colons");
    }
    return check(c, locals);
}

static res check_get_att(const struct shape *c, const json_t *v)
{
    str name, attribute;

    if (template_attribute(v, &name, &attribute))
        return check(c, json_array_get(v, 1));
    if (json_is_string(v))
        return reject(c->e, "Template error: if specifying one argument to Fn::GetAtt, that argument must be a "
                            "non-empty string in format <LogicalId>.<Attribute>");
    return reject(c->e, "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name "
                        "and the resource attribute");
}

static res check_find_in_map(const struct shape *c, const json_t *v)
{
    str map = json_str(json_array_get(v, 0));

    if (json_array_size(v) != 3 || !is_text_like(json_array_get(v, 0)) || !is_text_like(json_array_get(v, 1)) ||
        !is_text_like(json_array_get(v, 2)))
        return reject(c->e, "Template error: every Fn::FindInMap object requires three parameters, the map name, map "
                            "key and the attribute for return value");
    if (str_is(map) && !json_object_getn(c->t->mappings, map.p, map.n))
        return reject(c->e,
                      "Template error: Mapping named '%.*s' is not present in the 'Mappings' section of template.",
                      FMT(map));
    return check(c, v);
}

static res check_if(const struct shape *c, const json_t *v)
{
    str name = json_str(json_array_get(v, 0));

    if (!str_is(name))
        return reject(c->e, "Template error: Fn::If requires a list argument with the first element being a condition");
    if (json_array_size(v) != 3)
        return reject(c->e, "Template error: Fn::If requires a list argument with three elements");
    if (template_condition_at(c->t, name) < 0)
        return reject(c->e, "Template error: unresolved condition dependency %.*s in Fn::If", FMT(name));
    TRY(check(c, json_array_get(v, 1)));
    return check(c, json_array_get(v, 2));
}

struct import_check {
    const struct template *t;
    bool bad;
};

static void visit_import(void *about, const struct template_reference *r)
{
    struct import_check *c = about;

    c->bad = c->bad || r->is_attribute || template_resource_find(c->t, r->name);
}

static bool holds(const json_t *node, enum fn one, enum fn other)
{
    const json_t *argument;
    const char *name, *key;
    json_t *value;
    size_t i;
    enum fn fn = template_fn(node, false, &name, &argument);

    if (fn == one || fn == other)
        return true;
    json_object_foreach((json_t *)node, key, value)
    {
        if (holds(value, one, other))
            return true;
    }
    json_array_foreach(node, i, value)
    {
        if (holds(value, one, other))
            return true;
    }
    return false;
}

static res check_import(const struct shape *c, const json_t *v)
{
    struct import_check found = {c->t, holds(v, FN_IMPORT_VALUE, FN_GET_AZS)};

    if (!is_text_like(v))
        return reject(c->e, "Template error: the attribute in Fn::ImportValue must be a string or a function that "
                            "returns a string");
    template_references(v, WALK_ALL, NULL, visit_import, &found);
    if (found.bad)
        return reject(c->e,
                      "Template error: the attribute in Fn::ImportValue must not depend on any resources, imported "
                      "values, or Fn::GetAZs");
    return check(c, v);
}

static res check_listed(const struct shape *c, enum fn fn, const json_t *v)
{
    const json_t *first = json_array_get(v, 0), *second = json_array_get(v, 1);
    size_t n = json_array_size(v);

    if (fn == FN_JOIN && (n != 2 || !json_is_string(first) || !is_list_like(second)))
        return reject(c->e, "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and "
                            "(2) a list of strings to be joined or a function that returns a list of strings (such as "
                            "Fn::GetAZs) to be joined.");
    if (fn == FN_SPLIT && (n != 2 || !json_is_string(first) || str_empty(json_str(first)) || !is_text_like(second)))
        return reject(c->e,
                      "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and "
                      "(2) a string to be split or a function that returns a string to be split.");
    if (fn == FN_SELECT && (n != 2 || !is_text_like(first) || !is_list_like(second)))
        return reject(c->e,
                      "Template error: Fn::Select requires a list argument with two elements: an integer index and "
                      "a list");
    if (fn == FN_CIDR && (n < 2 || n > 3 || !is_text_like(first) || !is_text_like(second)))
        return reject(c->e,
                      "Template error: every Fn::Cidr object requires two or three parameters, (1) an IP block, (2) "
                      "a count and (3) the number of subnet bits");
    return check(c, v);
}

/* ---- conditions and rules ---- */

static res check_boolean(const struct shape *c, const json_t *node);

static res check_booleans(const struct shape *c, const char *name, const json_t *v, size_t least, size_t most)
{
    const json_t *one;
    size_t i;

    if (!json_is_array(v) || json_array_size(v) < least || json_array_size(v) > most)
        return most == 1 ? reject(c->e, "Template error: every Fn::Not object requires one boolean parameter.")
                         : reject(c->e,
                                  "Template error: every %s object requires a list of at least 2 and at most 10 "
                                  "boolean parameters.",
                                  name);
    json_array_foreach(v, i, one) TRY(check_boolean(c, one));
    return OK;
}

static res check_condition_name(const struct shape *c, const json_t *v)
{
    if (c->where == IN_RULES)
        return reject(c->e, "Template error: Cannot use Condition in Rules");
    if (!json_is_string(v) || template_condition_at(c->t, json_str(v)) < 0)
        return reject(c->e,
                      "Template format error: Unresolved condition dependencies [%.*s] in the Conditions block of "
                      "the template",
                      FMT(json_str(v)));
    return OK;
}

static res check_boolean(const struct shape *c, const json_t *node)
{
    const json_t *v;
    const char *name;
    enum fn fn = template_fn(node, true, &name, &v);

    if (fn == FN_AND || fn == FN_OR)
        return check_booleans(c, name, v, 2, 10);
    if (fn == FN_NOT)
        return check_booleans(c, name, v, 1, 1);
    if (fn == FN_CONDITION)
        return check_condition_name(c, v);
    if (fn == FN_EQUALS && json_array_size(v) != 2)
        return reject(c->e, "Template error: every Fn::Equals object requires a list of 2 string parameters.");
    if (fn == FN_EQUALS)
        return check(c, v);
    if (c->where == IN_RULES && (fn == FN_CONTAINS || fn == FN_EACH_MEMBER_EQUALS || fn == FN_EACH_MEMBER_IN)) {
        if (json_array_size(v) != 2 || !is_list_like(json_array_get(v, 0)))
            return reject(c->e, "Template error: every %s object requires two parameters, the first a list of strings.",
                          name);
        return check(c, v);
    }
    if (fn == FN_UNKNOWN)
        return check(c, node);
    return reject(c->e, "Template format error: %s must be made of boolean functions.",
                  c->where == IN_RULES ? "Every rule" : "Every Conditions member");
}

static res check_place(const struct shape *c, enum fn fn, const char *name)
{
    bool boolean = fn == FN_EQUALS || fn == FN_AND || fn == FN_OR || fn == FN_NOT;
    bool outside = fn == FN_GET_ATT || fn == FN_IMPORT_VALUE || fn == FN_GET_AZS || fn == FN_IF;

    if (fn >= FN_CONTAINS && c->where != IN_RULES)
        return reject(c->e, "Template error: Cannot use %s outside of Rules", name);
    if (boolean)
        return reject(c->e, "Template error: %s cannot be partially collapsed", name);
    if (outside && c->where == IN_CONDITIONS)
        return reject(c->e, "Template error: Cannot use %s in Conditions", name);
    if (c->where == IN_RULES && fn != FN_REF && fn < FN_CONTAINS)
        return reject(c->e, "Template error: Cannot use %s in Rules", name);
    return OK;
}

/* ---- one node ---- */

static res check_members(const struct shape *c, const json_t *node)
{
    const char *key;
    json_t *value;
    size_t i;

    json_object_foreach((json_t *)node, key, value) TRY(check(c, value));
    json_array_foreach(node, i, value) TRY(check(c, value));
    return json_is_string(node) ? check_text(c, json_str(node)) : OK;
}

static res refuse_unknown(const struct shape *c, const char *name)
{
    str s = str_z(name);

    if (str_starts(s, S("Fn::Transform")))
        return reject(c->e, "Template error: Fn::Transform is not supported: no macros are run here.");
    if (str_starts(s, S("Fn::ForEach")) || str_eq(s, S("Fn::Length")) || str_eq(s, S("Fn::ToJsonString")))
        return reject(c->e, "Template error: %.*s needs the transform AWS::LanguageExtensions, which is not supported.",
                      FMT(str_sub(s, 0, 60)));
    return reject(c->e, "Template error: Encountered unsupported function: %.*s Supported functions are: [%s]",
                  FMT(str_sub(s, 0, 60)), template_fn_list());
}

static res check_function(const struct shape *c, enum fn fn, const json_t *v)
{
    switch (fn) {
    case FN_REF:
        return json_is_string(v) ? OK
                                 : reject(c->e, "Template error: every Ref object must have a single String value.");
    case FN_GET_ATT:
        return check_get_att(c, v);
    case FN_SUB:
        return check_sub(c, v);
    case FN_FIND_IN_MAP:
        return check_find_in_map(c, v);
    case FN_IF:
        return check_if(c, v);
    case FN_IMPORT_VALUE:
        return check_import(c, v);
    case FN_BASE64:
    case FN_GET_AZS:
        if (!is_text_like(v))
            return reject(c->e, "Template error: every %s object must have a String-typed value.",
                          fn == FN_BASE64 ? "Fn::Base64" : "Fn::GetAZs");
        return check(c, v);
    default:
        return check_listed(c, fn, v);
    }
}

static res check(const struct shape *c, const json_t *node)
{
    const json_t *v;
    const char *name;
    enum fn fn = template_fn(node, false, &name, &v);

    if (fn == FN_NONE)
        return check_members(c, node);
    if (fn == FN_UNKNOWN || (fn == FN_MIXED && str_starts(str_z(name), S("Fn::ForEach"))))
        return refuse_unknown(c, name);
    if (fn == FN_MIXED)
        return reject(c->e, "Template error: %s must be the only member of its object", name);
    TRY(check_place(c, fn, name));
    return check_function(c, fn, v);
}

res template_check_functions(const struct template *t, const json_t *node, enum place where, struct err *e)
{
    struct shape c = {t, where, e};

    return where == IN_VALUES ? check(&c, node) : check_boolean(&c, node);
}

/* ---- names ---- */

struct names {
    const struct template *t;
    bool resources_too;
    struct buf missing;            /* ", " between them */
    struct template_reference bad; /* the first that has an attribute and names no resource */
};

static void add_name(struct buf *b, str name)
{
    str rest = buf_str(b);

    while (str_is(rest) && rest.n) { /* each is named once */
        if (str_eq(str_trim(str_cut(&rest, ',')), name))
            return;
    }
    buf_printf(b, "%s%.*s", b->n ? ", " : "", FMT(name));
}

static void visit_for_names(void *about, const struct template_reference *r)
{
    struct names *n = about;
    bool resource = n->resources_too && template_resource_find(n->t, r->name);

    if (resource || (!r->is_attribute && template_parameter_find(n->t, r->name)))
        return;
    if (r->is_attribute && !n->bad.is_attribute)
        n->bad = *r;
    add_name(&n->missing, r->name);
}

static res check_block(const struct template *t, const json_t *block, const char *name, const json_t *names_too,
                       struct err *e)
{
    bool resources_too = str_eq(str_z(name), S("Resources")) || str_eq(str_z(name), S("Outputs"));
    struct names n = {t, resources_too, {0}, {0}};
    const json_t *one;
    size_t i;
    res done = OK;

    buf_init(&n.missing, 800);
    template_references(block, WALK_ALL, NULL, visit_for_names, &n);
    json_array_foreach(names_too, i, one)
    {
        if (!template_resource_find(t, json_str(one)))
            add_name(&n.missing, json_str(one));
    }
    if (n.missing.n && !resources_too)
        done = reject(e,
                      "Template format error: Unresolved dependencies [%.*s]. Cannot reference resources in the %s "
                      "block of the template",
                      FMT(buf_str(&n.missing)), name);
    else if (n.bad.in_sub)
        done = reject(e, "Template error: instance of Fn::Sub references invalid resource attribute %.*s.%.*s",
                      FMT(n.bad.name), FMT(n.bad.attribute));
    else if (n.bad.is_attribute)
        done = reject(e, "Template error: instance of Fn::GetAtt references undefined resource %.*s", FMT(n.bad.name));
    else if (n.missing.n)
        done = reject(e, "%sUnresolved resource dependencies [%.*s] in the %s block of the template",
                      names_too ? "Template format error: " : "", FMT(buf_str(&n.missing)), name);
    buf_done(&n.missing);
    return done;
}

res template_check_references(struct arena *a, const struct template *t, struct err *e)
{
    json_t *all = json_array(), *waits = json_array();

    arena_defer(a, (void (*)(void *))json_decref, all);
    arena_defer(a, (void (*)(void *))json_decref, waits);
    for (size_t i = 0; i < t->n_resources; i++) {
        json_array_append(all, (json_t *)(t->resources[i].properties ? t->resources[i].properties : json_null()));
        json_array_append(all, (json_t *)(t->resources[i].metadata ? t->resources[i].metadata : json_null()));
        json_array_extend(waits, (json_t *)t->resources[i].depends_on);
    }
    TRY(check_block(t, t->conditions, "Conditions", NULL, e));
    TRY(check_block(t, t->rules, "Rules", NULL, e));
    TRY(check_block(t, all, "Resources", waits, e));
    return check_block(t, json_object_get(t->tree, "Outputs"), "Outputs", NULL, e);
}
