/* SPDX-License-Identifier: MIT */
/* What is told of stacks, their resources and their events. */
#include "cfn_parts.h"

/* ---- stacks ---- */

static void describe_parameters(struct call *c, const struct cloudformation_version *v,
                                struct cloudformation_parameter_list *out)
{
    out->v = ARENA_ARRAY(c->arena, struct cloudformation_parameter, v->parameters.n + 1);
    for (size_t i = 0; i < v->parameters.n; i++) {
        const struct cloudformation_kept_parameter *p = &v->parameters.v[i];
        struct cloudformation_parameter *to = &out->v[out->n++];
        json_t *value = NULL;
        to->parameter_key = p->key;
        to->parameter_value = p->no_echo.v ? S("****") : p->text.n ? p->text : S("");
        if (p->resolved.v && p->no_echo.v)
            to->resolved_value = to->parameter_value;
        else if (p->resolved.v && is_ok(json_parse(c->arena, p->value, NULL, &value)))
            to->resolved_value = json_is_string(value) ? json_str(value) : p->value;
    }
}

void cfn_describe_parameters(struct call *c, const struct cloudformation_version *v,
                             struct cloudformation_parameter_list *out)
{
    describe_parameters(c, v, out);
}

static struct cloudformation_drift_information *drift(struct call *c)
{
    struct cloudformation_drift_information *d = ARENA_NEW(c->arena, struct cloudformation_drift_information);

    d->stack_drift_status = S("NOT_CHECKED");
    return d;
}

static void describe_stack(struct call *c, const struct cloudformation_stack *s, struct cloudformation_stack_out *out)
{
    shape_copy(&cloudformation_stack_shape, s, &cloudformation_stack_out_shape, out);
    out->description = s->now->description;
    out->capabilities = s->now->capabilities;
    out->tags = s->now->tags;
    out->notification_arns = s->now->notification_arns;
    out->disable_rollback = SET_BOOL(s->disable_rollback.v);
    out->enable_termination_protection = SET_BOOL(s->enable_termination_protection.v);
    out->rollback_configuration = ARENA_NEW(c->arena, struct cloudformation_rollback_configuration);
    out->drift_information = drift(c);
    describe_parameters(c, s->now, &out->parameters);
}

res cloudformation_describe_stacks(struct call *c, const struct cloudformation_describe_stacks_in *in,
                                   struct cloudformation_describe_stacks_out *out)
{
    struct cloudformation_stack_page page;
    str after = STR_ABSENT;

    if (c->subject) {
        out->stacks.v = ARENA_NEW(c->arena, struct cloudformation_stack_out);
        out->stacks.n = 1;
        describe_stack(c, c->subject, out->stacks.v);
        return OK;
    }
    if (in->next_token.n && !page_token_open(c, in->next_token, &after))
        return fault(c, &cloudformation_ValidationError, "Next token is not valid");
    TRY(cloudformation_stack_list_all(c, STR_ABSENT, STR_ABSENT, after, CFN_PAGE, &page));
    out->stacks.v = ARENA_ARRAY(c->arena, struct cloudformation_stack_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (page.v[i]->active_name.n)
            describe_stack(c, page.v[i], &out->stacks.v[out->stacks.n++]);
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->stack_id);
    return OK;
}

static bool is_wanted(const struct list_of_str *filter, str status)
{
    for (size_t i = 0; i < filter->n; i++)
        if (str_eq(filter->v[i], status))
            return true;
    return filter->n == 0;
}

res cloudformation_list_stacks(struct call *c, const struct cloudformation_list_stacks_in *in,
                               struct cloudformation_list_stacks_out *out)
{
    struct cloudformation_stack_page page;
    str after = STR_ABSENT;

    if (in->next_token.n && !page_token_open(c, in->next_token, &after))
        return fault(c, &cloudformation_ValidationError, "Next token is not valid");
    TRY(cloudformation_stack_list_all(c, STR_ABSENT, STR_ABSENT, after, CFN_PAGE, &page));
    out->stack_summaries.v = ARENA_ARRAY(c->arena, struct cloudformation_stack_summary, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        struct cloudformation_stack_summary *to = &out->stack_summaries.v[out->stack_summaries.n];
        if (!is_wanted(&in->stack_status_filter, page.v[i]->stack_status))
            continue;
        shape_copy(&cloudformation_stack_shape, page.v[i], &cloudformation_stack_summary_shape, to);
        to->template_description = page.v[i]->now->description;
        to->drift_information = drift(c);
        out->stack_summaries.n++;
    }
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->stack_id);
    return OK;
}

/* ---- events, the newest first ---- */

res cloudformation_describe_stack_events(struct call *c, const struct cloudformation_describe_stack_events_in *in,
                                         struct cloudformation_describe_stack_events_out *out)
{
    const struct cloudformation_stack *s = c->subject;
    struct cloudformation_event_page page;
    str before = STR_ABSENT;

