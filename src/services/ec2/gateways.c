/* SPDX-License-Identifier: MIT */
/* Internet gateways: a VPC to which one is attached has a link to the outside; without one it has none. */
#include "ec2_names.h"

static struct ec2_internet_gateway_out gateway_out(struct call *c, const struct ec2_internet_gateway *g)
{
    struct ec2_gateway_attachment *a = ARENA_NEW(c->arena, struct ec2_gateway_attachment);

    *a = (struct ec2_gateway_attachment){S("available"), g->vpc_id}; /* AWS's word for attached */
    return (struct ec2_internet_gateway_out){.attachments = {g->vpc_id.n > 0, a},
                                             .internet_gateway_id = g->internet_gateway_id,
                                             .owner_id = g->at.account,
                                             .tags = g->tags};
}

res ec2_create_internet_gateway(struct call *c, const struct ec2_create_internet_gateway_in *in,
                                struct ec2_create_internet_gateway_out *out)
{
    struct ec2_internet_gateway *g = ARENA_NEW(c->arena, struct ec2_internet_gateway);

    TRY(ec2_check_tags(c, &in->tag_specifications, "internet-gateway"));
    TRY(ec2_dry_run(c, in->dry_run));
    *g = (struct ec2_internet_gateway){.internet_gateway_id = call_unique(c, "igw-", 17)};
    TRY(ec2_internet_gateway_save(c, g));
    TRY(ec2_tag_new(c, &in->tag_specifications, g->internet_gateway_id));
    TRY(ec2_get_internet_gateway(c, g->internet_gateway_id, &g));
    out->internet_gateway = ARENA_NEW(c->arena, struct ec2_internet_gateway_out);
    *out->internet_gateway = gateway_out(c, g);
    return OK;
}

res ec2_gateway_of(struct call *c, str vpc_id, str account, struct ec2_internet_gateway **out)
{
    struct ec2_internet_gateway_page page;

    TRY(ec2_internet_gateway_by(c, "vpc", vpc_id, account, 1, &page));
    *out = page.n ? page.v[0] : NULL;
    return OK;
}

res ec2_attach_internet_gateway(struct call *c, const struct ec2_attach_internet_gateway_in *in,
                                struct ec2_attach_internet_gateway_out *out)
{
    struct ec2_internet_gateway *g, *other;
    struct ec2_vpc *v;

    (void)out;
    TRY(ec2_get_internet_gateway(c, in->internet_gateway_id, &g));
    TRY(ec2_get_vpc(c, in->vpc_id, &v));
    if (g->vpc_id.n)
        return fault(c, &ec2_ResourceAlreadyAssociated, "resource %.*s is already attached to network %.*s",
                     FMT(g->internet_gateway_id), FMT(g->vpc_id));
    TRY(ec2_gateway_of(c, v->vpc_id, v->at.account, &other));
    if (other)
        return fault(c, &ec2_InvalidParameterValue, "Network %.*s already has an internet gateway attached",
                     FMT(v->vpc_id));
    TRY(ec2_dry_run(c, in->dry_run));
    g->vpc_id = v->vpc_id;
    TRY(ec2_internet_gateway_save(c, g));
    return ec2_changed(c, v->vpc_id);
}

/* Does something of the VPC have a public address? */
static res mapped(struct call *c, str vpc_id, str account, bool *is)
{
    struct ec2_interface_page interfaces;

    *is = false;
    TRY(ec2_interface_by(c, "vpc", vpc_id, account, EC2_ALL, &interfaces));
    for (size_t i = 0; i < interfaces.n && !*is; i++) {
        struct ec2_address *a;
        TRY(ec2_address_of(c, interfaces.v[i], &a));
        *is = a != NULL;
    }
    return OK;
}

res ec2_detach_internet_gateway(struct call *c, const struct ec2_detach_internet_gateway_in *in,
                                struct ec2_detach_internet_gateway_out *out)
{
    struct ec2_internet_gateway *g;
    struct ec2_vpc *v;
    bool used;

    (void)out;
    TRY(ec2_get_internet_gateway(c, in->internet_gateway_id, &g));
    TRY(ec2_get_vpc(c, in->vpc_id, &v));
    if (!str_eq(g->vpc_id, v->vpc_id))
        return fault(c, &ec2_GatewayNotAttached, "resource %.*s is not attached to network %.*s",
                     FMT(g->internet_gateway_id), FMT(v->vpc_id));
    TRY(mapped(c, v->vpc_id, v->at.account, &used));
    if (used)
        return fault(c, &ec2_DependencyViolation,
                     "Network %.*s has some mapped public address(es). Please unmap those public address(es) before "
                     "detaching the gateway.",
                     FMT(v->vpc_id));
    TRY(ec2_dry_run(c, in->dry_run));
    g->vpc_id = STR_ABSENT;
    TRY(ec2_internet_gateway_save(c, g));
    return ec2_changed(c, v->vpc_id);
}

static bool gateway_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_internet_gateway *g = item;

    (void)c;
    if (str_eq(name, S("internet-gateway-id")))
        ec2_value(out, g->internet_gateway_id);
    else if (str_eq(name, S("attachment.vpc-id")))
        ec2_value(out, g->vpc_id);
    else if (str_eq(name, S("attachment.state")))
        ec2_value(out, g->vpc_id.n ? S("available") : S(""));
    else
        return false;
    return true;
}

res ec2_describe_internet_gateways(struct call *c, const struct ec2_describe_internet_gateways_in *in,
                                   struct ec2_describe_internet_gateways_out *out)
{
    struct ec2_listing l = {&ec2_internet_gateway_record,
                            in->internet_gateway_ids,
                            &in->filters,
                            in->max_results,
                            in->next_token,
                            gateway_values,
                            &ec2_InvalidInternetGatewayIDNotFound,
                            "internetGateway ID"};
    struct record_page page;

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_list(c, &l, &page, &out->next_token));
    out->internet_gateways.v = ARENA_ARRAY(c->arena, struct ec2_internet_gateway_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->internet_gateways.v[out->internet_gateways.n++] = gateway_out(c, page.v[i]);
    return OK;
}

res ec2_delete_internet_gateway(struct call *c, const struct ec2_delete_internet_gateway_in *in,
                                struct ec2_delete_internet_gateway_out *out)
{
    struct ec2_internet_gateway *g;

    (void)out;
    TRY(ec2_get_internet_gateway(c, in->internet_gateway_id, &g));
    if (g->vpc_id.n)
        return fault(c, &ec2_DependencyViolation, "The internetGateway '%.*s' has dependencies and cannot be deleted.",
                     FMT(g->internet_gateway_id));
    TRY(ec2_dry_run(c, in->dry_run));
    return ec2_internet_gateway_drop(c, g);
}
