/* SPDX-License-Identifier: MIT */
/* Elastic network interfaces: an address of a subnet behind security groups, a namespace of its own in the kernel. */
#include "ec2_names.h"

static str mac_of(struct call *c, str address)
{
    uint32_t addr = 0;
    uint8_t m[6];

    ip_read(address, &addr);
    plan_mac(addr, m);
    return arena_printf(c->arena, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static res group_names(struct call *c, const struct list_of_str *ids, struct ec2_group_identifier_list *out)
{
    out->v = ARENA_ARRAY(c->arena, struct ec2_group_identifier, ids->n + 1);
    for (size_t i = 0; i < ids->n; i++) {
        struct ec2_group *g;
        TRY(ec2_group_load(c, STR_ABSENT, ids->v[i], &g));
        if (g)
            out->v[out->n++] = (struct ec2_group_identifier){g->group_name, g->group_id};
    }
    return OK;
}

static struct ec2_attachment *attachment_of(struct call *c, const struct ec2_interface *i)
{
    struct ec2_attachment *a = ARENA_NEW(c->arena, struct ec2_attachment);

    *a = (struct ec2_attachment){.attach_time = i->created,
                                 .attachment_id =
                                     arena_cat(c->arena, S("ela-attach-"), str_from(i->network_interface_id, 4)),
                                 .delete_on_termination = SET_BOOL(false),
                                 .device_index = SET_INT(1),
                                 .instance_owner_id = i->requester_id.n ? i->requester_id : i->at.account,
                                 .status = S("attached")};
    return a;
}

/* Of an elastic address; NULL where there is none. */
static res association_of(struct call *c, const struct ec2_interface *i, struct ec2_interface_association **out)
{
    struct ec2_address *a;

    *out = NULL;
    TRY(ec2_address_of(c, i, &a));
    if (!a)
        return OK;
    *out = ARENA_NEW(c->arena, struct ec2_interface_association);
    **out = (struct ec2_interface_association){a->allocation_id, a->association_id, a->at.account, S(""), a->public_ip};
    return OK;
}

static res interface_out(struct call *c, const struct ec2_interface *i, struct ec2_interface_out *o)
{
    struct ec2_private_address *p = ARENA_NEW(c->arena, struct ec2_private_address);
    struct ec2_interface_association *association;
    struct ec2_subnet *s;
    bool used = i->endpoint_id.n || i->held_by.n || i->requester_id.n;

    TRY(ec2_get_subnet(c, i->subnet_id, &s));
    TRY(association_of(c, i, &association));
    *p = (struct ec2_private_address){association, SET_BOOL(true),
                                      ec2_internal_name(c->arena, i->at.region, i->address), i->address};
    *o = (struct ec2_interface_out){.association = association,
                                    .attachment = used ? attachment_of(c, i) : NULL,
                                    .availability_zone = s->availability_zone,
                                    .description = i->description.p ? i->description : S(""),
                                    .interface_type = i->interface_type,
                                    .mac_address = mac_of(c, i->address),
                                    .network_interface_id = i->network_interface_id,
                                    .owner_id = i->at.account,
                                    .private_dns_name = p->private_dns_name,
                                    .private_ip_address = i->address,
                                    .private_ip_addresses = {1, p},
                                    .requester_id = i->requester_id,
                                    .requester_managed = SET_BOOL(i->requester_id.n > 0),
                                    .source_dest_check = SET_BOOL(true),
                                    .status = used ? S("in-use") : S("available"),
                                    .subnet_id = i->subnet_id,
                                    .tag_set = i->tags,
                                    .vpc_id = i->vpc_id};
    return group_names(c, &i->group_ids, &o->groups);
}

/* ---- addresses ---- */

/* The first four addresses of a subnet and its last are AWS's. */
static res choose_address(struct call *c, struct ec2_subnet *s, str asked, str *address)
{
    struct ec2_interface_page used;
    struct plan_prefix p = {0};
    struct list_of_str taken = {0};
    uint32_t host, addr, last;

    cidr_read(s->cidr_block, &p, &host);
    last = ~plan_mask(p.len);
    TRY(ec2_interface_by(c, "subnet", s->subnet_id, s->at.account, EC2_ALL, &used));
    taken.v = ARENA_ARRAY(c->arena, str, used.n + 1);
    for (; taken.n < used.n; taken.n++)
        taken.v[taken.n] = used.v[taken.n]->address;
    if (asked.n) {
        if (!ip_read(asked, &addr) || !plan_inside(&p, addr) || addr - p.addr < 4 || addr - p.addr >= last)
            return fault(c, &ec2_InvalidParameterValue,
                         "Value (%.*s) for parameter privateIpAddress is invalid. Address does not fall within the "
                         "subnet's address range",
                         FMT(str_sub(asked, 0, 64)));
        *address = ip_text(c->arena, addr);
        return list_has(&taken, *address)
                   ? fault(c, &ec2_InvalidIPAddressInUse, "Address %.*s is in use.", FMT(*address))
                   : OK;
    }
    uint32_t next = s->next_address.v >= 4 && s->next_address.v < last ? (uint32_t)s->next_address.v : 4;
    for (uint32_t tries = 4; tries < last; tries++) { /* going round, so that an address is not used again at once */
        *address = ip_text(c->arena, p.addr + next);
        next = next + 1 < last ? next + 1 : 4;
        if (list_has(&taken, *address))
            continue;
        s->next_address = SET_INT(next);
        return ec2_subnet_save(c, s);
    }
    return fault(c, &ec2_InsufficientFreeAddressesInSubnet,
                 "The specified subnet does not have enough free addresses to satisfy the request.");
}

res ec2_new_interface(struct call *c, struct ec2_subnet *subnet, str address, struct ec2_interface **out)
{
    struct ec2_interface *i = ARENA_NEW(c->arena, struct ec2_interface);

    *i = (struct ec2_interface){.network_interface_id = call_unique(c, "eni-", 17),
                                .vpc_id = subnet->vpc_id,
                                .subnet_id = subnet->subnet_id,
                                .interface_type = S("interface"),
                                .created = SET_TIME(c->now_ms)};
    TRY(choose_address(c, subnet, address, &i->address));
    *out = i;
    return OK;
}

res ec2_check_groups(struct call *c, str vpc_id, const struct list_of_str *ids)
{
    struct ec2_group *g;

    if (ids->n > EC2_GROUPS_PER_INTERFACE)
        return fault(c, &ec2_SecurityGroupsPerInterfaceLimitExceeded,
                     "The maximum number of security groups per interface has been reached.");
    for (size_t i = 0; i < ids->n; i++) {
        TRY(ec2_get_group(c, ids->v[i], &g));
        if (!str_eq(g->vpc_id, vpc_id))
            return fault(c, &ec2_InvalidParameter,
                         "You have specified two resources that belong to different networks.");
    }
    return OK;
}

/* ---- operations ---- */

static res groups_or_default(struct call *c, const struct list_of_str *asked, str vpc_id, struct list_of_str *out)
{
    struct ec2_vpc *v;

    *out = list_copy(c, asked);
    if (!out->n) {
        TRY(ec2_get_vpc(c, vpc_id, &v));
        list_add(c, out, v->default_group_id);
    }
    return ec2_check_groups(c, vpc_id, out);
}

static bool asked_by(const struct call *c, const char *service)
{
    return c->parent && str_eq(str_z(c->parent->op->service->name), str_z(service));
}

/* What a service made for itself, that service alone changes and removes. */
static bool is_managed(const struct call *c, const struct ec2_interface *i)
{
    return i->endpoint_id.n || str_eq(i->interface_type, S("nat_gateway")) ||
           (i->requester_id.n && !asked_by(c, "efs"));
}

/* Made for a command of `barmkin run`, the interface is marked: it goes with the command. One of a mount target is
 * managed by its requester. */
res ec2_create_network_interface(struct call *c, const struct ec2_create_network_interface_in *in,
                                 struct ec2_create_network_interface_out *out)
{
    struct ec2_interface *i;
    struct ec2_subnet *s;
    struct list_of_str groups;

    TRY(ec2_get_subnet(c, in->subnet_id, &s));
    TRY(groups_or_default(c, &in->groups, s->vpc_id, &groups));
    TRY(ec2_check_tags(c, &in->tag_specifications, "network-interface"));
    if (in->interface_type.n && !str_eq(in->interface_type, S("interface")))
        return fault(c, &ec2_InvalidParameterValue, "Value (%.*s) for parameter InterfaceType is invalid.",
                     FMT(str_sub(in->interface_type, 0, 64)));
    TRY(ec2_new_interface(c, s, in->private_ip_address, &i));
    TRY(ec2_dry_run(c, in->dry_run));
    i->group_ids = groups;
    i->description = in->description;
    if (asked_by(c, "barmkin"))
        i->held_by = S("run");
    if (asked_by(c, "efs"))
        i->requester_id = c->caller->account;
    TRY(ec2_interface_save(c, i));
    TRY(ec2_tag_new(c, &in->tag_specifications, i->network_interface_id));
    TRY(ec2_changed(c, i->vpc_id));
    TRY(ec2_get_interface(c, i->network_interface_id, &i));
    out->network_interface = ARENA_NEW(c->arena, struct ec2_interface_out);
    out->client_token = in->client_token;
    TRY(interface_out(c, i, out->network_interface));
    out->network_interface->status = S("pending");
    return OK;
}

static bool interface_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_interface *i = item;

    if (str_eq(name, S("network-interface-id")))
        ec2_value(out, i->network_interface_id);
    else if (str_eq(name, S("vpc-id")))
        ec2_value(out, i->vpc_id);
    else if (str_eq(name, S("subnet-id")))
        ec2_value(out, i->subnet_id);
    else if (str_eq(name, S("private-ip-address")) || str_eq(name, S("addresses.private-ip-address")))
        ec2_value(out, i->address);
    else if (str_eq(name, S("description")))
        ec2_value(out, i->description);
    else if (str_eq(name, S("interface-type")))
        ec2_value(out, i->interface_type);
    else if (str_eq(name, S("mac-address")))
        ec2_value(out, mac_of(c, i->address));
    else if (str_eq(name, S("requester-managed")))
        ec2_value_bool(out, i->requester_id.n > 0);
    else if (str_eq(name, S("status")))
        ec2_value(out, i->endpoint_id.n || i->held_by.n || i->requester_id.n ? S("in-use") : S("available"));
    else if (str_eq(name, S("group-id")))
        for (size_t g = 0; g < i->group_ids.n; g++)
            ec2_value(out, i->group_ids.v[g]);
    else
        return false;
    return true;
}

res ec2_describe_network_interfaces(struct call *c, const struct ec2_describe_network_interfaces_in *in,
                                    struct ec2_describe_network_interfaces_out *out)
{
    struct ec2_listing l = {&ec2_interface_record,
                            in->network_interface_ids,
                            &in->filters,
                            in->max_results,
                            in->next_token,
                            interface_values,
                            &ec2_InvalidNetworkInterfaceIDNotFound,
                            "networkInterface ID"};
    struct record_page page;

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_list(c, &l, &page, &out->next_token));
    out->network_interfaces.v = ARENA_ARRAY(c->arena, struct ec2_interface_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        TRY(interface_out(c, page.v[i], &out->network_interfaces.v[out->network_interfaces.n++]));
    return OK;
}

res ec2_delete_network_interface(struct call *c, const struct ec2_delete_network_interface_in *in,
                                 struct ec2_delete_network_interface_out *out)
{
    struct ec2_address *address;
    struct ec2_interface *i;

    (void)out;
    TRY(ec2_get_interface(c, in->network_interface_id, &i));
    if (is_managed(c, i))
        return fault(c, &ec2_OperationNotPermitted, "You are not allowed to manage 'ela-attach' attachments.");
    if (i->held_by.n && !asked_by(c, "barmkin"))
        return fault(c, &ec2_InvalidNetworkInterfaceInUse,
                     "Network interface '%.*s' is currently in use by a command of `barmkin run`.",
                     FMT(i->network_interface_id));
    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_address_of(c, i, &address));
    if (address)
        TRY(ec2_address_leave(c, address));
    TRY(ec2_flow_logs_leave(c, i->vpc_id, i->network_interface_id));
    TRY(ec2_interface_drop(c, i));
    return ec2_changed(c, i->vpc_id);
}

