/* SPDX-License-Identifier: MIT */
/* Grants: made, listed, retired, revoked. Whom a grant lets in is granted.c's part. */
#include "api/gate.h"
#include "base/enc.h"
#include "kms_parts.h"

enum { PAIRS_MAX = 8, PAIRS_MAX_BYTES = 2048 };

static const char *const operations[] = {
    "Decrypt",     "Encrypt",     "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
    "CreateGrant", "RetireGrant", "DescribeKey"};

/* ---- tokens ---- */

/* "KEY-ARN GRANT-ID RANDOM" in base64: names the grant without a search. It is no secret and proves nothing alone. */
static str new_token(struct call *c, const struct kms_grant *g)
{
    str random = call_unique(c, "", 32);

    return base64_encode(c->arena,
                         arena_printf(c->arena, "%.*s %.*s %.*s", FMT(g->key_arn), FMT(g->grant_id), FMT(random)));
}

static bool read_token(struct call *c, str token, str *account, str *key_id, str *grant_id)
{
    str text, arn;

    if (!base64_decode(c->arena, token, &text))
        return false;
    arn = str_cut(&text, ' ');
    *grant_id = str_cut(&text, ' ');
    if (!str_is(text))
        return false;
    arn = str_behind(arn, ':', 4);
    *account = str_cut(&arn, ':');
    if (!str_starts(arn, S("key/")) || account->n != 12)
        return false;
    *key_id = str_from(arn, 4);
    return key_id->n && grant_id->n;
}

res kms_grant_of_token(struct call *c, str token, struct kms_grant **out)
{
    str account, key_id, grant_id;

    *out = NULL;
    if (!read_token(c, token, &account, &key_id, &grant_id))
        return OK;
    TRY(kms_grant_load(c, account, arena_printf(c->arena, "%.*s/%.*s", FMT(key_id), FMT(grant_id)), out));
    if (*out && !str_eq((*out)->token, token))
        *out = NULL;
    return OK;
}

res kms_check_tokens(struct call *c, const struct list_of_str *tokens)
{
    str account, key_id, grant_id;

    for (size_t i = 0; i < tokens->n; i++)
        if (!read_token(c, tokens->v[i], &account, &key_id, &grant_id))
            return fault(c, &kms_InvalidGrantTokenException, "The grant token is not valid.");
    return OK;
}

/* ---- CreateGrant ---- */

static res check_operations(struct call *c, const struct list_of_str *wanted)
{
    for (size_t i = 0; i < wanted->n; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof operations / sizeof *operations; k++)
            known |= str_eq(wanted->v[i], str_z(operations[k]));
        if (!known)
            return fault(c, &kms_ValidationException, "A grant on a symmetric key cannot allow '%.*s'.",
                         FMT(wanted->v[i]));
    }
    return OK;
}

static bool is_root(str arn)
{
    str prefix = S("arn:aws:iam::");

    return arn.n == prefix.n + 12 + 5 && str_starts(arn, prefix) && str_ends(arn, S(":root")) &&
           str_all(str_sub(arn, prefix.n, 12), "0123456789");
}

/* A user or role must exist, and its unique id is kept: one made again later under the same name is someone else (rule
 * 27). Sessions, accounts and services are taken by their names. */
static res check_principal(struct call *c, str arn, str *unique_id)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@:/-";

    *unique_id = STR_ABSENT;
    if (!str_all(arn, set))
        return fault(c, &kms_InvalidArnException, "ARN does not refer to a valid principal: %.*s", FMT(arn));
    if (!str_starts(arn, S("arn:"))) {
        if (str_ends(arn, S(".amazonaws.com")))
            return OK;
        return fault(c, &kms_InvalidArnException, "ARN does not refer to a valid principal: %.*s", FMT(arn));
    }
    if (str_search(arn, S(":user/")) > 0 || str_search(arn, S(":role/")) > 0) {
        TRY(providers.principal_id(c, arn, unique_id));
        if (str_is(*unique_id))
            return OK;
    } else if (str_search(arn, S(":assumed-role/")) > 0 || is_root(arn)) {
        return OK;
    }
    return fault(c, &kms_InvalidArnException, "ARN does not refer to a valid principal: %.*s", FMT(arn));
}

