/* SPDX-License-Identifier: MIT */
/* What describes an object: checksums, tags, and what all ways of making one check. */
#include "api/tags.h"
#include "base/enc.h"
#include "s3_parts.h"

str s3_text_of(const struct call *c, const char *member)
{
    const struct field *f = shape_field(c->op->in, str_z(member));

    return f ? *(const str *)field_of(c->in, f) : STR_ABSENT;
}

void s3_put_checksum(const struct shape *s, void *object, str name, str value)
{
    char member[32] = "Checksum";

    if (!value.n || name.n > 20)
        return;
    str_to_z(name, member + 8, sizeof member - 8);
    const struct field *f = shape_field(s, str_z(member));
    if (f)
        *(str *)field_at(object, f) = value;
}

str s3_etag(struct call *c, const uint8_t md5[16])
{
    return arena_printf(c->arena, "\"%.*s\"", FMT(hex_of(c->arena, str_n((const char *)md5, 16))));
}

/* ---- tags ---- */

res s3_check_tags(struct call *c, const struct s3_tag_list *tags, size_t max)
{
    if (tags->n > max)
        return fault(c, &s3_InvalidTag, "Object tags cannot be greater than %zu", max);
    for (size_t i = 0; i < tags->n; i++) {
        if (tags->v[i].key.n == 0 || tags->v[i].key.n > 128)
            return fault(c, &s3_InvalidTag, "The TagKey you have provided is invalid");
        if (tags->v[i].value.n > 256)
            return fault(c, &s3_InvalidTag, "The TagValue you have provided is invalid");
        if (tags_is_system(tags->v[i].key))
            return fault(c, &s3_InvalidTag, "Your TagKey cannot be prefixed with aws:");
        for (size_t k = 0; k < i; k++)
            if (str_eq(tags->v[k].key, tags->v[i].key))
                return fault(c, &s3_InvalidTag, "Cannot provide multiple Tags with the same key");
    }
    return OK;
}

res s3_parse_tagging(struct call *c, str header, struct s3_tag_list *out)
{
    size_t pairs = 1;

    *out = (struct s3_tag_list){0};
    if (!header.n)
        return OK;
    for (size_t i = 0; i < header.n; i++)
        pairs += header.p[i] == '&';
    out->v = ARENA_ARRAY(c->arena, struct s3_tag, pairs);
    while (str_is(header)) {
        str pair = str_cut(&header, '&'), key = str_cut(&pair, '=');
        struct s3_tag *t = &out->v[out->n];
        if (!key.n)
            continue;
        if (!uri_decode(c->arena, key, true, &t->key) ||
            !uri_decode(c->arena, str_is(pair) ? pair : S(""), true, &t->value) || !str_is_utf8(t->key) ||
            !str_is_utf8(t->value))
            return fault(c, &s3_InvalidArgument,
                         "The header 'x-amz-tagging' shall be encoded as UTF-8 then "
                         "URLEncoded URL query parameters without tag name duplicates.");
        out->n++;
    }
    return s3_check_tags(c, out, 10);
}

/* ---- checks ---- */

static res check_acl(struct call *c)
{
    static const char *const canned[] = {"private",           "public-read",        "public-read-write",
                                         "aws-exec-read",     "authenticated-read", "bucket-owner-read",
                                         "log-delivery-write"};
    static const char *const grants[] = {"GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP"};
    str acl = s3_text_of(c, "ACL");

    for (size_t i = 0; i < sizeof grants / sizeof *grants; i++)
        if (s3_text_of(c, grants[i]).n)
            return fault(c, &s3_AccessControlListNotSupported, "The bucket does not allow ACLs");
    if (!acl.n || str_eq(acl, S("bucket-owner-full-control")))
        return OK;
    for (size_t i = 0; i < sizeof canned / sizeof *canned; i++)
        if (str_eq(acl, str_z(canned[i])))
            return i == 0 ? OK : fault(c, &s3_AccessControlListNotSupported, "The bucket does not allow ACLs");
    return fault(c, &s3_InvalidArgument, "The canned ACL '%.*s' is not one of S3's.", FMT(acl));
}

static res check_storage_class(struct call *c)
{
    static const char *const classes[] = {
        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", NULL};
    str wanted = s3_text_of(c, "StorageClass");

    for (size_t i = 0; wanted.n && classes[i]; i++)
        if (str_eq(wanted, str_z(classes[i])))
            return OK;
    return wanted.n ? fault(c, &s3_InvalidStorageClass, "The storage class you specified is not valid") : OK;
}

static res check_metadata(struct call *c)
{
    const struct field *f = shape_field(c->op->in, S("Metadata"));
    const struct map_of_str *m = f ? field_of(c->in, f) : NULL;
    size_t bytes = 0;

    for (size_t i = 0; m && i < m->n; i++)
        bytes += m->v[i].key.n + m->v[i].value.n;
    if (bytes > S3_METADATA_MAX_BYTES)
        return fault(c, &s3_MetadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size");
    return OK;
}

/* No bucket here has Object Lock: who asks for it must not believe that the object is locked. */
static res check_lock(struct call *c)
{
    static const char *const asked[] = {"ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus"};

    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        if (s3_text_of(c, asked[i]).n)
            return fault(c, &s3_InvalidRequest, "Bucket is missing Object Lock Configuration");
    return OK;
}

res s3_check_description(struct call *c)
{
    struct s3_tag_list tags;

    TRY(check_acl(c));
    TRY(check_storage_class(c));
    TRY(check_metadata(c));
    TRY(check_lock(c));
    return s3_parse_tagging(c, s3_text_of(c, "Tagging"), &tags);
}

str s3_without_aws_chunked(struct call *c, str encoding)
{
    str kept = STR_ABSENT;

    while (str_is(encoding)) {
        str one = str_trim(str_cut(&encoding, ','));
        if (one.n && !str_eq_nocase(one, S("aws-chunked")))
            kept = kept.n ? arena_printf(c->arena, "%.*s,%.*s", FMT(kept), FMT(one)) : one;
    }
    return kept;
}
