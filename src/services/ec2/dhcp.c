/* SPDX-License-Identifier: MIT */
/* DHCP option sets: what is in /etc/resolv.conf of everything that runs in a VPC. The time and NetBIOS servers are kept
 * and shown; nothing here would ask them. */
#include "services/ec2/compile.h"

#include "ec2_names.h"

enum { SERVERS_MAX = 4 };

static struct ec2_dhcp_options_out options_out(struct call *c, const struct ec2_dhcp_options *o)
{
    struct ec2_dhcp_configuration_out *v =
        ARENA_ARRAY(c->arena, struct ec2_dhcp_configuration_out, o->configurations.n + 1);

    for (size_t i = 0; i < o->configurations.n; i++) {
        const struct ec2_dhcp_configuration *from = &o->configurations.v[i];
        struct ec2_text_value *values = ARENA_ARRAY(c->arena, struct ec2_text_value, from->values.n + 1);
        for (size_t k = 0; k < from->values.n; k++)
            values[k].value = from->values.v[k];
        v[i] = (struct ec2_dhcp_configuration_out){from->key, {from->values.n, values}};
    }
    return (struct ec2_dhcp_options_out){.dhcp_configurations = {o->configurations.n, v},
                                         .dhcp_options_id = o->dhcp_options_id,
                                         .owner_id = o->at.account,
                                         .tags = o->tags};
}

/* ---- what is asked for ---- */

/* One name or several with blanks between, as resolvers take them. */
static bool is_domain(str text)
{
    return text.n > 0 && text.n < PLAN_SEARCH_BYTES &&
           str_all(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-. ");
}

static bool are_servers(const struct list_of_str *v, bool amazon)
{
    uint32_t ip;

    for (size_t i = 0; i < v->n; i++)
        if (!ip_read(v->v[i], &ip) && !(amazon && str_eq_nocase(v->v[i], S("AmazonProvidedDNS"))))
            return false;
    return v->n <= SERVERS_MAX;
}

static bool is_node_type(str text)
{
    return text.n == 1 && str_all(text, "1248");
}

static res check(struct call *c, const struct ec2_dhcp_configuration *s)
{
    bool one = s->values.n == 1, ok;

    if (str_eq(s->key, S("domain-name")))
        ok = one && is_domain(s->values.v[0]);
    else if (str_eq(s->key, S("domain-name-servers")))
        ok = are_servers(&s->values, true);
    else if (str_eq(s->key, S("ntp-servers")) || str_eq(s->key, S("netbios-name-servers")))
        ok = are_servers(&s->values, false);
    else if (str_eq(s->key, S("netbios-node-type")))
        ok = one && is_node_type(s->values.v[0]);
    else
        return fault(c, &ec2_InvalidParameterValue, "Value (%.*s) for parameter key is invalid. Invalid DHCP option.",
                     FMT(str_sub(s->key, 0, 64)));
    return ok ? OK
              : fault(c, &ec2_InvalidParameterValue,
                      "Value (%.*s) for parameter value is invalid. Invalid DHCP option %.*s.",
                      FMT(s->values.n ? str_sub(s->values.v[0], 0, 64) : S("")), FMT(s->key));
}

/* A setting without values says nothing and is left out; two of a kind contradict each other. */
static res take(struct call *c, const struct ec2_dhcp_configuration_list *asked, struct ec2_dhcp_options *o)
{
    struct ec2_dhcp_configuration *v = ARENA_ARRAY(c->arena, struct ec2_dhcp_configuration, asked->n + 1);
    size_t n = 0;

    for (size_t i = 0; i < asked->n; i++) {
        if (!asked->v[i].values.n)
            continue;
        TRY(check(c, &asked->v[i]));
        for (size_t k = 0; k < n; k++)
            if (str_eq(v[k].key, asked->v[i].key))
                return fault(c, &ec2_InvalidParameterValue, "The DHCP option %.*s is given twice.",
                             FMT(asked->v[i].key));
        v[n++] = asked->v[i];
    }
    o->configurations.v = v;
    o->configurations.n = n;
    return n ? OK : fault(c, &ec2_MissingParameter, "The request must contain the parameter dhcpConfiguration");
}

res ec2_create_dhcp_options(struct call *c, const struct ec2_create_dhcp_options_in *in,
                            struct ec2_create_dhcp_options_out *out)
{
    struct ec2_dhcp_options *o = ARENA_NEW(c->arena, struct ec2_dhcp_options);

    *o = (struct ec2_dhcp_options){.dhcp_options_id = call_unique(c, "dopt-", 17)};
    TRY(take(c, &in->dhcp_configurations, o));
    TRY(ec2_check_tags(c, &in->tag_specifications, "dhcp-options"));
    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_dhcp_options_save(c, o));
    TRY(ec2_tag_new(c, &in->tag_specifications, o->dhcp_options_id));
    TRY(ec2_dhcp_options_load(c, STR_ABSENT, o->dhcp_options_id, &o));
    out->dhcp_options = ARENA_NEW(c->arena, struct ec2_dhcp_options_out);
    *out->dhcp_options = options_out(c, o);
    return OK;
}

