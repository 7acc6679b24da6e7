/* SPDX-License-Identifier: MIT */
/* What a stack keeps sealed, and what its events do not show. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_CFN_SECRETS_H
#define BARMKIN_SERVICES_CLOUDFORMATION_CFN_SECRETS_H
#include "cfn_parts.h"

/* Where the template may bring secrets: from now on what the stack keeps of them is sealed. Save the stack. */
res cfn_give_key(struct call *c, struct cloudformation_stack *s, const struct template *t);

res cfn_seal_parameter(struct call *c, const struct cloudformation_stack *s, struct cloudformation_kept_parameter *p);
res cfn_open_parameter(struct call *c, const struct cloudformation_stack *s,
                       const struct cloudformation_kept_parameter *p, str *text, str *value);
/* Resources are saved and read through these only. */
res cfn_save_resource(struct call *c, const struct cloudformation_stack *s, struct cloudformation_resource *r);
res cfn_open_resource(struct call *c, const struct cloudformation_stack *s, const struct cloudformation_resource *r,
                      json_t **props, json_t **kept);
res cfn_open_response(struct call *c, const struct cloudformation_stack *s, const struct cloudformation_resource *r,
                      str *response);

res cfn_masks_of(struct call *c, const struct cloudformation_stack *s, struct cfn_masks *out);
/* One more secret of a function's answer. Save the stack. */
res cfn_hide(struct call *c, struct cloudformation_stack *s, struct cfn_masks *m, str secret);
str cfn_shown(struct call *c, const struct cfn_masks *m, const json_t *props); /* as JSON text */
str cfn_told(struct call *c, const struct cfn_masks *m, str reason);           /* a sentence without them */

#endif
