/* SPDX-License-Identifier: MIT */
/* Interfaces for `barmkin run`. */
#include <unistd.h>

#include "api/gate.h"
#include "api/house.h"
#include "api/network.h"
#include "barmkin_parts.h"
#include "ec2.h"
#include "warden/door.h"

struct holding {
    str account, eni;
    uint32_t pid;
};

static res hold(struct house *h, void *arg, struct err *e)
{
    const struct holding *x = arg;

    return h->network->hold(h, x->account, x->eni, x->pid, e);
}

static res let_go(struct house *h, void *arg, struct err *e)
{
    const struct holding *x = arg;

    return h->network ? h->network->let_go(h, x->eni, e) : OK;
}

/* Before the interface is made in the kernel: if that fails, the interface goes with the process that asked. */
static void hold_first(struct call *c, const struct barmkin_hold_interface_out *out)
{
    struct holding *x = ARENA_NEW(c->arena, struct holding);
    struct after *making = c->after;

    *x = (struct holding){out->account_id, out->interface_id, c->door->peer_pid};
    c->after = NULL;
    call_after(c, hold, x);
    c->after->next = making;
}

/* By the VPC's DHCP options; "AmazonProvidedDNS" is `own`. */
static res by_dhcp(struct call *c, const struct caller *root, str options_id, str own,
                   struct barmkin_hold_interface_out *hold)
{
    struct ec2_describe_dhcp_options_in in = {.dhcp_options_ids = {1, &options_id}};
    struct ec2_describe_dhcp_options_out out = {0};
    str servers = S("");

    TRY(call_as(c, root, &ec2_DescribeDhcpOptions_op, &in, &out));
    for (size_t i = 0; i < out.dhcp_options.v[0].dhcp_configurations.n; i++) {
        const struct ec2_dhcp_configuration_out *s = &out.dhcp_options.v[0].dhcp_configurations.v[i];
        if (str_eq(s->key, S("domain-name")))
            hold->search = s->values.v[0].value;
        for (size_t k = 0; k < s->values.n && str_eq(s->key, S("domain-name-servers")); k++) {
            str one = s->values.v[k].value;
            one = str_eq_nocase(one, S("AmazonProvidedDNS")) ? own : one;
            servers = servers.n ? arena_printf(c->arena, "%.*s,%.*s", FMT(servers), FMT(one)) : one;
        }
    }
    hold->resolver = servers.n ? servers : own;
    return OK;
}

/* A VPC's own resolver is the second address of its range, whose base ends in a multiple of 16. */
static res resolver_of(struct call *c, str account, str vpc_id, struct barmkin_hold_interface_out *hold)
{
    struct ec2_describe_vpcs_in in = {.vpc_ids = {1, &vpc_id}};
    struct ec2_describe_vpcs_out out = {0};
    const struct caller *root = barmkin_root_of(c, account);
    uint64_t last;

    TRY(call_as(c, root, &ec2_DescribeVpcs_op, &in, &out));
    str range = out.vpcs.v[0].cidr_block, base = str_cut(&range, '/'), options = out.vpcs.v[0].dhcp_options_id;
    ptrdiff_t dot = str_rfind(base, '.');
    if (dot < 0 || !str_to_u64(str_from(base, (size_t)dot + 1), &last))
        return oops(&c->err, 0, "%.*s has no range", FMT(vpc_id));
    hold->resolver = arena_printf(c->arena, "%.*s.%u", (int)dot, base.p, (unsigned)last + 2);
    return str_eq(options, S("default")) ? OK : by_dhcp(c, root, options, hold->resolver, hold);
}

/* As the profile's own user: its policies say whether it may. */
static res in_vpc(struct call *c, const struct barmkin_hold_interface_in *in, struct barmkin_hold_interface_out *out)
{
    struct credential cred = {0};
    struct ec2_create_network_interface_in make = {.subnet_id = in->subnet_id,
                                                   .description = S("barmkin run"),
                                                   .groups = {in->security_group_ids.n, in->security_group_ids.v}};
    struct ec2_create_network_interface_out made = {0};
    struct caller *who = ARENA_NEW(c->arena, struct caller);

    TRY(providers.credentials(c, in->access_key_id, &cred));
    if (!cred.found || !cred.active)
        return fault(c, &barmkin_InvalidInputException, "The profile's access key is not valid any more.");
    *who = cred.caller;
    who->access_key_id = in->access_key_id;
    TRY(call_as(c, who, &ec2_CreateNetworkInterface_op, &make, &made));
    if (in->vpc_id.n && !str_eq(in->vpc_id, made.network_interface->vpc_id))
        return fault(c, &barmkin_InvalidInputException, "%.*s is not in %.*s.", FMT(in->subnet_id), FMT(in->vpc_id));
    out->interface_id = made.network_interface->network_interface_id;
    out->address = made.network_interface->private_ip_address;
    out->account_id = who->account;
    return resolver_of(c, who->account, made.network_interface->vpc_id, out);
}

static str dotted(struct call *c, uint32_t a)
{
    return arena_printf(c->arena, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

res barmkin_hold_interface(struct call *c, const struct barmkin_hold_interface_in *in,
                           struct barmkin_hold_interface_out *out)
{
    if (!c->worker->house->network || !c->door || !c->door->peer_pid)
        return fault(c, &barmkin_InvalidInputException, "There is nobody here to hold an interface for.");
    if (in->subnet_id.n) {
        TRY(in_vpc(c, in, out));
    } else if (in->vpc_id.n || in->security_group_ids.n) {
        return fault(c, &barmkin_InvalidInputException, "A VPC needs a subnet to run in: --subnet.");
    } else {
        out->interface_id = call_unique(c, "eni-", 17);
        out->resolver = dotted(c, DOOR_RESOLVER);
        out->account_id = S("");
    }
    out->parent = SET_INT(getppid());
    hold_first(c, out);
    return OK;
}

res barmkin_release_interface(struct call *c, const struct barmkin_release_interface_in *in,
                              struct barmkin_release_interface_out *out)
{
    struct holding *x = ARENA_NEW(c->arena, struct holding);
    struct ec2_delete_network_interface_in drop = {.network_interface_id = in->interface_id};
    struct ec2_delete_network_interface_out dropped = {0};

    (void)out;
    *x = (struct holding){.eni = in->interface_id};
    if (in->account_id.n)
        TRY(call_as(c, barmkin_root_of(c, in->account_id), &ec2_DeleteNetworkInterface_op, &drop, &dropped));
    call_after(c, let_go, x);
    return OK;
}
