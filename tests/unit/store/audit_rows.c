/* SPDX-License-Identifier: MIT */
/* A record of what was committed is never lost: it is in the chain, or in a row that brings it there at the next start,
 * and never there twice. */
#include "store/fixture.h"

#include <signal.h>

#include "base/buf.h"
#include "store/audit.h"

enum { KILLS = 10 };

struct both {
    struct fixture *f;
    struct store *s;
    struct audit *a;
};

static struct both open_both(struct fixture *f)
{
    struct both b = {.f = f};
    char dir[96];

    MUST(f, store_open(f->dir, true, &b.s, &f->e));
    snprintf(dir, sizeof dir, "%s/audit", f->dir);
    MUST(f, audit_open(dir, 0, &b.a, &f->e));
    return b;
}

static void close_both(struct both *b)
{
    audit_close(b->a);
    store_close(b->s);
}

static size_t restore(struct both *b)
{
    struct fixture *f = b->f;
    struct txn *t = NULL;
    size_t restored = 0;

    MUST(f, store_begin(b->s, true, &t, &f->e));
    MUST(f, audit_rows_restore(b->a, t, &restored, &f->e));
    MUST(f, txn_commit(t, &f->e));
    return restored;
}

static size_t count_rows(struct both *b)
{
    struct fixture *f = b->f;
    struct store_key k = {S(""), S(""), S("audit"), S("row"), S("")};
    struct store_page p;
    struct txn *t = NULL;

    MUST(f, store_begin(b->s, false, &t, &f->e));
    MUST(f, txn_scan(t, f->a, &k, S(""), STR_ABSENT, 10000, &p, &f->e));
    txn_rollback(t);
    return p.n;
}

/* A commit group with records "c-<i>" and "d-<i>"; `upto` says how far it comes before the crash: 0 nothing appended,
 * 1 the first of the two, 2 both. */
static void commit_group(struct both *b, unsigned i, int upto)
{
    struct fixture *f = b->f;
    struct txn *t = NULL;
    uint64_t row;
    str records[] = {arena_printf(f->a, "{\"id\":\"c-%u\"}", i), arena_printf(f->a, "{\"id\":\"d-%u\"}", i)};

    MUST(f, store_begin(b->s, true, &t, &f->e));
    MUST(f, audit_rows_clear(b->a, t, &f->e));
    MUST(f, audit_row_put(t, records, 2, &row, &f->e));
    MUST(f, txn_commit(t, &f->e));
    MUST(f, audit_append(b->a, records, (size_t)upto, row, &f->e));
    MUST(f, audit_flush(b->a, &f->e));
}

/* The ids in the chain in their order, blank after each. */
static str chain_of(struct both *b)
{
    struct fixture *f = b->f;
    char path[128];
    struct buf all;

    buf_init(&all, 16 << 20);
    snprintf(path, sizeof path, "%s/audit/audit-000001.ndjson", f->dir);
    str rest = fixture_read(f, path);
    while (rest.n) {
        str line = str_cut(&rest, '\n');
        ptrdiff_t at = str_search(line, S("{\"id\":\""));
        if (at >= 0) {
            str id = str_from(line, (size_t)at + 7);
            buf_add(&all, str_cut(&id, '"'));
            buf_add_char(&all, ' ');
        }
    }
    str ids = arena_dup(f->a, buf_str(&all));
    buf_done(&all);
    return ids;
}

static void must_verify(struct both *b)
{
    struct fixture *f = b->f;
    struct audit_mac none = {0};
    struct audit_head anchor;
    struct audit_report r;
    struct txn *t = NULL;
    char dir[96];

    snprintf(dir, sizeof dir, "%s/audit", f->dir);
    MUST(f, store_begin(b->s, false, &t, &f->e));
    MUST(f, audit_anchor(t, &anchor, &f->e));
    txn_rollback(t);
    MUST(f, audit_verify(dir, none, &anchor, &r, &f->e));
    if (!r.intact)
        fail_msg("%s line %llu: %s", r.file, (unsigned long long)r.line, r.why);
}

