/* SPDX-License-Identifier: MIT */
/* What a stack keeps that may be secret: what NoEcho parameters hold, what functions answered, and the properties of
 * resources, which are made of both. It lies sealed under a key of the stack's own that vault alone opens. A stack
 * without any of these has no key, and pays nothing. */
#include "api/sealed.h"
#include "base/enc.h"
#include "cfn_secrets.h"
#include "crypto/random.h"

enum { KEY_BYTES = 32, TELLING_BYTES = 4 /* shorter texts are in every sentence, and no secrets */ };

static const char purpose[] = "cloudformation-key";

/* ---- the key ---- */

static bool may_hold_secrets(const struct template *t)
{
    bool may = false;

    for (size_t i = 0; i < t->n_parameters; i++)
        may |= t->parameters[i].no_echo;
    for (size_t i = 0; i < t->n_resources && !may; i++) {
        const struct cfn_type *type = cfn_type_find(t->resources[i].type);
        may = type && type->custom; /* only its answer says whether it is secret */
    }
    return may;
}

res cfn_give_key(struct call *c, struct cloudformation_stack *s, const struct template *t)
{
    uint8_t *key;

    if (s->secrets_key.n || !may_hold_secrets(t))
        return OK;
    key = arena_alloc(c->secrets, KEY_BYTES);
    random_bytes(key, KEY_BYTES);
    return vault_wrap(call_vault(c), str_z(purpose), s->stack_id, str_n((const char *)key, KEY_BYTES), c->arena,
                      &s->secrets_key, &c->err);
}

/* Asks vault when the first of several texts needs it: *key begins absent. */
static res key_of(struct call *c, const struct cloudformation_stack *s, str *key)
{
    if (str_is(*key))
        return OK;
    return vault_unwrap(call_vault(c), str_z(purpose), s->stack_id, s->secrets_key, c->secrets, key, &c->err);
}

/* ---- texts: sealed they are JSON strings, which no document that is kept here is otherwise ---- */

static bool is_sealed(str text)
{
    return str_starts(text, S("\""));
}

static str place_of(struct call *c, const struct cloudformation_stack *s, str name)
{
    return arena_printf(c->arena, "%.*s/%.*s", FMT(s->stack_id), FMT(name));
}

static res seal(struct call *c, const struct cloudformation_stack *s, str name, str *key, str *text)
{
    if (!s->secrets_key.n || !str_is(*text) || is_sealed(*text))
        return OK;
    TRY(key_of(c, s, key));
    str sealed = base64_encode(c->arena, sealed_make(c->arena, *key, place_of(c, s, name), *text));
    *text = arena_cat(c->arena, arena_cat(c->arena, S("\""), sealed), S("\""));
    return OK;
}

static res open(struct call *c, const struct cloudformation_stack *s, str name, str *key, str text, str *out)
{
    str bytes;

    *out = text;
    if (!is_sealed(text))
        return OK;
    TRY(key_of(c, s, key));
    if (!base64_decode(c->arena, str_sub(text, 1, text.n - 2), &bytes) ||
        !sealed_open(c->secrets, *key, place_of(c, s, name), bytes, out))
        return oops(&c->err, 0, "what %.*s keeps of %.*s does not open", FMT(s->stack_id), FMT(name));
    return OK;
}

/* ---- parameters ---- */

res cfn_seal_parameter(struct call *c, const struct cloudformation_stack *s, struct cloudformation_kept_parameter *p)
{
    str key = STR_ABSENT;
    json_t *both;

    if (!p->no_echo.v)
        return OK;
    both = cfn_own(c->arena, json_object());
    json_object_set_new(both, "text", json_of(p->text));
    json_object_set_new(both, "value", str_is(p->value) ? json_of(p->value) : json_null());
    p->sealed = cfn_dump(c->arena, both);
    TRY(seal(c, s, p->key, &key, &p->sealed));
    p->text = p->value = STR_ABSENT;
    return OK;
}

static res open_parameter(struct call *c, const struct cloudformation_stack *s,
                          const struct cloudformation_kept_parameter *p, str *key, str *text, str *value)
{
    json_t *both;
    str opened;

    *text = p->text;
    *value = p->value;
    if (!p->sealed.n)
        return OK;
    TRY(open(c, s, p->key, key, p->sealed, &opened));
    TRY(json_parse(c->arena, opened, &c->err, &both));
    *text = json_str_at(both, "text");
    *value = json_str_at(both, "value");
    return OK;
}

res cfn_open_parameter(struct call *c, const struct cloudformation_stack *s,
                       const struct cloudformation_kept_parameter *p, str *text, str *value)
{
    str key = STR_ABSENT;

    return open_parameter(c, s, p, &key, text, value);
}

/* ---- resources ---- */

res cfn_open_resource(struct call *c, const struct cloudformation_stack *s, const struct cloudformation_resource *r,
                      json_t **props, json_t **kept)
{
    str text, key = STR_ABSENT;

    TRY(open(c, s, r->logical_resource_id, &key, r->properties, &text));
    TRY(json_parse(c->arena, text.n ? text : S("{}"), &c->err, props));
    TRY(open(c, s, r->logical_resource_id, &key, r->kept, &text));
    return json_parse(c->arena, text.n ? text : S("{}"), &c->err, kept);
}

