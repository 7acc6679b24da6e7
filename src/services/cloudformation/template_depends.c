/* SPDX-License-Identifier: MIT */
/* What must be there before what, and that nothing waits for itself. Graphs are walked without recursion: a chain may
 * be as long as a template. */
#include <stdlib.h>
#include <string.h>

#include "services/cloudformation/template_parts.h"

/* ---- edges ---- */

struct edges {
    struct arena *a;
    const struct template *t;
    const struct template_scope *s; /* NULL: only what holds under every condition */
    size_t from, room;
    struct template_links *links;
    bool *unwanted; /* resources that are named, but not wanted */
    bool linking;   /* else only the unwanted are looked for */
};

static void add_link(struct edges *x, size_t to)
{
    struct template_links *l = &x->links[x->from];
    size_t *bigger;

    for (size_t i = 0; i < l->n; i++)
        if (l->at[i] == to)
            return;
    if (l->n == x->room) {
        x->room = x->room ? x->room * 2 : 4;
        bigger = ARENA_ARRAY(x->a, size_t, x->room);
        if (l->n)
            memcpy(bigger, l->at, l->n * sizeof *bigger);
        l->at = bigger;
    }
    l->at[l->n++] = to;
}

static void visit_link(void *about, const struct template_reference *r)
{
    struct edges *x = about;
    const struct template_resource *to = template_resource_find(x->t, r->name);

    if (!to)
        return;
    if (x->s && !x->s->wanted[to->at])
        x->unwanted[to->at] = true;
    else if (x->linking)
        add_link(x, to->at);
}

static int by_index(const void *x, const void *y)
{
    size_t a = *(const size_t *)x, b = *(const size_t *)y;

    return a < b ? -1 : a > b;
}

static void link_one(struct edges *x, const struct template_resource *r)
{
    enum walk how = x->s ? WALK_TAKEN : WALK_CERTAIN;
    const json_t *one;
    size_t i;

    x->from = r->at;
    x->room = 0;
    template_references(r->properties, how, x->s, visit_link, x);
    template_references(r->metadata, how, x->s, visit_link, x);
    json_array_foreach(r->depends_on, i, one)
    {
        const struct template_resource *to = template_resource_find(x->t, json_str(one));
        if (to && (!x->s || x->s->wanted[to->at])) /* waiting for what is not wanted is no waiting */
            add_link(x, to->at);
    }
    if (x->links[r->at].n)
        qsort(x->links[r->at].at, x->links[r->at].n, sizeof(size_t), by_index);
}

/* ---- order ---- */

/* The same graph with its arrows turned round. */
static struct template_links *turn(struct arena *a, const struct template_links *links, size_t n)
{
    struct template_links *back = ARENA_ARRAY(a, struct template_links, n);

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < links[i].n; k++)
            back[links[i].at[k]].n++;
    for (size_t i = 0; i < n; i++) {
        back[i].at = ARENA_ARRAY(a, size_t, back[i].n);
        back[i].n = 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < links[i].n; k++)
            back[links[i].at[k]].at[back[links[i].at[k]].n++] = i;
    return back;
}

size_t template_order(struct arena *a, const struct template_links *links, size_t n, size_t *order)
{
    const struct template_links *back = turn(a, links, n);
    size_t *open = ARENA_ARRAY(a, size_t, n), count = 0;

    for (size_t i = 0; i < n; i++) {
        open[i] = links[i].n;
        if (open[i] == 0)
            order[count++] = i;
    }
    for (size_t at = 0; at < count; at++)
        for (size_t k = 0; k < back[order[at]].n; k++)
            if (--open[back[order[at]].at[k]] == 0)
                order[count++] = back[order[at]].at[k];
    return count;
}

/* What has a place neither in the order nor in the order of the graph turned round goes in circles, or stands between
 * two. */
static res refuse_circles(struct arena *a, const struct template *t, const struct template_links *links, struct err *e)
{
    size_t n = t->n_resources, *order = ARENA_ARRAY(a, size_t, n), count = template_order(a, links, n, order);
    bool *placed = ARENA_ARRAY(a, bool, n);
    struct buf names;
    res done;

    if (count == n)
        return OK;
    while (count)
        placed[order[--count]] = true;
    count = template_order(a, turn(a, links, n), n, order);
    while (count)
        placed[order[--count]] = true;
    buf_init(&names, 900);
    for (size_t i = 0; i < n; i++)
        if (!placed[i])
            buf_printf(&names, "%s%.*s", names.n ? ", " : "", FMT(t->resources[i].id));
    done = reject(e, "Circular dependency between resources: [%.*s]", FMT(buf_str(&names)));
    buf_done(&names);
    return done;
}

res template_check_circles(struct arena *a, const struct template *t, struct err *e)
{
    struct edges x = {.a = a, .t = t, .linking = true};

    x.links = ARENA_ARRAY(a, struct template_links, t->n_resources);
    for (size_t i = 0; i < t->n_resources; i++)
        if (!str_is(t->resources[i].condition))
            link_one(&x, &t->resources[i]);
    return refuse_circles(a, t, x.links, e);
}

/* ---- of a scope ---- */

static res refuse_unwanted(const struct edges *x, const char *prefix, const char *block, struct err *e)
{
    struct buf names;
    res done = OK;

    buf_init(&names, 900);
    for (size_t i = 0; i < x->t->n_resources; i++)
        if (x->unwanted[i])
            buf_printf(&names, "%s%.*s", names.n ? ", " : "", FMT(x->t->resources[i].id));
    if (names.n || names.full)
        done = reject(e, "%sUnresolved resource dependencies [%.*s] in the %s block of the template", prefix,
                      FMT(buf_str(&names)), block);
    buf_done(&names);
    return done;
}

static res check_outputs(struct edges *x, struct err *e)
{
    x->linking = false;
    for (size_t i = 0; i < x->t->n_outputs; i++) {
        const struct template_output *o = &x->t->outputs[i];
        if (!template_output_wanted(x->s, o))
            continue;
        template_references(o->value, WALK_TAKEN, x->s, visit_link, x);
        template_references(o->export_name, WALK_TAKEN, x->s, visit_link, x);
    }
    return refuse_unwanted(x, "", "Outputs", e);
}

res template_link(struct template_scope *s, struct err *e)
{
    struct edges x = {.a = s->arena, .t = s->t, .s = s, .linking = true};

    x.unwanted = ARENA_ARRAY(s->arena, bool, s->t->n_resources);
    x.links = s->depends = ARENA_ARRAY(s->arena, struct template_links, s->t->n_resources);
    for (size_t i = 0; i < s->t->n_resources; i++)
        if (s->wanted[i])
            link_one(&x, &s->t->resources[i]);
    TRY(refuse_unwanted(&x, "Template format error: ", "Resources", e));
    TRY(check_outputs(&x, e));
    return refuse_circles(s->arena, s->t, s->depends, e);
}
