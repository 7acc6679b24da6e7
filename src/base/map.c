/* SPDX-License-Identifier: MIT */
/* Open addressing with linear probing; removed slots keep their key so that probing goes on past them. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_done(struct map *m)
{
    free(m->slots);
    map_init(m);
}

void map_clear(struct map *m)
{
    if (m->slots)
        memset(m->slots, 0, m->cap * sizeof *m->slots);
    m->used = m->live = 0;
}

static struct map_slot *slot_of(const struct map *m, str key, uint64_t hash)
{
    size_t at = hash & (m->cap - 1);

    while (m->slots[at].key.p) {
        if (m->slots[at].hash == hash && str_eq(m->slots[at].key, key))
            break;
        at = (at + 1) & (m->cap - 1);
    }
    return &m->slots[at];
}

void *map_find(const struct map *m, str key)
{
    return m->cap ? slot_of(m, key, str_hash(key))->value : NULL;
}

static void grow(struct map *m)
{
    struct map bigger = {.cap = m->live * 4 < 16 ? 16 : 0};
    struct map_slot *s;
    size_t at = 0;

    for (size_t cap = 16; bigger.cap == 0; cap *= 2)
        if (cap >= m->live * 4)
            bigger.cap = cap;
    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        abort();
    while ((s = map_next(m, &at)) != NULL) {
        *slot_of(&bigger, s->key, s->hash) = *s;
        bigger.used++;
        bigger.live++;
    }
    free(m->slots);
    *m = bigger;
}

void map_put(struct map *m, str key, void *value)
{
    uint64_t hash = str_hash(key);

    if (!key.p)
        key = S("");
    if ((m->used + 1) * 2 > m->cap)
        grow(m);
    struct map_slot *s = slot_of(m, key, hash);
    if (!s->key.p)
        m->used++;
    if (!s->value)
        m->live++;
    *s = (struct map_slot){key, value, hash};
}

void *map_remove(struct map *m, str key)
{
    if (!m->cap)
        return NULL;
    struct map_slot *s = slot_of(m, key, str_hash(key));
    void *value = s->value;
    if (value) {
        s->value = NULL;
        s->key = (str){"", 0}; /* the caller's key may go now; the slot stays occupied for probing */
        s->hash = 0;
        m->live--;
    }
    return value;
}

struct map_slot *map_next(const struct map *m, size_t *at)
{
    while (*at < m->cap) {
        struct map_slot *s = &m->slots[(*at)++];
        if (s->value)
            return s;
    }
    return NULL;
}
