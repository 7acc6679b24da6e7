/* SPDX-License-Identifier: MIT */
/* Finding EC2's things by their ids, for the gate and for handlers. */
#include "ec2_names.h"

res ec2_dry_run(struct call *c, opt_bool dry_run)
{
    if (dry_run.set && dry_run.v)
        return fault(c, &ec2_DryRunOperation, "Request would have succeeded, but DryRun flag is set.");
    return OK;
}

struct sort { /* one kind of thing: how it is kept and what AWS says when it is not there */
    const struct record_type *type;
    const struct fault_type *missing;
    const char *arn, *prefix, *parameter, *text;
};

static const struct sort sorts[] = {
    {&ec2_vpc_record, &ec2_InvalidVpcIDNotFound, "vpc", "vpc-", "vpcId", "The vpc ID '%.*s' does not exist"},
    {&ec2_subnet_record, &ec2_InvalidSubnetIDNotFound, "subnet", "subnet-", "subnetId",
     "The subnet ID '%.*s' does not exist"},
    {&ec2_route_table_record, &ec2_InvalidRouteTableIDNotFound, "route-table", "rtb-", "routeTableId",
     "The routeTable ID '%.*s' does not exist"},
    {&ec2_group_record, &ec2_InvalidGroupNotFound, "security-group", "sg-", "groupId",
     "The security group '%.*s' does not exist"},
    {&ec2_endpoint_record, &ec2_InvalidVpcEndpointIdNotFound, "vpc-endpoint", "vpce-", "vpcEndpointId",
     "The Vpc Endpoint Id '%.*s' does not exist"},
    {&ec2_interface_record, &ec2_InvalidNetworkInterfaceIDNotFound, "network-interface", "eni-", "networkInterfaceId",
     "The networkInterface ID '%.*s' does not exist"},
    {&ec2_internet_gateway_record, &ec2_InvalidInternetGatewayIDNotFound, "internet-gateway", "igw-",
     "internetGatewayId", "The internetGateway ID '%.*s' does not exist"},
    {&ec2_nat_gateway_record, &ec2_NatGatewayNotFound, "natgateway", "nat-", "natGatewayId",
     "NatGateway %.*s was not found"},
    {&ec2_address_record, &ec2_InvalidAllocationIDNotFound, "elastic-ip", "eipalloc-", "allocationId",
     "The allocation ID '%.*s' does not exist"},
    {&ec2_dhcp_options_record, &ec2_InvalidDhcpOptionIDNotFound, "dhcp-options", "dopt-", "dhcpOptionsId",
     "The dhcpOption ID '%.*s' does not exist"},
    {&ec2_flow_log_record, &ec2_InvalidFlowLogIdNotFound, "vpc-flow-log", "fl-", "flowLogId",
     "The flowLog ID '%.*s' does not exist"},
};
enum {
    VPC,
    SUBNET,
    ROUTE_TABLE,
    GROUP,
    ENDPOINT,
    INTERFACE,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    ADDRESS,
    DHCP_OPTIONS,
    FLOW_LOG,
    SORTS
};

static str missing_text(struct call *c, const struct sort *s, str id)
{
    str text = str_z(s->text);
    ptrdiff_t at = str_search(text, S("%.*s"));

    return arena_printf(c->arena, "%.*s%.*s%s", (int)at, text.p, FMT(str_sub(id, 0, 64)), text.p + at + 4);
}

static res get(struct call *c, const struct sort *s, str id, void **out)
{
    if (!id.n)
        return fault(c, &ec2_MissingParameter, "The request must contain the parameter %s", s->parameter);
    TRY(record_load(c, s->type, STR_ABSENT, id, out));
    return *out ? OK : fault(c, s->missing, "%.*s", FMT(missing_text(c, s, id)));
}

#define GETTER(name, sort_index)                                                                                       \
    res ec2_get_##name(struct call *c, str id, struct ec2_##name **out)                                                \
    {                                                                                                                  \
        void *found = NULL;                                                                                            \
        res r = get(c, &sorts[sort_index], id, &found);                                                                \
        *out = found;                                                                                                  \
        return r;                                                                                                      \
    }
GETTER(vpc, VPC)
GETTER(subnet, SUBNET)
GETTER(route_table, ROUTE_TABLE)
GETTER(group, GROUP)
GETTER(endpoint, ENDPOINT)
GETTER(interface, INTERFACE)
GETTER(internet_gateway, INTERNET_GATEWAY)
GETTER(nat_gateway, NAT_GATEWAY)
GETTER(flow_log, FLOW_LOG)

/* ---- finders ---- */

static res find(struct call *c, const struct sort *s, str id, struct resource *out)
{
    const struct field *tags = shape_field(s->type->shape, S("Tags"));
    void *found = NULL;

    out->account = c->caller->account;
    out->arn = call_arn(c, "ec2", "%s/%.*s", s->arn, FMT(str_sub(id, 0, 200)));
    if (id.n)
        TRY(record_load(c, s->type, STR_ABSENT, id, &found));
    out->subject = found;
    if (found) {
        const struct ec2_tag_list *t = field_of(found, tags);
        out->tags = (const struct str_pair *)t->v;
        out->n_tags = t->n;
    } else {
        out->missing = s->missing;
        out->missing_text = missing_text(c, s, id);
    }
    return OK;
}

