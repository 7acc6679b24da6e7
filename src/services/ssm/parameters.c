/* SPDX-License-Identifier: MIT */
/* One parameter at a time: PutParameter, GetParameter, DeleteParameter. */
#include "base/enc.h"
#include "api/java_pattern.h"
#include "kms.h"
#include "ssm_parts.h"

/* ---- names and values ---- */

res ssm_check_name(struct call *c, str name)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/";
    str first = str_from(name, str_starts(name, S("/")) ? 1 : 0);
    size_t levels = 0;

    for (size_t i = 0; i < name.n; i++)
        levels += name.p[i] == '/';
    if (ssm_arn(c, name).n > SSM_ARN_MAX_BYTES)
        return fault(c, &ssm_ValidationException,
                     "Parameter name: can't be longer than %d characters, those of its ARN before the name included.",
                     SSM_ARN_MAX_BYTES);
    if (levels > SSM_LEVELS_MAX)
        return fault(c, &ssm_HierarchyLevelLimitExceededException, "A hierarchy has at most %d levels.",
                     SSM_LEVELS_MAX);
    if (!first.n || !str_all(name, set) || str_ends(name, S("/")) || str_search(name, S("//")) >= 0 ||
        (levels && name.p[0] != '/'))
        return fault(c, &ssm_ValidationException,
                     "Parameter name must be a fully qualified name: only a mix of letters, numbers and the symbols "
                     ".-_ is allowed in each part, and a name with levels begins with /.");
    if (str_starts_nocase(first, S("aws")) || str_starts_nocase(first, S("ssm")))
        return fault(c, &ssm_ValidationException,
                     "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).");
    return OK;
}

/* What binds a ciphertext to its parameter: AWS's own encryption context. */
static struct map_of_str bound_to(struct call *c, str name)
{
    struct str_pair *v = ARENA_ARRAY(c->arena, struct str_pair, 1);

    v[0] = (struct str_pair){S("PARAMETER_ARN"), ssm_arn(c, name)};
    return (struct map_of_str){1, v};
}

/* kms answers in the caller's right (forward access); its refusals of the key itself are told as ssm tells them. */
static res in_ssm_words(struct call *c, const struct fault *f)
{
    str code = f->type ? str_z(f->type->code) : STR_ABSENT;

    if (!f->type)
        return OK;
    if (f->type == &api_access_denied)
        return fault(c, &api_access_denied, "%.*s", FMT(f->message));
    return fault(c, &ssm_InvalidKeyId, "%.*s (%.*s)", FMT(f->message), FMT(code));
}

static res seal(struct call *c, const struct ssm_put_parameter_in *in, str name, struct ssm_parameter *p)
{
    struct kms_encrypt_in ask = {.plaintext = in->value, .encryption_context = bound_to(c, name)};
    struct kms_encrypt_out answer = {0};
    struct fault refused;

    if (str_is(in->key_id))
        p->key_id = in->key_id;
    if (!str_is(p->key_id))
        p->key_id = S("alias/aws/ssm");
    ask.key_id = p->key_id;
    TRY(call_try(c, caller_forward(c, "ssm.amazonaws.com"), &kms_Encrypt_op, &ask, &answer, &refused));
    TRY(in_ssm_words(c, &refused));
    p->value = base64_encode(c->arena, answer.ciphertext_blob);
    return OK;
}

res ssm_open_value(struct call *c, const struct ssm_parameter *p, str *value)
{
    struct kms_decrypt_in ask = {.encryption_context = bound_to(c, p->name)};
    struct kms_decrypt_out answer = {0};
    struct fault refused;

    if (!str_eq(p->type, S("SecureString")))
        return OK;
    if (!base64_decode(c->arena, p->value, &ask.ciphertext_blob))
        return oops(&c->err, 0, "the sealed value of %.*s cannot be read", FMT(p->name));
    TRY(call_try(c, caller_forward(c, "ssm.amazonaws.com"), &kms_Decrypt_op, &ask, &answer, &refused));
    TRY(in_ssm_words(c, &refused));
    *value = answer.plaintext;
    return OK;
}

res ssm_show(struct call *c, const struct ssm_parameter *p, bool decrypt, str selector, struct ssm_parameter_value *out)
{
    *out = (struct ssm_parameter_value){.name = p->name,
                                        .type = p->type,
                                        .value = p->value,
                                        .version = p->version,
                                        .last_modified_date = p->last_modified,
                                        .arn = ssm_arn(c, p->name),
                                        .data_type = p->data_type};
    if (str_is(selector))
        out->selector = arena_printf(c->arena, ":%.*s", FMT(selector));
    return decrypt ? ssm_open_value(c, p, &out->value) : OK;
}

/* ---- PutParameter ---- */

