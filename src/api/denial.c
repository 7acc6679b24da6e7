/* SPDX-License-Identifier: MIT */
/* Denials: the message, and EC2's encoded one. Nothing here runs for a call that is allowed. */
#include "api/denial.h"

#include "api/gate.h"
#include "api/house.h"
#include "base/enc.h"
#include "base/json.h"

/* sts:DecodeAuthorizationMessage takes 10,240 characters: 7,680 bytes of base64, less what sealing adds. */
enum { DETAILS_MAX_BYTES = 7600 };

#define PURPOSE S("authorization-message")

/* ---- the details: the JSON that AWS documents for DecodeAuthorizationMessage ---- */

static void add_value(struct buf *b, size_t i, str value)
{
    buf_add(b, i ? S(",{\"value\":") : S("{\"value\":"));
    buf_add_json_str(b, value);
    buf_add_char(b, '}');
}

/* "NAME":{"items":[{"value":...}...]} of a text or a list of texts; of what is absent an empty list. */
static void add_items(struct buf *b, const char *name, const json_t *v)
{
    buf_printf(b, "\"%s\":{\"items\":[", name);
    for (size_t i = 0; json_is_array(v) && i < json_array_size(v); i++)
        add_value(b, i, json_str(json_array_get(v, i)));
    if (json_is_string(v))
        add_value(b, 0, json_str(v));
    buf_add(b, S("]}"));
}

static void add_keys(struct buf *b, const json_t *operator_block, bool *more)
{
    json_t *o = (json_t *)operator_block;

    for (void *at = json_object_iter(o); at; at = json_object_iter_next(o, at)) {
        buf_add(b, *more ? S(",{\"key\":") : S("{\"key\":"));
        buf_add_json_str(b, str_n(json_object_iter_key(at), json_object_iter_key_len(at)));
        buf_add_char(b, ',');
        add_items(b, "values", json_object_iter_value(at));
        buf_add_char(b, '}');
        *more = true;
    }
}

static void add_conditions(struct buf *b, const json_t *condition)
{
    json_t *o = (json_t *)condition;
    bool more = false;

    buf_add(b, S("\"conditions\":{\"items\":["));
    for (void *at = json_object_iter(o); at; at = json_object_iter_next(o, at))
        add_keys(b, json_object_iter_value(at), &more);
    buf_add(b, S("]}"));
}

static const json_t *either(const json_t *o, const char *yes, const char *no)
{
    const json_t *v = json_object_get(o, yes);

    return v ? v : json_object_get(o, no);
}

/* The statement that denied. That it is one of ours, and so parses, is why errors need no more than an empty list. */
static void add_statement(struct call *c, const struct judgement *j, struct buf *b)
{
    struct err e = {0};
    json_t *o;

    if (!j->statement.n || !is_ok(json_parse(c->arena, j->statement, &e, &o)))
        return;
    buf_add(b, S("{\"statementId\":"));
    buf_add_json_str(b, j->sid);
    buf_add(b, S(",\"effect\":\"DENY\",\"principals\":{\"items\":["));
    add_value(b, 0, c->caller->unique_id.n ? c->caller->unique_id : c->caller->arn);
    buf_add(b, S("]},\"principalGroups\":{\"items\":[]},"));
    add_items(b, "actions", either(o, "Action", "NotAction"));
    buf_add_char(b, ',');
    add_items(b, "resources", either(o, "Resource", "NotResource"));
    buf_add_char(b, ',');
    add_conditions(b, json_object_get(o, "Condition"));
    buf_add_char(b, '}');
}

static void add_request_context(const struct authz_request *r, size_t most, struct buf *b)
{
    for (size_t i = 0; i < r->n_context && i < most; i++) {
        buf_add(b, i ? S(",{\"key\":") : S("{\"key\":"));
        buf_add_json_str(b, r->context[i].key);
        buf_add(b, S(",\"values\":{\"items\":["));
        for (size_t k = 0; k < r->context[i].n; k++)
            add_value(b, k, r->context[i].values[k]);
        buf_add(b, S("]}}"));
    }
}

