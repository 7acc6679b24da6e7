/* SPDX-License-Identifier: MIT */
/* A resource that shall be there as the template says: made, changed in place, replaced, or left as it is. */
#include "cfn_flight.h"
#include "cfn_nested.h"
#include "cfn_policy.h"
#include "cfn_secrets.h"

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
    return cfn_item_begun(fl, item, h, end, true);
}

static res create(struct cfn_flight *fl, struct cfn_item *item, const struct template_resource *tr, const json_t *props,
                  str reason)
{
    struct cloudformation_resource *r = fresh(fl, tr);
    struct cfn_hand h = cfn_hand_of(fl, r, props);

    h.reason = reason;
    TRY(cfn_resource_event(&h, "CREATE_IN_PROGRESS", STR_ABSENT));
    return make(fl, item, &h);
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
    struct cfn_hand h = cfn_hand_of(fl, r, old->props);

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
        TRY(cfn_set_aside(fl, old->r, ""));
        return cfn_item_begun(fl, item, &h, end, true);
    }
    item->state = ITEM_FAILED; /* the old one is still the one there is */
    old->reason = h.reason;
    old->denied = h.denied;
    TRY(cfn_resource_event(old, "UPDATE_FAILED", h.reason));
    return cfn_saved(fl, old->r);
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
    TRY(cfn_set_aside(fl, *r, ".new"));
    TRY(cloudformation_resource_drop(fl->c, old));
    old->key = (*r)->key;
    old->obsolete = SET_BOOL(false);
    *r = old;
    return cfn_saved(fl, old);
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
    return cfn_item_begun(fl, item, h, end, false);
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
    return cfn_saved(fl, h->r);
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
        TRY(cfn_open_hand(fl, r, &h));
        TRY(cfn_resource_event(&h, "UPDATE_COMPLETE", STR_ABSENT));
    }
    return cfn_saved(fl, r);
}

/* Another resource in its place would be the loss of what this one holds. */
static str unchangeable(struct cfn_hand *h)
{
    str name = cfn_fixed(h->type, h->before, h->props);

    return name.n ? arena_printf(h->c->arena, "Updates are not supported for property [%.*s] of resource type %s",
                                 FMT(name), h->type->name)
                  : STR_ABSENT;
}

/* A stack in a stack is asked what there is to do; in a roll-back, one that has nothing to go back from is as it was.
 */
static res has_work(const struct cfn_hand *h, bool changed, bool *yes)
{
    struct cloudformation_stack *follower;

    *yes = changed || h->type->nested;
    if (changed || !h->type->nested || !str_starts(h->stack->stack_status, S("UPDATE_ROLLBACK")))
        return OK;
    TRY(cfn_follower(h->c, h->stack, h->r, &follower));
    *yes = follower;
    return OK;
}

static res adjust(struct cfn_flight *fl, struct cfn_item *item, const struct template_resource *tr,
                  struct cloudformation_resource *r, const json_t *props, str reason)
{
    struct cfn_hand h = cfn_hand_of(fl, r, props);
    json_t *before, *kept;
    bool changed = true, work = true;

    TRY(cfn_open_resource(fl->c, fl->s, r, &before, &kept));
    h.before = before;
    h.kept = kept;
    bool other = !str_eq(r->resource_type, tr->type) || str_eq(r->resource_status, S("CREATE_FAILED"));
    h.reason = reason.n || other ? reason : unchangeable(&h);
    if (h.reason.n) {
        TRY(cfn_resource_event(&h, "UPDATE_IN_PROGRESS", STR_ABSENT));
        return cfn_item_failed(fl, item, &h);
    }
    bool replaces = other || cfn_replaces(h.type, before, props, &changed);
    if (!other)
        TRY(has_work(&h, changed, &work));
    if (!work)
        return settle(fl, item, tr, r);
    if (is_forbidden(fl, &h, replaces, &reason))
        return forbid(fl, item, &h, reason);
    return change(fl, item, tr, &h, replaces);
}

static bool is_skipped(const struct cfn_flight *fl, str id)
{
    const struct cloudformation_stack *s = fl->s;
    str name = s->parent_id.n ? arena_printf(fl->c->arena, "%.*s.%.*s", FMT(s->stack_name), FMT(id)) : id;

    for (size_t i = 0; i < s->skip_resources.n; i++)
        if (str_eq(s->skip_resources.v[i], name))
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

res cfn_ensure(struct cfn_flight *fl, struct cfn_item *item)
{
    const struct template_resource *tr = template_resource_find(fl->scope.t, item->id);
    struct cloudformation_resource *r;
    json_t *props;
    str reason;

    TRY(cloudformation_resource_load(fl->c, STR_ABSENT, cfn_key(fl->c, fl->s, item->id), &r));
    if (cfn_is_unfinished(fl, r)) {
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
