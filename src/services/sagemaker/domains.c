/* SPDX-License-Identifier: MIT */
/* Studio domains as their callers see them. The file system is made with the request, so that a customer's key is
 * granted in the caller's right; security groups and mount targets follow as a flow: domain_flow.c. */
#include "ec2.h"
#include "efs.h"
#include "studio.h"

enum { FIRST_UID = 200005 }; /* of the first user's home, as on AWS */

/* ---- creating ---- */

static res check_settings(struct call *c, const struct sagemaker_domain_settings *s)
{
    if (s && (s->r_studio_server_pro_domain_settings.n || s->r_studio_server_pro_domain_settings_for_update.n))
        return fault(c, &sagemaker_ValidationException, "RStudio is not built here.");
    return OK;
}

static res check(struct call *c, const struct sagemaker_create_domain_in *in)
{
    int64_t n;

    TRY(sm_check_name(c, in->domain_name, "domainName"));
    TRY(check_settings(c, in->domain_settings));
    if (!str_eq(in->auth_mode, S("IAM")))
        return fault(c, &sagemaker_ValidationException,
                     "AuthMode SSO needs IAM Identity Center, which is not built here: use IAM.");
    if (!in->vpc_id.n || !in->subnet_ids.n)
        return fault(c, &sagemaker_ValidationException, "A domain needs a VpcId and SubnetIds.");
    if (!in->default_user_settings->execution_role.n)
        return fault(c, &sagemaker_ValidationException,
                     "DefaultUserSettings needs an ExecutionRole when AuthMode is IAM.");
    if (in->kms_key_id.n && in->home_efs_file_system_kms_key_id.n)
        return fault(c, &sagemaker_ValidationException,
                     "KmsKeyId and HomeEfsFileSystemKmsKeyId are the same: give KmsKeyId only.");
    TRY(record_count(c, &sagemaker_domain_record, &n));
    if (n)
        return fault(c, &sagemaker_ResourceLimitExceeded,
                     "The account-level service limit 'Number of domains' is 1 Domains, with current utilization of 1 "
                     "Domains and a request delta of 1 Domains.");
    return OK;
}

/* The service sees what the caller names: subnets of one VPC, and groups of it. */
static res check_network(struct call *c, const struct caller *service, const struct sagemaker_create_domain_in *in)
{
    struct ec2_describe_subnets_in subnets = {.subnet_ids = in->subnet_ids};
    struct ec2_describe_subnets_out found = {0};
    struct ec2_describe_security_groups_in groups = {.group_ids = in->default_user_settings->security_groups};
    struct ec2_describe_security_groups_out known = {0};
    struct fault why;

    TRY(call_try(c, service, &ec2_DescribeSubnets_op, &subnets, &found, &why));
    if (why.type)
        return studio_told(c, &why);
    for (size_t i = 0; i < found.subnets.n; i++)
        if (!str_eq(found.subnets.v[i].vpc_id, in->vpc_id))
            return fault(c, &sagemaker_ValidationException, "The subnet %.*s is not in the VPC %.*s.",
                         FMT(found.subnets.v[i].subnet_id), FMT(in->vpc_id));
    if (!groups.group_ids.n)
        return OK;
    TRY(call_try(c, service, &ec2_DescribeSecurityGroups_op, &groups, &known, &why));
    if (why.type)
        return studio_told(c, &why);
    for (size_t i = 0; i < known.security_groups.n; i++)
        if (!str_eq(known.security_groups.v[i].vpc_id, in->vpc_id))
            return fault(c, &sagemaker_ValidationException, "The security group %.*s is not in the VPC %.*s.",
                         FMT(known.security_groups.v[i].group_id), FMT(in->vpc_id));
    return OK;
}

/* Under the customer's key in the caller's own right, who then needs elasticfilesystem:CreateFileSystem and
 * kms:CreateGrant; else the service makes it, under AWS's key of the account. */
