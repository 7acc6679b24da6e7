/* SPDX-License-Identifier: MIT */
/* Route tables: which subnets use which, and what Describe shows of the routes in them: the local one, those of S3's
 * gateway endpoints, and those that lead out (ways.c). */
#include "ec2_names.h"

static res gateway_routes(struct call *c, const struct ec2_route_table *t, struct ec2_route_out_list *routes)
{
    struct ec2_endpoint_page page;

    TRY(ec2_endpoint_by(c, "vpc", t->vpc_id, t->at.account, EC2_ALL, &page));
    struct ec2_route_out *v = ARENA_ARRAY(c->arena, struct ec2_route_out, page.n + 1 + t->routes.n);
    v[0] = routes->v[0];
    routes->v = v;
    for (size_t i = 0; i < page.n; i++)
        if (list_has(&page.v[i]->route_table_ids, t->route_table_id))
            v[routes->n++] = (struct ec2_route_out){.destination_prefix_list_id = S(EC2_S3_PREFIX_LIST),
                                                    .gateway_id = page.v[i]->vpc_endpoint_id,
                                                    .origin = S("CreateRoute"),
                                                    .state = S("active")};
    return OK;
}

static struct ec2_association_state *associated(struct call *c)
{
    struct ec2_association_state *s = ARENA_NEW(c->arena, struct ec2_association_state);

    s->state = S("associated");
    return s;
}

static res table_out(struct call *c, const struct ec2_route_table *t, struct ec2_route_table_out *o)
{
    struct ec2_vpc *v;
    struct ec2_route_out local = {.gateway_id = S("local"), .origin = S("CreateRouteTable"), .state = S("active")};

    *o = (struct ec2_route_table_out){.route_table_id = t->route_table_id,
                                      .vpc_id = t->vpc_id,
                                      .owner_id = t->at.account,
                                      .tags = t->tags,
                                      .routes = {1, &local}};
    o->propagating_vgws.v = ARENA_NEW(c->arena, struct ec2_text_value);
    o->associations.v = ARENA_ARRAY(c->arena, struct ec2_association_out, t->associations.n + 1);
    for (; o->associations.n < t->associations.n; o->associations.n++) {
        const struct ec2_route_association *a = &t->associations.v[o->associations.n];
        o->associations.v[o->associations.n] =
            (struct ec2_association_out){.main = SET_BOOL(a->main.v),
                                         .route_table_association_id = a->association_id,
                                         .route_table_id = t->route_table_id,
                                         .subnet_id = a->subnet_id,
                                         .association_state = associated(c)};
    }
    TRY(ec2_get_vpc(c, t->vpc_id, &v));
    local.destination_cidr_block = v->cidr_block;
    TRY(gateway_routes(c, t, &o->routes));
    return ec2_ways_out(c, t, &o->routes);
}

res ec2_create_route_table(struct call *c, const struct ec2_create_route_table_in *in,
                           struct ec2_create_route_table_out *out)
{
    struct ec2_route_table *t = ARENA_NEW(c->arena, struct ec2_route_table);
    struct ec2_vpc *v;

    TRY(ec2_get_vpc(c, in->vpc_id, &v));
    TRY(ec2_check_tags(c, &in->tag_specifications, "route-table"));
    TRY(ec2_dry_run(c, in->dry_run));
    *t = (struct ec2_route_table){.route_table_id = call_unique(c, "rtb-", 17), .vpc_id = v->vpc_id};
    TRY(ec2_route_table_save(c, t));
    TRY(ec2_tag_new(c, &in->tag_specifications, t->route_table_id));
    TRY(ec2_get_route_table(c, t->route_table_id, &t));
    out->route_table = ARENA_NEW(c->arena, struct ec2_route_table_out);
    return table_out(c, t, out->route_table);
}

