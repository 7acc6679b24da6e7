/* SPDX-License-Identifier: MIT */
/* Signature Version 4 as a client does it: sign a request by headers, or presign it by its query. */
#ifndef BARMKIN_IDENTIFY_SIGN_H
#define BARMKIN_IDENTIFY_SIGN_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "wire/http.h"

struct sigv4_signer {
    str access_key_id, secret_access_key, token; /* token absent or empty: long-term credentials */
    str region, service;
    int64_t now_ms;          /* wall time of the signature */
    bool normalize;          /* see canonical.h; sigv4_signer_for sets these two from the service */
    bool encode_again;       /* likewise */
    bool omit_session_token; /* the token travels along but is not signed (AWS IoT) */
    bool add_payload_hash;   /* headers only: send x-amz-content-sha256 too (S3 demands it) */
    int64_t expires_s;       /* presigned only; 0 leaves X-Amz-Expires out */
};

enum { SIGV4_ADDED_HEADERS = 4 };

struct sigv4_signed {
    str canonical, string_to_sign, signature;
    struct header add[SIGV4_ADDED_HEADERS]; /* sign: headers to send besides the request's own; Authorization is last */
    size_t n_add;
    str query; /* presign: the whole query to send, X-Amz-Signature at its end */
};

/* A signer with the rules of the service: S3 keeps paths as they are, the others normalize and encode them again. */
struct sigv4_signer sigv4_signer_for(str service, str region, str access_key_id, str secret_access_key, str token,
                                     int64_t now_ms);

/* Signs all headers of the request but those that change on the way. The request must have a Host header; whatever it
 * already has of X-Amz-Date, X-Amz-Security-Token and Authorization is left out and must be replaced by out->add. An
 * x-amz-content-sha256 that it has stays and is signed. payload_hash: hex SHA-256 of the body, or UNSIGNED-PAYLOAD.
 * All results live in `a`; nothing of the secret is in them. */
res sigv4_sign(const struct sigv4_signer *s, const struct http_request *r, str payload_hash, struct arena *a,
               struct sigv4_signed *out, struct err *e);

/* The same with the signature in the query. */
res sigv4_presign(const struct sigv4_signer *s, const struct http_request *r, str payload_hash, struct arena *a,
                  struct sigv4_signed *out, struct err *e);

#endif
