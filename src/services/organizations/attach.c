/* SPDX-License-Identifier: MIT */
/* Which policies hang where. A node keeps the ids of what is attached to it; AWS's two need not stand there. */
#include "organizations_parts.h"

struct list_of_str organizations_attached(struct call *c, const struct org_node *node, enum org_type t)
{
    const struct list_of_str *list = node->lists[t];
    str full = organizations_full_access(t);

    if (t == ORG_RCP) /* RCPFullAWSAccess is on everything and cannot be detached */
        return organizations_with(c, list, full);
    if (t == ORG_SCP && list->n == 0) /* the last SCP cannot be detached, so nothing was ever changed here */
        return organizations_with(c, list, full);
    return *list;
}

static bool has(const struct list_of_str *list, str id)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i], id))
            return true;
    return false;
}

static res check_type(struct call *c, enum org_type t)
{
    struct organizations_root *root;

    TRY(organizations_root(c, &root));
    if (t != ORG_NO_TYPE && organizations_enabled(root, t))
        return OK;
    return fault(c, &organizations_PolicyTypeNotEnabledException,
                 "This operation can be performed only for enabled policy types.");
}

res organizations_attach_policy(struct call *c, const struct organizations_attach_policy_in *in,
                                struct organizations_attach_policy_out *out)
{
    static const size_t max[] = {ORG_MAX_SCPS, ORG_MAX_RCPS, ORG_MAX_TAG_POLICIES};
    const struct organizations_policy *p = c->subject;
    struct org_node *node = (struct org_node *)c->resources[1].subject;
    enum org_type t = organizations_type(p->type);

    (void)in, (void)out;
    TRY(check_type(c, t));
    struct list_of_str now = organizations_attached(c, node, t);
    if (has(&now, p->id))
        return fault(c, &organizations_DuplicatePolicyAttachmentException,
                     "A policy with the specified name and type already attached.");
    if (now.n >= max[t])
        return organizations_because(c, "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
                                     fault(c, &organizations_ConstraintViolationException,
                                           "You have attached the maximum number of policies of this type (%zu).",
                                           max[t]));
    *node->lists[t] = organizations_with(c, t == ORG_SCP ? &now : node->lists[t], p->id);
    return organizations_node_save(c, node);
}

res organizations_detach_policy(struct call *c, const struct organizations_detach_policy_in *in,
                                struct organizations_detach_policy_out *out)
{
    const struct organizations_policy *p = c->subject;
    struct org_node *node = (struct org_node *)c->resources[1].subject;
    enum org_type t = organizations_type(p->type);

    (void)in, (void)out;
    TRY(check_type(c, t));
    struct list_of_str now = organizations_attached(c, node, t);
    if (!has(&now, p->id))
        return fault(c, &organizations_PolicyNotAttachedException,
                     "The policy isn't attached to the specified target.");
    if (t == ORG_RCP && organizations_is_aws(p->id))
        return organizations_because(
            c, "NON_DETACHABLE_POLICY",
            fault(c, &organizations_InvalidInputException, "You can't detach this AWS managed policy."));
    if (t == ORG_SCP && now.n == 1)
        return organizations_because(c, "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
                                     fault(c, &organizations_ConstraintViolationException,
                                           "You can't detach the last policy of this type from an entity."));
    *node->lists[t] = organizations_without(c, node->lists[t], p->id);
    return organizations_node_save(c, node);
}

res organizations_list_policies_for_target(struct call *c, const struct organizations_list_policies_for_target_in *in,
                                           struct organizations_list_policies_for_target_out *out)
{
    enum org_type t = organizations_type(in->filter);
    struct list_of_str all = {0};
    struct organizations_root *root;
    uint64_t from = 0; /* a token is how many have been told */
    str after;

