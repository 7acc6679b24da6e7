/* SPDX-License-Identifier: MIT */
/* Questions about field tables: is a member set, what does a path lead to. */
#include <string.h>

#include "api/codec.h"
#include "api/walk.h"

bool field_is_set(const void *object, const struct field *f)
{
    const void *at = field_of(object, f);

    switch ((enum kind)f->kind) {
    case K_STRING:
    case K_BLOB:
    case K_DOCUMENT:
        return ((const str *)at)->p != NULL;
    case K_INT:
        return ((const opt_int *)at)->set;
    case K_DOUBLE:
        return ((const opt_double *)at)->set;
    case K_BOOL:
        return ((const opt_bool *)at)->set;
    case K_TIME:
        return ((const opt_time *)at)->set;
    case K_LIST:
    case K_MAP:
        return ((const struct list_any *)at)->v != NULL;
    case K_SHAPE:
        return *(void *const *)at != NULL;
    }
    return false;
}

const struct field *shape_field(const struct shape *s, str name)
{
    for (uint32_t i = 0; name.n && i < s->n; i++)
        if (s->fields[i].name[0] == name.p[0] && str_eq(str_z(s->fields[i].name), name))
            return &s->fields[i];
    return NULL;
}

/* Bytes that a value of this kind takes in a struct; a shape stands there by pointer. */
static size_t kind_size(enum kind kind)
{
    switch (kind) {
    case K_INT:
        return sizeof(opt_int);
    case K_DOUBLE:
        return sizeof(opt_double);
    case K_BOOL:
        return sizeof(opt_bool);
    case K_TIME:
        return sizeof(opt_time);
    case K_LIST:
    case K_MAP:
        return sizeof(struct list_any);
    case K_SHAPE:
        return sizeof(void *);
    default:
        return sizeof(str);
    }
}

size_t field_elem_size(const struct field *f)
{
    return f->elem == K_SHAPE ? f->shape->size : kind_size(f->elem);
}

/* ---- paths ---- */

struct collector {
    struct arena *a;
    str *v; /* while cap is 0 the object's own */
    size_t n, cap;
};

static void collect(struct collector *c, str value)
{
    if (c->n >= c->cap) {
        size_t cap = c->n ? c->n * 2 : 1;
        str *v = ARENA_ARRAY(c->a, str, cap);
        for (size_t i = 0; i < c->n; i++)
            v[i] = c->v[i];
        c->v = v;
        c->cap = cap;
    }
    c->v[c->n++] = value;
}

/* Mostly there is nothing else: then nothing is copied. */
static void collect_texts(struct collector *c, const str *v, size_t n)
{
    if (c->n == 0) {
        c->v = (str *)v;
        c->n = n;
        return;
    }
    for (size_t i = 0; i < n; i++)
        collect(c, v[i]);
}

/* As condition keys show values: times in whole seconds. */
static str scalar_text(struct arena *a, enum kind kind, const void *at)
{
    char when[TIME_TEXT_BYTES];

    if (kind == K_STRING)
        return *(const str *)at;
    if (kind == K_TIME)
        return arena_dup(a, time_iso(((const opt_time *)at)->ms, when));
    return kind == K_LIST || kind == K_MAP || kind == K_SHAPE ? STR_ABSENT : scalar_encode(kind, at, false, a);
}

static void walk(struct collector *c, const struct shape *s, const void *object, struct path path)
{
    const struct field *f = &s->fields[path.steps[0]];
    struct path rest = {path.steps + 1, path.n - 1};

    if (!field_is_set(object, f))
        return;
    const void *at = field_of(object, f);
    if (f->kind == K_SHAPE) {
        if (rest.n)
            walk(c, f->shape, *(void *const *)at, rest);
        else
            collect(c, S("")); /* present: for `when` */
        return;
    }
    if (f->kind == K_MAP) {
        const struct map_of_str *map = at;
        for (size_t i = 0; i < map->n; i++)
            collect(c, map->v[i].key);
        return;
    }
    if (f->kind == K_STRING) {
        collect_texts(c, at, 1);
        return;
    }
    if (f->kind != K_LIST) {
        collect(c, scalar_text(c->a, f->kind, at));
        return;
    }
    const struct list_any *list = at;
    if (f->elem == K_STRING) {
        collect_texts(c, list->v, list->n);
        return;
    }
    for (size_t i = 0; i < list->n; i++) {
        const void *item = (const char *)list->v + i * field_elem_size(f);
        if (f->elem != K_SHAPE)
            collect(c, scalar_text(c->a, f->elem, item));
        else if (rest.n)
            walk(c, f->shape, item, rest);
    }
}

struct list_of_str shape_values(const struct shape *s, const void *object, struct path path, struct arena *a)
{
    struct collector c = {.a = a};

    if (path.n)
        walk(&c, s, object, path);
    return (struct list_of_str){c.n, c.v};
}

bool shape_has(const struct shape *s, const void *object, struct path path, struct arena *a)
{
    for (; path.n; path.steps++, path.n--) {
        const struct field *f = &s->fields[path.steps[0]];
        if (!field_is_set(object, f))
            return false;
        if (f->kind == K_LIST && path.n == 1) /* an empty list says nothing: clients send them unasked */
            return ((const struct list_any *)field_of(object, f))->n > 0;
        if (path.n == 1)
            return true;
        if (f->kind != K_SHAPE)
            return shape_values(s, object, path, a).n > 0;
        object = *(void *const *)field_of(object, f);
        s = f->shape;
    }
    return false;
}

void shape_copy(const struct shape *from_shape, const void *from, const struct shape *to_shape, void *to)
{
    for (uint32_t i = 0; i < to_shape->n; i++) {
        const struct field *t = &to_shape->fields[i], *f = shape_field(from_shape, str_z(t->name));
        if (f && f->kind == t->kind && f->elem == t->elem && f->shape == t->shape && field_is_set(from, f))
            memcpy(field_at(to, t), field_of(from, f), kind_size(t->kind));
    }
}
