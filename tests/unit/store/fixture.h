/* SPDX-License-Identifier: MIT */
/* What the store's tests share: a folder of their own that is gone afterwards, an arena, checked results. */
#ifndef BARMKIN_TESTS_UNIT_STORE_FIXTURE_H
#define BARMKIN_TESTS_UNIT_STORE_FIXTURE_H
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#include "base/arena.h"
#include "base/err.h"

struct fixture {
    char dir[64];
    struct arena *a;
    struct err e;
};

#define MUST(f, expr)                                                                                                  \
    do {                                                                                                               \
        err_clear(&(f)->e);                                                                                            \
        res must_ = (expr);                                                                                            \
        if (!is_ok(must_))                                                                                             \
            fail_msg("%s: %s", #expr, (f)->e.what);                                                                    \
    } while (0)
/* The expression must answer an oops, with a description. */
#define MUST_OOPS(f, expr)                                                                                             \
    do {                                                                                                               \
        err_clear(&(f)->e);                                                                                            \
        res must_ = (expr);                                                                                            \
        if (must_.why != WHY_OOPS || !(f)->e.what[0])                                                                  \
            fail_msg("%s: answers %d, not an oops", #expr, must_.why);                                                 \
    } while (0)

static inline int fixture_set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    snprintf(f->dir, sizeof f->dir, "/tmp/barmkin-unit-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    f->a = arena_new((size_t)256 << 20);
    *state = f;
    return 0;
}

static inline int fixture_remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static inline int fixture_tear_down(void **state)
{
    struct fixture *f = *state;

    nftw(f->dir, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(f->a);
    free(f);
    return 0;
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

/* A whole small file, in memory of the arena. */
static inline str fixture_read(struct fixture *f, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    char *p = arena_alloc(f->a, (size_t)st.st_size + 1);
    assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
    close(fd);
    return str_n(p, (size_t)st.st_size);
}

static inline void fixture_write(const char *path, str bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
    close(fd);
}

#endif
