/* SPDX-License-Identifier: MIT */
/* JSON in by jansson, with the limits every input gets; JSON out by a writer that cannot produce bad JSON. */
#ifndef BARMKIN_BASE_JSON_H
#define BARMKIN_BASE_JSON_H
#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { JSON_MAX_DEPTH = 64 };

/* Parses one whole value: UTF-8, no duplicate keys, no NUL in strings, at most JSON_MAX_DEPTH deep.
 * The tree lives as long as the arena. Rejects with a reason that names line and column. */
res json_parse(struct arena *a, str text, struct err *e, json_t **out);

static inline str json_str(const json_t *v) /* of a string value; absent for anything else */
{
    return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR_ABSENT;
}
static inline json_t *json_of(str s) /* a new string value; of absent text the empty one, of bad UTF-8 NULL */
{
    return json_stringn(s.n ? s.p : "", s.n);
}
str json_str_at(const json_t *object, const char *key); /* a member that is a string, or absent */

str json_text(struct arena *a, const json_t *v); /* as buf_add_json, however long */

void buf_add_json_str(struct buf *b, str s);       /* quoted and escaped; bad UTF-8 becomes U+FFFD */
void buf_add_json_double(struct buf *b, double v); /* shortest form that reads back the same */
void buf_add_json(struct buf *b, const json_t *v); /* compact, keys in their own order */

#endif
