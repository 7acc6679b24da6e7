/* SPDX-License-Identifier: MIT */
/* Group commit (design.md section 2): one fsync serves up to 64 calls or 2 ms, whichever comes first. */
#include "store/writer.h"

#include <pthread.h>

#include "base/log.h"
#include "base/time.h"

enum { GROUP_MAX = 64, GROUP_MAX_US = 2000 };

struct writer {
    struct arena *memory; /* holds the struct itself */
    struct store *store;
    struct writer_hooks hooks;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct work *head, **tail;
    bool stopping;
};

static struct work *take(struct writer *w, bool wait)
{
    pthread_mutex_lock(&w->lock);
    while (wait && !w->head && !w->stopping)
        pthread_cond_wait(&w->wake, &w->lock);
    struct work *one = w->head;
    if (one) {
        w->head = one->next;
        if (!w->head)
            w->tail = &w->head;
        one->next = NULL;
    }
    pthread_mutex_unlock(&w->lock);
    return one;
}

/* One piece in its savepoint. When even the undo fails the whole group is lost, which the caller then says. */
static bool run_one(struct writer *w, struct work *one, struct txn *t)
{
    struct err e = {0};

    if (!is_ok(txn_savepoint(t, &e))) {
        one->outcome = (res){WHY_OOPS};
        return false;
    }
    one->outcome = one->run(one, t);
    if (w->hooks.run_twice && is_ok(txn_undo(t, &e)) && is_ok(txn_savepoint(t, &e)))
        one->outcome = one->run(one, t);
    if (is_ok(one->outcome))
        return is_ok(txn_release(t, &e));
    return is_ok(txn_undo(t, &e));
}

static void finish(struct writer *w, struct work *group, bool committed, bool law)
{
    w->hooks.after_group(w->hooks.ctx, group, committed, committed && law);
    while (group) {
        struct work *next = group->next; /* done() may free the piece */
        group->done(group, committed && is_ok(group->outcome));
        group = next;
    }
}

static void run_group(struct writer *w, struct work *first)
{
    struct work *group = first, **tail = &first->next;
    int64_t start = time_mono_us();
    struct txn *t = NULL;
    struct err e = {0};
    bool sound = is_ok(store_begin(w->store, true, &t, &e)), any = false, law = false;
    size_t n = 0;

    for (struct work *one = first; one;) {
        if (sound)
            sound = run_one(w, one, t);
        else
            one->outcome = (res){WHY_OOPS};
        any |= is_ok(one->outcome);
        bool room = ++n < GROUP_MAX && time_mono_us() - start < GROUP_MAX_US;
        one = sound && room ? take(w, false) : NULL;
        if (one) {
            *tail = one;
            tail = &one->next;
        }
    }
    if (sound && any) {
        law = txn_touched(t, S("iam")) || txn_touched(t, S("organizations")) || txn_touched(t, S("sts")) ||
              txn_touched(t, S("ec2")) ||                                    /* the policies of its endpoints */
              txn_touched(t, S("sagemaker")) || txn_touched(t, S("lambda")); /* kept like the law: record_load_kept */
        sound = is_ok(w->hooks.before_commit(w->hooks.ctx, t, group, &e));
        if (sound)
            sound = is_ok(txn_commit(t, &e));
        else
            txn_rollback(t);
    } else if (t) {
        txn_rollback(t);
    }
    if (!sound) {
        log_error("a group of %zu writes was lost: %s", n, e.what[0] ? e.what : "a savepoint failed");
        for (struct work *one = group; one; one = one->next)
            if (is_ok(one->outcome))
                one->outcome = (res){WHY_OOPS};
    }
    finish(w, group, sound && any, law);
}

static void *writing(void *ctx)
{
    struct writer *w = ctx;
    struct work *one;

    pthread_setname_np(pthread_self(), "writer");
    while ((one = take(w, true)) != NULL)
        run_group(w, one);
    return NULL;
}

res writer_start(struct store *s, const struct writer_hooks *hooks, struct writer **out, struct err *e)
{
    struct arena *a = arena_new(8192);
    struct writer *w = ARENA_NEW(a, struct writer);

    w->memory = a;
    w->store = s;
    w->hooks = *hooks;
    w->tail = &w->head;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    int failed = pthread_create(&w->thread, NULL, writing, w);
    if (failed)
        return oops(e, failed, "cannot start the writer's thread");
    *out = w;
    return OK;
}

void writer_submit(struct writer *w, struct work *work)
{
    pthread_mutex_lock(&w->lock);
    work->next = NULL;
    *w->tail = work;
    w->tail = &work->next;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void writer_stop(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    store_close(w->store);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    arena_free(w->memory);
}
