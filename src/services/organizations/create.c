/* SPDX-License-Identifier: MIT */
/* Making accounts. AWS takes its time and is asked how far it is; here the account stands when the first answer is
 * sent, and what is asked later says so. */
#include "crypto/random.h"
#include "iam.h"
#include "organizations_parts.h"

static str fresh_account_id(struct call *c)
{
    return arena_printf(c->arena, "%u%05u%06u", 1 + random_below(9), random_below(100000), random_below(1000000));
}

/* The root user of the new account, for organizations: it comes through no endpoint of the caller's (rule 21). */
static const struct caller *root_of(struct call *c, str account)
{
    struct caller *who = ARENA_NEW(c->arena, struct caller);
    str *via = ARENA_NEW(c->arena, str);

    *via = S("organizations.amazonaws.com");
    *who = caller_operator(c->arena, account);
    who->called_via = via;
    who->n_called_via = 1;
    return who;
}

/* By this role the management account administers what it has made. */
static res make_access_role(struct call *c, str account, str name)
{
    str trust = arena_printf(c->arena,
                             "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
                             "\"arn:aws:iam::%.*s:root\"},\"Action\":\"sts:AssumeRole\"}]}",
                             FMT(organizations_management(c)));
    struct iam_create_role_in role = {.role_name = name, .assume_role_policy_document = trust};
    struct iam_create_role_out made = {0};
    struct iam_attach_role_policy_in attach = {.role_name = name,
                                               .policy_arn = S("arn:aws:iam::aws:policy/AdministratorAccess")};
    struct iam_attach_role_policy_out attached = {0};

    TRY(call_as(c, root_of(c, account), &iam_CreateRole_op, &role, &made));
    return call_as(c, root_of(c, account), &iam_AttachRolePolicy_op, &attach, &attached);
}

static res check(struct call *c, const struct organizations_create_account_in *in)
{
    static const char role_set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";
    ptrdiff_t at = str_find(in->email, '@'), dot = str_rfind(in->email, '.');

    TRY(organizations_check_tags(c, &in->tags));
    for (size_t i = 0; i < in->account_name.n; i++)
        if (in->account_name.p[i] < ' ' || in->account_name.p[i] > '~')
            return organizations_pattern(c);
    if (at <= 0 || dot <= at + 1 || (size_t)dot + 1 == in->email.n || str_find(in->email, ' ') >= 0)
        return organizations_pattern(c);
    if (str_is(in->role_name) &&
        (!str_all(in->role_name, role_set) || str_starts(in->role_name, S("AWSServiceRoleFor"))))
        return organizations_because(
            c, "INVALID_ROLE_NAME",
            fault(c, &organizations_InvalidInputException, "You provided a role name that isn't valid."));
    return OK;
}

static res make(struct call *c, const struct organizations_create_account_in *in, str id)
{
    struct organizations_account *a = ARENA_NEW(c->arena, struct organizations_account);
    str management = organizations_management(c);

    a->at.account = management;
    a->id = id;
    a->name = in->account_name;
    a->email = in->email;
    a->status = S("ACTIVE");
    a->joined_method = str_eq(id, management) ? S("INVITED") : S("CREATED");
    a->tags = in->tags;
    return organizations_join(c, a);
}

/* What --replace has wiped: it keeps its place in the tree, and what is attached there. */
static res make_anew(struct call *c, struct organizations_account *a)
{
    a->status = S("ACTIVE");
    return organizations_is_member(a) ? organizations_account_save(c, a) : organizations_join(c, a);
}

static res email_is_taken(struct call *c, str email, bool *taken)
{
    struct organizations_account_page page;

    TRY(organizations_account_by(c, "email", email, organizations_management(c), 1, &page));
    *taken = page.n > 0;
    return OK;
}

/* Fills in what became of it. */
static res carry_out(struct call *c, const struct organizations_create_account_in *in,
                     struct organizations_creation *made)
{
    bool chosen = c->parent && str_is(in->account_id), taken;
    struct organizations_account *old = NULL;
    str id = chosen ? in->account_id : fresh_account_id(c);

    TRY(organizations_account_load(c, organizations_management(c), id, &old));
    TRY(email_is_taken(c, in->email, &taken));
    if (old && !chosen)
        return oops(&c->err, 0, "a new account's id is taken");
    made->completed_timestamp = SET_TIME(c->now_ms);
    if (taken && !old) {
        made->state = S("FAILED");
        made->failure_reason = S("EMAIL_ALREADY_EXISTS");
        return OK;
    }
    TRY(old ? make_anew(c, old) : make(c, in, id));
    if (!str_eq(id, organizations_management(c)))
        TRY(make_access_role(c, id, str_is(in->role_name) ? in->role_name : S("OrganizationAccountAccessRole")));
    made->state = S("SUCCEEDED");
    made->account_id = id;
    return OK;
}

static struct organizations_account_status *answer(struct call *c, const struct organizations_creation *made)
{
    struct organizations_account_status *s = ARENA_NEW(c->arena, struct organizations_account_status);

    shape_copy(&organizations_creation_shape, made, &organizations_account_status_shape, s);
    return s;
}

res organizations_create_account(struct call *c, const struct organizations_create_account_in *in,
                                 struct organizations_create_account_out *out)
{
    struct organizations_creation *made = ARENA_NEW(c->arena, struct organizations_creation);

    TRY(organizations_only_management(c));
    TRY(check(c, in));
    made->at.account = organizations_management(c);
    made->id = call_unique(c, "car-", 32);
    made->account_name = in->account_name;
    made->state = S("IN_PROGRESS");
    made->requested_timestamp = SET_TIME(c->now_ms);
    out->create_account_status = answer(c, made);
    TRY(carry_out(c, in, made));
    if (c->parent) /* the house does not ask again */
        out->create_account_status = answer(c, made);
    return organizations_creation_save(c, made);
}

res organizations_describe_create_account_status(struct call *c,
                                                 const struct organizations_describe_create_account_status_in *in,
                                                 struct organizations_describe_create_account_status_out *out)
{
    struct organizations_creation *made;

    if (!organizations_is_id(in->create_account_request_id, "car-"))
        return organizations_pattern(c);
    TRY(organizations_creation_load(c, organizations_management(c), in->create_account_request_id, &made));
    if (!made)
        return fault(c, &organizations_CreateAccountStatusNotFoundException,
                     "We can't find a create account request with the CreateAccountRequestId that you specified.");
    out->create_account_status = answer(c, made);
    return OK;
}

static bool wanted(const struct list_of_str *states, str state)
{
    bool any = states->n == 0;

    for (size_t i = 0; i < states->n; i++)
        any |= str_eq(states->v[i], state);
    return any;
}

/* A page may hold fewer than were asked for while others follow. */
res organizations_list_create_account_status(struct call *c,
                                             const struct organizations_list_create_account_status_in *in,
                                             struct organizations_list_create_account_status_out *out)
{
    struct organizations_creation_page page;
    str after;

    TRY(organizations_after(c, in->next_token, &after));
    TRY(organizations_creation_list_all(c, organizations_management(c), STR_ABSENT, after,
                                        organizations_limit(in->max_results), &page));
    out->create_account_statuses.v = ARENA_ARRAY(c->arena, struct organizations_account_status, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (wanted(&in->states, page.v[i]->state))
            out->create_account_statuses.v[out->create_account_statuses.n++] = *answer(c, page.v[i]);
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->id);
    return OK;
}
