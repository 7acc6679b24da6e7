/* SPDX-License-Identifier: MIT */
/* Finders: from a bucket's name and a key to the records behind them, the bucket's policy and its owner. */
#include <string.h>

#include "api/gate.h"
#include "api/house.h"
#include "base/enc.h"
#include "crypto/hash.h"
#include "s3_parts.h"

res s3_bucket_named(struct call *c, str name, struct s3_bucket **out)
{
    struct s3_bucket_page page;

    *out = NULL;
    TRY(s3_bucket_by(c, "name", name, STR_ABSENT, 1, &page));
    if (page.n)
        *out = page.v[0];
    return OK;
}

str s3_arn(struct call *c, str bucket, str key)
{
    return arena_printf(c->arena, "arn:%.*s:s3:::%.*s%s%.*s", FMT(c->worker->house->partition), FMT(bucket),
                        str_is(key) ? "/" : "", FMT(key));
}

const struct s3_place *s3_place(const struct call *c)
{
    return c->subject;
}

str s3_canonical_id(struct call *c, str account)
{
    char hex[2 * SHA256_BYTES + 1];

    return arena_dup(c->arena, hash_sha256_hex(arena_cat(c->arena, S("canonical user "), account), hex));
}

struct s3_owner *s3_owner_of(struct call *c, str account)
{
    struct s3_owner *o = ARENA_NEW(c->arena, struct s3_owner);

    *o = (struct s3_owner){.display_name = account, .id = s3_canonical_id(c, account)};
    return o;
}

bool s3_names_version(str source)
{
    return str_search(source, S("?versionId=")) >= 0;
}

bool s3_parse_source(struct arena *a, str source, str *bucket, str *key)
{
    ptrdiff_t version = str_search(source, S("?versionId="));

    if (version >= 0) {
        if (!str_eq(str_from(source, (size_t)version + 11), S("null"))) /* the only version there is */
            return false;
        source = str_sub(source, 0, (size_t)version);
    }
    if (!uri_decode(a, source, false, &source))
        return false;
    if (str_starts(source, S("/")))
        source = str_from(source, 1);
    *bucket = str_cut(&source, '/');
    *key = source;
    return bucket->n > 0 && source.n > 0 && str_is_utf8(source);
}

/* ---- the bucket's side of a judgement ---- */

static bool is_policy_op(const struct operation *op)
{
    return op == &s3_GetBucketPolicy_op || op == &s3_PutBucketPolicy_op || op == &s3_DeleteBucketPolicy_op;
}

/* RestrictPublicBuckets: while the policy is public, only the owner's account and services get in. */
static bool is_restricted(const struct call *c, const struct s3_bucket *b)
{
    return b->restrict_public_buckets.v && b->policy_is_public.v && c->caller->kind != PRINCIPAL_SERVICE &&
           !str_eq(c->caller->account, b->at.account);
}

static void take_policy(const struct call *c, const struct s3_bucket *b, struct resource *out)
{
    bool owner_root = c->caller->kind == PRINCIPAL_ROOT && str_eq(c->caller->account, b->at.account);

    out->account = b->at.account;
    if (is_restricted(c, b) || (owner_root && is_policy_op(c->op))) /* the latter: rule 18, the way back in */
        return;
    out->policy = b->policy;
    out->principals = b->principals.v;
    out->n_principals = b->principals.n;
}

static res owner_is_expected(struct call *c, const struct s3_bucket *b, const char *member)
{
    const struct field *f = shape_field(c->op->in, str_z(member));
    str expected = f ? *(const str *)field_of(c->in, f) : STR_ABSENT;

    if (expected.n && !str_eq(expected, b->at.account))
        return fault(c, &api_access_denied, "Access Denied");
    return OK;
}

static res find_bucket(struct call *c, str name, struct resource *out, struct s3_place **place)
{
    struct s3_bucket *b;

    *place = NULL;
    TRY(s3_bucket_named(c, name, &b));
    if (!b) {
        out->missing = &s3_NoSuchBucket;
        out->missing_text = S("The specified bucket does not exist");
        c->fault.extra_name = S("BucketName");
        c->fault.extra_value = name;
        return OK;
    }
    *place = ARENA_NEW(c->arena, struct s3_place);
    (*place)->bucket = b;
    take_policy(c, b, out);
    out->subject = *place;
    return OK;
}

static res find_object(struct call *c, str bucket, str key, struct resource *out)
{
    struct s3_place *p;

    if (key.n > S3_KEY_MAX_BYTES)
        return fault(c, &s3_KeyTooLongError, "Your key is too long");
    if (!str_is_utf8(key))
        return fault(c, &s3_InvalidArgument, "A key must be valid UTF-8.");
    out->arn = s3_arn(c, bucket, key);
    TRY(find_bucket(c, bucket, out, &p));
    if (!p)
        return OK;
    p->key = key;
    TRY(s3_object_load(c, p->bucket->at.account, arena_printf(c->arena, "%.*s/%.*s", FMT(bucket), FMT(key)),
                       &p->object));
    if (p->object) {
        out->tag_prefix = "s3:ExistingObjectTag/";
        out->tags = (const struct str_pair *)p->object->tags.v; /* a tag is a pair of texts */
        out->n_tags = p->object->tags.n;
    }
    return OK;
}

res s3_find_bucket(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct s3_place *p;

    (void)n;
    out->arn = s3_arn(c, names[0], STR_ABSENT);
    TRY(find_bucket(c, names[0], out, &p));
    return p ? owner_is_expected(c, p->bucket, "ExpectedBucketOwner") : OK;
}

/* CreateBucket: a name is nobody's until it is taken, so the caller's own account decides. */
res s3_new_bucket(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->arn = s3_arn(c, names[0], STR_ABSENT);
    return OK;
}

res s3_find_object(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    TRY(find_object(c, names[0], names[1], out));
    const struct s3_place *p = out->subject;
    return p ? owner_is_expected(c, p->bucket, "ExpectedBucketOwner") : OK;
}

res s3_find_source(struct call *c, const str *names, size_t n, struct resource *out)
{
    str bucket, key;

    (void)n;
    if (!s3_parse_source(c->arena, names[0], &bucket, &key))
        return fault(c, &s3_InvalidArgument,
                     "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
    if (s3_names_version(names[0]))
        out->action = "s3:GetObjectVersion";
    TRY(find_object(c, bucket, key, out));
    const struct s3_place *p = out->subject;
    return p ? owner_is_expected(c, p->bucket, "ExpectedSourceBucketOwner") : OK;
}

res s3_denied(struct call *c, const char *action, const struct resource *r)
{
    bool own = str_eq(c->caller->account, r->account);

    return fault(c, &api_access_denied,
                 "User: %.*s is not authorized to perform: %s on resource: %.*s because no %s-based policy allows the "
                 "%s action",
                 FMT(c->caller->arn), action, FMT(r->arn), own ? "identity" : "resource", action);
}

res s3_need_object(struct call *c, const struct s3_place *p)
{
    struct resource bucket = {.type = &s3_bucket_resource, .arn = s3_arn(c, p->bucket->name, STR_ABSENT)};
    bool may = false;

    if (p->object)
        return OK;
    bucket.subject = p;
    take_policy(c, p->bucket, &bucket);
    TRY(gate_may(c, "s3:ListBucket", &bucket, &may));
    if (!may)
        return s3_denied(c, "s3:ListBucket", &bucket);
    c->fault.extra_name = S("Key");
    c->fault.extra_value = p->key;
    return fault(c, &s3_NoSuchKey, "The specified key does not exist.");
}
