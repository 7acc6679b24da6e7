/* SPDX-License-Identifier: MIT */
/* Finding domains, profiles and apps; the condition keys of their settings; the role that works for a domain. */
#include "api/house.h"
#include "iam.h"
#include "studio.h"

enum { SETTINGS = 3, APPS_AT_ONCE = 200, DOMAINS_AT_ONCE = 100 };

/* ---- the service-linked role ---- */

res studio_linked_role(struct call *c, str domain_arn, const struct caller **out, struct fault *why)
{
    str arn =
        arena_printf(c->arena, "arn:%.*s:iam::%.*s:role/aws-service-role/%s/AWSServiceRoleForAmazonSageMakerNotebooks",
                     FMT(c->worker->house->partition), FMT(c->caller->account), SAGEMAKER);

    return flow_role(c, SAGEMAKER, arn, S("SageMaker"), domain_arn, out, why);
}

res studio_linked_role_made(struct call *c, str domain_arn, const struct caller **out)
{
    struct iam_create_service_linked_role_in in = {.aws_service_name = S(SAGEMAKER)};
    struct iam_create_service_linked_role_out made = {0};
    struct fault why;

    TRY(studio_linked_role(c, domain_arn, out, &why));
    if (*out)
        return OK;
    TRY(call_as(c, caller_forward(c, SAGEMAKER), &iam_CreateServiceLinkedRole_op, &in, &made));
    TRY(studio_linked_role(c, domain_arn, out, &why));
    return *out ? OK : studio_told(c, &why);
}

/* Without it no domain changes and none is deleted: its interfaces, groups and home are the role's to move. */
res sagemaker_linked_role_uses(struct call *c, str service, struct list_of_str *arns)
{
    struct sagemaker_domain_page page;

    if (!str_eq(service, S(SAGEMAKER)))
        return OK;
    TRY(sagemaker_domain_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, DOMAINS_AT_ONCE, &page));
    str *all = ARENA_ARRAY(c->arena, str, arns->n + page.n + 1);
    for (size_t i = 0; i < arns->n; i++)
        all[i] = arns->v[i];
    for (size_t i = 0; i < page.n; i++)
        all[arns->n++] = page.v[i]->domain_arn;
    arns->v = all;
    return OK;
}

res studio_told(struct call *c, const struct fault *why)
{
    return fault(c, why->type == &api_access_denied ? why->type : &sagemaker_ValidationException, "%.*s",
                 FMT(why->message));
}

/* ---- finders ---- */

static void found(struct call *c, struct resource *out, const void *record, const struct sagemaker_tag_list *tags)
{
    out->missing = &sagemaker_ResourceNotFound;
    out->missing_text = arena_printf(c->arena, "Could not find %.*s.", FMT(out->arn));
    out->subject = record;
    if (!record)
        return;
    out->tags = (const struct str_pair *)tags->v; /* a Key and a Value: the same two texts */
    out->n_tags = tags->n;
}

static str joined(struct call *c, const str *names, size_t n)
{
    str s = sm_key(c, names[0]);

    for (size_t i = 1; i < n; i++)
        s = arena_printf(c->arena, "%.*s/%.*s", FMT(s), FMT(sm_key(c, names[i])));
    return s;
}

res sagemaker_find_domain(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct sagemaker_domain *d;
    str key = joined(c, names, n);

    out->arn = sm_arn(c, STR_ABSENT, "domain", key);
    TRY(sagemaker_domain_load(c, STR_ABSENT, key, &d));
    found(c, out, d, d ? &d->tags : NULL);
    return OK;
}

res sagemaker_new_profile(struct call *c, const str *names, size_t n, struct resource *out)
{
    out->arn = sm_arn(c, STR_ABSENT, "user-profile", joined(c, names, n));
    return OK;
}

res sagemaker_find_profile(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct sagemaker_user_profile *p;
    str key = joined(c, names, n);

    out->arn = sm_arn(c, STR_ABSENT, "user-profile", key);
    TRY(sagemaker_user_profile_load(c, STR_ABSENT, key, &p));
    found(c, out, p, p ? &p->tags : NULL);
    return OK;
}

res sagemaker_new_app(struct call *c, const str *names, size_t n, struct resource *out)
{
    out->arn = sm_arn(c, STR_ABSENT, "app", joined(c, names, n));
    return OK;
}

res sagemaker_find_app(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct sagemaker_app *a;
    str key = joined(c, names, n);

    out->arn = sm_arn(c, STR_ABSENT, "app", key);
    TRY(sagemaker_app_load(c, STR_ABSENT, key, &a));
    found(c, out, a, a ? &a->tags : NULL);
    return OK;
}

res studio_domain(struct call *c, str domain_id, struct sagemaker_domain **out)
{
    TRY(sagemaker_domain_load(c, STR_ABSENT, sm_key(c, domain_id), out));
    if (!*out)
        return fault(c, &sagemaker_ResourceNotFound, "Could not find %.*s.",
                     FMT(sm_arn(c, STR_ABSENT, "domain", sm_key(c, domain_id))));
    if (!str_eq((*out)->status, S("InService")))
        return fault(c, &sagemaker_ValidationException, "The domain %.*s is not InService: its status is %.*s.",
                     FMT((*out)->domain_id), FMT((*out)->status));
    return OK;
}

