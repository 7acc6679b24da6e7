/* SPDX-License-Identifier: MIT */
/* Finders of ssm: from a name to its ARN and its record. */
#include "ssm_parts.h"

str ssm_arn(struct call *c, str name)
{
    return call_arn(c, "ssm", "parameter%s%.*s", str_starts(name, S("/")) ? "" : "/", FMT(name));
}

str ssm_plain_name(struct call *c, str name, str *selector)
{
    str prefix = call_arn(c, "ssm", "parameter");

    if (str_starts(name, prefix)) /* the ARN of "a" and of "/a" is the same; a name with levels has its slash */
        name =
            str_find(str_from(name, prefix.n + 1), '/') >= 0 ? str_from(name, prefix.n) : str_from(name, prefix.n + 1);
    *selector = name;
    str plain = str_cut(selector, ':');
    return plain;
}

static res find(struct call *c, str name, struct resource *out)
{
    struct ssm_parameter *p = NULL;
    str selector;

    name = ssm_plain_name(c, name, &selector);
    out->arn = ssm_arn(c, name);
    TRY(ssm_parameter_load(c, STR_ABSENT, name, &p));
    if (!p)
        return OK;
    struct str_pair *tags = ARENA_ARRAY(c->arena, struct str_pair, p->tags.n + 1);
    for (size_t i = 0; i < p->tags.n; i++)
        tags[i] = (struct str_pair){p->tags.v[i].key, p->tags.v[i].value};
    out->tags = tags;
    out->n_tags = p->tags.n;
    out->subject = p;
    return OK;
}

res ssm_find_parameter(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], out);
}

res ssm_find_wanted(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->missing = &ssm_ParameterNotFound;
    out->missing_text = arena_printf(c->arena, "Parameter %.*s not found.", FMT(names[0]));
    return find(c, names[0], out);
}

/* names: the id, and its type, of which only Parameter is built. */
res ssm_find_tagged(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    if (!str_eq(names[1], S("Parameter")))
        return fault(c, &ssm_InvalidResourceType, "Barmkin's ssm has resources of type Parameter only.");
    out->missing = &ssm_InvalidResourceId;
    out->missing_text = arena_printf(c->arena, "The resource ID is not valid: %.*s", FMT(names[0]));
    return find(c, names[0], out);
}

res ssm_find_path(struct call *c, const str *names, size_t n, struct resource *out)
{
    str path = names[0];

    (void)n;
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    out->arn = ssm_arn(c, path);
    return OK;
}
