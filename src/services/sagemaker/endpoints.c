/* SPDX-License-Identifier: MIT */
/* Endpoints as their callers see them. Each variant's model server is a flow of its own: endpoint_flow.c. */
#include "api/codec.h"
#include "sagemaker_parts.h"

/* What a server's flow must know, kept in the flow: the model may be deleted while it serves. */
static res server_data(struct call *c, const struct sagemaker_endpoint *e,
                       const struct sagemaker_endpoint_config *config, const struct sagemaker_variant *v,
                       const struct sagemaker_model *m, str *out)
{
    struct launch l = {.service_arn = e->endpoint_arn, .volume_key = config->kms_key_id};
    json_t *data;
    struct buf b;

    TRY(json_parse(c->arena, S("{}"), &c->err, &data));
    TRY(launch_grant(c, &l, data));
    buf_init(&b, FLOW_DATA_MAX_BYTES);
    json_object_set_new(data, "variant", json_stringn(v->variant_name.p, v->variant_name.n));
    json_object_set_new(data, "arn", json_stringn(e->endpoint_arn.p, e->endpoint_arn.n));
    if (config->kms_key_id.n)
        json_object_set_new(data, "key", json_stringn(config->kms_key_id.p, config->kms_key_id.n));
    json_object_set_new(data, "gb", json_integer(v->volume_size_in_gb.set ? v->volume_size_in_gb.v : 4));
    json_encode(&sagemaker_model_shape, m, &b);
    json_object_set_new(data, "model", json_stringn(b.p, b.n));
    buf_clear(&b);
    buf_add_json(&b, data);
    *out = arena_dup(c->arena, buf_str(&b));
    bool full = b.full;
    buf_done(&b);
    return full ? oops(&c->err, 0, "a model's record is too large for a flow") : OK;
}

static res start_server(struct call *c, const struct sagemaker_endpoint *e,
                        const struct sagemaker_endpoint_config *config, const struct sagemaker_variant *v,
                        struct sagemaker_server *s)
{
    struct sagemaker_model *m;
    str data;

    TRY(sagemaker_model_load(c, STR_ABSENT, sm_key(c, v->model_name), &m));
    if (!m)
        return fault(c, &sagemaker_ValidationException, "Could not find model \"%.*s\".",
                     FMT(sm_arn(c, STR_ABSENT, "model", sm_key(c, v->model_name))));
    if (!m->vpc_config)
        return fault(c, &sagemaker_ValidationException,
                     "The model %.*s has no VpcConfig: Barmkin has no network of SageMaker's own to run it in.",
                     FMT(m->model_name));
    if (!m->execution_role_arn.n)
        return fault(c, &sagemaker_ValidationException,
                     "The model %.*s has no ExecutionRoleArn: its network interface and its artifacts are a role's.",
                     FMT(m->model_name));
    TRY(sm_check_role(c, m->execution_role_arn, e->endpoint_arn));
    TRY(server_data(c, e, config, v, m, &data));
    *s = (struct sagemaker_server){.variant_name = v->variant_name,
                                   .weight = v->initial_variant_weight,
                                   .image = m->run_image,
                                   .state = S("Starting")};
    return flow_begin(c, "endpoint", e->key, data, &s->flow_id);
}

static res start_servers(struct call *c, const struct sagemaker_endpoint *e,
                         const struct sagemaker_endpoint_config *config, struct sagemaker_server_list *out)
{
    const struct sagemaker_variant_list *v = &config->production_variants;

    out->v = ARENA_ARRAY(c->arena, struct sagemaker_server, v->n + 1);
    for (out->n = 0; out->n < v->n; out->n++)
        TRY(start_server(c, e, config, &v->v[out->n], &out->v[out->n]));
    return OK;
}

/* The configuration, as the second access line has located it. */
static const struct sagemaker_endpoint_config *config_of(struct call *c)
{
    return c->resources[1].subject;
}

res sagemaker_create_endpoint(struct call *c, const struct sagemaker_create_endpoint_in *in,
                              struct sagemaker_create_endpoint_out *out)
{
    struct sagemaker_endpoint *old, *e = ARENA_NEW(c->arena, struct sagemaker_endpoint);

