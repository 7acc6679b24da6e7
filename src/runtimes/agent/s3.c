/* SPDX-License-Identifier: MIT */
/* S3 in the words of its REST API. A refusal keeps S3's code and message: it is what the user must read. */
#include "runtimes/agent/s3.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"
#include "crypto/hash.h"
#include "runtimes/agent/s3_xml.h"

enum { ARENA_BYTES = 64 << 20, PARTS_MAX = 10000 };

/* Virtual-hosted, but for names with dots, which no wildcard certificate covers. */
static void address(const struct web_site *site, str bucket, str key, struct arena *a, struct web_request *q)
{
    bool dots = str_find(bucket, '.') >= 0;

    q->host = arena_printf(a, "%s%ss3.%.*s.amazonaws.com", dots ? "" : arena_z(a, bucket), dots ? "" : ".",
                           FMT(site->region));
    str path = uri_encode(a, key, true);
    q->path = dots ? arena_printf(a, "/%.*s/%.*s", FMT(bucket), FMT(path)) : arena_cat(a, S("/"), path);
}

static res refused(const struct web_request *q, const struct web_reply *r, const char *what, struct arena *a,
                   struct err *e)
{
    str code, message;

    s3_xml_error(r->body, a, &code, &message);
    if (r->status >= 500)
        return oops(e, 0, "%s failed: %.*s (%d) from %.*s", what, FMT(code), r->status, FMT(q->host));
    return reject(e, "%s failed: %.*s (%d): %.*s", what, FMT(str_empty(code) ? S("HTTP") : code), r->status,
                  FMT(message));
}

res s3_list(struct web *w, const struct s3_place *from, str after, struct arena *a, struct s3_listing *out,
            struct err *e)
{
    struct web_request q = WEB_REQUEST;
    struct web_reply reply;

    address(web_where(w), from->bucket, S(""), a, &q);
    q.method = S("GET");
    /* parameters in the order that the signature sorts them into */
    q.query = arena_printf(a, "%s%.*slist-type=2&prefix=%.*s", str_is(after) ? "continuation-token=" : "",
                           FMT(str_is(after) ? arena_cat(a, uri_encode(a, after, false), S("&")) : S("")),
                           FMT(uri_encode(a, from->key, false)));
    TRY(web_call(w, &q, a, &reply, e));
    if (reply.status != 200)
        return refused(&q, &reply, "Data download", a, e);
    return s3_xml_list(reply.body, a, out, e);
}

res s3_get(struct web *w, str bucket, str key, int fd, uint64_t *bytes, struct err *e)
{
    struct arena *a = arena_new(ARENA_BYTES);
    struct web_request q = WEB_REQUEST;
    struct web_reply reply;

    address(web_where(w), bucket, key, a, &q);
    q.method = S("GET");
    q.sink_fd = fd;
    res r = web_call(w, &q, a, &reply, e);
    if (is_ok(r) && reply.status != 200)
        r = refused(&q, &reply, "Data download", a, e);
    *bytes = is_ok(r) ? reply.sunk : 0;
    arena_free(a);
    return r;
}

static void encrypt_with(struct web_request *q, str kms_key_id)
{
    if (str_empty(kms_key_id))
        return;
    q->headers[q->n_headers++] = (struct header){S("x-amz-server-side-encryption"), S("aws:kms")};
    q->headers[q->n_headers++] = (struct header){S("x-amz-server-side-encryption-aws-kms-key-id"), kms_key_id};
}

static res put_whole(struct web *w, struct web_request *q, uint64_t bytes, str sha256_hex, int fd, struct arena *a,
                     struct err *e)
{
    struct web_reply reply;

    q->method = S("PUT");
    q->body_fd = fd;
    q->body_bytes = bytes;
    q->payload_hash = sha256_hex;
    TRY(web_call(w, q, a, &reply, e));
    return reply.status == 200 ? OK : refused(q, &reply, "Upload", a, e);
}

