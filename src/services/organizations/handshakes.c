/* SPDX-License-Identifier: MIT */
/* Handshakes: an account of this house that has left the organization is invited back. There is nobody else to invite:
 * other accounts do not exist here, and no mail is sent. */
#include "api/house.h"
#include "organizations_parts.h"

enum { DAYS = 15 };

/* What was open when its time ran out is expired, whoever looks. */
static str state_of(const struct call *c, const struct organizations_handshake *h)
{
    bool late = h->expiration_timestamp.ms <= c->now_ms;

    return late && str_eq(h->state, S("OPEN")) ? S("EXPIRED") : h->state;
}

static struct organizations_handshake_resource_list resources(struct call *c, const struct organizations_handshake *h)
{
    struct organizations_handshake_resource *v = ARENA_ARRAY(c->arena, struct organizations_handshake_resource, 3);
    struct organizations_detail *of_org = ARENA_ARRAY(c->arena, struct organizations_detail, 3);
    size_t n = 0;

    of_org[0] = (struct organizations_detail){S("MASTER_EMAIL"), S("management@barmkin.internal")};
    of_org[1] = (struct organizations_detail){S("MASTER_NAME"), S("management")};
    of_org[2] = (struct organizations_detail){S("ORGANIZATION_FEATURE_SET"), S("ALL")};
    v[n++] = (struct organizations_handshake_resource){S("ORGANIZATION"), c->worker->house->org_id, {3, of_org}};
    v[n++] = (struct organizations_handshake_resource){
        h->email.n ? S("EMAIL") : S("ACCOUNT"), h->email.n ? h->email : h->account_id, {0, NULL}};
    if (h->notes.n)
        v[n++] = (struct organizations_handshake_resource){S("NOTES"), h->notes, {0, NULL}};
    return (struct organizations_handshake_resource_list){n, v};
}

static struct organizations_handshake_out handshake_out(struct call *c, const struct organizations_handshake *h)
{
    struct organizations_party *parties = ARENA_ARRAY(c->arena, struct organizations_party, 2);

    parties[0] = (struct organizations_party){str_from(c->worker->house->org_id, 2), S("ORGANIZATION")};
    parties[1] = h->email.n ? (struct organizations_party){h->email, S("EMAIL")}
                            : (struct organizations_party){h->account_id, S("ACCOUNT")};
    return (struct organizations_handshake_out){
        .id = h->id,
        .arn = organizations_arn(c, "handshake", arena_cat(c->arena, S("invite/"), h->id)),
        .parties = {2, parties},
        .state = state_of(c, h),
        .requested_timestamp = h->requested_timestamp,
        .expiration_timestamp = h->expiration_timestamp,
        .action = S("INVITE"),
        .resources = resources(c, h)};
}

static struct organizations_handshake_out *answer(struct call *c, const struct organizations_handshake *h)
{
    struct organizations_handshake_out *o = ARENA_NEW(c->arena, struct organizations_handshake_out);

    *o = handshake_out(c, h);
    return o;
}

/* ---- inviting ---- */

static res invited(struct call *c, const struct organizations_party *target, struct organizations_account **out)
{
    struct organizations_account_page page = {0};

    *out = NULL;
    if (str_eq(target->type, S("ORGANIZATION")))
        return organizations_because(c, "INVALID_PARTY_TYPE_TARGET",
                                     fault(c, &organizations_InvalidInputException,
                                           "You can invite an account, by its id or by its email address."));
    if (str_eq(target->type, S("ACCOUNT")))
        TRY(organizations_account_load(c, organizations_management(c), target->id, out));
    else
        TRY(organizations_account_by(c, "email", target->id, organizations_management(c), 1, &page));
    if (page.n)
        *out = page.v[0];
    if (!*out)
        return fault(c, &organizations_InvalidInputException,
                     "This house has no account %.*s; only accounts of this house can be invited.", FMT(target->id));
    return OK;
}

static res check_open(struct call *c, str account)
{
    struct organizations_handshake_page page;

    TRY(organizations_handshake_by(c, "account", account, organizations_management(c), 1000, &page));
    for (size_t i = 0; i < page.n; i++)
        if (str_eq(state_of(c, page.v[i]), S("OPEN")))
            return fault(c, &organizations_DuplicateHandshakeException,
                         "There is an open handshake with the same account already.");
    return OK;
}

res organizations_invite_account_to_organization(struct call *c,
                                                 const struct organizations_invite_account_to_organization_in *in,
                                                 struct organizations_invite_account_to_organization_out *out)
{
    struct organizations_handshake *h = ARENA_NEW(c->arena, struct organizations_handshake);
    struct organizations_account *a;

