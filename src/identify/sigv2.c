/* SPDX-License-Identifier: MIT */
/* After AWS's "Signing and authenticating REST requests (Signature Version 2)". */
#include "identify/sigv2.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/time.h"
#include "crypto/random.h"

enum { TEXT_MAX_BYTES = 1 << 18, MAX_PARAMS = 100 };

/* Parameters that are part of the signed resource: they choose the operation or change the answer. */
static bool is_resource_param(str name)
{
    static const char *const names[] = {
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "delete",
        "inventory",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "partNumber",
        "policy",
        "replication",
        "requestPayment",
        "restore",
        "select",
        "select-type",
        "storageClass",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, str_z(names[i])))
            return true;
    return false;
}

/* Parameters that Version 2 leaves unsigned on AWS too: they only narrow a listing. */
static bool is_harmless(str name)
{
    static const char *const names[] = {"prefix",
                                        "delimiter",
                                        "marker",
                                        "max-keys",
                                        "encoding-type",
                                        "list-type",
                                        "start-after",
                                        "continuation-token",
                                        "fetch-owner",
                                        "key-marker",
                                        "max-parts",
                                        "version-id-marker",
                                        "max-uploads",
                                        "x-id",
                                        "part-number-marker",
                                        "upload-id-marker"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, str_z(names[i])))
            return true;
    return false;
}

static bool is_header_param(str name)
{
    return str_starts_nocase(name, S("x-amz-")) || str_eq_nocase(name, S("content-type")) ||
           str_eq_nocase(name, S("content-md5"));
}

static str *place_of(struct sigv2_claim *c, str name)
{
    if (str_eq(name, S("AWSAccessKeyId")))
        return &c->access_key_id;
    if (str_eq(name, S("Signature")))
        return &c->signature;
    if (str_eq(name, S("Expires")))
        return &c->expires;
    return str_eq_nocase(name, S("x-amz-security-token")) ? &c->token : NULL;
}

/* Twice the same name would leave open which one counts. */
static res refuse_repeated(const struct sigv2_claim *c, const struct http_request *r, enum identify_fault *fault,
                           struct err *e)
{
    *fault = IDENTIFY_QUERY_MALFORMED;
    if (c->n_params > MAX_PARAMS)
        return reject(e, "The query has more than %d parameters.", MAX_PARAMS);
    for (size_t i = 0; i < c->n_params; i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq_nocase(c->params[i].name, c->params[k].name))
                return reject(e, "The query parameter %.*s appears more than once.",
                              FMT(str_sub(c->params[i].name, 0, 100)));
    *fault = IDENTIFY_DUPLICATE;
    for (size_t i = 0; i < r->n_headers; i++) {
        str name = r->headers[i].name;
        size_t count = canonical_header_count(r->headers, r->n_headers, name);
        for (size_t k = 0; k < c->n_params; k++)
            count += str_eq_nocase(c->params[k].name, name);
        if (str_starts_nocase(name, S("x-amz-")) && count > 1)
            return reject(e, "The header '%.*s' appears more than once.", FMT(str_sub(name, 0, 100)));
    }
    return OK;
}

static res read_params(struct sigv2_claim *c, enum identify_fault *fault, struct err *e)
{
    for (size_t i = 0; i < c->n_params; i++) {
        const struct query_param *p = &c->params[i];
        str *place = place_of(c, p->name);
        if (place)
            *place = p->value;
        *fault = IDENTIFY_SIGNATURE;
        if (!place && !is_resource_param(p->name) && !is_harmless(p->name) && !is_header_param(p->name))
            return reject(e, "Signature Version 2 does not sign the query parameter '%.*s'; use Version 4.",
                          FMT(str_sub(p->name, 0, 100)));
    }
    return OK;
}

