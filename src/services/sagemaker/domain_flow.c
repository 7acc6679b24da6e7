/* SPDX-License-Identifier: MIT */
/* A domain comes to be, or goes: its two security groups and a mount target in each zone, made in one step by the
 * account's service-linked role; what fails is undone with its step, the file system taken away, and the reason told. A
 * deletion leaves all of them, as AWS's does, unless the file system was to go. */
#include "ec2.h"
#include "efs.h"
#include "studio.h"

enum { NFS_PORT = 2049, SUBNETS_MAX = 16 };

extern const struct flow_kind sagemaker_domain_flow;

static res find(struct call *c, const struct flow *f, struct sagemaker_domain **d)
{
    TRY(sagemaker_domain_load(c, f->account, f->subject, d));
    if (*d && !str_eq((*d)->flow_id, f->id))
        *d = NULL; /* another of that name, or another flow of it */
    return OK;
}

static res as_service(struct call *c, const struct sagemaker_domain *d, const struct caller **out)
{
    struct fault why;

    TRY(studio_linked_role(c, d->domain_arn, out, &why));
    return *out ? OK : studio_told(c, &why);
}

/* ---- making ---- */

static res make_group(struct call *c, const struct caller *who, const struct sagemaker_domain *d, const char *way,
                      str *id)
{
    struct ec2_tag tag = {S(STUDIO_TAG), d->domain_arn};
    struct ec2_tag_specification tags = {.resource_type = S("security-group"), .tags = {1, &tag}};
    struct ec2_create_security_group_in in = {
        .vpc_id = d->vpc_id,
        .group_name = arena_printf(c->arena, "security-group-for-%s-nfs-%.*s", way, FMT(d->domain_id)),
        .description = arena_printf(c->arena,
                                    "[DO NOT DELETE] Security Group that allows %s NFS traffic for SageMaker Notebooks "
                                    "Domain [%.*s]",
                                    way, FMT(d->domain_id)),
        .tag_specifications = {1, &tags}};
    struct ec2_create_security_group_out out = {0};
    struct ec2_ip_range anywhere = {.cidr_ip = S("0.0.0.0/0")};
    struct ec2_ip_permission all = {.ip_protocol = S("-1"), .ip_ranges = {1, &anywhere}};
    struct ec2_revoke_security_group_egress_in revoke = {.ip_permissions = {1, &all}};
    struct ec2_revoke_security_group_egress_out revoked = {0};

    TRY(call_as(c, who, &ec2_CreateSecurityGroup_op, &in, &out));
    *id = revoke.group_id = out.group_id;
    return call_as(c, who, &ec2_RevokeSecurityGroupEgress_op, &revoke, &revoked);
}

/* NFS, from whatever has the outbound group to whatever has the inbound one, and nothing else. */
static res make_groups(struct call *c, const struct caller *who, const struct sagemaker_domain *d, str *inbound)
{
    struct ec2_group_pair pair = {0};
    struct ec2_ip_permission nfs = {.ip_protocol = S("tcp"),
                                    .from_port = SET_INT(NFS_PORT),
                                    .to_port = SET_INT(NFS_PORT),
                                    .user_id_group_pairs = {1, &pair}};
    struct ec2_authorize_security_group_ingress_in in = {.ip_permissions = {1, &nfs}};
    struct ec2_authorize_security_group_ingress_out in_done = {0};
    struct ec2_authorize_security_group_egress_in out = {.ip_permissions = {1, &nfs}};
    struct ec2_authorize_security_group_egress_out out_done = {0};
    str outbound;

    TRY(make_group(c, who, d, "inbound", inbound));
    TRY(make_group(c, who, d, "outbound", &outbound));
    in.group_id = *inbound;
    pair.group_id = outbound;
    TRY(call_as(c, who, &ec2_AuthorizeSecurityGroupIngress_op, &in, &in_done));
    out.group_id = outbound;
    pair.group_id = *inbound;
    return call_as(c, who, &ec2_AuthorizeSecurityGroupEgress_op, &out, &out_done);
}

