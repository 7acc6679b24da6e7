/* SPDX-License-Identifier: MIT */
/* Model packages: versions in a group, or single ones; their approval. */
#include "sagemaker_parts.h"

/* The group as the second access line has located it. */
static const struct sagemaker_group *group_of(struct call *c)
{
    return c->n_resources > 1 ? c->resources[1].subject : NULL;
}

/* The same token again is the same request: its package answers. */
static res find_repeated(struct call *c, str token, str account, struct sagemaker_package **out)
{
    struct sagemaker_package_page page = {0};

    *out = NULL;
    if (str_empty(token))
        return OK;
    TRY(sagemaker_package_by(c, "token", token, account, 1, &page));
    *out = page.n ? page.v[0] : NULL;
    return OK;
}

static res number_it(struct call *c, struct sagemaker_package *p, const struct sagemaker_group *in_group)
{
    struct sagemaker_group *g = (struct sagemaker_group *)in_group;
    int64_t version = g->next_version.set ? g->next_version.v : 1;

    p->at.account = g->at.account;
    p->key = sm_package_key(c, arena_printf(c->arena, "%.*s/%lld", FMT(g->key), (long long)version));
    p->model_package_name = STR_ABSENT;
    p->model_package_group_name = g->model_package_group_name;
    p->model_package_version = SET_INT(version);
    p->model_package_arn =
        sm_arn(c, g->at.account, "model-package", arena_printf(c->arena, "%.*s/%lld", FMT(g->key), (long long)version));
    g->next_version = SET_INT(version + 1);
    return sagemaker_group_save(c, g);
}

static res name_it(struct call *c, struct sagemaker_package *p, str name)
{
    struct sagemaker_package *old;

    TRY(sm_check_name(c, name, "modelPackageName"));
    p->key = sm_key(c, name);
    p->model_package_arn = sm_arn(c, STR_ABSENT, "model-package", p->key);
    TRY(sagemaker_package_load(c, STR_ABSENT, p->key, &old));
    return old ? fault(c, &sagemaker_ConflictException, "Model Package already exists: %.*s", FMT(p->model_package_arn))
               : OK;
}

static res check_containers(struct call *c, const struct sagemaker_create_model_package_in *in)
{
    const struct sagemaker_inference *s = in->inference_specification;

    if (!s && !str_is(in->source_algorithm_specification))
        return fault(c, &sagemaker_ValidationException,
                     "InferenceSpecification or SourceAlgorithmSpecification is required.");
    for (size_t i = 0; s && i < s->containers.n; i++)
        if (str_is(s->containers.v[i].model_data_url))
            TRY(sm_check_s3_uri(c, s->containers.v[i].model_data_url, "inferenceSpecification.modelDataUrl"));
    return OK;
}

res sagemaker_create_model_package(struct call *c, const struct sagemaker_create_model_package_in *in,
                                   struct sagemaker_create_model_package_out *out)
{
    struct sagemaker_package *old, *p = ARENA_NEW(c->arena, struct sagemaker_package);
    const struct sagemaker_group *g = str_is(in->model_package_group_name) ? group_of(c) : NULL;

    if (str_is(in->model_package_group_name) == str_is(in->model_package_name))
        return fault(c, &sagemaker_ValidationException,
                     "Exactly one of ModelPackageName and ModelPackageGroupName is required.");
    TRY(check_containers(c, in));
    TRY(sm_check_tags(c));
    TRY(find_repeated(c, in->client_token, g ? g->at.account : c->caller->account, &old));
    if (old) {
        out->model_package_arn = old->model_package_arn;
        return OK;
    }
    shape_copy(&sagemaker_create_model_package_in_shape, in, &sagemaker_package_shape, p);
    TRY(g ? number_it(c, p, g) : name_it(c, p, in->model_package_name));
    p->creation_time = p->last_modified_time = SET_TIME(c->now_ms);
    p->model_package_status = S("Completed");
    if (g && !str_is(p->model_approval_status))
        p->model_approval_status = S("PendingManualApproval");
    TRY(sagemaker_package_save(c, p));
    out->model_package_arn = p->model_package_arn;
    return sm_tell_package(c, p);
}

