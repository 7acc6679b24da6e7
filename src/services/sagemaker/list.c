/* SPDX-License-Identifier: MIT */
/* Lists: SageMaker's all filter, sort and page alike, so one function reads the request's members by their names. */
#include <stdlib.h>

#include "sagemaker_parts.h"

enum { AT_ONCE = 1000, MOST = 20000, PAGE = 100 };

struct item {
    void *record;
    str name, order; /* order: what is sorted by, as text that compares right */
    bool descending;
};

struct filters {
    str contains, status, approval, owner, sort_by, sort_order, token;
    opt_time after, before, modified_after, modified_before;
    size_t max;
};

static const void *input(struct call *c, const char *member)
{
    const struct field *f = shape_field(c->op->in, str_z(member));

    return f && field_is_set(c->in, f) ? field_of(c->in, f) : NULL;
}

static str text_in(struct call *c, const char *member)
{
    const str *s = input(c, member);

    return s ? *s : STR_ABSENT;
}

static opt_time time_in(struct call *c, const char *member)
{
    const opt_time *t = input(c, member);

    return t ? *t : (opt_time){0};
}

static str text_of(const struct shape *s, const void *record, const char *member)
{
    const struct field *f = member ? shape_field(s, str_z(member)) : NULL;

    return f ? *(const str *)field_of(record, f) : STR_ABSENT;
}

static opt_time time_of(const struct shape *s, const void *record, const char *member)
{
    const struct field *f = shape_field(s, str_z(member));

    return f ? *(const opt_time *)field_of(record, f) : (opt_time){0};
}

static bool between(opt_time t, opt_time after, opt_time before)
{
    return (!after.set || t.ms > after.ms) && (!before.set || t.ms < before.ms);
}

static bool fits(const struct sm_list *q, const struct filters *f, const void *record)
{
    const struct shape *s = q->type->shape;
    str name = text_of(s, record, q->name);

    if (str_is(f->contains) && str_search(name, f->contains) < 0)
        return false;
    if (str_is(f->status) && !str_eq(text_of(s, record, q->status), f->status))
        return false;
    if (str_is(f->approval) && !str_eq(text_of(s, record, "ModelApprovalStatus"), f->approval))
        return false;
    if (str_is(f->owner) && !str_eq(text_of(s, record, "UserProfileName"), f->owner))
        return false;
    return between(time_of(s, record, "CreationTime"), f->after, f->before) &&
           between(time_of(s, record, "LastModifiedTime"), f->modified_after, f->modified_before);
}

static int compare(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = str_cmp(x->order, y->order);

    return x->descending ? -order : order;
}

/* Ties are broken by the name, so that a page can begin after any item. */
static str order_of(struct call *c, const struct sm_list *q, const struct filters *f, const void *record, str name)
{
    const struct shape *s = q->type->shape;

    if (str_eq(f->sort_by, S("Name")))
        return name;
    if (str_eq(f->sort_by, S("Status")))
        return arena_printf(c->arena, "%.*s %.*s", FMT(text_of(s, record, q->status)), FMT(name));
    const char *when = str_eq(f->sort_by, S("LastModifiedTime")) ? "LastModifiedTime" : "CreationTime";
    return arena_printf(c->arena, "%020lld %.*s", (long long)time_of(s, record, when).ms, FMT(name));
}

static res read_filters(struct call *c, const struct sm_list *q, struct filters *f)
{
    const opt_int *max = input(c, "MaxResults");

    *f = (struct filters){.contains = text_in(c, "NameContains"),
                          .owner = text_in(c, "UserProfileNameEquals"),
                          .status = text_in(c, "StatusEquals"),
                          .approval = text_in(c, "ModelApprovalStatus"),
                          .sort_by = text_in(c, "SortBy"),
                          .sort_order = text_in(c, "SortOrder"),
                          .after = time_in(c, "CreationTimeAfter"),
                          .before = time_in(c, "CreationTimeBefore"),
                          .modified_after = time_in(c, "LastModifiedTimeAfter"),
                          .modified_before = time_in(c, "LastModifiedTimeBefore"),
                          .max = max ? (size_t)max->v : PAGE};
    if (!str_is(f->contains))
        f->contains = text_in(c, "UserProfileNameContains");
    if (!str_is(f->sort_order))
        f->sort_order = q->newest_first ? S("Descending") : S("Ascending");
    if (str_is(text_in(c, "NextToken")) && !page_token_open(c, text_in(c, "NextToken"), &f->token))
        return fault(c, &sagemaker_ValidationException, "Invalid pagination token.");
    return OK;
}

static res gather(struct call *c, const struct sm_list *q, const struct filters *f, struct item **out, size_t *n)
{
    struct record_page page = {.more = true};
    str after = STR_ABSENT;
    size_t cap = AT_ONCE;

    *out = ARENA_ARRAY(c->arena, struct item, cap);
    for (*n = 0; page.more && *n < MOST;) {
        TRY(record_list(c, q->type, q->account, q->prefix, after, AT_ONCE, &page));
        if (*n + page.n > cap) {
            struct item *more = ARENA_ARRAY(c->arena, struct item, cap = (*n + page.n) * 2);
            for (size_t i = 0; i < *n; i++)
                more[i] = (*out)[i];
            *out = more;
        }
        for (size_t i = 0; i < page.n; i++) {
            str id = text_of(q->type->shape, page.v[i], q->type->id);
            after = id;
            if (fits(q, f, page.v[i]))
                (*out)[(*n)++] = (struct item){page.v[i], id, order_of(c, q, f, page.v[i], id),
                                               str_eq(f->sort_order, S("Descending"))};
        }
    }
    return OK;
}

res sm_list(struct call *c, const struct sm_list *q, void *list, str *next_token)
{
    struct list_any *out = list;
    struct filters f;
    struct item *items;
    size_t n, at = 0;

    TRY(read_filters(c, q, &f));
    TRY(gather(c, q, &f, &items, &n));
    qsort(items, n, sizeof *items, compare);
    if (str_is(f.token)) {
        struct item from = {.order = f.token, .descending = str_eq(f.sort_order, S("Descending"))};
        while (at < n && compare(&items[at], &from) <= 0)
            at++;
    }
    size_t count = n - at < f.max ? n - at : f.max;
    out->v = arena_alloc_array(c->arena, count + 1, q->shape->size);
    out->n = count;
    for (size_t i = 0; i < count; i++)
        shape_copy(q->type->shape, items[at + i].record, q->shape, (char *)out->v + i * q->shape->size);
    if (at + count < n)
        *next_token = page_token(c, items[at + count - 1].order);
    return OK;
}
