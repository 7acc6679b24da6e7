/* SPDX-License-Identifier: MIT */
/* Inside wire/: one reply as it comes from a server, piece by piece. Knows no sockets. */
#ifndef BARMKIN_WIRE_INCOMING_H
#define BARMKIN_WIRE_INCOMING_H
#include "wire/chunk.h"
#include "wire/head.h"

enum {
    INCOMING_HEAD_BYTES = 16 * 1024,
    INCOMING_ARENA_BYTES = 512 << 10, /* the most interim heads, and what is made of them */
};

struct incoming {
    bool has_head;
    int interim;                             /* 1xx replies so far: bounded, each takes arena */
    size_t scanned, body_at, raw_at, body_n; /* where the body begins, how far it was read, its length */
    struct reply_head head;
    struct chunked chunks;
};

struct incoming_bounds {
    size_t body_bytes;
    bool to_head; /* the reply to a HEAD: no body whatever it says */
};

/* Reads on. bytes: all that has come since the reply began; they may move between calls and grow, and chunks are joined
 * in place. `ended`: nothing more will come. 1: the reply is whole; 0: more must come; -1: it is no good. */
int incoming_read(struct incoming *in, char *bytes, size_t n, const struct incoming_bounds *bounds, bool ended,
                  struct arena *a);
/* How many of the bytes a whole reply took. */
size_t incoming_used(const struct incoming *in);

#endif
