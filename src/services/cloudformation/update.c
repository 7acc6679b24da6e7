/* SPDX-License-Identifier: MIT */
/* UpdateStack and what ends or mends an update. */
#include "cfn_changes.h"
#include "cfn_nested.h"
#include "cfn_policy.h"

static bool is_one_of(str status, const char *const *list)
{
    for (; *list; list++)
        if (str_eq(status, str_z(*list)))
            return true;
    return false;
}

res cfn_may_update(struct call *c, const struct cloudformation_stack *s)
{
    static const char *const fine[] = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE",
                                       "CREATE_FAILED",   "UPDATE_FAILED",   NULL};
    bool failed = str_ends(s->stack_status, S("_FAILED"));

    if ((is_one_of(s->stack_status, fine) &&
         (!failed || s->disable_rollback.v || str_eq(s->on_failure, S("DO_NOTHING")))) ||
        cfn_is_open_to(c, s))
        return OK;
    return fault(c, &cloudformation_ValidationError, "Stack:%.*s is in %.*s state and can not be updated.",
                 FMT(s->stack_id), FMT(s->stack_status));
}

/* A stack that failed to change keeps what it was before that; one that failed to be made was nothing before. */
void cfn_take_version(struct cloudformation_stack *s, struct cloudformation_version *wanted)
{
    bool back = str_eq(s->stack_status, S("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"));

    if (back || (!s->before && str_ends(s->stack_status, S("_COMPLETE"))))
        s->before = s->now;
    s->now = wanted;
    s->update_policy = s->policy;
}

const char *cfn_turn_back(struct cloudformation_stack *s)
{
    struct cloudformation_version *wanted = s->now;

    if (!s->before)
        return "ROLLBACK_IN_PROGRESS";
    s->now = s->before;
    s->before = wanted;
    return "UPDATE_ROLLBACK_IN_PROGRESS";
}

/* A policy that the update brings is for those that follow; one for this update is forgotten with it. */
static res read_policies(struct call *c, const struct cloudformation_update_stack_in *in,
                         const struct cloudformation_stack *s, const struct cfn_scope *new, str *policy, str *once)
{
    struct list_of_str ids;

    TRY(cfn_ids_of(c, s, new, &ids));
    TRY(cfn_read_policy(c, "StackPolicy", in->stack_policy_body, in->stack_policy_url, &ids, policy));
    return cfn_read_policy(c, "StackPolicyDuringUpdate", in->stack_policy_during_update_body,
                           in->stack_policy_during_update_url, &ids, once);
}

static bool same_tags(const struct cloudformation_tag_list *a, const struct cloudformation_tag_list *b)
{
    bool same = a->n == b->n;

    for (size_t i = 0; i < a->n && same; i++)
        same = str_eq(a->v[i].key, b->v[i].key) && str_eq(a->v[i].value, b->v[i].value);
    return same;
}

res cloudformation_update_stack(struct call *c, const struct cloudformation_update_stack_in *in,
                                struct cloudformation_update_stack_out *out)
{
    struct cloudformation_stack *s = (struct cloudformation_stack *)c->subject;
    struct cfn_request want = {0};
    struct err e = {0};
    str policy, once;
    json_t *changes;

    out->stack_id = s->stack_id;
    if (in->client_request_token.n && str_eq(in->client_request_token, s->client_request_token) &&
        str_eq(s->last_action, S("UpdateStack")))
        return OK;
    if (!s->active_name.n)
        return fault(c, &cloudformation_ValidationError, "Stack [%.*s] does not exist", FMT(s->stack_name));
    TRY(cfn_may_update(c, s));
    TRY(cfn_read_request(c, s, s->now, &want));
    TRY(read_policies(c, in, s, &want.scope, &policy, &once));
    res why = cfn_changes(&want.scope, s->now, &changes, NULL, &e);
    if (why.why == WHY_REJECT)
        return fault(c, &cloudformation_ValidationError, "%s", e.what);
    TRY(why);
    bool again = str_ends(s->stack_status, S("_FAILED"));
    if (!again && !str_is(policy) && json_array_size(changes) == 0 && same_tags(&want.version->tags, &s->now->tags) &&
        !cfn_outputs_differ(&want.scope, s->now))
        return fault(c, &cloudformation_ValidationError, "No updates are to be performed.");
    TRY(cfn_keep_template(c, s, want.text, want.t, &want.version->template_id));
    cfn_take_version(s, want.version);
    s->update_policy = str_is(once) ? once : s->policy;
    s->policy = str_is(policy) ? policy : s->policy;
    s->last_updated_time = SET_TIME(c->now_ms);
    s->disable_rollback = in->disable_rollback;
    s->retain_except_on_create = in->retain_except_on_create;
    s->skip_resources = (struct list_of_str){0};
    if (in->role_arn.n)
        s->role_arn = in->role_arn;
    return cfn_start(c, s, "UpdateStack", "UPDATE_IN_PROGRESS", in->client_request_token);
}

