/* SPDX-License-Identifier: MIT */
/* What an update would do. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_CFN_CHANGES_H
#define BARMKIN_SERVICES_CLOUDFORMATION_CFN_CHANGES_H
#include "cfn_request.h"

/* An array of changes in the form of DescribeChangeSet. before: what the stack is now; NULL: it is new. values: where
 * to put what change_values.c sees; or NULL. */
res cfn_changes(struct cfn_scope *new, const struct cloudformation_version *before, json_t **out, json_t **values,
                struct err *e);
bool cfn_outputs_differ(struct cfn_scope *new, const struct cloudformation_version *before);

/* ---- change_values.c ---- */
struct cfn_values_seen {
    struct cfn_scope *new, veiled;
    bool veils; /* the stack has secrets: values are told from `veiled` */
    struct cfn_masks masks;
    json_t *all;
};
res cfn_begin_values(struct cfn_values_seen *seen, struct cfn_scope *new);
/* r: as it is to be; was: as it is; either NULL. */
res cfn_see_values(struct cfn_values_seen *seen, str logical, const struct template_resource *r,
                   const struct cloudformation_resource *was);
void cfn_add_values(json_t *changes, const json_t *values); /* into an answer */

#endif
