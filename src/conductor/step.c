/* SPDX-License-Identifier: MIT */
/* One step: load the flow, find its rule, run it, save what became of it; all in one transaction. Then its effects. */
#include <string.h>

#include "api/gate.h"
#include "base/log.h"
#include "base/time.h"
#include "conductor/inside.h"
#include "warden/warden.h"

struct tell {
    str flow, event;
};

struct flow_want { /* what a step asks for */
    const char *go;
    bool ended;
    flow_effect_fn *effect;
    str args;
};

struct step {
    struct inner_work inner;
    struct arena *arena, *secrets;
    struct conductor *conductor;
    const struct posted *posted;
    struct barmkin_flow_step in;
    struct barmkin_nothing out;
    struct flow_want want;
    str flow;   /* its id; outlives the event */
    bool taken; /* a rule was found */
    int64_t effect, wake_ms;
    struct errand errand;
    struct step *next_running, *waiting; /* of the conductor's list; the next effect of the same flow */
};

/* ---- what steps may do ---- */

void flow_go(struct flow *f, const char *state)
{
    f->want->go = state;
}

void flow_wake(struct call *c, struct flow *f, int64_t in_ms)
{
    f->wake_ms = in_ms < 0 ? 0 : c->now_ms + in_ms;
}

void flow_effect(struct call *c, struct flow *f, flow_effect_fn *fn, str args)
{
    f->want->effect = fn;
    f->want->args = arena_dup(c->arena, args);
}

void flow_end(struct flow *f)
{
    f->want->ended = true;
}

str flow_text(const struct flow *f, const char *key)
{
    return json_str_at(f->data, key);
}

void flow_set(struct flow *f, const char *key, str value)
{
    json_object_set_new(f->data, key, json_of(value));
}

static res tell_after(struct house *h, void *arg, struct err *e)
{
    const struct tell *t = arg;
    char event[64];

    (void)e;
    conductor_event(h, t->flow, str_to_z(t->event, event, sizeof event), STR_ABSENT);
    return OK;
}

void flow_tell(struct call *c, str flow_id, const char *event)
{
    struct tell *t = ARENA_NEW(c->arena, struct tell);

    *t = (struct tell){arena_dup(c->arena, flow_id), str_z(event)};
    call_after(c, tell_after, t);
}

res flow_begin(struct call *c, const char *kind, str subject, str data, str *id)
{
    struct barmkin_flow *r = ARENA_NEW(c->arena, struct barmkin_flow);

    *r = (struct barmkin_flow){.flow_id = arena_cat(c->arena, c->caller->account, call_unique(c, "-", 17)),
                               .kind = str_z(kind),
                               .state = S("new"),
                               .open = S("yes"),
                               .home = c->region,
                               .subject = subject,
                               .data = str_is(data) ? data : S("{}")};
    *id = r->flow_id;
    TRY(barmkin_flow_save(c, r));
    flow_tell(c, r->flow_id, "begin");
    return OK;
}

/* ---- one step ---- */

static const struct flow_kind *kind_named(const struct conductor *c, str name)
{
    for (const struct flow_kind *const *k = c->kinds; *k; k++)
        if (str_eq(str_z((*k)->name), name))
            return *k;
    return NULL;
}

static const struct flow_rule *rule_for(const struct flow_kind *k, str state, str event)
{
    for (size_t i = 0; k && i < k->n_rules; i++)
        if (str_eq(str_z(k->rules[i].event), event) &&
            (strcmp(k->rules[i].state, "*") == 0 || str_eq(str_z(k->rules[i].state), state)))
            return &k->rules[i];
    return NULL;
}

static str dump(struct call *c, const json_t *v)
{
    struct buf b;

    buf_init(&b, FLOW_DATA_MAX_BYTES);
    buf_add_json(&b, v);
    str text = b.full ? STR_ABSENT : arena_dup(c->arena, buf_str(&b));
    buf_done(&b);
    return text;
}

static res keep(struct call *c, struct step *s, struct barmkin_flow *r, const struct flow *f, const char *next)
{
    if (s->want.ended) {
        s->wake_ms = 0;
        return barmkin_flow_drop(c, r);
    }
    r->state = next ? str_z(next) : r->state;
    r->data = dump(c, f->data);
    if (!str_is(r->data))
        return oops(&c->err, 0, "the data of the flow %.*s is too large", FMT(f->id));
    r->wake_at = SET_INT(f->wake_ms);
    r->attempts = SET_INT(f->attempts);
    r->effect = SET_INT(r->effect.v + (s->want.effect ? 1 : 0));
    s->effect = r->effect.v;
    s->wake_ms = f->wake_ms;
    return barmkin_flow_save(c, r);
}

