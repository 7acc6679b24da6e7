/* SPDX-License-Identifier: MIT */
/* The organization itself: one, with one root, made by `barmkin init` with all features. */
#include "api/gate.h"
#include "api/house.h"
#include "organizations_parts.h"

static res am_member(struct call *c, bool *is)
{
    const struct guardrails *rails;

    TRY(guardrails_get(c, c->caller->account, &rails));
    *is = str_is(rails->org_path);
    return OK;
}

/* In all features mode AWS names service control policies here whatever the root says: clients are told to ask it. */
res organizations_describe_organization(struct call *c, const struct organizations_describe_organization_in *in,
                                        struct organizations_describe_organization_out *out)
{
    struct organizations_organization *o = ARENA_NEW(c->arena, struct organizations_organization);
    struct organizations_policy_type *types = ARENA_ARRAY(c->arena, struct organizations_policy_type, 1);
    str id = c->worker->house->org_id, master = organizations_management(c);
    bool member;

    (void)in;
    TRY(am_member(c, &member));
    if (!member)
        return fault(c, &organizations_AWSOrganizationsNotInUseException,
                     "Your account is not a member of an organization.");
    types[0] = (struct organizations_policy_type){S("SERVICE_CONTROL_POLICY"), S("ENABLED")};
    o->id = id;
    o->arn = arena_printf(c->arena, "arn:%.*s:organizations::%.*s:organization/%.*s", FMT(c->worker->house->partition),
                          FMT(master), FMT(id));
    o->feature_set = S("ALL");
    o->master_account_id = master;
    o->master_account_arn = organizations_arn(c, "account", master);
    o->master_account_email = S("management@barmkin.internal");
    o->available_policy_types = (struct organizations_policy_type_list){1, types};
    out->organization = o;
    return OK;
}

/* ---- what this house settles once and for all ---- */

res organizations_create_organization(struct call *c, const struct organizations_create_organization_in *in,
                                      struct organizations_create_organization_out *out)
{
    bool member;

    (void)in, (void)out;
    TRY(am_member(c, &member));
    if (member)
        return fault(c, &organizations_AlreadyInOrganizationException,
                     "The AWS account is already a member of an organization.");
    return organizations_because(
        c, "ACCOUNT_CREATION_NOT_COMPLETE",
        fault(c, &organizations_ConstraintViolationException,
              "A house has one organization, made by `barmkin init`; ask its management account "
              "for an invitation."));
}

res organizations_delete_organization(struct call *c, const struct organizations_delete_organization_in *in,
                                      struct organizations_delete_organization_out *out)
{
    (void)in, (void)out;
    TRY(organizations_only_management(c));
    return fault(c, &organizations_OrganizationNotEmptyException,
                 "The organization isn't empty. A house keeps its organization as long as it stands.");
}

res organizations_enable_all_features(struct call *c, const struct organizations_enable_all_features_in *in,
                                      struct organizations_enable_all_features_out *out)
{
    (void)in, (void)out;
    TRY(organizations_only_management(c));
    return organizations_because(c, "ORGANIZATION_ALREADY_HAS_ALL_FEATURES",
                                 fault(c, &organizations_HandshakeConstraintViolationException,
                                       "The organization has all features enabled already."));
}

/* ---- the root and its types of policies ---- */

static void root_out(struct call *c, const struct organizations_root *r, struct organizations_root_out *out)
{
    out->id = r->id;
    out->name = S("Root");
    out->arn = organizations_arn(c, "root", r->id);
    out->policy_types.v = ARENA_ARRAY(c->arena, struct organizations_policy_type, r->policy_types.n + 1);
    for (size_t i = 0; i < r->policy_types.n; i++)
        out->policy_types.v[out->policy_types.n++] =
            (struct organizations_policy_type){r->policy_types.v[i], S("ENABLED")};
}

res organizations_list_roots(struct call *c, const struct organizations_list_roots_in *in,
                             struct organizations_list_roots_out *out)
{
    struct organizations_root *r;

    (void)in;
    TRY(organizations_root(c, &r));
    out->roots = (struct organizations_root_out_list){1, ARENA_NEW(c->arena, struct organizations_root_out)};
    root_out(c, r, out->roots.v);
    return OK;
}

static struct organizations_root *subject(struct call *c)
{
    return ((const struct org_node *)c->subject)->record;
}

static res root_answer(struct call *c, struct organizations_root *r, struct organizations_root_out **out)
{
    TRY(organizations_root_save(c, r));
    *out = ARENA_NEW(c->arena, struct organizations_root_out);
    root_out(c, r, *out);
    return OK;
}

res organizations_enable_policy_type(struct call *c, const struct organizations_enable_policy_type_in *in,
                                     struct organizations_enable_policy_type_out *out)
{
    enum org_type t = organizations_type(in->policy_type);
    struct organizations_root *r = subject(c);

    if (t == ORG_NO_TYPE)
        return fault(c, &organizations_PolicyTypeNotAvailableForOrganizationException,
                     "Barmkin has no policies of the type %.*s: service control, resource control and tag policies are "
                     "built.",
                     FMT(in->policy_type));
    if (organizations_enabled(r, t))
        return fault(c, &organizations_PolicyTypeAlreadyEnabledException,
                     "The specified policy type is already enabled.");
    r->policy_types = organizations_with(c, &r->policy_types, in->policy_type);
    return root_answer(c, r, &out->root);
}

/* ---- disabling: all policies of the type are detached from everything; what comes back later is AWS's default ---- */

static res clear_page(struct call *c, const struct record_type *type, enum org_type t, str *after, bool *more)
{
    struct record_page page;
    struct org_node node;
    bool found;

    TRY(record_list(c, type, organizations_management(c), STR_ABSENT, *after, 200, &page));
    for (size_t i = 0; i < page.n; i++) {
        *after = type == &organizations_unit_record ? ((struct organizations_unit *)page.v[i])->id
                                                    : ((struct organizations_account *)page.v[i])->id;
        TRY(organizations_node(c, *after, &node, &found));
        if (!found || node.lists[t]->n == 0)
            continue;
        *node.lists[t] = (struct list_of_str){0};
        TRY(organizations_node_save(c, &node));
    }
    *more = page.more;
    return OK;
}

static res clear(struct call *c, const struct record_type *type, enum org_type t)
{
    str after = STR_ABSENT;
    bool more = true;

    while (more)
        TRY(clear_page(c, type, t, &after, &more));
    return OK;
}

res organizations_disable_policy_type(struct call *c, const struct organizations_disable_policy_type_in *in,
                                      struct organizations_disable_policy_type_out *out)
{
    enum org_type t = organizations_type(in->policy_type);
    struct org_node *node = (struct org_node *)c->subject;
    struct organizations_root *r = subject(c);

    if (t == ORG_NO_TYPE || !organizations_enabled(r, t))
        return fault(c, &organizations_PolicyTypeNotEnabledException,
                     "This operation can be performed only for enabled policy types.");
    TRY(clear(c, &organizations_unit_record, t));
    TRY(clear(c, &organizations_account_record, t));
    *node->lists[t] = (struct list_of_str){0};
    r->policy_types = organizations_without(c, &r->policy_types, in->policy_type);
    return root_answer(c, r, &out->root);
}
