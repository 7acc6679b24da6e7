/* SPDX-License-Identifier: MIT */
/* The walk over all resources with tags: type after type, record after record, in the order of their ids. */
#include "api/tagged.h"

#include "api/house.h"

enum { PAGE = 200 };

struct walk {
    struct call *c;
    tagged_take *take;
    void *ctx;
    size_t read;
    bool enough;
    str next;
};

/* ---- one record ---- */

static str member_of(const struct record_type *t, const void *record, str name)
{
    const struct field *f = shape_field(t->shape, name);

    return f && f->kind == K_STRING ? *(const str *)field_of(record, f) : STR_ABSENT;
}

static str value_of(struct call *c, const struct record_type *t, const void *record, str name)
{
    if (str_eq(name, S("partition")))
        return c->worker->house->partition;
    if (str_eq(name, S("region")))
        return c->region;
    if (str_eq(name, S("account")))
        return ((const struct record_head *)record)->account;
    return member_of(t, record, name);
}

static str arn_of(struct call *c, const struct tagged_type *t, const void *record)
{
    str rest = str_z(t->arn), arn = S("");

    while (str_is(rest)) {
        str before = str_cut(&rest, '{');
        arn = arena_cat(c->arena, arn, before);
        if (!str_is(rest))
            break;
        str value = value_of(c, t->record, record, str_cut(&rest, '}'));
        if (str_ends(arn, S("/")) && str_starts(value, S("/"))) /* the parameter /a is .../parameter/a */
            value = str_from(value, 1);
        arn = arena_cat(c->arena, arn, value);
        if (!rest.n)
            break;
    }
    return arn;
}

/* "ec2:vpc" of arn:aws:ec2:R:A:vpc/vpc-1; where the sixth field is a name alone, the type's last word: "s3:bucket". */
static str kind_of(struct call *c, const struct tagged_type *t, str arn)
{
    str from = str_behind(arn, ':', 2), service = str_cut(&from, ':'), rest = str_behind(from, ':', 2),
        word = str_z(t->type);
    size_t n = 0;

    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != ':')
        n++;
    if (n < rest.n)
        return arena_printf(c->arena, "%.*s:%.*s", FMT(service), FMT(str_sub(rest, 0, n)));
    word = str_from(word, (size_t)str_rfind(word, ':') + 1);
    return arena_printf(c->arena, "%.*s:%c%.*s", FMT(service), word.p[0] | 0x20, FMT(str_from(word, 1)));
}

/* A list of tags begins with key and value, whatever they are called, and is as wide as its shape says. */
static void read_tags(struct call *c, const struct record_type *t, const void *record, struct tagged_resource *out)
{
    const struct field *f = shape_field(t->shape, S("Tags"));

    if (!f)
        f = shape_field(t->shape, S("tags"));
    if (!f)
        return;
    const struct list_any *all = field_of(record, f);
    if (f->kind == K_MAP || f->shape->size == sizeof(struct str_pair)) {
        out->tags = all->v;
        out->n_tags = all->n;
        return;
    }
    struct str_pair *v = ARENA_ARRAY(c->arena, struct str_pair, all->n + 1);
    for (size_t i = 0; i < all->n; i++)
        v[i] = *(const struct str_pair *)((const char *)all->v + i * f->shape->size);
    out->tags = v;
    out->n_tags = all->n;
}

/* What is deleted and still told of for a while carries no tags any more. Global records that say their region
 * (buckets) are of that region. */
static bool is_here(struct call *c, const struct record_type *t, const void *record)
{
    str region = t->global ? member_of(t, record, S("Region")) : STR_ABSENT;

    return (!region.n || str_eq(region, c->region)) &&
           !str_eq_nocase(member_of(t, record, S("Status")), S("deleted")) &&
           !str_eq_nocase(member_of(t, record, S("State")), S("deleted"));
}

static void look_at(struct walk *w, const struct tagged_type *t, const void *record)
{
    struct tagged_resource r = {.type = t};

    w->read++;
    read_tags(w->c, t->record, record, &r);
    if (r.n_tags && is_here(w->c, t->record, record)) {
        r.arn = arn_of(w->c, t, record);
        r.kind = kind_of(w->c, t, r.arn);
        w->enough = !w->take(w->c, w->ctx, &r);
    }
    if (w->enough || w->read >= TAGGED_READ_MAX)
        w->next =
            arena_printf(w->c->arena, "%s/%.*s", t->type, FMT(member_of(t->record, record, str_z(t->record->id))));
}

/* ---- all ---- */

static res walk_type(struct walk *w, const struct tagged_type *t, str after)
{
    struct record_page page = {.more = true};

    while (page.more && !w->next.n) {
        TRY(record_list(w->c, t->record, STR_ABSENT, STR_ABSENT, after, PAGE, &page));
        for (size_t i = 0; i < page.n && !w->next.n; i++)
            look_at(w, t, page.v[i]);
        if (page.n)
            after = member_of(t->record, page.v[page.n - 1], str_z(t->record->id));
    }
    return OK;
}

res tagged_walk(struct call *c, str after, tagged_take *take, void *ctx, str *next)
{
    struct walk w = {.c = c, .take = take, .ctx = ctx};
    const struct tagged_type *t = tagged_types;
    str id = after, type = str_cut(&id, '/');

    while (after.n && t->record && !str_eq(str_z(t->type), type))
        t++;
    for (; t->record && !w.next.n; t++) {
        TRY(walk_type(&w, t, id));
        id = STR_ABSENT;
    }
    *next = w.next;
    return OK;
}

/* ---- filters ---- */

bool tagged_is_kind(const struct tagged_resource *r, str filter)
{
    return str_eq(r->kind, filter) || (str_starts(r->kind, filter) && r->kind.p[filter.n] == ':');
}

bool tagged_has(const struct tagged_resource *r, str key, const struct list_of_str *values)
{
    for (size_t i = 0; i < r->n_tags; i++) {
        if (!str_eq(r->tags[i].key, key))
            continue;
        for (size_t k = 0; k < values->n; k++)
            if (str_eq(r->tags[i].value, values->v[k]))
                return true;
        return values->n == 0;
    }
    return false;
}