    TRY(sm_check_name(c, in->endpoint_name, "endpointName"));
    TRY(sm_check_tags(c));
    shape_copy(&sagemaker_create_endpoint_in_shape, in, &sagemaker_endpoint_shape, e);
    e->key = sm_key(c, in->endpoint_name);
    e->endpoint_arn = sm_arn(c, STR_ABSENT, "endpoint", e->key);
    TRY(sagemaker_endpoint_load(c, STR_ABSENT, e->key, &old));
    if (old)
        return fault(c, &sagemaker_ValidationException, "Cannot create already existing endpoint \"%.*s\".",
                     FMT(e->endpoint_arn));
    e->endpoint_config_name = config_of(c)->endpoint_config_name;
    e->data_capture_config = config_of(c)->data_capture_config;
    e->endpoint_status = S("Creating");
    e->creation_time = e->last_modified_time = SET_TIME(c->now_ms);
    TRY(start_servers(c, e, config_of(c), &e->servers));
    TRY(sm_save_endpoint(c, e));
    out->endpoint_arn = e->endpoint_arn;
    return OK;
}

static void summarise(struct call *c, const struct sagemaker_server *s, struct sagemaker_variant_summary *out)
{
    struct sagemaker_deployed_image *image = ARENA_NEW(c->arena, struct sagemaker_deployed_image);
    bool up = str_eq(s->state, S("InService"));

    *image = (struct sagemaker_deployed_image){.specified_image = s->image, .resolved_image = s->image};
    *out = (struct sagemaker_variant_summary){.variant_name = s->variant_name,
                                              .deployed_images = {1, image},
                                              .current_weight = s->weight,
                                              .desired_weight = s->weight,
                                              .current_instance_count = SET_INT(up ? 1 : 0),
                                              .desired_instance_count = SET_INT(1)};
}

res sagemaker_describe_endpoint(struct call *c, const struct sagemaker_describe_endpoint_in *in,
                                struct sagemaker_describe_endpoint_out *out)
{
    const struct sagemaker_endpoint *e = c->subject;

    (void)in;
    shape_copy(&sagemaker_endpoint_shape, e, &sagemaker_describe_endpoint_out_shape, out);
    if (str_eq(e->endpoint_status, S("Creating")) || str_eq(e->endpoint_status, S("Failed")))
        return OK; /* variants are told once they exist */
    out->production_variants.v = ARENA_ARRAY(c->arena, struct sagemaker_variant_summary, e->servers.n + 1);
    for (size_t i = 0; i < e->servers.n; i++)
        summarise(c, &e->servers.v[i], &out->production_variants.v[out->production_variants.n++]);
    return OK;
}

res sagemaker_list_endpoints(struct call *c, const struct sagemaker_list_endpoints_in *in,
                             struct sagemaker_list_endpoints_out *out)
{
    const struct sm_list q = {.type = &sagemaker_endpoint_record,
                              .name = "EndpointName",
                              .status = "EndpointStatus",
                              .newest_first = true,
                              .shape = &sagemaker_endpoint_summary_shape};

    (void)in;
    return sm_list(c, &q, &out->endpoints, &out->next_token);
}

/* Blue/green: the new servers start beside the old ones, which answer until all the new ones do. */
res sagemaker_update_endpoint(struct call *c, const struct sagemaker_update_endpoint_in *in,
                              struct sagemaker_update_endpoint_out *out)
{
    struct sagemaker_endpoint *e = (struct sagemaker_endpoint *)c->subject;

    (void)in;
    if (!str_eq(e->endpoint_status, S("InService")))
        return fault(c, &sagemaker_ValidationException, "Cannot update in-progress endpoint \"%.*s\".",
                     FMT(e->endpoint_arn));
    e->endpoint_status = S("Updating");
    e->next_config_name = config_of(c)->endpoint_config_name;
    e->failure_reason = STR_ABSENT;
    e->last_modified_time = SET_TIME(c->now_ms);
    TRY(start_servers(c, e, config_of(c), &e->next_servers));
    out->endpoint_arn = e->endpoint_arn;
    return sm_save_endpoint(c, e);
}

static bool tell_all(struct call *c, const struct sagemaker_server_list *v)
{
    bool any = false;

    for (size_t i = 0; i < v->n; i++)
        if (v->v[i].flow_id.n) {
            flow_tell(c, v->v[i].flow_id, "delete");
            any = true;
        }
    return any;
}

res sagemaker_delete_endpoint(struct call *c, const struct sagemaker_delete_endpoint_in *in,
                              struct sagemaker_delete_endpoint_out *out)
{
    struct sagemaker_endpoint *e = (struct sagemaker_endpoint *)c->subject;

    (void)in, (void)out;
    bool living = tell_all(c, &e->servers);
    living |= tell_all(c, &e->next_servers);
    if (!living)
        return sagemaker_endpoint_drop(c, e);
    e->endpoint_status = S("Deleting");
    e->last_modified_time = SET_TIME(c->now_ms);
    return sm_save_endpoint(c, e);
}
