/* SPDX-License-Identifier: MIT */
/* NAT gateways: an interface in a public subnet, whose elastic address private subnets' packets leave with. What is
 * made stands in the kernel before the answer, so `pending` is only ever seen in it; a gateway that cannot be made is
 * shown as failed, one that is gone as deleted, for an hour, as on AWS. */
#include "ec2_names.h"

enum { SHOWN_MS = 3600 * 1000 };

static struct ec2_nat_gateway_out nat_out(struct call *c, const struct ec2_nat_gateway *g)
{
    struct ec2_nat_gateway_address *a = ARENA_NEW(c->arena, struct ec2_nat_gateway_address);
    bool made = g->interface_id.n > 0;

    *a = (struct ec2_nat_gateway_address){.allocation_id = g->allocation_id,
                                          .network_interface_id = g->interface_id,
                                          .private_ip = g->private_ip,
                                          .public_ip = g->public_ip,
                                          .is_primary = SET_BOOL(true),
                                          .status = made ? S("succeeded") : S("failed")};
    return (struct ec2_nat_gateway_out){.create_time = g->created,
                                        .delete_time = g->deleted,
                                        .failure_code = g->failure_code,
                                        .failure_message = g->failure_message,
                                        .nat_gateway_addresses = {1, a},
                                        .nat_gateway_id = g->nat_gateway_id,
                                        .state = g->state,
                                        .subnet_id = g->subnet_id,
                                        .vpc_id = g->vpc_id,
                                        .tags = g->tags,
                                        .connectivity_type = S("public")};
}

static bool lives(const struct ec2_nat_gateway *g)
{
    return str_eq(g->state, S("available"));
}

/* Those that nobody needs to see any more go when there are new ones to look at. */
static res forget_old(struct call *c)
{
    struct ec2_nat_gateway_page all;

    TRY(ec2_nat_gateway_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, EC2_ALL, &all));
    for (size_t i = 0; i < all.n; i++)
        if (!lives(all.v[i]) && all.v[i]->deleted.ms + SHOWN_MS < c->now_ms)
            TRY(ec2_nat_gateway_drop(c, all.v[i]));
    return OK;
}

static void fails(struct call *c, struct ec2_nat_gateway *g, const char *code, str message)
{
    g->state = S("failed");
    g->failure_code = str_z(code);
    g->failure_message = message;
    g->deleted = SET_TIME(c->now_ms);
}

static res make(struct call *c, struct ec2_nat_gateway *g, struct ec2_subnet *s, str address)
{
    struct ec2_internet_gateway *way;
    struct ec2_interface *i;
    struct ec2_address *a;

    TRY(ec2_address_load(c, STR_ABSENT, g->allocation_id, &a));
    TRY(ec2_gateway_of(c, s->vpc_id, s->at.account, &way));
    g->public_ip = a->public_ip;
    if (!way) {
        fails(c, g, "Gateway.NotAttached",
              arena_printf(c->arena, "Network %.*s has no Internet gateway attached", FMT(s->vpc_id)));
        return OK;
    }
    if (a->association_id.n) {
        fails(c, g, "Resource.AlreadyAssociated",
              arena_printf(c->arena, "Elastic IP address [%.*s] is already associated", FMT(a->allocation_id)));
        return OK;
    }
    TRY(ec2_new_interface(c, s, address, &i));
    i->interface_type = S("nat_gateway");
    i->requester_id = c->caller->account;
    i->description = arena_cat(c->arena, S("Interface for NAT Gateway "), g->nat_gateway_id);
    TRY(ec2_interface_save(c, i));
    TRY(ec2_address_take(c, a, i, g->nat_gateway_id));
    g->interface_id = i->network_interface_id;
    g->private_ip = i->address;
    g->state = S("available");
    return OK;
}

res ec2_create_nat_gateway(struct call *c, const struct ec2_create_nat_gateway_in *in,
                           struct ec2_create_nat_gateway_out *out)
{
    struct ec2_nat_gateway *g = ARENA_NEW(c->arena, struct ec2_nat_gateway);
    struct ec2_subnet *s;

