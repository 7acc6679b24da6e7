/* SPDX-License-Identifier: MIT */
/* Service-linked roles: made for one service, trusted by it alone, and changed by nobody else (rule 41). Neither SCPs
 * nor RCPs bind them (rules 15, 16): the gate knows them by their path. */
#include "api/house.h"
#include "iam_names.h"

/* The services that exist here and have such a role on AWS. */
static const struct linked {
    const char *service, *role, *policy, *description;
} linked[] = {
    {"sagemaker.amazonaws.com", "AWSServiceRoleForAmazonSageMakerNotebooks",
     "AmazonSageMakerNotebooksServiceRolePolicy", "Lets SageMaker Notebooks manage its own resources"},
    {"organizations.amazonaws.com", "AWSServiceRoleForOrganizations", "AWSOrganizationsServiceTrustPolicy",
     "Lets AWS Organizations establish trust with services"},
    {"replicator.lambda.amazonaws.com", "AWSServiceRoleForLambdaReplicator", "AWSLambdaReplicator",
     "Lets Lambda replicate functions to other Regions"},
    {"elasticfilesystem.amazonaws.com", "AWSServiceRoleForAmazonElasticFileSystem",
     "AmazonElasticFileSystemServiceRolePolicy", "Lets EFS manage its mount targets' resources"},
    {"ssm.amazonaws.com", "AWSServiceRoleForAmazonSSM", "AmazonSSMServiceRolePolicy",
     "Lets Systems Manager manage resources"},
    {"cloudtrail.amazonaws.com", "AWSServiceRoleForCloudTrail", "CloudTrailServiceRolePolicy",
     "Lets CloudTrail manage an organization's trails"},
    {"orgsdatasync.servicecatalog.amazonaws.com", "AWSServiceRoleForServiceCatalogOrgsDataSync",
     "AWSServiceCatalogOrgsDataSyncServiceRolePolicy", "Lets Service Catalog stay in sync with the organization"},
    {"member.org.stacksets.cloudformation.amazonaws.com", "AWSServiceRoleForCloudFormationStackSetsOrgMember",
     "CloudFormationStackSetsOrgMemberServiceRolePolicy", "Lets StackSets deploy into this account"},
    {"stacksets.cloudformation.amazonaws.com", "AWSServiceRoleForCloudFormationStackSetsOrgAdmin",
     "CloudFormationStackSetsOrgAdminServiceRolePolicy", "Lets StackSets deploy into the organization"},
    {"mrk.kms.amazonaws.com", "AWSServiceRoleForKeyManagementServiceMultiRegionKeys",
     "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy", "Lets KMS keep multi-Region keys in sync"},
};

static const struct linked *linked_for(str service)
{
    for (size_t i = 0; i < sizeof linked / sizeof *linked; i++)
        if (str_eq(service, str_z(linked[i].service)))
            return &linked[i];
    return NULL;
}

bool iam_is_reserved_path(str path)
{
    return str_starts(path, S("/aws-service-role/")) || str_starts(path, S("/aws-reserved/"));
}

res iam_check_modifiable(struct call *c, const struct iam_role *r)
{
    if (!iam_is_reserved_path(r->path))
        return OK;
    return fault(c, &iam_UnmodifiableEntity,
                 "Cannot perform the operation on the protected role '%.*s' - this role is only modifiable by AWS",
                 FMT(r->role_name));
}

/* ---- making ---- */

res iam_new_linked_role(struct call *c, const str *names, size_t n, struct resource *out)
{
    const struct linked *l = linked_for(names[0]);

    (void)n;
    out->arn = call_arn(c, "iam", "role/aws-service-role/%.*s/%s", FMT(names[0]), l ? l->role : "AWSServiceRoleFor");
    return OK;
}

static res make(struct call *c, const struct linked *l, str description, struct iam_role *r)
{
    str attached = arena_printf(c->arena, "arn:aws:iam::aws:policy/aws-service-role/%s", l->policy);

    *r = (struct iam_role){
        .role_name = str_z(l->role),
        .name_key = iam_name_key(c, str_z(l->role)),
        .path = arena_printf(c->arena, "/aws-service-role/%s/", l->service),
        .role_id = iam_new_id(c, "AROA"),
        .create_date = SET_TIME(c->now_ms),
        .description = str_is(description) ? description : str_z(l->description),
        .max_session_duration = SET_INT(3600),
        .assume_role_policy_document =
            arena_printf(c->arena,
                         "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":"
                         "\"%s\"},\"Action\":\"sts:AssumeRole\"}]}",
                         l->service)};
    r->arn = call_arn(c, "iam", "role%.*s%.*s", FMT(r->path), FMT(r->role_name));
    iam_append(c, &r->attached, attached);
    return iam_role_save(c, r);
}

