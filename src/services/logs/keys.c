/* SPDX-License-Identifier: MIT */
/* Groups under a customer's key: each stream has a data key that kms makes and opens for the service logs, which the
 * key's policy must allow. Take that right away, and the events can no longer be read. */
#include "kms.h"
#include "logs_parts.h"

/* AWS's own principal, source and encryption context for it. */
static const struct caller *as_logs(struct call *c, str group)
{
    str service = arena_printf(c->arena, "logs.%.*s.amazonaws.com", FMT(c->region));

    return caller_service(c, service.p, logs_group_arn(c, group), c->caller->account);
}

static struct map_of_str bound_to(struct call *c, str group)
{
    struct str_pair *v = ARENA_ARRAY(c->arena, struct str_pair, 1);

    v[0] = (struct str_pair){S("aws:logs:arn"), logs_group_arn(c, group)};
    return (struct map_of_str){1, v};
}

static res new_data_key(struct call *c, str key_arn, str group, struct kms_generate_data_key_out *out,
                        struct fault *refused)
{
    struct kms_generate_data_key_in in = {
        .key_id = key_arn, .key_spec = S("AES_256"), .encryption_context = bound_to(c, group)};

    return call_try(c, as_logs(c, group), &kms_GenerateDataKey_op, &in, out, refused);
}

res logs_check_key(struct call *c, str key_arn, str group)
{
    struct kms_generate_data_key_out made = {0};
    struct fault refused = {0};

    if (!str_starts(key_arn, S("arn:")))
        return fault(c, &logs_InvalidParameterException, "The KMS key is to be given by its ARN.");
    TRY(new_data_key(c, key_arn, group, &made, &refused));
    if (refused.type)
        return fault(c, &logs_InvalidParameterException,
                     "The specified KMS key does not exist or does not allow logs.%.*s.amazonaws.com to use it: %.*s",
                     FMT(c->region), FMT(refused.message));
    return OK;
}

static res told(struct call *c, const struct fault *refused)
{
    if (!refused->type)
        return OK;
    return fault(c, refused->type == &api_access_denied ? &api_access_denied : &logs_OperationAbortedException,
                 "The log group's KMS key cannot be used: %.*s", FMT(refused->message));
}

res logs_batch_key(struct call *c, str group, str sealed, struct logs_known_key *known, str *plain)
{
    struct kms_decrypt_in in = {.ciphertext_blob = sealed, .encryption_context = bound_to(c, group)};
    struct kms_decrypt_out out = {0};
    struct fault refused = {0};

    if (!str_is(known->plain) || !str_eq(known->sealed, sealed)) {
        TRY(call_try(c, as_logs(c, group), &kms_Decrypt_op, &in, &out, &refused));
        TRY(told(c, &refused));
        *known = (struct logs_known_key){sealed, out.plaintext};
    }
    *plain = known->plain;
    return OK;
}

res logs_stream_key(struct call *c, const struct logs_group *g, struct logs_stream *s, str *plain)
{
    struct kms_generate_data_key_out made = {0};
    struct logs_known_key none = {0};
    struct fault refused = {0};

    *plain = STR_ABSENT;
    if (!str_is(g->kms_key_id)) {
        s->data_key = s->kms_key_id = STR_ABSENT;
        return OK;
    }
    if (str_is(s->data_key) && str_eq(s->kms_key_id, g->kms_key_id))
        return logs_batch_key(c, g->log_group_name, s->data_key, &none, plain);
    TRY(new_data_key(c, g->kms_key_id, g->log_group_name, &made, &refused));
    TRY(told(c, &refused));
    s->kms_key_id = g->kms_key_id;
    s->data_key = made.ciphertext_blob;
    *plain = made.plaintext;
    return OK;
}
