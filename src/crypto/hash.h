/* SPDX-License-Identifier: MIT */
/* Hashes of bytes, at once or piece by piece: SHA-256 (FIPS 180-4), and what old clients still need, SHA-1 and MD5. */
#ifndef BARMKIN_CRYPTO_HASH_H
#define BARMKIN_CRYPTO_HASH_H
#include <stdint.h>

#include "base/str.h"

enum { SHA256_BYTES = 32, SHA1_BYTES = 20, MD5_BYTES = 16, HASH_BLOCK_BYTES = 64, HASH_MAX_BYTES = 32 };
enum hash_kind { HASH_SHA256, HASH_SHA1, HASH_MD5 };

/* A hash in the making. Held by value, owns nothing, may be copied to branch off a common beginning. */
struct hash {
    uint64_t state[14]; /* the library's own context; hash.c asserts that it fits */
    enum hash_kind kind;
};

void hash_begin(struct hash *h, enum hash_kind kind);
void hash_add(struct hash *h, str bytes);
/* Writes hash_bytes(kind) bytes and wipes h; begin again before the next use. */
void hash_end(struct hash *h, uint8_t *out);
size_t hash_bytes(enum hash_kind kind); /* 32, 20 or 16 */

void hash_sha256(str bytes, uint8_t out[SHA256_BYTES]); /* 0.2 us for 180 bytes */
void hash_sha1(str bytes, uint8_t out[SHA1_BYTES]);
void hash_md5(str bytes, uint8_t out[MD5_BYTES]);

/* Lower-case hex of the SHA-256, NUL-terminated: the form that SigV4 wants. Returns the 64 characters. */
str hash_sha256_hex(str bytes, char out[2 * SHA256_BYTES + 1]);

#endif
