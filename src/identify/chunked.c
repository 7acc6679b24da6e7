/* SPDX-License-Identifier: MIT */
/* A push state machine: lines are gathered in a small buffer, data passes through. After AWS's "Signature calculations
 * for the authorization header: transferring payload in multiple chunks". */
#include "identify/chunked.h"

#include <string.h>

#include "base/enc.h"
#include "crypto/random.h"
#include "identify/canonical.h"

enum { LINE_BYTES = 512, MAX_SIZE_DIGITS = 16, MAX_TRAILER_LINES = 4, SCOPE_BYTES = 256, STAMP_BYTES = 16 };

enum state {
    AT_SIZE, /* "SIZE[;chunk-signature=HEX]\r\n" */
    IN_DATA,
    AFTER_DATA,  /* "\r\n" */
    IN_TRAILERS, /* "name:value\r\n" ... "\r\n" */
    AT_END,
    FAILED,
};

struct chunked {
    enum state state;
    enum identify_fault failed_by; /* while FAILED */
    enum sigv4_payload kind;
    chunked_sink *sink;
    void *ctx;
    uint64_t announced, decoded, left; /* left: of the chunk */
    char line[LINE_BYTES];
    size_t line_n;
    /* signatures */
    struct hmac_key key;
    struct arena *scratch; /* the request's */
    str timestamp, scope;
    char previous[SIGV4_SIGNATURE_CHARS], claimed[SIGV4_SIGNATURE_CHARS];
    struct hash chunk_hash;
    /* trailers */
    bool has_trailer; /* one is announced */
    bool trailer_signed;
    size_t trailer_lines;
    enum checksum_kind trailer_kind;
    struct checksum sum;
    struct checksum_given given;
};

static bool is_signed(const struct chunked *c)
{
    return c->kind != PAYLOAD_STREAMING_UNSIGNED_TRAILER;
}

bool chunked_is(const struct sigv4_claim *claim)
{
    return claim->payload >= PAYLOAD_STREAMING_UNSIGNED_TRAILER;
}

uint64_t chunked_decoded_bytes(const struct chunked *c)
{
    return c->decoded;
}

uint64_t chunked_announced_bytes(const struct chunked *c)
{
    return c->announced;
}

const struct checksum_given *chunked_checksum(const struct chunked *c)
{
    return &c->given;
}

static void wipe(void *chunked)
{
    struct chunked *c = chunked;

    explicit_bzero(&c->key, sizeof c->key);
}

static res read_headers(struct chunked *c, const struct http_request *r, enum identify_fault *fault, struct err *e)
{
    str length = canonical_header(r->headers, r->n_headers, S("x-amz-decoded-content-length"));
    str trailer = canonical_header(r->headers, r->n_headers, S("x-amz-trailer"));

    *fault = IDENTIFY_LENGTH_MISSING;
    if (!str_to_u64(length, &c->announced))
        return reject(e, "You must provide the x-amz-decoded-content-length HTTP header, a number.");
    *fault = IDENTIFY_TRAILER;
    c->has_trailer = !str_empty(trailer);
    if (!c->has_trailer)
        return OK;
    if (c->kind == PAYLOAD_STREAMING_SIGNED)
        return reject(e, "x-amz-trailer needs a STREAMING-...-TRAILER x-amz-content-sha256.");
    if (!checksum_of_header(trailer, &c->trailer_kind) || c->trailer_kind == CHECKSUM_MD5)
        return reject(e, "The value specified in the x-amz-trailer header is not supported");
    checksum_begin(&c->sum, c->trailer_kind);
    return OK;
}

res chunked_begin(const struct http_request *r, const struct sigv4_claim *claim, const struct hmac_key *signing_key,
                  struct arena *a, chunked_sink *sink, void *ctx, struct chunked **out, enum identify_fault *fault,
                  struct err *e)
{
    struct chunked *c = ARENA_NEW(a, struct chunked);

    c->kind = claim->payload;
    c->sink = sink;
    c->ctx = ctx;
    c->scratch = a;
    *out = c;
    TRY(read_headers(c, r, fault, e));
    *fault = IDENTIFY_SIGNATURE;
    if (is_signed(c)) {
        if (!signing_key || claim->signature.n != sizeof c->previous)
            return reject(e, "A body of signed chunks needs a signed request.");
        c->key = *signing_key;
        arena_defer(a, wipe, c);
        memcpy(c->previous, claim->signature.p, sizeof c->previous);
        c->timestamp = arena_dup(a, claim->timestamp);
        c->scope = sigv4_scope(claim, a);
    }
    *fault = IDENTIFY_OK;
    return OK;
}

/* Adds "PREFIX\nTIMESTAMP\nSCOPE\nPREVIOUS-SIGNATURE\n" to a hash under the key. */
static void begin_mac(const struct chunked *c, str prefix, struct hash *h)
{
    const str parts[] = {prefix, c->timestamp, c->scope, str_n(c->previous, sizeof c->previous)};

    hmac_begin(&c->key, h);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        hash_add(h, parts[i]);
        hash_add(h, S("\n"));
    }
}

