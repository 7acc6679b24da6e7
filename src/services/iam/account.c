/* SPDX-License-Identifier: MIT */
/* An account's alias: one an account, and nobody else's. */
#include "iam_names.h"

static res check_alias(struct call *c, str alias)
{
    bool fine = str_all(alias, "abcdefghijklmnopqrstuvwxyz0123456789-") && !str_starts(alias, S("-")) &&
                !str_ends(alias, S("-")) && str_search(alias, S("--")) < 0;
    bool number = alias.n == 12 && str_all(alias, "0123456789");

    if (fine && !number)
        return OK;
    return fault(c, &iam_ValidationError,
                 "1 validation error detected: Value '%.*s' at 'accountAlias' failed to satisfy constraint: Member "
                 "must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
                 FMT(alias));
}

/* A new one takes the place of the old. */
res iam_create_account_alias(struct call *c, const struct iam_create_account_alias_in *in,
                             struct iam_create_account_alias_out *out)
{
    struct iam_account_alias_page taken, own;
    struct iam_account_alias a = {.account_alias = in->account_alias};

    (void)out;
    TRY(check_alias(c, in->account_alias));
    TRY(iam_account_alias_by(c, "alias", in->account_alias, STR_ABSENT, 1, &taken));
    if (taken.n && str_eq(taken.v[0]->at.account, c->caller->account))
        return OK;
    if (taken.n)
        return fault(c, &iam_EntityAlreadyExists, "The account alias %.*s already exists.", FMT(in->account_alias));
    TRY(iam_account_alias_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, 1, &own));
    if (own.n)
        TRY(iam_account_alias_drop(c, own.v[0]));
    return iam_account_alias_save(c, &a);
}

res iam_delete_account_alias(struct call *c, const struct iam_delete_account_alias_in *in,
                             struct iam_delete_account_alias_out *out)
{
    struct iam_account_alias *a;

    (void)out;
    TRY(iam_account_alias_load(c, STR_ABSENT, in->account_alias, &a));
    if (!a)
        return fault(c, &iam_NoSuchEntity, "The Account Alias %.*s cannot be found.", FMT(in->account_alias));
    return iam_account_alias_drop(c, a);
}

res iam_list_account_aliases(struct call *c, const struct iam_list_account_aliases_in *in,
                             struct iam_list_account_aliases_out *out)
{
    struct iam_account_alias_page own;
    str after;

    TRY(iam_marker(c, in->marker, &after));
    TRY(iam_account_alias_list_all(c, STR_ABSENT, STR_ABSENT, after, iam_page_size(in->max_items), &own));
    out->account_aliases.v = ARENA_ARRAY(c->arena, str, own.n + 1);
    for (size_t i = 0; i < own.n; i++)
        out->account_aliases.v[out->account_aliases.n++] = own.v[i]->account_alias;
    out->is_truncated = SET_BOOL(own.more);
    return OK;
}