res iam_create_service_linked_role(struct call *c, const struct iam_create_service_linked_role_in *in,
                                   struct iam_create_service_linked_role_out *out)
{
    const struct linked *l = linked_for(in->aws_service_name);
    struct iam_role *r = ARENA_NEW(c->arena, struct iam_role);
    bool taken;

    if (!l)
        return fault(c, &iam_InvalidInput, "No service-linked role is known for the service %.*s.",
                     FMT(in->aws_service_name));
    if (str_is(in->custom_suffix))
        return fault(c, &iam_InvalidInput, "Custom suffix is not allowed for %s", l->service);
    TRY(iam_name_taken(c, &iam_role_record, str_z(l->role), &taken));
    if (taken)
        return fault(c, &iam_InvalidInput,
                     "Service role name %s has been taken in this account, please try a different suffix.", l->role);
    TRY(iam_check_count(c, &iam_role_record, "RolesPerAccount", IAM_MAX_ROLES));
    TRY(make(c, l, in->description, r));
    return iam_role_out(c, r, &out->role);
}

/* ---- deleting: done or refused when it is asked for, and told by the task's id ---- */

/* Services work in one region here; IAM's own requests may name another. */
static res uses_of(struct call *c, const struct iam_role *r, struct iam_deletion_task *t)
{
    str rest = str_behind(r->path, '/', 2), service = str_cut(&rest, '/');
    struct call there = *c;

    there.region = t->region = c->worker->house->region;
    for (size_t i = 0; i < sizeof providers.linked_role_uses / sizeof *providers.linked_role_uses; i++) {
        res why = providers.linked_role_uses[i] ? providers.linked_role_uses[i](&there, service, &t->resources) : OK;
        if (!is_ok(why)) {
            c->err = there.err;
            return why;
        }
    }
    if (t->resources.n)
        t->reason = arena_printf(c->arena, "The role %.*s is still used by resources of %.*s; delete them first.",
                                 FMT(r->role_name), FMT(service));
    return OK;
}

res iam_delete_service_linked_role(struct call *c, const struct iam_delete_service_linked_role_in *in,
                                   struct iam_delete_service_linked_role_out *out)
{
    const struct iam_role *r = c->subject;
    struct iam_deletion_task *t = ARENA_NEW(c->arena, struct iam_deletion_task);

    (void)in;
    if (!str_starts(r->path, S("/aws-service-role/")))
        return fault(c, &iam_NoSuchEntity, "The service-linked role with name %.*s cannot be found.",
                     FMT(r->role_name));
    t->task_id = arena_printf(c->arena, "task%.*s%.*s/%.*s", FMT(r->path), FMT(r->role_name), FMT(call_uuid(c)));
    t->role_arn = r->arn;
    t->create_date = SET_TIME(c->now_ms);
    TRY(uses_of(c, r, t));
    TRY(iam_deletion_task_save(c, t));
    if (!t->resources.n)
        TRY(iam_role_drop(c, r));
    out->deletion_task_id = t->task_id;
    return OK;
}

/* A task's id is "task/aws-service-role/SERVICE/ROLE/UUID": the role that it names is judged. */
res iam_find_deletion_task(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_deletion_task *t;
    ptrdiff_t last = str_rfind(names[0], '/');

    (void)n;
    TRY(iam_deletion_task_load(c, STR_ABSENT, names[0], &t));
    out->account = c->caller->account;
    out->subject = t;
    if (str_starts(names[0], S("task/")) && last > 5)
        out->arn = call_arn(c, "iam", "role/%.*s", FMT(str_sub(names[0], 5, (size_t)last - 5)));
    if (!t) {
        out->missing = &iam_NoSuchEntity;
        out->missing_text = arena_printf(c->arena, "Deletion task %.*s cannot be found.", FMT(names[0]));
    }
    return OK;
}

res iam_get_service_linked_role_deletion_status(struct call *c,
                                                const struct iam_get_service_linked_role_deletion_status_in *in,
                                                struct iam_get_service_linked_role_deletion_status_out *out)
{
    const struct iam_deletion_task *t = c->subject;

    (void)in;
    out->status = t->reason.n ? S("FAILED") : S("SUCCEEDED");
    if (!t->reason.n)
        return OK;
    struct iam_role_usage *usage = ARENA_NEW(c->arena, struct iam_role_usage);
    *usage = (struct iam_role_usage){t->region, t->resources};
    out->reason = ARENA_NEW(c->arena, struct iam_deletion_failure);
    *out->reason = (struct iam_deletion_failure){t->reason, {1, usage}};
    return OK;
}
