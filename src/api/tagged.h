/* SPDX-License-Identifier: MIT */
/* Every resource that carries tags, whatever its service: what the models' `tagged` lines name. The Tagging API and
 * resource groups ask here and know no service. */
#ifndef BARMKIN_API_TAGGED_H
#define BARMKIN_API_TAGGED_H
#include "api/call.h"

struct tagged_type {
    const struct record_type *record; /* its member Tags or tags: a list of tags or a map */
    const char *type;                 /* "AWS::KMS::Key" */
    const char *arn;                  /* members of the record in braces; {partition}, {region}, {account} */
};
extern const struct tagged_type tagged_types[]; /* ends with an empty one; generated */

struct tagged_resource {
    const struct tagged_type *type;
    str arn, kind; /* kind: "ec2:vpc", as the Tagging API filters */
    const struct str_pair *tags;
    size_t n_tags; /* more than none */
};

/* Takes one; false: enough, the walk ends behind it. */
typedef bool tagged_take(struct call *c, void *ctx, const struct tagged_resource *r);

enum { TAGGED_READ_MAX = 5000 }; /* records that one walk looks at */

/* The resources with tags of the caller's account in the call's region, from behind `after` (absent: all), in a fixed
 * order. *next: where to go on, absent at the end. A walk has its bound: it may end early with few or none. */
res tagged_walk(struct call *c, str after, tagged_take *take, void *ctx, str *next);

/* Does one fit a filter of the Tagging API ("ec2", "ec2:vpc")? */
bool tagged_is_kind(const struct tagged_resource *r, str filter);
/* A key, and one of its values where any are given. */
bool tagged_has(const struct tagged_resource *r, str key, const struct list_of_str *values);

#endif
