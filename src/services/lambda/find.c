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

static str qualifier_of(const struct call *c, const struct lambda_name *name)
{
    const struct field *f = shape_field(c->op->in, S("Qualifier"));
    str given = f ? *(const str *)field_of(c->in, f) : STR_ABSENT;

    return str_is(given) ? given : name->qualifier;
}

static void take(const struct lambda_function *f, struct resource *out)
{
    out->subject = f;
    out->arn = f->function_arn;
    out->account = f->at.account;
    out->policy = f->policy;
    out->policy_name = S("default");
    out->principals = f->principals.v;
    out->n_principals = f->principals.n;
    out->tags = f->tags.v;
    out->n_tags = f->tags.n;
}

static res find(struct call *c, str text, struct resource *out)
{
    struct lambda_name name;
    const void *f = NULL;
    bool good = lambda_parse_name(c, text, &name);
    str qualifier = good ? qualifier_of(c, &name) : STR_ABSENT;

    out->account = good ? name.account : c->caller->account;
    out->arn = good ? lambda_arn(c, name.account, name.name) : text;
    out->missing = &lambda_ResourceNotFoundException;
    if (good && (str_empty(qualifier) || str_eq(qualifier, S("$LATEST"))))
        TRY(record_load_kept(c, &lambda_function_record, name.account, name.name, &f));
    else if (good)
        out->arn = arena_printf(c->arena, "%.*s:%.*s", FMT(out->arn), FMT(qualifier));
    out->missing_text = arena_printf(c->arena, "Function not found: %.*s", FMT(out->arn));
    if (f)
        take(f, out);
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
