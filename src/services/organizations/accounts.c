/* SPDX-License-Identifier: MIT */
/* Accounts: listed, described, made. */
#include "api/house.h"
#include "crypto/random.h"
#include "organizations_parts.h"

res organizations_list_accounts(struct call *c, const struct organizations_list_accounts_in *in,
                                struct organizations_list_accounts_out *out)
{
    struct organizations_account_page page;
    str after;

    TRY(organizations_after(c, in->next_token, &after));
    TRY(organizations_account_list_all(c, organizations_management(c), STR_ABSENT, after,
                                       organizations_limit(in->max_results), &page));
    out->accounts.v = ARENA_ARRAY(c->arena, struct organizations_account_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (organizations_is_member(page.v[i]))
            TRY(organizations_account_out(c, page.v[i], &out->accounts.v[out->accounts.n++]));
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->id);
    return OK;
}

res organizations_describe_account(struct call *c, const struct organizations_describe_account_in *in,
                                   struct organizations_describe_account_out *out)
{
    const struct org_node *node = c->subject;

    (void)in;
    out->account = ARENA_NEW(c->arena, struct organizations_account_out);
    return organizations_account_out(c, node->record, out->account);
}

static str fresh_account_id(struct call *c)
{
    return arena_printf(c->arena, "%u%05u%06u", 1 + random_below(9), random_below(100000), random_below(1000000));
}

res organizations_create_account(struct call *c, const struct organizations_create_account_in *in,
                                 struct organizations_create_account_out *out)
{
    struct organizations_account_page named;
    struct organizations_account *old, *a = ARENA_NEW(c->arena, struct organizations_account);
    str management = organizations_management(c);

    TRY(organizations_only_management(c));
    if (str_is(in->account_id) && !str_all(in->account_id, "0123456789"))
        return fault(c, &organizations_InvalidInputException, "An account id has 12 digits.");
    a->id = str_is(in->account_id) ? in->account_id : fresh_account_id(c);
    TRY(organizations_account_load(c, management, a->id, &old));
    TRY(organizations_account_by(c, "name", in->account_name, management, 1, &named));
    if (old || named.n)
        return fault(c, &organizations_DuplicateAccountException, "An account with this id or name exists already.");
    a->at.account = management;
    a->name = in->account_name;
    a->email = str_is(in->email) ? in->email : arena_printf(c->arena, "%.*s@barmkin.internal", FMT(in->account_name));
    a->status = S("ACTIVE");
    a->parent_id = organizations_root_id(c);
    a->joined_method = str_eq(a->id, management) ? S("INVITED") : S("CREATED");
    a->joined_timestamp = SET_TIME(c->now_ms);
    a->scps = organizations_with(c, &a->scps, organizations_full_access(ORG_SCP));
    TRY(organizations_account_save(c, a));
    out->account_id = a->id;
    return OK;
}
