/* SPDX-License-Identifier: MIT */
/* While a request is judged: the request made ready, matching, one set of policies against it. Private to authz. */
#ifndef BARMKIN_AUTHZ_EVAL_H
#define BARMKIN_AUTHZ_EVAL_H
#include "authz/policy.h"
#include "authz/sieve.h"

/* Steps are the measure of work. Each policy may take EVAL_STEPS, a millisecond, or if it is large so many a byte; all
 * of them together EVAL_STEPS_ALL. The largest sets that AWS permits stay below (tests/unit/authz/largest.c). */
enum { EVAL_STEPS = 200000, EVAL_STEPS_A_BYTE = 16, EVAL_STEPS_ALL = 8000000 };
enum { EVAL_KEYS = 64, EVAL_TEXT_BYTES = 8192, EVAL_ACTION_BYTES = 128 };
enum { EVAL_LOOKS = 6 }; /* for condition keys, by comparing; most requests end before it is worth hashing all */
/* For large locals that are filled before they are read: the compiler zeroes all others, which took a tenth of a
 * judgement's time. */
#define FILLED_LATER __attribute__((uninitialized))
struct eval {
    const struct authz_request *r;
    const struct authz_layers *l;
    str fields[ARN_FIELDS]; /* of the resource; absent for `*` */
    uint64_t steps, pool;   /* left: for this policy, for those after it */
    const struct policy *reading;
    unsigned looks; /* for condition keys so far */
    size_t action_n, service_n;
    uint32_t action_hash, service_hash;
    bool resource_any; /* the request's resource is `*` */
    bool same_account;
    bool all;                       /* for explain: read every statement, and use no index */
    bool doubt;                     /* something was out of bounds: the answer is deny */
    bool hashed;                    /* hashes are filled in: when the first condition asks for a key */
    bool sieved;                    /* grams are filled in: when the first index asks for them */
    char action[EVAL_ACTION_BYTES]; /* lower-cased */
    uint32_t hashes[EVAL_KEYS];
    struct grams grams; /* of the resource */
};
bool eval_begin(struct eval *v, const struct authz_request *r, const struct authz_layers *l);
bool eval_spend_slow(struct eval *v);
void eval_refill(struct eval *v, const struct policy *p);
/* Before something of this policy is read: it has a budget of its own. */
static inline void eval_enter(struct eval *v, const struct policy *p)
{
    if (v->reading != p)
        eval_refill(v, p);
}
static inline bool eval_spend(struct eval *v, uint64_t steps)
{
    if (v->steps < steps)
        return eval_spend_slow(v);
    v->steps -= steps;
    return true;
}

/* ---- texts ---- */
static inline str policy_text(const struct policy *p, struct text t)
{
    return policy_span(p, (struct span){t.at, t.n});
}
bool arn_split(str arn, str fields[ARN_FIELDS]);
uint32_t key_hash(str key);           /* without case, as the next */
uint32_t condition_key_hash(str key); /* of a few bytes only: every key of a request is hashed for each judgement */
const struct authz_value *eval_value(struct eval *v, str key, uint32_t hash);
/* Counts its steps in *steps and gives up (false, *steps == 0) when none are left. star and one are the wildcards. */
bool glob_steps(str pattern, str text, int star, int one, bool nocase, uint64_t *steps);
bool match_text(struct eval *v, const struct policy *p, struct text pattern, str text, enum comparison cmp);
bool match_arn(struct eval *v, const struct policy *p, const struct arn_pattern *pattern, const str fields[ARN_FIELDS]);
bool match_action(struct eval *v, const struct policy *p, const struct action_pattern *a);
bool match_condition(struct eval *v, const struct policy *p, const struct condition *c);

/* How a caller is named by a Principal element, weakest first; a set of them is a mask of 1 << x. */
enum naming { BY_ACCOUNT, BY_ROLE, BY_USER, BY_SESSION, BY_ANY, BY_SERVICE, NAMINGS };
unsigned match_principals(struct eval *v, const struct policy *p, const struct statement *s);
bool match_not_principal(struct eval *v, const struct policy *p, const struct statement *s); /* true: it is denied */

/* ---- values ---- */
const struct operation *operation_at(unsigned i);                   /* NULL past the last */
void add_operator_name(const struct condition *c, struct buf *out); /* "ForAnyValue:StringLikeIfExists" */
bool parse_number(str s, double *out);
bool parse_date(str s, int64_t *ms); /* rule 37 */
struct cidr {
    uint8_t family, prefix, bytes[16]; /* family 4 or 6 */
};
bool parse_cidr(str s, struct cidr *out);

/* ---- one set of policies against one request ---- */
struct scan {
    bool denied;
    unsigned allowed;                               /* mask of namings; identity-like kinds use bit 0 */
    struct authz_reason near, deny, allow[NAMINGS]; /* allow[i] counts where bit i of allowed is set */
};
static inline void scan_begin(struct scan *s) /* nothing is said yet */
{
    s->denied = false;
    s->allowed = 0;
    s->near = s->deny = (struct authz_reason){NULL, 0};
}
void scan_set(struct eval *v, struct policy_set set, struct scan *out); /* adds to out */
void scan_policy(struct eval *v, const struct policy *p, struct scan *out);
/* One statement; `action`: its action is known to match. False: nothing later in this pass can change the scan. */
void scan_statement(struct eval *v, struct authz_reason here, bool action, struct scan *out);
bool scan_settled(const struct eval *v, const struct policy *p, bool deny, const struct scan *out);
void index_scan(struct eval *v, struct policy_set set, const struct policy_index *x, struct scan *out);
bool statement_conditions(struct eval *v, const struct policy *p, const struct statement *s, size_t *failed);

#endif
