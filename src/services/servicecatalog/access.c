/* SPDX-License-Identifier: MIT */
/* What is in a portfolio, and who may launch from it. */
#include "api/gate.h"
#include "iam.h"
#include "servicecatalog_parts.h"

/* ---- products ---- */

res servicecatalog_associate_product_with_portfolio(struct call *c,
                                                    const struct servicecatalog_associate_product_with_portfolio_in *in,
                                                    struct servicecatalog_associate_product_with_portfolio_out *out)
{
    struct servicecatalog_association a = {.portfolio_id = in->portfolio_id, .product_id = in->product_id};
    struct servicecatalog_association_page page;
    struct servicecatalog_portfolio *portfolio;
    struct servicecatalog_product *p = NULL;
    bool already;

    (void)out;
    TRY(sc_need_own_portfolio(c, in->portfolio_id, &portfolio));
    TRY(servicecatalog_product_load(c, STR_ABSENT, in->product_id, &p));
    if (!p && in->source_portfolio_id.n)
        return fault(c, &servicecatalog_InvalidParametersException,
                     "Barmkin associates an account's own products only: a shared product cannot be passed on.");
    if (!p)
        return fault(c, &servicecatalog_ResourceNotFoundException, "Product %.*s not found.", FMT(in->product_id));
    TRY(sc_associated(c, STR_ABSENT, portfolio->id, p->id, &already));
    if (already)
        return OK;
    TRY(servicecatalog_association_list_all(c, STR_ABSENT, sc_key(c, portfolio->id, S("")), STR_ABSENT,
                                            SC_PRODUCTS_OF_PORTFOLIO_MAX, &page));
    if (page.n >= SC_PRODUCTS_OF_PORTFOLIO_MAX)
        return fault(c, &servicecatalog_LimitExceededException, "A portfolio has at most %d products.",
                     SC_PRODUCTS_OF_PORTFOLIO_MAX);
    a.key = sc_key(c, portfolio->id, p->id);
    a.path_id = call_unique(c, "lpv2-", 13);
    return servicecatalog_association_save(c, &a);
}

res servicecatalog_disassociate_product_from_portfolio(
    struct call *c, const struct servicecatalog_disassociate_product_from_portfolio_in *in,
    struct servicecatalog_disassociate_product_from_portfolio_out *out)
{
    struct servicecatalog_constraint_page constraints;
    struct servicecatalog_association *a = NULL;

    (void)out;
    TRY(servicecatalog_association_load(c, STR_ABSENT, sc_key(c, in->portfolio_id, in->product_id), &a));
    if (!a)
        return fault(c, &servicecatalog_ResourceNotFoundException,
                     "Product %.*s is not associated with portfolio %.*s.", FMT(in->product_id), FMT(in->portfolio_id));
    TRY(sc_constraints(c, in->portfolio_id, in->product_id, &constraints));
    if (constraints.n)
        return fault(c, &servicecatalog_ResourceInUseException,
                     "Cannot disassociate product %.*s from portfolio %.*s: it has constraint %.*s.",
                     FMT(in->product_id), FMT(in->portfolio_id), FMT(constraints.v[0]->constraint_id));
    return servicecatalog_association_drop(c, a);
}

res servicecatalog_list_portfolios_for_product(struct call *c,
                                               const struct servicecatalog_list_portfolios_for_product_in *in,
                                               struct servicecatalog_list_portfolios_for_product_out *out)
{
    struct servicecatalog_association_page page;
    struct servicecatalog_portfolio *p;
    size_t limit;
    str after;

    TRY(sc_page(c, in->page_token, in->page_size, &after, &limit));
    TRY(servicecatalog_association_by_after(c, "product", in->product_id, after, limit, &page));
    out->portfolio_details.v = ARENA_ARRAY(c->arena, struct servicecatalog_portfolio_detail, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        p = NULL;
        TRY(servicecatalog_portfolio_load(c, STR_ABSENT, page.v[i]->portfolio_id, &p));
        if (p)
            out->portfolio_details.v[out->portfolio_details.n++] = sc_portfolio_detail(p);
    }
    if (page.more)
        out->next_page_token = page_token(c, page.v[page.n - 1]->key);
    return OK;
}

/* ---- principals ---- */

static res check_principal(struct call *c, str arn, str type)
{
    str prefix = arena_printf(c->arena, "arn:aws:iam::%.*s:", FMT(c->caller->account)), kind = str_from(arn, prefix.n);

    if (str_eq(type, S("IAM_PATTERN")))
        return fault(c, &servicecatalog_InvalidParametersException,
                     "Barmkin has principals of type IAM only: name each user, group or role.");
    if (str_starts(arn, prefix) &&
        (str_starts(kind, S("user/")) || str_starts(kind, S("group/")) || str_starts(kind, S("role/"))))
        return OK;
    return fault(c, &servicecatalog_InvalidParametersException,
                 "Invalid principal ARN: %.*s is no IAM user, group or role of this account.", FMT(arn));
}

/* A group has no id that policies bind to; it must be there all the same. */
static res bind_group(struct call *c, str arn, str *id)
{
    struct caller house = caller_operator(c->arena, c->caller->account);
    struct iam_get_group_in ask = {.group_name = str_from(arn, (size_t)str_rfind(arn, '/') + 1)};
    struct iam_get_group_out answer = {0};
    struct fault why;

    TRY(call_try(c, &house, &iam_GetGroup_op, &ask, &answer, &why));
    if (!why.type && answer.group && str_eq(answer.group->arn, arn))
        *id = answer.group->group_id;
    return OK;
}