static res run_rule(struct call *c, struct step *s, struct barmkin_flow *r, const struct flow_rule *rule)
{
    struct flow_event event = {s->posted->event, NULL};
    struct flow f = {.id = r->flow_id,
                     .kind = r->kind,
                     .state = r->state,
                     .account = r->at.account,
                     .region = r->home,
                     .subject = r->subject,
                     .attempts = r->attempts.v,
                     .wake_ms = r->wake_at.v,
                     .want = &s->want};
    json_t *data = NULL;

    TRY(json_parse(c->arena, r->data, &c->err, &f.data));
    if (str_is(s->posted->data))
        TRY(json_parse(c->arena, s->posted->data, &c->err, &data));
    event.data = data;
    if (str_eq(event.name, S("timer")))
        f.wake_ms = 0;
    if (rule->step)
        TRY(rule->step(c, &f, &event));
    return keep(c, s, r, &f, s->want.go ? s->want.go : rule->next);
}

static res take_step(struct call *c, const void *in, void *out)
{
    struct step *s = (struct step *)((char *)in - offsetof(struct step, in));
    struct barmkin_flow *r;

    (void)out;
    s->taken = false;
    s->inner.quiet = true;
    s->want = (struct flow_want){0};
    TRY(barmkin_flow_load(c, c->caller->account, s->flow, &r));
    if (!r) { /* it has ended, or its account was wiped: then its sandbox must not outlive it */
        s->taken = boxes_have(s->conductor->boxes, s->flow);
        s->want.effect = boxes_abandon;
        return OK;
    }
    s->wake_ms = r->wake_at.v;
    if (s->posted->effect != ANY_EFFECT && s->posted->effect != r->effect.v)
        return OK; /* the answer to something that is not asked any more */
    const struct flow_kind *k = kind_named(s->conductor, r->kind);
    const struct flow_rule *rule = rule_for(k, r->state, s->posted->event);
    if (!rule)
        return OK;
    s->taken = true;
    s->in = (struct barmkin_flow_step){r->flow_id, r->kind, r->subject, r->state, s->posted->event};
    s->inner.who.arn = str_z(k->service);
    c->region = r->home;
    TRY(run_rule(c, s, r, rule));
    s->inner.quiet = !c->audit && !s->want.ended && str_eq(s->posted->event, S("timer")); /* polling says nothing */
    return OK;
}

/* ---- effects ---- */

