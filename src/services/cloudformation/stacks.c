/* SPDX-License-Identifier: MIT */
/* CreateStack and DeleteStack; and how an operation on a stack begins. */
#include "cfn_nested.h"
#include "cfn_policy.h"

static const char NAME_CHARS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

/* ---- beginning an operation ---- */

bool cfn_is_busy(const struct cloudformation_stack *s)
{
    return str_ends(s->stack_status, S("IN_PROGRESS")) && !str_eq(s->stack_status, S("REVIEW_IN_PROGRESS"));
}

res cfn_keep_template(struct call *c, struct cloudformation_stack *s, str body, const struct template *t, str *id)
{
    struct cloudformation_template *r = ARENA_NEW(c->arena, struct cloudformation_template);

    s->template_count = SET_INT(s->template_count.v + 1);
    *r = (struct cloudformation_template){.stack_id = s->stack_id, .body = body, .tree = cfn_dump(c->arena, t->tree)};
    if (!str_is(r->tree)) /* aliases and escapes: a text within the limit may stand for far more */
        return fault(c, &cloudformation_ValidationError, "Template may not exceed %d bytes in size.", TEMPLATE_MAX);
    r->template_id = arena_printf(c->arena, "%.*s/%lld", FMT(cfn_own_id(s->stack_id)), (long long)s->template_count.v);
    *id = r->template_id;
    return cloudformation_template_save(c, r);
}

res cfn_start(struct call *c, struct cloudformation_stack *s, const char *action, const char *status, str token)
{
    s->operation = SET_INT(s->operation.v + 1);
    s->last_action = str_z(action);
    s->client_request_token = token;
    s->caller = cfn_keep_caller(c, c->caller);
    s->follows = SET_BOOL(false);
    TRY(cfn_stack_event(c, s, status, S("User Initiated")));
    if (s->flow_id.n)
        flow_tell(c, s->flow_id, "go"); /* of the operation that this one ends */
    else
        TRY(flow_begin(c, "stack", s->stack_id, STR_ABSENT, &s->flow_id));
    return cloudformation_stack_save(c, s);
}

/* ---- CreateStack ---- */

res cfn_add_create_action(struct call *c)
{
    context_add(c, S("cloudformation:CreateAction"), str_z(c->op->name));
    return OK;
}

res cfn_check_name(struct call *c, str name)
{
    bool letter = name.n && ((name.p[0] >= 'a' && name.p[0] <= 'z') || (name.p[0] >= 'A' && name.p[0] <= 'Z'));

    if (letter && str_all(name, NAME_CHARS))
        return OK;
    return fault(c, &cloudformation_ValidationError,
                 "1 validation error detected: Value '%.*s' at 'stackName' failed to satisfy constraint: Member must "
                 "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
                 FMT(name));
}

/* The quota also ends a template that holds itself. */
res cfn_new_stack(struct call *c, str name, struct cloudformation_stack **out)
{
    struct cloudformation_stack *s = ARENA_NEW(c->arena, struct cloudformation_stack);
    int64_t n;

    TRY(record_count_by(c, &cloudformation_stack_record, "counts", S("yes"), &n));
    if (n >= CFN_STACKS_MAX)
        return fault(c, &cloudformation_LimitExceededException, "Limit for stack has been exceeded");
    *s = (struct cloudformation_stack){
        .stack_name = name, .active_name = name, .counts = S("yes"), .creation_time = SET_TIME(c->now_ms)};
    s->at.account = c->caller->account;
    s->stack_id = call_arn(c, "cloudformation", "stack/%.*s/%.*s", FMT(name), FMT(call_uuid(c)));
    *out = s;
    return OK;
}

static res same_again(struct call *c, const struct cloudformation_stack *s, str token, str *id)
{
    if (token.n && str_eq(token, s->client_request_token) && str_eq(s->last_action, str_z(c->op->name))) {
        *id = s->stack_id;
        return OK;
    }
    return fault(c, &cloudformation_AlreadyExistsException, "Stack [%.*s] already exists", FMT(s->stack_name));
}

