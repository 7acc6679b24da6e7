/* SPDX-License-Identifier: MIT */
/* Conditions: every operator, and what each does when its key is missing or has many values (rules 31 to 38). */
#include "authz/eval.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/time.h"

const struct operation *operation_at(unsigned i)
{
    static const struct operation table[] = {
        {"StringEquals", CMP_STRING, ORDER_EQ, false},
        {"StringNotEquals", CMP_STRING, ORDER_EQ, true},
        {"StringEqualsIgnoreCase", CMP_NOCASE, ORDER_EQ, false},
        {"StringNotEqualsIgnoreCase", CMP_NOCASE, ORDER_EQ, true},
        {"StringLike", CMP_LIKE, ORDER_EQ, false},
        {"StringNotLike", CMP_LIKE, ORDER_EQ, true},
        {"NumericEquals", CMP_NUMBER, ORDER_EQ, false},
        {"NumericNotEquals", CMP_NUMBER, ORDER_EQ, true},
        {"NumericLessThan", CMP_NUMBER, ORDER_LT, false},
        {"NumericLessThanEquals", CMP_NUMBER, ORDER_LE, false},
        {"NumericGreaterThan", CMP_NUMBER, ORDER_GT, false},
        {"NumericGreaterThanEquals", CMP_NUMBER, ORDER_GE, false},
        {"DateEquals", CMP_DATE, ORDER_EQ, false},
        {"DateNotEquals", CMP_DATE, ORDER_EQ, true},
        {"DateLessThan", CMP_DATE, ORDER_LT, false},
        {"DateLessThanEquals", CMP_DATE, ORDER_LE, false},
        {"DateGreaterThan", CMP_DATE, ORDER_GT, false},
        {"DateGreaterThanEquals", CMP_DATE, ORDER_GE, false},
        {"Bool", CMP_BOOL, ORDER_EQ, false},
        {"BinaryEquals", CMP_BINARY, ORDER_EQ, false},
        {"IpAddress", CMP_IP, ORDER_EQ, false},
        {"NotIpAddress", CMP_IP, ORDER_EQ, true},
        {"ArnEquals", CMP_ARN, ORDER_EQ, false},
        {"ArnLike", CMP_ARN, ORDER_EQ, false},
        {"ArnNotEquals", CMP_ARN, ORDER_EQ, true},
        {"ArnNotLike", CMP_ARN, ORDER_EQ, true},
        {"Null", CMP_NULL, ORDER_EQ, false},
    };

    return i < sizeof table / sizeof table[0] ? &table[i] : NULL;
}

void add_operator_name(const struct condition *c, struct buf *out)
{
    if (c->flags & (COND_ALL | COND_ANY))
        buf_add_z(out, c->flags & COND_ALL ? "ForAllValues:" : "ForAnyValue:");
    buf_add_z(out, operation_at(c->op)->name);
    if (c->flags & COND_IF_EXISTS)
        buf_add_z(out, "IfExists");
}

bool parse_number(str s, double *out)
{
    return str_to_double(s, out);
}

/* ISO 8601 as the W3C profiles it, without a zone meaning UTC, or seconds since 1970; four digits are a year. */
bool parse_date(str s, int64_t *ms)
{
    char text[48];
    double seconds;

    if ((s.n == 4 && str_all(s, "0123456789")) || (s.n >= 7 && s.n < 40 && s.p[4] == '-')) {
        const char *rest = s.n == 4 ? "-01-01" : s.n == 7 ? "-01" : "Z";
        str_to_z(s, text, sizeof text);
        if (time_parse_iso(s, ms))
            return true;
        str_to_z(str_z(rest), text + s.n, sizeof text - s.n);
        return time_parse_iso(str_z(text), ms);
    }
    if (!str_all(s, "0123456789.-") || !str_to_double(s, &seconds) || seconds > 1e12 || seconds < -1e12)
        return false;
    *ms = (int64_t)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5));
    return true;
}

bool parse_cidr(str s, struct cidr *out)
{
    char text[64];
    str rest = s, address = str_cut(&rest, '/');
    uint64_t prefix;

    if (address.n == 0 || address.n >= sizeof text || str_find(address, '\0') >= 0)
        return false;
    str_to_z(address, text, sizeof text);
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        out->family = 4;
    else if (inet_pton(AF_INET6, text, out->bytes) == 1)
        out->family = 6;
    else
        return false;
    prefix = out->family == 4 ? 32 : 128;
    if (str_is(rest) && (rest.n > 3 || !str_to_u64(rest, &prefix) || prefix > (out->family == 4 ? 32 : 128)))
        return false;
    out->prefix = (uint8_t)prefix;
    return true;
}

static bool inside(const struct cidr *net, const struct cidr *host)
{
    size_t whole = net->prefix / 8, bits = net->prefix % 8;

    if (net->family != host->family || memcmp(net->bytes, host->bytes, whole) != 0)
        return false;
    return bits == 0 || ((net->bytes[whole] ^ host->bytes[whole]) >> (8 - bits)) == 0;
}

