/* SPDX-License-Identifier: MIT */
/* Answers about an account as a whole: who uses a policy, how much of everything there is. */
#include "iam_names.h"

/* ---- who uses a policy ---- */

/* One kind of user of a policy. A page goes through them in this order; the marker is "KIND:NAME", the last one told.
 */
static const struct use {
    const char *kind, *index;
    const struct record_type *record;
} all_uses[] = {{"Group", "attached", &iam_group_record},
                {"User", "attached", &iam_user_record},
                {"Role", "attached", &iam_role_record},
                {"User", "boundary", &iam_user_record},
                {"Role", "boundary", &iam_role_record}};
enum { USES = sizeof all_uses / sizeof *all_uses };

static bool use_is_wanted(const struct iam_list_entities_for_policy_in *in, size_t i)
{
    bool boundary = str_eq(str_z(all_uses[i].index), S("boundary"));

    if (str_is(in->policy_usage_filter) && boundary != str_eq(in->policy_usage_filter, S("PermissionsBoundary")))
        return false;
    return !str_is(in->entity_filter) || str_eq(in->entity_filter, str_z(all_uses[i].kind));
}

static bool is_below(str path, str prefix)
{
    return !str_is(prefix) || str_starts(path, prefix);
}

/* Whoever has the policy both ways is told once. */
static bool told_before(const struct iam_list_entities_for_policy_in *in, size_t use,
                        const struct list_of_str *attached)
{
    bool hit = false;

    if (str_is(in->policy_usage_filter) || !str_eq(str_z(all_uses[use].index), S("boundary")))
        return false;
    for (size_t i = 0; i < attached->n; i++)
        hit |= str_eq(attached->v[i], in->policy_arn);
    return hit;
}

static void tell(const struct iam_list_entities_for_policy_in *in, size_t use, const void *record,
                 struct iam_list_entities_for_policy_out *out)
{
    const struct iam_group *g = record;
    const struct iam_user *u = record;
    const struct iam_role *r = record;

    if (all_uses[use].record == &iam_group_record && is_below(g->path, in->path_prefix))
        out->policy_groups.v[out->policy_groups.n++] = (struct iam_policy_group){g->group_name, g->group_id};
    if (all_uses[use].record == &iam_user_record && is_below(u->path, in->path_prefix) &&
        !told_before(in, use, &u->attached))
        out->policy_users.v[out->policy_users.n++] = (struct iam_policy_user){u->user_name, u->user_id};
    if (all_uses[use].record == &iam_role_record && is_below(r->path, in->path_prefix) &&
        !told_before(in, use, &r->attached))
        out->policy_roles.v[out->policy_roles.n++] = (struct iam_policy_role){r->role_name, r->role_id};
}

static str id_of(size_t use, const void *record)
{
    return all_uses[use].record == &iam_group_record  ? ((const struct iam_group *)record)->group_name
           : all_uses[use].record == &iam_user_record ? ((const struct iam_user *)record)->user_name
                                                      : ((const struct iam_role *)record)->role_name;
}

static res any_from(struct call *c, const struct iam_list_entities_for_policy_in *in, size_t use, bool *any)
{
    int64_t n = 0;

    for (; use < USES && n == 0; use++)
        if (use_is_wanted(in, use))
            TRY(record_count_by(c, all_uses[use].record, all_uses[use].index, in->policy_arn, &n));
    *any = n > 0;
    return OK;
}

static res open_marker(struct call *c, str marker, uint64_t *use, str *after)
{
    TRY(iam_marker(c, marker, after));
    *use = 0;
    if (!str_is(*after))
        return OK;
    str number = str_cut(after, ':');
    if (!str_to_u64(number, use) || *use >= USES)
        return fault(c, &iam_InvalidInput, "Invalid Marker.");
    return OK;
}

res iam_list_entities_for_policy(struct call *c, const struct iam_list_entities_for_policy_in *in,
                                 struct iam_list_entities_for_policy_out *out)
{
    size_t left = iam_page_size(in->max_items);
    uint64_t use;
    str after;
    bool more = false;

    TRY(iam_check_prefix(c, in->path_prefix));
    TRY(open_marker(c, in->marker, &use, &after));
    out->policy_groups.v = ARENA_ARRAY(c->arena, struct iam_policy_group, left);
    out->policy_users.v = ARENA_ARRAY(c->arena, struct iam_policy_user, left);
    out->policy_roles.v = ARENA_ARRAY(c->arena, struct iam_policy_role, left);
    for (; use < USES && left; use++, after = STR_ABSENT) {
        struct record_page page = {0};
        if (!use_is_wanted(in, use))
            continue;
        TRY(record_by_after(c, all_uses[use].record, all_uses[use].index, in->policy_arn, STR_ABSENT, after, left,
                            &page));
        for (size_t i = 0; i < page.n; i++)
            tell(in, use, page.v[i], out);
        left -= page.n;
        more = page.more;
        if (more) {
            after = id_of(use, page.v[page.n - 1]);
            break;
        }
    }
    if (!more)
        TRY(any_from(c, in, use, &more));
    out->is_truncated = SET_BOOL(more);
    if (more)
        out->marker = page_token(
            c, arena_printf(c->arena, "%llu:%.*s", (unsigned long long)use, FMT(str_is(after) ? after : S(""))));
    return OK;
}

