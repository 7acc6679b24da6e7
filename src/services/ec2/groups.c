/* SPDX-License-Identifier: MIT */
/* Security groups: what may talk to what. Their rules become nftables rules in the VPC's namespace. */
#include "rules.h"

static bool is_ascii(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] > 127)
            return false;
    return true;
}

static res check_name(struct call *c, const struct ec2_create_security_group_in *in, const struct ec2_vpc *v)
{
    struct ec2_group_page page;

    if (str_eq(in->group_name, S("default")))
        return fault(c, &ec2_InvalidGroupReserved, "The security group name 'default' is reserved");
    if (!str_all(in->group_name, ec2_plain_text) || str_starts(in->group_name, S("sg-")))
        return fault(c, &ec2_InvalidParameterValue,
                     "Value (%.*s) for parameter GroupName is invalid. Group names may not be in the format sg-*, and "
                     "consist of letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
                     FMT(in->group_name));
    if (!is_ascii(in->description))
        return fault(c, &ec2_InvalidParameterValue,
                     "Value (%.*s) for parameter GroupDescription is invalid. Character sets beyond ASCII are not "
                     "supported.",
                     FMT(in->description));
    TRY(rules_check_description(c, "security group", in->description));
    TRY(ec2_group_by(c, "vpc", v->vpc_id, v->at.account, EC2_ALL, &page));
    for (size_t i = 0; i < page.n; i++)
        if (str_eq(page.v[i]->group_name, in->group_name))
            return fault(c, &ec2_InvalidGroupDuplicate, "The security group '%.*s' already exists for VPC '%.*s'",
                         FMT(in->group_name), FMT(v->vpc_id));
    return OK;
}

res ec2_create_security_group(struct call *c, const struct ec2_create_security_group_in *in,
                              struct ec2_create_security_group_out *out)
{
    struct ec2_group *g = ARENA_NEW(c->arena, struct ec2_group);
    struct ec2_rule *egress = ARENA_NEW(c->arena, struct ec2_rule);
    struct ec2_vpc *v;

    if (!in->vpc_id.n)
        return fault(c, &ec2_VPCIdNotSpecified, "No default VPC for this user");
    TRY(ec2_get_vpc(c, in->vpc_id, &v));
    TRY(check_name(c, in, v));
    TRY(ec2_check_tags(c, &in->tag_specifications, "security-group"));
    TRY(ec2_dry_run(c, in->dry_run));
    *egress = (struct ec2_rule){.rule_id = call_unique(c, "sgr-", 17),
                                .egress = SET_BOOL(true),
                                .ip_protocol = S("-1"),
                                .cidr_ipv4 = S("0.0.0.0/0")};
    *g = (struct ec2_group){.group_id = call_unique(c, "sg-", 17),
                            .group_name = in->group_name,
                            .description = in->description,
                            .vpc_id = v->vpc_id,
                            .rules = {1, egress}};
    TRY(ec2_group_save(c, g));
    TRY(ec2_tag_new(c, &in->tag_specifications, g->group_id));
    TRY(ec2_changed(c, v->vpc_id));
    TRY(ec2_get_group(c, g->group_id, &g));
    out->group_id = g->group_id;
    out->tags = g->tags;
    return OK;
}

/* ---- describe ---- */

static void rule_values(const struct ec2_group *g, str name, bool egress, struct ec2_values *out)
{
    for (size_t i = 0; i < g->rules.n; i++) {
        const struct ec2_rule *r = &g->rules.v[i];
        if (r->egress.v != egress)
            continue;
        if (str_ends(name, S("permission.cidr")) && r->cidr_ipv4.n)
            ec2_value(out, r->cidr_ipv4);
        else if (str_ends(name, S("permission.group-id")) && r->peer_group_id.n)
            ec2_value(out, r->peer_group_id);
        else if (str_ends(name, S("permission.protocol")))
            ec2_value(out, r->ip_protocol);
        else if (str_ends(name, S("permission.prefix-list-id")) && r->prefix_list_id.n)
            ec2_value(out, r->prefix_list_id);
    }
}

static bool group_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_group *g = item;

    (void)c;
    if (str_eq(name, S("group-id")))
        ec2_value(out, g->group_id);
    else if (str_eq(name, S("group-name")))
        ec2_value(out, g->group_name);
    else if (str_eq(name, S("vpc-id")))
        ec2_value(out, g->vpc_id);
    else if (str_eq(name, S("description")))
        ec2_value(out, g->description);
    else if (str_starts(name, S("ip-permission.")) || str_starts(name, S("egress.ip-permission.")))
        rule_values(g, name, str_starts(name, S("egress.")), out);
    else
        return false;
    return true;
}

