/* SPDX-License-Identifier: MIT */
/* Memory that lives as long as one piece of work: allocated piece by piece, released all at once. */
#ifndef BARMKIN_BASE_ARENA_H
#define BARMKIN_BASE_ARENA_H
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;

/* An arena that may grow to `max_bytes` (the process aborts beyond it: enforce limits on input before allocating). */
struct arena *arena_new(size_t max_bytes);
/* The same for secrets: locked into memory, left out of core dumps, wiped at reset and free. */
struct arena *arena_new_secret(size_t max_bytes);
/* Runs the deferred functions, newest first, and makes everything allocated so far invalid. Keeps one chunk warm. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a); /* NULL is fine */

/* Zeroed memory, aligned for any type. n may be 0. Never NULL. */
void *arena_alloc(struct arena *a, size_t n);
#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_alloc_array((a), (count), sizeof(type)))
void *arena_alloc_array(struct arena *a, size_t count, size_t size); /* aborts on overflow */

str arena_dup(struct arena *a, str s); /* a copy, NUL-terminated beyond its length; absent stays absent */
char *arena_z(struct arena *a, str s); /* a NUL-terminated copy */
str arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
str arena_cat(struct arena *a, str x, str y);
str arena_join(struct arena *a, const str *parts, size_t n);

/* Has fn(ptr) run at reset or free. */
void arena_defer(struct arena *a, void (*fn)(void *), void *ptr);
size_t arena_left(const struct arena *a); /* bytes that may still be asked for: refuse input before it is passed */
size_t arena_used(const struct arena *a); /* bytes handed out since the last reset */

#endif