static res check_pairs(struct call *c, const struct map_of_str *pairs)
{
    size_t bytes = 0;

    for (size_t i = 0; i < pairs->n; i++)
        bytes += pairs->v[i].key.n + pairs->v[i].value.n;
    if (pairs->n > PAIRS_MAX || bytes > PAIRS_MAX_BYTES)
        return fault(c, &kms_ValidationException, "A grant's constraint has at most %d pairs of together %d bytes.",
                     PAIRS_MAX, PAIRS_MAX_BYTES);
    return OK;
}

static res check_constraints(struct call *c, const struct kms_constraints *v)
{
    if (v && v->encryption_context_equals.n && v->encryption_context_subset.n)
        return fault(c, &kms_ValidationException,
                     "A grant takes EncryptionContextEquals or EncryptionContextSubset, not both.");
    if (v)
        TRY(check_pairs(c, &v->encryption_context_equals));
    return v ? check_pairs(c, &v->encryption_context_subset) : OK;
}

static bool same_list(const struct list_of_str *a, const struct list_of_str *b)
{
    bool same = a->n == b->n;

    for (size_t i = 0; same && i < a->n; i++) {
        same = false;
        for (size_t k = 0; k < b->n; k++)
            same |= str_eq(a->v[i], b->v[k]);
    }
    return same;
}

static bool same_map(const struct map_of_str *a, const struct map_of_str *b)
{
    return a->n == b->n && kms_pairs_within(a, b);
}

static bool same_grant(const struct kms_grant *a, const struct kms_grant *b)
{
    static const struct kms_constraints none;
    const struct kms_constraints *x = a->constraints ? a->constraints : &none;
    const struct kms_constraints *y = b->constraints ? b->constraints : &none;

    return str_eq(a->grantee_principal, b->grantee_principal) && str_eq(a->grantee_unique_id, b->grantee_unique_id) &&
           str_eq(a->retiring_principal, b->retiring_principal) && same_list(&a->operations, &b->operations) &&
           same_map(&x->encryption_context_equals, &y->encryption_context_equals) &&
           same_map(&x->encryption_context_subset, &y->encryption_context_subset);
}

/* A Name makes a repeated request harmless: the same grant answers again. */
static res find_same(struct call *c, const struct kms_grant *g, struct kms_grant **out)
{
    struct kms_grant_page page;

    *out = NULL;
    if (!g->named_as.n)
        return OK;
    TRY(kms_grant_by(c, "name", g->named_as, g->at.account, 50, &page));
    for (size_t i = 0; i < page.n && !*out; i++)
        if (same_grant(g, page.v[i]))
            *out = page.v[i];
    return OK;
}

static res fill(struct call *c, const struct kms_create_grant_in *in, const struct kms_key *k, struct kms_grant *g)
{
    *g = (struct kms_grant){.at = {.account = k->at.account, .region = k->at.region},
                            .grant_id = call_unique(c, "", 64),
                            .key_id = k->key_id,
                            .key_arn = k->arn,
                            .name = in->name,
                            .creation_date = SET_TIME(c->now_ms),
                            .grantee_principal = in->grantee_principal,
                            .retiring_principal = in->retiring_principal,
                            .issuing_account = c->caller->account.n ? c->caller->account : k->at.account,
                            .operations = in->operations,
                            .constraints = in->constraints};
    g->id = arena_printf(c->arena, "%.*s/%.*s", FMT(k->key_id), FMT(g->grant_id));
    g->grantee_of = arena_printf(c->arena, "%.*s %.*s", FMT(k->arn), FMT(in->grantee_principal));
    if (in->name.n)
        g->named_as = arena_printf(c->arena, "%.*s %.*s", FMT(k->arn), FMT(in->name));
    g->token = new_token(c, g);
    TRY(check_principal(c, in->grantee_principal, &g->grantee_unique_id));
    if (str_is(in->retiring_principal))
        TRY(check_principal(c, in->retiring_principal, &g->retiring_unique_id));
    return OK;
}

static res check_name(struct call *c, str name)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/_-";

    if (str_all(name, set))
        return OK;
    return fault(
        c, &kms_ValidationException,
        "1 validation error detected: Value '%.*s' at 'name' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
        FMT(name));
}

