/* SPDX-License-Identifier: MIT */
/* ReEncrypt: one call about two keys, each judged by its own side of the request. */
#include "kms_parts.h"

struct side {
    const struct map_of_str *context;
    str named, algorithm;
};

static void put(struct resource *r, struct authz_value *v, str key, const str *values, size_t n, bool multi)
{
    v[r->n_context++] = (struct authz_value){key, values, n, multi};
}

/* The keys that Encrypt and Decrypt have of the whole call. */
static void add_side(struct call *c, const struct side *s, struct resource *r)
{
    struct authz_value *v = ARENA_ARRAY(c->arena, struct authz_value, s->context->n + 4);
    str *names = ARENA_ARRAY(c->arena, str, s->context->n + 2);
    str *algorithm = names + s->context->n, *alias = algorithm + 1;
    const struct kms_key *k = r->subject;

    *algorithm = str_is(s->algorithm) ? s->algorithm : S("SYMMETRIC_DEFAULT");
    *alias = kms_alias_in(s->named);
    put(r, v, S("kms:EncryptionAlgorithm"), algorithm, 1, false);
    for (size_t i = 0; i < s->context->n; i++) {
        names[i] = s->context->v[i].key;
        put(r, v, arena_cat(c->arena, S("kms:EncryptionContext:"), names[i]), &s->context->v[i].value, 1, false);
    }
    if (s->context->n)
        put(r, v, S("kms:EncryptionContextKeys"), names, s->context->n, true);
    if (str_is(*alias))
        put(r, v, S("kms:RequestAlias"), alias, 1, false);
    if (k && k->aliases.n)
        put(r, v, S("kms:ResourceAliases"), k->aliases.v, k->aliases.n, true);
    r->context = v;
}

res kms_find_source(struct call *c, const str *names, size_t n, struct resource *out)
{
    const struct kms_re_encrypt_in *in = c->in;
    struct side s = {&in->source_encryption_context, in->source_key_id, in->source_encryption_algorithm};

    TRY(kms_find_key_of_ciphertext(c, names, n, out));
    add_side(c, &s, out);
    return OK;
}

res kms_find_destination(struct call *c, const str *names, size_t n, struct resource *out)
{
    const struct kms_re_encrypt_in *in = c->in;
    struct side s = {&in->destination_encryption_context, in->destination_key_id, in->destination_encryption_algorithm};

    TRY(kms_find_key(c, names, n, out));
    add_side(c, &s, out);
    return OK;
}

res kms_add_same_key(struct call *c)
{
    bool same = c->n_resources == 2 && str_eq(c->resources[0].arn, c->resources[1].arn);

    context_add(c, S("kms:ReEncryptOnSameKey"), same ? S("true") : S("false"));
    return OK;
}

res kms_re_encrypt(struct call *c, const struct kms_re_encrypt_in *in, struct kms_re_encrypt_out *out)
{
    const struct kms_key *from = c->resources[0].subject, *to = c->resources[1].subject;
    str plain, bound;

    TRY(kms_ready(c, from, &in->grant_tokens, in->source_encryption_algorithm, (opt_bool){0}));
    TRY(kms_ready(c, to, &in->grant_tokens, in->destination_encryption_algorithm, in->dry_run));
    TRY(kms_context_of(c, &in->destination_encryption_context, &bound));
    TRY(kms_open(c, from, &in->source_encryption_context, in->ciphertext_blob, &plain));
    out->source_key_id = from->arn;
    out->key_id = to->arn;
    out->source_encryption_algorithm = out->destination_encryption_algorithm = S("SYMMETRIC_DEFAULT");
    return vault_kms_encrypt(call_vault(c), to->arn, to->material, bound, plain, c->arena, &out->ciphertext_blob,
                             &c->err);
}
