/* SPDX-License-Identifier: MIT */
/* The collector: asks of each blob on disk whether any record names it. */
#include "conductor/collector.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "api/op.h"
#include "base/log.h"
#include "store/blob.h"
#include "store/store.h"

enum { EVERY_S = 3600, MIN_AGE_MS = 3600 * 1000 };

struct collector {
    struct arena *arena;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic bool closing;
    struct blobs *blobs;
    const char *dir;
};

struct round {
    struct store *store;
    const _Atomic bool *closing;
    size_t removed;
    struct err *e;
    bool failed;
};

static res ask(struct round *r, struct txn *t, str id, bool *named)
{
    *named = false;
    for (const struct record_type *const *type = blob_records; *type && !*named; type++)
        TRY(txn_has(t, str_z((*type)->service), str_z((*type)->name), (struct store_index){S("blob"), id}, named,
                    r->e));
    return OK;
}

/* A snapshot a blob: what was committed a moment ago counts. Any doubt keeps the blob. */
static bool unused(void *ctx, str id)
{
    struct round *r = ctx;
    struct txn *t;
    bool named = true;

    if (r->failed || (r->closing && *r->closing))
        return false;
    r->failed = !is_ok(store_begin(r->store, false, &t, r->e));
    if (r->failed)
        return false;
    r->failed = !is_ok(ask(r, t, id, &named));
    txn_rollback(t);
    if (r->failed || named)
        return false;
    r->removed++;
    return true;
}

static res make_round(struct blobs *b, struct round *r, int64_t min_age_ms)
{
    res why = blobs_sweep(b, min_age_ms, unused, r, r->e);

    return r->failed ? (res){WHY_OOPS} : why;
}

res collector_round(struct blobs *b, struct store *s, int64_t min_age_ms, size_t *removed, struct err *e)
{
    struct round r = {.store = s, .e = e};
    res why = make_round(b, &r, min_age_ms);

    *removed = r.removed;
    return why;
}

/* ---- the thread ---- */

static void tidy(struct collector *c)
{
    struct err e = {0};
    struct round r = {.closing = &c->closing, .e = &e};
    res why = store_open(c->dir, false, &r.store, &e);

    if (is_ok(why)) {
        why = make_round(c->blobs, &r, MIN_AGE_MS);
        store_close(r.store);
    }
    if (!is_ok(why))
        log_warn("blobs without a record stay for now: %s", e.what);
    if (r.removed)
        log_info("%zu blobs that no record names were removed", r.removed);
}

static void *collect(void *arg)
{
    struct collector *c = arg;
    struct timespec until;

    while (!c->closing) {
        tidy(c);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += EVERY_S;
        pthread_mutex_lock(&c->lock);
        while (!c->closing && pthread_cond_timedwait(&c->wake, &c->lock, &until) != ETIMEDOUT)
            ;
        pthread_mutex_unlock(&c->lock);
    }
    return NULL;
}

res collector_start(struct blobs *b, str dir, struct collector **out, struct err *e)
{
    struct arena *a = arena_new(1 << 16);
    struct collector *c = ARENA_NEW(a, struct collector);
    pthread_condattr_t monotonic;

    *out = NULL;
    c->arena = a;
    c->blobs = b;
    c->dir = arena_z(a, dir);
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int failed = pthread_create(&c->thread, NULL, collect, c);
    if (failed) {
        arena_free(a);
        return oops(e, failed, "cannot start the collector's thread");
    }
    *out = c;
    return OK;
}

void collector_stop(struct collector *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->closing = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    arena_free(c->arena);
}
