/* SPDX-License-Identifier: MIT */
/* AES-256-GCM by OpenSSL's EVP. The cipher is fetched once a context, and the key schedule survives from frame to
 * frame.
 */
#include "crypto/aead.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* None of these calls fails but for want of memory or a broken library; neither leaves anything sensible to do. */
static void must(bool ok, const char *what)
{
    if (ok)
        return;
    log_error("crypto: %s failed", what);
    abort();
}

void aead_init(struct aead *x, const uint8_t key[AEAD_KEY_BYTES])
{
    x->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    x->ctx = EVP_CIPHER_CTX_new();
    must(x->cipher && x->ctx, "AES-256-GCM");
    must(EVP_CipherInit_ex2(x->ctx, x->cipher, key, NULL, 1, NULL) == 1, "setting a key");
}

void aead_rekey(struct aead *x, const uint8_t key[AEAD_KEY_BYTES])
{
    must(EVP_CipherInit_ex2(x->ctx, NULL, key, NULL, 1, NULL) == 1, "setting a key");
}

void aead_done(struct aead *x)
{
    EVP_CIPHER_CTX_free(x->ctx); /* wipes */
    EVP_CIPHER_free(x->cipher);
    x->ctx = x->cipher = NULL;
}

static void start(struct aead *x, const uint8_t *nonce, str aad, size_t n, int enc)
{
    int len;

    must(aad.n <= (size_t)1 << 30 && n <= (size_t)1 << 30, "a message's length");
    must(EVP_CipherInit_ex2(x->ctx, NULL, NULL, nonce, enc, NULL) == 1, "setting a nonce");
    if (aad.n)
        must(EVP_CipherUpdate(x->ctx, NULL, &len, (const uint8_t *)aad.p, (int)aad.n) == 1, "adding AAD");
}

void aead_seal(struct aead *x, const uint8_t nonce[AEAD_NONCE_BYTES], str aad, str plain, uint8_t *dst)
{
    int len = 0;

    start(x, nonce, aad, plain.n, 1);
    if (plain.n)
        must(EVP_CipherUpdate(x->ctx, dst, &len, (const uint8_t *)plain.p, (int)plain.n) == 1, "sealing");
    must(EVP_CipherFinal_ex(x->ctx, dst + plain.n, &len) == 1, "sealing");
    must(EVP_CIPHER_CTX_ctrl(x->ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, dst + plain.n) == 1, "making a tag");
}

bool aead_open(struct aead *x, const uint8_t nonce[AEAD_NONCE_BYTES], str aad, str sealed, uint8_t *dst)
{
    uint8_t tag[AEAD_TAG_BYTES], none[1];
    int len = 0;

    if (sealed.n < AEAD_TAG_BYTES)
        return false;
    size_t n = sealed.n - AEAD_TAG_BYTES;
    memcpy(tag, sealed.p + n, sizeof tag);
    start(x, nonce, aad, n, 0);
    if (n)
        must(EVP_CipherUpdate(x->ctx, dst, &len, (const uint8_t *)sealed.p, (int)n) == 1, "opening");
    must(EVP_CIPHER_CTX_ctrl(x->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1, "setting a tag");
    if (EVP_CipherFinal_ex(x->ctx, none, &len) == 1)
        return true;
    if (n)
        explicit_bzero(dst, n);
    return false;
}

void aead_seal_once(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES], str aad, str plain,
                    uint8_t *dst)
{
    struct aead x;

    aead_init(&x, key);
    aead_seal(&x, nonce, aad, plain, dst);
    aead_done(&x);
}

bool aead_open_once(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES], str aad, str sealed,
                    uint8_t *dst)
{
    struct aead x;

    aead_init(&x, key);
    bool ok = aead_open(&x, nonce, aad, sealed, dst);
    aead_done(&x);
    return ok;
}
