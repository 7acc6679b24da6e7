/* SPDX-License-Identifier: MIT */
/* File systems: made once for a creation token, described, deleted when nothing mounts them any more. */
#include "api/gate.h"
#include "api/tags.h"
#include "base/json.h"
#include "efs_parts.h"

enum { FILE_SYSTEMS_MAX = 1000, PAGE = 100, TAGS_MAX = 50 };

/* ---- as clients see them ---- */

static str name_of(const struct efs_file_system *f)
{
    for (size_t i = 0; i < f->tags.n; i++)
        if (str_eq(f->tags.v[i].key, S("Name")))
            return f->tags.v[i].value;
    return STR_ABSENT;
}

enum { EMPTY_BYTES = 6144 }; /* what AWS says of a new one; the volume is made at the first mount */

static struct efs_size *size_of(struct call *c, const struct efs_file_system *f)
{
    struct efs_size *s = ARENA_NEW(c->arena, struct efs_size);
    int64_t used = f->used_bytes.set ? f->used_bytes.v : EMPTY_BYTES;

    *s = (struct efs_size){.value = SET_INT(used),
                           .timestamp = f->used_time,
                           .value_in_ia = SET_INT(0),
                           .value_in_standard = SET_INT(used),
                           .value_in_archive = SET_INT(0)};
    return s;
}

static res describe(struct call *c, const struct efs_file_system *f, struct efs_description *out)
{
    struct efs_protection *protection = ARENA_NEW(c->arena, struct efs_protection);
    struct efs_mount_target_page targets;

    TRY(efs_mount_targets(c, f, STR_ABSENT, PAGE, &targets));
    protection->replication_overwrite_protection = S("ENABLED");
    shape_copy(&efs_file_system_shape, f, &efs_description_shape, out);
    out->owner_id = f->at.account.n ? f->at.account : c->caller->account;
    out->life_cycle_state = S("available");
    out->name = name_of(f);
    out->number_of_mount_targets = SET_INT((int64_t)targets.n);
    out->size_in_bytes = size_of(c, f);
    out->file_system_protection = protection;
    if (!out->tags.v)
        out->tags.v = ARENA_ARRAY(c->arena, struct efs_tag, 1);
    return OK;
}

/* ---- creating ---- */

static res with_token(struct call *c, str token, struct efs_file_system **out)
{
    struct record_page page;

    TRY(record_by_after(c, &efs_file_system_record, "token", token, STR_ABSENT, STR_ABSENT, 1, &page));
    *out = page.n ? page.v[0] : NULL;
    return OK;
}

static res reserved(struct call *c)
{
    return fault(c, &efs_BadRequest, "Tag keys that begin with aws: are AWS's own.");
}

static res check_tags(struct call *c, struct map_of_str given, struct map_of_str all)
{
    if (tags_any_system(given))
        return reserved(c);
    if (tags_count_own(all) > TAGS_MAX)
        return fault(c, &efs_BadRequest, "A file system has at most %d tags.", TAGS_MAX);
    return OK;
}

static res check(struct call *c, const struct efs_create_file_system_in *in)
{
    bool provisioned = str_eq(in->throughput_mode, S("provisioned"));
    struct efs_file_system *old;
    int64_t n;

    if (in->kms_key_id.n && !in->encrypted.v)
        return fault(c, &efs_BadRequest, "KmsKeyId cannot be specified unless Encrypted is true.");
    if (in->availability_zone_name.n)
        return fault(c, &efs_UnsupportedAvailabilityZone, "File systems of one zone are not built here.");
    if (in->backup.v)
        return fault(c, &efs_BadRequest, "Backups are not built here.");
    if (provisioned != in->provisioned_throughput_in_mibps.set ||
        (provisioned && in->provisioned_throughput_in_mibps.v < 1))
        return fault(
            c, &efs_BadRequest,
            "ProvisionedThroughputInMibps must be given, and be at least 1, with ThroughputMode provisioned only.");
    TRY(check_tags(c, TAGS(in->tags), TAGS(in->tags)));
    TRY(with_token(c, in->creation_token, &old));
    if (old) {
        c->fault.extra_name = S("FileSystemId");
        c->fault.extra_value = old->file_system_id;
        return fault(c, &efs_FileSystemAlreadyExists, "File system '%.*s' already exists with creation token '%.*s'",
                     FMT(old->file_system_id), FMT(in->creation_token));
    }
    TRY(record_count(c, &efs_file_system_record, &n));
    if (n >= FILE_SYSTEMS_MAX)
        return fault(c, &efs_FileSystemLimitExceeded, "You have reached the limit of %d file systems.",
                     FILE_SYSTEMS_MAX);
    return OK;
}

