/* SPDX-License-Identifier: MIT */
/* Bucket policies as texts: whether one speaks to everybody, how AWS writes it back, whether it is about this bucket.
 */
#include "base/json.h"
#include "s3_parts.h"

/* ---- one or a list of ---- */

static size_t count(const json_t *v)
{
    return json_is_array(v) ? json_array_size(v) : v ? 1 : 0;
}

static json_t *at(json_t *v, size_t i)
{
    return json_is_array(v) ? json_array_get(v, i) : v;
}

/* ---- public? (Amazon S3 user guide, "The meaning of public") ---- */

static bool names_everybody(json_t *principal)
{
    json_t *aws = json_is_object(principal) ? json_object_get(principal, "AWS") : principal;

    for (size_t i = 0; i < count(aws); i++)
        if (str_eq(json_str(at(aws, i)), S("*")))
            return true;
    return false;
}

static bool ties_key(str key)
{
    static const char *const keys[] = {"aws:sourceip",
                                       "aws:sourcearn",
                                       "aws:sourcevpc",
                                       "aws:sourcevpce",
                                       "aws:sourceowner",
                                       "aws:sourceaccount",
                                       "aws:principalorgid",
                                       "aws:principalarn",
                                       "aws:principalaccount",
                                       "aws:userid",
                                       "s3:x-amz-server-side-encryption-aws-kms-key-id",
                                       "s3:dataaccesspointarn",
                                       "s3:dataaccesspointaccount",
                                       NULL};

    for (size_t i = 0; keys[i]; i++)
        if (str_eq_nocase(key, str_z(keys[i])))
            return true;
    return false;
}

static bool ties_operator(str name)
{
    static const char *const names[] = {
        "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress", NULL};

    for (size_t i = 0; names[i]; i++)
        if (str_eq(name, str_z(names[i])))
            return true;
    return false;
}

/* A wildcard or a variable may be anybody; so may a network that is nearly the whole of them. */
static bool is_fixed(str key, str value)
{
    ptrdiff_t slash = str_rfind(value, '/');
    bool v6 = str_find(value, ':') >= 0;
    uint64_t bits;

    if (str_eq_nocase(key, S("aws:SourceIp"))) {
        if (slash < 0)
            return true;
        return str_to_u64(str_from(value, (size_t)slash + 1), &bits) && bits >= (v6 ? 32 : 8);
    }
    return str_find(value, '*') < 0 && str_find(value, '?') < 0 && str_search(value, S("${")) < 0;
}

static bool all_fixed(str key, json_t *values)
{
    for (size_t i = 0; i < count(values); i++)
        if (!json_is_string(at(values, i)) || !is_fixed(key, json_str(at(values, i))))
            return false;
    return count(values) > 0;
}

static bool is_tied(json_t *conditions)
{
    const char *op, *key;
    json_t *block, *values;

    if (!json_is_object(conditions))
        return false;
    json_object_foreach(conditions, op, block)
    {
        if (!ties_operator(str_z(op)) || !json_is_object(block))
            continue;
        json_object_foreach(block, key, values)
        {
            if (ties_key(str_z(key)) && all_fixed(str_z(key), values))
                return true;
        }
    }
    return false;
}

bool s3_policy_is_public(struct arena *a, str policy)
{
    json_t *tree, *statements;

    if (!policy.n || !is_ok(json_parse(a, policy, NULL, &tree)))
        return false;
    statements = json_object_get(tree, "Statement");
    for (size_t i = 0; i < count(statements); i++) {
        json_t *s = at(statements, i);
        if (str_eq(json_str_at(s, "Effect"), S("Allow")) && names_everybody(json_object_get(s, "Principal")) &&
            !is_tied(json_object_get(s, "Condition")))
            return true;
    }
    return false;
}

/* ---- as GetBucketPolicy shows it ---- */

static void write_principal(struct buf *b, str text)
{
    if (text.n == 12 && str_all(text, "0123456789"))
        buf_printf(b, "\"arn:aws:iam::%.*s:root\"", FMT(text));
    else
        buf_add_json_str(b, text);
}

static void write_principals(struct buf *b, json_t *v)
{
    bool list = json_is_array(v) && json_array_size(v) != 1;

    if (list)
        buf_add_char(b, '[');
    for (size_t i = 0; i < count(v); i++) {
        if (i)
            buf_add_char(b, ',');
        if (json_is_string(at(v, i)))
            write_principal(b, json_str(at(v, i)));
        else
            buf_add_json(b, at(v, i));
    }
    if (list)
        buf_add_char(b, ']');
}

/* An object whose member `special` is written by fn, everything else as it is. */
static void write_object(struct buf *b, json_t *object, const char *const special[2],
                         void (*fn)(struct buf *, json_t *))
{
    const char *name, *comma = "";
    json_t *v;

    buf_add_char(b, '{');
    json_object_foreach(object, name, v)
    {
        str key = str_z(name);
        buf_add_z(b, comma);
        comma = ",";
        buf_add_json_str(b, key);
        buf_add_char(b, ':');
        if (str_eq(key, str_z(special[0])) || (special[1] && str_eq(key, str_z(special[1]))))
            fn(b, v);
        else
            buf_add_json(b, v);
    }
    buf_add_char(b, '}');
}

static void write_principal_element(struct buf *b, json_t *v)
{
    static const char *const special[2] = {"AWS", NULL};

    if (json_is_object(v))
        write_object(b, v, special, write_principals);
    else
        buf_add_json(b, v);
}

static void write_statement(struct buf *b, json_t *v)
{
    static const char *const special[2] = {"Principal", "NotPrincipal"};

    if (json_is_object(v))
        write_object(b, v, special, write_principal_element);
    else
        buf_add_json(b, v);
}

static void write_statements(struct buf *b, json_t *v)
{
    buf_add_char(b, '[');
    for (size_t i = 0; i < count(v); i++) {
        if (i)
            buf_add_char(b, ',');
        write_statement(b, at(v, i));
    }
    buf_add_char(b, ']');
}

res s3_policy_normal(struct call *c, str policy, str *out)
{
    static const char *const special[2] = {"Statement", NULL};
    struct buf b;
    json_t *tree;

    if (!is_ok(json_parse(c->arena, policy, NULL, &tree)) || !json_is_object(tree))
        return fault(c, &s3_MalformedPolicy, "Policies must be valid JSON and the first byte must be '{'");
    buf_init(&b, 128 << 10);
    write_object(&b, tree, special, write_statements);
    *out = arena_dup(c->arena, buf_str(&b));
    bool full = b.full;
    buf_done(&b);
    return full ? oops(&c->err, 0, "a policy grew too large") : OK;
}

/* ---- about this bucket? ---- */

/* The bucket's name is what the resource's last field has before its first slash. */
static bool is_about(str resource, str bucket)
{
    str last = str_behind(resource, ':', 5);

    return str_is(last) && authz_glob(str_cut(&last, '/'), bucket, false);
}

res s3_policy_fits_bucket(struct call *c, str policy, str bucket)
{
    json_t *tree, *statements;

    TRY(json_parse(c->arena, policy, &c->err, &tree));
    statements = json_object_get(tree, "Statement");
    for (size_t i = 0; i < count(statements); i++) {
        json_t *resources = json_object_get(at(statements, i), "Resource");
        for (size_t k = 0; k < count(resources); k++)
            if (!is_about(json_str(at(resources, k)), bucket))
                return fault(c, &s3_MalformedPolicy, "Policy has invalid resource");
    }
    return OK;
}
