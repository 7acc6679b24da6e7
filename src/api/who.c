/* SPDX-License-Identifier: MIT */
/* Proving who calls. An unknown key id walks the same path as a known one, with a key nobody has (threat T22). */
#include "api/who.h"

#include <string.h>

#include "api/gate.h"
#include "api/house.h"
#include "api/route.h"
#include "api/used.h"
#include "crypto/random.h"
#include "identify/accesskey.h"
#include "identify/sigkeys.h"
#include "identify/sigv2.h"
#include "identify/token.h"

/* ---- AWS's names for what can go wrong (rule 42b) ---- */

struct spelled {
    struct fault_type s3, query, json, ec2;
};

static const struct spelled spellings[] = {
    [IDENTIFY_OK] = {{"AccessDenied", 403},
                     {"AccessDenied", 403},
                     {"AccessDeniedException", 403},
                     {"AuthFailure", 401}},
    [IDENTIFY_ANONYMOUS] = {{"AccessDenied", 403},
                            {"MissingAuthenticationToken", 403},
                            {"MissingAuthenticationTokenException", 400},
                            {"AuthFailure", 401}},
    [IDENTIFY_SCHEME] = {{"InvalidRequest", 400},
                         {"IncompleteSignature", 400},
                         {"IncompleteSignatureException", 400},
                         {"AuthFailure", 401}},
    [IDENTIFY_TWO_MECHANISMS] = {{"InvalidArgument", 400},
                                 {"IncompleteSignature", 400},
                                 {"IncompleteSignatureException", 400},
                                 {"AuthFailure", 401}},
    [IDENTIFY_HEADER_MALFORMED] = {{"AuthorizationHeaderMalformed", 400},
                                   {"IncompleteSignature", 400},
                                   {"IncompleteSignatureException", 400},
                                   {"AuthFailure", 401}},
    [IDENTIFY_QUERY_MALFORMED] = {{"AuthorizationQueryParametersError", 400},
                                  {"IncompleteSignature", 400},
                                  {"IncompleteSignatureException", 400},
                                  {"AuthFailure", 401}},
    [IDENTIFY_DUPLICATE] = {{"InvalidRequest", 400},
                            {"InvalidRequest", 400},
                            {"InvalidRequest", 400},
                            {"InvalidRequest", 400}},
    [IDENTIFY_URI] = {{"InvalidURI", 400},
                      {"IncompleteSignature", 400},
                      {"IncompleteSignatureException", 400},
                      {"AuthFailure", 401}},
    [IDENTIFY_UNSIGNED_HEADER] = {{"AccessDenied", 403},
                                  {"SignatureDoesNotMatch", 403},
                                  {"InvalidSignatureException", 400},
                                  {"AuthFailure", 401}},
    [IDENTIFY_SKEWED] = {{"RequestTimeTooSkewed", 403},
                         {"SignatureDoesNotMatch", 403},
                         {"InvalidSignatureException", 400},
                         {"AuthFailure", 401}},
    [IDENTIFY_EXPIRED] = {{"AccessDenied", 403},
                          {"SignatureDoesNotMatch", 403},
                          {"InvalidSignatureException", 400},
                          {"RequestExpired", 400}},
    [IDENTIFY_PAYLOAD] = {{"InvalidRequest", 400},
                          {"InvalidSignatureException", 400},
                          {"InvalidSignatureException", 400},
                          {"AuthFailure", 401}},
    [IDENTIFY_SIGNATURE] = {{"SignatureDoesNotMatch", 403},
                            {"SignatureDoesNotMatch", 403},
                            {"InvalidSignatureException", 400},
                            {"AuthFailure", 401}},
    [IDENTIFY_BODY_HASH] = {{"XAmzContentSHA256Mismatch", 400},
                            {"SignatureDoesNotMatch", 403},
                            {"InvalidSignatureException", 400},
                            {"AuthFailure", 401}},
    [IDENTIFY_BAD_DIGEST] = {{"BadDigest", 400}, {"BadDigest", 400}, {"BadDigest", 400}, {"BadDigest", 400}},
    [IDENTIFY_INVALID_DIGEST] = {{"InvalidDigest", 400},
                                 {"InvalidDigest", 400},
                                 {"InvalidDigest", 400},
                                 {"InvalidDigest", 400}},
    [IDENTIFY_INCOMPLETE_BODY] = {{"IncompleteBody", 400},
                                  {"IncompleteBody", 400},
                                  {"IncompleteBody", 400},
                                  {"IncompleteBody", 400}},
    [IDENTIFY_CHUNK_MALFORMED] = {{"InvalidRequest", 400},
                                  {"InvalidRequest", 400},
                                  {"InvalidRequest", 400},
                                  {"InvalidRequest", 400}},
    [IDENTIFY_TRAILER] = {{"MalformedTrailerError", 400},
                          {"MalformedTrailerError", 400},
                          {"MalformedTrailerError", 400},
                          {"MalformedTrailerError", 400}},
    [IDENTIFY_TOKEN] = {{"InvalidToken", 400},
                        {"InvalidClientTokenId", 403},
                        {"UnrecognizedClientException", 400},
                        {"AuthFailure", 401}},
};
/* Two more that identify cannot know of: they need the records. */
static const struct spelled unknown_key = {{"InvalidAccessKeyId", 403},
                                           {"InvalidClientTokenId", 403},
                                           {"UnrecognizedClientException", 400},
                                           {"AuthFailure", 401}};
