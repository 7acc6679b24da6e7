/* SPDX-License-Identifier: MIT */
/* Inside of explanations: which allow came nearest, and what failed it. Private to authz. */
#ifndef BARMKIN_AUTHZ_EXPLAIN_H
#define BARMKIN_AUTHZ_EXPLAIN_H
#include "authz/judge.h"

/* The allow of a layer that lacks one which meets most of the request; none where it has no allow at all. Of SCPs only
 * the first level that lacks one is looked at; *level is its number from 1. */
struct authz_reason explain_nearest(struct judged *j, enum layer layer, size_t *level);
/* Adds "missed" (elements that do not match) and "failed" (the first condition that does not hold) of that allow. */
void explain_failed(struct judged *j, struct authz_reason at, struct buf *out);
void explain_member(struct buf *out, const char *key, str value); /* ,"key":"value" */
void explain_values(struct buf *out, const struct authz_value *v);

#endif
