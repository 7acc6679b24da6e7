/* SPDX-License-Identifier: MIT */
/* One call's input from the values of its line. A template is loose about types ("5", "true", a policy as an object);
 * the operation's own members say what each must become. */
#include <string.h>

#include "api/codec.h"
#include "cfn_parts.h"

/* ---- the members, as the line names them ---- */

static bool is_nothing(const json_t *v)
{
    return !v || ((json_is_array(v) || json_is_object(v)) && json_array_size(v) + json_object_size(v) == 0);
}

/* "A[].B='text'" only says which kind of thing an element is: without the thing it says nothing. Where the whole
 * element is texts it is meant as it stands. */
static bool stands_alone(const struct cfn_values *v, const struct cfn_call *call, const struct cfn_pair *p)
{
    ptrdiff_t end = str_search(str_z(p->to), S("[]."));
    bool things = false;

    if (p->from[0] != '\'' || end < 0)
        return false;
    for (size_t i = 0; i < call->n_args; i++) {
        const struct cfn_pair *o = &call->args[i];
        if (o->from[0] == '\'' || !str_starts(str_z(o->to), str_n(p->to, (size_t)end + 3)))
            continue;
        things = true;
        if (!is_nothing(cfn_value(v, o->from)))
            return false;
    }
    return things;
}

/* The element of a list, made if need be; those before it are there already. */
static json_t *element(json_t *list, size_t at)
{
    if (json_array_size(list) <= at)
        json_array_append_new(list, json_object());
    return json_array_get(list, at);
}

static json_t *step_in(json_t *at, str name, bool list)
{
    json_t *next = json_object_getn(at, name.p, name.n);

    if (!next) {
        next = list ? json_array() : json_object();
        json_object_setn_new(at, name.p, name.n, next);
    }
    return next;
}

/* "A.B" makes objects on the way, "A[].B" an object in a list of one, "A.1.B" the second of a list, "A[]" a list of the
 * value. */
static void put(json_t *root, str path, json_t *value)
{
    json_t *at = root;

    for (;;) {
        str name = str_cut(&path, '.');
        bool one = str_ends(name, S("[]")), more = str_is(path);
        uint64_t index = 0;
        name.n -= one ? 2 : 0;
        str rest = path, next = str_cut(&rest, '.');
        bool numbered = more && str_to_u64(next, &index);
        if (numbered)
            path = rest;
        if (more) {
            at = step_in(at, name, one || numbered);
            at = one || numbered ? element(at, (size_t)index) : at;
            continue;
        }
        json_t *whole = one ? json_array() : json_incref(value);
        if (one)
            json_array_append(whole, value);
        json_object_setn_new(at, name.p, name.n, whole);
        return;
    }
}

/* ---- as the operation wants them ---- */

static json_t *text_value(struct arena *a, const json_t *v)
{
    return cfn_own(a, json_of(cfn_text(a, v)));
}

static res fit(const struct shape *s, const json_t *from, struct arena *a, struct err *e, json_t **out);

static res mistyped(struct err *e, const struct field *f, const char *wanted)
{
    return reject(e, "#/%s: expected type: %s", f->name, wanted);
}

static res fit_number(const struct field *f, enum kind kind, const json_t *v, struct arena *a, struct err *e,
                      json_t **out)
{
    double d;
    int64_t i;

    *out = (json_t *)v;
    if (json_is_number(v))
        return OK;
    if (kind == K_INT && str_to_i64(json_str(v), &i))
        *out = cfn_own(a, json_integer(i));
    else if (kind == K_DOUBLE && str_to_double(json_str(v), &d))
        *out = cfn_own(a, json_real(d));
    else
        return mistyped(e, f, kind == K_INT ? "Integer" : "Number");
    return OK;
}

static res fit_bool(const struct field *f, const json_t *v, struct err *e, json_t **out)
{
    bool yes = json_is_true(v) || str_eq_nocase(json_str(v), S("true"));

    if (!yes && !json_is_false(v) && !str_eq_nocase(json_str(v), S("false")))
        return mistyped(e, f, "Boolean");
    *out = yes ? json_true() : json_false();
    return OK;
}

static res fit_list(const struct field *f, const json_t *v, struct arena *a, struct err *e, json_t **out);

/* '' in a cfn block: none of them, where a change takes all away. */
static bool is_empty_text(const json_t *v)
{
    return json_is_string(v) && json_string_length(v) == 0;
}

static res fit_map(const struct field *f, const json_t *v, struct arena *a, struct err *e, json_t **out)
{
    const char *key;
    json_t *value;

    if (!json_is_object(v) && !is_empty_text(v))
        return mistyped(e, f, "JSONObject");
    *out = cfn_own(a, json_object());
    json_object_foreach((json_t *)v, key, value)
        json_object_set(*out, key, json_is_string(value) ? value : text_value(a, value));
    return OK;
}

static res fit_value(const struct field *f, enum kind kind, const json_t *v, struct arena *a, struct err *e,
                     json_t **out)
{
    *out = (json_t *)v;
    switch (kind) {
    case K_STRING:
        if (!json_is_string(v)) /* a policy as an object; a number, a truth value */
            *out = text_value(a, v);
        return OK;
    case K_INT:
    case K_DOUBLE:
        return fit_number(f, kind, v, a, e, out);
    case K_BOOL:
        return fit_bool(f, v, e, out);
    case K_LIST:
        return fit_list(f, v, a, e, out);
    case K_MAP:
        return fit_map(f, v, a, e, out);
    case K_SHAPE:
        return json_is_object(v) ? fit(f->shape, v, a, e, out) : mistyped(e, f, "JSONObject");
    default:
        return OK;
    }
}

static res fit_list(const struct field *f, const json_t *v, struct arena *a, struct err *e, json_t **out)
{
    json_t *one, *fitted;
    size_t i;

    if (!json_is_array(v) && !is_empty_text(v))
        return mistyped(e, f, "JSONArray");
    *out = cfn_own(a, json_array());
    json_array_foreach(v, i, one)
    {
        TRY(fit_value(f, (enum kind)f->elem, one, a, e, &fitted));
        json_array_append(*out, fitted);
    }
    return OK;
}

static res fit(const struct shape *s, const json_t *from, struct arena *a, struct err *e, json_t **out)
{
    const char *key;
    json_t *value, *fitted;

    *out = cfn_own(a, json_object());
    json_object_foreach((json_t *)from, key, value)
    {
        const struct field *f = shape_field(s, str_z(key));
        if (json_is_null(value))
            continue;
        if (!f)
            return reject(e, "#: extraneous key [%s] is not permitted", key);
        TRY(fit_value(f, (enum kind)f->kind, value, a, e, &fitted));
        json_object_set(*out, key, fitted);
    }
    return OK;
}

/* ---- both ---- */

res cfn_input(const struct cfn_values *v, const struct cfn_call *call, void **in, struct err *e)
{
    struct arena *a = v->c->arena;
    json_t *tree = cfn_own(a, json_object()), *fitted;

    for (size_t i = 0; i < call->n_args; i++) {
        const struct cfn_pair *p = &call->args[i];
        json_t *value = cfn_value(v, p->from);
        bool nothing = strstr(p->to, "[]") ? is_nothing(value) : !value;
        if (!nothing && !stands_alone(v, call, p))
            put(tree, str_z(p->to), value);
    }
    TRY(fit(call->op->in, tree, a, e, &fitted));
    *in = arena_alloc(a, call->op->in->size);
    return json_decode(call->op->in, fitted, *in, a, e);
}
