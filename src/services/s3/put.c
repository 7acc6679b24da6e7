/* SPDX-License-Identifier: MIT */
/* PutObject and DeleteObject(s). The bytes are on disk, sealed and durable, before the record that names them. */
#include "crypto/random.h"
#include "s3_parts.h"

/* What prepare() hands to the handler of an upload. */
struct sealing {
    struct s3_envelope envelope;
    str sealed;
};

static res give_key(struct call *c, struct sealing *s, struct upload *u)
{
    random_bytes(u->key, sizeof u->key);
    s->sealed = s3_seal_key(c, &s->envelope, u->key);
    u->state = s;
    return OK;
}

res s3_prepare_put(struct call *c, const struct s3_put_object_in *in, struct upload *u)
{
    struct sealing *s = ARENA_NEW(c->arena, struct sealing);
    struct s3_wanted w = {in->server_side_encryption, in->ssekms_key_id, in->ssekms_encryption_context,
                          in->sse_customer_algorithm, in->bucket_key_enabled};

    TRY(s3_check_description(c));
    TRY(s3_may_write(c, in->if_match, in->if_none_match, s3_place(c)->object));
    TRY(s3_envelope_new(c, s3_place(c)->bucket, in->key, &w, &s->envelope));
    return give_key(c, s, u);
}

res s3_put_object(struct call *c, const struct s3_put_object_in *in, struct s3_put_object_out *out)
{
    const struct upload *u = c->body.upload;
    const struct sealing *s = u->state;
    struct s3_object *o = ARENA_NEW(c->arena, struct s3_object);
    struct s3_segment *one = ARENA_NEW(c->arena, struct s3_segment);

    TRY(s3_may_write(c, in->if_match, in->if_none_match, s3_place(c)->object));
    shape_copy(c->op->in, in, &s3_object_shape, o);
    TRY(s3_parse_tagging(c, in->tagging, &o->tags));
    o->size = SET_INT((int64_t)u->size);
    o->e_tag = s3_etag(c, u->md5);
    o->last_modified = SET_TIME(c->now_ms);
    o->content_encoding = s3_without_aws_chunked(c, in->content_encoding);
    if (!o->content_type.n)
        o->content_type = S("binary/octet-stream");
    s3_envelope_keep(&s->envelope, o);
    o->checksum_name = u->checksum_name;
    o->checksum_value = u->checksum_value;
    o->checksum_type = u->checksum_name.n ? S("FULL_OBJECT") : STR_ABSENT;
    *one = (struct s3_segment){u->blob_id, s->sealed, SET_INT((int64_t)u->size)};
    TRY(s3_segments_keep(c, s3_place(c)->bucket, o, (struct s3_segment_list){1, one}));
    TRY(s3_object_replace(c, s3_place(c), o));
    shape_copy(&s3_object_shape, o, c->op->out, out);
    s3_put_checksum(c->op->out, out, o->checksum_name, o->checksum_value);
    return OK;
}

/* ---- deleting ---- */

res s3_delete_object(struct call *c, const struct s3_delete_object_in *in, struct s3_delete_object_out *out)
{
    (void)out;
    if (in->version_id.n && !str_eq(in->version_id, S("null")))
        return fault(c, &s3_InvalidArgument, "Invalid version id specified");
    return s3_place(c)->object ? s3_object_remove(c, s3_place(c)->object) : OK; /* what is not there is deleted */
}

static res delete_one(struct call *c, str bucket, const struct s3_object_id *id, bool quiet,
                      struct s3_delete_result *out)
{
    struct s3_delete_object_in in = {.bucket = bucket, .key = id->key, .version_id = id->version_id};
    struct s3_delete_object_out unused = {0};
    struct fault inner;

    if (arena_used(c->arena) > S3_ANSWER_BYTES) /* denials carry whole policies: what does not fit is left undone */
        inner = (struct fault){.type = &s3_SlowDown, .message = S("Please reduce your request rate.")};
    else
        TRY(call_try(c, c->caller, &s3_DeleteObject_op, &in, &unused, &inner));
    if (inner.type)
        out->errors.v[out->errors.n++] = (struct s3_delete_error){id->key, str_z(inner.type->code), inner.message};
    else if (!quiet)
        out->deleted.v[out->deleted.n++] = (struct s3_deleted){id->key, id->version_id};
    return OK;
}

