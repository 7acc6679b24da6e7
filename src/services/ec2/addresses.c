/* SPDX-License-Identifier: MIT */
/* Elastic addresses, from one pool for all accounts: 198.19.0.0/16, which is nobody's in the world. In the kernel, a
 * pair of a private and a public address of a workload's, or the address that a NAT gateway's packets leave with. */
#include "crypto/random.h"

#include "ec2_names.h"

enum { ADDRESSES_PER_ACCOUNT = 100, POOL = 0xff00 - 16, POOL_TRIES = 1000 };

static struct ec2_address_out address_out(const struct ec2_address *a)
{
    bool used = a->association_id.n > 0;

    return (struct ec2_address_out){.public_ip = a->public_ip,
                                    .allocation_id = a->allocation_id,
                                    .association_id = a->association_id,
                                    .domain = S("vpc"),
                                    .network_interface_id = a->interface_id,
                                    .network_interface_owner_id = used ? a->at.account : STR_ABSENT,
                                    .private_ip_address = a->private_ip,
                                    .tags = a->tags,
                                    .public_ipv4_pool = S("amazon"),
                                    .network_border_group = a->at.region};
}

res ec2_add_domain(struct call *c)
{
    context_add(c, S("ec2:Domain"), S("vpc"));
    return OK;
}

static res is_free(struct call *c, str ip, bool *is)
{
    struct ec2_address_page page;

    TRY(ec2_address_by(c, "ip", ip, STR_ABSENT, 1, &page));
    *is = page.n == 0;
    return OK;
}

static res choose(struct call *c, str *ip)
{
    bool found = false;

    for (int tries = 0; tries < POOL_TRIES && !found; tries++) {
        *ip = ip_text(c->arena, PLAN_PUBLIC_NET + 8 + random_below(POOL));
        TRY(is_free(c, *ip, &found));
    }
    return found ? OK
                 : fault(c, &ec2_InsufficientAddressCapacity,
                         "Insufficient addresses available to satisfy your request.");
}

res ec2_allocate_address(struct call *c, const struct ec2_allocate_address_in *in, struct ec2_allocate_address_out *out)
{
    struct ec2_address *a = ARENA_NEW(c->arena, struct ec2_address);
    int64_t n;

    if (str_eq(in->domain, S("standard")))
        return fault(c, &ec2_InvalidParameterValue, "Invalid value 'standard' for domain. EC2-Classic is retired.");
    if (in->address.n || in->customer_owned_ipv4_pool.n ||
        (in->public_ipv4_pool.n && !str_eq(in->public_ipv4_pool, S("amazon"))))
        return fault(c, &ec2_UnsupportedOperation,
                     "Addresses and pools of one's own are not built; docs/reference/coverage.md lists what is.");
    TRY(ec2_check_tags(c, &in->tag_specifications, "elastic-ip"));
    TRY(record_count(c, &ec2_address_record, &n));
    if (n >= ADDRESSES_PER_ACCOUNT)
        return fault(c, &ec2_AddressLimitExceeded, "The maximum number of addresses has been reached.");
    TRY(ec2_dry_run(c, in->dry_run));
    *a = (struct ec2_address){.allocation_id = call_unique(c, "eipalloc-", 17)};
    TRY(choose(c, &a->public_ip));
    TRY(ec2_address_save(c, a));
    TRY(ec2_tag_new(c, &in->tag_specifications, a->allocation_id));
    *out = (struct ec2_allocate_address_out){.public_ip = a->public_ip,
                                             .allocation_id = a->allocation_id,
                                             .public_ipv4_pool = S("amazon"),
                                             .network_border_group = c->region,
                                             .domain = S("vpc")};
    return OK;
}

/* ---- finding ---- */

static res by_index(struct call *c, const char *index, str value, struct ec2_address **out)
{
    struct ec2_address_page page = {0};

    if (value.n)
        TRY(ec2_address_by(c, index, value, c->caller->account, 1, &page));
    *out = page.n ? page.v[0] : NULL;
    return OK;
}

res ec2_address_of(struct call *c, const struct ec2_interface *i, struct ec2_address **out)
{
    struct ec2_address_page page;

    TRY(ec2_address_by(c, "interface", i->network_interface_id, i->at.account, 1, &page));
    *out = page.n ? page.v[0] : NULL;
    return OK;
}

static void found(struct call *c, const struct ec2_address *a, str named, struct resource *out)
{
    out->account = c->caller->account;
    out->subject = a;
    out->arn = call_arn(c, "ec2", "elastic-ip/%.*s", FMT(a ? a->allocation_id : named));
    if (!a)
        return;
    out->tags = (const struct str_pair *)a->tags.v;
    out->n_tags = a->tags.n;
}

