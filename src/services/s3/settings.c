/* SPDX-License-Identifier: MIT */
/* What a bucket is told: its policy, default encryption, public access block, tags; and what it answers about the rest.
 */
#include "api/tags.h"
#include "s3_parts.h"

static res save(struct call *c, const struct s3_bucket *changed)
{
    struct s3_bucket copy = *changed;

    return s3_bucket_save(c, &copy);
}

static res missing(struct call *c, const struct fault_type *type, const char *text)
{
    c->fault.extra_name = S("BucketName");
    c->fault.extra_value = s3_place(c)->bucket->name;
    return fault(c, type, "%s", text);
}

/* ---- policy ---- */

res s3_get_bucket_policy(struct call *c, const struct s3_get_bucket_policy_in *in, struct s3_get_bucket_policy_out *out)
{
    const struct s3_bucket *b = s3_place(c)->bucket;

    (void)in;
    if (!b->policy.n)
        return missing(c, &s3_NoSuchBucketPolicy, "The bucket policy does not exist");
    out->policy = b->policy;
    out->content_type = S("application/json");
    return OK;
}

res s3_put_bucket_policy(struct call *c, const struct s3_put_bucket_policy_in *in, struct s3_put_bucket_policy_out *out)
{
    struct s3_bucket b = *s3_place(c)->bucket;
    str text;

    (void)out;
    if (!in->policy.n)
        return fault(c, &s3_MalformedPolicy, "Policies must be valid JSON and the first byte must be '{'");
    TRY(policy_check(c, in->policy, POLICY_RESOURCE, &s3_MalformedPolicy));
    TRY(s3_policy_normal(c, in->policy, &text));
    TRY(policy_check(c, text, POLICY_RESOURCE, &s3_MalformedPolicy));
    TRY(s3_policy_fits_bucket(c, text, b.name));
    bool public = s3_policy_is_public(c->arena, text);
    if (public && b.block_public_policy.v)
        return fault(c, &api_access_denied,
                     "User: %.*s is not authorized to perform: s3:PutBucketPolicy on resource: %.*s because public "
                     "policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
                     FMT(c->caller->arn), FMT(c->resources[0].arn));
    TRY(policy_bind(c, text, POLICY_RESOURCE, &s3_MalformedPolicy, &b.principals));
    b.policy = text;
    b.policy_is_public = SET_BOOL(public);
    return save(c, &b);
}

res s3_delete_bucket_policy(struct call *c, const struct s3_delete_bucket_policy_in *in,
                            struct s3_delete_bucket_policy_out *out)
{
    struct s3_bucket b = *s3_place(c)->bucket;

    (void)in, (void)out;
    b.policy = STR_ABSENT;
    b.principals = (struct map_of_str){0};
    b.policy_is_public = (opt_bool){0};
    return save(c, &b);
}

res s3_get_bucket_policy_status(struct call *c, const struct s3_get_bucket_policy_status_in *in,
                                struct s3_get_bucket_policy_status_out *out)
{
    const struct s3_bucket *b = s3_place(c)->bucket;

    (void)in;
    if (!b->policy.n)
        return missing(c, &s3_NoSuchBucketPolicy, "The bucket policy does not exist");
    out->policy_status = ARENA_NEW(c->arena, struct s3_policy_status);
    out->policy_status->is_public = SET_BOOL(b->policy_is_public.v);
    return OK;
}

/* ---- default encryption ---- */

res s3_get_bucket_encryption(struct call *c, const struct s3_get_bucket_encryption_in *in,
                             struct s3_get_bucket_encryption_out *out)
{
    const struct s3_bucket *b = s3_place(c)->bucket;
    struct s3_sse_configuration *conf = ARENA_NEW(c->arena, struct s3_sse_configuration);

    (void)in;
    conf->rules = (struct s3_sse_rule_list){1, ARENA_NEW(c->arena, struct s3_sse_rule)};
    conf->rules.v->apply_server_side_encryption_by_default = ARENA_NEW(c->arena, struct s3_sse_by_default);
    *conf->rules.v->apply_server_side_encryption_by_default =
        (struct s3_sse_by_default){b->sse_algorithm, b->kms_master_key_id};
    conf->rules.v->bucket_key_enabled = SET_BOOL(b->bucket_key_enabled.v);
    out->server_side_encryption_configuration = conf;
    return OK;
}

res s3_put_bucket_encryption(struct call *c, const struct s3_put_bucket_encryption_in *in,
                             struct s3_put_bucket_encryption_out *out)
{
    const struct s3_sse_configuration *conf = in->server_side_encryption_configuration;
    struct s3_bucket b = *s3_place(c)->bucket;

