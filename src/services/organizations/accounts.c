/* SPDX-License-Identifier: MIT */
/* Accounts as they are: listed, described, closed, leaving. create.c makes them. */
#include "api/gate.h"
#include "organizations_parts.h"

res organizations_account_facts(struct call *c, str id, str name, struct account_facts *out)
{
    struct organizations_account *a = NULL;
    struct organizations_account_page page = {0};

    *out = (struct account_facts){0};
    if (id.n)
        TRY(organizations_account_load(c, organizations_management(c), id, &a));
    else
        TRY(organizations_account_by(c, "name", name, organizations_management(c), 2, &page));
    if (page.n)
        a = page.v[0];
    if (a)
        *out = (struct account_facts){page.n ? page.n : 1, a->id, a->name};
    return OK;
}

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

static struct organizations_account *subject(struct call *c)
{
    return ((const struct org_node *)c->subject)->record;
}

res organizations_describe_account(struct call *c, const struct organizations_describe_account_in *in,
                                   struct organizations_describe_account_out *out)
{
    (void)in;
    out->account = ARENA_NEW(c->arena, struct organizations_account_out);
    return organizations_account_out(c, subject(c), out->account);
}

/* From the next request on nobody acts in it and nothing in it is reached: who.c and the gate ask its guardrails. */
res organizations_close_account(struct call *c, const struct organizations_close_account_in *in,
                                struct organizations_close_account_out *out)
{
    struct organizations_account *a = subject(c);

    (void)in, (void)out;
    TRY(organizations_only_management(c));
    if (str_eq(a->id, organizations_management(c)))
        return organizations_because(
            c, "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
            fault(c, &organizations_ConstraintViolationException, "You attempted to close the management account."));
    if (!str_eq(a->status, S("ACTIVE")))
        return fault(c, &organizations_AccountAlreadyClosedException,
                     "You attempted to close an account that is already closed.");
    a->status = S("SUSPENDED");
    return organizations_account_save(c, a);
}

/* ---- leaving, and coming back ---- */

/* It stays in the house, on its own: no policy of the organization binds it, and it is in nobody's organization. */
static res leave(struct call *c, struct organizations_account *a)
{
    bool delegated;

    if (str_eq(a->id, organizations_management(c)))
        return fault(c, &organizations_MasterCannotLeaveOrganizationException,
                     "You can't remove a management account from an organization.");
    TRY(organizations_is_delegated(c, a->id, &delegated));
    if (delegated)
        return organizations_because(c, "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
                                     fault(c, &organizations_ConstraintViolationException,
                                           "Deregister the account as a delegated administrator first."));
    a->parent_id = STR_ABSENT;
    a->scps = a->rcps = a->tag_policies = (struct list_of_str){0};
    a->tags = (struct organizations_tag_list){0};
    return organizations_account_save(c, a);
}

res organizations_join(struct call *c, struct organizations_account *a)
{
    a->parent_id = organizations_root_id(c);
    a->scps = organizations_with(c, &a->scps, organizations_full_access(ORG_SCP));
    a->joined_timestamp = SET_TIME(c->now_ms);
    return organizations_account_save(c, a);
}

res organizations_remove_account_from_organization(struct call *c,
                                                   const struct organizations_remove_account_from_organization_in *in,
                                                   struct organizations_remove_account_from_organization_out *out)
{
    (void)in, (void)out;
    TRY(organizations_only_management(c));
    return leave(c, subject(c));
}

res organizations_leave_organization(struct call *c, const struct organizations_leave_organization_in *in,
                                     struct organizations_leave_organization_out *out)
{
    struct organizations_account *a;

    (void)in, (void)out;
    TRY(organizations_account_load(c, organizations_management(c), c->caller->account, &a));
    if (!a || !organizations_is_member(a))
        return fault(c, &organizations_AWSOrganizationsNotInUseException,
                     "Your account is not a member of an organization.");
    return leave(c, a);
}