res ec2_find_vpc(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, &sorts[VPC], names[0], out);
}

res ec2_find_subnet(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, &sorts[SUBNET], names[0], out);
}

res ec2_find_route_table(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, &sorts[ROUTE_TABLE], names[0], out);
}

/* By id; a name alone would mean a group of the default VPC, which no account has here. */
res ec2_find_group(struct call *c, const str *names, size_t n, struct resource *out)
{
    TRY(find(c, &sorts[GROUP], names[0], out));
    if (n > 1 && !names[0].n)
        out->missing_text = arena_printf(c->arena, "The security group '%.*s' does not exist in default VPC 'none'",
                                         FMT(str_sub(names[1], 0, 255)));
    return OK;
}

/* DeleteVpcEndpoints tells of each missing one in its answer. */
res ec2_find_endpoint(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    TRY(find(c, &sorts[ENDPOINT], names[0], out));
    if (c->op == &ec2_DeleteVpcEndpoints_op)
        out->missing = NULL;
    return OK;
}

res ec2_find_interface(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, &sorts[INTERFACE], names[0], out);
}

res ec2_find_internet_gateway(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, &sorts[INTERNET_GATEWAY], names[0], out);
}

res ec2_find_nat_gateway(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, &sorts[NAT_GATEWAY], names[0], out);
}

res ec2_find_flow_log(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, &sorts[FLOW_LOG], names[0], out);
}

/* "default" is no set, and always there. */
res ec2_find_dhcp_options(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    TRY(find(c, &sorts[DHCP_OPTIONS], names[0], out));
    if (str_eq(names[0], S("default")))
        out->missing = NULL;
    return OK;
}

res ec2_find_tagged(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    for (size_t i = 0; i < SORTS; i++)
        if (str_starts(names[0], str_z(sorts[i].prefix)))
            return find(c, &sorts[i], names[0], out);
    out->account = c->caller->account;
    out->arn = call_arn(c, "ec2", "*/%.*s", FMT(str_sub(names[0], 0, 200)));
    out->missing = &ec2_InvalidID;
    out->missing_text = arena_printf(c->arena, "The ID '%.*s' is not valid", FMT(str_sub(names[0], 0, 64)));
    return OK;
}

/* An association is judged as the route table it belongs to. */
static res association(struct call *c, str id, struct ec2_route_table **table, size_t *at)
{
    struct ec2_route_table_page all;

    *table = NULL;
    TRY(ec2_route_table_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, EC2_ALL, &all));
    for (size_t i = 0; i < all.n; i++)
        for (size_t k = 0; k < all.v[i]->associations.n; k++)
            if (str_eq(all.v[i]->associations.v[k].association_id, id)) {
                *table = all.v[i];
                *at = k;
                return OK;
            }
    return OK;
}

res ec2_get_association(struct call *c, str id, struct ec2_route_table **table, size_t *at)
{
    TRY(association(c, id, table, at));
    return *table ? OK
                  : fault(c, &ec2_InvalidAssociationIDNotFound, "The association ID '%.*s' does not exist", FMT(id));
}

res ec2_find_association(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct ec2_route_table *table;
    size_t at;

    (void)n;
    TRY(association(c, names[0], &table, &at));
    if (table)
        return find(c, &sorts[ROUTE_TABLE], table->route_table_id, out);
    out->account = c->caller->account;
    out->arn = call_arn(c, "ec2", "route-table/*");
    out->missing = &ec2_InvalidAssociationIDNotFound;
    out->missing_text =
        arena_printf(c->arena, "The association ID '%.*s' does not exist", FMT(str_sub(names[0], 0, 64)));
    return OK;
}

/* ---- lists of ids ---- */

bool list_has(const struct list_of_str *list, str value)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i], value))
            return true;
    return false;
}

struct list_of_str list_copy(struct call *c, const struct list_of_str *list)
{
    struct list_of_str copy = {0, ARENA_ARRAY(c->arena, str, list->n + 1)};

    for (size_t i = 0; i < list->n; i++)
        if (!list_has(&copy, list->v[i]))
            copy.v[copy.n++] = list->v[i];
    return copy;
}

void list_add(struct call *c, struct list_of_str *list, str value)
{
    if (list_has(list, value))
        return;
    str *v = ARENA_ARRAY(c->arena, str, list->n + 1);
    for (size_t i = 0; i < list->n; i++)
        v[i] = list->v[i];
    v[list->n++] = value;
    list->v = v;
}

void list_remove(struct list_of_str *list, str value)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->n; i++)
        if (!str_eq(list->v[i], value))
            list->v[kept++] = list->v[i];
    list->n = kept;
}
