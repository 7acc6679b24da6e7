/* SPDX-License-Identifier: MIT */
/* Connections and transactions over SQLite. What is in a transaction is records.c's business. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/db.h"

enum { BUSY_MS = 5000, RECORD_MAX_BYTES = 32 * 1024 * 1024, STATEMENTS_MAX_BYTES = 64 * 1024 };

res db_oops(sqlite3 *db, struct err *e, const char *doing)
{
    int sys = db ? sqlite3_system_errno(db) : 0;

    return oops(e, sys, "%s: %s (SQLite code %d)", doing, db ? sqlite3_errmsg(db) : "out of memory",
                db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM);
}

/* ---- statements ---- */

static const char *const plain_sql[STMT_GET] = {
    [STMT_BEGIN_READ] = "BEGIN",  [STMT_BEGIN_WRITE] = "BEGIN IMMEDIATE", [STMT_COMMIT] = "COMMIT",
    [STMT_ROLLBACK] = "ROLLBACK", [STMT_SAVEPOINT] = "SAVEPOINT s", /* names nest: the newest s is meant */
    [STMT_RELEASE] = "RELEASE s", [STMT_UNDO] = "ROLLBACK TO s",
};

res db_stmt(struct store *s, enum stmt which, sqlite3_stmt **out, struct err *e)
{
    if (!s->stmts[which]) {
        const char *sql = which < STMT_GET ? plain_sql[which] : records_sql(which);
        if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmts[which], NULL) != SQLITE_OK)
            return db_oops(s->db, e, "preparing a statement");
    }
    *out = s->stmts[which];
    return OK;
}

res db_bind(struct store *s, sqlite3_stmt *st, int at, str bytes, struct err *e)
{
    /* SQLite takes a NULL pointer for NULL, and an absent part of a key is an empty one here */
    if (sqlite3_bind_blob64(st, at, bytes.p ? bytes.p : "", bytes.n, SQLITE_STATIC) != SQLITE_OK)
        return db_oops(s->db, e, "binding a value");
    return OK;
}

res db_step(struct store *s, sqlite3_stmt *st, bool *row, struct err *e)
{
    if (s->fail_in && !sqlite3_stmt_busy(st) && --s->fail_in == 0)
        return oops(e, EIO, "an injected fault in the store");
    int rc = sqlite3_step(st);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return db_oops(s->db, e, "running a statement");
    *row = rc == SQLITE_ROW;
    return OK;
}

void db_end(sqlite3_stmt *st)
{
    sqlite3_reset(st); /* repeats the step's result, which was already seen */
}

res db_run(struct store *s, enum stmt which, const str *parts, size_t n, struct err *e)
{
    sqlite3_stmt *st;
    bool row;
    res r = OK;

    TRY(db_stmt(s, which, &st, e));
    for (size_t i = 0; is_ok(r) && i < n; i++)
        r = db_bind(s, st, (int)i + 1, parts[i], e);
    if (is_ok(r))
        r = db_step(s, st, &row, e);
    db_end(st);
    return r;
}

str db_column(sqlite3_stmt *st, int at)
{
    const char *p = sqlite3_column_blob(st, at); /* before _bytes, as SQLite's manual asks */
    int n = sqlite3_column_bytes(st, at);

    return n > 0 && p ? str_n(p, (size_t)n) : S("");
}

void store_fail_after(struct store *s, int64_t n_calls)
{
    s->fail_in = n_calls;
}

/* ---- opening ---- */

/* The file is made here and not by SQLite, so that it is nobody else's to read from its first moment. */
static res make_file(const char *dir, const char *path, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return oops(e, errno, "creating %s", path);
    close(fd);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return oops(e, errno, "opening %s", dir);
    int rc = fsync(fd), sys = errno;
    close(fd);
    return rc == 0 ? OK : oops(e, sys, "syncing %s", dir);
}