/* ---- how much there is ---- */

enum { POLICIES_AT_ONCE = 50 };

/* Versions of all policies, read a page at a time and forgotten. */
static res count_versions(struct call *c, int64_t *versions)
{
    struct arena *mine = c->arena;
    struct iam_managed_page page = {.more = true};
    str after = STR_ABSENT;
    res why = OK;

    *versions = 0;
    while (is_ok(why) && page.more) {
        c->arena = arena_new((size_t)16 << 20);
        why = iam_managed_list_all(c, STR_ABSENT, STR_ABSENT, after, POLICIES_AT_ONCE, &page);
        for (size_t i = 0; is_ok(why) && i < page.n; i++)
            *versions += (int64_t)page.v[i]->versions.n;
        after = page.n ? arena_dup(mine, page.v[page.n - 1]->arn) : after;
        arena_free(c->arena);
        c->arena = mine;
    }
    return why;
}

res iam_get_account_summary(struct call *c, const struct iam_get_account_summary_in *in,
                            struct iam_get_account_summary_out *out)
{
    int64_t users, roles, groups, policies, versions, profiles;

    (void)in;
    TRY(record_count(c, &iam_user_record, &users));
    TRY(record_count(c, &iam_role_record, &roles));
    TRY(record_count(c, &iam_group_record, &groups));
    TRY(record_count(c, &iam_managed_record, &policies));
    TRY(record_count(c, &iam_instance_profile_record, &profiles));
    TRY(count_versions(c, &versions));
    const struct {
        const char *name;
        int64_t value;
    } rows[] = {{"Users", users},
                {"UsersQuota", IAM_MAX_USERS},
                {"Groups", groups},
                {"GroupsQuota", IAM_MAX_GROUPS},
                {"GroupsPerUserQuota", IAM_MAX_GROUPS_OF_USER},
                {"Roles", roles},
                {"RolesQuota", IAM_MAX_ROLES},
                {"InstanceProfiles", profiles},
                {"InstanceProfilesQuota", IAM_MAX_PROFILES},
                {"Policies", policies},
                {"PoliciesQuota", IAM_MAX_POLICIES},
                {"PolicySizeQuota", IAM_MANAGED_MAX},
                {"PolicyVersionsInUse", versions},
                {"PolicyVersionsInUseQuota", IAM_MAX_VERSIONS_IN_ALL},
                {"VersionsPerPolicyQuota", IAM_MAX_VERSIONS},
                {"AttachedPoliciesPerGroupQuota", IAM_MAX_ATTACHED},
                {"AttachedPoliciesPerRoleQuota", IAM_MAX_ATTACHED},
                {"AttachedPoliciesPerUserQuota", IAM_MAX_ATTACHED},
                {"UserPolicySizeQuota", IAM_USER_INLINE_MAX},
                {"GroupPolicySizeQuota", IAM_GROUP_INLINE_MAX},
                {"RolePolicySizeQuota", IAM_ROLE_INLINE_MAX},
                {"AssumeRolePolicySizeQuota", IAM_TRUST_MAX},
                {"AccessKeysPerUserQuota", IAM_MAX_KEYS},
                /* There is no console and no root key, and these are not built. */
                {"AccountAccessKeysPresent", 0},
                {"AccountPasswordPresent", 0},
                {"AccountSigningCertificatesPresent", 0},
                {"AccountMFAEnabled", 0},
                {"MFADevices", 0},
                {"MFADevicesInUse", 0},
                {"ServerCertificates", 0},
                {"ServerCertificatesQuota", 20},
                {"SigningCertificatesPerUserQuota", 2},
                {"Providers", 0},
                {"GlobalEndpointTokenVersion", 2}};
    size_t n = sizeof rows / sizeof *rows;
    out->summary_map.v = ARENA_ARRAY(c->arena, struct str_pair, n);
    for (size_t i = 0; i < n; i++)
        out->summary_map.v[i] =
            (struct str_pair){str_z(rows[i].name), arena_printf(c->arena, "%lld", (long long)rows[i].value)};
    out->summary_map.n = n;
    return OK;
}
