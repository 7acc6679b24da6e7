/* SPDX-License-Identifier: MIT */
/* Condition blocks and principals of a document, compiled: operators to numbers, values to what they are compared as.
 */
#include "authz/compile.h"
#include "authz/eval.h"

#include <string.h>

#include "base/enc.h"

/* The text of a value: true and 10 may be written without quotes (rule 37). */
static res scalar_text(struct builder *b, const json_t *v, str *out)
{
    struct buf text;

    if (json_is_string(v)) {
        *out = json_str(v);
        return OK;
    }
    if (!json_is_boolean(v) && !json_is_number(v))
        return reject(b->e, "Syntax errors in policy. A condition value is neither text, number nor truth value");
    buf_init(&text, 64);
    if (json_is_real(v))
        buf_add_json_double(&text, json_real_value(v));
    else
        buf_add_json(&text, v);
    *out = arena_dup(b->a, buf_str(&text));
    buf_done(&text);
    return OK;
}

static void add_raw(struct builder *b, const void *bytes, size_t n)
{
    struct span span;

    build_span(b, str_n(bytes, n), &span);
    struct text t = {.at = span.at, .n = span.n & POLICY_TEXT_MASK};
    buf_add_bytes(&b->values, &t, sizeof t);
}

static res add_text(struct builder *b, str s, bool wild)
{
    struct text t = {0};

    TRY(build_text(b, s, wild, &t));
    buf_add_bytes(&b->values, &t, sizeof t);
    return OK;
}

static res add_value(struct builder *b, const struct operation *op, str s)
{
    bool good = true;
    double number;
    int64_t ms;
    struct cidr net;
    str bytes;

    switch (op->cmp) {
    case CMP_ARN: /* what is no ARN matches none */
        return build_arn(b, s, false);
    case CMP_STRING:
    case CMP_NOCASE:
    case CMP_LIKE:
        return add_text(b, s, op->cmp == CMP_LIKE);
    case CMP_NUMBER:
        good = parse_number(s, &number);
        if (good)
            add_raw(b, &number, sizeof number);
        break;
    case CMP_DATE:
        good = parse_date(s, &ms);
        if (good)
            add_raw(b, &ms, sizeof ms);
        break;
    case CMP_IP:
        good = parse_cidr(s, &net);
        if (good)
            add_raw(b, &net, sizeof net);
        break;
    case CMP_BINARY:
        good = base64_decode(b->a, s, &bytes);
        if (good) /* kept in its one canonical text: the evaluator compares texts */
            add_raw(b, base64_encode(b->a, bytes).p, base64_encode(b->a, bytes).n);
        break;
    case CMP_BOOL:
    case CMP_NULL:
        bytes = build_lower(b, s);
        good = str_eq(bytes, S("true")) || str_eq(bytes, S("false"));
        if (good)
            add_raw(b, bytes.p, bytes.n);
        break;
    }
    if (good)
        return OK;
    return reject(b->e, "%sInvalid value for %s in a condition: %.*s",
                  op->cmp == CMP_DATE ? "The policy failed legacy parsing: " : "", op->name, FMT(s));
}

static bool find_operator(str name, struct condition *c)
{
    if (str_starts(name, S("ForAllValues:"))) {
        c->flags |= COND_ALL;
        name = str_from(name, 13);
    } else if (str_starts(name, S("ForAnyValue:"))) {
        c->flags |= COND_ANY;
        name = str_from(name, 12);
    }
    if (str_ends(name, S("IfExists"))) {
        c->flags |= COND_IF_EXISTS;
        name.n -= 8;
    }
    for (unsigned i = 0; operation_at(i); i++) {
        c->op = (uint8_t)i;
        if (str_eq(name, str_z(operation_at(i)->name)))
            return operation_at(i)->cmp != CMP_NULL || c->flags == 0;
    }
    return false;
}

/* Keys have no case (rule 31), so one written twice would ask two things of one value: of the operator whose conditions
 * begin at `first`. */
