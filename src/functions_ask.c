/* SPDX-License-Identifier: MIT */
/* One invocation on its way: to its environment over a pooled socket into its network, and back as Lambda's answer. */
#include <string.h>

#include "api/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "functions.h"
#include "functions_parts.h"
#include "warden/warden.h"

enum { REPLY_MAX = 8 << 20, GRACE_MS = 30 * 1000, ASK_MAX_BYTES = 2 << 20 };

static const struct fault_type too_many = {"TooManyRequestsException", 429}, broken = {"ServiceException", 500};

/* ---- a new environment ---- */

struct starting {
    struct errand errand;
    struct arena *arena;
    struct functions *all;
    str function, version, account, region, name;
};

static void start(struct errand *e)
{
    struct starting *s = (struct starting *)((char *)e - offsetof(struct starting, errand));
    struct err why = {0};
    str data =
        arena_printf(s->arena, "{\"function\":\"%.*s\",\"version\":\"%.*s\"}", FMT(s->function), FMT(s->version));

    if (!is_ok(conductor_begin(s->all->house, s->account, s->region, "environment", s->name, data, &why))) {
        struct fault f = {.type = &broken, .message = S("The function's execution environment could not be begun.")};
        log_error("%s", why.what);
        s->all->house->functions->gone(s->all->house, s->function, S("-"), false, &f);
    }
    arena_free(s->arena);
}

void environment_start(struct functions *all, const struct invocation_call *i)
{
    struct arena *a = arena_new(64 << 10);
    struct starting *s = ARENA_NEW(a, struct starting);

    *s = (struct starting){.errand = {.run = start},
                           .arena = a,
                           .all = all,
                           .function = arena_dup(a, i->function),
                           .version = arena_dup(a, i->version),
                           .account = arena_dup(a, i->account),
                           .region = arena_dup(a, i->region),
                           .name = arena_dup(a, i->name)};
    pool_submit(all->house->pool, &s->errand);
}

/* ---- answers to a request ---- */

/* False: the client has left, and the request is no more. */
static bool finish(struct serving *s)
{
    bool here = !s->gone;

    s->busy = false;
    s->answered = here;
    if (!here)
        serve_answer(s);
    return here;
}

static void answer_fault(struct serving *s, const struct fault *f)
{
    struct wire_output w;
    struct fault full = *f;

    if (!finish(s))
        return;
    full.resource = S("");
    codec_encode_fault(s->routed.service, &full, s->call.request_id, s->call.arena, &w);
    x_reply(s->x, w.status, w.headers, w.n_headers, w.body);
}

static void answer_payload(struct ask *k, str error, str log, str payload)
{
    struct serving *s = k->serving;
    struct header out[5];
    size_t n = 0;

    out[n++] = (struct header){S("Content-Type"), S("application/json")};
    out[n++] = (struct header){S("x-amzn-RequestId"), k->call.request_id};
    out[n++] = (struct header){S("X-Amz-Executed-Version"), k->call.version};
    if (str_is(error))
        out[n++] = (struct header){S("X-Amz-Function-Error"), error};
    if (k->call.tail && str_is(log))
        out[n++] = (struct header){S("X-Amz-Log-Result"), log};
    if (!finish(s))
        return;
    x_reply(s->x, 200, out, n, payload);
}

/* ---- answers to a flow ---- */

static void tell_flow(struct ask *k, int status, const char *code, str error)
{
    struct buf b;

    buf_init(&b, 512);
    buf_printf(&b, "{\"status\":%d,\"code\":\"%s\"", status, code);
    if (str_is(error))
        buf_printf(&b, ",\"function_error\":\"%.*s\"", FMT(str_sub(error, 0, 64)));
    buf_add_char(&b, '}');
    if (!k->all->quiet)
        conductor_event(k->all->house, k->flow, "answered", buf_str(&b));
    buf_done(&b);
    arena_free(k->arena);
}

/* ---- refusals ---- */

static void refuse(struct ask *k, const struct fault *f)
{
    if (k->serving)
        answer_fault(k->serving, f);
    else
        tell_flow(k, f->type->status, f->type->code, STR_ABSENT);
}

void ask_throttled(struct ask *k, const char *reason)
{
    struct fault f = {
        .type = &too_many, .message = S("Rate Exceeded."), .extra_name = S("Reason"), .extra_value = str_z(reason)};

    refuse(k, &f);
}

static void refused_on_loop(void *arg)
{
    struct ask *k = arg;

    refuse(k, &k->refused);
}

void ask_refused_there(struct ask *k, const struct fault *why)
{
    struct arena *a = k->arena ? k->arena : k->serving->call.arena; /* nobody else has it while it waits */
    struct fault_type *type = ARENA_NEW(a, struct fault_type);

    *type = why->type ? (struct fault_type){arena_z(a, str_z(why->type->code)), why->type->status} : broken;
    k->refused = (struct fault){.type = type,
                                .message = why->type ? arena_dup(a, why->message)
                                                     : S("The function's execution environment has gone.")};
    loop_post(k->thread->loop, refused_on_loop, k);
}

/* ---- there and back ---- */

