/* SPDX-License-Identifier: MIT */
/* Explanations: what the audit log knows about one request, as one JSON object. */
#ifndef BARMKIN_API_EXPLAIN_H
#define BARMKIN_API_EXPLAIN_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* An explanation, stable (docs/3-who-may.md describes it):
 * {"request_id","decision","by","time","region","source_ip","vpc_endpoint","error_code","message","call":{"service",
 * "operation","principal",...,"judgements":[{"action","resource","decision","by","policy","sid","index","statement",
 * "layers":[...],"context":{...}}],"inner":[...]}}. Calls that services made on the way are in "inner". */

/* Finds the records of a request (an absent id: of the last one that was denied) in an audit folder and makes an
 * explanation of them, in `a`. *json is absent when there is no such request. */
res explain_find(const char *audit_dir, struct arena *a, str request_id, str *json, struct err *e);
/* The same from records (audit_record's JSON) in the order in which their calls ended, the request's own last. */
res explain_build(const str *records, size_t n, struct arena *a, str *json, struct err *e);
/* The same of a request that nobody made: only what authz_explain said of it (`trace`) is known. */
void explain_what_if(str principal, str action, str resource, str message, str trace, struct buf *out);

#endif
