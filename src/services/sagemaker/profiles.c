/* SPDX-License-Identifier: MIT */
/* User profiles of a Studio domain: a name, settings, and a home in the domain's file system. */
#include "studio.h"

static res check_role(struct call *c, const struct sagemaker_user_settings *s, str arn)
{
    return s && s->execution_role.n ? sm_check_role(c, s->execution_role, arn) : OK;
}

res sagemaker_create_user_profile(struct call *c, const struct sagemaker_create_user_profile_in *in,
                                  struct sagemaker_create_user_profile_out *out)
{
    struct sagemaker_user_profile *old, *p = ARENA_NEW(c->arena, struct sagemaker_user_profile);
    struct sagemaker_domain *d;

    TRY(sm_check_name(c, in->user_profile_name, "userProfileName"));
    TRY(sm_check_tags(c));
    if (in->single_sign_on_user_identifier.n || in->single_sign_on_user_value.n)
        return fault(c, &sagemaker_ValidationException,
                     "SingleSignOnUserIdentifier and SingleSignOnUserValue are for domains with AuthMode SSO.");
    TRY(studio_domain(c, in->domain_id, &d));
    shape_copy(&sagemaker_create_user_profile_in_shape, in, &sagemaker_user_profile_shape, p);
    p->key = arena_printf(c->arena, "%.*s/%.*s", FMT(d->domain_id), FMT(sm_key(c, in->user_profile_name)));
    TRY(sagemaker_user_profile_load(c, STR_ABSENT, p->key, &old));
    if (old)
        return fault(c, &sagemaker_ResourceInUse, "User Profile already exists: %.*s", FMT(old->user_profile_arn));
    p->domain_id = d->domain_id;
    p->user_profile_arn = sm_arn(c, STR_ABSENT, "user-profile", p->key);
    TRY(check_role(c, in->user_settings, p->user_profile_arn));
    p->home_efs_file_system_uid = arena_printf(c->arena, "%lld", (long long)d->next_uid.v);
    p->status = S("InService"); /* nothing waits: its home is a folder, made when an app first runs */
    p->creation_time = p->last_modified_time = SET_TIME(c->now_ms);
    d->next_uid = SET_INT(d->next_uid.v + 1);
    TRY(sagemaker_domain_save(c, d));
    TRY(sagemaker_user_profile_save(c, p));
    out->user_profile_arn = p->user_profile_arn;
    return OK;
}

res sagemaker_describe_user_profile(struct call *c, const struct sagemaker_describe_user_profile_in *in,
                                    struct sagemaker_describe_user_profile_out *out)
{
    (void)in;
    shape_copy(&sagemaker_user_profile_shape, c->subject, &sagemaker_describe_user_profile_out_shape, out);
    return OK;
}

/* What is not mentioned stays, setting by setting. */
res sagemaker_update_user_profile(struct call *c, const struct sagemaker_update_user_profile_in *in,
                                  struct sagemaker_update_user_profile_out *out)
{
    struct sagemaker_user_profile p = *(const struct sagemaker_user_profile *)c->subject;
    struct sagemaker_user_settings *s = ARENA_NEW(c->arena, struct sagemaker_user_settings);

    TRY(check_role(c, in->user_settings, p.user_profile_arn));
    if (p.user_settings)
        *s = *p.user_settings;
    if (in->user_settings)
        shape_copy(&sagemaker_user_settings_shape, in->user_settings, &sagemaker_user_settings_shape, s);
    p.user_settings = s;
    p.last_modified_time = SET_TIME(c->now_ms);
    out->user_profile_arn = p.user_profile_arn;
    return sagemaker_user_profile_save(c, &p);
}

res sagemaker_delete_user_profile(struct call *c, const struct sagemaker_delete_user_profile_in *in,
                                  struct sagemaker_delete_user_profile_out *out)
{
    const struct sagemaker_user_profile *p = c->subject;
    bool apps;

    (void)in, (void)out;
    TRY(studio_has_apps(c, arena_cat(c->arena, p->key, S("/")), &apps));
    if (apps)
        return fault(c, &sagemaker_ResourceInUse, "Unable to delete UserProfile [%.*s] because it has associated Apps.",
                     FMT(p->user_profile_name));
    return sagemaker_user_profile_drop(c, p);
}

res sagemaker_list_user_profiles(struct call *c, const struct sagemaker_list_user_profiles_in *in,
                                 struct sagemaker_list_user_profiles_out *out)
{
    struct sm_list q = {
        .type = &sagemaker_user_profile_record, .name = "UserProfileName", .shape = &sagemaker_profile_details_shape};

    if (in->domain_id_equals.n)
        q.prefix = arena_cat(c->arena, sm_key(c, in->domain_id_equals), S("/"));
    return sm_list(c, &q, &out->user_profiles, &out->next_token);
}
