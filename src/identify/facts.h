/* SPDX-License-Identifier: MIT */
/* What a correct client would have signed: the answer to "why does my signature not match?". */
#ifndef BARMKIN_IDENTIFY_FACTS_H
#define BARMKIN_IDENTIFY_FACTS_H
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Behind `barmkin sigv4 facts`. json is {context: {credentials: {access_key_id, secret_access_key, token?}, region,
 * service, timestamp, normalize?, sign_body?, expiration_in_seconds?, omit_session_token?}, request}: the shape of the
 * public signing suite. `request` is raw HTTP/1.1 text with LF or CRLF ends and folded lines allowed; authorization it
 * already carries is replaced, an x-amz-content-sha256 is kept. Adds to out one line of JSON with "canonical-request",
 * "string-to-sign" and "signature"; never the secret. sign_body adds x-amz-content-sha256 with the body's hash (in
 * query mode it only goes into the canonical request); without it, the empty body's hash stands there
 * (UNSIGNED-PAYLOAD for a presigned S3 request). query_mode presigns.
 * Rejects what lacks a member or is not a request. */
res sigv4_facts(str json, bool query_mode, struct buf *out, struct err *e);

#endif
