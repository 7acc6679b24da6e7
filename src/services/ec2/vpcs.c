/* SPDX-License-Identifier: MIT */
/* VPCs, and what AWS makes with each: a main route table, a default security group, a network ACL's id. */
#include "ec2_names.h"

static struct ec2_vpc_out vpc_out(struct call *c, const struct ec2_vpc *v)
{
    struct ec2_cidr_association *a = ARENA_NEW(c->arena, struct ec2_cidr_association);
    struct ec2_vpc_out o = {.cidr_block = v->cidr_block,
                            .dhcp_options_id = v->dhcp_options_id.n ? v->dhcp_options_id : S("default"),
                            .state = v->state,
                            .vpc_id = v->vpc_id,
                            .owner_id = v->at.account,
                            .instance_tenancy = v->instance_tenancy,
                            .cidr_block_association_set = {1, a},
                            .is_default = SET_BOOL(false),
                            .tags = v->tags};

    *a = (struct ec2_cidr_association){v->cidr_association_id, v->cidr_block,
                                       ARENA_NEW(c->arena, struct ec2_cidr_state)};
    a->cidr_block_state->state = S("associated");
    return o;
}

static res check_cidr(struct call *c, str text, str *canonical)
{
    struct plan_prefix p;
    uint32_t host;

    if (!cidr_read(text, &p, &host))
        return fault(c, &ec2_InvalidParameterValue,
                     "Value (%.*s) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
                     FMT(str_sub(text, 0, 64)));
    if (p.len < 16 || p.len > 28 || !cidr_usable(&p))
        return fault(c, &ec2_InvalidVpcRange, "The CIDR '%.*s' is invalid.", FMT(text));
    *canonical = cidr_text(c->arena, p);
    return OK;
}

static res make_main_table(struct call *c, struct ec2_vpc *v)
{
    struct ec2_route_table *t = ARENA_NEW(c->arena, struct ec2_route_table);
    struct ec2_route_association *a = ARENA_NEW(c->arena, struct ec2_route_association);

    *a = (struct ec2_route_association){call_unique(c, "rtbassoc-", 17), STR_ABSENT, SET_BOOL(true)};
    *t = (struct ec2_route_table){
        .route_table_id = call_unique(c, "rtb-", 17), .vpc_id = v->vpc_id, .associations = {1, a}};
    v->main_route_table_id = t->route_table_id;
    return ec2_route_table_save(c, t);
}

static res make_default_group(struct call *c, struct ec2_vpc *v)
{
    struct ec2_group *g = ARENA_NEW(c->arena, struct ec2_group);
    struct ec2_rule *rules = ARENA_ARRAY(c->arena, struct ec2_rule, 2);
    str *peer = ARENA_NEW(c->arena, str);

    *g = (struct ec2_group){.group_id = call_unique(c, "sg-", 17),
                            .group_name = S("default"),
                            .description = S("default VPC security group"),
                            .vpc_id = v->vpc_id,
                            .rules = {2, rules},
                            .peer_groups = {1, peer}};
    *peer = g->group_id;
    rules[0] = (struct ec2_rule){.rule_id = call_unique(c, "sgr-", 17),
                                 .egress = SET_BOOL(false),
                                 .ip_protocol = S("-1"),
                                 .peer_group_id = g->group_id};
    rules[1] = (struct ec2_rule){.rule_id = call_unique(c, "sgr-", 17),
                                 .egress = SET_BOOL(true),
                                 .ip_protocol = S("-1"),
                                 .cidr_ipv4 = S("0.0.0.0/0")};
    v->default_group_id = g->group_id;
    return ec2_group_save(c, g);
}

