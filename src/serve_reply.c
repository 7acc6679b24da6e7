/* SPDX-License-Identifier: MIT */
/* The end of the request path: audit, encode, send, and give back what the call used. */
#include "serve.h"

#include <string.h>

#include "api/gate.h"
#include "base/log.h"
#include "store/audit.h"

static void recycle(struct serving *s)
{
    struct io_thread *t = s->thread;
    struct arena *a = s->call.arena, *secrets = s->call.secrets;

    serve_body_drop(s);
    buf_done(&s->body);
    arena_reset(secrets);
    arena_reset(a); /* s itself was in there */
    if (t->n_spare < sizeof t->spare / sizeof *t->spare)
        t->spare[t->n_spare++] = a;
    else
        arena_free(a);
    if (t->n_spare_secrets < sizeof t->spare_secrets / sizeof *t->spare_secrets)
        t->spare_secrets[t->n_spare_secrets++] = secrets;
    else
        arena_free(secrets);
}

void serve_gone(void *thread, struct exchange *x)
{
    struct serving *s = x_data(x);

    (void)thread;
    if (!s)
        return;
    x_set_data(x, NULL);
    s->gone = true;
    if (s->answered || !s->busy) { /* nobody else holds it */
        x_release(x);
        recycle(s);
    }
}

/* What another thread or an upstream was busy with has come back. */
static bool still_here(struct serving *s)
{
    s->busy = false;
    return !s->gone;
}

static const struct service *spelling_of(const struct serving *s)
{
    return s->routed.service ? s->routed.service : route_spelling(s->request, s->proof.service);
}

/* An oops is told to the log in full and to the client not at all. */
static void own_failure(struct serving *s)
{
    struct call *c = &s->call;
    const struct service *service = spelling_of(s);

    log_error("%.*s %s: %s%s%s", FMT(c->request_id), c->op ? c->op->name : "-", c->err.what,
              c->err.sys_errno ? ": " : "", c->err.sys_errno ? strerror(c->err.sys_errno) : "");
    c->fault = (struct fault){&service->failure,
                              S("An internal error occurred. The request id leads to its cause in the log."),
                              .resource = S("")};
}

static void write_audit(struct serving *s)
{
    const str *records;
    struct err e = {0};

    if (s->work.records && atomic_load(&s->thread->house->audit_failed))
        own_failure(s); /* the writer could not tell its calls */
    if (!s->call.op || s->work.records)
        return; /* what named no operation decided nothing; the writer has told its own calls */
    size_t n = audit_records(&s->call, s->outcome, &records);
    if (!is_ok(audit_append(s->thread->house->audit, records, n, 0, &e))) {
        err_clear(&s->call.err);
        oops(&s->call.err, e.sys_errno, "the audit log takes nothing: %s", e.what);
        own_failure(s); /* what cannot be told must not be answered */
    }
}

static void send_whole(struct serving *s, const struct wire_output *w)
{
    s->answered = true;
    if (!s->gone)
        x_reply(s->x, w->status, w->headers, w->n_headers, str_eq(s->request->method, S("HEAD")) ? S("") : w->body);
}

void serve_answer(struct serving *s)
{
    struct call *c = &s->call;
    bool here = still_here(s);
    struct wire_output w;

    if (s->outcome.why == WHY_OOPS || (s->outcome.why == WHY_REJECT && !c->fault.type))
        own_failure(s);
    write_audit(s);
    if (!here) {
        x_release(s->x);
        recycle(s);
        return;
    }
    if (c->fault.type) {
        if (!c->fault.resource.p)
            c->fault.resource = s->request->path;
        codec_encode_fault(spelling_of(s), &c->fault, c->request_id, c->arena, &w);
        send_whole(s, &w);
        return;
    }
    codec_encode(c->op, c->out, c->status ? c->status : c->op->status, c->request_id, c->arena, &w);
    if (c->op->kind == OP_DOWNLOADS && c->body.download)
        serve_download_begin(s, &w);
    else if (c->op->kind == OP_PROXIES && c->body.proxy)
        serve_proxy(s);
    else
        send_whole(s, &w);
}

void serve_fail(struct serving *s, const struct fault_type *type, const char *text)
{
    s->outcome = fault(&s->call, type, "%s", text);
    serve_answer(s);
}
