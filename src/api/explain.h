/* SPDX-License-Identifier: MIT */
/* Explanations: what the audit log knows about one request, as one JSON object. */
#ifndef BARMKIN_API_EXPLAIN_H
#define BARMKIN_API_EXPLAIN_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Finds the records of a request (an absent id: of the last one that was denied) in an audit folder and makes one
 * object of them, in `a`: {"request_id","decision","by","policy_type","time","operation","principal","error_code",
 * "message","call":{"service","operation","principal",...,"judgements":[{"action","resource","decision","by","policy",
 * "sid","index","statement","layers":[...],"context":{...}}],"inner":[...]}}. Calls that services made on the way are
 * in "inner". *json is absent when there is no such request. */
res explain_find(const char *audit_dir, struct arena *a, str request_id, str *json, struct err *e);
/* The same from records (audit_record's JSON) in the order in which their calls ended, the request's own last. */
res explain_build(const str *records, size_t n, struct arena *a, str *json, struct err *e);

#endif
