/* SPDX-License-Identifier: MIT */
/* Many parameters at once: by name, by path, and as a list without values. */
#include "ssm_parts.h"

enum { PATH_SCAN_MAX = 200 }; /* records looked at for one page of a path */

/* Every name was judged and located: c->resources stand in the order of Names. A name given twice is told once. */
static bool named_before(const struct list_of_str *names, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (str_eq(names->v[k], names->v[i]))
            return true;
    return false;
}

res ssm_get_parameters(struct call *c, const struct ssm_get_parameters_in *in, struct ssm_get_parameters_out *out)
{
    str selector;

    out->parameters.v = ARENA_ARRAY(c->arena, struct ssm_parameter_value, in->names.n);
    out->invalid_parameters.v = ARENA_ARRAY(c->arena, str, in->names.n);
    for (size_t i = 0; i < in->names.n; i++) {
        const struct ssm_parameter *p = c->resources[i].subject;
        if (named_before(&in->names, i))
            continue;
        ssm_plain_name(c, in->names.v[i], &selector);
        if (p)
            TRY(ssm_version_at(c, p, selector, &p));
        if (p)
            TRY(ssm_show(c, p, in->with_decryption.v, selector, &out->parameters.v[out->parameters.n++]));
        else
            out->invalid_parameters.v[out->invalid_parameters.n++] = in->names.v[i];
    }
    return OK;
}

res ssm_delete_parameters(struct call *c, const struct ssm_delete_parameters_in *in,
                          struct ssm_delete_parameters_out *out)
{
    out->deleted_parameters.v = ARENA_ARRAY(c->arena, str, in->names.n);
    out->invalid_parameters.v = ARENA_ARRAY(c->arena, str, in->names.n);
    for (size_t i = 0; i < in->names.n; i++) {
        const struct ssm_parameter *p = c->resources[i].subject;
        if (named_before(&in->names, i))
            continue;
        if (!p) {
            out->invalid_parameters.v[out->invalid_parameters.n++] = in->names.v[i];
            continue;
        }
        TRY(ssm_drop(c, p));
        out->deleted_parameters.v[out->deleted_parameters.n++] = p->name;
    }
    return OK;
}

static res open_token(struct call *c, str token, str *after)
{
    *after = STR_ABSENT;
    if (str_is(token) && !page_token_open(c, token, after))
        return fault(c, &ssm_InvalidNextToken, "The specified token isn't valid.");
    return OK;
}

/* ---- GetParametersByPath ---- */

res ssm_add_recursive(struct call *c)
{
    const struct ssm_get_parameters_by_path_in *in = c->in;

    context_add(c, S("ssm:Recursive"), in->recursive.v ? S("true") : S("false"));
    return OK;
}

static bool in_path(const struct ssm_parameter *p, str prefix, bool recursive)
{
    return recursive || str_find(str_from(p->name, prefix.n), '/') < 0;
}

res ssm_get_parameters_by_path(struct call *c, const struct ssm_get_parameters_by_path_in *in,
                               struct ssm_get_parameters_by_path_out *out)
{
    size_t max = in->max_results.set ? (size_t)in->max_results.v : 10;
    str prefix = str_ends(in->path, S("/")) ? in->path : arena_cat(c->arena, in->path, S("/")), after;
    struct ssm_parameter_page page;
    size_t i = 0;

    if (in->path.p[0] != '/')
        return fault(c, &ssm_ValidationException,
                     "The parameter doesn't meet the parameter name requirements: a path begins with /.");
    TRY(open_token(c, in->next_token, &after));
    out->parameters.v = ARENA_ARRAY(c->arena, struct ssm_parameter_value, max);
    TRY(ssm_parameter_list_all(c, STR_ABSENT, prefix, after, PATH_SCAN_MAX, &page));
    for (; i < page.n && out->parameters.n < max; i++)
        if (in_path(page.v[i], prefix, in->recursive.v))
            TRY(ssm_show(c, page.v[i], in->with_decryption.v, STR_ABSENT, &out->parameters.v[out->parameters.n++]));
    if (i && (i < page.n || page.more))
        out->next_token = page_token(c, page.v[i - 1]->name);
    return OK;
}

/* ---- DescribeParameters ---- */

static str filtered_member(const struct ssm_parameter *p, str key)
{
    if (str_eq(key, S("Name")) || str_eq(key, S("Path")))
        return p->name;
    if (str_eq(key, S("Type")))
        return p->type;
    return str_eq(key, S("KeyId")) ? p->key_id : STR_ABSENT;
}

static bool passes(const struct ssm_parameter *p, const struct ssm_parameter_filter *f)
{
    bool begins = str_eq(f->option, S("BeginsWith")) || str_eq(f->key, S("Path"));
    str value = filtered_member(p, f->key);

    for (size_t i = 0; i < f->values.n; i++) {
        if (str_eq(f->option, S("Contains")) ? str_search(value, f->values.v[i]) >= 0
            : begins                         ? str_starts(value, f->values.v[i])
                                             : str_eq(value, f->values.v[i]))
            return true;
    }
    return f->values.n == 0;
}

static bool passes_all(const struct ssm_parameter *p, const struct ssm_parameter_filter_list *filters)
{
    for (size_t i = 0; i < filters->n; i++)
        if (!passes(p, &filters->v[i]))
            return false;
    return true;
}

res ssm_describe_parameters(struct call *c, const struct ssm_describe_parameters_in *in,
                            struct ssm_describe_parameters_out *out)
{
    size_t max = in->max_results.set ? (size_t)in->max_results.v : 50, i = 0;
    struct ssm_parameter_page page;
    str after;

    TRY(open_token(c, in->next_token, &after));
    TRY(ssm_parameter_list_all(c, STR_ABSENT, S(""), after, PATH_SCAN_MAX, &page));
    out->parameters.v = ARENA_ARRAY(c->arena, struct ssm_parameter_metadata, max);
    for (; i < page.n && out->parameters.n < max; i++) {
        const struct ssm_parameter *p = page.v[i];
        if (!passes_all(p, &in->parameter_filters))
            continue;
        out->parameters.v[out->parameters.n++] = (struct ssm_parameter_metadata){.name = p->name,
                                                                                 .arn = ssm_arn(c, p->name),
                                                                                 .type = p->type,
                                                                                 .key_id = p->key_id,
                                                                                 .last_modified_date = p->last_modified,
                                                                                 .last_modified_user = p->modified_by,
                                                                                 .description = p->description,
                                                                                 .allowed_pattern = p->pattern,
                                                                                 .version = p->version,
                                                                                 .tier = p->tier,
                                                                                 .data_type = p->data_type};
    }
    if (i && (i < page.n || page.more))
        out->next_token = page_token(c, page.v[i - 1]->name);
    return OK;
}
