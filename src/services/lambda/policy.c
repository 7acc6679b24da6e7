/* SPDX-License-Identifier: MIT */
/* A function's resource policy, statement by statement, as AddPermission writes them. */
#include <string.h>

#include "api/gate.h"
#include "lambda_parts.h"

enum { POLICY_MAX_BYTES = 20480 };

/* ---- one statement ---- */

static json_t *principal_of(struct call *c, str principal)
{
    json_t *o;

    if (str_eq(principal, S("*")))
        return json_string("*");
    o = json_object();
    if (principal.n == 12 && str_all(principal, "0123456789"))
        json_object_set_new(o, "AWS",
                            json_of(arena_printf(c->arena, "arn:%.*s:iam::%.*s:root", FMT(c->worker->house->partition),
                                                 FMT(principal))));
    else
        json_object_set_new(o, str_starts(principal, S("arn:")) ? "AWS" : "Service", json_of(principal));
    return o;
}

static void add_condition(json_t *all, const char *op, const char *key, str value)
{
    json_t *o = json_object_get(all, op);

    if (!value.n)
        return;
    if (!o) {
        o = json_object();
        json_object_set_new(all, op, o);
    }
    json_object_set_new(o, key, json_of(value));
}

static json_t *statement_of(struct call *c, const struct lambda_add_permission_in *in, const struct lambda_function *f)
{
    json_t *o = json_object(), *conditions = json_object();

    json_object_set_new(o, "Sid", json_of(in->statement_id));
    json_object_set_new(o, "Effect", json_string("Allow"));
    json_object_set_new(o, "Principal", principal_of(c, in->principal));
    json_object_set_new(o, "Action", json_of(in->action));
    json_object_set_new(o, "Resource", json_of(lambda_qualified_arn(c, f, f->qualifier)));
    add_condition(conditions, "StringEquals", "AWS:SourceAccount", in->source_account);
    add_condition(conditions, "StringEquals", "lambda:EventSourceToken", in->event_source_token);
    add_condition(conditions, "StringEquals", "lambda:FunctionUrlAuthType", in->function_url_auth_type);
    add_condition(conditions, "StringEquals", "aws:PrincipalOrgID", in->principal_org_id);
    add_condition(conditions, "ArnLike", "AWS:SourceArn", in->source_arn);
    if (json_object_size(conditions))
        json_object_set_new(o, "Condition", conditions);
    else
        json_decref(conditions);
    return o;
}

/* ---- the whole ---- */

static res statements_of(struct call *c, const struct lambda_function *f, json_t **out)
{
    str have = f->statements.n ? f->statements : S("[]");

    return json_parse(c->arena, have, &c->err, out);
}

static bool find(const json_t *all, str sid, size_t *at)
{
    for (*at = 0; *at < json_array_size(all); ++*at)
        if (str_eq(json_str_at(json_array_get(all, *at), "Sid"), sid))
            return true;
    return false;
}

/* ---- whose it is: the function's, or one version's or alias' alone ---- */

static res save_alias(struct call *c, const struct lambda_function *f)
{
    struct lambda_alias *a;

    TRY(lambda_alias_load(c, f->at.account, lambda_alias_id(c, f->function_name, f->qualifier), &a));
    if (!a)
        return oops(&c->err, 0, "an alias of %.*s is gone", FMT(f->function_arn));
    a->statements = f->statements;
    a->policy = f->policy;
    a->principals = f->principals;
    a->policy_revision = f->policy_revision;
    return lambda_alias_save(c, a);
}

static res save_version(struct call *c, const struct lambda_function *f)
{
    struct lambda_version *v;
    int64_t number;

    if (!str_to_i64(f->version, &number))
        return oops(&c->err, 0, "a version without a number");
    TRY(lambda_version_load(c, f->at.account, lambda_version_id(c, f->function_name, number), &v));
    if (!v)
        return oops(&c->err, 0, "a version of %.*s is gone", FMT(f->function_arn));
    v->statements = f->statements;
    v->policy = f->policy;
    v->principals = f->principals;
    v->policy_revision = f->policy_revision;
    return lambda_version_save(c, v);
}

static res save(struct call *c, struct lambda_function *f)
{
    if (lambda_is_alias(f))
        return save_alias(c, f);
    return f->version.n ? save_version(c, f) : lambda_function_save(c, f);
}

/* Who the statements name is bound to who it is now (rule 27), and the text is compiled once to be sure of it. */
static res keep(struct call *c, struct lambda_function *f, const json_t *all)
{
    f->statements = json_array_size(all) ? json_text(c->arena, all) : STR_ABSENT;
    f->policy_revision = call_uuid(c);
    f->principals = (struct map_of_str){0};
    f->policy = STR_ABSENT;
    if (str_is(f->statements)) {
        f->policy = arena_printf(c->arena, "{\"Version\":\"2012-10-17\",\"Id\":\"default\",\"Statement\":%.*s}",
                                 FMT(f->statements));
        if (f->policy.n > POLICY_MAX_BYTES)
            return fault(c, &lambda_PolicyLengthExceededException,
                         "The final policy size (%zu) is bigger than the limit (%d).", f->policy.n, POLICY_MAX_BYTES);
        TRY(policy_check(c, f->policy, POLICY_RESOURCE, &lambda_InvalidParameterValueException));
        TRY(policy_bind(c, f->policy, POLICY_RESOURCE, &lambda_InvalidParameterValueException, &f->principals));
    }
    return save(c, f);
}

