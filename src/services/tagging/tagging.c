/* SPDX-License-Identifier: MIT */
/* GetResources, GetTagKeys, GetTagValues: one walk over whatever carries tags (api/tagged.h). */
#include "api/tagged.h"
#include "tagging.h"

enum { PAGE = 50, PAGE_OF_ARNS = 100, WORDS_MAX = 1000 };

static res open_token(struct call *c, str token, str *after)
{
    *after = STR_ABSENT;
    if (token.n && !page_token_open(c, token, after))
        return fault(c, &tagging_PaginationTokenExpiredException, "The pagination token is not valid.");
    return OK;
}

/* AWS answers an empty token at the end, not none. */
static str token_of(struct call *c, str next)
{
    return next.n ? page_token(c, next) : S("");
}

/* ---- GetResources ---- */

struct hunt {
    const struct tagging_get_resources_in *in;
    struct tagging_get_resources_out *out;
    size_t most;
};

static bool in_list(const struct list_of_str *list, str one)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i], one))
            return true;
    return false;
}

static bool is_wanted(const struct tagging_get_resources_in *in, const struct tagged_resource *r)
{
    bool kind = in->resource_type_filters.n == 0 && in->types.n == 0;

    if (in->resource_arn_list.n && !in_list(&in->resource_arn_list, r->arn))
        return false;
    for (size_t i = 0; i < in->resource_type_filters.n; i++)
        kind = kind || tagged_is_kind(r, in->resource_type_filters.v[i]);
    if (!kind && !in_list(&in->types, str_z(r->type->type)))
        return false;
    for (size_t i = 0; i < in->tag_filters.n; i++)
        if (!tagged_has(r, in->tag_filters.v[i].key, &in->tag_filters.v[i].values))
            return false;
    return true;
}

static bool take(struct call *c, void *ctx, const struct tagged_resource *r)
{
    struct hunt *h = ctx;
    struct tagging_resource_tag_mapping_list *list = &h->out->resource_tag_mapping_list;

    if (!is_wanted(h->in, r))
        return true;
    struct tagging_tag *tags = ARENA_ARRAY(c->arena, struct tagging_tag, r->n_tags);
    for (size_t i = 0; i < r->n_tags; i++)
        tags[i] = (struct tagging_tag){r->tags[i].key, r->tags[i].value.p ? r->tags[i].value : S("")};
    list->v[list->n] = (struct tagging_resource_tag_mapping){.resource_arn = r->arn, .tags = {r->n_tags, tags}};
    if (c->parent)
        list->v[list->n].type = str_z(r->type->type);
    list->n++;
    return list->n < h->most;
}

static res check(struct call *c, const struct tagging_get_resources_in *in)
{
    if (in->include_compliance_details.v || in->exclude_compliant_resources.v)
        return fault(c, &tagging_InvalidParameterException, "Barmkin does not weigh tags against tag policies yet.");
    if (in->resource_arn_list.n &&
        (in->tag_filters.n || in->resource_type_filters.n || in->resources_per_page.set || in->pagination_token.n))
        return fault(c, &tagging_InvalidParameterException,
                     "ResourceARNList cannot be used together with another parameter.");
    if (in->types.n && !c->parent)
        return fault(c, &tagging_InvalidParameterException, "Types is no parameter of GetResources.");
    for (size_t i = 0; i < in->tag_filters.n; i++)
        if (!in->tag_filters.v[i].key.n)
            return fault(c, &tagging_InvalidParameterException, "A tag filter needs a Key.");
    return OK;
}

res tagging_get_resources(struct call *c, const struct tagging_get_resources_in *in,
                          struct tagging_get_resources_out *out)
{
    struct hunt h = {.in = in, .out = out, .most = PAGE};
    str after, next;

    TRY(check(c, in));
    TRY(open_token(c, in->pagination_token, &after));
    if (in->resources_per_page.set)
        h.most = (size_t)in->resources_per_page.v;
    if (in->resource_arn_list.n)
        h.most = PAGE_OF_ARNS + 1; /* all of them */
    out->resource_tag_mapping_list.v = ARENA_ARRAY(c->arena, struct tagging_resource_tag_mapping, h.most + 1);
    do
        TRY(tagged_walk(c, after, take, &h, &next));
    while (in->resource_arn_list.n && (after = next).n);
    out->pagination_token = token_of(c, next);
    return OK;
}

/* ---- keys and values ---- */

struct words {
    struct list_of_str list;
    str key; /* whose values; absent: keys are wanted */
};

static void add(struct words *w, str word)
{
    if (!in_list(&w->list, word) && w->list.n < WORDS_MAX)
        w->list.v[w->list.n++] = word.p ? word : S("");
}

static bool take_words(struct call *c, void *ctx, const struct tagged_resource *r)
{
    struct words *w = ctx;

    (void)c;
    for (size_t i = 0; i < r->n_tags; i++) {
        if (!w->key.n)
            add(w, r->tags[i].key);
        else if (str_eq(r->tags[i].key, w->key))
            add(w, r->tags[i].value);
    }
    return w->list.n + 50 < WORDS_MAX; /* a resource has no more than fifty */
}

static res collect(struct call *c, str token, struct words *w, str *next)
{
    str after;

    TRY(open_token(c, token, &after));
    w->list.v = ARENA_ARRAY(c->arena, str, WORDS_MAX + 1);
    TRY(tagged_walk(c, after, take_words, w, next));
    *next = token_of(c, *next);
    return OK;
}

res tagging_get_tag_keys(struct call *c, const struct tagging_get_tag_keys_in *in, struct tagging_get_tag_keys_out *out)
{
    struct words w = {0};

    TRY(collect(c, in->pagination_token, &w, &out->pagination_token));
    out->tag_keys = w.list;
    return OK;
}

res tagging_get_tag_values(struct call *c, const struct tagging_get_tag_values_in *in,
                           struct tagging_get_tag_values_out *out)
{
    struct words w = {.key = in->key};

    TRY(collect(c, in->pagination_token, &w, &out->pagination_token));
    out->tag_values = w.list;
    return OK;
}
