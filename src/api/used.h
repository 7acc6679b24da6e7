/* SPDX-License-Identifier: MIT */
/* When a key or a role was last used: noted in memory on the way, at most once in five minutes a key, and written with
 * the audit log's own housekeeping. A crash forgets the last seconds of it, and nothing waits for it. */
#ifndef BARMKIN_API_USED_H
#define BARMKIN_API_USED_H
#include "api/call.h"

struct used;

enum { USED_EVERY_MS = 5 * 60 * 1000 };

struct used_when {
    int64_t at_ms; /* 0: never, as far as is known */
    str service, region;
};

struct used *used_new(void);
void used_free(struct used *u);
/* Any thread. id: an access key's, or a role's unique id. NULL is fine; what finds no room is noted another time. */
void used_note(struct used *u, str account, str id, str service, str region, int64_t now_ms);
/* Writes what was noted; then, once that is committed or lost, `used_written`. Writer's thread. */
res used_write(struct used *u, struct txn *t, struct err *e);
void used_written(struct used *u, bool committed);

/* For handlers: of the caller's account. Only IAM asks and forgets. */
res used_find(struct call *c, str id, struct used_when *out);
res used_forget(struct call *c, str id);

#endif