static void association_values(const struct ec2_route_table *t, str name, struct ec2_values *out)
{
    for (size_t i = 0; i < t->associations.n; i++) {
        const struct ec2_route_association *a = &t->associations.v[i];
        if (str_eq(name, S("association.subnet-id")) && a->subnet_id.n)
            ec2_value(out, a->subnet_id);
        else if (str_eq(name, S("association.main")))
            ec2_value_bool(out, a->main.v);
        else if (str_eq(name, S("association.route-table-association-id")))
            ec2_value(out, a->association_id);
        else if (str_eq(name, S("association.route-table-id")))
            ec2_value(out, t->route_table_id);
    }
}

static bool route_values(const struct ec2_route_table *t, str name, struct ec2_values *out)
{
    for (size_t i = 0; i < t->routes.n; i++) {
        const struct ec2_kept_route *r = &t->routes.v[i];
        if (str_eq(name, S("route.destination-cidr-block")))
            ec2_value(out, r->destination);
        else if (str_eq(name, S("route.gateway-id")))
            ec2_value(out, r->gateway_id);
        else if (str_eq(name, S("route.nat-gateway-id")))
            ec2_value(out, r->nat_gateway_id);
    }
    return str_eq(name, S("route.destination-cidr-block")) || str_eq(name, S("route.gateway-id")) ||
           str_eq(name, S("route.nat-gateway-id"));
}

static bool table_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_route_table *t = item;

    (void)c;
    if (str_eq(name, S("route-table-id")))
        ec2_value(out, t->route_table_id);
    else if (str_eq(name, S("vpc-id")))
        ec2_value(out, t->vpc_id);
    else if (str_starts(name, S("route.")))
        return route_values(t, name, out);
    else if (str_eq(name, S("association.subnet-id")) || str_eq(name, S("association.main")) ||
             str_eq(name, S("association.route-table-association-id")) || str_eq(name, S("association.route-table-id")))
        association_values(t, name, out);
    else
        return false;
    return true;
}

res ec2_describe_route_tables(struct call *c, const struct ec2_describe_route_tables_in *in,
                              struct ec2_describe_route_tables_out *out)
{
    struct ec2_listing l = {&ec2_route_table_record,
                            in->route_table_ids,
                            &in->filters,
                            in->max_results,
                            in->next_token,
                            table_values,
                            &ec2_InvalidRouteTableIDNotFound,
                            "routeTable ID"};
    struct record_page page;

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_list(c, &l, &page, &out->next_token));
    out->route_tables.v = ARENA_ARRAY(c->arena, struct ec2_route_table_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        TRY(table_out(c, page.v[i], &out->route_tables.v[out->route_tables.n++]));
    return OK;
}

res ec2_delete_route_table(struct call *c, const struct ec2_delete_route_table_in *in,
                           struct ec2_delete_route_table_out *out)
{
    struct ec2_route_table *t;
    struct ec2_endpoint_page endpoints;
    bool used;

    (void)out;
    TRY(ec2_get_route_table(c, in->route_table_id, &t));
    used = t->associations.n > 0;
    TRY(ec2_endpoint_by(c, "vpc", t->vpc_id, t->at.account, EC2_ALL, &endpoints));
    for (size_t i = 0; i < endpoints.n; i++)
        used |= list_has(&endpoints.v[i]->route_table_ids, t->route_table_id);
    if (used)
        return fault(c, &ec2_DependencyViolation, "The routeTable '%.*s' has dependencies and cannot be deleted.",
                     FMT(t->route_table_id));
    TRY(ec2_dry_run(c, in->dry_run));
    return ec2_route_table_drop(c, t);
}

/* ---- associations ---- */

static void add_association(struct call *c, struct ec2_route_table *t, struct ec2_route_association a)
{
    struct ec2_route_association *v = ARENA_ARRAY(c->arena, struct ec2_route_association, t->associations.n + 1);

    for (size_t i = 0; i < t->associations.n; i++)
        v[i] = t->associations.v[i];
    v[t->associations.n++] = a;
    t->associations.v = v;
}

static void drop_association(struct ec2_route_table *t, size_t at)
{
    t->associations.n--;
    for (size_t i = at; i < t->associations.n; i++)
        t->associations.v[i] = t->associations.v[i + 1];
}

