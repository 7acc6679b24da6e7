/* SPDX-License-Identifier: MIT */
/* Finders: from what a client calls a key (id, ARN, alias name, alias ARN, ciphertext, grant) to the key and its
 * policy.
 */
#include "api/house.h"
#include "base/enc.h"
#include "kms_parts.h"

struct named { /* a KeyId, taken apart */
    str account, alias, id;
    bool arn;
};

/* arn:PARTITION:kms:REGION:ACCOUNT:key/ID or ...:alias/NAME. A key of another region is none that this one knows. */
static res parse_arn(struct call *c, str text, struct named *out)
{
    str rest = text, part[5];

    for (int i = 0; i < 5; i++)
        part[i] = str_cut(&rest, ':');
    if (!str_is(rest) || !str_eq(part[2], S("kms")) || part[4].n != 12 || !str_all(part[4], "0123456789"))
        return fault(c, &kms_InvalidArnException, "Invalid arn %.*s", FMT(text));
    if (!str_eq(part[3], c->region))
        return fault(c, &kms_NotFoundException, "Invalid arn %.*s", FMT(part[3]));
    out->account = part[4];
    out->arn = true;
    if (str_starts(rest, S("alias/")))
        out->alias = rest;
    else if (str_starts(rest, S("key/")))
        out->id = str_from(rest, 4);
    else
        return fault(c, &kms_InvalidArnException, "Invalid arn %.*s", FMT(text));
    return OK;
}

static res parse(struct call *c, str text, struct named *out)
{
    *out = (struct named){.account = c->caller->account};
    if (str_starts(text, S("arn:")))
        return parse_arn(c, text, out);
    if (str_starts(text, S("alias/")))
        out->alias = text;
    else
        out->id = text;
    return OK;
}

static str arn_in(struct call *c, str account, const char *kind, str name)
{
    return arena_printf(c->arena, "arn:%.*s:kms:%.*s:%.*s:%s%.*s", FMT(c->worker->house->partition), FMT(c->region),
                        FMT(account), kind, FMT(name));
}

/* What does not exist is judged as if it had the default policy of its account: who may use keys there is told that it
 * is missing, and everyone else is told nothing (rule 46). */
static void missing(struct call *c, struct resource *out, str text)
{
    out->missing = &kms_NotFoundException;
    out->missing_text = text;
    out->policy = kms_default_policy(c, out->account);
}

static res id_of_alias(struct call *c, struct named *n)
{
    struct kms_alias *alias;
    struct kms_key *managed = NULL;

    TRY(kms_alias_load(c, n->account, n->alias, &alias));
    if (!alias && str_eq(n->account, c->caller->account))
        TRY(kms_managed_key(c, n->alias, &managed));
    n->id = alias ? alias->target_key_id : managed ? managed->key_id : STR_ABSENT;
    return OK;
}

static void describe(struct call *c, const struct kms_key *k, struct resource *out)
{
    struct str_pair *tags = ARENA_ARRAY(c->arena, struct str_pair, k->tags.n + 1);

    out->arn = k->arn;
    out->subject = k;
    out->beyond_rcps = str_eq(k->key_manager, S("AWS"));
    out->policy = k->policy;
    out->principals = k->principals.v;
    out->n_principals = k->principals.n;
    for (size_t i = 0; i < k->tags.n; i++)
        tags[i] = (struct str_pair){k->tags.v[i].tag_key, k->tags.v[i].tag_value};
    out->tags = tags;
    out->n_tags = k->tags.n;
}

