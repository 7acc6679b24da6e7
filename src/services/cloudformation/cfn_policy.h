/* SPDX-License-Identifier: MIT */
/* Stack policies. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_CFN_POLICY_H
#define BARMKIN_SERVICES_CLOUDFORMATION_CFN_POLICY_H
#include "cfn_request.h"

/* Of the members `what`Body and `what`URL, of which one may be given; *out absent: neither is. ids: what it may name.
 */
res cfn_read_policy(struct call *c, const char *what, str body, str url, const struct list_of_str *ids, str *out);
/* The resources that a stack has, and those it is to have. new: or NULL. */
res cfn_ids_of(struct call *c, const struct cloudformation_stack *s, const struct cfn_scope *new,
               struct list_of_str *out);
/* action: Update:Modify, Update:Replace or Update:Delete. An absent policy denies nothing. */
bool cfn_policy_denies(struct call *c, str policy, const char *action, str logical, str type, str *why);

#endif
