/* SPDX-License-Identifier: MIT */
/* What the files of the policy simulator share: the policies of a simulation and where they come from. */
#ifndef BARMKIN_SERVICES_IAM_SIMULATE_H
#define BARMKIN_SERVICES_IAM_SIMULATE_H
#include "iam_names.h"

struct simulated { /* one policy */
    str id, text;  /* SourcePolicyId, and the document in which positions are counted */
    const struct policy *p;
};
struct simulated_list {
    struct simulated *v;
    size_t n, cap;
};

struct iam_source { /* what PolicySourceArn names */
    const char *kind;
    str arn, boundary;
    const struct iam_user *user; /* one of the three */
    const struct iam_role *role;
    const struct iam_group *group;
};

/* Compiles a document that was given; answers InvalidInput where it is malformed. */
res simulate_add(struct call *c, str id, str text, enum policy_kind kind, struct simulated_list *out);
/* "PolicyInputList.1" and so on. */
res simulate_add_given(struct call *c, const struct list_of_str *documents, struct simulated_list *out);
/* The source's own policies and its groups', but for those that `without` names (NULL: none). */
res simulate_add_attached(struct call *c, const struct iam_source *s, const struct iam_policy_identifier_list *without,
                          struct simulated_list *out);
bool simulate_without_type(const struct iam_policy_identifier_list *without, const char *type);
/* Every condition key and variable that the documents use, each once, as it is written first. */
res simulate_keys(struct call *c, const struct simulated_list *policies, struct list_of_str *keys);
/* "arn:${Partition}:s3:::${Bucket}/${Key}": the shape of what the action is judged on; "*" where there is none. */
str simulate_template(struct call *c, str action);
/* Where a statement stands in its document. */
bool simulate_position(str text, size_t statement, struct iam_position *from, struct iam_position *to);

#endif