res servicecatalog_associate_principal_with_portfolio(
    struct call *c, const struct servicecatalog_associate_principal_with_portfolio_in *in,
    struct servicecatalog_associate_principal_with_portfolio_out *out)
{
    struct servicecatalog_principal p = {
        .portfolio_id = in->portfolio_id, .principal_arn = in->principal_arn, .principal_type = in->principal_type};
    struct servicecatalog_principal_page page;

    (void)out;
    TRY(check_principal(c, in->principal_arn, in->principal_type));
    if (str_search(in->principal_arn, S(":group/")) > 0)
        TRY(bind_group(c, in->principal_arn, &p.principal_id));
    else
        TRY(providers.principal_id(c, in->principal_arn, &p.principal_id));
    if (!p.principal_id.n)
        return fault(c, &servicecatalog_InvalidParametersException, "Invalid principal ARN: %.*s does not exist.",
                     FMT(in->principal_arn));
    TRY(servicecatalog_principal_list_all(c, STR_ABSENT, sc_key(c, in->portfolio_id, S("")), STR_ABSENT,
                                          SC_PRINCIPALS_MAX, &page));
    if (page.n >= SC_PRINCIPALS_MAX)
        return fault(c, &servicecatalog_LimitExceededException, "A portfolio has at most %d principals.",
                     SC_PRINCIPALS_MAX);
    p.key = sc_key(c, in->portfolio_id, in->principal_arn);
    for (size_t i = 0; i < page.n; i++)
        if (str_eq(page.v[i]->key, p.key)) /* again: whoever bears the name now */
            p.at = page.v[i]->at;
    return servicecatalog_principal_save(c, &p);
}

res servicecatalog_disassociate_principal_from_portfolio(
    struct call *c, const struct servicecatalog_disassociate_principal_from_portfolio_in *in,
    struct servicecatalog_disassociate_principal_from_portfolio_out *out)
{
    struct servicecatalog_principal *p = NULL;

    (void)out;
    TRY(servicecatalog_principal_load(c, STR_ABSENT, sc_key(c, in->portfolio_id, in->principal_arn), &p));
    return p ? servicecatalog_principal_drop(c, p) : OK;
}

res servicecatalog_list_principals_for_portfolio(struct call *c,
                                                 const struct servicecatalog_list_principals_for_portfolio_in *in,
                                                 struct servicecatalog_list_principals_for_portfolio_out *out)
{
    struct servicecatalog_principal_page page;
    size_t limit;
    str after;

    TRY(sc_page(c, in->page_token, in->page_size, &after, &limit));
    TRY(servicecatalog_principal_list_all(c, STR_ABSENT, sc_key(c, in->portfolio_id, S("")), after, limit, &page));
    out->principals.v = ARENA_ARRAY(c->arena, struct servicecatalog_principal_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->principals.v[out->principals.n++] =
            (struct servicecatalog_principal_out){page.v[i]->principal_arn, page.v[i]->principal_type};
    if (page.more)
        out->next_page_token = page_token(c, page.v[page.n - 1]->key);
    return OK;
}

/* ---- the caller as a principal ---- */

static void add(struct list_of_str *out, str portfolio)
{
    for (size_t i = 0; i < out->n; i++)
        if (str_eq(out->v[i], portfolio))
            return;
    out->v[out->n++] = portfolio;
}

/* id: what the principal's must be (a role or user made anew under the old name is another); absent: of a group. */
static res add_of(struct call *c, str arn, str id, struct list_of_str *out)
{
    struct servicecatalog_principal_page page;
    size_t room = SC_PORTFOLIOS_MAX;

    if (!arn.n)
        return OK;
    TRY(servicecatalog_principal_by_after(c, "arn", arn, STR_ABSENT, room, &page));
    str *v = ARENA_ARRAY(c->arena, str, out->n + page.n + 1);
    for (size_t i = 0; i < out->n; i++)
        v[i] = out->v[i];
    out->v = v;
    for (size_t i = 0; i < page.n; i++)
        if (!id.n || str_eq(page.v[i]->principal_id, id))
            add(out, page.v[i]->portfolio_id);
    return OK;
}

static res add_groups(struct call *c, struct list_of_str *out)
{
    struct caller house = caller_operator(c->arena, c->caller->account);
    struct iam_list_groups_for_user_in ask = {.user_name = c->caller->name};
    struct iam_list_groups_for_user_out answer = {0};
    struct fault why;

    TRY(call_try(c, &house, &iam_ListGroupsForUser_op, &ask, &answer, &why));
    for (size_t i = 0; !why.type && i < answer.groups.n; i++)
        TRY(add_of(c, answer.groups.v[i].arn, answer.groups.v[i].group_id, out));
    return OK;
}

res sc_portfolios_of_caller(struct call *c, struct list_of_str *out)
{
    const struct caller *me = c->caller;

    *out = (struct list_of_str){0};
    if (me->kind == PRINCIPAL_SESSION && !me->federated)
        return add_of(c, me->role_arn, me->unique_id, out);
    if (me->kind != PRINCIPAL_USER)
        return OK;
    TRY(add_of(c, me->arn, me->unique_id, out));
    return add_groups(c, out);
}
