/* SPDX-License-Identifier: MIT */
/* CopyObject: the keys are sealed anew under an envelope of the copy's own; the sealed bytes are shared. */
#include "api/gate.h"
#include "s3_parts.h"

res s3_add_copy_source(struct call *c)
{
    const struct s3_copy_object_in *in = c->in;
    str bucket, key;

    if (s3_parse_source(c->arena, in->copy_source, &bucket, &key))
        context_add(c, S("s3:x-amz-copy-source"), arena_printf(c->arena, "%.*s/%.*s", FMT(bucket), FMT(key)));
    if (s3_names_version(in->copy_source))
        context_add(c, S("s3:versionid"), S("null")); /* the only one there is */
    return OK;
}

static res directive(struct call *c, str text, const char *name, bool *replace)
{
    *replace = str_eq(text, S("REPLACE"));
    if (text.n && !*replace && !str_eq(text, S("COPY")))
        return fault(c, &s3_InvalidArgument, "Unknown %s directive.", name);
    return OK;
}

static res check_source(struct call *c, const struct s3_copy_object_in *in, const struct s3_object *o)
{
    const struct s3_conditions w = {in->copy_source_if_match, in->copy_source_if_none_match,
                                    in->copy_source_if_modified_since, in->copy_source_if_unmodified_since};
    const char *which;

    if (s3_judge_conditions(&w, o->e_tag, o->last_modified.ms, &which) != S3_GO_ON)
        return s3_failed(c, which);
    if (o->size.v > S3_MAX_COPY_BYTES)
        return fault(c, &s3_InvalidRequest,
                     "The specified copy source is larger than the maximum allowable size for a "
                     "copy source: 5368709120");
    return OK;
}

static bool changes_nothing(const struct s3_copy_object_in *in, const struct s3_place *to, const struct s3_place *from,
                            bool replace)
{
    return str_eq(to->bucket->name, from->bucket->name) && str_eq(to->key, from->key) && !replace &&
           !in->server_side_encryption.n && !in->storage_class.n && !in->website_redirect_location.n;
}

/* Tags move only with the rights to read and to write them. */
static res copy_tags(struct call *c, const struct s3_object *from, struct s3_object *to)
{
    const struct s3_copy_object_in *in = c->in;
    const char *read = s3_names_version(in->copy_source) ? "s3:GetObjectVersionTagging" : "s3:GetObjectTagging";
    bool may_read = true, may_write = true;

    if (!from->tags.n)
        return OK;
    TRY(gate_may(c, read, &c->resources[1], &may_read));
    TRY(gate_may(c, "s3:PutObjectTagging", &c->resources[0], &may_write));
    if (!may_read)
        return s3_denied(c, read, &c->resources[1]);
    if (!may_write)
        return s3_denied(c, "s3:PutObjectTagging", &c->resources[0]);
    to->tags = from->tags;
    return OK;
}

/* What describes the copy: the source's members, or the request's own. */
static res describe(struct call *c, const struct s3_copy_object_in *in, const struct s3_object *from,
                    struct s3_object *o)
{
    bool replace, replace_tags;

    TRY(directive(c, in->metadata_directive, "metadata", &replace));
    TRY(directive(c, in->tagging_directive, "tagging", &replace_tags));
    if (changes_nothing(in, c->resources[0].subject, c->resources[1].subject, replace))
        return fault(c, &s3_InvalidRequest,
                     "This copy request is illegal because it is trying to copy an object to itself without changing "
                     "the object's metadata, storage class, website redirect location or encryption attributes.");
    if (replace) {
        shape_copy(c->op->in, in, &s3_object_shape, o);
        o->content_encoding = s3_without_aws_chunked(c, in->content_encoding);
        if (!o->content_type.n)
            o->content_type = S("binary/octet-stream");
    } else {
        shape_copy(&s3_object_shape, from, &s3_object_shape, o);
        o->at = (struct record_head){0};
        o->tags = (struct s3_tag_list){0};
        o->storage_class = in->storage_class;
        o->website_redirect_location = in->website_redirect_location;
    }
    if (replace_tags)
        return s3_parse_tagging(c, in->tagging, &o->tags);
    return copy_tags(c, from, o);
}

static res reseal(struct call *c, const struct s3_copy_object_in *in, const struct s3_object *from, struct s3_object *o)
{
    struct s3_wanted w = {in->server_side_encryption, in->ssekms_key_id, in->ssekms_encryption_context,
                          in->sse_customer_algorithm, in->bucket_key_enabled};
    const struct s3_place *to = c->resources[0].subject;
    struct s3_envelope old = s3_envelope_of(from), fresh;
    struct s3_segment_list segments, copies;
    uint8_t *key = arena_alloc(c->secrets, 32);

    TRY(s3_envelope_open(c, from->bucket, from->key, &old));
    TRY(s3_envelope_new(c, to->bucket, to->key, &w, &fresh));
    TRY(s3_segments_of(c, from, &segments));
    copies = (struct s3_segment_list){segments.n, ARENA_ARRAY(c->arena, struct s3_segment, segments.n + 1)};
    for (size_t i = 0; i < segments.n; i++) {
        TRY(s3_open_key(c, &old, segments.v[i].sealed, key));
        copies.v[i] = segments.v[i];
        copies.v[i].sealed = s3_seal_key(c, &fresh, key);
    }
    s3_envelope_keep(&fresh, o);
    return s3_segments_keep(c, to->bucket, o, copies);
}

res s3_copy_object(struct call *c, const struct s3_copy_object_in *in, struct s3_copy_object_out *out)
{
    const struct s3_place *to = c->resources[0].subject, *source = c->resources[1].subject;
    struct s3_object *o = ARENA_NEW(c->arena, struct s3_object);
    const struct s3_object *from = source->object;

    TRY(s3_need_object(c, source));
    TRY(s3_check_description(c));
    TRY(check_source(c, in, from));
    TRY(s3_may_write(c, in->if_match, in->if_none_match, to->object));
    TRY(describe(c, in, from, o));
    o->size = from->size;
    o->e_tag = from->e_tag;
    o->parts_count = from->parts_count;
    o->last_modified = SET_TIME(c->now_ms);
    o->checksum_name = from->checksum_name;
    o->checksum_value = from->checksum_value;
    o->checksum_type = from->checksum_type;
    TRY(reseal(c, in, from, o));
    TRY(s3_object_replace(c, to, o));
    shape_copy(&s3_object_shape, o, c->op->out, out);
    out->copy_object_result = ARENA_NEW(c->arena, struct s3_copy_result);
    out->copy_object_result->e_tag = o->e_tag;
    out->copy_object_result->last_modified = o->last_modified;
    s3_put_checksum(&s3_copy_result_shape, out->copy_object_result, o->checksum_name, o->checksum_value);
    return OK;
}
