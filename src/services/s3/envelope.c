/* SPDX-License-Identifier: MIT */
/* Envelopes: each object has one key that KMS or vault wraps, and under it each of its segments has a key of its own.
 * So a copy re-wraps keys and shares the sealed bytes, a multipart upload asks KMS once, and whoever loses the KMS key
 * loses the object. */
#include <string.h>

#include "api/gate.h"
#include "base/enc.h"
#include "base/json.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "kms.h"
#include "s3_parts.h"

enum { SEALED_KEY_BYTES = AEAD_NONCE_BYTES + S3_ENVELOPE_BYTES + AEAD_TAG_BYTES };
static const char via[] = "s3.amazonaws.com", purpose[] = "sse-s3";

/* ---- KMS, with the caller's own rights (rule 21) ---- */

/* KMS's denial is the caller's denial. Everything else of KMS carries its name in front, as S3 spells it. */
static res kms_fault(struct call *c, const struct fault *inner)
{
    struct fault_type *type = ARENA_NEW(c->arena, struct fault_type);

    if (inner->type == &api_access_denied)
        return fault(c, &api_access_denied, "%.*s", FMT(inner->message));
    *type = (struct fault_type){arena_printf(c->arena, "KMS.%s", inner->type->code).p, 400};
    return fault(c, type, "%.*s", FMT(inner->message));
}

/* aws:s3:arn is the object's, or the bucket's where one key serves the bucket; what the client adds stands beside. */
static struct map_of_str kms_context(struct call *c, str bucket, str key, const struct s3_envelope *e)
{
    struct map_of_str m = {0, ARENA_ARRAY(c->arena, struct str_pair, e->context.n + 1)};

    m.v[m.n++] = (struct str_pair){S("aws:s3:arn"), s3_arn(c, bucket, e->bucket_key.v ? STR_ABSENT : key)};
    for (size_t i = 0; i < e->context.n; i++)
        if (!str_eq(e->context.v[i].key, S("aws:s3:arn")))
            m.v[m.n++] = e->context.v[i];
    return m;
}

static res keep_plain(struct call *c, str plain, struct s3_envelope *e)
{
    uint8_t *key = arena_alloc(c->secrets, S3_ENVELOPE_BYTES);

    if (plain.n != S3_ENVELOPE_BYTES)
        return oops(&c->err, 0, "an envelope key has %zu bytes", plain.n);
    memcpy(key, plain.p, S3_ENVELOPE_BYTES);
    e->key = key;
    return OK;
}

static res wrap_by_kms(struct call *c, str bucket, str key, struct s3_envelope *e)
{
    struct kms_generate_data_key_in in = {.key_id = e->kms_key, .key_spec = S("AES_256")};
    struct kms_generate_data_key_out out = {0};
    struct fault inner;

    in.encryption_context = kms_context(c, bucket, key, e);
    TRY(call_try(c, caller_forward(c, via), &kms_GenerateDataKey_op, &in, &out, &inner));
    if (inner.type)
        return kms_fault(c, &inner);
    e->kms_key = out.key_id;
    e->wrapped = out.ciphertext_blob;
    return keep_plain(c, out.plaintext, e);
}

static res unwrap_by_kms(struct call *c, str bucket, str key, struct s3_envelope *e)
{
    struct kms_decrypt_in in = {.ciphertext_blob = e->wrapped};
    struct kms_decrypt_out out = {0};
    struct fault inner;

    in.encryption_context = kms_context(c, bucket, key, e);
    TRY(call_try(c, caller_forward(c, via), &kms_Decrypt_op, &in, &out, &inner));
    if (inner.type)
        return kms_fault(c, &inner);
    return keep_plain(c, out.plaintext, e);
}

res s3_default_kms_key(struct call *c)
{
    struct kms_describe_key_in in = {.key_id = S("alias/aws/s3")};
    struct kms_describe_key_out out = {0};
    struct fault inner;

    return call_try(c, caller_forward(c, via), &kms_DescribeKey_op, &in, &out, &inner); /* asking for it makes it */
}

/* ---- what a request asks for ---- */

static res parse_context(struct call *c, str header, struct map_of_str *out)
{
    str text;
    json_t *tree, *value;
    const char *name;

    *out = (struct map_of_str){0};
    if (!header.n)
        return OK;
    if (!base64_decode(c->arena, header, &text) || !is_ok(json_parse(c->arena, text, NULL, &tree)) ||
        !json_is_object(tree))
        return fault(c, &s3_InvalidArgument,
                     "The x-amz-server-side-encryption-context is not base64 of a JSON object.");
    out->v = ARENA_ARRAY(c->arena, struct str_pair, json_object_size(tree) + 1);
    json_object_foreach(tree, name, value)
    {
        if (!json_is_string(value))
            return fault(c, &s3_InvalidArgument, "The x-amz-server-side-encryption-context may hold texts only.");
        out->v[out->n++] = (struct str_pair){str_z(name), json_str(value)};
    }
    return OK;
}