static res make_home(struct call *c, const struct caller *service, struct sagemaker_domain *d)
{
    struct efs_tag tag = {S(STUDIO_TAG), d->domain_arn};
    struct efs_create_file_system_in in = {
        .creation_token = d->domain_id, .encrypted = SET_BOOL(true), .kms_key_id = d->kms_key_id, .tags = {1, &tag}};
    struct efs_create_file_system_out out = {0};
    const struct caller *who = d->kms_key_id.n ? caller_forward(c, SAGEMAKER) : service;
    struct fault why;

    TRY(call_try(c, who, &efs_CreateFileSystem_op, &in, &out, &why));
    if (why.type)
        return studio_told(c, &why);
    d->home_efs_file_system_id = out.file_system_id;
    return OK;
}

static struct sagemaker_domain *new_domain(struct call *c, const struct sagemaker_create_domain_in *in)
{
    struct sagemaker_domain *d = ARENA_NEW(c->arena, struct sagemaker_domain);

    shape_copy(&sagemaker_create_domain_in_shape, in, &sagemaker_domain_shape, d);
    if (!d->kms_key_id.n)
        d->kms_key_id = in->home_efs_file_system_kms_key_id;
    if (!str_is(d->app_network_access_type))
        d->app_network_access_type = S("PublicInternetOnly");
    d->domain_id = call_unique(c, "d-", 12);
    d->domain_arn = sm_arn(c, STR_ABSENT, "domain", d->domain_id);
    d->url = arena_printf(c->arena, "https://%.*s.studio.%.*s.sagemaker.aws", FMT(d->domain_id), FMT(c->region));
    d->status = S("Pending");
    d->creation_time = d->last_modified_time = SET_TIME(c->now_ms);
    d->next_uid = SET_INT(FIRST_UID);
    return d;
}

res sagemaker_create_domain(struct call *c, const struct sagemaker_create_domain_in *in,
                            struct sagemaker_create_domain_out *out)
{
    struct sagemaker_domain *d = new_domain(c, in);
    const struct caller *service;

    TRY(check(c, in));
    TRY(sm_check_tags(c));
    TRY(sm_check_role(c, in->default_user_settings->execution_role, d->domain_arn));
    TRY(studio_linked_role_made(c, d->domain_arn, &service));
    TRY(check_network(c, service, in));
    TRY(make_home(c, service, d));
    TRY(flow_begin(c, "domain", d->domain_id, STR_ABSENT, &d->flow_id));
    TRY(sagemaker_domain_save(c, d));
    shape_copy(&sagemaker_domain_shape, d, &sagemaker_create_domain_out_shape, out);
    return OK;
}

/* ---- describing ---- */

res sagemaker_describe_domain(struct call *c, const struct sagemaker_describe_domain_in *in,
                              struct sagemaker_describe_domain_out *out)
{
    const struct sagemaker_domain *d = c->subject;

    (void)in;
    shape_copy(&sagemaker_domain_shape, d, &sagemaker_describe_domain_out_shape, out);
    out->home_efs_file_system_kms_key_id = d->kms_key_id;
    return OK;
}

res sagemaker_list_domains(struct call *c, const struct sagemaker_list_domains_in *in,
                           struct sagemaker_list_domains_out *out)
{
    const struct sm_list q = {
        .type = &sagemaker_domain_record, .name = "DomainName", .shape = &sagemaker_domain_details_shape};

    (void)in;
    return sm_list(c, &q, &out->domains, &out->next_token);
}

/* ---- changing ---- */

static bool has(const struct list_of_str *v, str s)
{
    for (size_t i = 0; i < v->n; i++)
        if (str_eq(v->v[i], s))
            return true;
    return false;
}

static res check_update(struct call *c, const struct sagemaker_update_domain_in *in, const struct sagemaker_domain *d)
{
    bool moves = in->vpc_id.n && !str_eq(in->vpc_id, d->vpc_id);

    for (size_t i = 0; i < in->subnet_ids.n; i++)
        moves = moves || !has(&d->subnet_ids, in->subnet_ids.v[i]);
    if (moves || (in->subnet_ids.n && in->subnet_ids.n != d->subnet_ids.n))
        return fault(c, &sagemaker_ValidationException, "A domain stays in its VPC and subnets here.");
    TRY(check_settings(c, in->domain_settings_for_update));
    if (!str_eq(d->status, S("InService")))
        return fault(c, &sagemaker_ResourceInUse, "The domain %.*s is not InService: its status is %.*s.",
                     FMT(d->domain_id), FMT(d->status));
    return OK;
}