/* By its id or by itself. */
res ec2_find_address(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct ec2_address *a = NULL;
    str ip = n > 1 ? names[1] : STR_ABSENT;

    if (names[0].n)
        TRY(ec2_address_load(c, STR_ABSENT, names[0], &a));
    else
        TRY(by_index(c, "ip", ip, &a));
    found(c, a, names[0].n ? str_sub(names[0], 0, 64) : S("*"), out);
    if (!a) {
        out->missing = names[0].n ? &ec2_InvalidAllocationIDNotFound : &ec2_InvalidAddressNotFound;
        out->missing_text = names[0].n ? arena_printf(c->arena, "The allocation ID '%.*s' does not exist",
                                                      FMT(str_sub(names[0], 0, 64)))
                                       : arena_printf(c->arena, "Address '%.*s' not found.", FMT(str_sub(ip, 0, 64)));
    }
    return OK;
}

res ec2_find_address_association(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct ec2_address *a = NULL;

    if (!names[0].n)
        return ec2_find_address(c, names, n, out);
    TRY(by_index(c, "association", names[0], &a));
    found(c, a, S("*"), out);
    if (!a) {
        out->missing = &ec2_InvalidAssociationIDNotFound;
        out->missing_text =
            arena_printf(c->arena, "The association ID '%.*s' does not exist", FMT(str_sub(names[0], 0, 64)));
    }
    return OK;
}

/* ---- use ---- */

static res named(struct call *c, str id, str ip)
{
    return id.n || ip.n ? OK : fault(c, &ec2_MissingParameter, "Either public IP or allocation ID must be specified");
}

res ec2_release_address(struct call *c, const struct ec2_release_address_in *in, struct ec2_release_address_out *out)
{
    const struct ec2_address *a = c->subject;

    (void)out;
    TRY(named(c, in->allocation_id, in->public_ip));
    if (a->association_id.n)
        return fault(c, &ec2_InvalidIPAddressInUse, "Address %.*s is in use.", FMT(a->public_ip));
    TRY(ec2_dry_run(c, in->dry_run));
    return ec2_address_drop(c, a);
}

res ec2_address_take(struct call *c, struct ec2_address *a, const struct ec2_interface *i, str nat_gateway)
{
    a->association_id = call_unique(c, "eipassoc-", 17);
    a->interface_id = i->network_interface_id;
    a->private_ip = i->address;
    a->nat_gateway_id = nat_gateway;
    return ec2_address_save(c, a);
}

res ec2_address_leave(struct call *c, struct ec2_address *a)
{
    a->association_id = a->interface_id = a->private_ip = a->nat_gateway_id = STR_ABSENT;
    return ec2_address_save(c, a);
}

/* The VPC that has the address may be another than the one that gets it: both change. */
static res leave_before(struct call *c, struct ec2_address *a, str next_vpc)
{
    struct ec2_interface *i = NULL;

    if (!a->association_id.n)
        return OK;
    TRY(ec2_interface_load(c, STR_ABSENT, a->interface_id, &i));
    TRY(ec2_address_leave(c, a));
    return i && !str_eq(i->vpc_id, next_vpc) ? ec2_changed(c, i->vpc_id) : OK;
}

static res check_use(struct call *c, const struct ec2_associate_address_in *in, const struct ec2_address *a,
                     const struct ec2_interface *i)
{
    bool refused = in->allow_reassociation.set && !in->allow_reassociation.v;
    struct ec2_internet_gateway *g;
    struct ec2_address *other;

    if (i->endpoint_id.n || str_eq(i->interface_type, S("nat_gateway")))
        return fault(c, &ec2_OperationNotPermitted, "%.*s is managed by its service.", FMT(i->network_interface_id));
    if (in->private_ip_address.n && !str_eq(in->private_ip_address, i->address))
        return fault(c, &ec2_InvalidParameterValue, "Private IP address %.*s is not assigned to %.*s",
                     FMT(str_sub(in->private_ip_address, 0, 64)), FMT(i->network_interface_id));
    TRY(ec2_gateway_of(c, i->vpc_id, i->at.account, &g));
    if (!g)
        return fault(c, &ec2_GatewayNotAttached, "Network %.*s is not attached to any internet gateway",
                     FMT(i->vpc_id));
    if (a->nat_gateway_id.n || (a->association_id.n && refused))
        return fault(c, &ec2_ResourceAlreadyAssociated, "resource %.*s is already associated with associate-id %.*s",
                     FMT(a->allocation_id), FMT(a->association_id));
    TRY(ec2_address_of(c, i, &other));
    if (other && !str_eq(other->allocation_id, a->allocation_id) && refused)
        return fault(c, &ec2_ResourceAlreadyAssociated, "resource %.*s is already associated with associate-id %.*s",
                     FMT(i->network_interface_id), FMT(other->association_id));
    return other && !str_eq(other->allocation_id, a->allocation_id) ? ec2_address_leave(c, other) : OK;
}

