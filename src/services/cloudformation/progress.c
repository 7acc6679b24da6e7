/* SPDX-License-Identifier: MIT */
/* For `barmkin stack`: how far an operation is, what has happened since, and what ended it first. */
#include "api/house.h"
#include "base/time.h"
#include "cfn_parts.h"

enum { DEEPEST = 8, EVENTS_MAX = 200 };

static void put(json_t *o, const char *key, str value)
{
    if (value.n)
        json_object_set_new(o, key, json_stringn(value.p, value.n));
}

static json_t *told(const struct cloudformation_event *e)
{
    char when[TIME_TEXT_BYTES];
    json_t *o = json_object();

    put(o, "time", time_iso_ms(e->timestamp.ms, when));
    put(o, "stack", e->stack_name);
    put(o, "resource", e->logical_resource_id);
    put(o, "id", e->physical_resource_id);
    put(o, "type", e->resource_type);
    put(o, "status", e->resource_status);
    put(o, "reason", e->resource_status_reason);
    return o;
}

/* ---- the first cause ---- */

static bool is_cause(const struct cloudformation_stack *s, const struct cloudformation_event *e)
{
    return str_ends(e->resource_status, S("_FAILED")) && !str_eq(e->physical_resource_id, s->stack_id) &&
           !str_ends(e->resource_status_reason, S("cancelled"));
}

static bool is_beginning(const struct cloudformation_stack *s, const struct cloudformation_event *e)
{
    return str_eq(e->resource_status_reason, S("User Initiated")) && str_eq(e->physical_resource_id, s->stack_id);
}

/* The oldest failure of the last operation; of a stack that was deleted without one, of the operation before. */
static res first_failure(struct call *c, const struct cloudformation_stack *s, struct cloudformation_event **out)
{
    struct cloudformation_event_page page;
    str before = STR_ABSENT;
    bool begun = false;

    do {
        TRY(cloudformation_event_list_back(c, s->at.account, cfn_key(c, s, S("")), before, CFN_PAGE, &page));
        for (size_t i = 0; i < page.n && !begun; i++) {
            const struct cloudformation_event *e = page.v[i];
            bool deletes = str_eq(e->resource_status, S("DELETE_IN_PROGRESS"));
            begun = is_beginning(s, e) && (*out || !deletes);
            *out = is_cause(s, e) ? page.v[i] : *out;
        }
        before = page.n ? page.v[page.n - 1]->key : before;
    } while (page.more && !begun);
    return OK;
}

/* Of a stack in the stack, the cause is in there. */
static res find_cause(struct call *c, const struct cloudformation_stack *s, int depth,
                      struct cloudformation_event **out)
{
    struct cloudformation_event *e = NULL;
    struct cloudformation_stack *inner = NULL;

    TRY(first_failure(c, s, &e));
    if (!e)
        return OK;
    *out = e;
    const struct cfn_type *t = cfn_type_find(e->resource_type);
    if (!t || !t->nested || depth == DEEPEST)
        return OK;
    TRY(cloudformation_stack_load(c, s->at.account, e->physical_resource_id, &inner));
    return inner ? find_cause(c, inner, depth + 1, out) : OK;
}

static res add_cause(struct call *c, const struct cloudformation_stack *s, json_t *o)
{
    struct cloudformation_event *e = NULL;
    json_t *denied;

    TRY(find_cause(c, s, 0, &e));
    if (!e)
        return OK;
    json_t *cause = told(e);
    if (e->denied.n && is_ok(json_parse(c->arena, e->denied, NULL, &denied)))
        json_object_set(cause, "denied", denied);
    json_object_set_new(o, "cause", cause);
    return OK;
}

/* ---- how far ---- */

static res add_counts(struct call *c, const struct cloudformation_stack *s, json_t *o)
{
    bool removes = str_starts(s->stack_status, S("DELETE")) || str_starts(s->stack_status, S("ROLLBACK"));
    struct cloudformation_resource_page page;
    struct cloudformation_template *t = NULL;
    json_t *tree;
    size_t done = 0, total = 0;

    TRY(cfn_resources(c, s, &page));
    for (size_t i = 0; i < page.n; i++) {
        const struct cloudformation_resource *r = page.v[i];
        done += removes ? str_starts(r->resource_status, S("DELETE_")) && !str_ends(r->resource_status, S("PROGRESS"))
                        : r->operation.v == s->operation.v && str_ends(r->resource_status, S("_COMPLETE"));
    }
    total = page.n;
    if (!removes && s->now->template_id.n)
        TRY(cloudformation_template_load(c, s->at.account, s->now->template_id, &t));
    if (t && is_ok(json_parse(c->arena, t->tree, NULL, &tree)))
        total = json_object_size(json_object_get(tree, "Resources"));
    json_object_set_new(o, "done", json_integer((json_int_t)done));
    json_object_set_new(o, "total", json_integer((json_int_t)total));
    return OK;
}

static res add_events(struct call *c, const struct cloudformation_stack *s, int64_t after, json_t *o)
{
    struct cloudformation_event_page page;
    json_t *list = json_array();

    json_object_set_new(o, "events", list);
    json_object_set_new(o, "last", json_integer(s->events.v));
    if (after < 0)
        return OK;
    str from = cfn_key(c, s, arena_printf(c->arena, "%010lld", (long long)after));
    TRY(cloudformation_event_list_all(c, s->at.account, cfn_key(c, s, S("")), from, EVENTS_MAX, &page));
    for (size_t i = 0; i < page.n; i++)
        json_array_append_new(list, told(page.v[i]));
    if (page.more)
        json_object_set_new(o, "last", json_integer(after + (json_int_t)page.n));
    return OK;
}

res cloudformation_describe_stack_progress(struct call *c, const struct cloudformation_describe_stack_progress_in *in,
                                           struct cloudformation_describe_stack_progress_out *out)
{
    const struct cloudformation_stack *s = c->subject;
    json_t *o = cfn_own(c->arena, json_object());

    put(o, "stack", s->stack_name);
    put(o, "id", s->stack_id);
    put(o, "status", s->stack_status);
    put(o, "reason", s->stack_status_reason);
    TRY(add_counts(c, s, o));
    TRY(add_events(c, s, in->after.set ? in->after.v : -1, o));
    TRY(add_cause(c, s, o));
    out->progress = cfn_dump(c->arena, o);
    return OK;
}
