/* SPDX-License-Identifier: MIT */
/* What sessions are made of: policies and tags that are passed, names, the sealed token. */
#include <string.h>

#include "api/gate.h"
#include "base/json.h"
#include "identify/token.h"
#include "sts_parts.h"

enum {
    POLICIES_MAX_CHARS = 2048, /* inline text and ARNs together, as they are passed */
    PACKED_MAX_BYTES = 4096,   /* what they may take in a token; AWS does not tell its own limit */
};

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

res sts_check_name(struct call *c, const char *member, str value, const char *more)
{
    str set = arena_cat(c->arena, S(LETTERS "_+=,.@-"), str_z(more));

    if (str_is(value) && !str_all(value, arena_z(c->arena, set)))
        return fault(c, &sts_ValidationError,
                     "1 validation error detected: Value '%.*s' at '%s' failed to satisfy constraint: Member must "
                     "satisfy regular expression pattern: [\\w+=,.@%s-]*",
                     FMT(value), member, more);
    return OK;
}

res sts_refuse_mfa(struct call *c, str serial_number, str token_code)
{
    if (!str_is(serial_number) && !str_is(token_code))
        return OK;
    return fault(c, &api_access_denied,
                 "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number "
                 "is valid and associated with this user.");
}

/* ---- policies ---- */

res sts_check_policies(struct call *c, str policy, const struct sts_policy_arn_list *arns, str account)
{
    size_t chars = policy.n;

    if (str_is(policy))
        TRY(policy_check(c, policy, POLICY_SESSION, &sts_MalformedPolicyDocument));
    for (size_t i = 0; i < arns->n; i++) {
        str text = STR_ABSENT;
        TRY(providers.managed_policy(c, account, arns->v[i].arn, &text));
        if (!str_is(text))
            return fault(c, &sts_ValidationError, "Policy %.*s does not exist or is not attachable.",
                         FMT(arns->v[i].arn));
        chars += arns->v[i].arn.n;
    }
    if (chars > POLICIES_MAX_CHARS)
        return fault(c, &sts_PackedPolicyTooLarge,
                     "Packed policy consumes %zu%% of allotted space, please use smaller policy.",
                     chars * 100 / POLICIES_MAX_CHARS + 1);
    return OK;
}

void sts_pass_policies(struct call *c, struct caller *session, str policy, const struct sts_policy_arn_list *arns)
{
    str *text = ARENA_NEW(c->arena, str), *list = ARENA_ARRAY(c->arena, str, arns->n + 1);

    *text = policy;
    for (size_t i = 0; i < arns->n; i++)
        list[i] = arns->v[i].arn;
    session->session_policies = text;
    session->n_session_policies = str_is(policy) ? 1 : 0;
    session->session_policy_arns = list;
    session->n_session_policy_arns = arns->n;
    session->session_policies_passed = session->federated || str_is(policy) || arns->n;
}

/* ---- tags ---- */

bool sts_has_tag(const struct str_pair *tags, size_t n, str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(tags[i].key, key))
            return true;
    return false;
}

/* [\p{L}\p{Z}\p{N}_.:/=+\-@]: beyond ASCII everything is taken for a letter. */
static bool tag_text(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((uint8_t)s.p[i] & 0x80) && (!s.p[i] || !strchr(LETTERS " _.:/=+-@", s.p[i])))
            return false;
    return true;
}

static res check_tag(struct call *c, const struct str_pair *tag)
{
    bool key = tag_text(tag->key);

    if (!key || !tag_text(tag->value))
        return fault(c, &sts_ValidationError,
                     "1 validation error detected: Value '%.*s' at 'tags.1.member.%s' failed to satisfy constraint: "
                     "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]%s",
                     FMT(key ? tag->value : tag->key), key ? "value" : "key", key ? "*" : "+");
    if (str_starts_nocase(tag->key, S("aws:")))
        return fault(c, &sts_InvalidParameterValue, "Tag keys that begin with aws: are reserved.");
    return OK;
}

res sts_check_tags(struct call *c, const struct sts_tag_list *list)
{
    const struct str_pair *tags = (const struct str_pair *)list->v;
    const struct caller *who = c->caller;

    for (size_t i = 0; i < list->n; i++) {
        TRY(check_tag(c, &tags[i]));
        if (sts_has_tag(tags, i, tags[i].key))
            return fault(c, &sts_InvalidParameterValue,
                         "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
        if (sts_has_tag(who->session_tags, who->n_transitive, tags[i].key)) /* threat T7: what was passed on stays */
            return fault(c, &sts_InvalidParameterValue,
                         "One of the specified transitive tag keys can't be set because it conflicts with a "
                         "transitive tag key from the calling session.");
    }
    if (list->n + who->n_transitive > SESSION_MAX_TAGS)
        return fault(c, &sts_InvalidParameterValue,
                     "A session has at most %d tags, those that the calling session passes on included.",
                     SESSION_MAX_TAGS);
    return OK;
}

/* ---- the credentials ---- */

/* Blanks between the tokens of a document cost nothing. */
static size_t packed_policy(str policy)
{
    size_t n = 0;
    bool quoted = false;

    for (size_t i = 0; i < policy.n; i++) {
        if (policy.p[i] == '"' && (i == 0 || policy.p[i - 1] != '\\'))
            quoted = !quoted;
        n += quoted || !strchr(" \t\r\n", policy.p[i]);
    }
    return n;
}

static size_t packed_bytes(const struct caller *session)
{
    size_t n = 0;

    for (size_t i = 0; i < session->n_session_policies; i++)
        n += packed_policy(session->session_policies[i]);
    for (size_t i = 0; i < session->n_session_policy_arns; i++)
        n += session->session_policy_arns[i].n;
    for (size_t i = 0; i < session->n_session_tags; i++)
        n += session->session_tags[i].key.n + session->session_tags[i].value.n;
    return n;
}

res sts_issue(struct call *c, struct session_grant *g, struct sts_credentials **out, opt_int *packed)
{
    size_t n = packed_bytes(&g->caller), percent = (n * 100 + PACKED_MAX_BYTES - 1) / PACKED_MAX_BYTES;
    struct session_keys keys;

    if (percent > 100)
        return fault(c, &sts_PackedPolicyTooLarge, "Packed size of session %s consumes %zu%% of allotted space.",
                     g->caller.n_session_tags ? "tags" : "policies", percent);
    res r = who_issue_session(c, g, &keys);
    if (r.why == WHY_REJECT)
        return fault(c, &sts_PackedPolicyTooLarge, "%s", c->err.what);
    TRY(r);
    *packed = n ? SET_INT((int64_t)percent) : (opt_int){0};
    *out = ARENA_NEW(c->arena, struct sts_credentials);
    **out = (struct sts_credentials){keys.access_key_id, keys.secret_access_key, keys.token, SET_TIME(g->expires_ms)};
    return OK;
}
