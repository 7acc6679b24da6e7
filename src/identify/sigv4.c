/* SPDX-License-Identifier: MIT */
/* Reads and checks signatures. Whatever is not understood whole is refused: a signature is all or nothing. */
#include "identify/sigv4.h"

#include <string.h>

#include "base/enc.h"
#include "base/time.h"
#include "crypto/random.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

static const char name_set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static str header_of(const struct http_request *r, str name)
{
    return canonical_header(r->headers, r->n_headers, name);
}

/* Looks at names only, as sent: a parameter that hides its name behind %xx is none of ours. */
static bool has_param(str query, str name)
{
    for (str rest = query; str_is(rest);) {
        str piece = str_cut(&rest, '&');
        if (str_starts(piece, name) && (piece.n == name.n || piece.p[name.n] == '='))
            return true;
    }
    return false;
}

enum sigv4_form sigv4_form(const struct http_request *r)
{
    str header = header_of(r, S("authorization"));
    bool v4_query = has_param(r->query, S("X-Amz-Algorithm")) || has_param(r->query, S("X-Amz-Signature")) ||
                    has_param(r->query, S("X-Amz-Credential"));
    bool v2_query = has_param(r->query, S("AWSAccessKeyId"));

    if (str_is(header) + v4_query + v2_query > 1)
        return SIGV4_CONFUSED;
    if (v4_query)
        return SIGV4_QUERY;
    if (v2_query)
        return SIGV2_QUERY;
    if (!str_is(header))
        return SIGV4_NONE;
    return str_eq(header, S(ALGORITHM)) || str_starts(header, S(ALGORITHM " ")) ? SIGV4_HEADER : SIGV4_FOREIGN;
}

static res refuse_form(enum sigv4_form form, enum identify_fault *fault, struct err *e)
{
    if (form == SIGV4_NONE) {
        *fault = IDENTIFY_ANONYMOUS;
        return reject(e, "Missing Authentication Token");
    }
    if (form == SIGV4_CONFUSED) {
        *fault = IDENTIFY_TWO_MECHANISMS;
        return reject(e, "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query "
                         "string parameter or the Authorization header should be specified");
    }
    *fault = IDENTIFY_SCHEME;
    return reject(e, "The authorization mechanism you have provided is not supported. Please use " ALGORITHM ".");
}

static enum identify_fault malformed(const struct sigv4_claim *claim)
{
    return claim->form == SIGV4_QUERY ? IDENTIFY_QUERY_MALFORMED : IDENTIFY_HEADER_MALFORMED;
}

static res read_credential(struct sigv4_claim *c, str credential, enum identify_fault *fault, struct err *e)
{
    str rest = credential;

    c->access_key_id = str_cut(&rest, '/');
    c->date = str_cut(&rest, '/');
    c->region = str_cut(&rest, '/');
    c->service = str_cut(&rest, '/');
    *fault = malformed(c);
    if (!str_eq(rest, S("aws4_request")))
        return reject(e,
                      "The Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
    if (str_empty(c->access_key_id) || c->access_key_id.n > 128 || !str_all(c->access_key_id, name_set))
        return reject(e, "The Credential's access key id is mal-formed.");
    if (c->date.n != 8 || !str_all(c->date, "0123456789"))
        return reject(e, "The Credential's date is mal-formed; expecting YYYYMMDD.");
    if (str_empty(c->region) || c->region.n > 64 || !str_all(c->region, name_set))
        return reject(e, "The Credential's region is mal-formed.");
    if (str_empty(c->service) || c->service.n > 64 || !str_all(c->service, name_set))
        return reject(e, "The Credential's service is mal-formed.");
    return OK;
}

static bool name_is_lower(str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~' || (name.p[i] >= 'A' && name.p[i] <= 'Z'))
            return false;
    return name.n > 0;
}

/* Sorted, lower case, each name once: another order would let two texts stand for the same headers. */
static res judge_signed_headers(const struct sigv4_claim *c, enum identify_fault *fault, struct err *e)
{
    str last = STR_ABSENT;

    *fault = malformed(c);
    for (str rest = c->signed_headers; str_is(rest);) {
        str name = str_cut(&rest, ';');
        if (!name_is_lower(name) || (str_is(last) && str_cmp(last, name) >= 0))
            return reject(e, "SignedHeaders must be lower-case names, sorted, separated by semicolons.");
        last = name;
    }
    return OK;
}

static bool is_signed(const struct sigv4_claim *c, str name)
{
    for (str rest = c->signed_headers; str_is(rest);)
        if (str_eq_nocase(str_cut(&rest, ';'), name))
            return true;
    return false;
}

/* threats T3: what was added after signing must not count, and it is simplest not to let it in. */
static res refuse_unsigned(const struct sigv4_claim *c, const struct http_request *r, enum identify_fault *fault,
                           struct err *e)
{
    *fault = IDENTIFY_UNSIGNED_HEADER;
    if (!is_signed(c, S("host")))
        return reject(e, "'Host' must be a 'SignedHeader' in the AWS Authorization.");
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_starts_nocase(r->headers[i].name, S("x-amz-")) && !is_signed(c, r->headers[i].name))
            return reject(e, "There were headers present in the request which were not signed: %.*s",
                          FMT(str_sub(r->headers[i].name, 0, 100)));
    return OK;
}

