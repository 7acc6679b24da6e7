/* SPDX-License-Identifier: MIT */
/* The ladder: what each layer said, by which statement, and for a missing allow the statement that came nearest and
 * the condition that failed it. */
#include "authz/judge.h"

static void add_member(struct buf *out, const char *key, str value)
{
    buf_printf(out, ",\"%s\":", key);
    buf_add_json_str(out, value);
}

static void add_values(struct buf *out, const struct authz_value *v)
{
    if (v->n == 1 && !v->multi) {
        buf_add_json_str(out, v->values[0]);
        return;
    }
    buf_add_char(out, '[');
    for (size_t i = 0; i < v->n; i++) {
        if (i)
            buf_add_char(out, ',');
        buf_add_json_str(out, v->values[i]);
    }
    buf_add_char(out, ']');
}

/* The condition's key and values as they are written in the document, found again by operator and key. */
static void add_written(struct buf *out, str source, str operation, str key)
{
    struct arena *a = arena_new(1 << 20);
    json_t *doc = NULL, *keys, *wanted = NULL;

    if (is_ok(json_parse(a, source, NULL, &doc))) {
        keys = json_object_getn(json_object_get(doc, "Condition"), operation.p, operation.n);
        for (void *k = json_object_iter(keys); k && !wanted; k = json_object_iter_next(keys, k)) {
            str written = str_n(json_object_iter_key(k), json_object_iter_key_len(k));
            if (!str_eq_nocase(written, key))
                continue;
            key = written;
            wanted = json_object_iter_value(k);
        }
    }
    add_member(out, "key", key);
    buf_add(out, S(",\"wanted\":"));
    if (wanted)
        buf_add_json(out, wanted);
    else
        buf_add(out, S("null"));
    arena_free(a);
}

static void add_failed(struct judged *j, struct authz_reason at, struct buf *out)
{
    const struct statement *s = &at.policy->statements[at.statement];
    size_t failed;
    struct buf name;

    j->v.steps = EVAL_STEPS;
    if (statement_conditions(&j->v, at.policy, s, &failed))
        return;
    const struct condition *c = &at.policy->conditions[failed];
    str key = policy_span(at.policy, c->key);
    const struct authz_value *have = eval_value(&j->v, key, c->key_hash);
    buf_init(&name, 80);
    add_operator_name(c, &name);
    buf_add(out, S(",\"failed\":{\"operator\":"));
    buf_add_json_str(out, buf_str(&name));
    add_written(out, policy_span(at.policy, s->source), buf_str(&name), key);
    buf_add(out, S(",\"actual\":"));
    if (have)
        add_values(out, have);
    else
        buf_add(out, S("null"));
    buf_add_char(out, '}');
    buf_done(&name);
}

static void add_reason(struct judged *j, struct authz_reason at, bool nearest, struct buf *out)
{
    if (!at.policy)
        return;
    str sid = policy_sid(at.policy, at.statement);
    add_member(out, "policy", policy_name(at.policy));
    if (str_is(sid))
        add_member(out, "sid", sid);
    buf_printf(out, ",\"index\":%zu,\"statement\":", at.statement);
    buf_add(out, policy_span(at.policy, at.policy->statements[at.statement].source));
    if (nearest)
        add_failed(j, at, out);
}

static bool consulted(const struct judged *j, enum layer layer)
{
    const struct authz_layers *l = j->v.l;

    switch (layer) {
    case LAYER_RCP:
        return j->rcps_apply;
    case LAYER_SCP:
        return j->scps_apply;
    case LAYER_ENDPOINT:
        return l->endpoints.n > 0;
    case LAYER_RESOURCE:
        return l->resource != NULL || j->key || j->trust;
    case LAYER_IDENTITY:
        return j->person;
    case LAYER_BOUNDARY:
        return j->person && l->boundary;
    case LAYER_SESSION:
        return j->person && (l->session.n || l->session_passed);
    default:
        return false;
    }
}

static struct authz_reason first_allow(const struct scan *s)
{
    for (unsigned n = 0; n < NAMINGS; n++)
        if (s->allow[n].policy)
            return s->allow[n];
    return (struct authz_reason){NULL, 0};
}

static void add_layer(struct judged *j, enum layer layer, struct buf *out)
{
    const struct scan *s = &j->scan[layer];
    enum verdict v = s->denied ? DENIED_EXPLICITLY : s->allowed ? ALLOWED : DENIED_IMPLICITLY;

    buf_printf(out, "{\"layer\":\"%s\",\"verdict\":\"%s\"", authz_layer_name(judge_layer(j, layer)),
               authz_verdict_name(v));
    if (v == DENIED_EXPLICITLY)
        add_reason(j, s->deny, false, out);
    else if (v == ALLOWED)
        add_reason(j, first_allow(s), false, out);
    else
        add_reason(j, s->near, true, out);
    buf_add_char(out, '}');
}

static void add_context(const struct authz_request *r, struct buf *out)
{
    buf_add_char(out, '{');
    for (size_t i = 0; i < r->n_context; i++) {
        if (i)
            buf_add_char(out, ',');
        buf_add_json_str(out, r->context[i].key);
        buf_add_char(out, ':');
        add_values(out, &r->context[i]);
    }
    buf_add_char(out, '}');
}

void authz_explain(const struct authz_request *r, const struct authz_layers *l, struct buf *out)
{
    struct judged j;
    struct decision d = judge(&j, r, l, true);
    bool first = true;

    buf_printf(out, "{\"decision\":\"%s\",\"by\":\"%s\"", authz_verdict_name(d.verdict), authz_layer_name(d.by));
    add_reason(&j, d.reason, d.verdict == DENIED_IMPLICITLY, out);
    buf_add(out, S(",\"layers\":["));
    for (unsigned i = 0; j.valid && judge_order(i) != LAYER_NONE; i++) {
        if (!consulted(&j, judge_order(i)))
            continue;
        if (!first)
            buf_add_char(out, ',');
        first = false;
        add_layer(&j, judge_order(i), out);
    }
    buf_add(out, S("],\"context\":"));
    add_context(r, out);
    buf_add_char(out, '}');
}
