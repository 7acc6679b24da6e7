/* SPDX-License-Identifier: MIT */
/* Who grants: identity policies, resource policies by each way of naming the caller, keys, trust, KMS grants, root,
 * services, anonymous (rules 4 to 14, 18, 19, 22, 23, 41). Reached only when nothing denied explicitly. */
#include "authz/judge.h"

static struct decision deny(enum layer by, struct authz_reason near)
{
    return (struct decision){DENIED_IMPLICITLY, by, near};
}

enum layer judge_layer(const struct judged *j, enum layer layer)
{
    return layer == LAYER_RESOURCE && j->trust ? LAYER_TRUST : layer;
}

struct decision judge_lacks(const struct judged *j, enum layer layer)
{
    return deny(judge_layer(j, layer), j->scan[layer].near);
}

struct authz_reason judge_narrowest(const struct scan *s, unsigned names)
{
    static const uint8_t narrowest[] = {BY_SESSION, BY_USER, BY_ROLE, BY_ACCOUNT, BY_SERVICE, BY_ANY};

    for (size_t i = 0; i < sizeof narrowest; i++)
        if (names & s->allowed & 1u << narrowest[i])
            return s->allow[narrowest[i]];
    return (struct authz_reason){NULL, 0};
}

static struct decision allow_by_resource(const struct judged *j, unsigned names)
{
    return (struct decision){ALLOWED, judge_layer(j, LAYER_RESOURCE), judge_narrowest(&j->scan[LAYER_RESOURCE], names)};
}

static bool session_limits(const struct judged *j)
{
    return (j->v.l->session_passed || j->v.l->session.n) && !j->scan[LAYER_SESSION].allowed;
}

static bool boundary_limits(const struct judged *j)
{
    return j->v.l->boundary && !j->scan[LAYER_BOUNDARY].allowed;
}

/* Rule 14: the identity side as a whole. LAYER_NONE: it allows; else what is lacking. */
static enum layer identity_lacks(const struct judged *j)
{
    if (j->v.r->principal_kind == PRINCIPAL_ROOT)
        return LAYER_NONE; /* rule 18 */
    if (!j->person || !j->scan[LAYER_IDENTITY].allowed)
        return LAYER_IDENTITY;
    return boundary_limits(j) ? LAYER_BOUNDARY : session_limits(j) ? LAYER_SESSION : LAYER_NONE;
}

static bool has_context(const struct authz_request *r, str key, str value)
{
    static const char prefix[] = "kms:EncryptionContext:";

    for (size_t i = 0; i < r->n_context; i++) {
        const struct authz_value *c = &r->context[i];
        if (str_starts_nocase(c->key, S(prefix)) && str_eq(str_from(c->key, sizeof prefix - 1), key))
            return c->n == 1 && str_eq(c->values[0], value);
    }
    return false;
}

static size_t context_pairs(const struct authz_request *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_context; i++)
        n += str_starts_nocase(r->context[i].key, S("kms:EncryptionContext:"));
    return n;
}

static bool has_pairs(const struct authz_request *r, const struct str_pair2 *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!has_context(r, pairs[i].key, pairs[i].value))
            return false;
    return true;
}

/* Rule 10: a grant allows beside the policies, if its constraints on the encryption context hold. */
const struct authz_grant *judge_granted(const struct judged *j)
{
    const struct authz_request *r = j->v.r;

    for (size_t i = 0; j->key && i < j->v.l->n_grants; i++) {
        const struct authz_grant *g = &j->v.l->grants[i];
        if (g->n_equals && context_pairs(r) != g->n_equals)
            continue;
        if (has_pairs(r, g->equals, g->n_equals) && has_pairs(r, g->subset, g->n_subset))
            return g;
    }
    return NULL;
}

/* Rules 5 to 8 within one account: names that grant without the identity policies. */
static bool names_directly(const struct judged *j, unsigned *by)
{
    unsigned names = j->scan[LAYER_RESOURCE].allowed;
    bool session = j->v.r->principal_kind == PRINCIPAL_SESSION;
    unsigned outright = names & (1u << BY_SESSION | (session ? 1u << BY_ANY : 0));
    /* A user's ARN is named before its session exists, so a session policy still limits it; a boundary does not. */
    unsigned for_user = names & (1u << BY_USER | (session ? 0 : 1u << BY_ANY));

    if (outright)
        *by = outright;
    else if (for_user && !session_limits(j))
        *by = for_user;
    else if ((names & 1u << BY_ROLE) && !boundary_limits(j) && !session_limits(j))
        *by = 1u << BY_ROLE;
    else
        return false;
    return true;
}

