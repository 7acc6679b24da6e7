/* SPDX-License-Identifier: MIT */
/* Reserved concurrency and tags. */
#include "api/tags.h"
#include "lambda_parts.h"

enum { TAGS_MAX = 50, ACCOUNT_CONCURRENCY = 1000, UNRESERVED_LEAST = 100 };

static res reserved_by_others(struct call *c, const struct lambda_function *f, int64_t *sum)
{
    struct lambda_function_page page;

    *sum = 0;
    TRY(lambda_function_list_all(c, f->at.account, STR_ABSENT, STR_ABSENT, 10000, &page));
    for (size_t i = 0; i < page.n; i++)
        if (!str_eq(page.v[i]->function_name, f->function_name))
            *sum += page.v[i]->reserved_concurrent_executions.v;
    return OK;
}

res lambda_put_function_concurrency(struct call *c, const struct lambda_put_function_concurrency_in *in,
                                    struct lambda_put_function_concurrency_out *out)
{
    struct lambda_function *f;
    int64_t others;

    TRY(lambda_own_copy(c, &f));
    TRY(reserved_by_others(c, f, &others));
    if (others + in->reserved_concurrent_executions.v > ACCOUNT_CONCURRENCY - UNRESERVED_LEAST)
        return fault(c, &lambda_InvalidParameterValueException,
                     "Specified ReservedConcurrentExecutions for function decreases account's "
                     "UnreservedConcurrentExecution below its minimum value of [%d].",
                     UNRESERVED_LEAST);
    f->reserved_concurrent_executions = in->reserved_concurrent_executions;
    out->reserved_concurrent_executions = in->reserved_concurrent_executions;
    return lambda_function_save(c, f);
}

res lambda_get_function_concurrency(struct call *c, const struct lambda_get_function_concurrency_in *in,
                                    struct lambda_get_function_concurrency_out *out)
{
    const struct lambda_function *f = c->subject;

    (void)in;
    TRY(lambda_only_function(c, f));
    out->reserved_concurrent_executions = f->reserved_concurrent_executions;
    return OK;
}

res lambda_delete_function_concurrency(struct call *c, const struct lambda_delete_function_concurrency_in *in,
                                       struct lambda_delete_function_concurrency_out *out)
{
    struct lambda_function *f;

    (void)in, (void)out;
    TRY(lambda_own_copy(c, &f));
    f->reserved_concurrent_executions = (opt_int){0};
    return lambda_function_save(c, f);
}

/* ---- tags ---- */

static res reserved(struct call *c)
{
    return fault(c, &lambda_InvalidParameterValueException, "Tag keys that begin with aws: are AWS's own.");
}

res lambda_check_tags(struct call *c, struct map_of_str given, struct map_of_str all)
{
    if (tags_any_system(given))
        return reserved(c);
    if (tags_count_own(all) > TAGS_MAX)
        return fault(c, &lambda_InvalidParameterValueException, "A function carries at most %d tags.", TAGS_MAX);
    return OK;
}

res lambda_tag_resource(struct call *c, const struct lambda_tag_resource_in *in, struct lambda_tag_resource_out *out)
{
    struct lambda_function *f;

    (void)out;
    TRY(lambda_own_copy(c, &f));
    f->tags = tags_put(c->arena, f->tags, in->tags);
    TRY(lambda_check_tags(c, in->tags, f->tags));
    return lambda_function_save(c, f);
}

res lambda_untag_resource(struct call *c, const struct lambda_untag_resource_in *in,
                          struct lambda_untag_resource_out *out)
{
    struct lambda_function *f;

    (void)out;
    TRY(lambda_own_copy(c, &f));
    if (tags_any_system_key(&in->tag_keys))
        return reserved(c);
    f->tags = tags_take_off(c->arena, f->tags, &in->tag_keys);
    return lambda_function_save(c, f);
}

res lambda_list_tags(struct call *c, const struct lambda_list_tags_in *in, struct lambda_list_tags_out *out)
{
    const struct lambda_function *f = c->subject;

    (void)in;
    TRY(lambda_only_function(c, f));
    out->tags = f->tags;
    if (!out->tags.v)
        out->tags.v = ARENA_ARRAY(c->arena, struct str_pair, 1);
    return OK;
}