static bool end_mac(struct chunked *c, struct hash *h, str claimed)
{
    uint8_t mac[SHA256_BYTES];
    char hex[SIGV4_SIGNATURE_CHARS];

    hmac_end(&c->key, h, mac);
    hex_encode(mac, sizeof mac, hex);
    bool same = claimed.n == sizeof hex && crypto_equal(hex, claimed.p, sizeof hex);
    memcpy(c->previous, hex, sizeof hex);
    return same;
}

static void add_hash_hex(struct hash *h, struct hash *of)
{
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES];

    hash_end(of, digest);
    hex_encode(digest, sizeof digest, hex);
    hash_add(h, str_n(hex, sizeof hex));
}

static res verify_chunk(struct chunked *c, enum identify_fault *fault, struct err *e)
{
    struct hash h;
    char empty[2 * SHA256_BYTES + 1];

    if (!is_signed(c))
        return OK;
    begin_mac(c, S("AWS4-HMAC-SHA256-PAYLOAD"), &h);
    hash_add(&h, hash_sha256_hex(S(""), empty));
    hash_add(&h, S("\n"));
    add_hash_hex(&h, &c->chunk_hash);
    if (end_mac(c, &h, str_n(c->claimed, sizeof c->claimed)))
        return OK;
    *fault = IDENTIFY_SIGNATURE;
    return reject(e, "The chunk signature that ends at byte %llu does not match.", (unsigned long long)c->decoded);
}

static res bad_chunk(enum identify_fault *fault, struct err *e, const char *what)
{
    *fault = IDENTIFY_CHUNK_MALFORMED;
    return reject(e, "The aws-chunked body is mal-formed: %s.", what);
}

static bool read_hex(str s, uint64_t *out)
{
    *out = 0;
    if (str_empty(s) || s.n > MAX_SIZE_DIGITS || !str_all(s, "0123456789abcdefABCDEF"))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(s.p[i] <= '9' ? s.p[i] - '0' : (s.p[i] | 32) - 'a' + 10);
        *out = *out << 4 | digit;
    }
    return true;
}

static res begin_chunk(struct chunked *c, str line, enum identify_fault *fault, struct err *e)
{
    str extension = line, size = str_cut(&extension, ';');

    if (!read_hex(size, &c->left))
        return bad_chunk(fault, e, "a chunk's size is not a hexadecimal number");
    if (is_signed(c)) {
        str name = S("chunk-signature=");
        if (!str_starts(extension, name) || extension.n != name.n + sizeof c->claimed)
            return bad_chunk(fault, e, "a chunk lacks its chunk-signature");
        memcpy(c->claimed, extension.p + name.n, sizeof c->claimed);
        hash_begin(&c->chunk_hash, HASH_SHA256);
    } else if (str_is(extension)) {
        return bad_chunk(fault, e, "a chunk has an extension");
    }
    if (c->left > c->announced - c->decoded) { /* before any byte of it reaches the sink */
        *fault = IDENTIFY_INCOMPLETE_BODY;
        return reject(e, "The body is longer than x-amz-decoded-content-length says.");
    }
    if (c->left) {
        c->state = IN_DATA;
        return OK;
    }
    c->state = IN_TRAILERS;
    return verify_chunk(c, fault, e); /* the last chunk is empty and signed too */
}

static res bad_trailer(enum identify_fault *fault, struct err *e, const char *what)
{
    *fault = IDENTIFY_TRAILER;
    return reject(e, "The request contained trailing data that was not well-formed: %s.", what);
}

static res take_checksum(struct chunked *c, str name, str value, enum identify_fault *fault, struct err *e)
{
    enum checksum_kind kind;

    if (!c->has_trailer || !checksum_of_header(name, &kind) || kind != c->trailer_kind)
        return bad_trailer(fault, e, "a trailer is not the one that x-amz-trailer announced");
    if (c->given.set)
        return bad_trailer(fault, e, "the trailer appears more than once");
    if (!checksum_read(&c->given, kind, arena_dup(c->scratch, value))) {
        *fault = IDENTIFY_INVALID_DIGEST;
        return reject(e, "Value for %.*s trailing header is invalid.", FMT(checksum_header(kind)));
    }
    return OK;
}

/* Signed are the other trailers as lines "name:value\n". */
static res verify_trailer(struct chunked *c, str claimed, enum identify_fault *fault, struct err *e)
{
    struct hash h, lines;

    if (c->trailer_signed)
        return bad_trailer(fault, e, "x-amz-trailer-signature appears more than once");
    hash_begin(&lines, HASH_SHA256);
    if (c->given.set) {
        hash_add(&lines, checksum_header(c->trailer_kind));
        hash_add(&lines, S(":"));
        hash_add(&lines, c->given.text);
        hash_add(&lines, S("\n"));
    }
    begin_mac(c, S("AWS4-HMAC-SHA256-TRAILER"), &h);
    add_hash_hex(&h, &lines);
    c->trailer_signed = true;
    if (end_mac(c, &h, claimed))
        return OK;
    *fault = IDENTIFY_SIGNATURE;
    return reject(e, "The trailer's signature does not match.");
}

