/* SPDX-License-Identifier: MIT */
/* Sealing bytes so that they can be neither read nor altered: AES-256-GCM (NIST SP 800-38D), 96-bit nonces. */
#ifndef BARMKIN_CRYPTO_AEAD_H
#define BARMKIN_CRYPTO_AEAD_H
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { AEAD_KEY_BYTES = 32, AEAD_NONCE_BYTES = 12, AEAD_TAG_BYTES = 16 };

/* One key, set once, for many messages. Held by value by its owner, one thread at a time. */
struct aead {
    void *ctx, *cipher; /* the library's */
};

void aead_init(struct aead *x, const uint8_t key[AEAD_KEY_BYTES]);  /* copies the key */
void aead_rekey(struct aead *x, const uint8_t key[AEAD_KEY_BYTES]); /* cheaper than done and init */
void aead_done(struct aead *x);                                     /* wipes the key; twice is fine */

/* Writes plain.n + AEAD_TAG_BYTES bytes: the ciphertext, then the tag. dst may be plain.p itself, else must not
 * overlap. A nonce must never be used twice under a key: count frames under a fresh key, or draw random ones (at most
 * 2^32). plain.n and aad.n are at most 2^30. */
void aead_seal(struct aead *x, const uint8_t nonce[AEAD_NONCE_BYTES], str aad, str plain, uint8_t *dst);
/* The inverse: writes sealed.n - AEAD_TAG_BYTES bytes. False, with dst wiped, when anything differs by one bit (or when
 * sealed is too short to hold a tag). dst may be sealed.p itself, else must not overlap. */
bool aead_open(struct aead *x, const uint8_t nonce[AEAD_NONCE_BYTES], str aad, str sealed, uint8_t *dst);

/* The same for a single message under a key. */
void aead_seal_once(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES], str aad, str plain,
                    uint8_t *dst);
bool aead_open_once(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES], str aad, str sealed,
                    uint8_t *dst);

#endif
