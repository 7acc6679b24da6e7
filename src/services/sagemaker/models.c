/* SPDX-License-Identifier: MIT */
/* Models: which image, which data, which role, which network; resolved once, when the model is made. */
#include "sagemaker_parts.h"

static const struct sagemaker_container *container_of_request(const struct sagemaker_create_model_in *in)
{
    if (in->primary_container)
        return in->primary_container;
    return in->containers.n == 1 ? &in->containers.v[0] : NULL;
}

/* The package as one of the access lines has located it, allowed by its group's policy where it is another account's.
 */
static const struct sagemaker_package *package_of(struct call *c, str *arn)
{
    for (size_t i = 0; i < c->n_resources; i++) {
        const struct resource *r = &c->resources[i];
        if (r->subject && str_search(r->arn, S(":model-package/")) > 0) {
            *arn = r->arn;
            return r->subject;
        }
    }
    return NULL;
}

static res from_package(struct call *c, const struct sagemaker_container *k, struct sagemaker_model *m)
{
    str arn = STR_ABSENT;
    const struct sagemaker_package *p = package_of(c, &arn);

    if (!p)
        return fault(c, &sagemaker_ValidationException, "ModelPackage %.*s does not exist.",
                     FMT(k->model_package_name));
    if (str_is(p->model_approval_status) && !str_eq(p->model_approval_status, S("Approved")))
        return fault(c, &sagemaker_ValidationException,
                     "Model package %.*s is not approved: its ModelApprovalStatus is %.*s.", FMT(arn),
                     FMT(p->model_approval_status));
    if (!p->inference_specification || p->inference_specification->containers.n != 1)
        return fault(c, &sagemaker_ValidationException,
                     "Model package %.*s has no single container, and pipelines of several are not built yet.",
                     FMT(arn));
    const struct sagemaker_package_container *pc = &p->inference_specification->containers.v[0];
    m->run_image = pc->image;
    m->run_model_data_url = pc->model_data_url;
    m->run_environment = k->environment.n ? k->environment : pc->environment;
    return OK;
}

static res resolve(struct call *c, const struct sagemaker_create_model_in *in, struct sagemaker_model *m)
{
    const struct sagemaker_container *k = container_of_request(in);
    str local;

    if (in->primary_container && in->containers.n)
        return fault(c, &sagemaker_ValidationException, "A model has a PrimaryContainer or Containers, not both.");
    if (!k)
        return fault(c, &sagemaker_ValidationException,
                     "A model needs one container; pipelines of several are not built yet.");
    if (str_is(k->image) == str_is(k->model_package_name))
        return fault(c, &sagemaker_ValidationException, "A container needs an Image or a ModelPackageName.");
    if (str_eq(k->mode, S("MultiModel")))
        return fault(c, &sagemaker_ValidationException, "The mode MultiModel is not built yet.");
    if (str_is(k->model_package_name)) {
        TRY(from_package(c, k, m));
    } else {
        m->run_image = k->image;
        m->run_model_data_url = k->model_data_url;
        m->run_environment = k->environment;
    }
    if (str_is(m->run_model_data_url))
        TRY(sm_check_s3_uri(c, m->run_model_data_url, "primaryContainer.modelDataUrl"));
    return sm_image(c, m->run_image, &local);
}

res sagemaker_create_model(struct call *c, const struct sagemaker_create_model_in *in,
                           struct sagemaker_create_model_out *out)
{
    struct sagemaker_model *old, *m = ARENA_NEW(c->arena, struct sagemaker_model);

    TRY(sm_check_name(c, in->model_name, "modelName"));
    TRY(sm_check_tags(c));
    m->key = sm_key(c, in->model_name);
    m->model_arn = sm_arn(c, STR_ABSENT, "model", m->key);
    TRY(sagemaker_model_load(c, STR_ABSENT, m->key, &old));
    if (old)
        return fault(c, &sagemaker_ValidationException, "Cannot create already existing model \"%.*s\".",
                     FMT(m->model_arn));
    shape_copy(&sagemaker_create_model_in_shape, in, &sagemaker_model_shape, m);
    TRY(resolve(c, in, m));
    if (in->execution_role_arn.n)
        TRY(sm_check_role(c, in->execution_role_arn, m->model_arn));
    m->creation_time = SET_TIME(c->now_ms);
    TRY(sagemaker_model_save(c, m));
    out->model_arn = m->model_arn;
    return OK;
}

res sagemaker_describe_model(struct call *c, const struct sagemaker_describe_model_in *in,
                             struct sagemaker_describe_model_out *out)
{
    (void)in;
    shape_copy(&sagemaker_model_shape, c->subject, &sagemaker_describe_model_out_shape, out);
    return OK;
}

res sagemaker_list_models(struct call *c, const struct sagemaker_list_models_in *in,
                          struct sagemaker_list_models_out *out)
{
    const struct sm_list q = {.type = &sagemaker_model_record,
                              .name = "ModelName",
                              .newest_first = true,
                              .shape = &sagemaker_model_summary_shape};

    (void)in;
    return sm_list(c, &q, &out->models, &out->next_token);
}

res sagemaker_delete_model(struct call *c, const struct sagemaker_delete_model_in *in,
                           struct sagemaker_delete_model_out *out)
{
    (void)in, (void)out;
    return sagemaker_model_drop(c, c->subject);
}
