/* SPDX-License-Identifier: MIT */
/* From a change of records to a change of the kernel: the VPC's whole state goes to warden after the commit. */
#include "api/house.h"
#include "api/network.h"
#include "services/ec2/compile.h"
#include "services/ec2/start.h"

#include "ec2_names.h"

/* What leads out of it. */
static res ways_of(struct call *c, const struct ec2_vpc *v, struct ec2_world *w)
{
    struct ec2_address **addresses = ARENA_ARRAY(c->arena, struct ec2_address *, w->n_interfaces + 1);
    struct ec2_internet_gateway *gateway;
    struct ec2_nat_gateway_page nats;

    TRY(ec2_gateway_of(c, v->vpc_id, v->at.account, &gateway));
    w->gateway = gateway;
    if (!gateway)
        return OK;
    TRY(ec2_nat_gateway_by(c, "vpc", v->vpc_id, v->at.account, EC2_ALL, &nats));
    w->nats = nats.v;
    w->n_nats = nats.n;
    for (size_t i = 0; i < w->n_interfaces; i++) {
        TRY(ec2_address_of(c, w->interfaces[i], &addresses[w->n_addresses]));
        w->n_addresses += addresses[w->n_addresses] != NULL;
    }
    w->addresses = addresses;
    return OK;
}

static res world_of(struct call *c, const struct ec2_vpc *v, struct ec2_world *w)
{
    struct ec2_subnet_page subnets;
    struct ec2_route_table_page tables;
    struct ec2_group_page groups;
    struct ec2_endpoint_page endpoints;
    struct ec2_interface_page interfaces;
    struct ec2_flow_log_page flow_logs;

    TRY(ec2_subnet_by(c, "vpc", v->vpc_id, v->at.account, EC2_ALL, &subnets));
    TRY(ec2_route_table_by(c, "vpc", v->vpc_id, v->at.account, EC2_ALL, &tables));
    TRY(ec2_group_by(c, "vpc", v->vpc_id, v->at.account, EC2_ALL, &groups));
    TRY(ec2_endpoint_by(c, "vpc", v->vpc_id, v->at.account, EC2_ALL, &endpoints));
    TRY(ec2_interface_by(c, "vpc", v->vpc_id, v->at.account, EC2_ALL, &interfaces));
    *w = (struct ec2_world){.vpc = v,
                            .subnets = subnets.v,
                            .tables = tables.v,
                            .groups = groups.v,
                            .endpoints = endpoints.v,
                            .interfaces = interfaces.v,
                            .n_subnets = subnets.n,
                            .n_tables = tables.n,
                            .n_groups = groups.n,
                            .n_endpoints = endpoints.n,
                            .n_interfaces = interfaces.n};
    TRY(ec2_flow_log_by(c, "vpc", v->vpc_id, v->at.account, EC2_ALL, &flow_logs));
    w->flow_logs = flow_logs.v;
    w->n_flow_logs = flow_logs.n;
    if (v->dhcp_options_id.n) {
        struct ec2_dhcp_options *options;
        TRY(ec2_dhcp_options_load(c, v->at.account, v->dhcp_options_id, &options));
        w->dhcp = options;
    }
    return ways_of(c, v, w);
}

static res apply(struct house *h, void *arg, struct err *e)
{
    return h->network ? h->network->apply(h, arg, e) : OK;
}

res ec2_changed(struct call *c, str vpc_id)
{
    struct ec2_vpc *v;
    struct ec2_world w;
    struct network *n = ARENA_NEW(c->arena, struct network);
    struct err why = {0};

    TRY(ec2_get_vpc(c, vpc_id, &v));
    v->generation = SET_INT(v->generation.v + 1);
    TRY(ec2_vpc_save(c, v));
    TRY(world_of(c, v, &w));
    res r = ec2_compile(&w, c->arena, n, &why);
    if (r.why == WHY_REJECT)
        return fault(c, &ec2_VpcLimitExceeded, "%s", why.what);
    if (!is_ok(r))
        return oops(&c->err, why.sys_errno, "%s", why.what);
    call_after(c, apply, n);
    return OK;
}

static res gone(struct house *h, void *arg, struct err *e)
{
    const str *id = arg;

    return h->network ? h->network->remove(h, *id, e) : OK;
}

res ec2_gone(struct call *c, str vpc_id)
{
    str *id = ARENA_NEW(c->arena, str);

    *id = vpc_id;
    call_after(c, gone, id);
    return OK;
}

/* The account is wiped: its records go without us, its networks after the commit. */
res ec2_wipe(struct call *c, str account)
{
    struct ec2_vpc_page vpcs;

    TRY(ec2_vpc_by(c, "state", S("available"), account, EC2_ALL, &vpcs));
    for (size_t i = 0; i < vpcs.n; i++)
        TRY(ec2_gone(c, vpcs.v[i]->vpc_id));
    return OK;
}

/* ---- at start, and when the kernel has refused ---- */

static res compiled(struct call *c, const struct ec2_vpc *v, struct network **out)
{
    struct ec2_world w;

    *out = ARENA_NEW(c->arena, struct network);
    TRY(world_of(c, v, &w));
    return ec2_compile(&w, c->arena, *out, &c->err);
}

res ec2_networks(struct call *c, struct network ***out, size_t *n)
{
    struct ec2_vpc_page vpcs;

    *n = 0;
    TRY(ec2_vpc_by(c, "state", S("available"), STR_ABSENT, EC2_ALL, &vpcs));
    *out = ARENA_ARRAY(c->arena, struct network *, vpcs.n + 1);
    for (size_t i = 0; i < vpcs.n; i++)
        TRY(compiled(c, vpcs.v[i], &(*out)[(*n)++]));
    return OK;
}

/* Whose it is and in which region the kernel's side does not know: it is looked for among all. */
res ec2_network(struct call *c, str vpc_id, struct network **out)
{
    struct ec2_vpc_page vpcs;

    *out = NULL;
    TRY(ec2_vpc_by(c, "state", S("available"), STR_ABSENT, EC2_ALL, &vpcs));
    for (size_t i = 0; i < vpcs.n; i++)
        if (str_eq(vpcs.v[i]->vpc_id, vpc_id))
            return compiled(c, vpcs.v[i], out);
    return OK;
}

res ec2_held(struct call *c, struct list_of_str *accounts, struct list_of_str *interfaces)
{
    struct ec2_interface_page page;

    TRY(ec2_interface_by(c, "held", S("run"), STR_ABSENT, EC2_ALL, &page));
    accounts->v = ARENA_ARRAY(c->arena, str, page.n + 1);
    interfaces->v = ARENA_ARRAY(c->arena, str, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        accounts->v[accounts->n++] = page.v[i]->at.account;
        interfaces->v[interfaces->n++] = page.v[i]->network_interface_id;
    }
    return OK;
}
