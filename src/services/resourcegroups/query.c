/* SPDX-License-Identifier: MIT */
/* Queries: by tags they ask the Tagging API, of a stack they ask CloudFormation, each in the caller's right. */
#include "base/json.h"
#include "cloudformation.h"
#include "resourcegroups_parts.h"
#include "tagging.h"

enum { FILTERS_MAX = 50 };

struct query {
    struct list_of_str types; /* none: all */
    struct tagging_tag_filter_list tags;
    str stack;
};

/* ---- reading ---- */

static res bad(struct call *c, const char *why)
{
    return fault(c, &resourcegroups_BadRequestException, "Query not valid: %s", why);
}

static res read_texts(struct call *c, const json_t *list, struct list_of_str *out)
{
    json_t *one;
    size_t i;

    *out = (struct list_of_str){0, ARENA_ARRAY(c->arena, str, json_array_size(list) + 1)};
    json_array_foreach(list, i, one)
    {
        if (!json_is_string(one))
            return bad(c, "a list of texts is expected.");
        out->v[out->n++] = json_str(one);
    }
    return OK;
}

/* "AWS::AllSupported" alone is everything. */
static res read_types(struct call *c, const json_t *list, struct list_of_str *out)
{
    if (list && !json_is_array(list))
        return bad(c, "ResourceTypeFilters is a list.");
    TRY(read_texts(c, list, out));
    for (size_t i = 0; i < out->n; i++) {
        if (str_eq(out->v[i], S("AWS::AllSupported"))) {
            out->n = 0;
            return OK;
        }
        if (!str_starts(out->v[i], S("AWS::")))
            return bad(c, "a resource type has the form AWS::Service::Type.");
    }
    return OK;
}

static res read_tags(struct call *c, const json_t *list, struct tagging_tag_filter_list *out)
{
    json_t *one;
    size_t i;

    if (!json_is_array(list) || !json_array_size(list) || json_array_size(list) > FILTERS_MAX)
        return bad(c, "TagFilters is a list of one to fifty filters.");
    out->v = ARENA_ARRAY(c->arena, struct tagging_tag_filter, json_array_size(list));
    json_array_foreach(list, i, one)
    {
        struct tagging_tag_filter *t = &out->v[out->n++];
        t->key = json_str_at(one, "Key");
        if (!t->key.n || t->key.n > 128)
            return bad(c, "a tag filter has a Key of at most 128 characters.");
        TRY(read_texts(c, json_object_get(one, "Values"), &t->values));
    }
    return OK;
}

static res read_query(struct call *c, const struct resourcegroups_resource_query *q, struct query *out)
{
    struct err e = {0};
    json_t *j;

    *out = (struct query){0};
    if (!is_ok(json_parse(c->arena, q->query, &e, &j)) || !json_is_object(j))
        return bad(c, "it is not a JSON object.");
    TRY(read_types(c, json_object_get(j, "ResourceTypeFilters"), &out->types));
    if (str_eq(q->type, S("TAG_FILTERS_1_0")))
        return read_tags(c, json_object_get(j, "TagFilters"), &out->tags);
    out->stack = json_str_at(j, "StackIdentifier");
    return out->stack.n ? OK : bad(c, "StackIdentifier is required.");
}

/* ---- a stack's resources ---- */

static res is_there(struct call *c, str stack, struct fault *why)
{
    struct cloudformation_describe_stacks_in in = {.stack_name = stack};
    struct cloudformation_describe_stacks_out out = {0};

    return call_try(c, caller_forward(c, RG_SERVICE), &cloudformation_DescribeStacks_op, &in, &out, why);
}

res rg_check_query(struct call *c, const struct resourcegroups_resource_query *q)
{
    struct query query;
    struct fault why;

    TRY(read_query(c, q, &query));
    if (!query.stack.n)
        return OK;
    TRY(is_there(c, query.stack, &why));
    if (why.type == &api_access_denied)
        return fault(c, &api_access_denied, "%.*s", FMT(why.message));
    return why.type ? bad(c, "the stack does not exist.") : OK;
}