static struct decision grant_own_root(const struct judged *j)
{
    unsigned names = j->scan[LAYER_RESOURCE].allowed & (1u << BY_ACCOUNT | 1u << BY_ANY);

    if (!j->key && !j->trust)
        return (struct decision){ALLOWED, LAYER_IDENTITY, {NULL, 0}};
    return names ? allow_by_resource(j, names) : judge_lacks(j, LAYER_RESOURCE);
}

static struct decision grant_same_account(const struct judged *j)
{
    unsigned names = j->scan[LAYER_RESOURCE].allowed, by;
    bool delegated = names & 1u << BY_ACCOUNT;

    if (j->v.r->principal_kind == PRINCIPAL_ROOT)
        return grant_own_root(j);
    if (names_directly(j, &by))
        return allow_by_resource(j, by);
    if (names & (1u << BY_ROLE)) /* named, so only what limits a role can lack (rule 6) */
        return judge_lacks(j, boundary_limits(j) ? LAYER_BOUNDARY : LAYER_SESSION);
    if (names & (1u << BY_USER | 1u << BY_ANY))
        return judge_lacks(j, LAYER_SESSION);
    if ((j->key || j->trust) && !delegated)
        return judge_lacks(j, LAYER_RESOURCE);
    enum layer lacking = identity_lacks(j);
    if (lacking != LAYER_NONE)
        return judge_lacks(j, lacking);
    return (struct decision){ALLOWED, LAYER_IDENTITY, j->scan[LAYER_IDENTITY].allow[0]};
}

/* Rules 11 to 13, 23. */
static struct decision grant_cross_account(const struct judged *j)
{
    unsigned names = j->scan[LAYER_RESOURCE].allowed;

    if (!j->v.l->resource_takes_policies || names == 0 || str_eq_nocase(j->v.r->action, S("iam:PassRole")))
        return judge_lacks(j, LAYER_RESOURCE);
    enum layer lacking = identity_lacks(j);
    return lacking == LAYER_NONE ? allow_by_resource(j, names) : judge_lacks(j, lacking);
}

/* Rule 41: what AWS owns cannot be changed by its users. What neither reads it nor uses it is taken for a change. */
static bool changes_what_aws_owns(const struct judged *j)
{
    static const char *const harmless[] = {"get",      "list",     "describe", "simulate",
                                           "generate", "passrole", "encrypt",  "decrypt"};
    const str *f = j->v.fields;
    str service = str_n(j->v.action, j->v.service_n), name = str_from(str_n(j->v.action, j->v.action_n), service.n + 1);
    bool owned = (str_eq(f[2], S("iam")) && str_eq(f[4], S("aws"))) ||
                 (str_eq(f[2], S("iam")) && str_starts(f[5], S("role/aws-reserved/"))) ||
                 (str_eq(f[2], S("kms")) && str_starts(f[5], S("alias/aws/")));

    /* sts:TagSession and sts:SetSourceIdentity concern a session, not the role. */
    if (!owned || !str_eq(service, f[2]))
        return false;
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (str_starts(name, str_z(harmless[i])))
            return false;
    return true;
}

struct decision judge_grant(struct judged *j)
{
    unsigned names = j->scan[LAYER_RESOURCE].allowed;

    if (changes_what_aws_owns(j))
        return deny(LAYER_IDENTITY, (struct authz_reason){NULL, 0});
    if (judge_granted(j))
        return (struct decision){ALLOWED, LAYER_GRANT, {NULL, 0}};
    switch (j->v.r->principal_kind) {
    case PRINCIPAL_SERVICE: /* rule 19: `*` is not enough */
        names &= 1u << BY_SERVICE;
        return names ? allow_by_resource(j, names) : judge_lacks(j, LAYER_RESOURCE);
    case PRINCIPAL_ANONYMOUS: /* rule 22; nobody becomes a role without an identity (rule 11) */
        names &= 1u << BY_ANY;
        return names && !j->trust ? allow_by_resource(j, names) : judge_lacks(j, LAYER_RESOURCE);
    case PRINCIPAL_ROOT:
    case PRINCIPAL_USER:
    case PRINCIPAL_SESSION:
        return j->v.same_account ? grant_same_account(j) : grant_cross_account(j);
    }
    return deny(LAYER_NONE, (struct authz_reason){NULL, 0});
}
