/* SPDX-License-Identifier: MIT */
/* Products. */
#include "servicecatalog_parts.h"

struct servicecatalog_product_view_summary *sc_summary(struct call *c, const struct servicecatalog_product *p)
{
    struct servicecatalog_product_view_summary *s = ARENA_NEW(c->arena, struct servicecatalog_product_view_summary);

    shape_copy(&servicecatalog_product_shape, p, &servicecatalog_product_view_summary_shape, s);
    s->id = arena_cat(c->arena, S("prodview-"), str_from(p->id, sizeof("prod-") - 1));
    s->product_id = p->id;
    s->short_description = p->description;
    s->has_default_path = SET_BOOL(false);
    return s;
}

void sc_view(struct call *c, const struct servicecatalog_product *p, struct servicecatalog_product_view_detail *out)
{
    *out = (struct servicecatalog_product_view_detail){.product_view_summary = sc_summary(c, p),
                                                       .status = S("CREATED"),
                                                       .product_arn = p->product_arn,
                                                       .created_time = p->created_time};
}

static struct servicecatalog_product_view_detail *view(struct call *c, const struct servicecatalog_product *p)
{
    struct servicecatalog_product_view_detail *v = ARENA_NEW(c->arena, struct servicecatalog_product_view_detail);

    sc_view(c, p, v);
    return v;
}

/* ---- CreateProduct ---- */

static res check(struct call *c, const struct servicecatalog_create_product_in *in)
{
    int64_t n;

    TRY(sc_need_token(c, in->idempotency_token));
    TRY(sc_check_tags(c, &in->tags));
    if (!str_eq(in->product_type, S("CLOUD_FORMATION_TEMPLATE")))
        return fault(c, &servicecatalog_InvalidParametersException,
                     "Barmkin has products of type CLOUD_FORMATION_TEMPLATE only.");
    if (str_is(in->source_connection))
        return fault(c, &servicecatalog_InvalidParametersException,
                     "Barmkin's products have no source connection: give ProvisioningArtifactParameters.");
    if (!in->provisioning_artifact_parameters)
        return fault(c, &servicecatalog_InvalidParametersException, "ProvisioningArtifactParameters are required.");
    TRY(record_count(c, &servicecatalog_product_record, &n));
    return n < SC_PRODUCTS_MAX ? OK
                               : fault(c, &servicecatalog_LimitExceededException,
                                       "You have reached your limit of %d products.", SC_PRODUCTS_MAX);
}

static res find_repeated(struct call *c, const struct servicecatalog_create_product_in *in,
                         struct servicecatalog_product **out)
{
    struct servicecatalog_product_page page = {0};

    *out = NULL;
    if (in->idempotency_token.n)
        TRY(servicecatalog_product_by_after(c, "token", in->idempotency_token, STR_ABSENT, 1, &page));
    if (!page.n)
        return OK;
    *out = page.v[0];
    if (!str_eq((*out)->name, in->name) || !str_eq((*out)->owner, in->owner))
        return fault(c, &servicecatalog_InvalidParametersException,
                     "The idempotency token was used with other parameters.");
    return OK;
}

static res make(struct call *c, const struct servicecatalog_create_product_in *in, struct servicecatalog_product **out)
{
    struct servicecatalog_product *p = ARENA_NEW(c->arena, struct servicecatalog_product);

    shape_copy(&servicecatalog_create_product_in_shape, in, &servicecatalog_product_shape, p);
    p->type = in->product_type;
    p->id = call_unique(c, "prod-", 13);
    p->product_arn = call_arn(c, "catalog", "product/%.*s", FMT(p->id));
    p->created_time = SET_TIME(c->now_ms);
    p->at.account = c->caller->account;
    *out = p;
    return servicecatalog_product_save(c, p);
}

res servicecatalog_create_product(struct call *c, const struct servicecatalog_create_product_in *in,
                                  struct servicecatalog_create_product_out *out)
{
    struct servicecatalog_product *p;
    struct servicecatalog_artifact *a;

    TRY(check(c, in));
    TRY(find_repeated(c, in, &p));
    if (!p)
        TRY(make(c, in, &p));
    TRY(sc_artifact_new(c, p, in->provisioning_artifact_parameters, in->idempotency_token, &a));
    out->product_view_detail = view(c, p);
    out->provisioning_artifact_detail = sc_artifact_detail(c, a);
    out->tags = sc_tags_out(c, &p->tags);
    return OK;
}

/* ---- reading ---- */

static res need_subject(struct call *c, const struct servicecatalog_product **out)
{
    *out = c->subject;
    return *out ? OK
                : fault(c, &servicecatalog_InvalidParametersException,
                        "Exactly one of the product's Id and Name is required.");
}

