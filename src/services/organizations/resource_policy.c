/* SPDX-License-Identifier: MIT */
/* The organization's resource policy: by it members manage policies of the organization. One document, judged by the
 * gate as any resource policy is (rule 12). */
#include "base/json.h"
#include "organizations_parts.h"

#define THE_ONE S("resource-policy")

res organizations_resource_policy_get(struct call *c, struct organizations_resource_policy **out)
{
    return organizations_resource_policy_load(c, organizations_management(c), THE_ONE, out);
}

/* What AWS lets members be given. All else stays with the management account: organizations_only_management. */
static bool can_be_given(str action)
{
    static const char *const exact[] = {"AttachPolicy",
                                        "CreatePolicy",
                                        "DeletePolicy",
                                        "DetachPolicy",
                                        "DisablePolicyType",
                                        "EnablePolicyType",
                                        "TagResource",
                                        "UntagResource",
                                        "UpdatePolicy",
                                        "DescribeAccount",
                                        "DescribePolicy",
                                        "DescribeCreateAccountStatus",
                                        "DescribeEffectivePolicy",
                                        "DescribeOrganization",
                                        "DescribeOrganizationalUnit",
                                        "DescribeResourcePolicy",
                                        "ListAWSServiceAccessForOrganization",
                                        "ListAccounts",
                                        "ListAccountsForParent",
                                        "ListChildren",
                                        "ListCreateAccountStatus",
                                        "ListDelegatedAdministrators",
                                        "ListDelegatedServicesForAccount",
                                        "ListHandshakesForOrganization",
                                        "ListOrganizationalUnitsForParent",
                                        "ListParents",
                                        "ListPolicies",
                                        "ListPoliciesForTarget",
                                        "ListRoots",
                                        "ListTagsForResource",
                                        "ListTargetsForPolicy"};
    str name = str_from(action, 14);

    if (!str_starts_nocase(action, S("organizations:")))
        return false;
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (str_eq_nocase(name, str_z(exact[i])))
            return true;
    return false;
}

static res check_action(struct call *c, str action)
{
    if (can_be_given(action))
        return OK;
    return organizations_because(c, "UNSUPPORTED_ACTION_IN_RESOURCE_POLICY",
                                 fault(c, &organizations_InvalidInputException,
                                       "The action %.*s cannot be given to members by a resource policy.",
                                       FMT(action)));
}

static res check_principal(struct call *c, str principal)
{
    bool arn = str_starts(principal, S("arn:")), found;
    str rest = arn ? str_behind(principal, ':', 4) : principal, id = arn ? str_cut(&rest, ':') : principal;
    struct org_node node;

    TRY(organizations_node(c, id, &node, &found));
    if (found && node.kind == ORG_ACCOUNT)
        return OK;
    return organizations_because(c, "INVALID_PRINCIPAL",
                                 fault(c, &organizations_InvalidInputException,
                                       "The principal %.*s is of no member of this organization.", FMT(principal)));
}

static res check_each(struct call *c, const json_t *one_or_many, res (*check)(struct call *c, str text))
{
    if (!json_is_array(one_or_many))
        return check(c, json_str(one_or_many));
    for (size_t i = 0; i < json_array_size(one_or_many); i++)
        TRY(check(c, json_str(json_array_get(one_or_many, i))));
    return OK;
}

/* Actions and principals are named one by one: a wildcard would give what cannot be given. */
static res check_statement(struct call *c, const json_t *statement)
{
    TRY(check_each(c, json_object_get(statement, "Action"), check_action));
    return check_each(c, json_object_get(json_object_get(statement, "Principal"), "AWS"), check_principal);
}

static res check_content(struct call *c, str content)
{
    json_t *j, *statements;
    res malformed = policy_check(c, content, POLICY_RESOURCE, &organizations_InvalidInputException);

    if (malformed.why == WHY_FAULT)
        return organizations_because(c, "INVALID_RESOURCE_POLICY_JSON", malformed);
    TRY(malformed);
    TRY(json_parse(c->arena, content, &c->err, &j));
    statements = json_object_get(j, "Statement");
    for (size_t i = 0; i < json_array_size(statements); i++)
        TRY(check_statement(c, json_array_get(statements, i)));
    return json_is_object(statements) ? check_statement(c, statements) : OK;
}

static struct organizations_resource_policy_out *answer(struct call *c, const struct organizations_resource_policy *p)
{
    struct organizations_resource_policy_out *o = ARENA_NEW(c->arena, struct organizations_resource_policy_out);

    o->resource_policy_summary = ARENA_NEW(c->arena, struct organizations_resource_policy_summary);
    o->resource_policy_summary->id = p->id;
    o->resource_policy_summary->arn = organizations_arn(c, "resourcepolicy", p->id);
    o->content = p->content;
    return o;
}

res organizations_put_resource_policy(struct call *c, const struct organizations_put_resource_policy_in *in,
                                      struct organizations_put_resource_policy_out *out)
{
    struct organizations_resource_policy *p = (struct organizations_resource_policy *)c->subject;

    TRY(organizations_only_management(c));
    TRY(organizations_check_tags(c, &in->tags));
    TRY(check_content(c, in->content));
    if (!p) {
        p = ARENA_NEW(c->arena, struct organizations_resource_policy);
        p->at.account = organizations_management(c);
        p->kind = THE_ONE;
        p->id = call_unique(c, "rp-", 10);
        p->tags = in->tags;
    } else if (in->tags.n) {
        return organizations_because(c, "UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED",
                                     fault(c, &organizations_InvalidInputException,
                                           "Tags are given with a new resource policy; use TagResource."));
    }
    p->content = in->content;
    TRY(policy_bind(c, in->content, POLICY_RESOURCE, &organizations_InvalidInputException, &p->principals));
    TRY(organizations_resource_policy_save(c, p));
    out->resource_policy = answer(c, p);
    return OK;
}

res organizations_describe_resource_policy(struct call *c, const struct organizations_describe_resource_policy_in *in,
                                           struct organizations_describe_resource_policy_out *out)
{
    (void)in;
    out->resource_policy = answer(c, c->subject);
    return OK;
}

res organizations_delete_resource_policy(struct call *c, const struct organizations_delete_resource_policy_in *in,
                                         struct organizations_delete_resource_policy_out *out)
{
    (void)in, (void)out;
    TRY(organizations_only_management(c));
    return organizations_resource_policy_drop(c, c->subject);
}
