/* SPDX-License-Identifier: MIT */
/* A request while it is judged: what each layer said. Shared by evaluate, grant and explain; private to authz. */
#ifndef BARMKIN_AUTHZ_JUDGE_H
#define BARMKIN_AUTHZ_JUDGE_H
#include "authz/eval.h"

struct judged {
    struct eval v;
    struct scan scan[LAYER_ENDPOINT + 1]; /* by layer; a trust policy's is under LAYER_RESOURCE */
    bool valid, person;                   /* a user or a session: identity policies, boundary, session policies count */
    bool key, trust;                      /* rules 10 and 11 */
    bool scps_apply, rcps_apply;
};

/* `all`: go on after the first deny, for explain. The decision is the same. */
struct decision judge(struct judged *j, const struct authz_request *r, const struct authz_layers *l, bool all);
enum layer judge_order(unsigned i); /* LAYER_NONE past the last */
/* grant.c: rules 4 to 23, once nothing denies and the guardrails allow. */
struct decision judge_grant(struct judged *j);
struct decision judge_lacks(const struct judged *j, enum layer layer); /* an implicit deny for want of this layer */
enum layer judge_layer(const struct judged *j, enum layer layer);      /* LAYER_TRUST for a trust policy's RESOURCE */
const struct authz_grant *judge_granted(const struct judged *j);       /* the KMS grant that allows, or NULL */
/* Of the statements that allow by one of these namings, the one that names the caller most narrowly. */
struct authz_reason judge_narrowest(const struct scan *s, unsigned names);
/* Which elements of an allow meet the request, for explanations: how near it came. */
enum { FITS_CONDITIONS = 1, FITS_PRINCIPAL = 2, FITS_RESOURCE = 4, FITS_ACTION = 8 };
unsigned statement_fits(struct eval *v, const struct policy *p, const struct statement *s);
bool authz_is_assume(str action); /* sts:AssumeRole*, sts:TagSession, sts:SetSourceIdentity */

#endif
