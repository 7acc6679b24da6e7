/* SPDX-License-Identifier: MIT */
/* What the files of servicecatalog share. */
#ifndef BARMKIN_SERVICECATALOG_PARTS_H
#define BARMKIN_SERVICECATALOG_PARTS_H
#include "servicecatalog.h"

#define SC_SERVICE "servicecatalog.amazonaws.com"
/* AWS's own portfolio, which SageMaker accepts for an account (EnableSagemakerServicecatalogPortfolio) by
 * AcceptPortfolioShare of this id with the type AWS_SERVICECATALOG. Ids have thirteen characters. */
#define SC_SAGEMAKER_PORTFOLIO "port-amznsagemaker"

/* AWS's quotas. */
enum {
    SC_PORTFOLIOS_MAX = 100,
    SC_PRODUCTS_MAX = 350,
    SC_VERSIONS_MAX = 100,
    SC_PRODUCTS_OF_PORTFOLIO_MAX = 150,
    SC_PRINCIPALS_MAX = 100,
    SC_CONSTRAINTS_MAX = 100 * SC_PRODUCTS_OF_PORTFOLIO_MAX,
    SC_SHARES_MAX = 5000,
    SC_TAGS_MAX = 50,
    SC_TEMPLATE_MAX_BYTES = 1000000,
    SC_PAGE = 20
};

/* ---- find.c ---- */
/* The account's own, or one that it has accepted and that is still shared; *out NULL: neither. Its head's account says
 * whose it is (empty: AWS's). */
res sc_portfolio(struct call *c, str id, struct servicecatalog_portfolio **out);
bool sc_is_own(struct call *c, const struct servicecatalog_portfolio *p);
/* The same, or the fault that there is none. */
res sc_need_portfolio(struct call *c, str id, struct servicecatalog_portfolio **out);
res sc_need_own_portfolio(struct call *c, str id, struct servicecatalog_portfolio **out);
/* A product of the account, or of a portfolio that is shared with it. */
res sc_product(struct call *c, str id, struct servicecatalog_product **out);
res sc_need_product(struct call *c, str id, struct servicecatalog_product **out);
str sc_key(struct call *c, str portfolio, str other); /* "portfolio/other" */
res sc_associated(struct call *c, str owner, str portfolio, str product, bool *yes);
/* Portfolios that hold a product: its owner's associations. */
res sc_associations_of(struct call *c, const struct servicecatalog_product *p,
                       struct servicecatalog_association_page *out);

/* ---- portfolios.c ---- */
struct servicecatalog_portfolio_detail sc_portfolio_detail(const struct servicecatalog_portfolio *p);
/* A call from outside carries a token (clients make one by themselves). */
res sc_need_token(struct call *c, str token);
res sc_check_tags(struct call *c, const struct servicecatalog_tag_list *tags);
/* Tags after AddTags and RemoveTags. */
res sc_change_tags(struct call *c, const struct servicecatalog_tag_list *old, const struct servicecatalog_tag_list *add,
                   const struct list_of_str *gone, struct servicecatalog_tag_list *out);
struct servicecatalog_tag_list sc_tags_out(struct call *c, const struct servicecatalog_tag_list *tags);

/* Pages: what a token stands for, and how many are wanted. */
res sc_page(struct call *c, str token, opt_int size, str *after, size_t *limit);

/* ---- products.c ---- */
struct servicecatalog_product_view_summary *sc_summary(struct call *c, const struct servicecatalog_product *p);
void sc_view(struct call *c, const struct servicecatalog_product *p, struct servicecatalog_product_view_detail *out);

/* ---- artifacts.c ---- */
/* Reads the template in the caller's right, checks it and keeps it as a version of the product. */
res sc_artifact_new(struct call *c, const struct servicecatalog_product *p,
                    const struct servicecatalog_artifact_properties *in, str token,
                    struct servicecatalog_artifact **out);
struct servicecatalog_artifact_detail *sc_artifact_detail(struct call *c, const struct servicecatalog_artifact *a);
res sc_artifacts(struct call *c, const struct servicecatalog_product *p, struct servicecatalog_artifact_page *out);

/* ---- access.c ---- */
/* The portfolios that the caller may launch from, as a user, a role or a user of a group. */
res sc_portfolios_of_caller(struct call *c, struct list_of_str *out);

/* ---- constraints.c ---- */
/* All of a portfolio's, or only those of one product in it. */
res sc_constraints(struct call *c, str portfolio, str product, struct servicecatalog_constraint_page *out);

#endif
