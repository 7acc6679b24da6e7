/* SPDX-License-Identifier: MIT */
/* Decodes aws-chunked bodies as they arrive, and verifies their chunk signatures, trailer and announced length. */
#ifndef BARMKIN_IDENTIFY_CHUNKED_H
#define BARMKIN_IDENTIFY_CHUNKED_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "crypto/hmac.h"
#include "identify/checksum.h"
#include "identify/fault.h"
#include "identify/sigv4.h"
#include "wire/http.h"

/* Takes the next decoded bytes; a failure ends the decoding with the same result. */
typedef res chunked_sink(void *ctx, str piece, struct err *e);

/* One body being decoded. Memory is constant: pieces go to the sink as they come and a chunk's signature is verified at
 * its end, so what the sink got is true only once chunked_end has answered OK. Publish nothing before that. */
struct chunked;

/* True when this request's body must go through here. */
bool chunked_is(const struct sigv4_claim *claim);

/* Prepares for the claim's payload: STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD or
 * -PAYLOAD-TRAILER. The claim must have been checked: its signature seeds the chain. signing_key is copied (and wiped
 * with the arena); NULL for the unsigned kind. Reads x-amz-decoded-content-length (required) and x-amz-trailer (at most
 * one, a checksum). Lives as long as the arena. */
res chunked_begin(const struct http_request *r, const struct sigv4_claim *claim, const struct hmac_key *signing_key,
                  struct arena *a, chunked_sink *sink, void *ctx, struct chunked **out, enum identify_fault *fault,
                  struct err *e);

/* The next bytes of the HTTP body, of any size. After a failure every further call fails too. Rejects
 * IDENTIFY_CHUNK_MALFORMED, IDENTIFY_INCOMPLETE_BODY (more than announced), IDENTIFY_SIGNATURE, IDENTIFY_TRAILER,
 * IDENTIFY_INVALID_DIGEST, IDENTIFY_BAD_DIGEST; *fault is IDENTIFY_OK when the sink failed. */
res chunked_feed(struct chunked *c, str piece, enum identify_fault *fault, struct err *e);

/* The HTTP body is over. Rejects what was cut short (IDENTIFY_INCOMPLETE_BODY). */
res chunked_end(struct chunked *c, enum identify_fault *fault, struct err *e);

uint64_t chunked_decoded_bytes(const struct chunked *c); /* so far; the announced length after chunked_end */
uint64_t chunked_announced_bytes(const struct chunked *c);
/* The verified trailing checksum, to be kept with the object; ->set is false when there was none. */
const struct checksum_given *chunked_checksum(const struct chunked *c);

#endif
