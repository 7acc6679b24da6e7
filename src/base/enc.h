/* SPDX-License-Identifier: MIT */
/* Text encodings of bytes: hex, base64, percent; and CRC-32, which S3's clients send. */
#ifndef BARMKIN_BASE_ENC_H
#define BARMKIN_BASE_ENC_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

void hex_encode(const void *bytes, size_t n, char *dst); /* 2n lower-case digits, no terminator */
str hex_of(struct arena *a, str bytes);
bool hex_decode(str text, void *dst, size_t n);            /* exactly n bytes */
str base64_encode(struct arena *a, str bytes);             /* RFC 4648 section 4, padded */
bool base64_decode(struct arena *a, str text, str *bytes); /* strict: padded, no blanks */
void buf_add_base64(struct buf *b, str bytes);
/* RFC 3986 unreserved bytes stay; `keep_slash` leaves '/' alone (SigV4 paths). Upper-case hex. */
void buf_add_uri(struct buf *b, str s, bool keep_slash);
str uri_encode(struct arena *a, str s, bool keep_slash);
bool uri_decode(struct arena *a, str s, bool plus_is_blank,
                str *out);                       /* false on a bad %xx, and on %00: no text of ours holds one */
uint32_t crc32_update(uint32_t crc, str bytes);  /* start with 0; the zlib polynomial */
uint32_t crc32c_update(uint32_t crc, str bytes); /* Castagnoli */

#endif
