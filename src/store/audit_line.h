/* SPDX-License-Identifier: MIT */
/* Inside of the audit chain: the shape of a line, and reading lines of a file from either end. Nobody outside this
 * folder includes it. */
#ifndef BARMKIN_STORE_AUDIT_LINE_H
#define BARMKIN_STORE_AUDIT_LINE_H
#include "base/buf.h"
#include "store/audit.h"

enum { AUDIT_NAME_BYTES = 32, AUDIT_LINE_MAX_BYTES = AUDIT_RECORD_MAX_BYTES + 256, LINES_CHUNK_BYTES = 64 * 1024 };

struct audit_line {
    uint64_t seq, row; /* row 0: none */
    str prev;          /* 64 hex digits */
    str record;        /* absent in a seal */
    str seal;          /* 64 hex digits, absent in a record */
    int64_t at_ms;     /* of a seal */
};

bool audit_line_parse(str text, struct audit_line *out); /* text is without its newline */
void audit_line_hash(str text, char hash[AUDIT_HASH_CHARS + 1]);
str audit_seal_bytes(uint64_t seq, str prev, int64_t at_ms, char *dst, size_t cap); /* what a seal's mac is over */

void audit_name(unsigned file, char name[AUDIT_NAME_BYTES]); /* "audit-000001.ndjson" */
res audit_last_file(int dir, unsigned *file, struct err *e); /* the highest number there is, or 0 */
res audit_open_file(int dir, unsigned file, int *fd, uint64_t *size, struct err *e); /* to read */

/* A file's lines, forwards or backwards, through one buffer. */
struct lines {
    int fd;
    uint64_t lo, hi; /* the file's bytes in the buffer */
    uint64_t edge;   /* where reading ends: the size forwards, 0 backwards */
    char *buf;       /* LINES_CHUNK_BYTES + AUDIT_LINE_MAX_BYTES */
    size_t start;    /* of `lo` in the buffer */
};
struct line {
    str text; /* without its newline; valid until the next call */
    uint64_t at;
    bool whole; /* ends with a newline and is no longer than a line may be */
};

void lines_forward(struct lines *l, struct arena *a, int fd, uint64_t from, uint64_t size);
void lines_backward(struct lines *l, struct arena *a, int fd, uint64_t size);
res lines_next(struct lines *l, struct line *out, bool *got, struct err *e); /* of a forward reader */
res lines_back(struct lines *l, struct line *out, bool *got, struct err *e); /* of a backward reader */

#endif
