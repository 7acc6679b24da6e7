/* SPDX-License-Identifier: MIT */
/* Buckets: made, listed, found, deleted. Their names are one space for all accounts. */
#include "api/house.h"
#include "s3_parts.h"

/* ---- names (Amazon S3 user guide, "General purpose bucket naming rules") ---- */

static bool looks_like_ip(str name)
{
    size_t parts = 0;

    while (str_is(name)) {
        str part = str_cut(&name, '.');
        if (!part.n || part.n > 3 || !str_all(part, "0123456789"))
            return false;
        parts++;
    }
    return parts == 4;
}

static bool is_name(str n)
{
    bool ends_well =
        n.n >= 3 && n.n <= 63 && n.p[0] != '-' && n.p[0] != '.' && n.p[n.n - 1] != '-' && n.p[n.n - 1] != '.';

    return ends_well && str_all(n, "abcdefghijklmnopqrstuvwxyz0123456789.-") && str_search(n, S("..")) < 0 &&
           !looks_like_ip(n) && !str_starts(n, S("xn--")) && !str_starts(n, S("sthree-")) &&
           !str_ends(n, S("-s3alias")) && !str_ends(n, S("--ol-s3"));
}

static bool is_region(str r)
{
    return r.n >= 9 && r.n <= 20 && str_all(r, "abcdefghijklmnopqrstuvwxyz-0123456789") && str_find(r, '-') == 2 &&
           r.p[r.n - 1] >= '1' && r.p[r.n - 1] <= '9';
}

/* ---- CreateBucket ---- */

static res region_of(struct call *c, const struct s3_create_bucket_in *in, str *region)
{
    str wanted = in->create_bucket_configuration ? in->create_bucket_configuration->location_constraint : STR_ABSENT;
    bool classic = str_eq(c->region, S("us-east-1"));

    if (str_eq(wanted, S("EU")))
        wanted = S("eu-west-1");
    if (!wanted.n && !classic)
        return fault(c, &s3_IllegalLocationConstraintException,
                     "The unspecified location constraint is incompatible for the region specific endpoint this "
                     "request was sent to.");
    if (wanted.n && !classic && !str_eq(wanted, c->region))
        return fault(c, &s3_IllegalLocationConstraintException,
                     "The %.*s location constraint is incompatible for the region specific endpoint this request was "
                     "sent to.",
                     FMT(wanted));
    if (wanted.n && (!is_region(wanted) || str_eq(wanted, S("us-east-1"))))
        return fault(c, &s3_InvalidLocationConstraint, "The specified location-constraint is not valid");
    *region = wanted.n ? wanted : c->region;
    return OK;
}

static res check_new(struct call *c, const struct s3_create_bucket_in *in)
{
    if (!c->caller->account.n)
        return fault(c, &api_access_denied, "Anonymous users cannot create buckets.");
    if (!is_name(in->bucket)) {
        c->fault.extra_name = S("BucketName");
        c->fault.extra_value = in->bucket;
        return fault(c, &s3_InvalidBucketName, "The specified bucket is not valid.");
    }
    if (in->object_lock_enabled_for_bucket.v)
        return fault(c, &s3_NotImplemented, "Object Lock is not built in Barmkin.");
    if (in->object_ownership.n && !str_eq(in->object_ownership, S("BucketOwnerEnforced")))
        return fault(c, &s3_NotImplemented,
                     "Barmkin's buckets are BucketOwnerEnforced: access is policies', not ACLs'.");
    if (in->acl.n && !str_eq(in->acl, S("private")))
        return fault(c, &s3_AccessControlListNotSupported, "The bucket does not allow ACLs");
    return OK;
}

static res is_taken(struct call *c, const struct s3_bucket *old, const struct s3_create_bucket_in *in)
{
    c->fault.extra_name = S("BucketName");
    c->fault.extra_value = in->bucket;
    if (!str_eq(old->at.account, c->caller->account))
        return fault(c, &s3_BucketAlreadyExists,
                     "The requested bucket name is not available. The bucket namespace is shared by all users of the "
                     "system. Please select a different name and try again.");
    if (!str_eq(c->region, S("us-east-1")) || !str_eq(old->region, S("us-east-1")))
        return fault(c, &s3_BucketAlreadyOwnedByYou,
                     "Your previous request to create the named bucket succeeded and you already own it.");
    c->fault.extra_name = STR_ABSENT;
    return OK;
}

