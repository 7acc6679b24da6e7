/* SPDX-License-Identifier: MIT */
/* Change sets: an update, or a stack that is not there yet, looked at before it is done. */
#include "api/codec.h"
#include "cfn_changes.h"

/* ---- finding ---- */

static res by_name(struct call *c, const struct cloudformation_stack *s, str name,
                   struct cloudformation_change_set **out)
{
    struct cloudformation_change_set_page page;

    *out = NULL;
    TRY(cloudformation_change_set_by_after(c, "stack", s->stack_id, STR_ABSENT, CFN_RESOURCES_MAX, &page));
    for (size_t i = 0; i < page.n; i++)
        if (str_eq(page.v[i]->change_set_name, name))
            *out = page.v[i];
    return OK;
}

static res find(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct cloudformation_change_set *x = NULL;
    struct cloudformation_stack *s = NULL;

    if (str_starts(names[0], S("arn:")))
        TRY(cloudformation_change_set_load(c, STR_ABSENT, names[0], &x));
    str stack = x ? x->stack_id : n > 1 ? names[1] : S("");
    TRY(cfn_stack_load(c, stack, &s));
    if (s && !x)
        TRY(by_name(c, s, names[0], &x));
    out->subject = x;
    out->arn = s ? s->stack_id : call_arn(c, "cloudformation", "stack/%.*s/*", FMT(cfn_stack_name_of(stack)));
    return OK;
}

res cfn_find_change_set(struct call *c, const str *names, size_t n, struct resource *out)
{
    out->missing = &cloudformation_ChangeSetNotFound;
    out->missing_text = arena_printf(c->arena, "ChangeSet [%.*s] does not exist", FMT(names[0]));
    return find(c, names, n, out);
}

res cfn_find_any_change_set(struct call *c, const str *names, size_t n, struct resource *out)
{
    return find(c, names, n, out);
}

/* arn:...:changeSet/NAME/ID -> NAME */
res cfn_add_change_set_name(struct call *c)
{
    str name = *(const str *)field_of(c->in, shape_field(c->op->in, S("ChangeSetName")));

    context_add(c, S("cloudformation:ChangeSetName"), cfn_stack_name_of(name));
    return OK;
}

static res stack_of(struct call *c, const struct cloudformation_change_set *x, struct cloudformation_stack **s)
{
    TRY(cloudformation_stack_load(c, STR_ABSENT, x->stack_id, s));
    return *s ? OK : oops(&c->err, 0, "the stack of %.*s is gone", FMT(x->change_set_id));
}

/* ---- CreateChangeSet ---- */

static res review(struct call *c, const struct cloudformation_create_change_set_in *in, struct cloudformation_stack **s)
{
    TRY(cfn_check_name(c, in->stack_name));
    TRY(cfn_new_stack(c, in->stack_name, s));
    (*s)->now = ARENA_NEW(c->arena, struct cloudformation_version);
    return cfn_stack_event(c, *s, "REVIEW_IN_PROGRESS", S("User Initiated"));
}

static res pick_stack(struct call *c, const struct cloudformation_create_change_set_in *in, bool creates,
                      struct cloudformation_stack **s)
{
    *s = (struct cloudformation_stack *)c->subject;
    bool waits = *s && str_eq((*s)->stack_status, S("REVIEW_IN_PROGRESS"));

    if (str_eq(in->change_set_type, S("IMPORT")))
        return fault(c, &cloudformation_ValidationError, "ChangeSetType IMPORT is not supported here.");
    if (creates && *s && !waits)
        return fault(c, &cloudformation_ValidationError,
                     "Stack [%.*s] already exists and cannot be created again with the changeSet [%.*s].",
                     FMT((*s)->stack_name), FMT(in->change_set_name));
    if (creates)
        return *s ? OK : review(c, in, s);
    if (!*s || !(*s)->active_name.n || waits)
        return fault(c, &cloudformation_ValidationError, "Stack [%.*s] does not exist", FMT(in->stack_name));
    return cfn_may_update(c, *s);
}

static bool same_tags(const struct cloudformation_tag_list *a, const struct cloudformation_tag_list *b)
{
    bool same = a->n == b->n;

    for (size_t i = 0; i < a->n && same; i++)
        same = str_eq(a->v[i].key, b->v[i].key) && str_eq(a->v[i].value, b->v[i].value);
    return same;
}

