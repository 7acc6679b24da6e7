/* SPDX-License-Identifier: MIT */
/* Inside of the SQLite store: what store.c, records.c and schema.c share. Nobody outside this folder includes it. */
#ifndef BARMKIN_STORE_DB_H
#define BARMKIN_STORE_DB_H
#include <sqlite3.h>

#include "base/buf.h"
#include "store/store.h"

/* Statements are prepared when first used and kept as long as the connection. */
enum stmt {
    STMT_BEGIN_READ,
    STMT_BEGIN_WRITE,
    STMT_COMMIT,
    STMT_ROLLBACK,
    STMT_SAVEPOINT,
    STMT_RELEASE,
    STMT_UNDO,
    STMT_GET,
    STMT_FIND_OLD,
    STMT_INSERT,
    STMT_UPDATE,
    STMT_DELETE,
    STMT_ENTRY_INSERT,
    STMT_ENTRY_DELETE,
    STMT_SCAN,
    STMT_SCAN_BELOW,
    STMT_SCAN_IDS,
    STMT_SCAN_BACK,
    STMT_SCAN_BACK_BELOW,
    STMT_SCAN_ACCOUNT,
    STMT_FIND,
    STMT_FIND_ACCOUNT,
    STMT_FIND_REGION,
    STMT_FIND_ACCOUNT_REGION,
    STMT_HAS,
    STMT_NEXT,
    STMT_COUNT_TYPE,
    STMT_COUNT_FOUND,
    STMT_COUNT
};

enum { SAVEPOINTS_MAX = 8, TOUCHED_MAX = 64, BOUND_MAX_BYTES = 64 * 1024, ENTRIES_MAX_BYTES = 1024 * 1024 };

struct txn {
    struct store *s;
    bool open, write;
    bool waits;  /* a read whose BEGIN comes with its first statement: SQLite takes the snapshot no sooner anyway */
    bool broken; /* a write failed half way: only an undo or the rollback may follow */
    bool touched_all;
    size_t depth, n_touched;
    size_t touched_at[SAVEPOINTS_MAX]; /* n_touched when the savepoint was set */
    str touched[TOUCHED_MAX];          /* services written to, in s->names */
};

struct store {
    struct arena *mem;   /* holds this struct */
    struct arena *names; /* the transaction's touched services */
    sqlite3 *db;
    sqlite3_stmt *stmts[STMT_COUNT];
    bool may_write;
    int64_t fail_in; /* tests: statements until one fails; 0 is never */
    struct txn txn;
    struct buf low, high; /* bounds of a scan */
    struct buf entries;   /* a record's index entries, encoded */
    struct buf old;       /* the same as they were before a put */
};

/* Brings an opened database to the newest schema (may_write) or checks that it has it. */
res schema_prepare(sqlite3 *db, bool may_write, struct err *e);

void db_add_sized(struct buf *b, str s);                    /* as names and values stand in records.entries */
res db_oops(sqlite3 *db, struct err *e, const char *doing); /* with SQLite's own words and the errno beneath */
/* The statement, ready to be bound. */
res db_stmt(struct store *s, enum stmt which, sqlite3_stmt **out, struct err *e);
res db_bind(struct store *s, sqlite3_stmt *st, int at, str bytes, struct err *e); /* must live until db_end */
/* One step; *row says whether there is one. The first step of an execution is where an injected fault strikes. */
res db_step(struct store *s, sqlite3_stmt *st, bool *row, struct err *e);
void db_end(sqlite3_stmt *st);
/* Binds `n` parts from 1 on, runs a statement that answers no rows, and ends it. */
res db_run(struct store *s, enum stmt which, const str *parts, size_t n, struct err *e);
const char *records_sql(enum stmt which);
res txn_may_read(struct txn *t, struct err *e);  /* open; begins what waits */
res txn_may_write(struct txn *t, struct err *e); /* open, for writing, and nothing failed in it */
void txn_touch(struct txn *t, str service);
str db_column(sqlite3_stmt *st, int at); /* valid until the next step; never absent */

#endif
