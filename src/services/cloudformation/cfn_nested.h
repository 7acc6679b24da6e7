/* SPDX-License-Identifier: MIT */
/* A stack in a stack. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_CFN_NESTED_H
#define BARMKIN_SERVICES_CLOUDFORMATION_CFN_NESTED_H
#include "cfn_parts.h"

/* Its update has ended well, or was turned back; it cleans up when its parent does. */
bool cfn_waits_for_parent(const struct cloudformation_stack *s);
/* And this call is its parent's: nobody else may begin anything with it now. */
bool cfn_is_open_to(struct call *c, const struct cloudformation_stack *s);
void cfn_tell_parent(struct call *c, const struct cloudformation_stack *s);

void cfn_lend(struct cfn_hand *h); /* before a call: what its parent was allowed to do */
res cfn_adopt(struct cfn_hand *h); /* after it: what the parent began is the parent's */
res cfn_cancel_children(struct call *c, const struct cloudformation_stack *s);

/* Of a stack that turns back: the stack in it that goes back with it; *out NULL: the update did nothing in there that
 * is still open. */
res cfn_follower(struct call *c, const struct cloudformation_stack *s, const struct cloudformation_resource *r,
                 struct cloudformation_stack **out);
/* Of a roll-back that goes on: what is in a stack may be skipped, the stack itself only when it goes. */
res cfn_may_skip(struct call *c, const struct cloudformation_stack *s, const struct list_of_str *names);
res cfn_turn_back_child(struct cfn_hand *h, struct cloudformation_stack *child);
/* What its state means to a parent that updates or turns back; a failure says why in h->reason. */
enum cfn_end cfn_judge_update(struct cfn_hand *h, str state, str why);

/* The parent's clean-up: is this a stack that waits for it? */
res cfn_holds_waiting(struct call *c, const struct cloudformation_resource *r, bool *waits);
res cfn_release(struct call *c, const struct cloudformation_resource *r, bool *waits); /* *waits: it is at work */
res cfn_set_free(struct call *c, const struct cloudformation_resource *r);
res cfn_release_all(struct call *c, const struct cloudformation_stack *s);

#endif