static res hash_part(int fd, uint64_t at, uint64_t n, char hex[65], struct err *e)
{
    char piece[65536];
    uint8_t digest[SHA256_BYTES];
    struct hash h;

    hash_begin(&h, HASH_SHA256);
    while (n > 0) {
        ssize_t got = pread(fd, piece, n < sizeof piece ? (size_t)n : sizeof piece, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return oops(e, errno, "cannot read what is to be uploaded");
        hash_add(&h, str_n(piece, (size_t)got));
        at += (uint64_t)got;
        n -= (uint64_t)got;
    }
    hash_end(&h, digest);
    hex_encode(digest, sizeof digest, hex);
    hex[64] = 0;
    return OK;
}

struct parts {
    struct web *w;
    const struct web_request *base; /* host and path */
    str upload_id;                  /* encoded */
    int fd;
    uint64_t bytes, part_bytes;
    struct buf done; /* the body of CompleteMultipartUpload */
};

static res put_part(struct parts *p, unsigned number, uint64_t at, struct err *e)
{
    struct arena *a = arena_new(ARENA_BYTES);
    struct web_request q = WEB_REQUEST;
    struct web_reply reply;
    char hex[65];

    q.host = p->base->host;
    q.path = p->base->path;
    q.method = S("PUT");
    q.query = arena_printf(a, "partNumber=%u&uploadId=%.*s", number, FMT(p->upload_id));
    q.body_fd = p->fd;
    q.body_at = at;
    q.body_bytes = p->bytes - at < p->part_bytes ? p->bytes - at : p->part_bytes;
    res r = hash_part(p->fd, at, q.body_bytes, hex, e);
    q.payload_hash = str_n(hex, 64);
    if (is_ok(r))
        r = web_call(p->w, &q, a, &reply, e);
    if (is_ok(r) && reply.status != 200)
        r = refused(&q, &reply, "Upload", a, e);
    if (is_ok(r))
        buf_printf(&p->done, "<Part><PartNumber>%u</PartNumber><ETag>%.*s</ETag></Part>", number, FMT(reply.etag));
    arena_free(a);
    return r;
}

static res complete(struct parts *p, struct arena *a, struct err *e)
{
    struct web_request q = WEB_REQUEST;
    struct web_reply reply;
    char hex[65];

    buf_add_z(&p->done, "</CompleteMultipartUpload>");
    q.host = p->base->host;
    q.path = p->base->path;
    q.method = S("POST");
    q.query = arena_cat(a, S("uploadId="), p->upload_id);
    q.body = buf_str(&p->done);
    q.payload_hash = hash_sha256_hex(q.body, hex);
    q.headers[q.n_headers++] = (struct header){S("Content-Type"), S("application/xml")};
    TRY(web_call(p->w, &q, a, &reply, e));
    /* S3 may say 200 and then fail: the body tells */
    return reply.status == 200 && str_search(reply.body, S("<Error>")) < 0 ? OK : refused(&q, &reply, "Upload", a, e);
}

static void abort_upload(struct parts *p, struct arena *a)
{
    struct web_request q = WEB_REQUEST;
    struct web_reply reply;
    struct err ignored = {0};

    q.host = p->base->host;
    q.path = p->base->path;
    q.method = S("DELETE");
    q.query = arena_cat(a, S("uploadId="), p->upload_id);
    web_call(p->w, &q, a, &reply, &ignored);
}

static res put_in_parts(struct web *w, struct web_request *q, int fd, uint64_t bytes, struct arena *a, struct err *e)
{
    struct web_reply reply;
    struct parts p = {.w = w, .base = q, .fd = fd, .bytes = bytes, .part_bytes = S3_PART_BYTES};
    unsigned number = 0;
    str id;

    while (bytes / p.part_bytes >= PARTS_MAX)
        p.part_bytes *= 2;
    q->method = S("POST");
    q->query = S("uploads=");
    TRY(web_call(w, q, a, &reply, e));
    if (reply.status != 200)
        return refused(q, &reply, "Upload", a, e);
    TRY(s3_xml_upload_id(reply.body, a, &id, e));
    p.upload_id = uri_encode(a, id, false);
    buf_init(&p.done, 4 << 20);
    buf_add_z(&p.done, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    res r = OK;
    for (uint64_t at = 0; is_ok(r) && at < bytes; at += p.part_bytes)
        r = put_part(&p, ++number, at, e);
    if (is_ok(r))
        r = complete(&p, a, e);
    if (!is_ok(r))
        abort_upload(&p, a);
    buf_done(&p.done);
    return r;
}

res s3_put(struct web *w, str bucket, str key, int fd, uint64_t bytes, str sha256_hex, str kms_key_id, struct err *e)
{
    struct arena *a = arena_new(ARENA_BYTES);
    struct web_request q = WEB_REQUEST;

    address(web_where(w), bucket, key, a, &q);
    encrypt_with(&q, kms_key_id);
    res r = bytes <= S3_ONE_PUT_BYTES ? put_whole(w, &q, bytes, sha256_hex, fd, a, e)
                                      : put_in_parts(w, &q, fd, bytes, a, e);
    arena_free(a);
    return r;
}