res efs_create_file_system(struct call *c, const struct efs_create_file_system_in *in,
                           struct efs_create_file_system_out *out)
{
    struct efs_file_system *f = ARENA_NEW(c->arena, struct efs_file_system);
    struct efs_description *d = ARENA_NEW(c->arena, struct efs_description);

    TRY(check(c, in));
    shape_copy(&efs_create_file_system_in_shape, in, &efs_file_system_shape, f);
    f->kms_key_id = STR_ABSENT;
    f->file_system_id = call_unique(c, "fs-", 17);
    f->file_system_arn = call_arn(c, "elasticfilesystem", "file-system/%.*s", FMT(f->file_system_id));
    f->creation_time = SET_TIME(c->now_ms);
    f->encrypted = SET_BOOL(in->encrypted.v);
    if (!str_is(f->performance_mode))
        f->performance_mode = S("generalPurpose");
    if (!str_is(f->throughput_mode))
        f->throughput_mode = S("bursting");
    if (in->encrypted.v)
        TRY(efs_key_make(c, in->kms_key_id, f));
    TRY(efs_file_system_save(c, f));
    TRY(describe(c, f, d));
    shape_copy(&efs_description_shape, d, &efs_create_file_system_out_shape, out);
    out->life_cycle_state = S("creating");
    return OK;
}

/* ---- describing ---- */

static res page_of(struct call *c, const struct efs_describe_file_systems_in *in, struct record_page *page)
{
    struct efs_file_system *one;
    str after;

    *page = (struct record_page){.v = ARENA_ARRAY(c->arena, void *, 1)};
    if (in->file_system_id.n) {
        page->v[page->n++] = (void *)(uintptr_t)c->subject;
        return OK;
    }
    if (in->creation_token.n) {
        TRY(with_token(c, in->creation_token, &one));
        if (one)
            page->v[page->n++] = one;
        return OK;
    }
    TRY(efs_open_marker(c, in->marker, &after));
    return record_list(c, &efs_file_system_record, STR_ABSENT, STR_ABSENT, after,
                       in->max_items.set && in->max_items.v < PAGE ? (size_t)in->max_items.v : PAGE, page);
}

res efs_describe_file_systems(struct call *c, const struct efs_describe_file_systems_in *in,
                              struct efs_describe_file_systems_out *out)
{
    struct record_page page;

    if (in->file_system_id.n && in->creation_token.n)
        return fault(c, &efs_BadRequest, "FileSystemId and CreationToken are mutually exclusive.");
    TRY(page_of(c, in, &page));
    out->marker = in->marker;
    out->file_systems.v = ARENA_ARRAY(c->arena, struct efs_description, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        TRY(describe(c, page.v[i], &out->file_systems.v[out->file_systems.n++]));
    if (page.more)
        out->next_marker = page_token(c, ((const struct efs_file_system *)page.v[page.n - 1])->file_system_id);
    return OK;
}

res efs_delete_file_system(struct call *c, const struct efs_delete_file_system_in *in,
                           struct efs_delete_file_system_out *out)
{
    const struct efs_file_system *f = c->subject;
    struct efs_mount_target_page targets;