res ec2_describe_security_groups(struct call *c, const struct ec2_describe_security_groups_in *in,
                                 struct ec2_describe_security_groups_out *out)
{
    struct ec2_listing l = {&ec2_group_record,         in->group_ids,   &in->filters,
                            in->max_results,           in->next_token,  group_values,
                            &ec2_InvalidGroupNotFound, "security group"};
    struct record_page page;

    TRY(ec2_dry_run(c, in->dry_run));
    if (in->group_names.n) /* names select groups of a default VPC */
        return fault(c, &ec2_InvalidGroupNotFound, "The security group '%.*s' does not exist in default VPC 'none'",
                     FMT(str_sub(in->group_names.v[0], 0, 255)));
    TRY(ec2_list(c, &l, &page, &out->next_token));
    out->security_groups.v = ARENA_ARRAY(c->arena, struct ec2_group_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        const struct ec2_group *g = page.v[i];
        out->security_groups.v[out->security_groups.n++] =
            (struct ec2_group_out){.description = g->description,
                                   .group_name = g->group_name,
                                   .ip_permissions = rules_permissions(c, g, false),
                                   .owner_id = g->at.account,
                                   .group_id = g->group_id,
                                   .ip_permissions_egress = rules_permissions(c, g, true),
                                   .tags = g->tags,
                                   .vpc_id = g->vpc_id};
    }
    return OK;
}

static bool one_rule_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_rule_out *r = item;

    (void)c;
    if (str_eq(name, S("group-id")))
        ec2_value(out, r->group_id);
    else if (str_eq(name, S("security-group-rule-id")))
        ec2_value(out, r->security_group_rule_id);
    else
        return false;
    return true;
}

res ec2_describe_security_group_rules(struct call *c, const struct ec2_describe_security_group_rules_in *in,
                                      struct ec2_describe_security_group_rules_out *out)
{
    struct ec2_group_page groups;
    size_t total = 0;

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_group_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, EC2_ALL, &groups));
    for (size_t i = 0; i < groups.n; i++)
        total += groups.v[i]->rules.n;
    out->security_group_rules.v = ARENA_ARRAY(c->arena, struct ec2_rule_out, total + 1);
    for (size_t i = 0; i < groups.n; i++)
        for (size_t k = 0; k < groups.v[i]->rules.n; k++) {
            struct ec2_rule_out r = rules_out(c, groups.v[i], &groups.v[i]->rules.v[k]);
            bool match;
            if (in->security_group_rule_ids.n && !list_has(&in->security_group_rule_ids, r.security_group_rule_id))
                continue;
            TRY(ec2_matches(c, &in->filters, &r, one_rule_values, &r.tags, &match));
            if (match)
                out->security_group_rules.v[out->security_group_rules.n++] = r;
        }
    if (out->security_group_rules.n < in->security_group_rule_ids.n && !in->filters.n)
        return fault(c, &ec2_InvalidSecurityGroupRuleIdNotFound, "The security group rule ID does not exist");
    return OK;
}

/* ---- delete ---- */

res ec2_delete_security_group(struct call *c, const struct ec2_delete_security_group_in *in,
                              struct ec2_delete_security_group_out *out)
{
    struct ec2_group *g;
    struct ec2_group_page peers;
    struct ec2_interface_page interfaces;
    bool used;

    (void)out;
    TRY(ec2_get_group(c, in->group_id, &g));
    if (str_eq(g->group_name, S("default")))
        return fault(c, &ec2_CannotDelete,
                     "the specified group: \"%.*s\" name: \"default\" cannot be deleted by a user", FMT(g->group_id));
    TRY(ec2_interface_by(c, "group", g->group_id, g->at.account, 1, &interfaces));
    TRY(ec2_group_by(c, "peer", g->group_id, g->at.account, 2, &peers));
    used = interfaces.n > 0;
    for (size_t i = 0; i < peers.n; i++) /* a rule about itself does not keep a group */
        used |= !str_eq(peers.v[i]->group_id, g->group_id);
    if (used)
        return fault(c, &ec2_DependencyViolation, "resource %.*s has a dependent object", FMT(g->group_id));
    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_group_drop(c, g));
    return ec2_changed(c, g->vpc_id);
}

