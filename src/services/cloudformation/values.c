/* SPDX-License-Identifier: MIT */
/* The expressions of the cfn blocks (docs/7-cloudformation.md): from a resource's properties, and what is kept of it,
 * to values. */
#include <string.h>

#include "base/time.h"
#include "cfn_parts.h"

enum { TEXT_MAX_BYTES = 2 << 20 };

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

    buf_init(&b, TEXT_MAX_BYTES);
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
    buf_init(&b, TEXT_MAX_BYTES);
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

str cfn_text(struct arena *a, const json_t *v)
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
        buf_add(b, cfn_text(v->c->arena, source(v, name)));
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

    return at ? cfn_text(v->c->arena, at) : STR_ABSENT;
}
