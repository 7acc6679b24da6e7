/* SPDX-License-Identifier: MIT */
/* The life of a training job: Starting, Downloading, Training, Uploading, and one of three ends. A restart of the
 * server begins it anew, once; whatever goes wrong ends in the same cleaning up, with the reason kept. */
#include "training.h"

#include "base/time.h"

enum { RESTARTS_MAX = 1, STOP_GRACE_MS = 120000 };

/* ---- the record ---- */

str training_output(const struct sagemaker_training_job *j)
{
    str path = j->output_data_config->s3_output_path;

    while (str_ends(path, S("/")))
        path.n--;
    return path;
}

void training_status(struct call *c, struct sagemaker_training_job *j, const char *status, const char *secondary,
                     const char *message)
{
    struct sagemaker_transition_list *list = &j->secondary_status_transitions;

    j->training_job_status = str_z(status);
    j->last_modified_time = SET_TIME(c->now_ms);
    if (str_eq(j->secondary_status, str_z(secondary)))
        return;
    j->secondary_status = str_z(secondary);
    struct sagemaker_transition *v = ARENA_ARRAY(c->arena, struct sagemaker_transition, list->n + 1);
    for (size_t i = 0; i < list->n; i++)
        v[i] = list->v[i];
    if (list->n)
        v[list->n - 1].end_time = SET_TIME(c->now_ms);
    v[list->n] = (struct sagemaker_transition){
        .status = str_z(secondary), .start_time = SET_TIME(c->now_ms), .status_message = str_z(message)};
    list->v = v;
    list->n++;
}

static res load(struct call *c, const struct flow *f, struct sagemaker_training_job **out)
{
    TRY(sagemaker_training_job_load(c, f->account, f->subject, out));
    return *out ? OK : oops(&c->err, 0, "the training job %.*s is gone", FMT(f->subject));
}

static res set_status(struct call *c, const struct flow *f, const char *secondary, const char *message)
{
    struct sagemaker_training_job *j;

    TRY(load(c, f, &j));
    bool stopping = str_eq(j->training_job_status, S("Stopping"));
    if (stopping)
        return OK; /* the agent's stages go on while it stops */
    training_status(c, j, "InProgress", secondary, message);
    if (str_eq(str_z(secondary), S("Training")) && !j->training_start_time.set)
        j->training_start_time = SET_TIME(c->now_ms);
    return sm_save_training(c, j);
}

/* ---- the agent's order ---- */

static json_t *pairs(const struct map_of_str *map)
{
    json_t *o = json_object();

    for (size_t i = 0; i < map->n; i++)
        json_object_setn_new(o, map->v[i].key.p, map->v[i].key.n, json_of(map->v[i].value));
    return o;
}

static void set_if(json_t *o, const char *key, str value)
{
    if (str_is(value))
        json_object_set_new(o, key, json_of(value));
}