/* ---- rules come and go ---- */

static res save_group(struct call *c, struct ec2_group *g)
{
    g->peer_groups = (struct list_of_str){0, NULL};
    for (size_t i = 0; i < g->rules.n; i++)
        if (g->rules.v[i].peer_group_id.n)
            list_add(c, &g->peer_groups, g->rules.v[i].peer_group_id);
    TRY(ec2_group_save(c, g));
    return ec2_changed(c, g->vpc_id);
}

static size_t find_rule(const struct ec2_group *g, const struct ec2_rule *r)
{
    size_t i = 0;

    while (i < g->rules.n && !rules_same(&g->rules.v[i], r))
        i++;
    return i;
}

static res authorize(struct call *c, str group_id, const struct rules_request *in, opt_bool dry_run,
                     const struct ec2_tag_specification_list *specs, struct ec2_rule_out_list *shown)
{
    struct ec2_group *g;
    struct ec2_rule *fresh, *all;
    size_t n;

    TRY(ec2_get_group(c, group_id, &g));
    TRY(rules_read(c, g, in, &fresh, &n));
    if (specs->n)
        return fault(c, &ec2_UnsupportedOperation,
                     "Tags of rules are not built; docs/reference/coverage.md lists what is.");
    if (!n)
        return fault(c, &ec2_MissingParameter, "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.");
    all = ARENA_ARRAY(c->arena, struct ec2_rule, g->rules.n + n);
    for (size_t i = 0; i < g->rules.n; i++)
        all[i] = g->rules.v[i];
    g->rules.v = all;
    shown->v = ARENA_ARRAY(c->arena, struct ec2_rule_out, n);
    for (size_t i = 0; i < n; i++) {
        if (find_rule(g, &fresh[i]) < g->rules.n)
            return fault(c, &ec2_InvalidPermissionDuplicate, "the specified rule \"%.*s\" already exists",
                         FMT(rules_text(c, &fresh[i])));
        fresh[i].rule_id = call_unique(c, "sgr-", 17);
        g->rules.v[g->rules.n++] = fresh[i];
        shown->v[shown->n++] = rules_out(c, g, &fresh[i]);
    }
    if (g->rules.n > EC2_RULES_PER_GROUP * 2)
        return fault(c, &ec2_RulesPerSecurityGroupLimitExceeded,
                     "The maximum number of rules per security group has been reached.");
    TRY(ec2_dry_run(c, dry_run));
    return save_group(c, g);
}

static res revoke_ids(struct call *c, struct ec2_group *g, const struct list_of_str *ids, bool egress)
{
    for (size_t k = 0; k < ids->n; k++) {
        size_t i = 0;
        while (i < g->rules.n && (!str_eq(g->rules.v[i].rule_id, ids->v[k]) || g->rules.v[i].egress.v != egress))
            i++;
        if (i == g->rules.n)
            return fault(c, &ec2_InvalidSecurityGroupRuleIdNotFound, "The security group rule ID '%.*s' does not exist",
                         FMT(str_sub(ids->v[k], 0, 64)));
        g->rules.v[i] = g->rules.v[--g->rules.n];
    }
    return OK;
}

static res revoke(struct call *c, str group_id, const struct rules_request *in, opt_bool dry_run,
                  const struct list_of_str *ids)
{
    struct ec2_group *g;
    struct ec2_rule *gone;
    size_t n;

    TRY(ec2_get_group(c, group_id, &g));
    TRY(rules_read(c, g, in, &gone, &n));
    if (!n && !ids->n)
        return fault(c, &ec2_MissingParameter, "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.");
    TRY(revoke_ids(c, g, ids, in->egress));
    for (size_t i = 0; i < n; i++) {
        size_t at = find_rule(g, &gone[i]);
        if (at == g->rules.n)
            return fault(c, &ec2_InvalidPermissionNotFound,
                         "The specified rule does not exist in this security group.");
        g->rules.n--;
        for (size_t k = at; k < g->rules.n; k++)
            g->rules.v[k] = g->rules.v[k + 1];
    }
    TRY(ec2_dry_run(c, dry_run));
    return save_group(c, g);
}

#define REQUEST(in, is_egress)                                                                                         \
    {                                                                                                                  \
        &(in)->ip_permissions, (in)->cidr_ip, (in)->ip_protocol, (in)->source_security_group_name, (in)->from_port,    \
            (in)->to_port, (is_egress)                                                                                 \
    }