/* Idle memory counts: small caches, the file's hot pages mapped and so shared with the page cache. */
static res configure(struct store *s, struct err *e)
{
    static const char common[] = "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1000;"
                                 "PRAGMA journal_size_limit=16777216; PRAGMA mmap_size=8388608;"
                                 "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;";
    static const char writer[] = "PRAGMA journal_mode=WAL; PRAGMA cache_size=-2048;";
    static const char reader[] = "PRAGMA cache_size=-1024; PRAGMA query_only=ON;";
    int reserve = 8;

    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, RECORD_MAX_BYTES);
    sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* room in each page for a checksum to come; only takes effect while the file is empty */
    sqlite3_file_control(s->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
    if (sqlite3_exec(s->db, s->may_write ? writer : reader, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(s->db, common, NULL, NULL, NULL) != SQLITE_OK)
        return db_oops(s->db, e, "configuring records.db");
    return schema_prepare(s->db, s->may_write, e);
}

static int as_named(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    return snprintf(out, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* SQLite's own file system makes a path absolute and looks at each folder on the way, which a role may not do: front
 * stands in the state folder and need not be able to walk to it. Links are refused by O_NOFOLLOW at opening. */
static const char *plain_vfs(void)
{
    static const char name[] = "barmkin";

    if (sqlite3_vfs_find(name))
        return name;
    sqlite3_vfs *vfs = sqlite3_malloc(sizeof *vfs); /* registered for the process's life */
    const sqlite3_vfs *own = sqlite3_vfs_find(NULL);
    if (!vfs || !own)
        return NULL;
    *vfs = *own;
    vfs->zName = name;
    vfs->xFullPathname = as_named;
    sqlite3_vfs_register(vfs, 0);
    return name;
}

static res open_db(struct store *s, const char *dir, struct err *e)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/records.db", dir) >= (int)sizeof path)
        return oops(e, ENAMETOOLONG, "opening the records in %.64s...", dir);
    if (s->may_write)
        TRY(make_file(dir, path, e));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &s->db, flags, plain_vfs()) != SQLITE_OK)
        return db_oops(s->db, e, "opening records.db");
    return configure(s, e);
}

res store_open(const char *dir, bool may_write, struct store **out, struct err *e)
{
    struct arena *mem = arena_new(sizeof(struct store) + 1024);
    struct store *s = ARENA_NEW(mem, struct store);

    s->mem = mem;
    s->names = arena_new(STATEMENTS_MAX_BYTES);
    s->may_write = may_write;
    s->txn.s = s;
    buf_init(&s->low, BOUND_MAX_BYTES);
    buf_init(&s->high, BOUND_MAX_BYTES);
    buf_init(&s->entries, ENTRIES_MAX_BYTES);
    buf_init(&s->old, ENTRIES_MAX_BYTES);
    res r = open_db(s, dir, e);
    if (!is_ok(r)) {
        store_close(s);
        return r;
    }
    *out = s;
    return OK;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < STMT_COUNT; i++)
        sqlite3_finalize(s->stmts[i]);
    sqlite3_close(s->db); /* rolls back what is open; the last one checkpoints */
    buf_done(&s->low);
    buf_done(&s->high);
    buf_done(&s->entries);
    buf_done(&s->old);
    arena_free(s->names);
    arena_free(s->mem);
}

/* ---- transactions ---- */

res store_begin(struct store *s, bool write, struct txn **out, struct err *e)
{
    struct txn *t = &s->txn;

    if (t->open)
        return oops(e, 0, "this store has a transaction already");
    if (write && !s->may_write)
        return oops(e, 0, "this store was opened for reading");
    if (write)
        TRY(db_run(s, STMT_BEGIN_WRITE, NULL, 0, e));
    arena_reset(s->names);
    *t = (struct txn){.s = s, .open = true, .write = write, .waits = !write};
    *out = t;
    return OK;
}

static void roll_back(struct txn *t)
{
    sqlite3_stmt *st;

    /* Every read ends here: the statement is prepared once. SQLite rolls back by itself on some errors (disk full,
     * I/O); autocommit tells. */
    if (!sqlite3_get_autocommit(t->s->db) && is_ok(db_stmt(t->s, STMT_ROLLBACK, &st, NULL))) {
        sqlite3_step(st);
        sqlite3_reset(st);
    }
    if (!sqlite3_get_autocommit(t->s->db))
        sqlite3_exec(t->s->db, "ROLLBACK", NULL, NULL, NULL);
    t->open = false;
}

