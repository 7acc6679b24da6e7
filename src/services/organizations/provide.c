/* SPDX-License-Identifier: MIT */
/* What organizations hands to the gate: what binds an account (rules 15, 16), and where it hangs. The gate keeps the
 * answer until the law changes. */
#include "api/gate.h"
#include "api/house.h"
#include "organizations_parts.h"

static res compile_level(struct call *c, const struct org_node *node, enum org_type t, struct policy_set *out)
{
    struct list_of_str attached = organizations_attached(c, node, t);
    const struct policy **v = ARENA_ARRAY(c->arena, const struct policy *, attached.n + 1);
    enum policy_kind kind = t == ORG_SCP ? POLICY_SCP : POLICY_RCP;

    for (size_t i = 0; i < attached.n; i++) {
        struct organizations_policy *p;
        TRY(organizations_policy_get(c, attached.v[i], &p));
        if (!p) /* it cannot be deleted while attached; a store that lost it must not forget what it denied */
            return oops(&c->err, 0, "the attached policy %.*s is gone", FMT(attached.v[i]));
        TRY(worker_policy(c->worker, p->content, kind, organizations_policy_arn(c, p), &v[i], &c->err));
    }
    *out = (struct policy_set){.v = v, .n = attached.n};
    out->index = gate_index(c, *out);
    return OK;
}

static res compile(struct call *c, const struct org_chain *chain, enum org_type t, struct policy_levels *out)
{
    struct policy_set *levels = ARENA_ARRAY(c->arena, struct policy_set, chain->n);

    for (size_t i = 0; i < chain->n; i++)
        TRY(compile_level(c, &chain->v[i], t, &levels[i]));
    *out = (struct policy_levels){levels, chain->n};
    return OK;
}

/* An account that the house does not know is bound by a level that allows nothing: keys of such an account cannot be.
 */
static res unknown(struct call *c, struct guardrails *out)
{
    out->scps = (struct policy_levels){ARENA_ARRAY(c->arena, struct policy_set, 1), 1};
    return OK;
}

res organizations_guardrails(struct call *c, str account, struct guardrails *out)
{
    struct organizations_account *a;
    struct organizations_root *root;
    struct org_node node;
    struct org_chain chain;
    bool found;

    *out = (struct guardrails){.management = str_eq(account, organizations_management(c))};
    if (out->management)
        out->org_path =
            arena_printf(c->arena, "%.*s/%.*s/", FMT(c->worker->house->org_id), FMT(organizations_root_id(c)));
    TRY(organizations_account_load(c, organizations_management(c), account, &a));
    if (!a)
        return out->management ? OK : unknown(c, out); /* `barmkin init` is about to make it */
    out->suspended = !str_eq(a->status, S("ACTIVE"));
    TRY(organizations_node(c, account, &node, &found));
    if (!found)
        return OK; /* it has left the organization */
    TRY(organizations_chain(c, &node, &chain));
    TRY(organizations_root(c, &root));
    out->org_path = organizations_path(c, &chain);
    if (out->management)
        return OK;
    if (organizations_enabled(root, ORG_SCP))
        TRY(compile(c, &chain, ORG_SCP, &out->scps));
    if (organizations_enabled(root, ORG_RCP))
        TRY(compile(c, &chain, ORG_RCP, &out->rcps));
    return OK;
}
