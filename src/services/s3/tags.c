/* SPDX-License-Identifier: MIT */
/* Tags of objects, which policies may ask for as s3:ExistingObjectTag/KEY. */
#include "s3_parts.h"

static res check_version(struct call *c, str version_id)
{
    if (version_id.n && !str_eq(version_id, S("null")))
        return fault(c, &s3_InvalidArgument, "Invalid version id specified");
    return s3_need_object(c, s3_place(c));
}

static res save_tags(struct call *c, struct s3_tag_list tags)
{
    struct s3_object o = *s3_place(c)->object;

    o.tags = tags;
    return s3_object_save(c, &o);
}

res s3_get_object_tagging(struct call *c, const struct s3_get_object_tagging_in *in,
                          struct s3_get_object_tagging_out *out)
{
    TRY(check_version(c, in->version_id));
    out->tagging = ARENA_NEW(c->arena, struct s3_tagging);
    out->tagging->tag_set = s3_place(c)->object->tags;
    if (!out->tagging->tag_set.v) /* an empty set is written too */
        out->tagging->tag_set.v = ARENA_NEW(c->arena, struct s3_tag);
    return OK;
}

res s3_put_object_tagging(struct call *c, const struct s3_put_object_tagging_in *in,
                          struct s3_put_object_tagging_out *out)
{
    (void)out;
    TRY(check_version(c, in->version_id));
    if (!in->tagging)
        return fault(c, &s3_MalformedXML,
                     "The XML you provided was not well-formed or did not validate against our published schema");
    TRY(s3_check_tags(c, &in->tagging->tag_set, 10));
    return save_tags(c, in->tagging->tag_set);
}

res s3_delete_object_tagging(struct call *c, const struct s3_delete_object_tagging_in *in,
                             struct s3_delete_object_tagging_out *out)
{
    (void)out;
    TRY(check_version(c, in->version_id));
    return save_tags(c, (struct s3_tag_list){0});
}
