/* SPDX-License-Identifier: MIT */
/* One item of a plan: a resource that shall be there as the template says, or one that shall be gone. */
#include "cfn_flight.h"
#include "cfn_policy.h"
#include "cfn_secrets.h"

#include <string.h>

/* ---- records ---- */

bool cfn_is_gone(const struct cloudformation_resource *r)
{
    return !r || str_eq(r->resource_status, S("DELETE_COMPLETE")) || str_eq(r->resource_status, S("DELETE_SKIPPED")) ||
           (!r->physical_resource_id.n && str_eq(r->resource_status, S("CREATE_FAILED")));
}

static struct list_of_str names_of(struct cfn_flight *fl, const struct template_resource *tr)
{
    const struct template_links *links = &fl->scope.scope->depends[tr->at];
    str *v = ARENA_ARRAY(fl->c->arena, str, links->n + 1);

    for (size_t i = 0; i < links->n; i++)
        v[i] = fl->scope.t->resources[links->at[i]].id;
    return (struct list_of_str){links->n, v};
}

/* What the template says beside the properties; it changes nothing outside the record. */
static void describe(struct cfn_flight *fl, const struct template_resource *tr, struct cloudformation_resource *r)
{
    r->resource_type = tr->type;
    r->depends_on = names_of(fl, tr);
    r->deletion_policy = tr->deletion_policy;
    r->update_replace_policy = tr->update_replace_policy;
    r->metadata = tr->metadata ? cfn_dump(fl->c->arena, tr->metadata) : STR_ABSENT;
}

static struct cfn_hand hand_of(struct cfn_flight *fl, struct cloudformation_resource *r, const json_t *props)
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

static res open_hand(struct cfn_flight *fl, struct cloudformation_resource *r, struct cfn_hand *h)
{
    json_t *props, *kept;

    TRY(cfn_open_resource(fl->c, fl->s, r, &props, &kept));
    *h = hand_of(fl, r, props);
    h->kept = kept;
    h->properties = r->shown.n ? r->shown : h->properties;
    return OK;
}

static res saved(struct cfn_flight *fl, struct cloudformation_resource *r)
{
    if (!r->obsolete.v && fl->scope.t)
        cfn_forget(&fl->scope, r->logical_resource_id);
    return cfn_save_resource(fl->c, fl->s, r);
}

/* ---- the end of a change ---- */

static const char *status_of(struct cfn_hand *h, const char *end)
{
    bool updates = str_starts(h->r->resource_status, S("UPDATE"));

    return arena_printf(h->c->arena, "%s_%s", updates ? "UPDATE" : "CREATE", end).p;
}

static res failed(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h)
{
    item->state = ITEM_FAILED;
    TRY(cfn_resource_event(h, status_of(h, "FAILED"), h->reason));
    return saved(fl, h->r);
}

static res complete(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h)
{
    str ignored = cfn_ignored(h);

    item->state = ITEM_DONE;
    fl->moved = true;
    h->r->operation = fl->s->operation;
    if (str_is(ignored))
        TRY(cfn_resource_event(h, status_of(h, "IN_PROGRESS"), ignored));
    TRY(cfn_resource_event(h, status_of(h, "COMPLETE"), STR_ABSENT));
    return saved(fl, h->r);
}

static res begun(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h, enum cfn_end end, bool created)
{
    if (end == CFN_FAILED)
        return failed(fl, item, h);
    h->r->shown = fl->shown;
    if (created)
        TRY(cfn_resource_event(h, status_of(h, "IN_PROGRESS"), S("Resource creation Initiated")));
    if (end == CFN_DONE)
        return complete(fl, item, h);
    item->state = ITEM_WAITS;
    h->r->began = SET_TIME(fl->c->now_ms);
    return saved(fl, h->r);
}

/* ---- to be there ---- */

static struct cloudformation_resource *fresh(struct cfn_flight *fl, const struct template_resource *tr)
{
    struct cloudformation_resource *r = ARENA_NEW(fl->c->arena, struct cloudformation_resource);

    *r = (struct cloudformation_resource){.key = cfn_key(fl->c, fl->s, tr->id),
                                          .stack_id = fl->s->stack_id,
                                          .logical_resource_id = tr->id,
                                          .born = fl->s->operation};
    describe(fl, tr, r);
    return r;
}

static res make(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h)
{
    enum cfn_end end = CFN_FAILED;

    if (!h->reason.n)
        TRY(cfn_create(h, &end));
    return begun(fl, item, h, end, true);
}

