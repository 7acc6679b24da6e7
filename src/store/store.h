/* SPDX-License-Identifier: MIT */
/* Records: small documents in an ordered, transactional store. SQLite today; an interface so that PostgreSQL can
 * follow. */
#ifndef BARMKIN_STORE_STORE_H
#define BARMKIN_STORE_STORE_H
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct store; /* one connection to the database file; used by one thread at a time */
struct txn;

/* Where a record stands. Order is bytewise over (account, region, service, type, id). Empty parts are allowed. */
struct store_key {
    str account, region, service, type, id;
};

/* One entry of a declared secondary index: within (service, type), `name`=`value` leads to the record. Not unique. */
struct store_index {
    str name, value;
};

struct store_record {
    struct store_key key; /* copied into the arena */
    str doc;              /* copied into the arena */
    uint64_t version;     /* grows by one at each put; 1 when new */
};

struct store_page {
    struct store_record *items;
    size_t n;
    bool more; /* go on after items[n - 1] */
};

/* Opens (and where asked creates and migrates) DIR/records.db: WAL, synchronous=FULL. Any number of stores may read;
 * only one thread of one process may write. */
res store_open(const char *dir, bool may_write, struct store **out, struct err *e);
void store_close(struct store *s); /* NULL is fine */

/* A read transaction is one snapshot. A write transaction is BEGIN IMMEDIATE. Exactly one of commit and rollback ends
 * it; a txn belongs to its store and is not freed by the caller. After a failed commit the transaction is rolled back.
 */
res store_begin(struct store *s, bool write, struct txn **out, struct err *e);
res txn_commit(struct txn *t, struct err *e);
void txn_rollback(struct txn *t);

/* Savepoints inside a write transaction, nested at most 8 deep. */
res txn_savepoint(struct txn *t, struct err *e);
res txn_release(struct txn *t, struct err *e);
res txn_undo(struct txn *t, struct err *e); /* back to the newest savepoint, which is gone then */

/* *out is NULL when there is no such record. */
res txn_get(struct txn *t, struct arena *a, const struct store_key *k, struct store_record **out, struct err *e);
/* Inserts or replaces the document and all its index entries. */
res txn_put(struct txn *t, const struct store_key *k, str doc, const struct store_index *ix, size_t n_ix,
            struct err *e);
/* Deleting what is not there is fine. */
res txn_delete(struct txn *t, const struct store_key *k, struct err *e);
/* Records with the given account, region, service and type whose id starts with `id_prefix` and is > `after` (absent:
 * from the beginning), in order of id, at most `limit`. */
res txn_scan(struct txn *t, struct arena *a, const struct store_key *k, str id_prefix, str after, size_t limit,
             struct store_page *out, struct err *e);
/* The same, but without the documents (doc is absent): for deleting many. id_prefix must not be empty. */
res txn_scan_ids(struct txn *t, struct arena *a, const struct store_key *k, str id_prefix, str after, size_t limit,
                 struct store_page *out, struct err *e);
/* The same backwards: ids that start with `id_prefix` and are < `before` (absent: from the end), the last one first. */
res txn_scan_back(struct txn *t, struct arena *a, const struct store_key *k, str id_prefix, str before, size_t limit,
                  struct store_page *out, struct err *e);
/* By a secondary index, over all accounts and regions unless k->account / k->region is present. Ordered by key.
 * `after` is the record to go on after, or NULL. */
res txn_find(struct txn *t, struct arena *a, const struct store_key *k, struct store_index ix,
             const struct store_key *after, size_t limit, struct store_page *out, struct err *e);
/* Is there a record of this service and type with this index entry, in any account? Reads no document. */
res txn_has(struct txn *t, str service, str type, struct store_index ix, bool *has, struct err *e);
/* How many records of an account, region, service and type there are; how many of an account have an index entry. */
res txn_count(struct txn *t, const struct store_key *k, uint64_t *out, struct err *e);
res txn_count_found(struct txn *t, const struct store_key *k, struct store_index ix, uint64_t *out, struct err *e);
/* All records of an account (every region, service and type) with key > after (NULL: from the beginning). For wiping.
 */
res txn_scan_account(struct txn *t, struct arena *a, str account, const struct store_key *after, size_t limit,
                     struct store_page *out, struct err *e);
/* A counter in the store, made when first asked for: adds one and gives the new value. */
res txn_next(struct txn *t, str counter, uint64_t *out, struct err *e);
/* True when this write transaction has put or deleted a record of this service. */
bool txn_touched(const struct txn *t, str service);
bool txn_touched_any(const struct txn *t);

/* Tests only: the n_calls-th statement from now on (begin, commit and savepoints count) fails, once. 0 disarms. */
void store_fail_after(struct store *s, int64_t n_calls);

#endif
