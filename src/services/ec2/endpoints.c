/* SPDX-License-Identifier: MIT */
/* VPC endpoints: the only doors of a VPC. What comes through one carries its id (aws:SourceVpce) and meets its policy.
 */
#include "ec2_names.h"

static const char full_access[] = "{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Principal\":\"*\","
                                  "\"Resource\":\"*\"}]}";

res ec2_endpoint_policy(struct call *c, str vpce_id, str *text)
{
    struct ec2_endpoint_page page;

    *text = STR_ABSENT;
    TRY(ec2_endpoint_by(c, "id", vpce_id, STR_ABSENT, 1, &page)); /* of any account: the caller's may be another */
    if (!page.n)
        /* It is being deleted while a connection through it lives on: nothing passes. */
        *text = S("{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":\"*\"}]}");
    else if (page.v[0]->policy_document.n)
        *text = page.v[0]->bound_policy;
    return OK;
}

static bool is_gateway(const struct ec2_endpoint *v)
{
    return str_eq(v->type, S("Gateway"));
}

/* ---- shown ---- */

static void dns_entries(struct call *c, const struct ec2_endpoint *v, struct ec2_dns_entry_list *out)
{
    const struct service *s = ec2_service_by_name(v->at.region, v->service_name);
    struct ec2_subnet *subnet;

    out->v = ARENA_ARRAY(c->arena, struct ec2_dns_entry, v->subnet_ids.n + 3);
    if (!s || is_gateway(v))
        return;
    out->v[out->n++] = (struct ec2_dns_entry){ec2_endpoint_name(c->arena, v, s, STR_ABSENT), S("Z7HUB22UULQXV")};
    for (size_t i = 0; i < v->subnet_ids.n; i++)
        if (is_ok(ec2_subnet_load(c, v->at.account, v->subnet_ids.v[i], &subnet)) && subnet)
            out->v[out->n++] = (struct ec2_dns_entry){ec2_endpoint_name(c->arena, v, s, subnet->availability_zone),
                                                      S("Z7HUB22UULQXV")};
    if (v->private_dns_enabled.v)
        out->v[out->n++] = (struct ec2_dns_entry){ec2_private_name(c->arena, v->at.region, s),
                                                  arena_cat(c->arena, S("Z"), str_sub(v->vpc_endpoint_id, 5, 13))};
}

static res endpoint_out(struct call *c, const struct ec2_endpoint *v, struct ec2_endpoint_out *o)
{
    struct ec2_interface_page interfaces;

    TRY(ec2_interface_by(c, "endpoint", v->vpc_endpoint_id, v->at.account, EC2_ALL, &interfaces));
    *o = (struct ec2_endpoint_out){.vpc_endpoint_id = v->vpc_endpoint_id,
                                   .vpc_endpoint_type = v->type,
                                   .vpc_id = v->vpc_id,
                                   .service_name = v->service_name,
                                   .state = S("available"),
                                   .policy_document = v->policy_document.n ? v->policy_document : str_z(full_access),
                                   .route_table_ids = list_copy(c, &v->route_table_ids),
                                   .subnet_ids = list_copy(c, &v->subnet_ids),
                                   .ip_address_type = S("ipv4"),
                                   .private_dns_enabled = SET_BOOL(v->private_dns_enabled.v),
                                   .requester_managed = SET_BOOL(false),
                                   .creation_timestamp = v->created,
                                   .tags = v->tags,
                                   .owner_id = v->at.account};
    o->dns_options = ARENA_NEW(c->arena, struct ec2_dns_options);
    o->dns_options->dns_record_ip_type = S("ipv4");
    o->network_interface_ids.v = ARENA_ARRAY(c->arena, str, interfaces.n + 1);
    for (; o->network_interface_ids.n < interfaces.n; o->network_interface_ids.n++)
        o->network_interface_ids.v[o->network_interface_ids.n] =
            interfaces.v[o->network_interface_ids.n]->network_interface_id;
    o->groups.v = ARENA_ARRAY(c->arena, struct ec2_group_identifier, v->group_ids.n + 1);
    for (size_t i = 0; i < v->group_ids.n; i++) {
        struct ec2_group *g;
        TRY(ec2_group_load(c, v->at.account, v->group_ids.v[i], &g));
        if (g)
            o->groups.v[o->groups.n++] = (struct ec2_group_identifier){g->group_name, g->group_id};
    }
    dns_entries(c, v, &o->dns_entries);
    return OK;
}

static bool endpoint_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_endpoint *v = item;

    (void)c;
    if (str_eq(name, S("vpc-endpoint-id")))
        ec2_value(out, v->vpc_endpoint_id);
    else if (str_eq(name, S("vpc-id")))
        ec2_value(out, v->vpc_id);
    else if (str_eq(name, S("service-name")))
        ec2_value(out, v->service_name);
    else if (str_eq(name, S("vpc-endpoint-type")))
        ec2_value(out, v->type);
    else if (str_eq(name, S("vpc-endpoint-state")))
        ec2_value(out, S("available"));
    else
        return false;
    return true;
}

