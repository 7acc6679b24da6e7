/* SPDX-License-Identifier: MIT */
/* Mount targets: a network interface in a subnet of the customer's VPC, one a zone, all in one VPC. ec2 makes, changes
 * and removes it in the caller's own right. */
#include "ec2.h"
#include "efs_parts.h"

enum { PAGE = 100, TARGETS_MAX = 100, GROUPS_MAX = 5 };

static const struct caller *forward(struct call *c)
{
    return caller_forward(c, EFS);
}

/* ec2's answer in EFS's words; a denial stays a denial. */
static res in_efs_words(struct call *c, const struct fault *why)
{
    static const struct {
        const struct fault_type *theirs, *ours;
    } words[] = {{&ec2_InvalidSubnetIDNotFound, &efs_SubnetNotFound},
                 {&ec2_InvalidGroupNotFound, &efs_SecurityGroupNotFound},
                 {&ec2_SecurityGroupsPerInterfaceLimitExceeded, &efs_SecurityGroupLimitExceeded},
                 {&ec2_InvalidParameter, &efs_SecurityGroupNotFound},
                 {&ec2_InvalidIPAddressInUse, &efs_IpAddressInUse},
                 {&ec2_InsufficientFreeAddressesInSubnet, &efs_NoFreeAddressesInSubnet}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (why->type == words[i].theirs)
            return fault(c, words[i].ours, "%.*s", FMT(why->message));
    return fault(c, why->type == &api_access_denied ? why->type : &efs_BadRequest, "%.*s", FMT(why->message));
}

/* ---- creating ---- */

static res find_subnet(struct call *c, str id, const struct ec2_subnet_out **out)
{
    struct ec2_describe_subnets_in in = {.subnet_ids = {1, &id}};
    struct ec2_describe_subnets_out got = {0};
    struct fault why;

    TRY(call_try(c, forward(c), &ec2_DescribeSubnets_op, &in, &got, &why));
    if (why.type)
        return in_efs_words(c, &why);
    if (!got.subnets.n)
        return fault(c, &efs_SubnetNotFound, "The subnet ID '%.*s' does not exist", FMT(id));
    *out = &got.subnets.v[0];
    return OK;
}

static res check_place(struct call *c, const struct efs_file_system *f, const struct ec2_subnet_out *s)
{
    struct efs_mount_target_page others;

    TRY(efs_mount_targets(c, f, STR_ABSENT, TARGETS_MAX, &others));
    for (size_t i = 0; i < others.n; i++) {
        if (!str_eq(others.v[i]->vpc_id, s->vpc_id))
            return fault(c, &efs_MountTargetConflict,
                         "requested subnet for new mount target is not in the same VPC as existing mount targets");
        if (str_eq(others.v[i]->availability_zone_id, s->availability_zone_id))
            return fault(c, &efs_MountTargetConflict, "mount target already exists in this AZ");
    }
    return OK;
}

static res make_interface(struct call *c, const struct efs_create_mount_target_in *in, struct efs_mount_target *m)
{
    struct ec2_create_network_interface_in make = {.subnet_id = m->subnet_id,
                                                   .groups = in->security_groups,
                                                   .private_ip_address = in->ip_address,
                                                   .description =
                                                       arena_printf(c->arena, "EFS mount target for %.*s (%.*s)",
                                                                    FMT(m->file_system_id), FMT(m->mount_target_id))};
    struct ec2_create_network_interface_out made = {0};
    struct fault why;

    TRY(call_try(c, forward(c), &ec2_CreateNetworkInterface_op, &make, &made, &why));
    if (why.type)
        return in_efs_words(c, &why);
    const struct ec2_interface_out *i = made.network_interface;
    m->network_interface_id = i->network_interface_id;
    m->ip_address = i->private_ip_address;
    m->security_groups.v = ARENA_ARRAY(c->arena, str, i->groups.n + 1);
    for (; m->security_groups.n < i->groups.n; m->security_groups.n++)
        m->security_groups.v[m->security_groups.n] = i->groups.v[m->security_groups.n].group_id;
    return OK;
}

res efs_create_mount_target(struct call *c, const struct efs_create_mount_target_in *in,
                            struct efs_create_mount_target_out *out)
{
    const struct efs_file_system *f = c->subject;
    struct efs_mount_target *m = ARENA_NEW(c->arena, struct efs_mount_target);
    const struct ec2_subnet_out *subnet;

    if (!str_eq(f->at.account, c->caller->account))
        return fault(c, &efs_BadRequest, "A mount target is made in the account of its file system.");
    if (in->ipv6_address.n || (in->ip_address_type.n && !str_eq(in->ip_address_type, S("IPV4_ONLY"))))
        return fault(c, &efs_BadRequest, "Nothing has IPv6 here: IpAddressType must be IPV4_ONLY.");
    if (in->security_groups.n > GROUPS_MAX)
        return fault(c, &efs_SecurityGroupLimitExceeded, "A mount target has at most %d security groups.", GROUPS_MAX);
    TRY(find_subnet(c, in->subnet_id, &subnet));
    TRY(check_place(c, f, subnet));
    *m = (struct efs_mount_target){.mount_target_id = call_unique(c, "fsmt-", 17),
                                   .file_system_id = f->file_system_id,
                                   .subnet_id = in->subnet_id,
                                   .vpc_id = subnet->vpc_id,
                                   .availability_zone_id = subnet->availability_zone_id,
                                   .availability_zone_name = subnet->availability_zone};
    TRY(make_interface(c, in, m));
    TRY(efs_mount_target_save(c, m));
    shape_copy(&efs_mount_target_shape, m, &efs_create_mount_target_out_shape, out);
    out->owner_id = c->caller->account;
    out->life_cycle_state = S("creating");
    return OK;
}

/* ---- describing ---- */

static void describe(const struct efs_mount_target *m, struct efs_mount_description *out)
{
    shape_copy(&efs_mount_target_shape, m, &efs_mount_description_shape, out);
    out->owner_id = m->at.account;
    out->life_cycle_state = S("available");
}

res efs_describe_mount_targets(struct call *c, const struct efs_describe_mount_targets_in *in,
                               struct efs_describe_mount_targets_out *out)
{
    size_t limit = in->max_items.set && in->max_items.v < PAGE ? (size_t)in->max_items.v : PAGE;
    struct efs_mount_target_page page;
    str after;

    if (in->access_point_id.n)
        return fault(c, &efs_AccessPointNotFound, "Access point '%.*s' does not exist.", FMT(in->access_point_id));
    if (!in->file_system_id.n == !in->mount_target_id.n)
        return fault(c, &efs_BadRequest, "Exactly one of FileSystemId, MountTargetId and AccessPointId is required.");
    out->marker = in->marker;
    if (in->mount_target_id.n) {
        out->mount_targets.v = ARENA_ARRAY(c->arena, struct efs_mount_description, 1);
        describe(c->subject, &out->mount_targets.v[out->mount_targets.n++]);
        return OK;
    }
    TRY(efs_open_marker(c, in->marker, &after));
    TRY(efs_mount_targets(c, c->subject, after, limit, &page));
    out->mount_targets.v = ARENA_ARRAY(c->arena, struct efs_mount_description, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        describe(page.v[i], &out->mount_targets.v[out->mount_targets.n++]);
    if (page.more)
        out->next_marker = page_token(c, page.v[page.n - 1]->mount_target_id);
    return OK;
}

res efs_describe_mount_target_security_groups(struct call *c,
                                              const struct efs_describe_mount_target_security_groups_in *in,
                                              struct efs_describe_mount_target_security_groups_out *out)
{
    const struct efs_mount_target *m = c->subject;

    (void)in, (void)c;
    out->security_groups = m->security_groups;
    return OK;
}

/* ---- changing, removing ---- */

res efs_modify_mount_target_security_groups(struct call *c, const struct efs_modify_mount_target_security_groups_in *in,
                                            struct efs_modify_mount_target_security_groups_out *out)
{
    struct efs_mount_target m = *(const struct efs_mount_target *)c->subject;
    struct ec2_modify_network_interface_attribute_in change = {.network_interface_id = m.network_interface_id,
                                                               .groups = in->security_groups};
    struct ec2_modify_network_interface_attribute_out changed = {0};
    struct fault why;

    (void)out;
    if (!in->security_groups.n || in->security_groups.n > GROUPS_MAX)
        return fault(c, &efs_SecurityGroupLimitExceeded, "A mount target has one to %d security groups.", GROUPS_MAX);
    TRY(call_try(c, forward(c), &ec2_ModifyNetworkInterfaceAttribute_op, &change, &changed, &why));
    if (why.type)
        return in_efs_words(c, &why);
    m.security_groups = in->security_groups;
    return efs_mount_target_save(c, &m);
}

res efs_delete_mount_target(struct call *c, const struct efs_delete_mount_target_in *in,
                            struct efs_delete_mount_target_out *out)
{
    const struct efs_mount_target *m = c->subject;
    struct ec2_delete_network_interface_in drop = {.network_interface_id = m->network_interface_id};
    struct ec2_delete_network_interface_out dropped = {0};
    struct fault why;

    (void)in, (void)out;
    TRY(call_try(c, forward(c), &ec2_DeleteNetworkInterface_op, &drop, &dropped, &why));
    if (why.type && why.type != &ec2_InvalidNetworkInterfaceIDNotFound)
        return in_efs_words(c, &why);
    return efs_mount_target_drop(c, m);
}
