/* SPDX-License-Identifier: MIT */
/* ListObjectsV2 and ListObjects: keys in bytewise order, grouped by a delimiter. */
#include "base/enc.h"
#include "s3_parts.h"

struct listing {
    /* asked */
    const struct s3_bucket *bucket;
    str prefix, delimiter, encoding;
    size_t max;
    bool owner;
    /* found */
    struct s3_object_entry_list keys;
    struct s3_common_prefix_list prefixes;
    str last; /* key or common prefix that was added last */
    bool truncated;
};

res s3_listing_limit(struct call *c, str max_keys, size_t *out)
{
    int64_t n = S3_PAGE;

    if (max_keys.n && (!str_to_i64(max_keys, &n) || n < 0 || n > INT32_MAX))
        return fault(c, &s3_InvalidArgument, "Provided max-keys not an integer or within integer range");
    *out = n > S3_PAGE ? S3_PAGE : (size_t)n;
    return OK;
}

str s3_listed(struct call *c, str text, str encoding_type)
{
    return text.n && encoding_type.n ? uri_encode(c->arena, text, true) : text;
}

static res check_encoding(struct call *c, str encoding)
{
    if (encoding.n && !str_eq(encoding, S("url")))
        return fault(c, &s3_InvalidArgument, "Invalid Encoding Method specified in Request");
    return OK;
}

/* The common prefix a key falls under; absent if it stands for itself. */
static str group_of(const struct listing *l, str key)
{
    ptrdiff_t at;

    if (!l->delimiter.n)
        return STR_ABSENT;
    at = str_search(str_from(key, l->prefix.n), l->delimiter);
    return at < 0 ? STR_ABSENT : str_sub(key, 0, l->prefix.n + (size_t)at + l->delimiter.n);
}

static void add_key(struct call *c, struct listing *l, const struct s3_object *o)
{
    struct s3_object_entry *e = &l->keys.v[l->keys.n++];

    *e = (struct s3_object_entry){.key = s3_listed(c, o->key, l->encoding),
                                  .last_modified = o->last_modified,
                                  .e_tag = o->e_tag,
                                  .size = o->size,
                                  .storage_class = o->storage_class.n ? o->storage_class : S("STANDARD")};
    if (o->checksum_name.n) {
        e->checksum_algorithm = (struct list_of_str){1, ARENA_NEW(c->arena, str)};
        e->checksum_algorithm.v[0] = o->checksum_name;
    }
    if (l->owner)
        e->owner = s3_owner_of(c, o->at.account);
    l->last = o->key;
}

/* No key goes beyond a prefix followed by a byte that UTF-8 never has: that is where the next group begins. */
static str past(struct call *c, str prefix)
{
    return arena_cat(c->arena, prefix, S("\xff"));
}

/* Takes what a page has; *after is where the next scan goes on. Answers false when the listing is at its end. */
static bool take_page(struct call *c, struct listing *l, const struct s3_object_page *page, str *after)
{
    for (size_t i = 0; i < page->n; i++) {
        const struct s3_object *o = page->v[i];
        str group = group_of(l, o->key);
        if (l->keys.n + l->prefixes.n == l->max || arena_used(c->arena) > S3_ANSWER_BYTES) {
            l->truncated = true;
            return false;
        }
        *after = o->key;
        if (str_is(group)) {
            l->prefixes.v[l->prefixes.n++] = (struct s3_common_prefix){s3_listed(c, group, l->encoding)};
            l->last = group;
            *after = past(c, group);
            return true; /* the rest of this page may be of the same group */
        }
        add_key(c, l, o);
    }
    return page->more;
}

static res run(struct call *c, struct listing *l, str after)
{
    str inside = arena_printf(c->arena, "%.*s/%.*s", FMT(l->bucket->name), FMT(l->prefix));
    struct s3_object_page page;

    l->keys.v = ARENA_ARRAY(c->arena, struct s3_object_entry, l->max + 1);
    l->prefixes.v = ARENA_ARRAY(c->arena, struct s3_common_prefix, l->max + 1);
    if (!l->max)
        return OK;
    do {
        str id = str_is(after) ? arena_printf(c->arena, "%.*s/%.*s", FMT(l->bucket->name), FMT(after)) : STR_ABSENT;
        TRY(s3_object_list_all(c, l->bucket->at.account, inside, id, l->delimiter.n ? S3_BATCH / 4 : S3_BATCH, &page));
    } while (take_page(c, l, &page, &after));
    return OK;
}