    (void)in, (void)out;
    TRY(efs_mount_targets(c, f, STR_ABSENT, 1, &targets));
    if (targets.n)
        return fault(c, &efs_FileSystemInUse, "The file system '%.*s' has mount targets created in it.",
                     FMT(f->file_system_id));
    TRY(efs_key_retire(c, f));
    TRY(efs_forget_volume(c, f));
    return efs_file_system_drop(c, f);
}

/* ---- policies ---- */

static res may_put_again(struct call *c, const struct efs_file_system *f, bool *may)
{
    struct resource r = {.type = &efs_file_system_resource,
                         .arn = f->file_system_arn,
                         .account = f->at.account,
                         .policy = f->policy,
                         .policy_name = f->file_system_arn,
                         .principals = f->principals.v,
                         .n_principals = f->principals.n,
                         .tags = (const struct str_pair *)f->tags.v,
                         .n_tags = f->tags.n};

    return gate_may(c, "elasticfilesystem:PutFileSystemPolicy", &r, may);
}

/* AWS's own examples name no resource: it is the file system, and the policy is kept with its ARN. What is no policy at
 * all is left to be refused as such. */
static res with_resource(struct call *c, const struct efs_file_system *f, str *policy)
{
    struct err ignored = {0};
    size_t at, added = 0;
    json_t *o, *list, *one;

    if (!is_ok(json_parse(c->arena, *policy, &ignored, &o)))
        return OK;
    list = json_object_get(o, "Statement");
    if (json_is_object(list)) {
        one = list;
        list = json_array();
        json_array_append(list, one);
        json_object_set_new(o, "Statement", list);
    }
    json_array_foreach(list, at, one)
    {
        if (!json_is_object(one) || json_object_get(one, "Resource") || json_object_get(one, "NotResource"))
            continue;
        json_object_set_new(one, "Resource", json_of(f->file_system_arn));
        added++;
    }
    if (added)
        *policy = json_text(c->arena, o);
    return OK;
}

res efs_put_file_system_policy(struct call *c, const struct efs_put_file_system_policy_in *in,
                               struct efs_put_file_system_policy_out *out)
{
    struct efs_file_system *f = efs_own_copy(c);
    str policy = in->policy;
    bool may = true;

    TRY(with_resource(c, f, &policy));
    TRY(policy_check(c, policy, POLICY_RESOURCE, &efs_InvalidPolicyException));
    f->principals = (struct map_of_str){0};
    TRY(policy_bind(c, policy, POLICY_RESOURCE, &efs_InvalidPolicyException, &f->principals));
    f->policy = policy;
    if (!in->bypass_policy_lockout_safety_check.v)
        TRY(may_put_again(c, f, &may));
    if (!may)
        return fault(c, &efs_InvalidPolicyException,
                     "The policy would keep you from replacing it: BypassPolicyLockoutSafetyCheck lets you do so.");
    out->file_system_id = f->file_system_id;
    out->policy = f->policy;
    return efs_file_system_save(c, f);
}

res efs_describe_file_system_policy(struct call *c, const struct efs_describe_file_system_policy_in *in,
                                    struct efs_describe_file_system_policy_out *out)
{
    const struct efs_file_system *f = c->subject;

    (void)in;
    if (!str_is(f->policy))
        return fault(c, &efs_PolicyNotFound, "File system policy does not exist for file system '%.*s'.",
                     FMT(f->file_system_id));
    out->file_system_id = f->file_system_id;
    out->policy = f->policy;
    return OK;
}

res efs_delete_file_system_policy(struct call *c, const struct efs_delete_file_system_policy_in *in,
                                  struct efs_delete_file_system_policy_out *out)
{
    struct efs_file_system *f = efs_own_copy(c);

    (void)in, (void)out;
    f->policy = STR_ABSENT;
    f->principals = (struct map_of_str){0};
    return efs_file_system_save(c, f);
}

/* ---- tags ---- */

res efs_tag_resource(struct call *c, const struct efs_tag_resource_in *in, struct efs_tag_resource_out *out)
{
    struct efs_file_system *f = efs_own_copy(c);
    struct map_of_str all = tags_put(c->arena, TAGS(f->tags), TAGS(in->tags));

    (void)out;
    TRY(check_tags(c, TAGS(in->tags), all));
    f->tags = (struct efs_tag_list){all.n, (struct efs_tag *)all.v};
    return efs_file_system_save(c, f);
}

res efs_untag_resource(struct call *c, const struct efs_untag_resource_in *in, struct efs_untag_resource_out *out)
{
    struct efs_file_system *f = efs_own_copy(c);
    struct map_of_str kept = tags_take_off(c->arena, TAGS(f->tags), &in->tag_keys);

    (void)out;
    if (tags_any_system_key(&in->tag_keys))
        return reserved(c);
    f->tags = (struct efs_tag_list){kept.n, (struct efs_tag *)kept.v};
    return efs_file_system_save(c, f);
}

res efs_list_tags_for_resource(struct call *c, const struct efs_list_tags_for_resource_in *in,
                               struct efs_list_tags_for_resource_out *out)
{
    const struct efs_file_system *f = c->subject;

    (void)in; /* fifty at most: one page */
    out->tags = f->tags;
    if (!out->tags.v)
        out->tags.v = ARENA_ARRAY(c->arena, struct efs_tag, 1);
    return OK;
}
