/* SPDX-License-Identifier: MIT */
/* Products that are looked for: an administrator's, and an end user's, who sees what portfolios give. */
#include <stdlib.h>

#include "base/json.h"
#include "servicecatalog_parts.h"

struct search {
    str filters; /* JSON: {"FullTextSearch": [...], "Owner": [...], "ProductType": [...]} */
    str sort_by, order, token;
    opt_int size;
    const struct servicecatalog_product **v;
    size_t n, from, limit;
    str next;
};

/* ---- filters ---- */

static bool contains(struct call *c, str text, str word)
{
    for (size_t i = 0; word.n && i + word.n <= text.n; i++)
        if (str_eq_nocase(str_sub(text, i, word.n), word))
            return true;
    (void)c;
    return !word.n;
}

static bool fits(struct call *c, const struct servicecatalog_product *p, const char *filter, str word)
{
    if (str_eq(str_z(filter), S("Owner")))
        return str_eq_nocase(p->owner, word);
    if (str_eq(str_z(filter), S("ProductType")))
        return str_eq_nocase(p->type, word);
    return contains(c, p->name, word) || contains(c, p->description, word) || contains(c, p->owner, word) ||
           contains(c, p->distributor, word);
}

/* Every filter, by one of its words. */
static bool wanted(struct call *c, const struct servicecatalog_product *p, const json_t *filters)
{
    const char *key;
    json_t *words, *one;
    size_t i;

    json_object_foreach((json_t *)filters, key, words)
    {
        bool any = json_array_size(words) == 0;
        json_array_foreach(words, i, one) any = any || fits(c, p, key, json_str(one));
        if (!any)
            return false;
    }
    return true;
}

static res check_filters(struct call *c, const json_t *filters)
{
    const char *key;
    json_t *words;

    json_object_foreach((json_t *)filters, key, words)
    {
        str k = str_z(key);
        if (!str_eq(k, S("FullTextSearch")) && !str_eq(k, S("Owner")) && !str_eq(k, S("ProductType")))
            return fault(c, &servicecatalog_InvalidParametersException,
                         "Barmkin filters products by FullTextSearch, Owner and ProductType, not by %s.", key);
    }
    return OK;
}

/* ---- order and pages ---- */

static int by_title(const void *a, const void *b)
{
    const struct servicecatalog_product *x = *(const struct servicecatalog_product *const *)a,
                                        *y = *(const struct servicecatalog_product *const *)b;
    int way = str_cmp(x->name, y->name);

    return way ? way : str_cmp(x->id, y->id);
}

static int by_date(const void *a, const void *b)
{
    const struct servicecatalog_product *x = *(const struct servicecatalog_product *const *)a,
                                        *y = *(const struct servicecatalog_product *const *)b;

    if (x->created_time.ms != y->created_time.ms)
        return x->created_time.ms < y->created_time.ms ? -1 : 1;
    return str_cmp(x->id, y->id);
}

static void sort(struct search *s)
{
    qsort(s->v, s->n, sizeof *s->v, str_eq(s->sort_by, S("CreationDate")) ? by_date : by_title);
    for (size_t i = 0; str_eq(s->order, S("DESCENDING")) && i < s->n / 2; i++) {
        const struct servicecatalog_product *first = s->v[i];
        s->v[i] = s->v[s->n - 1 - i];
        s->v[s->n - 1 - i] = first;
    }
}

static res finish(struct call *c, struct search *s)
{
    struct err ignored = {0};
    json_t *filters = NULL;
    uint64_t at = 0;
    size_t kept = 0;
    str after;

    TRY(sc_page(c, s->token, s->size, &after, &s->limit));
    if (after.n && !str_to_u64(after, &at))
        return fault(c, &servicecatalog_InvalidParametersException, "The page token is not valid.");
    if (s->filters.n && (!is_ok(json_parse(c->arena, s->filters, &ignored, &filters)) || !json_is_object(filters)))
        return fault(c, &servicecatalog_InvalidParametersException, "Filters are not a map of lists.");
    TRY(check_filters(c, filters));
    for (size_t i = 0; i < s->n; i++)
        if (wanted(c, s->v[i], filters))
            s->v[kept++] = s->v[i];
    s->n = kept;
    if (s->n)
        sort(s);
    s->from = at < s->n ? (size_t)at : s->n;
    if (s->n - s->from > s->limit) {
        s->n = s->from + s->limit;
        s->next = page_token(c, arena_printf(c->arena, "%zu", s->n));
    }
    return OK;
}

