/* SPDX-License-Identifier: MIT */
/* The outside of a KMS ciphertext blob, readable without any key: what vault writes and what its client looks into. */
#ifndef BARMKIN_VAULT_BLOB_H
#define BARMKIN_VAULT_BLOB_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

enum { KMS_BLOB_VERSION = 1, KMS_BLOB_SALT_BYTES = 16, KMS_BLOB_TAG_BYTES = 16, KMS_BLOB_ARN_MAX = 2048 };

/* u8 version, u16 big-endian length of the ARN, the ARN, the salt; then the ciphertext and its tag. */
struct kms_blob {
    str head; /* all before the ciphertext: bound in as AAD */
    str arn, salt, body;
};

/* False when it is not of this form. Borrows. */
bool kms_blob_parse(str bytes, struct kms_blob *out);
/* Lays out a blob for n plain bytes in `a`: head filled in, body to be written (body.n bytes, tag included). The ARN
 * has 1 .. KMS_BLOB_ARN_MAX bytes. Returns the whole. */
str kms_blob_layout(struct arena *a, str arn, const uint8_t salt[KMS_BLOB_SALT_BYTES], size_t n, struct kms_blob *out);

#endif