/* The pool's name is the interface's id: one environment is behind each. */
static int connect_environment(void *ctx)
{
    struct ask *k = ctx;
    struct message_id eni;
    struct err e = {0};
    int fd = -1;

    if (!is_ok(warden_id(str_z(k->eni), "eni-", &eni, &e)) ||
        !is_ok(warden_connect_in(k->all->house->warden, &eni, 0x7f000001, 8080, &fd, &e)))
        return -1;
    return fd;
}

static str header_of(const struct upstream_reply *r, str name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_eq_nocase(r->headers[i].name, name))
            return r->headers[i].value;
    return STR_ABSENT;
}

/* The sandbox ended under it: the function is to blame, as when its process ends. */
static str exit_error(struct ask *k, struct arena *a)
{
    return arena_printf(a,
                        "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: %.*s Error: Runtime exited "
                        "with error: signal: killed\"}",
                        FMT(k->call.request_id));
}

static void on_reply(void *ctx, const struct upstream_reply *r)
{
    struct ask *k = ctx;
    bool lost = r->failed || r->status != 200;
    str error = lost ? S("Unhandled") : header_of(r, S("Function-Error"));
    struct serving *s = k->serving;

    ask_over(k->all, k, lost);
    if (!s) {
        tell_flow(k, 200, "", error);
        return;
    }
    answer_payload(k, error, lost ? STR_ABSENT : header_of(r, S("Log-Result")),
                   lost ? exit_error(k, s->call.arena) : r->body);
}

void ask_send(struct ask *k)
{
    const struct invocation_call *i = &k->call;
    struct buf b;

    buf_init(&b, i->payload.n + 16384);
    buf_printf(&b, "POST /invoke HTTP/1.1\r\nHost: function\r\nContent-Length: %zu\r\nBarmkin-Request-Id: %.*s\r\n",
               i->payload.n, FMT(i->request_id));
    buf_printf(&b, "Barmkin-Function-Arn: %.*s\r\n", FMT(i->invoked));
    if (i->client_context.n)
        buf_printf(&b, "Barmkin-Client-Context: %.*s\r\n", FMT(i->client_context));
    buf_add_z(&b, "\r\n");
    buf_add(&b, i->payload);
    loop_upstream(k->thread->loop, str_z(k->eni), connect_environment, buf_str(&b), REPLY_MAX, i->timeout_ms + GRACE_MS,
                  on_reply, k);
    buf_done(&b);
}

static void send_on_loop(void *arg)
{
    ask_send(arg);
}

void ask_send_there(struct ask *k)
{
    loop_post(k->thread->loop, send_on_loop, k);
}

/* ---- of a request ---- */

struct queueing {
    struct errand errand;
    struct serving *serving;
    const struct invocation_call *call;
    struct functions *all;
    bool queued;
};

static void queued_on_loop(void *arg)
{
    struct queueing *q = arg;
    struct serving *s = q->serving;
    struct header id = {S("x-amzn-RequestId"), s->call.request_id};
    struct fault f = {.type = &broken, .message = S("The event could not be queued.")};

    if (!q->queued) {
        answer_fault(s, &f);
        return;
    }
    if (!finish(s))
        return;
    x_reply(s->x, 202, &id, 1, S(""));
}

/* The event is durable before it is acknowledged. */
static void queue(struct errand *e)
{
    struct queueing *q = (struct queueing *)((char *)e - offsetof(struct queueing, errand));
    const struct invocation_call *i = q->call;
    struct err why = {0};

    q->queued = is_ok(conductor_begin(q->all->house, i->account, i->region, "lambda-event", i->name, i->later, &why));
    if (!q->queued)
        log_error("%s", why.what);
    loop_post(q->serving->thread->loop, queued_on_loop, q);
}

void functions_send(struct serving *s)
{
    struct functions *all = s->thread->house->environments;
    struct ask *k = ARENA_NEW(s->call.arena, struct ask);

    s->busy = true;
    if (str_is(s->proxy.function->later)) {
        struct queueing *q = ARENA_NEW(s->call.arena, struct queueing);
        *q = (struct queueing){.errand = {.run = queue}, .serving = s, .call = s->proxy.function, .all = all};
        pool_submit(all->house->pool, &q->errand);
        return;
    }
    *k = (struct ask){.all = all, .thread = s->thread, .serving = s, .call = *s->proxy.function};
    ask_begin(all, k);
}

/* ---- of a flow ---- */

static void begin_on_loop(void *arg)
{
    struct ask *k = arg;

    ask_begin(k->all, k);
}

void ask_invoke_for_flow(struct house *h, const struct invocation_call *i, str flow)
{
    struct functions *all = h->environments;
    struct arena *a = arena_new(ASK_MAX_BYTES);
    struct ask *k = ARENA_NEW(a, struct ask);

    *k = (struct ask){.arena = a, .all = all, .thread = &all->front->io[0], .flow = arena_dup(a, flow), .call = *i};
    str *texts[] = {&k->call.function,   &k->call.revision,      &k->call.invoked, &k->call.version,
                    &k->call.account,    &k->call.region,        &k->call.name,    &k->call.payload,
                    &k->call.request_id, &k->call.client_context};
    for (size_t n = 0; n < sizeof texts / sizeof *texts; n++)
        *texts[n] = arena_dup(a, *texts[n]);
    loop_post(k->thread->loop, begin_on_loop, k);
}
