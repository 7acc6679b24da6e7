/* SPDX-License-Identifier: MIT */
/* The request path, the page to read first: wire -> identify -> route -> decode -> locate -> AUTHORIZE -> handler ->
 * commit -> encode -> wire. The gate and the handler are behind call_run (api/run.c, api/gate.c). */
#include "serve.h"

#include <string.h>

#include "api/gate.h"
#include "api/walk.h"
#include "base/enc.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "doors.h"

enum { BODY_MAX_BYTES = 2 << 20, BODY_LIMIT_BYTES = 8 << 20, CALL_ARENA_BYTES = 64 << 20 };

static const struct fault_type too_large = {"RequestEntityTooLarge", 413};
static const struct fault_type unknown_operation = {"UnknownOperationException", 400},
                               s3_not_built = {"NotImplemented", 501}, bad_uri = {"InvalidURI", 400},
                               invalid_action = {"InvalidAction", 400}, method_not_allowed = {"MethodNotAllowed", 405};
static const struct fault_type bad_json = {"SerializationException", 400}, bad_form = {"MalformedInput", 400},
                               bad_xml = {"MalformedXML", 400}, invalid = {"ValidationException", 400},
                               query_invalid = {"ValidationError", 400}, ec2_missing = {"MissingParameter", 400},
                               ec2_invalid = {"InvalidParameterValue", 400}, s3_invalid = {"InvalidRequest", 400};

static const struct fault_type *undecodable(const struct service *s)
{
    return s->protocol == P_REST_XML                             ? &bad_xml
           : s->protocol == P_JSON || s->protocol == P_REST_JSON ? &bad_json
                                                                 : &bad_form;
}

static const struct fault_type *violates(const struct service *s, bool missing)
{
    if (s->protocol == P_EC2)
        return missing ? &ec2_missing : &ec2_invalid;
    if (s->protocol == P_REST_XML)
        return missing ? &bad_xml : &s3_invalid;
    return s->protocol == P_QUERY ? &query_invalid : &invalid;
}

/* ---- one request from its header to its call ---- */

static struct arena *spare(struct arena **pool, size_t *n, bool secret)
{
    if (*n)
        return pool[--*n];
    return secret ? arena_new_secret(CALL_ARENA_BYTES) : arena_new(CALL_ARENA_BYTES);
}

/* A UUID's form without its version: AWS's ids have that form. */
static str new_request_id(struct io_thread *t, struct arena *a)
{
    enum { BYTES = 16, CHARS = 36 };
    char hex[2 * BYTES], *id = arena_alloc(a, CHARS + 1);
    static const uint8_t at[] = {0, 9, 14, 19, 24}, from[] = {0, 8, 12, 16, 20, 32};

    if (t->random_left < BYTES) {
        random_bytes(t->random, sizeof t->random);
        t->random_left = sizeof t->random;
    }
    t->random_left -= BYTES;
    hex_encode(t->random + t->random_left, BYTES, hex);
    memset(id, '-', CHARS);
    for (size_t i = 0; i < sizeof at; i++)
        memcpy(id + at[i], hex + from[i], from[i + 1] - from[i]);
    return str_n(id, CHARS);
}

static void read_client(struct serving *s)
{
    s->client = (struct client){.user_agent = http_header(s->request, S("User-Agent")),
                                .referer = http_header(s->request, S("Referer")),
                                .content_sha256 = http_header(s->request, S("x-amz-content-sha256"))};
    s->call.client = &s->client;
}

static struct serving *begin(struct io_thread *t, struct exchange *x)
{
    struct arena *a = spare(t->spare, &t->n_spare, false);
    struct serving *s = ARENA_NEW(a, struct serving);