/* A file system has one mount target a zone: of several subnets in one, the first has it. */
static res make_targets(struct call *c, const struct caller *who, const struct sagemaker_domain *d, str group)
{
    struct ec2_describe_subnets_in ask = {.subnet_ids = d->subnet_ids};
    struct ec2_describe_subnets_out subnets = {0};

    TRY(call_as(c, who, &ec2_DescribeSubnets_op, &ask, &subnets));
    for (size_t i = 0; i < subnets.subnets.n; i++) {
        const struct ec2_subnet_out *s = &subnets.subnets.v[i];
        struct efs_create_mount_target_in in = {
            .file_system_id = d->home_efs_file_system_id, .subnet_id = s->subnet_id, .security_groups = {1, &group}};
        struct efs_create_mount_target_out out = {0};
        bool served = false;
        for (size_t k = 0; k < i; k++)
            served = served || str_eq(subnets.subnets.v[k].availability_zone, s->availability_zone);
        if (!served)
            TRY(call_as(c, who, &efs_CreateMountTarget_op, &in, &out));
    }
    return OK;
}

static res make(struct call *c, struct flow *f, struct sagemaker_domain *d)
{
    const struct caller *who;
    str inbound;

    TRY(as_service(c, d, &who));
    TRY(make_groups(c, who, d, &inbound));
    TRY(make_targets(c, who, d, inbound));
    d->status = S("InService");
    d->last_modified_time = SET_TIME(c->now_ms);
    flow_end(f);
    return sagemaker_domain_save(c, d);
}

/* ---- taking away ---- */

static res drop_home(struct call *c, const struct caller *who, str file_system)
{
    struct efs_describe_mount_targets_in ask = {.file_system_id = file_system};
    struct efs_describe_mount_targets_out targets = {0};
    struct efs_delete_file_system_in in = {.file_system_id = file_system};
    struct efs_delete_file_system_out out = {0};
    struct fault why;

    TRY(call_try(c, who, &efs_DescribeMountTargets_op, &ask, &targets, &why));
    if (why.type == &efs_FileSystemNotFound)
        return OK; /* its owner has taken it away already */
    if (why.type)
        return studio_told(c, &why);
    for (size_t i = 0; i < targets.mount_targets.n; i++) {
        struct efs_delete_mount_target_in one = {.mount_target_id = targets.mount_targets.v[i].mount_target_id};
        struct efs_delete_mount_target_out done = {0};
        TRY(call_as(c, who, &efs_DeleteMountTarget_op, &one, &done));
    }
    return call_as(c, who, &efs_DeleteFileSystem_op, &in, &out);
}

static res unmake(struct call *c, struct flow *f, const struct sagemaker_domain *d)
{
    const struct caller *who;

    if (!d->keep_home.v && d->home_efs_file_system_id.n) {
        TRY(as_service(c, d, &who));
        TRY(drop_home(c, who, d->home_efs_file_system_id));
    }
    TRY(record_drop_all(c, &sagemaker_app_record, STR_ABSENT, arena_cat(c->arena, d->domain_id, S("/"))));
    flow_end(f);
    return sagemaker_domain_drop(c, d);
}

/* ---- steps ---- */

static res on_begin(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct sagemaker_domain *d;

    (void)e;
    TRY(find(c, f, &d));
    if (!d) {
        flow_end(f);
        return OK;
    }
    return str_eq(d->status, S("Deleting")) ? unmake(c, f, d) : make(c, f, d);
}

/* The house itself takes the file system of a failed domain away: the service's role may be what is missing. */
static res on_failed(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct caller *house = ARENA_NEW(c->arena, struct caller);
    struct sagemaker_domain *d;

    TRY(find(c, f, &d));
    flow_end(f);
    if (!d)
        return OK;
    d->failure_reason = str_sub(json_str_at(e->data, "reason"), 0, 1024);
    d->last_modified_time = SET_TIME(c->now_ms);
    if (str_eq(d->status, S("Deleting"))) {
        d->status = S("Delete_Failed");
        return sagemaker_domain_save(c, d);
    }
    *house = caller_operator(c->arena, f->account);
    TRY(drop_home(c, house, d->home_efs_file_system_id));
    d->home_efs_file_system_id = STR_ABSENT;
    d->status = S("Failed");
    return sagemaker_domain_save(c, d);
}

static const struct flow_rule rules[] = {
    {"*", "begin", on_begin, NULL},
    {"*", "resumed", on_begin, NULL},
    {"*", "step-failed", on_failed, NULL},
};
const struct flow_kind sagemaker_domain_flow = {"domain", SAGEMAKER, rules, sizeof rules / sizeof *rules};