static res own_copy(struct call *c, struct lambda_function **out)
{
    *out = ARENA_NEW(c->arena, struct lambda_function);
    **out = *(const struct lambda_function *)c->subject;
    if (str_eq((*out)->qualifier, S("$LATEST")))
        return fault(c, &lambda_InvalidParameterValueException,
                     "We currently do not support adding policies for $LATEST.");
    return OK;
}

static res check_revision(struct call *c, const struct lambda_function *f, str revision)
{
    if (!revision.n || str_eq(revision, f->policy_revision))
        return OK;
    return fault(c, &lambda_PreconditionFailedException,
                 "The RevisionId provided does not match the latest RevisionId. Call the GetPolicy API to retrieve the "
                 "latest RevisionId for your resource.");
}

static res check_input(struct call *c, const struct lambda_add_permission_in *in)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    str action = in->action;
    bool good = str_eq(action, S("*")) || str_eq(action, S("lambda:*")) ||
                (str_starts(action, S("lambda:")) && action.n > 7 && str_all(str_from(action, 7), letters));

    if (!good)
        return fault(c, &lambda_InvalidParameterValueException,
                     "1 validation error detected: Value '%.*s' at 'action' failed to satisfy constraint: Member must "
                     "satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])",
                     FMT(action));
    if (!str_all(in->statement_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"))
        return fault(c, &lambda_InvalidParameterValueException,
                     "1 validation error detected: Value '%.*s' at 'statementId' failed to satisfy constraint: Member "
                     "must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
                     FMT(in->statement_id));
    bool known = in->principal.n == 12 || str_eq(in->principal, S("*")) || str_starts(in->principal, S("arn:")) ||
                 str_find(in->principal, '.') > 0;
    if (!known)
        return fault(c, &lambda_InvalidParameterValueException,
                     "The provided principal was invalid. Please check the principal and try again.");
    return OK;
}

res lambda_add_permission(struct call *c, const struct lambda_add_permission_in *in,
                          struct lambda_add_permission_out *out)
{
    struct lambda_function *f;
    json_t *all, *statement;
    size_t at;

    TRY(own_copy(c, &f));
    TRY(check_input(c, in));
    TRY(check_revision(c, f, in->revision_id));
    TRY(statements_of(c, f, &all));
    if (find(all, in->statement_id, &at))
        return fault(
            c, &lambda_ResourceConflictException,
            "The statement id (%.*s) provided already exists. Please provide a new statement id, or remove the "
            "existing statement.",
            FMT(in->statement_id));
    statement = statement_of(c, in, f);
    json_array_append_new(all, statement);
    out->statement = json_text(c->arena, statement);
    return keep(c, f, all);
}

static res no_policy(struct call *c)
{
    return fault(c, &lambda_ResourceNotFoundException, "The resource you requested does not exist.");
}

res lambda_remove_permission(struct call *c, const struct lambda_remove_permission_in *in,
                             struct lambda_remove_permission_out *out)
{
    struct lambda_function *f;
    json_t *all;
    size_t at;

    (void)out;
    TRY(own_copy(c, &f));
    TRY(check_revision(c, f, in->revision_id));
    TRY(statements_of(c, f, &all));
    if (!json_array_size(all))
        return fault(c, &lambda_ResourceNotFoundException, "No policy is associated with the given resource.");
    if (!find(all, in->statement_id, &at))
        return fault(c, &lambda_ResourceNotFoundException, "Statement %.*s is not found in resource policy.",
                     FMT(in->statement_id));
    json_array_remove(all, at);
    return keep(c, f, all);
}

res lambda_get_policy(struct call *c, const struct lambda_get_policy_in *in, struct lambda_get_policy_out *out)
{
    const struct lambda_function *f = c->subject;

    (void)in;
    if (!f->policy.n)
        return no_policy(c);
    out->policy = f->policy;
    out->revision_id = f->policy_revision;
    return OK;
}

/* lambda:Principal of RemovePermission: of the statement that goes. */
res lambda_add_removed_principal(struct call *c)
{
    const struct lambda_remove_permission_in *in = c->in;
    const struct lambda_function *f = c->subject;
    json_t *all, *principal;
    const char *kind;
    size_t at;

    if (!f)
        return OK;
    TRY(statements_of(c, f, &all));
    if (!find(all, in->statement_id, &at))
        return OK;
    principal = json_object_get(json_array_get(all, at), "Principal");
    if (json_is_string(principal))
        context_add(c, S("lambda:Principal"), json_str(principal));
    json_object_foreach(principal, kind, principal)
    {
        context_add(c, S("lambda:Principal"), json_str(principal));
        break;
    }
    return OK;
}