/* One "Name=value" of the Authorization header into its place. */
static bool take_field(str field, str *credential, struct sigv4_claim *c)
{
    str value = field, name = str_cut(&value, '=');
    str *place = str_eq(name, S("Credential"))      ? credential
                 : str_eq(name, S("SignedHeaders")) ? &c->signed_headers
                 : str_eq(name, S("Signature"))     ? &c->signature
                                                    : NULL;

    if (!place || str_is(*place) || str_empty(value))
        return false;
    *place = value;
    return true;
}

static res read_header_form(const struct http_request *r, struct arena *a, struct sigv4_claim *c,
                            enum identify_fault *fault, struct err *e)
{
    str rest = str_trim(str_from(header_of(r, S("authorization")), sizeof ALGORITHM - 1)), credential = STR_ABSENT;

    *fault = IDENTIFY_HEADER_MALFORMED;
    while (str_is(rest) && rest.n)
        if (!take_field(str_trim(str_cut(&rest, ',')), &credential, c))
            return reject(e, "The authorization header is mal-formed; expecting Credential=, SignedHeaders= and "
                             "Signature=, each once, separated by commas.");
    if (!str_is(credential) || !str_is(c->signed_headers) || !str_is(c->signature))
        return reject(e, "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.");
    TRY(read_credential(c, credential, fault, e));
    c->token = header_of(r, S("x-amz-security-token"));
    c->timestamp = header_of(r, S("x-amz-date"));
    if (!str_is(c->timestamp)) {
        char text[TIME_TEXT_BYTES];
        str date = header_of(r, S("date"));
        *fault = IDENTIFY_HEADER_MALFORMED;
        if (!str_is(date))
            return reject(e, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
        if (time_parse_basic(date, &c->timestamp_ms))
            c->timestamp = date;
        else if (time_parse_http(date, &c->timestamp_ms))
            c->timestamp = arena_dup(a, time_basic(c->timestamp_ms, text));
        else
            return reject(e, "Date must be in RFC 9110's or in ISO 8601's basic format.");
    }
    return OK;
}

static str *query_place(struct sigv4_claim *c, str name, str *algorithm, str *credential, str *expires, str *hash)
{
    if (str_eq(name, S("X-Amz-Algorithm")))
        return algorithm;
    if (str_eq(name, S("X-Amz-Credential")))
        return credential;
    if (str_eq(name, S("X-Amz-Expires")))
        return expires;
    if (str_eq(name, S("X-Amz-Date")))
        return &c->timestamp;
    if (str_eq(name, S("X-Amz-SignedHeaders")))
        return &c->signed_headers;
    if (str_eq(name, S("X-Amz-Signature")))
        return &c->signature;
    if (str_eq(name, S("X-Amz-Security-Token")))
        return &c->token;
    return str_eq(name, S("X-Amz-Content-Sha256")) ? hash : NULL;
}

static res read_expires(struct sigv4_claim *c, str expires, enum identify_fault *fault, struct err *e)
{
    *fault = IDENTIFY_QUERY_MALFORMED;
    if (!str_to_i64(expires, &c->expires_s))
        return reject(e, "X-Amz-Expires should be a number");
    if (c->expires_s < 1)
        return reject(e, "X-Amz-Expires must be positive");
    if (c->expires_s > SIGV4_MAX_EXPIRES_S)
        return reject(e,
                      "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must "
                      "be less than %d seconds",
                      SIGV4_MAX_EXPIRES_S);
    return OK;
}

/* All the query is signed but the signature itself. */
static void drop_signature(struct sigv4_claim *c)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->n_params; i++)
        if (!str_eq(c->params[i].name, S("X-Amz-Signature")))
            c->params[kept++] = c->params[i];
    c->n_params = kept;
}

static res read_query_form(const struct http_request *r, struct sigv4_claim *c, str *hash, enum identify_fault *fault,
                           struct err *e)
{
    str algorithm = STR_ABSENT, credential = STR_ABSENT, expires = STR_ABSENT;

