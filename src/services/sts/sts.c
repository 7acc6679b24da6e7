/* SPDX-License-Identifier: MIT */
/* Who am I, and becoming a role. Nothing is stored: the token carries the session, sealed by the vault. */
#include "sts.h"

#include "api/gate.h"
#include "api/who.h"
#include "base/json.h"
#include "identify/token.h"

enum { CHAINED_MAX_S = 3600, DEFAULT_S = 3600 };

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

res sts_get_caller_identity(struct call *c, const struct sts_get_caller_identity_in *in,
                            struct sts_get_caller_identity_out *out)
{
    (void)in;
    out->user_id = c->caller->user_id;
    out->account = c->caller->account;
    out->arn = c->caller->arn;
    return OK;
}

/* ---- AssumeRole ---- */

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

static res check_name(struct call *c, const char *member, str value)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";

    if (str_is(value) && !str_all(value, set))
        return fault(c, &sts_ValidationError,
                     "1 validation error detected: Value '%.*s' at '%s' failed to satisfy constraint: Member must "
                     "satisfy regular expression pattern: [\\w+=,.@-]*",
                     FMT(value), member);
    return OK;
}

static res check_policies(struct call *c, const struct sts_assume_role_in *in, const struct role_facts *r)
{
    if (str_is(in->policy))
        TRY(policy_check(c, in->policy, POLICY_SESSION, &sts_MalformedPolicyDocument));
    for (size_t i = 0; i < in->policy_arns.n; i++) {
        str text = STR_ABSENT;
        TRY(providers.managed_policy(c, r->account, in->policy_arns.v[i].arn, &text));
        if (!str_is(text))
            return fault(c, &sts_ValidationError, "Policy %.*s does not exist or is not attachable.",
                         FMT(in->policy_arns.v[i].arn));
    }
    return OK;
}

static bool has_key(const struct str_pair *tags, size_t n, str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(tags[i].key, key))
            return true;
    return false;
}

static bool is_transitive(const struct sts_assume_role_in *in, str key)
{
    for (size_t i = 0; i < in->transitive_tag_keys.n; i++)
        if (str_eq_nocase(in->transitive_tag_keys.v[i], key))
            return true;
    return false;
}

static res check_tags(struct call *c, const struct sts_assume_role_in *in)
{
    const struct str_pair *tags = (const struct str_pair *)in->tags.v;
    const struct caller *who = c->caller;

    for (size_t i = 0; i < in->tags.n; i++) {
        if (has_key(tags, i, tags[i].key))
            return fault(c, &sts_InvalidParameterValue,
                         "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
        if (str_starts_nocase(tags[i].key, S("aws:")))
            return fault(c, &sts_InvalidParameterValue, "Tag keys that begin with aws: are reserved.");
        if (has_key(who->session_tags, who->n_transitive, tags[i].key)) /* threat T7: what was passed on stays */
            return fault(c, &sts_InvalidParameterValue,
                         "One of the specified transitive tag keys can't be set because it conflicts with a "
                         "transitive tag key from the calling session.");
    }
    for (size_t i = 0; i < in->transitive_tag_keys.n; i++)
        if (!has_key(tags, in->tags.n, in->transitive_tag_keys.v[i]))
            return fault(c, &sts_InvalidParameterValue,
                         "The specified transitive tag key must be included in the requested tags.");
    return OK;
}

/* A source identity lasts along a chain of roles and cannot be exchanged on the way. */
static res source_identity(struct call *c, const struct sts_assume_role_in *in, str *out)
{
    TRY(check_name(c, "sourceIdentity", in->source_identity));
    if (str_starts_nocase(in->source_identity, S("aws:")))
        return fault(c, &sts_ValidationError, "A source identity cannot begin with aws:.");
    *out = c->caller->source_identity.n ? c->caller->source_identity : in->source_identity;
    if (str_is(in->source_identity) && !str_eq(*out, in->source_identity))
        return fault(c, &api_access_denied,
                     "User: %.*s is not authorized to perform: sts:SetSourceIdentity on resource: %.*s because the "
                     "session already has another source identity",
                     FMT(c->caller->arn), FMT(in->role_arn));
    return OK;
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

static void fill_session(struct call *c, const struct sts_assume_role_in *in, const struct role_facts *r,
                         struct session_grant *g)
{
    str *policy = ARENA_NEW(c->arena, str), *arns = ARENA_ARRAY(c->arena, str, in->policy_arns.n + 1);

    *policy = in->policy;
    for (size_t i = 0; i < in->policy_arns.n; i++)
        arns[i] = in->policy_arns.v[i].arn;
    g->caller = (struct caller){.kind = PRINCIPAL_SESSION,
                                .account = r->account,
                                .role_arn = r->arn,
                                .unique_id = r->role_id,
                                .name = in->role_session_name,
                                .session_policies = policy,
                                .n_session_policies = str_is(in->policy) ? 1 : 0,
                                .session_policy_arns = arns,
                                .n_session_policy_arns = in->policy_arns.n,
                                .session_policies_passed = str_is(in->policy) || in->policy_arns.n};
    fill_tags(c, in, &g->caller);
    g->caller.arn = arena_printf(c->arena, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s", FMT(r->account), FMT(r->name),
                                 FMT(in->role_session_name));
    g->caller.user_id = arena_printf(c->arena, "%.*s:%.*s", FMT(r->role_id), FMT(in->role_session_name));
    g->chained = c->caller->kind == PRINCIPAL_SESSION;
    g->issuer_arn = c->caller->arn;
}

/* How much of the room for policies and tags is used, in per cent. */
static opt_int packed_size(const struct sts_assume_role_in *in, const struct caller *session)
{
    size_t n = in->policy.n;

    for (size_t i = 0; i < in->policy_arns.n; i++)
        n += in->policy_arns.v[i].arn.n;
    for (size_t i = 0; i < session->n_session_tags; i++)
        n += session->session_tags[i].key.n + session->session_tags[i].value.n;
    return n ? SET_INT((int64_t)(n * 100 / SESSION_CLAIMS_MAX_BYTES + 1)) : (opt_int){0};
}

static res issue(struct call *c, struct session_grant *g, struct session_keys *keys)
{
    res r = who_issue_session(c, g, keys);

    if (r.why == WHY_REJECT)
        return fault(c, &sts_PackedPolicyTooLarge, "%s", c->err.what);
    return r;
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
    TRY(check_name(c, "roleSessionName", in->role_session_name));
    TRY(check_policies(c, in, r));
    TRY(check_tags(c, in));
    TRY(check_duration(c, in, r, &seconds));
    fill_session(c, in, r, &g);
    TRY(source_identity(c, in, &g.caller.source_identity));
    g.expires_ms = c->now_ms + seconds * 1000;
    TRY(issue(c, &g, &keys));
    out->credentials = ARENA_NEW(c->arena, struct sts_credentials);
    *out->credentials =
        (struct sts_credentials){keys.access_key_id, keys.secret_access_key, keys.token, SET_TIME(g.expires_ms)};
    out->assumed_role_user = ARENA_NEW(c->arena, struct sts_assumed);
    *out->assumed_role_user = (struct sts_assumed){g.caller.user_id, g.caller.arn};
    out->packed_policy_size = packed_size(in, &g.caller);
    out->source_identity = g.caller.source_identity;
    return OK;
}
