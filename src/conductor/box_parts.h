/* SPDX-License-Identifier: MIT */
/* Inside boxes: box.c (their life) and box_log.c (what their programs say). */
#ifndef BARMKIN_CONDUCTOR_BOX_PARTS_H
#define BARMKIN_CONDUCTOR_BOX_PARTS_H
#include "conductor/inside.h"

enum {
    LINES_MAX = 1000,          /* of one batch */
    LINE_MAX_BYTES = 64 << 10, /* a longer one is cut */
    BATCH_BYTES = 512 << 10,
    AGENT_LINE_MAX = 1 << 20,
};

struct box {
    struct arena *arena; /* the plan's copies */
    struct arena *lines_arena;
    struct box_plan plan;
    str flow;
    uint64_t serial;
    int agent, log;
    struct buf agent_in, log_in;
    str lines[LINES_MAX];
    int64_t times_ms[LINES_MAX];
    size_t n_lines, line_bytes;
    int64_t ship_at_ms; /* monotonic; 0: nothing waits */
    bool log_began, dropping;
    struct box *next;
};

struct boxes {
    struct conductor *conductor;
    pthread_mutex_t lock;
    struct box *first;
    uint64_t serial;
};

/* box_share.c: what the box of the plan, whose own volume is mounted, is to see of file systems. */
res box_take_shares(struct house *h, const struct box_plan *p, struct err *e);

void box_drop_fd(struct boxes *b, int *fd);

/* Takes what is there; false when the pipe has ended. Under the lock on the conductor's thread, which alone begins
 * steps; elsewhere only of a box that is in no list any more: shipping waits for the writer, and a step there takes the
 * lock. */
bool box_read_log(struct boxes *b, struct box *x);
void box_finish_log(struct boxes *b, struct box *x);

#endif
