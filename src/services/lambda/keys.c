/* SPDX-License-Identifier: MIT */
/* The key of a function's code and environment. With a customer's KMS key the caller makes it, and a grant lets the
 * function's role open it, as AWS does; without one vault keeps it. */
#include "api/gate.h"
#include "api/sealed.h"
#include "base/enc.h"
#include "crypto/random.h"
#include "kms.h"
#include "lambda_parts.h"

enum { ENVIRONMENT_MAX_BYTES = 4096 };
static const char purpose[] = "lambda-key";

static struct map_of_str context_of(struct call *c, const struct lambda_function *f)
{
    struct str_pair *pair = ARENA_NEW(c->arena, struct str_pair);

    *pair = (struct str_pair){S("aws:lambda:FunctionArn"), f->function_arn};
    return (struct map_of_str){1, pair};
}

static res grant_to_role(struct call *c, struct lambda_function *f)
{
    struct kms_constraints *constraints = ARENA_NEW(c->arena, struct kms_constraints);
    struct kms_create_grant_in in = {.key_id = f->kms_key_arn,
                                     .grantee_principal = f->role,
                                     .retiring_principal = S(LAMBDA),
                                     .constraints = constraints};
    struct kms_create_grant_out out = {0};

    in.operations = (struct list_of_str){1, ARENA_NEW(c->arena, str)};
    in.operations.v[0] = S("Decrypt");
    constraints->encryption_context_equals = context_of(c, f);
    TRY(call_as(c, caller_forward(c, LAMBDA), &kms_CreateGrant_op, &in, &out));
    f->grant_token = out.grant_token;
    return OK;
}

static res make_by_kms(struct call *c, struct lambda_function *f, str *plain)
{
    struct kms_generate_data_key_in in = {
        .key_id = f->kms_key_arn, .key_spec = S("AES_256"), .encryption_context = context_of(c, f)};
    struct kms_generate_data_key_out out = {0};

    TRY(call_as(c, caller_forward(c, LAMBDA), &kms_GenerateDataKey_op, &in, &out));
    f->wrapped_key = out.ciphertext_blob;
    *plain = out.plaintext;
    return grant_to_role(c, f);
}

res lambda_key_make(struct call *c, struct lambda_function *f, str *plain)
{
    uint8_t *key;

    f->grant_token = STR_ABSENT;
    if (f->kms_key_arn.n)
        return make_by_kms(c, f, plain);
    key = arena_alloc(c->secrets, LAMBDA_KEY_BYTES);
    random_bytes(key, LAMBDA_KEY_BYTES);
    *plain = str_n((const char *)key, LAMBDA_KEY_BYTES);
    return vault_wrap(call_vault(c), str_z(purpose), f->function_arn, *plain, c->arena, &f->wrapped_key, &c->err);
}

res lambda_key_open(struct call *c, const struct lambda_function *f, const struct caller *role, str *plain,
                    struct fault *why)
{
    struct kms_decrypt_in in = {.ciphertext_blob = f->wrapped_key, .encryption_context = context_of(c, f)};
    struct kms_decrypt_out out = {0};

    *why = (struct fault){0};
    if (!f->kms_key_arn.n)
        return vault_unwrap(call_vault(c), str_z(purpose), f->function_arn, f->wrapped_key, c->secrets, plain, &c->err);
    TRY(call_try(c, role ? role : caller_forward(c, LAMBDA), &kms_Decrypt_op, &in, &out, why));
    *plain = out.plaintext;
    return OK;
}

/* ---- the environment ---- */

static str text_of(struct call *c, const struct map_of_str *variables)
{
    struct buf b;

    buf_init_secret(&b, ENVIRONMENT_MAX_BYTES * 8);
    for (size_t i = 0; i < variables->n; i++) {
        buf_add_char(&b, i ? ',' : '{');
        buf_add_json_str(&b, variables->v[i].key);
        buf_add_char(&b, ':');
        buf_add_json_str(&b, variables->v[i].value);
    }
    if (variables->n)
        buf_add_char(&b, '}');
    str text = arena_dup(c->secrets, buf_str(&b));
    bool full = b.full;
    buf_done(&b);
    return full ? STR_ABSENT : text;
}

static bool is_name(str key)
{
    return key.n >= 2 && str_all(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") &&
           !(key.p[0] >= '0' && key.p[0] <= '9') && key.p[0] != '_';
}

static res check_variables(struct call *c, const struct map_of_str *v)
{
    static const char *const reserved[] = {"_HANDLER",
                                           "_X_AMZN_TRACE_ID",
                                           "AWS_DEFAULT_REGION",
                                           "AWS_REGION",
                                           "AWS_EXECUTION_ENV",
                                           "AWS_LAMBDA_FUNCTION_NAME",
                                           "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                           "AWS_LAMBDA_FUNCTION_VERSION",
                                           "AWS_LAMBDA_INITIALIZATION_TYPE",
                                           "AWS_LAMBDA_LOG_GROUP_NAME",
                                           "AWS_LAMBDA_LOG_STREAM_NAME",
                                           "AWS_ACCESS_KEY",
                                           "AWS_ACCESS_KEY_ID",
                                           "AWS_SECRET_ACCESS_KEY",
                                           "AWS_SESSION_TOKEN",
                                           "AWS_LAMBDA_RUNTIME_API",
                                           "LAMBDA_TASK_ROOT",
                                           "LAMBDA_RUNTIME_DIR"};

    for (size_t i = 0; i < v->n; i++) {
        for (size_t k = 0; k < sizeof reserved / sizeof *reserved; k++)
            if (str_eq(v->v[i].key, str_z(reserved[k])))
                return fault(c, &lambda_InvalidParameterValueException,
                             "Lambda was unable to configure your environment variables because the environment "
                             "variables you have provided contains reserved keys that are currently not supported for "
                             "modification. Reserved keys used in this request: %s",
                             reserved[k]);
        if (!is_name(v->v[i].key) || str_find(v->v[i].value, 0) >= 0)
            return fault(c, &lambda_InvalidParameterValueException,
                         "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: "
                         "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "
                         "[a-zA-Z]([a-zA-Z0-9_])+]");
    }
    return OK;
}

res lambda_seal_environment(struct call *c, struct lambda_function *f, str key, const struct map_of_str *variables)
{
    TRY(check_variables(c, variables));
    str text = text_of(c, variables);
    if (!str_is(text) || text.n > ENVIRONMENT_MAX_BYTES)
        return fault(c, &lambda_InvalidParameterValueException,
                     "Lambda was unable to configure your environment variables because the environment variables you "
                     "have provided exceeded the 4KB limit.");
    f->sealed_environment = text.n ? sealed_make(c->arena, key, f->function_arn, text) : STR_ABSENT;
    return OK;
}

res lambda_open_environment(struct call *c, const struct lambda_function *f, str key, struct map_of_str *out)
{
    str text;
    json_t *tree, *value;
    const char *name;

    *out = (struct map_of_str){0};
    if (!f->sealed_environment.n)
        return OK;
    if (!sealed_open(c->secrets, key, f->function_arn, f->sealed_environment, &text) ||
        !is_ok(json_parse(c->secrets, text, NULL, &tree)))
        return oops(&c->err, 0, "the environment of %.*s does not open", FMT(f->function_arn));
    out->v = ARENA_ARRAY(c->secrets, struct str_pair, json_object_size(tree) + 1);
    json_object_foreach(tree, name, value) out->v[out->n++] = (struct str_pair){str_z(name), json_str(value)};
    return OK;
}
