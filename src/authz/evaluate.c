/* SPDX-License-Identifier: MIT */
/* One request against one policy, and against all layers in the order of rules 1 and 2. What grants: grant.c. */
#include "authz/judge.h"

#include <string.h>

#include "base/fold.h"

/* Rules 15 and 16: each level needs an allow of its own (an RCP level has RCPFullAWSAccess). */
static void scan_levels(struct eval *v, struct policy_levels levels, bool implied, struct scan *out)
{
    bool all = true;

    for (size_t i = 0; i < levels.n; i++) {
        struct scan level FILLED_LATER;
        if (!v->all && levels.v[i].n == 1 && levels.v[i].v[0]->lets_all)
            continue;
        scan_begin(&level);
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
    out->allow[0] =
        (struct authz_reason){NULL, 0}; /* each level allows by a statement of its own: none speaks for all */
}

bool eval_begin(struct eval *v, const struct authz_request *r, const struct authz_layers *l)
{
    ptrdiff_t colon = str_find(r->action, ':');

    v->r = r;
    v->l = l;
    v->steps = 0;
    v->pool = EVAL_STEPS_ALL;
    v->reading = NULL;
    v->looks = 0;
    v->doubt = v->hashed = v->sieved = false;
    if (colon <= 0 || (size_t)colon + 1 == r->action.n || r->action.n > sizeof v->action || r->resource.n == 0 ||
        str_find(str_from(r->action, (size_t)colon + 1), ':') >= 0)
        return false;
    v->action_n = r->action.n;
    v->service_n = (size_t)colon;
    fold_copy(v->action, r->action.p, r->action.n);
    v->resource_any = str_eq(r->resource, S("*"));
    memset(v->fields, 0, sizeof v->fields);
    if (!v->resource_any && (!arn_split(r->resource, v->fields) || !str_eq(v->fields[0], S("arn"))))
        return false;
    v->action_hash = key_hash(r->action);
    v->service_hash = key_hash(str_sub(r->action, 0, v->service_n + 1));
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

    /* Whoever a grant lets retire it must be able to: KMS developer guide, "Resource control policies". */
    return !v->r->management_resource && !v->r->service_linked_role &&
           !str_eq(str_n(v->action, v->action_n), S("kms:retiregrant")) &&
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

    /* An ARN that names another account, or what is none, is never taken for the caller's own. */
    if (owner.n == 0 && !str_eq(v->fields[4], S("aws")))
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
    j->rcps_apply = l->rcps.n && rcps_apply(v);
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
    for (size_t i = 0; i < sizeof j->scan / sizeof j->scan[0]; i++)
        scan_begin(&j->scan[i]);
    j->v.all = all;
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
    struct judged j FILLED_LATER;

    return judge(&j, r, l, false);
}

enum verdict authz_statement_verdict(const struct authz_request *r, const struct authz_layers *l,
                                     const struct policy *p, size_t statement)
{
    struct scan s = {0};
    struct eval v;

    if (!eval_begin(&v, r, l))
        return DENIED_IMPLICITLY;
    scan_statement(&v, (struct authz_reason){p, statement}, false, &s);
    if (v.doubt)
        return DENIED_IMPLICITLY;
    return s.denied ? DENIED_EXPLICITLY : s.allowed ? ALLOWED : DENIED_IMPLICITLY;
}
