/* SPDX-License-Identifier: MIT */
/* While a policy is compiled (parse*.c): what is shared, and how values are read. Private to authz. */
#ifndef BARMKIN_AUTHZ_COMPILE_H
#define BARMKIN_AUTHZ_COMPILE_H
#include "authz/policy.h"
#include "base/json.h"

struct builder {
    enum policy_kind kind;
    bool variables; /* version 2012-10-17 */
    struct arena *a;
    struct buf pool, statements, conditions, vars, actions, arns, named, values;
    struct err *e;
};
/* The same as policy_compile for a document already parsed. */
res policy_compile_json(const json_t *document, enum policy_kind kind, str name, struct policy **out, struct err *e);
void build_span(struct builder *b, str s, struct span *out);           /* interned; pool.full when there is no room */
res build_text(struct builder *b, str s, bool wild, struct text *out); /* with variables and wildcards coded */
res build_arn(struct builder *b, str s, bool resource);                /* appends to arns */
str build_lower(struct builder *b, str s);                             /* ASCII, in the builder's arena */
res check_resource(struct builder *b, str text, str *arn);             /* AWS's rules; *arn has six fields */
res build_conditions(struct builder *b, const json_t *v, struct run *out);
res build_principals(struct builder *b, const json_t *v, bool negated, struct run *out);
bool is_service(str principal); /* has it the form of a service's name? */
bool is_partition(str s);
bool has_parts(str s, size_t n); /* n parts with something in them, between slashes */
uint16_t build_count(const struct buf *b, size_t size);
uint8_t build_head(str pattern, bool coded); /* for `head` of a pattern */
/* Elements of "one or a list of": n of them; a lone value counts as a list of itself. */
size_t list_count(const json_t *v);
const json_t *list_at(const json_t *v, size_t i);

#endif
