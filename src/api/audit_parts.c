/* SPDX-License-Identifier: MIT */
/* Who called and what was touched, as CloudTrail's record contents describe it. */
#include "api/audit_parts.h"

#include <string.h>

#include "base/json.h"
#include "base/time.h"

void audit_key(struct buf *b, const char *name)
{
    buf_add(b, b->n && b->p[b->n - 1] != '{' ? S(",\"") : S("\""));
    buf_add_z(b, name);
    buf_add(b, S("\":"));
}

void audit_member(struct buf *b, const char *name, str value)
{
    if (!str_is(value) || !value.n)
        return;
    audit_key(b, name);
    buf_add_json_str(b, value);
}

/* ---- who ---- */

static str role_name(str arn)
{
    return str_from(arn, (size_t)(str_rfind(arn, '/') + 1));
}

/* Of temporary credentials: when they were given out, and by which role. */
static void session_context(const struct caller *who, struct buf *b)
{
    char when[TIME_TEXT_BYTES];

    audit_key(b, "sessionContext");
    buf_add_char(b, '{');
    if (who->kind == PRINCIPAL_SESSION) {
        audit_key(b, "sessionIssuer");
        buf_add_char(b, '{');
        audit_member(b, "type", who->federated ? S("IAMUser") : S("Role"));
        audit_member(b, "principalId", who->unique_id);
        audit_member(b, "arn", who->role_arn);
        audit_member(b, "accountId", who->account);
        audit_member(b, "userName", role_name(who->role_arn));
        buf_add_char(b, '}');
    }
    if (who->issued_ms) {
        audit_key(b, "attributes");
        buf_add_char(b, '{');
        audit_member(b, "creationDate", time_iso(who->issued_ms, when));
        audit_member(b, "mfaAuthenticated", S("false"));
        buf_add_char(b, '}');
    }
    audit_member(b, "sourceIdentity", who->source_identity);
    buf_add_char(b, '}');
}

void audit_identity(const struct call *c, struct buf *b)
{
    static const char *const types[] = {"AWSAccount", "Root", "IAMUser", "AssumedRole", "AWSService"};
    const struct caller *who = c->caller;

    audit_key(b, "userIdentity");
    buf_add_char(b, '{');
    audit_member(b, "type", who->federated ? S("FederatedUser") : str_z(types[who->kind]));
    if (who->kind == PRINCIPAL_ANONYMOUS) {
        audit_member(b, "accountId", S("anonymous"));
    } else if (who->kind == PRINCIPAL_SERVICE) {
        audit_member(b, "invokedBy", who->arn);
    } else {
        audit_member(b, "principalId", who->user_id);
        audit_member(b, "arn", who->arn);
        audit_member(b, "accountId", who->account);
        audit_member(b, "accessKeyId", who->access_key_id);
        if (who->kind == PRINCIPAL_USER)
            audit_member(b, "userName", who->name);
        if (who->kind == PRINCIPAL_SESSION || who->issued_ms)
            session_context(who, b);
        if (who->n_called_via)
            audit_member(b, "invokedBy", who->called_via[who->n_called_via - 1]);
        else if (who->house && c->parent) /* not the root user itself; what comes over the admin channel is */
            audit_member(b, "invokedBy", S("barmkin.amazonaws.com"));
    }
    buf_add_char(b, '}');
}

/* ---- what ---- */

/* "AWS::KMS::Key": the service as CloudFormation spells it, and the type's own name. */
static const char *spelled(const char *service)
{
    static const char *const names[][2] = {{"iam", "IAM"},
                                           {"sts", "IAM"},
                                           {"kms", "KMS"},
                                           {"s3", "S3"},
                                           {"ec2", "EC2"},
                                           {"ssm", "SSM"},
                                           {"logs", "Logs"},
                                           {"lambda", "Lambda"},
                                           {"sagemaker", "SageMaker"},
                                           {"organizations", "Organizations"},
                                           {"cloudformation", "CloudFormation"},
                                           {"cloudtrail", "CloudTrail"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i][0], service) == 0)
            return names[i][1];
    return NULL;
}

/* The kind stands in the ARN: what precedes the name in its last field. */
static void resource_type(const struct resource *r, struct buf *b)
{
    const char *service = r->type ? spelled(r->type->service) : str_starts(r->arn, S("arn:aws:iam:")) ? "IAM" : NULL;
    str rest = str_behind(r->arn, ':', 5), kind;
    bool upper = true;

    if (!service)
        return;
    for (kind = str_sub(rest, 0, 0); kind.n < rest.n && rest.p[kind.n] != '/' && rest.p[kind.n] != ':'; kind.n++)
        ;
    if (strcmp(service, "S3") == 0)
        kind = str_find(rest, '/') >= 0 ? S("object") : S("bucket");
    audit_key(b, "type");
    buf_add(b, S("\"AWS::"));
    buf_add_z(b, service);
    buf_add(b, S("::"));
    for (size_t i = 0; i < kind.n; i++) {
        char ch = kind.p[i];
        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z'))
            buf_add_char(b, upper && ch >= 'a' ? (char)(ch - 32) : ch);
        upper = ch == '-';
    }
    buf_add_char(b, '"');
}

void audit_resources(const struct call *c, struct buf *b)
{
    enum { MOST = 10 };
    bool any = false;

    for (size_t i = 0, n = 0; i < c->n_resources && n < MOST; i++) {
        const struct resource *r = &c->resources[i];
        if (!str_starts(r->arn, S("arn:")) || (i && str_eq(r->arn, c->resources[i - 1].arn)))
            continue;
        if (!any)
            audit_key(b, "resources");
        buf_add(b, any ? S(",{") : S("[{"));
        any = true;
        n++;
        audit_member(b, "ARN", r->arn);
        audit_member(b, "accountId", r->account);
        resource_type(r, b);
        buf_add_char(b, '}');
    }
    if (any)
        buf_add_char(b, ']');
}

bool audit_is_data(const struct call *c)
{
    static const char *const s3[] = {"ListObject", "ListParts", "ListMultipart", "HeadBucket"};
    const char *service = c->op->service->name;

    if (strcmp(service, "sagemakerruntime") == 0 || c->op->kind == OP_UPLOADS || c->op->kind == OP_DOWNLOADS)
        return true;
    if (strcmp(service, "lambda") == 0)
        return c->op->kind == OP_PROXIES;
    if (strcmp(service, "logs") == 0)
        return strcmp(c->op->name, "PutLogEvents") == 0;
    if (strcmp(service, "s3") != 0)
        return false;
    for (size_t i = 0; i < sizeof s3 / sizeof *s3; i++)
        if (str_starts(str_z(c->op->name), str_z(s3[i])))
            return true;
    for (size_t i = 0; i < c->n_resources; i++)
        if (c->resources[i].type && strcmp(c->resources[i].type->name, "object") == 0)
            return true;
    return false;
}
