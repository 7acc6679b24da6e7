/* SPDX-License-Identifier: MIT */
/* Which allow came nearest where none was met, and what failed it: elements that do not match, a condition that does
 * not hold. For explanations only; nothing here decides. */
#include "authz/explain.h"
#include "base/json.h"

void explain_member(struct buf *out, const char *key, str value)
{
    buf_printf(out, ",\"%s\":", key);
    buf_add_json_str(out, value);
}

void explain_values(struct buf *out, const struct authz_value *v)
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

/* An action that fits counts more than a resource, that more than a principal, that more than conditions: the order in
 * which a reader looks. */
static void look_at(struct judged *j, const struct policy *p, struct authz_reason *best, unsigned *most)
{
    for (size_t i = 0; p && i < p->n_statements; i++) {
        const struct statement *s = policy_statement(p, i);
        if (s->flags & ST_DENY)
            continue;
        unsigned fits = statement_fits(&j->v, p, s);
        if (j->v.steps == 0)
            return;
        if (!best->policy || fits > *most) {
            *best = (struct authz_reason){p, i};
            *most = fits;
        }
    }
}

static struct authz_reason nearest_of(struct judged *j, const struct policy *const *v, size_t n)
{
    struct authz_reason best = {NULL, 0};
    unsigned most = 0;

    for (size_t i = 0; i < n; i++)
        look_at(j, v[i], &best, &most);
    return best;
}

/* The first level that lacks an allow of its own, or n. */
static size_t lacking_level(struct judged *j, struct policy_levels levels)
{
    for (size_t i = 0; i < levels.n; i++) {
        struct scan level = {0};
        for (size_t k = 0; k < levels.v[i].n; k++)
            scan_policy(&j->v, levels.v[i].v[k], &level);
        if (!level.allowed)
            return i;
    }
    return levels.n;
}

struct authz_reason explain_nearest(struct judged *j, enum layer layer, size_t *level)
{
    const struct authz_layers *l = j->v.l;
    size_t at;

    switch (layer) {
    case LAYER_SCP:
        at = lacking_level(j, l->scps);
        if (at == l->scps.n)
            break;
        *level = at + 1;
        return nearest_of(j, l->scps.v[at].v, l->scps.v[at].n);
    case LAYER_ENDPOINT:
        return nearest_of(j, l->endpoints.v, l->endpoints.n);
    case LAYER_RESOURCE:
    case LAYER_TRUST:
        return nearest_of(j, &l->resource, 1);
    case LAYER_IDENTITY:
        return nearest_of(j, l->identity.v, l->identity.n);
    case LAYER_BOUNDARY:
        return nearest_of(j, &l->boundary, 1);
    case LAYER_SESSION:
        return nearest_of(j, l->session.v, l->session.n);
    default:
        break;
    }
    return (struct authz_reason){NULL, 0};
}

/* ---- what failed it, in the document's own words ---- */

static void add_element(struct buf *out, const json_t *statement, const char *name, str actual, bool *first)
{
    char negated[32];
    const json_t *wanted = json_object_get(statement, name);

    if (!wanted) {
        str_to_z(S("Not"), negated, sizeof negated);
        str_to_z(str_z(name), negated + 3, sizeof negated - 3);
        name = negated;
        wanted = json_object_get(statement, name);
    }
    buf_printf(out, "%s{\"element\":\"%s\",\"wanted\":", *first ? "" : ",", name);
    if (wanted)
        buf_add_json(out, wanted);
    else
        buf_add_z(out, "null");
    explain_member(out, "actual", actual);
    buf_add_char(out, '}');
    *first = false;
}

static void add_missed(struct judged *j, const json_t *statement, unsigned fits, struct buf *out)
{
    const struct authz_request *r = j->v.r;
    bool first = true;

    if ((fits | FITS_CONDITIONS) == (FITS_ACTION | FITS_RESOURCE | FITS_PRINCIPAL | FITS_CONDITIONS))
        return;
    buf_add_z(out, ",\"missed\":[");
    if (!(fits & FITS_ACTION))
        add_element(out, statement, "Action", r->action, &first);
    if (!(fits & FITS_RESOURCE))
        add_element(out, statement, "Resource", r->resource, &first);
    if (!(fits & FITS_PRINCIPAL))
        add_element(out, statement, "Principal", r->principal.n ? r->principal : S("anonymous"), &first);
    buf_add_char(out, ']');
}

/* The condition's key and values as they are written in the document, found again by operator and key. */
static void add_written(struct buf *out, const json_t *statement, str operation, str key)
{
    json_t *keys = json_object_getn(json_object_get(statement, "Condition"), operation.p, operation.n), *wanted = NULL;

    for (void *k = json_object_iter(keys); k && !wanted; k = json_object_iter_next(keys, k)) {
        str written = str_n(json_object_iter_key(k), json_object_iter_key_len(k));
        if (!str_eq_nocase(written, key))
            continue;
        key = written;
        wanted = json_object_iter_value(k);
    }
    explain_member(out, "key", key);
    buf_add(out, S(",\"wanted\":"));
    if (wanted)
        buf_add_json(out, wanted);
    else
        buf_add(out, S("null"));
}

static void add_condition(struct judged *j, struct authz_reason at, const json_t *statement, struct buf *out)
{
    const struct statement *s = policy_statement(at.policy, at.statement);
    size_t failed;
    struct buf name;

    if (statement_conditions(&j->v, at.policy, s, &failed))
        return;
    const struct condition *c = policy_condition(at.policy, failed);
    str key = policy_span(at.policy, c->key);
    const struct authz_value *have = eval_value(&j->v, key, c->key_hash);
    buf_init(&name, 80);
    add_operator_name(c, &name);
    buf_add(out, S(",\"failed\":{\"operator\":"));
    buf_add_json_str(out, buf_str(&name));
    add_written(out, statement, buf_str(&name), key);
    buf_add(out, S(",\"actual\":"));
    if (have)
        explain_values(out, have);
    else
        buf_add(out, S("null"));
    buf_add_char(out, '}');
    buf_done(&name);
}

void explain_failed(struct judged *j, struct authz_reason at, struct buf *out)
{
    struct arena *a = arena_new(1 << 20);
    json_t *statement = NULL;
    const struct statement *s = policy_statement(at.policy, at.statement);

    if (is_ok(json_parse(a, policy_span(at.policy, s->source), NULL, &statement))) {
        add_missed(j, statement, statement_fits(&j->v, at.policy, s), out);
        add_condition(j, at, statement, out);
    }
    arena_free(a);
}