/* As AWS makes them since April 2023: AES256 by default, every public access blocked, no ACLs. */
res s3_create_bucket(struct call *c, const struct s3_create_bucket_in *in, struct s3_create_bucket_out *out)
{
    struct s3_bucket *old, *b = ARENA_NEW(c->arena, struct s3_bucket);
    struct s3_bucket_page mine;
    str region;

    TRY(check_new(c, in));
    TRY(region_of(c, in, &region));
    out->location = arena_cat(c->arena, S("/"), in->bucket);
    TRY(s3_bucket_named(c, in->bucket, &old));
    if (old)
        return is_taken(c, old, in);
    TRY(s3_bucket_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, S3_MAX_BUCKETS, &mine));
    if (mine.n >= S3_MAX_BUCKETS)
        return fault(c, &s3_TooManyBuckets, "You have attempted to create more buckets than allowed");
    *b = (struct s3_bucket){.name = in->bucket,
                            .region = region,
                            .creation_date = SET_TIME(c->now_ms),
                            .sse_algorithm = S("AES256"),
                            .block_configured = SET_BOOL(true),
                            .block_public_acls = SET_BOOL(true),
                            .ignore_public_acls = SET_BOOL(true),
                            .block_public_policy = SET_BOOL(true),
                            .restrict_public_buckets = SET_BOOL(true)};
    TRY(s3_default_kms_key(c));
    return s3_bucket_save(c, b);
}

/* ---- looking ---- */

res s3_head_bucket(struct call *c, const struct s3_head_bucket_in *in, struct s3_head_bucket_out *out)
{
    (void)in;
    out->bucket_region = s3_place(c)->bucket->region;
    out->access_point_alias = SET_BOOL(false);
    return OK;
}

res s3_get_bucket_location(struct call *c, const struct s3_get_bucket_location_in *in,
                           struct s3_get_bucket_location_out *out)
{
    str region = s3_place(c)->bucket->region;

    (void)in;
    if (str_eq(region, S("us-east-1"))) /* AWS's oldest region is written as no region */
        region = S("");
    out->content_type = S("application/xml");
    out->body = arena_printf(c->arena,
                             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint xmlns=\"%s\">%.*s"
                             "</LocationConstraint>",
                             s3_service.xmlns, FMT(region));
    return OK;
}

static bool wanted(const struct s3_list_buckets_in *in, const struct s3_bucket *b)
{
    return str_starts(b->name, in->prefix) && (!in->bucket_region.n || str_eq(b->region, in->bucket_region));
}

res s3_list_buckets(struct call *c, const struct s3_list_buckets_in *in, struct s3_list_buckets_out *out)
{
    struct s3_bucket_list *l = ARENA_NEW(c->arena, struct s3_bucket_list);
    struct s3_bucket_page page;
    str after = STR_ABSENT;
    size_t max = in->max_buckets.set ? (size_t)in->max_buckets.v : S3_MAX_BUCKETS;

    if (in->max_buckets.set && (in->max_buckets.v < 1 || in->max_buckets.v > 10000))
        return fault(c, &s3_InvalidArgument, "max-buckets must be between 1 and 10000");
    if (in->continuation_token.n && !page_token_open(c, in->continuation_token, &after))
        return fault(c, &s3_InvalidArgument, "The continuation token provided is incorrect");
    TRY(s3_bucket_list_all(c, STR_ABSENT, STR_ABSENT, after, S3_MAX_BUCKETS, &page));
    l->buckets.v = ARENA_ARRAY(c->arena, struct s3_bucket_entry, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        if (!wanted(in, page.v[i]))
            continue;
        if (l->buckets.n == max) {
            l->continuation_token = page_token(c, l->buckets.v[max - 1].name);
            break;
        }
        l->buckets.v[l->buckets.n++] =
            (struct s3_bucket_entry){page.v[i]->name, page.v[i]->creation_date, page.v[i]->region};
    }
    l->owner = s3_owner_of(c, c->caller->account);
    l->prefix = in->prefix;
    out->list_all_my_buckets_result = l;
    return OK;
}

/* ---- DeleteBucket ---- */

/* Uploads that were never completed do not keep a bucket alive, unless there are too many to end in one call. */
static res drop_uploads(struct call *c, const struct s3_bucket *b)
{
    struct arena *scratch = s3_scratch(c);
    struct s3_upload_page page;

    TRY(s3_upload_list_all(c, b->at.account, arena_cat(c->arena, b->name, S("/")), STR_ABSENT, S3_MAX_UPLOADS, &page));
    if (page.more)
        return fault(c, &s3_BucketNotEmpty, "The bucket has more than %d uploads under way: abort them first",
                     S3_MAX_UPLOADS);
    for (size_t i = 0; i < page.n; i++)
        TRY(s3_upload_end(c, page.v[i], scratch));
    return OK;
}

res s3_delete_bucket(struct call *c, const struct s3_delete_bucket_in *in, struct s3_delete_bucket_out *out)
{
    const struct s3_bucket *b = s3_place(c)->bucket;
    struct s3_object_page page;

    (void)in, (void)out;
    TRY(s3_object_list_all(c, b->at.account, arena_cat(c->arena, b->name, S("/")), STR_ABSENT, 1, &page));
    if (page.n) {
        c->fault.extra_name = S("BucketName");
        c->fault.extra_value = b->name;
        return fault(c, &s3_BucketNotEmpty, "The bucket you tried to delete is not empty");
    }
    TRY(drop_uploads(c, b));
    return s3_bucket_drop(c, b);
}
