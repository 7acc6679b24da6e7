/* SPDX-License-Identifier: MIT */
/* What an update would do. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_CFN_CHANGES_H
#define BARMKIN_SERVICES_CLOUDFORMATION_CFN_CHANGES_H
#include "cfn_request.h"

/* An array of changes in the form of DescribeChangeSet. before: what the stack is now; NULL: it is new. */
res cfn_changes(struct cfn_scope *new, const struct cloudformation_version *before, json_t **out, struct err *e);
bool cfn_outputs_differ(struct cfn_scope *new, const struct cloudformation_version *before);

#endif
