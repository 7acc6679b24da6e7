/* SPDX-License-Identifier: MIT */
/* Becoming a role for a flow's work: through sts, so the trust policy and the role's life decide each time. */
#include "api/flow.h"
#include "sts.h"

/* "arn:aws:iam::ACCOUNT:role/..." */
static str account_of(str arn)
{
    str rest = str_behind(arn, ':', 4);

    return str_cut(&rest, ':');
}

res flow_role(struct call *c, const char *service, str role_arn, str session, str source_arn, const struct caller **out,
              struct fault *why)
{
    struct sts_assume_role_in in = {.role_arn = role_arn, .role_session_name = session};
    struct sts_assume_role_out got = {0};
    struct caller *who = ARENA_NEW(c->arena, struct caller);
    str account = account_of(role_arn);

    *out = NULL;
    TRY(call_try(c, caller_service(c, service, source_arn, account), &sts_AssumeRole_op, &in, &got, why));
    if (why->type)
        return OK;
    str user_id = got.assumed_role_user->assumed_role_id, rest = user_id;
    *who = (struct caller){.kind = PRINCIPAL_SESSION,
                           .account = account,
                           .arn = got.assumed_role_user->arn,
                           .role_arn = role_arn,
                           .unique_id = str_cut(&rest, ':'),
                           .user_id = user_id,
                           .name = session,
                           .access_key_id = got.credentials->access_key_id,
                           .issued_ms = c->now_ms};
    *out = who;
    return OK;
}
