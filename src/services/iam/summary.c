/* SPDX-License-Identifier: MIT */
/* Answers about an account as a whole: who uses a policy, how much of everything there is. */
#include "iam_names.h"

enum { MANY = 5000 };

struct users_of_policy {
    struct iam_policy_user *users;
    struct iam_policy_role *roles;
    size_t n_users, n_roles;
};

static bool wants(str filter, const char *kind)
{
    return !str_is(filter) || str_eq(filter, str_z(kind));
}

static res gather(struct call *c, const struct iam_list_entities_for_policy_in *in, const char *index,
                  struct users_of_policy *out)
{
    struct iam_user_page users = {0};
    struct iam_role_page roles = {0};
    str account = c->caller->account;

    if (wants(in->entity_filter, "User"))
        TRY(iam_user_by(c, index, in->policy_arn, account, MANY, &users));
    if (wants(in->entity_filter, "Role"))
        TRY(iam_role_by(c, index, in->policy_arn, account, MANY, &roles));
    out->users = ARENA_ARRAY(c->arena, struct iam_policy_user, users.n + 1);
    out->roles = ARENA_ARRAY(c->arena, struct iam_policy_role, roles.n + 1);
    for (size_t i = 0; i < users.n; i++)
        if (!str_is(in->path_prefix) || str_starts(users.v[i]->path, in->path_prefix))
            out->users[out->n_users++] = (struct iam_policy_user){users.v[i]->user_name, users.v[i]->user_id};
    for (size_t i = 0; i < roles.n; i++)
        if (!str_is(in->path_prefix) || str_starts(roles.v[i]->path, in->path_prefix))
            out->roles[out->n_roles++] = (struct iam_policy_role){roles.v[i]->role_name, roles.v[i]->role_id};
    return OK;
}

res iam_list_entities_for_policy(struct call *c, const struct iam_list_entities_for_policy_in *in,
                                 struct iam_list_entities_for_policy_out *out)
{
    bool boundary = str_eq(in->policy_usage_filter, S("PermissionsBoundary"));
    struct users_of_policy found = {0};
    struct iam_window w;

    TRY(gather(c, in, boundary ? "boundary" : "attached", &found));
    TRY(iam_window(c, found.n_users + found.n_roles, in->marker, in->max_items, &w));
    size_t from_roles = w.from > found.n_users ? w.from - found.n_users : 0;
    size_t from_users = w.from < found.n_users ? w.from : found.n_users;
    size_t n_users = found.n_users - from_users < w.n ? found.n_users - from_users : w.n;
    out->policy_users = (struct iam_policy_user_list){n_users, found.users + from_users};
    out->policy_roles = (struct iam_policy_role_list){w.n - n_users, found.roles + from_roles};
    out->is_truncated = SET_BOOL(w.more);
    out->marker = w.marker;
    return OK;
}

res iam_get_account_summary(struct call *c, const struct iam_get_account_summary_in *in,
                            struct iam_get_account_summary_out *out)
{
    struct iam_user_page users;
    struct iam_role_page roles;
    struct iam_managed_page policies;

    (void)in;
    TRY(iam_user_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, MANY, &users));
    TRY(iam_role_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, MANY, &roles));
    TRY(iam_managed_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, MANY, &policies));
    const struct {
        const char *name;
        size_t value;
    } rows[] = {{"Users", users.n},
                {"Roles", roles.n},
                {"Policies", policies.n},
                {"Groups", 0},
                {"AccessKeysPerUserQuota", IAM_MAX_KEYS},
                {"AttachedPoliciesPerRoleQuota", IAM_MAX_ATTACHED},
                {"AttachedPoliciesPerUserQuota", IAM_MAX_ATTACHED},
                {"PolicySizeQuota", IAM_MANAGED_MAX},
                {"UserPolicySizeQuota", IAM_USER_INLINE_MAX},
                {"VersionsPerPolicyQuota", IAM_MAX_VERSIONS},
                {"AccountMFAEnabled", 0},
                {"AccountAccessKeysPresent", 0}};
    size_t n = sizeof rows / sizeof *rows;
    out->summary_map.v = ARENA_ARRAY(c->arena, struct str_pair, n);
    for (size_t i = 0; i < n; i++)
        out->summary_map.v[i] = (struct str_pair){str_z(rows[i].name), arena_printf(c->arena, "%zu", rows[i].value)};
    out->summary_map.n = n;
    return OK;
}
