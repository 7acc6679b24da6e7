/* SPDX-License-Identifier: MIT */
/* Groups and their tags. */
#include "api/tags.h"
#include "resourcegroups_parts.h"

/* ---- found by name or ARN ---- */

/* names: Group (a name or an ARN), and the older GroupName where there is one. */
res resourcegroups_find_group(struct call *c, const str *names, size_t n, struct resource *out)
{
    str prefix = call_arn(c, "resource-groups", "group/"), given = names[0].n || n < 2 ? names[0] : names[1];
    bool foreign = str_starts(given, S("arn:")) && !str_starts(given, prefix);
    str name = str_starts(given, prefix) ? str_from(given, prefix.n) : given;
    struct resourcegroups_group *g = NULL;

    out->arn = foreign ? given : arena_cat(c->arena, prefix, name);
    out->missing = &resourcegroups_NotFoundException;
    out->missing_text = arena_printf(c->arena, "Cannot find group %.*s", FMT(name));
    if (foreign) /* of another account, or no group: judged as it is written */
        return OK;
    TRY(resourcegroups_group_load(c, STR_ABSENT, name, &g));
    if (!g)
        return OK;
    out->subject = g;
    out->tags = g->tags.v;
    out->n_tags = g->tags.n;
    return OK;
}

res resourcegroups_add_tag_keys(struct call *c)
{
    const struct map_of_str *tags = field_of(c->in, shape_field(c->op->in, S("Tags")));
    str *v = ARENA_ARRAY(c->arena, str, tags->n + 1);

    for (size_t i = 0; i < tags->n; i++)
        v[i] = tags->v[i].key;
    if (tags->n)
        context_add_list(c, S("aws:TagKeys"), v, tags->n);
    return OK;
}

/* ---- answers ---- */

static struct resourcegroups_group_out shown(const struct resourcegroups_group *g)
{
    return (struct resourcegroups_group_out){g->group_arn, g->name, g->description};
}

static struct resourcegroups_group_out *show(struct call *c, const struct resourcegroups_group *g)
{
    struct resourcegroups_group_out *o = ARENA_NEW(c->arena, struct resourcegroups_group_out);

    *o = shown(g);
    return o;
}

static struct resourcegroups_group_query *show_query(struct call *c, const struct resourcegroups_group *g)
{
    struct resourcegroups_group_query *q = ARENA_NEW(c->arena, struct resourcegroups_group_query);

    *q = (struct resourcegroups_group_query){g->name, g->resource_query};
    return q;
}

/* Where neither name nor ARN is given, nothing was looked for. */
static res need(struct call *c, const struct resourcegroups_group **out)
{
    *out = c->subject;
    return *out ? OK : fault(c, &resourcegroups_BadRequestException, "Group or GroupName must be specified.");
}

/* ---- tags ---- */

static res check_count(struct call *c, const struct map_of_str *tags)
{
    return tags_count_own(*tags) <= RG_TAGS_MAX
               ? OK
               : fault(c, &resourcegroups_BadRequestException, "A group has at most %d tags.", RG_TAGS_MAX);
}

static res check_tags(struct call *c, const struct map_of_str *tags)
{
    for (size_t i = 0; i < tags->n; i++) {
        const struct str_pair *t = &tags->v[i];
        if (!t->key.n || t->key.n > 128 || t->value.n > 256)
            return fault(c, &resourcegroups_BadRequestException,
                         "Tag keys have 1 to 128 characters and values at most 256.");
        if (tags_is_system(t->key))
            return fault(c, &resourcegroups_BadRequestException, "Tag keys that begin with aws: are reserved.");
    }
    return check_count(c, tags);
}

res resourcegroups_tag(struct call *c, const struct resourcegroups_tag_in *in, struct resourcegroups_tag_out *out)
{
    struct resourcegroups_group g = *(const struct resourcegroups_group *)c->subject;

    TRY(check_tags(c, &in->tags));
    g.tags = tags_put(c->arena, g.tags, in->tags);
    TRY(check_count(c, &g.tags));
    out->arn = g.group_arn;
    out->tags = in->tags;
    return resourcegroups_group_save(c, &g);
}

res resourcegroups_untag(struct call *c, const struct resourcegroups_untag_in *in, struct resourcegroups_untag_out *out)
{
    struct resourcegroups_group g = *(const struct resourcegroups_group *)c->subject;

    if (tags_any_system_key(&in->keys))
        return fault(c, &resourcegroups_BadRequestException, "Tag keys that begin with aws: are reserved.");
    g.tags = tags_take_off(c->arena, g.tags, &in->keys);
    out->arn = g.group_arn;
    out->keys = in->keys;
    return resourcegroups_group_save(c, &g);
}

res resourcegroups_get_tags(struct call *c, const struct resourcegroups_get_tags_in *in,
                            struct resourcegroups_get_tags_out *out)
{
    const struct resourcegroups_group *g = c->subject;

    (void)in;
    out->arn = g->group_arn;
    out->tags = g->tags;
    if (!out->tags.v)
        out->tags.v = ARENA_ARRAY(c->arena, struct str_pair, 1);
    return OK;
}

/* ---- groups ---- */

static res check_new(struct call *c, const struct resourcegroups_create_group_in *in)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    struct resourcegroups_group *old = NULL;
    int64_t n;

    if (!str_all(in->name, set) || str_starts_nocase(in->name, S("aws")))
        return fault(c, &resourcegroups_BadRequestException,
                     "A group's name has letters, digits, hyphens, dots and underscores, and does not begin with aws: "
                     "%.*s",
                     FMT(in->name));
    if (str_is(in->configuration) || !in->resource_query)
        return fault(c, &resourcegroups_BadRequestException,
                     "Barmkin's groups are made of a ResourceQuery, not of a Configuration.");
    TRY(resourcegroups_group_load(c, STR_ABSENT, in->name, &old));
    if (old)
        return fault(c, &resourcegroups_BadRequestException, "Group already exists: %.*s", FMT(in->name));
    TRY(record_count(c, &resourcegroups_group_record, &n));
    if (n >= RG_GROUPS_MAX)
        return fault(c, &resourcegroups_BadRequestException, "An account has at most %d groups.", RG_GROUPS_MAX);
    TRY(check_tags(c, &in->tags));
    return rg_check_query(c, in->resource_query);
}

