/* SPDX-License-Identifier: MIT */
/* Inside of the audit chain's writer: what opening it and going on with it share. Nobody outside this folder includes
 * it. */
#ifndef BARMKIN_STORE_AUDIT_STATE_H
#define BARMKIN_STORE_AUDIT_STATE_H
#include <pthread.h>

#include "store/audit_line.h"

enum { AUDIT_PENDING_MAX_BYTES = 16 * 1024 * 1024 };

struct audit {
    struct arena *mem; /* holds this struct */
    int dir;           /* flocked: one writer a folder */
    uint64_t file_bytes;
    pthread_mutex_t lock; /* over all that follows */
    int fd;
    unsigned file;
    uint64_t size;      /* of the file, as far as writes have succeeded */
    struct buf pending; /* chained, not written */
    struct audit_head appended, written, synced;
    uint64_t sealed_seq; /* the newest seal's own line */
    bool broken;         /* a sync has failed */
    int64_t fail_in;
    uint64_t anchored_seq; /* the writer's thread only, like the next */
    uint64_t cleared_row;  /* the writer's thread only, not under the lock */
};

/* Finds the chain's end in the newest file, moves aside what does not chain, and leaves fd, size and heads set. */
res audit_resume(struct audit *a, struct err *e);
/* Makes and opens the file after a->file, its entry synced. */
res audit_create_file(struct audit *a, unsigned file, int *fd, struct err *e);
bool audit_fails(struct audit *a); /* an injected fault is due; errno is set */

#endif
