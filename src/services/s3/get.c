/* SPDX-License-Identifier: MIT */
/* GetObject and HeadObject: conditions, ranges, and the keys that open what is sent. */
#include "s3_parts.h"

/* GetObject and HeadObject have the same members; what they need of them. */
struct reading {
    struct s3_conditions conditions;
    str range, part_number, version_id, checksum_mode, customer_algorithm;
    bool head;
};
struct slice {
    uint64_t offset, length;
    bool part;
};

static str text_of(const struct call *c, const char *member)
{
    return *(const str *)field_of(c->in, shape_field(c->op->in, str_z(member)));
}

static struct reading read_input(const struct call *c)
{
    return (struct reading){.conditions = {text_of(c, "IfMatch"), text_of(c, "IfNoneMatch"),
                                           text_of(c, "IfModifiedSince"), text_of(c, "IfUnmodifiedSince")},
                            .range = text_of(c, "Range"),
                            .part_number = text_of(c, "PartNumber"),
                            .version_id = text_of(c, "VersionId"),
                            .checksum_mode = text_of(c, "ChecksumMode"),
                            .customer_algorithm = text_of(c, "SSECustomerAlgorithm"),
                            .head = c->op == &s3_HeadObject_op};
}

static void set_text(const struct call *c, const char *member, str value)
{
    *(str *)field_at(c->out, shape_field(c->op->out, str_z(member))) = value;
}

/* ---- which bytes ---- */

static res unsatisfiable(struct call *c, str range)
{
    c->fault.extra_name = S("RangeRequested");
    c->fault.extra_value = range;
    return fault(c, &s3_InvalidRange, "The requested range is not satisfiable");
}

/* partNumber: the bytes of one part of a multipart upload; of any other object part 1 is the whole. */
static res slice_of_part(struct call *c, const struct s3_object *o, str text, const struct s3_segment_list *segments,
                         struct slice *out)
{
    int64_t number;