static void test_store_audit_rows__missing_records_come_back_once(void **state)
{
    struct fixture *f = *state;
    struct both b = open_both(f);

    commit_group(&b, 1, 2);
    commit_group(&b, 2, 1);
    commit_group(&b, 3, 0);
    str denied = S("{\"id\":\"read\"}");
    MUST(f, audit_append(b.a, &denied, 1, 0, &f->e));
    close_both(&b);
    b = open_both(f);
    assert_int_equal(count_rows(&b), 3);
    assert_int_equal(restore(&b), 3);
    assert_str_equal(chain_of(&b), S("c-1 d-1 c-2 read d-2 c-3 d-3 "));
    assert_int_equal(count_rows(&b), 0);
    assert_int_equal(restore(&b), 0);
    must_verify(&b);
    commit_group(&b, 4, 2);
    close_both(&b);
    b = open_both(f);
    assert_int_equal(restore(&b), 0);
    assert_int_equal(count_rows(&b), 0);
    assert_str_equal(chain_of(&b), S("c-1 d-1 c-2 read d-2 c-3 d-3 c-4 d-4 "));
    must_verify(&b);
    close_both(&b);
}

/* The restoring itself is cut short: lines appended and durable, the deletion of the rows not committed. */
static void test_store_audit_rows__a_crash_while_restoring_repeats_nothing(void **state)
{
    struct fixture *f = *state;
    struct both b = open_both(f);
    struct txn *t = NULL;
    size_t restored;

    commit_group(&b, 1, 0);
    MUST(f, store_begin(b.s, true, &t, &f->e));
    MUST(f, audit_rows_restore(b.a, t, &restored, &f->e));
    assert_int_equal(restored, 1 * 2);
    txn_rollback(t);
    close_both(&b);
    b = open_both(f);
    assert_int_equal(count_rows(&b), 1);
    assert_int_equal(restore(&b), 0);
    assert_str_equal(chain_of(&b), S("c-1 d-1 "));
    assert_int_equal(count_rows(&b), 0);
    close_both(&b);
}

static void test_store_audit_rows__rows_go_when_the_file_is_durable(void **state)
{
    struct fixture *f = *state;
    struct both b = open_both(f);
    struct audit_head anchor;
    struct txn *t = NULL;

    for (unsigned i = 1; i <= 200; i++)
        commit_group(&b, i, 2);
    assert_int_equal(count_rows(&b), 200);
    MUST(f, audit_sync(b.a, &f->e));
    assert_int_equal(count_rows(&b), 200);
    commit_group(&b, 201, 2); /* clears what was durable, is not durable itself */
    assert_int_equal(count_rows(&b), 1);
    MUST(f, store_begin(b.s, false, &t, &f->e));
    MUST(f, audit_anchor(t, &anchor, &f->e));
    assert_int_equal(anchor.seq, 400);
    txn_rollback(t);
    must_verify(&b);
    close_both(&b);
}

static void test_store_audit_rows__a_cut_end_is_noticed_by_the_anchor(void **state)
{
    struct fixture *f = *state;
    struct both b = open_both(f);
    struct audit_mac none = {0};
    struct audit_head anchor;
    struct audit_report r;
    struct txn *t = NULL;
    char dir[96], path[128];

    commit_group(&b, 1, 2);
    MUST(f, audit_sync(b.a, &f->e));
    commit_group(&b, 2, 2);
    MUST(f, store_begin(b.s, false, &t, &f->e));
    MUST(f, audit_anchor(t, &anchor, &f->e));
    txn_rollback(t);
    close_both(&b);
    snprintf(dir, sizeof dir, "%s/audit", f->dir);
    snprintf(path, sizeof path, "%s/audit-000001.ndjson", dir);
    str file = fixture_read(f, path);
    fixture_write(path, str_sub(file, 0, (size_t)str_find(file, '\n') + 1));
    MUST(f, audit_verify(dir, none, &anchor, &r, &f->e));
    assert_false(r.intact);
    MUST(f, audit_verify(dir, none, NULL, &r, &f->e));
    assert_true(r.intact && r.lines == 1);
}

/* ---- kill -9 ---- */