res ec2_associate_route_table(struct call *c, const struct ec2_associate_route_table_in *in,
                              struct ec2_associate_route_table_out *out)
{
    struct ec2_route_table *t;
    struct ec2_subnet *s;
    struct ec2_route_table_page tables;

    if (in->gateway_id.n)
        return fault(c, &ec2_InvalidGatewayIDNotFound, "The gateway ID '%.*s' does not exist", FMT(in->gateway_id));
    TRY(ec2_get_route_table(c, in->route_table_id, &t));
    TRY(ec2_get_subnet(c, in->subnet_id, &s));
    if (!str_eq(t->vpc_id, s->vpc_id))
        return fault(c, &ec2_InvalidParameterValue, "Route table %.*s and subnet %.*s belong to different networks",
                     FMT(t->route_table_id), FMT(s->subnet_id));
    TRY(ec2_route_table_by(c, "vpc", s->vpc_id, s->at.account, EC2_ALL, &tables));
    for (size_t i = 0; i < tables.n; i++)
        for (size_t k = 0; k < tables.v[i]->associations.n; k++) {
            const struct ec2_route_association *a = &tables.v[i]->associations.v[k];
            if (!str_eq(a->subnet_id, s->subnet_id))
                continue;
            out->association_id = a->association_id; /* the same association again is fine */
            if (!str_eq(tables.v[i]->route_table_id, t->route_table_id))
                return fault(c, &ec2_ResourceAlreadyAssociated,
                             "the specified association for route table %.*s conflicts with an existing association",
                             FMT(t->route_table_id));
        }
    TRY(ec2_dry_run(c, in->dry_run));
    out->association_state = associated(c);
    if (out->association_id.n)
        return OK;
    out->association_id = call_unique(c, "rtbassoc-", 17);
    add_association(c, t, (struct ec2_route_association){out->association_id, s->subnet_id, SET_BOOL(false)});
    TRY(ec2_route_table_save(c, t));
    return ec2_changed(c, t->vpc_id);
}

res ec2_disassociate_route_table(struct call *c, const struct ec2_disassociate_route_table_in *in,
                                 struct ec2_disassociate_route_table_out *out)
{
    struct ec2_route_table *t;
    size_t at;

    (void)out;
    TRY(ec2_get_association(c, in->association_id, &t, &at));
    if (t->associations.v[at].main.v)
        return fault(c, &ec2_InvalidParameterValue, "cannot disassociate the main route table association %.*s",
                     FMT(in->association_id));
    TRY(ec2_dry_run(c, in->dry_run));
    drop_association(t, at);
    TRY(ec2_route_table_save(c, t));
    return ec2_changed(c, t->vpc_id);
}

res ec2_replace_route_table_association(struct call *c, const struct ec2_replace_route_table_association_in *in,
                                        struct ec2_replace_route_table_association_out *out)
{
    struct ec2_route_table *from, *to;
    struct ec2_vpc *v;
    size_t at;

    TRY(ec2_get_association(c, in->association_id, &from, &at));
    TRY(ec2_get_route_table(c, in->route_table_id, &to));
    if (!str_eq(from->vpc_id, to->vpc_id))
        return fault(c, &ec2_InvalidParameterValue, "Route tables %.*s and %.*s belong to different networks",
                     FMT(from->route_table_id), FMT(to->route_table_id));
    TRY(ec2_dry_run(c, in->dry_run));
    struct ec2_route_association a = from->associations.v[at];
    a.association_id = call_unique(c, "rtbassoc-", 17);
    drop_association(from, at);
    TRY(ec2_route_table_save(c, from));
    TRY(ec2_get_route_table(c, in->route_table_id, &to)); /* it may be the same table */
    add_association(c, to, a);
    TRY(ec2_route_table_save(c, to));
    if (a.main.v) {
        TRY(ec2_get_vpc(c, to->vpc_id, &v));
        v->main_route_table_id = to->route_table_id;
        TRY(ec2_vpc_save(c, v));
    }
    out->new_association_id = a.association_id;
    out->association_state = associated(c);
    return ec2_changed(c, to->vpc_id);
}
