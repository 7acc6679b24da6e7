/* SPDX-License-Identifier: MIT */
/* Tags of parameters. */
#include "api/tags.h"
#include "ssm_parts.h"

static res reserved(struct call *c)
{
    return fault(c, &ssm_ValidationException, "Tag keys that begin with aws: are AWS's own.");
}

res ssm_check_tags(struct call *c, struct map_of_str given, struct map_of_str all)
{
    if (tags_any_system(given))
        return reserved(c);
    if (tags_count_own(all) > SSM_TAGS_MAX)
        return fault(c, &ssm_TooManyTagsError, "A parameter has at most %d tags.", SSM_TAGS_MAX);
    return OK;
}

res ssm_add_tags_to_resource(struct call *c, const struct ssm_add_tags_to_resource_in *in,
                             struct ssm_add_tags_to_resource_out *out)
{
    struct ssm_parameter p = *(const struct ssm_parameter *)c->subject;
    struct map_of_str all = tags_put(c->arena, TAGS(p.tags), TAGS(in->tags));

    (void)out;
    TRY(ssm_check_tags(c, TAGS(in->tags), all));
    p.tags = (struct ssm_tag_list){all.n, (struct ssm_tag *)all.v};
    return ssm_parameter_save(c, &p);
}

res ssm_remove_tags_from_resource(struct call *c, const struct ssm_remove_tags_from_resource_in *in,
                                  struct ssm_remove_tags_from_resource_out *out)
{
    struct ssm_parameter p = *(const struct ssm_parameter *)c->subject;
    struct map_of_str kept = tags_take_off(c->arena, TAGS(p.tags), &in->tag_keys);

    (void)out;
    if (tags_any_system_key(&in->tag_keys))
        return reserved(c);
    p.tags = (struct ssm_tag_list){kept.n, (struct ssm_tag *)kept.v};
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