    if (!str_to_i64(text, &number) || number < 1 || number > S3_MAX_PARTS)
        return fault(c, &s3_InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive");
    if (!o->parts_count.v && number == 1)
        return OK;
    if (number > (o->parts_count.set ? o->parts_count.v : 1) || (size_t)number > segments->n)
        return fault(c, &s3_InvalidRange, "The requested partnumber is not satisfiable");
    *out = (struct slice){.part = true};
    for (int64_t i = 0; i < number - 1; i++)
        out->offset += (uint64_t)segments->v[i].length.v;
    out->length = (uint64_t)segments->v[number - 1].length.v;
    return OK;
}

static res find_slice(struct call *c, const struct s3_object *o, const struct reading *r,
                      const struct s3_segment_list *segments, struct slice *out)
{
    uint64_t size = (uint64_t)o->size.v;

    *out = (struct slice){0, size, false};
    if (r->range.n && r->part_number.n)
        return fault(c, &s3_InvalidRequest, "Cannot specify both Range header and partNumber query parameter.");
    if (r->part_number.n)
        return slice_of_part(c, o, r->part_number, segments, out);
    switch (s3_parse_range(r->range, size, &out->offset, &out->length)) {
    case S3_UNSATISFIABLE:
        return unsatisfiable(c, r->range);
    case S3_PART:
        out->part = true;
        return OK;
    default:
        return OK;
    }
}

/* ---- what is said ---- */

/* response-*: a signed request may ask for other headers than the object's own. */
static res override_headers(struct call *c)
{
    static const char *const names[][2] = {
        {"ResponseCacheControl", "CacheControl"},       {"ResponseContentDisposition", "ContentDisposition"},
        {"ResponseContentEncoding", "ContentEncoding"}, {"ResponseContentLanguage", "ContentLanguage"},
        {"ResponseContentType", "ContentType"},         {"ResponseExpires", "Expires"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        str wanted = text_of(c, names[i][0]);
        if (!wanted.n)
            continue;
        if (c->caller->kind == PRINCIPAL_ANONYMOUS)
            return fault(c, &s3_InvalidRequest,
                         "Request specific response headers cannot be used for anonymous GET "
                         "requests.");
        set_text(c, names[i][1], wanted);
    }
    return OK;
}

static void describe(struct call *c, const struct s3_object *o, const struct reading *r, const struct slice *s,
                     bool not_modified)
{
    shape_copy(&s3_object_shape, o, c->op->out, c->out);
    set_text(c, "AcceptRanges", S("bytes"));
    if (str_eq(o->storage_class, S("STANDARD"))) /* which S3 leaves unsaid */
        set_text(c, "StorageClass", STR_ABSENT);
    set_text(c, "ChecksumType", STR_ABSENT);
    if (str_eq_nocase(r->checksum_mode, S("ENABLED")) && !s->part && !not_modified && o->checksum_name.n) {
        s3_put_checksum(c->op->out, c->out, o->checksum_name, o->checksum_value);
        set_text(c, "ChecksumType", o->checksum_type);
    }
    if (o->tags.n)
        *(opt_int *)field_at(c->out, shape_field(c->op->out, S("TagCount"))) = SET_INT((int64_t)o->tags.n);
    if (!r->part_number.n)
        *(opt_int *)field_at(c->out, shape_field(c->op->out, S("PartsCount"))) = (opt_int){0};
    if (!s->part)
        return;
    set_text(c, "ContentRange",
             arena_printf(c->arena, "bytes %llu-%llu/%lld", (unsigned long long)s->offset,
                          (unsigned long long)(s->offset + s->length - (s->length > 0)), (long long)o->size.v));
    c->status = 206;
}

/* ---- the bytes ---- */

/* Requests that no SigV4 signature covers may not make KMS decrypt, as in AWS. */
static res check_signature(struct call *c, const struct s3_object *o)
{
    if (!o->ssekms_key_id.n || c->depth > 0 || c->signed_by == SIGNED_V4 || c->signed_by == SIGNED_V4_QUERY)
        return OK;
    return fault(c, &s3_InvalidArgument,
                 "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature "
                 "Version 4.");
}

static res open_segments(struct call *c, const struct s3_object *o, const struct s3_segment_list *segments,
                         const struct slice *s, struct download *d)
{
    struct s3_envelope e = s3_envelope_of(o);
    struct download_segment *v = arena_alloc_array(c->secrets, segments->n + 1, sizeof *v);
    uint64_t at = 0, end = s->offset + s->length;

    TRY(s3_envelope_open(c, o->bucket, o->key, &e));
    for (size_t i = 0; i < segments->n; i++) {
        uint64_t n = (uint64_t)segments->v[i].length.v, from = s->offset > at ? s->offset - at : 0;
        uint64_t until = end > at ? end - at : 0;
        if (until > n)
            until = n;
        if (from < until) {
            v[d->n] = (struct download_segment){.blob_id = segments->v[i].blob, .offset = from, .length = until - from};
            TRY(s3_open_key(c, &e, segments->v[i].sealed, v[d->n].key));
            d->n++;
        }
        at += n;
    }
    if (at != (uint64_t)o->size.v)
        return oops(&c->err, 0, "an object's segments do not add up to its size");
    d->v = v;
    return OK;
}

static res judge(struct call *c, const struct s3_object *o, const struct reading *r, bool *not_modified)
{
    const char *which;
    enum s3_verdict v = s3_judge_conditions(&r->conditions, o->e_tag, o->last_modified.ms, &which);

    *not_modified = v == S3_NOT_MODIFIED;
    return v == S3_FAILED ? s3_failed(c, which) : OK;
}

static res read_object(struct call *c)
{
    struct reading r = read_input(c);
    const struct s3_object *o = s3_place(c)->object;
    struct download *d = ARENA_NEW(c->arena, struct download);
    struct s3_segment_list segments = {0};
    struct slice s;
    bool not_modified;

    TRY(s3_need_object(c, s3_place(c)));
    if (r.version_id.n && !str_eq(r.version_id, S("null")))
        return fault(c, &s3_InvalidArgument, "Invalid version id specified");
    if (r.customer_algorithm.n)
        return fault(c, &s3_InvalidRequest, "The encryption parameters are not applicable to this object.");
    TRY(judge(c, o, &r, &not_modified));
    if (!r.head || r.part_number.n)
        TRY(s3_segments_of(c, o, &segments));
    if (!not_modified)
        TRY(find_slice(c, o, &r, &segments, &s));
    else
        s = (struct slice){0};
    describe(c, o, &r, &s, not_modified);
    TRY(override_headers(c));
    d->length = s.length;
    d->no_body = r.head || not_modified;
    if (not_modified)
        c->status = 304;
    if (!d->no_body) {
        TRY(check_signature(c, o));
        TRY(open_segments(c, o, &segments, &s, d));
    }
    c->body.download = d;
    return OK;
}

res s3_get_object(struct call *c, const struct s3_get_object_in *in, struct s3_get_object_out *out)
{
    (void)in, (void)out;
    return read_object(c);
}

res s3_head_object(struct call *c, const struct s3_head_object_in *in, struct s3_head_object_out *out)
{
    (void)in, (void)out;
    return read_object(c);
}
