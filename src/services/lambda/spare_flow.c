/* SPDX-License-Identifier: MIT */
/* A spare: a sandbox with an interpreter, made before a function needs one, with nothing of any customer in it and no
 * network. A function's environment takes it over whole (environment_flow.c), once; then this flow ends. Else it ends
 * when nobody has wanted one for a while, and with the server. docs/decisions/6-spare-sandboxes.md says why. */
#include "api/box.h"
#include "lambda_parts.h"

enum {
    DELAY_MS = 300, /* the function that was just begun comes first */
    START_MS = 60 * 1000,
    LOOK_MS = 60 * 1000,
    CPU_SHARES = 64, /* it can wait */
};

extern const struct flow_kind lambda_spare_flow;

/* ---- telling serve ---- */

static struct spare *telling(struct call *c, const struct flow *f)
{
    struct spare *s = ARENA_NEW(c->arena, struct spare);

    *s = (struct spare){f->id, arena_dup(c->arena, flow_text(f, "box")), arena_dup(c->arena, flow_text(f, "volume"))};
    return s;
}

static res tell_ready(struct house *h, void *arg, struct err *e)
{
    const struct spare *s = arg;

    (void)e;
    if (!h->functions || !h->functions->spare_ready(h, s))
        conductor_event(h, s->flow, "retire", STR_ABSENT);
    return OK;
}

static res tell_gone(struct house *h, void *arg, struct err *e)
{
    const struct spare *s = arg;

    (void)e;
    if (h->functions)
        h->functions->spare_gone(h, s->flow);
    return OK;
}

static res ask_whether_over(struct house *h, void *arg, struct err *e)
{
    const struct spare *s = arg;

    (void)e;
    if (!h->functions || h->functions->spare_is_over(h, s->flow))
        conductor_event(h, s->flow, "retire", STR_ABSENT);
    return OK;
}

/* ---- effects ---- */

static res open_box(struct effect *x)
{
    json_t *o;

    TRY(json_parse(x->arena, x->args, &x->err, &o));
    struct box_plan p = {.box = json_str_at(o, "box"),
                         .volume = json_str_at(o, "volume"),
                         .volume_mib = LAMBDA_VOLUME_MIB,
                         .image = S("python"),
                         .memory_mib = LAMBDA_MEMORY_MIB,
                         .tmp_mib = LAMBDA_TMP_MIB,
                         .cpu_shares = CPU_SHARES,
                         .order = json_str_at(o, "order")};
    return box_open(x->house, x->flow, &p, &x->err);
}

/* ---- steps ---- */

static bool is_wanted(struct call *c)
{
    struct house *h = c->worker->house;

    return h->functions && h->functions->spare_is_wanted(h);
}

static res on_retire(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    call_after(c, tell_gone, telling(c, f));
    return lambda_close_up(c, f);
}

static res on_begin(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_wake(c, f, DELAY_MS);
    return OK;
}

/* Python as lambda_runtime_named's have it, and then it waits. */
static str order_of(struct call *c)
{
    static const char *const words[] = {"/usr/bin/function-host", "--spare", "--"};
    const struct lambda_runtime *runtime = lambda_runtime_named(S("python3.11"));
    json_t *o = json_object(), *argv = json_array(), *env = json_object();

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        json_array_append_new(argv, json_string(words[i]));
    for (const char *const *p = runtime->program; *p; p++)
        json_array_append_new(argv, json_string(*p));
    lambda_add_constants(env);
    json_object_set_new(o, "kind", json_string("spare"));
    json_object_set_new(o, "cwd", json_string("/"));
    json_object_set_new(o, "argv", argv);
    json_object_set_new(o, "env", env);
    str text = json_text(c->arena, o);
    json_decref(o);
    return text;
}

static res on_start(struct call *c, struct flow *f, const struct flow_event *e)
{
    if (!is_wanted(c))
        return on_retire(c, f, e);
    flow_set(f, "box", call_unique(c, "box-", 17));
    flow_set(f, "volume", call_unique(c, "vol-", 17));
    flow_set(f, "order", order_of(c));
    TRY(box_own_key(c, flow_text(f, "volume")));
    flow_effect(c, f, open_box, json_text(c->arena, f->data));
    flow_wake(c, f, START_MS);
    flow_go(f, "starting");
    return OK;
}

static res on_agent_ready(struct call *c, struct flow *f, const struct flow_event *e)
{
    if (!is_wanted(c))
        return on_retire(c, f, e);
    flow_effect(c, f, lambda_run_box, flow_text(f, "box"));
    flow_wake(c, f, START_MS);
    flow_go(f, "launching");
    return OK;
}

static res on_running(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    call_after(c, tell_ready, telling(c, f));
    flow_wake(c, f, LOOK_MS);
    return OK;
}

static res on_look(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    call_after(c, ask_whether_over, telling(c, f));
    flow_wake(c, f, LOOK_MS);
    return OK;
}

/* The box is another flow's: nothing of it may be closed here. */
static res on_taken(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    call_after(c, tell_gone, telling(c, f));
    flow_end(f);
    return OK;
}

static res on_closed(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)c;
    (void)e;
    flow_end(f);
    return OK;
}

static const struct flow_rule rules[] = {
    {"new", "begin", on_begin, "waiting"},
    {"waiting", "timer", on_start, NULL},
    {"starting", "agent-ready", on_agent_ready, NULL},
    {"launching", "running", on_running, "ready"},
    {"ready", "timer", on_look, NULL},
    {"ready", "taken", on_taken, NULL},
    {"closing", "closed", on_closed, NULL},
    {"closing", "effect-failed", lambda_on_retry, NULL},
    {"closing", "timer", on_retire, NULL},
    {"closing", "resumed", on_retire, NULL},
    {"closing", "retire", NULL, NULL},
    {"closing", "exited", NULL, NULL},
    {"closing", "agent-gone", NULL, NULL},
    {"closing", "agent-failed", NULL, NULL},
    {"closing", "agent-ready", NULL, NULL},
    {"closing", "running", NULL, NULL},
    {"*", "retire", on_retire, NULL},
    {"*", "resumed", on_retire, NULL},
    {"*", "exited", on_retire, NULL},
    {"*", "agent-failed", on_retire, NULL},
    {"*", "agent-gone", on_retire, NULL},
    {"*", "effect-failed", on_retire, NULL},
    {"*", "step-failed", on_retire, NULL},
    {"*", "timer", on_retire, NULL},
};
const struct flow_kind lambda_spare_flow = {"spare", LAMBDA, rules, sizeof rules / sizeof *rules};
