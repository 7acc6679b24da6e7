/* SPDX-License-Identifier: MIT */
/* The policies of users, roles and groups: inline and attached. */
#include "iam_names.h"

struct iam_entity iam_entity_of_user(struct iam_user *u)
{
    return (struct iam_entity){"user",       "PoliciesPerUser",   IAM_USER_INLINE_MAX,
                               u->user_name, &u->inline_policies, &u->attached};
}
struct iam_entity iam_entity_of_role(struct iam_role *r)
{
    return (struct iam_entity){"role",       "PoliciesPerRole",   IAM_ROLE_INLINE_MAX,
                               r->role_name, &r->inline_policies, &r->attached};
}
struct iam_entity iam_entity_of_group(struct iam_group *g)
{
    return (struct iam_entity){"group",       "PoliciesPerGroup",  IAM_GROUP_INLINE_MAX,
                               g->group_name, &g->inline_policies, &g->attached};
}

/* ---- inline policies ---- */

const struct iam_inline_policy *iam_inline_find(const struct iam_inline_policy_list *list, str name)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i].policy_name, name))
            return &list->v[i];
    return NULL;
}

static res check_inline_size(struct call *c, const struct iam_entity *x, str name, str document)
{
    size_t n = iam_policy_size(document);

    for (size_t i = 0; i < x->inline_policies->n; i++)
        if (!str_eq(x->inline_policies->v[i].policy_name, name))
            n += iam_policy_size(x->inline_policies->v[i].policy_document);
    if (n > x->inline_max)
        return fault(c, &iam_LimitExceeded, "Maximum policy size of %zu bytes exceeded for %s %.*s", x->inline_max,
                     x->kind, FMT(x->name));
    return OK;
}

res iam_inline_put(struct call *c, const struct iam_entity *x, str name, str document)
{
    struct iam_inline_policy_list *list = x->inline_policies;
    struct iam_inline_policy *hit = (struct iam_inline_policy *)iam_inline_find(list, name);

    TRY(iam_check_name(c, "policyName", name));
    TRY(policy_check(c, document, POLICY_IDENTITY, &iam_MalformedPolicyDocument));
    TRY(check_inline_size(c, x, name, document));
    if (!hit) {
        struct iam_inline_policy *v = ARENA_ARRAY(c->arena, struct iam_inline_policy, list->n + 1);
        for (size_t i = 0; i < list->n; i++)
            v[i] = list->v[i];
        hit = &v[list->n];
        *list = (struct iam_inline_policy_list){list->n + 1, v};
    }
    *hit = (struct iam_inline_policy){name, document};
    return OK;
}

res iam_inline_delete(struct call *c, const struct iam_entity *x, str name)
{
    struct iam_inline_policy_list *list = x->inline_policies;
    struct iam_inline_policy *hit = (struct iam_inline_policy *)iam_inline_find(list, name);

    if (!hit)
        return fault(c, &iam_NoSuchEntity, "The %s policy with name %.*s cannot be found.", x->kind, FMT(name));
    for (list->n--; hit < list->v + list->n; hit++)
        *hit = hit[1];
    return OK;
}

res iam_names_out(struct call *c, const struct iam_inline_policy_list *list, str marker, opt_int max_items,
                  struct list_of_str *names, opt_bool *truncated, str *next)
{
    struct iam_window w;

    TRY(iam_window(c, list->n, marker, max_items, &w));
    names->v = ARENA_ARRAY(c->arena, str, w.n + 1);
    for (size_t i = 0; i < w.n; i++)
        names->v[names->n++] = list->v[w.from + i].policy_name;
    *truncated = SET_BOOL(w.more);
    *next = w.marker;
    return OK;
}

/* ---- attached policies ---- */

res iam_policy_document(struct call *c, str account, str arn, str *document)
{
    struct iam_managed *m;
    str owner, kind, name;

    *document = iam_aws_policy(arn);
    if (str_is(*document) || !iam_parse_arn(arn, &owner, &kind, &name) || !str_eq(owner, account))
        return OK; /* another account's policy is nobody else's to use */
    TRY(iam_managed_load(c, owner, arn, &m));
    for (size_t i = 0; m && i < m->versions.n; i++)
        if (str_eq(m->versions.v[i].version_id, m->default_version_id))
            *document = m->versions.v[i].document;
    return OK;
}

res iam_attach(struct call *c, const struct iam_entity *x, str policy_arn)
{
    struct list_of_str *list = x->attached;
    str document;

    TRY(iam_policy_document(c, c->caller->account, policy_arn, &document));
    if (!str_is(document))
        return fault(c, &iam_NoSuchEntity, "Policy %.*s does not exist or is not attachable.", FMT(policy_arn));
    if (str_starts(policy_arn, S("arn:aws:iam::aws:policy/aws-service-role/")))
        return fault(c, &iam_PolicyNotAttachable, "Cannot attach a Service Role Policy to a Customer Role.");
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i], policy_arn))
            return OK;
    if (list->n >= IAM_MAX_ATTACHED)
        return fault(c, &iam_LimitExceeded, "Cannot exceed quota for %s: %d", x->quota, IAM_MAX_ATTACHED);
    iam_append(c, list, policy_arn);
    return OK;
}

res iam_detach(struct call *c, const struct iam_entity *x, str policy_arn)
{
    if (iam_remove(x->attached, policy_arn))
        return OK;
    return fault(c, &iam_NoSuchEntity, "Policy %.*s was not found.", FMT(policy_arn));
}

static bool below(str arn, str path_prefix)
{
    ptrdiff_t at = str_search(arn, S(":policy/"));

    return !str_is(path_prefix) || (at >= 0 && str_starts(str_from(arn, (size_t)at + 7), path_prefix));
}

res iam_attached_out(struct call *c, const struct list_of_str *list, str path_prefix, str marker, opt_int max_items,
                     struct iam_attached_list *out, opt_bool *truncated, str *next)
{
    struct iam_attached *all = ARENA_ARRAY(c->arena, struct iam_attached, list->n + 1);
    struct iam_window w;
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++)
        if (below(list->v[i], path_prefix))
            all[n++] = (struct iam_attached){iam_name_of_arn(list->v[i]), list->v[i]};
    TRY(iam_window(c, n, marker, max_items, &w));
    *out = (struct iam_attached_list){w.n, all + w.from};
    *truncated = SET_BOOL(w.more);
    *next = w.marker;
    return OK;
}