static json_t *channels(const struct sagemaker_channel_list *from)
{
    json_t *list = json_array();

    for (size_t i = 0; i < from->n; i++) {
        const struct sagemaker_channel *ch = &from->v[i];
        const struct sagemaker_s3_source *s3 = ch->data_source->s3_data_source;
        json_t *o = json_object();
        set_if(o, "name", ch->channel_name);
        set_if(o, "content_type", ch->content_type);
        if (s3) {
            set_if(o, "s3_uri", s3->s3_uri);
            set_if(o, "s3_data_type", s3->s3_data_type);
            set_if(o, "distribution", s3->s3_data_distribution_type);
        } else {
            json_object_set_new(o, "shared", json_true());
        }
        set_if(o, "record_wrapper", ch->record_wrapper_type);
        set_if(o, "compression", ch->compression_type);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *words(const struct sagemaker_algorithm *a)
{
    json_t *list = json_array();

    for (size_t i = 0; i < a->container_entrypoint.n; i++)
        json_array_append_new(list, json_of(a->container_entrypoint.v[i]));
    if (!a->container_entrypoint.n)
        json_array_append_new(list, json_string("train"));
    for (size_t i = 0; i < a->container_arguments.n; i++)
        json_array_append_new(list, json_of(a->container_arguments.v[i]));
    return list;
}

static json_t *order_of(struct call *c, const struct sagemaker_training_job *j)
{
    json_t *o = json_object(), *env = pairs(&j->environment), *resources = json_object(), *hosts = json_array();

    json_array_append_new(hosts, json_string("algo-1"));
    json_object_set_new(resources, "current_host", json_string("algo-1"));
    set_if(resources, "current_instance_type", j->resource_config->instance_type);
    json_object_set_new(resources, "hosts", hosts);
    json_object_set_new(resources, "network_interface_name", json_string("eth0"));
    set_if(env, "TRAINING_JOB_NAME", j->training_job_name);
    set_if(env, "TRAINING_JOB_ARN", j->training_job_arn);
    json_object_set_new(o, "kind", json_string("training"));
    json_object_set_new(o, "channels", channels(&j->input_data_config));
    json_object_set_new(o, "hyperparameters", pairs(&j->hyper_parameters));
    json_object_set_new(o, "resource_config", resources);
    set_if(o, "output_s3_uri",
           arena_printf(c->arena, "%.*s/%.*s/output", FMT(training_output(j)), FMT(j->training_job_name)));
    if (j->output_data_config->kms_key_id.n)
        set_if(o, "kms_key_id", j->output_data_config->kms_key_id);
    json_object_set_new(o, "argv", words(j->algorithm_specification));
    json_object_set_new(o, "env", env);
    return o;
}

/* ---- steps ---- */

static res on_begin(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct sagemaker_training_job *j;
    str image;

    (void)e;
    TRY(load(c, f, &j));
    struct launch l = training_launch(j);
    TRY(sm_image(c, j->algorithm_specification->training_image, &image));
    TRY(launch_prepare(c, f, &l));
    TRY(training_mounts(c, f, j));
    json_t *order = order_of(c, j);
    str stream = arena_printf(c->arena, "%.*s/algo-1-%lld", FMT(j->training_job_name), (long long)(c->now_ms / 1000));
    flow_effect(c, f, launch_open, launch_plan(c, f, &l, image, order, "/aws/sagemaker/TrainingJobs", stream));
    json_decref(order);
    flow_wake(c, f, j->stopping_condition->max_runtime_in_seconds.v * 1000 + 600000); /* till Training sets its own */
    return OK;
}

static res on_stage(struct call *c, struct flow *f, const struct flow_event *e)
{
    str stage = json_str_at(e->data, "stage");

    if (str_eq(stage, S("Downloading")))
        return set_status(c, f, "Downloading", "Downloading input data");
    if (str_eq(stage, S("Uploading")))
        return set_status(c, f, "Uploading", "Uploading generated training model");
    return OK;
}

static res on_ready(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct sagemaker_training_job *j;

    (void)e;
    TRY(set_status(c, f, "Training", "Training image download completed. Training in progress."));
    TRY(load(c, f, &j));
    flow_effect(c, f, launch_run, S(""));
    flow_wake(c, f, j->stopping_condition->max_runtime_in_seconds.v * 1000);
    return OK;
}

/* Too long: SIGTERM, and two minutes later SIGKILL, as AWS does. */
static res on_timer(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    bool again = json_is_true(json_object_get(f->data, "terminating"));
    json_object_set_new(f->data, "terminating", json_true());
    if (!again && !str_is(flow_text(f, "end")))
        flow_set(f, "end", S("MaxRuntimeExceeded"));
    flow_effect(c, f, again ? launch_kill : launch_stop, S(""));
    flow_wake(c, f, STOP_GRACE_MS);
    return OK;
}

static res on_stop(struct call *c, struct flow *f, const struct flow_event *e)
{
    flow_set(f, "end", S("Stopped"));
    return on_timer(c, f, e);
}

static res on_exited(struct call *c, struct flow *f, const struct flow_event *e)
{
    int64_t code = json_integer_value(json_object_get(e->data, "code"));
    int64_t oom = json_integer_value(json_object_get(e->data, "oom"));

    json_object_set_new(f->data, "code", json_integer(code));
    json_object_set_new(f->data, "oom", json_integer(oom));
    flow_wake(c, f, 600000);
    flow_effect(c, f, launch_exited, arena_printf(c->arena, "{\"event\":\"exited\",\"code\":%lld}", (long long)code));
    return OK;
}

/* ---- the end ---- */

static void fail(struct flow *f, str reason)
{
    if (!str_is(flow_text(f, "reason")))
        flow_set(f, "reason", str_sub(reason, 0, 1024));
}

static res close_up(struct call *c, struct flow *f)
{
    flow_wake(c, f, -1);
    flow_effect(c, f, launch_close, launch_ids(c, f));
    flow_go(f, "closing");
    return OK;
}

static res on_uploaded(struct call *c, struct flow *f, const struct flow_event *e)
{
    int64_t code = json_integer_value(json_object_get(f->data, "code"));
    str failure = json_str_at(e->data, "failure");

    if (json_is_true(json_object_get(e->data, "model")))
        json_object_set_new(f->data, "model", json_true());
    if (code != 0 && !str_is(flow_text(f, "end"))) {
        if (json_integer_value(json_object_get(f->data, "oom")))
            fail(f, S("AlgorithmError: the training ran out of memory, exit code: 137"));
        else
            fail(f, arena_printf(c->arena, "AlgorithmError: %.*s%sexit code: %lld", FMT(failure), failure.n ? ", " : "",
                                 (long long)code));
    }
    return close_up(c, f);
}

static res on_failed(struct call *c, struct flow *f, const struct flow_event *e)
{
    str reason = json_str_at(e->data, "reason");
    bool ours = str_eq(e->name, S("effect-failed")) || json_is_true(json_object_get(e->data, "ours"));

    if (str_eq(e->name, S("agent-gone")))
        reason = S("InternalServerError: the job's agent ended unexpectedly");
    else if (str_eq(e->name, S("timer")))
        reason = S("InternalServerError: the job did not get ahead in time");
    else if (!str_eq(e->name, S("agent-failed")))
        reason = arena_printf(c->arena, "%s: %.*s", ours ? "InternalServerError" : "ClientError", FMT(reason));
    fail(f, reason);
    return close_up(c, f);
}

static res on_stop_early(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_set(f, "end", S("Stopped"));
    return close_up(c, f);
}

static void set_times(struct call *c, struct sagemaker_training_job *j)
{
    j->training_end_time = SET_TIME(c->now_ms);
    if (!j->training_start_time.set)
        return;
    int64_t s = (c->now_ms - j->training_start_time.ms + 999) / 1000;
    j->training_time_in_seconds = SET_INT(s > 0 ? s : 1);
    j->billable_time_in_seconds = j->training_time_in_seconds;
}

static res on_closed(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct sagemaker_training_job *j;
    str reason = flow_text(f, "reason"), end = flow_text(f, "end");

    TRY(sagemaker_training_job_load(c, f->account, f->subject, &j));
    flow_end(f);
    if (!j)
        return OK; /* its account was wiped meanwhile */
    TRY(training_measured(c, f, json_object_get(e->data, "used")));
    struct launch l = training_launch(j);
    TRY(launch_release(c, f, &l));
    set_times(c, j);
    if (json_is_true(json_object_get(f->data, "model"))) {
        j->model_artifacts = ARENA_NEW(c->arena, struct sagemaker_artifacts);
        j->model_artifacts->s3_model_artifacts =
            arena_printf(c->arena, "%.*s/%.*s/output/model.tar.gz", FMT(training_output(j)), FMT(j->training_job_name));
    }
    if (str_eq(end, S("Stopped")))
        training_status(c, j, "Stopped", "Stopped", "Training job stopped");
    else if (str_is(end))
        training_status(c, j, "Stopped", "MaxRuntimeExceeded", "Training job runtime exceeded MaxRuntimeInSeconds");
    else if (str_is(reason))
        training_status(c, j, "Failed", "Failed", "Training job failed");
    else
        training_status(c, j, "Completed", "Completed", "Training job completed");
    if (str_is(reason))
        j->failure_reason = reason;
    return sm_save_training(c, j);
}

/* Closing itself went wrong: again, a little later; what stays would be in somebody's way. */
static res on_close_failed(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_wake(c, f, 2000);
    return OK;
}

static res on_close_again(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    return close_up(c, f);
}

/* The server has been started anew; sandbox and mount are gone with the old one. */
static res on_resumed(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct sagemaker_training_job *j;

    (void)e;
    TRY(sagemaker_training_job_load(c, f->account, f->subject, &j));
    if (j && str_eq(j->training_job_status, S("Stopping"))) {
        flow_set(f, "end", S("Stopped"));
        return close_up(c, f);
    }
    if (!j || f->attempts >= RESTARTS_MAX) {
        fail(f, S("InternalServerError: the server was restarted while the job ran"));
        return close_up(c, f);
    }
    f->attempts++;
    json_object_del(f->data, "terminating");
    TRY(set_status(c, f, "Restarting", "The server was restarted; the job begins anew"));
    flow_go(f, "restarting");
    flow_effect(c, f, launch_close, launch_ids(c, f)); /* the volume's image is still there */
    return OK;
}

static const struct flow_rule rules[] = {
    {"new", "begin", on_begin, "starting"},
    {"new", "stop", on_stop_early, NULL},
    {"restarting", "closed", on_begin, "starting"},
    {"restarting", "stop", on_stop_early, NULL},
    {"starting", "agent-stage", on_stage, NULL},
    {"starting", "agent-ready", on_ready, "training"},
    {"starting", "refused", on_failed, NULL},
    {"starting", "stop", on_stop_early, NULL},
    {"training", "agent-stage", on_stage, NULL},
    {"training", "exited", on_exited, "uploading"},
    {"training", "timer", on_timer, NULL},
    {"training", "stop", on_stop, NULL},
    {"uploading", "agent-stage", on_stage, NULL},
    {"uploading", "agent-uploaded", on_uploaded, NULL},
    {"closing", "closed", on_closed, NULL},
    {"closing", "effect-failed", on_close_failed, NULL},
    {"closing", "step-failed", on_close_failed, NULL},
    {"closing", "timer", on_close_again, NULL},
    {"closing", "resumed", on_close_again, NULL},
    {"closing", "agent-gone", NULL, NULL},
    {"*", "resumed", on_resumed, NULL},
    {"*", "agent-failed", on_failed, NULL},
    {"*", "agent-gone", on_failed, NULL},
    {"*", "effect-failed", on_failed, NULL},
    {"*", "step-failed", on_failed, NULL},
    {"*", "timer", on_failed, NULL},
};
const struct flow_kind sagemaker_training_flow = {"training", SAGEMAKER, rules, sizeof rules / sizeof *rules};
