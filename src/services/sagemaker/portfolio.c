/* SPDX-License-Identifier: MIT */
/* Projects are made from a portfolio that AWS shares with every account: Service Catalog keeps whether this one has
 * accepted it, and is asked in the caller's own right. */
#include "sagemaker_parts.h"
#include "servicecatalog.h"

#define PORTFOLIO "port-amznsagemaker" /* servicecatalog/README.md */
#define SHARED_BY "AWS_SERVICECATALOG"

res sagemaker_enable_sagemaker_servicecatalog_portfolio(
    struct call *c, const struct sagemaker_enable_sagemaker_servicecatalog_portfolio_in *in,
    struct sagemaker_enable_sagemaker_servicecatalog_portfolio_out *out)
{
    struct servicecatalog_accept_portfolio_share_in accept = {.portfolio_id = S(PORTFOLIO),
                                                              .portfolio_share_type = S(SHARED_BY)};
    struct servicecatalog_accept_portfolio_share_out done = {0};

    (void)in, (void)out;
    return call_as(c, caller_forward(c, SAGEMAKER), &servicecatalog_AcceptPortfolioShare_op, &accept, &done);
}

res sagemaker_disable_sagemaker_servicecatalog_portfolio(
    struct call *c, const struct sagemaker_disable_sagemaker_servicecatalog_portfolio_in *in,
    struct sagemaker_disable_sagemaker_servicecatalog_portfolio_out *out)
{
    struct servicecatalog_reject_portfolio_share_in reject = {.portfolio_id = S(PORTFOLIO),
                                                              .portfolio_share_type = S(SHARED_BY)};
    struct servicecatalog_reject_portfolio_share_out done = {0};
    struct fault why;

    (void)in, (void)out;
    TRY(call_try(c, caller_forward(c, SAGEMAKER), &servicecatalog_RejectPortfolioShare_op, &reject, &done, &why));
    if (!why.type || why.type == &servicecatalog_ResourceNotFoundException)
        return OK; /* not accepted is disabled */
    return fault(c, why.type, "%.*s", FMT(why.message));
}

/* Told to whoever may ask SageMaker; that the caller may read Service Catalog is not needed. */
res sagemaker_get_sagemaker_servicecatalog_portfolio_status(
    struct call *c, const struct sagemaker_get_sagemaker_servicecatalog_portfolio_status_in *in,
    struct sagemaker_get_sagemaker_servicecatalog_portfolio_status_out *out)
{
    struct servicecatalog_list_accepted_portfolio_shares_in ask = {.portfolio_share_type = S(SHARED_BY)};
    struct servicecatalog_list_accepted_portfolio_shares_out shares = {0};
    struct caller *house = ARENA_NEW(c->arena, struct caller);

    (void)in;
    *house = caller_operator(c->arena, c->caller->account);
    out->status = S("Disabled");
    do {
        TRY(call_as(c, house, &servicecatalog_ListAcceptedPortfolioShares_op, &ask, &shares));
        for (size_t i = 0; i < shares.portfolio_details.n; i++)
            if (str_eq(shares.portfolio_details.v[i].id, S(PORTFOLIO)))
                out->status = S("Enabled");
        ask.page_token = shares.next_page_token;
        shares.next_page_token = STR_ABSENT;
    } while (str_is(ask.page_token));
    return OK;
}
