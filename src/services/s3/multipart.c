/* SPDX-License-Identifier: MIT */
/* Multipart uploads: begun with an envelope of their own, completed without moving a byte: the object's segments are
 * the parts' blobs. */
#include "base/enc.h"
#include "crypto/hash.h"
#include "identify/checksum.h"
#include "s3_parts.h"

struct s3_envelope s3_envelope_of_upload(const struct s3_upload *u)
{
    return (struct s3_envelope){.algorithm = u->server_side_encryption,
                                .kms_key = u->ssekms_key_id,
                                .bucket_key = u->bucket_key_enabled,
                                .context = u->encryption_context,
                                .wrapped = u->envelope};
}

static bool is_upload_id(str id)
{
    return id.n == 48 && str_all(id, "0123456789abcdef");
}

res s3_upload_named(struct call *c, const struct s3_place *p, str upload_id, struct s3_upload **out)
{
    *out = NULL;
    if (is_upload_id(upload_id))
        TRY(s3_upload_load(c, p->bucket->at.account,
                           arena_printf(c->arena, "%.*s/%.*s/%.*s", FMT(p->bucket->name), FMT(p->key), FMT(upload_id)),
                           out));
    if (*out)
        return OK;
    c->fault.extra_name = S("UploadId");
    c->fault.extra_value = upload_id;
    return fault(c, &s3_NoSuchUpload,
                 "The specified upload does not exist. The upload ID may be invalid, or the upload "
                 "may have been aborted or completed.");
}

/* ---- CreateMultipartUpload ---- */

static res check_algorithm(struct call *c, const struct s3_create_multipart_upload_in *in)
{
    enum checksum_kind kind;

    if (in->checksum_algorithm.n && (!checksum_of_name(in->checksum_algorithm, &kind) || kind == CHECKSUM_MD5))
        return fault(c, &s3_InvalidRequest, "Checksum algorithm provided is unsupported.");
    return OK;
}

res s3_create_multipart_upload(struct call *c, const struct s3_create_multipart_upload_in *in,
                               struct s3_create_multipart_upload_out *out)
{
    const struct s3_place *p = s3_place(c);
    struct s3_wanted w = {in->server_side_encryption, in->ssekms_key_id, in->ssekms_encryption_context,
                          in->sse_customer_algorithm, in->bucket_key_enabled};
    struct s3_upload *u = ARENA_NEW(c->arena, struct s3_upload);
    struct s3_object sealed = {0};
    struct s3_envelope e;

    TRY(s3_check_description(c));
    TRY(check_algorithm(c, in));
    TRY(s3_envelope_new(c, p->bucket, in->key, &w, &e));
    shape_copy(c->op->in, in, &s3_upload_shape, u);
    s3_envelope_keep(&e, &sealed);
    shape_copy(&s3_object_shape, &sealed, &s3_upload_shape, u);
    TRY(s3_parse_tagging(c, in->tagging, &u->tags));
    u->at.account = p->bucket->at.account;
    u->upload_id = call_unique(c, "", 48);
    u->id = arena_printf(c->arena, "%.*s/%.*s/%.*s", FMT(in->bucket), FMT(in->key), FMT(u->upload_id));
    u->ssekms_key_id = sealed.ssekms_key_id;
    u->bucket_key_enabled = sealed.bucket_key_enabled;
    u->content_encoding = s3_without_aws_chunked(c, in->content_encoding);
    u->initiated = SET_TIME(c->now_ms);
    u->initiator = c->caller->arn;
    TRY(s3_upload_save(c, u));
    shape_copy(&s3_upload_shape, u, c->op->out, out);
    out->initiate_multipart_upload_result = ARENA_NEW(c->arena, struct s3_initiated);
    *out->initiate_multipart_upload_result = (struct s3_initiated){in->bucket, in->key, u->upload_id};
    return OK;
}

res s3_abort_multipart_upload(struct call *c, const struct s3_abort_multipart_upload_in *in,
                              struct s3_abort_multipart_upload_out *out)
{
    struct s3_upload *u;

