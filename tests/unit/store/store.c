/* SPDX-License-Identifier: MIT */
/* Records: what a put, an undo, a commit and a snapshot promise. Walks are in records.c, crashes in crash.c. */
#include "store/fixture.h"

#include "store/db.h"
#include "store/store.h"

static const struct store_key bucket = {S("111122223333"), S("us-east-1"), S("s3"), S("bucket"), S("data")};

static struct store *open_store(struct fixture *f, bool may_write)
{
    struct store *s = NULL;

    MUST(f, store_open(f->dir, may_write, &s, &f->e));
    return s;
}

static struct txn *begin(struct fixture *f, struct store *s, bool write)
{
    struct txn *t = NULL;

    MUST(f, store_begin(s, write, &t, &f->e));
    return t;
}

static str doc_of(struct fixture *f, struct txn *t, const struct store_key *k)
{
    struct store_record *r = NULL;

    MUST(f, txn_get(t, f->a, k, &r, &f->e));
    return r ? r->doc : STR_ABSENT;
}

static void put_alone(struct fixture *f, struct store *s, const struct store_key *k, str doc)
{
    struct txn *t = begin(f, s, true);

    MUST(f, txn_put(t, k, doc, NULL, 0, &f->e));
    MUST(f, txn_commit(t, &f->e));
}

static void test_store_store__versions_grow_by_one(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, true);
    struct store_record *r;

    for (uint64_t v = 1; v <= 3; v++) {
        put_alone(f, s, &bucket, S("{}"));
        struct txn *t = begin(f, s, false);
        MUST(f, txn_get(t, f->a, &bucket, &r, &f->e));
        assert_int_equal(r->version, v);
        assert_str_equal(r->key.id, S("data"));
        txn_rollback(t);
    }
    struct txn *t = begin(f, s, true);
    MUST(f, txn_delete(t, &bucket, &f->e));
    MUST(f, txn_delete(t, &bucket, &f->e));
    MUST(f, txn_get(t, f->a, &bucket, &r, &f->e));
    assert_null(r);
    MUST(f, txn_put(t, &bucket, S("{}"), NULL, 0, &f->e));
    MUST(f, txn_get(t, f->a, &bucket, &r, &f->e));
    assert_int_equal(r->version, 1);
    MUST(f, txn_commit(t, &f->e));
    store_close(s);
}

static void test_store_store__any_bytes_are_kept(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, true);
    struct store_key empty = {0}, nul = {S("a\0b"), S("\0"), S("s"), S("t"), S("\xff\0\xc3\xbc")};
    struct store_key nul_longer = nul;

    nul_longer.region = S("\0\0");
    put_alone(f, s, &empty, STR_ABSENT);
    put_alone(f, s, &nul, S("a\0b"));
    store_close(s);
    s = open_store(f, false);
    struct txn *t = begin(f, s, false);
    str doc = doc_of(f, t, &empty);
    assert_true(str_is(doc) && doc.n == 0);
    doc = doc_of(f, t, &nul);
    assert_int_equal(doc.n, 3);
    assert_memory_equal(doc.p, "a\0b", 3);
    assert_false(str_is(doc_of(f, t, &nul_longer)));
    txn_rollback(t);
    store_close(s);
}

static void test_store_store__a_read_is_one_snapshot(void **state)
{
    struct fixture *f = *state;
    struct store *w = open_store(f, true), *r = open_store(f, false);

    put_alone(f, w, &bucket, S("1"));
    struct txn *t = begin(f, r, false);
    assert_str_equal(doc_of(f, t, &bucket), S("1"));
    put_alone(f, w, &bucket, S("2"));
    assert_str_equal(doc_of(f, t, &bucket), S("1"));
    MUST(f, txn_commit(t, &f->e));
    t = begin(f, r, false);
    assert_str_equal(doc_of(f, t, &bucket), S("2"));
    txn_rollback(t);
    store_close(r);
    store_close(w);
}

