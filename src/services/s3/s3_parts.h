/* SPDX-License-Identifier: MIT */
/* What the files of s3 share: places, envelopes, segments. */
#ifndef BARMKIN_SERVICES_S3_PARTS_H
#define BARMKIN_SERVICES_S3_PARTS_H
#include "s3.h"

enum {
    S3_KEY_MAX_BYTES = 1024,
    S3_METADATA_MAX_BYTES = 2048,
    S3_INLINE_SEGMENTS = 8, /* more of them live in a layout record, away from listings */
    S3_MAX_PARTS = 10000,
    S3_MAX_BUCKETS = 200,
    S3_PAGE = 1000,
    S3_BATCH = 100,
    S3_ANSWER_BYTES = 24 << 20, /* a listing that has used so much memory ends early: legal, and bounded */
    S3_REMOVE_NOW = 500,        /* blobs a call removes itself; the collector takes the rest */
    S3_SCRATCH_BYTES = 16 << 20,
    S3_MAX_UPLOADS = 1000, /* that DeleteBucket takes along */
    S3_ENVELOPE_BYTES = 32
};
#define S3_MIN_PART_BYTES ((int64_t)5 << 20)
#define S3_MAX_COPY_BYTES ((int64_t)5 << 30)

/* The subject of every resource of s3: where a request points to. */
struct s3_place {
    struct s3_bucket *bucket; /* never NULL in a subject */
    str key;                  /* absent for a bucket */
    struct s3_object *object; /* NULL: no such key */
};

/* ---- find.c ---- */
res s3_bucket_named(struct call *c, str name, struct s3_bucket **out); /* anybody's; NULL when there is none */
str s3_arn(struct call *c, str bucket, str key);                       /* key absent: the bucket's */
const struct s3_place *s3_place(const struct call *c);                 /* of the first resource */
/* What gate_may did not allow, in the gate's words (rules 43 and 44). */
res s3_denied(struct call *c, const char *action, const struct resource *r);
/* The object that must be there; says NoSuchKey only to who may list the bucket (rule 46). */
res s3_need_object(struct call *c, const struct s3_place *p);
/* "bucket/key", "/bucket/key" or with "?versionId=": as x-amz-copy-source carries it. False if it is none of these. */
bool s3_parse_source(struct arena *a, str source, str *bucket, str *key);
bool s3_names_version(str source); /* ?versionId= in it: rights to versions are asked */
str s3_canonical_id(struct call *c, str account);
struct s3_owner *s3_owner_of(struct call *c, str account);

/* ---- envelope.c: the key that seals the keys of an object's segments ---- */
struct s3_envelope {
    str algorithm, kms_key; /* AES256 or aws:kms; the key's ARN */
    opt_bool bucket_key;
    struct map_of_str context; /* what the client added */
    str wrapped;
    const uint8_t *key; /* S3_ENVELOPE_BYTES in c->secrets; NULL until made or opened */
};
/* What a request asks for; absent members fall back to the bucket's default. */
struct s3_wanted {
    str algorithm, kms_key, context, customer_algorithm;
    opt_bool bucket_key;
};
res s3_envelope_new(struct call *c, const struct s3_bucket *b, str key, const struct s3_wanted *w,
                    struct s3_envelope *out);
res s3_envelope_open(struct call *c, str bucket, str key, struct s3_envelope *e);
struct s3_envelope s3_envelope_of(const struct s3_object *o);
void s3_envelope_keep(const struct s3_envelope *e, struct s3_object *o);
/* A segment's own key: made at random, sealed by the envelope's; and back. */
str s3_seal_key(struct call *c, const struct s3_envelope *e, const uint8_t key[32]);
res s3_open_key(struct call *c, const struct s3_envelope *e, str sealed, uint8_t key[32]);
/* Makes sure that the account's alias/aws/s3 exists, which only a writing call can do. */
res s3_default_kms_key(struct call *c);

/* ---- store.c: objects and what they are made of ---- */
res s3_segments_of(struct call *c, const struct s3_object *o, struct s3_segment_list *out);
/* Gives the object its segments: in the record, or in a layout record that is saved at once. */
res s3_segments_keep(struct call *c, const struct s3_bucket *b, struct s3_object *o, struct s3_segment_list list);
/* Saves `o` at the place, instead of what was there. */
res s3_object_replace(struct call *c, const struct s3_place *p, struct s3_object *o);
res s3_object_remove(struct call *c, const struct s3_object *o);
/* Has blobs removed after the commit, unless another record still names them. Call it when the records are changed. */
res s3_forget_blobs(struct call *c, const str *ids, size_t n);
res s3_upload_end(struct call *c, const struct s3_upload *u,
                  struct arena *scratch); /* drops it, its parts, and blobs nothing else names */
/* An arena for what need not live as long as the call: thousands of parts read one by one. Freed with the call. */
struct arena *s3_scratch(struct call *c);

/* ---- describe.c ---- */
/* Checks what every way of making an object has in common: ACL, storage class, metadata, tags, key, SSE-C. */
res s3_check_description(struct call *c);
res s3_parse_tagging(struct call *c, str header, struct s3_tag_list *out); /* "k=v&k=v", percent-encoded */
/* A member of the input, whatever the operation; absent where it has none such. */
str s3_text_of(const struct call *c, const char *member);
res s3_check_tags(struct call *c, const struct s3_tag_list *tags, size_t max);
/* Content-Encoding as the object keeps it: aws-chunked is of the transfer, not of the object. */
str s3_without_aws_chunked(struct call *c, str encoding);
str s3_etag(struct call *c, const uint8_t md5[16]);
/* Writes a checksum into the member of that name ("ChecksumCRC32"). */
void s3_put_checksum(const struct shape *s, void *object, str name, str value);

/* ---- preconditions.c ---- */
enum s3_verdict { S3_GO_ON, S3_NOT_MODIFIED, S3_FAILED };
struct s3_conditions {
    str if_match, if_none_match, if_modified_since, if_unmodified_since;
};
enum s3_verdict s3_judge_conditions(const struct s3_conditions *w, str etag, int64_t modified_ms, const char **which);
res s3_failed(struct call *c, const char *which);
/* If-Match and If-None-Match of something about to be written. */
res s3_may_write(struct call *c, str if_match, str if_none_match, const struct s3_object *old);
enum s3_range { S3_WHOLE, S3_PART, S3_UNSATISFIABLE };
enum s3_range s3_parse_range(str header, uint64_t size, uint64_t *offset, uint64_t *length);

/* ---- public.c: what a bucket policy says to everybody ---- */
/* True when a statement allows everybody something without tying it to fixed values (Block Public Access). */
bool s3_policy_is_public(struct arena *a, str policy);
/* Account ids become root ARNs, lists of one become the one: as GetBucketPolicy shows a policy. */
res s3_policy_normal(struct call *c, str policy, str *out);
res s3_policy_fits_bucket(struct call *c, str policy, str bucket);

/* ---- list.c ---- */
res s3_listing_limit(struct call *c, str max_keys, size_t *out);
str s3_listed(struct call *c, str text, str encoding_type); /* url-encoded where asked */

/* ---- multipart.c ---- */
res s3_upload_named(struct call *c, const struct s3_place *p, str upload_id, struct s3_upload **out);
struct s3_envelope s3_envelope_of_upload(const struct s3_upload *u);

#endif