    *s = (struct serving){.thread = t, .x = x, .request = x_request(x)};
    s->call = (struct call){.caller = &s->caller,
                            .door = &s->door,
                            .arena = a,
                            .worker = &t->worker,
                            .now_ms = time_wall_ms(),
                            .region = t->house->region,
                            .user_agent = http_header(x_request(x), S("User-Agent")),
                            .host = http_header(x_request(x), S("Host")),
                            .secrets = spare(t->spare_secrets, &t->n_spare_secrets, true)};
    buf_init(&s->body, BODY_LIMIT_BYTES);
    s->call.request_id = new_request_id(t, a);
    x_set_data(x, s);
    x_hold(x);
    return s;
}

/* Decodes and checks the input. Uploads come here before their body. */
static res decode(struct serving *s)
{
    const struct operation *op = s->routed.op;
    struct wire_input w = {s->request, buf_str(&s->body), s->routed.path, s->routed.n_path, s->routed.bucket_of_host};
    struct call *c = &s->call;
    const char *missing = NULL;
    void *in = arena_alloc(c->arena, op->in->size);

    c->op = op;
    c->in = in;
    c->out = arena_alloc(c->arena, op->out->size);
    if (s->stream && s->stream->bad)
        return fault(c, undecodable(op->service), "A member of the body is not base64.");
    res why = codec_decode(op, &w, in, c->arena, &c->err);
    if (why.why == WHY_REJECT)
        return fault(c, undecodable(op->service), "%s", c->err.what);
    TRY(why);
    why = shape_validate(op->in, in, &missing, c->arena, &c->err);
    if (why.why != WHY_REJECT)
        return why;
    if (missing && op->service->protocol == P_EC2)
        return fault(c, &ec2_missing, "The request must contain the parameter %s", missing);
    return fault(c, violates(op->service, missing != NULL), "%s", c->err.what);
}

/* The admin channel's operations exist only there, and there whoever may open the socket is the operator. */
static bool is_internal(const struct service *s)
{
    return str_eq(str_z(s->name), S("barmkin"));
}

static res as_operator(struct serving *s)
{
    str account = s->thread->house->management_account;

    if (!door_is_admin(s))
        return fault(&s->call, &unknown_operation, "The request names no operation that Barmkin knows.");
    err_clear(&s->call.err); /* that it was not signed is no failure here */
    s->caller = caller_operator(s->call.arena, account);
    return OK;
}

/* Each protocol says in its own words that it knows no such operation. */
static res no_operation(struct serving *s)
{
    struct call *c = &s->call;
    const struct service *of = s->routed.service;

    switch (of ? of->protocol : P_JSON) {
    case P_QUERY:
        return fault(c, &invalid_action, "Could not find operation for version %s", of->version);
    case P_EC2:
        return fault(c, &invalid_action, "The action is not valid for this web service.");
    case P_REST_XML:
        return fault(c, &method_not_allowed, "The specified method is not allowed against this resource.");
    default:
        return fault(c, &unknown_operation, "The requested operation is not known to Barmkin's %s.",
                     of ? of->name : "services");
    }
}

/* S3's keys stand in the path: one that is no text finds no operation. */
static bool is_bad_uri(struct serving *s)
{
    str decoded;

    return !uri_decode(s->call.arena, s->request->path, false, &decoded);
}

/* Nothing of ours is meant. */
static res nothing_named(struct serving *s)
{
    const struct service *of = s->routed.service, *like = of ? of : route_spelling(s->request, s->proof.service);
    const struct fault_type *type = of && of->protocol == P_REST_XML ? &s3_not_built
                                    : like->protocol == P_QUERY      ? &invalid_action
                                                                     : &unknown_operation;

    if (of && of->protocol == P_REST_XML && is_bad_uri(s))
        return fault(&s->call, &bad_uri, "Couldn't parse the specified URI.");
    if (of || !str_is(s->proof.service))
        return fault(&s->call, type, "The request names no operation that Barmkin knows.");
    return fault(&s->call, type,
                 "Barmkin has no such operation of the service '%.*s'; docs/reference/coverage.md lists what is built.",
                 FMT(str_sub(s->proof.service, 0, 64)));
}

