/* SPDX-License-Identifier: MIT */
/* Tags put on and taken off. A resource has fifty at most, so looking through them is quick. */
#include "api/tags.h"

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
