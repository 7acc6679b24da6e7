/* SPDX-License-Identifier: MIT */
/* Routes that lead out of a VPC: to its internet gateway, or to a NAT gateway in it. A route whose target has gone
 * stays and leads nowhere ("blackhole"). */
#include "ec2_names.h"

enum { ROUTES_PER_TABLE = 50 };

struct target { /* the members that CreateRoute and ReplaceRoute share */
    str endpoint, egress_only, gateway, instance, nat, transit, interface, peering;
};

/* Targets that cannot exist here; AWS's answers for what does not exist. */
static res check_absent(struct call *c, const struct target *t)
{
    struct ec2_interface *i;

    if (t->instance.n)
        return fault(c, &ec2_InvalidInstanceIDNotFound, "The instance ID '%.*s' does not exist", FMT(t->instance));
    if (t->transit.n)
        return fault(c, &ec2_InvalidTransitGatewayIDNotFound, "The transitGateway ID '%.*s' does not exist",
                     FMT(t->transit));
    if (t->peering.n)
        return fault(c, &ec2_InvalidVpcPeeringConnectionIDNotFound, "The vpcPeeringConnection ID '%.*s' does not exist",
                     FMT(t->peering));
    if (t->interface.n) {
        TRY(ec2_get_interface(c, t->interface, &i));
        return fault(c, &ec2_UnsupportedOperation,
                     "Routes to network interfaces are not built; docs/reference/coverage.md lists what is.");
    }
    if (t->egress_only.n || t->endpoint.n) {
        str id = t->egress_only.n ? t->egress_only : t->endpoint;
        return fault(c, &ec2_InvalidGatewayIDNotFound, "The gateway ID '%.*s' does not exist", FMT(id));
    }
    return OK;
}

static res other_network(struct call *c, const struct ec2_route_table *t, str gateway)
{
    return fault(c, &ec2_InvalidParameterValue,
                 "route table %.*s and network gateway %.*s belong to different networks", FMT(t->route_table_id),
                 FMT(gateway));
}

static res check_target(struct call *c, const struct ec2_route_table *t, const struct target *g)
{
    struct ec2_internet_gateway *igw = NULL;
    struct ec2_nat_gateway *nat = NULL;
    const str *all = &g->endpoint;
    size_t n = 0;

    for (size_t i = 0; i < sizeof *g / sizeof *all; i++)
        n += all[i].n > 0;
    if (n != 1)
        return fault(c, &ec2_MissingParameter, "The request must contain exactly one target for the route");
    TRY(check_absent(c, g));
    if (g->nat.n) {
        TRY(ec2_nat_gateway_load(c, STR_ABSENT, g->nat, &nat));
        if (!nat || !str_eq(nat->state, S("available")))
            return fault(c, &ec2_NatGatewayNotFound, "The natGateway ID '%.*s' does not exist", FMT(g->nat));
        return str_eq(nat->vpc_id, t->vpc_id) ? OK : other_network(c, t, g->nat);
    }
    TRY(ec2_internet_gateway_load(c, STR_ABSENT, g->gateway, &igw));
    if (!igw)
        return fault(c, &ec2_InvalidGatewayIDNotFound, "The gateway ID '%.*s' does not exist", FMT(g->gateway));
    return str_eq(igw->vpc_id, t->vpc_id) ? OK : other_network(c, t, g->gateway);
}

static res check_destination(struct call *c, str cidr, str cidr6, str list)
{
    struct plan_prefix p;
    uint32_t host;

    if ((cidr.n > 0) + (cidr6.n > 0) + (list.n > 0) != 1)
        return fault(c, &ec2_MissingParameter, "The request must contain exactly one destination");
    if (cidr.n && (!cidr_read(cidr, &p, &host) || host))
        return fault(c, &ec2_InvalidParameterValue,
                     "Value (%.*s) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.",
                     FMT(str_sub(cidr, 0, 64)));
    if (cidr6.n && !cidr_is_ipv6(cidr6))
        return fault(c, &ec2_InvalidParameterValue,
                     "Value (%.*s) for parameter destinationIpv6CidrBlock is invalid. This is not a valid CIDR block.",
                     FMT(str_sub(cidr6, 0, 64)));
    if (list.n && !str_eq(list, S(EC2_S3_PREFIX_LIST)))
        return fault(c, &ec2_InvalidPrefixListIDNotFound, "The prefix list ID '%.*s' does not exist", FMT(list));
    return OK;
}

