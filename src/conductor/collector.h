/* SPDX-License-Identifier: MIT */
/* Removes blobs that no record names: what a crash between a blob's name and its record's commit left, what a failed
 * removal left. Knows no service: a record type whose model declares an index named `blob` keeps its blobs. */
#ifndef BARMKIN_CONDUCTOR_COLLECTOR_H
#define BARMKIN_CONDUCTOR_COLLECTOR_H
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct blobs;
struct store;
struct collector;

/* One round. A blob that got its name less than min_age_ms ago is left alone: its record may be on its way. Blocks for
 * as long as the folder is large; call it from a thread of its own. The store is this thread's. */
res collector_round(struct blobs *b, struct store *s, int64_t min_age_ms, size_t *removed, struct err *e);

/* A thread that makes a round at once and then every hour, with a store connection of its own. dir is the store's. */
res collector_start(struct blobs *b, str dir, struct collector **out, struct err *e);
void collector_stop(struct collector *c); /* lets the blob under way finish; NULL is fine */

#endif
