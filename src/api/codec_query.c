/* SPDX-License-Identifier: MIT */
/* The two query protocols: a form of dotted names in. Names are found by walking the field tables, so what the model
 * does not know costs nothing; indices are bounded so that Member.999999999 does too. */
#include <stdlib.h>

#include "api/codec.h"
#include "api/walk.h"

enum { FORM_MAX_PAIRS = 10000, LIST_MAX_ITEMS = 2000, NAME_MAX_BYTES = 512 };

struct form {
    struct str_pair *v; /* sorted by name */
    size_t n;
    bool ec2;
    struct arena *a;
    struct err *e;
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

static const str *value_of(const struct form *f, str name)
{
    size_t i = lower_bound(f, name);

    return i < f->n && str_eq(f->v[i].key, name) ? &f->v[i].value : NULL;
}

/* Is there anything at or below this name? */
static bool any_below(const struct form *f, str name)
{
    size_t i = lower_bound(f, name);

    if (i < f->n && str_eq(f->v[i].key, name))
        return true;
    i = lower_bound(f, arena_cat(f->a, name, S(".")));
    return i < f->n && f->v[i].key.n > name.n && str_starts(f->v[i].key, name) && f->v[i].key.p[name.n] == '.';
}

static str join(const struct form *f, str prefix, const char *name)
{
    return prefix.n ? arena_printf(f->a, "%.*s.%s", FMT(prefix), name) : str_z(name);
}

static res read_shape(const struct form *f, const struct shape *s, str prefix, void *object);

static res read_item(const struct form *f, const struct field *field, str name, void *slot)
{
    const str *value = value_of(f, name);

    if (field->elem == K_SHAPE)
        return read_shape(f, field->shape, name, slot);
    return scalar_decode(field, field->elem, value ? *value : S(""), slot, f->a, f->e);
}

static res read_list(const struct form *f, const struct field *field, str name, struct list_any *at)
{
    size_t size = field_elem_size(field);
    const str *empty = value_of(f, name);
    str base = name;

    if (empty && empty->n == 0 && !any_below(f, arena_cat(f->a, name, S(".1")))) { /* "Tags=": an empty list */
        at->v = arena_alloc(f->a, size);
        return OK;
    }
    if (!f->ec2 && !(field->flags & F_FLAT))
        base = join(f, name, field->item ? field->item : "member");
    while (at->n < LIST_MAX_ITEMS && any_below(f, arena_printf(f->a, "%.*s.%zu", FMT(base), at->n + 1)))
        at->n++;
    if (!at->n)
        return OK;
    at->v = arena_alloc_array(f->a, at->n, size);
    for (size_t i = 0; i < at->n; i++)
        TRY(read_item(f, field, arena_printf(f->a, "%.*s.%zu", FMT(base), i + 1), (char *)at->v + i * size));
    return OK;
}

static res read_map(const struct form *f, str name, struct map_of_str *at)
{
    size_t n = 0;

    while (n < LIST_MAX_ITEMS && any_below(f, arena_printf(f->a, "%.*s.entry.%zu", FMT(name), n + 1)))
        n++;
    if (!n)
        return OK;
    at->v = ARENA_ARRAY(f->a, struct str_pair, n);
    for (; at->n < n; at->n++) {
        const str *key = value_of(f, arena_printf(f->a, "%.*s.entry.%zu.key", FMT(name), at->n + 1));
        const str *value = value_of(f, arena_printf(f->a, "%.*s.entry.%zu.value", FMT(name), at->n + 1));
        at->v[at->n] = (struct str_pair){key ? *key : S(""), value ? *value : S("")};
    }
    return OK;
}

/* EC2's clients send the capitalised location name: "VpcId.1", "Filter.1.Value.1". */
static const char *form_name(const struct form *f, const struct field *field)
{
    if (!f->ec2 || !field->as)
        return field->name;
    char *z = arena_z(f->a, str_z(field->as));
    if (z[0] >= 'a' && z[0] <= 'z')
        z[0] = (char)(z[0] - 32);
    return z;
}

static res read_shape(const struct form *f, const struct shape *s, str prefix, void *object)
{
    if (prefix.n > NAME_MAX_BYTES)
        return reject(f->e, "a name in the form is too long");
    for (uint32_t i = 0; i < s->n; i++) {
        const struct field *field = &s->fields[i];
        str name = join(f, prefix, form_name(f, field));
        void *at = field_at(object, field);
        if (!any_below(f, name))
            continue;
        if (field->kind == K_LIST) {
            TRY(read_list(f, field, name, at));
        } else if (field->kind == K_MAP) {
            TRY(read_map(f, name, at));
        } else if (field->kind == K_SHAPE) {
            *(void **)at = arena_alloc(f->a, field->shape->size);
            TRY(read_shape(f, field->shape, name, *(void **)at));
        } else {
            const str *value = value_of(f, name);
            TRY(scalar_decode(field, field->kind, value ? *value : S(""), at, f->a, f->e));
        }
    }
    return OK;
}

res query_decode(const struct operation *op, str text, bool ec2, void *in, struct arena *a, struct err *e)
{
    struct form f = {.ec2 = ec2, .a = a, .e = e};

    TRY(read_form(&f, text));
    return read_shape(&f, op->in, S(""), in);
}
