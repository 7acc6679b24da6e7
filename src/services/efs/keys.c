/* SPDX-License-Identifier: MIT */
/* The key of an encrypted file system's volume: made under a KMS key by right of a grant that whoever creates the file
 * system gives in its own right, and kept sealed. Take the grant or the key away, and the volume opens no more. */
#include "api/box.h"
#include "api/gate.h"
#include "api/house.h"
#include "efs_parts.h"
#include "kms.h"

static struct map_of_str bound_to(struct call *c, const struct efs_file_system *f)
{
    struct str_pair *pair = ARENA_NEW(c->arena, struct str_pair);

    *pair = (struct str_pair){S("aws:elasticfilesystem:filesystem:id"), f->file_system_id};
    return (struct map_of_str){1, pair};
}

static const struct caller *as_efs(struct call *c, const struct efs_file_system *f)
{
    return caller_service(c, EFS, f->file_system_arn, f->at.account.n ? f->at.account : c->caller->account);
}

/* EFS's own words for a key that cannot be used; a denial stays a denial. */
static res told(struct call *c, const struct fault *why)
{
    return fault(c, why->type == &api_access_denied ? why->type : &efs_BadRequest, "%.*s", FMT(why->message));
}

static res find_key(struct call *c, str key_id, str *arn)
{
    struct kms_describe_key_in in = {.key_id = key_id};
    struct kms_describe_key_out out = {0};
    struct fault why;

    TRY(call_try(c, caller_forward(c, EFS), &kms_DescribeKey_op, &in, &out, &why));
    if (why.type)
        return told(c, &why);
    *arn = out.key_metadata->arn;
    if (!out.key_metadata->enabled.v)
        return fault(c, &efs_BadRequest, "KMS key '%.*s' is not enabled.", FMT(*arn));
    return OK;
}

static res grant(struct call *c, struct efs_file_system *f)
{
    static const char *const names[] = {"GenerateDataKeyWithoutPlaintext", "Decrypt", "DescribeKey", "RetireGrant"};
    struct kms_constraints *constraints = ARENA_NEW(c->arena, struct kms_constraints);
    struct kms_create_grant_in in = {
        .key_id = f->kms_key_id, .grantee_principal = S(EFS), .retiring_principal = S(EFS), .constraints = constraints};
    struct kms_create_grant_out out = {0};
    struct fault why;

    in.operations.v = ARENA_ARRAY(c->arena, str, sizeof names / sizeof *names);
    for (; in.operations.n < sizeof names / sizeof *names; in.operations.n++)
        in.operations.v[in.operations.n] = str_z(names[in.operations.n]);
    constraints->encryption_context_subset = bound_to(c, f);
    TRY(call_try(c, caller_forward(c, EFS), &kms_CreateGrant_op, &in, &out, &why));
    if (why.type)
        return told(c, &why);
    f->grant_token = out.grant_token;
    return OK;
}

res efs_key_make(struct call *c, str key_id, struct efs_file_system *f)
{
    struct kms_generate_data_key_without_plaintext_in in = {.number_of_bytes = SET_INT(BOX_KEY_BYTES),
                                                            .encryption_context = bound_to(c, f)};
    struct kms_generate_data_key_without_plaintext_out out = {0};

    TRY(find_key(c, key_id.n ? key_id : S("alias/aws/elasticfilesystem"), &f->kms_key_id));
    TRY(grant(c, f));
    in.key_id = f->kms_key_id;
    TRY(call_as(c, as_efs(c, f), &kms_GenerateDataKeyWithoutPlaintext_op, &in, &out));
    f->volume_key = out.ciphertext_blob;
    return OK;
}

/* As jobs without a customer's key have one: what lies on the disk is encrypted in any case. */
static res houses_key(struct call *c, struct efs_file_system *f, str volume)
{
    str plain;

    if (!f->volume_key.n) {
        TRY(vault_kms_new_key(call_vault(c), f->file_system_arn, c->arena, &f->house_key, &c->err));
        TRY(vault_kms_generate_data_key(call_vault(c), f->file_system_arn, f->house_key, S(""), BOX_KEY_BYTES,
                                        c->secrets, &plain, c->arena, &f->volume_key, &c->err));
    }
    return vault_release_volume_key(call_vault(c), f->file_system_arn, f->house_key, S(""), f->volume_key, volume,
                                    &c->err);
}

res efs_key_release(struct call *c, struct efs_file_system *f, str holder)
{
    str volume = arena_printf(c->arena, "%.*s-%.*s", FMT(f->file_system_id), FMT(holder));
    struct kms_release_volume_key_in in = {
        .ciphertext_blob = f->volume_key, .encryption_context = bound_to(c, f), .volume_id = volume};
    struct kms_release_volume_key_out out = {0};
    struct fault why;

    if (!f->encrypted.v)
        return houses_key(c, f, volume);
    TRY(call_try(c, as_efs(c, f), &kms_ReleaseVolumeKey_op, &in, &out, &why));
    return why.type ? told(c, &why) : OK;
}

res efs_key_retire(struct call *c, const struct efs_file_system *f)
{
    struct kms_retire_grant_in in = {.grant_token = f->grant_token};
    struct kms_retire_grant_out out = {0};
    struct fault why;

    if (!f->grant_token.n)
        return OK;
    return call_try(c, as_efs(c, f), &kms_RetireGrant_op, &in, &out, &why);
}