static res look_ahead(struct call *c, struct cloudformation_stack *s, struct cfn_request *want, bool creates,
                      struct cloudformation_change_set *x)
{
    json_t *changes = NULL, *values = NULL;
    struct err e = {0};
    res why = cfn_changes(&want->scope, creates ? NULL : s->now, &changes, &values, &e);

    if (why.why == WHY_REJECT)
        return fault(c, &cloudformation_ValidationError, "%s", e.what);
    TRY(why);
    x->changes = cfn_dump(c->arena, changes);
    x->values = cfn_dump(c->arena, values); /* absent where they are too large: then they are not shown */
    x->status = S("CREATE_COMPLETE");
    x->execution_status = S("AVAILABLE");
    if (creates || json_array_size(changes) || !same_tags(&want->version->tags, &s->now->tags) ||
        cfn_outputs_differ(&want->scope, s->now))
        return OK;
    x->status = S("FAILED");
    x->execution_status = S("UNAVAILABLE");
    x->status_reason =
        S("The submitted information didn't contain changes. Submit different information to create a change "
          "set.");
    return OK;
}

static bool has_nested(const struct template *t)
{
    for (size_t i = 0; i < t->n_resources; i++) {
        const struct cfn_type *type = cfn_type_find(t->resources[i].type);
        if (type && type->nested)
            return true;
    }
    return false;
}

res cloudformation_create_change_set(struct call *c, const struct cloudformation_create_change_set_in *in,
                                     struct cloudformation_create_change_set_out *out)
{
    bool creates = str_eq(in->change_set_type, S("CREATE"));
    struct cloudformation_change_set *x = ARENA_NEW(c->arena, struct cloudformation_change_set), *old;
    struct cloudformation_stack *s;
    struct cfn_request want = {0};

    TRY(pick_stack(c, in, creates, &s));
    TRY(by_name(c, s, in->change_set_name, &old));
    if (old)
        return fault(c, &cloudformation_AlreadyExistsException, "ChangeSet %.*s already exists",
                     FMT(old->change_set_id));
    TRY(cfn_read_request(c, s, creates ? NULL : s->now, &want));
    if (in->include_nested_stacks.v && has_nested(want.t))
        return fault(c, &cloudformation_ValidationError,
                     "IncludeNestedStacks is not supported here: make a change set of the nested stack itself.");
    *x = (struct cloudformation_change_set){.change_set_id = call_arn(c, "cloudformation", "changeSet/%.*s/%.*s",
                                                                      FMT(in->change_set_name), FMT(call_uuid(c))),
                                            .change_set_name = in->change_set_name,
                                            .stack_id = s->stack_id,
                                            .change_set_type = creates ? S("CREATE") : S("UPDATE"),
                                            .description = in->description,
                                            .creation_time = SET_TIME(c->now_ms),
                                            .role_arn = in->role_arn,
                                            .on_stack_failure = in->on_stack_failure,
                                            .wanted = want.version};
    TRY(look_ahead(c, s, &want, creates, x));
    TRY(cfn_keep_template(c, s, want.text, want.t, &want.version->template_id));
    out->id = x->change_set_id;
    out->stack_id = s->stack_id;
    TRY(cloudformation_stack_save(c, s));
    return cloudformation_change_set_save(c, x);
}

/* ---- looking ---- */

res cloudformation_describe_change_set(struct call *c, const struct cloudformation_describe_change_set_in *in,
                                       struct cloudformation_describe_change_set_out *out)
{
    const struct cloudformation_change_set *x = c->subject;
    struct cloudformation_stack *s;
    json_t *tree, *values, *holder = cfn_own(c->arena, json_object());

    TRY(stack_of(c, x, &s));
    TRY(json_parse(c->arena, x->changes, &c->err, &tree));
    if (in->include_property_values.v && str_is(x->values)) {
        TRY(json_parse(c->arena, x->values, &c->err, &values));
        cfn_add_values(tree, values);
    }
    json_object_set(holder, "Changes", tree);
    shape_copy(&cloudformation_change_set_shape, x, c->op->out, out);
    TRY(json_decode(c->op->out, holder, out, c->arena, &c->err));
    out->stack_name = s->stack_name;
    out->capabilities = x->wanted->capabilities;
    out->tags = x->wanted->tags;
    out->rollback_configuration = ARENA_NEW(c->arena, struct cloudformation_rollback_configuration);
    out->include_nested_stacks = SET_BOOL(false);
    cfn_describe_parameters(c, x->wanted, &out->parameters);
    return OK;
}

