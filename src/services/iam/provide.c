/* SPDX-License-Identifier: MIT */
/* What iam hands to identify and to the gate: credentials, principals, their policies (compiled, with their tags). */
#include "api/gate.h"
#include "api/house.h"
#include "iam_names.h"
#include "identify/accesskey.h"

res iam_credentials(struct call *c, str access_key_id, struct credential *out)
{
    char account[ACCOUNT_DIGITS + 1];
    struct iam_access_key *k;
    struct iam_user *u;

    *out = (struct credential){0};
    if (!accesskey_account(access_key_id, account))
        return OK;
    str owner = arena_dup(c->arena, str_z(account));
    TRY(iam_access_key_load(c, owner, access_key_id, &k));
    if (!k)
        return OK;
    TRY(iam_user_load(c, owner, k->user_name, &u));
    if (!u)
        return OK;
    *out = (struct credential){.found = true, .active = str_eq(k->status, S("Active")), .sealed_secret = k->sealed};
    out->caller = (struct caller){.kind = PRINCIPAL_USER,
                                  .account = owner,
                                  .arn = u->arn,
                                  .unique_id = u->user_id,
                                  .user_id = u->user_id,
                                  .name = u->user_name,
                                  .access_key_id = k->access_key_id};
    return OK;
}

static res role_by_arn(struct call *c, str arn, struct iam_role **out)
{
    str account, kind, name;

    *out = NULL;
    if (!iam_parse_arn(arn, &account, &kind, &name) || !str_eq(kind, S("role")))
        return OK;
    TRY(iam_role_load(c, account, name, out));
    if (*out && !str_eq((*out)->arn, arn)) /* the path is part of who it is */
        *out = NULL;
    return OK;
}

res iam_session_role(struct call *c, str role_arn, str role_id, bool *alive)
{
    struct iam_role *r;

    TRY(role_by_arn(c, role_arn, &r));
    *alive = r && str_eq(r->role_id, role_id); /* a re-created role is another one */
    return OK;
}

res iam_role_of(struct call *c, str role_arn, struct role_facts *out)
{
    struct iam_role *r;

    TRY(role_by_arn(c, role_arn, &r));
    *out = (struct role_facts){.found = r != NULL};
    if (r)
        *out = (struct role_facts){true,
                                   r->arn,
                                   r->at.account,
                                   r->role_name,
                                   r->role_id,
                                   r->assume_role_policy_document,
                                   r->trust_principals,
                                   (const struct str_pair *)r->tags.v,
                                   r->tags.n,
                                   r->max_session_duration.set ? r->max_session_duration.v : 3600};
    return OK;
}

res iam_principal_id(struct call *c, str arn, str *unique_id)
{
    str account, kind, name;
    struct iam_user *u = NULL;
    struct iam_role *r = NULL;

    *unique_id = STR_ABSENT;
    if (!iam_parse_arn(arn, &account, &kind, &name))
        return OK;
    if (str_eq(kind, S("user"))) {
        TRY(iam_user_load(c, account, name, &u));
        if (u && str_eq(u->arn, arn))
            *unique_id = u->user_id;
    } else {
        TRY(role_by_arn(c, arn, &r));
        if (r)
            *unique_id = r->role_id;
    }
    return OK;
}

res iam_managed_policy(struct call *c, str account, str policy_arn, str *text)
{
    return iam_policy_document(c, account, policy_arn, text);
}

/* One user, role or group whose policies are its own. */
struct holder {
    str arn;
    const struct iam_inline_policy_list *inline_policies;
    const struct list_of_str *attached;
};

static res compile_one(struct call *c, const struct holder *h, str account, struct principal_policies *out)
{
    for (size_t i = 0; i < h->inline_policies->n; i++) {
        const struct iam_inline_policy *p = &h->inline_policies->v[i];
        str name = arena_printf(c->arena, "%.*s/inline/%.*s", FMT(h->arn), FMT(p->policy_name));
        TRY(worker_policy(c->worker, p->policy_document, POLICY_IDENTITY, name, &out->identity[out->n_identity++],
                          &c->err));
    }
    for (size_t i = 0; i < h->attached->n; i++) {
        str document, arn = h->attached->v[i];
        TRY(iam_policy_document(c, account, arn, &document));
        if (!str_is(document)) /* AWS would not let it go while attached; a store that lost it must not grant more */
            return oops(&c->err, 0, "the attached policy %.*s is gone", FMT(arn));
        TRY(worker_policy(c->worker, document, POLICY_IDENTITY, iam_policy_told_as(c, arn),
                          &out->identity[out->n_identity++], &c->err));
    }
    return OK;
}

static res compile_all(struct call *c, const struct holder *v, size_t n, str account, struct principal_policies *out)
{
    size_t most = 0;

    for (size_t i = 0; i < n; i++)
        most += v[i].inline_policies->n + v[i].attached->n;
    out->identity = ARENA_ARRAY(c->arena, const struct policy *, most + 1);
    for (size_t i = 0; i < n; i++)
        TRY(compile_one(c, &v[i], account, out));
    return OK;
}

/* Rule 14: the policies of a user's groups are the user's. */
static res compile_user(struct call *c, const struct iam_user *u, struct principal_policies *out)
{
    struct holder *v = ARENA_ARRAY(c->arena, struct holder, u->groups.n + 1);

    v[0] = (struct holder){u->arn, &u->inline_policies, &u->attached};
    for (size_t i = 0; i < u->groups.n; i++) {
        struct iam_group *g;
        TRY(iam_group_by_id(c, u->at.account, u->groups.v[i], &g));
        v[i + 1] = (struct holder){g->arn, &g->inline_policies, &g->attached};
    }
    return compile_all(c, v, u->groups.n + 1, u->at.account, out);
}

static res compile_boundary(struct call *c, str account, str arn, struct principal_policies *out)
{
    str document;

    if (!arn.n)
        return OK;
    TRY(iam_policy_document(c, account, arn, &document));
    if (!str_is(document))
        return oops(&c->err, 0, "the permissions boundary %.*s is gone", FMT(arn));
    return worker_policy(c->worker, document, POLICY_BOUNDARY, iam_policy_told_as(c, arn), &out->boundary, &c->err);
}

res iam_principal_policies(struct call *c, const struct caller *who, struct principal_policies *out)
{
    struct iam_user_page users = {0};
    struct iam_role_page roles = {0};

    if (who->kind == PRINCIPAL_USER || who->federated)
        TRY(iam_user_by(c, "unique", who->unique_id, who->account, 1, &users));
    else
        TRY(iam_role_by(c, "unique", who->unique_id, who->account, 1, &roles));
    if (users.n) {
        const struct iam_user *u = users.v[0];
        out->tags = (const struct str_pair *)u->tags.v;
        out->n_tags = u->tags.n;
        TRY(compile_user(c, u, out));
        return compile_boundary(c, u->at.account, u->boundary, out);
    }
    if (roles.n) {
        const struct iam_role *r = roles.v[0];
        out->tags = (const struct str_pair *)r->tags.v;
        out->n_tags = r->tags.n;
        const struct holder one = {r->arn, &r->inline_policies, &r->attached};
        TRY(compile_all(c, &one, 1, r->at.account, out));
        return compile_boundary(c, r->at.account, r->boundary, out);
    }
    return OK; /* nobody any more: no policies, so nothing is allowed */
}
