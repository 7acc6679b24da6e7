/* SPDX-License-Identifier: MIT */
/* Tags and rotation of a key. */
#include "api/tags.h"
#include "kms_parts.h"

/* ---- tags ---- */

res kms_check_tags(struct call *c, const struct kms_tag *v, size_t n)
{
    if (n > KMS_TAGS_MAX)
        return fault(c, &kms_LimitExceededException, "A key has at most %d tags.", KMS_TAGS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (v[i].tag_key.n < 1 || v[i].tag_key.n > 128 || v[i].tag_value.n > 256 || tags_is_system(v[i].tag_key))
            return fault(c, &kms_TagException, "The tag key or value is not valid: '%.*s'.", FMT(v[i].tag_key));
        for (size_t k = 0; k < i; k++)
            if (str_eq(v[i].tag_key, v[k].tag_key))
                return fault(c, &kms_TagException, "Duplicate tag keys are not allowed: '%.*s'.", FMT(v[i].tag_key));
    }
    return OK;
}

static bool has_tag(const struct kms_tag *v, size_t n, str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(v[i].tag_key, key))
            return true;
    return false;
}

res kms_tag_resource(struct call *c, const struct kms_tag_resource_in *in, struct kms_tag_resource_out *out)
{
    struct kms_key *k = kms_own_copy(c);
    struct kms_tag *v = ARENA_ARRAY(c->arena, struct kms_tag, k->tags.n + in->tags.n + 1);
    size_t n = 0;

    (void)out;
    TRY(kms_changeable(c, k));
    for (size_t i = 0; i < k->tags.n; i++)
        if (!has_tag(in->tags.v, in->tags.n, k->tags.v[i].tag_key))
            v[n++] = k->tags.v[i];
    for (size_t i = 0; i < in->tags.n; i++)
        v[n++] = in->tags.v[i];
    TRY(kms_check_tags(c, v, n));
    k->tags = (struct kms_tag_list){n, v};
    return kms_key_save(c, k);
}

res kms_untag_resource(struct call *c, const struct kms_untag_resource_in *in, struct kms_untag_resource_out *out)
{
    struct kms_key *k = kms_own_copy(c);
    struct map_of_str kept = tags_take_off(c->arena, TAGS(k->tags), &in->tag_keys);

    (void)out;
    TRY(kms_changeable(c, k));
    k->tags = (struct kms_tag_list){kept.n, (struct kms_tag *)kept.v};
    return kms_key_save(c, k);
}

res kms_list_resource_tags(struct call *c, const struct kms_list_resource_tags_in *in,
                           struct kms_list_resource_tags_out *out)
{
    const struct kms_key *k = c->subject;

    if (str_is(in->marker))
        return fault(c, &kms_InvalidMarkerException, "The marker is not valid."); /* one page holds all 50 */
    out->tags = k->tags;
    if (!out->tags.v)
        out->tags.v = ARENA_ARRAY(c->arena, struct kms_tag, 1);
    out->truncated = SET_BOOL(false);
    return OK;
}

/* ---- rotation: kept and shown; the material stays the same (README) ---- */

static res set_rotation(struct call *c, bool on, opt_int days)
{
    struct kms_key *k = kms_own_copy(c);

    TRY(kms_usable(c, k));
    k->rotation_enabled = SET_BOOL(on);
    k->rotation_days = SET_INT(days.set ? days.v : 365);
    return kms_key_save(c, k);
}

res kms_enable_key_rotation(struct call *c, const struct kms_enable_key_rotation_in *in,
                            struct kms_enable_key_rotation_out *out)
{
    (void)out;
    return set_rotation(c, true, in->rotation_period_in_days);
}

res kms_disable_key_rotation(struct call *c, const struct kms_disable_key_rotation_in *in,
                             struct kms_disable_key_rotation_out *out)
{
    (void)in, (void)out;
    return set_rotation(c, false, (opt_int){0});
}

res kms_get_key_rotation_status(struct call *c, const struct kms_get_key_rotation_status_in *in,
                                struct kms_get_key_rotation_status_out *out)
{
    const struct kms_key *k = c->subject;

    (void)in;
    TRY(kms_changeable(c, k));
    out->key_id = k->arn;
    out->key_rotation_enabled = SET_BOOL(k->rotation_enabled.v);
    if (k->rotation_enabled.v)
        out->rotation_period_in_days = SET_INT(k->rotation_days.set ? k->rotation_days.v : 365);
    return OK;
}