/* ---- the administrator's ---- */

static res all_products(struct call *c, struct search *s)
{
    struct servicecatalog_product_page page;

    TRY(servicecatalog_product_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, SC_PRODUCTS_MAX, &page));
    s->v = ARENA_ARRAY(c->arena, const struct servicecatalog_product *, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        s->v[s->n++] = page.v[i];
    return OK;
}

static bool seen(const struct search *s, str id)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->v[i]->id, id))
            return true;
    return false;
}

static res add_portfolio(struct call *c, const struct servicecatalog_portfolio *p, struct search *s)
{
    struct servicecatalog_association_page page = {0};
    struct servicecatalog_product *one;

    if (p->at.account.n)
        TRY(servicecatalog_association_list_all(c, p->at.account, sc_key(c, p->id, S("")), STR_ABSENT,
                                                SC_PRODUCTS_OF_PORTFOLIO_MAX, &page));
    const struct servicecatalog_product **v =
        ARENA_ARRAY(c->arena, const struct servicecatalog_product *, s->n + page.n + 1);
    for (size_t i = 0; i < s->n; i++)
        v[i] = s->v[i];
    s->v = v;
    for (size_t i = 0; i < page.n; i++) {
        one = NULL;
        TRY(servicecatalog_product_load(c, p->at.account, page.v[i]->product_id, &one));
        if (one && !seen(s, one->id))
            s->v[s->n++] = one;
    }
    return OK;
}

res servicecatalog_search_products_as_admin(struct call *c, const struct servicecatalog_search_products_as_admin_in *in,
                                            struct servicecatalog_search_products_as_admin_out *out)
{
    struct search s = {.filters = in->filters,
                       .sort_by = in->sort_by,
                       .order = in->sort_order,
                       .token = in->page_token,
                       .size = in->page_size};
    struct servicecatalog_portfolio *p;

    if (in->portfolio_id.n) {
        TRY(sc_need_portfolio(c, in->portfolio_id, &p));
        TRY(add_portfolio(c, p, &s));
    } else {
        TRY(all_products(c, &s));
    }
    TRY(finish(c, &s));
    out->product_view_details.v = ARENA_ARRAY(c->arena, struct servicecatalog_product_view_detail, s.n + 1);
    for (size_t i = s.from; i < s.n; i++)
        sc_view(c, s.v[i], &out->product_view_details.v[out->product_view_details.n++]);
    out->next_page_token = s.next;
    return OK;
}

/* ---- the end user's ---- */

res servicecatalog_search_products(struct call *c, const struct servicecatalog_search_products_in *in,
                                   struct servicecatalog_search_products_out *out)
{
    struct search s = {.filters = in->filters,
                       .sort_by = in->sort_by,
                       .order = in->sort_order,
                       .token = in->page_token,
                       .size = in->page_size};
    struct servicecatalog_portfolio *p;
    struct list_of_str mine;

    TRY(sc_portfolios_of_caller(c, &mine));
    for (size_t i = 0; i < mine.n; i++) {
        TRY(sc_portfolio(c, mine.v[i], &p));
        if (p)
            TRY(add_portfolio(c, p, &s));
    }
    TRY(finish(c, &s));
    out->product_view_summaries.v = ARENA_ARRAY(c->arena, struct servicecatalog_product_view_summary, s.n + 1);
    for (size_t i = s.from; i < s.n; i++)
        out->product_view_summaries.v[out->product_view_summaries.n++] = *sc_summary(c, s.v[i]);
    out->next_page_token = s.next;
    return OK;
}
