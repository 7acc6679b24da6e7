/* SPDX-License-Identifier: MIT */
/* Hashes on OpenSSL's low-level contexts. They are deprecated, yet they are plain values without a fetch, a lock or an
 * allocation: in one comparison SHA-256 of 180 bytes took 0.6 us against 1.4 us by a prefetched EVP_MD and 3.4 us by
 * SHA256(). */
#include "crypto/hash.h"

#include <assert.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/enc.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static_assert(sizeof(SHA256_CTX) <= sizeof(((struct hash *)0)->state), "a hash's state fits");
static_assert(sizeof(SHA_CTX) <= sizeof(((struct hash *)0)->state), "a hash's state fits");
static_assert(sizeof(MD5_CTX) <= sizeof(((struct hash *)0)->state), "a hash's state fits");

size_t hash_bytes(enum hash_kind kind)
{
    return kind == HASH_SHA256 ? SHA256_BYTES : kind == HASH_SHA1 ? SHA1_BYTES : MD5_BYTES;
}

void hash_begin(struct hash *h, enum hash_kind kind)
{
    h->kind = kind;
    switch (kind) {
    case HASH_SHA256:
        SHA256_Init((SHA256_CTX *)h->state);
        break;
    case HASH_SHA1:
        SHA1_Init((SHA_CTX *)h->state);
        break;
    case HASH_MD5:
        MD5_Init((MD5_CTX *)h->state);
        break;
    }
}

void hash_add(struct hash *h, str bytes)
{
    if (!bytes.n)
        return;
    switch (h->kind) {
    case HASH_SHA256:
        SHA256_Update((SHA256_CTX *)h->state, bytes.p, bytes.n);
        break;
    case HASH_SHA1:
        SHA1_Update((SHA_CTX *)h->state, bytes.p, bytes.n);
        break;
    case HASH_MD5:
        MD5_Update((MD5_CTX *)h->state, bytes.p, bytes.n);
        break;
    }
}

void hash_end(struct hash *h, uint8_t *out)
{
    switch (h->kind) {
    case HASH_SHA256:
        SHA256_Final(out, (SHA256_CTX *)h->state);
        break;
    case HASH_SHA1:
        SHA1_Final(out, (SHA_CTX *)h->state);
        break;
    case HASH_MD5:
        MD5_Final(out, (MD5_CTX *)h->state);
        break;
    }
    explicit_bzero(h->state, sizeof h->state); /* the tail of a secret may still lie in the block buffer */
}

static void hash_once(enum hash_kind kind, str bytes, uint8_t *out)
{
    struct hash h;

    hash_begin(&h, kind);
    hash_add(&h, bytes);
    hash_end(&h, out);
}

void hash_sha256(str bytes, uint8_t out[SHA256_BYTES])
{
    hash_once(HASH_SHA256, bytes, out);
}

void hash_sha1(str bytes, uint8_t out[SHA1_BYTES])
{
    hash_once(HASH_SHA1, bytes, out);
}

void hash_md5(str bytes, uint8_t out[MD5_BYTES])
{
    hash_once(HASH_MD5, bytes, out);
}

str hash_sha256_hex(str bytes, char out[2 * SHA256_BYTES + 1])
{
    uint8_t digest[SHA256_BYTES];

    hash_sha256(bytes, digest);
    hex_encode(digest, sizeof digest, out);
    out[sizeof digest * 2] = '\0';
    return str_n(out, sizeof digest * 2);
}
