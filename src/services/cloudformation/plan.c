/* SPDX-License-Identifier: MIT */
/* The plan of a stage: which resources shall be there, or gone, and what each waits for. */
#include "base/map.h"
#include "cfn_flight.h"
#include "cfn_nested.h"
#include "cfn_policy.h"
#include "cfn_secrets.h"

/* ---- kept in the flow's data ---- */

bool cfn_has_plan(const struct cfn_flight *fl)
{
    return str_eq(flow_text(fl->f, "stage"), fl->s->stack_status) &&
           json_integer_value(json_object_get(fl->f->data, "operation")) == fl->s->operation.v;
}

void cfn_read_plan(struct cfn_flight *fl)
{
    const json_t *list = json_object_get(fl->f->data, "items");
    str state = flow_text(fl->f, "state");
    json_t *one, *dep;
    size_t i, k;

    fl->n_items = json_array_size(list);
    fl->items = ARENA_ARRAY(fl->c->arena, struct cfn_item, fl->n_items + 1);
    json_array_foreach(list, i, one)
    {
        const json_t *deps = json_object_get(one, "deps");
        struct cfn_item *item = &fl->items[i];
        *item = (struct cfn_item){
            .id = json_str_at(one, "id"), .cleans = json_object_get(one, "cleans"), .state = state.p[i]};
        item->deps = ARENA_ARRAY(fl->c->arena, size_t, json_array_size(deps) + 1);
        json_array_foreach(deps, k, dep) item->deps[item->n_deps++] = (size_t)json_integer_value(dep);
    }
}

void cfn_keep_state(struct cfn_flight *fl)
{
    char *state = arena_alloc(fl->c->arena, fl->n_items + 1);

    for (size_t i = 0; i < fl->n_items; i++)
        state[i] = fl->items[i].state;
    flow_set(fl->f, "state", str_n(state, fl->n_items));
}

void cfn_keep_plan(struct cfn_flight *fl)
{
    json_t *list = json_array();

    for (size_t i = 0; i < fl->n_items; i++) {
        json_t *one = json_object(), *deps = json_array();
        for (size_t k = 0; k < fl->items[i].n_deps; k++)
            json_array_append_new(deps, json_integer((json_int_t)fl->items[i].deps[k]));
        json_object_set_new(one, "id", json_stringn(fl->items[i].id.p, fl->items[i].id.n));
        json_object_set_new(one, "deps", deps);
        if (fl->items[i].cleans)
            json_object_set_new(one, "cleans", json_true());
        json_array_append_new(list, one);
    }
    json_object_set_new(fl->f->data, "items", list);
    json_object_set_new(fl->f->data, "operation", json_integer(fl->s->operation.v));
    json_object_set_new(fl->f->data, "poll", json_integer(CFN_POLL_MIN_MS));
    flow_set(fl->f, "stage", fl->s->stack_status);
    cfn_keep_state(fl);
}

void cfn_plan_ensure(struct cfn_flight *fl)
{
    const struct template *t = fl->scope.t;
    const struct template_scope *scope = fl->scope.scope;
    size_t *place = ARENA_ARRAY(fl->c->arena, size_t, t->n_resources + 1);

    fl->items = ARENA_ARRAY(fl->c->arena, struct cfn_item, t->n_resources + 1);
    for (size_t i = 0; i < t->n_resources; i++)
        if (scope->wanted[i]) {
            place[i] = fl->n_items;
            fl->items[fl->n_items++] = (struct cfn_item){.id = t->resources[i].id, .state = ITEM_TODO};
        }
    for (size_t i = 0; i < t->n_resources; i++) {
        const struct template_links *links = &scope->depends[i];
        struct cfn_item *item = &fl->items[place[i]];
        if (!scope->wanted[i])
            continue;
        item->deps = ARENA_ARRAY(fl->c->arena, size_t, links->n + 1);
        for (size_t k = 0; k < links->n; k++)
            if (scope->wanted[links->at[k]])
                item->deps[item->n_deps++] = place[links->at[k]];
    }
}

/* Is this record to go in this stage? */
static bool is_doomed(const struct cfn_flight *fl, const struct cloudformation_resource *r)
{
    if (!fl->scope.scope)
        return !cfn_is_gone(r);
    if (r->obsolete.v)
        return true;
    const struct template_resource *tr = template_resource_find(fl->scope.t, r->logical_resource_id);
    return !tr || !fl->scope.scope->wanted[tr->at];
}