    (void)out;
    TRY(s3_upload_named(c, s3_place(c), in->upload_id, &u));
    return s3_upload_end(c, u, s3_scratch(c));
}

/* ---- CompleteMultipartUpload ---- */

struct completing {
    struct arena *scratch; /* of one part */
    struct s3_upload *upload;
    struct s3_object *object;
    struct s3_segment_list segments;
    struct hash md5;
    struct checksum sum; /* of the parts' checksums */
    bool summed;         /* every part so far has one of the same kind */
};

static str unquoted(str etag)
{
    etag = str_trim(etag);
    return etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"' ? str_sub(etag, 1, etag.n - 2) : etag;
}

static res invalid_part(struct call *c)
{
    return fault(c, &s3_InvalidPart,
                 "One or more of the specified parts could not be found. The part may not have been "
                 "uploaded, or the specified entity tag may not match the part's entity tag.");
}

/* A checksum that the request repeats for a part must be the one the part came with. */
static bool checksum_differs(const struct s3_completed_part *asked, const struct s3_part *part)
{
    char member[32] = "Checksum";

    if (!part->checksum_name.n || part->checksum_name.n > 20)
        return false;
    str_to_z(part->checksum_name, member + 8, sizeof member - 8);
    const struct field *f = shape_field(&s3_completed_part_shape, str_z(member));
    str given = f ? *(const str *)field_of(asked, f) : STR_ABSENT;
    return given.n && !str_eq(given, part->checksum_value);
}

static res load_part(struct call *c, struct completing *k, int64_t number, struct s3_part **out)
{
    struct arena *mine = c->arena;

    arena_reset(k->scratch);
    c->arena = k->scratch;
    res r = s3_part_load(c, k->upload->at.account,
                         arena_printf(k->scratch, "%.*s/%05lld", FMT(k->upload->upload_id), (long long)number), out);
    c->arena = mine;
    return r;
}

static void add_checksum(struct call *c, struct completing *k, const struct s3_part *part, size_t index)
{
    enum checksum_kind kind;
    str bytes;

    if (index == 0 && part->checksum_name.n && checksum_of_name(part->checksum_name, &kind)) {
        checksum_begin(&k->sum, kind);
        k->summed = true;
        k->object->checksum_name = arena_dup(c->arena, part->checksum_name);
    }
    k->summed = k->summed && str_eq(part->checksum_name, k->object->checksum_name) &&
                base64_decode(k->scratch, part->checksum_value, &bytes);
    if (k->summed)
        checksum_add(&k->sum, bytes);
}

static res add_part(struct call *c, struct completing *k, const struct s3_completed_part *asked, size_t index, size_t n)
{
    uint8_t md5[MD5_BYTES];
    struct s3_part *part;

    TRY(load_part(c, k, asked->part_number.v, &part));
    if (!part || !str_eq(unquoted(asked->e_tag), unquoted(part->e_tag)) || checksum_differs(asked, part) ||
        !hex_decode(unquoted(part->e_tag), md5, sizeof md5))
        return invalid_part(c);
    if (index + 1 < n && part->size.v < S3_MIN_PART_BYTES)
        return fault(c, &s3_EntityTooSmall, "Your proposed upload is smaller than the minimum allowed size");
    hash_add(&k->md5, str_n((const char *)md5, sizeof md5));
    add_checksum(c, k, part, index);
    k->segments.v[k->segments.n++] = (struct s3_segment){
        arena_dup(c->arena, part->segment->blob), arena_dup(c->arena, part->segment->sealed), part->segment->length};
    k->object->size.v += part->size.v;
    return OK;
}

static res check_order(struct call *c, const struct s3_completed_upload *asked)
{
    for (size_t i = 1; i < asked->parts.n; i++)
        if (asked->parts.v[i].part_number.v <= asked->parts.v[i - 1].part_number.v)
            return fault(c, &s3_InvalidPartOrder,
                         "The list of parts was not in ascending order. The parts list must be specified in order by "
                         "part number.");
    return OK;
}

