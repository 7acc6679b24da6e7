/* SPDX-License-Identifier: MIT */
/* The one thread that writes: runs queued pieces of work in savepoints of one open transaction and commits in groups.
 */
#ifndef BARMKIN_STORE_WRITER_H
#define BARMKIN_STORE_WRITER_H
#include "store/store.h"

struct writer;

struct work {
    /* Runs inside the transaction, in a savepoint of its own: anything but OK undoes just this piece. May run again
     * from the start when a group has to be redone, so it must touch nothing but the transaction and its own memory. */
    res (*run)(struct work *w, struct txn *t);
    /* After the COMMIT (committed: true), or when this piece was undone or the whole group was lost. Writer's thread.
     */
    void (*done)(struct work *w, bool committed);
    res outcome;        /* what run answered */
    const str *records; /* audit records that run has made, also of a failure; live until done() */
    size_t n_records;
    struct work *next;
};

struct writer_hooks { /* both on the writer's thread */
    void *ctx;
    bool run_twice; /* tests: every piece runs, is undone, and runs again, which no handler may notice */
    /* e.g. audit rows; anything but OK loses the group */
    res (*before_commit)(void *ctx, struct txn *t, const struct work *group, struct err *e);
    void (*after_group)(void *ctx, const struct work *group, bool committed, bool law_changed); /* before any done() */
};

/* Starts the thread. Owns the store. */
res writer_start(struct store *s, const struct writer_hooks *hooks, struct writer **out, struct err *e);
/* Any thread. w lives until its done() has been called. */
void writer_submit(struct writer *w, struct work *work);
/* Finishes what is queued, then ends the thread and closes the store. */
void writer_stop(struct writer *w);

#endif
