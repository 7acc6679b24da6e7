/* SPDX-License-Identifier: MIT */
/* Policies of an organization: service control, resource control and tag policies, and AWS's own two. */
#include <string.h>

#include "api/house.h"
#include "base/json.h"
#include "organizations_parts.h"

/* ---- types ---- */

static const char *const type_names[] = {"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY"};

enum org_type organizations_type(str name)
{
    for (int t = 0; t < ORG_TYPES; t++)
        if (str_eq(name, str_z(type_names[t])))
            return (enum org_type)t;
    return ORG_NO_TYPE;
}

str organizations_type_name(enum org_type t)
{
    return str_z(type_names[t]);
}

bool organizations_enabled(const struct organizations_root *root, enum org_type t)
{
    for (size_t i = 0; i < root->policy_types.n; i++)
        if (organizations_type(root->policy_types.v[i]) == t)
            return true;
    return false;
}

/* ---- AWS's own: they cannot be changed (rule 41) ---- */

static const struct {
    const char *id, *name, *description, *content;
} aws_policies[] = {
    [ORG_SCP] = {"p-FullAWSAccess", "FullAWSAccess", "Allows access to every operation",
                 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}"
                 "]}"},
    [ORG_RCP] = {"p-RCPFullAWSAccess", "RCPFullAWSAccess", "Allows access to every resource",
                 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\""
                 ",\"Resource\":\"*\"}]}"}};

str organizations_full_access(enum org_type t)
{
    return t == ORG_SCP || t == ORG_RCP ? str_z(aws_policies[t].id) : STR_ABSENT;
}

bool organizations_is_aws(str policy_id)
{
    return str_eq(policy_id, str_z(aws_policies[ORG_SCP].id)) || str_eq(policy_id, str_z(aws_policies[ORG_RCP].id));
}

res organizations_policy_get(struct call *c, str id, struct organizations_policy **out)
{
    for (int t = 0; t <= ORG_RCP; t++) {
        if (!str_eq(id, str_z(aws_policies[t].id)))
            continue;
        *out = ARENA_NEW(c->arena, struct organizations_policy);
        (*out)->id = str_z(aws_policies[t].id);
        (*out)->name = str_z(aws_policies[t].name);
        (*out)->description = str_z(aws_policies[t].description);
        (*out)->type = str_z(type_names[t]);
        (*out)->content = str_z(aws_policies[t].content);
        return OK;
    }
    return organizations_policy_load(c, organizations_management(c), id, out);
}

