/* SPDX-License-Identifier: MIT */
/* JSON 1.0 and 1.1: the codec of most services, and of every record in the store. */
#include <math.h>

#include <string.h>

#include "api/codec.h"
#include "api/walk.h"

static res wrong(struct err *e, const struct field *f, const char *wanted)
{
    return reject(e, "Member '%s' must be %s", f->name, wanted);
}

static res decode_value(const struct field *f, enum kind kind, const json_t *v, void *at, struct arena *a,
                        struct err *e);

static res decode_text(const struct field *f, const json_t *v, str *at, struct arena *a, struct err *e)
{
    if (!json_is_string(v))
        return wrong(e, f, "a string");
    *at = arena_dup(a, json_str(v));
    return OK;
}

static res decode_time(const struct field *f, const json_t *v, opt_time *at, struct err *e)
{
    double seconds = json_number_value(v);

    at->set = true;
    if (json_is_string(v))
        return time_parse_iso(json_str(v), &at->ms) ? OK : wrong(e, f, "a timestamp");
    if (!json_is_number(v) || !(fabs(seconds) < 1e12))
        return wrong(e, f, "a timestamp");
    at->ms = (int64_t)llround(seconds * 1000);
    return OK;
}

static res decode_map(const struct field *f, const json_t *v, struct map_of_str *at, struct arena *a, struct err *e)
{
    const char *key;
    json_t *value;

    if (!json_is_object(v))
        return wrong(e, f, "an object");
    at->v = ARENA_ARRAY(a, struct str_pair, json_object_size(v) + 1);
    json_object_foreach((json_t *)v, key, value)
    {
        if (!json_is_string(value))
            return wrong(e, f, "an object of strings");
        at->v[at->n++] = (struct str_pair){arena_dup(a, str_z(key)), arena_dup(a, json_str(value))};
    }
    return OK;
}

static res decode_list(const struct field *f, const json_t *v, struct list_any *at, struct arena *a, struct err *e)
{
    size_t size = field_elem_size(f);

    if (!json_is_array(v))
        return wrong(e, f, "a list");
    at->n = json_array_size(v);
    if (at->n * size > arena_left(a) / 2)
        return reject(e, "the list '%s' is too long", f->name);
    at->v = arena_alloc_array(a, at->n + 1, size);
    for (size_t i = 0; i < at->n; i++)
        TRY(decode_value(f, f->elem, json_array_get(v, i), (char *)at->v + i * size, a, e));
    return OK;
}

