/* SPDX-License-Identifier: MIT */
/* Keys: made, described, switched off and on, tagged, and after a waiting time destroyed. */
#include "kms_parts.h"

enum { DAY_MS = 86400000, LIST_MAX = 100, SWEEP_KEYS = 8 };

/* ---- shared ---- */

res kms_new_key(struct call *c, struct kms_key **out)
{
    struct kms_key *k = ARENA_NEW(c->arena, struct kms_key);

    k->key_id = call_uuid(c);
    k->arn = call_arn(c, "kms", "key/%.*s", FMT(k->key_id));
    k->state = KMS_ENABLED;
    k->key_manager = S("CUSTOMER");
    k->description = S("");
    k->creation_date = SET_TIME(c->now_ms);
    *out = k;
    return vault_kms_new_key(call_vault(c), k->arn, c->arena, &k->material, &c->err);
}

struct kms_key *kms_own_copy(struct call *c)
{
    struct kms_key *k = ARENA_NEW(c->arena, struct kms_key);

    *k = *(const struct kms_key *)c->subject;
    return k;
}

res kms_changeable(struct call *c, const struct kms_key *k)
{
    if (str_eq(k->state, KMS_PENDING))
        return fault(c, &kms_KMSInvalidStateException, "%.*s is pending deletion.", FMT(k->arn));
    return OK;
}

res kms_usable(struct call *c, const struct kms_key *k)
{
    TRY(kms_changeable(c, k));
    if (str_eq(k->state, KMS_DISABLED))
        return fault(c, &kms_DisabledException, "%.*s is disabled.", FMT(k->arn));
    return OK;
}

bool kms_is_gone(const struct kms_key *k, int64_t now_ms)
{
    return str_eq(k->state, KMS_PENDING) && k->deletion_date.set && k->deletion_date.ms <= now_ms;
}

/* The material goes first and for good: with its record. What was sealed under it can never be opened again. */
static res destroy(struct call *c, const struct kms_key *k)
{
    struct kms_alias *alias;

    for (size_t i = 0; i < k->aliases.n; i++) {
        TRY(kms_alias_load(c, k->at.account, k->aliases.v[i], &alias));
        if (alias)
            TRY(kms_alias_drop(c, alias));
    }
    str prefix = arena_printf(c->arena, "%.*s/", FMT(k->key_id));
    TRY(record_drop_all(c, &kms_grant_record, k->at.account, prefix));
    return kms_key_drop(c, k);
}

res kms_sweep(struct call *c)
{
    struct kms_key_page pending;

    TRY(kms_key_by(c, "state", KMS_PENDING, c->caller->account, SWEEP_KEYS, &pending));
    for (size_t i = 0; i < pending.n; i++)
        if (kms_is_gone(pending.v[i], c->now_ms) && str_eq(pending.v[i]->at.region, c->region))
            TRY(destroy(c, pending.v[i]));
    return OK;
}

struct kms_key_metadata *kms_metadata(struct call *c, const struct kms_key *k)
{
    struct kms_key_metadata *m = ARENA_NEW(c->arena, struct kms_key_metadata);
    str *algorithms = ARENA_ARRAY(c->arena, str, 1);
    bool pending = str_eq(k->state, KMS_PENDING);

    algorithms[0] = S("SYMMETRIC_DEFAULT");
    *m = (struct kms_key_metadata){.aws_account_id = k->at.account.n ? k->at.account : c->caller->account,
                                   .key_id = k->key_id,
                                   .arn = k->arn,
                                   .creation_date = k->creation_date,
                                   .enabled = SET_BOOL(str_eq(k->state, KMS_ENABLED)),
                                   .description = k->description,
                                   .key_usage = S("ENCRYPT_DECRYPT"),
                                   .key_state = k->state,
                                   .origin = S("AWS_KMS"),
                                   .key_manager = k->key_manager,
                                   .customer_master_key_spec = S("SYMMETRIC_DEFAULT"),
                                   .key_spec = S("SYMMETRIC_DEFAULT"),
                                   .encryption_algorithms = {1, algorithms},
                                   .multi_region = SET_BOOL(false)};
    if (pending)
        m->deletion_date = k->deletion_date;
    return m;
}

res kms_refuse_dry_run(struct call *c, opt_bool dry_run)
{
    if (dry_run.v)
        return fault(c, &kms_DryRunOperationException,
                     "The request would have succeeded, but the DryRun option is set.");
    return OK;
}

res kms_open_marker(struct call *c, str marker, str *after)
{
    *after = STR_ABSENT;
    if (str_is(marker) && !page_token_open(c, marker, after))
        return fault(c, &kms_InvalidMarkerException, "The marker is not valid.");
    return OK;
}

/* ---- operations ---- */