static res create(struct cfn_flight *fl, struct cfn_item *item, const struct template_resource *tr, const json_t *props,
                  str reason)
{
    struct cloudformation_resource *r = fresh(fl, tr);
    struct cfn_hand h = hand_of(fl, r, props);

    h.reason = reason;
    TRY(cfn_resource_event(&h, "CREATE_IN_PROGRESS", STR_ABSENT));
    return make(fl, item, &h);
}

/* The old one stays until the clean-up, so that a roll-back finds it. */
static res set_aside(struct cfn_flight *fl, struct cloudformation_resource *r, const char *mark)
{
    struct cloudformation_resource *old = ARENA_NEW(fl->c->arena, struct cloudformation_resource);

    *old = *r;
    old->key = arena_printf(fl->c->arena, "%.*s/%lld%s", FMT(r->key), (long long)fl->s->operation.v, mark);
    old->obsolete = SET_BOOL(true);
    return cfn_save_resource(fl->c, fl->s, old);
}

static bool keeps_its_name(struct cfn_hand *h)
{
    const char *prop = h->type->name_prop;

    return prop && json_object_get(h->props, prop) &&
           cfn_same(json_object_get(h->props, prop), json_object_get(h->before, prop));
}

static res replace(struct cfn_flight *fl, struct cfn_item *item, const struct template_resource *tr,
                   struct cfn_hand *old)
{
    struct cloudformation_resource *r = fresh(fl, tr);
    struct cfn_hand h = hand_of(fl, r, old->props);

    r->physical_resource_id = old->r->physical_resource_id;
    TRY(cfn_resource_event(
        &h, "UPDATE_IN_PROGRESS",
        S("Requested update requires the creation of a new physical resource; hence creating one.")));
    h.before = old->before;
    enum cfn_end end = CFN_FAILED;
    if (keeps_its_name(&h))
        h.reason = arena_printf(fl->c->arena,
                                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                                "Rename %.*s and update the stack again.",
                                FMT(r->physical_resource_id));
    else
        TRY(cfn_create(&h, &end));
    if (end != CFN_FAILED) {
        TRY(set_aside(fl, old->r, ""));
        return begun(fl, item, &h, end, true);
    }
    item->state = ITEM_FAILED; /* the old one is still the one there is */
    old->reason = h.reason;
    old->denied = h.denied;
    TRY(cfn_resource_event(old, "UPDATE_FAILED", h.reason));
    return saved(fl, old->r);
}

/* The one that was there before all updates since the stack was last whole: the first that was set aside. */
static res find_first(struct cfn_flight *fl, const struct cloudformation_resource *r,
                      struct cloudformation_resource **first)
{
    struct cloudformation_resource_page page;
    str prefix = arena_cat(fl->c->arena, r->key, S("/"));
    int64_t at, best = 0;

    *first = NULL;
    TRY(cloudformation_resource_list_all(fl->c, STR_ABSENT, prefix, STR_ABSENT, CFN_RESOURCES_MAX, &page));
    for (size_t i = 0; i < page.n; i++) {
        bool numbered = str_to_i64(str_from(page.v[i]->key, prefix.n), &at);
        if (!numbered || at > r->born.v || (*first && at > best) || cfn_is_gone(page.v[i]) ||
            str_starts(page.v[i]->resource_status, S("DELETE")))
            continue;
        *first = page.v[i];
        best = at;
    }
    return OK;
}

/* A roll-back meets what an update has made in place of another: they change places again. */
static res swap_back(struct cfn_flight *fl, struct cloudformation_resource **r)
{
    struct cloudformation_resource *old;

    TRY(find_first(fl, *r, &old));
    if (!old)
        return OK;
    TRY(set_aside(fl, *r, ".new"));
    TRY(cloudformation_resource_drop(fl->c, old));
    old->key = (*r)->key;
    old->obsolete = SET_BOOL(false);
    *r = old;
    return saved(fl, old);
}

static res change(struct cfn_flight *fl, struct cfn_item *item, const struct template_resource *tr, struct cfn_hand *h,
                  bool replaces)
{
    enum cfn_end end = CFN_FAILED;

    if (replaces)
        return replace(fl, item, tr, h);
    TRY(cfn_resource_event(h, "UPDATE_IN_PROGRESS", STR_ABSENT));
    describe(fl, tr, h->r);
    TRY(cfn_update(h, &end));
    return begun(fl, item, h, end, false);
}

/* In an update only: what a roll-back does was allowed, or done, before. */
static bool is_forbidden(struct cfn_flight *fl, const struct cfn_hand *h, bool replaces, str *why)
{
    return str_eq(fl->s->stack_status, S("UPDATE_IN_PROGRESS")) && !str_eq(h->r->resource_status, S("CREATE_FAILED")) &&
           cfn_policy_denies(fl->c, fl->s->update_policy, replaces ? "Update:Replace" : "Update:Modify",
                             h->r->logical_resource_id, h->r->resource_type, why);
}