static const struct spelled expired_token = {
    {"ExpiredToken", 400}, {"ExpiredToken", 403}, {"ExpiredTokenException", 400}, {"RequestExpired", 400}};

static const struct spelled wrong_scope = {{"AuthorizationHeaderMalformed", 400},
                                           {"SignatureDoesNotMatch", 403},
                                           {"InvalidSignatureException", 400},
                                           {"AuthFailure", 401}};

/* REST services that speak JSON have JSON's names with 403. */
static const struct fault_type *as_rest(struct call *c, const struct fault_type *json)
{
    struct fault_type *t = ARENA_NEW(c->arena, struct fault_type);

    *t = (struct fault_type){json->code, 403};
    return t;
}

static const struct fault_type *spelled_for(struct call *c, const struct spelled *sp, const struct service *s)
{
    switch (s->protocol) {
    case P_REST_XML:
        return &sp->s3;
    case P_QUERY:
        return &sp->query;
    case P_EC2:
        return &sp->ec2;
    case P_REST_JSON:
        return as_rest(c, &sp->json);
    default:
        return &sp->json;
    }
}

res who_fault(struct call *c, const struct service *s, enum identify_fault f, const char *text)
{
    return fault(c, spelled_for(c, &spellings[f], s), "%s", text);
}

/* ---- reading ---- */

void who_read(const struct http_request *r, struct arena *a, struct proof *p, struct err *e)
{
    *p = (struct proof){.fault = IDENTIFY_OK};
    if (sigv4_form(r) == SIGV2_QUERY) {
        struct sigv2_claim two;
        p->sigv2 = true;
        p->service = S("s3");
        if (is_ok(sigv2_read(r, a, &two, &p->fault, e)))
            p->access_key_id = two.access_key_id;
        p->claim.access_key_id = p->access_key_id;
        p->claim.token = two.token;
        return;
    }
    if (is_ok(sigv4_read(r, a, &p->claim, &p->fault, e)))
        p->fault = IDENTIFY_OK;
    p->access_key_id = p->claim.access_key_id;
    p->service = p->claim.service.n ? p->claim.service : STR_ABSENT;
}

/* ---- credentials ---- */

struct known { /* a caller as of one law generation */
    struct caller caller;
    str sealed_secret;
    int64_t expires_ms; /* 0: never */
    int64_t noted_ms;   /* when its use was last noted */
    bool found, active;
};

static void take_tags(struct call *c, const struct session_claims *claims, struct caller *who)
{
    struct str_pair *tags = ARENA_ARRAY(c->arena, struct str_pair, claims->n_tags + 1);

    for (int transitive = 1; transitive >= 0; transitive--) {
        for (size_t i = 0; i < claims->n_tags; i++)
            if (claims->tags[i].transitive == !!transitive)
                tags[who->n_session_tags++] = (struct str_pair){claims->tags[i].key, claims->tags[i].value};
        if (transitive)
            who->n_transitive = who->n_session_tags;
    }
    who->session_tags = tags;
}