/* identify, then route once more when only the form names the operation. */
static res identify(struct serving *s)
{
    struct call *c = &s->call;
    char hex[SHA256_BYTES * 2];
    uint8_t digest[SHA256_BYTES];
    str body = buf_str(&s->body), hash = STR_ABSENT;

    bool nobody = s->proof.fault == IDENTIFY_ANONYMOUS;

    /* unsigned: only the form says whose spelling errors take, and whether a signature is needed */
    if (s->routed.needs_form && (!s->routed.service || nobody))
        s->routed = route_request(s->request, s->proof.service, body, c->arena);
    if (!s->routed.service)
        return nothing_named(s);
    TRY(door_leads_there(s));
    if (!s->routed.op || s->routed.op->kind != OP_UPLOADS) {
        if (s->stream)
            hash_end(&s->stream->sha256, digest);
        else
            hash_sha256(body, digest);
        hex_encode(digest, sizeof digest, hex);
        hash = str_n(hex, sizeof hex);
    }
    if (is_internal(s->routed.service))
        TRY(as_operator(s));
    else if (nobody && s->routed.op && s->routed.op->without_signature)
        s->caller = who_nobody(c);
    else
        TRY(who_prove(c, s->routed.service, s->request, &s->proof, hash, &s->caller));
    if (s->proof.claim.payload == PAYLOAD_HASH && str_is(hash) && !str_eq(hash, s->proof.claim.payload_hash) &&
        !s->proof.sigv2)
        return who_fault(c, s->routed.service, IDENTIFY_BODY_HASH,
                         "The provided 'x-amz-content-sha256' header does not match what was computed.");
    if (s->routed.needs_form)
        s->routed = route_request(s->request, s->proof.service, body, c->arena);
    if (!s->routed.op)
        return no_operation(s);
    TRY(door_leads_there(s)); /* the form may have named another service */
    if (s->routed.service->global)
        c->region = S("us-east-1");
    else if (who_is_region(s->proof.claim.region)) /* proven; an unsigned request has the house's own */
        c->region = s->proof.claim.region;
    c->signed_by = s->proof.fault != IDENTIFY_OK        ? SIGNED_NOT
                   : s->proof.sigv2                     ? SIGNED_V2_QUERY
                   : s->proof.claim.form == SIGV4_QUERY ? SIGNED_V4_QUERY
                                                        : SIGNED_V4;
    s->client.signed_ms = c->signed_by == SIGNED_NOT ? 0 : s->proof.claim.timestamp_ms;
    if (s->routed.service->protocol == P_REST_XML && s->routed.op->kind != OP_UPLOADS)
        TRY(serve_body_check(s, body));
    return decode(s);
}

/* ---- the writer's side ---- */

static res run_write(struct work *w, struct txn *t)
{
    struct serving *s = (struct serving *)((char *)w - offsetof(struct serving, work));
    struct call *c = &s->call;

    res why = call_run_write(c, t, s->up.audit);
    w->n_records = audit_records(c, why, &w->records);
    return why;
}

static void back_on_loop(void *arg)
{
    struct serving *s = arg;

    s->call.worker = &s->thread->worker;
    serve_answer(s);
}

/* Effects outside the store: after the commit, before the reply, off the writer's thread. */
static void run_after(struct errand *e)
{
    struct serving *s = (struct serving *)((char *)e - offsetof(struct serving, errand));

    s->outcome = call_run_after(s->thread->house, s->call.after, &s->call.err);
    loop_post(s->thread->loop, back_on_loop, s);
}

static void undo_upload(struct errand *e)
{
    struct serving *s = (struct serving *)((char *)e - offsetof(struct serving, errand));

    serve_upload_undo(s);
    loop_post(s->thread->loop, back_on_loop, s);
}

static void write_done(struct work *w, bool committed)
{
    struct serving *s = (struct serving *)((char *)w - offsetof(struct serving, work));

    s->outcome = w->outcome;
    s->errand.run = committed ? run_after : undo_upload;
    if (committed ? s->call.after != NULL : s->up.upload.blob_id.n > 0)
        pool_submit(s->thread->house->pool, &s->errand);
    else
        loop_post(s->thread->loop, back_on_loop, s);
}

