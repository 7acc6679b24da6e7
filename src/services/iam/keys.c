/* SPDX-License-Identifier: MIT */
/* Access keys: two a user, their status, when they were last used. */
#include "api/used.h"
#include "crypto/random.h"
#include "iam_names.h"
#include "identify/accesskey.h"

res iam_keys_of(struct call *c, str user, struct iam_access_key_page *page)
{
    return iam_access_key_by(c, "user", user, c->caller->account, IAM_PAGE, page);
}

res iam_create_access_key(struct call *c, const struct iam_create_access_key_in *in,
                          struct iam_create_access_key_out *out)
{
    const struct iam_user *u = c->subject;
    struct iam_access_key_page keys;
    uint8_t random[ACCESSKEY_RANDOM_BYTES];
    char id[ACCESSKEY_CHARS + 1];
    struct iam_access_key *k = ARENA_NEW(c->arena, struct iam_access_key);
    struct iam_key_out *o = ARENA_NEW(c->arena, struct iam_key_out);

    (void)in;
    TRY(iam_keys_of(c, u->user_name, &keys));
    if (keys.n >= IAM_MAX_KEYS)
        return fault(c, &iam_LimitExceeded, "Cannot exceed quota for AccessKeysPerUser: %d", IAM_MAX_KEYS);
    random_bytes(random, sizeof random);
    k->access_key_id = arena_dup(c->arena, accesskey_make(ACCESSKEY_LONG_TERM, c->caller->account, random, id));
    k->user_name = u->user_name;
    k->status = S("Active");
    k->create_date = SET_TIME(c->now_ms);
    TRY(vault_new_secret(call_vault(c), k->access_key_id, c->secrets, &o->secret_access_key, c->arena, &k->sealed,
                         &c->err));
    TRY(iam_access_key_save(c, k));
    o->user_name = u->user_name;
    o->access_key_id = k->access_key_id;
    o->status = k->status;
    o->create_date = k->create_date;
    out->access_key = o;
    return OK;
}

res iam_list_access_keys(struct call *c, const struct iam_list_access_keys_in *in, struct iam_list_access_keys_out *out)
{
    const struct iam_user *u = c->subject;
    struct iam_access_key_page keys;
    struct iam_window w;

    TRY(iam_keys_of(c, u->user_name, &keys));
    TRY(iam_window(c, keys.n, in->marker, in->max_items, &w));
    out->access_key_metadata.v = ARENA_ARRAY(c->arena, struct iam_key_metadata, w.n + 1);
    for (size_t i = 0; i < w.n; i++) {
        const struct iam_access_key *k = keys.v[w.from + i];
        out->access_key_metadata.v[i] =
            (struct iam_key_metadata){u->user_name, k->access_key_id, k->status, k->create_date};
    }
    out->access_key_metadata.n = w.n;
    out->is_truncated = SET_BOOL(w.more);
    out->marker = w.marker;
    return OK;
}

static res key_named(struct call *c, str id, struct iam_access_key **out)
{
    const struct iam_user *u = c->subject;

    TRY(iam_access_key_load(c, STR_ABSENT, id, out));
    if (!*out || !str_eq((*out)->user_name, u->user_name))
        return fault(c, &iam_NoSuchEntity, "The Access Key with id %.*s cannot be found.", FMT(id));
    return OK;
}

res iam_update_access_key(struct call *c, const struct iam_update_access_key_in *in,
                          struct iam_update_access_key_out *out)
{
    struct iam_access_key *k;

    (void)out;
    TRY(key_named(c, in->access_key_id, &k));
    k->status = in->status;
    return iam_access_key_save(c, k);
}

res iam_delete_access_key(struct call *c, const struct iam_delete_access_key_in *in,
                          struct iam_delete_access_key_out *out)
{
    struct iam_access_key *k;

    (void)out;
    TRY(key_named(c, in->access_key_id, &k));
    TRY(used_forget(c, k->access_key_id));
    return iam_access_key_drop(c, k);
}

/* ---- last used ---- */

/* The owner of a key. A key of another account is as unknown as one that does not exist. */
res iam_find_key_owner(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_access_key *k;
    struct iam_user *u = NULL;

    (void)n;
    TRY(iam_access_key_load(c, STR_ABSENT, names[0], &k));
    if (k)
        TRY(iam_user_load(c, STR_ABSENT, k->user_name, &u));
    out->account = c->caller->account;
    if (!u) {
        out->arn = S("*"); /* whose it would be is not known: judged as every user */
        out->missing = &iam_NoSuchEntity;
        out->missing_text = arena_printf(c->arena, "The Access Key with id %.*s cannot be found.", FMT(names[0]));
        return OK;
    }
    out->arn = u->arn;
    out->subject = u;
    out->tags = (const struct str_pair *)u->tags.v;
    out->n_tags = u->tags.n;
    return OK;
}

res iam_get_access_key_last_used(struct call *c, const struct iam_get_access_key_last_used_in *in,
                                 struct iam_get_access_key_last_used_out *out)
{
    struct iam_key_last_used *o = ARENA_NEW(c->arena, struct iam_key_last_used);
    struct used_when when;

    TRY(used_find(c, in->access_key_id, &when));
    *o = (struct iam_key_last_used){.service_name = S("N/A"), .region = S("N/A")}; /* AWS's words for never */
    if (when.at_ms)
        *o = (struct iam_key_last_used){SET_TIME(when.at_ms), when.service, when.region};
    out->user_name = ((const struct iam_user *)c->subject)->user_name;
    out->access_key_last_used = o;
    return OK;
}
