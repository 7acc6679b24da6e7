/* SPDX-License-Identifier: MIT */
/* What the CLI asks of a running server. */
#include "barmkin_parts.h"

#include <unistd.h>

#include "api/explain.h"
#include "api/flow.h"
#include "api/gate.h"
#include "api/house.h"
#include "iam.h"
#include "store/audit.h"

static void count_operations(struct call *c, struct barmkin_service_status_list *out)
{
    size_t n = 0;

    while (services[n])
        n++;
    out->v = ARENA_ARRAY(c->arena, struct barmkin_service_status, n + 1);
    for (size_t i = 0; i < n; i++) {
        int64_t absent = 0;
        for (size_t k = 0; k < services[i]->n_operations; k++)
            absent += services[i]->operations[k]->kind == OP_ABSENT;
        if (services[i] != &barmkin_service)
            out->v[out->n++] = (struct barmkin_service_status){
                str_z(services[i]->name), SET_INT((int64_t)services[i]->n_operations - absent), SET_INT(absent)};
    }
}

res barmkin_all_accounts(struct call *c, struct organizations_list_accounts_out *out)
{
    struct organizations_list_accounts_in in = {0};
    struct organizations_list_accounts_out page;

    do {
        page = (struct organizations_list_accounts_out){0};
        TRY(call_as(c, c->caller, &organizations_ListAccounts_op, &in, &page));
        size_t n = out->accounts.n + page.accounts.n;
        struct organizations_account_out *v = ARENA_ARRAY(c->arena, struct organizations_account_out, n + 1);
        for (size_t i = 0; i < out->accounts.n; i++)
            v[i] = out->accounts.v[i];
        for (size_t i = 0; i < page.accounts.n; i++)
            v[out->accounts.n + i] = page.accounts.v[i];
        out->accounts = (struct organizations_account_out_list){n, v};
        in.next_token = page.next_token;
    } while (str_is(page.next_token));
    return OK;
}

res barmkin_status(struct call *c, const struct barmkin_status_in *in, struct barmkin_status_out *out)
{
    struct house *h = c->worker->house;
    struct organizations_list_accounts_out found = {0};

    (void)in;
    TRY(barmkin_all_accounts(c, &found));
    out->accounts.v = ARENA_ARRAY(c->arena, struct barmkin_account_status, found.accounts.n + 1);
    for (size_t i = 0; i < found.accounts.n; i++)
        out->accounts.v[out->accounts.n++] =
            (struct barmkin_account_status){found.accounts.v[i].id, found.accounts.v[i].name};
    count_operations(c, &out->services);
    out->status = atomic_load(&h->audit_failed) ? S("failing") : atomic_load(&h->ready) ? S("running") : S("starting");
    out->version = S("0.1.0");
    out->endpoint = h->endpoint_url;
    out->state_tag = h->tag;
    out->region = h->region;
    out->organization = h->org_id;
    out->front = SET_INT(getpid());
    out->parent = SET_INT(getppid());
    return OK;
}

const struct caller *barmkin_root_of(struct call *c, str account)
{
    struct caller *who = ARENA_NEW(c->arena, struct caller);

    *who = caller_operator(c->arena, account);
    return who;
}

static res make_administrator(struct call *c, str account, struct barmkin_create_account_out *out)
{
    const struct caller *root = barmkin_root_of(c, account);
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

/* The records of its flows go with the account; the conductor is told, so that no sandbox stays behind. */
res barmkin_wipe_flows(struct call *c, str account)
{
    struct barmkin_flow_page page;

    TRY(barmkin_flow_list_all(c, account, STR_ABSENT, STR_ABSENT, 10000, &page));
    for (size_t i = 0; i < page.n; i++)
        flow_tell(c, page.v[i]->flow_id, "vanished");
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

static res existing(struct call *c, const struct barmkin_create_account_in *in, struct account_facts *out)
{
    struct account_facts named;

    *out = (struct account_facts){0};
    if (!providers.account)
        return OK;
    if (str_is(in->id))
        TRY(providers.account(c, in->id, STR_ABSENT, out));
    TRY(providers.account(c, STR_ABSENT, in->name, &named));
    if (out->n && named.n && !str_eq(out->id, named.id))
        return fault(c, &barmkin_ConflictException, "The account %.*s is %.*s, not %.*s.", FMT(in->name), FMT(named.id),
                     FMT(in->id));
    if (!out->n)
        *out = named;
    return OK;
}

/* Where no mail is ever sent, an address has to be one of its own and no more. */
static str address_of(struct call *c, str name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    if (name.n > 40 || !str_all(name, plain))
        name = call_unique(c, "account-", 16);
    return arena_printf(c->arena, "%.*s@barmkin.internal", FMT(name));
}

static res make_account(struct call *c, const struct barmkin_create_account_in *in, str id, str *made_id)
{
    struct organizations_create_account_in make = {
        .account_name = in->name, .account_id = id, .email = address_of(c, in->name)};
    struct organizations_create_account_out made = {0};

    TRY(call_as(c, c->caller, &organizations_CreateAccount_op, &make, &made));
    *made_id = made.create_account_status->account_id;
    if (str_is(*made_id))
        return OK;
    return fault(c, &barmkin_ConflictException, "The account %.*s cannot be made: %.*s.", FMT(in->name),
                 FMT(made.create_account_status->failure_reason));
}

res barmkin_create_account(struct call *c, const struct barmkin_create_account_in *in,
                           struct barmkin_create_account_out *out)
{
    struct account_facts old;

    if (str_is(in->id) && !str_all(in->id, "0123456789"))
        return fault(c, &barmkin_InvalidInputException, "An account id has 12 digits.");
    TRY(existing(c, in, &old));
    if (old.n > 1)
        return fault(c, &barmkin_ConflictException, "There are several accounts %.*s: say which, by --id.",
                     FMT(in->name));
    if (old.n && !in->replace.v)
        return fault(c, &barmkin_ConflictException,
                     "The account %.*s exists already; --replace wipes and makes it anew.", FMT(in->name));
    if (old.n && str_eq(old.id, c->worker->house->management_account))
        return fault(c, &barmkin_ConflictException, "The management account cannot be replaced.");
    if (old.n)
        TRY(wipe(c, old.id));
    TRY(make_account(c, in, old.n ? old.id : in->id, &out->id));
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
