/* SPDX-License-Identifier: MIT */
/* One step of a stack's flow on its way: the plan it works off, and what the step may use. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_CFN_FLIGHT_H
#define BARMKIN_SERVICES_CLOUDFORMATION_CFN_FLIGHT_H
#include "cfn_parts.h"

/* A plan's item: a resource of the template to be there (its logical id), or a record to be gone (its key). */
enum cfn_state {
    ITEM_TODO = '.',
    ITEM_WAITS = 'w',
    ITEM_LINGERS = 'l', /* what an update that was cancelled had begun has not ended yet; then it is to do */
    ITEM_DONE = 'd',
    ITEM_FAILED = 'x'
};
enum { CFN_POLL_MIN_MS = 20 };

struct cfn_item {
    str id;
    size_t *deps, n_deps; /* items that must be done before */
    bool cleans;          /* a stack in the stack that stays, and cleans up with this one */
    char state;
};

struct cfn_flight {
    struct call *c;
    struct flow *f;
    struct cloudformation_stack *s;
    const struct caller *actor; /* NULL: nobody acts for the stack any more */
    str nobody;                 /* why */
    struct cfn_masks masks;
    struct cfn_scope scope;  /* open while resources are made */
    struct cfn_scope veiled; /* the same as events show it; its scope is NULL where there is nothing to hide */
    const json_t *wanted;    /* properties of the resource in hand, */
    str shown;               /* and as events show them; absent: as they are */
    struct cfn_item *items;
    size_t n_items;
    bool moved; /* something ended in this step: more may be ready */
    bool polls; /* something is waited for that does not tell when it ends; stacks in the stack do */
};

/* plan.c: in the flow's data: {"stage","operation","items":[{"id","deps":[],"cleans"}],"state":"..d.x"} */
bool cfn_has_plan(const struct cfn_flight *fl); /* of this stage of this operation */
void cfn_read_plan(struct cfn_flight *fl);
void cfn_keep_plan(struct cfn_flight *fl);
void cfn_keep_state(struct cfn_flight *fl);
void cfn_plan_ensure(struct cfn_flight *fl);
res cfn_plan_remove(struct cfn_flight *fl);
res cfn_plan_guard(struct cfn_flight *fl); /* what the stack policy forbids to remove is an item that has failed */

/* Each sets the item's state. */
res cfn_ensure(struct cfn_flight *fl, struct cfn_item *item); /* ensure.c */
res cfn_remove(struct cfn_flight *fl, struct cfn_item *item); /* remove.c */
res cfn_look(struct cfn_flight *fl, struct cfn_item *item);   /* steps.c: at one that is waited for */
res cfn_cancel(struct cfn_flight *fl, struct cfn_item *item); /* one that is waited for, when others failed */
res cfn_look_cleaning(struct cfn_flight *fl, struct cfn_item *item, struct cloudformation_resource *r);

/* steps.c: what ensure.c and remove.c share */
bool cfn_is_gone(const struct cloudformation_resource *r); /* or never was */
bool cfn_is_unfinished(const struct cfn_flight *fl, const struct cloudformation_resource *r);
struct cfn_hand cfn_hand_of(struct cfn_flight *fl, struct cloudformation_resource *r, const json_t *props);
res cfn_open_hand(struct cfn_flight *fl, struct cloudformation_resource *r, struct cfn_hand *h);
res cfn_saved(struct cfn_flight *fl, struct cloudformation_resource *r);
res cfn_set_aside(struct cfn_flight *fl, struct cloudformation_resource *r, const char *mark);
/* A change has begun, has ended well, has failed; a removal has begun or ended. */
res cfn_item_begun(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h, enum cfn_end end, bool created);
res cfn_item_complete(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h);
res cfn_item_failed(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h);
res cfn_item_removed(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h, enum cfn_end end);

#endif
