/* SPDX-License-Identifier: MIT */
/* Becoming a role. Nothing is stored: the token carries the session, sealed by the vault. */
#include "api/gate.h"
#include "sts_parts.h"

enum { CHAINED_MAX_S = 3600 };

res sts_find_role(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct role_facts r;
    str rest = names[0], parts[5];

    (void)n;
    for (int i = 0; i < 5; i++)
        parts[i] = str_is(rest) ? str_cut(&rest, ':') : S("");
    if (!str_eq(parts[0], S("arn")) || !str_eq(parts[2], S("iam")) || parts[4].n != 12 || !str_starts(rest, S("role/")))
        return fault(c, &sts_ValidationError, "%.*s is invalid", FMT(names[0]));
    if (c->caller->kind == PRINCIPAL_ROOT) /* whatever the trust policy says */
        return fault(c, &api_access_denied, "Roles may not be assumed by root accounts.");
    str account = parts[4];
    TRY(providers.role(c, names[0], &r));
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

/* What is set, or what the calling session was given and cannot exchange. */
static str effective_identity(const struct call *c, str asked)
{
    return c->caller->source_identity.n ? c->caller->source_identity : asked;
}

res sts_add_source_identity(struct call *c)
{
    const struct sts_assume_role_in *in = c->in;

    context_add(c, S("sts:SourceIdentity"), effective_identity(c, in->source_identity));
    return OK;
}

static res check_duration(struct call *c, const struct sts_assume_role_in *in, const struct role_facts *r,
                          int64_t *seconds)
{
    *seconds = in->duration_seconds.set ? in->duration_seconds.v : STS_DEFAULT_S;
    if (c->caller->kind == PRINCIPAL_SESSION && *seconds > CHAINED_MAX_S)
        return fault(
            c, &sts_ValidationError,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
    if (*seconds > r->max_session_s)
        return fault(c, &sts_ValidationError,
                     "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    return OK;
}

static bool is_transitive(const struct sts_assume_role_in *in, str key)
{
    for (size_t i = 0; i < in->transitive_tag_keys.n; i++)
        if (str_eq_nocase(in->transitive_tag_keys.v[i], key))
            return true;
    return false;
}

static res check_transitive(struct call *c, const struct sts_assume_role_in *in)
{
    const struct str_pair *tags = (const struct str_pair *)in->tags.v;

    for (size_t i = 0; i < in->transitive_tag_keys.n; i++)
        if (!sts_has_tag(tags, in->tags.n, in->transitive_tag_keys.v[i]))
            return fault(c, &sts_InvalidParameterValue,
                         "The specified transitive tag key must be included in the requested tags.");
    return OK;
}

/* A source identity lasts along a chain of roles and cannot be exchanged on the way. */
static res check_identity(struct call *c, const struct sts_assume_role_in *in)
{
    TRY(sts_check_name(c, "sourceIdentity", in->source_identity, ""));
    if (str_starts_nocase(in->source_identity, S("aws:")))
        return fault(c, &sts_ValidationError, "A source identity cannot begin with aws:.");
    if (str_is(in->source_identity) && !str_eq(effective_identity(c, in->source_identity), in->source_identity))
        return fault(c, &api_access_denied,
                     "User: %.*s is not authorized to perform: sts:SetSourceIdentity on resource: %.*s because the "
                     "session already has another source identity",
                     FMT(c->caller->arn), FMT(in->role_arn));
    return OK;
}

static res check(struct call *c, const struct sts_assume_role_in *in, const struct role_facts *r, int64_t *seconds)
{
    TRY(sts_check_name(c, "roleSessionName", in->role_session_name, ""));
    TRY(sts_check_name(c, "externalId", in->external_id, ":/"));
    TRY(sts_refuse_mfa(c, in->serial_number, in->token_code));
    TRY(sts_check_policies(c, in->policy, &in->policy_arns, r->account));
    TRY(sts_check_tags(c, &in->tags));
    TRY(check_transitive(c, in));
    TRY(check_identity(c, in));
    return check_duration(c, in, r, seconds);
}

/* What the calling session passes on comes first, then the new transitive tags, then the others. */
static void fill_tags(struct call *c, const struct sts_assume_role_in *in, struct caller *to)
{
    const struct caller *who = c->caller;
    struct str_pair *tags = ARENA_ARRAY(c->arena, struct str_pair, who->n_transitive + in->tags.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < who->n_transitive; i++)
        tags[n++] = who->session_tags[i];
    for (int transitive = 1; transitive >= 0; transitive--) {
        for (size_t i = 0; i < in->tags.n; i++)
            if (is_transitive(in, in->tags.v[i].key) == !!transitive)
                tags[n++] = (struct str_pair){in->tags.v[i].key, in->tags.v[i].value};
        if (transitive)
            to->n_transitive = n;
    }
    to->session_tags = tags;
    to->n_session_tags = n;
}

/* A service that assumes a role for a thing of its own lets policies ask which. */
static struct str_pair made_for(const struct call *c)
{
    static const struct {
        const char *service, *key;
    } keys[] = {{"lambda.amazonaws.com", "lambda:SourceFunctionArn"}};
    const struct caller *who = c->caller;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (who->kind == PRINCIPAL_SERVICE && str_eq(who->arn, str_z(keys[i].service)) && who->source_arn.n)
            return (struct str_pair){str_z(keys[i].key), who->source_arn};
    return (struct str_pair){STR_ABSENT, STR_ABSENT};
}

static void fill_session(struct call *c, const struct sts_assume_role_in *in, const struct role_facts *r,
                         struct session_grant *g)
{
    g->caller = (struct caller){.kind = PRINCIPAL_SESSION,
                                .account = r->account,
                                .role_arn = r->arn,
                                .unique_id = r->role_id,
                                .name = in->role_session_name,
                                .source_identity = effective_identity(c, in->source_identity),
                                .made_for = made_for(c)};
    sts_pass_policies(c, &g->caller, in->policy, &in->policy_arns);
    fill_tags(c, in, &g->caller);
    g->caller.arn = arena_printf(c->arena, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s", FMT(r->account), FMT(r->name),
                                 FMT(in->role_session_name));
    g->caller.user_id = arena_printf(c->arena, "%.*s:%.*s", FMT(r->role_id), FMT(in->role_session_name));
    g->chained = c->caller->kind == PRINCIPAL_SESSION;
    g->issuer_arn = c->caller->arn;
}

res sts_assume_role(struct call *c, const struct sts_assume_role_in *in, struct sts_assume_role_out *out)
{
    const struct role_facts *r = c->subject;
    struct session_grant g = {0};
    int64_t seconds;

    if (!r) /* allowed by nobody's trust policy cannot happen; a gate that lets it through must still not go on */
        return fault(c, &api_access_denied, "User: %.*s is not authorized to perform: sts:AssumeRole on resource: %.*s",
                     FMT(c->caller->arn), FMT(in->role_arn));
    TRY(check(c, in, r, &seconds));
    fill_session(c, in, r, &g);
    g.expires_ms = c->now_ms + seconds * 1000;
    TRY(sts_issue(c, &g, &out->credentials, &out->packed_policy_size));
    out->assumed_role_user = ARENA_NEW(c->arena, struct sts_assumed);
    *out->assumed_role_user = (struct sts_assumed){g.caller.user_id, g.caller.arn};
    out->source_identity = g.caller.source_identity;
    return OK;
}