res ec2_describe_vpc_endpoints(struct call *c, const struct ec2_describe_vpc_endpoints_in *in,
                               struct ec2_describe_vpc_endpoints_out *out)
{
    struct ec2_listing l = {&ec2_endpoint_record,
                            in->vpc_endpoint_ids,
                            &in->filters,
                            in->max_results,
                            in->next_token,
                            endpoint_values,
                            &ec2_InvalidVpcEndpointIdNotFound,
                            "Vpc Endpoint Id"};
    struct record_page page;

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_list(c, &l, &page, &out->next_token));
    out->vpc_endpoints.v = ARENA_ARRAY(c->arena, struct ec2_endpoint_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        TRY(endpoint_out(c, page.v[i], &out->vpc_endpoints.v[out->vpc_endpoints.n++]));
    return OK;
}

/* ---- what an endpoint stands on ---- */

static res conflict(struct call *c, const struct ec2_endpoint *v, const struct ec2_endpoint *other)
{
    if (str_eq(other->vpc_endpoint_id, v->vpc_endpoint_id) || !str_eq(other->service_name, v->service_name) ||
        is_gateway(other) != is_gateway(v))
        return OK;
    for (size_t i = 0; i < v->route_table_ids.n; i++)
        if (list_has(&other->route_table_ids, v->route_table_ids.v[i]))
            return fault(c, &ec2_RouteAlreadyExists,
                         "route table %.*s already has a route with destination-prefix-list-id " EC2_S3_PREFIX_LIST,
                         FMT(v->route_table_ids.v[i]));
    if (v->private_dns_enabled.v && other->private_dns_enabled.v) {
        const struct service *s = ec2_service_by_name(v->at.region.n ? v->at.region : c->region, v->service_name);
        return fault(c, &ec2_InvalidParameter,
                     "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %.*s in "
                     "the VPC %.*s",
                     FMT(s ? ec2_private_name(c->arena, c->region, s) : S("it")), FMT(v->vpc_id));
    }
    return OK;
}

static res check_tables(struct call *c, const struct ec2_endpoint *v)
{
    struct ec2_route_table *t;

    for (size_t i = 0; i < v->route_table_ids.n; i++) {
        TRY(ec2_get_route_table(c, v->route_table_ids.v[i], &t));
        if (!str_eq(t->vpc_id, v->vpc_id))
            return fault(c, &ec2_InvalidParameter, "Route table %.*s does not belong to %.*s", FMT(t->route_table_id),
                         FMT(v->vpc_id));
    }
    return OK;
}

static res check_subnets(struct call *c, const struct ec2_endpoint *v)
{
    struct list_of_str zones = {0};
    struct ec2_subnet *s;

    for (size_t i = 0; i < v->subnet_ids.n; i++) {
        TRY(ec2_get_subnet(c, v->subnet_ids.v[i], &s));
        if (!str_eq(s->vpc_id, v->vpc_id))
            return fault(c, &ec2_InvalidParameter, "Subnet %.*s does not belong to %.*s", FMT(s->subnet_id),
                         FMT(v->vpc_id));
        if (list_has(&zones, s->availability_zone))
            return fault(c, &ec2_DuplicateSubnetsInSameZone,
                         "Found another VPC endpoint subnet in the availability zone of %.*s. VPC endpoint subnets "
                         "should be in different availability zones supported by the VPC endpoint service.",
                         FMT(s->subnet_id));
        list_add(c, &zones, s->availability_zone);
    }
    return OK;
}

/* Everything that must hold of an endpoint, new or changed. */
static res check_endpoint(struct call *c, const struct ec2_endpoint *v, const struct ec2_vpc *vpc)
{
    struct ec2_endpoint_page others;

    if (is_gateway(v) && (v->subnet_ids.n || v->group_ids.n || v->private_dns_enabled.v))
        return fault(c, &ec2_InvalidParameter,
                     "Subnets, security groups and private DNS are only supported for Interface endpoints.");
    if (!is_gateway(v) && v->route_table_ids.n)
        return fault(c, &ec2_InvalidParameter, "Route table IDs are only supported for Gateway type VPC Endpoints.");
    if (v->private_dns_enabled.v && !(vpc->enable_dns_support.v && vpc->enable_dns_hostnames.v))
        return fault(c, &ec2_InvalidParameter,
                     "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to "
                     "true for %.*s",
                     FMT(vpc->vpc_id));
    TRY(check_tables(c, v));
    TRY(check_subnets(c, v));
    if (!is_gateway(v))
        TRY(ec2_check_groups(c, v->vpc_id, &v->group_ids));
    TRY(ec2_endpoint_by(c, "vpc", v->vpc_id, vpc->at.account, EC2_ALL, &others));
    for (size_t i = 0; i < others.n; i++)
        TRY(conflict(c, v, others.v[i]));
    return OK;
}

