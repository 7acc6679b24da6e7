/* SPDX-License-Identifier: MIT */
/* Types, differences and their causes. */
#include "services/cloudformation/template_summary.h"

#include <string.h>

#include "services/cloudformation/template_parts.h"

void template_types(struct arena *a, const struct template *t, str **types, size_t *n)
{
    *types = ARENA_ARRAY(a, str, t->n_resources);
    *n = 0;
    for (size_t i = 0; i < t->n_resources; i++) {
        bool told = false;
        for (size_t k = 0; k < *n; k++)
            told = told || str_eq((*types)[k], t->resources[i].type);
        if (!told)
            (*types)[(*n)++] = t->resources[i].type;
    }
}

/* ---- what differs ---- */

struct diff {
    struct arena *a;
    struct template_changes *out;
    size_t room;
};

struct step { /* where the walk stands; `index` counts where `key` is absent */
    const struct step *parent;
    str key;
    size_t index;
};

static str path_of(struct arena *a, const struct step *at)
{
    if (!at)
        return S("");
    return str_is(at->key) ? arena_printf(a, "%.*s/%.*s", FMT(path_of(a, at->parent)), FMT(at->key))
                           : arena_printf(a, "%.*s/%zu", FMT(path_of(a, at->parent)), at->index);
}

static void add_change(struct diff *d, const struct step *at, const json_t *before, const json_t *after)
{
    const struct step *top = at;
    struct template_change *bigger;

    while (top && top->parent)
        top = top->parent;
    if (d->out->n == d->room) {
        d->room = d->room ? d->room * 2 : 8;
        bigger = ARENA_ARRAY(d->a, struct template_change, d->room);
        if (d->out->n)
            memcpy(bigger, d->out->v, d->out->n * sizeof *bigger);
        d->out->v = bigger;
    }
    d->out->v[d->out->n++] = (struct template_change){top ? top->key : S(""), path_of(d->a, at), before, after,
                                                      after && template_has_later(after)};
}

static void compare(struct diff *d, const struct step *at, const json_t *before, const json_t *after);

static void compare_objects(struct diff *d, const struct step *at, const json_t *before, const json_t *after)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)after, key, value)
    {
        struct step here = {at, str_z(key), 0};
        compare(d, &here, json_object_get(before, key), value);
    }
    json_object_foreach((json_t *)before, key, value)
    {
        struct step here = {at, str_z(key), 0};
        if (!json_object_get(after, key))
            add_change(d, &here, value, NULL);
    }
}

static void compare_arrays(struct diff *d, const struct step *at, const json_t *before, const json_t *after)
{
    size_t n = json_array_size(before), m = json_array_size(after);

    for (size_t i = 0; i < n || i < m; i++) {
        struct step here = {at, STR_ABSENT, i};
        if (i < n && i < m)
            compare(d, &here, json_array_get(before, i), json_array_get(after, i));
        else
            add_change(d, &here, json_array_get(before, i), json_array_get(after, i));
    }
}

static void compare(struct diff *d, const struct step *at, const json_t *before, const json_t *after)
{
    str was = template_text(d->a, before), is = template_text(d->a, after);
    bool later = after && template_is_later(after);

    if (!later && json_is_object(before) && json_is_object(after))
        compare_objects(d, at, before, after);
    else if (json_is_array(before) && json_is_array(after))
        compare_arrays(d, at, before, after);
    else if (later || !str_is(was) || !str_is(is) || !str_eq(was, is))
        add_change(d, at, before, after);
}

void template_diff(struct arena *a, const json_t *before, const json_t *after, struct template_changes *out)
{
    struct diff d = {a, out, 0};

    *out = (struct template_changes){0};
    compare(&d, NULL, before, after);
}

/* ---- why ---- */

struct why {
    const struct template_scope *before, *after;
    template_moves *moves;
    void *about;
    struct template_causes *out;
    size_t room;
};

static void add_cause(struct why *w, enum template_source source, str entity)
{
    struct template_cause *bigger;

    for (size_t i = 0; i < w->out->n; i++)
        if (w->out->v[i].source == source && str_eq(w->out->v[i].entity, entity))
            return;
    if (w->out->n == w->room) {
        w->room = w->room ? w->room * 2 : 4;
        bigger = ARENA_ARRAY(w->after->arena, struct template_cause, w->room);
        if (w->out->n)
            memcpy(bigger, w->out->v, w->out->n * sizeof *bigger);
        w->out->v = bigger;
    }
    w->out->v[w->out->n++] = (struct template_cause){source, entity};
}

static bool parameter_moves(const struct why *w, const struct template_parameter *p)
{
    const struct template_parameter *was = w->before ? template_parameter_find(w->before->t, p->name) : NULL;
    const json_t *x = was ? w->before->values[was - w->before->t->parameters].value : NULL;
    const json_t *y = w->after->values[p - w->after->t->parameters].value;

    return !x || !y || !json_equal(x, y);
}

static void visit_cause(void *about, const struct template_reference *r)
{
    struct why *w = about;
    const struct template_parameter *p = r->is_attribute ? NULL : template_parameter_find(w->after->t, r->name);
    const struct template_resource *to = template_resource_find(w->after->t, r->name);

    if (p && parameter_moves(w, p))
        add_cause(w, TEMPLATE_PARAMETER, p->name);
    if (p || !to || !w->moves(w->about, to, r->is_attribute ? r->attribute : STR_ABSENT))
        return;
    if (r->is_attribute)
        add_cause(w, TEMPLATE_ATTRIBUTE, arena_printf(w->after->arena, "%.*s.%.*s", FMT(r->name), FMT(r->attribute)));
    else
        add_cause(w, TEMPLATE_REFERENCE, to->id);
}

void template_why(const struct template_scope *before, const json_t *was, const struct template_scope *after,
                  const json_t *is, template_moves *moves, void *about, struct template_causes *out)
{
    struct why w = {before, after, moves, about, out, 0};

    *out = (struct template_causes){0};
    template_references(is, WALK_TAKEN, after, visit_cause, &w);
    if (!was || !is || !json_equal(was, is) || out->n == 0) /* a Condition that turned is the template's own doing */
        add_cause(&w, TEMPLATE_DIRECT, STR_ABSENT);
}
