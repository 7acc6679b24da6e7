/* SPDX-License-Identifier: MIT */
/* Which grants speak for a caller and an action: what kms provides to the gate (rule 10). */
#include "kms_parts.h"

enum { GRANTS_MAX = 500 }; /* of one key for one grantee; beyond, the newest ids by order count for nothing */

bool kms_pairs_within(const struct map_of_str *part, const struct map_of_str *whole)
{
    for (size_t i = 0; i < part->n; i++) {
        bool there = false;
        for (size_t k = 0; k < whole->n; k++)
            there |= str_eq(part->v[i].key, whole->v[k].key) && str_eq(part->v[i].value, whole->v[k].value);
        if (!there)
            return false;
    }
    return true;
}

static bool lists(const struct list_of_str *v, str one)
{
    for (size_t i = 0; i < v->n; i++)
        if (str_eq(v->v[i], one))
            return true;
    return false;
}

bool kms_grant_covers(const struct kms_grant *parent, const struct list_of_str *operations,
                      const struct kms_constraints *constraints)
{
    static const struct kms_constraints none;
    const struct kms_constraints *p = parent->constraints ? parent->constraints : &none;
    const struct kms_constraints *v = constraints ? constraints : &none;

    for (size_t i = 0; i < operations->n; i++)
        if (!lists(&parent->operations, operations->v[i]))
            return false;
    if (p->encryption_context_equals.n)
        return p->encryption_context_equals.n == v->encryption_context_equals.n &&
               kms_pairs_within(&p->encryption_context_equals, &v->encryption_context_equals);
    return kms_pairs_within(&p->encryption_context_subset, &v->encryption_context_equals) ||
           kms_pairs_within(&p->encryption_context_subset, &v->encryption_context_subset);
}

size_t kms_caller_names(struct call *c, str names[2])
{
    const struct caller *who = c->caller;
    size_t n = 0;

    if (who->kind == PRINCIPAL_ANONYMOUS)
        return 0;
    names[n++] = who->arn; /* of the user, the session, the root user; the name of a service */
    if (who->kind == PRINCIPAL_SESSION && !who->federated)
        names[n++] = who->role_arn;
    return n;
}

/* A user or role by its unique id too: a namesake made later has no part in the grant. */
static bool is_caller(const struct call *c, str unique_id)
{
    return !unique_id.n || str_eq(unique_id, c->caller->unique_id);
}

/* Pairs of the grant, in the shape that the evaluator reads. */
static const struct str_pair2 *pairs(struct call *c, const struct map_of_str *from)
{
    struct str_pair2 *v = ARENA_ARRAY(c->arena, struct str_pair2, from->n + 1);

    for (size_t i = 0; i < from->n; i++)
        v[i] = (struct str_pair2){from->v[i].key, from->v[i].value};
    return v;
}

/* Constraints bind the operations that carry an encryption context; the others cannot meet them (AWS says so). */
static struct authz_grant for_evaluator(struct call *c, const struct kms_grant *g, str operation)
{
    struct authz_grant out = {.id = g->grant_id};

    if (!g->constraints || str_eq(operation, S("DescribeKey")) || str_eq(operation, S("RetireGrant")) ||
        str_eq(operation, S("CreateGrant")))
        return out;
    out.n_equals = g->constraints->encryption_context_equals.n;
    out.equals = pairs(c, &g->constraints->encryption_context_equals);
    out.n_subset = g->constraints->encryption_context_subset.n;
    out.subset = pairs(c, &g->constraints->encryption_context_subset);
    return out;
}

/* The grant to be retired speaks for its retiring principal, and for its grantee where it lists RetireGrant. */
static bool may_retire(struct call *c, const struct kms_grant *g)
{
    str names[2];
    size_t n = kms_caller_names(c, names);

    for (size_t i = 0; i < n; i++) {
        if (str_eq(names[i], g->retiring_principal) && is_caller(c, g->retiring_unique_id))
            return true;
        if (str_eq(names[i], g->grantee_principal) && is_caller(c, g->grantee_unique_id) &&
            lists(&g->operations, S("RetireGrant")))
            return true;
    }
    return false;
}

struct asked { /* what is to be allowed */
    const struct kms_key *key;
    str operation;
    const struct kms_create_grant_in *child; /* of CreateGrant: a grant made by right of another is no wider */
};

static bool speaks(const struct call *c, const struct kms_grant *g, const struct asked *q)
{
    return lists(&g->operations, q->operation) && is_caller(c, g->grantee_unique_id) &&
           (!q->child || kms_grant_covers(g, &q->child->operations, q->child->constraints));
}

static res grants_for_use(struct call *c, const struct asked *q, struct authz_grant **out, size_t *n_out)
{
    struct kms_grant_page page[2] = {{0}};
    str names[2];
    size_t n = kms_caller_names(c, names), found = 0;

    for (size_t i = 0; i < n; i++) {
        str of = arena_printf(c->arena, "%.*s %.*s", FMT(q->key->arn), FMT(names[i]));
        TRY(kms_grant_by(c, "grantee", of, q->key->at.account, GRANTS_MAX, &page[i]));
        found += page[i].n;
    }
    if (found == 0)
        return OK;
    *out = ARENA_ARRAY(c->arena, struct authz_grant, found);
    for (size_t i = 0; i < n; i++)
        for (size_t g = 0; g < page[i].n; g++)
            if (speaks(c, page[i].v[g], q))
                (*out)[(*n_out)++] = for_evaluator(c, page[i].v[g], q->operation);
    return OK;
}

res kms_grants_of(struct call *c, const struct resource *r, str action, struct authz_grant **out, size_t *n)
{
    *n = 0;
    *out = NULL;
    if (!str_starts(action, S("kms:")) || !r->subject)
        return OK;
    struct asked q = {.operation = str_from(action, 4)};
    if (r->type == &kms_grant_resource) {
        *out = ARENA_ARRAY(c->arena, struct authz_grant, 1);
        if (may_retire(c, r->subject))
            (*out)[(*n)++] = for_evaluator(c, r->subject, q.operation);
        return OK;
    }
    q.key = r->subject;
    q.child = c->op == &kms_CreateGrant_op ? c->in : NULL;
    return grants_for_use(c, &q, out, n);
}