/* One interface a subnet: makes the missing ones, drops those of subnets that went, gives all the endpoint's groups. */
static res settle_interfaces(struct call *c, const struct ec2_endpoint *v)
{
    struct ec2_interface_page have;
    struct list_of_str served = {0};
    struct ec2_subnet *s;

    TRY(ec2_interface_by(c, "endpoint", v->vpc_endpoint_id, v->at.account, EC2_ALL, &have));
    for (size_t i = 0; i < have.n; i++) {
        struct ec2_interface *one = have.v[i];
        if (!list_has(&v->subnet_ids, one->subnet_id)) {
            TRY(ec2_interface_drop(c, one));
            continue;
        }
        list_add(c, &served, one->subnet_id);
        one->group_ids = v->group_ids;
        TRY(ec2_interface_save(c, one));
    }
    for (size_t i = 0; i < v->subnet_ids.n; i++) {
        struct ec2_interface *one;
        if (list_has(&served, v->subnet_ids.v[i]))
            continue;
        TRY(ec2_get_subnet(c, v->subnet_ids.v[i], &s));
        TRY(ec2_new_interface(c, s, STR_ABSENT, &one));
        one->interface_type = S("vpc_endpoint");
        one->endpoint_id = v->vpc_endpoint_id;
        one->group_ids = v->group_ids;
        one->requester_id = S("727180483921");
        one->description = arena_cat(c->arena, S("VPC Endpoint Interface "), v->vpc_endpoint_id);
        TRY(ec2_interface_save(c, one));
    }
    return OK;
}

/* ---- create ---- */

static res check_type(struct call *c, const struct ec2_create_vpc_endpoint_in *in, str type, const struct service **out)
{
    const struct service *s = ec2_service_by_name(c->region, in->service_name);

    if (!s)
        return fault(c, &ec2_InvalidServiceName, "The Vpc Endpoint Service '%.*s' does not exist",
                     FMT(str_sub(in->service_name, 0, 128)));
    bool s3 = str_eq(str_z(s->name), S("s3"));
    if (!str_eq(type, S("Interface")) && !(s3 && str_eq(type, S("Gateway"))))
        return fault(c, &ec2_InvalidParameter,
                     "Endpoint type (%.*s) does not match available service types ([%sInterface]).", FMT(type),
                     s3 ? "Gateway, " : "");
    *out = s;
    return OK;
}

static res next_index(struct call *c, struct ec2_vpc *vpc, opt_int *index)
{
    if (vpc->next_endpoint_index.v >= PLAN_ENDPOINT_INDEX_MAX) /* never used again: connections outlive endpoints */
        return fault(c, &ec2_VpcEndpointLimitExceeded, "%.*s has had %d endpoints in its life, which is the maximum.",
                     FMT(vpc->vpc_id), PLAN_ENDPOINT_INDEX_MAX);
    *index = vpc->next_endpoint_index;
    vpc->next_endpoint_index = SET_INT(vpc->next_endpoint_index.v + 1);
    return ec2_vpc_save(c, vpc);
}

res ec2_create_vpc_endpoint(struct call *c, const struct ec2_create_vpc_endpoint_in *in,
                            struct ec2_create_vpc_endpoint_out *out)
{
    struct ec2_endpoint *v = ARENA_NEW(c->arena, struct ec2_endpoint);
    str type = in->vpc_endpoint_type.n ? in->vpc_endpoint_type : S("Gateway");
    const struct service *s;
    struct ec2_vpc *vpc;
    str bound = STR_ABSENT;

