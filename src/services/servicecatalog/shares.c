/* SPDX-License-Identifier: MIT */
/* Portfolios that another account shares, or AWS itself. */
#include "servicecatalog_parts.h"

static res check_target(struct call *c, str account, const struct servicecatalog_organization_node *node, str *to)
{
    *to = account;
    if (node && !str_eq(node->type, S("ACCOUNT")))
        return fault(c, &servicecatalog_OperationNotSupportedException,
                     "Barmkin shares portfolios with accounts, not with an organization or its units.");
    if (node)
        *to = node->value;
    if (to->n != 12 || !str_all(*to, "0123456789"))
        return fault(c, &servicecatalog_InvalidParametersException, "AccountId is not the id of an account.");
    return str_eq(*to, c->caller->account) ? fault(c, &servicecatalog_InvalidParametersException,
                                                   "A portfolio cannot be shared with the account that owns it.")
                                           : OK;
}

res servicecatalog_create_portfolio_share(struct call *c, const struct servicecatalog_create_portfolio_share_in *in,
                                          struct servicecatalog_create_portfolio_share_out *out)
{
    struct servicecatalog_share s = {.portfolio_id = in->portfolio_id}, *old = NULL;

    (void)out;
    TRY(check_target(c, in->account_id, in->organization_node, &s.account_id));
    if (in->share_principals.v || in->share_tag_options.v)
        return fault(c, &servicecatalog_OperationNotSupportedException,
                     "Barmkin's shares carry neither principals nor tag options.");
    s.key = sc_key(c, in->portfolio_id, s.account_id);
    TRY(servicecatalog_share_load(c, STR_ABSENT, s.key, &old));
    return old ? OK : servicecatalog_share_save(c, &s);
}

res servicecatalog_delete_portfolio_share(struct call *c, const struct servicecatalog_delete_portfolio_share_in *in,
                                          struct servicecatalog_delete_portfolio_share_out *out)
{
    struct servicecatalog_share *s = NULL;
    str to;

    (void)out;
    TRY(check_target(c, in->account_id, in->organization_node, &to));
    TRY(servicecatalog_share_load(c, STR_ABSENT, sc_key(c, in->portfolio_id, to), &s));
    return s ? servicecatalog_share_drop(c, s)
             : fault(c, &servicecatalog_ResourceNotFoundException, "Portfolio %.*s is not shared with %.*s.",
                     FMT(in->portfolio_id), FMT(to));
}

res servicecatalog_list_portfolio_access(struct call *c, const struct servicecatalog_list_portfolio_access_in *in,
                                         struct servicecatalog_list_portfolio_access_out *out)
{
    struct servicecatalog_share_page page;
    size_t limit;
    str after;

    TRY(sc_page(c, in->page_token, in->page_size, &after, &limit));
    TRY(servicecatalog_share_list_all(c, STR_ABSENT, sc_key(c, in->portfolio_id, S("")), after, limit, &page));
    out->account_ids.v = ARENA_ARRAY(c->arena, str, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->account_ids.v[out->account_ids.n++] = page.v[i]->account_id;
    if (page.more)
        out->next_page_token = page_token(c, page.v[page.n - 1]->key);
    return OK;
}

/* ---- the other side ---- */

static bool is_of_aws(str id, str type)
{
    return str_eq(type, S("AWS_SERVICECATALOG")) && str_eq(id, S(SC_SAGEMAKER_PORTFOLIO));
}

/* Whose portfolio is shared with the caller's account under this id; in this region. */
static res find_owner(struct call *c, str id, str *owner)
{
    struct servicecatalog_share_page page;

    *owner = STR_ABSENT;
    TRY(servicecatalog_share_by(c, "to", c->caller->account, STR_ABSENT, SC_SHARES_MAX, &page));
    for (size_t i = 0; i < page.n; i++)
        if (str_eq(page.v[i]->portfolio_id, id) && str_eq(page.v[i]->at.region, c->region))
            *owner = page.v[i]->at.account;
    return OK;
}

res servicecatalog_accept_portfolio_share(struct call *c, const struct servicecatalog_accept_portfolio_share_in *in,
                                          struct servicecatalog_accept_portfolio_share_out *out)
{
    struct servicecatalog_accepted a = {.portfolio_id = in->portfolio_id, .type = S("IMPORTED")}, *old = NULL;

    (void)out;
    if (is_of_aws(in->portfolio_id, in->portfolio_share_type))
        a.type = in->portfolio_share_type;
    else if (!in->portfolio_share_type.n || str_eq(in->portfolio_share_type, S("IMPORTED")))
        TRY(find_owner(c, in->portfolio_id, &a.owner));
    if (!a.owner.n && str_eq(a.type, S("IMPORTED")))
        return fault(c, &servicecatalog_ResourceNotFoundException, "Portfolio not found: %.*s", FMT(in->portfolio_id));
    TRY(servicecatalog_accepted_load(c, STR_ABSENT, in->portfolio_id, &old));
    return old && str_eq(old->owner, a.owner) ? OK : servicecatalog_accepted_save(c, old ? old : &a);
}

/* With it go the principals that the account had let in. */
res servicecatalog_reject_portfolio_share(struct call *c, const struct servicecatalog_reject_portfolio_share_in *in,
                                          struct servicecatalog_reject_portfolio_share_out *out)
{
    struct servicecatalog_accepted *a = NULL;

    (void)out;
    TRY(servicecatalog_accepted_load(c, STR_ABSENT, in->portfolio_id, &a));
    if (!a)
        return fault(c, &servicecatalog_ResourceNotFoundException, "Portfolio not found: %.*s", FMT(in->portfolio_id));
    TRY(record_drop_all(c, &servicecatalog_principal_record, STR_ABSENT, sc_key(c, in->portfolio_id, S(""))));
    return servicecatalog_accepted_drop(c, a);
}

res servicecatalog_list_accepted_portfolio_shares(struct call *c,
                                                  const struct servicecatalog_list_accepted_portfolio_shares_in *in,
                                                  struct servicecatalog_list_accepted_portfolio_shares_out *out)
{
    struct servicecatalog_accepted_page page;
    struct servicecatalog_portfolio *p;
    size_t limit;
    str after;

    TRY(sc_page(c, in->page_token, in->page_size, &after, &limit));
    TRY(servicecatalog_accepted_list_all(c, STR_ABSENT, STR_ABSENT, after, limit, &page));
    out->portfolio_details.v = ARENA_ARRAY(c->arena, struct servicecatalog_portfolio_detail, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        if (in->portfolio_share_type.n && !str_eq(in->portfolio_share_type, page.v[i]->type))
            continue;
        TRY(sc_portfolio(c, page.v[i]->portfolio_id, &p));
        if (p)
            out->portfolio_details.v[out->portfolio_details.n++] = sc_portfolio_detail(p);
    }
    if (page.more)
        out->next_page_token = page_token(c, page.v[page.n - 1]->portfolio_id);
    return OK;
}
