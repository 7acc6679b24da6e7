/* SPDX-License-Identifier: MIT */
/* Makes signatures from the same stages that sigv4.c checks. */
#include "identify/sign.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/time.h"
#include "identify/canonical.h"
#include "identify/sigv4.h"

enum { QUERY_MAX_BYTES = 1 << 20 };

/* What both forms prepare. */
struct draft {
    const struct sigv4_signer *s;
    struct arena *a;
    str timestamp, scope;
    struct header *headers;
    size_t n_headers;
    struct query_param *params;
    size_t n_params;
    str signed_names;
};

struct sigv4_signer sigv4_signer_for(str service, str region, str access_key_id, str secret_access_key, str token,
                                     int64_t now_ms)
{
    bool s3 = str_eq(service, S("s3"));

    return (struct sigv4_signer){
        .access_key_id = access_key_id,
        .secret_access_key = secret_access_key,
        .token = token,
        .region = region,
        .service = service,
        .now_ms = now_ms,
        .normalize = !s3,
        .encode_again = !s3,
        .add_payload_hash = s3,
    };
}

static bool is_replaced(str name)
{
    return str_eq_nocase(name, S("authorization")) || str_eq_nocase(name, S("x-amz-date")) ||
           str_eq_nocase(name, S("x-amz-security-token"));
}

static bool is_auth_param(str name)
{
    static const char *const names[] = {"X-Amz-Algorithm",    "X-Amz-Credential", "X-Amz-Date",
                                        "X-Amz-Expires",      "X-Amz-Signature",  "X-Amz-Security-Token",
                                        "X-Amz-SignedHeaders"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, str_z(names[i])))
            return true;
    return false;
}

static void add_param(struct draft *d, str name, str value)
{
    d->params[d->n_params++] = (struct query_param){name, value};
}

static void add_header(struct draft *d, str name, str value)
{
    d->headers[d->n_headers++] = (struct header){name, value};
}

/* A name that could not stand in SignedHeaders. */
static bool is_bad_name(str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == ';' || name.p[i] == ',' || name.p[i] == ':')
            return true;
    return str_empty(name);
}

static res begin(struct draft *d, const struct sigv4_signer *s, const struct http_request *r, bool presign,
                 struct arena *a, struct err *e)
{
    enum identify_fault fault;
    struct query_param *given;
    char text[TIME_TEXT_BYTES];
    size_t n;

    *d = (struct draft){.s = s, .a = a};
    if (!canonical_header_count(r->headers, r->n_headers, S("host")))
        return reject(e, "A request without a Host header cannot be signed.");
    TRY(canonical_query_read(r->query, a, &given, &n, &fault, e));
    d->params = ARENA_ARRAY(a, struct query_param, n + 8);
    for (size_t i = 0; i < n; i++)
        if (!presign || !is_auth_param(given[i].name))
            add_param(d, given[i].name, given[i].value);
    d->headers = ARENA_ARRAY(a, struct header, r->n_headers + SIGV4_ADDED_HEADERS);
    for (size_t i = 0; i < r->n_headers; i++) {
        if (is_bad_name(r->headers[i].name))
            return reject(e, "The name of header %zu cannot be signed.", i + 1);
        if (!is_replaced(r->headers[i].name))
            add_header(d, r->headers[i].name, r->headers[i].value);
    }
    d->timestamp = arena_dup(a, time_basic(s->now_ms, text));
    d->scope = arena_printf(a, "%.*s/%.*s/%.*s/aws4_request", FMT(str_sub(d->timestamp, 0, 8)), FMT(s->region),
                            FMT(s->service));
    return OK;
}

static res finish(struct draft *d, const struct http_request *r, str payload_hash, struct sigv4_signed *out,
                  struct err *e)
{
    struct canonical_parts parts = {
        .method = r->method,
        .path = r->path,
        .normalize = d->s->normalize,
        .encode_again = d->s->encode_again,
        .params = d->params,
        .n_params = d->n_params,
        .headers = d->headers,
        .n_headers = d->n_headers,
        .signed_headers = d->signed_names,
        .payload_hash = payload_hash,
    };
    uint8_t key[SHA256_BYTES], mac[SHA256_BYTES];
    enum identify_fault fault;