    *fault = IDENTIFY_QUERY_MALFORMED;
    for (size_t i = 0; i < c->n_params; i++) {
        str *place = query_place(c, c->params[i].name, &algorithm, &credential, &expires, hash);
        if (place && str_is(*place))
            return reject(e, "The query parameter %.*s appears more than once.", FMT(c->params[i].name));
        if (place)
            *place = c->params[i].value;
    }
    if (!str_is(algorithm) || !str_is(credential) || !str_is(expires) || !str_is(c->timestamp) ||
        !str_is(c->signed_headers) || !str_is(c->signature))
        return reject(e, "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                         "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
    if (!str_eq(algorithm, S(ALGORITHM)))
        return reject(e, "X-Amz-Algorithm only supports \"" ALGORITHM "\"");
    if (str_is(header_of(r, S("x-amz-security-token")))) {
        *fault = IDENTIFY_TWO_MECHANISMS;
        return reject(e, "A presigned request carries its X-Amz-Security-Token in the query, not in a header.");
    }
    drop_signature(c);
    TRY(read_credential(c, credential, fault, e));
    return read_expires(c, expires, fault, e);
}

bool sigv4_is_current(const struct sigv4_claim *c, int64_t now_ms)
{
    int64_t lasts_ms = c->form == SIGV4_QUERY ? c->expires_s * 1000 : SIGV4_SKEW_MS;

    return now_ms >= c->timestamp_ms - SIGV4_SKEW_MS && now_ms <= c->timestamp_ms + lasts_ms;
}

static res judge_time(struct sigv4_claim *c, enum identify_fault *fault, struct err *e)
{
    char now_text[TIME_TEXT_BYTES], edge_text[TIME_TEXT_BYTES];
    int64_t now = time_wall_ms();

    *fault = malformed(c);
    if (!time_parse_basic(c->timestamp, &c->timestamp_ms))
        return reject(e, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
    if (!str_starts(c->timestamp, c->date))
        return reject(e,
                      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                      "'%.*s' != '%.*s'.",
                      FMT(c->date), FMT(str_sub(c->timestamp, 0, 8)));
    if (sigv4_is_current(c, now))
        return OK;
    *fault = c->form == SIGV4_QUERY ? IDENTIFY_EXPIRED : IDENTIFY_SKEWED;
    bool past = now > c->timestamp_ms;
    if (c->form == SIGV4_QUERY)
        return reject(e, past ? "Request has expired" : "Request is not yet valid");
    str now_at = time_basic(now, now_text);
    str edge = time_basic(now + (past ? -SIGV4_SKEW_MS : SIGV4_SKEW_MS), edge_text);
    return reject(e, "Signature %s: %.*s is %s than %.*s (%.*s %c 15 min.)", past ? "expired" : "not yet current",
                  FMT(c->timestamp), past ? "now earlier" : "still later", FMT(edge), FMT(now_at), past ? '-' : '+');
}

static bool is_lower_hex_hash(str s)
{
    return s.n == 2 * SHA256_BYTES && str_all(s, "0123456789abcdef");
}

static bool payload_by_name(str value, enum sigv4_payload *payload)
{
    if (str_eq(value, S("UNSIGNED-PAYLOAD")))
        *payload = PAYLOAD_UNSIGNED;
    else if (str_eq(value, S("STREAMING-UNSIGNED-PAYLOAD-TRAILER")))
        *payload = PAYLOAD_STREAMING_UNSIGNED_TRAILER;
    else if (str_eq(value, S("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")))
        *payload = PAYLOAD_STREAMING_SIGNED;
    else if (str_eq(value, S("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")))
        *payload = PAYLOAD_STREAMING_SIGNED_TRAILER;
    else
        return false;
    return true;
}

/* threats T4. A presigned S3 request leaves its body unsigned by its nature; without TLS that is harmless only when
 * there is no body. */
static res judge_payload(const struct http_request *r, struct sigv4_claim *c, str in_query, enum identify_fault *fault,
                         struct err *e)
{
    str given = header_of(r, S("x-amz-content-sha256"));
    bool s3 = str_eq(c->service, S("s3")), implied = false;

    *fault = IDENTIFY_PAYLOAD;
    if (!str_is(given))
        given = in_query;
    if (!str_is(given) && s3 && c->form == SIGV4_QUERY) {
        given = S("UNSIGNED-PAYLOAD");
        implied = true;
    }
    if (!str_is(given)) {
        c->payload = PAYLOAD_COMPUTED;
        return s3 ? reject(e, "Missing required header for this request: x-amz-content-sha256") : OK;
    }
    c->payload_hash = given;
    if (is_lower_hex_hash(given)) {
        c->payload = PAYLOAD_HASH;
        return OK;
    }
    if (!payload_by_name(given, &c->payload) || !s3)
        return reject(e, "x-amz-content-sha256 must be %sa valid sha256 value.",
                      s3 ? "UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
                           "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or "
                         : "");
    bool is_open = c->payload == PAYLOAD_UNSIGNED || c->payload == PAYLOAD_STREAMING_UNSIGNED_TRAILER;
    if (is_open && !r->origin.tls && (!implied || r->has_body))
        return reject(e, "An unsigned payload is accepted over TLS only; sign the payload or use https.");
    return OK;
}

res sigv4_read(const struct http_request *r, struct arena *a, struct sigv4_claim *claim, enum identify_fault *fault,
               struct err *e)
{
    enum sigv4_form form = sigv4_form(r);
    str hash_in_query = STR_ABSENT;

    *claim = (struct sigv4_claim){.form = form};
    TRY(canonical_refuse_duplicates(r, fault, e));
    if (form != SIGV4_HEADER && form != SIGV4_QUERY)
        return refuse_form(form, fault, e);
    TRY(canonical_query_read(r->query, a, &claim->params, &claim->n_params, fault, e));
    if (form == SIGV4_QUERY)
        TRY(read_query_form(r, claim, &hash_in_query, fault, e));
    else
        TRY(read_header_form(r, a, claim, fault, e));
    TRY(judge_signed_headers(claim, fault, e));
    TRY(refuse_unsigned(claim, r, fault, e));
    TRY(judge_time(claim, fault, e));
    TRY(judge_payload(r, claim, hash_in_query, fault, e));
    *fault = IDENTIFY_OK;
    return OK;
}

/* arena_printf would take a fifth of the whole time here. */
static str join(struct arena *a, char sep, const str *parts, size_t n)
{
    size_t bytes = 0, used = 0;

    for (size_t i = 0; i < n; i++)
        bytes += parts[i].n + 1;
    char *p = arena_alloc(a, bytes + 1);
    for (size_t i = 0; i < n; i++) {
        if (i)
            p[used++] = sep;
        if (parts[i].n)
            memcpy(p + used, parts[i].p, parts[i].n);
        used += parts[i].n;
    }
    return str_n(p, used);
}

str sigv4_scope(const struct sigv4_claim *c, struct arena *a)
{
    const str parts[] = {c->date, c->region, c->service, S("aws4_request")};

    return join(a, '/', parts, sizeof parts / sizeof *parts);
}

str sigv4_text_to_sign(str timestamp, str scope, str canonical, struct arena *a)
{
    char hex[2 * SHA256_BYTES + 1];
    const str parts[] = {S(ALGORITHM), timestamp, scope, hash_sha256_hex(canonical, hex)};

    return join(a, '\n', parts, sizeof parts / sizeof *parts);
}

res sigv4_string_to_sign(const struct sigv4_claim *claim, const struct http_request *r, str body_hash, struct arena *a,
                         str *canonical, str *string_to_sign, enum identify_fault *fault, struct err *e)
{
    bool s3 = str_eq(claim->service, S("s3"));
    struct canonical_parts parts = {
        .method = r->method,
        .path = r->path,
        .normalize = !s3,
        .encode_again = !s3,
        .params = claim->params,
        .n_params = claim->n_params,
        .headers = r->headers,
        .n_headers = r->n_headers,
        .signed_headers = claim->signed_headers,
        .payload_hash = claim->payload == PAYLOAD_COMPUTED ? body_hash : claim->payload_hash,
    };

    TRY(canonical_request(&parts, a, canonical, fault, e));
    *string_to_sign = sigv4_text_to_sign(claim->timestamp, sigv4_scope(claim, a), *canonical, a);
    *fault = IDENTIFY_OK;
    return OK;
}

bool sigv4_check(const struct hmac_key *signing_key, str string_to_sign, const struct sigv4_claim *claim)
{
    uint8_t mac[SHA256_BYTES];
    char hex[SIGV4_SIGNATURE_CHARS];

    hmac_with(signing_key, string_to_sign, mac);
    hex_encode(mac, sizeof mac, hex);
    bool same = claim->signature.n == sizeof hex && crypto_equal(hex, claim->signature.p, sizeof hex);
    explicit_bzero(mac, sizeof mac); /* the right signature of a wrong request is as good as the key for it */
    explicit_bzero(hex, sizeof hex);
    return same;
}

void sigv4_derive_key(str secret, str date, str region, str service, uint8_t key[SHA256_BYTES])
{
    char first[4 + 128];
    size_t n = secret.n < sizeof first - 4 ? secret.n : sizeof first - 4;

    memcpy(first, "AWS4", 4);
    if (n)
        memcpy(first + 4, secret.p, n);
    hmac_sha256(str_n(first, 4 + n), date, key);
    hmac_sha256(str_n((const char *)key, SHA256_BYTES), region, key);
    hmac_sha256(str_n((const char *)key, SHA256_BYTES), service, key);
    hmac_sha256(str_n((const char *)key, SHA256_BYTES), S("aws4_request"), key);
    explicit_bzero(first, sizeof first);
}