res cfn_open_response(struct call *c, const struct cloudformation_stack *s, const struct cloudformation_resource *r,
                      str *response)
{
    str key = STR_ABSENT;

    return open(c, s, r->logical_resource_id, &key, r->response, response);
}

res cfn_save_resource(struct call *c, const struct cloudformation_stack *s, struct cloudformation_resource *r)
{
    str *const texts[] = {&r->properties, &r->old_properties, &r->kept, &r->response};
    str key = STR_ABSENT;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        TRY(seal(c, s, r->logical_resource_id, &key, texts[i]));
    return cloudformation_resource_save(c, r);
}

/* ---- what is not to be shown ---- */

static void mask(struct call *c, struct cfn_masks *m, str secret)
{
    for (size_t i = 0; i < m->n; i++)
        if (str_eq(m->v[i], secret))
            return;
    if (!secret.n)
        return;
    str *v = ARENA_ARRAY(c->arena, str, m->n + 1);
    for (size_t i = 0; i < m->n; i++)
        v[i] = m->v[i];
    v[m->n++] = secret;
    m->v = v;
}

static res mask_parameters(struct call *c, const struct cloudformation_stack *s, const struct cloudformation_version *v,
                           str *key, struct cfn_masks *m)
{
    for (size_t i = 0; v && i < v->parameters.n; i++) {
        str text, value;
        json_t *tree = NULL, *one;
        size_t k;
        if (!v->parameters.v[i].no_echo.v)
            continue;
        TRY(open_parameter(c, s, &v->parameters.v[i], key, &text, &value));
        mask(c, m, text);
        if (str_is(value))
            TRY(json_parse(c->arena, value, &c->err, &tree));
        mask(c, m, json_str(tree));
        json_array_foreach(tree, k, one) mask(c, m, json_str(one));
    }
    return OK;
}

/* Of both versions: what is deleted at the clean-up, or changed back, was made with the other one's. */
res cfn_masks_of(struct call *c, const struct cloudformation_stack *s, struct cfn_masks *out)
{
    str key = STR_ABSENT;

    *out = (struct cfn_masks){0};
    TRY(mask_parameters(c, s, s->now, &key, out));
    TRY(mask_parameters(c, s, s->before, &key, out));
    for (size_t i = 0; i < s->hidden.n; i++) {
        str text;
        TRY(open(c, s, S("answers"), &key, s->hidden.v[i], &text));
        mask(c, out, text);
    }
    return OK;
}

res cfn_hide(struct call *c, struct cloudformation_stack *s, struct cfn_masks *m, str secret)
{
    size_t before = m->n;
    str key = STR_ABSENT;

    mask(c, m, secret);
    if (m->n == before)
        return OK;
    str *v = ARENA_ARRAY(c->arena, str, s->hidden.n + 1);
    for (size_t i = 0; i < s->hidden.n; i++)
        v[i] = s->hidden.v[i];
    v[s->hidden.n] = secret;
    TRY(seal(c, s, S("answers"), &key, &v[s->hidden.n++]));
    s->hidden.v = v;
    return OK;
}

static str masked(struct arena *a, str text, str secret)
{
    struct buf b;
    ptrdiff_t at = str_search(text, secret);

    if (at < 0)
        return text;
    buf_init(&b, 4 << 20);
    for (; at >= 0; at = str_search(text, secret)) {
        buf_add(&b, str_sub(text, 0, (size_t)at));
        buf_add_z(&b, "****");
        text = str_from(text, (size_t)at + secret.n);
    }
    buf_add(&b, text);
    str out = b.full ? STR_ABSENT : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

str cfn_told(struct call *c, const struct cfn_masks *m, str reason)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->v[i].n >= TELLING_BYTES)
            reason = masked(c->arena, reason, m->v[i]);
    return reason;
}

static json_t *veiled(struct call *c, const struct cfn_masks *m, const json_t *v)
{
    const char *key;
    json_t *out, *one;
    size_t i;

    if (json_is_object(v)) {
        out = json_object();
        json_object_foreach((json_t *)v, key, one) json_object_set_new(out, key, veiled(c, m, one));
        return out;
    }
    if (json_is_array(v)) {
        out = json_array();
        json_array_foreach(v, i, one) json_array_append_new(out, veiled(c, m, one));
        return out;
    }
    if (!json_is_string(v))
        return json_incref((json_t *)v);
    for (i = 0; i < m->n; i++)
        if (str_eq(json_str(v), m->v[i]))
            return json_string("****");
    return json_of(cfn_told(c, m, json_str(v)));
}

str cfn_shown(struct call *c, const struct cfn_masks *m, const json_t *props)
{
    return cfn_dump(c->arena, m->n && props ? cfn_own(c->arena, veiled(c, m, props)) : props);
}