static enum principal_kind kind_of(const struct session_claims *claims)
{
    if (claims->kind != SESSION_SELF)
        return PRINCIPAL_SESSION;
    return str_ends(claims->role_arn, S(":root")) ? PRINCIPAL_ROOT : PRINCIPAL_USER;
}

/* A session ends with what it was made from: the role, or the user and the access key that asked. Made anew under the
 * old name it is another one. The root user of an account ends with the account's records only. A user who has been
 * renamed since goes by the new name. */
static res is_alive(struct call *c, const struct session_claims *claims, struct known *k)
{
    struct credential parent = {0};

    k->active = true;
    if (claims->kind == SESSION_ROLE)
        return providers.session_role ? providers.session_role(c, claims->role_arn, claims->role_id, &k->active) : OK;
    if (!str_is(claims->parent_key))
        return OK;
    TRY(providers.credentials(c, claims->parent_key, &parent));
    k->active = parent.found && parent.active && str_eq(parent.caller.unique_id, claims->role_id);
    if (!k->active)
        return OK;
    k->caller.role_arn = parent.caller.arn;
    if (claims->kind == SESSION_SELF) {
        k->caller.arn = parent.caller.arn;
        k->caller.name = parent.caller.name;
    }
    return OK;
}

static res from_token(struct call *c, str akid, str token, struct known *k)
{
    struct session_claims claims;
    str text;
    res r = vault_open_token(c->worker->vault, token, c->arena, &text, &c->err);

    if (r.why == WHY_REJECT) {
        err_clear(&c->err);
        return OK; /* not found */
    }
    TRY(r);
    TRY(session_claims_decode(text, c->arena, &claims, &c->err));
    if (!session_claims_are_for(&claims, akid))
        return OK;
    k->caller = (struct caller){.kind = kind_of(&claims),
                                .federated = claims.kind == SESSION_FEDERATED,
                                .account = claims.account,
                                .arn = session_arn(&claims, c->arena),
                                .role_arn = claims.role_arn,
                                .unique_id = claims.role_id,
                                .user_id = session_user_id(&claims, c->arena),
                                .name = claims.session_name,
                                .access_key_id = akid,
                                .issued_ms = claims.issued_ms,
                                .expires_ms = claims.expires_ms,
                                .parent_key = claims.parent_key,
                                .session_policies_passed =
                                    claims.kind == SESSION_FEDERATED || claims.n_policies + claims.n_policy_arns > 0,
                                .session_policies = claims.policies,
                                .n_session_policies = claims.n_policies,
                                .session_policy_arns = claims.policy_arns,
                                .n_session_policy_arns = claims.n_policy_arns,
                                .source_identity = claims.source_identity,
                                .made_for = {claims.made_for_key, claims.made_for_arn}};
    take_tags(c, &claims, &k->caller);
    k->sealed_secret = claims.sealed_secret;
    k->expires_ms = claims.expires_ms;
    k->found = true;
    return is_alive(c, &claims, k);
}

static res from_record(struct call *c, str akid, struct known *k)
{
    struct credential cred = {0};

    TRY(providers.credentials(c, akid, &cred));
    *k = (struct known){
        .caller = cred.caller, .sealed_secret = cred.sealed_secret, .found = cred.found, .active = cred.active};
    k->caller.access_key_id = akid;
    return OK;
}

/* Keys of a closed account are unknown keys, as inactive ones are. */
static res mind_account(struct call *c, struct known *k)
{
    const struct guardrails *rails;

    TRY(guardrails_get(c, k->caller.account, &rails));
    k->active = k->active && !rails->suspended;
    return OK;
}

/* Looks the caller up once per law generation; what is found must outlive this call, so it is made in the cache's
 * arena. */
