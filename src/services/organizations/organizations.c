/* SPDX-License-Identifier: MIT */
/* The organization: one, with a root below which the accounts hang. Records are kept under the management account. */
#include "organizations.h"

#include "api/house.h"
#include "crypto/random.h"

enum { PAGE = 20 };

static str management(const struct call *c)
{
    return c->worker->house->management_account;
}
static str root_id(struct call *c)
{
    return arena_printf(c->arena, "r-%.*s", 4, c->worker->house->org_id.p + 2);
}

static str organization_arn(struct call *c, const char *what)
{
    return arena_printf(c->arena, "arn:aws:organizations::%.*s:%s/%.*s", FMT(management(c)), what,
                        FMT(c->worker->house->org_id));
}

/* Every account of the house may ask about its organization; what it may see of others is for management. */
static res only_management(struct call *c)
{
    if (!str_eq(c->caller->account, management(c)))
        return fault(c, &api_access_denied, "You don't have permissions to access this resource.");
    return OK;
}

res organizations_describe_organization(struct call *c, const struct organizations_describe_organization_in *in,
                                        struct organizations_describe_organization_out *out)
{
    struct organizations_organization *o = ARENA_NEW(c->arena, struct organizations_organization);
    struct organizations_policy_type *types = ARENA_ARRAY(c->arena, struct organizations_policy_type, 1);

    (void)in;
    types[0] = (struct organizations_policy_type){S("SERVICE_CONTROL_POLICY"), S("ENABLED")};
    o->id = c->worker->house->org_id;
    o->arn = organization_arn(c, "organization");
    o->feature_set = S("ALL");
    o->master_account_id = management(c);
    o->master_account_arn =
        arena_printf(c->arena, "%.*s/%.*s", FMT(organization_arn(c, "account")), FMT(management(c)));
    o->master_account_email = S("management@barmkin.internal");
    o->available_policy_types = (struct organizations_policy_type_list){1, types};
    out->organization = o;
    return OK;
}

static struct organizations_account_out account_out(struct call *c, const struct organizations_account *a)
{
    return (struct organizations_account_out){
        .id = a->id,
        .arn = arena_printf(c->arena, "%.*s/%.*s", FMT(organization_arn(c, "account")), FMT(a->id)),
        .email = a->email,
        .name = a->name,
        .status = a->status,
        .joined_method = a->joined_method,
        .joined_timestamp = a->joined_timestamp};
}

static res after_of(struct call *c, str token, str *after)
{
    *after = STR_ABSENT;
    if (str_is(token) && !page_token_open(c, token, after))
        return fault(c, &organizations_InvalidInputException, "You specified an invalid value for nextToken.");
    return OK;
}

res organizations_list_accounts(struct call *c, const struct organizations_list_accounts_in *in,
                                struct organizations_list_accounts_out *out)
{
    struct organizations_account_page page;
    str after;

    TRY(only_management(c));
    TRY(after_of(c, in->next_token, &after));
    TRY(organizations_account_list_all(c, management(c), STR_ABSENT, after,
                                       in->max_results.set ? (size_t)in->max_results.v : PAGE, &page));
    out->accounts.v = ARENA_ARRAY(c->arena, struct organizations_account_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->accounts.v[out->accounts.n++] = account_out(c, page.v[i]);
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->id);
    return OK;
}

res organizations_list_roots(struct call *c, const struct organizations_list_roots_in *in,
                             struct organizations_list_roots_out *out)
{
    struct organizations_root_out *r = ARENA_NEW(c->arena, struct organizations_root_out);

    (void)in;
    TRY(only_management(c));
    r->id = root_id(c);
    r->name = S("Root");
    r->arn = arena_printf(c->arena, "%.*s/%.*s", FMT(organization_arn(c, "root")), FMT(r->id));
    r->policy_types.v = ARENA_ARRAY(c->arena, struct organizations_policy_type, 1);
    out->roots = (struct organizations_root_out_list){1, r};
    return OK;
}

/* All accounts hang below the one root, so its children are listed as the accounts are. */
res organizations_list_accounts_for_parent(struct call *c, const struct organizations_list_accounts_for_parent_in *in,
                                           struct organizations_list_accounts_for_parent_out *out)
{
    struct organizations_list_accounts_in all = {.next_token = in->next_token, .max_results = in->max_results};
    struct organizations_list_accounts_out listed = {0};

    TRY(only_management(c));
    if (!str_eq(in->parent_id, root_id(c)))
        return fault(c, &organizations_ParentNotFoundException, "You specified parent that doesn't exist.");
    TRY(organizations_list_accounts(c, &all, &listed));
    out->accounts = listed.accounts;
    out->next_token = listed.next_token;
    return OK;
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

    TRY(only_management(c));
    if (str_is(in->account_id) && !str_all(in->account_id, "0123456789"))
        return fault(c, &organizations_InvalidInputException, "An account id has 12 digits.");
    a->id = str_is(in->account_id) ? in->account_id : fresh_account_id(c);
    TRY(organizations_account_load(c, management(c), a->id, &old));
    TRY(organizations_account_by(c, "name", in->account_name, management(c), 1, &named));
    if (old || named.n)
        return fault(c, &organizations_DuplicateAccountException, "An account with this id or name exists already.");
    a->at.account = management(c);
    a->name = in->account_name;
    a->email = str_is(in->email) ? in->email : arena_printf(c->arena, "%.*s@barmkin.internal", FMT(in->account_name));
    a->status = S("ACTIVE");
    a->parent_id = root_id(c);
    a->joined_method = str_eq(a->id, management(c)) ? S("INVITED") : S("CREATED");
    a->joined_timestamp = SET_TIME(c->now_ms);
    TRY(organizations_account_save(c, a));
    out->account_id = a->id;
    return OK;
}