static str path_of_type(struct call *c, str type)
{
    char *low = arena_z(c->arena, type);

    for (char *p = low; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    return str_z(low);
}

str organizations_policy_arn(struct call *c, const struct organizations_policy *p)
{
    str kind = path_of_type(c, p->type);

    if (organizations_is_aws(p->id))
        return arena_printf(c->arena, "arn:%.*s:organizations::aws:policy/%.*s/%.*s", FMT(c->worker->house->partition),
                            FMT(kind), FMT(p->id));
    return organizations_arn(c, "policy", arena_printf(c->arena, "%.*s/%.*s", FMT(kind), FMT(p->id)));
}

struct organizations_summary organizations_summary_of(struct call *c, const struct organizations_policy *p)
{
    struct organizations_summary s = {.arn = organizations_policy_arn(c, p),
                                      .aws_managed = SET_BOOL(organizations_is_aws(p->id))};

    shape_copy(&organizations_policy_shape, p, &organizations_summary_shape, &s);
    return s;
}

static struct organizations_policy_out *policy_out(struct call *c, const struct organizations_policy *p)
{
    struct organizations_policy_out *o = ARENA_NEW(c->arena, struct organizations_policy_out);

    o->policy_summary = ARENA_NEW(c->arena, struct organizations_summary);
    *o->policy_summary = organizations_summary_of(c, p);
    o->content = p->content;
    return o;
}

/* ---- content ---- */

static res check_size(struct call *c, enum org_type t, str content)
{
    static const size_t max[] = {ORG_SCP_BYTES, ORG_RCP_BYTES, ORG_TAG_POLICY_BYTES};

    if (content.n <= max[t])
        return OK;
    return organizations_because(c, "POLICY_CONTENT_LIMIT_EXCEEDED",
                                 fault(c, &organizations_ConstraintViolationException,
                                       "You have exceeded the maximum policy size of %zu bytes.", max[t]));
}

static res check_rcp_action(struct call *c, str action)
{
    static const char *const reached[] = {"s3:", "sts:", "kms:", "sqs:", "secretsmanager:", "ecr:", "aoss:"};

    for (size_t i = 0; i < sizeof reached / sizeof *reached; i++)
        if (str_starts_nocase(action, str_z(reached[i])))
            return OK;
    return fault(c, &organizations_MalformedPolicyDocumentException,
                 "The provided policy document does not meet the requirements of the specified policy type: the action "
                 "%.*s is of no service that resource control policies reach.",
                 FMT(action));
}

/* Customers' RCPs take away only, and name what they take (rule 16). */
static res check_rcp_statement(struct call *c, const json_t *statement)
{
    const json_t *actions = json_object_get(statement, "Action");

    if (!str_eq(json_str_at(statement, "Effect"), S("Deny")))
        return fault(c, &organizations_MalformedPolicyDocumentException,
                     "The provided policy document does not meet the requirements of the specified policy type: the "
                     "Effect of a resource control policy is Deny.");
    if (!actions)
        return fault(c, &organizations_MalformedPolicyDocumentException,
                     "The provided policy document does not meet the requirements of the specified policy type: "
                     "NotAction is not supported.");
    for (size_t i = 0; i < json_array_size(actions); i++)
        TRY(check_rcp_action(c, json_str(json_array_get(actions, i))));
    return json_is_string(actions) ? check_rcp_action(c, json_str(actions)) : OK;
}

static res check_rcp(struct call *c, str content)
{
    json_t *j, *statements;

    TRY(policy_check_current(c, content, POLICY_RCP, &organizations_MalformedPolicyDocumentException));
    TRY(json_parse(c->arena, content, &c->err, &j));
    statements = json_object_get(j, "Statement");
    for (size_t i = 0; i < json_array_size(statements); i++)
        TRY(check_rcp_statement(c, json_array_get(statements, i)));
    return json_is_object(statements) ? check_rcp_statement(c, statements) : OK;
}

static res check_content(struct call *c, enum org_type t, str content)
{
    TRY(check_size(c, t, content));
    if (t == ORG_SCP)
        return policy_check_current(c, content, POLICY_SCP, &organizations_MalformedPolicyDocumentException);
    if (t == ORG_RCP)
        return check_rcp(c, content);
    return organizations_tag_policy_check(c, content);
}

static res check_name(struct call *c, str name, const struct organizations_policy *self)
{
    struct organizations_policy_page same;
    bool taken = str_eq(name, S("FullAWSAccess")) || str_eq(name, S("RCPFullAWSAccess"));

    TRY(organizations_policy_by(c, "name", name, organizations_management(c), 1, &same));
    if (taken || (same.n && (!self || !str_eq(same.v[0]->id, self->id))))
        return fault(c, &organizations_DuplicatePolicyException, "A policy with the same name already exists.");
    return OK;
}

/* ---- operations ---- */

res organizations_create_policy(struct call *c, const struct organizations_create_policy_in *in,
                                struct organizations_create_policy_out *out)
{
    struct organizations_policy *p = ARENA_NEW(c->arena, struct organizations_policy);
    enum org_type t = organizations_type(in->type);

    if (t == ORG_NO_TYPE)
        return fault(c, &organizations_PolicyTypeNotAvailableForOrganizationException,
                     "Barmkin has no policies of the type %.*s: service control, resource control and tag policies are "
                     "built.",
                     FMT(in->type));
    TRY(organizations_check_tags(c, &in->tags));
    TRY(check_content(c, t, in->content));
    TRY(check_name(c, in->name, NULL));
    shape_copy(&organizations_create_policy_in_shape, in, &organizations_policy_shape, p);
    p->at.account = organizations_management(c);
    p->id = call_unique(c, "p-", 10);
    TRY(organizations_policy_save(c, p));
    out->policy = policy_out(c, p);
    return OK;
}

static res not_aws(struct call *c, const struct organizations_policy *p)
{
    if (!organizations_is_aws(p->id))
        return OK;
    return organizations_because(c, "IMMUTABLE_POLICY",
                                 fault(c, &organizations_InvalidInputException,
                                       "You specified a policy that is managed by AWS and can't be modified."));
}

res organizations_update_policy(struct call *c, const struct organizations_update_policy_in *in,
                                struct organizations_update_policy_out *out)
{
    struct organizations_policy *p = (struct organizations_policy *)c->subject;

    TRY(not_aws(c, p));
    if (str_is(in->name)) {
        TRY(check_name(c, in->name, p));
        p->name = in->name;
    }
    if (str_is(in->description))
        p->description = in->description;
    if (str_is(in->content)) {
        TRY(check_content(c, organizations_type(p->type), in->content));
        p->content = in->content;
    }
    TRY(organizations_policy_save(c, p));
    out->policy = policy_out(c, p);
    return OK;
}

static res check_unused(struct call *c, str id)
{
    static const struct record_type *const types[] = {&organizations_root_record, &organizations_unit_record,
                                                      &organizations_account_record};
    struct record_page page;

    for (size_t i = 0; i < 3; i++) {
        TRY(record_by(c, types[i], "attached", id, organizations_management(c), 1, &page));
        if (page.n)
            return fault(c, &organizations_PolicyInUseException,
                         "The policy is attached to one or more entities. You must detach it from all roots, OUs, and "
                         "accounts before performing this operation.");
    }
    return OK;
}

res organizations_delete_policy(struct call *c, const struct organizations_delete_policy_in *in,
                                struct organizations_delete_policy_out *out)
{
    const struct organizations_policy *p = c->subject;

    (void)in, (void)out;
    TRY(not_aws(c, p));
    TRY(check_unused(c, p->id));
    return organizations_policy_drop(c, p);
}

res organizations_describe_policy(struct call *c, const struct organizations_describe_policy_in *in,
                                  struct organizations_describe_policy_out *out)
{
    (void)in;
    out->policy = policy_out(c, c->subject);
    return OK;
}

/* AWS's own comes first; a page may hold fewer than were asked for while others follow. */
res organizations_list_policies(struct call *c, const struct organizations_list_policies_in *in,
                                struct organizations_list_policies_out *out)
{
    size_t limit = organizations_limit(in->max_results);
    enum org_type t = organizations_type(in->filter);
    struct organizations_policy_page page;
    struct organizations_policy *aws;
    str after;

    TRY(organizations_after(c, in->next_token, &after));
    out->policies.v = ARENA_ARRAY(c->arena, struct organizations_summary, limit + 1);
    if (t == ORG_NO_TYPE)
        return OK;
    if (!str_is(after) && str_is(organizations_full_access(t))) {
        TRY(organizations_policy_get(c, organizations_full_access(t), &aws));
        out->policies.v[out->policies.n++] = organizations_summary_of(c, aws);
    }
    TRY(organizations_policy_list_all(c, organizations_management(c), STR_ABSENT, after, limit - out->policies.n,
                                      &page));
    for (size_t i = 0; i < page.n; i++)
        if (organizations_type(page.v[i]->type) == t)
            out->policies.v[out->policies.n++] = organizations_summary_of(c, page.v[i]);
    if (page.more)
        out->next_token = page_token(c, page.n ? page.v[page.n - 1]->id : S(""));
    return OK;
}
