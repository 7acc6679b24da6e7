/* SPDX-License-Identifier: MIT */
/* Subnets: ranges of a VPC's addresses in one Availability Zone. */
#include "ec2_names.h"

static res subnet_out(struct call *c, const struct ec2_subnet *s, struct ec2_subnet_out *o)
{
    struct ec2_interface_page used;
    struct plan_prefix p = {0};
    uint32_t host;

    TRY(ec2_interface_by(c, "subnet", s->subnet_id, s->at.account, EC2_ALL, &used));
    cidr_read(s->cidr_block, &p, &host);
    *o = (struct ec2_subnet_out){.availability_zone = s->availability_zone,
                                 .availability_zone_id = zone_id(c, s->availability_zone),
                                 .available_ip_address_count =
                                     SET_INT(((int64_t)1 << (32 - p.len)) - 5 - (int64_t)used.n),
                                 .cidr_block = s->cidr_block,
                                 .default_for_az = SET_BOOL(false),
                                 .map_public_ip_on_launch = s->map_public_ip_on_launch,
                                 .state = S("available"),
                                 .subnet_id = s->subnet_id,
                                 .vpc_id = s->vpc_id,
                                 .owner_id = s->at.account,
                                 .assign_ipv6_address_on_creation = SET_BOOL(false),
                                 .tags = s->tags,
                                 .subnet_arn = call_arn(c, "ec2", "subnet/%.*s", FMT(s->subnet_id))};
    return OK;
}

static res check_range(struct call *c, const struct ec2_vpc *v, str text, str *canonical)
{
    struct plan_prefix p, vpc, other;
    struct ec2_subnet_page page;
    uint32_t host;

    if (!cidr_read(text, &p, &host))
        return fault(c, &ec2_InvalidParameterValue,
                     "Value (%.*s) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
                     FMT(str_sub(text, 0, 64)));
    cidr_read(v->cidr_block, &vpc, &host);
    if (p.len < vpc.len || p.len > 28 || !plan_inside(&vpc, p.addr))
        return fault(c, &ec2_InvalidSubnetRange, "The CIDR '%.*s' is invalid.", FMT(text));
    TRY(ec2_subnet_by(c, "vpc", v->vpc_id, v->at.account, EC2_ALL, &page));
    for (size_t i = 0; i < page.n; i++) {
        cidr_read(page.v[i]->cidr_block, &other, &host);
        if (cidr_overlap(&p, &other))
            return fault(c, &ec2_InvalidSubnetConflict, "The CIDR '%.*s' conflicts with another subnet", FMT(text));
    }
    *canonical = cidr_text(c->arena, p);
    return OK;
}

static res choose_zone(struct call *c, const struct ec2_create_subnet_in *in, str *zone)
{
    if (in->availability_zone.n && in->availability_zone_id.n)
        return fault(c, &ec2_InvalidParameterCombination,
                     "The parameters AvailabilityZone and AvailabilityZoneId cannot be used together");
    *zone = in->availability_zone_id.n ? zone_by_id(c, in->availability_zone_id)
            : in->availability_zone.n  ? in->availability_zone
                                       : arena_cat(c->arena, c->region, S("a"));
    if (!zone->n || !zone_exists(c->region, *zone))
        return fault(c, &ec2_InvalidParameterValue,
                     "Value (%.*s) for parameter availabilityZone is invalid. Subnets can currently only be created in "
                     "the following availability zones: %.*sa, %.*sb, %.*sc, %.*sd, %.*se, %.*sf.",
                     FMT(in->availability_zone.n ? in->availability_zone : in->availability_zone_id), FMT(c->region),
                     FMT(c->region), FMT(c->region), FMT(c->region), FMT(c->region), FMT(c->region));
    return OK;
}

res ec2_create_subnet(struct call *c, const struct ec2_create_subnet_in *in, struct ec2_create_subnet_out *out)
{
    struct ec2_subnet *s = ARENA_NEW(c->arena, struct ec2_subnet);
    struct ec2_vpc *v;
    str cidr, zone;

    TRY(ec2_get_vpc(c, in->vpc_id, &v));
    if (in->ipv6_cidr_block.n)
        return fault(c, &ec2_UnsupportedOperation, "IPv6 is not built; docs/reference/coverage.md lists what is.");
    TRY(check_range(c, v, in->cidr_block, &cidr));
    TRY(choose_zone(c, in, &zone));
    TRY(ec2_check_tags(c, &in->tag_specifications, "subnet"));
    TRY(ec2_dry_run(c, in->dry_run));
    *s = (struct ec2_subnet){.subnet_id = call_unique(c, "subnet-", 17),
                             .vpc_id = v->vpc_id,
                             .cidr_block = cidr,
                             .availability_zone = zone,
                             .next_address = SET_INT(4),
                             .map_public_ip_on_launch = SET_BOOL(false)};
    TRY(ec2_subnet_save(c, s));
    TRY(ec2_tag_new(c, &in->tag_specifications, s->subnet_id));
    TRY(ec2_changed(c, v->vpc_id));
    TRY(ec2_get_subnet(c, s->subnet_id, &s));
    out->subnet = ARENA_NEW(c->arena, struct ec2_subnet_out);
    return subnet_out(c, s, out->subnet);
}

