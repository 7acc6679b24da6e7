/* SPDX-License-Identifier: MIT */
/* A resource that shall be gone, or that cleans up within itself. */
#include "cfn_flight.h"
#include "cfn_nested.h"

static bool is_whole(const struct cfn_flight *fl) /* the stack goes, not only what it does not want any more */
{
    return !str_ends(fl->s->stack_status, S("CLEANUP_IN_PROGRESS"));
}

/* ---- the end of a removal ---- */

static res gone(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h, const char *status)
{
    item->state = ITEM_DONE;
    fl->moved = true;
    TRY(cfn_resource_event(h, status, STR_ABSENT));
    return is_whole(fl) ? cfn_saved(fl, h->r) : cloudformation_resource_drop(fl->c, h->r);
}

res cfn_item_removed(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h, enum cfn_end end)
{
    if (end == CFN_DONE)
        return gone(fl, item, h, "DELETE_COMPLETE");
    item->state = end == CFN_WAITS ? ITEM_WAITS : ITEM_FAILED;
    fl->polls |= end == CFN_WAITS && !h->type->nested;
    if (end == CFN_FAILED)
        TRY(cfn_resource_event(h, "DELETE_FAILED", h->reason));
    h->r->began = SET_TIME(fl->c->now_ms);
    return cfn_saved(fl, h->r);
}

/* ---- to be gone ---- */

static bool is_named(const struct list_of_str *list, str name)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i], name))
            return true;
    return false;
}

static bool is_retained(const struct cfn_flight *fl, const struct cloudformation_resource *r)
{
    str policy = r->obsolete.v ? r->update_replace_policy : r->deletion_policy;
    bool asked = str_eq(fl->s->last_action, S("DeleteStack"));
    bool creating =
        str_eq(fl->s->stack_status, S("ROLLBACK_IN_PROGRESS")) ||
        (str_eq(fl->s->stack_status, S("DELETE_IN_PROGRESS")) && !asked); /* the end of what never was whole */

    if (str_eq(policy, S("RetainExceptOnCreate")) || (creating && fl->s->retain_except_on_create.v))
        return !creating;
    return str_eq(policy, S("Retain")) || is_named(&fl->s->retain_resources, r->logical_resource_id);
}

res cfn_remove(struct cfn_flight *fl, struct cfn_item *item)
{
    struct cloudformation_resource *r;
    struct cfn_hand h;
    enum cfn_end end = CFN_FAILED;

    TRY(cloudformation_resource_load(fl->c, STR_ABSENT, item->id, &r));
    item->state = ITEM_DONE;
    if (item->cleans)
        return cfn_look_cleaning(fl, item, r);
    if (!r || (cfn_is_gone(r) && is_whole(fl)))
        return OK;
    TRY(cfn_open_hand(fl, r, &h));
    if (cfn_is_gone(r)) /* it never came to be, and is not wanted any more */
        return gone(fl, item, &h, "DELETE_COMPLETE");
    if (cfn_is_unfinished(fl, r) && h.type && !h.type->nested) { /* a stack may go while it is made */
        item->state = ITEM_LINGERS;
        return OK;
    }
    if (is_retained(fl, r)) {
        TRY(cfn_set_free(fl->c, r));
        return gone(fl, item, &h, "DELETE_SKIPPED");
    }
    TRY(cfn_resource_event(&h, "DELETE_IN_PROGRESS", STR_ABSENT));
    h.reason = !fl->actor ? fl->nobody : h.type ? STR_ABSENT : S("The resource type is not known any more");
    if (!h.reason.n)
        TRY(cfn_delete(&h, &end));
    return cfn_item_removed(fl, item, &h, end);
}

/* ---- a stack in the stack that stays: it cleans up now ---- */

static res cleaned(struct cfn_flight *fl, struct cfn_item *item, struct cloudformation_resource *r)
{
    struct cfn_hand h;

    item->state = ITEM_DONE;
    fl->moved = true;
    TRY(cfn_open_hand(fl, r, &h));
    TRY(cfn_resource_event(&h, "UPDATE_COMPLETE", STR_ABSENT));
    return cfn_saved(fl, r);
}

res cfn_look_cleaning(struct cfn_flight *fl, struct cfn_item *item, struct cloudformation_resource *r)
{
    bool waits;

    TRY(cfn_release(fl->c, r, &waits));
    item->state = ITEM_WAITS;
    return waits ? OK : cleaned(fl, item, r);
}
