/* SPDX-License-Identifier: MIT */
/* Model package groups and their resource policies, which speak for their packages too. */
#include "sagemaker_parts.h"

res sagemaker_create_model_package_group(struct call *c, const struct sagemaker_create_model_package_group_in *in,
                                         struct sagemaker_create_model_package_group_out *out)
{
    struct sagemaker_group *old, *g = ARENA_NEW(c->arena, struct sagemaker_group);

    TRY(sm_check_name(c, in->model_package_group_name, "modelPackageGroupName"));
    TRY(sm_check_tags(c));
    g->key = sm_key(c, in->model_package_group_name);
    TRY(sagemaker_group_load(c, STR_ABSENT, g->key, &old));
    if (old)
        return fault(c, &sagemaker_ValidationException, "Model Package Group already exists: %.*s",
                     FMT(old->model_package_group_arn));
    shape_copy(&sagemaker_create_model_package_group_in_shape, in, &sagemaker_group_shape, g);
    g->model_package_group_arn = sm_arn(c, STR_ABSENT, "model-package-group", g->key);
    g->model_package_group_status = S("Completed");
    g->creation_time = SET_TIME(c->now_ms);
    TRY(sagemaker_group_save(c, g));
    out->model_package_group_arn = g->model_package_group_arn;
    return OK;
}

res sagemaker_describe_model_package_group(struct call *c, const struct sagemaker_describe_model_package_group_in *in,
                                           struct sagemaker_describe_model_package_group_out *out)
{
    (void)in;
    shape_copy(&sagemaker_group_shape, c->subject, &sagemaker_describe_model_package_group_out_shape, out);
    out->created_by = out->created_by ? out->created_by : ARENA_NEW(c->arena, struct sagemaker_user_context);
    return OK;
}

res sagemaker_list_model_package_groups(struct call *c, const struct sagemaker_list_model_package_groups_in *in,
                                        struct sagemaker_list_model_package_groups_out *out)
{
    const struct sm_list q = {
        .type = &sagemaker_group_record, .name = "ModelPackageGroupName", .shape = &sagemaker_group_summary_shape};

    (void)in;
    return sm_list(c, &q, &out->model_package_group_summary_list, &out->next_token);
}

res sagemaker_delete_model_package_group(struct call *c, const struct sagemaker_delete_model_package_group_in *in,
                                         struct sagemaker_delete_model_package_group_out *out)
{
    const struct sagemaker_group *g = c->subject;
    struct sagemaker_package_page page;

    (void)in, (void)out;
    TRY(sagemaker_package_list_all(c, g->at.account, arena_cat(c->arena, g->key, S("/")), STR_ABSENT, 1, &page));
    if (page.n)
        return fault(c, &sagemaker_ConflictException,
                     "Model Package Group %.*s is not empty: delete its model packages first.",
                     FMT(g->model_package_group_arn));
    return sagemaker_group_drop(c, g);
}

res sagemaker_put_model_package_group_policy(struct call *c,
                                             const struct sagemaker_put_model_package_group_policy_in *in,
                                             struct sagemaker_put_model_package_group_policy_out *out)
{
    struct sagemaker_group *g = (struct sagemaker_group *)c->subject;

    TRY(policy_check(c, in->resource_policy, POLICY_RESOURCE, &sagemaker_ValidationException));
    g->principals = (struct map_of_str){0};
    TRY(policy_bind(c, in->resource_policy, POLICY_RESOURCE, &sagemaker_ValidationException, &g->principals));
    g->policy = in->resource_policy;
    out->model_package_group_arn = g->model_package_group_arn;
    return sagemaker_group_save(c, g);
}

static res need_policy(struct call *c, const struct sagemaker_group *g)
{
    if (g->policy.n)
        return OK;
    return fault(c, &sagemaker_ValidationException, "Cannot find resource policy for %.*s",
                 FMT(g->model_package_group_arn));
}

res sagemaker_get_model_package_group_policy(struct call *c,
                                             const struct sagemaker_get_model_package_group_policy_in *in,
                                             struct sagemaker_get_model_package_group_policy_out *out)
{
    const struct sagemaker_group *g = c->subject;

    (void)in;
    TRY(need_policy(c, g));
    out->resource_policy = g->policy;
    return OK;
}

res sagemaker_delete_model_package_group_policy(struct call *c,
                                                const struct sagemaker_delete_model_package_group_policy_in *in,
                                                struct sagemaker_delete_model_package_group_policy_out *out)
{
    struct sagemaker_group *g = (struct sagemaker_group *)c->subject;

    (void)in, (void)out;
    TRY(need_policy(c, g));
    g->policy = STR_ABSENT;
    g->principals = (struct map_of_str){0};
    return sagemaker_group_save(c, g);
}
