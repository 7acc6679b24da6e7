/* SPDX-License-Identifier: MIT */
/* In whose name a stack's calls are made. An operation outlives its request, so what the request proved is kept; what
 * it may do is judged anew with every call, and it ends with the key, the user, the role or the session it came from.
 */
#include "api/gate.h"
#include "cfn_parts.h"

static struct cloudformation_tag_list keep_tags(struct call *c, const struct caller *who)
{
    struct cloudformation_tag *v = ARENA_ARRAY(c->arena, struct cloudformation_tag, who->n_session_tags + 1);

    for (size_t i = 0; i < who->n_session_tags; i++)
        v[i] = (struct cloudformation_tag){who->session_tags[i].key, who->session_tags[i].value};
    return (struct cloudformation_tag_list){who->n_session_tags, v};
}

struct cloudformation_kept_caller *cfn_keep_caller(struct call *c, const struct caller *who)
{
    struct cloudformation_kept_caller *k = ARENA_NEW(c->arena, struct cloudformation_kept_caller);

    *k = (struct cloudformation_kept_caller){
        .kind = SET_INT(who->kind),
        .account = who->account,
        .arn = who->arn,
        .role_arn = who->role_arn,
        .unique_id = who->unique_id,
        .user_id = who->user_id,
        .name = who->name,
        .access_key_id = who->access_key_id,
        .parent_key = who->parent_key,
        .issued_ms = SET_INT(who->issued_ms),
        .expires_ms = SET_INT(who->expires_ms),
        .federated = SET_BOOL(who->federated),
        .session_policies_passed = SET_BOOL(who->session_policies_passed),
        .session_policies = {who->n_session_policies, (str *)who->session_policies},
        .session_policy_arns = {who->n_session_policy_arns, (str *)who->session_policy_arns},
        .session_tags = keep_tags(c, who),
        .transitive = SET_INT((int64_t)who->n_transitive),
        .source_identity = who->source_identity,
        .called_via = {who->n_called_via, (str *)who->called_via},
        .made_for_key = who->made_for.key,
        .made_for = who->made_for.value};
    return k;
}

static struct caller restored(struct call *c, const struct cloudformation_kept_caller *k)
{
    struct str_pair *tags = ARENA_ARRAY(c->arena, struct str_pair, k->session_tags.n + 1);

    for (size_t i = 0; i < k->session_tags.n; i++)
        tags[i] = (struct str_pair){k->session_tags.v[i].key, k->session_tags.v[i].value};
    return (struct caller){.kind = (enum principal_kind)k->kind.v,
                           .account = k->account,
                           .arn = k->arn,
                           .role_arn = k->role_arn,
                           .unique_id = k->unique_id,
                           .user_id = k->user_id,
                           .name = k->name,
                           .access_key_id = k->access_key_id,
                           .parent_key = k->parent_key,
                           .issued_ms = k->issued_ms.v,
                           .expires_ms = k->expires_ms.v,
                           .federated = k->federated.v,
                           .session_policies_passed = k->session_policies_passed.v,
                           .session_policies = k->session_policies.v,
                           .n_session_policies = k->session_policies.n,
                           .session_policy_arns = k->session_policy_arns.v,
                           .n_session_policy_arns = k->session_policy_arns.n,
                           .session_tags = tags,
                           .n_session_tags = k->session_tags.n,
                           .n_transitive = (size_t)k->transitive.v,
                           .source_identity = k->source_identity,
                           .called_via = k->called_via.v,
                           .n_called_via = k->called_via.n,
                           .made_for = {k->made_for_key, k->made_for}};
}

/* What api/who.c asks of a request: is it still there, is it still the same? */
static res is_alive(struct call *c, const struct caller *who, bool *alive)
{
    str key = who->parent_key.n ? who->parent_key : who->access_key_id;
    struct credential now = {0};

    *alive = !who->expires_ms || who->expires_ms > c->now_ms;
    if (!*alive)
        return OK;
    if (who->kind == PRINCIPAL_SESSION && !who->federated)
        return providers.session_role ? providers.session_role(c, who->role_arn, who->unique_id, alive) : OK;
    TRY(providers.credentials(c, key, &now));
    *alive = now.found && now.active && str_eq(now.caller.unique_id, who->unique_id);
    return OK;
}

static const struct caller *forwarded(struct call *c, const struct caller *who)
{
    struct call as = *c;

    if (who->n_called_via && str_eq(who->called_via[who->n_called_via - 1], S(CFN)))
        return who; /* a stack in a stack */
    as.caller = who;
    return caller_forward(&as, CFN);
}

res cfn_actor(struct call *c, const struct cloudformation_stack *s, const struct caller **out, str *why)
{
    struct caller *who = ARENA_NEW(c->arena, struct caller);
    struct fault refused = {0};
    bool alive = true;

    *out = NULL;
    if (s->role_arn.n) {
        TRY(flow_role(c, CFN, s->role_arn, S("AWSCloudFormation"), s->stack_id, out, &refused));
        if (!*out)
            *why = arena_printf(c->arena, "Role %.*s is invalid or cannot be assumed", FMT(s->role_arn));
        return OK;
    }
    *who = restored(c, s->caller);
    TRY(is_alive(c, who, &alive));
    if (alive)
        *out = forwarded(c, who);
    else
        *why = arena_printf(c->arena, "The security token included in the request is invalid: %.*s has ended",
                            FMT(who->arn));
    return OK;
}