static bool is_twice(const struct builder *b, size_t first, str key)
{
    const struct condition *c = (const struct condition *)(const void *)b->conditions.p;

    for (size_t i = first; i < build_count(&b->conditions, sizeof *c); i++)
        if (str_eq_nocase(str_n(b->pool.p + c[i].key.at, c[i].key.n), key))
            return true;
    return false;
}

static res add_condition(struct builder *b, struct condition c, str key, const json_t *values)
{
    const struct operation *op = operation_at(c.op);
    bool arn = op->cmp == CMP_ARN;

    if (key.n == 0)
        return reject(b->e, "Syntax errors in policy. A condition has no key");
    if (list_count(values) == 0)
        return reject(b->e, "Syntax errors in policy. The condition on %.*s has no values", FMT(key));
    c.key_hash = condition_key_hash(key);
    build_span(b, key, &c.key);
    c.values = (struct run){arn ? build_count(&b->arns, sizeof(struct arn_pattern))
                                : build_count(&b->values, sizeof(struct text)),
                            (uint16_t)list_count(values)};
    for (size_t i = 0; i < list_count(values); i++) {
        str text = STR_ABSENT;
        TRY(scalar_text(b, list_at(values, i), &text));
        TRY(add_value(b, op, text));
    }
    buf_add_bytes(&b->conditions, &c, sizeof c);
    return OK;
}

static res add_conditions(struct builder *b, struct condition c, json_t *keys)
{
    size_t first = build_count(&b->conditions, sizeof c);

    for (void *at = json_object_iter(keys); at; at = json_object_iter_next(keys, at)) {
        str key = str_n(json_object_iter_key(at), json_object_iter_key_len(at));
        if (is_twice(b, first, key))
            return reject(b->e, "Syntax errors in policy. The condition key %.*s is written twice", FMT(key));
        TRY(add_condition(b, c, key, json_object_iter_value(at)));
    }
    return OK;
}

res build_conditions(struct builder *b, const json_t *v, struct run *out)
{
    json_t *all = (json_t *)v;

    if (!json_is_object(v))
        return reject(b->e, "Syntax errors in policy. The Condition is not an object");
    out->first = build_count(&b->conditions, sizeof(struct condition));
    for (void *at = json_object_iter(all); at; at = json_object_iter_next(all, at)) {
        str name = str_n(json_object_iter_key(at), json_object_iter_key_len(at));
        json_t *keys = json_object_iter_value(at);
        struct condition c = {0};
        if (!find_operator(name, &c))
            return reject(b->e, "Syntax errors in policy. Invalid Condition type : %.*s.", FMT(name));
        if (!json_is_object(keys))
            return reject(b->e, "Syntax errors in policy. %.*s holds no condition keys", FMT(name));
        TRY(add_conditions(b, c, keys));
    }
    out->n = (uint16_t)(build_count(&b->conditions, sizeof(struct condition)) - out->first);
    return OK;
}

/* ---- principals (rule 27) ---- */
static bool is_account(str s)
{
    return s.n == 12 && str_all(s, "0123456789");
}

/* part/part/part, n of them, each with something in it. */
bool has_parts(str s, size_t n)
{
    for (; n; n--)
        if (str_cut(&s, '/').n == 0 || (n > 1 && !str_is(s)))
            return false;
    return !str_is(s);
}

