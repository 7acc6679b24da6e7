/* SPDX-License-Identifier: MIT */
/* Functions: made, shown, changed, removed. */
#include <string.h>

#include "api/gate.h"
#include "base/time.h"
#include "lambda_parts.h"

enum { PAGE_MAX = 50, TIMEOUT_S = 3, MEMORY_MIB = 128, TMP_MIB = 512 };

/* ---- what is shown ---- */

str lambda_modified_now(struct call *c)
{
    char text[TIME_TEXT_BYTES];

    str iso = time_iso_ms(c->now_ms, text); /* ...123Z */
    return arena_printf(c->arena, "%.*s+0000", FMT(str_sub(iso, 0, iso.n - 1)));
}

str lambda_session(struct call *c, str function_name)
{
    return function_name.n > 1 ? function_name : arena_cat(c->arena, function_name, S("@"));
}

str lambda_log_group(struct call *c, const struct lambda_function *f)
{
    if (f->logging_config && f->logging_config->log_group.n)
        return f->logging_config->log_group;
    return arena_cat(c->arena, S("/aws/lambda/"), f->function_name);
}

static res show_environment(struct call *c, const struct lambda_function *f, struct lambda_environment_answer **out)
{
    struct lambda_environment_answer *e = ARENA_NEW(c->arena, struct lambda_environment_answer);
    struct fault why;
    str key;

    if (!f->sealed_environment.n)
        return OK;
    *out = e;
    TRY(lambda_key_open(c, f, NULL, &key, &why));
    if (!why.type)
        return lambda_open_environment(c, f, key, &e->variables);
    e->error = ARENA_NEW(c->arena, struct lambda_environment_error);
    e->error->error_code = S("AccessDeniedException");
    e->error->message = arena_printf(
        c->arena,
        "Lambda was unable to decrypt your environment variables because the KMS access was denied. Please check your "
        "KMS permissions. KMS Exception: %s KMS Message: %.*s",
        why.type->code, FMT(why.message));
    return OK;
}

res lambda_describe(struct call *c, const struct lambda_function *f, bool secrets, const struct shape *shape, void *out)
{
    struct lambda_configuration *v = ARENA_NEW(c->arena, struct lambda_configuration);
    struct lambda_snap_start *snap = ARENA_NEW(c->arena, struct lambda_snap_start);
    struct lambda_logging *log = ARENA_NEW(c->arena, struct lambda_logging);
    const struct lambda_runtime *runtime = lambda_runtime_named(f->runtime);

    shape_copy(&lambda_function_shape, f, &lambda_configuration_shape, v);
    *snap = (struct lambda_snap_start){S("None"), S("Off")};
    *log = (struct lambda_logging){.log_format = S("Text"), .log_group = lambda_log_group(c, f)};
    v->function_arn = lambda_qualified_arn(c, f, f->qualifier);
    v->version = f->version.n ? f->version : S("$LATEST");
    v->state = S("Active");
    v->last_update_status = S("Successful");
    v->package_type = S("Zip");
    v->snap_start = snap;
    v->logging_config = log;
    /* Not AWS's own version, and the ARN says so: a runtime's name does not tell which interpreter serves it. */
    v->runtime_version_config = ARENA_NEW(c->arena, struct lambda_runtime_version);
    v->runtime_version_config->runtime_version_arn =
        arena_printf(c->arena, "arn:%.*s:lambda:%.*s::runtime:%s", FMT(c->worker->house->partition), FMT(c->region),
                     runtime ? runtime->says : "unknown");
    if (secrets)
        TRY(show_environment(c, f, &v->environment));
    shape_copy(&lambda_configuration_shape, v, shape, out);
    return OK;
}

/* ---- what was asked for ---- */

static res refuse(struct call *c, bool asked, const char *what)
{
    return !asked ? OK : fault(c, &lambda_InvalidParameterValueException, "%s is not built in this Barmkin.", what);
}

