/* SPDX-License-Identifier: MIT */
/* What a call is about: the resources that its access lines name, found in the records, with their owners and
 * policies. */
#include "api/locate.h"

#include <assert.h>

#include "api/gate.h"
#include "api/house.h"
#include "api/kept.h"
#include "api/walk.h"

enum { MOST_NAMES = 4 }; /* of a resource; modelc takes no more */

/* {partition}, {region} and {account} are filled in; every other {name} takes the next value. */
static str fill_arn(struct call *c, const char *template, const str *names, size_t n)
{
    size_t own = c->worker->house->partition.n + c->region.n + c->caller->account.n, next = 0;
    size_t most = str_z(template).n + 2 * own; /* a template may repeat itself once */
    struct buf b = {0};
    str rest = str_z(template);

    for (size_t i = 0; i < n; i++)
        most += names[i].n; /* a "*" instead of one is shorter than its placeholder */
    b.p = arena_alloc(c->arena, most + 1);
    b.cap = b.max = most;
    while (rest.n) {
        ptrdiff_t open = str_find(rest, '{');
        if (open < 0)
            break;
        buf_add(&b, str_sub(rest, 0, (size_t)open));
        rest = str_from(rest, (size_t)open + 1);
        str name = str_cut(&rest, '}');
        if (str_eq(name, S("partition")))
            buf_add(&b, c->worker->house->partition);
        else if (str_eq(name, S("region")))
            buf_add(&b, c->region);
        else if (str_eq(name, S("account")))
            buf_add(&b, c->caller->account);
        else
            buf_add(&b, next < n ? names[next] : S("*"));
        next += !str_eq(name, S("partition")) && !str_eq(name, S("region")) && !str_eq(name, S("account"));
    }
    buf_add(&b, rest);
    assert(!b.full); /* a part of an ARN would be another ARN */
    return buf_str(&b);
}

static const struct str_pair *copy_tags(struct arena *a, const struct str_pair *v, size_t n)
{
    struct str_pair *tags = ARENA_ARRAY(a, struct str_pair, n + 1);

    for (size_t i = 0; i < n; i++)
        tags[i] = (struct str_pair){arena_dup(a, v[i].key), arena_dup(a, v[i].value)};
    return tags;
}

static res locate_one(struct call *c, const struct access_line *line, const str *names, size_t n, struct resource *out)
{
    out->type = line->on;
    out->account = c->caller->account;
    if (!line->on->find) {
        out->arn = fill_arn(c, line->on->arn, names, n);
        return OK;
    }
    out->arn =
        STR_ABSENT; /* what the finder does not name is named by the template, so that it is judged by its name */
    TRY(line->on->find(c, names, n, out));
    if (!out->arn.n)
        out->arn = fill_arn(c, line->on->arn, names, n);
    if (c->op->kind == OP_PROXIES) { /* its audit record is written when the answer has come */
        out->arn = arena_dup(c->arena, out->arn);
        out->account = arena_dup(c->arena, out->account);
        out->tags = copy_tags(c->arena, out->tags, out->n_tags);
    }
    return OK;
}

static struct resource *add_resource(struct call *c, struct located *l, const struct access_line *line)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 4;
        struct resource *v = ARENA_ARRAY(c->arena, struct resource, cap);
        const struct access_line **lines = ARENA_ARRAY(c->arena, const struct access_line *, cap);
        for (size_t i = 0; i < l->n; i++) {
            v[i] = l->v[i];
            lines[i] = l->lines[i];
        }
        l->v = v;
        l->lines = lines;
        l->cap = cap;
    }
    l->lines[l->n] = line;
    return &l->v[l->n++];
}

/* The values of each of a line's names; answers how many resources they make. */
static size_t line_names(struct call *c, const struct access_line *line, struct list_of_str values[MOST_NAMES],
                         size_t *n, bool *any)
{
    size_t times = 1;

    for (*n = 0; *n < line->n_members && *n < MOST_NAMES; ++*n) {
        values[*n] = shape_values(c->op->in, c->in, line->members[*n], c->arena);
        *any |= values[*n].n > 0;
        if (values[*n].n > times)
            times = values[*n].n;
    }
    return times;
}

res gate_locate_role(struct call *c, str arn, struct resource *out)
{
    const struct role_facts *role;

    out->arn = arn;
    TRY(kept_role(c, arn, &role));
    if (!role->found)
        return OK;
    out->account = arena_dup(c->arena, role->account);
    out->tags = copy_tags(c->arena, role->tags, role->n_tags); /* as the principal's: the audit may write later */
    out->n_tags = role->n_tags;
    return OK;
}

static bool line_applies(struct call *c, const struct access_line *line)
{
    if (line->kind == ACCESS_EACH || line->kind == ACCESS_OPEN)
        return false;
    switch (line->when) {
    case WHEN_PRESENT:
        return shape_has(c->op->in, c->in, line->member, c->arena);
    case WHEN_ABSENT:
        return !shape_has(c->op->in, c->in, line->member, c->arena);
    case WHEN_TRANSITIVE_TAGS:
        return c->caller->n_transitive > 0;
    case WHEN_SOURCE_IDENTITY:
        return c->caller->source_identity.n > 0;
    case ALWAYS:
        break;
    }
    return true;
}

/* A list among the names fans out: one resource per value, the other names repeated. Where none of the names is given,
 * all of them are meant. */
static res locate_line(struct call *c, const struct access_line *line, struct located *l)
{
    struct list_of_str values[MOST_NAMES];
    bool any = false;
    size_t n, times;

    if (!line_applies(c, line))
        return OK;
    times = line_names(c, line, values, &n, &any);
    if (line->kind == ACCESS_PASS_ROLE && !any)
        return OK;
    for (size_t i = 0; i < times; i++) {
        str names[MOST_NAMES];
        struct resource *r = add_resource(c, l, line);
        *r = (struct resource){.arn = S("*"), .account = c->caller->account};
        for (size_t k = 0; k < n; k++)
            names[k] = values[k].n == 0 ? S("") : values[k].v[i < values[k].n ? i : values[k].n - 1];
        if (line->kind == ACCESS_PASS_ROLE)
            TRY(gate_locate_role(c, names[0], r));
        else if (line->on &&
                 (any || line->on->always || !line->n_members)) /* a resource without names is one of its own */
            TRY(locate_one(c, line, names, n, r));
    }
    return OK;
}

res locate(struct call *c, struct located *l)
{
    for (size_t i = 0; i < c->op->n_access; i++)
        TRY(locate_line(c, &c->op->access[i], l));
    c->resources = l->v;
    c->n_resources = l->n;
    c->subject = l->n ? l->v[0].subject : NULL;
    return OK;
}
