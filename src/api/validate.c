/* SPDX-License-Identifier: MIT */
/* Constraints of the models, told in AWS's own words. */
#include "api/walk.h"

struct checking {
    struct arena *a;
    struct err *e;
    const char **missing;
};

static str lower_first(struct arena *a, const char *name)
{
    char *z = arena_z(a, str_z(name));

    if (z[0] >= 'A' && z[0] <= 'Z')
        z[0] = (char)(z[0] + 32);
    return str_z(z);
}

static res bad(struct checking *k, const struct field *f, str where, str value, const char *constraint)
{
    bool hide = f->flags & F_SECRET;

    return reject(k->e, "1 validation error detected: Value %s%.*s%s at '%.*s%.*s' failed to satisfy constraint: %s",
                  hide ? "" : "'", hide ? 6 : (int)(value.n > 120 ? 120 : value.n),
                  hide      ? "hidden"
                  : value.p ? value.p
                            : "",
                  hide ? "" : "'", FMT(where), FMT(lower_first(k->a, f->name)), constraint);
}

static res check_choice(struct checking *k, const struct field *f, str where, str value)
{
    struct buf set;
    const char *const *one = f->one_of;

    if (!one)
        return OK;
    for (; *one; one++)
        if (str_eq(value, str_z(*one)))
            return OK;
    buf_init(&set, 400);
    buf_add_z(&set, "Member must satisfy enum value set: [");
    for (one = f->one_of; *one; one++)
        buf_printf(&set, "%s%s", one == f->one_of ? "" : ", ", *one);
    buf_add_char(&set, ']');
    buf_add_char(&set, '\0');
    str text = arena_dup(k->a, buf_str(&set));
    buf_done(&set);
    return bad(k, f, where, value, text.p);
}

static res check_length(struct checking *k, const struct field *f, str where, str value, int64_t n)
{
    if (f->min > f->max)
        return OK;
    if (n < f->min)
        return bad(k, f, where, value,
                   arena_printf(k->a, "Member must have length greater than or equal to %lld", (long long)f->min).p);
    if (n > f->max)
        return bad(k, f, where, value,
                   arena_printf(k->a, "Member must have length less than or equal to %lld", (long long)f->max).p);
    return OK;
}

static res check_number(struct checking *k, const struct field *f, str where, double v)
{
    if (f->min > f->max)
        return OK;
    if (v < (double)f->min)
        return bad(k, f, where, arena_printf(k->a, "%g", v),
                   arena_printf(k->a, "Member must have value greater than or equal to %lld", (long long)f->min).p);
    if (v > (double)f->max)
        return bad(k, f, where, arena_printf(k->a, "%g", v),
                   arena_printf(k->a, "Member must have value less than or equal to %lld", (long long)f->max).p);
    return OK;
}

static res check_shape(struct checking *k, const struct shape *s, const void *object, str where);

static res check_text(struct checking *k, const struct field *f, str where, str value)
{
    if (f->kind != K_BLOB && f->elem != K_BLOB && !str_is_utf8(value))
        return bad(k, f, where, S("?"), "Member must be valid UTF-8");
    TRY(check_choice(k, f, where, value));
    return OK;
}

static res check_list(struct checking *k, const struct field *f, const void *at, str where)
{
    const struct list_any *list = at;

    TRY(check_length(k, f, where, S("[...]"), (int64_t)list->n));
    for (size_t i = 0; i < list->n; i++) {
        const void *item = (const char *)list->v + i * field_elem_size(f);
        if (f->elem == K_STRING)
            TRY(check_text(k, f, where, *(const str *)item));
        if (f->elem == K_SHAPE)
            TRY(check_shape(
                k, f->shape, item,
                arena_printf(k->a, "%.*s%.*s.%zu.member.", FMT(where), FMT(lower_first(k->a, f->name)), i + 1)));
    }
    return OK;
}

static res check_field(struct checking *k, const struct field *f, const void *object, str where)
{
    const void *at = field_of(object, f);

    switch ((enum kind)f->kind) {
    case K_STRING:
        TRY(check_text(k, f, where, *(const str *)at));
        return check_length(k, f, where, *(const str *)at, (int64_t)((const str *)at)->n);
    case K_BLOB:
    case K_DOCUMENT:
        return check_length(k, f, where, S("..."), (int64_t)((const str *)at)->n);
    case K_INT:
        return check_number(k, f, where, (double)((const opt_int *)at)->v);
    case K_DOUBLE:
        return check_number(k, f, where, ((const opt_double *)at)->v);
    case K_LIST:
        return check_list(k, f, at, where);
    case K_SHAPE:
        return check_shape(k, f->shape, *(void *const *)at,
                           arena_printf(k->a, "%.*s%.*s.", FMT(where), FMT(lower_first(k->a, f->name))));
    case K_MAP:
        return check_length(k, f, where, S("{...}"), (int64_t)((const struct list_any *)at)->n);
    default:
        return OK;
    }
}

static res check_shape(struct checking *k, const struct shape *s, const void *object, str where)
{
    for (uint32_t i = 0; i < s->n; i++) {
        const struct field *f = &s->fields[i];
        if (field_is_set(object, f)) {
            TRY(check_field(k, f, object, where));
        } else if (f->flags & F_REQUIRED) {
            *k->missing = f->name;
            return reject(k->e,
                          "1 validation error detected: Value null at '%.*s%.*s' failed to satisfy constraint: "
                          "Member must not be null",
                          FMT(where), FMT(lower_first(k->a, f->name)));
        }
    }
    return OK;
}

res shape_validate(const struct shape *s, const void *object, const char **missing, struct arena *a, struct err *e)
{
    struct checking k = {a, e, missing};

    *missing = NULL;
    return check_shape(&k, s, object, S(""));
}