res cloudformation_create_stack(struct call *c, const struct cloudformation_create_stack_in *in,
                                struct cloudformation_create_stack_out *out)
{
    struct cloudformation_stack *s;
    struct cfn_request want = {0};
    struct list_of_str ids;

    TRY(cfn_check_name(c, in->stack_name));
    if (in->disable_rollback.v && in->on_failure.n)
        return fault(c, &cloudformation_ValidationError,
                     "You can specify either DisableRollback or OnFailure, but not both.");
    TRY(cfn_stack_load(c, in->stack_name, &s));
    if (s)
        return same_again(c, s, in->client_request_token, &out->stack_id);
    TRY(cfn_new_stack(c, in->stack_name, &s));
    TRY(cfn_read_request(c, s, NULL, &want));
    TRY(cfn_ids_of(c, s, &want.scope, &ids));
    TRY(cfn_read_policy(c, "StackPolicy", in->stack_policy_body, in->stack_policy_url, &ids, &s->policy));
    s->now = want.version;
    s->role_arn = in->role_arn;
    s->disable_rollback = in->disable_rollback;
    s->on_failure = in->on_failure;
    s->timeout_in_minutes = in->timeout_in_minutes;
    s->retain_except_on_create = in->retain_except_on_create;
    s->enable_termination_protection = in->enable_termination_protection;
    TRY(cfn_keep_template(c, s, want.text, want.t, &s->now->template_id));
    out->stack_id = s->stack_id;
    return cfn_start(c, s, "CreateStack", "CREATE_IN_PROGRESS", in->client_request_token);
}

/* ---- DeleteStack ---- */

static res may_delete(struct call *c, const struct cloudformation_stack *s)
{
    str used = STR_ABSENT, by = STR_ABSENT;

    if (s->enable_termination_protection.v)
        return fault(c, &cloudformation_ValidationError,
                     "Stack [%.*s] cannot be deleted while TerminationProtection is enabled", FMT(s->stack_name));
    if (cfn_is_busy(s) && !str_eq(s->stack_status, S("CREATE_IN_PROGRESS")) && !cfn_is_open_to(c, s))
        return fault(c, &cloudformation_ValidationError, "Stack [%.*s] cannot be deleted while in status %.*s",
                     FMT(s->stack_name), FMT(s->stack_status));
    TRY(cfn_exports_unused(c, s, &used, &by));
    if (str_is(by))
        return fault(c, &cloudformation_ValidationError, "Export %.*s cannot be deleted as it is in use by %.*s",
                     FMT(used), FMT(by));
    return OK;
}

res cloudformation_delete_stack(struct call *c, const struct cloudformation_delete_stack_in *in,
                                struct cloudformation_delete_stack_out *out)
{
    struct cloudformation_stack *s = (struct cloudformation_stack *)c->subject;

    (void)out;
    if (!s || !s->active_name.n || str_eq(s->stack_status, S("DELETE_IN_PROGRESS")))
        return OK;
    if (str_eq(in->deletion_mode, S("FORCE_DELETE_STACK")))
        return fault(c, &cloudformation_ValidationError,
                     "DeletionMode FORCE_DELETE_STACK is not supported here: name what shall stay in RetainResources.");
    TRY(may_delete(c, s));
    if (in->retain_resources.n && !str_eq(s->stack_status, S("DELETE_FAILED")))
        return fault(
            c, &cloudformation_ValidationError,
            "Invalid operation on stack [%.*s]. RetainResources can only be specified when stack is in DELETE_FAILED "
            "state.",
            FMT(s->stack_id));
    s->retain_resources = in->retain_resources;
    if (in->role_arn.n)
        s->role_arn = in->role_arn;
    return cfn_start(c, s, "DeleteStack", "DELETE_IN_PROGRESS", in->client_request_token);
}
