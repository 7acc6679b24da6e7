/* SPDX-License-Identifier: MIT */
/* The values that a change set shows to who asks for them (IncludePropertyValues): each resource before and after, and
 * the smallest parts that differ, as events would show them. They are found and kept with the changes, and put into the
 * answer when they are asked for. {"LogicalId":{"BeforeContext":text,"AfterContext":text,"Parts":[Target members and
 * Property]}} */
#include "cfn_changes.h"
#include "cfn_secrets.h"
#include "template_summary.h"

#include <string.h>

#define LATER "{{changeSet:KNOWN_AFTER_APPLY}}"

/* ---- looking ahead ---- */

/* With words in the place of what only an apply will show. */
static json_t *spelled(const json_t *v)
{
    const char *key;
    json_t *out, *one;
    size_t i;

    if (template_is_later(v))
        return json_string(LATER);
    if (json_is_object(v)) {
        out = json_object();
        json_object_foreach((json_t *)v, key, one) json_object_set_new(out, key, spelled(one));
        return out;
    }
    if (json_is_array(v)) {
        out = json_array();
        json_array_foreach(v, i, one) json_array_append_new(out, spelled(one));
        return out;
    }
    return json_incref((json_t *)v);
}

static json_t *context_of(struct arena *a, json_t *props, const json_t *metadata, str deletion, str replacement)
{
    json_t *o = cfn_own(a, json_object());

    json_object_set(o, "Properties", props);
    if (metadata)
        json_object_set(o, "Metadata", (json_t *)metadata);
    if (deletion.n)
        json_object_set_new(o, "DeletionPolicy", json_of(deletion));
    if (replacement.n)
        json_object_set_new(o, "UpdateReplacePolicy", json_of(replacement));
    return o;
}

static res look_back(const struct cfn_values_seen *seen, const struct cloudformation_resource *was, json_t **out)
{
    struct call *c = seen->new->c;
    json_t *props, *kept, *metadata = NULL;

    TRY(cfn_open_resource(c, seen->new->stack, was, &props, &kept));
    str shown = was->shown.n ? was->shown : cfn_shown(c, &seen->masks, props);
    TRY(json_parse(c->arena, shown.n ? shown : S("{}"), &c->err, &props));
    if (was->metadata.n)
        TRY(json_parse(c->arena, was->metadata, &c->err, &metadata));
    *out = context_of(c->arena, props, metadata, was->deletion_policy, was->update_replace_policy);
    return OK;
}

/* *out NULL: a function of the template does not take what stands for a secret, so nothing is shown. */
static res look_ahead(const struct cfn_values_seen *seen, const struct template_resource *r, json_t **out)
{
    const struct cfn_type *t = cfn_type_find(r->type);
    struct call *c = seen->new->c;
    json_t *props = NULL;
    struct err e = {0};

    *out = NULL;
    res why = template_properties(seen->veils ? seen->veiled.scope : seen->new->scope, r, &e, &props);
    if (why.why == WHY_OOPS)
        return oops(&c->err, e.sys_errno, "%s", e.what);
    if (!is_ok(why))
        return OK;
    props = props ? props : cfn_own(c->arena, json_object());
    if (t)
        props = cfn_add_tags(c, t, seen->new->version, props);
    *out = context_of(c->arena, cfn_own(c->arena, spelled(props)), r->metadata, r->deletion_policy,
                      r->update_replace_policy);
    return OK;
}

static void put_value(struct arena *a, json_t *part, const char *name, const json_t *value)
{
    str text = json_is_string(value) ? json_str(value) : value ? cfn_dump(a, value) : STR_ABSENT;

    if (str_is(text))
        json_object_set_new(part, name, json_of(text));
}

/* tags: the type's property of them; a change set calls them Tags. */
static json_t *parts_of(struct arena *a, const char *tags, const json_t *before, const json_t *after)
{
    struct template_changes found;
    json_t *list = json_array();

    template_diff(a, json_object_get(before, "Properties"), json_object_get(after, "Properties"), &found);
    for (size_t i = 0; i < found.n; i++) {
        const struct template_change *d = &found.v[i];
        json_t *part = json_object();
        bool is_tags = tags && str_eq(d->property, str_z(tags));
        json_object_set_new(part, "Property", is_tags ? json_string("Tags") : json_of(d->property));
        json_object_set_new(part, "Path", json_of(arena_cat(a, S("/Properties"), d->path)));
        put_value(a, part, "BeforeValue", d->before);
        put_value(a, part, "AfterValue", d->after);
        json_object_set_new(part, "AttributeChangeType",
                            json_string(!d->before  ? "Add"
                                        : !d->after ? "Remove"
                                                    : "Modify"));
        json_array_append_new(list, part);
    }
    return list;
}

res cfn_see_values(struct cfn_values_seen *seen, str logical, const struct template_resource *r,
                   const struct cloudformation_resource *was)
{
    const struct cfn_type *t = r ? cfn_type_find(r->type) : NULL;
    struct arena *a = seen->new->c->arena;
    json_t *before = NULL, *after = NULL, *one = json_object();

    json_object_setn_new(seen->all, logical.p, logical.n, one);
    if (was)
        TRY(look_back(seen, was, &before));
    if (r)
        TRY(look_ahead(seen, r, &after));
    if (before)
        put_value(a, one, "BeforeContext", before);
    if (after)
        put_value(a, one, "AfterContext", after);
    if (before && after)
        json_object_set_new(one, "Parts", parts_of(a, t ? t->tags : NULL, before, after));
    return OK;
}

res cfn_begin_values(struct cfn_values_seen *seen, struct cfn_scope *new)
{
    struct call *c = new->c;

    *seen = (struct cfn_values_seen){.new = new, .all = cfn_own(c->arena, json_object())};
    seen->veils = cfn_scope_veil(new, &seen->veiled);
    return cfn_masks_of(c, new->stack, &seen->masks);
}

/* ---- the answer ---- */

/* The detail once for each part of its property that differs; as it is where none can be told. */
static void spread(json_t *details, const json_t *detail, const json_t *parts)
{
    const json_t *target = json_object_get(detail, "Target");
    str name = json_str_at(target, "Name");
    json_t *part, *more, *copy;
    size_t i, n = json_array_size(details);

    json_array_foreach(parts, i, part)
    {
        if (!str_eq(json_str_at(part, "Property"), name.n ? name : json_str_at(target, "Attribute")))
            continue;
        copy = json_copy((json_t *)detail);
        more = json_copy((json_t *)target);
        json_object_update(more, part);
        json_object_del(more, "Property");
        json_object_set_new(copy, "Target", more);
        json_array_append_new(details, copy);
    }
    if (json_array_size(details) == n)
        json_array_append(details, (json_t *)detail);
}

void cfn_add_values(json_t *changes, const json_t *values)
{
    json_t *change, *detail, *details;
    size_t i, k;

    json_array_foreach(changes, i, change)
    {
        json_t *r = json_object_get(change, "ResourceChange");
        const json_t *one = json_object_get(values, json_string_value(json_object_get(r, "LogicalResourceId")));
        if (!one)
            continue;
        details = json_array();
        json_array_foreach(json_object_get(r, "Details"), k, detail)
            spread(details, detail, json_object_get(one, "Parts"));
        json_object_set_new(r, "Details", details);
        json_object_update(r, (json_t *)one);
        json_object_del(r, "Parts");
    }
}