enum place { ELSEWHERE, LOCAL, WITHIN }; /* of a destination: beyond the VPC, its own range, a part of it */

static res place_of(struct call *c, const struct ec2_route_table *t, str cidr, enum place *place)
{
    struct plan_prefix p, own;
    struct ec2_vpc *v;
    uint32_t host;

    *place = ELSEWHERE;
    TRY(ec2_get_vpc(c, t->vpc_id, &v));
    if (cidr.n && cidr_read(cidr, &p, &host) && cidr_read(v->cidr_block, &own, &host) && p.len >= own.len &&
        plan_inside(&own, p.addr))
        *place = p.len == own.len ? LOCAL : WITHIN;
    return OK;
}

static struct ec2_kept_route *route_to(const struct ec2_route_table *t, str cidr)
{
    for (size_t i = 0; i < t->routes.n; i++)
        if (str_eq(t->routes.v[i].destination, cidr))
            return &t->routes.v[i];
    return NULL;
}

static res add(struct call *c, struct ec2_route_table *t, struct ec2_kept_route route)
{
    struct ec2_kept_route *v = ARENA_ARRAY(c->arena, struct ec2_kept_route, t->routes.n + 1);

    if (t->routes.n >= ROUTES_PER_TABLE)
        return fault(c, &ec2_RouteLimitExceeded, "The maximum number of routes has been reached.");
    for (size_t i = 0; i < t->routes.n; i++)
        v[i] = t->routes.v[i];
    v[t->routes.n++] = route;
    t->routes.v = v;
    return OK;
}

res ec2_create_route(struct call *c, const struct ec2_create_route_in *in, struct ec2_create_route_out *out)
{
    const struct target target = {in->vpc_endpoint_id,      in->egress_only_internet_gateway_id,
                                  in->gateway_id,           in->instance_id,
                                  in->nat_gateway_id,       in->transit_gateway_id,
                                  in->network_interface_id, in->vpc_peering_connection_id};
    str cidr = in->destination_cidr_block;
    struct ec2_route_table *t;
    enum place place;

    TRY(check_destination(c, cidr, in->destination_ipv6_cidr_block, in->destination_prefix_list_id));
    TRY(ec2_get_route_table(c, in->route_table_id, &t));
    TRY(place_of(c, t, cidr, &place));
    if (place == LOCAL || (cidr.n && route_to(t, cidr)))
        return fault(c, &ec2_RouteAlreadyExists, "The route identified by %.*s already exists.", FMT(cidr));
    if (place == WITHIN)
        return fault(c, &ec2_InvalidParameterValue,
                     "The destination CIDR block %.*s is equal to or more specific than one of this VPC's CIDR blocks. "
                     "This route can target only an interface or an instance.",
                     FMT(cidr));
    TRY(check_target(c, t, &target));
    if (!cidr.n)
        return fault(c, &ec2_UnsupportedOperation,
                     "Only IPv4 ranges lead to gateways here; docs/reference/coverage.md lists what is built.");
    TRY(ec2_dry_run(c, in->dry_run));
    TRY(add(c, t, (struct ec2_kept_route){cidr, in->gateway_id, in->nat_gateway_id}));
    TRY(ec2_route_table_save(c, t));
    out->returned = SET_BOOL(true);
    return ec2_changed(c, t->vpc_id);
}

/* The route that is meant; a fault when there is none, or when it is not to be touched. */
static res find_route(struct call *c, const struct ec2_route_table *t, str cidr, str cidr6, str list, const char *verb,
                      struct ec2_kept_route **out)
{
    str destination = cidr.n ? cidr : cidr6.n ? cidr6 : list;
    enum place place;

