/* SPDX-License-Identifier: MIT */
/* Claims to JSON and back. Short member names: the token travels with every request. */
#include "identify/token.h"

#include "base/buf.h"
#include "base/enc.h"
#include "base/json.h"
#include "identify/accesskey.h"
#include "identify/sigv4.h"

enum { CLAIMS_VERSION = 1 };

/* By enum session_kind; a role's session has no such member. */
static const char *const kinds[] = {"role", "self", "federated"};

static void add_member(struct buf *b, const char *name, str value)
{
    if (!str_is(value))
        return;
    buf_printf(b, ",\"%s\":", name);
    buf_add_json_str(b, value);
}

static void add_list(struct buf *b, const char *name, const str *items, size_t n)
{
    if (!n)
        return;
    buf_printf(b, ",\"%s\":", name);
    for (size_t i = 0; i < n; i++) {
        buf_add_char(b, i ? ',' : '[');
        buf_add_json_str(b, items[i]);
    }
    buf_add_char(b, ']');
}

static void add_tags(struct buf *b, const struct session_claims *c)
{
    if (!c->n_tags)
        return;
    buf_add(b, S(",\"tags\":"));
    for (size_t i = 0; i < c->n_tags; i++) {
        buf_add(b, i ? S(",[") : S("[["));
        buf_add_json_str(b, c->tags[i].key);
        buf_add_char(b, ',');
        buf_add_json_str(b, c->tags[i].value);
        buf_add(b, c->tags[i].transitive ? S(",true]") : S(",false]"));
    }
    buf_add_char(b, ']');
}

res session_claims_encode(const struct session_claims *c, struct arena *a, str *text, struct err *e)
{
    struct session_claims again;
    struct buf b;

    buf_init(&b, SESSION_CLAIMS_MAX_BYTES);
    buf_printf(&b, "{\"v\":%d,\"iat\":%lld,\"exp\":%lld", CLAIMS_VERSION, (long long)c->issued_ms,
               (long long)c->expires_ms);
    add_member(&b, "key", c->access_key_id);
    add_member(&b, "secret", base64_encode(a, c->sealed_secret));
    add_member(&b, "account", c->account);
    add_member(&b, "role", c->role_arn);
    add_member(&b, "id", c->role_id);
    add_member(&b, "name", c->session_name);
    if (c->kind != SESSION_ROLE)
        add_member(&b, "kind", str_z(kinds[c->kind]));
    add_member(&b, "parent", c->parent_key);
    add_member(&b, "source", c->source_identity);
    add_member(&b, "by", c->issuer_arn);
    add_member(&b, "for-key", c->made_for_key);
    add_member(&b, "for", c->made_for_arn);
    if (c->chained)
        buf_add(&b, S(",\"chained\":true"));
    add_list(&b, "policies", c->policies, c->n_policies);
    add_list(&b, "arns", c->policy_arns, c->n_policy_arns);
    add_tags(&b, c);
    buf_add_char(&b, '}');
    bool too_long = b.full;
    *text = arena_dup(a, buf_str(&b));
    buf_done(&b);
    if (too_long)
        return reject(e, "Packed size of session tags and policies consumes more than 100%% of the allotted space.");
    return session_claims_decode(*text, a, &again, e); /* what cannot be read back must never be handed out */
}

static res bad(struct err *e, const char *member)
{
    return reject(e, "The session token's claims are wrong at '%s'.", member);
}

static res read_text(const json_t *top, const char *name, bool required, str *out, struct err *e)
{
    const json_t *v = json_object_get(top, name);

    *out = json_str(v);
    if (!v && !required)
        return OK;
    return str_is(*out) && (!required || !str_empty(*out)) ? OK : bad(e, name);
}

static res read_time(const json_t *top, const char *name, int64_t *out, struct err *e)
{
    const json_t *v = json_object_get(top, name);

    *out = json_integer_value(v);
    return json_is_integer(v) && *out > 0 ? OK : bad(e, name);
}

static res read_list(const json_t *top, const char *name, size_t most, struct arena *a, const str **items, size_t *n,
                     struct err *e)
{
    const json_t *v = json_object_get(top, name);

    *n = json_array_size(v);
    if ((v && !json_is_array(v)) || *n > most)
        return bad(e, name);
    str *list = ARENA_ARRAY(a, str, *n);
    for (size_t i = 0; i < *n; i++) {
        list[i] = json_str(json_array_get(v, i));
        if (!str_is(list[i]))
            return bad(e, name);
    }
    *items = list;
    return OK;
}

static res read_tags(const json_t *top, struct arena *a, struct session_claims *c, struct err *e)
{
    const json_t *v = json_object_get(top, "tags");

    c->n_tags = json_array_size(v);
    if ((v && !json_is_array(v)) || c->n_tags > SESSION_MAX_TAGS)
        return bad(e, "tags");
    struct session_tag *tags = ARENA_ARRAY(a, struct session_tag, c->n_tags);
    for (size_t i = 0; i < c->n_tags; i++) {
        const json_t *tag = json_array_get(v, i);
        tags[i] = (struct session_tag){json_str(json_array_get(tag, 0)), json_str(json_array_get(tag, 1)),
                                       json_is_true(json_array_get(tag, 2))};
        if (json_array_size(tag) != 3 || !str_is(tags[i].key) || !str_is(tags[i].value) ||
            !json_is_boolean(json_array_get(tag, 2)))
            return bad(e, "tags");
    }
    c->tags = tags;
    return OK;
}

