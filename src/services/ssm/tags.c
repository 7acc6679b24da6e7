/* SPDX-License-Identifier: MIT */
/* Tags of parameters. */
#include "ssm_parts.h"

static bool has(const struct ssm_tag *v, size_t n, str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(v[i].key, key))
            return true;
    return false;
}

res ssm_add_tags_to_resource(struct call *c, const struct ssm_add_tags_to_resource_in *in,
                             struct ssm_add_tags_to_resource_out *out)
{
    struct ssm_parameter p = *(const struct ssm_parameter *)c->subject;
    struct ssm_tag *v = ARENA_ARRAY(c->arena, struct ssm_tag, p.tags.n + in->tags.n + 1);
    size_t n = 0;

    (void)out;
    for (size_t i = 0; i < p.tags.n; i++)
        if (!has(in->tags.v, in->tags.n, p.tags.v[i].key))
            v[n++] = p.tags.v[i];
    for (size_t i = 0; i < in->tags.n; i++)
        if (!has(v, n, in->tags.v[i].key))
            v[n++] = in->tags.v[i];
    if (n > SSM_TAGS_MAX)
        return fault(c, &ssm_TooManyTagsError, "A parameter has at most %d tags.", SSM_TAGS_MAX);
    p.tags = (struct ssm_tag_list){n, v};
    return ssm_parameter_save(c, &p);
}

res ssm_remove_tags_from_resource(struct call *c, const struct ssm_remove_tags_from_resource_in *in,
                                  struct ssm_remove_tags_from_resource_out *out)
{
    struct ssm_parameter p = *(const struct ssm_parameter *)c->subject;
    struct ssm_tag *v = ARENA_ARRAY(c->arena, struct ssm_tag, p.tags.n + 1);
    size_t n = 0;

    (void)out;
    for (size_t i = 0; i < p.tags.n; i++) {
        bool goes = false;
        for (size_t k = 0; k < in->tag_keys.n; k++)
            goes |= str_eq(in->tag_keys.v[k], p.tags.v[i].key);
        if (!goes)
            v[n++] = p.tags.v[i];
    }
    p.tags = (struct ssm_tag_list){n, v};
    return ssm_parameter_save(c, &p);
}

res ssm_list_tags_for_resource(struct call *c, const struct ssm_list_tags_for_resource_in *in,
                               struct ssm_list_tags_for_resource_out *out)
{
    const struct ssm_parameter *p = c->subject;

    (void)in;
    out->tag_list = p->tags;
    if (!out->tag_list.v)
        out->tag_list.v = ARENA_ARRAY(c->arena, struct ssm_tag, 1);
    return OK;
}
