/* SPDX-License-Identifier: MIT */
/* Properties before they become calls: are they the type's, what has changed, and the tags of the stack. */
#include "cfn_parts.h"

#include <string.h>

static bool wrong(struct cfn_hand *h, const char *what, const char *name, const char *how)
{
    h->reason = arena_printf(h->c->arena, "Properties validation failed for resource %.*s with message:\n#: %s [%s] %s",
                             FMT(h->r->logical_resource_id), what, name, how);
    return false;
}

bool cfn_check_properties(struct cfn_hand *h)
{
    const struct cfn_type *t = h->type;
    const char *key;
    json_t *value;

    if (t->refused) {
        h->reason = arena_printf(h->c->arena, "%s is not built: %s", t->name, t->refused);
        return false;
    }
    json_object_foreach((json_t *)h->props, key, value)
    {
        if (!t->custom && !cfn_prop_find(t, str_z(key)))
            return wrong(h, "extraneous key", key, "is not permitted");
    }
    for (size_t i = 0; i < t->n_props; i++)
        if (t->props[i].required && !json_object_get(h->props, t->props[i].name))
            return wrong(h, "required key", t->props[i].name, "not found");
    return true;
}

str cfn_ignored(struct cfn_hand *h)
{
    struct buf b;

    buf_init(&b, 1024);
    for (size_t i = 0; i < h->type->n_props; i++) {
        const struct cfn_prop *p = &h->type->props[i];
        if (p->kind == CFN_IGNORED && json_object_get(h->props, p->name))
            buf_printf(&b, "%s%s", b.n ? ", " : "", p->name);
    }
    str names = b.n ? arena_printf(h->c->arena, "Ignored here: %.*s", FMT(buf_str(&b))) : STR_ABSENT;
    buf_done(&b);
    return names;
}

bool cfn_same(const json_t *a, const json_t *b)
{
    return a == b || (a && b && json_equal((json_t *)a, (json_t *)b));
}

/* A template that spells out what it means to leave a property out changes nothing. */
static bool is_initial(const struct cfn_prop *p, const json_t *value)
{
    if (!value || !p->initial)
        return !value;
    return json_is_boolean(value) ? strcmp(p->initial, json_is_true(value) ? "true" : "false") == 0
                                  : str_eq(json_str(value), str_z(p->initial));
}

bool cfn_alters(const struct cfn_prop *p, const json_t *before, const json_t *after)
{
    const json_t *was = json_object_get(before, p->name), *is = json_object_get(after, p->name);

    return p->kind != CFN_IGNORED && !cfn_same(was, is) && !(is_initial(p, was) && is_initial(p, is));
}

bool cfn_replaces(const struct cfn_type *t, const json_t *before, const json_t *after, bool *changed)
{
    bool replaces = false;

    *changed = t->custom && !cfn_same(before, after);
    for (size_t i = 0; i < t->n_props; i++) {
        const struct cfn_prop *p = &t->props[i];
        if (!cfn_alters(p, before, after))
            continue;
        *changed = true;
        replaces |= p->kind == CFN_REPLACED;
    }
    return replaces;
}

str cfn_fixed(const struct cfn_type *t, const json_t *before, const json_t *after)
{
    for (size_t i = 0; i < t->n_props; i++) {
        if (t->props[i].kind == CFN_FIXED && cfn_alters(&t->props[i], before, after))
            return str_z(t->props[i].name);
    }
    return STR_ABSENT;
}

/* ---- tags ---- */

static void add(json_t *list, json_t *key, json_t *value)
{
    json_t *one = json_object();

    json_object_set_new(one, "Key", key);
    json_object_set_new(one, "Value", value);
    json_array_append_new(list, one);
}

static json_t *own_tags(struct arena *a, const json_t *tags)
{
    json_t *list = cfn_own(a, json_is_array(tags) ? json_copy((json_t *)tags) : json_array()), *value;
    const char *key;

    json_object_foreach((json_t *)tags, key, value) add(list, json_string(key), json_incref(value));
    return list;
}

static bool has_tag(const json_t *list, str key)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (str_eq(json_str_at(one, "Key"), key))
            return true;
    }
    return false;
}

json_t *cfn_add_tags(struct call *c, const struct cfn_type *t, const struct cloudformation_version *v, json_t *props)
{
    const json_t *own = t->tags ? json_object_get(props, t->tags) : NULL;
    bool odd = own && !json_is_array(own) && !(t->tags_map && json_is_object(own));

    if (!t->tags || odd || (!own && !v->tags.n))
        return props;
    json_t *list = own_tags(c->arena, own), *out = cfn_own(c->arena, json_copy(props));
    for (size_t i = 0; i < v->tags.n; i++)
        if (!has_tag(list, v->tags.v[i].key))
            add(list, json_of(v->tags.v[i].key), json_of(v->tags.v[i].value));
    json_object_set(out, t->tags, list);
    return out;
}
