/* SPDX-License-Identifier: MIT */
/* One table of kinds; the CRCs as numbers, the rest as hashes. */
#include "identify/checksum.h"

#include <string.h>

#include "base/enc.h"
#include "crypto/random.h"
#include "identify/canonical.h"

static const struct {
    const char *header, *name;
    size_t bytes;
    enum hash_kind hash;
} kinds[CHECKSUM_KINDS] = {
    [CHECKSUM_CRC32] = {"x-amz-checksum-crc32", "CRC32", 4, 0},
    [CHECKSUM_CRC32C] = {"x-amz-checksum-crc32c", "CRC32C", 4, 0},
    [CHECKSUM_CRC64NVME] = {"x-amz-checksum-crc64nvme", "CRC64NVME", 8, 0},
    [CHECKSUM_SHA1] = {"x-amz-checksum-sha1", "SHA1", SHA1_BYTES, HASH_SHA1},
    [CHECKSUM_SHA256] = {"x-amz-checksum-sha256", "SHA256", SHA256_BYTES, HASH_SHA256},
    [CHECKSUM_MD5] = {"content-md5", "MD5", MD5_BYTES, HASH_MD5},
};

str checksum_header(enum checksum_kind kind)
{
    return str_z(kinds[kind].header);
}

str checksum_name(enum checksum_kind kind)
{
    return str_z(kinds[kind].name);
}

bool checksum_of_header(str header_name, enum checksum_kind *kind)
{
    for (int i = 0; i < CHECKSUM_KINDS; i++)
        if (str_eq_nocase(header_name, str_z(kinds[i].header))) {
            *kind = (enum checksum_kind)i;
            return true;
        }
    return false;
}

bool checksum_of_name(str name, enum checksum_kind *kind)
{
    for (int i = 0; i < CHECKSUM_KINDS; i++)
        if (str_eq(name, str_z(kinds[i].name))) {
            *kind = (enum checksum_kind)i;
            return true;
        }
    return false;
}

void checksum_begin(struct checksum *c, enum checksum_kind kind)
{
    *c = (struct checksum){.kind = kind};
    if (kind >= CHECKSUM_SHA1)
        hash_begin(&c->hash, kinds[kind].hash);
}

void checksum_add(struct checksum *c, str bytes)
{
    switch (c->kind) {
    case CHECKSUM_CRC32:
        c->crc = crc32_update((uint32_t)c->crc, bytes);
        break;
    case CHECKSUM_CRC32C:
        c->crc = crc32c_update((uint32_t)c->crc, bytes);
        break;
    case CHECKSUM_CRC64NVME:
        c->crc = crc64nvme_update(c->crc, bytes);
        break;
    default:
        hash_add(&c->hash, bytes);
    }
}

size_t checksum_end(struct checksum *c, uint8_t out[CHECKSUM_MAX_BYTES])
{
    size_t n = kinds[c->kind].bytes;

    if (c->kind >= CHECKSUM_SHA1)
        hash_end(&c->hash, out);
    else
        for (size_t i = 0; i < n; i++)
            out[i] = (uint8_t)(c->crc >> 8 * (n - 1 - i));
    return n;
}

str checksum_end_base64(struct checksum *c, struct arena *a)
{
    uint8_t out[CHECKSUM_MAX_BYTES];
    size_t n = checksum_end(c, out);

    return base64_encode(a, str_n((const char *)out, n));
}

bool checksum_read(struct checksum_given *g, enum checksum_kind kind, str text)
{
    struct arena *a = arena_new(0);
    str bytes;

    *g = (struct checksum_given){.kind = kind, .text = text};
    if (text.n <= 2 * CHECKSUM_MAX_BYTES && base64_decode(a, text, &bytes) && bytes.n == kinds[kind].bytes) {
        memcpy(g->bytes, bytes.p, bytes.n);
        g->set = true;
    }
    arena_free(a);
    return g->set;
}

bool checksum_fits(struct checksum *c, const struct checksum_given *g)
{
    uint8_t out[CHECKSUM_MAX_BYTES];
    size_t n = checksum_end(c, out);

    return g->set && c->kind == g->kind && crypto_equal(out, g->bytes, n);
}

static res read_given(struct body_check *b, const struct header *h, enum identify_fault *fault, struct err *e)
{
    enum checksum_kind kind;

    if (!checksum_of_header(h->name, &kind))
        return OK;
    struct checksum_given *g = kind == CHECKSUM_MD5 ? &b->md5 : &b->given;
    *fault = IDENTIFY_INVALID_DIGEST;
    if (g->set)
        return reject(e, "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    if (!checksum_read(g, kind, h->value))
        return kind == CHECKSUM_MD5 ? reject(e, "The Content-MD5 you specified was invalid.")
                                    : reject(e, "Value for %s header is invalid.", kinds[kind].header);
    checksum_begin(kind == CHECKSUM_MD5 ? &b->md5_sum : &b->given_sum, kind);
    return OK;
}

res body_check_begin(struct body_check *b, const struct http_request *r, const struct sigv4_claim *claim,
                     enum identify_fault *fault, struct err *e)
{
    *b = (struct body_check){0};
    for (size_t i = 0; i < r->n_headers; i++)
        TRY(read_given(b, &r->headers[i], fault, e));
    b->hashed = claim && claim->payload == PAYLOAD_HASH && claim->payload_hash.n == sizeof b->expected;
    if (b->hashed) {
        memcpy(b->expected, claim->payload_hash.p, sizeof b->expected);
        hash_begin(&b->sha256, HASH_SHA256);
    }
    *fault = IDENTIFY_OK;
    return OK;
}

void body_check_add(struct body_check *b, str piece)
{
    if (b->hashed)
        hash_add(&b->sha256, piece);
    if (b->given.set)
        checksum_add(&b->given_sum, piece);
    if (b->md5.set)
        checksum_add(&b->md5_sum, piece);
}

res body_check_end(struct body_check *b, enum identify_fault *fault, struct err *e)
{
    uint8_t digest[SHA256_BYTES];
    char hex[sizeof b->expected];

    *fault = IDENTIFY_BODY_HASH;
    if (b->hashed) {
        hash_end(&b->sha256, digest);
        hex_encode(digest, sizeof digest, hex);
        if (!crypto_equal(hex, b->expected, sizeof hex))
            return reject(e, "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
    *fault = IDENTIFY_BAD_DIGEST;
    if (b->md5.set && !checksum_fits(&b->md5_sum, &b->md5))
        return reject(e, "The Content-MD5 you specified did not match what we received.");
    if (b->given.set && !checksum_fits(&b->given_sum, &b->given))
        return reject(e, "The %s you specified did not match the calculated checksum.", kinds[b->given.kind].name);
    *fault = IDENTIFY_OK;
    return OK;
}