    TRY(organizations_after(c, in->next_token, &after));
    if (str_is(after) && !str_to_u64(after, &from))
        return organizations_because(
            c, "INVALID_PAGINATION_TOKEN",
            fault(c, &organizations_InvalidInputException, "You specified an invalid value for nextToken."));
    TRY(organizations_root(c, &root));
    if (t != ORG_NO_TYPE && organizations_enabled(root, t))
        all = organizations_attached(c, c->subject, t);
    out->policies.v = ARENA_ARRAY(c->arena, struct organizations_summary, all.n + 1);
    size_t limit = organizations_limit(in->max_results);
    for (size_t i = from; i < all.n && out->policies.n < limit; i++, from++) {
        struct organizations_policy *p;
        TRY(organizations_policy_get(c, all.v[i], &p));
        if (p)
            out->policies.v[out->policies.n++] = organizations_summary_of(c, p);
    }
    if (from < all.n)
        out->next_token = page_token(c, arena_printf(c->arena, "%zu", (size_t)from));
    return OK;
}

/* ---- ListTargetsForPolicy: the root, then units, then accounts ---- */

struct walk {
    const struct organizations_policy *policy;
    enum org_type type;
    struct organizations_target_out_list *out;
    size_t limit;
    str last; /* looked at */
    bool more;
};

static res take(struct call *c, struct walk *w, str id)
{
    static const char *const kinds[] = {"ROOT", "ORGANIZATIONAL_UNIT", "ACCOUNT"};
    struct org_node node;
    bool found;

    w->last = id;
    TRY(organizations_node(c, id, &node, &found));
    if (!found)
        return OK;
    struct list_of_str attached = organizations_attached(c, &node, w->type);
    if (has(&attached, w->policy->id))
        w->out->v[w->out->n++] =
            (struct organizations_target_out){node.id, node.arn, node.name, str_z(kinds[node.kind])};
    return OK;
}

/* What AWS's own policies are attached to need not say so: all are looked at. */
static res walk_type(struct call *c, struct walk *w, const struct record_type *t, str after)
{
    size_t limit = w->limit - w->out->n;
    struct record_page page;

    if (limit == 0) {
        w->more = true;
        return OK;
    }
    if (organizations_is_aws(w->policy->id))
        TRY(record_list(c, t, organizations_management(c), STR_ABSENT, after, limit, &page));
    else
        TRY(record_by_after(c, t, "attached", w->policy->id, organizations_management(c), after, limit, &page));
    for (size_t i = 0; i < page.n; i++)
        TRY(take(c, w,
                 t == &organizations_unit_record ? ((struct organizations_unit *)page.v[i])->id
                                                 : ((struct organizations_account *)page.v[i])->id));
    w->more = page.more;
    return OK;
}

static bool is_unit(str id)
{
    return str_starts(id, S("ou-"));
}

res organizations_list_targets_for_policy(struct call *c, const struct organizations_list_targets_for_policy_in *in,
                                          struct organizations_list_targets_for_policy_out *out)
{
    struct walk w = {.policy = c->subject, .limit = organizations_limit(in->max_results), .out = &out->targets};
    struct organizations_root *root;
    str after;

    TRY(organizations_after(c, in->next_token, &after));
    TRY(organizations_root(c, &root));
    w.type = organizations_type(w.policy->type);
    out->targets.v = ARENA_ARRAY(c->arena, struct organizations_target_out, w.limit + 1);
    if (w.type == ORG_NO_TYPE || !organizations_enabled(root, w.type))
        return OK;
    if (!str_is(after))
        TRY(take(c, &w, root->id));
    if (!str_is(after) || after.p[0] == 'r' || is_unit(after))
        TRY(walk_type(c, &w, &organizations_unit_record, is_unit(after) ? after : STR_ABSENT));
    if (!w.more)
        TRY(walk_type(c, &w, &organizations_account_record, str_is(after) && after.n == 12 ? after : STR_ABSENT));
    if (w.more)
        out->next_token = page_token(c, w.last);
    return OK;
}