    if (in->next_token.n && !page_token_open(c, in->next_token, &before))
        return fault(c, &cloudformation_ValidationError, "Next token is not valid");
    TRY(cloudformation_event_list_back(c, STR_ABSENT, cfn_key(c, s, S("")), before, CFN_PAGE, &page));
    out->stack_events.v = ARENA_ARRAY(c->arena, struct cloudformation_stack_event, page.n + 1);
    for (; out->stack_events.n < page.n; out->stack_events.n++)
        shape_copy(&cloudformation_event_shape, page.v[out->stack_events.n], &cloudformation_stack_event_shape,
                   &out->stack_events.v[out->stack_events.n]);
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->key);
    return OK;
}

/* ---- resources ---- */

static struct cloudformation_resource_drift *not_checked(struct call *c)
{
    struct cloudformation_resource_drift *d = ARENA_NEW(c->arena, struct cloudformation_resource_drift);

    d->stack_resource_drift_status = S("NOT_CHECKED");
    return d;
}

static void describe_resource(struct call *c, const struct cloudformation_stack *s,
                              const struct cloudformation_resource *r, struct cloudformation_stack_resource *out)
{
    shape_copy(&cloudformation_resource_shape, r, &cloudformation_stack_resource_shape, out);
    out->stack_name = s->stack_name;
    out->drift_information = not_checked(c);
}

static res stack_of_physical(struct call *c, str physical, const struct cloudformation_stack **out)
{
    struct cloudformation_resource_page page;
    struct cloudformation_stack *s = NULL;

    TRY(cloudformation_resource_by_after(c, "physical", physical, STR_ABSENT, CFN_PAGE, &page));
    for (size_t i = 0; i < page.n && !*out; i++)
        if (!str_starts(page.v[i]->resource_status, S("DELETE"))) {
            TRY(cloudformation_stack_load(c, STR_ABSENT, page.v[i]->stack_id, &s));
            *out = s;
        }
    return OK;
}

res cloudformation_describe_stack_resources(struct call *c, const struct cloudformation_describe_stack_resources_in *in,
                                            struct cloudformation_describe_stack_resources_out *out)
{
    const struct cloudformation_stack *s = c->subject;
    struct cloudformation_resource_page page;

    if (!in->stack_name.n && in->physical_resource_id.n)
        TRY(stack_of_physical(c, in->physical_resource_id, &s));
    if (!s)
        return fault(c, &cloudformation_ValidationError, "Stack for %.*s does not exist",
                     FMT(in->physical_resource_id.n ? in->physical_resource_id : S("null")));
    TRY(cfn_resources(c, s, &page));
    out->stack_resources.v = ARENA_ARRAY(c->arena, struct cloudformation_stack_resource, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (!page.v[i]->obsolete.v &&
            (!in->logical_resource_id.n || str_eq(in->logical_resource_id, page.v[i]->logical_resource_id)))
            describe_resource(c, s, page.v[i], &out->stack_resources.v[out->stack_resources.n++]);
    return OK;
}

res cloudformation_describe_stack_resource(struct call *c, const struct cloudformation_describe_stack_resource_in *in,
                                           struct cloudformation_describe_stack_resource_out *out)
{
    const struct cloudformation_stack *s = c->subject;
    struct cloudformation_resource_detail *d = ARENA_NEW(c->arena, struct cloudformation_resource_detail);
    struct cloudformation_resource *r;

    TRY(cloudformation_resource_load(c, STR_ABSENT, cfn_key(c, s, in->logical_resource_id), &r));
    if (!r)
        return fault(c, &cloudformation_ValidationError, "Resource %.*s does not exist for stack %.*s",
                     FMT(in->logical_resource_id), FMT(s->stack_name));
    shape_copy(&cloudformation_resource_shape, r, &cloudformation_resource_detail_shape, d);
    d->stack_name = s->stack_name;
    d->last_updated_timestamp = r->timestamp;
    d->metadata = r->metadata;
    d->drift_information = not_checked(c);
    out->stack_resource_detail = d;
    return OK;
}

res cloudformation_list_stack_resources(struct call *c, const struct cloudformation_list_stack_resources_in *in,
                                        struct cloudformation_list_stack_resources_out *out)
{
    const struct cloudformation_stack *s = c->subject;
    struct cloudformation_resource_page page;
    str after = STR_ABSENT;

    if (in->next_token.n && !page_token_open(c, in->next_token, &after))
        return fault(c, &cloudformation_ValidationError, "Next token is not valid");
    TRY(cloudformation_resource_list_all(c, STR_ABSENT, cfn_key(c, s, S("")), after, CFN_PAGE, &page));
    out->stack_resource_summaries.v = ARENA_ARRAY(c->arena, struct cloudformation_resource_summary, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        struct cloudformation_resource_summary *to = &out->stack_resource_summaries.v[out->stack_resource_summaries.n];
        if (page.v[i]->obsolete.v)
            continue;
        shape_copy(&cloudformation_resource_shape, page.v[i], &cloudformation_resource_summary_shape, to);
        to->last_updated_timestamp = page.v[i]->timestamp;
        to->drift_information = not_checked(c);
        out->stack_resource_summaries.n++;
    }
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->key);
    return OK;
}