static res find(struct call *c, str akid, str token, struct known **out)
{
    struct worker *w = c->worker;
    /* Both make the name: a token is good for one key only, and a hit must not skip that check. */
    str name = token.n ? arena_cat(c->arena, arena_cat(c->arena, akid, S("\n")), token) : akid;
    bool cached = worker_cache_holds(c);
    struct known *k = cached ? map_find(&w->callers, name) : NULL;

    if (!k) {
        struct arena *mine = c->arena;
        if (cached)
            c->arena = w->law_arena;
        k = ARENA_NEW(c->arena, struct known);
        str id = arena_dup(c->arena, akid);
        res r = token.n ? from_token(c, id, token, k) : from_record(c, id, k);
        if (is_ok(r) && k->found)
            r = mind_account(c, k);
        if (cached && is_ok(r) && k->found)
            map_put(&w->callers, arena_dup(c->arena, name), k);
        c->arena = mine;
        TRY(r);
    }
    *out = k;
    return OK;
}

/* The cache may be emptied while an upload or a proxied request is still on its way: it gets its own copy. */
static void copy_caller(struct arena *a, const struct caller *from, struct caller *to)
{
    str *policies = ARENA_ARRAY(a, str, from->n_session_policies + 1);
    struct str_pair *tags = ARENA_ARRAY(a, struct str_pair, from->n_session_tags + 1);

    *to = *from;
    to->account = arena_dup(a, from->account);
    to->arn = arena_dup(a, from->arn);
    to->role_arn = arena_dup(a, from->role_arn);
    to->unique_id = arena_dup(a, from->unique_id);
    to->user_id = arena_dup(a, from->user_id);
    to->name = arena_dup(a, from->name);
    to->access_key_id = arena_dup(a, from->access_key_id);
    to->parent_key = arena_dup(a, from->parent_key);
    to->source_identity = arena_dup(a, from->source_identity);
    to->made_for = (struct str_pair){arena_dup(a, from->made_for.key), arena_dup(a, from->made_for.value)};
    for (size_t i = 0; i < from->n_session_policies; i++)
        policies[i] = arena_dup(a, from->session_policies[i]);
    for (size_t i = 0; i < from->n_session_tags; i++)
        tags[i] = (struct str_pair){arena_dup(a, from->session_tags[i].key), arena_dup(a, from->session_tags[i].value)};
    str *arns = ARENA_ARRAY(a, str, from->n_session_policy_arns + 1);
    for (size_t i = 0; i < from->n_session_policy_arns; i++)
        arns[i] = arena_dup(a, from->session_policy_arns[i]);
    to->session_policies = policies;
    to->session_policy_arns = arns;
    to->session_tags = tags;
}

/* ---- signatures ---- */

static res key_of(struct call *c, const struct proof *p, const struct known *k, const struct hmac_key **out)
{
    uint8_t key[VAULT_KEY_BYTES];

    *out = sigkeys_find(c->worker->signing_keys, &p->claim);
    if (*out)
        return OK;
    TRY(vault_signing_key(c->worker->vault, p->claim.access_key_id, k->sealed_secret, p->claim.date, p->claim.region,
                          p->claim.service, key, &c->err));
    *out = sigkeys_put(c->worker->signing_keys, &p->claim, key);
    explicit_bzero(key, sizeof key);
    return OK;
}

static res nobody_s_key(struct call *c, const struct service *s, bool with_token)
{
    if (s->protocol != P_REST_XML)
        return fault(c, spelled_for(c, &unknown_key, s), "The security token included in the request is invalid.");
    if (with_token)
        return who_fault(c, s, IDENTIFY_TOKEN, "The provided token is malformed or otherwise invalid.");
    return fault(c, spelled_for(c, &unknown_key, s),
                 "The AWS Access Key Id you provided does not exist in our records.");
}

static res check_v4(struct call *c, const struct service *s, const struct http_request *r, struct proof *p,
                    str body_hash, const struct known *k)
{
    const struct hmac_key *key = NULL;
    struct hmac_key nobody;
    enum identify_fault why = IDENTIFY_OK;
    str canonical, text;
    static const uint8_t no_key[VAULT_KEY_BYTES];

    res got = sigv4_string_to_sign(&p->claim, r, body_hash, c->arena, &canonical, &text, &why, &c->err);
    if (got.why == WHY_REJECT)
        return who_fault(c, s, why, c->err.what);
    TRY(got);
    if (k->found) {
        TRY(key_of(c, p, k, &key));
    } else {
        hmac_key_init(&nobody, HASH_SHA256, str_n((const char *)no_key, sizeof no_key));
        key = &nobody;
    }
    bool fits = sigv4_check(key, text, &p->claim);
    p->signing_key = k->found ? key : NULL;
    if (!k->found)
        return nobody_s_key(c, s, p->claim.token.n > 0);
    if (!fits)
        return who_fault(
            c, s, IDENTIFY_SIGNATURE,
            "The request signature we calculated does not match the signature you provided. Check your AWS "
            "Secret Access Key and signing method. `barmkin sigv4 facts` shows what is signed.");
    return OK;
}

