/* SPDX-License-Identifier: MIT */
/* The intrinsic functions. Each answers the marker for "known after an apply" when it needs such a value. */
#include <string.h>

#include "base/enc.h"
#include "services/cloudformation/template_parts.h"

/* Doubling again and again ends here: one text, and all that a scope makes. */
enum { TEXT_MAX = 1 << 20, SPENT_MAX = 8 << 20, NODE_BYTES = 64 };

res template_spend(struct template_scope *s, size_t bytes, struct err *e)
{
    s->spent += bytes + NODE_BYTES;
    return s->spent <= SPENT_MAX
               ? OK
               : reject(e, "Template error: the values of this template grow beyond %d bytes", SPENT_MAX);
}

/* ---- arguments ---- */

/* Evaluates to a text. `later` answers that it is not known yet. */
static res text_argument(struct template_scope *s, const json_t *node, const char *complaint, struct err *e, str *out,
                         bool *later)
{
    json_t *v;

    TRY(template_evaluate(s, node, e, &v));
    *later = v && template_is_later(v);
    *out = template_text(s->arena, v);
    return *later || str_is(*out) ? OK : reject(e, "Template error: %s", complaint);
}

static res answer(struct template_scope *s, struct buf *b, struct err *e, json_t **out)
{
    res done =
        b->full ? reject(e, "Template error: a text grows beyond %d bytes", TEXT_MAX) : template_spend(s, b->n, e);

    if (is_ok(done))
        *out = template_text_node(s, buf_str(b));
    buf_done(b);
    return done;
}

static res later(struct template_scope *s, json_t **out)
{
    *out = template_later(s);
    return OK;
}

/* ---- Join, Split, Select ---- */

static res call_join(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    static const char complaint[] =
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
        "strings "
        "to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.";
    str between = json_str(json_array_get(v, 0));
    json_t *list, *one;
    struct buf b;
    size_t i;

    TRY(template_evaluate(s, json_array_get(v, 1), e, &list));
    if (list && template_has_later(list))
        return later(s, out);
    if (!json_is_array(list))
        return reject(e, "%s", complaint);
    json_array_foreach(list, i, one)
    {
        if (json_is_object(one) || json_is_array(one))
            return reject(e, "%s", complaint);
    }
    buf_init(&b, TEXT_MAX);
    json_array_foreach(list, i, one)
    {
        if (i)
            buf_add(&b, between);
        buf_add(&b, template_text(s->arena, one));
    }
    return answer(s, &b, e, out);
}

static res call_split(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    str between = json_str(json_array_get(v, 0)), text;
    bool unknown;
    ptrdiff_t at;

    TRY(text_argument(s, json_array_get(v, 1),
                      "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be "
                      "split or a function that returns a string to be split.",
                      e, &text, &unknown));
    if (unknown)
        return later(s, out);
    *out = template_keep(s, json_array());
    while ((at = str_search(text, between)) >= 0) {
        TRY(template_spend(s, (size_t)at, e));
        json_array_append_new(*out, json_stringn(text.p, (size_t)at));
        text = str_from(text, (size_t)at + between.n);
    }
    json_array_append_new(*out, json_stringn(text.p, text.n));
    return OK;
}

static res call_select(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    static const char complaint[] =
        "Fn::Select requires a list argument with two elements: an integer index and a list";
    uint64_t index;
    json_t *list;
    bool unknown;
    str text;

    TRY(text_argument(s, json_array_get(v, 0), complaint, e, &text, &unknown));
    TRY(template_evaluate(s, json_array_get(v, 1), e, &list));
    if (unknown || (list && template_is_later(list)))
        return later(s, out);
    if (!str_to_u64(text, &index) || !json_is_array(list))
        return reject(e, "Template error: %s", complaint);
    *out = json_array_get(list, (size_t)index);
    return *out ? OK
                : reject(e, "Template error: Fn::Select cannot select nonexistent value at index %llu",
                         (unsigned long long)index);
}

/* ---- Sub ---- */

static res sub_variable(struct template_scope *s, const json_t *locals, str name, struct err *e, json_t **out)
{
    ptrdiff_t dot = str_find(name, '.');

    *out = json_object_getn(locals, name.p, name.n);
    if (*out)
        return OK;
    if (dot < 0)
        return template_ref(s, name, e, out);
    return template_get_att(s, str_sub(name, 0, (size_t)dot), str_from(name, (size_t)dot + 1), e, out);
}