static bool subnet_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_subnet *s = item;

    if (str_eq(name, S("subnet-id")))
        ec2_value(out, s->subnet_id);
    else if (str_eq(name, S("vpc-id")))
        ec2_value(out, s->vpc_id);
    else if (str_eq(name, S("availability-zone")) || str_eq(name, S("availabilityZone")))
        ec2_value(out, s->availability_zone);
    else if (str_eq(name, S("availability-zone-id")) || str_eq(name, S("availabilityZoneId")))
        ec2_value(out, zone_id(c, s->availability_zone));
    else if (str_eq(name, S("cidr-block")) || str_eq(name, S("cidrBlock")) || str_eq(name, S("cidr")))
        ec2_value(out, s->cidr_block);
    else if (str_eq(name, S("default-for-az")) || str_eq(name, S("defaultForAz")))
        ec2_value_bool(out, false);
    else if (str_eq(name, S("map-public-ip-on-launch")))
        ec2_value_bool(out, s->map_public_ip_on_launch.v);
    else if (str_eq(name, S("state")))
        ec2_value(out, S("available"));
    else if (str_eq(name, S("subnet-arn")))
        ec2_value(out, call_arn(c, "ec2", "subnet/%.*s", FMT(s->subnet_id)));
    else
        return false;
    return true;
}

res ec2_describe_subnets(struct call *c, const struct ec2_describe_subnets_in *in, struct ec2_describe_subnets_out *out)
{
    struct ec2_listing l = {
        &ec2_subnet_record,           in->subnet_ids, &in->filters, in->max_results, in->next_token, subnet_values,
        &ec2_InvalidSubnetIDNotFound, "subnet ID"};
    struct record_page page;

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_list(c, &l, &page, &out->next_token));
    out->subnets.v = ARENA_ARRAY(c->arena, struct ec2_subnet_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        TRY(subnet_out(c, page.v[i], &out->subnets.v[out->subnets.n++]));
    return OK;
}

/* A subnet's association with a route table goes with it. */
static res leave_tables(struct call *c, const struct ec2_subnet *s)
{
    struct ec2_route_table_page tables;

    TRY(ec2_route_table_by(c, "vpc", s->vpc_id, s->at.account, EC2_ALL, &tables));
    for (size_t i = 0; i < tables.n; i++) {
        struct ec2_route_association_list *list = &tables.v[i]->associations;
        size_t kept = 0;
        for (size_t k = 0; k < list->n; k++)
            if (!str_eq(list->v[k].subnet_id, s->subnet_id))
                list->v[kept++] = list->v[k];
        if (kept == list->n)
            continue;
        list->n = kept;
        TRY(ec2_route_table_save(c, tables.v[i]));
    }
    return OK;
}

res ec2_delete_subnet(struct call *c, const struct ec2_delete_subnet_in *in, struct ec2_delete_subnet_out *out)
{
    struct ec2_subnet *s;
    struct ec2_interface_page used;

    (void)out;
    TRY(ec2_get_subnet(c, in->subnet_id, &s));
    TRY(ec2_interface_by(c, "subnet", s->subnet_id, s->at.account, 1, &used));
    if (used.n)
        return fault(c, &ec2_DependencyViolation, "The subnet '%.*s' has dependencies and cannot be deleted.",
                     FMT(s->subnet_id));
    TRY(ec2_dry_run(c, in->dry_run));
    TRY(leave_tables(c, s));
    TRY(ec2_flow_logs_leave(c, s->vpc_id, s->subnet_id));
    TRY(ec2_subnet_drop(c, s));
    return ec2_changed(c, s->vpc_id);
}

res ec2_modify_subnet_attribute(struct call *c, const struct ec2_modify_subnet_attribute_in *in,
                                struct ec2_modify_subnet_attribute_out *out)
{
    struct ec2_subnet *s;

    (void)out;
    TRY(ec2_get_subnet(c, in->subnet_id, &s));
    if (in->assign_ipv6_address_on_creation && in->assign_ipv6_address_on_creation->value.v)
        return fault(c, &ec2_InvalidParameterValue,
                     "Invalid value 'true' for assignIpv6AddressOnCreation. Subnet "
                     "does not have IPv6 CIDR block associated.");
    if (!in->map_public_ip_on_launch && !in->assign_ipv6_address_on_creation)
        return fault(c, &ec2_MissingParameter, "The request must contain an attribute to modify");
    if (in->map_public_ip_on_launch) {
        s->map_public_ip_on_launch = SET_BOOL(in->map_public_ip_on_launch->value.v);
        TRY(ec2_subnet_save(c, s));
    }
    return OK;
}