static str failure(struct arena *a, const struct err *e, bool ours)
{
    struct buf b;

    buf_init(&b, 8192);
    buf_add_z(&b, "{\"reason\":");
    buf_add_json_str(&b, str_z(e->what));
    buf_printf(&b, ",\"ours\":%s}", ours ? "true" : "false");
    str text = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

static void step_free(struct step *s)
{
    struct arena *a = s->arena;

    arena_free(s->secrets);
    inner_work_done(&s->inner);
    arena_free(a);
}

/* A flow's effects never run at once, and run in order: what takes a sandbox away must find it whole. */
static void run_effects(struct errand *e);

static void submit(struct conductor *c, struct step *s)
{
    s->errand.run = run_effects;
    pthread_mutex_lock(&c->lock);
    c->effects++;
    struct step *same = c->running;
    while (same && !str_eq(same->flow, s->flow))
        same = same->next_running;
    if (same) {
        while (same->waiting)
            same = same->waiting;
        same->waiting = s;
    } else {
        s->next_running = c->running;
        c->running = s;
    }
    pthread_mutex_unlock(&c->lock);
    if (!same)
        pool_submit(c->house->pool, &s->errand);
}

static void ended(struct conductor *c, struct step *s)
{
    pthread_mutex_lock(&c->lock);
    struct step **at = &c->running, *next = s->waiting;
    while (*at != s)
        at = &(*at)->next_running;
    *at = s->next_running;
    if (next) {
        next->next_running = c->running;
        c->running = next;
    }
    c->effects--;
    pthread_cond_broadcast(&c->idle);
    pthread_mutex_unlock(&c->lock);
    if (next)
        pool_submit(c->house->pool, &next->errand);
}

static void run_effects(struct errand *e)
{
    struct step *s = (struct step *)((char *)e - offsetof(struct step, errand));
    struct conductor *c = s->conductor;
    struct effect x = {.house = c->house, .arena = s->arena, .flow = s->flow, .args = s->want.args};
    char event[64];
    res r = call_run_after(c->house, s->inner.call.after, &x.err);

    if (is_ok(r) && s->want.effect)
        r = s->want.effect(&x);
    if (!is_ok(r) && c->house->warden && warden_is_gone(c->house->warden)) {
        log_warn("flow %.*s waits for the next front: %s", FMT(s->flow), x.err.what); /* which resumes it */
    } else if (!is_ok(r)) {
        log_warn("flow %.*s: %s", FMT(s->flow), x.err.what);
        conductor_post(c, s->flow, "effect-failed", failure(s->arena, &x.err, r.why == WHY_OOPS), s->effect, 0);
    } else if (str_is(x.event)) {
        conductor_post(c, s->flow, str_to_z(x.event, event, sizeof event), x.data, s->effect, 0);
    }
    ended(c, s);
    step_free(s);
}

/* ---- a piece of work of the house's own ---- */

static res work_run(struct work *w, struct txn *t)
{
    struct inner_work *one = (struct inner_work *)((char *)w - offsetof(struct inner_work, work));
    struct call *c = &one->call;

    res r = call_run_write(c, t, NULL);
    w->n_records = one->quiet && is_ok(r) ? 0 : audit_records(c, r, &w->records);
    return r;
}

static void work_done(struct work *w, bool committed)
{
    struct inner_work *one = (struct inner_work *)((char *)w - offsetof(struct inner_work, work));

    pthread_mutex_lock(&one->lock);
    one->committed = committed;
    one->finished = true;
    pthread_cond_signal(&one->done);
    pthread_mutex_unlock(&one->lock);
}

void inner_work_plan(struct inner_work *w, const char *name, res (*run)(struct call *c, const void *in, void *out),
                     struct barmkin_flow_step *in, struct barmkin_nothing *out)
{
    w->op = (struct operation){.service = &conductor_service,
                               .name = name,
                               .kind = OP_WRITES,
                               .in = &barmkin_flow_step_shape,
                               .out = &barmkin_nothing_shape,
                               .handle = run};
    w->call.in = in;
    w->call.out = out;
}

struct caller inner_caller(str service, str account)
{
    return (struct caller){.kind = PRINCIPAL_SERVICE, .arn = service, .user_id = service, .account = account};
}

res inner_work_run(struct conductor *c, struct inner_work *w, struct arena *a, struct arena *secrets)
{
    w->call.op = &w->op;
    w->call.caller = &w->who;
    w->call.arena = a;
    w->call.secrets = secrets;
    w->call.worker = c->house->writer_worker;
    w->call.now_ms = time_wall_ms();
    w->call.region = w->call.region.n ? w->call.region : c->house->region;
    w->call.request_id = call_uuid(&w->call);
    w->work = (struct work){.run = work_run, .done = work_done};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->done, NULL);
    writer_submit(c->house->writer, &w->work);
    pthread_mutex_lock(&w->lock);
    while (!w->finished)
        pthread_cond_wait(&w->done, &w->lock);
    pthread_mutex_unlock(&w->lock);
    if (w->committed)
        return OK;
    return is_ok(w->work.outcome) ? (res){WHY_OOPS} : w->work.outcome;
}

void inner_work_done(struct inner_work *w)
{
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->done);
}

/* ---- the conductor's side ---- */

/* A step that failed is told to its flow; one that cannot even take that is tried again later. */
static void failed(struct step *s, res why)
{
    const struct posted *p = s->posted;
    struct call *c = &s->inner.call;
    bool again = str_eq(p->event, S("step-failed"));
    char event[64];

    if (c->fault.type)
        oops(&c->err, 0, "%.*s", FMT(c->fault.message));
    else if (!c->err.what[0])
        oops(&c->err, 0, "the transaction was lost");
    log_warn("flow %.*s, %.*s in %.*s: %s", FMT(s->flow), FMT(p->event), FMT(s->in.state), c->err.what);
    if (again)
        conductor_post(s->conductor, s->flow, str_to_z(p->event, event, sizeof event), p->data, p->effect, 5000);
    else
        conductor_post(s->conductor, s->flow, "step-failed", failure(s->arena, &c->err, why.why != WHY_FAULT),
                       ANY_EFFECT, 0);
}

void step_take(struct conductor *c, const struct posted *p)
{
    struct arena *a = arena_new(STEP_ARENA_BYTES);
    struct step *s = ARENA_NEW(a, struct step);

    *s = (struct step){.arena = a, .secrets = arena_new_secret(1 << 20), .conductor = c, .posted = p};
    s->flow = arena_dup(a, p->flow);
    s->inner.quiet = true;
    s->inner.who = inner_caller(INNER_SERVICE, str_sub(s->flow, 0, 12));
    inner_work_plan(&s->inner, "FlowStep", take_step, &s->in, &s->out);
    res r = inner_work_run(c, &s->inner, a, s->secrets);
    s->posted = p;
    if (!is_ok(r)) {
        failed(s, r);
        step_free(s);
        return;
    }
    alarm_set(c, s->flow, s->wake_ms);
    if (!s->taken || (!s->inner.call.after && !s->want.effect)) {
        step_free(s);
        return;
    }
    submit(c, s);
}
