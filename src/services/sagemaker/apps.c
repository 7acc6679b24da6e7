/* SPDX-License-Identifier: MIT */
/* Apps of user profiles, and their life as a flow. An app is InService without anything running in it yet, and says so
 * in its FailureReason; a deleted one is shown for a day. */
#include "studio.h"

enum { SHOWN_MS = 24 * 3600 * 1000 };

extern const struct flow_kind sagemaker_app_flow;

/* ---- operations ---- */

static res check(struct call *c, const struct sagemaker_create_app_in *in)
{
    struct sagemaker_user_profile *p;
    struct sagemaker_domain *d;

    TRY(sm_check_name(c, in->app_name, "appName"));
    if (in->space_name.n || !in->user_profile_name.n)
        return fault(c, &sagemaker_ValidationException, "An app needs a UserProfileName; spaces are not built here.");
    TRY(studio_domain(c, in->domain_id, &d));
    str key = arena_printf(c->arena, "%.*s/%.*s", FMT(d->domain_id), FMT(sm_key(c, in->user_profile_name)));
    TRY(sagemaker_user_profile_load(c, STR_ABSENT, key, &p));
    if (!p)
        return fault(c, &sagemaker_ResourceNotFound, "Could not find %.*s.",
                     FMT(sm_arn(c, STR_ABSENT, "user-profile", key)));
    return OK;
}

res sagemaker_create_app(struct call *c, const struct sagemaker_create_app_in *in, struct sagemaker_create_app_out *out)
{
    struct sagemaker_app *old, *a = ARENA_NEW(c->arena, struct sagemaker_app);

    TRY(check(c, in));
    TRY(sm_check_tags(c));
    shape_copy(&sagemaker_create_app_in_shape, in, &sagemaker_app_shape, a);
    a->domain_id = sm_key(c, in->domain_id);
    a->key = arena_printf(c->arena, "%.*s/%.*s/%.*s/%.*s", FMT(a->domain_id), FMT(sm_key(c, in->user_profile_name)),
                          FMT(sm_key(c, in->app_type)), FMT(sm_key(c, in->app_name)));
    a->app_arn = sm_arn(c, STR_ABSENT, "app", a->key);
    TRY(sagemaker_app_load(c, STR_ABSENT, a->key, &old));
    if (old && !str_eq(old->status, S("Deleted")))
        return fault(c, &sagemaker_ResourceInUse, "App already exists: %.*s", FMT(a->app_arn));
    if (old)
        a->at = old->at; /* it takes the deleted one's place */
    a->status = S("Pending");
    a->creation_time = SET_TIME(c->now_ms);
    TRY(flow_begin(c, "app", a->key, STR_ABSENT, &a->flow_id));
    out->app_arn = a->app_arn;
    return sagemaker_app_save(c, a);
}

res sagemaker_describe_app(struct call *c, const struct sagemaker_describe_app_in *in,
                           struct sagemaker_describe_app_out *out)
{
    (void)in;
    shape_copy(&sagemaker_app_shape, c->subject, &sagemaker_describe_app_out_shape, out);
    return OK;
}

res sagemaker_delete_app(struct call *c, const struct sagemaker_delete_app_in *in, struct sagemaker_delete_app_out *out)
{
    struct sagemaker_app a = *(const struct sagemaker_app *)c->subject;

    (void)in, (void)out;
    if (str_eq(a.status, S("Deleted")))
        return fault(c, &sagemaker_ResourceNotFound, "Could not find %.*s.", FMT(a.app_arn));
    a.status = S("Deleting");
    flow_tell(c, a.flow_id, "delete");
    return sagemaker_app_save(c, &a);
}

res sagemaker_list_apps(struct call *c, const struct sagemaker_list_apps_in *in, struct sagemaker_list_apps_out *out)
{
    struct sm_list q = {.type = &sagemaker_app_record, .name = "AppName", .shape = &sagemaker_app_details_shape};

    if (in->space_name_equals.n) {
        out->apps.v = ARENA_ARRAY(c->arena, struct sagemaker_app_details, 1); /* there are no spaces */
        return OK;
    }
    if (in->domain_id_equals.n)
        q.prefix = arena_cat(c->arena, sm_key(c, in->domain_id_equals), S("/"));
    return sm_list(c, &q, &out->apps, &out->next_token);
}

/* ---- the flow ---- */

static res find(struct call *c, const struct flow *f, struct sagemaker_app **a)
{
    TRY(sagemaker_app_load(c, f->account, f->subject, a));
    if (*a && !str_eq((*a)->flow_id, f->id))
        *a = NULL; /* made anew under its name */
    return OK;
}

static res gone(struct flow *f)
{
    flow_end(f);
    return OK;
}

static res on_delete(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct sagemaker_app *a;

    (void)e;
    TRY(find(c, f, &a));
    if (!a)
        return gone(f);
    a->status = S("Deleted");
    a->failure_reason = STR_ABSENT;
    flow_go(f, "deleted");
    flow_wake(c, f, SHOWN_MS);
    return sagemaker_app_save(c, a);
}

static res on_begin(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct sagemaker_app *a;

    TRY(find(c, f, &a));
    if (!a)
        return gone(f);
    if (str_eq(a->status, S("Deleting"))) /* its event may have been lost in a crash */
        return on_delete(c, f, e);
    a->status = S("InService");
    a->failure_reason = S("Nothing runs in this app: Barmkin does not run the programs of Studio yet.");
    flow_go(f, "in-service");
    return sagemaker_app_save(c, a);
}

static res on_forget(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct sagemaker_app *a;

    (void)e;
    TRY(find(c, f, &a));
    flow_end(f);
    return a ? sagemaker_app_drop(c, a) : OK;
}

static const struct flow_rule rules[] = {
    {"new", "delete", on_delete, NULL},        {"new", "begin", on_begin, NULL},
    {"in-service", "delete", on_delete, NULL}, {"in-service", "resumed", on_begin, NULL},
    {"deleted", "timer", on_forget, NULL},
};
const struct flow_kind sagemaker_app_flow = {"app", SAGEMAKER, rules, sizeof rules / sizeof *rules};
