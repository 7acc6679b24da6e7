/* SPDX-License-Identifier: MIT */
/* EC2's condition keys: the region, the tags of a request, the VPC of what is acted on, the endpoint's service. */
#include "ec2_names.h"

res ec2_add_region(struct call *c)
{
    context_add(c, S("ec2:Region"), c->region);
    return OK;
}

/* Of any operation that takes TagSpecifications or Tags. */
res ec2_add_request_tags(struct call *c)
{
    const struct field *specs = shape_field(c->op->in, S("TagSpecifications"));
    const struct field *direct = shape_field(c->op->in, S("Tags"));
    struct ec2_tag_list lists[8] = {{0}};
    size_t n_lists = 0, n = 0;

    if (specs) {
        const struct ec2_tag_specification_list *s = field_of(c->in, specs);
        for (size_t i = 0; i < s->n && n_lists < 8; i++)
            lists[n_lists++] = s->v[i].tags;
    } else if (direct) {
        lists[n_lists++] = *(const struct ec2_tag_list *)field_of(c->in, direct);
    }
    for (size_t i = 0; i < n_lists; i++)
        n += lists[i].n;
    if (!n)
        return OK;
    str *keys = ARENA_ARRAY(c->arena, str, n);
    n = 0;
    for (size_t i = 0; i < n_lists; i++)
        for (size_t k = 0; k < lists[i].n; k++) {
            const struct ec2_tag *t = &lists[i].v[k];
            keys[n++] = t->key;
            context_add(c, arena_cat(c->arena, S("aws:RequestTag/"), t->key), t->value.p ? t->value : S(""));
        }
    context_add_list(c, S("aws:TagKeys"), keys, n);
    return OK;
}

/* CreateTags inside a Create call says so; on its own it has no such key. */
res ec2_add_create_action(struct call *c)
{
    if (c->op == &ec2_CreateTags_op && c->parent && c->parent->op->service == c->op->service)
        context_add(c, S("ec2:CreateAction"), str_z(c->parent->op->name));
    return OK;
}

static str vpc_of(const struct resource *r)
{
    const struct field *f;

    if (!r->type || !r->subject)
        return STR_ABSENT;
    const char *const names[] = {"vpc",
                                 "subnet",
                                 "route-table",
                                 "association",
                                 "security-group",
                                 "vpc-endpoint",
                                 "network-interface",
                                 "internet-gateway",
                                 "natgateway"};
    const struct shape *const shapes[] = {
        &ec2_vpc_shape,        &ec2_subnet_shape,   &ec2_route_table_shape, &ec2_route_table_shape,
        &ec2_group_shape,      &ec2_endpoint_shape, &ec2_interface_shape,   &ec2_internet_gateway_shape,
        &ec2_nat_gateway_shape};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(str_z(r->type->name), str_z(names[i]))) {
            f = shape_field(shapes[i], S("VpcId"));
            return *(const str *)field_of(r->subject, f);
        }
    return STR_ABSENT;
}

/* ec2:VpcID, ec2:SubnetID, ...: the last part of the ARN of what is named, the first of its kind. */
static void add_ids(struct call *c)
{
    static const struct resource_type *const types[] = {&ec2_vpc_resource,
                                                        &ec2_subnet_resource,
                                                        &ec2_route_table_resource,
                                                        &ec2_security_group_resource,
                                                        &ec2_network_interface_resource,
                                                        &ec2_internet_gateway_resource,
                                                        &ec2_elastic_ip_resource};
    static const char *const keys[] = {"ec2:VpcID",           "ec2:SubnetID",           "ec2:RouteTableID",
                                       "ec2:SecurityGroupID", "ec2:NetworkInterfaceID", "ec2:InternetGatewayID",
                                       "ec2:AllocationId"};
    bool said[sizeof keys / sizeof *keys] = {false};

    for (size_t i = 0; i < c->n_resources; i++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            const struct resource *r = &c->resources[i];
            if (r->type != types[k] || !r->subject || said[k])
                continue;
            context_add(c, str_z(keys[k]), str_from(r->arn, (size_t)(str_rfind(r->arn, '/') + 1)));
            said[k] = true;
        }
}

/* ec2:Vpc and ec2:Subnet are ARNs of where the named things stand. A call's things all stand in one VPC. */
res ec2_add_place(struct call *c)
{
    bool vpc = false, subnet = false;

    add_ids(c);

    for (size_t i = 0; i < c->n_resources; i++) {
        const struct resource *r = &c->resources[i];
        str id = vpc_of(r);
        if (id.n && !vpc) {
            context_add(c, S("ec2:Vpc"), call_arn(c, "ec2", "vpc/%.*s", FMT(id)));
            vpc = true;
        }
        if (id.n && !subnet && r->type == &ec2_subnet_resource) {
            context_add(c, S("ec2:Subnet"), r->arn);
            context_add(c, S("ec2:AvailabilityZone"), ((const struct ec2_subnet *)r->subject)->availability_zone);
            subnet = true;
        }
    }
    return OK;
}

res ec2_add_service_owner(struct call *c)
{
    context_add(c, S("ec2:VpceServiceOwner"), S("amazon"));
    return OK;
}