static void add_details(struct call *c, const struct authz_request *r, const struct judgement *j, size_t most,
                        struct buf *b)
{
    bool explicit = j->verdict == DENIED_EXPLICITLY;

    buf_printf(b, "{\"allowed\":false,\"explicitDeny\":%s,\"matchedStatements\":{\"items\":[",
               explicit ? "true" : "false");
    if (explicit && most)
        add_statement(c, j, b);
    buf_add(b, S("]},\"failures\":{\"items\":[]},\"context\":{\"principal\":{\"id\":"));
    buf_add_json_str(b, c->caller->user_id);
    buf_add(b, S(",\"arn\":"));
    buf_add_json_str(b, c->caller->arn);
    buf_add(b, S("},\"action\":"));
    buf_add_json_str(b, r->action);
    buf_add(b, S(",\"resource\":"));
    buf_add_json_str(b, r->resource);
    buf_add(b, S(",\"conditions\":{\"items\":["));
    add_request_context(r, most, b);
    buf_add(b, S("]}}}"));
}

/* As much of the context as there is room for; the statement goes last. */
static str details(struct call *c, const struct authz_request *r, const struct judgement *j)
{
    str text = S("{\"allowed\":false}");
    struct buf b;

    buf_init(&b, DETAILS_MAX_BYTES);
    for (size_t most = r->n_context + 1;; most /= 2) {
        buf_clear(&b);
        add_details(c, r, j, most, &b);
        if (!b.full)
            text = arena_dup(c->arena, buf_str(&b));
        if (!b.full || !most)
            break;
    }
    buf_done(&b);
    return text;
}

/* ---- sealed: base64 as in URLs, without padding, as AWS writes it ---- */

static str as_token(struct arena *a, str sealed)
{
    str text = base64_encode(a, sealed);
    char *p = arena_z(a, text);

    for (size_t i = 0; i < text.n; i++)
        p[i] = p[i] == '+' ? '-' : p[i] == '/' ? '_' : p[i];
    while (text.n && p[text.n - 1] == '=')
        text.n--;
    return str_n(p, text.n);
}

static bool of_token(struct arena *a, str token, str *sealed)
{
    static const str padding[] = {{"", 0}, {NULL, 0}, {"==", 2}, {"=", 1}};
    str pad = padding[token.n % 4];

    if (!str_is(pad))
        return false;
    str text = arena_cat(a, token, pad);
    char *p = arena_z(a, text);
    for (size_t i = 0; i < text.n; i++)
        p[i] = p[i] == '-' ? '+' : p[i] == '_' ? '/' : p[i];
    return base64_decode(a, str_n(p, text.n), sealed);
}

static res encode(struct call *c, const struct authz_request *r, str *token)
{
    str sealed;

    TRY(vault_wrap(call_vault(c), PURPOSE, c->caller->account, details(c, r, c->gate->denied), c->arena, &sealed,
                   &c->err));
    *token = as_token(c->arena, sealed);
    return OK;
}

res denial_decode(struct call *c, str token, str *json)
{
    str sealed;

    if (!of_token(c->arena, token, &sealed))
        return reject(&c->err, "The message is none of ours.");
    return vault_unwrap(call_vault(c), PURPOSE, c->caller->account, sealed, c->secrets, json, &c->err);
}

res denial_fault(struct call *c, const struct authz_request *r, const struct decision *d)
{
    str said = authz_message(c->arena, r, d), token;
    res denied = fault(c, &api_access_denied, "%.*s", FMT(said));

    if (c->op->service->protocol != P_EC2 || c->depth)
        return denied;
    TRY(encode(c, r, &token));
    c->fault.message = arena_printf(
        c->arena, "You are not authorized to perform this operation. %.*s. Encoded authorization failure message: %.*s",
        FMT(said), FMT(token));
    return denied;
}
