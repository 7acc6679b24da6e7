/* SPDX-License-Identifier: MIT */
/* One request against the statements of a policy, and of a set of policies, in their order. With an index: index.c. */
#include "authz/judge.h"

static bool match_actions(struct eval *v, const struct policy *p, const struct statement *s)
{
    bool hit = false;

    for (size_t i = 0; !hit && i < s->actions.n; i++)
        hit = eval_spend(v, 1) && match_action(v, p, policy_action(p, s->actions.first + i));
    return hit != !!(s->flags & ST_NOT_ACTION);
}

static bool match_resources(struct eval *v, const struct policy *p, const struct statement *s)
{
    bool hit = false;

    if (!(s->flags & (ST_RESOURCE | ST_NOT_RESOURCE))) /* trust policies: the role they are attached to */
        return true;
    for (size_t i = 0; !hit && i < s->resources.n; i++)
        hit = eval_spend(v, 1) && match_arn(v, p, policy_arn(p, s->resources.first + i), v->fields);
    return hit != !!(s->flags & ST_NOT_RESOURCE);
}

bool statement_conditions(struct eval *v, const struct policy *p, const struct statement *s, size_t *failed)
{
    for (size_t i = 0; i < s->conditions.n; i++) {
        if (!match_condition(v, p, policy_condition(p, s->conditions.first + i))) {
            *failed = (size_t)s->conditions.first + i;
            return false;
        }
    }
    return true;
}

unsigned statement_fits(struct eval *v, const struct policy *p, const struct statement *s)
{
    unsigned fits = 0;
    size_t failed;

    if (match_actions(v, p, s))
        fits |= FITS_ACTION;
    if (match_resources(v, p, s))
        fits |= FITS_RESOURCE;
    if (!(s->flags & ST_PRINCIPAL) || match_principals(v, p, s))
        fits |= FITS_PRINCIPAL;
    if (statement_conditions(v, p, s, &failed))
        fits |= FITS_CONDITIONS;
    return fits;
}

/* The names by which the statement meets the caller, 0 if it does not concern this request. */
static unsigned statement_names(struct eval *v, const struct policy *p, const struct statement *s, bool action)
{
    if (!eval_spend(v, 1) || !(action || match_actions(v, p, s)) || !match_resources(v, p, s))
        return 0;
    if (s->flags & ST_PRINCIPAL)
        return match_principals(v, p, s);
    if (s->flags & ST_NOT_PRINCIPAL)
        return match_not_principal(v, p, s) ? 1u << BY_ANY : 0;
    return 1u << BY_ACCOUNT;
}

void scan_statement(struct eval *v, struct authz_reason here, bool action, struct scan *out)
{
    const struct statement *s = policy_statement(here.policy, here.statement);
    bool deny = s->flags & ST_DENY;
    size_t failed;

    eval_enter(v, here.policy);
    /* A further allow by a name already granted changes nothing. */
    unsigned names = statement_names(v, here.policy, s, action);
    if (names == 0 || (deny ? out->denied : (names & ~out->allowed) == 0))
        return;
    if (!statement_conditions(v, here.policy, s, &failed)) {
        if (!deny && !out->near.policy)
            out->near = here;
        return;
    }
    if (deny) {
        out->denied = true;
        out->deny = here;
        return;
    }
    for (unsigned n = 0; n < NAMINGS; n++)
        if (names & ~out->allowed & 1u << n)
            out->allow[n] = here;
    out->allowed |= names;
}

static bool has_principals(const struct policy *p)
{
    return p->kind == POLICY_RESOURCE || p->kind == POLICY_TRUST || p->kind == POLICY_KEY ||
           p->kind == POLICY_ENDPOINT || p->kind == POLICY_RCP;
}

/* The root user is told apart because rule 18 may lift a denial: then what allows counts. */
bool scan_settled(const struct eval *v, const struct policy *p, bool deny, const struct scan *out)
{
    if (v->all)
        return false;
    if (out->denied && (deny || v->r->principal_kind != PRINCIPAL_ROOT))
        return true;
    return !deny && out->allowed && !has_principals(p);
}

void scan_policy(struct eval *v, const struct policy *p, struct scan *out)
{
    if (p && p->index && !v->all) {
        index_scan(v, (struct policy_set){.v = &p, .n = 1}, p->index, out);
        return;
    }
    for (size_t i = 0; p && i < p->n_statements; i++)
        if (!scan_settled(v, p, policy_statement(p, i)->flags & ST_DENY, out))
            scan_statement(v, (struct authz_reason){p, i}, false, out);
}

void scan_set(struct eval *v, struct policy_set set, struct scan *out)
{
    if (set.index && !v->all) {
        index_scan(v, set, set.index, out);
        return;
    }
    for (size_t i = 0; i < set.n; i++)
        scan_policy(v, set.v[i], out);
}