static bool parse_aws_principal(str s, str *text, enum principal_type *type)
{
    str f[ARN_FIELDS];

    *text = s;
    *type = NAMED_ACCOUNT;
    if (is_account(s))
        return true;
    *type = NAMED_ID;
    if ((str_starts(s, S("AIDA")) || str_starts(s, S("AROA"))) && s.n >= 16 && s.n <= 128 &&
        str_all(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
        return true;
    *type = NAMED_ARN;
    if (!arn_split(s, f) || !str_eq(f[0], S("arn")) || !is_partition(f[1]) || f[3].n || !is_account(f[4]) ||
        str_find(s, '*') >= 0 || str_find(s, '?') >= 0)
        return false;
    if (str_eq(f[2], S("sts")))
        return (str_starts(f[5], S("assumed-role/")) && has_parts(f[5], 3)) ||
               (str_starts(f[5], S("federated-user/")) && has_parts(f[5], 2));
    if (!str_eq(f[2], S("iam")))
        return false;
    if (str_eq(f[5], S("root")) && str_eq(f[1], S("aws"))) {
        *type = NAMED_ACCOUNT;
        *text = f[4];
        return true;
    }
    return (str_starts(f[5], S("user/")) && f[5].n > 5) || (str_starts(f[5], S("role/")) && f[5].n > 5);
}

static bool is_federation(str s)
{
    str f[ARN_FIELDS];

    if (arn_split(s, f))
        return str_eq(f[0], S("arn")) && is_partition(f[1]) && str_eq(f[2], S("iam")) && f[3].n == 0 &&
               is_account(f[4]) && (str_starts(f[5], S("saml-provider/")) || str_starts(f[5], S("oidc-provider/")));
    return str_find(s, '.') > 0 && str_find(s, ':') < 0 && str_find(s, '*') < 0;
}

/* As s3.amazonaws.com or logs.us-east-1.amazonaws.com; AWS refuses a service that it does not know, whoever slips is
 * told so instead of writing a Deny that means nobody. */
bool is_service(str s)
{
    return str_all(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") && str_find(s, '.') > 0 &&
           (str_ends(s, S(".amazonaws.com")) || str_ends(s, S(".amazonaws.com.cn")));
}

static res add_named(struct builder *b, str type, str s, bool negated)
{
    struct named n = {.type = NAMED_OTHER};
    enum principal_type aws = NAMED_OTHER;
    str text = s;

    if (str_eq(type, S("AWS")) && str_eq(s, S("*")) && !negated)
        n.type = NAMED_ANY;
    else if (str_eq(type, S("AWS")) && parse_aws_principal(s, &text, &aws))
        n.type = (uint16_t)aws;
    else if (str_eq(type, S("Service")) && is_service(s))
        n.type = NAMED_SERVICE;
    else if (str_eq(type, S("Federated")) && !is_federation(s))
        return reject(b->e, "Federated principals must be valid domain names or SAML metadata ARNs");
    else if ((!str_eq(type, S("Federated")) && !str_eq(type, S("CanonicalUser"))) || s.n == 0)
        return reject(b->e, "Invalid principal in policy: \"%.*s\":\"%.*s\"", FMT(type), FMT(s));
    build_span(b, text, &n.text);
    buf_add_bytes(&b->named, &n, sizeof n);
    return OK;
}

res build_principals(struct builder *b, const json_t *v, bool negated, struct run *out)
{
    json_t *types = (json_t *)v;

    out->first = build_count(&b->named, sizeof(struct named));
    if (json_is_string(v))
        TRY(add_named(b, str_eq(json_str(v), S("*")) ? S("AWS") : S("?"), json_str(v), negated));
    else if (!json_is_object(v) || json_object_size(v) == 0)
        return reject(b->e, "Invalid principal in policy");
    for (void *at = json_object_iter(types); json_is_object(v) && at; at = json_object_iter_next(types, at)) {
        const json_t *list = json_object_iter_value(at);
        str type = str_n(json_object_iter_key(at), json_object_iter_key_len(at));
        if (list_count(list) == 0)
            return reject(b->e, "Invalid principal in policy: \"%.*s\" names nobody", FMT(type));
        for (size_t i = 0; i < list_count(list); i++) {
            str text = json_str(list_at(list, i));
            TRY(add_named(b, type, str_is(text) ? text : S(""), negated));
        }
    }
    out->n = (uint16_t)(build_count(&b->named, sizeof(struct named)) - out->first);
    return OK;
}
