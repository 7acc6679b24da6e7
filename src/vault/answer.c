/* SPDX-License-Identifier: MIT */
/* What vault does with its keys, one function a kind of request. Each use has a domain of its own in the derivation
 * (root.h), so that nothing sealed for one use opens as another. Reasons given back never quote what was sent. */
#include "vault/answer.h"

#include <string.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/log.h"
#include "base/time.h"
#include "crypto/random.h"
#include "vault/blob.h"
#include "vault/seal.h"
#include "vault/server.h"

enum {
    PURPOSE_BYTES_MAX = 64,
    SECRET_RANDOM_BYTES = 30, /* 40 characters of base64 without padding: what AWS's secrets look like */
    DATA_KEY_BYTES_MAX = 1024,
    TOKEN_DAYS = 2, /* a session lasts at most 36 hours: its token is opened on that many days after the first */
    DAY_MS = 86400000,
};

void vault_malformed(const char *why)
{
    log_error("%s", why);
    _exit(VAULT_EXIT_MALFORMED);
}

static uint32_t number_of(str field)
{
    uint32_t v;

    if (field.n != sizeof v)
        vault_malformed("a request has a broken number");
    memcpy(&v, field.p, sizeof v);
    return v;
}

static str text_of(const void *bytes, size_t n)
{
    return str_n(bytes, n);
}

/* "wrap/" purpose and "mac/" purpose: callers name purposes, but can never reach a domain of ours. */
static res domain_of(struct vault_work *w, str kind, str purpose, str *domain, struct err *e)
{
    if (purpose.n < 1 || purpose.n > PURPOSE_BYTES_MAX || !str_all(purpose, "abcdefghijklmnopqrstuvwxyz0123456789-/"))
        return reject(e, "not a purpose");
    *domain = arena_cat(w->secrets, kind, purpose);
    return OK;
}

static res answer_wrap(struct vault_work *w, const str *in, str *out, struct err *e)
{
    str domain;

    TRY(domain_of(w, S("wrap/"), in[0], &domain, e));
    out[0] = seal_bytes(&w->aead, &w->keys->root, domain, in[1], in[2], w->secrets);
    return OK;
}

static res answer_unwrap(struct vault_work *w, const str *in, str *out, struct err *e)
{
    str domain;

    TRY(domain_of(w, S("wrap/"), in[0], &domain, e));
    if (!unseal_bytes(&w->aead, &w->keys->root, domain, in[1], in[2], w->secrets, &out[0]))
        return reject(e, "the sealed bytes do not verify");
    return OK;
}

static res answer_new_secret(struct vault_work *w, const str *in, str *out, struct err *e)
{
    uint8_t *bytes = arena_alloc(w->secrets, SECRET_RANDOM_BYTES);

    (void)e;
    random_bytes(bytes, SECRET_RANDOM_BYTES);
    out[0] = base64_encode(w->secrets, text_of(bytes, SECRET_RANDOM_BYTES));
    out[1] = seal_bytes(&w->aead, &w->keys->root, S("access-key"), in[0], out[0], w->secrets);
    return OK;
}

static res open_secret(struct vault_work *w, str access_key_id, str sealed, str *secret, struct err *e)
{
    if (!unseal_bytes(&w->aead, &w->keys->root, S("access-key"), access_key_id, sealed, w->secrets, secret))
        return reject(e, "the sealed secret is not this access key's");
    return OK;
}

/* Signature version 4's chain: date, region, service, "aws4_request". */
static res answer_signing_key(struct vault_work *w, const str *in, str *out, struct err *e)
{
    const str chain[] = {in[2], in[3], in[4], S("aws4_request")};
    uint8_t *key = arena_alloc(w->secrets, SHA256_BYTES);
    str secret;

    TRY(open_secret(w, in[0], in[1], &secret, e));
    out[0] = arena_cat(w->secrets, S("AWS4"), secret);
    for (size_t i = 0; i < sizeof chain / sizeof *chain; i++) {
        hmac_sha256(out[0], chain[i], key);
        out[0] = text_of(key, SHA256_BYTES);
    }
    return OK;
}

