/* SPDX-License-Identifier: MIT */
/* Bodies that are not held in memory: uploads into a new blob, downloads out of an open one, requests passed on to a
 * model server. No transaction is open while a client's bytes are awaited. */
#include <string.h>

#include "api/gate.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "identify/checksum.h"
#include "identify/chunked.h"
#include "functions.h"
#include "proxy.h"
#include "serve.h"

static const struct fault_type entity_too_large = {"EntityTooLarge", 400},
                               missing_length = {"MissingContentLength", 411};

/* What an upload's bytes run through on their way into the blob. */
struct hashing {
    struct hash md5;
    struct body_check check; /* of a plain body; an aws-chunked one checks itself */
};

/* ---- uploads ---- */

static void upload_failed(struct serving *s, enum identify_fault why)
{
    struct call *c = &s->call;

    s->up.failed = true;
    if (why != IDENTIFY_OK)
        s->outcome = who_fault(c, s->routed.service, why, c->err.what);
    else
        s->outcome = (res){c->fault.type ? WHY_FAULT : WHY_OOPS};
    serve_answer(s);
}

static res into_blob(void *ctx, str piece, struct err *e)
{
    struct serving *s = ctx;

    s->up.received += piece.n;
    if (s->up.received > s->up.upload.max_bytes)
        return fault(&s->call, &entity_too_large, "Your proposed upload exceeds the maximum allowed size");
    hash_add(&s->up.hashing->md5, piece);
    return blob_write(s->up.writer, piece, e);
}

static res begin_checks(struct serving *s, enum identify_fault *why)
{
    struct call *c = &s->call;
    const struct sigv4_claim *claim = s->proof.fault == IDENTIFY_OK ? &s->proof.claim : NULL;

    s->up.hashing = ARENA_NEW(c->arena, struct hashing);
    hash_begin(&s->up.hashing->md5, HASH_MD5);
    if (claim && !s->proof.sigv2 && chunked_is(claim))
        return chunked_begin(s->request, claim, s->proof.signing_key, c->arena, into_blob, s, &s->up.chunked, why,
                             &c->err);
    return body_check_begin(&s->up.hashing->check, s->request, claim, why, &c->err);
}

static res judge_and_prepare(struct serving *s)
{
    struct call *c = &s->call;

    TRY(store_begin(s->thread->worker.store, false, &c->txn, &c->err));
    res why = gate_pass(c);
    if (is_ok(why))
        why = c->op->prepare(c, c->in, &s->up.upload);
    txn_rollback(c->txn);
    c->txn = NULL;
    s->up.audit = c->audit;
    return why;
}

res serve_upload_begin(struct serving *s)
{
    struct call *c = &s->call;
    enum identify_fault why = IDENTIFY_OK;

    s->up.upload.max_bytes = (uint64_t)5 << 30;
    c->body.upload = &s->up.upload;
    if (!s->request->has_body && !s->request->content_length && !str_is(http_header(s->request, S("Content-Length"))))
        return fault(c, &missing_length, "You must provide the Content-Length HTTP header.");
    TRY(judge_and_prepare(s));
    if (!s->request->chunked && s->request->content_length > s->up.upload.max_bytes + (1 << 20))
        return fault(c, &entity_too_large, "Your proposed upload exceeds the maximum allowed size");
    res checks = begin_checks(s, &why);
    if (checks.why == WHY_REJECT)
        return who_fault(c, s->routed.service, why, c->err.what);
    TRY(checks);
    TRY(blob_begin(s->thread->house->blobs, s->up.upload.key, &s->up.writer, &c->err));
    x_accept(s->x);
    return OK;
}

void serve_upload_piece(struct serving *s, str piece)
{
    struct call *c = &s->call;
    enum identify_fault why = IDENTIFY_OK;
    res r;

    if (s->up.failed)
        return;
    if (s->up.chunked) {
        r = chunked_feed(s->up.chunked, piece, &why, &c->err);
    } else {
        body_check_add(&s->up.hashing->check, piece);
        r = into_blob(s, piece, &c->err);
    }
    if (!is_ok(r))
        upload_failed(s, r.why == WHY_REJECT ? why : IDENTIFY_OK);
}

static void upload_stored(void *arg)
{
    struct serving *s = arg;

    s->busy = false;
    if (is_ok(s->outcome))
        serve_run(s);
    else
        serve_answer(s);
}

static res finish_blob(struct serving *s)
{
    struct upload *u = &s->up.upload;
    char *id = arena_alloc(s->call.arena, BLOB_ID_BYTES + 1);
    struct blob_writer *w = s->up.writer;

    s->up.writer = NULL;
    if (w) {
        TRY(blob_finish(w, id, &u->size, &s->call.err));
        u->blob_id = str_n(id, BLOB_ID_BYTES);
    }
    return u->examine ? u->examine(s->thread->house, u, &s->call.err) : OK;
}

static void store_upload(struct errand *e)
{
    struct serving *s = (struct serving *)((char *)e - offsetof(struct serving, errand));

    s->outcome = finish_blob(s);
    if (!is_ok(s->outcome))
        serve_upload_undo(s);
    loop_post(s->thread->loop, upload_stored, s);
}

void serve_upload_store(struct serving *s)
{
    s->errand.run = store_upload;
    s->busy = true;
    pool_submit(s->thread->house->pool, &s->errand);
}

static void keep_checksum(struct serving *s, const struct checksum_given *given)
{
    if (!given || !given->set || given->kind == CHECKSUM_MD5)
        return;
    s->up.upload.checksum_name = checksum_name(given->kind);
    s->up.upload.checksum_value = arena_dup(s->call.arena, given->text);
}

