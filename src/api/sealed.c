/* SPDX-License-Identifier: MIT */
/* Sealing bytes of records: a nonce, the ciphertext, the tag. */
#include "api/sealed.h"

#include "crypto/aead.h"
#include "crypto/random.h"

enum { DATA_KEY_BYTES = 32 };

str sealed_make(struct arena *a, str key, str aad, str plain)
{
    size_t n = AEAD_NONCE_BYTES + plain.n + AEAD_TAG_BYTES;
    uint8_t *out = arena_alloc(a, n);

    if (key.n != DATA_KEY_BYTES)
        return STR_ABSENT;
    random_bytes(out, AEAD_NONCE_BYTES);
    aead_seal_once((const uint8_t *)key.p, out, aad, plain, out + AEAD_NONCE_BYTES);
    return str_n((const char *)out, n);
}

bool sealed_open(struct arena *secrets, str key, str aad, str sealed, str *plain)
{
    if (key.n != DATA_KEY_BYTES || sealed.n < AEAD_NONCE_BYTES + AEAD_TAG_BYTES)
        return false;
    size_t n = sealed.n - AEAD_NONCE_BYTES - AEAD_TAG_BYTES;
    uint8_t *out = arena_alloc(secrets, n + 1);
    if (!aead_open_once((const uint8_t *)key.p, (const uint8_t *)sealed.p, aad, str_from(sealed, AEAD_NONCE_BYTES),
                        out))
        return false;
    *plain = str_n((const char *)out, n);
    return true;
}
