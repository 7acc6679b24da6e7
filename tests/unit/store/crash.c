/* SPDX-License-Identifier: MIT */
/* What is acknowledged is there after kill -9, and what fails half way leaves nothing half written. */
#include "store/fixture.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/time.h"
#include "store/store.h"

enum { KILLS = 12, FAULTS_MAX = 400 };

static struct store_key number_key(struct arena *a, uint64_t i)
{
    return (struct store_key){S("1"), S("r"), S("s"), S("t"), arena_printf(a, "%08llu", (unsigned long long)i)};
}

/* ---- kill -9 ---- */

/* In the child: commits records i, i+1, ... in groups of one to four, and reports each acknowledged commit. Each record
 * comes with a twin, so that a commit can be seen to be whole. Never returns. */
static void commit_for_ever(const char *dir, uint64_t i, int report)
{
    struct arena *a = arena_new(1 << 20);
    struct store *s;
    struct txn *t;

    if (!is_ok(store_open(dir, true, &s, NULL)))
        _exit(2);
    for (int group = 1;; group = group % 4 + 1) {
        arena_reset(a);
        if (!is_ok(store_begin(s, true, &t, NULL)))
            _exit(3);
        for (int k = 0; k < group; k++, i++) {
            struct store_key key = number_key(a, i), twin = key;
            struct store_index ix = {S("n"), key.id};
            twin.type = S("twin");
            if (!is_ok(txn_put(t, &key, key.id, &ix, 1, NULL)) || !is_ok(txn_put(t, &twin, key.id, &ix, 1, NULL)))
                _exit(4);
        }
        if (!is_ok(txn_commit(t, NULL)) || write(report, &i, sizeof i) != sizeof i)
            _exit(5);
    }
}

/* Lets a child commit until `after_ms`, kills it, and answers the number up to which it had acknowledged. */
static uint64_t run_and_kill(struct fixture *f, uint64_t from, int after_ms)
{
    int pipes[2], status;
    uint64_t acked = from, seen;

    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(pipes[0]);
        commit_for_ever(f->dir, from, pipes[1]);
    }
    close(pipes[1]);
    usleep((useconds_t)after_ms * 1000);
    kill(pid, SIGKILL);
    while (read(pipes[0], &seen, sizeof seen) == sizeof seen)
        acked = seen;
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return acked;
}

/* Counts records 0, 1, ... and checks that each has its twin and both their entries. */
static uint64_t count_whole(struct fixture *f)
{
    struct store *s = NULL;
    struct txn *t = NULL;
    struct arena *a = arena_new(1 << 20); /* reset for each record: a fast disk commits many */
    uint64_t n = 0;

    MUST(f, store_open(f->dir, true, &s, &f->e));
    MUST(f, store_begin(s, false, &t, &f->e));
    for (;; n++) {
        arena_reset(a);
        struct store_key key = number_key(a, n), twin = key;
        struct store_index ix = {S("n"), key.id};
        struct store_record *r, *r2;
        struct store_page p, p2;
        twin.type = S("twin");
        MUST(f, txn_get(t, a, &key, &r, &f->e));
        MUST(f, txn_get(t, a, &twin, &r2, &f->e));
        MUST(f, txn_find(t, a, &key, ix, NULL, 2, &p, &f->e));
        MUST(f, txn_find(t, a, &twin, ix, NULL, 2, &p2, &f->e));
        size_t want = r ? 1 : 0;
        assert_true((r2 ? 1 : 0) == want && p.n == want && p2.n == want);
        if (!r)
            break;
        assert_str_equal(r->doc, key.id);
    }
    txn_rollback(t);
    store_close(s);
    arena_free(a);
    return n;
}

