/* SPDX-License-Identifier: MIT */
/* The head of an HTTP/1.1 message, from bytes alone: no sockets, so that fuzzers and tests reach it directly. */
#ifndef BARMKIN_WIRE_HEAD_H
#define BARMKIN_WIRE_HEAD_H
#include "wire/http.h"

/* Looks for the blank line that ends a head. Answers the head's length with that line, 0 when more bytes are needed, or
 * -400 as soon as a bare LF, a folded line (RFC 9112 2.2, 5.2) or a line without a field name is seen. *scanned carries
 * the progress between calls on the same growing bytes; start it at 0. */
ptrdiff_t head_find_end(str bytes, size_t *scanned);

struct head_facts {
    bool keep_alive; /* what the client wants and its version allows */
    bool http10;
};

/* Parses a whole request head. Every str in *out borrows from `head`; the header array is from the arena. Answers 0, or
 * the status to refuse with: 400, 414, 417, 431, 505. Stricter than RFC 9112 on purpose: exactly one Host, at most one
 * Content-Length, never both framings, no Transfer-Encoding but "chunked", no control bytes. */
int head_parse_request(str head, const struct http_limits *limits, struct arena *a, struct http_request *out,
                       struct head_facts *facts);

struct reply_head {
    int status;
    struct header *headers;
    size_t n_headers;
    bool chunked, has_length, keep_alive;
    uint64_t content_length;
};
/* Parses the head of an upstream's reply. False when it is not one we would trust. */
bool head_parse_reply(str head, size_t max_headers, struct arena *a, struct reply_head *out);

#endif
