/* SPDX-License-Identifier: MIT */
/* A JSON body with one long member: a function's zip. Its bytes go, sealed, to a file without a name as they come, so a
 * request costs no more memory than another, and nobody's thread copies them. Who sent it is only known at its end, as
 * the signature covers the body: until then there is nothing but that file, of which there are few at a time. */
#include "api/gate.h"
#include "api/siphon.h"
#include "crypto/random.h"
#include "serve.h"

enum {
    STREAMS_MAX = 8, /* a thread's, at once */
    REST_MAX_BYTES = 2 << 20,
};

static const struct fault_type too_large = {"RequestEntityTooLargeException", 413},
                               too_many = {"TooManyRequestsException", 429};

static void fail_too_large(struct serving *s)
{
    const struct operation *op = s->routed.op;

    s->outcome = fault(&s->call, &too_large, "Request must be smaller than %u bytes for the %s operation", op->max_body,
                       op->name);
    serve_answer(s);
}

static res into_blob(void *ctx, str bytes, struct err *e)
{
    struct serving *s = ctx;

    if (!s->up.writer)
        TRY(blob_begin(s->thread->house->blobs, s->up.upload.key, &s->up.writer, e));
    return blob_write(s->up.writer, bytes, e);
}

bool serve_stream_begin(struct serving *s)
{
    const struct http_request *r = s->request;

    if (r->has_body && !r->chunked && r->content_length >= s->routed.op->max_body) {
        fail_too_large(s);
        return false;
    }
    if (s->thread->n_streams == STREAMS_MAX) {
        serve_fail(s, &too_many, "Too many code packages are on their way at once.");
        return false;
    }
    s->thread->n_streams++;
    buf_init(&s->body, REST_MAX_BYTES);
    s->stream = ARENA_NEW(s->call.arena, struct streaming);
    s->stream->siphon = siphon_new(s->call.arena, s->routed.op->streams, into_blob, s);
    hash_begin(&s->stream->sha256, HASH_SHA256);
    random_bytes(s->up.upload.key, sizeof s->up.upload.key);
    return true;
}

void serve_stream_piece(struct serving *s, str piece)
{
    struct streaming *t = s->stream;
    res r = OK;

    t->received += piece.n;
    hash_add(&t->sha256, piece);
    if (!t->bad)
        r = siphon_feed(t->siphon, piece, &s->body, &s->call.err);
    t->bad = t->bad || r.why == WHY_REJECT; /* which is said to whom it concerns: when it is known who sent it */
    if (t->bad)
        err_clear(&s->call.err);
    if (r.why == WHY_OOPS) {
        s->outcome = r;
        serve_answer(s);
    } else if (t->received >= s->routed.op->max_body || s->body.full) {
        fail_too_large(s);
    }
}

res serve_stream_prepare(struct serving *s)
{
    struct call *c = &s->call;

    c->body.upload = &s->up.upload;
    TRY(gate_pass(c));
    TRY(c->op->prepare(c, c->in, &s->up.upload));
    c->audit = NULL; /* the handler makes the same calls again */
    return OK;
}

void serve_stream_drop(struct serving *s)
{
    if (s->stream)
        s->thread->n_streams--;
    s->stream = NULL;
}
