/* SPDX-License-Identifier: MIT */
/* Training jobs as their callers see them. What happens to one is training_flow.c. */
#include "sagemaker_parts.h"
#include "training.h"

static res check_algorithm(struct call *c, const struct sagemaker_algorithm *a)
{
    str local;

    if (!str_is(a->training_image))
        return fault(c, &sagemaker_ValidationException,
                     "AlgorithmSpecification needs a TrainingImage; algorithms by name are not built yet.");
    if (!str_eq(a->training_input_mode, S("File")))
        return fault(c, &sagemaker_ValidationException, "The TrainingInputMode %.*s is not built yet; File is.",
                     FMT(a->training_input_mode));
    return sm_image(c, a->training_image, &local);
}

static res check_channel(struct call *c, const struct sagemaker_channel *ch)
{
    const struct sagemaker_s3_source *s3 = ch->data_source->s3_data_source;
    bool as_files = !str_is(ch->input_mode) || str_eq(ch->input_mode, S("File"));

    if (!s3 == !ch->data_source->file_system_data_source)
        return fault(c, &sagemaker_ValidationException,
                     "The channel %.*s needs one of S3DataSource and FileSystemDataSource.", FMT(ch->channel_name));
    if (!as_files || str_eq(ch->compression_type, S("Gzip")) || (s3 && !str_eq(s3->s3_data_type, S("S3Prefix"))))
        return fault(c, &sagemaker_ValidationException,
                     "The channel %.*s: only S3Prefix, File and no compression are built yet.", FMT(ch->channel_name));
    return s3 ? sm_check_s3_uri(c, s3->s3_uri, "inputDataConfig.s3Uri") : sm_check_file_system(c, ch);
}

static res check_channels(struct call *c, const struct sagemaker_channel_list *channels)
{
    for (size_t i = 0; i < channels->n; i++) {
        const struct sagemaker_channel *ch = &channels->v[i];
        TRY(check_channel(c, ch));
        for (size_t k = 0; k < i; k++)
            if (str_eq(channels->v[k].channel_name, ch->channel_name))
                return fault(c, &sagemaker_ValidationException, "Channel names must be unique: %.*s appears twice.",
                             FMT(ch->channel_name));
    }
    return OK;
}

static res check_request(struct call *c, const struct sagemaker_create_training_job_in *in)
{
    TRY(sm_check_name(c, in->training_job_name, "trainingJobName"));
    TRY(check_algorithm(c, in->algorithm_specification));
    TRY(check_channels(c, &in->input_data_config));
    TRY(sm_check_s3_uri(c, in->output_data_config->s3_output_path, "outputDataConfig.s3OutputPath"));
    if (!in->resource_config->instance_count.set || in->resource_config->instance_count.v != 1)
        return fault(c, &sagemaker_ValidationException,
                     "InstanceCount must be 1: distributed training is not built yet.");
    if (!in->stopping_condition->max_runtime_in_seconds.set)
        in->stopping_condition->max_runtime_in_seconds = SET_INT(86400);
    if (!in->vpc_config)
        return fault(c, &sagemaker_ValidationException,
                     "A training job needs a VpcConfig here: Barmkin has no network of SageMaker's own to run it in.");
    return OK;
}

struct launch training_launch(const struct sagemaker_training_job *j)
{
    return (struct launch){.service_arn = j->training_job_arn,
                           .role_arn = j->role_arn,
                           .session = S("SageMaker"),
                           .vpc = j->vpc_config,
                           .volume_key = j->resource_config->volume_kms_key_id,
                           .volume_gb = j->resource_config->volume_size_in_gb.v};
}

res sagemaker_create_training_job(struct call *c, const struct sagemaker_create_training_job_in *in,
                                  struct sagemaker_create_training_job_out *out)
{
    struct sagemaker_training_job *old, *j = ARENA_NEW(c->arena, struct sagemaker_training_job);
    json_t *data;

    TRY(check_request(c, in));
    TRY(sm_check_tags(c));
    TRY(sagemaker_training_job_load(c, STR_ABSENT, sm_key(c, in->training_job_name), &old));
    if (old)
        return fault(c, &sagemaker_ResourceInUse,
                     "Training job names must be unique within an AWS account and region, or there is already a "
                     "training job with this name: %.*s",
                     FMT(old->training_job_arn));
    shape_copy(&sagemaker_create_training_job_in_shape, in, &sagemaker_training_job_shape, j);
    j->key = sm_key(c, in->training_job_name);
    j->training_job_arn = sm_arn(c, STR_ABSENT, "training-job", j->key);
    j->creation_time = SET_TIME(c->now_ms);
    TRY(sm_check_role(c, in->role_arn, j->training_job_arn));
    training_status(c, j, "InProgress", "Starting", "Starting the training job");
    struct launch l = training_launch(j);
    TRY(json_parse(c->arena, S("{}"), &c->err, &data));
    TRY(launch_grant(c, &l, data));
    TRY(flow_begin(c, "training", j->key, json_text(c->arena, data), &j->flow_id));
    TRY(sm_save_training(c, j));
    out->training_job_arn = j->training_job_arn;
    return OK;
}

res sagemaker_describe_training_job(struct call *c, const struct sagemaker_describe_training_job_in *in,
                                    struct sagemaker_describe_training_job_out *out)
{
    const struct sagemaker_training_job *j = c->subject;

    (void)in;
    shape_copy(&sagemaker_training_job_shape, j, &sagemaker_describe_training_job_out_shape, out);
    if (!out->model_artifacts) { /* where they will be */
        out->model_artifacts = ARENA_NEW(c->arena, struct sagemaker_artifacts);
        out->model_artifacts->s3_model_artifacts =
            arena_printf(c->arena, "%.*s/%.*s/output/model.tar.gz", FMT(training_output(j)), FMT(j->training_job_name));
    }
    return OK;
}

res sagemaker_list_training_jobs(struct call *c, const struct sagemaker_list_training_jobs_in *in,
                                 struct sagemaker_list_training_jobs_out *out)
{
    const struct sm_list q = {.type = &sagemaker_training_job_record,
                              .name = "TrainingJobName",
                              .status = "TrainingJobStatus",
                              .shape = &sagemaker_training_job_summary_shape};

    (void)in;
    return sm_list(c, &q, &out->training_job_summaries, &out->next_token);
}

res sagemaker_stop_training_job(struct call *c, const struct sagemaker_stop_training_job_in *in,
                                struct sagemaker_stop_training_job_out *out)
{
    struct sagemaker_training_job *j = (struct sagemaker_training_job *)c->subject;

    (void)in, (void)out;
    if (str_eq(j->training_job_status, S("Stopping")))
        return OK;
    if (!str_eq(j->training_job_status, S("InProgress")))
        return fault(c, &sagemaker_ValidationException,
                     "The request was rejected because the training job is in status %.*s.",
                     FMT(j->training_job_status));
    training_status(c, j, "Stopping", "Stopping", "Stopping the training job");
    flow_tell(c, j->flow_id, "stop");
    return sm_save_training(c, j);
}
