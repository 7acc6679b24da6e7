/* SPDX-License-Identifier: MIT */
/* Portfolios, and what they share with products: tags, pages, tokens. */
#include "api/tags.h"
#include "servicecatalog_parts.h"

/* ---- shared ---- */

res sc_need_token(struct call *c, str token)
{
    if (token.n || c->parent)
        return OK;
    return fault(c, &servicecatalog_InvalidParametersException,
                 "1 validation error detected: Value null at 'idempotencyToken' failed to satisfy constraint: Member "
                 "must not be null");
}

res sc_page(struct call *c, str token, opt_int size, str *after, size_t *limit)
{
    *after = STR_ABSENT;
    *limit = size.set && size.v > 0 ? (size_t)size.v : SC_PAGE;
    if (token.n && !page_token_open(c, token, after))
        return fault(c, &servicecatalog_InvalidParametersException, "The page token is not valid.");
    return OK;
}

res sc_check_tags(struct call *c, const struct servicecatalog_tag_list *tags)
{
    for (size_t i = 0; i < tags->n; i++) {
        if (tags_is_system(tags->v[i].key))
            return fault(c, &servicecatalog_InvalidParametersException,
                         "Tag keys that begin with aws: are reserved: %.*s", FMT(tags->v[i].key));
        if (tags_have((struct map_of_str){i, (struct str_pair *)tags->v}, tags->v[i].key))
            return fault(c, &servicecatalog_InvalidParametersException, "Duplicate tag key: %.*s", FMT(tags->v[i].key));
    }
    return OK;
}

res sc_change_tags(struct call *c, const struct servicecatalog_tag_list *old, const struct servicecatalog_tag_list *add,
                   const struct list_of_str *gone, struct servicecatalog_tag_list *out)
{
    struct map_of_str kept = tags_take_off(c->arena, TAGS(*old), gone), all;

    TRY(sc_check_tags(c, add));
    all = tags_put(c->arena, kept, TAGS(*add));
    if (all.n > SC_TAGS_MAX)
        return fault(c, &servicecatalog_LimitExceededException, "A resource has at most %d tags.", SC_TAGS_MAX);
    *out = (struct servicecatalog_tag_list){all.n, (struct servicecatalog_tag *)all.v};
    return OK;
}

/* AWS answers an empty list, not none. */
struct servicecatalog_tag_list sc_tags_out(struct call *c, const struct servicecatalog_tag_list *tags)
{
    struct servicecatalog_tag_list all = *tags;

    if (!all.v)
        all.v = ARENA_ARRAY(c->arena, struct servicecatalog_tag, 1);
    return all;
}

/* ---- one portfolio ---- */

struct servicecatalog_portfolio_detail sc_portfolio_detail(const struct servicecatalog_portfolio *p)
{
    struct servicecatalog_portfolio_detail d = {0};

    shape_copy(&servicecatalog_portfolio_shape, p, &servicecatalog_portfolio_detail_shape, &d);
    return d;
}

static struct servicecatalog_portfolio_detail *detail(struct call *c, const struct servicecatalog_portfolio *p)
{
    struct servicecatalog_portfolio_detail *d = ARENA_NEW(c->arena, struct servicecatalog_portfolio_detail);

    *d = sc_portfolio_detail(p);
    return d;
}

/* The same token is the same request: its portfolio answers. With other names it is a mistake. */
static res find_repeated(struct call *c, const struct servicecatalog_create_portfolio_in *in,
                         struct servicecatalog_portfolio **out)
{
    struct servicecatalog_portfolio_page page = {0};

    *out = NULL;
    if (in->idempotency_token.n)
        TRY(servicecatalog_portfolio_by_after(c, "token", in->idempotency_token, STR_ABSENT, 1, &page));
    if (!page.n)
        return OK;
    *out = page.v[0];
    if (!str_eq((*out)->display_name, in->display_name) || !str_eq((*out)->provider_name, in->provider_name))
        return fault(c, &servicecatalog_InvalidParametersException,
                     "The idempotency token was used with other parameters.");
    return OK;
}

static res check_count(struct call *c)
{
    int64_t n;

    TRY(record_count(c, &servicecatalog_portfolio_record, &n));
    return n < SC_PORTFOLIOS_MAX ? OK
                                 : fault(c, &servicecatalog_LimitExceededException,
                                         "You have reached your limit of %d portfolios.", SC_PORTFOLIOS_MAX);
}

