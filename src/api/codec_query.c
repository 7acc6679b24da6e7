/* SPDX-License-Identifier: MIT */
/* The two query protocols: a form of dotted names in. Names are found by walking the field tables, so what the model
 * does not know costs nothing; indices are bounded so that Member.999999999 does too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/codec.h"
#include "api/walk.h"

enum { FORM_MAX_PAIRS = 10000, LIST_MAX_ITEMS = 2000, NAME_MAX_BYTES = 512 };

struct form {
    struct str_pair *v; /* sorted by name */
    size_t n;
    bool ec2;
    struct arena *a;
    struct err *e;
    char name[NAME_MAX_BYTES]; /* the name being looked for: grown and cut as the walk goes down and up */
    size_t name_n;
};

static int by_name(const void *x, const void *y)
{
    return str_cmp(((const struct str_pair *)x)->key, ((const struct str_pair *)y)->key);
}

static res read_form(struct form *f, str text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '&';
    if (n > FORM_MAX_PAIRS)
        return reject(f->e, "the form has more than %d members", FORM_MAX_PAIRS);
    f->v = ARENA_ARRAY(f->a, struct str_pair, n);
    while (str_is(text)) {
        str pair = str_cut(&text, '&');
        if (!pair.n)
            continue;
        str name = str_cut(&pair, '=');
        struct str_pair *to = &f->v[f->n++];
        if (!uri_decode(f->a, name, true, &to->key) || !uri_decode(f->a, str_is(pair) ? pair : S(""), true, &to->value))
            return reject(f->e, "the form is not properly percent-encoded");
    }
    qsort(f->v, f->n, sizeof *f->v, by_name);
    return OK;
}

/* The first pair whose name is not less than `name`. */
static size_t lower_bound(const struct form *f, str name)
{
    size_t low = 0, high = f->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (str_cmp(f->v[mid].key, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static str name_of(const struct form *f)
{
    return str_n(f->name, f->name_n);
}

/* Appends ".part" (or "part" at the start); answers the length to go back to. A name that does not fit matches nothing.
 */
static size_t push(struct form *f, str part)
{
    size_t before = f->name_n, dot = before ? 1 : 0;

    if (before + dot + part.n > sizeof f->name)
        return before;
    if (dot)
        f->name[f->name_n++] = '.';
    memcpy(f->name + f->name_n, part.p, part.n);
    f->name_n += part.n;
    return before;
}

static size_t push_index(struct form *f, size_t i)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%zu", i);

    return push(f, str_n(text, (size_t)n));
}

static const str *value_of(const struct form *f)
{
    size_t i = lower_bound(f, name_of(f));

    return i < f->n && str_eq(f->v[i].key, name_of(f)) ? &f->v[i].value : NULL;
}

/* Is there anything at or below the current name? '.' sorts before letters, so what is below follows closely. */
static bool any_below(struct form *f)
{
    size_t i = lower_bound(f, name_of(f)), n = f->name_n;

    if (i < f->n && str_eq(f->v[i].key, name_of(f)))
        return true;
    if (n == sizeof f->name)
        return false;
    f->name[n] = '.';
    str prefix = str_n(f->name, n + 1);
    i = lower_bound(f, prefix);
    return i < f->n && str_starts(f->v[i].key, prefix);
}

static res read_shape(struct form *f, const struct shape *s, void *object);

static res read_item(struct form *f, const struct field *field, void *slot)
{
    const str *value = value_of(f);

    if (field->elem == K_SHAPE)
        return read_shape(f, field->shape, slot);
    return scalar_decode(field, field->elem, value ? *value : S(""), slot, f->a, f->e);
}

static size_t count_items(struct form *f)
{
    size_t n = 0;

    while (n < LIST_MAX_ITEMS) {
        size_t back = push_index(f, n + 1);
        bool there = f->name_n > back && any_below(f);
        f->name_n = back;
        if (!there)
            break;
        n++;
    }
    return n;
}

static res read_list(struct form *f, const struct field *field, struct list_any *at)
{
    size_t size = field_elem_size(field), back = f->name_n;
    const str *empty = value_of(f);

    if (!f->ec2 && !(field->flags & F_FLAT))
        push(f, str_z(field->item ? field->item : "member"));
    size_t n = count_items(f);
    if (n * size > arena_left(f->a) / 2)
        return reject(f->e, "the form is too large");
    if (n || (empty && empty->n == 0)) /* "Tags=": an empty list */
        at->v = arena_alloc_array(f->a, n + 1, size);
    for (; at->n < n; at->n++) {
        size_t item = push_index(f, at->n + 1);
        TRY(read_item(f, field, (char *)at->v + at->n * size));
        f->name_n = item;
    }
    f->name_n = back;
    return OK;
}

static str entry_part(struct form *f, const char *part)
{
    size_t back = push(f, str_z(part));
    const str *value = value_of(f);

    f->name_n = back;
    return value ? *value : S("");
}

static void read_map(struct form *f, struct map_of_str *at)
{
    size_t back = push(f, S("entry")), n = count_items(f);

    if (n)
        at->v = ARENA_ARRAY(f->a, struct str_pair, n);
    for (; at->n < n; at->n++) {
        size_t item = push_index(f, at->n + 1);
        at->v[at->n] = (struct str_pair){entry_part(f, "key"), entry_part(f, "value")};
        f->name_n = item;
    }
    f->name_n = back;
}

/* EC2's clients send the capitalised location name: "VpcId.1", "Filter.1.Value.1". */
static void push_field(struct form *f, const struct field *field)
{
    bool located = f->ec2 && field->as;
    size_t back = push(f, str_z(located ? field->as : field->name)), first = back ? back + 1 : 0;

    if (located && f->name_n > first && f->name[first] >= 'a' && f->name[first] <= 'z')
        f->name[first] = (char)(f->name[first] - 32);
}

static res read_field(struct form *f, const struct field *field, void *at)
{
    const str *value;

    switch ((enum kind)field->kind) {
    case K_LIST:
        return read_list(f, field, at);
    case K_MAP:
        read_map(f, at);
        return OK;
    case K_SHAPE:
        if (field->shape->size > arena_left(f->a) / 2)
            return reject(f->e, "the form is too large");
        *(void **)at = arena_alloc(f->a, field->shape->size);
        return read_shape(f, field->shape, *(void **)at);
    default:
        value = value_of(f);
        return scalar_decode(field, field->kind, value ? *value : S(""), at, f->a, f->e);
    }
}

static res read_shape(struct form *f, const struct shape *s, void *object)
{
    for (uint32_t i = 0; i < s->n; i++) {
        const struct field *field = &s->fields[i];
        size_t back = f->name_n;
        push_field(f, field);
        if (f->name_n > back && any_below(f))
            TRY(read_field(f, field, field_at(object, field)));
        f->name_n = back;
    }
    return OK;
}

res query_decode(const struct operation *op, str text, bool ec2, void *in, struct arena *a, struct err *e)
{
    struct form f = {.ec2 = ec2, .a = a, .e = e};

    TRY(read_form(&f, text));
    return read_shape(&f, op->in, in);
}