static void test_store_store__a_snapshot_is_taken_by_the_first_look(void **state)
{
    struct fixture *f = *state;
    struct store *w = open_store(f, true), *r = open_store(f, false);

    put_alone(f, w, &bucket, S("1"));
    struct txn *t = begin(f, r, false);
    put_alone(f, w, &bucket, S("2"));
    assert_str_equal(doc_of(f, t, &bucket), S("2"));
    put_alone(f, w, &bucket, S("3"));
    assert_str_equal(doc_of(f, t, &bucket), S("2"));
    txn_rollback(t);
    t = begin(f, r, false); /* one that looks at nothing may end either way */
    MUST(f, txn_commit(t, &f->e));
    t = begin(f, r, false);
    txn_rollback(t);
    t = begin(f, r, false);
    assert_str_equal(doc_of(f, t, &bucket), S("3"));
    txn_rollback(t);
    store_close(r);
    store_close(w);
}

static void test_store_store__nothing_uncommitted_is_seen(void **state)
{
    struct fixture *f = *state;
    struct store *w = open_store(f, true), *r = open_store(f, false);
    struct txn *t = begin(f, w, true);

    MUST(f, txn_put(t, &bucket, S("1"), NULL, 0, &f->e));
    struct txn *look = begin(f, r, false);
    assert_false(str_is(doc_of(f, look, &bucket)));
    txn_rollback(look);
    txn_rollback(t);
    look = begin(f, r, false);
    assert_false(str_is(doc_of(f, look, &bucket)));
    txn_rollback(look);
    store_close(r);
    store_close(w);
}

static void test_store_store__savepoints_nest_and_undo(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, true);
    struct txn *t = begin(f, s, true);
    struct store_key key = {S("a"), S("r"), S("kms"), S("key"), S("k")};

    MUST(f, txn_put(t, &bucket, S("0"), NULL, 0, &f->e));
    MUST(f, txn_savepoint(t, &f->e));
    MUST(f, txn_put(t, &bucket, S("1"), NULL, 0, &f->e));
    MUST(f, txn_savepoint(t, &f->e));
    MUST(f, txn_put(t, &bucket, S("2"), NULL, 0, &f->e));
    MUST(f, txn_put(t, &key, S("k"), NULL, 0, &f->e));
    assert_true(txn_touched(t, S("s3")) && txn_touched(t, S("kms")));
    MUST(f, txn_undo(t, &f->e));
    assert_true(txn_touched(t, S("s3")) && !txn_touched(t, S("kms")) && !txn_touched(t, S("iam")));
    assert_str_equal(doc_of(f, t, &bucket), S("1"));
    MUST_OOPS(f, txn_commit(t, &f->e)); /* a savepoint is open: all of it is rolled back */

    t = begin(f, s, true);
    assert_false(txn_touched(t, S("s3")));
    assert_false(str_is(doc_of(f, t, &bucket)));
    for (int i = 0; i < 8; i++)
        MUST(f, txn_savepoint(t, &f->e));
    MUST_OOPS(f, txn_savepoint(t, &f->e));
    MUST(f, txn_put(t, &bucket, S("8"), NULL, 0, &f->e));
    for (int i = 0; i < 8; i++)
        MUST(f, txn_release(t, &f->e));
    MUST_OOPS(f, txn_release(t, &f->e));
    MUST_OOPS(f, txn_undo(t, &f->e));
    MUST(f, txn_commit(t, &f->e));
    t = begin(f, s, false);
    assert_str_equal(doc_of(f, t, &bucket), S("8"));
    txn_rollback(t);
    store_close(s);
}

static void test_store_store__misuse_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *none = NULL, *w, *r;
    struct txn *t, *second;
    struct store_record *rec;

    MUST_OOPS(f, store_open(f->dir, false, &none, &f->e)); /* a reader makes no database */
    MUST_OOPS(f, store_open("/nonexistent/folder", true, &none, &f->e));
    assert_null(none);
    w = open_store(f, true);
    r = open_store(f, false);
    MUST_OOPS(f, store_begin(r, true, &second, &f->e));
    t = begin(f, r, false);
    MUST_OOPS(f, txn_put(t, &bucket, S("x"), NULL, 0, &f->e));
    MUST_OOPS(f, txn_delete(t, &bucket, &f->e));
    MUST_OOPS(f, txn_savepoint(t, &f->e));
    MUST_OOPS(f, store_begin(r, false, &second, &f->e));
    MUST(f, txn_commit(t, &f->e));
    MUST_OOPS(f, txn_commit(t, &f->e));
    MUST_OOPS(f, txn_get(t, f->a, &bucket, &rec, &f->e));
    txn_rollback(t);
    store_close(r);
    store_close(w);
    store_close(NULL);
}