res ec2_create_vpc(struct call *c, const struct ec2_create_vpc_in *in, struct ec2_create_vpc_out *out)
{
    struct ec2_vpc *v = ARENA_NEW(c->arena, struct ec2_vpc);
    str cidr;

    if ((in->amazon_provided_ipv6_cidr_block.set && in->amazon_provided_ipv6_cidr_block.v) || in->ipv6_cidr_block.n ||
        in->ipv4_ipam_pool_id.n)
        return fault(c, &ec2_UnsupportedOperation,
                     "IPv6 and IPAM are not built; docs/reference/coverage.md lists what is.");
    if (in->instance_tenancy.n && !str_eq(in->instance_tenancy, S("default")) &&
        !str_eq(in->instance_tenancy, S("dedicated")))
        return fault(c, &ec2_InvalidParameterValue, "Value (%.*s) for parameter instanceTenancy is invalid.",
                     FMT(in->instance_tenancy));
    TRY(check_cidr(c, in->cidr_block, &cidr));
    TRY(ec2_check_tags(c, &in->tag_specifications, "vpc"));
    TRY(ec2_dry_run(c, in->dry_run));
    *v = (struct ec2_vpc){.vpc_id = call_unique(c, "vpc-", 17),
                          .state = S("available"),
                          .cidr_block = cidr,
                          .cidr_association_id = call_unique(c, "vpc-cidr-assoc-", 17),
                          .instance_tenancy = in->instance_tenancy.n ? in->instance_tenancy : S("default"),
                          .enable_dns_support = SET_BOOL(true),
                          .enable_dns_hostnames = SET_BOOL(false),
                          .default_network_acl_id = call_unique(c, "acl-", 17),
                          .next_endpoint_index = SET_INT(0),
                          .generation = SET_INT(0)};
    TRY(make_main_table(c, v));
    TRY(make_default_group(c, v));
    TRY(ec2_vpc_save(c, v));
    TRY(ec2_tag_new(c, &in->tag_specifications, v->vpc_id));
    TRY(ec2_changed(c, v->vpc_id));
    TRY(ec2_get_vpc(c, v->vpc_id, &v));
    out->vpc = ARENA_NEW(c->arena, struct ec2_vpc_out);
    *out->vpc = vpc_out(c, v);
    out->vpc->state = S("pending");
    return OK;
}

static bool vpc_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_vpc *v = item;

    (void)c;
    if (str_eq(name, S("vpc-id")))
        ec2_value(out, v->vpc_id);
    else if (str_eq(name, S("cidr")) || str_eq(name, S("cidrBlock")) ||
             str_eq(name, S("cidr-block-association.cidr-block")))
        ec2_value(out, v->cidr_block);
    else if (str_eq(name, S("state")))
        ec2_value(out, v->state);
    else if (str_eq(name, S("is-default")) || str_eq(name, S("isDefault")))
        ec2_value_bool(out, false);
    else if (str_eq(name, S("dhcp-options-id")))
        ec2_value(out, v->dhcp_options_id.n ? v->dhcp_options_id : S("default"));
    else
        return false;
    return true;
}

