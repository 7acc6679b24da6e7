/* SPDX-License-Identifier: MIT */
/* Evaluates trees: what holds no function is handed on as it stands, the rest is built anew. */
#include <string.h>

#include "services/cloudformation/template_parts.h"

#define LATER "Barmkin::KnownAfterApply" /* no function and, by its colons, no property of any type */

/* ---- nodes ---- */

json_t *template_keep(struct template_scope *s, json_t *fresh)
{
    arena_defer(s->arena, (void (*)(void *))json_decref, fresh);
    return fresh;
}

json_t *template_text_node(struct template_scope *s, str text)
{
    json_t *node = json_of(text);

    return template_keep(s, node ? node : json_string("")); /* what is not UTF-8 was refused on its way in */
}

json_t *template_later(struct template_scope *s)
{
    return template_keep(s, json_pack("{sb}", LATER, 1));
}

bool template_is_later(const json_t *value)
{
    return json_object_size(value) == 1 && json_object_get(value, LATER);
}

bool template_has_later(const json_t *value)
{
    const char *key;
    json_t *one;
    size_t i;

    if (template_is_later(value))
        return true;
    json_object_foreach((json_t *)value, key, one)
    {
        if (template_has_later(one))
            return true;
    }
    json_array_foreach(value, i, one)
    {
        if (template_has_later(one))
            return true;
    }
    return false;
}

/* ---- names ---- */

static bool pseudo(struct template_scope *s, str name, json_t **out)
{
    const struct template_pseudo *p = &s->pseudo;
    const struct {
        str name, value;
    } texts[] = {
        {S("AWS::AccountId"), p->account},    {S("AWS::Region"), p->region},        {S("AWS::Partition"), p->partition},
        {S("AWS::StackName"), p->stack_name}, {S("AWS::URLSuffix"), p->url_suffix}, {S("AWS::StackId"), p->stack_id},
    };

    *out = NULL;
    if (str_eq(name, S("AWS::NoValue")))
        return true;
    if (str_eq(name, S("AWS::NotificationARNs"))) {
        *out = template_keep(s, json_array());
        for (size_t i = 0; i < p->n_notification_arns; i++)
            json_array_append_new(*out, json_stringn(p->notification_arns[i].p, p->notification_arns[i].n));
        return true;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!str_eq(name, texts[i].name))
            continue;
        *out = str_is(texts[i].value) ? template_text_node(s, texts[i].value) : template_later(s);
        return true;
    }
    return false;
}

static res unresolved(str name, struct err *e)
{
    return reject(
        e, "Template format error: Unresolved resource dependencies [%.*s] in the Resources block of the template",
        FMT(name));
}

static res wanted_resource(struct template_scope *s, str name, const struct template_resource **out, struct err *e)
{
    *out = template_resource_find(s->t, name);
    return *out && s->wanted && s->wanted[(*out)->at] ? OK : unresolved(name, e);
}

res template_ref(struct template_scope *s, str name, struct err *e, json_t **out)
{
    const struct template_parameter *p;
    const struct template_resource *r;

    if (pseudo(s, name, out))
        return OK;
    p = template_parameter_find(s->t, name);
    if (p) {
        *out = s->values[p - s->t->parameters].value;
        *out = *out ? *out : template_later(s);
        return OK;
    }
    TRY(wanted_resource(s, name, &r, e));
    *out = NULL;
    if (s->ask.ref)
        TRY(s->ask.ref(s->ask.about, r, out, e));
    *out = *out ? *out : template_later(s);
    template_mark_foreign(s, *out);
    return OK;
}

res template_get_att(struct template_scope *s, str name, str attribute, struct err *e, json_t **out)
{
    const struct template_resource *r;

    TRY(wanted_resource(s, name, &r, e));
    *out = NULL;
    if (s->ask.attribute)
        TRY(s->ask.attribute(s->ask.about, r, attribute, out, e));
    *out = *out ? *out : template_later(s);
    template_mark_foreign(s, *out);
    return OK;
}

/* ---- trees ---- */

static res evaluate_object(struct template_scope *s, const json_t *node, struct err *e, json_t **out)
{
    json_t *copy = template_keep(s, json_object()), *value, *v;
    bool changed = false;
    const char *key;

    json_object_foreach((json_t *)node, key, value)
    {
        TRY(template_evaluate(s, value, e, &v));
        changed = changed || v != value;
        if (v)
            json_object_set_nocheck(copy, key, v);
    }
    *out = changed ? copy : (json_t *)node;
    return OK;
}

static res evaluate_array(struct template_scope *s, const json_t *node, struct err *e, json_t **out)
{
    json_t *copy = template_keep(s, json_array()), *value, *v;
    bool changed = false;
    size_t i;

    json_array_foreach(node, i, value)
    {
        TRY(template_evaluate(s, value, e, &v));
        changed = changed || v != value;
        if (v)
            json_array_append(copy, v);
    }
    *out = changed ? copy : (json_t *)node;
    return OK;
}

res template_evaluate(struct template_scope *s, const json_t *node, struct err *e, json_t **out)
{
    const json_t *argument;
    const char *name;
    enum fn fn = template_fn(node, false, &name, &argument);

    if (fn > FN_MIXED)
        return template_call(s, fn, argument, e, out);
    if (json_is_object(node))
        return evaluate_object(s, node, e, out);
    if (json_is_array(node))
        return evaluate_array(s, node, e, out);
    *out = (json_t *)node;
    return OK;
}

res template_properties(struct template_scope *s, const struct template_resource *r, struct err *e, json_t **out)
{
    *out = NULL;
    if (r->properties)
        TRY(template_evaluate(s, r->properties, e, out));
    if (!*out)
        *out = template_keep(s, json_object());
    if (!json_is_object(*out))
        return reject(e, "Template format error: the Properties of resource %.*s must be an object.", FMT(r->id));
    return template_resolve_dynamic(s, r, e, out);
}

/* ---- outputs ---- */

bool template_output_wanted(const struct template_scope *s, const struct template_output *o)
{
    return !str_is(o->condition) || s->conditions[template_condition_at(s->t, o->condition)];
}

static res text_of(struct template_scope *s, const struct template_output *o, const json_t *node, const char *field,
                   struct err *e, str *out)
{
    json_t *v;

    TRY(template_evaluate(s, node, e, &v));
    *out = STR_ABSENT;
    if (v && template_is_later(v))
        return OK;
    *out = template_text(s->arena, v);
    if (str_is(*out))
        return OK;
    return reject(
        e,
        "Template format error: Output %.*s is malformed. The %s field of every Outputs member must evaluate to "
        "a String.",
        FMT(o->name), field);
}

res template_output(struct template_scope *s, const struct template_output *o, struct err *e, str *value,
                    str *export_name)
{
    *export_name = STR_ABSENT;
    TRY(text_of(s, o, o->value, "Value", e, value));
    if (o->export_name)
        TRY(text_of(s, o, o->export_name, "Name", e, export_name));
    if (o->export_name && str_is(*export_name) && str_empty(*export_name))
        return reject(e, "Cannot export output %.*s. Exported names must not be empty.", FMT(o->name));
    return OK;
}