res sigv2_read(const struct http_request *r, struct arena *a, struct sigv2_claim *claim, enum identify_fault *fault,
               struct err *e)
{
    *claim = (struct sigv2_claim){0};
    TRY(canonical_refuse_duplicates(r, fault, e));
    TRY(canonical_query_read(r->query, a, &claim->params, &claim->n_params, fault, e));
    TRY(refuse_repeated(claim, r, fault, e));
    TRY(read_params(claim, fault, e));
    str in_header = canonical_header(r->headers, r->n_headers, S("x-amz-security-token"));
    *fault = IDENTIFY_QUERY_MALFORMED;
    if (!str_is(claim->access_key_id) || !str_is(claim->signature) || !str_is(claim->expires))
        return reject(e, "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
    if (str_empty(claim->access_key_id) || claim->access_key_id.n > 128)
        return reject(e, "AWSAccessKeyId is mal-formed.");
    if (str_is(in_header))
        claim->token = in_header;
    if (!str_to_i64(claim->expires, &claim->expires_s) || claim->expires_s < 0 || claim->expires_s > INT32_MAX)
        return reject(e, "Invalid date (should be seconds since epoch): %.*s", FMT(str_sub(claim->expires, 0, 40)));
    *fault = IDENTIFY_EXPIRED;
    if (time_wall_ms() > claim->expires_s * 1000)
        return reject(e, "Request has expired");
    *fault = IDENTIFY_PAYLOAD;
    if (r->has_body && !r->origin.tls)
        return reject(e, "An unsigned payload is accepted over TLS only; sign the payload or use https.");
    *fault = IDENTIFY_OK;
    return OK;
}

static int by_name(const void *x, const void *y)
{
    return str_cmp(((const struct query_param *)x)->name, ((const struct query_param *)y)->name);
}

/* A header, or else a parameter of that name: boto3 moves signed headers into the query. */
static void add_value(struct buf *b, const struct sigv2_claim *c, const struct http_request *r, str name)
{
    str value = canonical_header(r->headers, r->n_headers, name);

    for (size_t i = 0; !str_is(value) && i < c->n_params; i++)
        if (str_eq_nocase(c->params[i].name, name))
            value = c->params[i].value;
    buf_add(b, str_trim(value));
    buf_add_char(b, '\n');
}

static str lower_case(str s, struct arena *a)
{
    char *p = arena_z(a, s);

    for (size_t i = 0; i < s.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + 32);
    return str_n(p, s.n);
}

/* Every x-amz-* header and parameter, lower case, sorted, one line a name: what is not signed would be missing here,
 * and what was added afterwards would be too many. */
static void add_amz_headers(struct buf *b, const struct sigv2_claim *c, const struct http_request *r, struct arena *a)
{
    struct query_param *all = ARENA_ARRAY(a, struct query_param, r->n_headers + c->n_params);
    size_t n = 0;

    for (size_t i = 0; i < r->n_headers; i++)
        if (str_starts_nocase(r->headers[i].name, S("x-amz-")))
            all[n++] = (struct query_param){lower_case(r->headers[i].name, a), str_trim(r->headers[i].value)};
    for (size_t i = 0; i < c->n_params; i++)
        if (str_starts_nocase(c->params[i].name, S("x-amz-")))
            all[n++] = (struct query_param){lower_case(c->params[i].name, a), str_trim(c->params[i].value)};
    if (n > 1)
        qsort(all, n, sizeof *all, by_name);
    for (size_t i = 0; i < n; i++) {
        buf_add(b, all[i].name);
        buf_add_char(b, ':');
        buf_add(b, all[i].value);
        buf_add_char(b, '\n');
    }
}

/* The path as sent, the bucket before it, and the parameters that belong to the resource, decoded. */
static void add_resource(struct buf *b, const struct sigv2_claim *c, const struct http_request *r, str bucket,
                         struct arena *a)
{
    struct query_param *sorted = ARENA_ARRAY(a, struct query_param, c->n_params);
    size_t n = 0;

    if (str_is(bucket)) {
        buf_add_char(b, '/');
        buf_add(b, bucket);
    }
    buf_add(b, r->path);
    for (size_t i = 0; i < c->n_params; i++)
        if (is_resource_param(c->params[i].name))
            sorted[n++] = c->params[i];
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 0; i < n; i++) {
        buf_add_char(b, i ? '&' : '?');
        buf_add(b, sorted[i].name);
        if (!str_empty(sorted[i].value)) {
            buf_add_char(b, '=');
            buf_add(b, sorted[i].value);
        }
    }
}

str sigv2_string_to_sign(const struct sigv2_claim *claim, const struct http_request *r, str bucket, struct arena *a)
{
    struct buf b;

    buf_init(&b, TEXT_MAX_BYTES); /* a request's header is at most 16 KiB and nothing here grows it */
    buf_add(&b, r->method);
    buf_add_char(&b, '\n');
    add_value(&b, claim, r, S("content-md5"));
    add_value(&b, claim, r, S("content-type"));
    buf_add(&b, claim->expires);
    buf_add_char(&b, '\n');
    add_amz_headers(&b, claim, r, a);
    add_resource(&b, claim, r, bucket, a);
    str text = b.full ? STR_ABSENT : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

/* Compares texts, not bytes: base64 has spare bits, and a signature with two spellings would be one too many. */
bool sigv2_check(const uint8_t mac[SHA1_BYTES], const struct sigv2_claim *claim)
{
    struct arena *a = arena_new_secret(0);
    str right = base64_encode(a, str_n((const char *)mac, SHA1_BYTES));
    bool same = claim->signature.n == right.n && crypto_equal(claim->signature.p, right.p, right.n);

    arena_free(a);
    return same;
}
