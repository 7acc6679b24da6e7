/* SPDX-License-Identifier: MIT */
/* The expressions of the cfn blocks (docs/7-cloudformation.md), and inputs made of their values. A template is loose
 * about types ("5", "true", a policy as an object); the operation's own members say what each must become. */
#include <string.h>

#include "api/codec.h"
#include "base/time.h"
#include "cfn_parts.h"

enum { INPUT_MAX_BYTES = 2 << 20 };

static void release(void *v)
{
    json_decref(v);
}

json_t *cfn_own(struct arena *a, json_t *v)
{
    arena_defer(a, release, v);
    return v;
}

str cfn_dump(struct arena *a, const json_t *v)
{
    struct buf b;

    buf_init(&b, INPUT_MAX_BYTES);
    buf_add_json(&b, v);
    str text = b.full ? STR_ABSENT : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

static json_t *text_value(struct arena *a, str s)
{
    return cfn_own(a, json_of(s));
}

/* ---- paths ---- */

static json_t *present(const json_t *v)
{
    return v && !json_is_null(v) ? (json_t *)v : NULL;
}

static json_t *member(const json_t *from, str name)
{
    uint64_t i;

    if (json_is_object(from))
        return present(json_object_getn(from, name.p, name.n));
    if (json_is_array(from) && str_to_u64(name, &i))
        return present(json_array_get(from, (size_t)i));
    return NULL;
}

/* "1+": the items of a list from there on; NULL: there are none. */
static json_t *rest_of(struct arena *a, const json_t *list, str name)
{
    json_t *rest = cfn_own(a, json_array());
    uint64_t from;

    if (!str_to_u64(str_sub(name, 0, name.n - 1), &from))
        return NULL;
    for (size_t i = (size_t)from; i < json_array_size(list); i++)
        json_array_append(rest, json_array_get(list, i));
    return json_array_size(rest) ? rest : NULL;
}

json_t *cfn_at(struct arena *a, const json_t *from, str path)
{
    json_t *at = present(from);

    while (at && path.n) {
        str name = str_cut(&path, '.');
        if (json_is_array(at) && str_ends(name, S("+"))) {
            at = rest_of(a, at, name);
            continue;
        }
        if (!json_is_array(at) || str_all(name, "0123456789")) {
            at = member(at, name);
            continue;
        }
        json_t *list = cfn_own(a, json_array()), *one;
        size_t i;
        json_array_foreach(at, i, one)
        {
            json_t *found = cfn_at(a, one, name);
            if (found)
                json_array_append(list, found);
        }
        at = list;
    }
    return at;
}

/* ---- what follows a path: [A>B,C>D] renames members, {K,V} makes a list of an object, (K,V) an object of a list,
 * (K:V) a list of texts, (,) a text of its items with commas between them, (time) seconds as a date ---- */

static json_t *rename_one(struct arena *a, const json_t *from, str names)
{
    json_t *to = cfn_own(a, json_object()), *value;
    const char *key;

    if (!json_is_object(from))
        return (json_t *)from;
    json_object_foreach((json_t *)from, key, value)
    {
        str rest = names, as = str_z(key);
        while (str_is(rest)) {
            str new = str_cut(&rest, ','), old = str_cut(&new, '>');
            if (str_eq(old, str_z(key)))
                as = new;
        }
        json_object_setn(to, as.p, as.n, value);
    }
    return to;
}

static json_t *rename_members(struct arena *a, const json_t *from, str names)
{
    json_t *list, *one;
    size_t i;

    if (!json_is_array(from))
        return rename_one(a, from, names);
    list = cfn_own(a, json_array());
    json_array_foreach(from, i, one) json_array_append(list, rename_one(a, one, names));
    return list;
}

/* A list among an object's values becomes its texts with commas between them: that is how parameters are given. */
static json_t *scalar_of(struct arena *a, json_t *v)
{
    struct buf b;
    json_t *one;
    size_t i;

    if (!json_is_array(v))
        return v;
    buf_init(&b, INPUT_MAX_BYTES);
    json_array_foreach(v, i, one)
    {
        if (i)
            buf_add_char(&b, ',');
        buf_add(&b, json_is_string(one) ? json_str(one) : cfn_dump(a, one));
    }
    json_t *text = text_value(a, buf_str(&b));
    buf_done(&b);
    return text;
}

static json_t *list_of(struct arena *a, const json_t *from, str names)
{
    str value_name = names, key_name = str_cut(&value_name, ',');
    json_t *list = cfn_own(a, json_array()), *value;
    const char *key;

    if (!json_is_object(from))
        return (json_t *)from; /* it is a list already, or wrong and will be told so */
    json_object_foreach((json_t *)from, key, value)
    {
        json_t *one = json_object();
        json_object_setn_new(one, key_name.p, key_name.n, json_string(key));
        json_object_setn(one, value_name.p, value_name.n, scalar_of(a, value));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *date_of(struct arena *a, const json_t *seconds)
{
    char text[TIME_TEXT_BYTES];

    return text_value(a, arena_dup(a, time_iso_ms((int64_t)(json_number_value(seconds) * 1000), text)));
}

static json_t *texts_of(struct arena *a, const json_t *from, str names)
{
    str value_name = names, key_name = str_cut(&value_name, ':');
    json_t *list = cfn_own(a, json_array()), *one;
    size_t i;

    json_array_foreach(from, i, one)
    {
        str key = json_str(json_object_getn(one, key_name.p, key_name.n));
        str value = json_str(json_object_getn(one, value_name.p, value_name.n));
        json_array_append(list, text_value(a, arena_printf(a, "%.*s:%.*s", FMT(key), FMT(value))));
    }
    return list;
}

static json_t *object_of(struct arena *a, const json_t *from, str names)
{
    str value_name = names, key_name = str_cut(&value_name, ',');
    json_t *out = cfn_own(a, json_object()), *one;
    size_t i;

    json_array_foreach(from, i, one)
    {
        str key = json_str(json_object_getn(one, key_name.p, key_name.n));
        json_t *value = json_object_getn(one, value_name.p, value_name.n);
        if (key.n && value)
            json_object_setn(out, key.p, key.n, value);
    }
    return json_object_size(out) ? out : NULL;
}

/* ---- expressions ---- */

static size_t word_length(str text)
{
    size_t n = 0;

    while (n < text.n && !strchr("[{(|", text.p[n]))
        n++;
    return n;
}

static json_t *source_value(const struct cfn_values *v, str text)
{
    struct arena *a = v->c->arena;

    if (str_eq(text, S(".")))
        return present(v->item);
    if (str_starts(text, S(".")))
        return cfn_at(a, v->item, str_from(text, 1));
    if (str_eq(text, S("@id")))
        return v->id.n ? text_value(a, v->id) : NULL;
    if (str_starts(text, S("@")))
        return cfn_at(a, v->kept, str_from(text, 1));
    return cfn_at(a, v->props, text);
}

static json_t *source(const struct cfn_values *v, str text)
{
    struct arena *a = v->c->arena;
    size_t n = word_length(text);
    json_t *at = source_value(v, str_sub(text, 0, n));

    for (text = str_from(text, n); at && text.n > 1;) {
        char kind = text.p[0];
        text = str_from(text, 1);
        str names = str_cut(&text, kind == '[' ? ']' : kind == '{' ? '}' : ')');
        if (str_eq(names, S(",")))
            at = scalar_of(a, at);
        else if (str_eq(names, S("time")))
            at = date_of(a, at);
        else
            at = kind == '['                 ? rename_members(a, at, names)
                 : kind == '{'               ? list_of(a, at, names)
                 : str_find(names, ':') >= 0 ? texts_of(a, at, names)
                                             : object_of(a, at, names);
    }
    return at;
}

static str scalar_text(struct arena *a, const json_t *v)
{
    if (!v)
        return S("");
    return json_is_string(v) ? json_str(v) : cfn_dump(a, v);
}

static void add_piece(const struct cfn_values *v, str name, struct buf *b)
{
    if (str_eq(name, S("partition")))
        buf_add_z(b, "aws");
    else if (str_eq(name, S("region")))
        buf_add(b, v->c->region);
    else if (str_eq(name, S("account")))
        buf_add(b, v->c->caller->account);
    else if (str_eq(name, S("suffix")))
        buf_add_z(b, "amazonaws.com");
    else if (str_eq(name, S("open")) || str_eq(name, S("close"))) /* braces themselves */
        buf_add_char(b, name.p[0] == 'o' ? '{' : '}');
    else
        buf_add(b, scalar_text(v->c->arena, source(v, name)));
}

static json_t *literal(const struct cfn_values *v, str text)
{
    struct buf b;

    if (str_find(text, '{') < 0)
        return text_value(v->c->arena, text);
    buf_init(&b, 65536);
    while (str_is(text)) {
        buf_add(&b, str_cut(&text, '{'));
        if (str_is(text))
            add_piece(v, str_cut(&text, '}'), &b);
    }
    json_t *out = text_value(v->c->arena, buf_str(&b));
    buf_done(&b);
    return out;
}

json_t *cfn_value(const struct cfn_values *v, const char *expression)
{
    str text = str_z(expression);
    json_t *at = NULL;

    while (text.n && !at) {
        if (text.p[0] == '\'') {
            text = str_from(text, 1);
            return literal(v, str_cut(&text, '\''));
        }
        str one = str_cut(&text, '|');
        at = source(v, one);
    }
    return at;
}

str cfn_value_text(const struct cfn_values *v, const char *expression)
{
    const json_t *at = cfn_value(v, expression);

    return at ? scalar_text(v->c->arena, at) : STR_ABSENT;
}

/* ---- inputs ---- */

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
        json_object_set(*out, key, json_is_string(value) ? value : text_value(a, scalar_text(a, value)));
    return OK;
}

static res fit_value(const struct field *f, enum kind kind, const json_t *v, struct arena *a, struct err *e,
                     json_t **out)
{
    *out = (json_t *)v;
    switch (kind) {
    case K_STRING:
        if (!json_is_string(v)) /* a policy as an object; a number, a truth value */
            *out = text_value(a, scalar_text(a, v));
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
