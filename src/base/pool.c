/* SPDX-License-Identifier: MIT */
/* A queue and threads that take from it. */
#include "base/pool.h"

#include <pthread.h>
#include <stdlib.h>

enum { POOL_MAX_THREADS = 16 };

struct pool {
    pthread_t threads[POOL_MAX_THREADS];
    size_t n_threads;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct errand *head, **tail;
    bool stopping;
};

static void *serve_queue(void *ctx)
{
    struct pool *p = ctx;

    pthread_setname_np(pthread_self(), "pool");
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->head && !p->stopping)
            pthread_cond_wait(&p->wake, &p->lock);
        struct errand *e = p->head;
        if (!e)
            break;
        p->head = e->next;
        if (!p->head)
            p->tail = &p->head;
        pthread_mutex_unlock(&p->lock);
        e->run(e);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

res pool_start(size_t n_threads, struct pool **out, struct err *e)
{
    struct pool *p = calloc(1, sizeof *p);

    if (!p || n_threads > POOL_MAX_THREADS)
        abort();
    p->tail = &p->head;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    for (; p->n_threads < n_threads; p->n_threads++) {
        int failed = pthread_create(&p->threads[p->n_threads], NULL, serve_queue, p);
        if (failed) {
            pool_stop(p);
            return oops(e, failed, "cannot start a pool thread");
        }
    }
    *out = p;
    return OK;
}

void pool_submit(struct pool *p, struct errand *e)
{
    pthread_mutex_lock(&p->lock);
    e->next = NULL;
    *p->tail = e;
    p->tail = &e->next;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void pool_stop(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->wake);
    free(p);
}
