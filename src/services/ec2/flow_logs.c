/* SPDX-License-Identifier: MIT */
/* Flow logs: which interfaces' traffic is told to CloudWatch Logs, in which words, by which role. What the kernel says
 * is gathered and written by src/conductor/flow_logs.c. */
#include "services/ec2/compile.h"

#include "ec2_names.h"

#define DEFAULT_FORMAT                                                                                                 \
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "     \
    "${bytes} ${start} ${end} ${action} ${log-status}"

enum { PER_RESOURCE = 10, LONG_S = 600, SHORT_S = 60 };

bool ec2_format_ok(str format)
{
    size_t n = 0;

    while (str_is(format)) {
        str field = str_cut(&format, ' ');
        if (!str_starts(field, S("${")) || !str_ends(field, S("}")) ||
            network_flow_field(str_sub(field, 2, field.n - 3)) < 0)
            return false;
        n++;
    }
    return n > 0;
}

/* "arn:aws:logs:REGION:ACCOUNT:log-group:NAME", perhaps with ":*" behind it. */
static str group_of_arn(str arn)
{
    str rest = str_behind(arn, ':', 6);

    return str_cut(&rest, ':');
}

static res check(struct call *c, const struct ec2_create_flow_logs_in *in, str *group)
{
    *group = in->log_group_name.n ? in->log_group_name : group_of_arn(in->log_destination);
    if ((in->log_destination_type.n && !str_eq(in->log_destination_type, S("cloud-watch-logs"))) ||
        in->destination_options)
        return fault(c, &ec2_UnsupportedOperation,
                     "Flow logs go to CloudWatch Logs only; docs/reference/coverage.md lists what is built.");
    if (!str_eq(in->resource_type, S("VPC")) && !str_eq(in->resource_type, S("Subnet")) &&
        !str_eq(in->resource_type, S("NetworkInterface")))
        return fault(c, &ec2_UnsupportedOperation, "There are no transit gateways here.");
    if (in->log_group_name.n && in->log_destination.n)
        return fault(c, &ec2_InvalidParameterCombination, "Give LogGroupName or LogDestination, not both.");
    if (!group->n)
        return fault(c, &ec2_MissingParameter, "The request must contain the parameter LogGroupName");
    if (!in->deliver_logs_permission_arn.n)
        return fault(c, &ec2_InvalidParameter,
                     "DeliverLogsPermissionArn can't be empty if LogDestinationType is "
                     "cloud-watch-logs.");
    if (!in->traffic_type.n)
        return fault(c, &ec2_MissingParameter, "The request must contain the parameter TrafficType");
    if (in->log_format.n && !ec2_format_ok(in->log_format))
        return fault(c, &ec2_InvalidParameter, "Unknown fields provided: %.*s", FMT(str_sub(in->log_format, 0, 200)));
    if (in->max_aggregation_interval.set && in->max_aggregation_interval.v != LONG_S &&
        in->max_aggregation_interval.v != SHORT_S)
        return fault(c, &ec2_InvalidParameter, "Invalid Flow Log Max Aggregation Interval");
    return ec2_check_tags(c, &in->tag_specifications, "vpc-flow-log");
}

static res vpc_of(struct call *c, str type, str id, str *vpc_id)
{
    struct ec2_vpc *v;
    struct ec2_subnet *s;
    struct ec2_interface *i;

    if (str_eq(type, S("VPC"))) {
        TRY(ec2_get_vpc(c, id, &v));
        *vpc_id = v->vpc_id;
    } else if (str_eq(type, S("Subnet"))) {
        TRY(ec2_get_subnet(c, id, &s));
        *vpc_id = s->vpc_id;
    } else {
        TRY(ec2_get_interface(c, id, &i));
        *vpc_id = i->vpc_id;
    }
    return OK;
}