res cloudformation_cancel_update_stack(struct call *c, const struct cloudformation_cancel_update_stack_in *in,
                                       struct cloudformation_cancel_update_stack_out *out)
{
    struct cloudformation_stack *s = (struct cloudformation_stack *)c->subject;

    (void)out;
    if (!str_eq(s->stack_status, S("UPDATE_IN_PROGRESS")))
        return fault(c, &cloudformation_ValidationError,
                     "CancelUpdateStack cannot be called from current stack status");
    s->client_request_token = in->client_request_token;
    TRY(cfn_stack_event(c, s, cfn_turn_back(s), S("User Initiated")));
    flow_tell(c, s->flow_id, "go");
    TRY(cloudformation_stack_save(c, s));
    return cfn_cancel_children(c, s);
}

res cloudformation_continue_update_rollback(struct call *c, const struct cloudformation_continue_update_rollback_in *in,
                                            struct cloudformation_continue_update_rollback_out *out)
{
    struct cloudformation_stack *s = (struct cloudformation_stack *)c->subject;

    (void)out;
    if (s->parent_id.n)
        return fault(c, &cloudformation_ValidationError, "RollbackUpdatedStack cannot be invoked on child stacks");
    if (!str_eq(s->stack_status, S("UPDATE_ROLLBACK_FAILED")))
        return fault(c, &cloudformation_ValidationError,
                     "Stack:%.*s is in %.*s state and can not continue to roll back.", FMT(s->stack_id),
                     FMT(s->stack_status));
    TRY(cfn_may_skip(c, s, &in->resources_to_skip));
    s->skip_resources = in->resources_to_skip;
    if (in->role_arn.n)
        s->role_arn = in->role_arn;
    s->operation.v--; /* it is the same operation that goes on: what it replaced must be found */
    return cfn_start(c, s, "ContinueUpdateRollback", "UPDATE_ROLLBACK_IN_PROGRESS", in->client_request_token);
}

res cloudformation_rollback_stack(struct call *c, const struct cloudformation_rollback_stack_in *in,
                                  struct cloudformation_rollback_stack_out *out)
{
    struct cloudformation_stack *s = (struct cloudformation_stack *)c->subject;

    out->stack_id = s->stack_id;
    if (in->client_request_token.n && str_eq(in->client_request_token, s->client_request_token) &&
        str_eq(s->last_action, S("RollbackStack")))
        return OK;
    if (!str_eq(s->stack_status, S("CREATE_FAILED")) && !str_eq(s->stack_status, S("UPDATE_FAILED")))
        return fault(c, &cloudformation_ValidationError, "Stack:%.*s is in %.*s state and can not be rolled back.",
                     FMT(s->stack_id), FMT(s->stack_status));
    s->retain_except_on_create = in->retain_except_on_create;
    s->skip_resources = (struct list_of_str){0};
    if (in->role_arn.n)
        s->role_arn = in->role_arn;
    return cfn_start(c, s, "RollbackStack", s->before ? cfn_turn_back(s) : "DELETE_IN_PROGRESS",
                     in->client_request_token);
}

res cloudformation_update_termination_protection(struct call *c,
                                                 const struct cloudformation_update_termination_protection_in *in,
                                                 struct cloudformation_update_termination_protection_out *out)
{
    struct cloudformation_stack *s = (struct cloudformation_stack *)c->subject;

    if (s->parent_id.n)
        return fault(c, &cloudformation_ValidationError,
                     "Termination protection cannot be changed on a nested stack: change it on its root stack.");
    s->enable_termination_protection = in->enable_termination_protection;
    out->stack_id = s->stack_id;
    return cloudformation_stack_save(c, s);
}
