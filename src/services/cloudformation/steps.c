/* SPDX-License-Identifier: MIT */
/* One item of a plan, whether its resource shall be there (ensure.c) or be gone (remove.c): its record, how a change of
 * it ends, and what is waited for. */
#include "cfn_flight.h"
#include "cfn_secrets.h"

/* ---- records ---- */

bool cfn_is_gone(const struct cloudformation_resource *r)
{
    return !r || str_eq(r->resource_status, S("DELETE_COMPLETE")) || str_eq(r->resource_status, S("DELETE_SKIPPED")) ||
           (!r->physical_resource_id.n && str_eq(r->resource_status, S("CREATE_FAILED")));
}

struct cfn_hand cfn_hand_of(struct cfn_flight *fl, struct cloudformation_resource *r, const json_t *props)
{
    return (struct cfn_hand){.c = fl->c,
                             .actor = fl->actor,
                             .stack = fl->s,
                             .r = r,
                             .type = cfn_type_find(r->resource_type),
                             .masks = &fl->masks,
                             .props = props,
                             .properties =
                                 props == fl->wanted && fl->shown.n ? fl->shown : cfn_shown(fl->c, &fl->masks, props)};
}

res cfn_open_hand(struct cfn_flight *fl, struct cloudformation_resource *r, struct cfn_hand *h)
{
    json_t *props, *kept;

    TRY(cfn_open_resource(fl->c, fl->s, r, &props, &kept));
    *h = cfn_hand_of(fl, r, props);
    h->kept = kept;
    h->properties = r->shown.n ? r->shown : h->properties;
    return OK;
}

res cfn_saved(struct cfn_flight *fl, struct cloudformation_resource *r)
{
    if (!r->obsolete.v && fl->scope.t)
        cfn_forget(&fl->scope, r->logical_resource_id);
    return cfn_save_resource(fl->c, fl->s, r);
}

/* What the update had begun when it was cancelled, and has not ended. */
bool cfn_is_unfinished(const struct cfn_flight *fl, const struct cloudformation_resource *r)
{
    return r && str_starts(fl->s->stack_status, S("UPDATE_ROLLBACK")) &&
           str_ends(r->resource_status, S("_IN_PROGRESS")) && !str_starts(r->resource_status, S("DELETE"));
}

/* The old one stays until the clean-up, so that a roll-back finds it. */
res cfn_set_aside(struct cfn_flight *fl, struct cloudformation_resource *r, const char *mark)
{
    struct cloudformation_resource *old = ARENA_NEW(fl->c->arena, struct cloudformation_resource);

    *old = *r;
    old->key = arena_printf(fl->c->arena, "%.*s/%lld%s", FMT(r->key), (long long)fl->s->operation.v, mark);
    old->obsolete = SET_BOOL(true);
    return cfn_save_resource(fl->c, fl->s, old);
}

/* ---- the end of a change ---- */

static const char *status_of(struct cfn_hand *h, const char *end)
{
    bool updates = str_starts(h->r->resource_status, S("UPDATE"));

    return arena_printf(h->c->arena, "%s_%s", updates ? "UPDATE" : "CREATE", end).p;
}

res cfn_item_failed(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h)
{
    item->state = ITEM_FAILED;
    TRY(cfn_resource_event(h, status_of(h, "FAILED"), h->reason));
    return cfn_saved(fl, h->r);
}

res cfn_item_complete(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h)
{
    str ignored = cfn_ignored(h);

    item->state = ITEM_DONE;
    fl->moved = true;
    h->r->operation = fl->s->operation;
    if (str_is(ignored))
        TRY(cfn_resource_event(h, status_of(h, "IN_PROGRESS"), ignored));
    TRY(cfn_resource_event(h, status_of(h, "COMPLETE"), STR_ABSENT));
    return cfn_saved(fl, h->r);
}

res cfn_item_begun(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h, enum cfn_end end, bool created)
{
    if (end == CFN_FAILED)
        return cfn_item_failed(fl, item, h);
    h->r->shown = fl->shown;
    if (created)
        TRY(cfn_resource_event(h, status_of(h, "IN_PROGRESS"), S("Resource creation Initiated")));
    if (end == CFN_DONE)
        return cfn_item_complete(fl, item, h);
    item->state = ITEM_WAITS;
    fl->polls |= !h->type->nested;
    h->r->began = SET_TIME(fl->c->now_ms);
    return cfn_saved(fl, h->r);
}

/* ---- waiting ---- */

static res load_item(struct cfn_flight *fl, const struct cfn_item *item, struct cloudformation_resource **r)
{
    bool key = str_find(item->id, '/') >= 0;

    TRY(cloudformation_resource_load(fl->c, STR_ABSENT, key ? item->id : cfn_key(fl->c, fl->s, item->id), r));
    return *r ? OK : oops(&fl->c->err, 0, "the resource %.*s is gone", FMT(item->id));
}

/* An update that was answered with another physical id has made another resource: the one before goes at the clean-up.
 */
static res part(struct cfn_flight *fl, struct cloudformation_resource *r)
{
    struct cloudformation_resource *before;

    TRY(cloudformation_resource_load(fl->c, STR_ABSENT, r->key, &before));
    if (before->old_properties.n)
        before->properties = before->old_properties;
    r->born = fl->s->operation;
    return cfn_set_aside(fl, before, "");
}

static res look(struct cfn_flight *fl, struct cfn_item *item)
{
    struct cloudformation_resource *r;
    struct cfn_hand h;
    enum cfn_end end = CFN_FAILED;

    TRY(load_item(fl, item, &r));
    if (item->cleans)
        return cfn_look_cleaning(fl, item, r);
    TRY(cfn_open_hand(fl, r, &h));
    h.reason = fl->actor ? STR_ABSENT : fl->nobody;
    if (fl->actor)
        TRY(cfn_poll(&h, &end));
    fl->polls |= end == CFN_WAITS && !h.type->nested;
    if (end == CFN_WAITS)
        return OK;
    if (str_starts(r->resource_status, S("DELETE")))
        return cfn_item_removed(fl, item, &h, end);
    if (end == CFN_DONE && h.other_id && str_starts(r->resource_status, S("UPDATE")))
        TRY(part(fl, r));
    return end == CFN_DONE ? cfn_item_complete(fl, item, &h) : cfn_item_failed(fl, item, &h);
}

res cfn_look(struct cfn_flight *fl, struct cfn_item *item)
{
    bool lingers = item->state == ITEM_LINGERS;

    TRY(look(fl, item));
    if (lingers && item->state != ITEM_LINGERS) {
        item->state = ITEM_TODO;
        fl->moved = true;
    }
    return OK;
}

res cfn_cancel(struct cfn_flight *fl, struct cfn_item *item)
{
    struct cloudformation_resource *r;
    struct cfn_hand h;

    TRY(load_item(fl, item, &r));
    TRY(cfn_open_hand(fl, r, &h));
    h.reason =
        str_starts(r->resource_status, S("UPDATE")) ? S("Resource update cancelled") : S("Resource creation cancelled");
    return cfn_item_failed(fl, item, &h);
}
