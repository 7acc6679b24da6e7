/* SPDX-License-Identifier: MIT */
/* The compiled form of a policy: flat arrays and one pool of bytes in a single block, addressed by 16-bit offsets, so
 * that it is small, can be shared between threads, and can be read by other tools as plain data. Private to authz. */
#ifndef BARMKIN_AUTHZ_POLICY_H
#define BARMKIN_AUTHZ_POLICY_H
#include "authz/authz.h"
#include "base/json.h"

enum { POLICY_MAX_BYTES = 20480, POLICY_MAX_STATEMENTS = 512, POLICY_MAX_ITEMS = 8192 };

struct span { /* bytes of the pool */
    uint16_t at, n;
};
struct run { /* neighbours in one of the arrays */
    uint16_t first, n;
};

/* A text with `coded` set holds, instead of some characters, bytes that UTF-8 never uses. */
enum { CODE_STAR = 0xff, CODE_ONE = 0xfe, CODE_VAR = 0xfd /* two bytes follow: the index in vars, high first */ };
struct text {
    uint16_t at, n;
    uint16_t coded;
};

struct action_pattern { /* lower-cased; n == 0: `*` */
    struct span text;
    uint16_t service; /* length of the part before the colon */
};

struct arn_pattern {
    struct text text;
    uint8_t field[5]; /* lengths of the first five fields */
    uint8_t literal;  /* bit i: field i has neither wildcard nor variable */
};
enum { ARN_FIELDS = 6, ARN_NEVER = 0x40, ARN_ANY = 0x80 }; /* in `literal`: not an ARN at all; the pattern is `*` */

enum principal_type {
    NAMED_ANY,
    NAMED_ACCOUNT, /* 12 digits */
    NAMED_ARN,     /* of a user, role or session */
    NAMED_ID,      /* AIDA..., AROA...: what is left in a policy when its principal was deleted */
    NAMED_SERVICE,
    NAMED_OTHER /* Federated, CanonicalUser: no caller of ours is one */
};
struct named {
    struct span text;
    uint16_t type; /* enum principal_type */
};

enum comparison {
    CMP_STRING,
    CMP_NOCASE,
    CMP_LIKE,
    CMP_NUMBER,
    CMP_DATE,
    CMP_BOOL,
    CMP_BINARY,
    CMP_IP,
    CMP_ARN,
    CMP_NULL
};
enum order { ORDER_EQ, ORDER_LT, ORDER_LE, ORDER_GT, ORDER_GE };
struct operation { /* one row a base name of rule 37 */
    const char *name;
    enum comparison cmp;
    enum order order;
    bool negated;
};
enum { COND_IF_EXISTS = 1, COND_ALL = 2, COND_ANY = 4 };
struct condition {
    uint32_t key_hash;
    struct span key;   /* lower-cased */
    struct run values; /* of `values`; for CMP_ARN of `arns` */
    uint8_t op, flags;
};

struct variable { /* ${key, 'fallback'} */
    uint32_t key_hash;
    struct span key, fallback;
    bool has_fallback;
};

enum {
    ST_DENY = 1,
    ST_NOT_ACTION = 2,
    ST_RESOURCE = 4,
    ST_NOT_RESOURCE = 8,
    ST_PRINCIPAL = 16,
    ST_NOT_PRINCIPAL = 32,
    ST_SID = 64
};
struct statement {
    uint16_t flags;
    struct run actions, resources, principals, conditions;
    struct span sid, source; /* source: the statement's JSON, compact */
};

struct policy {
    struct buf block; /* the one allocation, which holds this struct too */
    uint8_t kind;
    uint16_t n_statements, n_named;
    struct span name;
    const struct statement *statements;
    const struct condition *conditions;
    const struct variable *vars;
    const struct action_pattern *actions;
    const struct arn_pattern *arns;
    const struct named *named;
    const struct text *values;
    const char *pool;
};

static inline str policy_span(const struct policy *p, struct span s)
{
    return str_n(p->pool + s.at, s.n);
}

