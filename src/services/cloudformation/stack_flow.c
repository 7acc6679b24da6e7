/* SPDX-License-Identifier: MIT */
/* A stack's operation as a flow. Its status says which stage it is in; a stage is a plan: resources that shall be
 * there, or gone, with what each waits for. A step takes up some that are ready, each with its record and its event in
 * the same transaction, and posts itself; so after any crash it goes on with what is not yet done. */
#include "cfn_flight.h"
#include "cfn_nested.h"
#include "cfn_secrets.h"

enum { POLL_MAX_MS = 1000, NESTED_POLL_MAX_MS = 30000 };

struct stage {
    const char *status;
    bool ensures;         /* resources shall be there; else gone */
    const char *complete; /* the status after it */
    const char *failed;   /* the status where one of its resources failed; NULL: that does not matter */
};

static const struct stage stages[] = {
    {"CREATE_IN_PROGRESS", true, "CREATE_COMPLETE", "CREATE_FAILED"},
    {"ROLLBACK_IN_PROGRESS", false, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"},
    {"UPDATE_IN_PROGRESS", true, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_FAILED"},
    {"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", false, "UPDATE_COMPLETE", NULL},
    {"UPDATE_ROLLBACK_IN_PROGRESS", true, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"},
    {"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", false, "UPDATE_ROLLBACK_COMPLETE", NULL},
    {"DELETE_IN_PROGRESS", false, "DELETE_COMPLETE", "DELETE_FAILED"},
};

static const struct stage *stage_of(const struct cloudformation_stack *s)
{
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (str_eq(s->stack_status, str_z(stages[i].status)))
            return &stages[i];
    return NULL;
}

/* ---- stages ---- */

static res open_scope(struct cfn_flight *fl, const struct stage *st, struct err *e)
{
    bool cleans = str_ends(fl->s->stack_status, S("CLEANUP_IN_PROGRESS"));

    if (!st->ensures && !(cleans && !cfn_has_plan(fl)))
        return OK;
    json_t *imports = json_object_get(fl->f->data, "imports");
    if (!imports || (st->ensures && !cfn_has_plan(fl))) {
        imports = json_array();
        json_object_set_new(fl->f->data, "imports", imports);
    }
    fl->scope =
        (struct cfn_scope){.c = fl->c, .actor = fl->actor, .stack = fl->s, .version = fl->s->now, .imports = imports};
    return cfn_scope_open(&fl->scope, e);
}

static str list_failed(struct cfn_flight *fl, const char *verb)
{
    struct buf b;
    size_t n = 0;

    buf_init(&b, 4096);
    for (size_t i = 0; i < fl->n_items; i++)
        if (fl->items[i].state == ITEM_FAILED) {
            str id = fl->items[i].id, rest = str_from(id, (size_t)(str_find(id, '/') + 1)),
                logical = str_cut(&rest, '/');
            buf_printf(&b, "%s%.*s", n++ ? ", " : "", FMT(logical));
        }
    str out = arena_printf(fl->c->arena, "The following resource(s) failed to %s: [%.*s]. ", verb, FMT(buf_str(&b)));
    buf_done(&b);
    return out;
}

static res finish(struct cfn_flight *fl)
{
    struct cloudformation_stack *s = fl->s;

    s->flow_id = STR_ABSENT;
    s->caller = NULL;
    flow_end(fl->f);
    TRY(cloudformation_stack_save(fl->c, s));
    cfn_tell_parent(fl->c, s);
    return OK;
}

static res go_to(struct cfn_flight *fl, const char *status, str reason)
{
    str before = fl->s->stack_status_reason;

    TRY(cfn_stack_event(fl->c, fl->s, status, reason));
    if (!reason.n && str_search(str_z(status), S("ROLLBACK")) >= 0)
        fl->s->stack_status_reason = before; /* why it rolled back */
    if (!stage_of(fl->s))
        return finish(fl);
    json_object_del(fl->f->data, "stage");
    flow_tell(fl->c, fl->f->id, "go");
    cfn_tell_parent(fl->c, fl->s);
    return cloudformation_stack_save(fl->c, fl->s);
}

static res fail_create(struct cfn_flight *fl, str reason)
{
    struct cloudformation_stack *s = fl->s;

    if (s->disable_rollback.v || str_eq(s->on_failure, S("DO_NOTHING")))
        return go_to(fl, "CREATE_FAILED", reason);
    if (str_eq(s->on_failure, S("DELETE")))
        return go_to(fl, "DELETE_IN_PROGRESS", arena_cat(fl->c->arena, reason, S("Delete requested by user.")));
    return go_to(fl, "ROLLBACK_IN_PROGRESS", arena_cat(fl->c->arena, reason, S("Rollback requested by user.")));
}

static res fail_stage(struct cfn_flight *fl, const struct stage *st, str reason)
{
    struct cloudformation_stack *s = fl->s;

    if (str_eq(str_z(st->failed), S("CREATE_FAILED")))
        return fail_create(fl, reason);
    if (!str_eq(str_z(st->failed), S("UPDATE_FAILED")) || s->disable_rollback.v)
        return go_to(fl, st->failed, reason);
    return go_to(fl, cfn_turn_back(s), reason);
}

static res drop_version(struct cfn_flight *fl)
{
    struct cloudformation_stack *s = fl->s;
    struct cloudformation_template *t = NULL;

    if (!s->before)
        return OK;
    if (!str_eq(s->before->template_id, s->now->template_id))
        TRY(cloudformation_template_load(fl->c, STR_ABSENT, s->before->template_id, &t));
    s->before = NULL;
    return t ? cloudformation_template_drop(fl->c, t) : OK;
}

static res complete_ensure(struct cfn_flight *fl, const struct stage *st)
{
    str why = STR_ABSENT;

    TRY(cfn_outputs(&fl->scope, &why));
    if (str_is(why))
        return fail_stage(fl, st, cfn_told(fl->c, &fl->masks, why));
    return go_to(fl, st->complete, STR_ABSENT);
}

static res complete(struct cfn_flight *fl, const struct stage *st)
{
    struct cloudformation_stack *s = fl->s;

    if (st->ensures)
        return complete_ensure(fl, st);
    if (str_starts(str_z(st->complete), S("UPDATE")))
        TRY(drop_version(fl));
    if (str_eq(str_z(st->complete), S("DELETE_COMPLETE"))) {
        s->deletion_time = SET_TIME(fl->c->now_ms);
        s->active_name = STR_ABSENT;
        s->counts = STR_ABSENT;
        s->imports = (struct list_of_str){0};
        TRY(cfn_drop_exports(fl->c, s));
    }
    return go_to(fl, st->complete, STR_ABSENT);
}

/* ---- a step ---- */

static bool is_ready(const struct cfn_flight *fl, const struct cfn_item *item)
{
    if (item->state != ITEM_TODO)
        return false;
    for (size_t i = 0; i < item->n_deps; i++)
        if (fl->items[item->deps[i]].state != ITEM_DONE)
            return false;
    return true;
}

static size_t count(const struct cfn_flight *fl, char state)
{
    size_t n = 0;

    for (size_t i = 0; i < fl->n_items; i++)
        n += fl->items[i].state == state;
    return n;
}

static res look_at_waiting(struct cfn_flight *fl)
{
    for (size_t i = 0; i < fl->n_items; i++)
        if (fl->items[i].state == ITEM_WAITS || fl->items[i].state == ITEM_LINGERS)
            TRY(cfn_look(fl, &fl->items[i]));
    return OK;
}

static const struct cfn_type *type_of(const struct cfn_flight *fl, const struct cfn_item *item)
{
    const struct template_resource *tr = fl->scope.t ? template_resource_find(fl->scope.t, item->id) : NULL;

    return tr ? cfn_type_find(tr->type) : NULL;
}

/* A function of the template may rely on what a stack of the template makes without saying so: on AWS the one takes
 * minutes and the other begins later. So a custom resource waits while a stack in this stack is at work. */
static bool is_held(const struct cfn_flight *fl, const struct cfn_item *item)
{
    const struct cfn_type *t = type_of(fl, item);

    for (size_t i = 0; t && t->custom && i < fl->n_items; i++) {
        const struct cfn_type *other =
            fl->items[i].state == ITEM_WAITS || fl->items[i].state == ITEM_LINGERS || is_ready(fl, &fl->items[i])
                ? type_of(fl, &fl->items[i])
                : NULL;
        if (other && other->nested)
            return true;
    }
    return false;
}

/* Each step reads the template anew; a large one takes more at a time, so that the whole stays linear. */
static size_t at_once(const struct cfn_flight *fl)
{
    size_t n = fl->n_items / 8;

    return n < CFN_AT_ONCE ? CFN_AT_ONCE : n > CFN_AT_ONCE_MAX ? CFN_AT_ONCE_MAX : n;
}

/* A stack in the stack cleans up in its turn; where that never comes (a failure before it, a circle of the old order
 * and the new), at last. */
static res clean_at_last(struct cfn_flight *fl)
{
    for (size_t i = 0; i < fl->n_items; i++)
        if (fl->items[i].cleans && fl->items[i].state == ITEM_TODO)
            return cfn_remove(fl, &fl->items[i]);
    return OK;
}

/* Removal goes on beside what failed; making stops at the first failure. */
static res take_ready(struct cfn_flight *fl, const struct stage *st, size_t *left)
{
    size_t taken = 0;

    *left = 0;
    for (size_t i = 0; i < fl->n_items; i++) {
        if (!is_ready(fl, &fl->items[i]) || (st->ensures && is_held(fl, &fl->items[i])))
            continue;
        if (taken == at_once(fl) || (st->ensures && count(fl, ITEM_FAILED))) {
            ++*left;
            continue;
        }
        taken++;
        TRY(st->ensures ? cfn_ensure(fl, &fl->items[i]) : cfn_remove(fl, &fl->items[i]));
    }
    if (!st->ensures && !taken && !count(fl, ITEM_WAITS) && !count(fl, ITEM_LINGERS))
        TRY(clean_at_last(fl));
    for (size_t i = 0; i < fl->n_items && !*left; i++)
        *left += is_ready(fl, &fl->items[i]) && !(st->ensures && is_held(fl, &fl->items[i]));
    return OK;
}

static res cancel_waiting(struct cfn_flight *fl)
{
    for (size_t i = 0; i < fl->n_items; i++)
        if (fl->items[i].state == ITEM_WAITS) {
            TRY(cfn_cancel(fl, &fl->items[i]));
            fl->items[i].state = ITEM_WAITS; /* it is not what failed */
        }
    return OK;
}

static void wait_on(struct cfn_flight *fl)
{
    int64_t ms = json_integer_value(json_object_get(fl->f->data, "poll"));
    int64_t most = fl->polls ? POLL_MAX_MS : NESTED_POLL_MAX_MS;

    ms = fl->moved || ms < CFN_POLL_MIN_MS ? CFN_POLL_MIN_MS : ms * 2 > most ? most : ms * 2;
    json_object_set_new(fl->f->data, "poll", json_integer(ms));
    flow_wake(fl->c, fl->f, ms);
}

static bool is_late(const struct cfn_flight *fl)
{
    const struct cloudformation_stack *s = fl->s;

    return str_eq(s->stack_status, S("CREATE_IN_PROGRESS")) && s->timeout_in_minutes.set &&
           fl->c->now_ms > s->creation_time.ms + s->timeout_in_minutes.v * 60000;
}

static res go_on(struct cfn_flight *fl, const struct stage *st, size_t left)
{
    const char *verb = st->ensures ? str_starts(fl->s->stack_status, S("UPDATE")) ? "update" : "create" : "delete";
    bool failed = count(fl, ITEM_FAILED) > 0, waits = count(fl, ITEM_WAITS) + count(fl, ITEM_LINGERS) > 0;

    if (st->ensures && failed && waits && str_starts(fl->s->stack_status, S("UPDATE"))) {
        wait_on(fl); /* what is being changed cannot be changed back before it has ended */
        cfn_keep_state(fl);
        return cloudformation_stack_save(fl->c, fl->s);
    }
    if (st->ensures && failed) {
        TRY(cancel_waiting(fl));
        return fail_stage(fl, st, list_failed(fl, verb));
    }
    if (st->ensures && is_late(fl) && (waits || left)) {
        TRY(cancel_waiting(fl));
        return fail_stage(fl, st, S("Stack creation time exceeded the specified timeout. "));
    }
    if (left || waits) {
        if (left)
            flow_tell(fl->c, fl->f->id, "go");
        else
            wait_on(fl);
        cfn_keep_state(fl);
        return cloudformation_stack_save(fl->c, fl->s);
    }
    if (failed && st->failed)
        return go_to(fl, st->failed, list_failed(fl, verb));
    return complete(fl, st);
}

static res begin_stage(struct cfn_flight *fl, const struct stage *st)
{
    if (st->ensures)
        cfn_plan_ensure(fl);
    else
        TRY(cfn_plan_remove(fl));
    if (str_eq(fl->s->stack_status, S("UPDATE_IN_PROGRESS")))
        TRY(cfn_plan_guard(fl));
    cfn_keep_plan(fl);
    return OK;
}

/* To begin a stage, to make something, and for the outputs at its end; most steps only look at what is waited for. */
static bool needs_template(const struct cfn_flight *fl, const struct stage *st)
{
    if (!cfn_has_plan(fl))
        return true;
    for (size_t i = 0; st->ensures && i < fl->n_items; i++)
        if (is_ready(fl, &fl->items[i]))
            return true;
    return st->ensures && !count(fl, ITEM_WAITS) && !count(fl, ITEM_LINGERS);
}

/* A template that cannot be bound any more fails its stage; a clean-up leaves what it cannot know to be unwanted. */
static res reject_stage(struct cfn_flight *fl, const struct stage *st, str why)
{
    if (st->failed)
        return fail_stage(fl, st, cfn_told(fl->c, &fl->masks, why));
    TRY(cfn_release_all(fl->c, fl->s));
    return complete(fl, st);
}

static res take_step(struct cfn_flight *fl, const struct stage *st)
{
    struct err e = {0};
    size_t left;

    if (cfn_waits_for_parent(fl->s))
        return OK;
    TRY(cfn_actor(fl->c, fl->s, &fl->actor, &fl->nobody));
    TRY(cfn_masks_of(fl->c, fl->s, &fl->masks));
    if (cfn_has_plan(fl)) {
        cfn_read_plan(fl);
        TRY(look_at_waiting(fl));
    }
    res why = needs_template(fl, st) ? open_scope(fl, st, &e) : OK;
    if (why.why == WHY_REJECT)
        return reject_stage(fl, st, arena_dup(fl->c->arena, str_z(e.what)));
    if (!is_ok(why))
        return oops(&fl->c->err, e.sys_errno, "%s", e.what);
    if (!cfn_has_plan(fl))
        TRY(begin_stage(fl, st));
    if (!fl->scope.scope || !cfn_scope_veil(&fl->scope, &fl->veiled))
        fl->veiled.scope = NULL;
    TRY(take_ready(fl, st, &left));
    return go_on(fl, st, left);
}

static res on_event(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct cfn_flight fl = {.c = c, .f = f};

    (void)e;
    TRY(cloudformation_stack_load(c, f->account, f->subject, &fl.s));
    const struct stage *st = fl.s ? stage_of(fl.s) : NULL;
    if (!st || !str_eq(fl.s->flow_id, f->id)) {
        flow_end(f); /* its account was wiped, or it has ended */
        return OK;
    }
    return take_step(&fl, st);
}

/* A step that could not be taken is taken again; what it would have done has not happened. */
static res on_failed(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_wake(c, f, POLL_MAX_MS);
    return OK;
}

static const struct flow_rule rules[] = {
    {"*", "step-failed", on_failed, NULL},
    {"*", "effect-failed", on_event,
     NULL}, /* a network that the kernel refused is closed, and mended by the conductor */
    {"*", "begin", on_event, "working"},
    {"*", "go", on_event, NULL},
    {"*", "timer", on_event, NULL},
    {"*", "resumed", on_event, NULL},
};
const struct flow_kind cloudformation_stack_flow = {"stack", CFN, rules, sizeof rules / sizeof *rules};
