/* SPDX-License-Identifier: MIT */
/* The compiled form of a policy: flat arrays and one pool of bytes in one block, addressed by offsets, so that it is
 * small, can be shared between threads, and can be read by other tools as plain data. Private to authz. */
#ifndef BARMKIN_AUTHZ_POLICY_H
#define BARMKIN_AUTHZ_POLICY_H
#include "authz/authz.h"

enum { POLICY_MAX_BYTES = 20480, POLICY_MAX_STATEMENTS = 512, POLICY_MAX_ITEMS = 8192, POLICY_TEXT_MASK = 0x7fff };

struct span { /* bytes of the pool */
    uint16_t at, n;
};
struct run { /* neighbours in one of the arrays */
    uint16_t first, n;
};

/* A text with `coded` set holds, instead of some characters, bytes that UTF-8 never uses. */
enum { CODE_STAR = 0xff, CODE_ONE = 0xfe, CODE_VAR = 0xfd /* two bytes follow: the index in vars, high first */ };
struct text {
    uint16_t at;
    uint16_t n : 15, coded : 1;
};

/* `head` counts the bytes before the first wildcard or variable, as far as it can count: what does not begin with them
 * does not match. */
enum { HEAD_MAX = 255 };
struct action_pattern { /* as written, to be matched without case; n == 0: `*` */
    struct span text;
    uint8_t service; /* length of the part before the colon; HEAD_MAX: longer than any service's name */
    uint8_t head;
};

struct arn_pattern {
    struct text text;
    uint8_t field[5]; /* lengths of the first five fields */
    uint8_t literal;  /* bit i: field i has neither wildcard nor variable */
    uint8_t head;
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
    struct span key;   /* as written; has no case */
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

struct policy {                 /* the head of the block; the arrays follow at these offsets */
    struct policy_index *index; /* of this policy alone; NULL: it is scanned */
    uint32_t bytes;             /* of the block */
    uint32_t conditions, vars, statements, actions, arns, named, values, pool;
    struct span name;
    uint16_t n_statements, n_named;
    uint8_t kind;
    bool lets_all; /* of an SCP or RCP: where it is a level's only one, that level holds nothing back */
};

static inline const void *policy_at(const struct policy *p, uint32_t offset)
{
    return (const char *)p + offset;
}
static inline const struct statement *policy_statement(const struct policy *p, size_t i)
{
    return (const struct statement *)policy_at(p, p->statements) + i;
}
static inline const struct condition *policy_condition(const struct policy *p, size_t i)
{
    return (const struct condition *)policy_at(p, p->conditions) + i;
}
static inline const struct variable *policy_var(const struct policy *p, size_t i)
{
    return (const struct variable *)policy_at(p, p->vars) + i;
}
static inline const struct action_pattern *policy_action(const struct policy *p, size_t i)
{
    return (const struct action_pattern *)policy_at(p, p->actions) + i;
}
static inline const struct arn_pattern *policy_arn(const struct policy *p, size_t i)
{
    return (const struct arn_pattern *)policy_at(p, p->arns) + i;
}
static inline const struct named *policy_named(const struct policy *p, size_t i)
{
    return (const struct named *)policy_at(p, p->named) + i;
}
static inline const struct text *policy_value(const struct policy *p, size_t i)
{
    return (const struct text *)policy_at(p, p->values) + i;
}
static inline str policy_span(const struct policy *p, struct span s)
{
    return str_n((const char *)p + p->pool + s.at, s.n);
}

#endif