res ec2_authorize_security_group_ingress(struct call *c, const struct ec2_authorize_security_group_ingress_in *in,
                                         struct ec2_authorize_security_group_ingress_out *out)
{
    struct rules_request r = REQUEST(in, false);

    out->returned = SET_BOOL(true);
    return authorize(c, in->group_id, &r, in->dry_run, &in->tag_specifications, &out->security_group_rules);
}

res ec2_authorize_security_group_egress(struct call *c, const struct ec2_authorize_security_group_egress_in *in,
                                        struct ec2_authorize_security_group_egress_out *out)
{
    struct rules_request r = REQUEST(in, true);

    out->returned = SET_BOOL(true);
    return authorize(c, in->group_id, &r, in->dry_run, &in->tag_specifications, &out->security_group_rules);
}

res ec2_revoke_security_group_ingress(struct call *c, const struct ec2_revoke_security_group_ingress_in *in,
                                      struct ec2_revoke_security_group_ingress_out *out)
{
    struct rules_request r = REQUEST(in, false);

    out->returned = SET_BOOL(true);
    return revoke(c, in->group_id, &r, in->dry_run, &in->security_group_rule_ids);
}

res ec2_revoke_security_group_egress(struct call *c, const struct ec2_revoke_security_group_egress_in *in,
                                     struct ec2_revoke_security_group_egress_out *out)
{
    struct rules_request r = REQUEST(in, true);

    out->returned = SET_BOOL(true);
    return revoke(c, in->group_id, &r, in->dry_run, &in->security_group_rule_ids);
}

/* ---- what a rule is for ---- */

static res describe_ids(struct call *c, struct ec2_group *g, const struct ec2_rule_description_list *list, bool egress)
{
    for (size_t k = 0; k < list->n; k++) {
        size_t i = 0;
        while (i < g->rules.n &&
               (!str_eq(g->rules.v[i].rule_id, list->v[k].security_group_rule_id) || g->rules.v[i].egress.v != egress))
            i++;
        if (i == g->rules.n)
            return fault(c, &ec2_InvalidSecurityGroupRuleIdNotFound, "The security group rule ID '%.*s' does not exist",
                         FMT(str_sub(list->v[k].security_group_rule_id, 0, 64)));
        TRY(rules_check_description(c, "rule", list->v[k].description));
        g->rules.v[i].description = list->v[k].description;
    }
    return OK;
}

static res describe_rules(struct call *c, str group_id, const struct rules_request *in, opt_bool dry_run,
                          const struct ec2_rule_description_list *ids)
{
    struct ec2_group *g;
    struct ec2_rule *told;
    size_t n;

    TRY(ec2_get_group(c, group_id, &g));
    TRY(rules_read(c, g, in, &told, &n));
    if (!n && !ids->n)
        return fault(c, &ec2_MissingParameter,
                     "Either 'ipPermissions' or 'securityGroupRuleDescriptions' should be provided.");
    TRY(describe_ids(c, g, ids, in->egress));
    for (size_t i = 0; i < n; i++) {
        size_t at = find_rule(g, &told[i]);
        if (at == g->rules.n)
            return fault(c, &ec2_InvalidPermissionNotFound,
                         "The specified rule does not exist in this security group.");
        g->rules.v[at].description = told[i].description;
    }
    TRY(ec2_dry_run(c, dry_run));
    return ec2_group_save(c, g);
}

res ec2_update_security_group_rule_descriptions_ingress(
    struct call *c, const struct ec2_update_security_group_rule_descriptions_ingress_in *in,
    struct ec2_update_security_group_rule_descriptions_ingress_out *out)
{
    struct rules_request r = {.permissions = &in->ip_permissions};

    out->returned = SET_BOOL(true);
    return describe_rules(c, in->group_id, &r, in->dry_run, &in->security_group_rule_descriptions);
}

res ec2_update_security_group_rule_descriptions_egress(
    struct call *c, const struct ec2_update_security_group_rule_descriptions_egress_in *in,
    struct ec2_update_security_group_rule_descriptions_egress_out *out)
{
    struct rules_request r = {.permissions = &in->ip_permissions, .egress = true};

    out->returned = SET_BOOL(true);
    return describe_rules(c, in->group_id, &r, in->dry_run, &in->security_group_rule_descriptions);
}
