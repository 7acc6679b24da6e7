/* SPDX-License-Identifier: MIT */
/* Running a call inside its transaction, and calls that services make on others: the same line, one level deeper. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/gate.h"
#include "api/house.h"
#include "api/walk.h"

enum { MAX_DEPTH = 4 };

const struct fault_type api_access_denied = {"AccessDenied", 403};
static const struct fault_type not_built = {"NotImplemented", 501};
static const struct fault_type invalid = {"ValidationException", 400};

res fault(struct call *c, const struct fault_type *type, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    if (!c->fault.type) {
        va_start(ap, fmt);
        int n = vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        size_t len = n < 0 ? 0 : n < (int)sizeof text ? (size_t)n : sizeof text - 1;
        c->fault.type = type;
        c->fault.message = arena_dup(c->arena, str_n(text, len));
    }
    return (res){WHY_FAULT};
}

res call_run(struct call *c)
{
    TRY(gate_pass(c));
    if (c->op->kind == OP_ABSENT)
        return fault(c, &not_built,
                     "%s %s is known to Barmkin but not built; docs/reference/coverage.md lists what is.",
                     c->op->service->name, c->op->name);
    return c->op->handle(c, c->in, c->out);
}

res call_run_write(struct call *c, struct txn *t, struct audit_line *kept)
{
    worker_tidy(c->worker);
    c->fault = (struct fault){0}; /* a second run starts as the first did */
    c->after = NULL;
    c->audit = kept;
    c->status = 0;
    memset(c->out, 0, c->op->out->size);
    err_clear(&c->err);
    c->txn = t;
    res why = call_run(c);
    c->txn = NULL;
    return why;
}

void call_after(struct call *c, res (*fn)(struct house *h, void *arg, struct err *e), void *arg)
{
    struct after *one = ARENA_NEW(c->arena, struct after), **at = &c->after;

    *one = (struct after){fn, arg, NULL};
    while (*at) /* in the order they were asked for */
        at = &(*at)->next;
    *at = one;
}

/* One that fails does not spare the others: all that was committed is owed. The first failure is told. */
res call_run_after(struct house *h, const struct after *a, struct err *e)
{
    res first = OK;

    for (; a; a = a->next) {
        res r = a->fn(h, a->arg, e);
        first = is_ok(first) ? r : first;
    }
    return first;
}

/* ---- calls between services ---- */

/* Inner records wait in the outermost call: what is undone with it must not be said to have happened. */
static void audit_inner(struct call *outer, struct call *inner, res why)
{
    struct audit_line *line = ARENA_NEW(inner->arena, struct audit_line);
    struct audit_line **at = &inner->audit;

    line->text = audit_record(inner, why);
    while (*at)
        at = &(*at)->next;
    *at = outer->audit;
    line->next = inner->audit;
    outer->audit = line;
}

static res run_inner(struct call *inner)
{
    const char *missing;
    res why = shape_validate(inner->op->in, inner->in, &missing, inner->arena, &inner->err);

    if (why.why == WHY_REJECT)
        return fault(inner, &invalid, "%s", inner->err.what);
    TRY(why);
    return call_run(inner);
}

static void adopt_after(struct call *outer, struct call *inner)
{
    for (struct after *a = inner->after; a; a = a->next)
        call_after(outer, a->fn, a->arg);
}

static res try_inner(struct call *c, const struct caller *who, const struct operation *op, const void *in, void *out,
                     const struct download **body, struct fault *inner_fault)
{
    struct call inner = {.op = op,
                         .caller = who,
                         .door = c->door,
                         .signed_by = c->signed_by,
                         .parent = c,
                         .depth = c->depth + 1,
                         .region = c->region,
                         .request_id = c->request_id,
                         .user_agent = c->user_agent,
                         .host = c->host,
                         .now_ms = c->now_ms,
                         .arena = c->arena,
                         .secrets = c->secrets,
                         .worker = c->worker,
                         .txn = c->txn,
                         .in = in,
                         .out = out};
    bool writes = op->kind == OP_WRITES || op->kind == OP_UPLOADS;

    *inner_fault = (struct fault){0};
    if (inner.depth > MAX_DEPTH)
        return oops(&c->err, 0, "calls between services are nested deeper than %d", MAX_DEPTH);
    if (who->n_called_via || who->kind == PRINCIPAL_SERVICE)
        inner.door = NULL; /* the onward call comes through no endpoint of the caller's (rule 21) */
    if (writes)
        TRY(txn_savepoint(c->txn, &c->err));
    res why = run_inner(&inner);
    audit_inner(c, &inner, why);
    if (is_ok(why)) {
        if (writes)
            TRY(txn_release(c->txn, &c->err));
        adopt_after(c, &inner);
        if (body)
            *body = inner.body.download;
        return OK;
    }
    if (writes)
        TRY(txn_undo(c->txn, &c->err));
    if (why.why == WHY_FAULT) {
        *inner_fault = inner.fault;
        return OK;
    }
    return oops(&c->err, inner.err.sys_errno, "%s", inner.err.what);
}

res call_try(struct call *c, const struct caller *who, const struct operation *op, const void *in, void *out,
             struct fault *inner)
{
    return try_inner(c, who, op, in, out, NULL, inner);
}

res call_download(struct call *c, const struct caller *who, const struct operation *op, const void *in, void *out,
                  const struct download **body, struct fault *inner)
{
    *body = NULL;
    return try_inner(c, who, op, in, out, body, inner);
}

res call_as(struct call *c, const struct caller *who, const struct operation *op, const void *in, void *out)
{
    struct fault inner;

    TRY(call_try(c, who, op, in, out, &inner));
    if (!inner.type)
        return OK;
    if (!c->fault.type)
        c->fault = inner;
    return (res){WHY_FAULT};
}

const struct caller *caller_forward(struct call *c, const char *service)
{
    struct caller *who = ARENA_NEW(c->arena, struct caller);
    str *via = ARENA_ARRAY(c->arena, str, c->caller->n_called_via + 1);

    *who = *c->caller;
    for (size_t i = 0; i < who->n_called_via; i++)
        via[i] = who->called_via[i];
    via[who->n_called_via++] = str_z(service);
    who->called_via = via;
    return who;
}

struct caller caller_operator(struct arena *a, str account)
{
    str arn = arena_printf(a, "arn:aws:iam::%.*s:root", FMT(account));

    return (struct caller){
        .kind = PRINCIPAL_ROOT, .account = account, .arn = arn, .user_id = account, .name = S("root"), .house = true};
}

const struct caller *caller_service(struct call *c, const char *service, str source_arn, str source_account)
{
    struct caller *who = ARENA_NEW(c->arena, struct caller);

    *who = (struct caller){.kind = PRINCIPAL_SERVICE,
                           .arn = str_z(service),
                           .account = S(""),
                           .user_id = str_z(service),
                           .source_arn = source_arn,
                           .source_account = source_account};
    return who;
}

const struct caller *caller_service_at(struct call *c, const char *service, str source_arn, str account)
{
    struct caller *who = ARENA_NEW(c->arena, struct caller);

    *who = *caller_service(c, service, source_arn, account);
    who->account = account;
    return who;
}