static str document_text(const json_t *v, struct arena *a)
{
    struct buf b;

    buf_init(&b, (size_t)8 << 20);
    buf_add_json(&b, v);
    str text = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

static res decode_number(const struct field *f, enum kind kind, const json_t *v, void *at, struct err *e)
{
    double d = json_number_value(v);

    if (!json_is_number(v))
        return wrong(e, f, "a number");
    if (kind == K_DOUBLE) {
        *(opt_double *)at = SET_DOUBLE(d);
        return OK;
    }
    if (!json_is_integer(v) && (d != floor(d) || fabs(d) > 9e15))
        return wrong(e, f, "an integer");
    *(opt_int *)at = SET_INT(json_is_integer(v) ? json_integer_value(v) : (int64_t)d);
    return OK;
}

static res decode_value(const struct field *f, enum kind kind, const json_t *v, void *at, struct arena *a,
                        struct err *e)
{
    switch (kind) {
    case K_STRING:
        return decode_text(f, v, at, a, e);
    case K_BLOB:
        if (!json_is_string(v) || !base64_decode(a, json_str(v), at))
            return wrong(e, f, "base64 text");
        return OK;
    case K_INT:
    case K_DOUBLE:
        return decode_number(f, kind, v, at, e);
    case K_BOOL:
        if (!json_is_boolean(v))
            return wrong(e, f, "true or false");
        *(opt_bool *)at = SET_BOOL(json_is_true(v));
        return OK;
    case K_TIME:
        return decode_time(f, v, at, e);
    case K_DOCUMENT:
        *(str *)at = document_text(v, a);
        return OK;
    case K_MAP:
        return decode_map(f, v, at, a, e);
    case K_LIST:
        return decode_list(f, v, at, a, e);
    case K_SHAPE:
        break;
    }
    if (!json_is_object(v))
        return wrong(e, f, "an object");
    if (f->shape->size > arena_left(a) / 2)
        return reject(e, "the request is too large");
    if (f->kind != K_SHAPE) /* an element of a list: the struct itself stands there */
        return json_decode(f->shape, v, at, a, e);
    *(void **)at = arena_alloc(a, f->shape->size);
    return json_decode(f->shape, v, *(void **)at, a, e);
}

res json_decode(const struct shape *s, const json_t *from, void *object, struct arena *a, struct err *e)
{
    if (!json_is_object(from))
        return reject(e, "a JSON object is expected");
    for (uint32_t i = 0; i < s->n; i++) {
        const struct field *f = &s->fields[i];
        const json_t *v = json_object_get(from, f->name);
        if (v && !json_is_null(v)) /* unknown members are ignored, as AWS does */
            TRY(decode_value(f, f->kind, v, field_at(object, f), a, e));
    }
    return OK;
}

/* ---- out ---- */

struct out {
    struct buf *b;
    bool public;
};

static void encode_shape(struct out *o, const struct shape *s, const void *object);

static void encode_text(struct out *o, str s)
{
    enum { PUBLIC_TEXT_BYTES = 2048 };

    if (o->public && s.n > PUBLIC_TEXT_BYTES) {
        size_t n = PUBLIC_TEXT_BYTES;
        while (n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
            n--;
        s.n = n;
    }
    buf_add_json_str(o->b, s);
}

static void encode_map(struct out *o, const struct map_of_str *m)
{
    buf_add_char(o->b, '{');
    for (size_t i = 0; i < m->n; i++) {
        if (i)
            buf_add_char(o->b, ',');
        buf_add_json_str(o->b, m->v[i].key);
        buf_add_char(o->b, ':');
        encode_text(o, m->v[i].value);
    }
    buf_add_char(o->b, '}');
}

static void encode_value(struct out *o, const struct field *f, enum kind kind, const void *at)
{
    switch (kind) {
    case K_STRING:
        encode_text(o, *(const str *)at);
        return;
    case K_BLOB:
        buf_add_char(o->b, '"');
        buf_add_base64(o->b, *(const str *)at);
        buf_add_char(o->b, '"');
        return;
    case K_INT:
        buf_add_i64(o->b, ((const opt_int *)at)->v);
        return;
    case K_DOUBLE:
        buf_add_json_double(o->b, ((const opt_double *)at)->v);
        return;
    case K_BOOL:
        buf_add_z(o->b, ((const opt_bool *)at)->v ? "true" : "false");
        return;
    case K_TIME: /* epoch seconds with milliseconds, as AWS's JSON services write them */
        buf_printf(o->b, "%lld.%03d", (long long)(((const opt_time *)at)->ms / 1000),
                   (int)(((const opt_time *)at)->ms % 1000));
        return;
    case K_DOCUMENT:
        buf_add(o->b, *(const str *)at);
        return;
    case K_MAP:
        encode_map(o, at);
        return;
    case K_SHAPE:
        encode_shape(o, f->shape, f->kind == K_SHAPE ? *(void *const *)at : at);
        return;
    case K_LIST:
        break;
    }
    const struct list_any *list = at;
    buf_add_char(o->b, '[');
    for (size_t i = 0; i < list->n; i++) {
        if (i)
            buf_add_char(o->b, ',');
        encode_value(o, f, f->elem, (const char *)list->v + i * field_elem_size(f));
    }
    buf_add_char(o->b, ']');
}

/* CloudTrail begins every member with a small letter, and calls a bucket bucketName. */
static void encode_name(struct out *o, const char *name)
{
    bool small = o->public && *name >= 'A' && *name <= 'Z';

    buf_add_char(o->b, '"');
    if (small)
        buf_add_char(o->b, (char)(*name + 32));
    buf_add_z(o->b, name + small);
    if (o->public && strcmp(name, "Bucket") == 0)
        buf_add(o->b, S("Name"));
    buf_add(o->b, S("\":"));
}

static void encode_shape(struct out *o, const struct shape *s, const void *object)
{
    bool any = false;

    buf_add_char(o->b, '{');
    for (uint32_t i = 0; i < s->n; i++) {
        const struct field *f = &s->fields[i];
        if (!field_is_set(object, f))
            continue;
        if (any)
            buf_add_char(o->b, ',');
        any = true;
        encode_name(o, f->name);
        if (o->public && f->flags & F_SECRET)
            buf_add_z(o->b, "\"HIDDEN_DUE_TO_SECURITY_REASONS\"");
        else
            encode_value(o, f, f->kind, field_of(object, f));
    }
    buf_add_char(o->b, '}');
}

void json_encode(const struct shape *s, const void *object, struct buf *b)
{
    struct out o = {b, false};

    encode_shape(&o, s, object);
}

void json_encode_public(const struct shape *s, const void *object, struct buf *b)
{
    struct out o = {b, true};

    encode_shape(&o, s, object);
}
