/* SPDX-License-Identifier: MIT */
/* Deliveries: one flow an event and target. It calls the target as the target's role, or as EventBridge itself with the
 * rule as its source, and tries again while the fault may pass. */
#include "events_parts.h"
#include "lambda.h"
#include "logs.h"

enum { FIRST_RETRY_MS = 1000, RETRY_MAX_MS = 300000, TRIES_MAX = 185, AGE_MAX_S = 86400 };

extern const struct flow_kind events_delivery_flow;

/* How a kind of target takes an event. A fault that it leaves in *why is the target's. */
typedef res send_fn(struct call *c, const struct caller *who, str arn, str input, struct fault *why);

struct target_kind {
    const char *service; /* the third part of its ARN */
    bool takes_role;
    send_fn *send;
};

/* ---- CloudWatch Logs: a stream a delivery, as AWS makes one an event's batch ---- */

static res send_to_logs(struct call *c, const struct caller *who, str arn, str input, struct fault *why)
{
    str group = str_behind(arn, ':', 6);
    struct logs_input_event event = {.timestamp = SET_INT(c->now_ms), .message = input};
    struct logs_create_log_stream_out made = {0};
    struct logs_put_log_events_out put = {0};

    if (str_ends(group, S(":*")))
        group = str_sub(group, 0, group.n - 2);
    struct logs_create_log_stream_in stream = {group, call_uuid(c)};
    struct logs_put_log_events_in events = {
        .log_group_name = group, .log_stream_name = stream.log_stream_name, .log_events = {1, &event}};
    TRY(call_try(c, who, &logs_CreateLogStream_op, &stream, &made, why));
    return why->type ? OK : call_try(c, who, &logs_PutLogEvents_op, &events, &put, why);
}

/* ---- Lambda: an asynchronous invocation, by right of the function's resource policy ---- */

static res send_to_lambda(struct call *c, const struct caller *who, str arn, str input, struct fault *why)
{
    struct lambda_invoke_in in = {.function_name = arn, .invocation_type = S("Event"), .payload = input};
    struct lambda_invoke_out out = {0};

    return call_try(c, who, &lambda_Invoke_op, &in, &out, why);
}

static const struct target_kind kinds[] = {{"logs", false, send_to_logs}, {"lambda", false, send_to_lambda}};

static const struct target_kind *kind_of(str arn)
{
    str rest = str_behind(arn, ':', 2), service = str_cut(&rest, ':');

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (str_eq(service, str_z(kinds[i].service)))
            return &kinds[i];
    return NULL;
}

/* ---- checking ---- */

res events_check_target(struct call *c, const struct events_target *t)
{
    const struct target_kind *k = kind_of(t->arn);
    struct err e = {0};

    if (!str_starts(t->arn, S("arn:")))
        return fault(c, &events_ValidationException,
                     "Parameter %.*s is not valid. Reason: Provided Arn is not in "
                     "correct format.",
                     FMT(t->arn));
    if (!k)
        return fault(c, &events_UnsupportedOperationException,
                     "Barmkin's EventBridge does not deliver to %.*s yet (docs/reference/coverage.md).", FMT(t->arn));
    if (t->role_arn.n && !k->takes_role)
        return fault(c, &events_ValidationException, "RoleArn is not supported for target %.*s.", FMT(t->arn));
    if (str_is(t->dead_letter_config))
        return fault(c, &events_UnsupportedOperationException,
                     "Barmkin has no SQS: a dead-letter queue cannot be had (docs/reference/coverage.md).");
    if (!is_ok(events_check_input(c->arena, t, &e)))
        return fault(c, &events_ValidationException, "%s", e.what);
    return OK;
}

/* ---- the flow ---- */

static void set_int(json_t *o, const char *key, opt_int v, int64_t fallback)
{
    json_object_set_new(o, key, json_integer(v.set ? v.v : fallback));
}

static void set_text(json_t *o, const char *key, str v)
{
    json_object_set_new(o, key, json_of(v));
}

static res deliver_to(struct call *c, const struct events_rule *r, const struct events_target *t, const json_t *event)
{
    const struct events_retry_policy none = {{0}, {0}}, *retry = t->retry_policy ? t->retry_policy : &none;
    json_t *o = json_object();
    struct buf b;
    str id;

    set_text(o, "arn", t->arn);
    set_text(o, "role", t->role_arn);
    set_text(o, "rule", r->arn);
    set_text(o, "input", events_input(c->arena, t, r, event));
    set_int(o, "left", retry->maximum_retry_attempts, TRIES_MAX);
    json_object_set_new(
        o, "until",
        json_integer(c->now_ms + 1000 * (retry->maximum_event_age_in_seconds.set ? retry->maximum_event_age_in_seconds.v
                                                                                 : AGE_MAX_S)));
    json_object_set_new(o, "wait", json_integer(FIRST_RETRY_MS));
    buf_init(&b, FLOW_DATA_MAX_BYTES);
    buf_add_json(&b, o);
    json_decref(o);
    res done = flow_begin(c, events_delivery_flow.name, r->name, arena_dup(c->arena, buf_str(&b)), &id);
    buf_done(&b);
    return done;
}

res events_deliver(struct call *c, const struct events_rule *r, const json_t *event)
{
    for (size_t i = 0; i < r->targets.n; i++)
        TRY(deliver_to(c, r, &r->targets.v[i], event));
    return OK;
}

/* What was denied, or is not there, will not get better by itself: AWS does not try it again either. */
static bool may_pass(const struct fault *why)
{
    return why->type->status >= 500 || why->type->status == 429;
}

static res try_later(struct call *c, struct flow *f, const struct fault *why)
{
    int64_t left = json_integer_value(json_object_get(f->data, "left"));
    int64_t wait = json_integer_value(json_object_get(f->data, "wait"));

    if (!may_pass(why) || left <= 0 || c->now_ms + wait > json_integer_value(json_object_get(f->data, "until"))) {
        flow_end(f);
        return OK;
    }
    json_object_set_new(f->data, "left", json_integer(left - 1));
    json_object_set_new(f->data, "wait", json_integer(wait * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : wait * 2));
    flow_wake(c, f, wait);
    return OK;
}

static res on_send(struct call *c, struct flow *f, const struct flow_event *e)
{
    str arn = flow_text(f, "arn"), role = flow_text(f, "role"), rule = flow_text(f, "rule");
    const struct caller *who = caller_service_at(c, EVENTS_SERVICE, rule, f->account);
    const struct target_kind *k = kind_of(arn);
    struct fault why = {0};

    (void)e;
    if (!k)
        return oops(&c->err, 0, "no kind of target takes %.*s", FMT(arn));
    if (role.n)
        TRY(flow_role(c, EVENTS_SERVICE, role, S("events"), rule, &who, &why));
    if (!why.type)
        TRY(k->send(c, who, arn, flow_text(f, "input"), &why));
    if (why.type)
        return try_later(c, f, &why);
    flow_end(f);
    return OK;
}

/* The step itself failed, which is ours: it passes or it does not, like any fault of the target. */
static res on_step_failed(struct call *c, struct flow *f, const struct flow_event *e)
{
    static const struct fault_type ours = {"InternalFailure", 500};

    (void)e;
    return try_later(c, f, &(struct fault){.type = &ours});
}

static const struct flow_rule rules[] = {
    {"new", "begin", on_send, "sending"},
    {"*", "timer", on_send, NULL},
    {"*", "step-failed", on_step_failed, "sending"},
};
const struct flow_kind events_delivery_flow = {"events.delivery", EVENTS_SERVICE, rules, sizeof rules / sizeof *rules};
