/* SPDX-License-Identifier: MIT */
/* Names, ARNs, images; finding what they stand for. */
#include "api/gate.h"
#include "api/house.h"
#include "sagemaker_parts.h"

str sm_key(struct call *c, str name)
{
    char *z = arena_z(c->arena, name);

    for (size_t i = 0; i < name.n; i++)
        if (z[i] >= 'A' && z[i] <= 'Z')
            z[i] = (char)(z[i] + 32);
    return str_n(z, name.n);
}

str sm_arn(struct call *c, str account, const char *kind, str key)
{
    return arena_printf(c->arena, "arn:%.*s:sagemaker:%.*s:%.*s:%s/%.*s", FMT(c->worker->house->partition),
                        FMT(c->region), FMT(account.n ? account : c->caller->account), kind, FMT(key));
}

bool sm_parse(struct call *c, str name_or_arn, const char *kind, str *account, str *key)
{
    str rest = name_or_arn, service;

    *account = c->caller->account;
    if (!str_starts(name_or_arn, S("arn:"))) {
        *key = sm_key(c, name_or_arn);
        return true;
    }
    rest = str_behind(rest, ':', 2);
    service = str_cut(&rest, ':');
    rest = str_behind(rest, ':', 1);
    *account = str_cut(&rest, ':');
    *key = sm_key(c, rest);
    if (!str_eq(service, S("sagemaker")) || account->n != 12 || !str_starts(*key, str_z(kind)) ||
        key->n <= str_z(kind).n || key->p[str_z(kind).n] != '/')
        return false;
    *key = str_from(*key, str_z(kind).n + 1);
    return true;
}

str sm_package_key(struct call *c, str key)
{
    ptrdiff_t slash = str_find(key, '/');
    uint64_t version;

    if (slash < 0 || !str_to_u64(str_from(key, (size_t)slash + 1), &version))
        return key;
    return arena_printf(c->arena, "%.*s/%010llu", (int)slash, key.p, (unsigned long long)version);
}

