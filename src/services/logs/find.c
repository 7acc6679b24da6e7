/* SPDX-License-Identifier: MIT */
/* Finders of logs: groups and streams by their names, or a group by its ARN. */
#include "logs_parts.h"

str logs_group_arn(struct call *c, str group)
{
    return call_arn(c, "logs", "log-group:%.*s", FMT(group));
}

/* A name, or arn:...:log-group:NAME with or without ":*". */
static str name_of(struct call *c, str text)
{
    str prefix = call_arn(c, "logs", "log-group:");

    if (!str_starts(text, prefix))
        return text;
    text = str_from(text, prefix.n);
    return str_ends(text, S(":*")) ? str_sub(text, 0, text.n - 2) : text;
}

static res find_group(struct call *c, str name, struct resource *out)
{
    struct logs_group *g = NULL;

    out->arn = call_arn(c, "logs", "log-group:%.*s:log-stream:", FMT(name));
    TRY(logs_group_load(c, STR_ABSENT, name, &g));
    out->subject = g;
    out->tags = g ? g->tags.v : NULL;
    out->n_tags = g ? g->tags.n : 0;
    return logs_add_policies(c, out);
}

static void missing(struct resource *out, str text)
{
    out->missing = &logs_ResourceNotFoundException;
    out->missing_text = text;
}

/* names: the group's name, or else its identifier. */
res logs_find_group(struct call *c, const str *names, size_t n, struct resource *out)
{
    missing(out, S("The specified log group does not exist."));
    return find_group(c, names[0].n || n < 2 ? names[0] : name_of(c, names[1]), out);
}

res logs_find_new_group(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find_group(c, names[0], out);
}

res logs_find_tagged(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    missing(out, S("The specified log group does not exist."));
    return find_group(c, name_of(c, names[0]), out);
}

/* The stream, and the tags of its group. */
static res find_stream(struct call *c, str group, str name, struct resource *out, bool *group_exists)
{
    struct logs_stream *s = NULL;

    TRY(find_group(c, group, out));
    *group_exists = out->subject != NULL;
    out->arn = call_arn(c, "logs", "log-group:%.*s:log-stream:%.*s", FMT(group), FMT(name));
    if (*group_exists)
        TRY(logs_stream_load(c, STR_ABSENT, arena_printf(c->arena, "%.*s:%.*s", FMT(group), FMT(name)), &s));
    out->subject = s;
    return OK;
}

/* names: group, stream, and perhaps the group's identifier. */
res logs_find_stream(struct call *c, const str *names, size_t n, struct resource *out)
{
    str group = names[0].n || n < 3 ? names[0] : name_of(c, names[2]);
    bool group_exists;

    TRY(find_stream(c, group, names[1], out, &group_exists));
    missing(out, group_exists ? S("The specified log stream does not exist.")
                              : S("The specified log group does not exist."));
    return OK;
}

res logs_find_new_stream(struct call *c, const str *names, size_t n, struct resource *out)
{
    bool group_exists;

    (void)n;
    TRY(find_stream(c, names[0], names[1], out, &group_exists));
    if (!group_exists)
        missing(out, S("The specified log group does not exist."));
    return OK;
}