static void test_store_crash__acknowledged_commits_survive_kill_9(void **state)
{
    struct fixture *f = *state;
    unsigned seed = 20261123;
    uint64_t there = 0, acked_in_all = 0;

    for (int i = 0; i < KILLS; i++) {
        seed = seed * 1103515245u + 12345u;
        uint64_t acked = run_and_kill(f, there, 5 + (int)(seed >> 16) % 60);
        acked_in_all += acked - there;
        there = count_whole(f);
        assert_true(there >= acked);
    }
    assert_true(acked_in_all > 0); /* else the test has tested nothing */
}

/* ---- injected faults ---- */

static const struct store_key one = {S("1"), S("r"), S("s"), S("t"), S("one")};
static const struct store_key two = {S("1"), S("r"), S("s"), S("t"), S("two")};
static const struct store_index before = {S("is"), S("before")}, after = {S("is"), S("after")};

/* Exactly one of the two states, with the index entries that belong to it. */
static bool is_after(struct fixture *f, struct txn *t)
{
    struct store_record *r1, *r2;
    struct store_page b, a;

    MUST(f, txn_get(t, f->a, &one, &r1, &f->e));
    MUST(f, txn_get(t, f->a, &two, &r2, &f->e));
    MUST(f, txn_find(t, f->a, &one, before, NULL, 9, &b, &f->e));
    MUST(f, txn_find(t, f->a, &one, after, NULL, 9, &a, &f->e));
    bool changed = !r1;
    if (changed) {
        assert_true(r2 && r2->version == 2 && b.n == 0 && a.n == 1);
        assert_str_equal(r2->doc, S("after"));
    } else {
        assert_true(r2 && r2->version == 1 && b.n == 2 && a.n == 0);
        assert_str_equal(r2->doc, S("before"));
    }
    return changed;
}

static void put_before(struct fixture *f, struct store *s)
{
    struct txn *t = NULL;

    MUST(f, store_begin(s, true, &t, &f->e));
    MUST(f, txn_delete(t, &one, &f->e));
    MUST(f, txn_delete(t, &two, &f->e));
    MUST(f, txn_put(t, &one, S("before"), &before, 1, &f->e));
    MUST(f, txn_put(t, &two, S("before"), &before, 1, &f->e));
    MUST(f, txn_commit(t, &f->e));
}

static res change(struct txn *t, struct err *e)
{
    uint64_t n;

    TRY(txn_delete(t, &one, e));
    TRY(txn_next(t, S("changes"), &n, e));
    return txn_put(t, &two, S("after"), &after, 1, e);
}

static res change_and_commit(struct store *s, struct err *e)
{
    struct txn *t;

    TRY(store_begin(s, true, &t, e));
    res r = change(t, e);
    if (is_ok(r))
        return txn_commit(t, e);
    txn_rollback(t);
    return r;
}

static bool look(struct fixture *f, struct store *s)
{
    struct txn *t = NULL;

    MUST(f, store_begin(s, false, &t, &f->e));
    bool changed = is_after(f, t);
    txn_rollback(t);
    return changed;
}

static void test_store_crash__a_fault_anywhere_leaves_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    struct store *s = NULL;
    int64_t n = 1;

    MUST(f, store_open(f->dir, true, &s, &f->e));
    for (;; n++) {
        put_before(f, s);
        err_clear(&f->e);
        store_fail_after(s, n);
        res r = change_and_commit(s, &f->e);
        store_fail_after(s, 0);
        assert_int_equal(look(f, s), is_ok(r));
        if (is_ok(r))
            break;
        assert_int_equal(r.why, WHY_OOPS);
        assert_true(n < FAULTS_MAX);
    }
    assert_true(n > 8); /* begin, every statement of three changes, commit */
    store_close(s);
}

