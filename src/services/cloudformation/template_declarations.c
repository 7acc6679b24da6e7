/* SPDX-License-Identifier: MIT */
/* Parameters, Mappings, Conditions and Rules: what a template declares before its resources. */
#include "services/cloudformation/template_members.h"

enum { PARAMETERS_MAX = 200, MAPPINGS_MAX = 200 };

/* ---- Parameters ---- */

static res parse_allowed(struct parse *p, const json_t *v, const json_t **out)
{
    json_t *texts, *one;
    size_t i;

    *out = NULL;
    if (!v)
        return OK;
    if (!json_is_array(v))
        return reject(p->e, "Template format error: Every AllowedValues member must be a list.");
    texts = json_array();
    arena_defer(p->a, (void (*)(void *))json_decref, texts);
    json_array_foreach(v, i, one)
    {
        str text = template_text(p->a, one);
        if (!str_is(text))
            return reject(p->e, "Template format error: Every AllowedValues value must be a string.");
        json_array_append_new(texts, json_stringn(text.p, text.n));
    }
    *out = texts;
    return OK;
}

static res bound(struct parse *p, const json_t *v, const char *key, str *out)
{
    double number;

    TRY(parse_scalar(p, v, key, out));
    if (str_is(*out) && !str_to_double(*out, &number))
        return reject(p->e, "Template format error: Every %s member must be a number.", key);
    return OK;
}

static res parse_no_echo(struct parse *p, const json_t *v, bool *out)
{
    str text = template_text(p->a, json_object_get(v, "NoEcho"));

    *out = str_eq_nocase(text, S("true"));
    if (json_object_get(v, "NoEcho") && !*out && !str_eq_nocase(text, S("false")))
        return reject(p->e, "Template format error: Every NoEcho member must be a boolean.");
    return OK;
}

static res parse_parameter(struct parse *p, str name, const json_t *v, struct template_parameter *out)
{
    static const char *const known[] = {
        "Type",      "Default",  "AllowedValues", "AllowedPattern", "ConstraintDescription", "MinLength",
        "MaxLength", "MinValue", "MaxValue",      "NoEcho",         "Description",           NULL};

    if (!parse_is_alphanumeric(name))
        return reject(p->e, "Template format error: Parameter name %.*s is non alphanumeric.", FMT(name));
    if (!json_is_object(v))
        return reject(p->e, "Template format error: Any Parameters member must be an object.");
    TRY(parse_only(p, v, known, "parameter"));
    out->name = name;
    TRY(parse_text(p, v, "Type", &out->type));
    if (str_empty(out->type))
        return reject(p->e, "Template format error: Every Parameters object must contain a Type member.");
    if (!template_type_known(out->type))
        return reject(p->e, "Template format error: Unrecognized parameter type: %.*s", FMT(out->type));
    TRY(parse_text(p, v, "Description", &out->description));
    TRY(parse_text(p, v, "ConstraintDescription", &out->constraint_description));
    TRY(parse_text(p, v, "AllowedPattern", &out->allowed_pattern));
    TRY(parse_scalar(p, v, "Default", &out->fallback));
    TRY(parse_allowed(p, json_object_get(v, "AllowedValues"), &out->allowed));
    TRY(bound(p, v, "MinLength", &out->min_length));
    TRY(bound(p, v, "MaxLength", &out->max_length));
    TRY(bound(p, v, "MinValue", &out->min_value));
    TRY(bound(p, v, "MaxValue", &out->max_value));
    return parse_no_echo(p, v, &out->no_echo);
}

res parse_parameters(struct parse *p)
{
    const json_t *all;
    const char *key;
    json_t *v;

    TRY(parse_section(p, "Parameters", "parameters", PARAMETERS_MAX, &all));
    p->t->parameters = ARENA_ARRAY(p->a, struct template_parameter, json_object_size(all));
    json_object_foreach((json_t *)all, key, v)
        TRY(parse_parameter(p, str_z(key), v, &p->t->parameters[p->t->n_parameters++]));
    return OK;
}

/* ---- Mappings, Conditions, Rules ---- */

static bool is_mapped(const json_t *v)
{
    const json_t *one;
    size_t i;

    if (!json_is_array(v))
        return v && !json_is_object(v);
    json_array_foreach(v, i, one)
    {
        if (json_is_object(one) || json_is_array(one))
            return false;
    }
    return true;
}

static res parse_mapping(struct parse *p, const char *name, const json_t *mapping)
{
    const char *top, *second;
    json_t *v, *attribute;

    if (!parse_is_alphanumeric(str_z(name)))
        return reject(p->e, "Template format error: Mappings name '%s' is non alphanumeric.", name);
    if (!json_is_object(mapping))
        return reject(p->e, "Template format error: Every Mappings member %s must be a map", name);
    json_object_foreach((json_t *)mapping, top, v)
    {
        if (!json_is_object(v))
            return reject(p->e, "Template format error: Every Mappings member %s must be a map", top);
        json_object_foreach(v, second, attribute)
        {
            if (!is_mapped(attribute))
                return reject(p->e, "Template format error: Every Mappings attribute must be a String or a List.");
        }
    }
    return OK;
}

res parse_mappings(struct parse *p)
{
    const char *key;
    json_t *v;

    TRY(parse_section(p, "Mappings", "mappings", MAPPINGS_MAX, &p->t->mappings));
    json_object_foreach((json_t *)p->t->mappings, key, v) TRY(parse_mapping(p, key, v));
    return OK;
}

res parse_conditions(struct parse *p)
{
    const char *key;
    json_t *v;

    TRY(parse_section(p, "Conditions", "conditions", SIZE_MAX, &p->t->conditions));
    json_object_foreach((json_t *)p->t->conditions, key, v)
    {
        if (str_empty(str_z(key)) || str_z(key).n > NAME_MAX_BYTES)
            return reject(p->e, "Template format error: Condition name %.*s must have 1 to 255 characters.", 40, key);
        if (!json_is_object(v))
            return reject(p->e, "Template format error: Every Conditions member must be a function.");
        TRY(parse_functions(p, v, IN_CONDITIONS));
    }
    return OK;
}

static res parse_rule(struct parse *p, const char *name, const json_t *rule)
{
    static const char *const known[] = {"RuleCondition", "Assertions", NULL};
    static const char *const known_inside[] = {"Assert", "AssertDescription", NULL};
    const json_t *assertions = json_object_get(rule, "Assertions"), *one;
    size_t i;
    str text;

    if (!json_is_object(rule) || !json_is_array(assertions) || json_array_size(assertions) == 0)
        return reject(p->e, "Template format error: Rule %s must be an object with a list of Assertions.", name);
    TRY(parse_only(p, rule, known, "rule"));
    if (json_object_get(rule, "RuleCondition"))
        TRY(parse_functions(p, json_object_get(rule, "RuleCondition"), IN_RULES));
    json_array_foreach(assertions, i, one)
    {
        if (!json_is_object(json_object_get(one, "Assert")))
            return reject(p->e, "Template format error: Every Assertions member of rule %s must have an Assert.", name);
        TRY(parse_only(p, one, known_inside, "assertion"));
        TRY(parse_text(p, one, "AssertDescription", &text));
        TRY(parse_functions(p, json_object_get(one, "Assert"), IN_RULES));
    }
    return OK;
}

res parse_rules(struct parse *p)
{
    const char *key;
    json_t *v;

    TRY(parse_section(p, "Rules", "rules", SIZE_MAX, &p->t->rules));
    json_object_foreach((json_t *)p->t->rules, key, v) TRY(parse_rule(p, key, v));
    return OK;
}