res servicecatalog_describe_product_as_admin(struct call *c,
                                             const struct servicecatalog_describe_product_as_admin_in *in,
                                             struct servicecatalog_describe_product_as_admin_out *out)
{
    const struct servicecatalog_product *p;
    const struct servicecatalog_tag_list none = {0};
    struct servicecatalog_artifact_page page;

    (void)in;
    TRY(need_subject(c, &p));
    TRY(sc_artifacts(c, p, &page));
    out->provisioning_artifact_summaries.v = ARENA_ARRAY(c->arena, struct servicecatalog_artifact_summary, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        shape_copy(&servicecatalog_artifact_shape, page.v[i], &servicecatalog_artifact_summary_shape,
                   &out->provisioning_artifact_summaries.v[out->provisioning_artifact_summaries.n++]);
    out->product_view_detail = view(c, p);
    out->tags = sc_tags_out(c, str_eq(p->at.account, c->caller->account) ? &p->tags : &none);
    return OK;
}

/* Paths are the portfolios that hold the product and that the caller may use. */
static res paths(struct call *c, const struct servicecatalog_product *p, struct servicecatalog_launch_path_list *out)
{
    struct servicecatalog_association_page page;
    struct servicecatalog_portfolio *in;
    struct list_of_str mine;

    TRY(sc_portfolios_of_caller(c, &mine));
    TRY(sc_associations_of(c, p, &page));
    out->v = ARENA_ARRAY(c->arena, struct servicecatalog_launch_path, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        for (size_t k = 0; k < mine.n; k++) {
            if (!str_eq(mine.v[k], page.v[i]->portfolio_id))
                continue;
            TRY(sc_portfolio(c, mine.v[k], &in));
            if (in)
                out->v[out->n++] = (struct servicecatalog_launch_path){page.v[i]->path_id, in->display_name};
        }
    return OK;
}

/* The end user's view: only of products that a portfolio gives to the caller, and of their active versions. */
res servicecatalog_describe_product(struct call *c, const struct servicecatalog_describe_product_in *in,
                                    struct servicecatalog_describe_product_out *out)
{
    const struct servicecatalog_product *p;
    struct servicecatalog_artifact_page page;

    TRY(need_subject(c, &p));
    TRY(paths(c, p, &out->launch_paths));
    if (!out->launch_paths.n)
        return fault(c, &servicecatalog_ResourceNotFoundException, "Product %.*s not found.",
                     FMT(in->id.n ? in->id : in->name));
    TRY(sc_artifacts(c, p, &page));
    out->provisioning_artifacts.v = ARENA_ARRAY(c->arena, struct servicecatalog_provisioning_artifact, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (page.v[i]->active.v)
            shape_copy(&servicecatalog_artifact_shape, page.v[i], &servicecatalog_provisioning_artifact_shape,
                       &out->provisioning_artifacts.v[out->provisioning_artifacts.n++]);
    out->product_view_summary = sc_summary(c, p);
    out->product_view_summary->has_default_path = SET_BOOL(out->launch_paths.n == 1);
    return OK;
}

/* ---- changing, removing ---- */

res servicecatalog_update_product(struct call *c, const struct servicecatalog_update_product_in *in,
                                  struct servicecatalog_update_product_out *out)
{
    struct servicecatalog_product p = *(const struct servicecatalog_product *)c->subject;

    if (str_is(in->source_connection))
        return fault(c, &servicecatalog_InvalidParametersException, "Barmkin's products have no source connection.");
    TRY(sc_change_tags(c, &p.tags, &in->add_tags, &in->remove_tags, &p.tags));
    shape_copy(&servicecatalog_update_product_in_shape, in, &servicecatalog_product_shape, &p);
    TRY(servicecatalog_product_save(c, &p));
    out->product_view_detail = view(c, &p);
    out->tags = sc_tags_out(c, &p.tags);
    return OK;
}

res servicecatalog_delete_product(struct call *c, const struct servicecatalog_delete_product_in *in,
                                  struct servicecatalog_delete_product_out *out)
{
    const struct servicecatalog_product *p = c->subject;
    struct servicecatalog_association_page page;

    (void)in, (void)out;
    TRY(sc_associations_of(c, p, &page));
    if (page.n)
        return fault(c, &servicecatalog_ResourceInUseException,
                     "Product %.*s cannot be deleted: it is associated with portfolio %.*s.", FMT(p->id),
                     FMT(page.v[0]->portfolio_id));
    TRY(record_drop_all(c, &servicecatalog_artifact_record, STR_ABSENT, sc_key(c, p->id, S(""))));
    return servicecatalog_product_drop(c, p);
}
