/* SPDX-License-Identifier: MIT */
/* Reads a context and a raw request, signs it, and shows every stage. Knows no clock and no state. */
#include "identify/facts.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "identify/canonical.h"
#include "identify/sign.h"

enum { FACTS_MAX_INPUT_BYTES = 1 << 20, FACTS_MAX_LINES = 1000, FACTS_ARENA_BYTES = 256 << 20 };

struct raw_request {
    struct http_request http;
    struct header *headers;
    str body;
};

static str take_line(str *rest)
{
    str line = str_cut(rest, '\n');

    if (str_ends(line, S("\r")))
        line.n--;
    return line;
}

/* A blank may stand in the path as it was typed (the suite has such requests): the target ends at the last one. */
static bool read_request_line(str line, struct http_request *r)
{
    r->method = str_cut(&line, ' ');
    if (!str_is(line) || str_empty(r->method))
        return false;
    ptrdiff_t end = str_rfind(line, ' ');
    if (end > 0 && str_starts(str_from(line, (size_t)end), S(" HTTP/")))
        line = str_sub(line, 0, (size_t)end);
    r->target = line;
    r->query = line;
    r->path = str_cut(&r->query, '?');
    return str_starts(r->path, S("/"));
}

/* A line that begins with a blank goes on with the value before it; both lie side by side in the text. */
static bool read_header_line(str line, struct raw_request *raw)
{
    if (line.p[0] == ' ' || line.p[0] == '\t') {
        if (raw->http.n_headers == 0)
            return false;
        str *value = &raw->headers[raw->http.n_headers - 1].value;
        value->n = (size_t)(line.p + line.n - value->p);
        return true;
    }
    str value = line, name = str_cut(&value, ':');
    if (!str_is(value) || str_empty(name))
        return false;
    raw->headers[raw->http.n_headers++] = (struct header){name, value};
    return true;
}

static res read_request(str text, struct arena *a, struct raw_request *raw, struct err *e)
{
    str rest = text;
    size_t lines = 0;

    *raw = (struct raw_request){.body = S("")};
    if (!str_is(text) || !read_request_line(take_line(&rest), &raw->http))
        return reject(e, "request: the first line must be METHOD /path HTTP/1.1");
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    if (lines > FACTS_MAX_LINES) /* the body's lines count too: what is signed here is small */
        return reject(e, "request: it has more than %d lines", FACTS_MAX_LINES);
    raw->headers = ARENA_ARRAY(a, struct header, lines + 1);
    raw->http.headers = raw->headers;
    while (str_is(rest)) {
        str line = take_line(&rest);
        if (str_empty(line)) {
            if (str_is(rest))
                raw->body = rest;
            break;
        }
        if (!read_header_line(line, raw))
            return reject(e, "request: header line %zu is not Name: value", raw->http.n_headers + 1);
    }
    return OK;
}

static res read_flag(const json_t *context, const char *name, bool otherwise, bool *out, struct err *e)
{
    const json_t *v = json_object_get(context, name);

    if (v && !json_is_boolean(v))
        return reject(e, "context.%s must be true or false", name);
    *out = v ? json_is_true(v) : otherwise;
    return OK;
}

static res read_text(const json_t *object, const char *name, str *out, struct err *e)
{
    *out = json_str_at(object, name);
    return str_is(*out) ? OK : reject(e, "context: %s must be given as text", name);
}

static res read_context(const json_t *context, struct sigv4_signer *s, bool *sign_body, struct err *e)
{
    const json_t *credentials = json_object_get(context, "credentials");
    const json_t *expires = json_object_get(context, "expiration_in_seconds");
    str akid, secret, region, service, timestamp;
    int64_t now_ms;

    TRY(read_text(credentials, "access_key_id", &akid, e));
    TRY(read_text(credentials, "secret_access_key", &secret, e));
    TRY(read_text(context, "region", &region, e));
    TRY(read_text(context, "service", &service, e));
    TRY(read_text(context, "timestamp", &timestamp, e));
    if (!time_parse_iso(timestamp, &now_ms) && !time_parse_basic(timestamp, &now_ms))
        return reject(e, "context.timestamp must be like 2015-08-30T12:36:00Z");
    *s = sigv4_signer_for(service, region, akid, secret, json_str_at(credentials, "token"), now_ms);
    if (expires && !json_is_number(expires))
        return reject(e, "context.expiration_in_seconds must be a number");
    s->expires_s = expires ? (int64_t)json_number_value(expires) : 0;
    TRY(read_flag(context, "normalize", s->normalize, &s->normalize, e));
    TRY(read_flag(context, "omit_session_token", false, &s->omit_session_token, e));
    TRY(read_flag(context, "sign_body", false, sign_body, e));
    s->add_payload_hash = *sign_body;
    return OK;
}

static void write_facts(const struct sigv4_signed *facts, struct buf *out)
{
    buf_add(out, S("{\"canonical-request\":"));
    buf_add_json_str(out, facts->canonical);
    buf_add(out, S(",\"string-to-sign\":"));
    buf_add_json_str(out, facts->string_to_sign);
    buf_add(out, S(",\"signature\":"));
    buf_add_json_str(out, facts->signature);
    buf_add(out, S("}\n"));
}

static res facts_in(str json, bool query_mode, struct arena *a, struct buf *out, struct err *e)
{
    struct sigv4_signer signer;
    struct sigv4_signed facts;
    struct raw_request raw;
    char hex[2 * SHA256_BYTES + 1];
    bool sign_body;
    json_t *top;

    TRY(json_parse(a, json, e, &top));
    TRY(read_context(json_object_get(top, "context"), &signer, &sign_body, e));
    TRY(read_request(json_str_at(top, "request"), a, &raw, e));
    str hash = canonical_header(raw.headers, raw.http.n_headers, S("x-amz-content-sha256"));
    if (!str_is(hash) && query_mode && !sign_body && str_eq(signer.service, S("s3")))
        hash = S("UNSIGNED-PAYLOAD");
    if (!str_is(hash))
        hash = hash_sha256_hex(sign_body ? raw.body : S(""), hex);
    if (query_mode)
        TRY(sigv4_presign(&signer, &raw.http, str_trim(hash), a, &facts, e));
    else
        TRY(sigv4_sign(&signer, &raw.http, str_trim(hash), a, &facts, e));
    write_facts(&facts, out);
    return out->full ? reject(e, "The answer is too long.") : OK;
}

res sigv4_facts(str json, bool query_mode, struct buf *out, struct err *e)
{
    if (json.n > FACTS_MAX_INPUT_BYTES)
        return reject(e, "The input is longer than %d bytes.", FACTS_MAX_INPUT_BYTES);
    struct arena *a = arena_new_secret(FACTS_ARENA_BYTES);
    res r = facts_in(json, query_mode, a, out, e);
    arena_free(a);
    return r;
}