static res choose(struct call *c, const struct s3_bucket *b, const struct s3_wanted *w, struct s3_envelope *e)
{
    bool own = w->algorithm.n > 0;

    if (w->customer_algorithm.n)
        return fault(c, &s3_NotImplemented, "Encryption with a key that the client sends is not built in Barmkin.");
    *e = (struct s3_envelope){.algorithm = own ? w->algorithm : b->sse_algorithm};
    if (!str_eq(e->algorithm, S("AES256")) && !str_eq(e->algorithm, S("aws:kms")))
        return fault(c, &s3_InvalidEncryptionAlgorithmError,
                     "The encryption request you specified is not valid. "
                     "Supported values: AES256, aws:kms.");
    if (str_eq(e->algorithm, S("AES256"))) {
        if (w->kms_key.n || w->context.n)
            return fault(c, &s3_InvalidArgument,
                         "Server Side Encryption with AWS KMS managed key requires HTTP header "
                         "x-amz-server-side-encryption : aws:kms");
        return OK;
    }
    e->kms_key = own ? w->kms_key : b->kms_master_key_id;
    if (own && !w->kms_key.n && str_eq(b->sse_algorithm, S("aws:kms")))
        e->kms_key = b->kms_master_key_id;
    if (!e->kms_key.n)
        e->kms_key = S("alias/aws/s3");
    e->bucket_key = w->bucket_key.set ? w->bucket_key : b->bucket_key_enabled;
    return parse_context(c, w->context, &e->context);
}

/* ---- envelopes ---- */

res s3_envelope_new(struct call *c, const struct s3_bucket *b, str key, const struct s3_wanted *w,
                    struct s3_envelope *out)
{
    uint8_t *fresh;

    TRY(choose(c, b, w, out));
    if (out->kms_key.n)
        return wrap_by_kms(c, b->name, key, out);
    fresh = arena_alloc(c->secrets, S3_ENVELOPE_BYTES);
    random_bytes(fresh, S3_ENVELOPE_BYTES);
    out->key = fresh;
    return vault_wrap(call_vault(c), str_z(purpose), s3_arn(c, b->name, key),
                      str_n((const char *)fresh, S3_ENVELOPE_BYTES), c->arena, &out->wrapped, &c->err);
}

res s3_envelope_open(struct call *c, str bucket, str key, struct s3_envelope *e)
{
    str plain;

    if (e->kms_key.n)
        return unwrap_by_kms(c, bucket, key, e);
    TRY(vault_unwrap(call_vault(c), str_z(purpose), s3_arn(c, bucket, key), e->wrapped, c->secrets, &plain, &c->err));
    return keep_plain(c, plain, e);
}

struct s3_envelope s3_envelope_of(const struct s3_object *o)
{
    return (struct s3_envelope){.algorithm = o->server_side_encryption,
                                .kms_key = o->ssekms_key_id,
                                .bucket_key = o->bucket_key_enabled,
                                .context = o->encryption_context,
                                .wrapped = o->envelope};
}

void s3_envelope_keep(const struct s3_envelope *e, struct s3_object *o)
{
    o->server_side_encryption = e->algorithm;
    o->ssekms_key_id = e->kms_key.n ? e->kms_key : STR_ABSENT;
    o->bucket_key_enabled = e->kms_key.n && e->bucket_key.v ? SET_BOOL(true) : (opt_bool){0};
    o->encryption_context = e->context;
    o->envelope = e->wrapped;
}

/* ---- keys of segments ---- */

str s3_seal_key(struct call *c, const struct s3_envelope *e, const uint8_t key[32])
{
    uint8_t *sealed = arena_alloc(c->arena, SEALED_KEY_BYTES);

    random_bytes(sealed, AEAD_NONCE_BYTES);
    aead_seal_once(e->key, sealed, S("s3 segment"), str_n((const char *)key, 32), sealed + AEAD_NONCE_BYTES);
    return str_n((const char *)sealed, SEALED_KEY_BYTES);
}

res s3_open_key(struct call *c, const struct s3_envelope *e, str sealed, uint8_t key[32])
{
    if (sealed.n != SEALED_KEY_BYTES ||
        !aead_open_once(e->key, (const uint8_t *)sealed.p, S("s3 segment"), str_from(sealed, AEAD_NONCE_BYTES), key))
        return oops(&c->err, 0, "a segment's key does not open: the record was altered");
    return OK;
}
