/* SPDX-License-Identifier: MIT */
/* The two interfaces: front's invocations, and Lambda's Runtime API (2018-06-01). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtimes/lambda/host.h"

#define RUNTIME "/2018-06-01/runtime/"

/* ---- the end of an invocation ---- */

static unsigned long memory_used_mib(const struct host *h)
{
    char path[64], line[256];
    unsigned long kib = (unsigned long)h->child.used_kib;

    snprintf(path, sizeof path, "/proc/%d/status", (int)h->child.pid);
    FILE *f = h->child.pid > 0 ? fopen(path, "r") : NULL;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %lu kB", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return (kib + 1023) / 1024;
}

static void report(struct host *h, const char *status)
{
    int64_t us = h->now.delivered ? mono_us() - h->now.began_us : 0;
    char init[64] = "";

    if (h->child.init_us > 0)
        snprintf(init, sizeof init, "Init Duration: %.2f ms\t", (double)h->child.init_us / 1000);
    h->child.init_us = -1;
    log_line(h, "END RequestId: %s", h->now.id);
    log_line(
        h,
        "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %lld ms\tMemory Size: %lld MB\tMax Memory Used: "
        "%lu MB\t%s%s",
        h->now.id, (double)us / 1000, (long long)((us + 999) / 1000), (long long)h->set.memory_mib, memory_used_mib(h),
        init, status);
}

static void add_base64(struct buf *b, str s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < s.n; i += 3) {
        unsigned v = (unsigned)(uint8_t)s.p[i] << 16;
        v |= i + 1 < s.n ? (unsigned)(uint8_t)s.p[i + 1] << 8 : 0;
        v |= i + 2 < s.n ? (unsigned)(uint8_t)s.p[i + 2] : 0;
        buf_add_char(b, digits[v >> 18]);
        buf_add_char(b, digits[v >> 12 & 63]);
        buf_add_char(b, i + 1 < s.n ? digits[v >> 6 & 63] : '=');
        buf_add_char(b, i + 2 < s.n ? digits[v & 63] : '=');
    }
}

static void start_line(struct host *h)
{
    log_line(h, "START RequestId: %s Version: $LATEST", h->now.id);
}

void invocation_finish(struct host *h, const char *error, str payload)
{
    struct conn *c = h->now.from;
    struct buf headers;

    child_output(h); /* what it wrote before it answered */
    report(h, !error || h->child.state != CHILD_NONE ? "" : h->child.timed_out ? "Status: timeout" : "Status: error");
    buf_init(&headers, HEADS_MAX);
    if (error)
        buf_printf(&headers, "Function-Error: %s\r\n", error);
    buf_add_z(&headers, "Log-Result: ");
    add_base64(&headers, buf_str(&h->tail));
    buf_add(&headers, S("\r\n\0"));
    if (c)
        conn_reply(h, c, 200, headers.p, payload);
    buf_done(&headers);
    buf_clear(&h->tail);
    buf_done(&h->now.event);
    buf_done(&h->now.client_context);
    buf_done(&h->now.trace);
    h->now = (struct invocation){0};
    h->deadline_us = 0;
}

