/* SPDX-License-Identifier: MIT */
/* The sealed forms: bytes under the root key, and bytes under a KMS key's material. Pure functions of keys and bytes.
 */
#ifndef BARMKIN_VAULT_SEAL_H
#define BARMKIN_VAULT_SEAL_H
#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "crypto/aead.h"
#include "vault/root.h"

enum { KMS_MATERIAL_BYTES = 32 };

/* Under HKDF(newest root key, domain): u8 version 1, u32 big-endian epoch, a random 96-bit nonce, ciphertext and tag of
 * AES-256-GCM; what precedes the nonce is bound in with aad. x is any context; it is rekeyed. Results live in `a`. */
str seal_bytes(struct aead *x, const struct root *root, str domain, str aad, str plain, struct arena *a);
/* False when it was not sealed for this domain and aad, or altered by one bit. */
bool unseal_bytes(struct aead *x, const struct root *root, str domain, str aad, str sealed, struct arena *a,
                  str *plain);

/* A KMS ciphertext blob (vault/blob.h). Key and nonce are derived for each message from the material and a fresh salt,
 * so that no nonce can meet its key twice however many messages there are; head and context are bound in. */
str seal_kms(struct aead *x, const uint8_t material[KMS_MATERIAL_BYTES], str arn, str context, str plain,
             struct arena *a);
bool unseal_kms(struct aead *x, const uint8_t material[KMS_MATERIAL_BYTES], str arn, str context, str ciphertext,
                struct arena *a, str *plain);

#endif
