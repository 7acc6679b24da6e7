/* SPDX-License-Identifier: MIT */
/* What a stack and its resources go through, as DescribeStackEvents tells it. */
#include "cfn_secrets.h"

static res keep(struct call *c, struct cloudformation_stack *s, struct cloudformation_event *e)
{
    int64_t n = s->events.v + 1;

    s->events = SET_INT(n);
    e->key = arena_printf(c->arena, "%.*s/%010lld", FMT(cfn_own_id(s->stack_id)), (long long)n);
    e->stack_id = s->stack_id;
    e->stack_name = s->stack_name;
    e->timestamp = SET_TIME(c->now_ms);
    e->client_request_token = s->client_request_token;
    return cloudformation_event_save(c, e);
}

res cfn_stack_event(struct call *c, struct cloudformation_stack *s, const char *status, str reason)
{
    struct cloudformation_event e = {.event_id = call_uuid(c),
                                     .logical_resource_id = s->stack_name,
                                     .physical_resource_id = s->stack_id,
                                     .resource_type = S("AWS::CloudFormation::Stack"),
                                     .resource_status = str_z(status),
                                     .resource_status_reason = reason};

    s->stack_status = str_z(status);
    s->stack_status_reason = reason;
    return keep(c, s, &e);
}

res cfn_resource_event(struct cfn_hand *h, const char *status, str reason)
{
    struct call *c = h->c;
    struct cloudformation_resource *r = h->r;
    str told = cfn_told(c, h->masks, reason);
    struct cloudformation_event e = {
        .event_id = arena_printf(c->arena, "%.*s-%s-%.*s", FMT(r->logical_resource_id), status, FMT(call_uuid(c))),
        .logical_resource_id = r->logical_resource_id,
        .physical_resource_id = r->physical_resource_id.n ? r->physical_resource_id : S(""),
        .resource_type = r->resource_type,
        .resource_status = str_z(status),
        .resource_status_reason = told,
        .resource_properties = h->properties,
        .denied = cfn_told(c, h->masks, h->denied)};

    r->resource_status = str_z(status);
    r->resource_status_reason = told;
    r->timestamp = SET_TIME(c->now_ms);
    return keep(c, h->stack, &e);
}