static res read_kind(const json_t *top, enum session_kind *out, struct err *e)
{
    str kind;

    *out = SESSION_ROLE;
    TRY(read_text(top, "kind", false, &kind, e));
    if (!str_is(kind))
        return OK;
    for (int i = SESSION_SELF; i <= SESSION_FEDERATED; i++)
        if (str_eq(kind, str_z(kinds[i]))) {
            *out = (enum session_kind)i;
            return OK;
        }
    return bad(e, "kind");
}

static bool is_account(str s)
{
    return s.n == ACCOUNT_DIGITS && str_all(s, "0123456789");
}

/* The root user has no access key that could be taken away. */
static bool fits_its_kind(const struct session_claims *c)
{
    if (c->kind == SESSION_ROLE)
        return str_rfind(c->role_arn, '/') >= 0 && str_search(c->role_arn, S(":user/")) < 0;
    return str_search(c->role_arn, S(":user/")) > 0 ? c->parent_key.n > 0 : str_ends(c->role_arn, S(":root"));
}

static res judge(const struct session_claims *c, struct err *e)
{
    enum accesskey_kind kind;

    if (!accesskey_kind_of(c->access_key_id, &kind) || kind != ACCESSKEY_TEMPORARY)
        return bad(e, "key");
    if (!is_account(c->account))
        return bad(e, "account");
    if (!str_starts(c->role_arn, S("arn:")) || !fits_its_kind(c))
        return bad(e, "role");
    return c->expires_ms > c->issued_ms ? OK : bad(e, "exp");
}

res session_claims_decode(str text, struct arena *a, struct session_claims *c, struct err *e)
{
    json_t *top;
    str secret;

    *c = (struct session_claims){0};
    if (text.n > SESSION_CLAIMS_MAX_BYTES)
        return reject(e, "The session token's claims are too long.");
    TRY(json_parse(a, text, e, &top));
    if (!json_is_integer(json_object_get(top, "v")) || json_integer_value(json_object_get(top, "v")) != CLAIMS_VERSION)
        return bad(e, "v");
    TRY(read_time(top, "iat", &c->issued_ms, e));
    TRY(read_time(top, "exp", &c->expires_ms, e));
    TRY(read_text(top, "key", true, &c->access_key_id, e));
    TRY(read_text(top, "secret", true, &secret, e));
    TRY(read_text(top, "account", true, &c->account, e));
    TRY(read_text(top, "role", true, &c->role_arn, e));
    TRY(read_text(top, "id", true, &c->role_id, e));
    TRY(read_text(top, "name", true, &c->session_name, e));
    TRY(read_kind(top, &c->kind, e));
    TRY(read_text(top, "parent", false, &c->parent_key, e));
    TRY(read_text(top, "source", false, &c->source_identity, e));
    TRY(read_text(top, "by", false, &c->issuer_arn, e));
    TRY(read_text(top, "for-key", false, &c->made_for_key, e));
    TRY(read_text(top, "for", false, &c->made_for_arn, e));
    if (!base64_decode(a, secret, &c->sealed_secret))
        return bad(e, "secret");
    c->chained = json_is_true(json_object_get(top, "chained"));
    TRY(read_list(top, "policies", SESSION_MAX_POLICIES, a, &c->policies, &c->n_policies, e));
    TRY(read_list(top, "arns", SESSION_MAX_POLICIES, a, &c->policy_arns, &c->n_policy_arns, e));
    TRY(read_tags(top, a, c, e));
    return judge(c, e);
}

bool session_claims_are_for(const struct session_claims *c, str access_key_id)
{
    return !str_empty(access_key_id) && str_eq(c->access_key_id, access_key_id);
}

/* A clock set back a little (threats R13) must not end sessions that were just given out. */
bool session_claims_are_current(const struct session_claims *c, int64_t now_ms)
{
    return now_ms >= c->issued_ms - SIGV4_SKEW_MS && now_ms < c->expires_ms;
}

str session_arn(const struct session_claims *c, struct arena *a)
{
    str rest = str_from(c->role_arn, 4), partition = str_cut(&rest, ':');
    str name = str_from(c->role_arn, (size_t)(str_rfind(c->role_arn, '/') + 1));

    if (c->kind == SESSION_SELF)
        return c->role_arn;
    if (c->kind == SESSION_FEDERATED)
        return arena_printf(a, "arn:%.*s:sts::%.*s:federated-user/%.*s", FMT(partition), FMT(c->account),
                            FMT(c->session_name));
    return arena_printf(a, "arn:%.*s:sts::%.*s:assumed-role/%.*s/%.*s", FMT(partition), FMT(c->account), FMT(name),
                        FMT(c->session_name));
}

str session_user_id(const struct session_claims *c, struct arena *a)
{
    if (c->kind == SESSION_SELF)
        return c->role_id;
    return arena_printf(a, "%.*s:%.*s", FMT(c->kind == SESSION_FEDERATED ? c->account : c->role_id),
                        FMT(c->session_name));
}
