/* SPDX-License-Identifier: MIT */
/* The condition keys of kms that no path into the input can express. */
#include "api/walk.h"
#include "kms_parts.h"

/* The key that the call is about, once it is found; NULL for operations on none. */
static const struct kms_key *key_of(const struct call *c)
{
    for (size_t i = 0; i < c->n_resources; i++) {
        const struct resource *r = &c->resources[i];
        if (r->subject && (r->type == &kms_key_resource || r->type == &kms_own_key_resource ||
                           r->type == &kms_sealed_by_resource || r->type == &kms_source_resource))
            return r->subject;
    }
    return NULL;
}

res kms_add_caller_account(struct call *c)
{
    const struct caller *who = c->caller;

    if (who->account.n)
        context_add(c, S("kms:CallerAccount"), who->account);
    else if (who->source_account.n)
        context_add(c, S("kms:CallerAccount"), who->source_account);
    return OK;
}

/* "s3.amazonaws.com" calling on someone's behalf is s3.us-east-1.amazonaws.com here. */
res kms_add_via_service(struct call *c)
{
    const struct caller *who = c->caller;

    if (who->n_called_via == 0)
        return OK;
    str rest = who->called_via[who->n_called_via - 1], first = str_cut(&rest, '.');
    context_add(c, S("kms:ViaService"), arena_printf(c->arena, "%.*s.%.*s.amazonaws.com", FMT(first), FMT(c->region)));
    return OK;
}

static bool names_a_kind(const struct call *c)
{
    return key_of(c) || c->op == &kms_CreateKey_op;
}

/* Under the older name too, kms:CustomerMasterKeySpec and -Usage: policies that have it are still in force. */
static void add_both(struct call *c, const char *name, str value)
{
    const char *older = name[3] == 'S' ? "kms:CustomerMasterKeySpec" : "kms:CustomerMasterKeyUsage";

    context_add(c, arena_printf(c->arena, "kms:%s", name), value);
    context_add(c, str_z(older), value);
}

/* No key here has a copy in another region; one that is asked for is refused by CreateKey. */
res kms_add_multi_region(struct call *c)
{
    const struct kms_create_key_in *in = c->in;

    if (names_a_kind(c))
        context_add(c, S("kms:MultiRegion"),
                    c->op == &kms_CreateKey_op && in->multi_region.set && in->multi_region.v ? S("true") : S("false"));
    return OK;
}

/* CreateKey of another kind is refused by its handler; what gets through has these values. */
res kms_add_key_spec(struct call *c)
{
    const struct kms_create_key_in *in = c->in;

    if (c->op == &kms_CreateKey_op && (str_is(in->key_spec) || str_is(in->customer_master_key_spec)))
        add_both(c, "KeySpec", str_is(in->key_spec) ? in->key_spec : in->customer_master_key_spec);
    else if (names_a_kind(c))
        add_both(c, "KeySpec", S("SYMMETRIC_DEFAULT"));
    return OK;
}

res kms_add_key_usage(struct call *c)
{
    const struct kms_create_key_in *in = c->in;

    if (c->op == &kms_CreateKey_op && str_is(in->key_usage))
        add_both(c, "KeyUsage", in->key_usage);
    else if (names_a_kind(c))
        add_both(c, "KeyUsage", S("ENCRYPT_DECRYPT"));
    return OK;
}

res kms_add_key_origin(struct call *c)
{
    const struct kms_create_key_in *in = c->in;

    if (c->op == &kms_CreateKey_op && str_is(in->origin))
        context_add(c, S("kms:KeyOrigin"), in->origin);
    else if (names_a_kind(c))
        context_add(c, S("kms:KeyOrigin"), S("AWS_KMS"));
    return OK;
}

res kms_add_resource_aliases(struct call *c)
{
    const struct kms_key *k = key_of(c);

    if (k && k->aliases.n && c->op != &kms_ReEncrypt_op) /* there each key has its own */
        context_add_list(c, S("kms:ResourceAliases"), k->aliases.v, k->aliases.n);
    return OK;
}

static const void *member(const struct call *c, const char *name, enum kind kind)
{
    const struct field *f = shape_field(c->op->in, str_z(name));

    return f && f->kind == (uint8_t)kind && field_is_set(c->in, f) ? field_of(c->in, f) : NULL;
}

str kms_alias_in(str id)
{
    ptrdiff_t at = str_search(id, S("alias/"));

    return at == 0 || (at > 0 && str_starts(id, S("arn:"))) ? str_from(id, (size_t)at) : STR_ABSENT;
}

res kms_add_request_alias(struct call *c)
{
    const str *id = member(c, "KeyId", K_STRING);

    context_add(c, S("kms:RequestAlias"), id ? kms_alias_in(*id) : STR_ABSENT);
    return OK;
}

res kms_add_encryption_context(struct call *c)
{
    const struct map_of_str *pairs = member(c, "EncryptionContext", K_MAP);

    for (size_t i = 0; pairs && i < pairs->n; i++)
        context_add(c, arena_cat(c->arena, S("kms:EncryptionContext:"), pairs->v[i].key), pairs->v[i].value);
    return OK;
}

res kms_add_algorithm(struct call *c)
{
    const str *asked = member(c, "EncryptionAlgorithm", K_STRING);

    context_add(c, S("kms:EncryptionAlgorithm"), asked ? *asked : S("SYMMETRIC_DEFAULT"));
    return OK;
}

res kms_add_bypass(struct call *c)
{
    const opt_bool *asked = member(c, "BypassPolicyLockoutSafetyCheck", K_BOOL);

    context_add(c, S("kms:BypassPolicyLockoutSafetyCheck"), asked && asked->v ? S("true") : S("false"));
    return OK;
}

/* True when a service asks: for itself, or on behalf of the caller. */
res kms_add_for_aws_resource(struct call *c)
{
    bool service = c->caller->n_called_via > 0 || c->caller->kind == PRINCIPAL_SERVICE;

    context_add(c, S("kms:GrantIsForAWSResource"), service ? S("true") : S("false"));
    return OK;
}

res kms_add_constraint_type(struct call *c)
{
    const struct kms_create_grant_in *in = c->in;

    if (!in->constraints)
        return OK;
    if (in->constraints->encryption_context_equals.n)
        context_add(c, S("kms:GrantConstraintType"), S("EncryptionContextEquals"));
    else if (in->constraints->encryption_context_subset.n)
        context_add(c, S("kms:GrantConstraintType"), S("EncryptionContextSubset"));
    return OK;
}
