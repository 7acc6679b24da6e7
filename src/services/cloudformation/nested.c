/* SPDX-License-Identifier: MIT */
/* A stack in a stack. What its parent began in it is one operation with the parent's own: when all its resources are
 * there it waits, with all that it replaced, until the parent cleans up. So a parent that turns back finds the very
 * resources there were, at any depth. `Follows` in the record says that an operation is its parent's. */
#include "cfn_nested.h"

bool cfn_waits_for_parent(const struct cloudformation_stack *s)
{
    return s->follows.v && str_ends(s->stack_status, S("CLEANUP_IN_PROGRESS"));
}

/* Only a stack's own resource calls from within, by the id that its parent keeps. */
bool cfn_is_open_to(struct call *c, const struct cloudformation_stack *s)
{
    return c->parent && cfn_waits_for_parent(s);
}

void cfn_tell_parent(struct call *c, const struct cloudformation_stack *s)
{
    struct cloudformation_stack *parent = NULL;

    if (s->parent_id.n && is_ok(cloudformation_stack_load(c, STR_ABSENT, s->parent_id, &parent)) && parent &&
        parent->flow_id.n)
        flow_tell(c, parent->flow_id, "go");
}

static res child_of(struct call *c, const struct cloudformation_resource *r, struct cloudformation_stack **out)
{
    const struct cfn_type *t = cfn_type_find(r->resource_type);

    *out = NULL;
    if (!t || !t->nested || !r->physical_resource_id.n)
        return OK;
    return cloudformation_stack_load(c, STR_ABSENT, r->physical_resource_id, out);
}

/* ---- an operation of the parent's ---- */

/* It may do what its parent was allowed to, in the same name. */
void cfn_lend(struct cfn_hand *h)
{
    const struct list_of_str *list = &h->stack->now->capabilities;
    json_t *names = json_array();

    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(names, json_stringn(list->v[i].p, list->v[i].n));
    json_object_set_new(h->kept, "Capabilities", names);
}

res cfn_adopt(struct cfn_hand *h)
{
    struct cloudformation_stack *child;

    TRY(cloudformation_stack_load(h->c, STR_ABSENT, json_str_at(h->kept, "StackId"), &child));
    if (!child)
        return oops(&h->c->err, 0, "the stack of %.*s was not made", FMT(h->r->logical_resource_id));
    child->parent_id = h->stack->stack_id;
    child->root_id = h->stack->root_id.n ? h->stack->root_id : h->stack->stack_id;
    child->role_arn = h->stack->role_arn;
    child->disable_rollback = h->stack->disable_rollback;
    if (str_eq(child->stack_status, S("UPDATE_IN_PROGRESS")))
        child->follows = SET_BOOL(true);
    return cloudformation_stack_save(h->c, child);
}

/* ---- the parent turns back ---- */

res cfn_follower(struct call *c, const struct cloudformation_stack *s, const struct cloudformation_resource *r,
                 struct cloudformation_stack **out)
{
    *out = NULL;
    if (!str_starts(s->stack_status, S("UPDATE_ROLLBACK")))
        return OK;
    TRY(child_of(c, r, out));
    if (*out && !(*out)->follows.v)
        *out = NULL;
    return OK;
}

/* LogicalId, or NestedStackName.LogicalId of a stack at any depth. */
static res find_skipped(struct call *c, const struct cloudformation_stack *s, str name,
                        struct cloudformation_resource **out)
{
    str logical = name, stack = str_find(name, '.') < 0 ? STR_ABSENT : str_cut(&logical, '.');
    struct cloudformation_stack *of = (struct cloudformation_stack *)s;

    *out = NULL;
    if (str_is(stack))
        TRY(cfn_stack_load(c, stack, &of));
    if (!of || (of != s && !str_eq(of->root_id, s->stack_id)))
        return OK;
    return cloudformation_resource_load(c, STR_ABSENT, cfn_key(c, of, logical), out);
}

res cfn_may_skip(struct call *c, const struct cloudformation_stack *s, const struct list_of_str *names)
{
    struct cloudformation_resource *r;
    struct cloudformation_stack *child;

    for (size_t i = 0; i < names->n; i++) {
        TRY(find_skipped(c, s, names->v[i], &r));
        if (!r || !str_eq(r->resource_status, S("UPDATE_FAILED")))
            return fault(c, &cloudformation_ValidationError,
                         "Resource [%.*s] cannot be skipped: there is none in UPDATE_FAILED state", FMT(names->v[i]));
        TRY(child_of(c, r, &child));
        if (child && !str_starts(child->stack_status, S("DELETE")))
            return fault(c, &cloudformation_ValidationError,
                         "Resource [%.*s] cannot be skipped: its embedded stack is in %.*s state. Name what is in it: "
                         "%.*s.LogicalResourceId",
                         FMT(names->v[i]), FMT(child->stack_status), FMT(child->stack_name));
    }
    return OK;
}