static res check_v2(struct call *c, const struct service *s, const struct http_request *r, const struct proof *p,
                    const struct known *k)
{
    struct sigv2_claim claim;
    str bucket;
    enum identify_fault why = IDENTIFY_OK;
    uint8_t mac[SHA1_BYTES];

    if (!k->found)
        return nobody_s_key(c, s, p->claim.token.n > 0);
    res got = sigv2_read(r, c->arena, &claim, &why, &c->err);
    if (got.why == WHY_REJECT)
        return who_fault(c, s, why, c->err.what);
    TRY(got);
    (void)route_host(http_header(r, S("Host")), &bucket);
    TRY(vault_sign_v2(c->worker->vault, claim.access_key_id, k->sealed_secret,
                      sigv2_string_to_sign(&claim, r, bucket, c->arena), mac, &c->err));
    if (!sigv2_check(mac, &claim))
        return who_fault(c, s, IDENTIFY_SIGNATURE,
                         "The request signature we calculated does not match the signature you provided.");
    return OK;
}

struct caller who_nobody(struct call *c)
{
    err_clear(&c->err); /* that nothing was claimed is no failure here */
    return (struct caller){
        .kind = PRINCIPAL_ANONYMOUS, .arn = S("anonymous"), .account = S(""), .user_id = S("anonymous")};
}

static res anonymous(struct call *c, const struct service *s, struct caller *who)
{
    if (s->protocol != P_REST_XML)
        return who_fault(c, s, IDENTIFY_ANONYMOUS,
                         s->protocol == P_QUERY ? "Request is missing Authentication Token"
                                                : "Missing Authentication Token");
    *who = who_nobody(c);
    return OK;
}

/* "us-east-1", "us-gov-west-1": ^[a-z]{2}(-[a-z]+)+-[0-9]$. Anything else must not become part of keys and ARNs. */
bool who_is_region(str s)
{
    size_t parts = 0;

    for (str rest = s; str_is(rest); parts++) {
        str part = str_cut(&rest, '-');
        bool last = !str_is(rest);
        if (last ? part.n != 1 || !str_all(part, "0123456789")
                 : !part.n || !str_all(part, "abcdefghijklmnopqrstuvwxyz") || (parts == 0 && part.n != 2))
            return false;
    }
    return parts >= 3 && s.n <= 25;
}

/* What the signature was made for must be what is called (rule 42b). */
static res check_scope(struct call *c, const struct service *s, const struct proof *p)
{
    const char *where = p->claim.form == SIGV4_QUERY ? "Error parsing the X-Amz-Credential parameter"
                                                     : "The authorization header is malformed";
    str service = str_sub(p->claim.service, 0, 64), region = str_sub(p->claim.region, 0, 64);
    bool s3 = s->protocol == P_REST_XML;
    const struct fault_type *type = spelled_for(c, &wrong_scope, s);

    if (s3 && p->claim.form == SIGV4_QUERY)
        type = &spellings[IDENTIFY_QUERY_MALFORMED].s3;
    if (!str_eq(service, str_z(s->signs_as)))
        return s3 ? fault(c, type, "%s; incorrect service \"%.*s\". This endpoint belongs to \"s3\".", where,
                          FMT(service))
                  : fault(c, type, "Credential should be scoped to correct service: '%s'.", s->signs_as);
    if (!who_is_region(region))
        return s3 ? fault(c, type, "%s; the region '%.*s' is wrong; expecting '%.*s'", where, FMT(region),
                          FMT(c->worker->house->region))
                  : fault(c, type, "Credential should be scoped to a valid region.");
    return OK;
}

