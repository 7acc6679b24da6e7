/* SPDX-License-Identifier: MIT */
/* Small services of the house to handlers: names, ARNs, page tokens, policies that are about to be saved, keys of
 * boxes. */
#include <stdarg.h>
#include <stdio.h>

#include "api/box.h"
#include "api/call.h"
#include "api/house.h"
#include "base/enc.h"
#include "base/json.h"
#include "crypto/aead.h"
#include "crypto/random.h"

struct vault *call_vault(struct call *c)
{
    return c->worker->vault;
}

str call_arn(struct call *c, const char *service, const char *fmt, ...)
{
    char tail[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(tail, sizeof tail, fmt, ap);
    va_end(ap);
    return arena_printf(c->arena, "arn:%.*s:%s:%.*s:%.*s:%s", FMT(c->worker->house->partition), service,
                        FMT(c->op->service->global ? S("") : c->region), FMT(c->caller->account), tail);
}

str call_unique(struct call *c, const char *prefix, size_t n_chars)
{
    uint8_t random[32];
    char hex[64];

    random_bytes(random, sizeof random);
    hex_encode(random, sizeof random, hex);
    return arena_printf(c->arena, "%s%.*s", prefix, (int)(n_chars < 64 ? n_chars : 64), hex);
}

str call_uuid(struct call *c)
{
    str hex = call_unique(c, "", 32);

    return arena_printf(c->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex.p, hex.p + 8, hex.p + 12, hex.p + 16, hex.p + 20);
}

/* ---- page tokens: where to go on, encrypted and bound to the operation and caller ---- */

static str token_aad(struct call *c)
{
    return arena_printf(c->arena, "%s:%s:%.*s", c->op->service->name, c->op->name, FMT(c->caller->account));
}

str page_token(struct call *c, str after)
{
    char *sealed = arena_alloc(c->arena, AEAD_NONCE_BYTES + after.n + AEAD_TAG_BYTES);
    str aad = token_aad(c);

    random_bytes((uint8_t *)sealed, AEAD_NONCE_BYTES);
    aead_seal_once(c->worker->house->page_key, (uint8_t *)sealed, aad, after, (uint8_t *)sealed + AEAD_NONCE_BYTES);
    return base64_encode(c->arena, str_n(sealed, AEAD_NONCE_BYTES + after.n + AEAD_TAG_BYTES));
}

bool page_token_open(struct call *c, str token, str *after)
{
    str sealed;

    if (!base64_decode(c->arena, token, &sealed) || sealed.n < AEAD_NONCE_BYTES + AEAD_TAG_BYTES)
        return false;
    size_t n = sealed.n - AEAD_NONCE_BYTES - AEAD_TAG_BYTES;
    char *plain = arena_alloc(c->arena, n + 1);
    str rest = str_from(sealed, AEAD_NONCE_BYTES);
    if (!aead_open_once(c->worker->house->page_key, (const uint8_t *)sealed.p, token_aad(c), rest, (uint8_t *)plain))
        return false;
    *after = str_n(plain, n);
    return true;
}

/* ---- policies about to be saved ---- */

res policy_check(struct call *c, str text, enum policy_kind kind, const struct fault_type *malformed)
{
    struct policy *p = NULL;
    struct err why = {0};
    res r = policy_compile(text, kind, S("new"), &p, &why);

    if (is_ok(r))
        policy_free(p);
    else if (r.why == WHY_REJECT)
        return fault(c, malformed, "%s", why.what);
    else
        return oops(&c->err, why.sys_errno, "%s", why.what);
    return OK;
}

res policy_check_current(struct call *c, str text, enum policy_kind kind, const struct fault_type *malformed)
{
    json_t *document;

    TRY(policy_check(c, text, kind, malformed));
    TRY(json_parse(c->arena, text, &c->err, &document));
    if (!str_eq(json_str_at(document, "Version"), S("2012-10-17")))
        return fault(c, malformed, "Policy document must be version 2012-10-17 or greater.");
    return OK;
}

/* "arn:aws:iam::123456789012:root" and session ARNs name no user or role by themselves. */
static bool names_an_entity(str arn)
{
    return str_starts(arn, S("arn:")) && (str_search(arn, S(":user/")) > 0 || str_search(arn, S(":role/")) > 0);
}

res policy_bind(struct call *c, str text, enum policy_kind kind, const struct fault_type *invalid_principal,
                struct map_of_str *principals)
{
    struct policy *p = NULL;
    str *arns;

    TRY(policy_compile(text, kind, S("new"), &p, &c->err));
    size_t n = policy_principals(p, c->arena, &arns);
    for (size_t i = 0; i < n; i++)
        arns[i] = arena_dup(c->arena, arns[i]);
    policy_free(p);
    principals->v = ARENA_ARRAY(c->arena, struct str_pair, n + 1);
    for (size_t i = 0; i < n; i++) {
        str id = STR_ABSENT;
        if (!names_an_entity(arns[i]))
            continue;
        TRY(providers.principal_id(c, arns[i], &id));
        if (!str_is(id))
            return fault(c, invalid_principal, "Invalid principal in policy: \"AWS\":\"%.*s\"", FMT(arns[i]));
        principals->v[principals->n++] = (struct str_pair){arns[i], id};
    }
    return OK;
}

/* ---- boxes ---- */

res box_own_key(struct call *c, str volume)
{
    str name = arena_cat(c->arena, S("arn:barmkin:volume/"), volume), material, plain, blob;

    TRY(vault_kms_new_key(call_vault(c), name, c->arena, &material, &c->err));
    TRY(vault_kms_generate_data_key(call_vault(c), name, material, S(""), BOX_KEY_BYTES, c->secrets, &plain, c->arena,
                                    &blob, &c->err));
    return vault_release_volume_key(call_vault(c), name, material, S(""), blob, volume, &c->err);
}
