/* SPDX-License-Identifier: MIT */
/* Records inside a transaction: get, put, delete, and the three ordered walks. */
#include <string.h>

#include "store/db.h"

#define KEY_IS "account=?1 AND region=?2 AND service=?3 AND type=?4 AND id=?5"
#define SCAN "SELECT version, doc, id FROM records WHERE account=?1 AND region=?2 AND service=?3 AND type=?4 AND id>=?5"
#define FIND                                                                                                           \
    "SELECT r.version, r.doc, e.id, e.account, e.region FROM entries e CROSS JOIN records r ON r.record=e.record"      \
    " WHERE e.service=?1 AND e.type=?2 AND e.name=?3 AND e.value=?4"

/* Walks start at an inclusive lower bound: what comes after an id is that id with a zero byte added. */
static const char *const sql[STMT_COUNT] = {
    [STMT_GET] = "SELECT version, doc FROM records WHERE " KEY_IS,
    [STMT_FIND_OLD] = "SELECT record, entries FROM records WHERE " KEY_IS,
    [STMT_INSERT] = "INSERT INTO records (account, region, service, type, id, version, entries, doc)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)",
    [STMT_UPDATE] = "UPDATE records SET version=version+1, entries=?2, doc=?3 WHERE record=?1",
    [STMT_DELETE] = "DELETE FROM records WHERE record=?1",
    [STMT_ENTRY_INSERT] = "INSERT OR IGNORE INTO entries (service, type, name, value, account, region, id, record)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [STMT_ENTRY_DELETE] = "DELETE FROM entries WHERE service=?1 AND type=?2 AND name=?3 AND value=?4 AND account=?5"
                          " AND region=?6 AND id=?7",
    [STMT_SCAN] = SCAN " ORDER BY id",
    [STMT_SCAN_BELOW] = SCAN " AND id<?6 ORDER BY id",
    [STMT_SCAN_IDS] = "SELECT version, NULL, id FROM records WHERE account=?1 AND region=?2 AND service=?3 AND type=?4"
                      " AND id>=?5 AND id<?6 ORDER BY id",
    [STMT_SCAN_BACK] = SCAN " ORDER BY id DESC",
    [STMT_SCAN_BACK_BELOW] = SCAN " AND id<?6 ORDER BY id DESC",
    [STMT_SCAN_ACCOUNT] = "SELECT version, doc, id, account, region, service, type FROM records WHERE account=?1"
                          " AND (region, service, type, id) >= (?2, ?3, ?4, ?5) ORDER BY region, service, type, id",
    [STMT_FIND] = FIND " AND (e.account, e.region, e.id) >= (?5, ?6, ?7) ORDER BY e.account, e.region, e.id",
    [STMT_FIND_REGION] = FIND " AND (e.account, e.region, e.id) >= (?5, ?6, ?7) AND +e.region=?8"
                              " ORDER BY e.account, e.region, e.id",
    [STMT_FIND_ACCOUNT] = FIND " AND e.account=?5 AND (e.region, e.id) >= (?6, ?7) ORDER BY e.region, e.id",
    [STMT_FIND_ACCOUNT_REGION] = FIND " AND e.account=?5 AND e.region=?6 AND e.id>=?7 ORDER BY e.id",
    [STMT_HAS] = "SELECT 1 FROM entries WHERE service=?1 AND type=?2 AND name=?3 AND value=?4 LIMIT 1",
    [STMT_COUNT_TYPE] = "SELECT count(*) FROM records WHERE account=?1 AND region=?2 AND service=?3 AND type=?4",
    [STMT_COUNT_FOUND] = "SELECT count(*) FROM entries WHERE service=?1 AND type=?2 AND name=?3 AND value=?4"
                         " AND account=?5",
    [STMT_NEXT] = "INSERT INTO counters (name, value) VALUES (?1, 1)"
                  " ON CONFLICT DO UPDATE SET value=value+1 RETURNING value",
};

const char *records_sql(enum stmt which)
{
    return sql[which];
}