res cloudformation_list_change_sets(struct call *c, const struct cloudformation_list_change_sets_in *in,
                                    struct cloudformation_list_change_sets_out *out)
{
    const struct cloudformation_stack *s = c->subject;
    struct cloudformation_change_set_page page;

    (void)in;
    TRY(cloudformation_change_set_by_after(c, "stack", s->stack_id, STR_ABSENT, CFN_RESOURCES_MAX, &page));
    out->summaries.v = ARENA_ARRAY(c->arena, struct cloudformation_change_set_summary, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        struct cloudformation_change_set_summary *to = &out->summaries.v[out->summaries.n++];
        shape_copy(&cloudformation_change_set_shape, page.v[i], &cloudformation_change_set_summary_shape, to);
        to->stack_name = s->stack_name;
        to->include_nested_stacks = SET_BOOL(false);
    }
    return OK;
}

/* ---- ExecuteChangeSet and DeleteChangeSet ---- */

/* The others were made for a stack that will not be the same any more. */
static res outdate_others(struct call *c, const struct cloudformation_change_set *x)
{
    struct cloudformation_change_set_page page;

    TRY(cloudformation_change_set_by_after(c, "stack", x->stack_id, STR_ABSENT, CFN_RESOURCES_MAX, &page));
    for (size_t i = 0; i < page.n; i++) {
        if (str_eq(page.v[i]->change_set_id, x->change_set_id) || !str_eq(page.v[i]->execution_status, S("AVAILABLE")))
            continue;
        page.v[i]->execution_status = S("OBSOLETE");
        TRY(cloudformation_change_set_save(c, page.v[i]));
    }
    return OK;
}

res cloudformation_execute_change_set(struct call *c, const struct cloudformation_execute_change_set_in *in,
                                      struct cloudformation_execute_change_set_out *out)
{
    struct cloudformation_change_set *x = (struct cloudformation_change_set *)c->subject;
    struct cloudformation_stack *s;

    (void)out;
    if (!str_eq(x->execution_status, S("AVAILABLE")))
        return fault(c, &cloudformation_InvalidChangeSetStatus,
                     "ChangeSet [%.*s] cannot be executed in its current execution status of [%.*s]",
                     FMT(x->change_set_id), FMT(x->execution_status));
    TRY(stack_of(c, x, &s));
    bool creates = str_eq(s->stack_status, S("REVIEW_IN_PROGRESS"));
    if (!creates)
        TRY(cfn_may_update(c, s));
    x->execution_status = S("EXECUTE_COMPLETE");
    TRY(cloudformation_change_set_save(c, x));
    TRY(outdate_others(c, x));
    if (creates)
        s->now = x->wanted;
    else
        cfn_take_version(s, x->wanted);
    s->change_set_id = x->change_set_id;
    s->disable_rollback = in->disable_rollback;
    s->on_failure = x->on_stack_failure;
    s->retain_except_on_create = in->retain_except_on_create;
    s->skip_resources = (struct list_of_str){0};
    s->last_updated_time = SET_TIME(c->now_ms);
    if (x->role_arn.n)
        s->role_arn = x->role_arn;
    return cfn_start(c, s, "ExecuteChangeSet", creates ? "CREATE_IN_PROGRESS" : "UPDATE_IN_PROGRESS",
                     in->client_request_token);
}

res cloudformation_delete_change_set(struct call *c, const struct cloudformation_delete_change_set_in *in,
                                     struct cloudformation_delete_change_set_out *out)
{
    const struct cloudformation_change_set *x = c->subject;
    struct cloudformation_template *t;

    (void)in, (void)out;
    if (!x)
        return OK;
    if (!str_eq(x->execution_status, S("EXECUTE_COMPLETE"))) {
        TRY(cloudformation_template_load(c, STR_ABSENT, x->wanted->template_id, &t));
        if (t)
            TRY(cloudformation_template_drop(c, t));
    }
    return cloudformation_change_set_drop(c, x);
}
