/* SPDX-License-Identifier: MIT */
/* Launch constraints: as which role a product of a portfolio is launched. Whoever makes one passes that role to Service
 * Catalog: the model asks iam:PassRole. */
#include "base/json.h"
#include "servicecatalog_parts.h"

res sc_constraints(struct call *c, str portfolio, str product, struct servicecatalog_constraint_page *out)
{
    size_t n = 0;

    TRY(servicecatalog_constraint_by_after(c, "portfolio", portfolio, STR_ABSENT, SC_CONSTRAINTS_MAX, out));
    for (size_t i = 0; i < out->n; i++)
        if (!product.n || str_eq(out->v[i]->product_id, product))
            out->v[n++] = out->v[i];
    out->n = n;
    return OK;
}

/* ---- parameters ---- */

static res bad(struct call *c, const char *why)
{
    return fault(c, &servicecatalog_InvalidParametersException, "Invalid constraint parameters: %s", why);
}

static bool is_local(struct call *c, str arn)
{
    str prefix = arena_printf(c->arena, "arn:aws:iam::%.*s:role/", FMT(c->caller->account));

    return str_starts(arn, prefix) && arn.n > prefix.n;
}

/* One of the two; an empty one counts as none. What is kept is as AWS answers it. */
static res read_role(struct call *c, str text, str *kept)
{
    struct err e = {0};
    json_t *j;
    str arn, local;

    if (!is_ok(json_parse(c->arena, text, &e, &j)) || !json_is_object(j))
        return bad(c, "they are not a JSON object.");
    arn = json_str(json_object_get(j, "RoleArn"));
    local = json_str(json_object_get(j, "LocalRoleName"));
    if (!arn.n == !local.n)
        return bad(c, "a launch constraint has either RoleArn or LocalRoleName.");
    if (arn.n && str_starts(arn, S("arn:")) && !is_local(c, arn))
        return fault(c, &api_access_denied, "Cross-account pass role is not allowed.");
    if (arn.n && !is_local(c, arn))
        return bad(c, "RoleArn is not the ARN of an IAM role.");
    if (local.n && !str_all(local, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-/"))
        return bad(c, "LocalRoleName is not the name of an IAM role.");
    *kept = arena_printf(c->arena, "{\"%s\":\"%.*s\"}", arn.n ? "RoleArn" : "LocalRoleName", FMT(arn.n ? arn : local));
    return OK;
}

/* A role that is not there cannot be passed; where a name is given, each account has its own. */
static res check_exists(struct call *c, str parameters)
{
    json_t *j;
    str arn, id;

    TRY(json_parse(c->arena, parameters, &c->err, &j));
    arn = json_str(json_object_get(j, "RoleArn"));
    if (!arn.n)
        return OK;
    TRY(providers.principal_id(c, arn, &id));
    return id.n ? OK
                : fault(c, &servicecatalog_InvalidParametersException, "Invalid role: %.*s does not exist.", FMT(arn));
}

/* ---- answers ---- */

static struct servicecatalog_constraint_detail *detail(struct call *c, const struct servicecatalog_constraint *k)
{
    struct servicecatalog_constraint_detail *d = ARENA_NEW(c->arena, struct servicecatalog_constraint_detail);

    shape_copy(&servicecatalog_constraint_shape, k, &servicecatalog_constraint_detail_shape, d);
    return d;
}

/* ---- operations ---- */

static res find_repeated(struct call *c, const struct servicecatalog_create_constraint_in *in,
                         struct servicecatalog_constraint **out)
{
    struct servicecatalog_constraint_page page = {0};

    *out = NULL;
    if (in->idempotency_token.n)
        TRY(servicecatalog_constraint_by_after(c, "token", in->idempotency_token, STR_ABSENT, 1, &page));
    if (!page.n)
        return OK;
    *out = page.v[0];
    return str_eq((*out)->product_id, in->product_id) && str_eq((*out)->portfolio_id, in->portfolio_id)
               ? OK
               : fault(c, &servicecatalog_InvalidParametersException,
                       "The idempotency token was used with other parameters.");
}

static res check_place(struct call *c, const struct servicecatalog_create_constraint_in *in)
{
    struct servicecatalog_constraint_page page;
    struct servicecatalog_portfolio *p;
    bool there;

    TRY(sc_need_own_portfolio(c, in->portfolio_id, &p));
    TRY(sc_associated(c, STR_ABSENT, in->portfolio_id, in->product_id, &there));
    if (!there)
        return fault(c, &servicecatalog_ResourceNotFoundException, "Product %.*s not found in portfolio %.*s.",
                     FMT(in->product_id), FMT(in->portfolio_id));
    TRY(sc_constraints(c, in->portfolio_id, in->product_id, &page));
    return page.n == 0 ? OK
                       : fault(c, &servicecatalog_DuplicateResourceException,
                               "Only one LAUNCH constraint can be created for a product in a portfolio: %.*s exists.",
                               FMT(page.v[0]->constraint_id));
}

static res make(struct call *c, const struct servicecatalog_create_constraint_in *in,
                struct servicecatalog_constraint **out)
{
    struct servicecatalog_constraint *k = ARENA_NEW(c->arena, struct servicecatalog_constraint);

    shape_copy(&servicecatalog_create_constraint_in_shape, in, &servicecatalog_constraint_shape, k);
    TRY(read_role(c, in->parameters, &k->parameters));
    TRY(check_place(c, in));
    TRY(check_exists(c, k->parameters));
    k->constraint_id = call_unique(c, "cons-", 13);
    k->owner = c->caller->account;
    *out = k;
    return servicecatalog_constraint_save(c, k);
}

res servicecatalog_create_constraint(struct call *c, const struct servicecatalog_create_constraint_in *in,
                                     struct servicecatalog_create_constraint_out *out)
{
    struct servicecatalog_constraint *k;

    TRY(sc_need_token(c, in->idempotency_token));
    if (!str_eq(in->type, S("LAUNCH")))
        return fault(c, &servicecatalog_InvalidParametersException, "Barmkin has constraints of type LAUNCH only.");
    TRY(find_repeated(c, in, &k));
    if (!k)
        TRY(make(c, in, &k));
    out->constraint_detail = detail(c, k);
    out->constraint_parameters = k->parameters;
    out->status = S("AVAILABLE");
    return OK;
}

static res need(struct call *c, str id, struct servicecatalog_constraint **out)
{
    TRY(servicecatalog_constraint_load(c, STR_ABSENT, id, out));
    return *out ? OK : fault(c, &servicecatalog_ResourceNotFoundException, "Constraint %.*s not found.", FMT(id));
}

res servicecatalog_describe_constraint(struct call *c, const struct servicecatalog_describe_constraint_in *in,
                                       struct servicecatalog_describe_constraint_out *out)
{
    struct servicecatalog_constraint *k;

    TRY(need(c, in->id, &k));
    out->constraint_detail = detail(c, k);
    out->constraint_parameters = k->parameters;
    out->status = S("AVAILABLE");
    return OK;
}

res servicecatalog_update_constraint(struct call *c, const struct servicecatalog_update_constraint_in *in,
                                     struct servicecatalog_update_constraint_out *out)
{
    struct servicecatalog_constraint *k;

    TRY(need(c, in->id, &k));
    if (str_is(in->parameters)) {
        TRY(read_role(c, in->parameters, &k->parameters));
        TRY(check_exists(c, k->parameters));
    }
    if (str_is(in->description))
        k->description = in->description;
    TRY(servicecatalog_constraint_save(c, k));
    out->constraint_detail = detail(c, k);
    out->constraint_parameters = k->parameters;
    out->status = S("AVAILABLE");
    return OK;
}

res servicecatalog_delete_constraint(struct call *c, const struct servicecatalog_delete_constraint_in *in,
                                     struct servicecatalog_delete_constraint_out *out)
{
    struct servicecatalog_constraint *k;

    (void)out;
    TRY(need(c, in->id, &k));
    return servicecatalog_constraint_drop(c, k);
}

res servicecatalog_list_constraints_for_portfolio(struct call *c,
                                                  const struct servicecatalog_list_constraints_for_portfolio_in *in,
                                                  struct servicecatalog_list_constraints_for_portfolio_out *out)
{
    struct servicecatalog_constraint_page page;
    struct servicecatalog_portfolio *p;
    size_t limit, i = 0;
    str after;

    TRY(sc_page(c, in->page_token, in->page_size, &after, &limit));
    TRY(sc_need_portfolio(c, in->portfolio_id, &p));
    TRY(sc_constraints(c, in->portfolio_id, in->product_id, &page));
    out->constraint_details.v = ARENA_ARRAY(c->arena, struct servicecatalog_constraint_detail, limit + 1);
    while (i < page.n && after.n && str_cmp(page.v[i]->constraint_id, after) <= 0)
        i++;
    for (; i < page.n && out->constraint_details.n < limit; i++)
        out->constraint_details.v[out->constraint_details.n++] = *detail(c, page.v[i]);
    if (i < page.n)
        out->next_page_token = page_token(c, page.v[i - 1]->constraint_id);
    return OK;
}
