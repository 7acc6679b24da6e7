/* SPDX-License-Identifier: MIT */
/* Which statements of a set of policies may concern an action or a caller, looked up instead of read one by one. The
 * decision is the same with and without it. */
#ifndef BARMKIN_AUTHZ_INDEX_H
#define BARMKIN_AUTHZ_INDEX_H
#include "authz/authz.h"

struct policy_index; /* immutable, shared between threads */

enum { INDEX_LEAST = 8 }; /* statements; fewer are read as fast without (tests/bench/run decide) */

/* For policy_set.index: make it once per set and generation. NULL for a set with fewer than `least` statements. The
 * policies must outlive it, and the set must list them in the same order. */
struct policy_index *policy_index_make(struct policy_set set, size_t least);
void policy_index_free(struct policy_index *x); /* NULL is fine */

/* Memory: of the index; of a policy with the index it carries itself. */
size_t policy_index_bytes(const struct policy_index *x);
size_t policy_bytes(const struct policy *p);

#endif
