/* SPDX-License-Identifier: MIT */
/* The database's schema and how older ones become it. A migration, once released, is never edited: add the next. */
#include "store/db.h"

#include <stdio.h>

/* records is a rowid table: a 1 KB row in a WITHOUT ROWID table spills into overflow pages and reads 4-6 times slower
 * (measured). entries has no long column, so it is its own index. All text is BLOB: bytewise order, NUL is a byte. */
static const char *const migrations[] = {
    /* 1: records by key, their secondary index entries, counters */
    "CREATE TABLE records ("
    "  record INTEGER PRIMARY KEY,"
    "  account BLOB NOT NULL, region BLOB NOT NULL, service BLOB NOT NULL, type BLOB NOT NULL, id BLOB NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  entries BLOB NOT NULL," /* this record's index entries, so that a put knows which to remove */
    "  doc BLOB NOT NULL);"
    "CREATE UNIQUE INDEX records_by_key ON records (account, region, service, type, id);"
    "CREATE TABLE entries ("
    "  service BLOB NOT NULL, type BLOB NOT NULL, name BLOB NOT NULL, value BLOB NOT NULL,"
    "  account BLOB NOT NULL, region BLOB NOT NULL, id BLOB NOT NULL,"
    "  record INTEGER NOT NULL,"
    "  PRIMARY KEY (service, type, name, value, account, region, id)) WITHOUT ROWID;"
    "CREATE TABLE counters (name BLOB PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA application_id = 1112689486;", /* "BRKN" */

    /* 2: the names of IAM's things are unique without regard to case: each record's NameKey, and its index entry "name"
     */
    "CREATE TEMP VIEW nameless AS SELECT record, service, type, account, region, id, doc, entries,"
    "  lower(coalesce(json_extract(doc, '$.UserName'), json_extract(doc, '$.RoleName'), json_extract(doc, "
    "'$.GroupName'),"
    "                 json_extract(doc, '$.PolicyName'), json_extract(doc, '$.InstanceProfileName'))) AS key"
    "  FROM (SELECT record, service, type, account, region, id, CAST(doc AS TEXT) AS doc, entries FROM records"
    "        WHERE service = CAST('iam' AS BLOB)"
    "        AND CAST(type AS TEXT) IN ('user', 'role', 'group', 'managed', 'instance-profile'))"
    "  WHERE json_extract(doc, '$.NameKey') IS NULL;"
    "INSERT OR IGNORE INTO entries (service, type, name, value, account, region, id, record)"
    "  SELECT service, type, CAST('name' AS BLOB), CAST(key AS BLOB), account, region, id, record FROM nameless"
    "  WHERE key IS NOT NULL;"
    "UPDATE records SET (doc, entries) ="
    "  (SELECT CAST(json_set(n.doc, '$.NameKey', key) AS BLOB), with_entry(n.entries, 'name', key) FROM nameless n"
    "   WHERE n.record = records.record)"
    "  WHERE record IN (SELECT record FROM nameless WHERE key IS NOT NULL);"
    "DROP VIEW nameless;",
};
enum { SCHEMA_VERSION = sizeof migrations / sizeof migrations[0] };

static res run(sqlite3 *db, const char *sql, struct err *e)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? OK : db_oops(db, e, "preparing the records' schema");
}

static int keep_number(void *out, int n, char **values, char **names)
{
    int64_t v;

    (void)names;
    if (n == 1 && str_to_i64(str_z(values[0]), &v) && v >= 0 && v <= INT32_MAX)
        *(int *)out = (int)v;
    return 0;
}

static res version_of(sqlite3 *db, int *version, struct err *e)
{
    *version = -1;
    if (sqlite3_exec(db, "PRAGMA user_version", keep_number, version, NULL) != SQLITE_OK)
        return db_oops(db, e, "reading the records' schema version");
    if (*version < 0)
        return oops(e, 0, "the records' schema version is not a number");
    if (*version > SCHEMA_VERSION)
        return oops(e, 0, "records.db has schema %d, made by a newer Barmkin; this one knows %d", *version,
                    SCHEMA_VERSION);
    return OK;
}

/* with_entry(ENTRIES, NAME, VALUE): a record's own copy of its index entries, with one more. */
static void with_entry(sqlite3_context *out, int n, sqlite3_value **v)
{
    struct buf b;

    (void)n;
    buf_init(&b, ENTRIES_MAX_BYTES);
    for (int i = 0; i < 3; i++) {
        const void *bytes = sqlite3_value_blob(v[i]); /* before its length is asked for */
        str part = str_n(bytes ? bytes : "", (size_t)sqlite3_value_bytes(v[i]));
        if (i == 0)
            buf_add(&b, part);
        else
            db_add_sized(&b, part);
    }
    if (b.full)
        sqlite3_result_error_toobig(out);
    else
        sqlite3_result_blob(out, b.p, (int)b.n, SQLITE_TRANSIENT);
    buf_done(&b);
}

static res migrate(sqlite3 *db, struct err *e)
{
    int version;
    char set[64];

    TRY(version_of(db, &version, e)); /* again, now that nobody else can be migrating */
    for (; version < SCHEMA_VERSION; version++) {
        TRY(run(db, migrations[version], e));
        snprintf(set, sizeof set, "PRAGMA user_version = %d", version + 1);
        TRY(run(db, set, e));
    }
    return run(db, "COMMIT", e);
}

res schema_prepare(sqlite3 *db, bool may_write, struct err *e)
{
    int version;

    TRY(version_of(db, &version, e));
    if (version == SCHEMA_VERSION)
        return OK;
    if (!may_write)
        return oops(e, 0, "records.db has schema %d and must be migrated to %d by its writer first", version,
                    SCHEMA_VERSION);
    if (sqlite3_create_function(db, "with_entry", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, with_entry, NULL,
                                NULL) != SQLITE_OK)
        return db_oops(db, e, "preparing the records' migration");
    TRY(run(db, "BEGIN IMMEDIATE", e));
    res r = migrate(db, e);
    if (!is_ok(r))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}
