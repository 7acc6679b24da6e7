/* SPDX-License-Identifier: MIT */
/* Sealing and opening. Everything that decides about a key is authenticated with what the key opens. */
#include "vault/seal.h"

#include <string.h>

#include "crypto/hmac.h"
#include "crypto/random.h"
#include "vault/blob.h"

enum { VERSION = 1, HEAD_BYTES = 5, OVERHEAD = HEAD_BYTES + AEAD_NONCE_BYTES + AEAD_TAG_BYTES };

/* A context must not keep a key between two calls. */
static const uint8_t no_key[AEAD_KEY_BYTES];

static void rekey(struct aead *x, const struct root_key *root, str domain)
{
    uint8_t key[AEAD_KEY_BYTES];

    root_derive(root, domain, key, sizeof key);
    aead_rekey(x, key);
    explicit_bzero(key, sizeof key);
}

str seal_bytes(struct aead *x, const struct root *root, str domain, str aad, str plain, struct arena *a)
{
    const struct root_key *key = root_newest(root);
    size_t whole = OVERHEAD + plain.n;
    uint8_t *p = arena_alloc(a, whole), *nonce = p + HEAD_BYTES;

    p[0] = VERSION;
    for (int i = 0; i < 4; i++)
        p[1 + i] = (uint8_t)(key->epoch >> (24 - 8 * i));
    random_bytes(nonce, AEAD_NONCE_BYTES);
    rekey(x, key, domain);
    aead_seal(x, nonce, arena_cat(a, str_n((char *)p, HEAD_BYTES), aad), plain, nonce + AEAD_NONCE_BYTES);
    aead_rekey(x, no_key);
    return str_n((char *)p, whole);
}

bool unseal_bytes(struct aead *x, const struct root *root, str domain, str aad, str sealed, struct arena *a, str *plain)
{
    const uint8_t *p = (const uint8_t *)sealed.p;

    if (sealed.n < OVERHEAD || p[0] != VERSION)
        return false;
    const struct root_key *key =
        root_find(root, (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4]);
    if (!key)
        return false;
    uint8_t *out = arena_alloc(a, sealed.n - OVERHEAD);
    rekey(x, key, domain);
    bool ok = aead_open(x, p + HEAD_BYTES, arena_cat(a, str_sub(sealed, 0, HEAD_BYTES), aad),
                        str_from(sealed, HEAD_BYTES + AEAD_NONCE_BYTES), out);
    aead_rekey(x, no_key);
    *plain = str_n((char *)out, sealed.n - OVERHEAD);
    return ok;
}

struct message_key {
    uint8_t key[AEAD_KEY_BYTES], nonce[AEAD_NONCE_BYTES];
};

static void derive_message_key(const uint8_t material[KMS_MATERIAL_BYTES], str salt, struct message_key *out)
{
    hkdf_sha256(str_n((const char *)material, KMS_MATERIAL_BYTES), salt, S("barmkin/kms-message"), (uint8_t *)out,
                sizeof *out);
}

str seal_kms(struct aead *x, const uint8_t material[KMS_MATERIAL_BYTES], str arn, str context, str plain,
             struct arena *a)
{
    uint8_t salt[KMS_BLOB_SALT_BYTES];
    struct message_key k;
    struct kms_blob blob;

    random_bytes(salt, sizeof salt);
    str whole = kms_blob_layout(a, arn, salt, plain.n, &blob);
    derive_message_key(material, blob.salt, &k);
    aead_rekey(x, k.key);
    aead_seal(x, k.nonce, arena_cat(a, blob.head, context), plain, (uint8_t *)(uintptr_t)blob.body.p);
    aead_rekey(x, no_key);
    explicit_bzero(&k, sizeof k);
    return whole;
}

bool unseal_kms(struct aead *x, const uint8_t material[KMS_MATERIAL_BYTES], str arn, str context, str ciphertext,
                struct arena *a, str *plain)
{
    struct message_key k;
    struct kms_blob blob;

    if (!kms_blob_parse(ciphertext, &blob) || !str_eq(blob.arn, arn))
        return false;
    derive_message_key(material, blob.salt, &k);
    uint8_t *out = arena_alloc(a, blob.body.n);
    aead_rekey(x, k.key);
    bool ok = aead_open(x, k.nonce, arena_cat(a, blob.head, context), blob.body, out);
    aead_rekey(x, no_key);
    explicit_bzero(&k, sizeof k);
    *plain = str_n((char *)out, blob.body.n - AEAD_TAG_BYTES);
    return ok;
}