res sagemaker_describe_model_package(struct call *c, const struct sagemaker_describe_model_package_in *in,
                                     struct sagemaker_describe_model_package_out *out)
{
    const struct sagemaker_package *p = c->subject;

    (void)in;
    shape_copy(&sagemaker_package_shape, p, &sagemaker_describe_model_package_out_shape, out);
    if (!str_is(out->model_package_name)) /* AWS names a version after its group */
        out->model_package_name = p->model_package_group_name;
    out->model_package_status_details = ARENA_NEW(c->arena, struct sagemaker_status_details);
    out->model_package_status_details->validation_statuses.v = ARENA_ARRAY(c->arena, struct sagemaker_status_item, 1);
    out->model_package_status_details->image_scan_statuses.v = ARENA_ARRAY(c->arena, struct sagemaker_status_item, 1);
    return OK;
}

res sagemaker_list_model_packages(struct call *c, const struct sagemaker_list_model_packages_in *in,
                                  struct sagemaker_list_model_packages_out *out)
{
    struct sm_list q = {
        .type = &sagemaker_package_record, .name = "ModelPackageGroupName", .shape = &sagemaker_package_summary_shape};
    str key;

    if (str_is(in->model_package_group_name)) {
        if (!sm_parse(c, in->model_package_group_name, "model-package-group", &q.account, &key))
            return fault(c, &sagemaker_ValidationException, "%.*s names no model package group.",
                         FMT(in->model_package_group_name));
        q.prefix = arena_cat(c->arena, key, S("/"));
    }
    return sm_list(c, &q, &out->model_package_summary_list, &out->next_token);
}

static void merge(struct call *c, struct sagemaker_package *p, const struct sagemaker_update_model_package_in *in)
{
    const struct map_of_str *old = &p->customer_metadata_properties, *new = &in->customer_metadata_properties;
    struct map_of_str all = {0, ARENA_ARRAY(c->arena, struct str_pair, old->n + new->n + 1)};

    for (size_t i = 0; i < old->n; i++) {
        bool gone = false;
        for (size_t k = 0; k < new->n; k++)
            gone |= str_eq(new->v[k].key, old->v[i].key);
        for (size_t k = 0; k < in->customer_metadata_properties_to_remove.n; k++)
            gone |= str_eq(in->customer_metadata_properties_to_remove.v[k], old->v[i].key);
        if (!gone)
            all.v[all.n++] = old->v[i];
    }
    for (size_t k = 0; k < new->n; k++)
        all.v[all.n++] = new->v[k];
    p->customer_metadata_properties = all.n ? all : (struct map_of_str){0};
}

res sagemaker_update_model_package(struct call *c, const struct sagemaker_update_model_package_in *in,
                                   struct sagemaker_update_model_package_out *out)
{
    struct sagemaker_package *p = (struct sagemaker_package *)c->subject;

    if (str_is(in->model_approval_status) && !p->model_package_version.set)
        return fault(c, &sagemaker_ValidationException, "Only a version of a model package group can be approved.");
    if (str_is(in->model_approval_status))
        p->model_approval_status = in->model_approval_status;
    if (str_is(in->approval_description))
        p->approval_description = in->approval_description;
    merge(c, p, in);
    p->last_modified_time = SET_TIME(c->now_ms);
    out->model_package_arn = p->model_package_arn;
    TRY(sagemaker_package_save(c, p));
    return str_is(in->model_approval_status) ? sm_tell_package(c, p) : OK;
}

res sagemaker_delete_model_package(struct call *c, const struct sagemaker_delete_model_package_in *in,
                                   struct sagemaker_delete_model_package_out *out)
{
    (void)in, (void)out;
    return sagemaker_package_drop(c, c->subject);
}
