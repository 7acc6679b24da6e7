/* SPDX-License-Identifier: MIT */
/* An asynchronous invocation: invoked until it has succeeded, or has failed three times, or is six hours old. A
 * function that failed is tried again after one minute, then two; one that could not be invoked, ever more slowly, up
 * to every five minutes: AWS's rules. What is given up is dropped, with a word in the log. */
#include "base/enc.h"
#include "base/log.h"
#include "lambda_parts.h"

enum {
    RETRIES = 2,
    RETRY_MS = 60 * 1000,
    BACK_OFF_MS = 1000,
    BACK_OFF_MAX_MS = 5 * 60 * 1000,
    AGE_MAX_MS = 6 * 3600 * 1000,
    GRACE_MS = 120 * 1000, /* beyond the function's time: then the answer is lost */
};

extern const struct flow_kind lambda_event_flow;

static int64_t number(const struct flow *f, const char *key)
{
    return json_integer_value(json_object_get(f->data, key));
}

struct telling {
    struct invocation_call call;
    str flow;
};

static res invoke(struct house *h, void *arg, struct err *e)
{
    const struct telling *t = arg;

    (void)e;
    if (h->functions)
        h->functions->invoke(h, &t->call, t->flow);
    return OK;
}

static res on_begin(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct telling *t = ARENA_NEW(c->arena, struct telling);
    const struct lambda_function *fn;
    str sealed, payload, qualifier = flow_text(f, "qualifier");

    (void)e;
    TRY(lambda_load(c, f->account, f->subject, qualifier.n ? qualifier : STR_ABSENT, &fn));
    if (fn)
        TRY(lambda_pick(c, fn, &fn)); /* an alias leads where it leads now */
    if (!fn || !base64_decode(c->arena, flow_text(f, "event"), &sealed)) {
        flow_end(f); /* the function has been deleted in the meantime */
        return OK;
    }
    TRY(vault_unwrap(call_vault(c), S("lambda-event"), fn->function_arn, sealed, c->arena, &payload, &c->err));
    lambda_invocation(c, fn, payload, &t->call);
    t->call.request_id = arena_dup(c->arena, flow_text(f, "request"));
    t->call.client_context = arena_dup(c->arena, flow_text(f, "context"));
    t->flow = f->id;
    call_after(c, invoke, t);
    flow_wake(c, f, t->call.timeout_ms + GRACE_MS);
    return OK;
}

static void wait(struct call *c, struct flow *f, int64_t ms)
{
    if (c->now_ms + ms - number(f, "since") > AGE_MAX_MS) {
        log_warn("an event for %.*s was dropped after six hours", FMT(flow_text(f, "function")));
        flow_end(f);
        return;
    }
    flow_wake(c, f, ms);
    flow_go(f, "waiting");
}

static int64_t next_count(struct flow *f, const char *key)
{
    int64_t n = number(f, key) + 1;

    json_object_set_new(f->data, key, json_integer(n));
    return n;
}

static void failed(struct call *c, struct flow *f)
{
    int64_t n = next_count(f, "failures");

    if (n <= RETRIES) {
        wait(c, f, n * RETRY_MS);
        return;
    }
    log_warn("an event for %.*s was dropped: the function failed %lld times", FMT(flow_text(f, "function")),
             (long long)n);
    flow_end(f);
}

static void not_invoked(struct call *c, struct flow *f)
{
    int64_t n = next_count(f, "refusals"), ms = (int64_t)BACK_OFF_MS << (n < 10 ? n - 1 : 9);

    wait(c, f, ms < BACK_OFF_MAX_MS ? ms : BACK_OFF_MAX_MS);
}

/* 429 and 5xx say nothing about the function; anything else of the kind is a refusal that will not change. */
static res on_answered(struct call *c, struct flow *f, const struct flow_event *e)
{
    int64_t status = json_integer_value(json_object_get(e->data, "status"));

    if (status == 200 && !str_is(json_str_at(e->data, "function_error")))
        flow_end(f);
    else if (status == 200)
        failed(c, f);
    else if (status == 404)
        flow_end(f);
    else
        not_invoked(c, f);
    return OK;
}

static res on_lost(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    not_invoked(c, f);
    return OK;
}

static const struct flow_rule rules[] = {
    {"new", "begin", on_begin, "running"},     {"running", "answered", on_answered, NULL},
    {"running", "timer", on_lost, NULL},       {"running", "resumed", on_begin, NULL},
    {"waiting", "timer", on_begin, "running"}, {"waiting", "answered", NULL, NULL},
    {"*", "step-failed", on_lost, NULL},
};
const struct flow_kind lambda_event_flow = {"lambda-event", LAMBDA, rules, sizeof rules / sizeof *rules};