/* The same again is no second one. */
static res check_new(struct call *c, const struct ec2_flow_log *f)
{
    struct ec2_flow_log_page page;
    size_t n = 0;

    TRY(ec2_flow_log_by(c, "vpc", f->vpc_id, c->caller->account, EC2_ALL, &page));
    for (size_t i = 0; i < page.n; i++) {
        const struct ec2_flow_log *o = page.v[i];
        if (!str_eq(o->resource_id, f->resource_id))
            continue;
        n++;
        if (str_eq(o->log_group_name, f->log_group_name) && str_eq(o->traffic_type, f->traffic_type) &&
            str_eq(o->log_format, f->log_format))
            return fault(c, &ec2_FlowLogAlreadyExists,
                         "Error. There is an existing Flow Log with the same configuration and log destination.");
    }
    return n < PER_RESOURCE
               ? OK
               : fault(c, &ec2_FlowLogsLimitExceeded, "The maximum number of flow logs per resource has been reached.");
}

static res make_one(struct call *c, const struct ec2_create_flow_logs_in *in, str group, str resource, str *id)
{
    struct ec2_flow_log *f = ARENA_NEW(c->arena, struct ec2_flow_log);

    *f = (struct ec2_flow_log){.flow_log_id = call_unique(c, "fl-", 17),
                               .resource_id = resource,
                               .resource_type = in->resource_type,
                               .traffic_type = in->traffic_type,
                               .log_group_name = group,
                               .deliver_logs_permission_arn = in->deliver_logs_permission_arn,
                               .log_format = in->log_format.n ? in->log_format : S(DEFAULT_FORMAT),
                               .max_aggregation_interval =
                                   SET_INT(in->max_aggregation_interval.set ? in->max_aggregation_interval.v : LONG_S),
                               .created = SET_TIME(c->now_ms)};
    TRY(vpc_of(c, in->resource_type, resource, &f->vpc_id));
    TRY(check_new(c, f));
    TRY(ec2_flow_log_save(c, f));
    TRY(ec2_tag_new(c, &in->tag_specifications, f->flow_log_id));
    *id = f->flow_log_id;
    return ec2_changed(c, f->vpc_id);
}

res ec2_create_flow_logs(struct call *c, const struct ec2_create_flow_logs_in *in, struct ec2_create_flow_logs_out *out)
{
    struct list_of_str resources = list_copy(c, &in->resource_ids);
    str group;

    TRY(check(c, in, &group));
    TRY(ec2_dry_run(c, in->dry_run));
    out->flow_log_ids.v = ARENA_ARRAY(c->arena, str, resources.n + 1);
    for (size_t i = 0; i < resources.n; i++) {
        TRY(make_one(c, in, group, resources.v[i], &out->flow_log_ids.v[i]));
        out->flow_log_ids.n++;
    }
    out->client_token = in->client_token;
    return OK;
}

static bool flow_log_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_flow_log *f = item;

    (void)c;
    if (str_eq(name, S("flow-log-id")))
        ec2_value(out, f->flow_log_id);
    else if (str_eq(name, S("resource-id")))
        ec2_value(out, f->resource_id);
    else if (str_eq(name, S("log-group-name")))
        ec2_value(out, f->log_group_name);
    else if (str_eq(name, S("traffic-type")))
        ec2_value(out, f->traffic_type);
    else if (str_eq(name, S("log-destination-type")))
        ec2_value(out, S("cloud-watch-logs"));
    else
        return false;
    return true;
}

res ec2_describe_flow_logs(struct call *c, const struct ec2_describe_flow_logs_in *in,
                           struct ec2_describe_flow_logs_out *out)
{
    struct ec2_listing l = {
        &ec2_flow_log_record,          in->flow_log_ids, &in->filter, in->max_results, in->next_token, flow_log_values,
        &ec2_InvalidFlowLogIdNotFound, "flowLog ID"};
    struct record_page page;

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(ec2_list(c, &l, &page, &out->next_token));
    out->flow_logs.v = ARENA_ARRAY(c->arena, struct ec2_flow_log_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        const struct ec2_flow_log *f = page.v[i];
        out->flow_logs.v[out->flow_logs.n++] =
            (struct ec2_flow_log_out){.creation_time = f->created,
                                      .deliver_logs_permission_arn = f->deliver_logs_permission_arn,
                                      .flow_log_id = f->flow_log_id,
                                      .flow_log_status = S("ACTIVE"),
                                      .log_group_name = f->log_group_name,
                                      .resource_id = f->resource_id,
                                      .traffic_type = f->traffic_type,
                                      .log_destination_type = S("cloud-watch-logs"),
                                      .log_format = f->log_format,
                                      .tags = f->tags,
                                      .max_aggregation_interval = f->max_aggregation_interval};
    }
    return OK;
}

