/* SPDX-License-Identifier: MIT */
/* Blobs: bytes too large for a record, sealed with AES-256-GCM in frames, one file each, named by a random id.
 * A blob exists for the product only once a record that names it has been committed. */
#ifndef BARMKIN_STORE_BLOB_H
#define BARMKIN_STORE_BLOB_H
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { BLOB_ID_BYTES = 32, BLOB_KEY_BYTES = 32, BLOB_FRAME_BYTES = 65536 };

struct blobs;       /* the folder; thread-safe */
struct blob_writer; /* one upload; used by one thread at a time */
struct blob_reader;

res blobs_open(const char *dir, struct blobs **out, struct err *e);
void blobs_close(struct blobs *b);

/* Begins an O_TMPFILE sealed under key (BLOB_KEY_BYTES; copied, wiped at the end). */
res blob_begin(struct blobs *b, const uint8_t key[BLOB_KEY_BYTES], struct blob_writer **out, struct err *e);
res blob_write(struct blob_writer *w, str bytes, struct err *e);
/* Seals the last frame, fsyncs, links to a random id (hex, BLOB_ID_BYTES characters), fsyncs the folder; frees w.
 * Slow (two fsyncs): run it on the blocking pool. Also frees w when it fails; then no blob is left. */
res blob_finish(struct blob_writer *w, char id[BLOB_ID_BYTES + 1], uint64_t *size, struct err *e);
void blob_abandon(struct blob_writer *w); /* NULL is fine */

/* Opens for reading; plaintext size comes from the file. A frame that does not verify answers an oops, never bytes. */
res blob_open(struct blobs *b, str id, const uint8_t key[BLOB_KEY_BYTES], struct blob_reader **out, struct err *e);
uint64_t blob_size(const struct blob_reader *r);
/* Reads plaintext at `offset` into dst, up to cap bytes; *got is 0 only at the end. */
res blob_read(struct blob_reader *r, uint64_t offset, void *dst, size_t cap, size_t *got, struct err *e);
void blob_close(struct blob_reader *r);                  /* NULL is fine */
res blob_remove(struct blobs *b, str id, struct err *e); /* what is not there is fine */
/* Calls fn for each blob older than min_age_ms; for the collector. fn answers whether to remove it. */
res blobs_sweep(struct blobs *b, int64_t min_age_ms, bool (*unused)(void *ctx, str id), void *ctx, struct err *e);

/* Tests only: the n_calls-th system call from now on that may fail (over all threads) fails with EIO, once. 0
 * disarms. */
void blobs_fail_after(struct blobs *b, int64_t n_calls);

#endif