res ec2_associate_address(struct call *c, const struct ec2_associate_address_in *in,
                          struct ec2_associate_address_out *out)
{
    const struct ec2_address *subject = c->subject;
    struct ec2_interface *i;
    struct ec2_address *a;

    TRY(named(c, in->allocation_id, in->public_ip));
    if (in->instance_id.n)
        return fault(c, &ec2_InvalidInstanceIDNotFound, "The instance ID '%.*s' does not exist", FMT(in->instance_id));
    TRY(ec2_get_interface(c, in->network_interface_id, &i));
    TRY(ec2_address_load(c, STR_ABSENT, subject->allocation_id, &a));
    TRY(ec2_dry_run(c, in->dry_run));
    TRY(check_use(c, in, a, i));
    TRY(leave_before(c, a, i->vpc_id));
    TRY(ec2_address_take(c, a, i, STR_ABSENT));
    out->association_id = a->association_id;
    return ec2_changed(c, i->vpc_id);
}

res ec2_disassociate_address(struct call *c, const struct ec2_disassociate_address_in *in,
                             struct ec2_disassociate_address_out *out)
{
    const struct ec2_address *subject = c->subject;
    struct ec2_interface *i = NULL;
    struct ec2_address *a;

    (void)out;
    TRY(named(c, in->association_id, in->public_ip));
    TRY(ec2_address_load(c, STR_ABSENT, subject->allocation_id, &a));
    if (a->nat_gateway_id.n)
        return fault(c, &ec2_OperationNotPermitted, "%.*s is used by %.*s: delete that.", FMT(a->public_ip),
                     FMT(a->nat_gateway_id));
    TRY(ec2_dry_run(c, in->dry_run));
    if (!a->association_id.n) /* by its address, and already */
        return OK;
    TRY(ec2_interface_load(c, STR_ABSENT, a->interface_id, &i));
    TRY(ec2_address_leave(c, a));
    return i ? ec2_changed(c, i->vpc_id) : OK;
}

/* ---- describe ---- */

static bool address_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_address *a = item;

    if (str_eq(name, S("allocation-id")))
        ec2_value(out, a->allocation_id);
    else if (str_eq(name, S("public-ip")))
        ec2_value(out, a->public_ip);
    else if (str_eq(name, S("association-id")))
        ec2_value(out, a->association_id);
    else if (str_eq(name, S("network-interface-id")))
        ec2_value(out, a->interface_id);
    else if (str_eq(name, S("network-interface-owner-id")))
        ec2_value(out, a->association_id.n ? c->caller->account : S(""));
    else if (str_eq(name, S("private-ip-address")))
        ec2_value(out, a->private_ip);
    else if (str_eq(name, S("domain")))
        ec2_value(out, S("vpc"));
    else if (str_eq(name, S("network-border-group")))
        ec2_value(out, a->at.region);
    else if (str_eq(name, S("instance-id")))
        ec2_value(out, S(""));
    else
        return false;
    return true;
}

static res not_among(struct call *c, const struct list_of_str *ips, const struct record_page *page)
{
    for (size_t i = 0; i < ips->n; i++) {
        bool there = false;
        for (size_t k = 0; k < page->n; k++)
            there |= str_eq(((const struct ec2_address *)page->v[k])->public_ip, ips->v[i]);
        if (!there)
            return fault(c, &ec2_InvalidAddressNotFound, "Address '%.*s' not found.", FMT(str_sub(ips->v[i], 0, 64)));
    }
    return OK;
}

res ec2_describe_addresses(struct call *c, const struct ec2_describe_addresses_in *in,
                           struct ec2_describe_addresses_out *out)
{
    struct ec2_listing l = {.type = &ec2_address_record,
                            .ids = in->allocation_ids,
                            .filters = &in->filters,
                            .values = address_values,
                            .missing = &ec2_InvalidAllocationIDNotFound,
                            .what = "allocation ID"};
    struct record_page page;
    str next;

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_list(c, &l, &page, &next));
    TRY(not_among(c, &in->public_ips, &page));
    out->addresses.v = ARENA_ARRAY(c->arena, struct ec2_address_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        const struct ec2_address *a = page.v[i];
        if (!in->public_ips.n || list_has(&in->public_ips, a->public_ip))
            out->addresses.v[out->addresses.n++] = address_out(a);
    }
    return OK;
}