static res forbid(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h, str why)
{
    item->state = ITEM_FAILED;
    TRY(cfn_resource_event(h, "UPDATE_FAILED", why));
    return saved(fl, h->r);
}

static res settle(struct cfn_flight *fl, struct cfn_item *item, const struct template_resource *tr,
                  struct cloudformation_resource *r)
{
    item->state = ITEM_DONE;
    fl->moved = true;
    describe(fl, tr, r);
    r->operation = fl->s->operation;
    if (str_ends(r->resource_status, S("_FAILED"))) { /* its change was undone: it is as it was */
        struct cfn_hand h;
        TRY(open_hand(fl, r, &h));
        TRY(cfn_resource_event(&h, "UPDATE_COMPLETE", STR_ABSENT));
    }
    return saved(fl, r);
}

/* Another resource in its place would be the loss of what this one holds. */
static str unchangeable(struct cfn_hand *h)
{
    str name = cfn_fixed(h->type, h->before, h->props);

    return name.n ? arena_printf(h->c->arena, "Updates are not supported for property [%.*s] of resource type %s",
                                 FMT(name), h->type->name)
                  : STR_ABSENT;
}

static res adjust(struct cfn_flight *fl, struct cfn_item *item, const struct template_resource *tr,
                  struct cloudformation_resource *r, const json_t *props, str reason)
{
    struct cfn_hand h = hand_of(fl, r, props);
    json_t *before, *kept;
    bool changed;

    TRY(cfn_open_resource(fl->c, fl->s, r, &before, &kept));
    h.before = before;
    h.kept = kept;
    bool other = !str_eq(r->resource_type, tr->type) || str_eq(r->resource_status, S("CREATE_FAILED"));
    h.reason = reason.n || other ? reason : unchangeable(&h);
    if (h.reason.n) {
        TRY(cfn_resource_event(&h, "UPDATE_IN_PROGRESS", STR_ABSENT));
        return failed(fl, item, &h);
    }
    bool replaces = other || cfn_replaces(h.type, before, props, &changed);
    if (!other && !changed && !h.type->nested)
        return settle(fl, item, tr, r);
    if (is_forbidden(fl, &h, replaces, &reason))
        return forbid(fl, item, &h, reason);
    return change(fl, item, tr, &h, replaces);
}

static bool is_skipped(const struct cfn_flight *fl, str id)
{
    for (size_t i = 0; i < fl->s->skip_resources.n; i++)
        if (str_eq(fl->s->skip_resources.v[i], id))
            return true;
    return false;
}

/* A function of the template that does not take **** leaves it to the masks. */
static void show(struct cfn_flight *fl, const struct template_resource *tr, const struct cfn_type *t,
                 const json_t *props)
{
    struct err e = {0};
    json_t *veiled = NULL;

    fl->wanted = props;
    fl->shown = STR_ABSENT;
    if (fl->veiled.scope && is_ok(template_properties(fl->veiled.scope, tr, &e, &veiled)) && veiled)
        fl->shown = cfn_shown(fl->c, &fl->masks, cfn_add_tags(fl->c, t, fl->s->now, veiled));
}

/* The properties as they are to be, or why they cannot be known. */
static res wanted(struct cfn_flight *fl, const struct template_resource *tr, json_t **props, str *reason)
{
    const struct cfn_type *t = cfn_type_find(tr->type);
    struct err e = {0};

    *reason = fl->actor ? STR_ABSENT : fl->nobody;
    *props = cfn_own(fl->c->arena, json_object());
    if (!t) {
        *reason = arena_printf(fl->c->arena, "Unrecognized resource type: %.*s", FMT(tr->type));
        return OK;
    }
    json_t *found = NULL;
    res why = template_properties(fl->scope.scope, tr, &e, &found);
    if (why.why == WHY_REJECT)
        *reason = arena_dup(fl->c->arena, str_z(e.what));
    else if (!is_ok(why))
        return oops(&fl->c->err, e.sys_errno, "%s", e.what);
    else if (found && template_has_later(found))
        *reason = S("A value that the resource needs is not known");
    else if (found)
        *props = cfn_add_tags(fl->c, t, fl->s->now, found);
    show(fl, tr, t, *props);
    return OK;
}

/* What the update had begun when it was cancelled, and has not ended. */
static bool is_unfinished(const struct cfn_flight *fl, const struct cloudformation_resource *r)
{
    return r && str_starts(fl->s->stack_status, S("UPDATE_ROLLBACK")) &&
           str_ends(r->resource_status, S("_IN_PROGRESS")) && !str_starts(r->resource_status, S("DELETE"));
}

