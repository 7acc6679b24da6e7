/* SPDX-License-Identifier: MIT */
/* Endpoint configurations: which models an endpoint serves, and how traffic is shared between them. */
#include "sagemaker_parts.h"

/* sagemaker:ModelArn: each variant's model. */
res sagemaker_add_model_arn(struct call *c)
{
    const struct sagemaker_create_endpoint_config_in *in = c->in;
    str *arns = ARENA_ARRAY(c->arena, str, in->production_variants.n + 1);

    for (size_t i = 0; i < in->production_variants.n; i++)
        arns[i] = sm_arn(c, STR_ABSENT, "model", sm_key(c, in->production_variants.v[i].model_name));
    context_add_list(c, S("sagemaker:ModelArn"), arns, in->production_variants.n);
    return OK;
}

static res check_variants(struct call *c, const struct sagemaker_variant_list *v)
{
    struct sagemaker_model *m;

    for (size_t i = 0; i < v->n; i++) {
        TRY(sagemaker_model_load(c, STR_ABSENT, sm_key(c, v->v[i].model_name), &m));
        if (!m)
            return fault(c, &sagemaker_ValidationException, "Could not find model \"%.*s\".",
                         FMT(sm_arn(c, STR_ABSENT, "model", sm_key(c, v->v[i].model_name))));
        if (str_is(v->v[i].serverless_config))
            return fault(c, &sagemaker_ValidationException, "Serverless variants are not built yet.");
        if (v->v[i].initial_variant_weight.set && v->v[i].initial_variant_weight.v < 0)
            return fault(c, &sagemaker_ValidationException, "InitialVariantWeight must not be negative.");
        for (size_t k = 0; k < i; k++)
            if (str_eq(v->v[k].variant_name, v->v[i].variant_name))
                return fault(c, &sagemaker_ValidationException, "Variant names must be unique: %.*s appears twice.",
                             FMT(v->v[i].variant_name));
    }
    return OK;
}

res sagemaker_create_endpoint_config(struct call *c, const struct sagemaker_create_endpoint_config_in *in,
                                     struct sagemaker_create_endpoint_config_out *out)
{
    struct sagemaker_endpoint_config *old, *r = ARENA_NEW(c->arena, struct sagemaker_endpoint_config);

    TRY(sm_check_name(c, in->endpoint_config_name, "endpointConfigName"));
    TRY(sm_check_tags(c));
    r->key = sm_key(c, in->endpoint_config_name);
    r->endpoint_config_arn = sm_arn(c, STR_ABSENT, "endpoint-config", r->key);
    TRY(sagemaker_endpoint_config_load(c, STR_ABSENT, r->key, &old));
    if (old)
        return fault(c, &sagemaker_ValidationException,
                     "Cannot create already existing endpoint configuration \"%.*s\".", FMT(r->endpoint_config_arn));
    TRY(check_variants(c, &in->production_variants));
    shape_copy(&sagemaker_create_endpoint_config_in_shape, in, &sagemaker_endpoint_config_shape, r);
    for (size_t i = 0; i < r->production_variants.n; i++) {
        struct sagemaker_variant *v = &r->production_variants.v[i];
        if (!v->initial_variant_weight.set)
            v->initial_variant_weight = SET_DOUBLE(1);
        if (!v->initial_instance_count.set)
            v->initial_instance_count = SET_INT(1);
    }
    r->creation_time = SET_TIME(c->now_ms);
    TRY(sagemaker_endpoint_config_save(c, r));
    out->endpoint_config_arn = r->endpoint_config_arn;
    return OK;
}

res sagemaker_describe_endpoint_config(struct call *c, const struct sagemaker_describe_endpoint_config_in *in,
                                       struct sagemaker_describe_endpoint_config_out *out)
{
    (void)in;
    shape_copy(&sagemaker_endpoint_config_shape, c->subject, &sagemaker_describe_endpoint_config_out_shape, out);
    return OK;
}

res sagemaker_list_endpoint_configs(struct call *c, const struct sagemaker_list_endpoint_configs_in *in,
                                    struct sagemaker_list_endpoint_configs_out *out)
{
    const struct sm_list q = {.type = &sagemaker_endpoint_config_record,
                              .name = "EndpointConfigName",
                              .newest_first = true,
                              .shape = &sagemaker_endpoint_config_summary_shape};

    (void)in;
    return sm_list(c, &q, &out->endpoint_configs, &out->next_token);
}

res sagemaker_delete_endpoint_config(struct call *c, const struct sagemaker_delete_endpoint_config_in *in,
                                     struct sagemaker_delete_endpoint_config_out *out)
{
    (void)in, (void)out;
    return sagemaker_endpoint_config_drop(c, c->subject);
}
