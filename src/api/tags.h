/* SPDX-License-Identifier: MIT */
/* Tags put on and taken off, for all services whose keys are told apart by case. What may be a tag, and how many, each
 * service says itself. */
#ifndef BARMKIN_API_TAGS_H
#define BARMKIN_API_TAGS_H
#include "api/shape.h"
#include "base/arena.h"

/* A model's list of tags as pairs: whatever its members are called, they are a key and a value, in this order. */
#define TAGS(list) ((struct map_of_str){(list).n, (struct str_pair *)(list).v})

/* What stays of `have`, in its order, then `more`: its values replace, and of a key given twice the first counts. */
struct map_of_str tags_put(struct arena *a, struct map_of_str have, struct map_of_str more);
struct map_of_str tags_take_off(struct arena *a, struct map_of_str have, const struct list_of_str *keys);
bool tags_have(struct map_of_str tags, str key);

#endif
