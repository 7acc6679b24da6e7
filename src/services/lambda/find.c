/* SPDX-License-Identifier: MIT */
/* Functions by their names and ARNs, with their resource policies and tags. */
#include "api/gate.h"
#include "lambda_parts.h"

str lambda_arn(struct call *c, str account, str name)
{
    return arena_printf(c->arena, "arn:%.*s:lambda:%.*s:%.*s:function:%.*s", FMT(c->worker->house->partition),
                        FMT(c->region), FMT(account.n ? account : c->caller->account), FMT(name));
}

static bool is_account(str s)
{
    return s.n == 12 && str_all(s, "0123456789");
}

bool lambda_parse_name(struct call *c, str text, struct lambda_name *out)
{
    str rest = text, first;

    *out = (struct lambda_name){.account = c->caller->account};
    if (str_starts(text, S("arn:"))) {
        str_cut(&rest, ':');
        str_cut(&rest, ':');
        if (!str_eq(str_cut(&rest, ':'), S("lambda")) || !str_eq(str_cut(&rest, ':'), c->region))
            return false;
    }
    first = str_cut(&rest, ':');
    if (is_account(first) && str_starts(rest, S("function:"))) {
        out->account = first;
        first = str_cut(&rest, ':');
    } else if (str_starts(text, S("arn:"))) {
        return false;
    }
    out->name = str_eq(first, S("function")) && str_is(rest) ? str_cut(&rest, ':') : first;
    out->qualifier = rest;
    return out->name.n > 0;
}

str lambda_qualified_arn(struct call *c, const struct lambda_function *f, str qualifier)
{
    return str_is(qualifier) ? arena_printf(c->arena, "%.*s:%.*s", FMT(f->function_arn), FMT(qualifier))
                             : f->function_arn;
}

bool lambda_is_alias(const struct lambda_function *f)
{
    return f->qualifier.n && !str_eq(f->qualifier, S("$LATEST")) && !str_eq(f->qualifier, f->version);
}

res lambda_only_function(struct call *c, const struct lambda_function *f)
{
    if (!f->version.n && !lambda_is_alias(f))
        return OK;
    return fault(c, &lambda_InvalidParameterValueException,
                 "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
                 "operation. Please specify either a function name or an unqualified function ARN.");
}

/* Not the subject itself: others read that as well, and of "NAME:$LATEST" it is not the whole record. */
res lambda_own_copy(struct call *c, struct lambda_function **out)
{
    const struct lambda_function *f = c->subject;

    TRY(lambda_only_function(c, f));
    TRY(lambda_function_load(c, f->at.account, f->function_name, out));
    return *out ? OK : oops(&c->err, 0, "%.*s is gone", FMT(f->function_arn));
}

/* ---- what a qualifier leads to ---- */

res lambda_alias_kept(struct call *c, str account, str function, str name, const struct lambda_alias **out)
{
    const void *found = NULL;

    TRY(record_load_kept(c, &lambda_alias_record, account, lambda_alias_id(c, function, name), &found));
    *out = found;
    return OK;
}

/* By its number as it is written: "01" is nobody's, and no policy speaks of it. */
static res load_version(struct call *c, str account, str name, str number, struct lambda_function **out)
{
    const void *found = NULL;
    int64_t n;

    *out = NULL;
    if (!str_to_i64(number, &n) || n < 1)
        return OK;
    TRY(record_load_kept(c, &lambda_version_record, account, lambda_version_id(c, name, n), &found));
    if (found && str_eq(((const struct lambda_version *)found)->version, number))
        *out = lambda_of_version(c, found);
    return OK;
}

/* It has no policy of its own: AWS takes none. */
static struct lambda_function *latest_named(struct call *c, const struct lambda_function *latest)
{
    struct lambda_function *f = ARENA_NEW(c->arena, struct lambda_function);

    *f = *latest;
    f->qualifier = S("$LATEST");
    f->statements = f->policy = f->policy_revision = STR_ABSENT;
    f->principals = (struct map_of_str){0};
    return f;
}