static res answer_sign_v2(struct vault_work *w, const str *in, str *out, struct err *e)
{
    uint8_t *mac = arena_alloc(w->secrets, SHA1_BYTES);
    str secret;

    TRY(open_secret(w, in[0], in[1], &secret, e));
    hmac_sha1(secret, in[2], mac);
    out[0] = text_of(mac, SHA1_BYTES);
    return OK;
}

/* A token is the day of its key (u32, big-endian), then the claims sealed under that day's key. */
static str token_domain(struct vault_work *w, uint32_t day)
{
    return arena_printf(w->secrets, "session-token/%u", day);
}

static uint32_t today(void)
{
    return (uint32_t)(time_wall_ms() / DAY_MS);
}

static res answer_seal_token(struct vault_work *w, const str *in, str *out, struct err *e)
{
    uint32_t day = today();
    uint8_t head[4] = {(uint8_t)(day >> 24), (uint8_t)(day >> 16), (uint8_t)(day >> 8), (uint8_t)day};

    (void)e;
    str sealed = seal_bytes(&w->aead, &w->keys->root, token_domain(w, day), S(""), in[0], w->secrets);
    out[0] = arena_cat(w->secrets, text_of(head, sizeof head), sealed);
    return OK;
}

static res answer_open_token(struct vault_work *w, const str *in, str *out, struct err *e)
{
    const uint8_t *p = (const uint8_t *)in[0].p;
    uint32_t now = today();

    if (in[0].n < 4)
        return reject(e, "the session token is not one of ours");
    uint32_t day = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    if (day > now + 1 || now > day + TOKEN_DAYS) /* a day ahead: the clock may have been set back */
        return reject(e, "the key of the session token was retired");
    if (!unseal_bytes(&w->aead, &w->keys->root, token_domain(w, day), S(""), str_from(in[0], 4), w->secrets, &out[0]))
        return reject(e, "the session token does not verify");
    return OK;
}

static res check_arn(str arn, struct err *e)
{
    if (arn.n > KMS_BLOB_ARN_MAX || !str_starts(arn, S("arn:")) || !str_is_utf8(arn))
        return reject(e, "not a key's ARN");
    return OK;
}

static res open_material(struct vault_work *w, str arn, str sealed, const uint8_t **material, struct err *e)
{
    str plain;

    TRY(check_arn(arn, e));
    if (!unseal_bytes(&w->aead, &w->keys->root, S("kms-material"), arn, sealed, w->secrets, &plain) ||
        plain.n != KMS_MATERIAL_BYTES)
        return reject(e, "the sealed material is not this key's");
    *material = (const uint8_t *)plain.p;
    return OK;
}

static res answer_kms_new_key(struct vault_work *w, const str *in, str *out, struct err *e)
{
    uint8_t *material = arena_alloc(w->secrets, KMS_MATERIAL_BYTES);

    TRY(check_arn(in[0], e));
    random_bytes(material, KMS_MATERIAL_BYTES);
    out[0] = seal_bytes(&w->aead, &w->keys->root, S("kms-material"), in[0], text_of(material, KMS_MATERIAL_BYTES),
                        w->secrets);
    return OK;
}

static res answer_kms_encrypt(struct vault_work *w, const str *in, str *out, struct err *e)
{
    const uint8_t *material;

    TRY(open_material(w, in[0], in[1], &material, e));
    out[0] = seal_kms(&w->aead, material, in[0], in[2], in[3], w->secrets);
    return OK;
}

static res answer_kms_decrypt(struct vault_work *w, const str *in, str *out, struct err *e)
{
    const uint8_t *material;

    TRY(open_material(w, in[0], in[1], &material, e));
    if (!unseal_kms(&w->aead, material, in[0], in[2], in[3], w->secrets, &out[0]))
        return reject(e, "the ciphertext does not verify under this key and context");
    return OK;
}

static res answer_kms_data_key(struct vault_work *w, const str *in, str *out, struct err *e)
{
    uint32_t n = number_of(in[3]), with_plain = number_of(in[4]);
    const uint8_t *material;

    if (n < 1 || n > DATA_KEY_BYTES_MAX)
        return reject(e, "a data key has 1 to %d bytes", DATA_KEY_BYTES_MAX);
    TRY(open_material(w, in[0], in[1], &material, e));
    uint8_t *key = arena_alloc(w->secrets, n);
    random_bytes(key, n);
    out[0] = with_plain ? text_of(key, n) : S("");
    out[1] = seal_kms(&w->aead, material, in[0], in[2], text_of(key, n), w->secrets);
    return OK;
}