/* Where it turns back already, or has, there is nothing to begin. */
res cfn_turn_back_child(struct cfn_hand *h, struct cloudformation_stack *child)
{
    struct call *c = h->c;
    bool failed = str_eq(child->stack_status, S("UPDATE_ROLLBACK_FAILED"));
    const char *status = "UPDATE_ROLLBACK_IN_PROGRESS";

    h->idle = str_eq(child->stack_status, S("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"));
    if (h->idle || str_eq(child->stack_status, S("UPDATE_ROLLBACK_IN_PROGRESS")))
        return OK;
    if (!failed)
        status = cfn_turn_back(child);
    child->role_arn = h->stack->role_arn;
    child->skip_resources = h->stack->skip_resources;
    child->caller = cfn_keep_caller(c, h->actor);
    TRY(cfn_stack_event(c, child, status, STR_ABSENT));
    if (child->flow_id.n)
        flow_tell(c, child->flow_id, "go");
    else
        TRY(flow_begin(c, "stack", child->stack_id, STR_ABSENT, &child->flow_id));
    return cloudformation_stack_save(c, child);
}

/* With an update that is cancelled go those in it; the roll-back waits for them. */
res cfn_cancel_children(struct call *c, const struct cloudformation_stack *s)
{
    struct cloudformation_resource_page page;
    struct cloudformation_stack *child;

    TRY(cfn_resources(c, s, &page));
    for (size_t i = 0; i < page.n; i++) {
        if (!str_eq(page.v[i]->resource_status, S("UPDATE_IN_PROGRESS")))
            continue;
        TRY(child_of(c, page.v[i], &child));
        if (!child || !str_eq(child->stack_status, S("UPDATE_IN_PROGRESS")))
            continue;
        TRY(cfn_stack_event(c, child, cfn_turn_back(child), S("Cancelled with its parent stack")));
        flow_tell(c, child->flow_id, "go");
        TRY(cloudformation_stack_save(c, child));
        TRY(cfn_cancel_children(c, child));
    }
    return OK;
}

/* ---- waiting for it ---- */

static bool is_in(str state, const char *const *list)
{
    while (*list && !str_eq(state, str_z(*list)))
        list++;
    return *list != NULL;
}

/* An update has failed as soon as it turns back; a roll-back wants just that. */
enum cfn_end cfn_judge_update(struct cfn_hand *h, str state, str why)
{
    static const char *const fine[] = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                                       NULL};
    static const char *const back[] = {"UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                                       NULL};
    bool turns_back = str_starts(h->stack->stack_status, S("UPDATE_ROLLBACK"));

    if (is_in(state, fine) || (turns_back && is_in(state, back)))
        return CFN_DONE;
    if (str_ends(state, S("IN_PROGRESS")) && (turns_back || !str_starts(state, S("UPDATE_ROLLBACK"))))
        return CFN_WAITS;
    if (!turns_back && str_starts(state, S("UPDATE_ROLLBACK"))) /* however far it is by now */
        state = S("UPDATE_ROLLBACK_IN_PROGRESS");
    h->reason = arena_printf(h->c->arena, "Embedded stack %.*s was not successfully updated. Currently in %.*s%s%.*s",
                             FMT(h->r->physical_resource_id), FMT(state), why.n ? " with reason: " : "",
                             FMT(why.n ? why : S("")));
    return CFN_FAILED;
}

/* ---- the parent cleans up, or lets it go ---- */

static res let_go(struct call *c, struct cloudformation_stack *child)
{
    child->follows = SET_BOOL(false);
    flow_tell(c, child->flow_id, "go");
    return cloudformation_stack_save(c, child);
}

/* It stays where its parent goes, or does not want it any more: from now on it is a stack like others. */
res cfn_set_free(struct call *c, const struct cloudformation_resource *r)
{
    struct cloudformation_stack *child;

    TRY(child_of(c, r, &child));
    if (!child)
        return OK;
    child->parent_id = STR_ABSENT;
    child->root_id = STR_ABSENT;
    return cfn_waits_for_parent(child) ? let_go(c, child) : cloudformation_stack_save(c, child);
}

res cfn_holds_waiting(struct call *c, const struct cloudformation_resource *r, bool *waits)
{
    struct cloudformation_stack *child;

    TRY(child_of(c, r, &child));
    *waits = child && cfn_waits_for_parent(child);
    return OK;
}

res cfn_release(struct call *c, const struct cloudformation_resource *r, bool *waits)
{
    struct cloudformation_stack *child;

    TRY(child_of(c, r, &child));
    *waits = child && cfn_is_busy(child);
    return child && cfn_waits_for_parent(child) ? let_go(c, child) : OK;
}

res cfn_release_all(struct call *c, const struct cloudformation_stack *s)
{
    struct cloudformation_resource_page page;
    bool waits;

    TRY(cfn_resources(c, s, &page));
    for (size_t i = 0; i < page.n; i++)
        TRY(cfn_release(c, page.v[i], &waits));
    return OK;
}