    (void)out;
    if (!conf || conf->rules.n != 1 || !conf->rules.v[0].apply_server_side_encryption_by_default)
        return fault(c, &s3_MalformedXML,
                     "The XML you provided was not well-formed or did not validate against our published schema");
    const struct s3_sse_by_default *d = conf->rules.v[0].apply_server_side_encryption_by_default;
    bool kms = str_eq(d->sse_algorithm, S("aws:kms"));
    if (!kms && !str_eq(d->sse_algorithm, S("AES256")))
        return fault(c, &s3_MalformedXML, "SSEAlgorithm must be AES256 or aws:kms.");
    if (!kms && d->kms_master_key_id.n)
        return fault(c, &s3_InvalidArgument,
                     "a KMSMasterKeyID is not applicable if the default sse algorithm is not "
                     "aws:kms");
    if (kms && (!d->kms_master_key_id.n || str_ends(d->kms_master_key_id, S("alias/aws/s3"))))
        TRY(s3_default_kms_key(c));
    b.sse_algorithm = d->sse_algorithm;
    b.kms_master_key_id = d->kms_master_key_id.n ? d->kms_master_key_id : STR_ABSENT;
    b.bucket_key_enabled = conf->rules.v[0].bucket_key_enabled;
    return save(c, &b);
}

res s3_delete_bucket_encryption(struct call *c, const struct s3_delete_bucket_encryption_in *in,
                                struct s3_delete_bucket_encryption_out *out)
{
    struct s3_bucket b = *s3_place(c)->bucket;

    (void)in, (void)out;
    b.sse_algorithm = S("AES256"); /* there is no unencrypted bucket */
    b.kms_master_key_id = STR_ABSENT;
    b.bucket_key_enabled = (opt_bool){0};
    return save(c, &b);
}

/* ---- public access block ---- */

res s3_get_public_access_block(struct call *c, const struct s3_get_public_access_block_in *in,
                               struct s3_get_public_access_block_out *out)
{
    const struct s3_bucket *b = s3_place(c)->bucket;

    (void)in;
    if (!b->block_configured.v)
        return missing(c, &s3_NoSuchPublicAccessBlockConfiguration,
                       "The public access block configuration was not found");
    out->public_access_block_configuration = ARENA_NEW(c->arena, struct s3_public_access_block);
    *out->public_access_block_configuration =
        (struct s3_public_access_block){SET_BOOL(b->block_public_acls.v), SET_BOOL(b->ignore_public_acls.v),
                                        SET_BOOL(b->block_public_policy.v), SET_BOOL(b->restrict_public_buckets.v)};
    return OK;
}

res s3_put_public_access_block(struct call *c, const struct s3_put_public_access_block_in *in,
                               struct s3_put_public_access_block_out *out)
{
    const struct s3_public_access_block *p = in->public_access_block_configuration;
    struct s3_bucket b = *s3_place(c)->bucket;

    (void)out;
    if (!p)
        return fault(c, &s3_MalformedXML,
                     "The XML you provided was not well-formed or did not validate against our published schema");
    b.block_configured = SET_BOOL(true);
    b.block_public_acls = p->block_public_acls;
    b.ignore_public_acls = p->ignore_public_acls;
    b.block_public_policy = p->block_public_policy;
    b.restrict_public_buckets = p->restrict_public_buckets;
    return save(c, &b);
}

res s3_delete_public_access_block(struct call *c, const struct s3_delete_public_access_block_in *in,
                                  struct s3_delete_public_access_block_out *out)
{
    struct s3_bucket b = *s3_place(c)->bucket;
    opt_bool off = {0};

    (void)in, (void)out;
    b.block_configured = b.block_public_acls = b.ignore_public_acls = b.block_public_policy =
        b.restrict_public_buckets = off;
    return save(c, &b);
}

/* ---- tags ---- */

/* AWS's own, or all others. */
static struct s3_tag_list tags_of(struct call *c, const struct s3_tag_list *tags, bool system)
{
    struct s3_tag_list out = {0, ARENA_ARRAY(c->arena, struct s3_tag, tags->n + 1)};

    for (size_t i = 0; i < tags->n; i++)
        if (tags_is_system(tags->v[i].key) == system)
            out.v[out.n++] = tags->v[i];
    return out;
}

static bool has_pair(struct map_of_str tags, const struct str_pair *pair)
{
    for (size_t i = 0; i < tags.n; i++)
        if (str_eq(tags.v[i].key, pair->key))
            return str_eq(tags.v[i].value, pair->value);
    return false;
}

res s3_get_bucket_tagging(struct call *c, const struct s3_get_bucket_tagging_in *in,
                          struct s3_get_bucket_tagging_out *out)
{
    const struct s3_bucket *b = s3_place(c)->bucket;

