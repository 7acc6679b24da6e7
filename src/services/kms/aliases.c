/* SPDX-License-Identifier: MIT */
/* Aliases: names of keys. The key keeps the list of its own names too, so that kms:ResourceAliases costs nothing. */
#include "kms_parts.h"

static res check_name(struct call *c, str name)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-";

    if (!str_starts(name, S("alias/")) || name.n == 6 || !str_all(name, set))
        return fault(c, &kms_InvalidAliasNameException,
                     "Invalid alias name %.*s: alias/ and then letters, digits, '/', '_' and '-'.", FMT(name));
    if (str_starts(name, S("alias/aws/")))
        return fault(c, &kms_InvalidAliasNameException, "Names beginning with alias/aws/ are AWS's own.");
    return OK;
}

static void add_name(struct call *c, struct kms_key *k, str name)
{
    str *v = ARENA_ARRAY(c->arena, str, k->aliases.n + 1);

    for (size_t i = 0; i < k->aliases.n; i++)
        v[i] = k->aliases.v[i];
    v[k->aliases.n] = name;
    k->aliases = (struct list_of_str){k->aliases.n + 1, v};
}

static void take_name(struct call *c, struct kms_key *k, str name)
{
    str *v = ARENA_ARRAY(c->arena, str, k->aliases.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < k->aliases.n; i++)
        if (!str_eq(k->aliases.v[i], name))
            v[n++] = k->aliases.v[i];
    k->aliases = (struct list_of_str){n, v};
}

/* Points the alias at the key, both sides of it. */
static res point(struct call *c, struct kms_alias *alias, const struct kms_key *target)
{
    struct kms_key *k = ARENA_NEW(c->arena, struct kms_key);

    *k = *target;
    TRY(kms_changeable(c, k));
    if (k->aliases.n >= KMS_ALIASES_MAX)
        return fault(c, &kms_LimitExceededException, "A key has at most %d aliases.", KMS_ALIASES_MAX);
    add_name(c, k, alias->alias_name);
    alias->target_key_id = k->key_id;
    alias->last_updated_date = SET_TIME(c->now_ms);
    TRY(kms_key_save(c, k));
    return kms_alias_save(c, alias);
}

static res check_target(struct call *c, str target)
{
    if (str_search(target, S("alias/")) >= 0)
        return fault(c, &kms_ValidationException, "Aliases must refer to keys. Not aliases");
    return OK;
}

res kms_create_alias(struct call *c, const struct kms_create_alias_in *in, struct kms_create_alias_out *out)
{
    struct kms_alias *alias = ARENA_NEW(c->arena, struct kms_alias);

    (void)out;
    TRY(check_name(c, in->alias_name));
    TRY(check_target(c, in->target_key_id));
    if (c->subject)
        return fault(c, &kms_AlreadyExistsException, "An alias with the name %.*s already exists",
                     FMT(c->resources[0].arn));
    *alias = (struct kms_alias){.alias_name = in->alias_name, .creation_date = SET_TIME(c->now_ms)};
    return point(c, alias, c->resources[1].subject);
}

res kms_update_alias(struct call *c, const struct kms_update_alias_in *in, struct kms_update_alias_out *out)
{
    struct kms_alias alias = *(const struct kms_alias *)c->subject;
    struct kms_key *old = ARENA_NEW(c->arena, struct kms_key);
    const struct kms_key *target = c->resources[1].subject;

    (void)out;
    TRY(check_name(c, in->alias_name));
    TRY(check_target(c, in->target_key_id));
    *old = *(const struct kms_key *)c->resources[2].subject;
    if (str_eq(old->key_id, target->key_id))
        return OK;
    take_name(c, old, in->alias_name);
    TRY(kms_key_save(c, old));
    return point(c, &alias, target);
}

res kms_delete_alias(struct call *c, const struct kms_delete_alias_in *in, struct kms_delete_alias_out *out)
{
    struct kms_key *k = ARENA_NEW(c->arena, struct kms_key);

    (void)out;
    TRY(check_name(c, in->alias_name));
    *k = *(const struct kms_key *)c->resources[1].subject;
    take_name(c, k, in->alias_name);
    TRY(kms_key_save(c, k));
    return kms_alias_drop(c, c->subject);
}

static void show(struct call *c, const struct kms_alias *a, struct kms_list_aliases_out *out)
{
    out->aliases.v[out->aliases.n++] =
        (struct kms_alias_entry){.alias_name = a->alias_name,
                                 .alias_arn = call_arn(c, "kms", "%.*s", FMT(a->alias_name)),
                                 .target_key_id = a->target_key_id,
                                 .creation_date = a->creation_date,
                                 .last_updated_date = a->last_updated_date};
}

/* Those of one key stand in its record, and are few enough for one page. */
static res list_of_key(struct call *c, str key_id, struct kms_list_aliases_out *out)
{
    const str names[] = {key_id};
    struct resource r = {.account = c->caller->account};
    struct kms_alias *a;

    TRY(kms_find_own_key(c, names, 1, &r));
    if (!r.subject)
        return fault(c, &kms_NotFoundException, "%.*s", FMT(r.missing_text));
    const struct kms_key *k = r.subject;
    out->aliases.v = ARENA_ARRAY(c->arena, struct kms_alias_entry, k->aliases.n + 1);
    for (size_t i = 0; i < k->aliases.n; i++) {
        TRY(kms_alias_load(c, STR_ABSENT, k->aliases.v[i], &a));
        if (a)
            show(c, a, out);
    }
    out->truncated = SET_BOOL(false);
    return OK;
}

res kms_list_aliases(struct call *c, const struct kms_list_aliases_in *in, struct kms_list_aliases_out *out)
{
    struct kms_alias_page page;
    str after;

    if (str_is(in->key_id))
        return list_of_key(c, in->key_id, out);
    TRY(kms_open_marker(c, in->marker, &after));
    TRY(kms_alias_list_all(c, STR_ABSENT, S(""), after, in->limit.set ? (size_t)in->limit.v : 50, &page));
    out->aliases.v = ARENA_ARRAY(c->arena, struct kms_alias_entry, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        show(c, page.v[i], out);
    out->truncated = SET_BOOL(page.more);
    if (page.more)
        out->next_marker = page_token(c, page.v[page.n - 1]->alias_name);
    return OK;
}
