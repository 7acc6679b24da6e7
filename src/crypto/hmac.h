/* SPDX-License-Identifier: MIT */
/* Keyed hashes: HMAC (RFC 2104) with SHA-256 or SHA-1, prepared keys for many messages, and HKDF-SHA256 (RFC 5869). */
#ifndef BARMKIN_CRYPTO_HMAC_H
#define BARMKIN_CRYPTO_HMAC_H
#include <stdint.h>

#include "base/str.h"
#include "crypto/hash.h"

/* A key with its two padded blocks already hashed: a short HMAC then costs two hash blocks instead of four. Held by
 * value, owns nothing; it is as secret as the key: wipe it (explicit_bzero) when done. */
struct hmac_key {
    struct hash inner, outer;
};

void hmac_key_init(struct hmac_key *k, enum hash_kind kind, str key);
void hmac_with(const struct hmac_key *k, str msg, uint8_t *out); /* hash_bytes(kind) bytes; any number of threads */
/* Piece by piece: begin a hash with it, hash_add, then finish. */
void hmac_begin(const struct hmac_key *k, struct hash *h);
void hmac_end(const struct hmac_key *k, struct hash *h, uint8_t *out);

void hmac_sha256(str key, str msg, uint8_t out[SHA256_BYTES]);
void hmac_sha1(str key, str msg, uint8_t out[SHA1_BYTES]); /* SigV2's; for nothing else */

/* Derives n bytes (at most 255 * 32) from secret key material. `salt` may be absent. RFC 5869, extract then expand. */
void hkdf_sha256(str secret, str salt, str info, uint8_t *out, size_t n);
/* The second half alone, for a `secret` that is already uniformly random and 32 bytes long. */
void hkdf_sha256_expand(const struct hmac_key *prk, str info, uint8_t *out, size_t n);

#endif
