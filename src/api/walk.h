/* SPDX-License-Identifier: MIT */
/* Walking objects by their field tables: paths of the models, defaults, validation. */
#ifndef BARMKIN_API_WALK_H
#define BARMKIN_API_WALK_H
#include "api/shape.h"
#include "base/arena.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/time.h"

size_t field_elem_size(const struct field *f); /* bytes of one element of a list member */

/* The values a path leads to, as text; lists on the way fan out ("Tags.Key"). List and texts live in `a` or the object:
 * they are for reading. */
struct list_of_str shape_values(const struct shape *s, const void *object, struct path path, struct arena *a);
/* True when the path's last member is present. */
bool shape_has(const struct shape *s, const void *object, struct path path, struct arena *a);

/* Checks required members, lengths, ranges and choices, recursively. Rejects with AWS's wording
 * ("1 validation error detected: Value ... at 'keyId' failed to satisfy constraint: ...").
 * *missing is set to the name of a required member that is absent, if that is what is wrong. */
res shape_validate(const struct shape *s, const void *object, const char **missing, struct arena *a, struct err *e);

#endif
