/* SPDX-License-Identifier: MIT */
/* What the files of resourcegroups share. */
#ifndef BARMKIN_RESOURCEGROUPS_PARTS_H
#define BARMKIN_RESOURCEGROUPS_PARTS_H
#include "resourcegroups.h"

#define RG_SERVICE "resource-groups.amazonaws.com"

enum { RG_GROUPS_MAX = 100, RG_TAGS_MAX = 50, RG_PAGE = 50 };

/* query.c */
/* Rejects a query that cannot be answered. A stack must be there, and the caller may know of it. */
res rg_check_query(struct call *c, const struct resourcegroups_resource_query *q);
/* What a query finds now, in the caller's right. types: AWS::... filters, or none. */
struct rg_found {
    struct resourcegroups_resource_identifier_list resources;
    struct resourcegroups_query_error_list errors;
    str next;
};
res rg_find(struct call *c, const struct resourcegroups_resource_query *q, const struct list_of_str *types,
            opt_int most, str token, struct rg_found *out);

#endif