/* "default": none but the VPC's own resolver. */
res ec2_associate_dhcp_options(struct call *c, const struct ec2_associate_dhcp_options_in *in,
                               struct ec2_associate_dhcp_options_out *out)
{
    struct ec2_vpc *v;

    (void)out;
    TRY(ec2_get_vpc(c, in->vpc_id, &v));
    TRY(ec2_dry_run(c, in->dry_run));
    v->dhcp_options_id = str_eq(in->dhcp_options_id, S("default")) ? STR_ABSENT : in->dhcp_options_id;
    TRY(ec2_vpc_save(c, v));
    return ec2_changed(c, v->vpc_id);
}

static bool options_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_dhcp_options *o = item;

    (void)c;
    if (str_eq(name, S("dhcp-options-id"))) {
        ec2_value(out, o->dhcp_options_id);
        return true;
    }
    for (size_t i = 0; i < o->configurations.n; i++) {
        if (str_eq(name, S("key")))
            ec2_value(out, o->configurations.v[i].key);
        for (size_t k = 0; k < o->configurations.v[i].values.n && str_eq(name, S("value")); k++)
            ec2_value(out, o->configurations.v[i].values.v[k]);
    }
    return str_eq(name, S("key")) || str_eq(name, S("value"));
}

res ec2_describe_dhcp_options(struct call *c, const struct ec2_describe_dhcp_options_in *in,
                              struct ec2_describe_dhcp_options_out *out)
{
    struct ec2_listing l = {&ec2_dhcp_options_record,
                            in->dhcp_options_ids,
                            &in->filters,
                            in->max_results,
                            in->next_token,
                            options_values,
                            &ec2_InvalidDhcpOptionIDNotFound,
                            "dhcpOption ID"};
    struct record_page page;

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_list(c, &l, &page, &out->next_token));
    out->dhcp_options.v = ARENA_ARRAY(c->arena, struct ec2_dhcp_options_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->dhcp_options.v[out->dhcp_options.n++] = options_out(c, page.v[i]);
    return OK;
}

res ec2_delete_dhcp_options(struct call *c, const struct ec2_delete_dhcp_options_in *in,
                            struct ec2_delete_dhcp_options_out *out)
{
    struct ec2_vpc_page used;

    (void)out;
    if (!c->subject)
        return fault(c, &ec2_InvalidDhcpOptionIDNotFound, "The dhcpOption ID '%.*s' does not exist",
                     FMT(in->dhcp_options_id));
    TRY(ec2_vpc_by(c, "dhcp", in->dhcp_options_id, c->caller->account, 1, &used));
    if (used.n)
        return fault(c, &ec2_DependencyViolation, "The dhcpOptions '%.*s' has dependencies and cannot be deleted.",
                     FMT(in->dhcp_options_id));
    TRY(ec2_dry_run(c, in->dry_run));
    return ec2_dhcp_options_drop(c, c->subject);
}

/* ---- compiled ---- */

void ec2_compile_dhcp(const struct ec2_dhcp_options *o, uint32_t resolver, struct plan_dhcp *out)
{
    size_t n = 0;

    *out = (struct plan_dhcp){{0}, {0}};
    for (size_t i = 0; o && i < o->configurations.n; i++) {
        const struct ec2_dhcp_configuration *s = &o->configurations.v[i];
        if (str_eq(s->key, S("domain-name")))
            str_to_z(s->values.v[0], out->search, sizeof out->search);
        for (size_t k = 0; k < s->values.n && str_eq(s->key, S("domain-name-servers")); k++, n++)
            if (!ip_read(s->values.v[k], &out->servers[n]))
                out->servers[n] = resolver;
    }
}