static res add_parts(struct call *c, struct completing *k, const struct s3_completed_upload *asked)
{

    TRY(check_order(c, asked));
    k->segments.v = ARENA_ARRAY(c->arena, struct s3_segment, asked->parts.n + 1);
    hash_begin(&k->md5, HASH_MD5);
    for (size_t i = 0; i < asked->parts.n; i++) {
        const struct s3_completed_part *p = &asked->parts.v[i];
        if (p->part_number.v < 1 || p->part_number.v > S3_MAX_PARTS)
            return invalid_part(c);
        TRY(add_part(c, k, p, i, asked->parts.n));
    }
    return OK;
}

static void describe(struct call *c, struct completing *k, size_t n)
{
    struct s3_object *o = k->object;
    bool composite = !str_eq(k->upload->checksum_type, S("FULL_OBJECT"));
    uint8_t md5[MD5_BYTES];

    hash_end(&k->md5, md5);
    o->e_tag = arena_printf(c->arena, "\"%.*s-%zu\"", FMT(hex_of(c->arena, str_n((const char *)md5, MD5_BYTES))), n);
    o->last_modified = SET_TIME(c->now_ms);
    o->parts_count = SET_INT((int64_t)n);
    if (!o->content_type.n)
        o->content_type = S("binary/octet-stream");
    if (k->summed && composite) {
        o->checksum_value = arena_printf(c->arena, "%.*s-%zu", FMT(checksum_end_base64(&k->sum, c->arena)), n);
        o->checksum_type = S("COMPOSITE");
    } else {
        o->checksum_name = o->checksum_type = STR_ABSENT;
    }
}

static void answer(struct call *c, const struct s3_complete_multipart_upload_in *in, const struct s3_object *o,
                   struct s3_complete_multipart_upload_out *out)
{
    struct s3_complete_result *r = ARENA_NEW(c->arena, struct s3_complete_result);

    shape_copy(&s3_object_shape, o, c->op->out, out);
    *r = (struct s3_complete_result){
        .location = arena_printf(c->arena, "/%.*s/%.*s", FMT(in->bucket), FMT(uri_encode(c->arena, in->key, true))),
        .bucket = in->bucket,
        .key = in->key,
        .e_tag = o->e_tag};
    if (o->checksum_name.n) {
        s3_put_checksum(&s3_complete_result_shape, r, o->checksum_name, o->checksum_value);
        r->checksum_type = o->checksum_type;
    }
    out->complete_multipart_upload_result = r;
}

/* Blobs of parts that the list left out are nobody's once the parts are dropped. */
res s3_complete_multipart_upload(struct call *c, const struct s3_complete_multipart_upload_in *in,
                                 struct s3_complete_multipart_upload_out *out)
{
    const struct s3_completed_upload *asked = in->complete_multipart_upload;
    struct completing k = {.scratch = s3_scratch(c), .object = ARENA_NEW(c->arena, struct s3_object)};

    TRY(s3_upload_named(c, s3_place(c), in->upload_id, &k.upload));
    if (!asked || !asked->parts.n || asked->parts.n > S3_MAX_PARTS)
        return fault(c, &s3_MalformedXML,
                     "The XML you provided was not well-formed or did not validate against our published schema");
    TRY(s3_may_write(c, in->if_match, in->if_none_match, s3_place(c)->object));
    shape_copy(&s3_upload_shape, k.upload, &s3_object_shape, k.object);
    k.object->size = SET_INT(0);
    TRY(add_parts(c, &k, asked));
    if (in->mpu_object_size.set && in->mpu_object_size.v != k.object->size.v)
        return fault(c, &s3_InvalidRequest,
                     "The provided 'x-amz-mp-object-size' header does not match what was uploaded.");
    describe(c, &k, asked->parts.n);
    TRY(s3_segments_keep(c, s3_place(c)->bucket, k.object, k.segments));
    TRY(s3_object_replace(c, s3_place(c), k.object));
    TRY(s3_upload_end(c, k.upload, k.scratch));
    answer(c, in, k.object, out);
    return OK;
}
