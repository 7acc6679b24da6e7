/* SPDX-License-Identifier: MIT */
/* A hash map from text to a pointer. Keys are borrowed: they must live as long as their entry. */
#ifndef BARMKIN_BASE_MAP_H
#define BARMKIN_BASE_MAP_H
#include <stddef.h>

#include "base/str.h"

struct map_slot {
    str key;
    void *value; /* NULL: free or removed */
    uint64_t hash;
};

struct map {
    struct map_slot *slots;
    size_t cap, used, live;
};

void map_init(struct map *m);
void map_done(struct map *m);                      /* frees the table, not the values */
void *map_find(const struct map *m, str key);      /* may be NULL */
void map_put(struct map *m, str key, void *value); /* replaces; value must not be NULL */
void *map_remove(struct map *m, str key);          /* what was there, or NULL */
/* Iterates in no particular order: *at starts at 0; NULL at the end. Do not put while iterating. */
struct map_slot *map_next(const struct map *m, size_t *at);
void map_clear(struct map *m);

#endif
