/* SPDX-License-Identifier: MIT */
/* One request against one policy, and against all layers in the order of rules 1 and 2. What grants: grant.c. */
#include "authz/judge.h"

#include <string.h>

static bool match_action(struct eval *v, const struct policy *p, const struct action_pattern *a)
{
    const char *at = p->pool + a->text.at;

    if (a->text.n == 0)
        return true;
    if (a->service != v->service_n || memcmp(at, v->action, a->service) != 0)
        return false;
    size_t skip = (size_t)a->service + 1;
    str pattern = str_n(at + skip, a->text.n - skip), name = str_n(v->action + skip, v->action_n - skip);
    bool hit = glob_steps(pattern, name, '*', '?', false, &v->steps);
    if (v->steps == 0)
        v->doubt = true;
    return hit;
}

static bool match_actions(struct eval *v, const struct policy *p, const struct statement *s)
{
    bool hit = false;

    for (size_t i = 0; !hit && i < s->actions.n; i++)
        hit = eval_spend(v, 1) && match_action(v, p, &p->actions[s->actions.first + i]);
    return hit != !!(s->flags & ST_NOT_ACTION);
}

static bool match_resources(struct eval *v, const struct policy *p, const struct statement *s)
{
    bool hit = false;

    if (!(s->flags & (ST_RESOURCE | ST_NOT_RESOURCE))) /* trust policies: the role they are attached to */
        return true;
    for (size_t i = 0; !hit && i < s->resources.n; i++)
        hit = eval_spend(v, 1) && match_arn(v, p, &p->arns[s->resources.first + i], v->fields);
    return hit != !!(s->flags & ST_NOT_RESOURCE);
}

