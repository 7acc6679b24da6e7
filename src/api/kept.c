/* SPDX-License-Identifier: MIT */
/* What is the same for every request until the law changes: principals with their policies, guardrails, roles that are
 * handed on, policies of endpoints. Each is made once per thread and law generation, by its provider. */
#include "api/kept.h"

#include "api/house.h"
#include "authz/index.h"

/* Fills what has been made ready, zeroed, at `out`; *keep is false where it must not be kept. */
typedef res make_kept(struct call *c, str name, void *out, bool *keep);

/* Mostly it is the one that the last request asked for. */
static void *find(struct kept *k, str name)
{
    if (!k->last || !str_eq(k->last->name, name))
        k->last = map_find(&k->by_name, name);
    return k->last ? k->last->made : NULL;
}

static void put(struct kept *k, struct arena *law, str name, void *made)
{
    struct kept_entry *e = ARENA_NEW(law, struct kept_entry);

    *e = (struct kept_entry){arena_dup(law, name), made};
    map_put(&k->by_name, e->name, e);
}

static res kept_by_law(struct call *c, struct kept *k, str name, size_t size, make_kept *make, void **out)
{
    struct arena *mine = c->arena, *law = c->worker->law_arena;
    bool keep = worker_cache_holds(c);

    *out = keep ? find(k, name) : NULL;
    if (*out)
        return OK;
    if (keep)
        c->arena = law; /* what the provider makes must live as long as the entry */
    *out = arena_alloc(c->arena, size);
    res why = make(c, name, *out, &keep);
    c->arena = mine;
    if (is_ok(why) && keep)
        put(k, law, name, *out);
    return why;
}

static void forget_index(void *x)
{
    policy_index_free(x);
}

const struct policy_index *gate_index(struct call *c, struct policy_set set)
{
    if (c->arena != c->worker->law_arena)
        return NULL;
    struct policy_index *x = policy_index_make(set, INDEX_LEAST);
    if (x)
        arena_defer(c->arena, forget_index, x);
    return x;
}

/* ---- what is kept ---- */

/* What makes a role service-linked is its path, on which iam lets nobody else make one. */
static bool is_service_linked(const struct caller *who)
{
    str path = str_behind(who->role_arn, ':', 5); /* it may hold colons of its own */

    return who->kind == PRINCIPAL_SESSION && str_starts(path, S("role/aws-service-role/"));
}

static res make_principal(struct call *c, str name, void *out, bool *keep)
{
    struct principal_policies *p = out;

    (void)name;
    (void)keep;
    TRY(providers.principal_policies(c, c->caller, p));
    p->service_linked = is_service_linked(c->caller);
    p->index = gate_index(c, (struct policy_set){.v = p->identity, .n = p->n_identity});
    return OK;
}

res kept_principal(struct call *c, const struct principal_policies **out)
{
    static const struct principal_policies nothing;
    enum principal_kind kind = c->caller->kind;
    void *made;

    *out = &nothing;
    if ((kind != PRINCIPAL_USER && kind != PRINCIPAL_SESSION) || !providers.principal_policies)
        return OK;
    TRY(kept_by_law(c, &c->worker->principals, c->caller->unique_id, sizeof **out, make_principal, &made));
    *out = made;
    return OK;
}

static res make_guardrails(struct call *c, str name, void *out, bool *keep)
{
    (void)keep;
    return providers.guardrails(c, name, out);
}

res guardrails_get(struct call *c, str account, const struct guardrails **out)
{
    static const struct guardrails nothing;
    void *made;

    *out = &nothing;
    if (!providers.guardrails || !account.n)
        return OK;
    TRY(kept_by_law(c, &c->worker->guardrails, account, sizeof **out, make_guardrails, &made));
    *out = made;
    return OK;
}

static res make_role(struct call *c, str name, void *out, bool *keep)
{
    struct role_facts *role = out;

    TRY(providers.role(c, name, role));
    *keep = *keep && role->found; /* names of what does not exist come from clients, and have no end */
    return OK;
}

res kept_role(struct call *c, str arn, const struct role_facts **out)
{
    static const struct role_facts nothing;
    void *made;

    *out = &nothing;
    if (!providers.role)
        return OK;
    TRY(kept_by_law(c, &c->worker->roles, arn, sizeof **out, make_role, &made));
    *out = made;
    return OK;
}

static res make_endpoint(struct call *c, str name, void *out, bool *keep)
{
    struct endpoint_law *law = out;
    str text = STR_ABSENT;

    (void)keep;
    if (providers.endpoint_policy)
        TRY(providers.endpoint_policy(c, name, &text));
    if (!text.n)
        return OK;
    TRY(worker_policy(c->worker, text, POLICY_ENDPOINT, name, &law->one[0], &c->err));
    law->n = 1;
    return OK;
}

res kept_endpoint(struct call *c, str vpce_id, const struct endpoint_law **out)
{
    void *made;

    TRY(kept_by_law(c, &c->worker->endpoints, vpce_id, sizeof **out, make_endpoint, &made));
    *out = made;
    return OK;
}
