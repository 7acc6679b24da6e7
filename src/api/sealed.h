/* SPDX-License-Identifier: MIT */
/* Bytes of a record under a data key: for services that keep what a customer's KMS key protects. */
#ifndef BARMKIN_API_SEALED_H
#define BARMKIN_API_SEALED_H
#include "base/arena.h"

/* AES-256-GCM with a random nonce in front. `key` is a plain data key of 32 bytes, as kms GenerateDataKey gives it;
 * aad is bound in and must be given again. Fit for up to 2^32 texts a key. */
str sealed_make(struct arena *a, str key, str aad, str plain);
/* False when the bytes, the key or the aad are not what was sealed. The plain text lives in `secrets`. */
bool sealed_open(struct arena *secrets, str key, str aad, str sealed, str *plain);

#endif