static void key_parts(const struct store_key *k, str parts[5])
{
    parts[0] = k->account;
    parts[1] = k->region;
    parts[2] = k->service;
    parts[3] = k->type;
    parts[4] = k->id;
}

static res bind_parts(struct store *s, sqlite3_stmt *st, const str *parts, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        TRY(db_bind(s, st, (int)i + 1, parts[i], e));
    return OK;
}

static str keep(struct arena *a, str s)
{
    return arena_dup(a, s.p ? s : S(""));
}

static struct store_key keep_key(struct arena *a, const struct store_key *k)
{
    return (struct store_key){.account = keep(a, k->account),
                              .region = keep(a, k->region),
                              .service = keep(a, k->service),
                              .type = keep(a, k->type),
                              .id = keep(a, k->id)};
}

/* Columns 0 and 1 of every reading statement. */
static void take_record(sqlite3_stmt *st, struct arena *a, struct store_record *r)
{
    r->version = (uint64_t)sqlite3_column_int64(st, 0);
    r->doc = keep(a, db_column(st, 1));
}

/* ---- one record ---- */

res txn_get(struct txn *t, struct arena *a, const struct store_key *k, struct store_record **out, struct err *e)
{
    str parts[5];
    sqlite3_stmt *st;
    bool row = false;

    *out = NULL;
    TRY(txn_may_read(t, e));
    TRY(db_stmt(t->s, STMT_GET, &st, e));
    key_parts(k, parts);
    res r = bind_parts(t->s, st, parts, 5, e);
    if (is_ok(r))
        r = db_step(t->s, st, &row, e);
    if (is_ok(r) && row) {
        *out = ARENA_NEW(a, struct store_record);
        (*out)->key = keep_key(a, k);
        take_record(st, a, *out);
    }
    db_end(st);
    return r;
}

res txn_has(struct txn *t, str service, str type, struct store_index ix, bool *has, struct err *e)
{
    str parts[4] = {service, type, ix.name, ix.value};
    sqlite3_stmt *st;

    *has = false;
    TRY(txn_may_read(t, e));
    TRY(db_stmt(t->s, STMT_HAS, &st, e));
    res r = bind_parts(t->s, st, parts, 4, e);
    if (is_ok(r))
        r = db_step(t->s, st, has, e);
    db_end(st);
    return r;
}

/* The row of a key, with its index entries copied into s->old; *row_id is 0 when there is none. */
static res find_old(struct store *s, const struct store_key *k, int64_t *row_id, struct err *e)
{
    str parts[5];
    sqlite3_stmt *st;
    bool row = false;

    *row_id = 0;
    buf_clear(&s->old);
    TRY(db_stmt(s, STMT_FIND_OLD, &st, e));
    key_parts(k, parts);
    res r = bind_parts(s, st, parts, 5, e);
    if (is_ok(r))
        r = db_step(s, st, &row, e);
    if (is_ok(r) && row) {
        *row_id = sqlite3_column_int64(st, 0);
        buf_add(&s->old, db_column(st, 1));
        if (s->old.full || *row_id <= 0)
            r = oops(e, 0, "a record's index entries are damaged");
    }
    db_end(st);
    return r;
}

void db_add_sized(struct buf *b, str s)
{
    uint32_t n = (uint32_t)s.n; /* far below 4 GiB: the buffer is smaller */

    buf_add_bytes(b, &n, sizeof n);
    buf_add(b, s);
}

static bool cut_sized(str *rest, str *out)
{
    uint32_t n;

    if (rest->n < sizeof n)
        return false;
    memcpy(&n, rest->p, sizeof n);
    if (n > rest->n - sizeof n)
        return false;
    *out = str_sub(*rest, sizeof n, n);
    *rest = str_from(*rest, sizeof n + n);
    return true;
}

static res delete_entries(struct store *s, const struct store_key *k, struct err *e)
{
    str rest = buf_str(&s->old), name, value;

    while (rest.n) {
        if (!cut_sized(&rest, &name) || !cut_sized(&rest, &value))
            return oops(e, 0, "a record's index entries are damaged");
        str parts[] = {k->service, k->type, name, value, k->account, k->region, k->id};
        TRY(db_run(s, STMT_ENTRY_DELETE, parts, 7, e));
    }
    return OK;
}

