/* SPDX-License-Identifier: MIT */
/* The layout of KMS ciphertext blobs. */
#include "vault/blob.h"

#include <assert.h>
#include <string.h>

enum { FIXED = 3 }; /* version and length */

static void split(str bytes, size_t arn_n, struct kms_blob *out)
{
    out->head = str_sub(bytes, 0, FIXED + arn_n + KMS_BLOB_SALT_BYTES);
    out->arn = str_sub(bytes, FIXED, arn_n);
    out->salt = str_sub(bytes, FIXED + arn_n, KMS_BLOB_SALT_BYTES);
    out->body = str_from(bytes, out->head.n);
}

bool kms_blob_parse(str bytes, struct kms_blob *out)
{
    if (bytes.n < FIXED || bytes.p[0] != KMS_BLOB_VERSION)
        return false;
    size_t arn_n = (size_t)(uint8_t)bytes.p[1] << 8 | (uint8_t)bytes.p[2];
    if (arn_n < 1 || arn_n > KMS_BLOB_ARN_MAX || bytes.n < FIXED + arn_n + KMS_BLOB_SALT_BYTES + KMS_BLOB_TAG_BYTES)
        return false;
    split(bytes, arn_n, out);
    return str_starts(out->arn, S("arn:")) && str_is_utf8(out->arn);
}

str kms_blob_layout(struct arena *a, str arn, const uint8_t salt[KMS_BLOB_SALT_BYTES], size_t n, struct kms_blob *out)
{
    size_t whole = FIXED + arn.n + KMS_BLOB_SALT_BYTES + n + KMS_BLOB_TAG_BYTES;
    char *p = arena_alloc(a, whole);

    assert(arn.n >= 1 && arn.n <= KMS_BLOB_ARN_MAX);
    p[0] = KMS_BLOB_VERSION;
    p[1] = (char)(arn.n >> 8);
    p[2] = (char)(arn.n & 255);
    memcpy(p + FIXED, arn.p, arn.n);
    memcpy(p + FIXED + arn.n, salt, KMS_BLOB_SALT_BYTES);
    split(str_n(p, whole), arn.n, out);
    return str_n(p, whole);
}
