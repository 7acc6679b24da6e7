/* SPDX-License-Identifier: MIT */
/* Who am I, and becoming a role. Nothing is stored: the token carries the session, sealed by the vault. */
#include "sts.h"

#include "api/gate.h"
#include "api/who.h"
#include "base/json.h"

enum { CHAINED_MAX_S = 3600, DEFAULT_S = 3600 };

res sts_find_role(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct role_facts r;
    str rest = names[0], account = STR_ABSENT;

    (void)n;
    TRY(providers.role(c, names[0], &r));
    for (int i = 0; i < 5; i++)
        account = str_cut(&rest, ':');
    out->arn = names[0];
    out->account = account;
    if (!r.found)
        return OK; /* no trust policy: denied, as for a role that does not trust (existence stays unsaid) */
    struct role_facts *kept = ARENA_NEW(c->arena, struct role_facts);
    *kept = r;
    out->subject = kept;
    out->policy = r.trust_policy;
    out->policy_name = arena_cat(c->arena, r.arn, S("/trust"));
    out->principals = r.principals.v;
    out->n_principals = r.principals.n;
    out->tags = r.tags;
    out->n_tags = r.n_tags;
    return OK;
}

res sts_get_caller_identity(struct call *c, const struct sts_get_caller_identity_in *in,
                            struct sts_get_caller_identity_out *out)
{
    (void)in;
    out->user_id = c->caller->user_id;
    out->account = c->caller->account;
    out->arn = c->caller->arn;
    return OK;
}

static res check_duration(struct call *c, const struct sts_assume_role_in *in, const struct role_facts *r,
                          int64_t *seconds)
{
    *seconds = in->duration_seconds.set ? in->duration_seconds.v : DEFAULT_S;
    if (c->caller->kind == PRINCIPAL_SESSION && *seconds > CHAINED_MAX_S)
        return fault(
            c, &sts_ValidationError,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
    if (*seconds > r->max_session_s)
        return fault(c, &sts_ValidationError,
                     "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    return OK;
}

static res check_names(struct call *c, const struct sts_assume_role_in *in)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";

    if (!str_all(in->role_session_name, set))
        return fault(c, &sts_ValidationError,
                     "1 validation error detected: Value '%.*s' at 'roleSessionName' failed to satisfy constraint: "
                     "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
                     FMT(in->role_session_name));
    if (str_is(in->policy))
        return policy_check(c, in->policy, POLICY_SESSION, &sts_MalformedPolicyDocument);
    return OK;
}

static void fill_session(struct call *c, const struct sts_assume_role_in *in, const struct role_facts *r,
                         struct session_grant *g)
{
    str *policy = ARENA_NEW(c->arena, str);

    *policy = in->policy;
    g->caller = (struct caller){.kind = PRINCIPAL_SESSION,
                                .account = r->account,
                                .role_arn = r->arn,
                                .unique_id = r->role_id,
                                .name = in->role_session_name,
                                .source_identity = in->source_identity,
                                .session_policies = policy,
                                .n_session_policies = str_is(in->policy) ? 1 : 0,
                                .session_policies_passed = str_is(in->policy),
                                .session_tags = (const struct str_pair *)in->tags.v,
                                .n_session_tags = in->tags.n};
    g->caller.arn = arena_printf(c->arena, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s", FMT(r->account), FMT(r->name),
                                 FMT(in->role_session_name));
    g->caller.user_id = arena_printf(c->arena, "%.*s:%.*s", FMT(r->role_id), FMT(in->role_session_name));
}

res sts_assume_role(struct call *c, const struct sts_assume_role_in *in, struct sts_assume_role_out *out)
{
    const struct role_facts *r = c->subject;
    struct session_grant g = {0};
    struct session_keys keys;
    int64_t seconds;

    if (!r) /* allowed by nobody's trust policy cannot happen; a gate that lets it through must still not go on */
        return fault(c, &api_access_denied, "User: %.*s is not authorized to perform: sts:AssumeRole on resource: %.*s",
                     FMT(c->caller->arn), FMT(in->role_arn));
    TRY(check_names(c, in));
    TRY(check_duration(c, in, r, &seconds));
    fill_session(c, in, r, &g);
    g.expires_ms = c->now_ms + seconds * 1000;
    TRY(who_issue_session(c, &g, &keys));
    out->credentials = ARENA_NEW(c->arena, struct sts_credentials);
    *out->credentials =
        (struct sts_credentials){keys.access_key_id, keys.secret_access_key, keys.token, SET_TIME(g.expires_ms)};
    out->assumed_role_user = ARENA_NEW(c->arena, struct sts_assumed);
    *out->assumed_role_user = (struct sts_assumed){g.caller.user_id, g.caller.arn};
    return OK;
}
