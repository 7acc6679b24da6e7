/* SPDX-License-Identifier: MIT */
/* What the files of organizations share: the tree of root, units and accounts, its policies, and who may ask. */
#ifndef BARMKIN_SERVICES_ORGANIZATIONS_PARTS_H
#define BARMKIN_SERVICES_ORGANIZATIONS_PARTS_H
#include "organizations.h"

/* AWS's quotas (sizes in bytes as sent). RCPFullAWSAccess and FullAWSAccess count. */
enum {
    ORG_PAGE = 20,
    ORG_MAX_UNIT_DEPTH = 5,
    ORG_MAX_SCPS = 5,
    ORG_MAX_RCPS = 5,
    ORG_MAX_TAG_POLICIES = 10,
    ORG_SCP_BYTES = 5120,
    ORG_RCP_BYTES = 5120,
    ORG_TAG_POLICY_BYTES = 10000,
    ORG_MAX_TAGS = 50
};

/* The three types of policies that are built; a root has each of them on or off. */
enum org_type { ORG_SCP, ORG_RCP, ORG_TAG, ORG_TYPES, ORG_NO_TYPE = ORG_TYPES };
enum org_type organizations_type(str name); /* "SERVICE_CONTROL_POLICY" */
str organizations_type_name(enum org_type t);

/* ---- the tree: what a policy can be attached to ---- */
enum org_kind { ORG_ROOT, ORG_UNIT, ORG_ACCOUNT, ORG_POLICY, ORG_RESOURCE_POLICY /* the last two only for tags */ };

struct org_node { /* a root, a unit or an account, by pointers into its record */
    enum org_kind kind;
    str id, arn, name;
    str parent_id;                        /* absent: of the root, and of an account that has left */
    struct list_of_str *lists[ORG_TYPES]; /* ids of the attached policies */
    struct organizations_tag_list *tags;
    void *record;
};

enum { ORG_MAX_CHAIN = ORG_MAX_UNIT_DEPTH + 2 };
struct org_chain { /* from the root down to a node */
    struct org_node v[ORG_MAX_CHAIN];
    size_t n;
};

str organizations_management(const struct call *c);
str organizations_root_id(struct call *c);
/* "arn:aws:organizations::MASTER:KIND/o-ORG/ID" */
str organizations_arn(struct call *c, const char *kind, str id);
res organizations_root(struct call *c, struct organizations_root **out); /* never NULL */
/* By the id of whatever kind; *found is false for ids that name nothing in the organization. */
res organizations_node(struct call *c, str id, struct org_node *out, bool *found);
/* The same, and also policies and the resource policy. */
res organizations_tagged(struct call *c, str id, struct org_node *out, bool *found);
res organizations_node_save(struct call *c, struct org_node *node);
/* n == 0: the node is not in the organization. */
res organizations_chain(struct call *c, const struct org_node *of, struct org_chain *out);
str organizations_path(struct call *c, const struct org_chain *chain); /* "o-.../r-.../ou-.../" */
bool organizations_is_id(str id, const char *prefix); /* "p-", "ou-", "r-"...: well-formed, or twelve digits for "" */

/* ---- policies ---- */
/* AWS's two are among them; *out is NULL when there is none. */
res organizations_policy_get(struct call *c, str id, struct organizations_policy **out);
bool organizations_is_aws(str policy_id);
str organizations_full_access(enum org_type t); /* the id of AWS's policy that is attached to all; absent: none */
str organizations_policy_arn(struct call *c, const struct organizations_policy *p);
bool organizations_enabled(const struct organizations_root *root, enum org_type t);
/* What is attached to a node, AWS's own included (which need not stand in the record). */
struct list_of_str organizations_attached(struct call *c, const struct org_node *node, enum org_type t);
struct organizations_summary organizations_summary_of(struct call *c, const struct organizations_policy *p);

/* tags.c: refuses what is no tag policy, or what Barmkin would not keep (enforced_for). */
res organizations_tag_policy_check(struct call *c, str content);

/* What the tag policies of a chain amount to, as JSON text; absent: nothing. */
res organizations_effective_tags(struct call *c, const struct org_chain *chain, str *out);

/* ---- who may ---- */
/* The organization's resource policy, or NULL. */
res organizations_resource_policy_get(struct call *c, struct organizations_resource_policy **out);
res organizations_is_delegated(struct call *c, str account, bool *is);
res organizations_drop_delegations(struct call *c, const char *index, str value);
/* What no delegation reaches; the finders have seen to all else (seat, in find.c). */
res organizations_only_management(struct call *c);

/* ---- answers ---- */
/* `return because(c, "REASON", fault(...))`: the Reason that AWS's clients read. */
res organizations_because(struct call *c, const char *reason, res why);
res organizations_pattern(struct call *c); /* a value does not have the form it should have */
res organizations_after(struct call *c, str token, str *after);
size_t organizations_limit(opt_int max_results);
res organizations_account_out(struct call *c, const struct organizations_account *a,
                              struct organizations_account_out *out);
res organizations_join(struct call *c, struct organizations_account *a); /* below the root, as a new member */
bool organizations_is_member(const struct organizations_account *a);
res organizations_check_tags(struct call *c, const struct organizations_tag_list *tags);
struct list_of_str organizations_without(struct call *c, const struct list_of_str *list, str gone);
struct list_of_str organizations_with(struct call *c, const struct list_of_str *list, str added);

#endif