static res refuse_unbuilt(struct call *c, const struct lambda_create_function_in *in)
{
    TRY(refuse(c, str_eq(in->package_type, S("Image")) || in->code->image_uri.n, "PackageType Image"));
    TRY(refuse(c, in->layers.n, "Layers"));
    TRY(refuse(c, in->file_system_configs.n, "FileSystemConfigs"));
    TRY(refuse(c, in->dead_letter_config && in->dead_letter_config->target_arn.n, "DeadLetterConfig"));
    TRY(refuse(c, in->code_signing_config_arn.n, "CodeSigningConfigArn"));
    TRY(refuse(c, in->architectures.n && str_eq(in->architectures.v[0], S("arm64")), "The architecture arm64"));
    TRY(refuse(c, in->code->source_kms_key_arn.n, "SourceKMSKeyArn (KMSKeyArn covers the code as well)"));
    TRY(refuse(c, in->tracing_config && str_eq(in->tracing_config->mode, S("Active")), "TracingConfig Active"));
    TRY(refuse(c, in->logging_config && str_eq(in->logging_config->log_format, S("JSON")), "LogFormat JSON"));
    return refuse(c, in->snap_start && str_eq(in->snap_start->apply_on, S("PublishedVersions")), "SnapStart");
}

static res check_names(struct call *c, const struct lambda_create_function_in *in, str name)
{
    bool good = name.n <= 64 && str_all(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    if (!good)
        return fault(c, &lambda_InvalidParameterValueException,
                     "1 validation error detected: Value '%.*s' at 'functionName' failed to satisfy constraint: Member "
                     "must satisfy regular expression pattern: "
                     "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"
                     "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
                     FMT(in->function_name));
    if (!in->runtime.n || !in->handler.n)
        return fault(c, &lambda_InvalidParameterValueException,
                     "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
    return lambda_runtime_check(c, in->runtime);
}

static opt_int or_else(opt_int given, int64_t otherwise)
{
    return given.set ? given : SET_INT(otherwise);
}

static str *one_text(struct call *c, str text)
{
    str *v = ARENA_NEW(c->arena, str);

    *v = text;
    return v;
}

/* Everything but code, key and environment. */
static void fill(struct call *c, const struct lambda_create_function_in *in, str name, struct lambda_function *f)
{
    shape_copy(&lambda_create_function_in_shape, in, &lambda_function_shape, f);
    f->code = STR_ABSENT; /* there it is what was sent, here an id */
    f->vpc_config = NULL;
    f->function_name = name;
    f->function_arn = lambda_arn(c, STR_ABSENT, name);
    f->timeout = or_else(in->timeout, TIMEOUT_S);
    f->memory_size = or_else(in->memory_size, MEMORY_MIB);
    f->description = str_is(in->description) ? in->description : S("");
    f->revision_id = call_uuid(c);
    f->last_modified = lambda_modified_now(c);
    f->architectures = (struct list_of_str){1, one_text(c, S("x86_64"))};
    if (!f->tracing_config) {
        f->tracing_config = ARENA_NEW(c->arena, struct lambda_tracing);
        f->tracing_config->mode = S("PassThrough");
    }
    if (!f->ephemeral_storage) {
        f->ephemeral_storage = ARENA_NEW(c->arena, struct lambda_storage);
        f->ephemeral_storage->size = SET_INT(TMP_MIB);
    }
}

static res take_environment(struct call *c, struct lambda_function *f, str key, const struct lambda_environment *e)
{
    return e ? lambda_seal_environment(c, f, key, &e->variables) : OK;
}

res lambda_create_function(struct call *c, const struct lambda_create_function_in *in,
                           struct lambda_create_function_out *out)
{
    struct lambda_function *f = ARENA_NEW(c->arena, struct lambda_function), *old;
    struct lambda_code_input code = {in->code->zip_file,
                                     in->code->inline_source,
                                     in->code->s3_bucket,
                                     in->code->s3_key,
                                     in->code->s3_object_version,
                                     in->runtime,
                                     in->handler,
                                     c->body.upload};
    struct lambda_name name;
    const struct caller *role;
    str key;

    TRY(refuse_unbuilt(c, in));
    TRY(check_names(c, in, lambda_parse_name(c, in->function_name, &name) ? name.name : in->function_name));
    TRY(lambda_check_tags(c, in->tags, in->tags));
    TRY(lambda_function_load(c, STR_ABSENT, name.name, &old));
    if (old)
        return fault(c, &lambda_ResourceConflictException, "Function already exist: %.*s", FMT(name.name));
    fill(c, in, name.name, f);
    TRY(lambda_check_role(c, in->role, f->function_arn, &role));
    TRY(lambda_take_vpc(c, in->vpc_config, in->role, f));
    TRY(lambda_key_make(c, f, &key));
    TRY(lambda_take_code(c, &code, key, f));
    TRY(take_environment(c, f, key, in->environment));
    TRY(lambda_function_save(c, f));
    if (in->publish.v) {
        TRY(lambda_publish(c, f, STR_ABSENT, false, &f));
        f->qualifier = STR_ABSENT; /* as AWS shows what was just made */
    }
    return lambda_describe(c, f, true, &lambda_create_function_out_shape, out);
}

/* ---- reading ---- */

res lambda_get_function(struct call *c, const struct lambda_get_function_in *in, struct lambda_get_function_out *out)
{
    const struct lambda_function *f = c->subject;

    (void)in;
    out->configuration = ARENA_NEW(c->arena, struct lambda_configuration);
    TRY(lambda_describe(c, f, true, &lambda_configuration_shape, out->configuration));
    out->code = ARENA_NEW(c->arena, struct lambda_code_location);
    TRY(lambda_locate_code(c, f, out->code));
    out->tags = f->tags;
    if (f->reserved_concurrent_executions.set) {
        out->concurrency = ARENA_NEW(c->arena, struct lambda_concurrency);
        out->concurrency->reserved_concurrent_executions = f->reserved_concurrent_executions;
    }
    return OK;
}

res lambda_get_function_configuration(struct call *c, const struct lambda_get_function_configuration_in *in,
                                      struct lambda_get_function_configuration_out *out)
{
    (void)in;
    return lambda_describe(c, c->subject, true, &lambda_get_function_configuration_out_shape, out);
}

static res list_latest(struct call *c, str after, size_t limit, bool all, struct lambda_list_functions_out *out,
                       str *next)
{
    struct lambda_function_page page;

    TRY(lambda_function_list_all(c, STR_ABSENT, STR_ABSENT, after, limit, &page));
    for (size_t i = 0; i < page.n; i++) {
        page.v[i]->qualifier = all ? S("$LATEST") : STR_ABSENT;
        TRY(lambda_describe(c, page.v[i], false, &lambda_configuration_shape, &out->functions.v[out->functions.n++]));
    }
    *next = page.more ? page.v[page.n - 1]->function_name : STR_ABSENT;
    return OK;
}

/* Without their environments, which only those who ask for one function see. With FunctionVersion ALL the published
 * versions follow, after a page token of their own. */
res lambda_list_functions(struct call *c, const struct lambda_list_functions_in *in,
                          struct lambda_list_functions_out *out)
{
    size_t limit = in->max_items.set && in->max_items.v < PAGE_MAX ? (size_t)in->max_items.v : PAGE_MAX;
    bool all = str_eq(in->function_version, S("ALL")), versions;
    str after = STR_ABSENT, next, mark = S("versions/");

    if (in->marker.n && !page_token_open(c, in->marker, &after))
        return fault(c, &lambda_InvalidParameterValueException, "Invalid Marker");
    if (str_is(in->function_version) && !all)
        return fault(c, &lambda_InvalidParameterValueException, "FunctionVersion must be ALL");
    out->functions.v = ARENA_ARRAY(c->arena, struct lambda_configuration, limit + 1);
    versions = str_starts(after, mark);
    if (versions) {
        after = str_from(after, mark.n);
        TRY(lambda_list_versions(c, after.n ? after : STR_ABSENT, limit, out->functions.v, &out->functions.n, &next));
    } else {
        TRY(list_latest(c, after, limit, all, out, &next));
    }
    if (str_is(next))
        out->next_marker = page_token(c, versions ? arena_cat(c->arena, mark, next) : next);
    else if (all && !versions)
        out->next_marker = page_token(c, mark);
    return OK;
}

/* ---- changing ---- */

struct retiring {
    str function, revision;
};

static res retire(struct house *h, void *arg, struct err *e)
{
    const struct retiring *r = arg;

    (void)e;
    if (h->functions)
        h->functions->retire(h, r->function, r->revision);
    return OK;
}

void lambda_retire(struct call *c, str function, str revision)
{
    struct retiring *r = ARENA_NEW(c->arena, struct retiring);

    *r = (struct retiring){function, revision};
    call_after(c, retire, r);
}

static res changed(struct call *c, struct lambda_function *f)
{
    f->revision_id = call_uuid(c);
    f->last_modified = lambda_modified_now(c);
    lambda_retire(c, f->function_arn, f->revision_id);
    return lambda_function_save(c, f);
}

res lambda_check_revision(struct call *c, str have, str given)
{
    if (!given.n || str_eq(given, have))
        return OK;
    return fault(c, &lambda_PreconditionFailedException,
                 "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
                 "retrieve the latest Revision Id");
}

static res kms_denied(struct call *c, const struct fault *why)
{
    return fault(c, &lambda_KMSAccessDeniedException, "KMS Exception: %s KMS Message: %.*s", why->type->code,
                 FMT(why->message));
}

res lambda_update_function_code(struct call *c, const struct lambda_update_function_code_in *in,
                                struct lambda_update_function_code_out *out)
{
    struct lambda_function *f;
    struct fault why;
    str key;

    TRY(lambda_own_copy(c, &f));
    const struct lambda_code_input code = {in->zip_file,          in->inline_source, in->s3_bucket, in->s3_key,
                                           in->s3_object_version, f->runtime,        f->handler,    c->body.upload};
    TRY(refuse(c, in->image_uri.n, "PackageType Image"));
    TRY(refuse(c, in->architectures.n && str_eq(in->architectures.v[0], S("arm64")), "The architecture arm64"));
    TRY(refuse(c, in->source_kms_key_arn.n, "SourceKMSKeyArn"));
    TRY(lambda_check_revision(c, f->revision_id, in->revision_id));
    TRY(lambda_key_open(c, f, NULL, &key, &why));
    if (why.type)
        return kms_denied(c, &why);
    struct lambda_function old = *f;
    TRY(lambda_take_code(c, &code, key, f));
    if (in->dry_run.v) { /* it was checked, and goes again */
        TRY(lambda_untake_code(c, &code, f));
        f->code = old.code;
    } else {
        TRY(changed(c, f));
        TRY(lambda_drop_code(c, &old));
    }
    if (in->publish.v && !in->dry_run.v)
        TRY(lambda_publish(c, f, STR_ABSENT, false, &f));
    return lambda_describe(c, f, true, &lambda_update_function_code_out_shape, out);
}

/* Another key, or another role under a customer's key: code and environment are sealed anew. */
static res rekey(struct call *c, struct lambda_function *f, const struct lambda_update_function_configuration_in *in,
                 str *key)
{
    bool other = (str_is(in->kms_key_arn) && !str_eq(in->kms_key_arn, f->kms_key_arn)) ||
                 (f->kms_key_arn.n && in->role.n && !str_eq(in->role, f->role));
    struct map_of_str variables;
    struct fault why;
    str old;

    TRY(lambda_key_open(c, f, NULL, &old, &why));
    if (why.type)
        return kms_denied(c, &why);
    *key = old;
    if (!other)
        return OK;
    TRY(lambda_open_environment(c, f, old, &variables));
    f->kms_key_arn = str_is(in->kms_key_arn) ? in->kms_key_arn : f->kms_key_arn;
    f->role = in->role.n ? in->role : f->role;
    TRY(lambda_key_make(c, f, key));
    TRY(lambda_reseal_code(c, f, old, *key));
    return lambda_seal_environment(c, f, *key, &variables);
}

static res reconfigure(struct call *c, const struct lambda_update_function_configuration_in *in,
                       struct lambda_function *f)
{
    const struct caller *role;

    if (in->runtime.n)
        TRY(lambda_runtime_check(c, in->runtime));
    if (in->role.n)
        TRY(lambda_check_role(c, in->role, f->function_arn, &role));
    if (in->vpc_config)
        TRY(lambda_take_vpc(c, in->vpc_config, in->role.n ? in->role : f->role, f));
    f->role = in->role.n ? in->role : f->role;
    f->runtime = in->runtime.n ? in->runtime : f->runtime;
    f->handler = in->handler.n ? in->handler : f->handler;
    f->description = str_is(in->description) ? in->description : f->description;
    f->timeout = in->timeout.set ? in->timeout : f->timeout;
    f->memory_size = in->memory_size.set ? in->memory_size : f->memory_size;
    f->tracing_config = in->tracing_config ? in->tracing_config : f->tracing_config;
    f->ephemeral_storage = in->ephemeral_storage ? in->ephemeral_storage : f->ephemeral_storage;
    f->logging_config = in->logging_config ? in->logging_config : f->logging_config;
    return OK;
}

res lambda_update_function_configuration(struct call *c, const struct lambda_update_function_configuration_in *in,
                                         struct lambda_update_function_configuration_out *out)
{
    struct lambda_function *f;
    str key;

    TRY(lambda_own_copy(c, &f));
    struct lambda_function old = *f;
    TRY(refuse(c, in->layers.n, "Layers"));
    TRY(refuse(c, in->file_system_configs.n, "FileSystemConfigs"));
    TRY(refuse(c, in->dead_letter_config && in->dead_letter_config->target_arn.n, "DeadLetterConfig"));
    TRY(refuse(c, in->tracing_config && str_eq(in->tracing_config->mode, S("Active")), "TracingConfig Active"));
    TRY(refuse(c, in->logging_config && str_eq(in->logging_config->log_format, S("JSON")), "LogFormat JSON"));
    TRY(refuse(c, in->snap_start && str_eq(in->snap_start->apply_on, S("PublishedVersions")), "SnapStart"));
    TRY(lambda_check_revision(c, f->revision_id, in->revision_id));
    TRY(rekey(c, f, in, &key));
    TRY(reconfigure(c, in, f));
    TRY(take_environment(c, f, key, in->environment));
    TRY(changed(c, f));
    if (!str_eq(f->code, old.code))
        TRY(lambda_drop_code(c, &old));
    return lambda_describe(c, f, true, &lambda_update_function_configuration_out_shape, out);
}

res lambda_delete_function(struct call *c, const struct lambda_delete_function_in *in,
                           struct lambda_delete_function_out *out)
{
    const struct lambda_function *f = c->subject;

    (void)in, (void)out;
    if (str_eq(f->qualifier, S("$LATEST")))
        return fault(c, &lambda_InvalidParameterValueException,
                     "$LATEST version cannot be deleted without deleting the function.");
    if (lambda_is_alias(f))
        return fault(c, &lambda_InvalidParameterValueException, "Deletion of aliases is not currently supported.");
    if (f->version.n)
        return lambda_drop_version(c, f);
    TRY(record_drop_all(c, &lambda_alias_record, f->at.account, lambda_alias_id(c, f->function_name, S(""))));
    TRY(lambda_function_drop(c, f));
    TRY(lambda_drop_versions(c, f));
    lambda_retire(c, f->function_arn, STR_ABSENT);
    return lambda_drop_code(c, f);
}

/* An account is wiped: its records go by themselves, its environments are told. */
res lambda_wipe(struct call *c, str account)
{
    struct lambda_function_page page;
    struct lambda_version_page versions;

    TRY(lambda_function_list_all(c, account, STR_ABSENT, STR_ABSENT, 10000, &page));
    for (size_t i = 0; i < page.n; i++)
        lambda_retire(c, page.v[i]->function_arn, STR_ABSENT);
    TRY(lambda_version_list_all(c, account, STR_ABSENT, STR_ABSENT, 10000, &versions));
    for (size_t i = 0; i < versions.n; i++) {
        const struct lambda_function *f = lambda_of_version(c, versions.v[i]);
        lambda_retire(c, lambda_qualified_arn(c, f, f->version), STR_ABSENT);
    }
    return OK;
}