res ec2_modify_network_interface_attribute(struct call *c, const struct ec2_modify_network_interface_attribute_in *in,
                                           struct ec2_modify_network_interface_attribute_out *out)
{
    struct ec2_interface *i;

    (void)out;
    TRY(ec2_get_interface(c, in->network_interface_id, &i));
    if (i->endpoint_id.n)
        return fault(c, &ec2_OperationNotPermitted, "The interface belongs to a VPC endpoint: use ModifyVpcEndpoint.");
    if (str_eq(i->interface_type, S("nat_gateway")))
        return fault(c, &ec2_OperationNotPermitted, "The interface belongs to a NAT gateway.");
    if (is_managed(c, i))
        return fault(c, &ec2_OperationNotPermitted, "The interface is managed by the service that made it.");
    if (in->source_dest_check && !in->source_dest_check->value.v)
        return fault(c, &ec2_UnsupportedOperation, "The source/destination check cannot be switched off here.");
    if (!in->groups.n && !in->description && !in->source_dest_check)
        return fault(c, &ec2_MissingParameter, "The request must contain an attribute to modify");
    TRY(ec2_dry_run(c, in->dry_run));
    if (in->groups.n)
        TRY(groups_or_default(c, &in->groups, i->vpc_id, &i->group_ids));
    if (in->description)
        i->description = in->description->value;
    TRY(ec2_interface_save(c, i));
    return ec2_changed(c, i->vpc_id);
}
