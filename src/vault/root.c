/* SPDX-License-Identifier: MIT */
/* The root key file and what is derived from it. */
#include "vault/root.h"

#include <assert.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/random.h"

enum {
    HEAD_BYTES = 12,
    ENTRY_BYTES = 4 + ROOT_KEY_BYTES,
    DOMAIN_BYTES_MAX = 128,
};
static const uint8_t magic[8] = {'B', 'K', 'R', 'O', 'O', 'T', 0, 1};

static uint32_t u32_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

str root_make_file(struct arena *secrets)
{
    enum { BODY = HEAD_BYTES + ENTRY_BYTES };
    uint8_t *p = arena_alloc(secrets, BODY + SHA256_BYTES);

    memcpy(p, magic, sizeof magic);
    p[11] = 1; /* one key */
    p[15] = 1; /* epoch 1 */
    random_bytes(p + HEAD_BYTES + 4, ROOT_KEY_BYTES);
    hash_sha256(str_n((char *)p, BODY), p + BODY);
    return str_n((char *)p, BODY + SHA256_BYTES);
}

res root_parse_file(str file, struct root *out, struct err *e)
{
    const uint8_t *p = (const uint8_t *)file.p;
    uint8_t sum[SHA256_BYTES];

    if (file.n < HEAD_BYTES + ENTRY_BYTES + SHA256_BYTES || memcmp(p, magic, sizeof magic) != 0)
        return oops(e, 0, "the root key file is not one of this version");
    size_t n = u32_at(p + 8), body = file.n - SHA256_BYTES;
    hash_sha256(str_n(file.p, body), sum);
    if (n < 1 || n > ROOT_KEYS_MAX || body != HEAD_BYTES + n * ENTRY_BYTES || !crypto_equal(sum, p + body, sizeof sum))
        return oops(e, 0, "the root key file is damaged");
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *entry = p + HEAD_BYTES + i * ENTRY_BYTES;
        struct root_key *key = &out->keys[i];
        uint8_t prk[SHA256_BYTES];
        key->epoch = u32_at(entry);
        if (key->epoch == 0 || (i && key->epoch <= out->keys[i - 1].epoch))
            return oops(e, 0, "the root key file's epochs are out of order");
        hmac_sha256(S("barmkin"), str_n((const char *)entry + 4, ROOT_KEY_BYTES), prk);
        hmac_key_init(&key->prk, HASH_SHA256, str_n((char *)prk, sizeof prk));
        explicit_bzero(prk, sizeof prk);
    }
    return OK;
}

const struct root_key *root_newest(const struct root *root)
{
    return &root->keys[root->n - 1];
}

const struct root_key *root_oldest(const struct root *root)
{
    return &root->keys[0];
}

const struct root_key *root_find(const struct root *root, uint32_t epoch)
{
    for (size_t i = 0; i < root->n; i++)
        if (root->keys[i].epoch == epoch)
            return &root->keys[i];
    return NULL;
}

void root_derive(const struct root_key *key, str domain, uint8_t *out, size_t n)
{
    static const char prefix[] = "barmkin/";
    char info[sizeof prefix - 1 + DOMAIN_BYTES_MAX];

    assert(domain.n <= DOMAIN_BYTES_MAX);
    memcpy(info, prefix, sizeof prefix - 1);
    memcpy(info + sizeof prefix - 1, domain.p, domain.n);
    hkdf_sha256_expand(&key->prk, str_n(info, sizeof prefix - 1 + domain.n), out, n);
}
