/* SPDX-License-Identifier: MIT */
/* Tags put on and taken off. A resource has fifty at most, so looking through them is quick. */
#include "api/tags.h"

#include <string.h>

bool tags_have(struct map_of_str tags, str key)
{
    for (size_t i = 0; i < tags.n; i++)
        if (str_eq(tags.v[i].key, key))
            return true;
    return false;
}

struct map_of_str tags_put(struct arena *a, struct map_of_str have, struct map_of_str more)
{
    struct map_of_str all = {0, ARENA_ARRAY(a, struct str_pair, have.n + more.n + 1)};

    for (size_t i = 0; i < have.n; i++)
        if (!tags_have(more, have.v[i].key))
            all.v[all.n++] = have.v[i];
    for (size_t i = 0; i < more.n; i++)
        if (!tags_have(all, more.v[i].key))
            all.v[all.n++] = more.v[i];
    return all;
}

static bool is_among(const struct list_of_str *keys, str key)
{
    for (size_t i = 0; i < keys->n; i++)
        if (str_eq(keys->v[i], key))
            return true;
    return false;
}

struct map_of_str tags_take_off(struct arena *a, struct map_of_str have, const struct list_of_str *keys)
{
    struct map_of_str kept = {0, ARENA_ARRAY(a, struct str_pair, have.n + 1)};

    for (size_t i = 0; i < have.n; i++)
        if (!is_among(keys, have.v[i].key))
            kept.v[kept.n++] = have.v[i];
    return kept;
}

/* ---- tags that AWS itself sets ---- */

bool tags_is_system(str key)
{
    return str_starts_nocase(key, S("aws:"));
}

bool tags_any_system(struct map_of_str tags)
{
    return tags_count_own(tags) < tags.n;
}

bool tags_any_system_key(const struct list_of_str *keys)
{
    for (size_t i = 0; i < keys->n; i++)
        if (tags_is_system(keys->v[i]))
            return true;
    return false;
}

size_t tags_count_own(struct map_of_str tags)
{
    size_t n = 0;

    for (size_t i = 0; i < tags.n; i++)
        n += !tags_is_system(tags.v[i].key);
    return n;
}

bool tags_are_marked(const struct call *c, const struct record_type *t)
{
    return c->parent && c->parent->system_tags && c->parent->system_tags->record == t;
}

/* A record's tags are a map, or a list whose items begin with a key and a value. */
void tags_mark(struct call *c, const struct record_type *t, void *record)
{
    if (!tags_are_marked(c, t))
        return;
    const struct system_tags *more = c->parent->system_tags;
    const struct field *f = shape_field(t->shape, S("Tags"));
    if (!f)
        f = shape_field(t->shape, S("tags"));
    struct list_any *list = field_at(record, f);
    size_t width = f->kind == K_MAP ? sizeof(struct str_pair) : f->shape->size, n = 0;
    char *v = arena_alloc(c->arena, width * (list->n + more->n));
    for (size_t i = 0; i < list->n; i++) {
        const char *one = (const char *)list->v + i * width;
        if (!tags_have((struct map_of_str){more->n, (struct str_pair *)more->v}, ((const struct str_pair *)one)->key))
            memcpy(v + n++ * width, one, width);
    }
    for (size_t i = 0; i < more->n; i++)
        *(struct str_pair *)(v + n++ * width) = more->v[i];
    *list = (struct list_any){n, v};
}
