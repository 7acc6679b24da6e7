/* SPDX-License-Identifier: MIT */
/* What the CLI asks of a running server. */
#include "barmkin.h"

#include "api/explain.h"
#include "api/house.h"
#include "iam.h"
#include "organizations.h"
#include "store/audit.h"

res barmkin_status(struct call *c, const struct barmkin_status_in *in, struct barmkin_status_out *out)
{
    (void)in;
    out->status = S("running");
    out->version = S("0.1.0");
    out->endpoint = c->worker->house->endpoint_url;
    out->state_tag = c->worker->house->tag;
    return OK;
}

/* The root user of an account that this house is making: it may do everything there and nothing elsewhere. */
static const struct caller *root_of(struct call *c, str account)
{
    struct caller *who = ARENA_NEW(c->arena, struct caller);

    *who = caller_operator(c->arena, account);
    return who;
}

static res make_administrator(struct call *c, str account, struct barmkin_create_account_out *out)
{
    const struct caller *root = root_of(c, account);
    struct iam_create_user_in user = {.user_name = S("admin")};
    struct iam_create_user_out made = {0};
    struct iam_attach_user_policy_in attach = {S("admin"), S("arn:aws:iam::aws:policy/AdministratorAccess")};
    struct iam_attach_user_policy_out attached = {0};
    struct iam_create_access_key_in key = {S("admin")};
    struct iam_create_access_key_out keyed = {0};

    TRY(call_as(c, root, &iam_CreateUser_op, &user, &made));
    TRY(call_as(c, root, &iam_AttachUserPolicy_op, &attach, &attached));
    TRY(call_as(c, root, &iam_CreateAccessKey_op, &key, &keyed));
    out->access_key_id = keyed.access_key->access_key_id;
    out->secret_access_key = keyed.access_key->secret_access_key;
    return OK;
}

/* Every record of the account goes, whatever service made it; its blobs are collected later. What lies outside the
 * store (networks, sandboxes) its service ends first, by `provides wipe`. */
static res wipe(struct call *c, str account)
{
    struct store_page page;
    struct store_key after, *from = NULL;

    for (size_t i = 0; i < sizeof providers.wipe / sizeof *providers.wipe && providers.wipe[i]; i++)
        TRY(providers.wipe[i](c, account));
    do {
        TRY(txn_scan_account(c->txn, c->arena, account, from, 500, &page, &c->err));
        for (size_t i = 0; i < page.n; i++)
            TRY(txn_delete(c->txn, &page.items[i].key, &c->err));
        if (page.n) {
            after = page.items[page.n - 1].key;
            from = &after;
        }
    } while (page.more);
    return OK;
}

static res existing(struct call *c, const struct barmkin_create_account_in *in, str *id)
{
    struct organizations_list_accounts_in list = {0};
    struct organizations_list_accounts_out found;

    *id = STR_ABSENT;
    do {
        found = (struct organizations_list_accounts_out){0};
        TRY(call_as(c, c->caller, &organizations_ListAccounts_op, &list, &found));
        for (size_t i = 0; i < found.accounts.n; i++)
            if (str_eq(found.accounts.v[i].name, in->name) ||
                (str_is(in->id) && str_eq(found.accounts.v[i].id, in->id)))
                *id = found.accounts.v[i].id;
        list.next_token = found.next_token;
    } while (str_is(found.next_token));
    return OK;
}

res barmkin_create_account(struct call *c, const struct barmkin_create_account_in *in,
                           struct barmkin_create_account_out *out)
{
    struct organizations_create_account_in make = {.account_name = in->name, .account_id = in->id};
    struct organizations_create_account_out made = {0};
    str id;

    TRY(existing(c, in, &id));
    if (str_is(id) && !in->replace.v)
        return fault(c, &barmkin_ConflictException,
                     "The account %.*s exists already; --replace wipes and makes it anew.", FMT(in->name));
    if (str_is(id) && str_eq(id, c->worker->house->management_account))
        return fault(c, &barmkin_ConflictException, "The management account cannot be replaced.");
    if (str_is(id))
        TRY(wipe(c, id));
    else
        TRY(call_as(c, c->caller, &organizations_CreateAccount_op, &make, &made));
    out->id = str_is(id) ? id : made.account_id;
    out->name = in->name;
    out->profile = in->name;
    return make_administrator(c, out->id, out);
}

res barmkin_explain(struct call *c, const struct barmkin_explain_in *in, struct barmkin_explain_out *out)
{
    struct house *h = c->worker->house;
    char *dir = arena_z(c->arena, arena_cat(c->arena, h->state_dir, S("/front/audit")));

    TRY(audit_flush(h->audit, &c->err)); /* what other threads have answered may still be in memory */
    TRY(explain_find(dir, c->arena, in->request_id, &out->explanation, &c->err));
    if (str_is(out->explanation))
        return OK;
    if (!str_is(in->request_id))
        return fault(c, &barmkin_ResourceNotFoundException, "No request has been denied.");
    return fault(c, &barmkin_ResourceNotFoundException,
                 "The audit log knows no request %.*s. Requests that fail before they name an operation and a caller "
                 "(a wrong signature, an unknown operation) are not in it.",
                 FMT(in->request_id));
}
