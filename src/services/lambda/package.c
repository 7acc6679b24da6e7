/* SPDX-License-Identifier: MIT */
/* What must be known of a zip before it is a function's code: its size, its hash, is it a zip, how large does it
 * unpack. A large one is read from its blobs on the pool, before the transaction: the one writer would stop for
 * everybody. */
#include <string.h>

#include "lambda_parts.h"
#include "s3.h"
#include "store/blob.h"
#include "zip.h"

/* ---- zips in memory and in blobs ---- */

static bool read_memory(void *ctx, uint64_t offset, void *dst, size_t n)
{
    const str *zip = ctx;

    if (offset > zip->n || n > zip->n - offset)
        return false;
    memcpy(dst, zip->p + offset, n);
    return true;
}

struct blobs_read { /* segments that follow one another, one open at a time */
    struct blobs *blobs;
    const struct download *from;
    struct blob_reader *reader;
    size_t open; /* which */
    struct err err;
};

static bool open_segment(struct blobs_read *r, size_t which)
{
    if (r->reader && r->open == which)
        return true;
    blob_close(r->reader);
    r->reader = NULL;
    r->open = which;
    return is_ok(blob_open(r->blobs, r->from->v[which].blob_id, r->from->v[which].key, &r->reader, &r->err));
}

static bool read_some(struct blobs_read *r, uint64_t offset, void *dst, size_t n, size_t *got)
{
    for (size_t i = 0; i < r->from->n; i++) {
        const struct download_segment *s = &r->from->v[i];
        if (offset < s->length) {
            uint64_t most = s->length - offset < n ? s->length - offset : n;
            return open_segment(r, i) &&
                   is_ok(blob_read(r->reader, s->offset + offset, dst, (size_t)most, got, &r->err)) && *got > 0;
        }
        offset -= s->length;
    }
    return false;
}

static bool read_blobs(void *ctx, uint64_t offset, void *dst, size_t n)
{
    size_t got;

    for (size_t done = 0; done < n; done += got)
        if (!read_some(ctx, offset + done, (char *)dst + done, n - done, &got))
            return false;
    return true;
}

static res hash_blobs(struct blobs_read *r, uint64_t size, uint8_t digest[SHA256_BYTES], struct err *e)
{
    struct hash h;
    char block[BLOB_FRAME_BYTES];
    size_t got = 0;

    hash_begin(&h, HASH_SHA256);
    for (uint64_t at = 0; at < size; at += got) {
        if (!read_some(r, at, block, sizeof block, &got))
            return oops(e, r->err.sys_errno, "a code package cannot be read: %s", r->err.what);
        hash_add(&h, str_n(block, got));
    }
    hash_end(&h, digest);
    return OK;
}

static void read_directory(const struct zip_source *s, struct lambda_package *out)
{
    struct zip_facts facts;

    out->is_zip = zip_read(s, &facts);
    out->entries = facts.entries;
    out->unpacked_bytes = facts.unpacked_bytes;
}

void lambda_package_of_memory(str zip, struct lambda_package *out)
{
    struct zip_source source = {read_memory, &zip, zip.n};

    *out = (struct lambda_package){.bytes = zip.n};
    read_directory(&source, out);
    hash_sha256(zip, out->digest);
}

res lambda_package_of_blobs(struct blobs *b, const struct download *d, struct lambda_package *out, struct err *e)
{
    struct blobs_read r = {.blobs = b, .from = d};
    struct zip_source source = {read_blobs, &r, d->length};
    res why = OK;

    *out = (struct lambda_package){.bytes = d->length};
    if (d->length > LAMBDA_CODE_MAX_BYTES) /* nobody wants to know the rest */
        return OK;
    read_directory(&source, out);
    if (out->is_zip)
        why = hash_blobs(&r, d->length, out->digest, e);
    blob_close(r.reader);
    return why;
}

/* ---- before the transaction ---- */

bool lambda_package_is_of(const struct lambda_prepared *p, const struct download *d)
{
    if (!p || !p->object || p->object->n != d->n || p->object->length != d->length)
        return false;
    for (size_t i = 0; i < d->n; i++)
        if (!str_eq(d->v[i].blob_id, p->object->v[i].blob_id) || d->v[i].offset != p->object->v[i].offset ||
            d->v[i].length != p->object->v[i].length)
            return false;
    return true;
}

struct download lambda_upload_as_download(const struct upload *u, struct download_segment *room)
{
    *room = (struct download_segment){.blob_id = u->blob_id, .length = u->size};
    memcpy(room->key, u->key, sizeof room->key);
    return (struct download){.v = room, .n = u->size > 0, .length = u->size};
}

static res examine(struct house *h, struct upload *u, struct err *e)
{
    struct lambda_prepared *p = u->state;
    struct download_segment room;
    struct download sent;

    if (!u->blob_id.n)
        return p->object ? lambda_package_of_blobs(h->blobs, p->object, &p->package, e) : OK;
    sent = lambda_upload_as_download(u, &room);
    res why = lambda_package_of_blobs(h->blobs, &sent, &p->package, e);
    explicit_bzero(&room, sizeof room);
    return why;
}

static res prepare(struct call *c, const struct lambda_code_input *in, struct upload *u)
{
    struct lambda_prepared *p = ARENA_NEW(c->arena, struct lambda_prepared);

    u->state = p;
    u->examine = examine;
    return in->bucket.n && in->key.n && !str_is(in->zip) ? lambda_code_in_s3(c, in, &p->object) : OK;
}

res lambda_prepare_create(struct call *c, const struct lambda_create_function_in *in, struct upload *u)
{
    const struct lambda_code_input code = {.zip = in->code->zip_file,
                                           .bucket = in->code->s3_bucket,
                                           .key = in->code->s3_key,
                                           .version = in->code->s3_object_version};

    return prepare(c, &code, u);
}

res lambda_prepare_update(struct call *c, const struct lambda_update_function_code_in *in, struct upload *u)
{
    const struct lambda_code_input code = {
        .zip = in->zip_file, .bucket = in->s3_bucket, .key = in->s3_key, .version = in->s3_object_version};

    return prepare(c, &code, u);
}
