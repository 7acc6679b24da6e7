/* SPDX-License-Identifier: MIT */
/* An object by its URL, for other services: read from this house's own S3 as whoever asks, never from the network. The
 * forms are those that clients write: S3's names in path and host style, and this house's own endpoint. */
#include "api/house.h"
#include "api/url_text.h"
#include "base/enc.h"
#include "s3_parts.h"
#include "store/blob.h"

struct place {
    str bucket, key, version;
};

/* ---- which object ---- */

/* "BUCKET.s3.REGION.amazonaws.com" -> BUCKET; "s3..." itself -> empty; anything else is no name of S3. */
static bool bucket_of_host(str host, str *bucket)
{
    ptrdiff_t at = str_starts(host, S("s3.")) || str_starts(host, S("s3-")) ? 0 : str_search(host, S(".s3."));

    if (at < 0)
        at = str_search(host, S(".s3-"));
    if (at < 0 || !str_ends(host, S(".amazonaws.com")))
        return false;
    *bucket = str_sub(host, 0, (size_t)at);
    return true;
}

static str host_of(str url)
{
    ptrdiff_t scheme = str_search(url, S("://"));
    str rest = scheme < 0 ? url : str_from(url, (size_t)scheme + 3);

    return str_cut(&rest, '/');
}

static bool is_own(const struct call *c, str host)
{
    str name = host, own = host_of(c->worker->house->endpoint_url);

    return str_eq(host, own) || str_eq(str_cut(&name, ':'), S("127.0.0.1")) || str_starts(host, S("localhost:"));
}

static bool read_query(struct call *c, str query, struct place *p)
{
    while (str_is(query)) {
        str value = str_cut(&query, '&'), name = str_cut(&value, '=');
        if (str_eq(name, S("versionId")) && str_is(value) && !uri_decode(c->arena, value, false, &p->version))
            return false;
    }
    return true;
}

static bool read_url(struct call *c, str url, struct place *p)
{
    bool known = str_starts_nocase(url, S("https://")) || str_starts_nocase(url, S("http://"));
    str host = host_of(url), query = url, path;

    if (!known)
        return false;
    path = str_cut(&query, '?');
    path = str_from(path, (size_t)str_search(path, S("://")) + 3 + host.n + 1);
    if (!bucket_of_host(host, &p->bucket) && !is_own(c, host))
        return false;
    if (!p->bucket.n)
        p->bucket = str_cut(&path, '/');
    return p->bucket.n && str_is(path) && uri_decode(c->arena, path, false, &p->key) && p->key.n &&
           read_query(c, query, p);
}

/* ---- its bytes ---- */

static res read_segment(struct call *c, const struct download_segment *s, char *to)
{
    struct blob_reader *r;
    uint64_t done = 0;
    size_t got = 1;

    TRY(blob_open(c->worker->house->blobs, s->blob_id, s->key, &r, &c->err));
    res why = OK;
    while (is_ok(why) && done < s->length && got) {
        why = blob_read(r, s->offset + done, to + done, (size_t)(s->length - done), &got, &c->err);
        done += got;
    }
    blob_close(r);
    return !is_ok(why) ? why : done == s->length ? OK : oops(&c->err, 0, "an object's blob is too short");
}

static res read_body(struct call *c, const struct download *body, str *out)
{
    char *text = arena_alloc(c->arena, (size_t)body->length + 1);
    size_t at = 0;

    for (size_t i = 0; i < body->n; i++) {
        TRY(read_segment(c, &body->v[i], text + at));
        at += (size_t)body->v[i].length;
    }
    *out = str_n(text, at);
    return OK;
}

res s3_read_url(struct call *c, const struct caller *who, str url, size_t max_bytes, struct url_text *out)
{
    struct place p = {0};
    struct s3_get_object_out got = {0};
    const struct download *body;

    *out = (struct url_text){.how = URL_FOREIGN, .host = host_of(url)};
    if (!read_url(c, url, &p))
        return OK;
    struct s3_get_object_in get = {.bucket = p.bucket, .key = p.key, .version_id = p.version};
    TRY(call_download(c, who, &s3_GetObject_op, &get, &got, &body, &out->why));
    if (out->why.type) {
        out->how = URL_REFUSED;
        out->denied = out->why.type == &api_access_denied || str_eq(str_z(out->why.type->code), S("AccessDenied"));
        return OK;
    }
    out->how = !body || body->length > max_bytes ? URL_TOO_LONG : URL_READ;
    return out->how == URL_READ ? read_body(c, body, &out->text) : OK;
}