/* What depends on something goes before it. */
static void order(struct cfn_flight *fl, struct cloudformation_resource **doomed)
{
    struct map users; /* logical id -> the items that depend on it */
    struct arena *a = fl->c->arena;

    map_init(&users);
    for (size_t i = 0; i < fl->n_items; i++)
        for (size_t k = 0; k < doomed[i]->depends_on.n; k++) {
            struct cfn_item *list = map_find(&users, doomed[i]->depends_on.v[k]);
            if (!list) {
                list = ARENA_NEW(a, struct cfn_item);
                list->deps = ARENA_ARRAY(a, size_t, fl->n_items);
                map_put(&users, doomed[i]->depends_on.v[k], list);
            }
            list->deps[list->n_deps++] = i;
        }
    for (size_t i = 0; i < fl->n_items; i++) {
        const struct cfn_item *list = map_find(&users, doomed[i]->logical_resource_id);
        fl->items[i].deps = list ? list->deps : NULL;
        fl->items[i].n_deps = list ? list->n_deps : 0;
    }
    map_done(&users);
}

/* Behind what is to go come the stacks in the stack that have waited to clean up. */
static res add_waiting(struct cfn_flight *fl, const struct cloudformation_resource_page *page,
                       struct cloudformation_resource **doomed)
{
    bool waits;

    for (size_t i = 0; i < page->n; i++) {
        if (is_doomed(fl, page->v[i]))
            continue;
        TRY(cfn_holds_waiting(fl->c, page->v[i], &waits));
        if (!waits)
            continue;
        doomed[fl->n_items] = page->v[i];
        fl->items[fl->n_items++] = (struct cfn_item){.id = page->v[i]->key, .cleans = true, .state = ITEM_TODO};
    }
    return OK;
}

res cfn_plan_remove(struct cfn_flight *fl)
{
    struct cloudformation_resource_page page;

    TRY(cfn_resources(fl->c, fl->s, &page));
    struct cloudformation_resource **doomed = ARENA_ARRAY(fl->c->arena, struct cloudformation_resource *, page.n + 1);
    fl->items = ARENA_ARRAY(fl->c->arena, struct cfn_item, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (is_doomed(fl, page.v[i])) {
            doomed[fl->n_items] = page.v[i];
            fl->items[fl->n_items++] = (struct cfn_item){.id = page.v[i]->key, .state = ITEM_TODO};
        }
    TRY(add_waiting(fl, &page, doomed));
    order(fl, doomed);
    return OK;
}

/* ---- what the stack's policy forbids to be gone is known before anything has begun ---- */

static res refuse(struct cfn_flight *fl, struct cloudformation_resource *r, str why)
{
    json_t *props, *kept;

    TRY(cfn_open_resource(fl->c, fl->s, r, &props, &kept));
    struct cfn_hand h = {
        .c = fl->c, .stack = fl->s, .r = r, .masks = &fl->masks, .properties = cfn_shown(fl->c, &fl->masks, props)};
    fl->items[fl->n_items++] = (struct cfn_item){.id = r->logical_resource_id, .state = ITEM_FAILED};
    TRY(cfn_resource_event(&h, "UPDATE_FAILED", why));
    return cfn_save_resource(fl->c, fl->s, r);
}

res cfn_plan_guard(struct cfn_flight *fl)
{
    struct cloudformation_resource_page page;
    struct cfn_item *items;

    if (!str_is(fl->s->update_policy))
        return OK;
    TRY(cfn_resources(fl->c, fl->s, &page));
    items = ARENA_ARRAY(fl->c->arena, struct cfn_item, fl->n_items + page.n + 1);
    for (size_t i = 0; i < fl->n_items; i++)
        items[i] = fl->items[i];
    fl->items = items;
    for (size_t i = 0; i < page.n; i++) {
        struct cloudformation_resource *r = page.v[i];
        str why = STR_ABSENT;
        if (!r->obsolete.v && !cfn_is_gone(r) && is_doomed(fl, r) &&
            cfn_policy_denies(fl->c, fl->s->update_policy, "Update:Delete", r->logical_resource_id, r->resource_type,
                              &why))
            TRY(refuse(fl, r, why));
    }
    return OK;
}
