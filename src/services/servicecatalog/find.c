/* SPDX-License-Identifier: MIT */
/* Finders of servicecatalog: portfolios and products, the account's own and those that are shared with it. */
#include "api/gate.h"
#include "base/json.h"
#include "servicecatalog_parts.h"

str sc_key(struct call *c, str portfolio, str other)
{
    return arena_printf(c->arena, "%.*s/%.*s", FMT(portfolio), FMT(other));
}

/* ---- portfolios ---- */

bool sc_is_own(struct call *c, const struct servicecatalog_portfolio *p)
{
    return str_eq(p->at.account, c->caller->account);
}

/* AWS has it in an account of its own; here nobody has. */
static struct servicecatalog_portfolio *of_aws(struct call *c)
{
    struct servicecatalog_portfolio *p = ARENA_NEW(c->arena, struct servicecatalog_portfolio);

    p->id = S(SC_SAGEMAKER_PORTFOLIO);
    p->arn = call_arn(c, "catalog", "portfolio/" SC_SAGEMAKER_PORTFOLIO);
    p->display_name = S("Amazon SageMaker Solutions and ML Ops products");
    p->description = S("Products that SageMaker projects are made from");
    p->provider_name = S("Amazon SageMaker");
    p->created_time = SET_TIME(1606780800000); /* its first day */
    return p;
}

static res accepted(struct call *c, str id, struct servicecatalog_portfolio **out)
{
    struct servicecatalog_accepted *a = NULL;
    struct servicecatalog_share *s = NULL;

    TRY(servicecatalog_accepted_load(c, STR_ABSENT, id, &a));
    if (!a)
        return OK;
    if (!a->owner.n) {
        *out = of_aws(c);
        return OK;
    }
    TRY(servicecatalog_share_load(c, a->owner, sc_key(c, id, c->caller->account), &s));
    return s ? servicecatalog_portfolio_load(c, a->owner, id, out) : OK;
}

res sc_portfolio(struct call *c, str id, struct servicecatalog_portfolio **out)
{
    *out = NULL;
    TRY(servicecatalog_portfolio_load(c, STR_ABSENT, id, out));
    return *out ? OK : accepted(c, id, out);
}

static res no_portfolio(struct call *c, str id)
{
    return fault(c, &servicecatalog_ResourceNotFoundException, "Portfolio %.*s not found.", FMT(id));
}

res sc_need_portfolio(struct call *c, str id, struct servicecatalog_portfolio **out)
{
    TRY(sc_portfolio(c, id, out));
    return *out ? OK : no_portfolio(c, id);
}

res sc_need_own_portfolio(struct call *c, str id, struct servicecatalog_portfolio **out)
{
    TRY(servicecatalog_portfolio_load(c, STR_ABSENT, id, out));
    return *out ? OK : no_portfolio(c, id);
}

static void portfolio_is(struct call *c, str id, struct servicecatalog_portfolio *p, struct resource *out)
{
    out->missing = &servicecatalog_ResourceNotFoundException;
    out->missing_text = arena_printf(c->arena, "Portfolio %.*s not found.", FMT(id));
    out->subject = p;
    if (p && sc_is_own(c, p)) { /* of a shared one the owner's tags are not told */
        out->tags = (const struct str_pair *)p->tags.v;
        out->n_tags = p->tags.n;
    }
}

res servicecatalog_find_portfolio(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct servicecatalog_portfolio *p;

    (void)n;
    TRY(sc_portfolio(c, names[0], &p));
    portfolio_is(c, names[0], p, out);
    return OK;
}

res servicecatalog_find_own_portfolio(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct servicecatalog_portfolio *p;

    (void)n;
    TRY(servicecatalog_portfolio_load(c, STR_ABSENT, names[0], &p));
    portfolio_is(c, names[0], p, out);
    return OK;
}

/* ---- products ---- */

res sc_associated(struct call *c, str owner, str portfolio, str product, bool *yes)
{
    struct servicecatalog_association *a = NULL;

    TRY(servicecatalog_association_load(c, owner, sc_key(c, portfolio, product), &a));
    *yes = a != NULL;
    return OK;
}

res sc_associations_of(struct call *c, const struct servicecatalog_product *p,
                       struct servicecatalog_association_page *out)
{
    return servicecatalog_association_by(c, "product", p->id, p->at.account, SC_PORTFOLIOS_MAX, out);
}