bool statement_conditions(struct eval *v, const struct policy *p, const struct statement *s, size_t *failed)
{
    for (size_t i = 0; i < s->conditions.n; i++) {
        if (!match_condition(v, p, &p->conditions[s->conditions.first + i])) {
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
static unsigned statement_names(struct eval *v, const struct policy *p, const struct statement *s)
{
    if (!eval_spend(v, 1) || !match_actions(v, p, s) || !match_resources(v, p, s))
        return 0;
    if (s->flags & ST_PRINCIPAL)
        return match_principals(v, p, s);
    if (s->flags & ST_NOT_PRINCIPAL)
        return match_not_principal(v, p, s) ? 1u << BY_ANY : 0;
    return 1u << BY_ACCOUNT;
}

void scan_policy(struct eval *v, const struct policy *p, struct scan *out)
{
    for (size_t i = 0; p && i < p->n_statements; i++) {
        const struct statement *s = &p->statements[i];
        const struct authz_reason here = {p, i};
        bool deny = s->flags & ST_DENY;
        size_t failed;

        /* A further allow by a name already granted changes nothing. */
        unsigned names = statement_names(v, p, s);
        if (names == 0 || (deny ? out->denied : (names & ~out->allowed) == 0))
            continue;
        if (!statement_conditions(v, p, s, &failed)) {
            if (!deny && !out->near.policy)
                out->near = here;
            continue;
        }
        if (deny) {
            out->denied = true;
            out->deny = here;
            continue;
        }
        for (unsigned n = 0; n < NAMINGS; n++)
            if (names & ~out->allowed & 1u << n)
                out->allow[n] = here;
        out->allowed |= names;
    }
}

static void scan_set(struct eval *v, struct policy_set set, struct scan *out)
{
    for (size_t i = 0; i < set.n; i++)
        scan_policy(v, set.v[i], out);
}

/* Rules 15 and 16: each level needs an allow of its own (an RCP level has RCPFullAWSAccess). */
static void scan_levels(struct eval *v, struct policy_levels levels, bool implied, struct scan *out)
{
    bool all = true;

    for (size_t i = 0; i < levels.n; i++) {
        struct scan level = {0};
        scan_set(v, levels.v[i], &level);
        if (level.denied && !out->denied) {
            out->denied = true;
            out->deny = level.deny;
        }
        if (!implied && !level.allowed && all) {
            all = false;
            out->near = level.near;
        }
    }
    out->allowed = all;
}

bool eval_begin(struct eval *v, const struct authz_request *r, const struct authz_layers *l)
{
    ptrdiff_t colon = str_find(r->action, ':');

    v->r = r;
    v->l = l;
    v->steps = EVAL_STEPS;
    v->doubt = false;
    if (colon <= 0 || (size_t)colon + 1 == r->action.n || r->action.n > sizeof v->action || r->resource.n == 0)
        return false;
    v->action_n = r->action.n;
    v->service_n = (size_t)colon;
    for (size_t i = 0; i < r->action.n; i++) {
        char c = r->action.p[i];
        v->action[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    v->resource_any = str_eq(r->resource, S("*"));
    memset(v->fields, 0, sizeof v->fields);
    if (!v->resource_any && (!arn_split(r->resource, v->fields) || !str_eq(v->fields[0], S("arn"))))
        return false;
    for (size_t i = 0; i < r->n_context && i < EVAL_KEYS; i++)
        v->hashes[i] = key_hash(r->context[i].key);
    return true;
}

static bool service_is_one_of(const struct eval *v, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_n(v->action, v->service_n), str_z(names[i])))
            return true;
    return false;
}

/* Rule 16: the services that RCPs reach. */
static bool rcps_apply(const struct eval *v)
{
    static const char *const reached[] = {"s3", "sts", "kms", "sqs", "secretsmanager", "ecr", "aoss"};

    return !v->r->management_resource && !v->r->service_linked_role &&
           service_is_one_of(v, reached, sizeof reached / sizeof reached[0]);
}

/* Rule 18: what lets an owner who locked the bucket against everybody come back. */
static bool owner_repairs_bucket(const struct eval *v)
{
    str action = str_n(v->action, v->action_n);

    return v->r->principal_kind == PRINCIPAL_ROOT && v->same_account &&
           (str_eq(action, S("s3:getbucketpolicy")) || str_eq(action, S("s3:putbucketpolicy")) ||
            str_eq(action, S("s3:deletebucketpolicy")));
}

static void find_place(struct judged *j)
{
    const struct eval *v = &j->v;
    const struct authz_request *r = v->r;
    str action = str_n(v->action, v->action_n), owner = r->resource_account;
    uint64_t id;

    /* An ARN that names another account is never taken for the caller's own. */
    if (owner.n == 0 && v->fields[4].n == 12 && str_to_u64(v->fields[4], &id))
        owner = v->fields[4];
    j->v.same_account = r->account.n && (owner.n == 0 || str_eq(owner, r->account));
    j->person = r->principal_kind == PRINCIPAL_USER || r->principal_kind == PRINCIPAL_SESSION;
    j->key = (v->l->resource && v->l->resource->kind == POLICY_KEY) ||
             (str_starts(action, S("kms:")) && str_eq(v->fields[2], S("kms")) && str_starts(v->fields[5], S("key/")));
    j->trust = (v->l->resource && v->l->resource->kind == POLICY_TRUST) ||
               (authz_is_assume(action) && str_eq(v->fields[2], S("iam")) && str_starts(v->fields[5], S("role/")));
}

bool authz_is_assume(str action)
{
    return str_starts_nocase(action, S("sts:assumerole")) || str_eq_nocase(action, S("sts:tagsession")) ||
           str_eq_nocase(action, S("sts:setsourceidentity"));
}

/* Fills the scans of all layers that apply, in the order in which a denial is named. */
static void scan_layers(struct judged *j, bool all)
{
    struct eval *v = &j->v;
    const struct authz_layers *l = v->l;
    bool scps = !v->r->management_principal && !v->r->service_linked_role &&
                (j->person || v->r->principal_kind == PRINCIPAL_ROOT);

    j->scps_apply = scps && l->scps.n;
    j->rcps_apply = rcps_apply(v) && l->rcps.n;
    for (enum layer at = 0; at <= LAYER_ENDPOINT; at++) {
        enum layer layer = judge_order(at);
        struct scan *s = &j->scan[layer];
        if (layer == LAYER_RCP && j->rcps_apply)
            scan_levels(v, l->rcps, true, s);
        else if (layer == LAYER_SCP && j->scps_apply)
            scan_levels(v, l->scps, false, s);
        else if (layer == LAYER_ENDPOINT)
            scan_set(v, l->endpoints, s);
        else if (layer == LAYER_RESOURCE)
            scan_policy(v, l->resource, s);
        else if (layer == LAYER_IDENTITY && j->person)
            scan_set(v, l->identity, s);
        else if (layer == LAYER_BOUNDARY && j->person)
            scan_policy(v, l->boundary, s);
        else if (layer == LAYER_SESSION && j->person)
            scan_set(v, l->session, s);
        if (layer == LAYER_RESOURCE && owner_repairs_bucket(v))
            s->denied = false;
        if (s->denied && !all)
            return;
    }
}

enum layer judge_order(unsigned i)
{
    static const uint8_t order[] = {LAYER_RCP,      LAYER_SCP,      LAYER_ENDPOINT, LAYER_RESOURCE,
                                    LAYER_IDENTITY, LAYER_BOUNDARY, LAYER_SESSION};

    return i < sizeof order ? order[i] : LAYER_NONE;
}

static struct decision conclude(struct judged *j)
{
    const struct authz_layers *l = j->v.l;

    for (unsigned i = 0; judge_order(i) != LAYER_NONE; i++) {
        enum layer layer = judge_order(i);
        if (j->scan[layer].denied)
            return (struct decision){DENIED_EXPLICITLY, judge_layer(j, layer), j->scan[layer].deny};
    }
    if (j->v.doubt)
        return (struct decision){DENIED_IMPLICITLY, LAYER_NONE, {NULL, 0}};
    if (j->scps_apply && !j->scan[LAYER_SCP].allowed)
        return judge_lacks(j, LAYER_SCP);
    if (l->endpoints.n && !j->scan[LAYER_ENDPOINT].allowed)
        return judge_lacks(j, LAYER_ENDPOINT);
    struct decision d = judge_grant(j);
    return j->v.doubt ? (struct decision){DENIED_IMPLICITLY, LAYER_NONE, {NULL, 0}} : d;
}

/* Rule 1's two exceptions. They are for whoever has signed; nothing is looked at. */
static bool needs_no_permission(const struct authz_request *r)
{
    return (r->principal_kind == PRINCIPAL_ROOT || r->principal_kind == PRINCIPAL_USER ||
            r->principal_kind == PRINCIPAL_SESSION) &&
           (str_eq_nocase(r->action, S("sts:GetCallerIdentity")) || str_eq_nocase(r->action, S("sts:GetSessionToken")));
}

struct decision judge(struct judged *j, const struct authz_request *r, const struct authz_layers *l, bool all)
{
    memset(j->scan, 0, sizeof j->scan);
    j->valid = eval_begin(&j->v, r, l);
    if (!j->valid)
        return (struct decision){DENIED_IMPLICITLY, LAYER_NONE, {NULL, 0}};
    find_place(j);
    if (needs_no_permission(r) && !all)
        return (struct decision){ALLOWED, LAYER_IDENTITY, {NULL, 0}};
    scan_layers(j, all);
    if (needs_no_permission(r))
        return (struct decision){ALLOWED, LAYER_IDENTITY, {NULL, 0}};
    return conclude(j);
}

struct decision authz_evaluate(const struct authz_request *r, const struct authz_layers *l)
{
    struct judged j;

    return judge(&j, r, l, false);
}

enum verdict authz_statement_verdict(const struct authz_request *r, const struct authz_layers *l,
                                     const struct policy *p, size_t statement)
{
    const struct statement *s = &p->statements[statement];
    struct eval v;
    size_t failed;

    if (!eval_begin(&v, r, l) || !statement_names(&v, p, s) || !statement_conditions(&v, p, s, &failed) || v.doubt)
        return DENIED_IMPLICITLY;
    return s->flags & ST_DENY ? DENIED_EXPLICITLY : ALLOWED;
}
