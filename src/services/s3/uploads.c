/* SPDX-License-Identifier: MIT */
/* What is under way: ListParts and ListMultipartUploads. */
#include "s3_parts.h"

static res limit_of(struct call *c, const char *name, opt_int asked, size_t *out)
{
    if (asked.set && (asked.v < 0 || asked.v > INT32_MAX))
        return fault(c, &s3_InvalidArgument, "Argument %s must be an integer between 0 and 2147483647", name);
    *out = asked.set && asked.v < S3_PAGE ? (size_t)asked.v : S3_PAGE;
    return OK;
}

static struct s3_owner *initiator_of(struct call *c, const struct s3_upload *u)
{
    struct s3_owner *o = ARENA_NEW(c->arena, struct s3_owner);

    *o = (struct s3_owner){.display_name = u->initiator, .id = u->initiator};
    return o;
}

static void add_part(struct s3_part_list *r, const struct s3_part *p)
{
    struct s3_part_entry *e = &r->parts.v[r->parts.n++];

    *e = (struct s3_part_entry){
        .part_number = p->part_number, .last_modified = p->last_modified, .e_tag = p->e_tag, .size = p->size};
    s3_put_checksum(&s3_part_entry_shape, e, p->checksum_name, p->checksum_value);
    r->next_part_number_marker = p->part_number;
}

res s3_list_parts(struct call *c, const struct s3_list_parts_in *in, struct s3_list_parts_out *out)
{
    struct s3_part_list *r = ARENA_NEW(c->arena, struct s3_part_list);
    struct s3_part_page page = {0};
    struct s3_upload *u;
    size_t max = 0;

    TRY(s3_upload_named(c, s3_place(c), in->upload_id, &u));
    TRY(limit_of(c, "max-parts", in->max_parts, &max));
    str prefix = arena_cat(c->arena, u->upload_id, S("/"));
    int64_t marker = in->part_number_marker.set && in->part_number_marker.v > 0 ? in->part_number_marker.v : 0;
    if (marker > S3_MAX_PARTS)
        marker = S3_MAX_PARTS;
    if (max)
        TRY(s3_part_list_all(c, u->at.account, prefix,
                             arena_printf(c->arena, "%.*s%05lld", FMT(prefix), (long long)marker), max, &page));
    *r = (struct s3_part_list){.bucket = u->bucket,
                               .key = u->key,
                               .upload_id = u->upload_id,
                               .part_number_marker = SET_INT(marker),
                               .next_part_number_marker = SET_INT(marker),
                               .max_parts = SET_INT((int64_t)max),
                               .is_truncated = SET_BOOL(page.more),
                               .storage_class = u->storage_class.n ? u->storage_class : S("STANDARD"),
                               .checksum_algorithm = u->checksum_algorithm,
                               .checksum_type = u->checksum_type};
    r->owner = s3_owner_of(c, u->at.account);
    r->initiator = initiator_of(c, u);
    r->parts.v = ARENA_ARRAY(c->arena, struct s3_part_entry, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        add_part(r, page.v[i]);
    out->list_parts_result = r;
    return OK;
}

static void add_upload(struct call *c, struct s3_upload_list *r, const struct s3_upload *u, str encoding)
{
    r->uploads.v[r->uploads.n++] =
        (struct s3_upload_entry){.upload_id = u->upload_id,
                                 .key = s3_listed(c, u->key, encoding),
                                 .initiated = u->initiated,
                                 .storage_class = u->storage_class.n ? u->storage_class : S("STANDARD"),
                                 .owner = s3_owner_of(c, u->at.account),
                                 .initiator = initiator_of(c, u)};
    r->next_key_marker = s3_listed(c, u->key, encoding);
    r->next_upload_id_marker = u->upload_id;
}

/* Where a listing goes on: after one upload of a key, or after all of them. */
static str after_of(struct call *c, const struct s3_bucket *b, const struct s3_list_multipart_uploads_in *in)
{
    if (!in->key_marker.n)
        return STR_ABSENT;
    return arena_printf(c->arena, "%.*s/%.*s/%.*s", FMT(b->name), FMT(in->key_marker),
                        FMT(in->upload_id_marker.n ? in->upload_id_marker : S("\xff")));
}

res s3_list_multipart_uploads(struct call *c, const struct s3_list_multipart_uploads_in *in,
                              struct s3_list_multipart_uploads_out *out)
{
    const struct s3_bucket *b = s3_place(c)->bucket;
    struct s3_upload_list *r = ARENA_NEW(c->arena, struct s3_upload_list);
    struct s3_upload_page page = {0};
    size_t max = 0;

    if (in->delimiter.n)
        return fault(c, &s3_NotImplemented, "A delimiter for ListMultipartUploads is not built in Barmkin.");
    TRY(limit_of(c, "max-uploads", in->max_uploads, &max));
    if (max)
        TRY(s3_upload_list_all(c, b->at.account, arena_printf(c->arena, "%.*s/%.*s", FMT(b->name), FMT(in->prefix)),
                               after_of(c, b, in), max, &page));
    *r = (struct s3_upload_list){.bucket = b->name,
                                 .key_marker =
                                     s3_listed(c, str_is(in->key_marker) ? in->key_marker : S(""), in->encoding_type),
                                 .upload_id_marker = str_is(in->upload_id_marker) ? in->upload_id_marker : S(""),
                                 .prefix = s3_listed(c, in->prefix, in->encoding_type),
                                 .encoding_type = in->encoding_type,
                                 .max_uploads = SET_INT((int64_t)max),
                                 .is_truncated = SET_BOOL(page.more)};
    r->uploads.v = ARENA_ARRAY(c->arena, struct s3_upload_entry, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        add_upload(c, r, page.v[i], in->encoding_type);
    if (!page.more)
        r->next_key_marker = r->next_upload_id_marker = STR_ABSENT;
    out->list_multipart_uploads_result = r;
    return OK;
}