res kms_create_grant(struct call *c, const struct kms_create_grant_in *in, struct kms_create_grant_out *out)
{
    const struct kms_key *k = c->subject;
    struct kms_grant *g = ARENA_NEW(c->arena, struct kms_grant), *same;

    TRY(kms_check_tokens(c, &in->grant_tokens));
    TRY(kms_usable(c, k));
    TRY(check_operations(c, &in->operations));
    TRY(check_constraints(c, in->constraints));
    TRY(check_name(c, in->name));
    TRY(fill(c, in, k, g));
    TRY(kms_refuse_dry_run(c, in->dry_run));
    TRY(find_same(c, g, &same));
    if (!same)
        TRY(kms_grant_save(c, g));
    out->grant_id = same ? same->grant_id : g->grant_id;
    out->grant_token = same ? same->token : g->token;
    return OK;
}

/* ---- lists ---- */

static void show(const struct kms_grant *g, struct kms_grant_entry_list *out)
{
    out->v[out->n++] = (struct kms_grant_entry){.key_id = g->key_arn,
                                                .grant_id = g->grant_id,
                                                .name = g->name,
                                                .creation_date = g->creation_date,
                                                .grantee_principal = g->grantee_principal,
                                                .retiring_principal = g->retiring_principal,
                                                .issuing_account = g->issuing_account,
                                                .operations = g->operations,
                                                .constraints = g->constraints};
}

res kms_list_grants(struct call *c, const struct kms_list_grants_in *in, struct kms_list_grants_out *out)
{
    const struct kms_key *k = c->subject;
    struct kms_grant_page page;
    str after, prefix = arena_printf(c->arena, "%.*s/%.*s", FMT(k->key_id), FMT(in->grant_id));

    TRY(kms_changeable(c, k));
    TRY(kms_open_marker(c, in->marker, &after));
    TRY(kms_grant_list_all(c, k->at.account, prefix, after, in->limit.set ? (size_t)in->limit.v : 50, &page));
    out->grants.v = ARENA_ARRAY(c->arena, struct kms_grant_entry, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if ((!str_is(in->grantee_principal) || str_eq(in->grantee_principal, page.v[i]->grantee_principal)) &&
            (!str_is(in->grant_id) || str_eq(in->grant_id, page.v[i]->grant_id)))
            show(page.v[i], &out->grants);
    out->truncated = SET_BOOL(page.more);
    if (page.more)
        out->next_marker = page_token(c, page.v[page.n - 1]->id);
    return OK;
}

/* Grants in which one of the caller's own account is named as retiring; 1000 at most, in one page. */
res kms_list_retirable_grants(struct call *c, const struct kms_list_retirable_grants_in *in,
                              struct kms_list_retirable_grants_out *out)
{
    struct kms_grant_page page;
    str after;
    str mine = arena_printf(c->arena, "::%.*s:", FMT(c->caller->account));

    TRY(kms_open_marker(c, in->marker, &after));
    if (str_search(in->retiring_principal, mine) < 0)
        return fault(c, &api_access_denied, "The retiring principal must belong to your account.");
    TRY(kms_grant_by(c, "retiring", in->retiring_principal, STR_ABSENT, 1000, &page));
    out->grants.v = ARENA_ARRAY(c->arena, struct kms_grant_entry, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        show(page.v[i], &out->grants);
    out->truncated = SET_BOOL(false);
    return OK;
}

/* ---- the end of a grant ---- */

res kms_retire_grant(struct call *c, const struct kms_retire_grant_in *in, struct kms_retire_grant_out *out)
{
    (void)out;
    if (str_is(in->grant_token) == (str_is(in->grant_id) && str_is(in->key_id)) || !c->subject)
        return fault(c, &kms_ValidationException, "Give either a GrantToken, or a KeyId and a GrantId.");
    TRY(kms_refuse_dry_run(c, in->dry_run));
    return kms_grant_drop(c, c->subject);
}

res kms_revoke_grant(struct call *c, const struct kms_revoke_grant_in *in, struct kms_revoke_grant_out *out)
{
    const struct kms_key *k = c->subject;
    struct kms_grant *g;

    (void)out;
    TRY(kms_grant_load(c, k->at.account, arena_printf(c->arena, "%.*s/%.*s", FMT(k->key_id), FMT(in->grant_id)), &g));
    if (!g)
        return fault(c, &kms_NotFoundException, "Grant ID %.*s not found", FMT(in->grant_id));
    TRY(kms_refuse_dry_run(c, in->dry_run));
    return kms_grant_drop(c, g);
}