res ec2_describe_vpcs(struct call *c, const struct ec2_describe_vpcs_in *in, struct ec2_describe_vpcs_out *out)
{
    struct ec2_listing l = {&ec2_vpc_record,           in->vpc_ids,    &in->filters,
                            in->max_results,           in->next_token, vpc_values,
                            &ec2_InvalidVpcIDNotFound, "vpc ID"};
    struct record_page page;

    TRY(ec2_list(c, &l, &page, &out->next_token));
    out->vpcs.v = ARENA_ARRAY(c->arena, struct ec2_vpc_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->vpcs.v[out->vpcs.n++] = vpc_out(c, page.v[i]);
    return OK;
}

/* ---- the end of a VPC ---- */

static res refuse(struct call *c, str id)
{
    return fault(c, &ec2_DependencyViolation, "The vpc '%.*s' has dependencies and cannot be deleted.", FMT(id));
}

/* What was made with the VPC goes with it; whatever else stands in it keeps it. */
res ec2_delete_vpc(struct call *c, const struct ec2_delete_vpc_in *in, struct ec2_delete_vpc_out *out)
{
    struct ec2_vpc *v;
    struct ec2_subnet_page subnets;
    struct ec2_endpoint_page endpoints;
    struct ec2_interface_page interfaces;
    struct ec2_group_page groups;
    struct ec2_route_table_page tables;
    struct ec2_internet_gateway *gateway;

    (void)out;
    TRY(ec2_get_vpc(c, in->vpc_id, &v));
    TRY(ec2_gateway_of(c, v->vpc_id, v->at.account, &gateway));
    TRY(ec2_subnet_by(c, "vpc", v->vpc_id, v->at.account, 1, &subnets));
    TRY(ec2_endpoint_by(c, "vpc", v->vpc_id, v->at.account, 1, &endpoints));
    TRY(ec2_interface_by(c, "vpc", v->vpc_id, v->at.account, 1, &interfaces));
    TRY(ec2_group_by(c, "vpc", v->vpc_id, v->at.account, 2, &groups));
    TRY(ec2_route_table_by(c, "vpc", v->vpc_id, v->at.account, 2, &tables));
    if (subnets.n || endpoints.n || interfaces.n || groups.n > 1 || tables.n > 1 || gateway)
        return refuse(c, v->vpc_id);
    TRY(ec2_dry_run(c, in->dry_run));
    for (size_t i = 0; i < groups.n; i++)
        TRY(ec2_group_drop(c, groups.v[i]));
    for (size_t i = 0; i < tables.n; i++)
        TRY(ec2_route_table_drop(c, tables.v[i]));
    TRY(ec2_flow_logs_leave(c, v->vpc_id, v->vpc_id));
    TRY(ec2_vpc_drop(c, v));
    return ec2_gone(c, v->vpc_id);
}

/* ---- attributes ---- */

static res private_names_stay(struct call *c, const struct ec2_vpc *v)
{
    struct ec2_endpoint_page endpoints;

    TRY(ec2_endpoint_by(c, "vpc", v->vpc_id, v->at.account, EC2_ALL, &endpoints));
    for (size_t i = 0; i < endpoints.n; i++)
        if (endpoints.v[i]->private_dns_enabled.v)
            return fault(c, &ec2_InvalidParameterValue,
                         "Private DNS of %.*s needs both enableDnsSupport and enableDnsHostnames.",
                         FMT(endpoints.v[i]->vpc_endpoint_id));
    return OK;
}

res ec2_modify_vpc_attribute(struct call *c, const struct ec2_modify_vpc_attribute_in *in,
                             struct ec2_modify_vpc_attribute_out *out)
{
    const struct ec2_boolean_value *support = in->enable_dns_support, *names = in->enable_dns_hostnames;
    struct ec2_vpc *v;

    (void)out;
    if (!support && !names)
        return fault(c, &ec2_MissingParameter, "The request must contain an attribute to modify");
    if (support && names) /* AWS takes one at a time */
        return fault(c, &ec2_InvalidParameterCombination, "Fields for multiple attribute types specified");
    TRY(ec2_get_vpc(c, in->vpc_id, &v));
    if (support)
        v->enable_dns_support = SET_BOOL(support->value.v);
    if (names)
        v->enable_dns_hostnames = SET_BOOL(names->value.v);
    if (!v->enable_dns_support.v || !v->enable_dns_hostnames.v)
        TRY(private_names_stay(c, v));
    TRY(ec2_vpc_save(c, v));
    return ec2_changed(c, v->vpc_id);
}

res ec2_describe_vpc_attribute(struct call *c, const struct ec2_describe_vpc_attribute_in *in,
                               struct ec2_describe_vpc_attribute_out *out)
{
    const struct ec2_vpc *v = c->subject;
    struct ec2_boolean_value *value = ARENA_NEW(c->arena, struct ec2_boolean_value);

    TRY(ec2_dry_run(c, in->dry_run));
    out->vpc_id = v->vpc_id;
    if (str_eq(in->attribute, S("enableDnsSupport"))) {
        value->value = v->enable_dns_support;
        out->enable_dns_support = value;
    } else if (str_eq(in->attribute, S("enableDnsHostnames"))) {
        value->value = v->enable_dns_hostnames;
        out->enable_dns_hostnames = value;
    } else {
        value->value = SET_BOOL(false);
        out->enable_network_address_usage_metrics = value;
    }
    return OK;
}