/* In the child: groups of one record each; reports each that was acknowledged. Never returns. */
static void commit_for_ever(const char *dir, uint64_t i, int report)
{
    struct arena *a = arena_new(1 << 20);
    struct audit *audit;
    struct store *s;
    struct txn *t;
    uint64_t row;
    size_t n;

    if (!is_ok(store_open(dir, true, &s, NULL)) ||
        !is_ok(audit_open(arena_printf(a, "%s/audit", dir).p, 0, &audit, NULL)) ||
        !is_ok(store_begin(s, true, &t, NULL)) || !is_ok(audit_rows_restore(audit, t, &n, NULL)) ||
        !is_ok(txn_commit(t, NULL)))
        _exit(2);
    for (;; i++) {
        arena_reset(a);
        str record = arena_printf(a, "{\"id\":\"%llu\"}", (unsigned long long)i);
        struct store_key k = {S("1"), S("r"), S("s"), S("t"), arena_printf(a, "%08llu", (unsigned long long)i)};
        if (!is_ok(store_begin(s, true, &t, NULL)) || !is_ok(audit_rows_clear(audit, t, NULL)) ||
            !is_ok(txn_put(t, &k, S("{}"), NULL, 0, NULL)) || !is_ok(audit_row_put(t, &record, 1, &row, NULL)) ||
            !is_ok(txn_commit(t, NULL)) || !is_ok(audit_append(audit, &record, 1, row, NULL)) ||
            !is_ok(audit_flush(audit, NULL)) || (i % 7 == 0 && !is_ok(audit_sync(audit, NULL))))
            _exit(3);
        uint64_t acked = i + 1;
        if (write(report, &acked, sizeof acked) != sizeof acked)
            _exit(4);
    }
}

static uint64_t run_and_kill(struct fixture *f, uint64_t from, int after_ms)
{
    int pipes[2], status;
    uint64_t acked = from, seen;

    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        commit_for_ever(f->dir, from, pipes[1]);
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

/* How many records 0, 1, ... the store has. */
static uint64_t count_committed(struct both *b)
{
    struct fixture *f = b->f;
    struct arena *a = arena_new(1 << 20);
    struct store_record *r = NULL;
    struct txn *t = NULL;
    uint64_t n = 0;

    MUST(f, store_begin(b->s, false, &t, &f->e));
    do {
        arena_reset(a);
        struct store_key k = {S("1"), S("r"), S("s"), S("t"), arena_printf(a, "%08llu", (unsigned long long)n)};
        MUST(f, txn_get(t, a, &k, &r, &f->e));
    } while (r && ++n);
    txn_rollback(t);
    arena_free(a);
    return n;
}

static void test_store_audit_rows__kill_9_loses_no_record_of_a_commit(void **state)
{
    struct fixture *f = *state;
    uint64_t there = 0, acked_in_all = 0;
    unsigned seed = 5;

    for (int i = 0; i < KILLS; i++) {
        seed = seed * 1103515245u + 12345u;
        uint64_t acked = run_and_kill(f, there, 5 + (int)(seed >> 16) % 50);
        struct both b = open_both(f);
        acked_in_all += acked - there;
        restore(&b);
        there = count_committed(&b);
        assert_true(there >= acked);
        str ids = chain_of(&b);
        char want[32];
        for (uint64_t k = 0; k < there; k++) { /* each commit's record, once, in order */
            snprintf(want, sizeof want, "%llu", (unsigned long long)k);
            assert_str_equal(str_cut(&ids, ' '), str_z(want));
        }
        assert_int_equal(ids.n, 0);
        must_verify(&b);
        close_both(&b);
    }
    assert_true(acked_in_all > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_store_audit_rows__missing_records_come_back_once),
        fixture_test(test_store_audit_rows__a_crash_while_restoring_repeats_nothing),
        fixture_test(test_store_audit_rows__rows_go_when_the_file_is_durable),
        fixture_test(test_store_audit_rows__a_cut_end_is_noticed_by_the_anchor),
        fixture_test(test_store_audit_rows__kill_9_loses_no_record_of_a_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