res ssm_add_overwrite(struct call *c)
{
    const struct ssm_put_parameter_in *in = c->in;

    context_add(c, S("ssm:Overwrite"), in->overwrite.v ? S("true") : S("false"));
    return OK;
}

static res check_value(struct call *c, const struct ssm_put_parameter_in *in)
{
    if (in->value.n == 0)
        return fault(c, &ssm_ValidationException, "Parameter value can't be empty.");
    if (in->value.n > SSM_VALUE_MAX_BYTES)
        return fault(c, &ssm_ValidationException,
                     "Standard tier parameters support a maximum parameter value of %d characters.",
                     SSM_VALUE_MAX_BYTES);
    if (str_eq(in->tier, S("Advanced")) || str_is(in->policies))
        return fault(c, &ssm_ValidationException,
                     "Barmkin's Parameter Store has the tier Standard only, without parameter policies.");
    return OK;
}

static res check_pattern(struct call *c, str pattern, str value)
{
    struct err why = {0};
    bool matches = true;

    if (pattern.n && !is_ok(java_pattern_matches(pattern, value, &matches, &why)))
        return fault(c, &ssm_InvalidAllowedPatternException, "%s", why.what);
    if (!matches)
        return fault(c, &ssm_ParameterPatternMismatchException,
                     "Parameter value can't be validated against allowedPattern %.*s", FMT(pattern));
    return OK;
}

static res check_again(struct call *c, const struct ssm_put_parameter_in *in, const struct ssm_parameter *old)
{
    if (!old)
        return str_is(in->type)
                   ? OK
                   : fault(c, &ssm_ValidationException, "A parameter type is required when you create a parameter.");
    if (!in->overwrite.v)
        return fault(c, &ssm_ParameterAlreadyExists,
                     "The parameter already exists. To overwrite this value, set the overwrite option in the request "
                     "to true.");
    if (in->tags.n)
        return fault(c, &ssm_ValidationException,
                     "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, "
                     "please remove overwrite flag. To update tags for an existing parameter, please use "
                     "AddTagsToResource or RemoveTagsFromResource.");
    return OK;
}

res ssm_put_parameter(struct call *c, const struct ssm_put_parameter_in *in, struct ssm_put_parameter_out *out)
{
    const struct ssm_parameter *old = c->subject;
    struct ssm_parameter *p = ARENA_NEW(c->arena, struct ssm_parameter);
    str selector, name = ssm_plain_name(c, in->name, &selector);

    TRY(ssm_check_name(c, in->name));
    TRY(check_value(c, in));
    TRY(check_again(c, in, old));
    TRY(ssm_check_tags(c, TAGS(in->tags), TAGS(in->tags)));
    if (old) {
        *p = *old;
        TRY(ssm_version_keep(c, old));
    }
    p->labels = (struct list_of_str){0};
    p->name = name;
    p->type = str_is(in->type) ? in->type : old->type;
    p->value = in->value;
    p->pattern = str_is(in->allowed_pattern) ? in->allowed_pattern : p->pattern;
    p->description = str_is(in->description) ? in->description : p->description;
    p->version = SET_INT(old ? old->version.v + 1 : 1);
    p->last_modified = SET_TIME(c->now_ms);
    p->modified_by = c->caller->arn;
    p->tier = S("Standard");
    p->data_type = str_is(in->data_type) ? in->data_type : S("text");
    if (in->tags.n)
        p->tags = in->tags;
    TRY(check_pattern(c, p->pattern, in->value));
    if (str_eq(p->type, S("SecureString")))
        TRY(seal(c, in, name, p));
    else
        p->key_id = STR_ABSENT;
    TRY(ssm_parameter_save(c, p));
    out->version = p->version;
    out->tier = p->tier;
    return OK;
}

/* ---- GetParameter, DeleteParameter ---- */

res ssm_get_parameter(struct call *c, const struct ssm_get_parameter_in *in, struct ssm_get_parameter_out *out)
{
    const struct ssm_parameter *p;
    str selector, name = ssm_plain_name(c, in->name, &selector);

    TRY(ssm_version_at(c, c->subject, selector, &p));
    if (!p)
        return fault(c, &ssm_ParameterVersionNotFound,
                     "Systems Manager could not find version %.*s of %.*s. Verify the version and try again.",
                     FMT(selector), FMT(name));
    out->parameter = ARENA_NEW(c->arena, struct ssm_parameter_value);
    return ssm_show(c, p, in->with_decryption.v, selector, out->parameter);
}

res ssm_delete_parameter(struct call *c, const struct ssm_delete_parameter_in *in, struct ssm_delete_parameter_out *out)
{
    (void)in, (void)out;
    return ssm_drop(c, c->subject);
}