static res find(struct call *c, str text, bool across, struct resource *out)
{
    struct named n;
    struct kms_key *k = NULL;

    TRY(parse(c, text, &n));
    out->account = n.account;
    if (n.alias.n)
        TRY(id_of_alias(c, &n));
    out->arn = str_is(n.id) ? arn_in(c, n.account, "key/", n.id) : arn_in(c, n.account, "", n.alias);
    if (!across && !str_eq(n.account, c->caller->account)) {
        missing(c, out, S("The key is not in this account."));
        out->policy = STR_ABSENT; /* nobody outside may, whatever the key's policy says */
        return OK;
    }
    if (!str_is(n.id)) {
        missing(c, out, arena_printf(c->arena, "Alias %.*s is not found.", FMT(out->arn)));
        return OK;
    }
    if (n.id.n)
        TRY(kms_key_load(c, n.account, n.id, &k));
    if (k && !kms_is_gone(k, c->now_ms))
        describe(c, k, out);
    else
        missing(c, out,
                n.arn || n.alias.n ? arena_printf(c->arena, "Key '%.*s' does not exist", FMT(out->arn))
                                   : arena_printf(c->arena, "Invalid keyId '%.*s'", FMT(n.id)));
    return OK;
}

res kms_find_key(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], true, out);
}

res kms_find_own_key(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], false, out);
}

/* names: the ciphertext in base64, and the KeyId if one was given. With a KeyId that key is judged; whether the
 * ciphertext is its own is the handler's question. */
res kms_find_key_of_ciphertext(struct call *c, const str *names, size_t n, struct resource *out)
{
    str bytes, arn;

    if (!base64_decode(c->arena, names[0], &bytes) || !vault_kms_key_of(bytes, &arn))
        return fault(c, &kms_InvalidCiphertextException, "The ciphertext is not one of this service.");
    return find(c, n > 1 && names[1].n ? names[1] : arn, true, out);
}

res kms_find_alias(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct kms_alias *alias;

    (void)n;
    out->arn = arn_in(c, c->caller->account, "", names[0]);
    TRY(kms_alias_load(c, STR_ABSENT, names[0], &alias));
    out->subject = alias;
    if (c->op != &kms_CreateAlias_op) {
        out->missing = &kms_NotFoundException;
        out->missing_text = arena_printf(c->arena, "Alias %.*s is not found.", FMT(out->arn));
    }
    return OK;
}

/* ---- grants ---- */

/* RetireGrant is decided by the grant alone: its retiring principal, its grantee where it lists RetireGrant, and the
 * account that issued it. Users and roles get the right from kms_grants_of; accounts only delegate it, so they stand
 * here as a policy of the grant's own, which asks for the identity side too (rules 9 and 12). The key's policy does
 * not count, as AWS documents. */
static str grant_policy(struct call *c, const struct kms_grant *g)
{
    bool root = str_ends(g->retiring_principal, S(":root"));

    return arena_printf(
        c->arena,
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"IssuingAccount\",\"Effect\":\"Allow\","
        "\"Principal\":{\"AWS\":[\"%.*s\"%s%.*s%s]},\"Action\":\"kms:RetireGrant\",\"Resource\":\"*\"}]}",
        FMT(g->issuing_account), root ? ",\"" : "", root ? (int)g->retiring_principal.n : 0,
        root ? g->retiring_principal.p : "", root ? "\"" : "");
}

/* names: a grant token; or a key ARN and a grant id. */
res kms_find_grant(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct kms_grant *g = NULL;
    struct named key;

    if (n == 1) {
        TRY(kms_grant_of_token(c, names[0], &g));
        if (!g)
            return fault(c, &kms_InvalidGrantTokenException, "The grant token is not valid.");
    } else {
        TRY(parse(c, names[0], &key));
        if (!key.arn || !key.id.n)
            return fault(c, &kms_InvalidArnException, "Invalid arn %.*s", FMT(names[0]));
        out->account = key.account;
        out->arn = names[0];
        TRY(kms_grant_load(c, key.account, arena_printf(c->arena, "%.*s/%.*s", FMT(key.id), FMT(names[1])), &g));
    }
    if (!g) {
        missing(c, out, arena_printf(c->arena, "Grant ID %.*s not found", FMT(names[1])));
        return OK;
    }
    out->arn = g->key_arn;
    out->account = g->at.account;
    out->subject = g;
    out->policy = grant_policy(c, g);
    out->policy_name = arena_printf(c->arena, "grant %.*s", FMT(g->grant_id));
    return OK;
}