static void test_store_store__counters_count_and_roll_back(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, true);
    struct txn *t = begin(f, s, true);
    uint64_t v = 0;

    for (uint64_t i = 1; i <= 3; i++) {
        MUST(f, txn_next(t, S("eni"), &v, &f->e));
        assert_int_equal(v, i);
    }
    MUST(f, txn_next(t, S("vpc"), &v, &f->e));
    assert_int_equal(v, 1);
    MUST(f, txn_commit(t, &f->e));
    t = begin(f, s, true);
    MUST(f, txn_next(t, S("eni"), &v, &f->e));
    txn_rollback(t);
    t = begin(f, s, true);
    MUST(f, txn_next(t, S("eni"), &v, &f->e));
    assert_int_equal(v, 4);
    MUST(f, txn_commit(t, &f->e));
    store_close(s);
}

static void test_store_store__the_file_is_private_and_has_room_for_checksums(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, true);
    char path[128];
    struct stat st;

    put_alone(f, s, &bucket, S("{}"));
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"records.db", "records.db-wal", "records.db-shm"};
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
    store_close(s);
    snprintf(path, sizeof path, "%s/records.db", f->dir);
    str head = fixture_read(f, path);
    assert_int_equal(head.p[20], 8); /* reserved bytes a page, SQLite's file format 1.3.4 */
    assert_int_equal(head.p[18], 2); /* WAL */
}

static int number_of(sqlite3 *db, const char *pragma)
{
    sqlite3_stmt *st;

    assert_int_equal(sqlite3_prepare_v2(db, pragma, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int n = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return n;
}

/* No test of ours can cut the power, so at least the setting that survives it is looked at. */
static void test_store_store__commits_are_synced(void **state)
{
    struct fixture *f = *state;
    struct store *w = open_store(f, true), *r = open_store(f, false);

    assert_int_equal(number_of(w->db, "PRAGMA synchronous"), 2); /* FULL */
    assert_int_equal(number_of(w->db, "PRAGMA user_version"), 2);
    assert_int_equal(number_of(r->db, "PRAGMA cache_size"), -1024);
    assert_int_equal(number_of(r->db, "PRAGMA query_only"), 1);
    store_close(r);
    store_close(w);
}

static void test_store_store__a_newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, true), *none = NULL;
    char path[128];

    store_close(s);
    snprintf(path, sizeof path, "%s/records.db", f->dir);
    str file = fixture_read(f, path);
    ((char *)file.p)[60] = 0x7f; /* user_version, big-endian at 60 */
    fixture_write(path, file);
    MUST_OOPS(f, store_open(f->dir, true, &none, &f->e));
    assert_non_null(strstr(f->e.what, "newer"));
    MUST_OOPS(f, store_open(f->dir, false, &none, &f->e));
}

static void test_store_store__what_is_no_database_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *none = NULL;
    char path[128], junk[5000];

    memset(junk, 'x', sizeof junk);
    snprintf(path, sizeof path, "%s/records.db", f->dir);
    fixture_write(path, str_n(junk, sizeof junk));
    MUST_OOPS(f, store_open(f->dir, true, &none, &f->e));
    MUST_OOPS(f, store_open(f->dir, false, &none, &f->e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_store_store__versions_grow_by_one),
        fixture_test(test_store_store__any_bytes_are_kept),
        fixture_test(test_store_store__a_read_is_one_snapshot),
        fixture_test(test_store_store__a_snapshot_is_taken_by_the_first_look),
        fixture_test(test_store_store__nothing_uncommitted_is_seen),
        fixture_test(test_store_store__savepoints_nest_and_undo),
        fixture_test(test_store_store__misuse_is_refused),
        fixture_test(test_store_store__counters_count_and_roll_back),
        fixture_test(test_store_store__the_file_is_private_and_has_room_for_checksums),
        fixture_test(test_store_store__commits_are_synced),
        fixture_test(test_store_store__a_newer_schema_is_refused),
        fixture_test(test_store_store__what_is_no_database_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
