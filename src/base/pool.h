/* SPDX-License-Identifier: MIT */
/* A few threads for what blocks: fsync, effects on the kernel, waiting. */
#ifndef BARMKIN_BASE_POOL_H
#define BARMKIN_BASE_POOL_H
#include <stddef.h>

#include "base/err.h"

struct pool;

struct errand { /* owned by whoever submits it, until run has returned */
    void (*run)(struct errand *e);
    struct errand *next;
};

res pool_start(size_t n_threads, struct pool **out, struct err *e);
void pool_submit(struct pool *p, struct errand *e); /* any thread; in order of submission, several at a time */
void pool_stop(struct pool *p);                     /* finishes what is queued */

#endif
