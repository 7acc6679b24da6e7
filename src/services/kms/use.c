/* SPDX-License-Identifier: MIT */
/* Using keys: Encrypt, Decrypt and data keys. Plain bytes pass through here and are kept nowhere. */
#include "kms_parts.h"

/* ---- the encryption context as bytes ---- */

static void add_number(struct buf *b, size_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_add_char(b, (char)(n >> shift & 255));
}

static void add_sized(struct buf *b, str s)
{
    add_number(b, s.n);
    buf_add(b, s);
}

/* Few pairs: insertion sort. Keys are unique, the codec refuses duplicates. */
static void sort_pairs(struct str_pair *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct str_pair one = v[i];
        size_t k = i;
        for (; k && str_cmp(one.key, v[k - 1].key) < 0; k--)
            v[k] = v[k - 1];
        v[k] = one;
    }
}

str kms_canonical_context(struct arena *a, const struct map_of_str *context)
{
    struct str_pair *v = ARENA_ARRAY(a, struct str_pair, context->n + 1);
    struct buf b;

    if (context->n == 0)
        return S("");
    for (size_t i = 0; i < context->n; i++)
        v[i] = context->v[i];
    sort_pairs(v, context->n);
    buf_init(&b, 4 * KMS_CONTEXT_MAX_BYTES);
    add_number(&b, context->n);
    for (size_t i = 0; i < context->n; i++) {
        add_sized(&b, v[i].key);
        add_sized(&b, v[i].value);
    }
    str text = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

res kms_context_of(struct call *c, const struct map_of_str *context, str *out)
{
    size_t bytes = 0;

    for (size_t i = 0; i < context->n; i++)
        bytes += context->v[i].key.n + context->v[i].value.n;
    if (bytes > KMS_CONTEXT_MAX_BYTES || context->n > KMS_CONTEXT_MAX_BYTES / 16)
        return fault(c, &kms_ValidationException, "The encryption context is too large: at most %d bytes.",
                     KMS_CONTEXT_MAX_BYTES);
    *out = kms_canonical_context(c->arena, context);
    return OK;
}

res kms_ready(struct call *c, const struct kms_key *k, const struct list_of_str *tokens, str algorithm,
              opt_bool dry_run)
{
    TRY(kms_check_tokens(c, tokens));
    TRY(kms_usable(c, k));
    if (algorithm.n && !str_eq(algorithm, S("SYMMETRIC_DEFAULT")))
        return fault(c, &kms_InvalidKeyUsageException, "The key %.*s takes the algorithm SYMMETRIC_DEFAULT only.",
                     FMT(k->arn));
    return kms_refuse_dry_run(c, dry_run);
}

/* ---- operations ---- */

res kms_encrypt(struct call *c, const struct kms_encrypt_in *in, struct kms_encrypt_out *out)
{
    const struct kms_key *k = c->subject;
    str context;

    TRY(kms_ready(c, k, &in->grant_tokens, in->encryption_algorithm, in->dry_run));
    TRY(kms_context_of(c, &in->encryption_context, &context));
    out->key_id = k->arn;
    out->encryption_algorithm = S("SYMMETRIC_DEFAULT");
    return vault_kms_encrypt(call_vault(c), k->arn, k->material, context, in->plaintext, c->arena,
                             &out->ciphertext_blob, &c->err);
}

res kms_open(struct call *c, const struct kms_key *k, const struct map_of_str *context, str ciphertext, str *plain)
{
    str bound, sealed_by;

    TRY(kms_context_of(c, context, &bound));
    if (!vault_kms_key_of(ciphertext, &sealed_by) || !str_eq(sealed_by, k->arn))
        return fault(c, &kms_IncorrectKeyException,
                     "The key ID in the request does not identify a CMK that can perform this operation.");
    res why = vault_kms_decrypt(call_vault(c), k->arn, k->material, bound, ciphertext, c->secrets, plain, &c->err);
    if (why.why == WHY_REJECT) { /* altered, or another encryption context; which of them is nobody's business */
        err_clear(&c->err);
        return fault(c, &kms_InvalidCiphertextException,
                     "The ciphertext or the encryption context is not what was encrypted.");
    }
    return why;
}

res kms_decrypt(struct call *c, const struct kms_decrypt_in *in, struct kms_decrypt_out *out)
{
    const struct kms_key *k = c->subject;

    TRY(kms_ready(c, k, &in->grant_tokens, in->encryption_algorithm, in->dry_run));
    TRY(kms_open(c, k, &in->encryption_context, in->ciphertext_blob, &out->plaintext));
    out->key_id = k->arn;
    out->encryption_algorithm = S("SYMMETRIC_DEFAULT");
    return OK;
}

static res data_key(struct call *c, const struct kms_generate_data_key_in *in, struct kms_generate_data_key_out *out)
{
    const struct kms_key *k = c->subject;
    str context;

    TRY(kms_ready(c, k, &in->grant_tokens, STR_ABSENT, in->dry_run));
    TRY(kms_context_of(c, &in->encryption_context, &context));
    if (in->number_of_bytes.set == str_is(in->key_spec))
        return fault(c, &kms_ValidationException, "Please specify either number of bytes or key spec.");
    size_t n = in->number_of_bytes.set ? (size_t)in->number_of_bytes.v : str_eq(in->key_spec, S("AES_128")) ? 16 : 32;
    out->key_id = k->arn;
    return vault_kms_generate_data_key(call_vault(c), k->arn, k->material, context, n, c->secrets, &out->plaintext,
                                       c->arena, &out->ciphertext_blob, &c->err);
}

res kms_generate_data_key(struct call *c, const struct kms_generate_data_key_in *in,
                          struct kms_generate_data_key_out *out)
{
    return data_key(c, in, out);
}

res kms_generate_data_key_without_plaintext(struct call *c, const struct kms_generate_data_key_without_plaintext_in *in,
                                            struct kms_generate_data_key_without_plaintext_out *out)
{
    struct kms_generate_data_key_in same = {.key_id = in->key_id,
                                            .encryption_context = in->encryption_context,
                                            .number_of_bytes = in->number_of_bytes,
                                            .key_spec = in->key_spec,
                                            .grant_tokens = in->grant_tokens,
                                            .dry_run = in->dry_run};
    struct kms_generate_data_key_out made = {0};

    TRY(data_key(c, &same, &made)); /* the plain half ends with this call's secrets */
    out->key_id = made.key_id;
    out->ciphertext_blob = made.ciphertext_blob;
    return OK;
}

res kms_release_volume_key(struct call *c, const struct kms_release_volume_key_in *in,
                           struct kms_release_volume_key_out *out)
{
    static const struct list_of_str no_tokens;
    const struct kms_key *k = c->subject;
    str context;

    if (!c->parent || c->caller->kind != PRINCIPAL_SERVICE)
        return fault(c, &kms_UnsupportedOperationException, "ReleaseVolumeKey is for the house's own services.");
    TRY(kms_ready(c, k, &no_tokens, STR_ABSENT, (opt_bool){0}));
    TRY(kms_context_of(c, &in->encryption_context, &context));
    out->key_id = k->arn;
    return vault_release_volume_key(call_vault(c), k->arn, k->material, context, in->ciphertext_blob, in->volume_id,
                                    &c->err);
}
