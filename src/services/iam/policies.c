/* SPDX-License-Identifier: MIT */
/* Managed policies, the account's own and AWS's. */
#include "base/enc.h"
#include "iam_names.h"

static const struct {
    const char *arn, *document;
} aws_policies[] = {
    {"arn:aws:iam::aws:policy/AdministratorAccess",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"},
    {"arn:aws:iam::aws:policy/PowerUserAccess",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":[\"iam:*\",\"organizations:*\","
     "\"account:*\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":[\"iam:CreateServiceLinkedRole\",\"iam:"
     "DeleteServiceLinkedRole\",\"iam:ListRoles\",\"organizations:DescribeOrganization\",\"account:ListRegions\"],"
     "\"Resource\":\"*\"}]}"},
};

str iam_aws_policy(str arn)
{
    for (size_t i = 0; i < sizeof aws_policies / sizeof *aws_policies; i++)
        if (str_eq(arn, str_z(aws_policies[i].arn)))
            return str_z(aws_policies[i].document);
    return STR_ABSENT;
}

res iam_find_policy(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_managed *m = NULL;
    str account, kind, name;

    (void)n;
    out->arn = names[0];
    if (iam_parse_arn(names[0], &account, &kind, &name)) {
        out->account = account;
        if (str_eq(account, c->caller->account))
            TRY(iam_managed_load(c, account, names[0], &m));
    }
    if (m) {
        out->subject = m;
        out->tags = (const struct str_pair *)m->tags.v;
        out->n_tags = m->tags.n;
    } else if (!str_is(iam_aws_policy(names[0]))) {
        out->missing = &iam_NoSuchEntity;
        out->missing_text = arena_printf(c->arena, "Policy %.*s was not found.", FMT(names[0]));
    } else {
        out->account = c->caller->account; /* AWS's own are everybody's to read */
    }
    return OK;
}

static str path_or_root(str path)
{
    return path.n ? path : S("/");
}

res iam_new_policy(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->arn = call_arn(c, "iam", "policy%.*s%.*s", FMT(path_or_root(names[0])), FMT(names[1]));
    return OK;
}

static res attachments(struct call *c, str arn, int64_t *n)
{
    struct iam_user_page users;
    struct iam_role_page roles;

    TRY(iam_user_by(c, "attached", arn, c->caller->account, 1000, &users));
    TRY(iam_role_by(c, "attached", arn, c->caller->account, 1000, &roles));
    *n = (int64_t)(users.n + roles.n);
    return OK;
}

static res policy_out(struct call *c, const struct iam_managed *m, struct iam_policy_out *o)
{
    int64_t n;

    TRY(attachments(c, m->arn, &n));
    *o = (struct iam_policy_out){.policy_name = m->policy_name,
                                 .policy_id = m->policy_id,
                                 .arn = m->arn,
                                 .path = m->path,
                                 .default_version_id = m->default_version_id,
                                 .attachment_count = SET_INT(n),
                                 .permissions_boundary_usage_count = SET_INT(0),
                                 .is_attachable = SET_BOOL(true),
                                 .description = m->description,
                                 .create_date = m->create_date,
                                 .update_date = m->update_date,
                                 .tags = m->tags};
    return OK;
}

/* AWS's own, shaped as a record so that it reads alike. */
static struct iam_managed aws_managed(struct call *c, str arn)
{
    struct iam_version *v = ARENA_NEW(c->arena, struct iam_version);

    *v = (struct iam_version){iam_aws_policy(arn), S("v1"), SET_BOOL(true), SET_TIME(1423180800000)};
    return (struct iam_managed){.arn = arn,
                                .policy_name = iam_name_of_arn(arn),
                                .policy_id = S("ANPAAWSMANAGEDPOLICY0"),
                                .path = S("/"),
                                .default_version_id = S("v1"),
                                .versions = {1, v},
                                .create_date = SET_TIME(1423180800000),
                                .update_date = SET_TIME(1423180800000)};
}

res iam_create_policy(struct call *c, const struct iam_create_policy_in *in, struct iam_create_policy_out *out)
{
    struct iam_managed *old, *m = ARENA_NEW(c->arena, struct iam_managed);
    struct iam_version *v = ARENA_NEW(c->arena, struct iam_version);

    TRY(iam_check_name(c, in->policy_name));
    TRY(iam_check_path(c, in->path));
    TRY(policy_check(c, in->policy_document, POLICY_IDENTITY, &iam_MalformedPolicyDocument));
    *m = (struct iam_managed){.policy_name = in->policy_name,
                              .path = path_or_root(in->path),
                              .description = in->description,
                              .default_version_id = S("v1"),
                              .next_version = SET_INT(2),
                              .create_date = SET_TIME(c->now_ms),
                              .update_date = SET_TIME(c->now_ms),
                              .tags = in->tags};
    m->arn = call_arn(c, "iam", "policy%.*s%.*s", FMT(m->path), FMT(m->policy_name));
    TRY(iam_managed_load(c, STR_ABSENT, m->arn, &old));
    if (old)
        return fault(c, &iam_EntityAlreadyExists,
                     "A policy called %.*s already exists. Duplicate names are not allowed.", FMT(in->policy_name));
    *v = (struct iam_version){in->policy_document, S("v1"), SET_BOOL(true), SET_TIME(c->now_ms)};
    m->versions = (struct iam_version_list){1, v};
    m->policy_id = iam_new_id(c, "ANPA");
    TRY(iam_managed_save(c, m));
    out->policy = ARENA_NEW(c->arena, struct iam_policy_out);
    return policy_out(c, m, out->policy);
}

res iam_get_policy(struct call *c, const struct iam_get_policy_in *in, struct iam_get_policy_out *out)
{
    struct iam_managed aws = aws_managed(c, in->policy_arn);

    out->policy = ARENA_NEW(c->arena, struct iam_policy_out);
    return policy_out(c, c->subject ? c->subject : &aws, out->policy);
}

res iam_get_policy_version(struct call *c, const struct iam_get_policy_version_in *in,
                           struct iam_get_policy_version_out *out)
{
    struct iam_managed aws = aws_managed(c, in->policy_arn);
    const struct iam_managed *m = c->subject ? c->subject : &aws;

    for (size_t i = 0; i < m->versions.n; i++) {
        if (!str_eq(m->versions.v[i].version_id, in->version_id))
            continue;
        out->policy_version = ARENA_NEW(c->arena, struct iam_version);
        *out->policy_version = m->versions.v[i];
        out->policy_version->document = uri_encode(c->arena, m->versions.v[i].document, false);
        return OK;
    }
    return fault(c, &iam_NoSuchEntity, "Policy %.*s version %.*s does not exist or is not attachable.",
                 FMT(in->policy_arn), FMT(in->version_id));
}

res iam_list_policies(struct call *c, const struct iam_list_policies_in *in, struct iam_list_policies_out *out)
{
    struct iam_managed_page page = {0};
    size_t n_aws = str_eq(in->scope, S("Local")) || str_is(in->marker) ? 0 : sizeof aws_policies / sizeof *aws_policies;
    str after;

    TRY(iam_marker(c, in->marker, &after));
    if (!str_eq(in->scope, S("AWS")))
        TRY(iam_managed_list_all(c, STR_ABSENT, STR_ABSENT, after,
                                 in->max_items.set ? (size_t)in->max_items.v : IAM_PAGE, &page));
    out->policies.v = ARENA_ARRAY(c->arena, struct iam_policy_out, page.n + n_aws + 1);
    for (size_t i = 0; i < page.n + n_aws; i++) {
        struct iam_policy_out *o = &out->policies.v[out->policies.n];
        struct iam_managed aws =
            i < page.n ? (struct iam_managed){0} : aws_managed(c, str_z(aws_policies[i - page.n].arn));
        TRY(policy_out(c, i < page.n ? page.v[i] : &aws, o));
        bool wanted = (!str_is(in->path_prefix) || str_starts(o->path, in->path_prefix)) &&
                      (!in->only_attached.v || o->attachment_count.v > 0);
        out->policies.n += wanted;
    }
    out->is_truncated = SET_BOOL(page.more);
    if (page.more)
        out->marker = page_token(c, page.v[page.n - 1]->arn);
    return OK;
}

res iam_delete_policy(struct call *c, const struct iam_delete_policy_in *in, struct iam_delete_policy_out *out)
{
    const struct iam_managed *m = c->subject;
    int64_t n;

    (void)in, (void)out;
    if (!m)
        return fault(c, &api_access_denied, "Policies of AWS cannot be deleted.");
    TRY(attachments(c, m->arn, &n));
    if (n)
        return fault(c, &iam_DeleteConflict, "Cannot delete a policy attached to entities.");
    if (m->versions.n > 1)
        return fault(c, &iam_DeleteConflict,
                     "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                     "versions.");
    return iam_managed_drop(c, m);
}