/* Each key is a call of its own, judged on its own: what is denied stays, the rest goes. */
res s3_delete_objects(struct call *c, const struct s3_delete_objects_in *in, struct s3_delete_objects_out *out)
{
    struct s3_delete_result *r = ARENA_NEW(c->arena, struct s3_delete_result);
    struct s3_bucket *b;

    if (!in->delete || !in->delete->objects.n || in->delete->objects.n > S3_PAGE)
        return fault(c, &s3_MalformedXML,
                     "The XML you provided was not well-formed or did not validate against our published schema");
    TRY(s3_bucket_named(c, in->bucket, &b));
    if (!b) {
        c->fault.extra_name = S("BucketName");
        c->fault.extra_value = in->bucket;
        return fault(c, &s3_NoSuchBucket, "The specified bucket does not exist");
    }
    if (in->expected_bucket_owner.n && !str_eq(in->expected_bucket_owner, b->at.account))
        return fault(c, &api_access_denied, "Access Denied");
    size_t n = in->delete->objects.n;
    r->deleted.v = ARENA_ARRAY(c->arena, struct s3_deleted, n);
    r->errors.v = ARENA_ARRAY(c->arena, struct s3_delete_error, n);
    for (size_t i = 0; i < n; i++)
        TRY(delete_one(c, in->bucket, &in->delete->objects.v[i], in->delete->quiet.v, r));
    out->delete_result = r;
    return OK;
}

/* ---- a part of a multipart upload ---- */

static res part_number(struct call *c, str text, int64_t *out)
{
    if (!str_to_i64(text, out) || *out < 1 || *out > S3_MAX_PARTS)
        return fault(c, &s3_InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive");
    return OK;
}

/* The upload's envelope is opened anew for each part: who has lost kms:Decrypt cannot go on. */
res s3_prepare_part(struct call *c, const struct s3_upload_part_in *in, struct upload *u)
{
    struct sealing *s = ARENA_NEW(c->arena, struct sealing);
    struct s3_upload *up;
    int64_t number;

    TRY(part_number(c, in->part_number, &number));
    if (in->sse_customer_algorithm.n)
        return fault(c, &s3_NotImplemented, "Encryption with a key that the client sends is not built in Barmkin.");
    TRY(s3_upload_named(c, s3_place(c), in->upload_id, &up));
    s->envelope = s3_envelope_of_upload(up);
    TRY(s3_envelope_open(c, up->bucket, up->key, &s->envelope));
    return give_key(c, s, u);
}

res s3_upload_part(struct call *c, const struct s3_upload_part_in *in, struct s3_upload_part_out *out)
{
    const struct upload *u = c->body.upload;
    const struct sealing *s = u->state;
    struct s3_part *old, *p = ARENA_NEW(c->arena, struct s3_part);
    struct s3_upload *up;
    int64_t number;

    TRY(part_number(c, in->part_number, &number));
    TRY(s3_upload_named(c, s3_place(c), in->upload_id, &up));
    *p = (struct s3_part){.at.account = up->at.account,
                          .id = arena_printf(c->arena, "%.*s/%05lld", FMT(up->upload_id), (long long)number),
                          .part_number = SET_INT(number),
                          .size = SET_INT((int64_t)u->size),
                          .e_tag = s3_etag(c, u->md5),
                          .last_modified = SET_TIME(c->now_ms),
                          .checksum_name = u->checksum_name,
                          .checksum_value = u->checksum_value,
                          .segment = ARENA_NEW(c->arena, struct s3_segment),
                          .blob = u->blob_id};
    *p->segment = (struct s3_segment){u->blob_id, s->sealed, SET_INT((int64_t)u->size)};
    TRY(s3_part_load(c, up->at.account, p->id, &old));
    TRY(s3_part_save(c, p));
    if (old)
        TRY(s3_forget_blobs(c, &old->blob, 1));
    out->e_tag = p->e_tag;
    shape_copy(&s3_upload_shape, up, c->op->out, out);
    s3_put_checksum(c->op->out, out, p->checksum_name, p->checksum_value);
    return OK;
}
