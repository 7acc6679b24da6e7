/* SPDX-License-Identifier: MIT */
/* What the files of iam share: names, ids, policy bookkeeping that users and roles have in common. */
#ifndef BARMKIN_SERVICES_IAM_NAMES_H
#define BARMKIN_SERVICES_IAM_NAMES_H
#include "iam.h"

enum { IAM_MAX_ATTACHED = 20, IAM_MAX_VERSIONS = 5, IAM_MAX_KEYS = 2, IAM_PAGE = 100 };

str iam_new_id(struct call *c, const char *prefix);
res iam_check_path(struct call *c, str path);
res iam_check_name(struct call *c, str name);
/* "arn:aws:iam::123456789012:role/path/Name" into account, kind and plain name; false if it is no such ARN. */
bool iam_parse_arn(str arn, str *account, str *kind, str *name);

/* Inline policies of a user or a role: a list in the record. put replaces one of the same name. */
res iam_inline_put(struct call *c, struct iam_inline_policy_list *list, str name, str document);
const struct iam_inline_policy *iam_inline_find(const struct iam_inline_policy_list *list, str name);
res iam_inline_delete(struct call *c, struct iam_inline_policy_list *list, str name);
void iam_inline_names(struct call *c, const struct iam_inline_policy_list *list, struct list_of_str *out);

/* Managed policies attached to a user or a role: a list of ARNs. */
res iam_attach(struct call *c, struct list_of_str *list, str policy_arn);
res iam_detach(struct call *c, struct list_of_str *list, str policy_arn);
res iam_attached_out(struct call *c, const struct list_of_str *list, str path_prefix, struct iam_attached_list *out);

/* The default version's document of a managed policy, AWS's or the account's; absent if there is none. */
res iam_policy_document(struct call *c, str arn, str *document);
str iam_aws_policy(str arn);  /* of AWS's own managed policies; absent if Barmkin does not have it */
str iam_name_of_arn(str arn); /* what stands after the last slash */

/* Where a listing goes on: `Marker` is a page token. */
res iam_marker(struct call *c, str marker, str *after);

#endif