res servicecatalog_create_portfolio(struct call *c, const struct servicecatalog_create_portfolio_in *in,
                                    struct servicecatalog_create_portfolio_out *out)
{
    struct servicecatalog_portfolio *p;

    TRY(sc_need_token(c, in->idempotency_token));
    TRY(sc_check_tags(c, &in->tags));
    TRY(find_repeated(c, in, &p));
    if (!p) {
        TRY(check_count(c));
        p = ARENA_NEW(c->arena, struct servicecatalog_portfolio);
        shape_copy(&servicecatalog_create_portfolio_in_shape, in, &servicecatalog_portfolio_shape, p);
        p->id = call_unique(c, "port-", 13);
        p->arn = call_arn(c, "catalog", "portfolio/%.*s", FMT(p->id));
        p->created_time = SET_TIME(c->now_ms);
        TRY(servicecatalog_portfolio_save(c, p));
    }
    out->portfolio_detail = detail(c, p);
    out->tags = sc_tags_out(c, &p->tags);
    return OK;
}

res servicecatalog_describe_portfolio(struct call *c, const struct servicecatalog_describe_portfolio_in *in,
                                      struct servicecatalog_describe_portfolio_out *out)
{
    const struct servicecatalog_portfolio *p = c->subject;
    const struct servicecatalog_tag_list none = {0};

    (void)in;
    out->portfolio_detail = detail(c, p);
    out->tags = sc_tags_out(c, sc_is_own(c, p) ? &p->tags : &none);
    return OK;
}

res servicecatalog_update_portfolio(struct call *c, const struct servicecatalog_update_portfolio_in *in,
                                    struct servicecatalog_update_portfolio_out *out)
{
    struct servicecatalog_portfolio p = *(const struct servicecatalog_portfolio *)c->subject;

    TRY(sc_change_tags(c, &p.tags, &in->add_tags, &in->remove_tags, &p.tags));
    shape_copy(&servicecatalog_update_portfolio_in_shape, in, &servicecatalog_portfolio_shape, &p);
    TRY(servicecatalog_portfolio_save(c, &p));
    out->portfolio_detail = detail(c, &p);
    out->tags = sc_tags_out(c, &p.tags);
    return OK;
}

/* What hangs on it must go first: AWS does not say which. */
res servicecatalog_delete_portfolio(struct call *c, const struct servicecatalog_delete_portfolio_in *in,
                                    struct servicecatalog_delete_portfolio_out *out)
{
    const struct servicecatalog_portfolio *p = c->subject;
    struct servicecatalog_association_page products;
    struct servicecatalog_principal_page principals;
    struct servicecatalog_constraint_page constraints;
    struct servicecatalog_share_page shares;
    str prefix = sc_key(c, p->id, S(""));

    (void)in, (void)out;
    TRY(servicecatalog_association_list_all(c, STR_ABSENT, prefix, STR_ABSENT, 1, &products));
    TRY(servicecatalog_principal_list_all(c, STR_ABSENT, prefix, STR_ABSENT, 1, &principals));
    TRY(servicecatalog_share_list_all(c, STR_ABSENT, prefix, STR_ABSENT, 1, &shares));
    TRY(sc_constraints(c, p->id, STR_ABSENT, &constraints));
    if (products.n || principals.n || constraints.n || shares.n)
        return fault(c, &servicecatalog_ResourceInUseException,
                     "Portfolio %.*s cannot be deleted: it still has %s associated with it.", FMT(p->id),
                     products.n     ? "products"
                     : principals.n ? "principals"
                     : shares.n     ? "shares"
                                    : "constraints");
    return servicecatalog_portfolio_drop(c, p);
}

res servicecatalog_list_portfolios(struct call *c, const struct servicecatalog_list_portfolios_in *in,
                                   struct servicecatalog_list_portfolios_out *out)
{
    struct servicecatalog_portfolio_page page;
    size_t limit;
    str after;

    TRY(sc_page(c, in->page_token, in->page_size, &after, &limit));
    TRY(servicecatalog_portfolio_list_all(c, STR_ABSENT, STR_ABSENT, after, limit, &page));
    out->portfolio_details.v = ARENA_ARRAY(c->arena, struct servicecatalog_portfolio_detail, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->portfolio_details.v[out->portfolio_details.n++] = sc_portfolio_detail(page.v[i]);
    if (page.more)
        out->next_page_token = page_token(c, page.v[page.n - 1]->id);
    return OK;
}