static bool waits_for_writer(const struct operation *op)
{
    return op->kind == OP_WRITES || op->kind == OP_UPLOADS;
}

void serve_run(struct serving *s)
{
    s->call.worker = s->thread->house->writer_worker;
    s->work = (struct work){.run = run_write, .done = write_done};
    s->busy = true;
    writer_submit(s->thread->house->writer, &s->work);
}

/* The body is whole (or there is none): who, which operation, on what; a read is answered in the same snapshot. */
static void whole(struct serving *s)
{
    struct call *c = &s->call;

    worker_tidy(c->worker);
    s->outcome = store_begin(s->thread->worker.store, false, &c->txn, &c->err);
    if (is_ok(s->outcome)) {
        s->outcome = identify(s);
        if (is_ok(s->outcome) && !waits_for_writer(c->op))
            s->outcome = call_run(c);
        else if (is_ok(s->outcome) && s->stream)
            s->outcome = serve_stream_prepare(s);
        txn_rollback(c->txn); /* a snapshot is only ever given back */
        c->txn = NULL;
    }
    if (is_ok(s->outcome) && c->op->kind == OP_WRITES) {
        if (s->stream)
            serve_upload_store(s);
        else
            serve_run(s);
        return;
    }
    if (is_ok(s->outcome) && c->op->kind == OP_UPLOADS) {
        s->outcome = serve_upload_begin(s);
        if (is_ok(s->outcome))
            return; /* the body goes on */
    }
    serve_answer(s);
}

static uint64_t body_limit(const struct serving *s)
{
    return s->routed.op && s->routed.op->max_body ? s->routed.op->max_body : BODY_MAX_BYTES;
}

void serve_head(void *thread, struct exchange *x)
{
    struct serving *s = begin(thread, x);
    const struct http_request *r = s->request;

    if (door_answers(s)) /* health, credentials of a sandbox: not AWS calls */
        return;
    who_read(r, s->call.arena, &s->proof, &s->call.err);
    read_client(s);
    s->routed = route_request(r, s->proof.service, STR_ABSENT, s->call.arena);
    if (!s->routed.needs_form && (!s->routed.service || !s->routed.op)) {
        s->outcome = nothing_named(s);
        serve_answer(s);
    } else if (s->routed.op && s->routed.op->kind == OP_UPLOADS)
        whole(s);
    else if (s->routed.op && s->routed.op->streams && s->proof.fault != IDENTIFY_OK)
        whole(s); /* nobody's: its body is not read */
    else if (s->routed.op && s->routed.op->streams && !serve_stream_begin(s))
        return;
    else if (r->has_body && !r->chunked && r->content_length > body_limit(s))
        serve_fail(s, &too_large, "The request body is too large.");
    else if (r->has_body)
        x_accept(x);
    else
        whole(s);
}

void serve_piece(void *thread, struct exchange *x, str piece)
{
    struct serving *s = x_data(x);

    (void)thread;
    if (s->answered)
        return;
    if (s->call.op && s->call.op->kind == OP_UPLOADS) {
        serve_upload_piece(s, piece);
        return;
    }
    if (s->stream) {
        serve_stream_piece(s, piece);
        return;
    }
    buf_add(&s->body, piece);
    if (s->body.full || s->body.n > body_limit(s))
        serve_fail(s, &too_large, "The request body is too large.");
}

void serve_body_end(void *thread, struct exchange *x)
{
    struct serving *s = x_data(x);

    (void)thread;
    if (s->answered)
        return;
    if (s->call.op && s->call.op->kind == OP_UPLOADS)
        serve_upload_end(s);
    else
        whole(s);
}

void serve_writable(void *thread, struct exchange *x)
{
    struct serving *s = x_data(x);

    (void)thread;
    if (s->down.reader)
        serve_download_more(s);
}