static res insert_entries(struct store *s, const struct store_key *k, int64_t row_id, const struct store_index *ix,
                          size_t n_ix, struct err *e)
{
    sqlite3_stmt *st;

    TRY(db_stmt(s, STMT_ENTRY_INSERT, &st, e));
    sqlite3_bind_int64(st, 8, row_id);
    for (size_t i = 0; i < n_ix; i++) {
        str parts[] = {k->service, k->type, ix[i].name, ix[i].value, k->account, k->region, k->id};
        TRY(db_run(s, STMT_ENTRY_INSERT, parts, 7, e));
    }
    return OK;
}

static res update_row(struct store *s, int64_t row_id, str doc, struct err *e)
{
    sqlite3_stmt *st;

    TRY(db_stmt(s, STMT_UPDATE, &st, e));
    sqlite3_bind_int64(st, 1, row_id);
    TRY(db_bind(s, st, 2, buf_str(&s->entries), e));
    TRY(db_bind(s, st, 3, doc, e));
    return db_run(s, STMT_UPDATE, NULL, 0, e);
}

static res put(struct store *s, const struct store_key *k, str doc, const struct store_index *ix, size_t n_ix,
               struct err *e)
{
    int64_t row_id;

    TRY(find_old(s, k, &row_id, e));
    if (row_id) {
        TRY(update_row(s, row_id, doc, e));
        if (str_eq(buf_str(&s->old), buf_str(&s->entries)))
            return OK; /* the usual case: a new document under the same names */
        TRY(delete_entries(s, k, e));
    } else {
        str parts[7] = {[5] = buf_str(&s->entries), [6] = doc};
        key_parts(k, parts);
        TRY(db_run(s, STMT_INSERT, parts, 7, e));
        row_id = sqlite3_last_insert_rowid(s->db);
    }
    return insert_entries(s, k, row_id, ix, n_ix, e);
}

res txn_put(struct txn *t, const struct store_key *k, str doc, const struct store_index *ix, size_t n_ix, struct err *e)
{
    struct store *s = t->s;

    TRY(txn_may_write(t, e));
    buf_clear(&s->entries);
    for (size_t i = 0; i < n_ix; i++) {
        db_add_sized(&s->entries, ix[i].name);
        db_add_sized(&s->entries, ix[i].value);
    }
    if (s->entries.full)
        return oops(e, 0, "a record has more than %d bytes of index entries", ENTRIES_MAX_BYTES);
    res r = put(s, k, doc, ix, n_ix, e);
    if (is_ok(r))
        txn_touch(t, k->service);
    else
        t->broken = true; /* perhaps half written: nobody may commit that */
    return r;
}

static res delete_row(struct store *s, const struct store_key *k, int64_t row_id, struct err *e)
{
    sqlite3_stmt *st;

    TRY(db_stmt(s, STMT_DELETE, &st, e));
    sqlite3_bind_int64(st, 1, row_id);
    TRY(db_run(s, STMT_DELETE, NULL, 0, e));
    return delete_entries(s, k, e);
}

res txn_delete(struct txn *t, const struct store_key *k, struct err *e)
{
    int64_t row_id;

    TRY(txn_may_write(t, e));
    res r = find_old(t->s, k, &row_id, e);
    if (is_ok(r) && row_id) {
        r = delete_row(t->s, k, row_id, e);
        txn_touch(t, k->service);
    }
    if (!is_ok(r))
        t->broken = true;
    return r;
}

res txn_next(struct txn *t, str counter, uint64_t *out, struct err *e)
{
    sqlite3_stmt *st;
    bool row = false;

    TRY(txn_may_write(t, e));
    TRY(db_stmt(t->s, STMT_NEXT, &st, e));
    res r = db_bind(t->s, st, 1, counter, e);
    if (is_ok(r))
        r = db_step(t->s, st, &row, e);
    if (is_ok(r) && !row)
        r = oops(e, 0, "a counter gave no value");
    if (is_ok(r)) {
        *out = (uint64_t)sqlite3_column_int64(st, 0);
        r = db_step(t->s, st, &row, e); /* RETURNING: the statement is done only when it says so */
    }
    db_end(st);
    if (!is_ok(r))
        t->broken = true;
    return r;
}

