/* SPDX-License-Identifier: MIT */
/* A house without front: a conductor over a real store in a temporary folder, which may be closed and opened again. */
#ifndef BARMKIN_TESTS_UNIT_CONDUCTOR_HOUSE_H
#define BARMKIN_TESTS_UNIT_CONDUCTOR_HOUSE_H
#include "test.h"

#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "conductor/inside.h"

struct world {
    char dir[64];
    struct arena *arena;
    struct house house;
    struct worker worker;
};

static inline res house_before(void *ctx, struct txn *t, const struct work *group, struct err *e)
{
    (void)ctx, (void)t, (void)group, (void)e;
    return OK;
}
static inline void house_after(void *ctx, const struct work *group, bool committed, bool law)
{
    (void)ctx, (void)group, (void)committed, (void)law;
}

static inline void house_open(struct world *w, const struct flow_kind *const *kinds)
{
    struct err e = {0};
    struct store *s;
    struct writer_hooks hooks = {.before_commit = house_before, .after_group = house_after};
    int pair[2];

    w->arena = arena_new(1 << 20);
    w->house = (struct house){.region = S("us-east-1"),
                              .partition = S("aws"),
                              .management_account = S("111111111111"),
                              .writer_worker = &w->worker};
    assert_true(is_ok(pool_start(2, &w->house.pool, &e)));
    assert_true(is_ok(store_open(w->dir, true, &s, &e)));
    assert_int_equal(pipe(pair), 0); /* no vault is asked anything here */
    close(pair[1]);
    worker_init(&w->worker, &w->house, NULL, s);
    assert_true(is_ok(writer_start(s, &hooks, &w->house.writer, &e)));
    assert_true(is_ok(conductor_start(&w->house, vault_client_new(pair[0]), &w->house.conductor, &e)));
    w->house.conductor->kinds = kinds;
}

static inline void house_close(struct world *w)
{
    conductor_stop(w->house.conductor);
    writer_stop(w->house.writer);
    pool_stop(w->house.pool);
    worker_done(&w->worker);
    arena_free(w->arena);
}

static inline int house_setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    snprintf(w->dir, sizeof w->dir, "/tmp/barmkin-conductor-XXXXXX");
    if (!mkdtemp(w->dir))
        return -1;
    *state = w;
    return 0;
}

static inline int house_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static inline int house_teardown(void **state)
{
    struct world *w = *state;

    nftw(w->dir, house_remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(w);
    return 0;
}

/* Runs handle in one transaction of the writer's, as a service of that account, with `in` as its input. */
static inline void house_do(struct world *w, const char *account, res (*handle)(struct call *, const void *, void *),
                            struct inner_work *inner, void *in, void *out)
{
    inner->who = (struct caller){.kind = PRINCIPAL_SERVICE, .arn = S("test"), .account = str_z(account)};
    inner->op = (struct operation){.service = &barmkin_service,
                                   .name = "Test",
                                   .kind = OP_WRITES,
                                   .in = &barmkin_flow_step_shape,
                                   .out = &barmkin_nothing_shape,
                                   .handle = handle};
    inner->call.in = in;
    inner->call.out = out;
    res r = inner_work_run(w->house.conductor, inner, w->arena, w->arena);
    if (!is_ok(r))
        fail_msg("%s%.*s", inner->call.err.what, FMT(inner->call.fault.message));
    inner_work_done(inner);
}

static inline bool comes(_Atomic int *count, int wanted)
{
    for (int i = 0; i < 500; i++) {
        if (atomic_load(count) >= wanted)
            return true;
        usleep(10000);
    }
    return false;
}

#endif
