/* SPDX-License-Identifier: MIT */
/* Temporary credentials of a user itself (GetSessionToken), and of somebody whom a user vouches for
 * (GetFederationToken). That only long-term keys may ask is said by the gate (api/temporary.c). */
#include "sts_parts.h"

/* The root user's last an hour, whatever is asked for. */
static int64_t duration(struct call *c, opt_int asked)
{
    int64_t seconds = asked.set ? asked.v : STS_USER_DEFAULT_S;

    return c->caller->kind == PRINCIPAL_ROOT && seconds > STS_ROOT_MAX_S ? STS_ROOT_MAX_S : seconds;
}

static struct session_grant grant_of_user(struct call *c, opt_int asked)
{
    const struct caller *who = c->caller;

    return (struct session_grant){
        .caller = {.kind = who->kind, .account = who->account, .unique_id = who->unique_id, .name = who->name},
        .expires_ms = c->now_ms + duration(c, asked) * 1000,
        .issuer_arn = who->arn,
        .parent_key = who->access_key_id.n ? who->access_key_id : STR_ABSENT};
}

res sts_get_session_token(struct call *c, const struct sts_get_session_token_in *in,
                          struct sts_get_session_token_out *out)
{
    struct session_grant g = grant_of_user(c, in->duration_seconds);
    opt_int packed;

    TRY(sts_refuse_mfa(c, in->serial_number, in->token_code));
    g.caller.arn = c->caller->arn;
    if (g.caller.kind == PRINCIPAL_ROOT)
        g.caller.unique_id = c->caller->account;
    return sts_issue(c, &g, &out->credentials, &packed);
}

res sts_get_federation_token(struct call *c, const struct sts_get_federation_token_in *in,
                             struct sts_get_federation_token_out *out)
{
    const struct caller *who = c->caller;
    struct session_grant g = grant_of_user(c, in->duration_seconds);
    struct caller *session = &g.caller;

    TRY(sts_check_name(c, "name", in->name, ""));
    TRY(sts_check_policies(c, in->policy, &in->policy_arns, who->account));
    TRY(sts_check_tags(c, &in->tags));
    session->kind = PRINCIPAL_SESSION;
    session->federated = true;
    session->role_arn = who->arn;
    session->name = in->name;
    if (who->kind == PRINCIPAL_ROOT)
        session->unique_id = who->account;
    session->session_tags = (const struct str_pair *)in->tags.v;
    session->n_session_tags = in->tags.n;
    sts_pass_policies(c, session, in->policy, &in->policy_arns);
    session->arn = arena_printf(c->arena, "arn:aws:sts::%.*s:federated-user/%.*s", FMT(who->account), FMT(in->name));
    session->user_id = arena_printf(c->arena, "%.*s:%.*s", FMT(who->account), FMT(in->name));
    TRY(sts_issue(c, &g, &out->credentials, &out->packed_policy_size));
    out->federated_user = ARENA_NEW(c->arena, struct sts_federated);
    *out->federated_user = (struct sts_federated){session->user_id, session->arn};
    return OK;
}