static bool takes(const struct list_of_str *list, str type)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i], type))
            return true;
    return list->n == 0;
}

static void stack_is_gone(struct call *c, str stack, struct rg_found *out)
{
    out->errors.v = ARENA_ARRAY(c->arena, struct resourcegroups_query_error, 1);
    out->errors.v[out->errors.n++] = (struct resourcegroups_query_error){
        S("CLOUDFORMATION_STACK_NOT_EXISTING"), arena_printf(c->arena, "Stack %.*s does not exist.", FMT(stack))};
}

/* Physical ids are what the stack knows; where one is an ARN it is told as such. */
static res of_stack(struct call *c, const struct query *q, const struct list_of_str *types, str token,
                    struct rg_found *out)
{
    struct cloudformation_list_stack_resources_in in = {.stack_name = q->stack, .next_token = token};
    struct cloudformation_list_stack_resources_out answer = {0};
    struct fault why;

    TRY(call_try(c, caller_forward(c, RG_SERVICE), &cloudformation_ListStackResources_op, &in, &answer, &why));
    if (why.type == &api_access_denied)
        return fault(c, &api_access_denied, "%.*s", FMT(why.message));
    if (why.type) {
        stack_is_gone(c, q->stack, out);
        return OK;
    }
    out->resources.v =
        ARENA_ARRAY(c->arena, struct resourcegroups_resource_identifier, answer.stack_resource_summaries.n + 1);
    for (size_t i = 0; i < answer.stack_resource_summaries.n; i++) {
        str id = answer.stack_resource_summaries.v[i].physical_resource_id;
        str type = answer.stack_resource_summaries.v[i].resource_type;
        if (id.n && takes(&q->types, type) && takes(types, type))
            out->resources.v[out->resources.n++] = (struct resourcegroups_resource_identifier){id, type};
    }
    out->next = answer.next_token;
    return OK;
}

/* ---- by tags ---- */

/* Both lists narrow what is asked for. */
static struct list_of_str both(struct call *c, const struct list_of_str *a, const struct list_of_str *b)
{
    struct list_of_str out = {0, ARENA_ARRAY(c->arena, str, a->n + b->n + 1)};
    const struct list_of_str *from = a->n ? a : b;

    for (size_t i = 0; i < from->n; i++)
        if (takes(a, from->v[i]) && takes(b, from->v[i]))
            out.v[out.n++] = from->v[i];
    if (!out.n && (a->n || b->n))
        out.v[out.n++] = S("AWS::None"); /* nothing is both */
    return out;
}

static res by_tags(struct call *c, const struct query *q, const struct list_of_str *types, opt_int most, str token,
                   struct rg_found *out)
{
    struct tagging_get_resources_in in = {
        .pagination_token = token, .tag_filters = q->tags, .types = both(c, &q->types, types)};
    struct tagging_get_resources_out answer = {0};

    in.resources_per_page = SET_INT(most.set ? most.v : RG_PAGE);
    TRY(call_as(c, caller_forward(c, RG_SERVICE), &tagging_GetResources_op, &in, &answer));
    out->resources.v =
        ARENA_ARRAY(c->arena, struct resourcegroups_resource_identifier, answer.resource_tag_mapping_list.n + 1);
    for (size_t i = 0; i < answer.resource_tag_mapping_list.n; i++)
        out->resources.v[out->resources.n++] = (struct resourcegroups_resource_identifier){
            answer.resource_tag_mapping_list.v[i].resource_arn, answer.resource_tag_mapping_list.v[i].type};
    if (answer.pagination_token.n)
        out->next = answer.pagination_token;
    return OK;
}

res rg_find(struct call *c, const struct resourcegroups_resource_query *q, const struct list_of_str *types,
            opt_int most, str token, struct rg_found *out)
{
    struct query query;

    *out = (struct rg_found){0};
    out->errors.v = ARENA_ARRAY(c->arena, struct resourcegroups_query_error, 1);
    TRY(read_query(c, q, &query));
    return query.stack.n ? of_stack(c, &query, types, token, out) : by_tags(c, &query, types, most, token, out);
}
