/* SPDX-License-Identifier: MIT */
/* What the files of iam share: names, ids, and the policies and tags that users, roles and groups have alike. */
#ifndef BARMKIN_SERVICES_IAM_NAMES_H
#define BARMKIN_SERVICES_IAM_NAMES_H
#include "iam.h"

/* AWS's default quotas; sizes are characters without white space. */
enum {
    IAM_MAX_ATTACHED = 10,
    IAM_MAX_VERSIONS = 5,
    IAM_MAX_VERSIONS_IN_ALL = 10000,
    IAM_MAX_KEYS = 2,
    IAM_MAX_TAGS = 50,
    IAM_PAGE = 100,
    IAM_MAX_USERS = 5000,
    IAM_MAX_ROLES = 1000,
    IAM_MAX_GROUPS = 300,
    IAM_MAX_GROUPS_OF_USER = 10,
    IAM_MAX_POLICIES = 1500,
    IAM_MAX_PROFILES = 1000,
    IAM_USER_INLINE_MAX = 2048,
    IAM_GROUP_INLINE_MAX = 5120,
    IAM_ROLE_INLINE_MAX = 10240,
    IAM_TRUST_MAX = 2048,
    IAM_MANAGED_MAX = 6144
};

str iam_new_id(struct call *c, const char *prefix);
res iam_check_path(struct call *c, str path);
res iam_check_name(struct call *c, const char *member, str name);
str iam_path_or_root(str path);
/* Names are unique without regard to case, but found by their own spelling only. Kept in each record's NameKey. */
str iam_name_key(struct call *c, str name);
res iam_name_taken(struct call *c, const struct record_type *t, str name, bool *taken);
res iam_check_count(struct call *c, const struct record_type *t, const char *quota, int64_t most);
void iam_append(struct call *c, struct list_of_str *list, str one);
bool iam_remove(struct list_of_str *list, str one); /* was it there? */
/* "arn:aws:iam::123456789012:role/path/Name" into account, kind and plain name; false if it is no such ARN. */
bool iam_parse_arn(str arn, str *account, str *kind, str *name);
size_t iam_policy_size(str document);

/* What users, roles and groups have alike, by pointers into the record of one. */
struct iam_entity {
    const char *kind, *quota; /* "role", "PoliciesPerRole" */
    size_t inline_max;        /* bytes of all its inline policies */
    str name;
    struct iam_inline_policy_list *inline_policies;
    struct list_of_str *attached;
};
struct iam_entity iam_entity_of_user(struct iam_user *u);
struct iam_entity iam_entity_of_role(struct iam_role *r);
struct iam_entity iam_entity_of_group(struct iam_group *g);
res iam_group_by_id(struct call *c, str account, str id, struct iam_group **out);
/* As lists show them: AWS leaves out tags and boundary there. */
struct iam_user_out iam_user_listed(const struct iam_user *u);
struct iam_role_out iam_role_listed(struct call *c, const struct iam_role *r);
res iam_role_out(struct call *c, const struct iam_role *r, struct iam_role_out **out);
res iam_role_used(struct call *c, const struct iam_role *r, struct iam_last_used **out);
res iam_profile_out(struct call *c, const struct iam_instance_profile *p, bool listed,
                    struct iam_instance_profile_out *o);
res iam_keys_of(struct call *c, str user, struct iam_access_key_page *page);
/* Below /aws-service-role/ and /aws-reserved/ everything is AWS's: UnmodifiableEntity. */
bool iam_is_reserved_path(str path);
res iam_check_modifiable(struct call *c, const struct iam_role *r);

/* Inline policies: a list in the record. put replaces one of the same name. */
res iam_inline_put(struct call *c, const struct iam_entity *x, str name, str document);
const struct iam_inline_policy *iam_inline_find(const struct iam_inline_policy_list *list, str name);
res iam_inline_delete(struct call *c, const struct iam_entity *x, str name);

/* Managed policies attached: a list of ARNs. */
res iam_attach(struct call *c, const struct iam_entity *x, str policy_arn);
res iam_detach(struct call *c, const struct iam_entity *x, str policy_arn);
/* The default version's document of a managed policy that this account may use, AWS's or its own; else absent. */
res iam_policy_document(struct call *c, str account, str arn, str *document);
str iam_aws_policy(str arn); /* of AWS's own managed policies; absent if Barmkin does not have it */
/* As explain names it: with a note where it is one of AWS's that are cut to the services known here. */
str iam_policy_told_as(struct call *c, str arn);
str iam_aws_policy_arn(struct call *c, size_t i); /* of the i-th; absent past the last */
size_t iam_aws_policy_count(void);
struct iam_managed iam_aws_managed(struct call *c, str arn); /* shaped as a record, so that it reads alike */
res iam_policy_out(struct call *c, const struct iam_managed *m, struct iam_policy_out *o);
str iam_name_of_arn(str arn); /* what stands after the last slash */

res iam_check_boundary(struct call *c, str policy_arn);
res iam_check_tags(struct call *c, const struct iam_tag_list *tags);
res iam_tag(struct call *c, struct iam_tag_list *tags, const struct iam_tag_list *add);
void iam_untag(struct iam_tag_list *tags, const struct list_of_str *keys);
struct iam_boundary *iam_boundary_out(struct call *c, str arn); /* NULL: none */

/* ---- listings: `Marker` is a page token ---- */
res iam_marker(struct call *c, str marker, str *after);
size_t iam_page_size(opt_int max_items);
res iam_check_prefix(struct call *c, str path_prefix);
struct iam_window { /* of a list that lies in a record */
    size_t from, n;
    bool more;
    str marker;
};
res iam_window(struct call *c, size_t total, str marker, opt_int max_items, struct iam_window *out);
res iam_tags_out(struct call *c, const struct iam_tag_list *list, str marker, opt_int max_items,
                 struct iam_tag_list *tags, opt_bool *truncated, str *next);
res iam_names_out(struct call *c, const struct iam_inline_policy_list *list, str marker, opt_int max_items,
                  struct list_of_str *names, opt_bool *truncated, str *next);
res iam_attached_out(struct call *c, const struct list_of_str *list, str path_prefix, str marker, opt_int max_items,
                     struct iam_attached_list *out, opt_bool *truncated, str *next);

#endif