res sm_check_name(struct call *c, str name, const char *member)
{
    bool good = name.n && str_all(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") &&
                name.p[0] != '-' && name.p[name.n - 1] != '-';

    if (good)
        return OK;
    return fault(c, &sagemaker_ValidationException,
                 "1 validation error detected: Value '%.*s' at '%s' failed to satisfy constraint: Member must satisfy "
                 "regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
                 FMT(name), member);
}

res sm_check_role(struct call *c, str role_arn, str subject_arn)
{
    const struct caller *role;
    struct fault why;

    TRY(flow_role(c, SAGEMAKER, role_arn, S("SageMaker"), subject_arn, &role, &why));
    if (role)
        return OK;
    return fault(c, &sagemaker_ValidationException,
                 "Could not assume role %.*s. Please ensure that the role exists and allows principal "
                 "'sagemaker.amazonaws.com' to assume the role.",
                 FMT(role_arn));
}

/* Registries differ per region and are nobody's here: an image is known by its repository and tag. */
static const struct {
    const char *name, *local;
} images[] = {{"sagemaker-xgboost:1.0-1-cpu-py3", "native"},
              {"native", "native"},
              {"native:latest", "native"},
              {"python", "python"}, /* Lambda's, for a ContainerEntrypoint of one's own */
              {"python:latest", "python"}};

res sm_image(struct call *c, str uri, str *local)
{
    str name = str_from(uri, (size_t)(str_rfind(uri, '/') + 1));

    for (size_t i = 0; i < sizeof images / sizeof *images; i++)
        if (str_eq(name, str_z(images[i].name))) {
            *local = str_z(images[i].local);
            return OK;
        }
    return fault(
        c, &sagemaker_ValidationException,
        "The image %.*s is not known to this Barmkin; `barmkin images` lists those that are, and how to add one.",
        FMT(uri));
}

res sm_check_s3_uri(struct call *c, str uri, const char *member)
{
    str rest = str_from(uri, 5);
    str bucket = str_cut(&rest, '/');

    if (str_starts(uri, S("s3://")) && bucket.n >= 3)
        return OK;
    return fault(c, &sagemaker_ValidationException,
                 "1 validation error detected: Value '%.*s' at '%s' failed to satisfy constraint: Member must satisfy "
                 "regular expression pattern: ^(https|s3)://([^/]+)/?(.*)$",
                 FMT(uri), member);
}

/* ---- finders ---- */

static void tags_of(struct resource *out, const struct sagemaker_tag_list *tags)
{
    out->tags = (const struct str_pair *)tags->v; /* a Key and a Value: the same two texts */
    out->n_tags = tags->n;
}

static res new_thing(struct call *c, const char *kind, str name, struct resource *out)
{
    out->arn = sm_arn(c, STR_ABSENT, kind, sm_key(c, name));
    return OK;
}

static void missing(struct call *c, struct resource *out, const char *what)
{
    out->missing = &sagemaker_ValidationException;
    out->missing_text = arena_printf(c->arena, "Could not find %s \"%.*s\".", what, FMT(out->arn));
}

res sagemaker_new_training_job(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return new_thing(c, "training-job", names[0], out);
}
res sagemaker_new_group(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return new_thing(c, "model-package-group", names[0], out);
}
res sagemaker_new_model(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return new_thing(c, "model", names[0], out);
}
res sagemaker_new_config(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return new_thing(c, "endpoint-config", names[0], out);
}
res sagemaker_new_endpoint(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return new_thing(c, "endpoint", names[0], out);
}

/* names: of an unversioned package, of the group of a versioned one. */
res sagemaker_new_package(struct call *c, const str *names, size_t n, struct resource *out)
{
    str account, key;

    if (n < 2 || !names[1].n)
        return new_thing(c, "model-package", names[0], out);
    if (!sm_parse(c, names[1], "model-package-group", &account, &key))
        return fault(c, &sagemaker_ValidationException, "%.*s names no model package group.", FMT(names[1]));
    out->account = account;
    out->arn = sm_arn(c, account, "model-package", arena_cat(c->arena, key, S("/*")));
    return OK;
}

res sagemaker_find_training_job(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct sagemaker_training_job *r;

    (void)n;
    TRY(new_thing(c, "training-job", names[0], out));
    TRY(sagemaker_training_job_load(c, STR_ABSENT, sm_key(c, names[0]), &r));
    out->missing = &sagemaker_ResourceNotFound;
    out->missing_text = S("Requested resource not found.");
    out->subject = r;
    if (r)
        tags_of(out, &r->tags);
    return OK;
}

static void policy_of(struct resource *out, const struct sagemaker_group *g)
{
    if (!g)
        return;
    out->policy = g->policy;
    out->policy_name = g->model_package_group_arn;
    out->principals = g->principals.v;
    out->n_principals = g->principals.n;
}

res sagemaker_find_group(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct sagemaker_group *g;
    str account, key;

    (void)n;
    if (!sm_parse(c, names[0], "model-package-group", &account, &key))
        return fault(c, &sagemaker_ValidationException, "%.*s names no model package group.", FMT(names[0]));
    out->account = account;
    out->arn = sm_arn(c, account, "model-package-group", key);
    TRY(sagemaker_group_load(c, account, key, &g));
    out->missing = &sagemaker_ValidationException;
    out->missing_text = arena_printf(c->arena, "ModelPackageGroup %.*s does not exist.", FMT(out->arn));
    out->subject = g;
    policy_of(out, g);
    if (g)
        tags_of(out, &g->tags);
    return OK;
}

/* The group's policy speaks for its packages too. */
static res group_policy(struct call *c, str account, str package_key, struct resource *out)
{
    struct sagemaker_group *g;
    str rest = package_key, group = str_cut(&rest, '/');

    if (!str_is(rest))
        return OK;
    TRY(sagemaker_group_load(c, account, group, &g));
    policy_of(out, g);
    return OK;
}

res sagemaker_find_package(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct sagemaker_package *p;
    str account, key;

    (void)n;
    if (!sm_parse(c, names[0], "model-package", &account, &key))
        return fault(c, &sagemaker_ValidationException, "%.*s names no model package.", FMT(names[0]));
    out->account = account;
    out->arn = sm_arn(c, account, "model-package", key);
    TRY(sagemaker_package_load(c, account, sm_package_key(c, key), &p));
    TRY(group_policy(c, account, key, out));
    out->missing = &sagemaker_ValidationException;
    out->missing_text = arena_printf(c->arena, "ModelPackage %.*s does not exist.", FMT(out->arn));
    out->subject = p;
    if (p)
        tags_of(out, &p->tags);
    return OK;
}

res sagemaker_find_package_list(struct call *c, const str *names, size_t n, struct resource *out)
{
    str account, key;

    (void)n;
    if (!sm_parse(c, names[0], "model-package-group", &account, &key))
        return fault(c, &sagemaker_ValidationException, "%.*s names no model package group.", FMT(names[0]));
    out->account = account;
    out->arn = sm_arn(c, account, "model-package", arena_cat(c->arena, key, S("/*")));
    return group_policy(c, account, arena_cat(c->arena, key, S("/*")), out);
}

res sagemaker_find_model(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct sagemaker_model *r;

    (void)n;
    TRY(new_thing(c, "model", names[0], out));
    TRY(sagemaker_model_load(c, STR_ABSENT, sm_key(c, names[0]), &r));
    missing(c, out, "model");
    out->subject = r;
    if (r)
        tags_of(out, &r->tags);
    return OK;
}

res sagemaker_find_config(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct sagemaker_endpoint_config *r;

    (void)n;
    TRY(new_thing(c, "endpoint-config", names[0], out));
    TRY(sagemaker_endpoint_config_load(c, STR_ABSENT, sm_key(c, names[0]), &r));
    missing(c, out, "endpoint configuration");
    out->subject = r;
    if (r)
        tags_of(out, &r->tags);
    return OK;
}

res sagemaker_find_endpoint(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct sagemaker_endpoint *r;

    (void)n;
    TRY(new_thing(c, "endpoint", names[0], out));
    TRY(sagemaker_endpoint_load(c, STR_ABSENT, sm_key(c, names[0]), &r));
    missing(c, out, "endpoint");
    out->subject = r;
    if (r)
        tags_of(out, &r->tags);
    return OK;
}
