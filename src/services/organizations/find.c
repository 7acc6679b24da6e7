/* SPDX-License-Identifier: MIT */
/* Finders of organizations, and whose policies judge a call. */
#include <assert.h>
#include <string.h>

#include "api/gate.h"
#include "organizations_parts.h"

/* Judged as across accounts: with the organization's resource policy, if it has one. */
static res by_resource_policy(struct call *c, struct resource *out, bool *seated)
{
    struct organizations_resource_policy *p;

    TRY(organizations_resource_policy_get(c, &p));
    if (!p)
        return OK;
    out->account = organizations_management(c);
    out->policy = p->content;
    out->policy_name = organizations_arn(c, "resourcepolicy", p->id);
    out->principals = p->principals.v;
    out->n_principals = p->principals.n;
    *seated = true;
    return OK;
}

/* The organization belongs to the management account. A member that reads as a delegated administrator is judged by its
 * own policies; any other member needs the organization's resource policy too, as across accounts everywhere (rule 12).
 * Who has no seat is told, after an allow of its own account, that it may not: nothing is found for it (rule 46). */
static res seat(struct call *c, struct resource *out, bool *seated)
{
    const struct guardrails *rails;

    out->account = c->caller->account;
    *seated = str_eq(c->caller->account, organizations_management(c));
    if (*seated)
        return OK;
    TRY(guardrails_get(c, c->caller->account, &rails));
    if (!str_is(rails->org_path)) {
        out->missing = &organizations_AWSOrganizationsNotInUseException;
        out->missing_text = S("Your account is not a member of an organization.");
        return OK;
    }
    if (c->op->kind == OP_READS)
        TRY(organizations_is_delegated(c, c->caller->account, seated));
    if (!*seated)
        TRY(by_resource_policy(c, out, seated));
    if (*seated)
        return OK;
    out->missing = &api_access_denied;
    out->missing_text = S("You don't have permissions to access this resource.");
    return OK;
}

res organizations_only_management(struct call *c)
{
    if (!str_eq(c->caller->account, organizations_management(c)))
        return fault(c, &api_access_denied, "You don't have permissions to access this resource.");
    return OK;
}

res organizations_find_anything(struct call *c, const str *names, size_t n, struct resource *out)
{
    bool seated;

    (void)names, (void)n;
    out->arn = S("*");
    return seat(c, out, &seated);
}

/* ---- nodes ---- */

static const struct str_pair *tags_of(const struct organizations_tag_list *tags)
{
    return (const struct str_pair *)tags->v;
}

static bool well_formed(str id)
{
    return organizations_is_id(id, "") || organizations_is_id(id, "r-") || organizations_is_id(id, "ou-");
}

enum { ROOT = 1 << ORG_ROOT, UNIT = 1 << ORG_UNIT, ACCOUNT = 1 << ORG_ACCOUNT };

/* What the model calls a node, by its part in an operation. */
static const struct part {
    const char *type;
    unsigned kinds; /* a bit for each that the id may be */
    const struct fault_type *missing;
    const char *text;
} parts[] = {
    {"account", ACCOUNT, &organizations_AccountNotFoundException, "You specified an account that doesn't exist."},
    {"unit", UNIT, &organizations_OrganizationalUnitNotFoundException,
     "You specified an organizational unit that doesn't exist."},
    {"root", ROOT, &organizations_RootNotFoundException, "You specified a root that doesn't exist."},
    {"parent", ROOT | UNIT, &organizations_ParentNotFoundException, "You specified parent that doesn't exist."},
    {"source", ROOT | UNIT, &organizations_SourceParentNotFoundException,
     "You specified a source parent that doesn't exist."},
    {"destination", ROOT | UNIT, &organizations_DestinationParentNotFoundException,
     "You specified a destination parent that doesn't exist."},
    {"child", UNIT | ACCOUNT, &organizations_ChildNotFoundException, "You specified a child that doesn't exist."},
    {"target", ROOT | UNIT | ACCOUNT, &organizations_TargetNotFoundException,
     "You specified a target that doesn't exist."},
};

static const struct part *part_named(const char *type)
{
    size_t i = 0, n = sizeof parts / sizeof *parts;

    while (i < n && strcmp(parts[i].type, type) != 0)
        i++;
    assert(i < n); /* the model names no other */
    return &parts[i];
}

