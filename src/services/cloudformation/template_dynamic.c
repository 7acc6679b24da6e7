/* SPDX-License-Identifier: MIT */
/* Dynamic references, {{resolve:ssm:NAME:VERSION}}, in evaluated properties. A reference counts where the template or a
 * parameter wrote it; text that came from a resource or an export is never read for any, or whoever can choose an
 * attribute (a custom resource) could have the stack's role read parameters for it. */
#include "services/cloudformation/template_parts.h"

enum { RESOLVED_MAX = 1 << 20 };

/* The only properties that take ssm-secure, by AWS's list. */
static bool takes_secure(str path)
{
    static const char *const paths[] = {
        "AWS::DirectoryService::MicrosoftAD/Properties/Password",
        "AWS::DirectoryService::SimpleAD/Properties/Password",
        "AWS::ElastiCache::ReplicationGroup/Properties/AuthToken",
        "AWS::IAM::User/Properties/LoginProfile/Password",
        "AWS::KinesisFirehose::DeliveryStream/Properties/RedshiftDestinationConfiguration/Password",
        "AWS::OpsWorks::App/Properties/AppSource/Password",
        "AWS::OpsWorks::Stack/Properties/RdsDbInstances/DbPassword",
        "AWS::OpsWorks::Stack/Properties/CustomCookbooksSource/Password",
        "AWS::RDS::DBCluster/Properties/MasterUserPassword",
        "AWS::RDS::DBInstance/Properties/MasterUserPassword",
        "AWS::Redshift::Cluster/Properties/MasterUserPassword",
    };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (str_eq(path, str_z(paths[i])))
            return true;
    return false;
}

/* ---- foreign text ---- */

void template_mark_foreign(struct template_scope *s, const json_t *value)
{
    const char *key;
    json_t *one;
    size_t i;

    json_object_foreach((json_t *)value, key, one) template_mark_foreign(s, one);
    json_array_foreach(value, i, one) template_mark_foreign(s, one);
    if (!json_is_string(value) || str_search(json_str(value), S("{{resolve:")) < 0)
        return;
    if (!s->foreign)
        s->foreign = template_keep(s, json_array());
    json_array_append(s->foreign, (json_t *)value);
}

static bool holds_foreign(const struct template_scope *s, str text)
{
    const json_t *one;
    size_t i;

    json_array_foreach(s->foreign, i, one)
    {
        if (str_search(text, json_str(one)) >= 0)
            return true;
    }
    return false;
}

/* ---- one reference ---- */

/* Where a value stands; written out only when somebody asks. Lists add nothing to a path. */
struct path {
    const struct path *parent;
    str key;
};

static str path_text(struct arena *a, const struct path *p)
{
    if (!p->parent)
        return arena_printf(a, "%.*s/Properties", FMT(p->key));
    return arena_printf(a, "%.*s/%.*s", FMT(path_text(a, p->parent)), FMT(p->key));
}

static bool is_ssm_name(str name)
{
    return name.n > 0 && str_all(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/");
}

static bool is_ssm_reference(str reference)
{
    str rest = reference, name = str_cut(&rest, ':');
    uint64_t version;

    return is_ssm_name(name) && (!str_is(rest) || (str_to_u64(rest, &version) && version > 0));
}

static res resolve_one(struct template_scope *s, str body, const struct path *path, struct err *e, str *out)
{
    str rest = body, service = str_cut(&rest, ':');
    bool secure = str_eq(service, S("ssm-secure"));

    if (!secure && !str_eq(service, S("ssm")))
        return reject(e, "Template error: dynamic references to '%.*s' are not supported: use ssm or ssm-secure.",
                      FMT(str_sub(service, 0, 40)));
    if (!is_ssm_reference(rest))
        return reject(e, "Incorrect format is used in the following SSM reference: [{{resolve:%.*s}}]", FMT(body));
    if (secure && !takes_secure(path_text(s->arena, path)))
        return reject(e, "SSM Secure reference is not supported in: [%.*s]", FMT(path_text(s->arena, path)));
    if (!s->ask.dynamic)
        return reject(e, "Unable to fetch parameters [%.*s] from parameter store for this account.", FMT(rest));
    return s->ask.dynamic(s->ask.about, service, rest, out, e);
}

static res resolve_text(struct template_scope *s, str text, const struct path *path, struct err *e, json_t **out)
{
    struct buf b;
    ptrdiff_t open, close;
    res done = OK;
    str value;

    buf_init(&b, RESOLVED_MAX);
    while (is_ok(done) && (open = str_search(text, S("{{resolve:"))) >= 0) {
        buf_add(&b, str_sub(text, 0, (size_t)open));
        text = str_from(text, (size_t)open + 10);
        close = str_search(text, S("}}"));
        if (close < 0) {
            done = reject(e, "Template error: a dynamic reference is not closed by }}");
            break;
        }
        done = resolve_one(s, str_sub(text, 0, (size_t)close), path, e, &value);
        if (is_ok(done))
            buf_add(&b, value);
        text = str_from(text, (size_t)close + 2);
    }
    buf_add(&b, text);
    if (is_ok(done))
        done = b.full ? reject(e, "Template error: a text grows beyond %d bytes", RESOLVED_MAX)
                      : template_spend(s, b.n, e);
    if (is_ok(done))
        *out = template_text_node(s, buf_str(&b));
    buf_done(&b);
    return done;
}

/* ---- trees ---- */

static res resolve(struct template_scope *s, json_t *node, const struct path *path, struct err *e, json_t **out);

static res resolve_object(struct template_scope *s, json_t *node, const struct path *path, struct err *e, json_t **out)
{
    json_t *value, *v, *copy = NULL;
    const char *key;

    *out = node;
    json_object_foreach(node, key, value)
    {
        struct path here = {path, str_z(key)};
        TRY(resolve(s, value, &here, e, &v));
        if (v == value)
            continue;
        copy = copy ? copy : template_keep(s, json_copy(node));
        json_object_set_nocheck(copy, key, v);
    }
    *out = copy ? copy : node;
    return OK;
}

static res resolve_array(struct template_scope *s, json_t *node, const struct path *path, struct err *e, json_t **out)
{
    json_t *value, *v, *copy = NULL;
    size_t i;

    json_array_foreach(node, i, value)
    {
        TRY(resolve(s, value, path, e, &v));
        if (v == value)
            continue;
        copy = copy ? copy : template_keep(s, json_copy(node));
        json_array_set(copy, i, v);
    }
    *out = copy ? copy : node;
    return OK;
}

static res resolve(struct template_scope *s, json_t *node, const struct path *path, struct err *e, json_t **out)
{
    str text = json_str(node);

    if (json_is_object(node))
        return resolve_object(s, node, path, e, out);
    if (json_is_array(node))
        return resolve_array(s, node, path, e, out);
    *out = node;
    if (str_search(text, S("{{resolve:")) < 0 || holds_foreign(s, text))
        return OK;
    return resolve_text(s, text, path, e, out);
}

res template_resolve_dynamic(struct template_scope *s, const struct template_resource *r, struct err *e, json_t **out)
{
    struct path top = {NULL, r->type};

    return resolve(s, *out, &top, e, out);
}
