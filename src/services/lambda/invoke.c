/* SPDX-License-Identifier: MIT */
/* Invoke: the hot path reads one record and hands the event to serve, which has the environments. An event that is not
 * awaited becomes a flow. */
#include <string.h>

#include "base/enc.h"
#include "lambda_parts.h"

enum { PAYLOAD_MAX = 6291456, EVENT_MAX = 262144, CONTEXT_MAX = 3583 };

static str kept(struct call *c, str s)
{
    return arena_dup(c->arena, s);
}

/* Everything is copied: the answer comes after this call's snapshot has gone. */
void lambda_invocation(struct call *c, const struct lambda_function *f, str payload, struct invocation_call *out)
{
    *out = (struct invocation_call){
        .function = kept(c, lambda_qualified_arn(c, f, f->version)), /* an alias' environments are its version's */
        .invoked = kept(c, lambda_qualified_arn(c, f, f->qualifier)),
        .version = f->version.n ? kept(c, f->version) : S("$LATEST"),
        .revision = kept(c, f->revision_id),
        .account = kept(c, f->at.account),
        .region = kept(c, c->region),
        .name = kept(c, f->function_name),
        .request_id = c->request_id,
        .payload = payload.n ? payload : S("{}"),
        .timeout_ms = f->timeout.v * 1000,
        .reserved = f->reserved_concurrent_executions.set ? f->reserved_concurrent_executions.v : -1,
    };
}

static res check_payload(struct call *c, const struct lambda_invoke_in *in)
{
    size_t most = str_eq(in->invocation_type, S("Event")) ? EVENT_MAX : PAYLOAD_MAX;
    struct err e = {0};
    json_t *tree;

    if (in->payload.n > most)
        return fault(c, &lambda_RequestTooLargeException,
                     "Request must be smaller than %zu bytes for the InvokeFunction operation", most);
    if (!in->payload.n || is_ok(json_parse(c->arena, in->payload, &e, &tree)) || strstr(e.what, "duplicate"))
        return OK;
    return fault(c, &lambda_InvalidRequestContentException, "Could not parse request body into json: %s", e.what);
}

/* base64 of JSON; it goes on in a header, so it is written anew and cannot hold a line's end. */
static res read_context(struct call *c, str given, str *out)
{
    struct buf b;
    json_t *tree;
    str plain;

    *out = STR_ABSENT;
    if (!given.n)
        return OK;
    if (given.n > CONTEXT_MAX || !base64_decode(c->arena, given, &plain) ||
        !is_ok(json_parse(c->arena, plain, NULL, &tree)) || !json_is_object(tree))
        return fault(c, &lambda_InvalidRequestContentException,
                     "Client context must be a valid Base64-encoded JSON object of at most %d bytes.", CONTEXT_MAX);
    buf_init(&b, CONTEXT_MAX * 8);
    buf_add_json(&b, tree);
    *out = arena_dup(c->arena, buf_str(&b));
    buf_done(&b);
    return OK;
}

/* ---- asynchronous ---- */

static void put(json_t *o, const char *key, str value)
{
    json_object_set_new(o, key, json_of(value));
}

/* What the flow keeps: the event only sealed. */
static res event_data(struct call *c, const struct lambda_function *f, str payload, str context, str *out)
{
    json_t *o = json_object();
    struct buf b;
    str sealed;

    TRY(vault_wrap(call_vault(c), S("lambda-event"), f->function_arn, payload.n ? payload : S("{}"), c->arena, &sealed,
                   &c->err));
    put(o, "function", f->function_arn);
    put(o, "event", base64_encode(c->arena, sealed));
    put(o, "context", context);
    if (f->qualifier.n)
        put(o, "qualifier", f->qualifier);
    put(o, "request", c->parent ? call_uuid(c) : c->request_id);
    json_object_set_new(o, "since", json_integer(c->now_ms));
    buf_init(&b, FLOW_DATA_MAX_BYTES);
    buf_add_json(&b, o);
    *out = arena_dup(c->arena, buf_str(&b));
    buf_done(&b);
    json_decref(o);
    return OK;
}

res lambda_queue(struct call *c, const struct lambda_function *f, str payload, str client_context)
{
    struct caller *owner = ARENA_NEW(c->arena, struct caller);
    const struct caller *me = c->caller;
    str data, id;

    TRY(event_data(c, f, payload, client_context, &data));
    *owner =
        (struct caller){.kind = PRINCIPAL_SERVICE, .arn = S(LAMBDA), .user_id = S(LAMBDA), .account = f->at.account};
    c->caller = owner; /* the flow is the function's account's, whoever invokes */
    res r = flow_begin(c, "lambda-event", f->function_name, data, &id);
    c->caller = me;
    return r;
}

static res later(struct call *c, const struct lambda_function *f, const struct lambda_invoke_in *in, str context,
                 struct invocation_call *i)
{
    c->status = 202;
    if (c->parent) /* inside another call's transaction */
        return lambda_queue(c, f, in->payload, context);
    return event_data(c, f, in->payload, context, &i->later);
}

res lambda_invoke(struct call *c, const struct lambda_invoke_in *in, struct lambda_invoke_out *out)
{
    const struct lambda_function *f;
    struct invocation_call *i = ARENA_NEW(c->arena, struct invocation_call);
    struct proxy *p = ARENA_NEW(c->arena, struct proxy);
    str context;

    TRY(lambda_pick(c, c->subject, &f));
    TRY(check_payload(c, in));
    TRY(read_context(c, in->client_context, &context));
    if (str_eq(in->invocation_type, S("DryRun"))) {
        c->status = 204;
        return OK;
    }
    lambda_invocation(c, f, in->payload, i);
    out->executed_version = i->version;
    i->client_context = context;
    i->tail = str_eq(in->log_type, S("Tail"));
    if (str_eq(in->invocation_type, S("Event")))
        TRY(later(c, f, in, context, i));
    else if (c->parent)
        return fault(c, &lambda_InvalidParameterValueException, "A service of this house invokes with Event only.");
    *p = (struct proxy){.function = i};
    if (!c->parent)
        c->body.proxy = p;
    return OK;
}
