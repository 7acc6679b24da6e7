/* SPDX-License-Identifier: MIT */
/* Presigned S3 requests of Signature Version 2, which boto3 still makes by default. */
#ifndef BARMKIN_IDENTIFY_SIGV2_H
#define BARMKIN_IDENTIFY_SIGV2_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "identify/canonical.h"
#include "identify/fault.h"
#include "wire/http.h"

/* The query form alone (sigv4_form answers SIGV2_QUERY); an "Authorization: AWS ..." header is refused. As real S3
 * does, the service should refuse it for objects under SSE-KMS with InvalidArgument. */
struct sigv2_claim {
    str access_key_id;
    str signature; /* base64 of 20 bytes */
    str expires;   /* as given: seconds since 1970 */
    int64_t expires_s;
    str token; /* x-amz-security-token, or absent */
    struct query_param *params;
    size_t n_params;
};

/* Stage 1: reads and judges what needs no key. An expired request is IDENTIFY_EXPIRED. Refused are parameters that
 * Version 2 does not sign but that would choose another operation (IDENTIFY_SIGNATURE), and bodies without TLS. */
res sigv2_read(const struct http_request *r, struct arena *a, struct sigv2_claim *claim, enum identify_fault *fault,
               struct err *e);

/* Stage 2: the text whose HMAC-SHA1 under the secret is the signature (vault_sign_v2). `bucket` is the bucket that the
 * Host header names, absent for path-style requests. x-amz-* parameters count as headers, as boto3 has it. */
str sigv2_string_to_sign(const struct sigv2_claim *claim, const struct http_request *r, str bucket, struct arena *a);

/* Stage 3: constant time. */
bool sigv2_check(const uint8_t mac[SHA1_BYTES], const struct sigv2_claim *claim);

#endif