static bool in_order(int cmp, enum order order)
{
    switch (order) {
    case ORDER_EQ:
        return cmp == 0;
    case ORDER_LT:
        return cmp < 0;
    case ORDER_LE:
        return cmp <= 0;
    case ORDER_GT:
        return cmp > 0;
    case ORDER_GE:
        return cmp >= 0;
    }
    return false;
}

/* A value of the request as the operator takes it: read once, compared with each of the policy's. */
struct reading {
    str text;
    double number;
    int64_t ms;
    struct cidr host;
    str fields[ARN_FIELDS];
};

static bool read_value(const struct operation *op, str text, struct reading *out)
{
    out->text = text;
    switch (op->cmp) {
    case CMP_NUMBER:
        return parse_number(text, &out->number);
    case CMP_DATE:
        return parse_date(text, &out->ms);
    case CMP_IP:
        return str_find(text, '/') < 0 && parse_cidr(text, &out->host);
    case CMP_ARN:
        return arn_split(text, out->fields);
    case CMP_STRING:
    case CMP_NOCASE:
    case CMP_LIKE:
    case CMP_BOOL:
    case CMP_BINARY:
    case CMP_NULL:
        break;
    }
    return true;
}

static bool match_number(const char *wanted, double have, enum order order)
{
    double w;

    memcpy(&w, wanted, sizeof w);
    return in_order(have < w ? -1 : have > w, order);
}

static bool match_date(const char *wanted, int64_t have, enum order order)
{
    int64_t w;

    memcpy(&w, wanted, sizeof w);
    return in_order(have < w ? -1 : have > w, order);
}

static bool match_ip(const char *wanted, const struct cidr *host)
{
    struct cidr net;

    memcpy(&net, wanted, sizeof net);
    return inside(&net, host);
}

/* Does one value of the request match one of the policy's? Never of Null. */
static bool match_one(struct eval *v, const struct policy *p, const struct operation *op, size_t wanted,
                      const struct reading *have)
{
    if (op->cmp == CMP_ARN)
        return match_arn(v, p, policy_arn(p, wanted), have->fields);
    struct text t = *policy_value(p, wanted);
    const char *raw = policy_text(p, t).p;
    switch (op->cmp) {
    case CMP_STRING:
    case CMP_NOCASE:
    case CMP_LIKE:
        return match_text(v, p, t, have->text, op->cmp);
    case CMP_NUMBER:
        return match_number(raw, have->number, op->order);
    case CMP_DATE:
        return match_date(raw, have->ms, op->order);
    case CMP_BOOL:
        return str_eq_nocase(str_n(raw, t.n), have->text);
    case CMP_BINARY:
        return str_eq(str_n(raw, t.n), have->text);
    case CMP_IP:
        return match_ip(raw, &have->host);
    case CMP_ARN:
    case CMP_NULL:
        break;
    }
    return false;
}

/* One value of the request against the list: OR, and NOR for the negated operators (rule 31). */
static bool match_value(struct eval *v, const struct policy *p, const struct condition *c, str text)
{
    const struct operation *op = operation_at(c->op);
    bool parsed = op->cmp == CMP_NUMBER || op->cmp == CMP_DATE || op->cmp == CMP_IP;
    struct reading have;

    if (!eval_spend(v, parsed ? 64 : 1 + text.n / 16)) /* reading costs more than comparing */
        return false;
    if (!read_value(op, text, &have))
        return op->negated;
    for (size_t i = 0; i < c->values.n; i++) {
        if (!eval_spend(v, 2))
            return false;
        if (match_one(v, p, op, (size_t)c->values.first + i, &have))
            return !op->negated;
    }
    return op->negated;
}

/* Rule 34. */
static bool match_null(const struct policy *p, const struct condition *c, bool absent)
{
    for (size_t i = 0; i < c->values.n; i++) {
        struct text t = *policy_value(p, (size_t)c->values.first + i);
        if (str_eq(policy_text(p, t), S("true")) == absent)
            return true;
    }
    return false;
}

bool match_condition(struct eval *v, const struct policy *p, const struct condition *c)
{
    const struct operation *op = operation_at(c->op);
    const struct authz_value *have = eval_value(v, policy_span(p, c->key), c->key_hash);
    bool every = c->flags & COND_ALL;

    if (!eval_spend(v, 1 + v->r->n_context / 8))
        return false;
    if (op->cmp == CMP_NULL)
        return match_null(p, c, !have || have->n == 0);
    if (c->flags & (COND_ALL | COND_ANY)) { /* rule 35: nothing to look at satisfies "all" and never "any" */
        for (size_t i = 0; have && i < have->n; i++)
            if (match_value(v, p, c, have->values[i]) != every)
                return !every;
        return every;
    }
    if (!have) /* rules 32 and 33 */
        return op->negated || (c->flags & COND_IF_EXISTS);
    return have->n == 1 && match_value(v, p, c, have->values[0]); /* rule 36 */
}