/* What was added last, as a place to go on after: a group is passed whole. */
static str go_on_after(struct call *c, const struct listing *l, str from)
{
    str last = l->last;

    return l->delimiter.n && str_eq(group_of(l, last), last) && last.n ? past(c, last) : last.n ? last : from;
}

res s3_list_objects_v2(struct call *c, const struct s3_list_objects_v2_in *in, struct s3_list_objects_v2_out *out)
{
    struct listing l = {.bucket = s3_place(c)->bucket,
                        .prefix = in->prefix,
                        .delimiter = in->delimiter,
                        .encoding = in->encoding_type,
                        .owner = in->fetch_owner.v};
    struct s3_list_v2 *r = ARENA_NEW(c->arena, struct s3_list_v2);
    str after = in->start_after.n ? in->start_after : STR_ABSENT;

    TRY(check_encoding(c, in->encoding_type));
    TRY(s3_listing_limit(c, in->max_keys, &l.max));
    if (str_is(in->continuation_token) && !page_token_open(c, in->continuation_token, &after))
        return fault(c, &s3_InvalidArgument, "The continuation token provided is incorrect");
    TRY(run(c, &l, after));
    *r = (struct s3_list_v2){.name = l.bucket->name,
                             .prefix = s3_listed(c, str_is(in->prefix) ? in->prefix : S(""), in->encoding_type),
                             .start_after = s3_listed(c, in->start_after, in->encoding_type),
                             .continuation_token = in->continuation_token,
                             .key_count = SET_INT((int64_t)(l.keys.n + l.prefixes.n)),
                             .max_keys = SET_INT((int64_t)l.max),
                             .delimiter = in->delimiter.n ? s3_listed(c, in->delimiter, in->encoding_type) : STR_ABSENT,
                             .encoding_type = in->encoding_type,
                             .is_truncated = SET_BOOL(l.truncated),
                             .contents = l.keys,
                             .common_prefixes = l.prefixes};
    if (l.truncated)
        r->next_continuation_token = page_token(c, go_on_after(c, &l, after));
    out->list_bucket_result = r;
    return OK;
}

res s3_list_objects(struct call *c, const struct s3_list_objects_in *in, struct s3_list_objects_out *out)
{
    struct listing l = {.bucket = s3_place(c)->bucket,
                        .prefix = in->prefix,
                        .delimiter = in->delimiter,
                        .encoding = in->encoding_type,
                        .owner = true};
    struct s3_list_v1 *r = ARENA_NEW(c->arena, struct s3_list_v1);
    str after = in->marker.n ? in->marker : STR_ABSENT;

    TRY(check_encoding(c, in->encoding_type));
    TRY(s3_listing_limit(c, in->max_keys, &l.max));
    if (in->marker.n && str_starts(in->marker, in->prefix) && str_eq(group_of(&l, in->marker), in->marker))
        after = past(c, in->marker); /* a NextMarker that was a common prefix */
    TRY(run(c, &l, after));
    *r = (struct s3_list_v1){.name = l.bucket->name,
                             .prefix = s3_listed(c, str_is(in->prefix) ? in->prefix : S(""), in->encoding_type),
                             .marker = s3_listed(c, str_is(in->marker) ? in->marker : S(""), in->encoding_type),
                             .max_keys = SET_INT((int64_t)l.max),
                             .delimiter = in->delimiter.n ? s3_listed(c, in->delimiter, in->encoding_type) : STR_ABSENT,
                             .encoding_type = in->encoding_type,
                             .is_truncated = SET_BOOL(l.truncated),
                             .contents = l.keys,
                             .common_prefixes = l.prefixes};
    if (l.truncated)
        r->next_marker = s3_listed(c, l.last, in->encoding_type);
    out->list_bucket_result = r;
    return OK;
}
