/* SPDX-License-Identifier: MIT */
/* State changes as events of the source aws.sagemaker, in the transaction that makes them. Only the house may use such
 * a source: it speaks in the account's name. */
#include "events.h"
#include "sagemaker_parts.h"

enum { DETAIL_MAX_BYTES = 200 << 10 };

static void set_text(json_t *o, const char *key, str v)
{
    if (str_is(v))
        json_object_set_new(o, key, json_of(v));
}

static void set_time(json_t *o, const char *key, opt_time t)
{
    if (t.set)
        json_object_set_new(o, key, json_integer(t.ms));
}

static json_t *tags_of(const struct sagemaker_tag_list *tags)
{
    json_t *o = json_object();

    for (size_t i = 0; i < tags->n; i++)
        json_object_setn_new(o, tags->v[i].key.p, tags->v[i].key.n, json_of(tags->v[i].value));
    return o;
}

/* Takes the detail. What EventBridge refuses is not told: the change itself stands. */
static res tell(struct call *c, str account, str detail_type, str arn, json_t *detail)
{
    struct caller house = caller_operator(c->arena, account);
    struct events_event_entry e = {
        .time = SET_TIME(c->now_ms), .source = S("aws.sagemaker"), .resources = {1, &arn}, .detail_type = detail_type};
    struct events_put_events_in in = {.entries = {1, &e}};
    struct events_put_events_out out = {0};
    struct fault why;
    struct buf b;

    buf_init(&b, DETAIL_MAX_BYTES);
    buf_add_json(&b, detail);
    json_decref(detail);
    if (!b.full)
        e.detail = arena_dup(c->arena, buf_str(&b));
    bool full = b.full;
    buf_done(&b);
    return full ? OK : call_try(c, &house, &events_PutEvents_op, &in, &out, &why);
}

static res tell_training(struct call *c, const struct sagemaker_training_job *j)
{
    json_t *o = json_object(), *artifacts = json_object();

    set_text(o, "TrainingJobName", j->training_job_name);
    set_text(o, "TrainingJobArn", j->training_job_arn);
    set_text(o, "TrainingJobStatus", j->training_job_status);
    set_text(o, "SecondaryStatus", j->secondary_status);
    set_text(o, "FailureReason", j->failure_reason);
    set_text(o, "RoleArn", j->role_arn);
    if (j->model_artifacts)
        set_text(artifacts, "S3ModelArtifacts", j->model_artifacts->s3_model_artifacts);
    json_object_set_new(o, "ModelArtifacts", artifacts);
    set_time(o, "CreationTime", j->creation_time);
    set_time(o, "TrainingStartTime", j->training_start_time);
    set_time(o, "TrainingEndTime", j->training_end_time);
    set_time(o, "LastModifiedTime", j->last_modified_time);
    json_object_set_new(o, "Tags", tags_of(&j->tags));
    return tell(c, j->at.account, S("SageMaker Training Job State Change"), j->training_job_arn, o);
}

res sm_tell_package(struct call *c, const struct sagemaker_package *p)
{
    json_t *o = json_object();

    set_text(o, "ModelPackageGroupName", p->model_package_group_name);
    set_text(o, "ModelPackageName", p->model_package_name);
    if (p->model_package_version.set)
        json_object_set_new(o, "ModelPackageVersion", json_integer(p->model_package_version.v));
    set_text(o, "ModelPackageArn", p->model_package_arn);
    set_text(o, "ModelPackageStatus", p->model_package_status);
    set_text(o, "ModelApprovalStatus", p->model_approval_status);
    set_text(o, "ApprovalDescription", p->approval_description);
    set_time(o, "CreationTime", p->creation_time);
    set_time(o, "LastModifiedTime", p->last_modified_time);
    json_object_set_new(o, "Tags", tags_of(&p->tags));
    return tell(c, p->at.account, S("SageMaker Model Package State Change"), p->model_package_arn, o);
}

/* InService -> IN_SERVICE, as AWS writes it in events alone. */
static str in_capitals(struct call *c, str status)
{
    char *out = arena_alloc(c->arena, status.n * 2 + 1);
    size_t n = 0;

    for (size_t i = 0; i < status.n; i++) {
        bool upper = status.p[i] >= 'A' && status.p[i] <= 'Z';
        if (upper && i)
            out[n++] = '_';
        out[n++] = upper ? status.p[i] : (char)(status.p[i] - 'a' + 'A');
    }
    return str_n(out, n);
}

static res tell_endpoint(struct call *c, const struct sagemaker_endpoint *e)
{
    json_t *o = json_object();

    set_text(o, "EndpointName", e->endpoint_name);
    set_text(o, "EndpointArn", e->endpoint_arn);
    set_text(o, "EndpointConfigName", e->endpoint_config_name);
    set_text(o, "EndpointStatus", in_capitals(c, e->endpoint_status));
    set_text(o, "FailureReason", e->failure_reason);
    set_time(o, "CreationTime", e->creation_time);
    set_time(o, "LastModifiedTime", e->last_modified_time);
    json_object_set_new(o, "Tags", tags_of(&e->tags));
    return tell(c, e->at.account, S("SageMaker Endpoint State Change"), e->endpoint_arn, o);
}

/* ---- saved and told ---- */

res sm_save_endpoint(struct call *c, struct sagemaker_endpoint *e)
{
    bool changed = !str_eq(e->endpoint_status, e->told_status);

    e->told_status = e->endpoint_status;
    TRY(sagemaker_endpoint_save(c, e));
    return changed ? tell_endpoint(c, e) : OK;
}

res sm_save_training(struct call *c, struct sagemaker_training_job *j)
{
    TRY(sagemaker_training_job_save(c, j));
    return tell_training(c, j);
}