/* ---- walks ---- */

static struct store_record *page_room(struct arena *a, struct store_page *p, size_t *cap)
{
    if (p->n == *cap) {
        struct store_record *items = ARENA_ARRAY(a, struct store_record, *cap ? *cap * 2 : 8);
        if (p->n)
            memcpy(items, p->items, p->n * sizeof *items);
        p->items = items;
        *cap = *cap ? *cap * 2 : 8;
    }
    return &p->items[p->n++];
}

/* Columns from 2 on: id, account, region, service, type, as far as the statement has them; the rest is `same`. */
static void take_key(sqlite3_stmt *st, struct arena *a, const struct store_key *same, struct store_key *k)
{
    int n = sqlite3_column_count(st);

    *k = *same;
    k->id = keep(a, db_column(st, 2));
    if (n > 3) {
        k->account = keep(a, db_column(st, 3));
        k->region = keep(a, db_column(st, 4));
    }
    if (n > 5) {
        k->service = keep(a, db_column(st, 5));
        k->type = keep(a, db_column(st, 6));
    }
}

/* Runs a bound walk. `same` holds the key parts that every record shares, in the caller's memory. */
static res walk(struct store *s, sqlite3_stmt *st, struct arena *a, const struct store_key *same, size_t limit,
                struct store_page *out, struct err *e)
{
    struct store_key kept = keep_key(a, same);
    size_t cap = 0;
    bool row = false;

    for (;;) {
        TRY(db_step(s, st, &row, e));
        if (!row)
            return OK;
        if (out->n == limit) {
            out->more = true;
            return OK;
        }
        struct store_record *r = page_room(a, out, &cap);
        take_record(st, a, r);
        take_key(st, a, &kept, &r->key);
    }
}

static res bound_and_walk(struct txn *t, enum stmt which, const str *parts, size_t n_parts, struct arena *a,
                          const struct store_key *same, size_t limit, struct store_page *out, struct err *e)
{
    sqlite3_stmt *st;

    if (t->s->low.full || t->s->high.full)
        return oops(e, 0, "a bound of a walk is longer than %d bytes", BOUND_MAX_BYTES);
    TRY(db_stmt(t->s, which, &st, e));
    res r = bind_parts(t->s, st, parts, n_parts, e);
    if (is_ok(r))
        r = walk(t->s, st, a, same, limit, out, e);
    db_end(st);
    if (!is_ok(r))
        *out = (struct store_page){0};
    return r;
}

/* The smallest string greater than `s`. */
static str just_after(struct buf *b, str s)
{
    buf_add(b, s);
    buf_add_char(b, '\0');
    return buf_str(b);
}

/* The smallest string greater than all that start with `prefix`; absent when there is none (empty or all 0xff). */
static str past_prefix(struct buf *b, str prefix)
{
    while (prefix.n && (unsigned char)prefix.p[prefix.n - 1] == 0xff)
        prefix.n--;
    if (!prefix.n)
        return STR_ABSENT;
    buf_add(b, prefix);
    if (b->n)
        b->p[b->n - 1]++;
    return buf_str(b);
}

static res begin_walk(struct txn *t, struct store_page *out, struct err *e)
{
    *out = (struct store_page){0};
    buf_clear(&t->s->low);
    buf_clear(&t->s->high);
    return txn_may_read(t, e);
}

res txn_scan(struct txn *t, struct arena *a, const struct store_key *k, str id_prefix, str after, size_t limit,
             struct store_page *out, struct err *e)
{
    str parts[6], low = id_prefix;

