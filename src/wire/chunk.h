/* SPDX-License-Identifier: MIT */
/* The chunked transfer coding (RFC 9112 7.1), taken apart piece by piece without copying. */
#ifndef BARMKIN_WIRE_CHUNK_H
#define BARMKIN_WIRE_CHUNK_H
#include "base/str.h"

struct chunked { /* zero to begin */
    int state;
    uint64_t left; /* bytes of the current chunk still to come */
    size_t spent;  /* bytes of size lines, extensions and trailers so far: bounded */
    bool done;     /* the last chunk and its trailers are through */
};

/* Reads on: answers how many bytes of `in` it used, or -1 when they are not chunks. *piece borrows the next body bytes
 * within `in`, or is empty; call again with the rest until nothing is used or `done`. */
ptrdiff_t chunked_next(struct chunked *k, str in, str *piece);

#endif
