/* SPDX-License-Identifier: MIT */
/* Principal and NotPrincipal: by which of its names a statement names the caller (rules 5 to 9, 27, 28). */
#include "authz/eval.h"

/* A written ARN stands for the user or role that bore it when the policy was saved (rule 27). A user may have been
 * renamed since: where ids were noted they alone count. */
static bool same(const struct eval *v, str written, str arn)
{
    bool by_name = str_eq(written, arn);

    if (arn.n == 0 || (!by_name && (!str_starts(v->r->principal_id, S("AIDA")) || !v->l->same_principal)))
        return false;
    return !v->l->same_principal || v->l->same_principal(v->l->same_principal_ctx, written, arn, v->r->principal_id);
}

static unsigned match_named(const struct eval *v, const struct policy *p, const struct named *n)
{
    const struct authz_request *r = v->r;
    str text = policy_span(p, n->text);

    switch ((enum principal_type)n->type) {
    case NAMED_ANY:
        return 1u << BY_ANY;
    case NAMED_ACCOUNT:
        return r->account.n && str_eq(text, r->account) ? 1u << BY_ACCOUNT : 0;
    case NAMED_ARN:
        if (r->principal_kind == PRINCIPAL_USER)
            return same(v, text, r->principal) ? 1u << BY_USER : 0;
        if (r->principal_kind != PRINCIPAL_SESSION)
            return 0;
        if (same(v, text, r->principal_role_arn))
            return 1u << BY_ROLE;
        return str_eq(text, r->principal) ? 1u << BY_SESSION : 0;
    case NAMED_ID:
        if (r->principal_id.n == 0 || !str_eq(text, r->principal_id))
            return 0;
        return r->principal_kind == PRINCIPAL_USER      ? 1u << BY_USER
               : r->principal_kind == PRINCIPAL_SESSION ? 1u << BY_ROLE
                                                        : 0;
    case NAMED_SERVICE:
        return r->principal_kind == PRINCIPAL_SERVICE && str_eq(text, r->principal) ? 1u << BY_SERVICE : 0;
    case NAMED_OTHER:
        break;
    }
    return 0;
}

unsigned match_principals(struct eval *v, const struct policy *p, const struct statement *s)
{
    unsigned mask = 0;

    for (size_t i = 0; i < s->principals.n; i++) {
        if (!eval_spend(v, 1))
            return 0;
        mask |= match_named(v, p, policy_named(p, (size_t)s->principals.first + i));
    }
    return mask;
}

/* Rule 28. To be spared, a user needs its account and itself listed, a session its account, its role and itself: AWS
 * may judge the account first. Nobody with a boundary is spared. */
bool match_not_principal(struct eval *v, const struct policy *p, const struct statement *s)
{
    unsigned listed = match_principals(v, p, s), needed;

    switch (v->r->principal_kind) {
    case PRINCIPAL_ROOT:
        needed = 1u << BY_ACCOUNT;
        break;
    case PRINCIPAL_USER:
        needed = 1u << BY_ACCOUNT | 1u << BY_USER;
        break;
    case PRINCIPAL_SESSION:
        needed = 1u << BY_ACCOUNT | 1u << BY_ROLE | 1u << BY_SESSION;
        break;
    case PRINCIPAL_SERVICE:
        needed = 1u << BY_SERVICE;
        break;
    case PRINCIPAL_ANONYMOUS:
    default:
        return true;
    }
    if (v->l->boundary && (v->r->principal_kind == PRINCIPAL_USER || v->r->principal_kind == PRINCIPAL_SESSION))
        return true;
    return (listed & needed) != needed;
}