    TRY(begin_walk(t, out, e));
    if (str_is(after) && str_cmp(after, id_prefix) >= 0)
        low = just_after(&t->s->low, after);
    key_parts(k, parts);
    parts[4] = low;
    parts[5] = past_prefix(&t->s->high, id_prefix);
    bool bounded = str_is(parts[5]);
    return bound_and_walk(t, bounded ? STMT_SCAN_BELOW : STMT_SCAN, parts, bounded ? 6 : 5, a, k, limit, out, e);
}

res txn_scan_ids(struct txn *t, struct arena *a, const struct store_key *k, str id_prefix, str after, size_t limit,
                 struct store_page *out, struct err *e)
{
    str parts[6];

    TRY(begin_walk(t, out, e));
    key_parts(k, parts);
    parts[4] = str_is(after) && str_cmp(after, id_prefix) >= 0 ? just_after(&t->s->low, after) : id_prefix;
    parts[5] = past_prefix(&t->s->high, id_prefix);
    if (!str_is(parts[5]))
        return oops(e, 0, "a walk over ids needs a prefix");
    return bound_and_walk(t, STMT_SCAN_IDS, parts, 6, a, k, limit, out, e);
}

res txn_scan_back(struct txn *t, struct arena *a, const struct store_key *k, str id_prefix, str before, size_t limit,
                  struct store_page *out, struct err *e)
{
    str parts[6];

    TRY(begin_walk(t, out, e));
    key_parts(k, parts);
    parts[4] = id_prefix;
    parts[5] = past_prefix(&t->s->high, id_prefix);
    if (str_is(before) && (!str_is(parts[5]) || str_cmp(before, parts[5]) < 0))
        parts[5] = before;
    bool bounded = str_is(parts[5]);
    return bound_and_walk(t, bounded ? STMT_SCAN_BACK_BELOW : STMT_SCAN_BACK, parts, bounded ? 6 : 5, a, k, limit, out,
                          e);
}

/* Where a find begins in (account, region, id), given what it goes on after and what its key fixes.
 * False when everything asked for lies before `after`. */
static bool find_from(struct store *s, const struct store_key *k, const struct store_key *after, str from[3])
{
    from[0] = k->account;
    from[1] = str_is(k->account) ? k->region : STR_ABSENT;
    from[2] = STR_ABSENT;
    if (!after)
        return true;
    int by_account = str_is(k->account) ? str_cmp(after->account, k->account) : 0;
    int by_region = str_is(k->account) && str_is(k->region) && by_account == 0 ? str_cmp(after->region, k->region) : 0;
    if (by_account > 0 || by_region > 0)
        return false;
    if (by_account == 0 && by_region == 0) {
        from[0] = after->account;
        from[1] = after->region;
        from[2] = just_after(&s->low, after->id);
    }
    return true;
}

res txn_find(struct txn *t, struct arena *a, const struct store_key *k, struct store_index ix,
             const struct store_key *after, size_t limit, struct store_page *out, struct err *e)
{
    static const enum stmt which[2][2] = {{STMT_FIND, STMT_FIND_REGION}, {STMT_FIND_ACCOUNT, STMT_FIND_ACCOUNT_REGION}};
    bool account = str_is(k->account), region = str_is(k->region);
    str from[3];

    TRY(begin_walk(t, out, e));
    if (!find_from(t->s, k, after, from))
        return OK;
    str parts[8] = {k->service, k->type, ix.name, ix.value, from[0], from[1], from[2], k->region};
    return bound_and_walk(t, which[account][region], parts, region && !account ? 8 : 7, a, k, limit, out, e);
}

res txn_scan_account(struct txn *t, struct arena *a, str account, const struct store_key *after, size_t limit,
                     struct store_page *out, struct err *e)
{
    struct store_key same = {.account = account};
    str parts[5] = {account};

    TRY(begin_walk(t, out, e));
    if (after && str_cmp(after->account, account) > 0)
        return OK;
    if (after && str_eq(after->account, account)) {
        parts[1] = after->region;
        parts[2] = after->service;
        parts[3] = after->type;
        parts[4] = just_after(&t->s->low, after->id);
    }
    return bound_and_walk(t, STMT_SCAN_ACCOUNT, parts, 5, a, &same, limit, out, e);
}