res ec2_delete_flow_logs(struct call *c, const struct ec2_delete_flow_logs_in *in, struct ec2_delete_flow_logs_out *out)
{
    struct list_of_str ids = list_copy(c, &in->flow_log_ids);

    TRY(ec2_dry_run(c, in->dry_run));
    out->unsuccessful.v = ARENA_ARRAY(c->arena, struct ec2_unsuccessful_item, 1);
    for (size_t i = 0; i < ids.n; i++) {
        struct ec2_flow_log *f;
        TRY(ec2_get_flow_log(c, ids.v[i], &f));
        TRY(ec2_flow_log_drop(c, f));
        TRY(ec2_changed(c, f->vpc_id));
    }
    return OK;
}

/* A subject that goes takes its flow logs along. */
res ec2_flow_logs_leave(struct call *c, str vpc_id, str resource)
{
    struct ec2_flow_log_page page;

    TRY(ec2_flow_log_by(c, "vpc", vpc_id, c->caller->account, EC2_ALL, &page));
    for (size_t i = 0; i < page.n; i++)
        if (str_eq(page.v[i]->resource_id, resource))
            TRY(ec2_flow_log_drop(c, page.v[i]));
    return OK;
}

/* ---- compiled ---- */

static bool covers(const struct ec2_flow_log *f, const struct ec2_interface *i)
{
    return str_eq(f->resource_id, i->vpc_id) || str_eq(f->resource_id, i->subnet_id) ||
           str_eq(f->resource_id, i->network_interface_id);
}

void ec2_compile_flow_logs(const struct ec2_world *w, struct arena *a, struct network *out)
{
    struct network_flow_log *logs = ARENA_ARRAY(a, struct network_flow_log, w->n_flow_logs + 1);
    struct network_interface *faces = ARENA_ARRAY(a, struct network_interface, w->n_interfaces + 1);

    for (size_t i = 0; i < w->n_flow_logs && i < NETWORK_FLOW_LOGS_MAX; i++) {
        const struct ec2_flow_log *f = w->flow_logs[i];
        logs[i] =
            (struct network_flow_log){.id = f->flow_log_id,
                                      .arn = arena_printf(a, "arn:aws:ec2:%.*s:%.*s:vpc-flow-log/%.*s",
                                                          FMT(f->at.region), FMT(f->at.account), FMT(f->flow_log_id)),
                                      .role_arn = f->deliver_logs_permission_arn,
                                      .group = f->log_group_name,
                                      .format = f->log_format,
                                      .region = f->at.region,
                                      .accepted = !str_eq(f->traffic_type, S("REJECT")),
                                      .rejected = !str_eq(f->traffic_type, S("ACCEPT")),
                                      .interval_s = (unsigned)f->max_aggregation_interval.v};
        out->plan.log |= (logs[i].accepted ? PLAN_LOG_ACCEPTED : 0) | (logs[i].rejected ? PLAN_LOG_REJECTED : 0);
        out->n_flow_logs++;
    }
    for (size_t i = 0; i < w->n_interfaces && out->n_flow_logs; i++) {
        const struct ec2_interface *n = w->interfaces[i];
        struct network_interface *f = &faces[out->n_interfaces];
        *f = (struct network_interface){.eni = n->network_interface_id, .subnet = n->subnet_id, .local = 0};
        if (!ip_read(n->address, &f->addr))
            continue;
        for (size_t k = 0; k < w->n_endpoints && n->endpoint_id.n; k++)
            if (str_eq(w->endpoints[k]->vpc_endpoint_id, n->endpoint_id))
                f->local = plan_local_addr((uint16_t)w->endpoints[k]->index.v);
        for (size_t k = 0; k < out->n_flow_logs; k++)
            f->logs |= covers(w->flow_logs[k], n) ? 1u << k : 0;
        out->n_interfaces++;
    }
    out->flow_logs = logs;
    out->interfaces = faces;
}