res resourcegroups_create_group(struct call *c, const struct resourcegroups_create_group_in *in,
                                struct resourcegroups_create_group_out *out)
{
    struct resourcegroups_group g = {0};

    TRY(check_new(c, in));
    shape_copy(&resourcegroups_create_group_in_shape, in, &resourcegroups_group_shape, &g);
    g.group_arn = call_arn(c, "resource-groups", "group/%.*s", FMT(g.name));
    TRY(resourcegroups_group_save(c, &g));
    out->group = show(c, &g);
    out->resource_query = g.resource_query;
    out->tags = g.tags;
    return OK;
}

res resourcegroups_get_group(struct call *c, const struct resourcegroups_get_group_in *in,
                             struct resourcegroups_get_group_out *out)
{
    const struct resourcegroups_group *g;

    (void)in;
    TRY(need(c, &g));
    out->group = show(c, g);
    return OK;
}

res resourcegroups_get_group_query(struct call *c, const struct resourcegroups_get_group_query_in *in,
                                   struct resourcegroups_get_group_query_out *out)
{
    const struct resourcegroups_group *g;

    (void)in;
    TRY(need(c, &g));
    out->group_query = show_query(c, g);
    return OK;
}

res resourcegroups_update_group(struct call *c, const struct resourcegroups_update_group_in *in,
                                struct resourcegroups_update_group_out *out)
{
    const struct resourcegroups_group *old;

    TRY(need(c, &old));
    struct resourcegroups_group g = *old;
    if (str_is(in->description))
        g.description = in->description;
    out->group = show(c, &g);
    return resourcegroups_group_save(c, &g);
}

res resourcegroups_update_group_query(struct call *c, const struct resourcegroups_update_group_query_in *in,
                                      struct resourcegroups_update_group_query_out *out)
{
    const struct resourcegroups_group *old;

    TRY(need(c, &old));
    TRY(rg_check_query(c, in->resource_query));
    struct resourcegroups_group g = *old;
    g.resource_query = in->resource_query;
    out->group_query = show_query(c, &g);
    return resourcegroups_group_save(c, &g);
}

res resourcegroups_delete_group(struct call *c, const struct resourcegroups_delete_group_in *in,
                                struct resourcegroups_delete_group_out *out)
{
    const struct resourcegroups_group *g;

    (void)in;
    TRY(need(c, &g));
    out->group = show(c, g);
    return resourcegroups_group_drop(c, g);
}

res resourcegroups_list_groups(struct call *c, const struct resourcegroups_list_groups_in *in,
                               struct resourcegroups_list_groups_out *out)
{
    struct resourcegroups_group_page page;
    str after = STR_ABSENT;

    if (in->filters.n)
        return fault(c, &resourcegroups_BadRequestException, "Barmkin does not filter groups by what they may hold.");
    if (in->next_token.n && !page_token_open(c, in->next_token, &after))
        return fault(c, &resourcegroups_BadRequestException, "NextToken is not valid.");
    TRY(resourcegroups_group_list_all(c, STR_ABSENT, STR_ABSENT, after,
                                      in->max_results.set ? (size_t)in->max_results.v : RG_PAGE, &page));
    out->groups.v = ARENA_ARRAY(c->arena, struct resourcegroups_group_out, page.n + 1);
    out->group_identifiers.v = ARENA_ARRAY(c->arena, struct resourcegroups_group_identifier, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        out->groups.v[out->groups.n++] = shown(page.v[i]);
        out->group_identifiers.v[out->group_identifiers.n++] =
            (struct resourcegroups_group_identifier){page.v[i]->name, page.v[i]->group_arn};
    }
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->name);
    return OK;
}

res resourcegroups_list_group_resources(struct call *c, const struct resourcegroups_list_group_resources_in *in,
                                        struct resourcegroups_list_group_resources_out *out)
{
    const struct list_of_str none = {0}, *types = in->filters.n ? &in->filters.v[0].values : &none;
    const struct resourcegroups_group *g;
    struct rg_found found;

    TRY(need(c, &g));
    if (in->filters.n > 1)
        return fault(c, &resourcegroups_BadRequestException, "There is one filter: resource-type.");
    TRY(rg_find(c, g->resource_query, types, in->max_results, in->next_token, &found));
    out->resource_identifiers = found.resources;
    out->query_errors = found.errors;
    out->next_token = found.next;
    out->resources.v = ARENA_ARRAY(c->arena, struct resourcegroups_group_resource, found.resources.n + 1);
    for (size_t i = 0; i < found.resources.n; i++)
        out->resources.v[out->resources.n++] = (struct resourcegroups_group_resource){&found.resources.v[i]};
    return OK;
}

res resourcegroups_search_resources(struct call *c, const struct resourcegroups_search_resources_in *in,
                                    struct resourcegroups_search_resources_out *out)
{
    const struct list_of_str none = {0};
    struct rg_found found;

    TRY(rg_check_query(c, in->resource_query));
    TRY(rg_find(c, in->resource_query, &none, in->max_results, in->next_token, &found));
    out->resource_identifiers = found.resources;
    out->query_errors = found.errors;
    out->next_token = found.next;
    return OK;
}