/* Judges the whole once the last line is read. */
static res conclude(struct chunked *c, enum identify_fault *fault, struct err *e)
{
    if (c->decoded != c->announced) {
        *fault = IDENTIFY_INCOMPLETE_BODY;
        return reject(e,
                      "You did not provide the number of bytes specified by the x-amz-decoded-content-length header");
    }
    if (c->has_trailer && !c->given.set)
        return bad_trailer(fault, e, "the trailer that x-amz-trailer announced is missing");
    if (c->has_trailer && !checksum_fits(&c->sum, &c->given)) {
        *fault = IDENTIFY_BAD_DIGEST;
        return reject(e, "The %.*s you specified did not match the calculated checksum.",
                      FMT(checksum_name(c->trailer_kind)));
    }
    c->state = AT_END;
    return OK;
}

static res take_trailer(struct chunked *c, str line, enum identify_fault *fault, struct err *e)
{
    bool signs_trailer = c->kind == PAYLOAD_STREAMING_SIGNED_TRAILER;

    if (++c->trailer_lines > MAX_TRAILER_LINES)
        return bad_trailer(fault, e, "there are too many trailers");
    if (str_empty(line)) {
        if (!signs_trailer || c->trailer_signed)
            return conclude(c, fault, e);
        /* AWS's own example puts an empty line between the trailer and its signature */
        return c->given.set ? OK : bad_trailer(fault, e, "x-amz-trailer-signature is missing");
    }
    str value = line, name = str_trim(str_cut(&value, ':'));
    if (!str_is(value))
        return bad_trailer(fault, e, "a trailer is not name:value");
    if (c->trailer_signed)
        return bad_trailer(fault, e, "a trailer follows x-amz-trailer-signature");
    if (signs_trailer && str_eq_nocase(name, S("x-amz-trailer-signature")))
        return verify_trailer(c, str_trim(value), fault, e);
    return take_checksum(c, name, str_trim(value), fault, e);
}

static res take_line(struct chunked *c, enum identify_fault *fault, struct err *e)
{
    bool crlf = c->line_n && c->line[c->line_n - 1] == '\r';
    str line = str_n(c->line, c->line_n - crlf);

    c->line_n = 0;
    if (c->state == IN_TRAILERS)
        return take_trailer(c, line, fault, e);
    if (!crlf)
        return bad_chunk(fault, e, "a line does not end with CR LF");
    if (c->state == AT_SIZE)
        return begin_chunk(c, line, fault, e);
    if (!str_empty(line))
        return bad_chunk(fault, e, "a chunk is longer than its size");
    c->state = AT_SIZE;
    return verify_chunk(c, fault, e);
}

/* Gathers a line up to its LF; answers how many bytes it used. */
static res gather(struct chunked *c, str piece, size_t *used, enum identify_fault *fault, struct err *e)
{
    ptrdiff_t end = str_find(piece, '\n');
    size_t n = end < 0 ? piece.n : (size_t)end;

    *used = end < 0 ? n : n + 1;
    if (n > LINE_BYTES - c->line_n)
        return c->state == IN_TRAILERS ? bad_trailer(fault, e, "a trailer is too long")
                                       : bad_chunk(fault, e, "a chunk's first line is too long");
    memcpy(c->line + c->line_n, piece.p, n);
    c->line_n += n;
    return end < 0 ? OK : take_line(c, fault, e);
}

static res pass(struct chunked *c, str piece, size_t *used, enum identify_fault *fault, struct err *e)
{
    str data = str_sub(piece, 0, c->left < piece.n ? (size_t)c->left : piece.n);

    *used = data.n;
    if (is_signed(c))
        hash_add(&c->chunk_hash, data);
    if (c->has_trailer)
        checksum_add(&c->sum, data);
    c->left -= data.n;
    c->decoded += data.n;
    if (!c->left)
        c->state = AFTER_DATA;
    *fault = IDENTIFY_OK;
    return c->sink(c->ctx, data, e);
}

res chunked_feed(struct chunked *c, str piece, enum identify_fault *fault, struct err *e)
{
    *fault = IDENTIFY_OK;
    while (piece.n || c->state == FAILED) {
        size_t used = 0;
        res r;
        if (c->state == IN_DATA)
            r = pass(c, piece, &used, fault, e);
        else if (c->state < AT_END)
            r = gather(c, piece, &used, fault, e);
        else
            r = bad_chunk(fault, e, c->state == AT_END ? "something follows its end" : "it failed before");
        if (!is_ok(r)) {
            c->failed_by = c->state == FAILED ? c->failed_by : *fault;
            *fault = c->failed_by;
            c->state = FAILED;
            return r;
        }
        piece = str_from(piece, used);
    }
    return OK;
}

res chunked_end(struct chunked *c, enum identify_fault *fault, struct err *e)
{
    if (c->state == AT_END) {
        *fault = IDENTIFY_OK;
        wipe(c);
        return OK;
    }
    *fault = c->state == FAILED ? c->failed_by : IDENTIFY_INCOMPLETE_BODY;
    c->failed_by = *fault;
    c->state = FAILED;
    return reject(e, "The request body terminated unexpectedly");
}
