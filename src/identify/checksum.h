/* SPDX-License-Identifier: MIT */
/* Checksums that clients send with a body, and the check of a body against all that its headers promise. */
#ifndef BARMKIN_IDENTIFY_CHECKSUM_H
#define BARMKIN_IDENTIFY_CHECKSUM_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "identify/fault.h"
#include "identify/sigv4.h"
#include "wire/http.h"

enum checksum_kind {
    CHECKSUM_CRC32,
    CHECKSUM_CRC32C,
    CHECKSUM_CRC64NVME,
    CHECKSUM_SHA1,
    CHECKSUM_SHA256,
    CHECKSUM_MD5, /* Content-MD5; the others are x-amz-checksum-NAME */
    CHECKSUM_KINDS,
};
enum { CHECKSUM_MAX_BYTES = 32 };

/* One checksum in the making. Held by value, owns nothing. */
struct checksum {
    enum checksum_kind kind;
    uint64_t crc;
    struct hash hash;
};

void checksum_begin(struct checksum *c, enum checksum_kind kind);
void checksum_add(struct checksum *c, str bytes);
size_t checksum_end(struct checksum *c, uint8_t out[CHECKSUM_MAX_BYTES]); /* answers how many bytes; CRCs big-endian */
str checksum_end_base64(struct checksum *c, struct arena *a);

str checksum_header(enum checksum_kind kind);                       /* "x-amz-checksum-crc32", "content-md5" */
str checksum_name(enum checksum_kind kind);                         /* "CRC32", as in ChecksumAlgorithm */
bool checksum_of_header(str header_name, enum checksum_kind *kind); /* without case; false if it is none */
bool checksum_of_name(str name, enum checksum_kind *kind);

/* Start with 0. */
uint64_t crc64nvme_update(uint64_t crc, str bytes);

/* A value that a client gave: base64 text and its bytes. */
struct checksum_given {
    bool set;
    enum checksum_kind kind;
    str text;
    uint8_t bytes[CHECKSUM_MAX_BYTES];
};
/* Reads the base64 of a checksum; false when it is not one of this kind's length. text is borrowed. */
bool checksum_read(struct checksum_given *g, enum checksum_kind kind, str text);
bool checksum_fits(struct checksum *c, const struct checksum_given *g); /* ends c */

/* A plain body against its headers: the signed x-amz-content-sha256, Content-MD5, and one x-amz-checksum-*.
 * The bytes of an aws-chunked body go here once decoded (chunked.h checks its trailer itself). begin -> add, add ... ->
 * end; nothing may be committed before end answers OK.
 */
struct body_check {
    bool hashed;
    struct hash sha256;
    char expected[2 * SHA256_BYTES];
    struct checksum_given given, md5;
    struct checksum given_sum, md5_sum;
};
/* Rejects headers that no body could satisfy (IDENTIFY_INVALID_DIGEST). claim may be NULL: an anonymous request. */
res body_check_begin(struct body_check *b, const struct http_request *r, const struct sigv4_claim *claim,
                     enum identify_fault *fault, struct err *e);
void body_check_add(struct body_check *b, str piece);
/* Rejects IDENTIFY_BODY_HASH or IDENTIFY_BAD_DIGEST. b->given then holds what to keep with the object, if set. */
res body_check_end(struct body_check *b, enum identify_fault *fault, struct err *e);

#endif