    TRY(ec2_get_vpc(c, in->vpc_id, &vpc));
    TRY(check_type(c, in, type, &s));
    if (in->policy_document.n)
        TRY(ec2_take_policy(c, in->policy_document, &bound));
    TRY(ec2_check_tags(c, &in->tag_specifications, "vpc-endpoint"));
    bool gateway = str_eq(type, S("Gateway")), s3 = str_eq(str_z(s->name), S("s3"));
    *v = (struct ec2_endpoint){.vpc_endpoint_id = call_unique(c, "vpce-", 17),
                               .vpc_id = vpc->vpc_id,
                               .service_name = in->service_name,
                               .type = type,
                               .policy_document = in->policy_document,
                               .bound_policy = bound,
                               .route_table_ids = list_copy(c, &in->route_table_ids),
                               .subnet_ids = list_copy(c, &in->subnet_ids),
                               .group_ids = list_copy(c, &in->security_group_ids),
                               .private_dns_enabled =
                                   SET_BOOL(in->private_dns_enabled.set ? in->private_dns_enabled.v : !gateway && !s3),
                               .suffix = call_unique(c, "", 8),
                               .created = SET_TIME(c->now_ms)};
    if (!gateway && !v->group_ids.n)
        list_add(c, &v->group_ids, vpc->default_group_id);
    TRY(check_endpoint(c, v, vpc));
    TRY(ec2_dry_run(c, in->dry_run));
    TRY(next_index(c, vpc, &v->index));
    TRY(ec2_endpoint_save(c, v));
    TRY(settle_interfaces(c, v));
    TRY(ec2_tag_new(c, &in->tag_specifications, v->vpc_endpoint_id));
    TRY(ec2_changed(c, vpc->vpc_id));
    TRY(ec2_get_endpoint(c, v->vpc_endpoint_id, &v));
    out->vpc_endpoint = ARENA_NEW(c->arena, struct ec2_endpoint_out);
    out->client_token = in->client_token;
    TRY(endpoint_out(c, v, out->vpc_endpoint));
    if (!gateway)
        out->vpc_endpoint->state = S("pending");
    return OK;
}

/* ---- modify, delete ---- */

static void change(struct call *c, struct list_of_str *list, const struct list_of_str *add,
                   const struct list_of_str *remove)
{
    *list = list_copy(c, list);
    for (size_t i = 0; i < remove->n; i++)
        list_remove(list, remove->v[i]);
    for (size_t i = 0; i < add->n; i++)
        list_add(c, list, add->v[i]);
}

res ec2_modify_vpc_endpoint(struct call *c, const struct ec2_modify_vpc_endpoint_in *in,
                            struct ec2_modify_vpc_endpoint_out *out)
{
    struct ec2_endpoint *v;
    struct ec2_vpc *vpc;

    TRY(ec2_get_endpoint(c, in->vpc_endpoint_id, &v));
    TRY(ec2_get_vpc(c, v->vpc_id, &vpc));
    if (in->policy_document.n)
        TRY(ec2_take_policy(c, in->policy_document, &v->bound_policy));
    if (in->policy_document.n)
        v->policy_document = in->policy_document;
    if (in->reset_policy.v)
        v->policy_document = STR_ABSENT;
    change(c, &v->route_table_ids, &in->add_route_table_ids, &in->remove_route_table_ids);
    change(c, &v->subnet_ids, &in->add_subnet_ids, &in->remove_subnet_ids);
    change(c, &v->group_ids, &in->add_security_group_ids, &in->remove_security_group_ids);
    if (in->private_dns_enabled.set)
        v->private_dns_enabled = in->private_dns_enabled;
    if (!is_gateway(v) && !v->group_ids.n)
        return fault(c, &ec2_InvalidParameter, "The endpoint must keep at least one security group.");
    TRY(check_endpoint(c, v, vpc));
    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_endpoint_save(c, v));
    TRY(settle_interfaces(c, v));
    out->returned = SET_BOOL(true);
    return ec2_changed(c, v->vpc_id);
}

static res drop_endpoint(struct call *c, struct ec2_endpoint *v)
{
    struct ec2_interface_page interfaces;

    TRY(ec2_interface_by(c, "endpoint", v->vpc_endpoint_id, v->at.account, EC2_ALL, &interfaces));
    for (size_t i = 0; i < interfaces.n; i++)
        TRY(ec2_interface_drop(c, interfaces.v[i]));
    TRY(ec2_endpoint_drop(c, v));
    return ec2_changed(c, v->vpc_id);
}

res ec2_delete_vpc_endpoints(struct call *c, const struct ec2_delete_vpc_endpoints_in *in,
                             struct ec2_delete_vpc_endpoints_out *out)
{
    struct list_of_str ids = list_copy(c, &in->vpc_endpoint_ids);

    TRY(ec2_dry_run(c, in->dry_run));
    out->unsuccessful.v = ARENA_ARRAY(c->arena, struct ec2_unsuccessful_item, ids.n + 1);
    for (size_t i = 0; i < ids.n; i++) {
        struct ec2_endpoint *v;
        TRY(ec2_endpoint_load(c, STR_ABSENT, ids.v[i], &v));
        if (v) {
            TRY(drop_endpoint(c, v));
            continue;
        }
        struct ec2_item_error *e = ARENA_NEW(c->arena, struct ec2_item_error);
        *e = (struct ec2_item_error){
            S("InvalidVpcEndpoint.NotFound"),
            arena_printf(c->arena, "The Vpc Endpoint Id '%.*s' does not exist", FMT(str_sub(ids.v[i], 0, 64)))};
        out->unsuccessful.v[out->unsuccessful.n++] = (struct ec2_unsuccessful_item){e, ids.v[i]};
    }
    return OK;
}