    TRY(canonical_request(&parts, d->a, &out->canonical, &fault, e));
    out->string_to_sign = sigv4_text_to_sign(d->timestamp, d->scope, out->canonical, d->a);
    sigv4_derive_key(d->s->secret_access_key, str_sub(d->timestamp, 0, 8), d->s->region, d->s->service, key);
    hmac_sha256(str_n((const char *)key, sizeof key), out->string_to_sign, mac);
    explicit_bzero(key, sizeof key);
    out->signature = hex_of(d->a, str_n((const char *)mac, sizeof mac));
    return OK;
}

static void send_header(struct sigv4_signed *out, struct draft *d, str name, str value, bool is_signed)
{
    out->add[out->n_add++] = (struct header){name, value};
    if (is_signed)
        add_header(d, name, value);
}

res sigv4_sign(const struct sigv4_signer *s, const struct http_request *r, str payload_hash, struct arena *a,
               struct sigv4_signed *out, struct err *e)
{
    struct draft d;

    *out = (struct sigv4_signed){.query = r->query};
    TRY(begin(&d, s, r, false, a, e));
    send_header(out, &d, S("X-Amz-Date"), d.timestamp, true);
    if (!str_empty(s->token))
        send_header(out, &d, S("X-Amz-Security-Token"), s->token, !s->omit_session_token);
    if (s->add_payload_hash && !canonical_header_count(r->headers, r->n_headers, S("x-amz-content-sha256")))
        send_header(out, &d, S("x-amz-content-sha256"), payload_hash, true);
    d.signed_names = canonical_signed_names(d.headers, d.n_headers, a);
    TRY(finish(&d, r, payload_hash, out, e));
    str authorization = arena_printf(a, "AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=%.*s",
                                     FMT(s->access_key_id), FMT(d.scope), FMT(d.signed_names), FMT(out->signature));
    send_header(out, &d, S("Authorization"), authorization, false);
    return OK;
}

static str whole_query(const struct draft *d, const struct sigv4_signed *out)
{
    struct buf b;

    buf_init(&b, QUERY_MAX_BYTES);
    for (size_t i = 0; i < d->n_params; i++) {
        buf_add_uri(&b, d->params[i].name, false);
        buf_add_char(&b, '=');
        buf_add_uri(&b, d->params[i].value, false);
        buf_add_char(&b, '&');
    }
    buf_add(&b, S("X-Amz-Signature="));
    buf_add(&b, out->signature);
    str query = b.full ? STR_ABSENT : arena_dup(d->a, buf_str(&b));
    buf_done(&b);
    return query;
}

res sigv4_presign(const struct sigv4_signer *s, const struct http_request *r, str payload_hash, struct arena *a,
                  struct sigv4_signed *out, struct err *e)
{
    struct draft d;

    *out = (struct sigv4_signed){0};
    TRY(begin(&d, s, r, true, a, e));
    d.signed_names = canonical_signed_names(d.headers, d.n_headers, a);
    add_param(&d, S("X-Amz-Algorithm"), S("AWS4-HMAC-SHA256"));
    add_param(&d, S("X-Amz-Credential"), arena_printf(a, "%.*s/%.*s", FMT(s->access_key_id), FMT(d.scope)));
    add_param(&d, S("X-Amz-Date"), d.timestamp);
    add_param(&d, S("X-Amz-SignedHeaders"), d.signed_names);
    if (s->expires_s > 0)
        add_param(&d, S("X-Amz-Expires"), arena_printf(a, "%lld", (long long)s->expires_s));
    if (!str_empty(s->token) && !s->omit_session_token)
        add_param(&d, S("X-Amz-Security-Token"), s->token);
    TRY(finish(&d, r, payload_hash, out, e));
    if (!str_empty(s->token) && s->omit_session_token)
        add_param(&d, S("X-Amz-Security-Token"), s->token);
    out->query = whole_query(&d, out);
    return str_is(out->query) ? OK : reject(e, "The presigned query is longer than %d bytes.", QUERY_MAX_BYTES);
}
