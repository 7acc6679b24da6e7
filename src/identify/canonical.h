/* SPDX-License-Identifier: MIT */
/* The canonical request of Signature Version 4: the one text that client and server must build alike. */
#ifndef BARMKIN_IDENTIFY_CANONICAL_H
#define BARMKIN_IDENTIFY_CANONICAL_H
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "identify/fault.h"
#include "wire/http.h"

struct query_param {
    str name, value; /* decoded */
};

struct canonical_parts {
    str method, path;  /* the path as sent */
    bool normalize;    /* drop "." and empty segments, resolve "..": every service but S3 */
    bool encode_again; /* encode the path as sent once more: every service but S3, whose path is decoded and encoded */
    const struct query_param *params; /* in any order; without X-Amz-Signature */
    size_t n_params;
    const struct header *headers; /* values may hold folds and runs of blanks */
    size_t n_headers;
    str signed_headers; /* "host;x-amz-date": lower case, sorted */
    str payload_hash;   /* as it stands in the last line */
};

/* Method, path, query, headers, their names and the payload's hash, by lines (AWS's "Create a canonical request").
 * Rejects a bad %xx in an S3 path (IDENTIFY_URI) and a signed header that was not sent (IDENTIFY_SIGNATURE). */
res canonical_request(const struct canonical_parts *in, struct arena *a, str *text, enum identify_fault *fault,
                      struct err *e);

/* Takes a query apart, in its order. `+` stays a plus, as in AWS's rules. An absent query has no parameters; a name
 * without `=` has an empty value; an empty piece between two `&` is dropped. Rejects a bad %xx. */
res canonical_query_read(str query, struct arena *a, struct query_param **params, size_t *n, enum identify_fault *fault,
                         struct err *e);

/* The names to sign of these headers, as in SignedHeaders: all but those that proxies and libraries change on the way
 * (user-agent, expect, connection, transfer-encoding, x-amzn-trace-id, authorization and websocket's). */
str canonical_signed_names(const struct header *headers, size_t n, struct arena *a);

/* The path with "." and empty segments dropped and ".." resolved; a final slash stays. */
str canonical_path_normalize(str path, struct arena *a);

/* First value of a header by name without case, or absent; and how many there are. */
str canonical_header(const struct header *headers, size_t n, str name);
size_t canonical_header_count(const struct header *headers, size_t n, str name);

/* Rejects (IDENTIFY_DUPLICATE) a request in which a header stands twice whose second appearance could make us and a
 * proxy read two different requests: Host, Authorization, dates, hashes, lengths, types, tokens, targets. */
res canonical_refuse_duplicates(const struct http_request *r, enum identify_fault *fault, struct err *e);

#endif