void serve_upload_end(struct serving *s)
{
    struct call *c = &s->call;
    enum identify_fault why = IDENTIFY_OK;
    res r;

    if (s->up.failed)
        return;
    r = s->up.chunked ? chunked_end(s->up.chunked, &why, &c->err)
                      : body_check_end(&s->up.hashing->check, &why, &c->err);
    if (!is_ok(r)) {
        upload_failed(s, r.why == WHY_REJECT ? why : IDENTIFY_OK);
        return;
    }
    keep_checksum(s, s->up.chunked ? chunked_checksum(s->up.chunked) : &s->up.hashing->check.given);
    hash_end(&s->up.hashing->md5, s->up.upload.md5);
    serve_upload_store(s);
}

void serve_upload_undo(struct serving *s)
{
    struct err e = {0};

    if (s->up.upload.blob_id.n && !is_ok(blob_remove(s->thread->house->blobs, s->up.upload.blob_id, &e)))
        log_warn("a blob stays until the collector comes: %s", e.what);
}

/* ---- bodies in memory ---- */

res serve_body_check(struct serving *s, str body)
{
    struct call *c = &s->call;
    const struct sigv4_claim *claim = s->proof.fault == IDENTIFY_OK && !s->proof.sigv2 ? &s->proof.claim : NULL;
    enum identify_fault why = IDENTIFY_OK;
    struct body_check check;

    if (shape_field(s->routed.op->in,
                    S("ChecksumCRC32"))) /* then such a header speaks of something else than this body */
        return OK;
    if (claim && chunked_is(claim))
        return who_fault(c, s->routed.service, IDENTIFY_PAYLOAD, "This operation takes no aws-chunked body.");
    res r = body_check_begin(&check, s->request, claim, &why, &c->err);
    if (is_ok(r)) {
        body_check_add(&check, body);
        r = body_check_end(&check, &why, &c->err);
    }
    return r.why == WHY_REJECT ? who_fault(c, s->routed.service, why, c->err.what) : r;
}

/* ---- downloads ---- */

static void cut_off(struct serving *s)
{
    s->answered = true;
    x_close(s->x); /* the header has gone out: all that can be said now is that it did not end well */
}

static res open_segment(struct serving *s)
{
    const struct download_segment *v = &s->down.download.v[s->down.at];

    s->down.sent = 0;
    return blob_open(s->thread->house->blobs, v->blob_id, v->key, &s->down.reader, &s->call.err);
}

void serve_download_begin(struct serving *s, struct wire_output *w)
{
    struct download *d = &s->down.download;

    *d = *s->call.body.download;
    if (!d->no_body && d->n && !is_ok(open_segment(s))) {
        s->outcome = (res){WHY_OOPS};
        s->call.fault.type = NULL;
        s->call.body.download = NULL;
        serve_answer(s);
        return;
    }
    x_reply_begin(s->x, w->status, w->headers, w->n_headers, d->length);
    if (!d->no_body && d->n) {
        serve_download_more(s);
        return;
    }
    s->answered = true;
    x_reply_end(s->x);
}

/* Sends of the open segment what there is room for. True at its end; false: no room is left, or it cannot be read. */
static bool send_segment(struct serving *s, bool *failed)
{
    const struct download_segment *v = &s->down.download.v[s->down.at];
    char slice[BLOB_FRAME_BYTES];
    bool room = true;

    while (room && s->down.sent < v->length) {
        uint64_t at = v->offset + s->down.sent, left = v->length - s->down.sent;
        size_t want = BLOB_FRAME_BYTES - (size_t)(at % BLOB_FRAME_BYTES), got = 0; /* whole frames after the first */
        if (left < want)
            want = (size_t)left;
        res r = blob_read(s->down.reader, at, slice, want, &got, &s->call.err);
        *failed = !is_ok(r) || got == 0;
        if (*failed)
            return false;
        s->down.sent += got;
        room = x_write(s->x, str_n(slice, got));
    }
    return s->down.sent == v->length;
}

void serve_download_more(struct serving *s)
{
    const struct download *d = &s->down.download;
    bool failed = false;

    while (send_segment(s, &failed)) {
        blob_close(s->down.reader);
        s->down.reader = NULL;
        if (++s->down.at == d->n) {
            s->answered = true;
            x_reply_end(s->x);
            return;
        }
        failed = !is_ok(open_segment(s));
        if (failed)
            break;
    }
    if (failed) {
        log_error("%.*s: a download broke off: %s", FMT(s->call.request_id), s->call.err.what);
        cut_off(s);
    }
}

/* ---- a request passed on ---- */

static void proxied(void *ctx, const struct upstream_reply *r)
{
    struct serving *s = ctx;

    s->busy = false;
    if (s->gone) {
        serve_answer(s);
        return;
    }
    s->answered = true;
    proxy_reply(s, r);
}

void serve_proxy(struct serving *s)
{
    s->proxy = *s->call.body.proxy;
    if (s->proxy.function) {
        functions_send(s);
        return;
    }
    s->busy = true;
    proxy_send(s, proxied);
}

void serve_body_drop(struct serving *s)
{
    blob_abandon(s->up.writer);
    s->up.writer = NULL;
    blob_close(s->down.reader);
    s->down.reader = NULL;
    serve_stream_drop(s);
    explicit_bzero(s->up.upload.key, sizeof s->up.upload.key);
}
