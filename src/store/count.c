/* SPDX-License-Identifier: MIT */
/* Counting records without reading their documents. */
#include "store/db.h"

static res count(struct txn *t, enum stmt which, const str *parts, size_t n, uint64_t *out, struct err *e)
{
    sqlite3_stmt *st;
    bool row = false;
    res r = OK;

    *out = 0;
    TRY(txn_may_read(t, e));
    TRY(db_stmt(t->s, which, &st, e));
    for (size_t i = 0; is_ok(r) && i < n; i++)
        r = db_bind(t->s, st, (int)i + 1, parts[i], e);
    if (is_ok(r))
        r = db_step(t->s, st, &row, e);
    if (is_ok(r) && row)
        *out = (uint64_t)sqlite3_column_int64(st, 0);
    db_end(st);
    return r;
}

res txn_count(struct txn *t, const struct store_key *k, uint64_t *out, struct err *e)
{
    const str parts[] = {k->account, k->region, k->service, k->type};

    return count(t, STMT_COUNT_TYPE, parts, 4, out, e);
}

res txn_count_found(struct txn *t, const struct store_key *k, struct store_index ix, uint64_t *out, struct err *e)
{
    const str parts[] = {k->service, k->type, ix.name, ix.value, k->account};

    return count(t, STMT_COUNT_FOUND, parts, 5, out, e);
}