static res check_kind(struct call *c, const struct kms_create_key_in *in)
{
    str spec = str_is(in->key_spec) ? in->key_spec : in->customer_master_key_spec;

    if ((spec.n && !str_eq(spec, S("SYMMETRIC_DEFAULT"))) ||
        (in->key_usage.n && !str_eq(in->key_usage, S("ENCRYPT_DECRYPT"))))
        return fault(c, &kms_UnsupportedOperationException,
                     "Barmkin makes keys of KeySpec SYMMETRIC_DEFAULT and KeyUsage ENCRYPT_DECRYPT only.");
    if ((in->origin.n && !str_eq(in->origin, S("AWS_KMS"))) || in->custom_key_store_id.n || in->multi_region.v)
        return fault(c, &kms_UnsupportedOperationException,
                     "Barmkin makes key material itself (Origin AWS_KMS), for one region.");
    return OK;
}

res kms_create_key(struct call *c, const struct kms_create_key_in *in, struct kms_create_key_out *out)
{
    struct kms_key *k;
    str policy = str_is(in->policy) ? in->policy : kms_default_policy(c, c->caller->account);

    TRY(check_kind(c, in));
    TRY(kms_check_tags(c, in->tags.v, in->tags.n));
    TRY(kms_sweep(c));
    TRY(kms_new_key(c, &k));
    if (str_is(in->description))
        k->description = in->description;
    k->tags = in->tags;
    TRY(kms_take_policy(c, k, policy, in->bypass_policy_lockout_safety_check.v));
    TRY(kms_key_save(c, k));
    out->key_metadata = kms_metadata(c, k);
    return OK;
}

res kms_describe_key(struct call *c, const struct kms_describe_key_in *in, struct kms_describe_key_out *out)
{
    TRY(kms_check_tokens(c, &in->grant_tokens));
    out->key_metadata = kms_metadata(c, c->subject);
    return OK;
}

res kms_list_keys(struct call *c, const struct kms_list_keys_in *in, struct kms_list_keys_out *out)
{
    struct kms_key_page page;
    str after;

    TRY(kms_open_marker(c, in->marker, &after));
    size_t limit = in->limit.set && in->limit.v < LIST_MAX ? (size_t)in->limit.v : LIST_MAX; /* records hold policies */
    TRY(kms_key_list_all(c, STR_ABSENT, S(""), after, limit, &page));
    out->keys.v = ARENA_ARRAY(c->arena, struct kms_key_entry, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (!kms_is_gone(page.v[i], c->now_ms))
            out->keys.v[out->keys.n++] = (struct kms_key_entry){page.v[i]->key_id, page.v[i]->arn};
    out->truncated = SET_BOOL(page.more);
    if (page.more)
        out->next_marker = page_token(c, page.v[page.n - 1]->key_id);
    return OK;
}

static res set_state(struct call *c, str state)
{
    struct kms_key *k = kms_own_copy(c);

    TRY(kms_changeable(c, k));
    k->state = state;
    return kms_key_save(c, k);
}

res kms_enable_key(struct call *c, const struct kms_enable_key_in *in, struct kms_enable_key_out *out)
{
    (void)in, (void)out;
    return set_state(c, KMS_ENABLED);
}

res kms_disable_key(struct call *c, const struct kms_disable_key_in *in, struct kms_disable_key_out *out)
{
    (void)in, (void)out;
    return set_state(c, KMS_DISABLED);
}

res kms_update_key_description(struct call *c, const struct kms_update_key_description_in *in,
                               struct kms_update_key_description_out *out)
{
    struct kms_key *k = kms_own_copy(c);

    (void)out;
    TRY(kms_changeable(c, k));
    k->description = in->description;
    return kms_key_save(c, k);
}

res kms_schedule_key_deletion(struct call *c, const struct kms_schedule_key_deletion_in *in,
                              struct kms_schedule_key_deletion_out *out)
{
    struct kms_key *k = kms_own_copy(c);
    int64_t days = in->pending_window_in_days.set ? in->pending_window_in_days.v : 30;

    TRY(kms_changeable(c, k));
    if (days < 7 || days > 30)
        return fault(c, &kms_ValidationException, "PendingWindowInDays must be between 7 and 30, not %lld.",
                     (long long)days);
    TRY(kms_sweep(c));
    k->state = KMS_PENDING;
    k->pending_days = SET_INT(days);
    k->deletion_date = SET_TIME(c->now_ms + days * DAY_MS);
    TRY(kms_key_save(c, k));
    out->key_id = k->arn;
    out->deletion_date = k->deletion_date;
    out->key_state = k->state;
    out->pending_window_in_days = k->pending_days;
    return OK;
}

res kms_cancel_key_deletion(struct call *c, const struct kms_cancel_key_deletion_in *in,
                            struct kms_cancel_key_deletion_out *out)
{
    struct kms_key *k = kms_own_copy(c);

    (void)in;
    if (!str_eq(k->state, KMS_PENDING))
        return fault(c, &kms_KMSInvalidStateException, "%.*s is not pending deletion.", FMT(k->arn));
    k->state = KMS_DISABLED; /* as on AWS: to be enabled by a decision of its own */
    k->deletion_date = (opt_time){0};
    k->pending_days = (opt_int){0};
    TRY(kms_key_save(c, k));
    out->key_id = k->arn;
    return OK;
}
