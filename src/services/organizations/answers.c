/* SPDX-License-Identifier: MIT */
/* What answers have in common: reasons, pages, accounts, lists of ids. */
#include "api/tags.h"
#include "organizations_parts.h"

res organizations_because(struct call *c, const char *reason, res why)
{
    c->fault.extra_name = S("Reason");
    c->fault.extra_value = str_z(reason);
    return why;
}

res organizations_pattern(struct call *c)
{
    return organizations_because(c, "INVALID_PATTERN",
                                 fault(c, &organizations_InvalidInputException,
                                       "You provided a value that does not match the required pattern."));
}

res organizations_after(struct call *c, str token, str *after)
{
    *after = STR_ABSENT;
    if (str_is(token) && !page_token_open(c, token, after))
        return organizations_because(
            c, "INVALID_PAGINATION_TOKEN",
            fault(c, &organizations_InvalidInputException, "You specified an invalid value for nextToken."));
    return OK;
}

size_t organizations_limit(opt_int max_results)
{
    return max_results.set ? (size_t)max_results.v : ORG_PAGE;
}

res organizations_account_out(struct call *c, const struct organizations_account *a,
                              struct organizations_account_out *out)
{
    struct org_node node;
    struct org_chain chain;
    bool found;
    str *path = ARENA_NEW(c->arena, str);

    shape_copy(&organizations_account_shape, a, &organizations_account_out_shape, out);
    out->arn = organizations_arn(c, "account", a->id);
    out->state = str_eq(a->status, S("SUSPENDED")) ? S("CLOSED") : a->status;
    TRY(organizations_node(c, a->id, &node, &found));
    if (!found)
        return OK;
    TRY(organizations_chain(c, &node, &chain));
    *path = arena_printf(c->arena, "%.*s%.*s/", FMT(organizations_path(c, &chain)), FMT(a->id));
    out->paths = (struct list_of_str){1, path};
    return OK;
}

static bool same_key(const struct organizations_tag_list *tags, size_t n, str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(tags->v[i].key, key))
            return true;
    return false;
}

res organizations_check_tags(struct call *c, const struct organizations_tag_list *tags)
{
    for (size_t i = 0; i < tags->n; i++) {
        if (same_key(tags, i, tags->v[i].key))
            return organizations_because(c, "DUPLICATE_TAG_KEY",
                                         fault(c, &organizations_InvalidInputException,
                                               "You specified the tag key %.*s more than once.", FMT(tags->v[i].key)));
        if (tags_is_system(tags->v[i].key))
            return organizations_because(
                c, "INVALID_SYSTEM_TAGS_PARAMETER",
                fault(c, &organizations_InvalidInputException, "Tag keys that begin with aws: are reserved."));
    }
    if (tags->n > ORG_MAX_TAGS)
        return organizations_because(c, "MAX_TAG_LIMIT_EXCEEDED",
                                     fault(c, &organizations_ConstraintViolationException,
                                           "You have exceeded the number of tags allowed on this resource."));
    return OK;
}

struct list_of_str organizations_without(struct call *c, const struct list_of_str *list, str gone)
{
    struct list_of_str out = {0, ARENA_ARRAY(c->arena, str, list->n + 1)};

    for (size_t i = 0; i < list->n; i++)
        if (!str_eq(list->v[i], gone))
            out.v[out.n++] = list->v[i];
    return out;
}

struct list_of_str organizations_with(struct call *c, const struct list_of_str *list, str added)
{
    struct list_of_str out = organizations_without(c, list, added);

    out.v[out.n++] = added;
    return out;
}