    TRY(ec2_get_subnet(c, in->subnet_id, &s));
    if (str_eq(in->connectivity_type, S("private")))
        return fault(c, &ec2_UnsupportedOperation,
                     "Private NAT gateways are not built; docs/reference/coverage.md lists what is.");
    if (!in->allocation_id.n)
        return fault(c, &ec2_MissingParameter, "The request must contain the parameter AllocationId");
    TRY(ec2_check_tags(c, &in->tag_specifications, "natgateway"));
    TRY(ec2_dry_run(c, in->dry_run));
    TRY(forget_old(c));
    *g = (struct ec2_nat_gateway){.nat_gateway_id = call_unique(c, "nat-", 17),
                                  .vpc_id = s->vpc_id,
                                  .subnet_id = s->subnet_id,
                                  .allocation_id = in->allocation_id,
                                  .created = SET_TIME(c->now_ms)};
    TRY(make(c, g, s, in->private_ip_address));
    TRY(ec2_nat_gateway_save(c, g));
    TRY(ec2_tag_new(c, &in->tag_specifications, g->nat_gateway_id));
    TRY(ec2_changed(c, s->vpc_id));
    TRY(ec2_nat_gateway_load(c, STR_ABSENT, g->nat_gateway_id, &g));
    out->client_token = in->client_token;
    out->nat_gateway = ARENA_NEW(c->arena, struct ec2_nat_gateway_out);
    *out->nat_gateway = nat_out(c, g);
    out->nat_gateway->state = S("pending");
    out->nat_gateway->failure_code = out->nat_gateway->failure_message = STR_ABSENT;
    return OK;
}

static bool nat_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_nat_gateway *g = item;

    (void)c;
    if (str_eq(name, S("nat-gateway-id")))
        ec2_value(out, g->nat_gateway_id);
    else if (str_eq(name, S("state")))
        ec2_value(out, g->state);
    else if (str_eq(name, S("subnet-id")))
        ec2_value(out, g->subnet_id);
    else if (str_eq(name, S("vpc-id")))
        ec2_value(out, g->vpc_id);
    else
        return false;
    return true;
}

res ec2_describe_nat_gateways(struct call *c, const struct ec2_describe_nat_gateways_in *in,
                              struct ec2_describe_nat_gateways_out *out)
{
    struct ec2_listing l = {&ec2_nat_gateway_record, in->nat_gateway_ids, &in->filter,
                            in->max_results,         in->next_token,      nat_values,
                            &ec2_NatGatewayNotFound, "Nat Gateway"};
    struct record_page page;

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_list(c, &l, &page, &out->next_token));
    out->nat_gateways.v = ARENA_ARRAY(c->arena, struct ec2_nat_gateway_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        const struct ec2_nat_gateway *g = page.v[i];
        if (lives(g) || in->nat_gateway_ids.n || g->deleted.ms + SHOWN_MS >= c->now_ms)
            out->nat_gateways.v[out->nat_gateways.n++] = nat_out(c, g);
    }
    return OK;
}

/* Routes to it stay and lead nowhere. Its elastic address is free again, and still the account's. */
res ec2_delete_nat_gateway(struct call *c, const struct ec2_delete_nat_gateway_in *in,
                           struct ec2_delete_nat_gateway_out *out)
{
    struct ec2_interface *i = NULL;
    struct ec2_nat_gateway *g;
    struct ec2_address *a = NULL;

    TRY(ec2_get_nat_gateway(c, in->nat_gateway_id, &g));
    TRY(ec2_dry_run(c, in->dry_run));
    out->nat_gateway_id = g->nat_gateway_id;
    if (!lives(g))
        return OK;
    TRY(ec2_interface_load(c, STR_ABSENT, g->interface_id, &i));
    TRY(ec2_address_load(c, STR_ABSENT, g->allocation_id, &a));
    if (a && str_eq(a->nat_gateway_id, g->nat_gateway_id))
        TRY(ec2_address_leave(c, a));
    if (i)
        TRY(ec2_interface_drop(c, i));
    g->state = S("deleted");
    g->deleted = SET_TIME(c->now_ms);
    TRY(ec2_nat_gateway_save(c, g));
    return ec2_changed(c, g->vpc_id);
}