/* Of each owner whose portfolio the account has accepted. */
static res shared_product(struct call *c, str id, struct servicecatalog_product **out)
{
    struct servicecatalog_accepted_page page;
    struct servicecatalog_portfolio *p;
    bool yes;

    TRY(servicecatalog_accepted_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, SC_PORTFOLIOS_MAX, &page));
    for (size_t i = 0; i < page.n && !*out; i++) {
        p = NULL;
        TRY(accepted(c, page.v[i]->portfolio_id, &p));
        if (!p || !p->at.account.n)
            continue;
        TRY(sc_associated(c, p->at.account, p->id, id, &yes));
        if (yes)
            TRY(servicecatalog_product_load(c, p->at.account, id, out));
    }
    return OK;
}

res sc_product(struct call *c, str id, struct servicecatalog_product **out)
{
    *out = NULL;
    TRY(servicecatalog_product_load(c, STR_ABSENT, id, out));
    return *out ? OK : shared_product(c, id, out);
}

res sc_need_product(struct call *c, str id, struct servicecatalog_product **out)
{
    TRY(sc_product(c, id, out));
    return *out ? OK : fault(c, &servicecatalog_ResourceNotFoundException, "Product %.*s not found.", FMT(id));
}

static void product_is(struct call *c, str id, struct servicecatalog_product *p, struct resource *out)
{
    out->missing = &servicecatalog_ResourceNotFoundException;
    out->missing_text = arena_printf(c->arena, "Product %.*s not found.", FMT(id));
    out->arn = call_arn(c, "catalog", "product/%.*s", FMT(p ? p->id : id.n ? id : S("*")));
    out->subject = p;
    if (p && str_eq(p->at.account, c->caller->account)) {
        out->tags = (const struct str_pair *)p->tags.v;
        out->n_tags = p->tags.n;
    }
}

/* One of the account. */
res servicecatalog_find_product(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct servicecatalog_product *p = NULL;

    (void)n;
    TRY(servicecatalog_product_load(c, STR_ABSENT, names[0], &p));
    product_is(c, names[0], p, out);
    return OK;
}

static res by_name(struct call *c, str name, struct servicecatalog_product **out)
{
    struct servicecatalog_product_page page;

    TRY(servicecatalog_product_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, SC_PRODUCTS_MAX, &page));
    for (size_t i = 0; i < page.n && !*out; i++)
        if (str_eq(page.v[i]->name, name))
            *out = page.v[i];
    return OK;
}

/* By id or, where none is given, by name. */
res servicecatalog_find_product_named(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct servicecatalog_product *p = NULL;

    (void)n;
    if (names[0].n)
        TRY(sc_product(c, names[0], &p));
    else
        TRY(by_name(c, names[1], &p));
    product_is(c, names[0].n ? names[0] : names[1], p, out);
    if (!p && !names[0].n)
        out->arn = call_arn(c, "catalog", "product/*");
    return OK;
}

/* ---- the role of a launch constraint ---- */

/* Parameters name it in JSON: {"RoleArn": ...} or {"LocalRoleName": ...}. What names none is refused by the handler. */
res servicecatalog_find_launch_role(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct err ignored = {0};
    json_t *j;
    str arn, local;

    (void)n;
    out->arn = S("*");
    if (!is_ok(json_parse(c->arena, names[0], &ignored, &j)))
        return OK;
    arn = json_str(json_object_get(j, "RoleArn"));
    local = json_str(json_object_get(j, "LocalRoleName"));
    if (!arn.n && local.n)
        arn = arena_printf(c->arena, "arn:aws:iam::%.*s:role/%.*s", FMT(c->caller->account), FMT(local));
    return str_starts(arn, S("arn:")) ? gate_locate_role(c, arn, out) : OK;
}

/* ---- condition keys ---- */

/* aws:TagKeys of an update: those that come and those that go. */
res servicecatalog_add_changed_keys(struct call *c)
{
    const struct servicecatalog_tag_list *add = field_of(c->in, shape_field(c->op->in, S("AddTags")));
    const struct list_of_str *gone = field_of(c->in, shape_field(c->op->in, S("RemoveTags")));
    str *v = ARENA_ARRAY(c->arena, str, add->n + gone->n + 1);
    size_t n = 0;

    for (size_t i = 0; i < add->n; i++)
        v[n++] = add->v[i].key;
    for (size_t i = 0; i < gone->n; i++)
        v[n++] = gone->v[i];
    if (n)
        context_add_list(c, S("aws:TagKeys"), v, n);
    return OK;
}