    TRY(organizations_only_management(c));
    TRY(organizations_check_tags(c, &in->tags));
    TRY(invited(c, in->target, &a));
    if (organizations_is_member(a))
        return organizations_because(
            c, "ALREADY_IN_AN_ORGANIZATION",
            fault(c, &organizations_HandshakeConstraintViolationException,
                  "The account that you attempted to invite is already a member of an organization."));
    TRY(check_open(c, a->id));
    *h =
        (struct organizations_handshake){.id = call_unique(c, "h-", 32),
                                         .account_id = a->id,
                                         .email = str_eq(in->target->type, S("EMAIL")) ? in->target->id : STR_ABSENT,
                                         .notes = in->notes,
                                         .state = S("OPEN"),
                                         .requested_timestamp = SET_TIME(c->now_ms),
                                         .expiration_timestamp = SET_TIME(c->now_ms + (int64_t)DAYS * 24 * 3600 * 1000),
                                         .tags = in->tags};
    h->at.account = organizations_management(c);
    TRY(organizations_handshake_save(c, h));
    out->handshake = answer(c, h);
    return OK;
}

/* ---- answering ---- */

/* Who may: the invited account accepts or declines, the management account cancels. */
static res turn(struct call *c, bool by_management, str next, struct organizations_handshake_out **out)
{
    struct organizations_handshake *h = (struct organizations_handshake *)c->subject;
    bool management = str_eq(c->caller->account, organizations_management(c));

    if (management != by_management)
        return fault(c, &api_access_denied, "You don't have permissions to access this resource.");
    if (str_eq(h->state, next))
        return fault(c, &organizations_HandshakeAlreadyInStateException,
                     "The specified handshake is already in the requested state.");
    if (!str_eq(state_of(c, h), S("OPEN")))
        return fault(c, &organizations_InvalidHandshakeTransitionException,
                     "You can't perform the operation on the handshake in its current state: %.*s.",
                     FMT(state_of(c, h)));
    h->state = next;
    TRY(organizations_handshake_save(c, h));
    *out = answer(c, h);
    return OK;
}

res organizations_accept_handshake(struct call *c, const struct organizations_accept_handshake_in *in,
                                   struct organizations_accept_handshake_out *out)
{
    struct organizations_account *a;

    (void)in;
    TRY(turn(c, false, S("ACCEPTED"), &out->handshake));
    TRY(organizations_account_load(c, organizations_management(c), c->caller->account, &a));
    if (!a || organizations_is_member(a))
        return organizations_because(c, "ALREADY_IN_AN_ORGANIZATION",
                                     fault(c, &organizations_HandshakeConstraintViolationException,
                                           "The account is already a member of an organization."));
    a->joined_method = S("INVITED");
    return organizations_join(c, a);
}

res organizations_decline_handshake(struct call *c, const struct organizations_decline_handshake_in *in,
                                    struct organizations_decline_handshake_out *out)
{
    (void)in;
    return turn(c, false, S("DECLINED"), &out->handshake);
}

res organizations_cancel_handshake(struct call *c, const struct organizations_cancel_handshake_in *in,
                                   struct organizations_cancel_handshake_out *out)
{
    (void)in;
    return turn(c, true, S("CANCELED"), &out->handshake);
}

res organizations_describe_handshake(struct call *c, const struct organizations_describe_handshake_in *in,
                                     struct organizations_describe_handshake_out *out)
{
    (void)in;
    out->handshake = answer(c, c->subject);
    return OK;
}

/* ---- listing: all of them are invitations ---- */

static bool wants(const struct organizations_handshake_filter *f)
{
    return !f || (!f->parent_handshake_id.n && (!f->action_type.n || str_eq(f->action_type, S("INVITE"))));
}

static void list(struct call *c, const struct record_page *page, const struct organizations_handshake_filter *f,
                 struct organizations_handshake_out_list *out, str *next)
{
    out->v = ARENA_ARRAY(c->arena, struct organizations_handshake_out, page->n + 1);
    for (size_t i = 0; wants(f) && i < page->n; i++)
        out->v[out->n++] = handshake_out(c, page->v[i]);
    if (page->more)
        *next = page_token(c, ((struct organizations_handshake *)page->v[page->n - 1])->id);
}

res organizations_list_handshakes_for_account(struct call *c,
                                              const struct organizations_list_handshakes_for_account_in *in,
                                              struct organizations_list_handshakes_for_account_out *out)
{
    struct record_page page;
    str after;

    TRY(organizations_after(c, in->next_token, &after));
    TRY(record_by_after(c, &organizations_handshake_record, "account", c->caller->account, organizations_management(c),
                        after, organizations_limit(in->max_results), &page));
    list(c, &page, in->filter, &out->handshakes, &out->next_token);
    return OK;
}

res organizations_list_handshakes_for_organization(struct call *c,
                                                   const struct organizations_list_handshakes_for_organization_in *in,
                                                   struct organizations_list_handshakes_for_organization_out *out)
{
    struct record_page page;
    str after;

    TRY(organizations_after(c, in->next_token, &after));
    TRY(record_list(c, &organizations_handshake_record, organizations_management(c), STR_ABSENT, after,
                    organizations_limit(in->max_results), &page));
    list(c, &page, in->filter, &out->handshakes, &out->next_token);
    return OK;
}