/* What is not mentioned stays, setting by setting. */
static void merge(struct call *c, const struct sagemaker_user_settings *from, struct sagemaker_user_settings **into)
{
    struct sagemaker_user_settings *s = ARENA_NEW(c->arena, struct sagemaker_user_settings);

    if (!from)
        return;
    if (*into)
        *s = **into;
    shape_copy(&sagemaker_user_settings_shape, from, &sagemaker_user_settings_shape, s);
    *into = s;
}

static void merge_domain(struct call *c, const struct sagemaker_domain_settings *from, struct sagemaker_domain *d)
{
    struct sagemaker_domain_settings *s = ARENA_NEW(c->arena, struct sagemaker_domain_settings);

    if (!from)
        return;
    if (d->domain_settings)
        *s = *d->domain_settings;
    shape_copy(&sagemaker_domain_settings_shape, from, &sagemaker_domain_settings_shape, s);
    d->domain_settings = s;
}

/* Settings are for what begins later: nothing that runs is changed, so the domain is InService all the time. */
res sagemaker_update_domain(struct call *c, const struct sagemaker_update_domain_in *in,
                            struct sagemaker_update_domain_out *out)
{
    struct sagemaker_domain d = *(const struct sagemaker_domain *)c->subject;
    struct sagemaker_user_settings *user = d.default_user_settings, *space = d.default_space_settings;

    TRY(check_update(c, in, &d));
    if (in->default_user_settings && in->default_user_settings->execution_role.n)
        TRY(sm_check_role(c, in->default_user_settings->execution_role, d.domain_arn));
    shape_copy(&sagemaker_update_domain_in_shape, in, &sagemaker_domain_shape, &d);
    merge(c, in->default_user_settings, &user);
    merge(c, in->default_space_settings, &space);
    d.default_user_settings = user;
    d.default_space_settings = space;
    merge_domain(c, in->domain_settings_for_update, &d);
    d.last_modified_time = SET_TIME(c->now_ms);
    out->domain_arn = d.domain_arn;
    return sagemaker_domain_save(c, &d);
}

/* ---- deleting ---- */

static res check_empty(struct call *c, const struct sagemaker_domain *d)
{
    str prefix = arena_cat(c->arena, d->domain_id, S("/"));
    struct sagemaker_user_profile_page profiles;
    bool apps;

    TRY(studio_has_apps(c, prefix, &apps));
    if (apps)
        return fault(c, &sagemaker_ResourceInUse, "Unable to delete Domain [%.*s] because it has associated Apps.",
                     FMT(d->domain_id));
    TRY(sagemaker_user_profile_list_all(c, STR_ABSENT, prefix, STR_ABSENT, 1, &profiles));
    if (profiles.n)
        return fault(c, &sagemaker_ResourceInUse,
                     "Unable to delete Domain [%.*s] because UserProfile(s) are associated with it.",
                     FMT(d->domain_id));
    return OK;
}

res sagemaker_delete_domain(struct call *c, const struct sagemaker_delete_domain_in *in,
                            struct sagemaker_delete_domain_out *out)
{
    struct sagemaker_domain d = *(const struct sagemaker_domain *)c->subject;

    (void)out;
    if (str_eq(d.status, S("Pending")) || str_eq(d.status, S("Deleting")))
        return fault(c, &sagemaker_ResourceInUse, "The domain %.*s cannot be deleted while its status is %.*s.",
                     FMT(d.domain_id), FMT(d.status));
    TRY(check_empty(c, &d));
    d.keep_home = SET_BOOL(!in->retention_policy || !str_eq(in->retention_policy->home_efs_file_system, S("Delete")));
    d.status = S("Deleting");
    d.failure_reason = STR_ABSENT;
    d.last_modified_time = SET_TIME(c->now_ms);
    TRY(flow_begin(c, "domain", d.domain_id, STR_ABSENT, &d.flow_id));
    return sagemaker_domain_save(c, &d);
}