res cfn_ensure(struct cfn_flight *fl, struct cfn_item *item)
{
    const struct template_resource *tr = template_resource_find(fl->scope.t, item->id);
    struct cloudformation_resource *r;
    json_t *props;
    str reason;

    TRY(cloudformation_resource_load(fl->c, STR_ABSENT, cfn_key(fl->c, fl->s, item->id), &r));
    if (is_unfinished(fl, r)) {
        item->state = ITEM_LINGERS;
        return OK;
    }
    if (is_skipped(fl, item->id) && r)
        return settle(fl, item, tr, r);
    TRY(wanted(fl, tr, &props, &reason));
    if (cfn_is_gone(r))
        return create(fl, item, tr, props, reason);
    if (str_eq(fl->s->stack_status, S("UPDATE_ROLLBACK_IN_PROGRESS")))
        TRY(swap_back(fl, &r));
    return adjust(fl, item, tr, r, props, reason);
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
    bool creating = str_eq(fl->s->stack_status, S("ROLLBACK_IN_PROGRESS"));

    if (str_eq(policy, S("RetainExceptOnCreate")) || (creating && fl->s->retain_except_on_create.v))
        return !creating;
    return str_eq(policy, S("Retain")) || is_named(&fl->s->retain_resources, r->logical_resource_id);
}

static bool is_whole(const struct cfn_flight *fl) /* the stack goes, not only what it does not want any more */
{
    return !str_ends(fl->s->stack_status, S("CLEANUP_IN_PROGRESS"));
}

static res gone(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h, const char *status)
{
    item->state = ITEM_DONE;
    fl->moved = true;
    TRY(cfn_resource_event(h, status, STR_ABSENT));
    return is_whole(fl) ? saved(fl, h->r) : cloudformation_resource_drop(fl->c, h->r);
}

static res ended(struct cfn_flight *fl, struct cfn_item *item, struct cfn_hand *h, enum cfn_end end)
{
    if (end == CFN_DONE)
        return gone(fl, item, h, "DELETE_COMPLETE");
    item->state = end == CFN_WAITS ? ITEM_WAITS : ITEM_FAILED;
    if (end == CFN_FAILED)
        TRY(cfn_resource_event(h, "DELETE_FAILED", h->reason));
    h->r->began = SET_TIME(fl->c->now_ms);
    return saved(fl, h->r);
}

res cfn_remove(struct cfn_flight *fl, struct cfn_item *item)
{
    struct cloudformation_resource *r;
    struct cfn_hand h;
    enum cfn_end end = CFN_FAILED;

    TRY(cloudformation_resource_load(fl->c, STR_ABSENT, item->id, &r));
    item->state = ITEM_DONE;
    if (cfn_is_gone(r))
        return OK;
    TRY(open_hand(fl, r, &h));
    if (is_unfinished(fl, r) && h.type && !h.type->nested) { /* a stack may go while it is made */
        item->state = ITEM_LINGERS;
        return OK;
    }
    if (is_retained(fl, r))
        return gone(fl, item, &h, "DELETE_SKIPPED");
    TRY(cfn_resource_event(&h, "DELETE_IN_PROGRESS", STR_ABSENT));
    h.reason = !fl->actor ? fl->nobody : h.type ? STR_ABSENT : S("The resource type is not known any more");
    if (!h.reason.n)
        TRY(cfn_delete(&h, &end));
    return ended(fl, item, &h, end);
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
    return set_aside(fl, before, "");
}

static res look(struct cfn_flight *fl, struct cfn_item *item)
{
    struct cloudformation_resource *r;
    struct cfn_hand h;
    enum cfn_end end = CFN_FAILED;

    TRY(load_item(fl, item, &r));
    TRY(open_hand(fl, r, &h));
    h.reason = fl->actor ? STR_ABSENT : fl->nobody;
    if (fl->actor)
        TRY(cfn_poll(&h, &end));
    if (end == CFN_WAITS)
        return OK;
    if (str_starts(r->resource_status, S("DELETE")))
        return ended(fl, item, &h, end);
    if (end == CFN_DONE && h.other_id && str_starts(r->resource_status, S("UPDATE")))
        TRY(part(fl, r));
    return end == CFN_DONE ? complete(fl, item, &h) : failed(fl, item, &h);
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
    TRY(open_hand(fl, r, &h));
    h.reason =
        str_starts(r->resource_status, S("UPDATE")) ? S("Resource update cancelled") : S("Resource creation cancelled");
    return failed(fl, item, &h);
}