/* Of a role it is the role that was used, of a user a key that lasts. */
static void note_use(struct call *c, const struct proof *p, struct known *k)
{
    const struct caller *who = &k->caller;

    str id = who->kind == PRINCIPAL_SESSION ? who->unique_id : who->access_key_id;

    if (c->now_ms - k->noted_ms < USED_EVERY_MS || (!str_starts(id, S("AROA")) && !str_starts(id, S("AKIA"))))
        return;
    k->noted_ms = c->now_ms;
    used_note(c->worker->house->used, who->account, id, str_is(p->service) ? p->service : S("s3"),
              p->claim.region.n ? p->claim.region : c->worker->house->region, c->now_ms);
}

res who_prove(struct call *c, const struct service *s, const struct http_request *r, struct proof *p, str body_hash,
              struct caller *who)
{
    struct known *k;

    if (p->fault == IDENTIFY_ANONYMOUS)
        return anonymous(c, s, who);
    if (p->fault != IDENTIFY_OK)
        return who_fault(c, s, p->fault, c->err.what);
    if (!p->sigv2)
        TRY(check_scope(c, s, p));
    if (p->access_key_id.n == 12)
        return fault(
            c, spelled_for(c, &unknown_key, s),
            "An account id is no access key here: signatures are verified. `barmkin env PROFILE` prints real keys.");
    TRY(find(c, p->access_key_id, p->claim.token, &k));
    if (p->sigv2)
        TRY(check_v2(c, s, r, p, k));
    else
        TRY(check_v4(c, s, r, p, body_hash, k));
    if (k->expires_ms && k->expires_ms <= c->now_ms)
        return fault(c, spelled_for(c, &expired_token, s), "The security token included in the request is expired");
    if (!k->active)
        return fault(c, spelled_for(c, &unknown_key, s), "The security token included in the request is invalid.");
    note_use(c, p, k);
    copy_caller(c->arena, &k->caller, who);
    return OK;
}

/* ---- issuing ---- */

res who_issue_session(struct call *c, const struct session_grant *g, struct session_keys *out)
{
    const struct caller *who = &g->caller;
    struct session_claims claims = {.kind = who->federated                   ? SESSION_FEDERATED
                                            : who->kind == PRINCIPAL_SESSION ? SESSION_ROLE
                                                                             : SESSION_SELF,
                                    .account = who->account,
                                    .parent_key = g->parent_key,
                                    .role_arn = who->kind == PRINCIPAL_SESSION ? who->role_arn : who->arn,
                                    .role_id = who->unique_id,
                                    .session_name = who->name,
                                    .issued_ms = c->now_ms,
                                    .expires_ms = g->expires_ms,
                                    .source_identity = who->source_identity,
                                    .made_for_key = who->made_for.key,
                                    .made_for_arn = who->made_for.value,
                                    .chained = g->chained,
                                    .issuer_arn = g->issuer_arn,
                                    .policies = who->session_policies,
                                    .n_policies = who->n_session_policies,
                                    .policy_arns = who->session_policy_arns,
                                    .n_policy_arns = who->n_session_policy_arns};
    struct session_tag *tags = ARENA_ARRAY(c->arena, struct session_tag, who->n_session_tags + 1);
    uint8_t random[ACCESSKEY_RANDOM_BYTES];
    char id[ACCESSKEY_CHARS + 1];
    str text;

    for (size_t i = 0; i < who->n_session_tags; i++)
        tags[i] = (struct session_tag){who->session_tags[i].key, who->session_tags[i].value, i < who->n_transitive};
    claims.tags = tags;
    claims.n_tags = who->n_session_tags;
    random_bytes(random, sizeof random);
    out->access_key_id = arena_dup(c->arena, accesskey_make(ACCESSKEY_TEMPORARY, who->account, random, id));
    claims.access_key_id = out->access_key_id;
    TRY(vault_new_secret(c->worker->vault, out->access_key_id, c->secrets, &out->secret_access_key, c->arena,
                         &claims.sealed_secret, &c->err));
    TRY(session_claims_encode(&claims, c->arena, &text, &c->err));
    return vault_seal_token(c->worker->vault, text, c->arena, &out->token, &c->err);
}