/* Adds one variable's text to `b`. */
static res add_variable(struct template_scope *s, const json_t *locals, str name, struct buf *b, bool *unknown,
                        struct err *e)
{
    json_t *v;
    str text;

    TRY(sub_variable(s, locals, name, e, &v));
    if (v && template_is_later(v)) {
        *unknown = true;
        return OK;
    }
    text = template_text(s->arena, v);
    if (!str_is(text))
        return reject(e, "Template error: variable %.*s in Fn::Sub expression does not resolve to a string", FMT(name));
    buf_add(b, text);
    return OK;
}

static res call_sub(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    str rest = json_is_array(v) ? json_str(json_array_get(v, 0)) : json_str(v), literal, name;
    bool bang, unknown = false;
    json_t *locals = NULL; /* each is evaluated once, however often it is named */
    struct buf b;
    res done = OK;

    if (json_is_array(v))
        TRY(template_evaluate(s, json_array_get(v, 1), e, &locals));
    buf_init(&b, TEXT_MAX);
    while (is_ok(done) && template_sub_next(&rest, &literal, &name, &bang)) {
        buf_add(&b, literal);
        if (bang)
            buf_printf(&b, "${%.*s}", FMT(name));
        else if (str_is(name))
            done = add_variable(s, locals, name, &b, &unknown, e);
    }
    if (is_ok(done) && !unknown)
        return answer(s, &b, e, out);
    buf_done(&b);
    return is_ok(done) ? later(s, out) : done;
}

/* ---- the others ---- */

static res call_get_att(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    str name, attribute;
    bool unknown = false;

    template_attribute(v, &name, &attribute);
    if (!str_is(attribute))
        TRY(text_argument(
            s, json_array_get(v, 1),
            "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource "
            "attribute",
            e, &attribute, &unknown));
    return unknown ? later(s, out) : template_get_att(s, name, attribute, e, out);
}

static res call_find_in_map(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    static const char complaint[] =
        "every Fn::FindInMap object requires three parameters, the map name, map key and the "
        "attribute for return value";
    const json_t *found = s->t->mappings;
    str keys[3];
    bool unknown;

    for (size_t i = 0; i < 3; i++) {
        TRY(text_argument(s, json_array_get(v, i), complaint, e, &keys[i], &unknown));
        if (unknown)
            return later(s, out);
    }
    if (!json_object_getn(s->t->mappings, keys[0].p, keys[0].n))
        return reject(e, "Template error: Mapping named '%.*s' is not present in the 'Mappings' section of template.",
                      FMT(keys[0]));
    for (size_t i = 0; i < 3; i++)
        found = json_object_getn(found, keys[i].p, keys[i].n);
    *out = (json_t *)found;
    return found ? OK
                 : reject(e, "Template error: Unable to get mapping for %.*s::%.*s::%.*s", FMT(keys[0]), FMT(keys[1]),
                          FMT(keys[2]));
}

static res call_base64(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    bool unknown;
    str text;

    TRY(text_argument(s, v, "every Fn::Base64 object must have a String-typed value.", e, &text, &unknown));
    if (unknown)
        return later(s, out);
    *out = template_text_node(s, base64_encode(s->arena, text));
    return OK;
}

static res call_get_azs(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    bool unknown;
    str region;

    TRY(text_argument(s, v, "every Fn::GetAZs object must have a String-typed value.", e, &region, &unknown));
    *out = NULL;
    if (!unknown && s->ask.zones)
        TRY(s->ask.zones(s->ask.about, region.n ? region : s->pseudo.region, out, e));
    return *out ? OK : later(s, out);
}

static res call_import(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    bool unknown;
    str name, value;

    TRY(text_argument(s, v, "the attribute in Fn::ImportValue must be a string or a function that returns a string", e,
                      &name, &unknown));
    if (unknown)
        return later(s, out);
    if (!s->ask.imported)
        return reject(e, "No export named %.*s found.", FMT(name));
    TRY(s->ask.imported(s->ask.about, name, &value, e));
    *out = template_text_node(s, value);
    template_mark_foreign(s, *out);
    return OK;
}

