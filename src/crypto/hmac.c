/* SPDX-License-Identifier: MIT */
/* HMAC as copies of two prepared hash states; HKDF on top of it. */
#include "crypto/hmac.h"

#include <assert.h>
#include <string.h>

void hmac_key_init(struct hmac_key *k, enum hash_kind kind, str key)
{
    uint8_t block[HASH_BLOCK_BYTES] = {0};
    str padded = {(const char *)block, sizeof block};

    if (key.n > sizeof block) {
        struct hash h;
        hash_begin(&h, kind);
        hash_add(&h, key);
        hash_end(&h, block);
    } else if (key.n) {
        memcpy(block, key.p, key.n);
    }
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36;
    hash_begin(&k->inner, kind);
    hash_add(&k->inner, padded);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    hash_begin(&k->outer, kind);
    hash_add(&k->outer, padded);
    explicit_bzero(block, sizeof block);
}

void hmac_begin(const struct hmac_key *k, struct hash *h)
{
    *h = k->inner;
}

void hmac_end(const struct hmac_key *k, struct hash *h, uint8_t *out)
{
    uint8_t inner[HASH_MAX_BYTES];
    size_t n = hash_bytes(k->inner.kind);

    hash_end(h, inner);
    *h = k->outer;
    hash_add(h, str_n((const char *)inner, n));
    hash_end(h, out);
    explicit_bzero(inner, sizeof inner);
}

void hmac_with(const struct hmac_key *k, str msg, uint8_t *out)
{
    struct hash h;

    hmac_begin(k, &h);
    hash_add(&h, msg);
    hmac_end(k, &h, out);
}

static void hmac_once(enum hash_kind kind, str key, str msg, uint8_t *out)
{
    struct hmac_key k;

    hmac_key_init(&k, kind, key);
    hmac_with(&k, msg, out);
    explicit_bzero(&k, sizeof k);
}

void hmac_sha256(str key, str msg, uint8_t out[SHA256_BYTES])
{
    hmac_once(HASH_SHA256, key, msg, out);
}

void hmac_sha1(str key, str msg, uint8_t out[SHA1_BYTES])
{
    hmac_once(HASH_SHA1, key, msg, out);
}

void hkdf_sha256_expand(const struct hmac_key *prk, str info, uint8_t *out, size_t n)
{
    uint8_t block[SHA256_BYTES];
    uint8_t counter = 0;

    assert(n <= 255 * sizeof block && prk->inner.kind == HASH_SHA256);
    while (n) {
        struct hash h;
        size_t take = n < sizeof block ? n : sizeof block;
        hmac_begin(prk, &h);
        if (counter)
            hash_add(&h, str_n((const char *)block, sizeof block));
        counter++;
        hash_add(&h, info);
        hash_add(&h, str_n((const char *)&counter, 1));
        hmac_end(prk, &h, block);
        memcpy(out, block, take);
        out += take;
        n -= take;
    }
    explicit_bzero(block, sizeof block);
}

void hkdf_sha256(str secret, str salt, str info, uint8_t *out, size_t n)
{
    uint8_t prk[SHA256_BYTES];
    struct hmac_key k;

    hmac_sha256(salt, secret, prk);
    hmac_key_init(&k, HASH_SHA256, str_n((const char *)prk, sizeof prk));
    hkdf_sha256_expand(&k, info, out, n);
    explicit_bzero(&k, sizeof k);
    explicit_bzero(prk, sizeof prk);
}