/* The function's process is to blame; type and text are AWS's. */
void invocation_fail(struct host *h, const char *type, const char *fmt, ...)
{
    char text[512], payload[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    int n = snprintf(payload, sizeof payload, "{\"errorType\":\"%s\",\"errorMessage\":\"RequestId: %s Error: %s\"}",
                     type, h->now.id, text);
    if (!h->now.delivered)
        start_line(h);
    invocation_finish(h, "Unhandled", str_n(payload, (size_t)n));
}

/* ---- front ---- */

static void take_text(struct buf *b, str s)
{
    buf_init(b, BODY_MAX);
    buf_add(b, s);
}

static void on_invoke(struct host *h, struct conn *c, const struct request *r)
{
    if (h->now.is || h->set.spare || !r->headers[H_REQUEST_ID].n || c->too_large) {
        conn_reply(h, c, h->now.is ? 503 : 400, "", S("{}"));
        return;
    }
    h->now = (struct invocation){.is = true, .from = c};
    str_to_z(r->headers[H_REQUEST_ID], h->now.id, sizeof h->now.id);
    str_to_z(r->headers[H_FUNCTION_ARN], h->now.arn, sizeof h->now.arn);
    take_text(&h->now.event, r->body);
    take_text(&h->now.client_context, r->headers[H_CLIENT_CONTEXT]);
    take_text(&h->now.trace, r->headers[H_TRACE_ID]);
    child_freeze(h, false);
    if (h->child.state == CHILD_NONE)
        child_spawn(h);
    if (h->child.state == CHILD_SERVES && h->child.waiting)
        invocation_deliver(h);
}

/* Once, and before anything else: afterwards this sandbox is its function's. */
static void on_begin(struct host *h, struct conn *c)
{
    bool begun = h->set.spare && spare_begin(h);

    conn_reply(h, c, begun ? 200 : 400, "", S("{}"));
}

/* ---- the runtime ---- */

void invocation_deliver(struct host *h)
{
    struct conn *c = h->child.waiting;
    struct buf headers;

    start_line(h);
    h->now.delivered = true;
    h->now.began_us = mono_us();
    h->deadline_us = h->now.began_us + h->set.timeout_ms * 1000;
    h->child.waiting = NULL;
    buf_init(&headers, HEADS_MAX);
    buf_printf(&headers,
               "Lambda-Runtime-Aws-Request-Id: %s\r\nLambda-Runtime-Deadline-Ms: %lld\r\n"
               "Lambda-Runtime-Invoked-Function-Arn: %s\r\n",
               h->now.id, (long long)(wall_ms() + h->set.timeout_ms), h->now.arn[0] ? h->now.arn : h->set.arn);
    if (h->now.trace.n)
        buf_printf(&headers, "Lambda-Runtime-Trace-Id: %.*s\r\n", FMT(buf_str(&h->now.trace)));
    if (h->now.client_context.n)
        buf_printf(&headers, "Lambda-Runtime-Client-Context: %.*s\r\n", FMT(buf_str(&h->now.client_context)));
    buf_add_char(&headers, 0);
    conn_reply(h, c, 200, headers.p, buf_str(&h->now.event));
    buf_done(&headers);
}

static void on_next(struct host *h, struct conn *c)
{
    if (h->child.state == CHILD_NONE || h->child.state == CHILD_SPARE || h->child.waiting) {
        conn_reply(h, c, 403, "",
                   S("{\"errorType\":\"InvalidStateTransition\",\"errorMessage\":\"Another one waits.\"}"));
        return;
    }
    if (h->child.state == CHILD_INIT) {
        h->child.state = CHILD_SERVES;
        h->child.init_us = mono_us() - h->child.spawned_us;
        h->deadline_us = 0;
    }
    h->child.waiting = c;
    if (h->now.is && !h->now.delivered)
        invocation_deliver(h);
    else if (!h->now.is)
        child_freeze(h, true);
}

static void accepted(struct host *h, struct conn *c)
{
    conn_reply(h, c, 202, "", S("{\"status\":\"OK\"}\n"));
}

static void on_response(struct host *h, struct conn *c, const struct request *r)
{
    if (c->too_large || r->body.n > PAYLOAD_MAX) {
        conn_reply(
            h, c, 413, "",
            S("{\"errorType\":\"RequestEntityTooLarge\",\"errorMessage\":\"Exceeded maximum allowed payload size "
              "(6291556 bytes).\"}"));
        invocation_finish(h, "Unhandled",
                          S("{\"errorType\":\"Function.ResponseSizeTooLarge\",\"errorMessage\":\"Response payload size "
                            "exceeded maximum allowed payload size (6291556 bytes).\"}"));
        return;
    }
    invocation_finish(h, NULL, r->body);
    accepted(h, c);
}

static void on_error(struct host *h, struct conn *c, const struct request *r)
{
    invocation_finish(h, "Unhandled", r->body);
    accepted(h, c);
}

void invocation_init_failed(struct host *h, str words)
{
    start_line(h);
    invocation_finish(h, "Unhandled", words);
}

/* The runtime cannot begin: it ends now. The invocation that waits, and one that comes until then, get its words. */
static void on_init_error(struct host *h, struct conn *c, const struct request *r)
{
    buf_clear(&h->child.init_error);
    buf_add(&h->child.init_error, r->body);
    if (h->now.is && !h->now.delivered)
        invocation_init_failed(h, r->body);
    accepted(h, c);
}

static bool is_current(const struct host *h, str id)
{
    return h->now.is && h->now.delivered && str_eq(id, str_z(h->now.id));
}

static void on_runtime(struct host *h, struct conn *c, const struct request *r)
{
    str path = r->path, id;
    bool post = str_eq(r->method, S("POST"));

    if (str_eq(r->method, S("GET")) && str_eq(path, S(RUNTIME "invocation/next"))) {
        on_next(h, c);
        return;
    }
    if (post && str_eq(path, S(RUNTIME "init/error"))) {
        on_init_error(h, c, r);
        return;
    }
    path = str_starts(path, S(RUNTIME "invocation/")) ? str_from(path, sizeof RUNTIME "invocation/" - 1) : S("");
    id = str_cut(&path, '/');
    if (!post || (!str_eq(path, S("response")) && !str_eq(path, S("error")))) {
        conn_reply(h, c, 404, "", S("{\"errorType\":\"NotFound\",\"errorMessage\":\"404 page not found\"}"));
    } else if (!is_current(h, id)) {
        conn_reply(h, c, 400, "", S("{\"errorType\":\"InvalidRequestID\",\"errorMessage\":\"Invalid request ID\"}"));
    } else if (str_eq(path, S("response"))) {
        on_response(h, c, r);
    } else {
        on_error(h, c, r);
    }
}

void conn_request(struct host *h, struct conn *c, const struct request *r)
{
    if (!c->front)
        on_runtime(h, c, r);
    else if (str_eq(r->method, S("POST")) && str_eq(r->path, S("/invoke")))
        on_invoke(h, c, r);
    else if (str_eq(r->method, S("POST")) && str_eq(r->path, S("/begin")))
        on_begin(h, c);
    else
        conn_reply(h, c, 404, "", S("{}"));
}

void conn_gone(struct host *h, struct conn *c)
{
    if (h->child.waiting == c)
        h->child.waiting = NULL;
    if (h->now.from == c)
        h->now.from = NULL;
}