    (void)in;
    if (!b->tags.n)
        return missing(c, &s3_NoSuchTagSet, "The TagSet does not exist");
    out->tagging = ARENA_NEW(c->arena, struct s3_tagging);
    out->tagging->tag_set = b->tags;
    return OK;
}

/* AWS's own go along unchanged, or the whole set is refused; those of a stack come by themselves. */
static res check_system_tags(struct call *c, const struct s3_bucket *b, struct map_of_str given)
{
    struct map_of_str have = TAGS(b->tags);

    for (size_t i = 0; i < given.n; i++)
        if (tags_is_system(given.v[i].key) && !has_pair(have, &given.v[i]))
            return fault(c, &s3_InvalidTag, "System tags cannot be added/updated by requester");
    for (size_t i = 0; i < have.n && !tags_are_marked(c, &s3_bucket_record); i++)
        if (tags_is_system(have.v[i].key) && !tags_have(given, have.v[i].key))
            return fault(c, &s3_InvalidTag, "System Tags cannot be removed by requester");
    return OK;
}

res s3_put_bucket_tagging(struct call *c, const struct s3_put_bucket_tagging_in *in,
                          struct s3_put_bucket_tagging_out *out)
{
    struct s3_bucket b = *s3_place(c)->bucket;

    (void)out;
    if (!in->tagging)
        return fault(c, &s3_MalformedXML,
                     "The XML you provided was not well-formed or did not validate against our published schema");
    struct s3_tag_list own = tags_of(c, &in->tagging->tag_set, false), system = tags_of(c, &b.tags, true);
    TRY(s3_check_tags(c, &own, 50));
    TRY(check_system_tags(c, &b, TAGS(in->tagging->tag_set)));
    struct map_of_str all = tags_put(c->arena, TAGS(system), TAGS(own));
    b.tags = (struct s3_tag_list){all.n, (struct s3_tag *)all.v};
    return save(c, &b);
}

res s3_delete_bucket_tagging(struct call *c, const struct s3_delete_bucket_tagging_in *in,
                             struct s3_delete_bucket_tagging_out *out)
{
    struct s3_bucket b = *s3_place(c)->bucket;

    (void)in, (void)out;
    b.tags = tags_of(c, &b.tags, true);
    return save(c, &b);
}

/* ---- what every bucket of Barmkin answers alike ---- */

res s3_get_bucket_versioning(struct call *c, const struct s3_get_bucket_versioning_in *in,
                             struct s3_get_bucket_versioning_out *out)
{
    (void)in;
    out->versioning_configuration = ARENA_NEW(c->arena, struct s3_versioning); /* empty: never enabled */
    return OK;
}

static str owner_has_all(struct call *c, str account)
{
    str id = s3_canonical_id(c, account);

    return arena_printf(
        c->arena,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AccessControlPolicy xmlns=\"%1$s\"><Owner><ID>%2$.*3$s</ID>"
        "</Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
        "xsi:type=\"CanonicalUser\"><ID>%2$.*3$s</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>"
        "</AccessControlList></AccessControlPolicy>",
        s3_service.xmlns, id.p, (int)id.n);
}

res s3_get_bucket_acl(struct call *c, const struct s3_get_bucket_acl_in *in, struct s3_get_bucket_acl_out *out)
{
    (void)in;
    out->body = owner_has_all(c, s3_place(c)->bucket->at.account);
    out->content_type = S("application/xml");
    return OK;
}

res s3_get_object_acl(struct call *c, const struct s3_get_object_acl_in *in, struct s3_get_object_acl_out *out)
{
    (void)in;
    TRY(s3_need_object(c, s3_place(c)));
    out->body = owner_has_all(c, s3_place(c)->bucket->at.account);
    out->content_type = S("application/xml");
    return OK;
}

res s3_put_bucket_acl(struct call *c, const struct s3_put_bucket_acl_in *in, struct s3_put_bucket_acl_out *out)
{
    (void)out;
    if (!str_eq(in->acl, S("private")))
        return fault(c, &s3_AccessControlListNotSupported, "The bucket does not allow ACLs");
    return OK; /* what it is already */
}

res s3_get_bucket_ownership_controls(struct call *c, const struct s3_get_bucket_ownership_controls_in *in,
                                     struct s3_get_bucket_ownership_controls_out *out)
{
    struct s3_ownership_rule *r = ARENA_NEW(c->arena, struct s3_ownership_rule);

    (void)in;
    r->object_ownership = S("BucketOwnerEnforced");
    out->ownership_controls = ARENA_NEW(c->arena, struct s3_ownership_controls);
    out->ownership_controls->rules = (struct s3_ownership_rule_list){1, r};
    return OK;
}
