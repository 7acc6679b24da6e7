/* SPDX-License-Identifier: MIT */
/* The ladder: what each layer said, by which statement, and for a missing allow the statement that came nearest. */
#include "authz/explain.h"
#include "base/json.h"

struct rung { /* a layer's say */
    enum layer layer;
    enum verdict verdict;
    struct authz_reason at;
    size_t level; /* of SCPs and RCPs, from 1; 0: does not matter */
};

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

/* The level from which a denying policy comes. */
static size_t level_of(struct policy_levels levels, const struct policy *p)
{
    for (size_t i = 0; i < levels.n; i++)
        for (size_t k = 0; k < levels.v[i].n; k++)
            if (levels.v[i].v[k] == p)
                return i + 1;
    return 0;
}

/* Every level of SCPs allows, each by a statement of its own; the account's stands for them. */
static struct authz_reason last_allow(struct judged *j, struct policy_levels levels)
{
    struct scan level = {0};

    for (size_t k = 0; levels.n && k < levels.v[levels.n - 1].n; k++)
        scan_policy(&j->v, levels.v[levels.n - 1].v[k], &level);
    return judge_narrowest(&level, level.allowed);
}

static struct rung climb(struct judged *j, enum layer layer)
{
    const struct scan *s = &j->scan[layer];
    struct rung r = {.layer = layer};

    r.verdict = s->denied ? DENIED_EXPLICITLY : s->allowed ? ALLOWED : DENIED_IMPLICITLY;
    if (r.verdict == DENIED_IMPLICITLY)
        r.at = explain_nearest(j, layer, &r.level);
    else
        r.at = r.verdict == ALLOWED ? judge_narrowest(s, s->allowed) : s->deny;
    if (r.verdict == ALLOWED && layer == LAYER_SCP)
        r.at = last_allow(j, j->v.l->scps);
    if (r.verdict == DENIED_EXPLICITLY && (layer == LAYER_SCP || layer == LAYER_RCP))
        r.level = level_of(layer == LAYER_SCP ? j->v.l->scps : j->v.l->rcps, r.at.policy);
    return r;
}

static void add_reason(struct judged *j, struct authz_reason at, bool nearest, struct buf *out)
{
    if (!at.policy)
        return;
    str sid = policy_sid(at.policy, at.statement);
    explain_member(out, "policy", policy_name(at.policy));
    if (str_is(sid))
        explain_member(out, "sid", sid);
    buf_printf(out, ",\"index\":%zu,\"statement\":", at.statement);
    buf_add(out, policy_span(at.policy, policy_statement(at.policy, at.statement)->source));
    if (nearest)
        explain_failed(j, at, out);
}

/* By which of its names, one at least, a resource policy allows the caller: an account that is named only delegates
 * (rule 9). */
static void add_names(const struct judged *j, struct buf *out)
{
    static const char *const names[NAMINGS] = {"account", "role", "user", "session", "any", "service"};
    unsigned mask = j->scan[LAYER_RESOURCE].allowed;
    const char *sep = ",\"names\":[";

    for (unsigned n = 0; n < NAMINGS; n++) {
        if (!(mask & 1u << n))
            continue;
        buf_printf(out, "%s\"%s\"", sep, names[n]);
        sep = ",";
    }
    buf_add_char(out, ']');
}

static void add_rung(struct judged *j, const struct rung *r, struct buf *out)
{
    buf_printf(out, "{\"layer\":\"%s\",\"verdict\":\"%s\"", authz_layer_name(judge_layer(j, r->layer)),
               authz_verdict_name(r->verdict));
    if (r->level)
        buf_printf(out, ",\"level\":%zu", r->level);
    if (r->layer == LAYER_RESOURCE && r->verdict == ALLOWED)
        add_names(j, out);
    add_reason(j, r->at, r->verdict == DENIED_IMPLICITLY, out);
    buf_add_char(out, '}');
}

static void add_grant(const struct judged *j, struct buf *out)
{
    const struct authz_grant *g = judge_granted(j);

    buf_printf(out, "{\"layer\":\"grant\",\"verdict\":\"%s\"", authz_verdict_name(g ? ALLOWED : DENIED_IMPLICITLY));
    if (g)
        explain_member(out, "grant", g->id);
    buf_add_char(out, '}');
}

/* Every value that the request has for the key, also where it brought the key twice (two tags of one name). */
static void add_all_values(const struct authz_value *v, size_t n, str key, struct buf *out)
{
    const char *sep = "[";

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; str_eq(v[i].key, key) && k < v[i].n; k++) {
            buf_add_z(out, sep);
            buf_add_json_str(out, v[i].values[k]);
            sep = ",";
        }
    buf_add_z(out, *sep == '[' ? "[]" : "]");
}

static size_t same_key_from(const struct authz_value *v, size_t from, size_t to, str key)
{
    while (from < to && (v[from].key.n != key.n || !str_eq(v[from].key, key)))
        from++;
    return from;
}

void authz_context_json(const struct authz_value *v, size_t n, struct buf *out)
{
    const char *sep = "{";

    for (size_t i = 0; i < n; i++) {
        if (same_key_from(v, 0, i, v[i].key) < i)
            continue;
        buf_add_z(out, sep);
        buf_add_json_str(out, v[i].key);
        buf_add_char(out, ':');
        if (same_key_from(v, i + 1, n, v[i].key) < n)
            add_all_values(v, n, v[i].key, out);
        else
            explain_values(out, &v[i]);
        sep = ",";
    }
    buf_add_z(out, *sep == '{' ? "{}" : "}");
}

static void add_decision(struct judged *j, const struct decision *d, const struct rung *rungs, size_t n,
                         struct buf *out)
{
    struct authz_reason at = d->reason;

    buf_printf(out, "{\"decision\":\"%s\",\"by\":\"%s\"", authz_verdict_name(d->verdict), authz_layer_name(d->by));
    for (size_t i = 0; d->verdict == DENIED_IMPLICITLY && i < n; i++)
        if (judge_layer(j, rungs[i].layer) == d->by)
            at = rungs[i].at;
    if (d->verdict == ALLOWED && d->by == LAYER_GRANT && judge_granted(j))
        explain_member(out, "grant", judge_granted(j)->id);
    add_reason(j, at, d->verdict == DENIED_IMPLICITLY, out);
}

void authz_explain(const struct authz_request *r, const struct authz_layers *l, struct buf *out)
{
    struct rung rungs[LAYER_ENDPOINT + 1];
    struct judged j;
    struct decision d = judge(&j, r, l, true);
    size_t n = 0;

    j.v.steps = EVAL_STEPS_ALL; /* one more budget for what is said about it */
    for (unsigned i = 0; j.valid && judge_order(i) != LAYER_NONE; i++)
        if (consulted(&j, judge_order(i)))
            rungs[n++] = climb(&j, judge_order(i));
    add_decision(&j, &d, rungs, n, out);
    buf_add(out, S(",\"layers\":["));
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_char(out, ',');
        add_rung(&j, &rungs[i], out);
    }
    if (j.valid && j.key && l->n_grants) { /* beside the key's policy, which is always on the ladder */
        buf_add_char(out, ',');
        add_grant(&j, out);
    }
    buf_add(out, S("],\"context\":"));
    authz_context_json(r->context, r->n_context, out);
    buf_add_char(out, '}');
}