static res answer_release_volume(struct vault_work *w, const str *in, str *out, struct err *e)
{
    str key;

    (void)out;
    TRY(answer_kms_decrypt(w, in, &key, e));
    return warden_give_key(&w->keys->warden, in[4], key, e);
}

static res answer_ca(struct vault_work *w, const str *in, str *out, struct err *e)
{
    (void)in, (void)e;
    out[0] = w->keys->ca_cert;
    return OK;
}

static res answer_leaf(struct vault_work *w, const str *in, str *out, struct err *e)
{
    uint32_t days = number_of(in[2]);
    str names[X509_NAMES_MAX], rest = in[0];
    size_t n = 0;

    for (; str_is(rest); n++) {
        if (n == X509_NAMES_MAX)
            return reject(e, "a certificate has at most %d names", X509_NAMES_MAX);
        names[n] = str_cut(&rest, '\n');
    }
    return x509_issue_leaf(&w->keys->ca, names, n, in[1], days > X509_LEAF_DAYS_MAX ? 0 : (int)days, w->secrets,
                           &out[0], e);
}

/* Under the oldest root key, so that a MAC can still be recomputed after the root key was rotated. */
static res answer_mac(struct vault_work *w, const str *in, str *out, struct err *e)
{
    uint8_t key[SHA256_BYTES], *mac = arena_alloc(w->secrets, SHA256_BYTES);
    str domain;

    TRY(domain_of(w, S("mac/"), in[0], &domain, e));
    root_derive(root_oldest(&w->keys->root), domain, key, sizeof key);
    hmac_sha256(text_of(key, sizeof key), in[1], mac);
    explicit_bzero(key, sizeof key);
    out[0] = text_of(mac, SHA256_BYTES);
    return OK;
}

static const struct {
    res (*fn)(struct vault_work *w, const str *in, str *out, struct err *e);
    size_t n_in, n_out;
} answers[VAULT_OP_END] = {
    [VAULT_OP_WRAP] = {answer_wrap, 3, 1},
    [VAULT_OP_UNWRAP] = {answer_unwrap, 3, 1},
    [VAULT_OP_NEW_SECRET] = {answer_new_secret, 1, 2},
    [VAULT_OP_SIGNING_KEY] = {answer_signing_key, 5, 1},
    [VAULT_OP_SIGN_V2] = {answer_sign_v2, 3, 1},
    [VAULT_OP_SEAL_TOKEN] = {answer_seal_token, 1, 1},
    [VAULT_OP_OPEN_TOKEN] = {answer_open_token, 1, 1},
    [VAULT_OP_KMS_NEW_KEY] = {answer_kms_new_key, 1, 1},
    [VAULT_OP_KMS_ENCRYPT] = {answer_kms_encrypt, 4, 1},
    [VAULT_OP_KMS_DECRYPT] = {answer_kms_decrypt, 4, 1},
    [VAULT_OP_KMS_DATA_KEY] = {answer_kms_data_key, 5, 2},
    [VAULT_OP_RELEASE_VOLUME] = {answer_release_volume, 5, 0},
    [VAULT_OP_CA] = {answer_ca, 0, 1},
    [VAULT_OP_LEAF] = {answer_leaf, 3, 1},
    [VAULT_OP_MAC] = {answer_mac, 2, 1},
};

res vault_answer(struct vault_work *w, const struct vault_message *m, str out[VAULT_PIPE_FIELDS_MAX], size_t *n_out,
                 struct err *e)
{
    if (m->kind >= VAULT_OP_END || !answers[m->kind].fn)
        vault_malformed("a request of an unknown kind");
    if (m->n != answers[m->kind].n_in)
        vault_malformed("a request has fields that do not belong to its kind");
    *n_out = answers[m->kind].n_out;
    return answers[m->kind].fn(w, m->fields, out, e);
}
