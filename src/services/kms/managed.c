/* SPDX-License-Identifier: MIT */
/* Keys that AWS manages: alias/aws/NAME, one an account, usable only through the service it is for. */
#include "kms_parts.h"

static const struct {
    const char *alias, *service;
} managed[] = {{"alias/aws/s3", "s3"},
               {"alias/aws/ebs", "ec2"},
               {"alias/aws/ssm", "ssm"},
               {"alias/aws/elasticfilesystem", "elasticfilesystem"},
               {"alias/aws/codecommit", "codecommit"},
               {"alias/aws/lambda", "lambda"},
               {"alias/aws/ecr", "ecr"},
               {"alias/aws/secretsmanager", "secretsmanager"}};

static const char *service_of(str alias)
{
    for (size_t i = 0; i < sizeof managed / sizeof *managed; i++)
        if (str_eq(alias, str_z(managed[i].alias)))
            return managed[i].service;
    return NULL;
}

/* The policy AWS gives such a key: the account's callers through the service, and the account's own eyes on it. */
static str policy_of(struct call *c, const char *service)
{
    str account = c->caller->account;

    return arena_printf(
        c->arena,
        "{\"Version\":\"2012-10-17\",\"Id\":\"auto-%s-1\",\"Statement\":[{\"Sid\":\"Allow access through the service "
        "for all principals in the account that are authorized to use it\",\"Effect\":\"Allow\",\"Principal\":"
        "{\"AWS\":\"*\"},\"Action\":[\"kms:Encrypt\",\"kms:Decrypt\",\"kms:ReEncrypt*\",\"kms:GenerateDataKey*\","
        "\"kms:CreateGrant\",\"kms:DescribeKey\"],\"Resource\":\"*\",\"Condition\":{\"StringEquals\":"
        "{\"kms:CallerAccount\":\"%.*s\",\"kms:ViaService\":\"%s.%.*s.amazonaws.com\"}}},{\"Sid\":\"Allow direct "
        "access to key metadata to the account\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::%.*s:root\""
        "},\"Action\":[\"kms:Describe*\",\"kms:Get*\",\"kms:List*\",\"kms:RevokeGrant\"],\"Resource\":\"*\"}]}",
        service, FMT(account), service, FMT(c->region), FMT(account));
}

/* A record can be made only where the whole call writes: a read inside a writing call may, a plain read may not. */
static bool may_write(const struct call *c)
{
    while (c->parent)
        c = c->parent;
    return c->op && c->op->kind == OP_WRITES;
}

res kms_managed_key(struct call *c, str alias, struct kms_key **out)
{
    const char *service = service_of(alias);
    struct kms_alias *a = ARENA_NEW(c->arena, struct kms_alias);
    str *aliases = ARENA_ARRAY(c->arena, str, 1);

    *out = NULL;
    if (!service || !c->caller->account.n || !may_write(c))
        return OK;
    TRY(kms_new_key(c, out));
    aliases[0] = alias;
    (*out)->key_manager = S("AWS");
    (*out)->description =
        arena_printf(c->arena, "Default key that protects data of %s when no other key is defined", service);
    (*out)->policy = policy_of(c, service);
    (*out)->aliases = (struct list_of_str){1, aliases};
    (*out)->rotation_enabled = SET_BOOL(true);
    *a = (struct kms_alias){.alias_name = alias,
                            .target_key_id = (*out)->key_id,
                            .creation_date = SET_TIME(c->now_ms),
                            .last_updated_date = SET_TIME(c->now_ms)};
    TRY(kms_alias_save(c, a));
    return kms_key_save(c, *out);
}
