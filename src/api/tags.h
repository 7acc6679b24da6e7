/* SPDX-License-Identifier: MIT */
/* Tags put on and taken off, for all services whose keys are told apart by case. What may be a tag, and how many, each
 * service says itself. */
#ifndef BARMKIN_API_TAGS_H
#define BARMKIN_API_TAGS_H
#include "api/call.h"

/* A model's list of tags as pairs: whatever its members are called, they are a key and a value, in this order. */
#define TAGS(list) ((struct map_of_str){(list).n, (struct str_pair *)(list).v})

/* What stays of `have`, in its order, then `more`: its values replace, and of a key given twice the first counts. */
struct map_of_str tags_put(struct arena *a, struct map_of_str have, struct map_of_str more);
struct map_of_str tags_take_off(struct arena *a, struct map_of_str have, const struct list_of_str *keys);
bool tags_have(struct map_of_str tags, str key);

/* ---- tags that AWS itself sets: aws:... ---- */
/* No caller sets them or takes them off, and they do not count to a service's limit. */
bool tags_is_system(str key);
bool tags_any_system(struct map_of_str tags);
bool tags_any_system_key(const struct list_of_str *keys);
size_t tags_count_own(struct map_of_str tags);

/* A service's mark on what it makes for somebody (call.system_tags): each record of this type that one of its calls
 * saves carries these tags, whatever the call says. Neither a right nor a condition is asked for that, as with AWS. */
struct system_tags {
    const struct record_type *record;
    const struct str_pair *v;
    size_t n;
};
void tags_mark(struct call *c, const struct record_type *t, void *record); /* record_save does it */
bool tags_are_marked(const struct call *c, const struct record_type *t);   /* it will */

#endif
