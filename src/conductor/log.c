/* SPDX-License-Identifier: MIT */
/* A job's output to CloudWatch Logs, as the job's role: a role without the rights has a job without a log, as on AWS;
 * the audit log says so. */
#include "base/log.h"
#include "base/time.h"
#include "conductor/inside.h"
#include "logs.h"

struct shipping {
    struct inner_work inner;
    struct barmkin_flow_step in;
    struct barmkin_nothing out;
    const struct log_batch *batch;
};

static res make_stream(struct call *c, const struct caller *role, const struct log_batch *b)
{
    struct logs_create_log_group_in group = {.log_group_name = b->group};
    struct logs_create_log_group_out made = {0};
    struct logs_create_log_stream_in stream = {.log_group_name = b->group, .log_stream_name = b->stream};
    struct logs_create_log_stream_out streamed = {0};
    struct fault why;

    TRY(call_try(c, role, &logs_CreateLogStream_op, &stream, &streamed, &why));
    if (!why.type || str_eq(str_z(why.type->code), S("ResourceAlreadyExistsException")))
        return OK;
    TRY(call_try(c, role, &logs_CreateLogGroup_op, &group, &made, &why));
    return call_try(c, role, &logs_CreateLogStream_op, &stream, &streamed, &why);
}

static res put_lines(struct call *c, const void *in, void *out)
{
    const struct shipping *s = (const struct shipping *)((const char *)in - offsetof(struct shipping, in));
    const struct log_batch *b = s->batch;
    struct logs_put_log_events_in put = {.log_group_name = b->group, .log_stream_name = b->stream};
    struct logs_put_log_events_out done = {0};
    const struct caller *role;
    struct fault why;

    (void)out;
    put.log_events.v = ARENA_ARRAY(c->arena, struct logs_input_event, b->n + 1);
    for (put.log_events.n = 0; put.log_events.n < b->n; put.log_events.n++)
        put.log_events.v[put.log_events.n] = (struct logs_input_event){
            .timestamp = SET_INT(b->times_ms[put.log_events.n]), .message = b->lines[put.log_events.n]};
    TRY(flow_role(c, arena_z(c->arena, b->service), b->role_arn, b->session, b->subject_arn, &role, &why));
    if (!role)
        return OK;
    if (b->first)
        TRY(make_stream(c, role, b));
    return call_try(c, role, &logs_PutLogEvents_op, &put, &done, &why);
}

void log_ship(struct conductor *c, const struct log_batch *b)
{
    struct arena *a = arena_new(STEP_ARENA_BYTES), *secrets = arena_new_secret(1 << 20);
    struct shipping *s = ARENA_NEW(a, struct shipping);

    *s = (struct shipping){.batch = b, .in = {.kind = S("log"), .subject = b->stream}};
    s->inner.who = inner_caller(b->service, b->account);
    inner_work_plan(&s->inner, "FlowLog", put_lines, &s->in, &s->out);
    s->inner.call.region = b->region;
    if (!is_ok(inner_work_run(c, &s->inner, a, secrets)))
        log_warn("a log batch of %.*s was lost: %s", FMT(b->stream), s->inner.call.err.what);
    arena_free(secrets);
    arena_free(a);
}