/* The writer's way: the failed call is undone, its neighbours in the group are committed. */
static void test_store_crash__a_fault_in_a_savepoint_is_undone_alone(void **state)
{
    struct fixture *f = *state;
    struct store_key other = one;
    struct store *s = NULL;
    bool failed = true;

    other.id = S("other");
    MUST(f, store_open(f->dir, true, &s, &f->e));
    for (int64_t n = 1; failed; n++) {
        struct txn *t = NULL;
        struct store_record *r;
        assert_true(n < FAULTS_MAX);
        put_before(f, s);
        MUST(f, store_begin(s, true, &t, &f->e));
        MUST(f, txn_put(t, &other, arena_printf(f->a, "%d", (int)n), NULL, 0, &f->e));
        MUST(f, txn_savepoint(t, &f->e));
        store_fail_after(s, n);
        failed = !is_ok(change(t, NULL));
        store_fail_after(s, 0);
        if (failed)
            MUST(f, txn_undo(t, &f->e));
        else
            MUST(f, txn_release(t, &f->e));
        MUST(f, txn_commit(t, &f->e));
        assert_int_equal(look(f, s), !failed);
        MUST(f, store_begin(s, false, &t, &f->e));
        MUST(f, txn_get(t, f->a, &other, &r, &f->e));
        assert_int_equal(r->version, n);
        txn_rollback(t);
    }
    store_close(s);
}

static void test_store_crash__a_half_written_put_cannot_be_committed(void **state)
{
    struct fixture *f = *state;
    struct store *s = NULL;
    struct txn *t = NULL;

    MUST(f, store_open(f->dir, true, &s, &f->e));
    put_before(f, s);
    MUST(f, store_begin(s, true, &t, &f->e));
    store_fail_after(s, 3); /* the row is updated, its entries are not */
    MUST_OOPS(f, txn_put(t, &two, S("after"), &after, 1, &f->e));
    MUST_OOPS(f, txn_savepoint(t, &f->e));
    MUST_OOPS(f, txn_commit(t, &f->e));
    assert_false(look(f, s));
    store_close(s);
}

/* ---- a full disk ---- */

/* In a child, because the limit holds for the whole process: no file may grow past `max_bytes`. */
static void grow_until_full(const char *dir, rlim_t max_bytes, int report)
{
    struct rlimit limit = {max_bytes, max_bytes};
    struct arena *a = arena_new(1 << 20);
    struct store *s;
    struct txn *t;
    char doc[4000];

    memset(doc, 'x', sizeof doc);
    signal(SIGXFSZ, SIG_IGN);
    if (!is_ok(store_open(dir, true, &s, NULL)) || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(2);
    for (uint64_t i = 0; i < 10000; i++) {
        struct store_key key = number_key(a, i), twin = key;
        struct store_index ix = {S("n"), key.id};
        twin.type = S("twin");
        if (!is_ok(store_begin(s, true, &t, NULL)))
            break;
        res r = txn_put(t, &twin, str_n(doc, sizeof doc), &ix, 1, NULL);
        if (is_ok(r))
            r = txn_put(t, &key, key.id, &ix, 1, NULL);
        if (is_ok(r))
            r = txn_commit(t, NULL);
        else
            txn_rollback(t);
        if (!is_ok(r))
            break;
        uint64_t acked = i + 1;
        if (write(report, &acked, sizeof acked) != sizeof acked)
            _exit(3);
    }
    store_close(s);
    _exit(0);
}

static void test_store_crash__a_full_disk_fails_the_commit_alone(void **state)
{
    struct fixture *f = *state;
    int pipes[2], status;
    uint64_t acked = 0, seen;

    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        grow_until_full(f->dir, 300000, pipes[1]);
    close(pipes[1]);
    while (read(pipes[0], &seen, sizeof seen) == sizeof seen)
        acked = seen;
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(acked > 2 && acked < 10000);
    assert_int_equal(count_whole(f), acked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_store_crash__acknowledged_commits_survive_kill_9),
        fixture_test(test_store_crash__a_fault_anywhere_leaves_all_or_nothing),
        fixture_test(test_store_crash__a_fault_in_a_savepoint_is_undone_alone),
        fixture_test(test_store_crash__a_half_written_put_cannot_be_committed),
        fixture_test(test_store_crash__a_full_disk_fails_the_commit_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