static res call_if(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    ptrdiff_t at = template_condition_at(s->t, json_str(json_array_get(v, 0)));

    return template_evaluate(s, json_array_get(v, s->conditions[at] ? 1 : 2), e, out);
}

/* ---- of Rules ---- */

static res call_ref_all(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    str type = json_str(v);

    if (!str_is(type))
        return reject(e, "Template error: every Fn::RefAll object must have a String-typed value.");
    *out = template_keep(s, json_array());
    for (size_t i = 0; i < s->t->n_parameters; i++) {
        str of = s->t->parameters[i].type;
        json_t *value = s->values[i].value;
        bool listed = str_starts(of, S("List<")) && str_eq(str_sub(of, 5, of.n - 6), type);
        if (value && listed)
            json_array_extend(*out, value);
        else if (value && str_eq(of, type))
            json_array_append(*out, value);
    }
    return OK;
}

static res add_value_of(struct template_scope *s, str type, const json_t *id, str attribute, json_t *list,
                        struct err *e)
{
    const json_t *one;
    size_t i;
    str value;

    if (!json_is_array(id)) {
        TRY(s->ask.value_of(s->ask.about, type, json_str(id), attribute, &value, e));
        json_array_append_new(list, json_of(value));
        return OK;
    }
    json_array_foreach(id, i, one) TRY(add_value_of(s, type, one, attribute, list, e));
    return OK;
}

/* An attribute of one parameter's value, or of all parameters of a type. One value of one parameter is a text. */
static res call_value_of(struct template_scope *s, enum fn fn, const json_t *v, struct err *e, json_t **out)
{
    str name = json_str(json_array_get(v, 0)), attribute = json_str(json_array_get(v, 1));
    json_t *list = template_keep(s, json_array());
    bool found = false;

    if (!str_is(name) || !str_is(attribute) || json_array_size(v) != 2)
        return reject(e, "Template error: every %s object requires two parameters, a %s and an attribute.",
                      fn == FN_VALUE_OF ? "Fn::ValueOf" : "Fn::ValueOfAll",
                      fn == FN_VALUE_OF ? "parameter" : "parameter type");
    if (!s->ask.value_of)
        return reject(e, "Template error: attributes of parameters are not supported here.");
    for (size_t i = 0; i < s->t->n_parameters; i++) {
        const struct template_parameter *p = &s->t->parameters[i];
        bool listed = str_starts(p->type, S("List<")) && str_eq(str_sub(p->type, 5, p->type.n - 6), name);
        bool named = fn == FN_VALUE_OF ? str_eq(p->name, name) : listed || str_eq(p->type, name);
        if (!named || !s->values[i].value)
            continue;
        found = true;
        TRY(add_value_of(s, p->type, s->values[i].value, attribute, list, e));
    }
    if (fn == FN_VALUE_OF && !found)
        return reject(e, "Template error: Fn::ValueOf names the parameter %.*s, which does not exist", FMT(name));
    *out = fn == FN_VALUE_OF && json_array_size(list) == 1 ? json_array_get(list, 0) : list;
    return OK;
}

/* ---- which ---- */

res template_call(struct template_scope *s, enum fn fn, const json_t *v, struct err *e, json_t **out)
{
    switch (fn) {
    case FN_REF:
        return template_ref(s, json_str(v), e, out);
    case FN_GET_ATT:
        return call_get_att(s, v, e, out);
    case FN_SUB:
        return call_sub(s, v, e, out);
    case FN_IF:
        return call_if(s, v, e, out);
    case FN_JOIN:
        return call_join(s, v, e, out);
    case FN_SPLIT:
        return call_split(s, v, e, out);
    case FN_SELECT:
        return call_select(s, v, e, out);
    case FN_FIND_IN_MAP:
        return call_find_in_map(s, v, e, out);
    case FN_BASE64:
        return call_base64(s, v, e, out);
    case FN_GET_AZS:
        return call_get_azs(s, v, e, out);
    case FN_IMPORT_VALUE:
        return call_import(s, v, e, out);
    case FN_CIDR:
        return template_cidr(s, v, e, out);
    case FN_REF_ALL:
        return call_ref_all(s, v, e, out);
    case FN_VALUE_OF:
    case FN_VALUE_OF_ALL:
        return call_value_of(s, fn, v, e, out);
    default:
        return reject(e, "Template error: a condition function stands where a value is wanted");
    }
}
