/* SPDX-License-Identifier: MIT */
/* The audit chain: every call's record, in order, each line bound to the one before it by its hash, and the head sealed
 * by the vault. Files audit-000001.ndjson, ... of lines such as (design.md section 6)
 *   {"seq":7,"prev":"<sha256 of line 6>","row":3,"record":{...}}
 *   {"seq":8,"prev":"<sha256 of line 7>","at":1790000000000,"seal":"<mac of seq, prev and at>"} */
#ifndef BARMKIN_STORE_AUDIT_H
#define BARMKIN_STORE_AUDIT_H
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

enum { AUDIT_RECORD_MAX_BYTES = 256 * 1024, AUDIT_HASH_CHARS = 64, AUDIT_MAC_BYTES = 32 };

struct audit; /* the one writer of a folder; thread-safe */

/* Who seals: the vault, through a function, so that this layer knows no vault. */
struct audit_mac {
    res (*mac)(void *ctx, str bytes, uint8_t mac[AUDIT_MAC_BYTES], struct err *e);
    void *ctx;
};

/* A place in the chain: the line `seq` has this hash (lower-case hex). seq 0 is before the first line. */
struct audit_head {
    uint64_t seq, row;
    char hash[AUDIT_HASH_CHARS + 1];
};

/* Opens DIR (made if need be, one process at a time) and goes on with its chain. What a crash left behind the last line
 * that chains is moved to a .torn file beside it. A file is followed by the next at `file_bytes` (0: 64 MiB). */
res audit_open(const char *dir, uint64_t file_bytes, struct audit **out, struct err *e);
void audit_close(struct audit *a); /* flushes and syncs; seal first. NULL is fine */

/* Chains n records (each one JSON object on one line, at most AUDIT_RECORD_MAX_BYTES), all or none, in memory.
 * `row` is what audit_row_put gave, or 0. A failure means: do not let the replies go. */
res audit_append(struct audit *a, const str *records, size_t n, uint64_t row, struct err *e);
/* Writes what was appended, by whomever, in one write. Call it before the replies leave. What could not be written is
 * kept for the next flush. */
res audit_flush(struct audit *a, struct err *e);
/* Makes what was flushed durable. Slow: on the blocking pool, within 200 ms of a flush. After a failure the chain
 * takes nothing more: what the kernel then holds is unknown. */
res audit_sync(struct audit *a, struct err *e);
/* Seals the head when it has moved since the last seal, and begins the next file when this one is full. Every second,
 * and before audit_close. Holds up appends for the time of one mac. */
res audit_seal(struct audit *a, struct audit_mac mac, struct err *e);
struct audit_head audit_synced(struct audit *a); /* all up to here is durable */

/* ---- the same records as rows of the store, until the file is durable ---- */

/* Puts the records of a commit group into its transaction (account, region "", service "audit", type "row").
 * Append them with this row after the commit. */
res audit_row_put(struct txn *t, const str *records, size_t n, uint64_t *row, struct err *e);
/* Deletes rows whose lines are durable, and remembers how far the chain had come (audit_anchor). By the store's writer,
 * in any write transaction and about a second after the last one; free when there is nothing to do. */
res audit_rows_clear(struct audit *a, struct txn *t, struct err *e);
/* Remembers in the store how far the durable chain has come, if that is further than it knows. By the store's writer,
 * every few seconds and at the end: what is cut off the chain up to there is then noticed, seals or not. */
res audit_anchor_put(struct audit *a, struct txn *t, struct err *e);
/* At start: appends what rows hold and the file does not, syncs, deletes the rows. The caller commits. */
res audit_rows_restore(struct audit *a, struct txn *t, size_t *restored, struct err *e);
/* The newest place in the chain that the store knows of: for audit_verify, so that a cut end is noticed. */
res audit_anchor(struct txn *t, struct audit_head *out, struct err *e);

/* ---- reading; also while a server writes ---- */

enum audit_look { AUDIT_SKIP, AUDIT_TAKE, AUDIT_STOP };
struct audit_hit {
    uint64_t seq;
    str record;
};
struct audit_hits {
    struct audit_hit *items;
    size_t n;
};

/* Goes through the records newest first until `limit` are taken; a record given to `look` lives during that call, what
 * it takes is copied into the arena. */
res audit_find(const char *dir, struct arena *a, enum audit_look (*look)(void *ctx, uint64_t seq, str record),
               void *ctx, size_t limit, struct audit_hits *out, struct err *e);
/* The same in pieces of bounded work: it ends as well after max_bytes, and where everything left was written before
 * since_ms (0: never). `place` says where to go on: from {0, 0} at the end of the log; {0, 0} when nothing is left. */
struct audit_place {
    unsigned file;
    uint64_t at; /* lines that begin before this byte come next */
};
struct audit_search {
    enum audit_look (*look)(void *ctx, uint64_t seq, str record);
    void *ctx;
    size_t limit;
    uint64_t max_bytes;
    int64_t since_ms;
};
res audit_find_part(const char *dir, struct arena *a, const struct audit_search *s, struct audit_place *place,
                    struct audit_hits *out, struct err *e);

struct audit_report {
    bool intact;            /* every line chains from the first on, and every seal is the vault's */
    uint64_t lines, seals;  /* good ones: where not intact, those before the break */
    uint64_t unsealed;      /* records after the last good seal: chained, but not proven by the vault */
    size_t torn_bytes;      /* an unfinished line at the very end: a crash, or a server that is writing */
    struct audit_head head; /* the last good line */
    char file[32];          /* where it breaks: file, line in it (from 1), what is wrong */
    uint64_t line;
    char why[160];
};

/* Reads the whole chain. mac.mac NULL: seals are only counted. `anchor` may be NULL. The result is about reading: a
 * broken chain is OK with report.intact false. */
res audit_verify(const char *dir, struct audit_mac mac, const struct audit_head *anchor, struct audit_report *report,
                 struct err *e);

/* Tests only: the n_calls-th system call of the writer from now on fails with EIO, once. 0 disarms. */
void audit_fail_after(struct audit *a, int64_t n_calls);

#endif