/* ---- shared while compiling (parse*.c) ---- */
struct builder {
    enum policy_kind kind;
    bool variables; /* version 2012-10-17 */
    struct arena *a;
    struct buf pool, statements, conditions, vars, actions, arns, named, values;
    struct err *e;
};
/* The same as policy_compile for a document already parsed. */
res policy_compile_json(const json_t *document, enum policy_kind kind, str name, struct policy **out, struct err *e);
res build_span(struct builder *b, str s, struct span *out);            /* interned */
res build_text(struct builder *b, str s, bool wild, struct text *out); /* with variables and wildcards coded */
res build_arn(struct builder *b, str s, bool resource, bool *is_arn);  /* appends to arns */
str build_lower(struct builder *b, str s);                             /* ASCII, in the builder's arena */
res build_conditions(struct builder *b, const json_t *v, struct run *out);
res build_principals(struct builder *b, const json_t *v, bool negated, struct run *out);
uint16_t build_count(const struct buf *b, size_t size);
/* Elements of "one or a list of": n of them; a lone value counts as a list of itself. */
size_t list_count(const json_t *v);
const json_t *list_at(const json_t *v, size_t i);

/* ---- shared while evaluating ---- */
enum { EVAL_STEPS = 4000000, EVAL_KEYS = 64, EVAL_TEXT_BYTES = 8192 };
struct eval {
    const struct authz_request *r;
    const struct authz_layers *l;
    char action[128]; /* lower-cased */
    size_t action_n, service_n;
    str fields[ARN_FIELDS]; /* of the resource; absent for `*` */
    bool resource_any;      /* the request's resource is `*` */
    bool same_account;
    uint32_t hashes[EVAL_KEYS];
    uint64_t steps; /* left */
    bool doubt;     /* something was out of bounds: the answer is deny */
};
bool arn_split(str arn, str fields[ARN_FIELDS]);
uint32_t key_hash(str key); /* without case */
const struct authz_value *eval_value(const struct eval *v, str key, uint32_t hash);
bool eval_spend(struct eval *v, uint64_t steps);
/* Counts its steps in *steps and gives up (false, *steps == 0) when none are left. star and one are the wildcards. */
bool glob_steps(str pattern, str text, int star, int one, bool nocase, uint64_t *steps);
bool match_text(struct eval *v, const struct policy *p, struct text pattern, str text, enum comparison cmp);
bool match_arn(struct eval *v, const struct policy *p, const struct arn_pattern *pattern, const str fields[ARN_FIELDS]);
bool match_condition(struct eval *v, const struct policy *p, const struct condition *c);

/* How a caller is named by a Principal element, weakest first; a set of them is a mask of 1 << x. */
enum naming { BY_ACCOUNT, BY_ROLE, BY_USER, BY_SESSION, BY_ANY, BY_SERVICE, NAMINGS };
unsigned match_principals(struct eval *v, const struct policy *p, const struct statement *s);
bool match_not_principal(struct eval *v, const struct policy *p, const struct statement *s); /* true: it is denied */

const struct operation *operation_at(unsigned i);                   /* NULL past the last */
void add_operator_name(const struct condition *c, struct buf *out); /* "ForAnyValue:StringLikeIfExists" */
bool parse_number(str s, double *out);
bool parse_date(str s, int64_t *ms); /* rule 37 */
struct cidr {
    uint8_t family, prefix, bytes[16]; /* family 4 or 6 */
};
bool parse_cidr(str s, struct cidr *out);

/* ---- one policy against one request ---- */
struct scan {
    bool denied;
    unsigned allowed; /* mask of namings; identity-like kinds use bit 0 */
    struct authz_reason deny, allow[NAMINGS], near;
};
void scan_policy(struct eval *v, const struct policy *p, struct scan *out); /* adds to out */
bool eval_begin(struct eval *v, const struct authz_request *r, const struct authz_layers *l);

#endif