static res load_by_alias(struct call *c, const struct lambda_function *latest, str name, struct lambda_function **out)
{
    const struct lambda_alias *a;
    struct lambda_function *f = NULL;

    *out = NULL;
    TRY(lambda_alias_kept(c, latest->at.account, latest->function_name, name, &a));
    if (!a)
        return OK;
    if (str_eq(a->function_version, S("$LATEST")))
        f = latest_named(c, latest);
    else
        TRY(load_version(c, latest->at.account, latest->function_name, a->function_version, &f));
    if (!f)
        return oops(&c->err, 0, "the alias %.*s leads to no version", FMT(a->alias_arn));
    f->qualifier = a->name;
    f->statements = a->statements;
    f->policy = a->policy;
    f->principals = a->principals;
    f->policy_revision = a->policy_revision;
    *out = f;
    return OK;
}

res lambda_load(struct call *c, str account, str name, str qualifier, const struct lambda_function **out)
{
    struct lambda_function *f = NULL;
    const void *found = NULL;

    TRY(record_load_kept(c, &lambda_function_record, account, name, &found));
    *out = found;
    if (!found || !str_is(qualifier))
        return OK;
    const struct lambda_function *latest = found;
    if (str_eq(qualifier, S("$LATEST")))
        f = latest_named(c, latest);
    else if (str_all(qualifier, "0123456789"))
        TRY(load_version(c, account, name, qualifier, &f));
    else
        TRY(load_by_alias(c, latest, qualifier, &f));
    if (f) { /* what a function has once for all of its versions */
        f->tags = latest->tags;
        f->reserved_concurrent_executions = latest->reserved_concurrent_executions;
    }
    *out = f;
    return OK;
}

/* ---- for the gate ---- */

static res qualifier_of(struct call *c, const struct lambda_name *name, str *out)
{
    const struct field *f = shape_field(c->op->in, S("Qualifier"));
    str given = f ? *(const str *)field_of(c->in, f) : STR_ABSENT;

    *out = given.n ? given : name->qualifier;
    if (given.n && name->qualifier.n && !str_eq(given, name->qualifier))
        return fault(c, &lambda_InvalidParameterValueException,
                     "The derived qualifier from the function name does not match the specified qualifier.");
    if (!out->n)
        *out = STR_ABSENT;
    return OK;
}

static void take(struct call *c, const struct lambda_function *f, struct resource *out)
{
    out->subject = f;
    out->arn = lambda_qualified_arn(c, f, f->qualifier);
    out->account = f->at.account;
    out->policy = f->policy;
    out->policy_name = S("default");
    out->principals = f->principals.v;
    out->n_principals = f->principals.n;
    out->tags = f->tags.v;
    out->n_tags = f->tags.n;
}

/* A request that names a version or an alias is judged on that ARN, and by that one's own policy. */
static res find(struct call *c, str text, struct resource *out)
{
    struct lambda_name name;
    const struct lambda_function *f = NULL;
    bool good = lambda_parse_name(c, text, &name);
    str qualifier = STR_ABSENT;

    out->account = good ? name.account : c->caller->account;
    out->arn = good ? lambda_arn(c, name.account, name.name) : text;
    out->missing = &lambda_ResourceNotFoundException;
    if (good) {
        TRY(qualifier_of(c, &name, &qualifier));
        TRY(lambda_load(c, name.account, name.name, qualifier, &f));
    }
    if (qualifier.n)
        out->arn = arena_printf(c->arena, "%.*s:%.*s", FMT(out->arn), FMT(qualifier));
    out->missing_text = arena_printf(c->arena, "Function not found: %.*s", FMT(out->arn));
    if (f)
        take(c, f, out);
    return OK;
}

res lambda_find_function(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], out);
}

res lambda_find_tagged(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], out);
}

/* A name that is not taken yet; of the caller's own account. */
res lambda_new_function(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct lambda_name name;

    (void)n;
    out->account = c->caller->account;
    out->arn = lambda_arn(c, STR_ABSENT, lambda_parse_name(c, names[0], &name) ? name.name : names[0]);
    return OK;
}

res lambda_add_tag_keys(struct call *c)
{
    const struct map_of_str *tags = field_of(c->in, shape_field(c->op->in, S("Tags")));
    str *keys = ARENA_ARRAY(c->arena, str, tags->n + 1);

    for (size_t i = 0; i < tags->n; i++)
        keys[i] = tags->v[i].key;
    if (tags->n)
        context_add_list(c, S("aws:TagKeys"), keys, tags->n);
    return OK;
}
