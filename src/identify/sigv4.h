/* SPDX-License-Identifier: MIT */
/* Signature Version 4 as a server sees it: read what a request claims, build what it must have signed, check it. */
#ifndef BARMKIN_IDENTIFY_SIGV4_H
#define BARMKIN_IDENTIFY_SIGV4_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "crypto/hmac.h"
#include "identify/canonical.h"
#include "identify/fault.h"
#include "wire/http.h"

enum {
    SIGV4_SKEW_MS = 15 * 60 * 1000,
    SIGV4_MAX_EXPIRES_S = 604800, /* seven days */
    SIGV4_SIGNATURE_CHARS = 64,
};

/* Where a request carries its credentials. */
enum sigv4_form {
    SIGV4_NONE,     /* nowhere */
    SIGV4_HEADER,   /* Authorization: AWS4-HMAC-SHA256 ... */
    SIGV4_QUERY,    /* X-Amz-Algorithm, X-Amz-Signature ... in the query: presigned */
    SIGV2_QUERY,    /* AWSAccessKeyId, Signature, Expires in the query: see sigv2.h */
    SIGV4_FOREIGN,  /* an Authorization header of another scheme */
    SIGV4_CONFUSED, /* more than one of these */
};
enum sigv4_form sigv4_form(const struct http_request *r);

/* What stands for the body in the signature. */
enum sigv4_payload {
    PAYLOAD_COMPUTED, /* nothing was sent: the SHA-256 of the whole body, which the caller must know first */
    PAYLOAD_HASH, /* x-amz-content-sha256 is a hash: the signature needs no body, but the body must fit (checksum.h) */
    PAYLOAD_UNSIGNED,                   /* UNSIGNED-PAYLOAD */
    PAYLOAD_STREAMING_UNSIGNED_TRAILER, /* these three: the body is aws-chunked (chunked.h) */
    PAYLOAD_STREAMING_SIGNED,
    PAYLOAD_STREAMING_SIGNED_TRAILER,
};

/* What a request says about itself. Nothing of it is true before sigv4_check; all text lives in the arena or request.
 */
struct sigv4_claim {
    enum sigv4_form form;                     /* SIGV4_HEADER or SIGV4_QUERY */
    str access_key_id, date, region, service; /* the credential scope; date is "20261123" */
    str signed_headers;                       /* lower case, sorted, holds "host" */
    str signature;
    str token;     /* X-Amz-Security-Token, or absent */
    str timestamp; /* "20261123T082251Z" */
    int64_t timestamp_ms;
    int64_t expires_s; /* presigned: its lifetime from timestamp_ms; else 0 */
    enum sigv4_payload payload;
    str payload_hash;           /* as it goes into the canonical request; absent for PAYLOAD_COMPUTED */
    struct query_param *params; /* of the query, without X-Amz-Signature */
    size_t n_params;
};

/* Stage 1: reads and judges all that needs no key: form, scope, times against the wall clock, that host and every
 * x-amz-* header are signed, that headers which may stand once do, and which payloads are allowed (unsigned ones for S3
 * only, by TLS only). Rejects with *fault; IDENTIFY_ANONYMOUS means that there is nothing to read. */
res sigv4_read(const struct http_request *r, struct arena *a, struct sigv4_claim *claim, enum identify_fault *fault,
               struct err *e);

/* Stage 2: what must have been signed. body_hash is the hex SHA-256 of the body for PAYLOAD_COMPUTED, else ignored.
 * canonical is what a client should be shown when stage 3 fails. */
res sigv4_string_to_sign(const struct sigv4_claim *claim, const struct http_request *r, str body_hash, struct arena *a,
                         str *canonical, str *string_to_sign, enum identify_fault *fault, struct err *e);

/* Stage 3: true when the claimed signature is that of string_to_sign under the key. Its time does not depend on the
 * signature's content. An unknown key id should go through it too, with any key, before it is refused. */
bool sigv4_check(const struct hmac_key *signing_key, str string_to_sign, const struct sigv4_claim *claim);

/* True while a presigned request (or the 15 minutes of a header's) lasts at `now_ms`. */
bool sigv4_is_current(const struct sigv4_claim *claim, int64_t now_ms);

/* "20261123/us-east-1/sts/aws4_request" */
str sigv4_scope(const struct sigv4_claim *claim, struct arena *a);
/* The text that is signed, of its parts (also of the signing side). */
str sigv4_text_to_sign(str timestamp, str scope, str canonical, struct arena *a);

/* The HMAC chain from the secret (40 characters) to the key of one day, region and service; 32 bytes. Vault has its own
 * call for it; this one is for those who hold a secret: agent, CLI, tests. */
void sigv4_derive_key(str secret, str date, str region, str service, uint8_t key[SHA256_BYTES]);

#endif