res studio_has_apps(struct call *c, str prefix, bool *has)
{
    struct sagemaker_app_page page = {.more = true};
    str after = STR_ABSENT;

    *has = false;
    while (page.more && !*has) {
        TRY(sagemaker_app_list_all(c, STR_ABSENT, prefix, after, APPS_AT_ONCE, &page));
        for (size_t i = 0; i < page.n; i++) {
            after = page.v[i]->key;
            *has = *has || !str_eq(page.v[i]->status, S("Deleted"));
        }
    }
    return OK;
}

/* ---- condition keys ---- */

static size_t settings_of(const struct call *c, const struct sagemaker_user_settings *out[SETTINGS])
{
    static const char *const members[SETTINGS] = {"DefaultUserSettings", "DefaultSpaceSettings", "UserSettings"};
    size_t n = 0;

    for (size_t i = 0; i < SETTINGS; i++) {
        const struct field *f = shape_field(c->op->in, str_z(members[i]));
        if (f && field_is_set(c->in, f))
            out[n++] = *(const struct sagemaker_user_settings *const *)field_of(c->in, f);
    }
    return n;
}

res sagemaker_add_security_groups(struct call *c)
{
    const struct sagemaker_user_settings *v[SETTINGS];
    size_t n = settings_of(c, v), most = 1;
    struct list_of_str all = {0};

    for (size_t i = 0; i < n; i++)
        most += v[i]->security_groups.n;
    all.v = ARENA_ARRAY(c->arena, str, most);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < v[i]->security_groups.n; k++)
            all.v[all.n++] = v[i]->security_groups.v[k];
    if (all.n)
        context_add_list(c, S("sagemaker:VpcSecurityGroupIds"), all.v, all.n);
    return OK;
}

static void add(struct list_of_str *all, str s)
{
    if (s.n)
        all->v[all->n++] = s;
}

enum what { INSTANCE_TYPES, IMAGES, IMAGE_VERSIONS };

static void add_of_app(struct call *c, const struct sagemaker_app_settings *a, enum what what, struct list_of_str *all)
{
    const struct sagemaker_resource_spec *spec = a->default_resource_spec;

    if (spec)
        add(all, what == INSTANCE_TYPES ? spec->instance_type
                 : what == IMAGES       ? spec->sage_maker_image_arn
                                        : spec->sage_maker_image_version_arn);
    for (size_t i = 0; what == IMAGES && i < a->custom_images.n; i++)
        add(all, sm_arn(c, STR_ABSENT, "image", a->custom_images.v[i].image_name));
}

static res add_settings(struct call *c, str key, enum what what)
{
    const struct sagemaker_user_settings *v[SETTINGS];
    const struct sagemaker_app_settings *apps[SETTINGS * 6];
    size_t n = settings_of(c, v), n_apps = 0, most = 1;
    struct list_of_str all = {0};

    for (size_t i = 0; i < n; i++) {
        const struct sagemaker_app_settings *each[] = {
            v[i]->jupyter_server_app_settings, v[i]->kernel_gateway_app_settings, v[i]->jupyter_lab_app_settings,
            v[i]->code_editor_app_settings,    v[i]->tensor_board_app_settings,   v[i]->r_session_app_settings};
        for (size_t k = 0; k < sizeof each / sizeof *each; k++)
            if (each[k])
                apps[n_apps++] = each[k];
    }
    for (size_t i = 0; i < n_apps; i++)
        most += 1 + apps[i]->custom_images.n;
    all.v = ARENA_ARRAY(c->arena, str, most);
    for (size_t i = 0; i < n_apps; i++)
        add_of_app(c, apps[i], what, &all);
    if (all.n)
        context_add_list(c, key, all.v, all.n);
    return OK;
}

res sagemaker_add_instance_types(struct call *c)
{
    return add_settings(c, S("sagemaker:InstanceTypes"), INSTANCE_TYPES);
}

res sagemaker_add_images(struct call *c)
{
    return add_settings(c, S("sagemaker:ImageArns"), IMAGES);
}

res sagemaker_add_image_versions(struct call *c)
{
    return add_settings(c, S("sagemaker:ImageVersionArns"), IMAGE_VERSIONS);
}

/* KmsKeyId has replaced HomeEfsFileSystemKmsKeyId, and the one condition key the other: both say the same. */
static res add_home_key(struct call *c, str key)
{
    const struct sagemaker_create_domain_in *in = c->in;
    str id = in->kms_key_id.n ? in->kms_key_id : in->home_efs_file_system_kms_key_id;

    if (id.n)
        context_add(c, key, id);
    return OK;
}

res sagemaker_add_home_key(struct call *c)
{
    return add_home_key(c, S("sagemaker:VolumeKmsKey"));
}

res sagemaker_add_home_key_older(struct call *c)
{
    return add_home_key(c, S("sagemaker:HomeEfsFileSystemKmsKey"));
}
