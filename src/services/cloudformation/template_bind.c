/* SPDX-License-Identifier: MIT */
/* A template meets the parameters of a stack: values are filled and checked, then Rules, Conditions and dependencies.
 */
#include "services/cloudformation/template_parts.h"

enum { VALUE_MAX_BYTES = 4096 };

/* ---- values ---- */

static res refuse_strangers(const struct template *t, const struct template_given *given, size_t n, struct err *e)
{
    struct buf names;
    res done = OK;

    buf_init(&names, 900);
    for (size_t i = 0; i < n; i++)
        if (!template_parameter_find(t, given[i].name))
            buf_printf(&names, "%s%.*s", names.n ? ", " : "", FMT(given[i].name));
    if (names.n || names.full)
        done = reject(e, "Parameters: [%.*s] do not exist in the template", FMT(buf_str(&names)));
    buf_done(&names);
    return done;
}

/* The last one of a name counts. */
static str value_given(const struct template_given *given, size_t n, str name)
{
    for (size_t i = n; i > 0; i--)
        if (str_eq(given[i - 1].name, name))
            return given[i - 1].value;
    return STR_ABSENT;
}

static res fill(struct template_scope *s, const struct template_given *given, size_t n, struct err *e)
{
    struct buf names;
    res done = OK;

    buf_init(&names, 900);
    for (size_t i = 0; i < s->t->n_parameters; i++) {
        const struct template_parameter *p = &s->t->parameters[i];
        str text = value_given(given, n, p->name);
        s->values[i].by_default = !str_is(text);
        s->values[i].text = arena_dup(s->arena, str_is(text) ? text : p->fallback);
        if (!str_is(s->values[i].text))
            buf_printf(&names, "%s%.*s", names.n ? ", " : "", FMT(p->name));
    }
    if (names.n || names.full)
        done = reject(e, "Parameters: [%.*s] must have values", FMT(buf_str(&names)));
    buf_done(&names);
    return done;
}

/* A list is what stands between commas, without the blanks around it. */
static json_t *value_of(struct template_scope *s, const struct template_parameter *p, str text)
{
    str rest = text;
    json_t *list;

    if (!template_type_is_list(p->type))
        return template_text_node(s, text);
    list = template_keep(s, json_array());
    while (str_is(rest)) {
        str one = str_trim(str_cut(&rest, ','));
        json_array_append_new(list, json_stringn(one.p, one.n));
    }
    return list;
}

static res check_value(struct template_scope *s, size_t at, struct err *e)
{
    const struct template_parameter *p = &s->t->parameters[at];
    struct template_value *v = &s->values[at];
    json_t *answer = NULL;

    if (v->text.n > VALUE_MAX_BYTES || !str_is_utf8(v->text))
        return reject(e, "Parameter '%.*s' must contain at most %d characters", FMT(p->name), VALUE_MAX_BYTES);
    TRY(template_check_constraints(s, p, v->text, e));
    if (!template_type_is_outside(p->type)) {
        v->value = value_of(s, p, v->text);
        return OK;
    }
    if (!s->ask.parameter && str_starts(p->type, S("AWS::SSM::Parameter::Value<")))
        return OK;
    if (s->ask.parameter)
        TRY(s->ask.parameter(s->ask.about, p, v->text, &answer, e));
    v->value = answer ? answer : value_of(s, p, v->text);
    return OK;
}

/* ---- all of it ---- */

res template_bind(const struct template *t, struct arena *a, const struct template_pseudo *pseudo,
                  const struct template_ask *ask, const struct template_given *given, size_t n_given, struct err *e,
                  struct template_scope **out)
{
    struct template_scope *s = ARENA_NEW(a, struct template_scope);

    *s = (struct template_scope){.arena = a, .t = t, .pseudo = *pseudo, .ask = *ask};
    s->values = ARENA_ARRAY(a, struct template_value, t->n_parameters);
    TRY(refuse_strangers(t, given, n_given, e));
    TRY(fill(s, given, n_given, e));
    for (size_t i = 0; i < t->n_parameters; i++)
        TRY(check_value(s, i, e));
    if (!ask->settled)
        TRY(template_check_rules(s, e));
    TRY(template_decide(s, e));
    TRY(template_link(s, e));
    *out = s;
    return OK;
}