static res find(struct call *c, str id, const struct part *p, struct resource *out)
{
    struct org_node *node = ARENA_NEW(c->arena, struct org_node);
    bool found, seated;

    if (!well_formed(id))
        return organizations_pattern(c);
    out->arn = organizations_arn(c, id.n == 12 ? "account" : id.p[0] == 'r' ? "root" : "ou", id);
    TRY(seat(c, out, &seated));
    if (!seated)
        return OK;
    TRY(organizations_node(c, id, node, &found));
    if (found && p->kinds & 1u << node->kind) {
        out->arn = node->arn;
        out->subject = node;
        out->tags = tags_of(node->tags);
        out->n_tags = node->tags->n;
        return OK;
    }
    out->missing = p->missing;
    out->missing_text = str_z(p->text);
    return OK;
}

res organizations_find_node(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], part_named(out->type->name), out);
}

/* ---- policies ---- */

res organizations_find_policy(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct organizations_policy *p;
    bool seated;

    (void)n;
    if (!organizations_is_id(names[0], "p-"))
        return organizations_pattern(c);
    out->arn = organizations_arn(c, "policy", arena_cat(c->arena, S("service_control_policy/"), names[0]));
    TRY(seat(c, out, &seated));
    if (!seated)
        return OK;
    TRY(organizations_policy_get(c, names[0], &p));
    if (!p) {
        out->missing = &organizations_PolicyNotFoundException;
        out->missing_text = S("We can't find a policy with the PolicyId that you specified.");
        return OK;
    }
    out->arn = organizations_policy_arn(c, p);
    out->subject = p;
    out->tags = tags_of(&p->tags);
    out->n_tags = p->tags.n;
    return OK;
}

res organizations_add_policy_type(struct call *c)
{
    const struct organizations_policy *p = c->resources[0].subject;

    if (p)
        context_add(c, S("organizations:PolicyType"), p->type);
    return OK;
}

/* ---- what can be tagged: nodes, policies, the resource policy ---- */

res organizations_find_tagged(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct org_node *node = ARENA_NEW(c->arena, struct org_node);
    bool found, seated;

    (void)n;
    if (!well_formed(names[0]) && !organizations_is_id(names[0], "p-") && !organizations_is_id(names[0], "rp-"))
        return organizations_pattern(c);
    out->arn = organizations_arn(c, "ou", names[0]);
    TRY(seat(c, out, &seated));
    if (!seated)
        return OK;
    TRY(organizations_tagged(c, names[0], node, &found));
    out->missing = &organizations_TargetNotFoundException;
    out->missing_text = S("You specified a target that doesn't exist.");
    if (!found)
        return OK;
    out->arn = node->arn;
    out->subject = node;
    out->tags = tags_of(node->tags);
    out->n_tags = node->tags->n;
    return OK;
}

/* Nobody needs a seat to read what binds its own account. */
res organizations_find_effective(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct org_node *node = ARENA_NEW(c->arena, struct org_node);
    str id = names[0].n ? names[0] : c->caller->account;
    bool found;

    (void)n;
    if (!str_eq(id, c->caller->account))
        return find(c, id, part_named("target"), out);
    out->arn = organizations_arn(c, "account", id);
    TRY(organizations_node(c, id, node, &found));
    out->missing = &organizations_AWSOrganizationsNotInUseException;
    out->missing_text = S("Your account is not a member of an organization.");
    out->subject = found ? node : NULL;
    return OK;
}

res organizations_find_resource_policy(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct organizations_resource_policy *p;
    bool seated;

    (void)names, (void)n;
    out->arn = organizations_arn(c, "resourcepolicy", S("*"));
    TRY(seat(c, out, &seated));
    if (!seated)
        return OK;
    TRY(organizations_resource_policy_get(c, &p));
    if (p) {
        out->arn = organizations_arn(c, "resourcepolicy", p->id);
        out->subject = p;
        out->tags = tags_of(&p->tags);
        out->n_tags = p->tags.n;
    } else if (c->op != &organizations_PutResourcePolicy_op) {
        out->missing = &organizations_ResourcePolicyNotFoundException;
        out->missing_text = S("We can't find a resource policy of this organization.");
    }
    return OK;
}

/* A handshake is known to its two parties. */
res organizations_find_handshake(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct organizations_handshake *h;
    str me = c->caller->account, management = organizations_management(c);

    (void)n;
    if (!organizations_is_id(names[0], "h-"))
        return organizations_pattern(c);
    out->arn = organizations_arn(c, "handshake", arena_cat(c->arena, S("invite/"), names[0]));
    out->missing = &organizations_HandshakeNotFoundException;
    out->missing_text = S("We can't find a handshake with the HandshakeId that you specified.");
    TRY(organizations_handshake_load(c, management, names[0], &h));
    if (!h || !(str_eq(me, management) || str_eq(me, h->account_id)))
        return OK;
    out->subject = h;
    out->tags = tags_of(&h->tags);
    out->n_tags = h->tags.n;
    return OK;
}