res txn_commit(struct txn *t, struct err *e)
{
    res r = OK;

    if (!t->open)
        return oops(e, 0, "committing a transaction that has ended");
    if (t->broken)
        r = oops(e, 0, "committing a transaction in which a write failed");
    else if (sqlite3_get_autocommit(t->s->db) && !t->waits)
        r = oops(e, 0, "the database has rolled this transaction back");
    else if (t->depth)
        r = oops(e, 0, "committing with %zu savepoints open", t->depth);
    else if (!t->waits)
        r = db_run(t->s, STMT_COMMIT, NULL, 0, e);
    if (!is_ok(r)) {
        roll_back(t);
        return r;
    }
    t->open = false;
    return OK;
}

void txn_rollback(struct txn *t)
{
    if (t && t->open)
        roll_back(t);
}

/* Many a request is answered from what its thread has kept: it needs no snapshot, and begins none. */
res txn_may_read(struct txn *t, struct err *e)
{
    if (!t->open)
        return oops(e, 0, "this transaction has ended");
    if (t->write && sqlite3_get_autocommit(t->s->db))
        return oops(e, 0, "the database has rolled this transaction back");
    if (t->waits)
        TRY(db_run(t->s, STMT_BEGIN_READ, NULL, 0, e));
    t->waits = false;
    return OK;
}

static res must_write(struct txn *t, struct err *e)
{
    if (!t->open || !t->write)
        return oops(e, 0, "this is no open write transaction");
    if (sqlite3_get_autocommit(t->s->db))
        return oops(e, 0, "the database has rolled this transaction back");
    return OK;
}

res txn_may_write(struct txn *t, struct err *e)
{
    TRY(must_write(t, e));
    return t->broken ? oops(e, 0, "a write of this transaction failed; it must be undone first") : OK;
}

res txn_savepoint(struct txn *t, struct err *e)
{
    TRY(txn_may_write(t, e));
    if (t->depth == SAVEPOINTS_MAX)
        return oops(e, 0, "more than %d savepoints", SAVEPOINTS_MAX);
    TRY(db_run(t->s, STMT_SAVEPOINT, NULL, 0, e));
    t->touched_at[t->depth++] = t->n_touched;
    return OK;
}

res txn_release(struct txn *t, struct err *e)
{
    TRY(txn_may_write(t, e));
    if (!t->depth)
        return oops(e, 0, "no savepoint to release");
    TRY(db_run(t->s, STMT_RELEASE, NULL, 0, e));
    t->depth--;
    return OK;
}

res txn_undo(struct txn *t, struct err *e)
{
    TRY(must_write(t, e));
    if (!t->depth)
        return oops(e, 0, "no savepoint to go back to");
    t->broken = true; /* until both steps have worked */
    TRY(db_run(t->s, STMT_UNDO, NULL, 0, e));
    TRY(db_run(t->s, STMT_RELEASE, NULL, 0, e));
    t->n_touched = t->touched_at[--t->depth];
    t->broken = false;
    return OK;
}

void txn_touch(struct txn *t, str service)
{
    if (txn_touched(t, service))
        return;
    if (t->n_touched == TOUCHED_MAX || service.n > STATEMENTS_MAX_BYTES / TOUCHED_MAX / 4)
        t->touched_all = true; /* too many to remember: saying yes too often only costs a cache */
    else
        t->touched[t->n_touched++] = arena_dup(t->s->names, service.p ? service : S(""));
}

bool txn_touched_any(const struct txn *t)
{
    return t->touched_all || t->n_touched;
}

bool txn_touched(const struct txn *t, str service)
{
    if (t->touched_all)
        return true;
    for (size_t i = 0; i < t->n_touched; i++)
        if (str_eq(t->touched[i], service))
            return true;
    return false;
}