    TRY(check_destination(c, cidr, cidr6, list));
    TRY(place_of(c, t, cidr, &place));
    if (place == LOCAL)
        return fault(c, &ec2_InvalidParameterValue, "cannot %s local route %.*s in route table %.*s", verb,
                     FMT(destination), FMT(t->route_table_id));
    if (list.n) /* routes of gateway endpoints follow the endpoint */
        return fault(c, &ec2_InvalidParameterValue,
                     "cannot %s the route for prefix list %.*s: modify its VPC endpoint instead", verb, FMT(list));
    *out = cidr.n ? route_to(t, cidr) : NULL;
    return *out ? OK
                : fault(c, &ec2_InvalidRouteNotFound, "no route with destination-cidr-block %.*s in route table %.*s",
                        FMT(destination), FMT(t->route_table_id));
}

res ec2_replace_route(struct call *c, const struct ec2_replace_route_in *in, struct ec2_replace_route_out *out)
{
    const struct target target = {in->vpc_endpoint_id,      in->egress_only_internet_gateway_id,
                                  in->gateway_id,           in->instance_id,
                                  in->nat_gateway_id,       in->transit_gateway_id,
                                  in->network_interface_id, in->vpc_peering_connection_id};
    struct ec2_kept_route *route;
    struct ec2_route_table *t;

    (void)out;
    TRY(ec2_get_route_table(c, in->route_table_id, &t));
    TRY(find_route(c, t, in->destination_cidr_block, in->destination_ipv6_cidr_block, in->destination_prefix_list_id,
                   "replace", &route));
    TRY(check_target(c, t, &target));
    TRY(ec2_dry_run(c, in->dry_run));
    *route = (struct ec2_kept_route){route->destination, in->gateway_id, in->nat_gateway_id};
    TRY(ec2_route_table_save(c, t));
    return ec2_changed(c, t->vpc_id);
}

res ec2_delete_route(struct call *c, const struct ec2_delete_route_in *in, struct ec2_delete_route_out *out)
{
    struct ec2_kept_route *route;
    struct ec2_route_table *t;

    (void)out;
    TRY(ec2_get_route_table(c, in->route_table_id, &t));
    TRY(find_route(c, t, in->destination_cidr_block, in->destination_ipv6_cidr_block, in->destination_prefix_list_id,
                   "remove", &route));
    TRY(ec2_dry_run(c, in->dry_run));
    size_t after = t->routes.n - (size_t)(route - t->routes.v) - 1;
    for (size_t i = 0; i < after; i++)
        route[i] = route[i + 1];
    t->routes.n--;
    TRY(ec2_route_table_save(c, t));
    return ec2_changed(c, t->vpc_id);
}

/* ---- shown ---- */

res ec2_ways_out(struct call *c, const struct ec2_route_table *t, struct ec2_route_out_list *list)
{
    for (size_t i = 0; i < t->routes.n; i++) {
        const struct ec2_kept_route *r = &t->routes.v[i];
        struct ec2_internet_gateway *igw = NULL;
        struct ec2_nat_gateway *nat = NULL;
        if (r->gateway_id.n)
            TRY(ec2_internet_gateway_load(c, STR_ABSENT, r->gateway_id, &igw));
        else
            TRY(ec2_nat_gateway_load(c, STR_ABSENT, r->nat_gateway_id, &nat));
        bool leads = (igw && str_eq(igw->vpc_id, t->vpc_id)) || (nat && str_eq(nat->state, S("available")));
        list->v[list->n++] = (struct ec2_route_out){.destination_cidr_block = r->destination,
                                                    .gateway_id = r->gateway_id,
                                                    .nat_gateway_id = r->nat_gateway_id,
                                                    .origin = S("CreateRoute"),
                                                    .state = leads ? S("active") : S("blackhole")};
    }
    return OK;
}
