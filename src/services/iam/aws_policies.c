/* SPDX-License-Identifier: MIT */
/* AWS's own managed policies: everybody's to read and attach, nobody's to change (rule 41). Of each only the default
 * version exists, under AWS's number. Where one is cut to the services that Barmkin knows, its description and explain
 * say so. */
#include "aws_policies.h"

#include "iam_names.h"

static const char prefix[] = "arn:aws:iam::aws:policy";
#define CUT_NOTE "cut to the services that Barmkin knows"

static const struct aws_policy *named(str arn)
{
    if (!str_starts(arn, S(prefix)))
        return NULL;
    for (size_t i = 0; i < iam_n_aws_policies; i++)
        if (str_eq(str_from(arn, sizeof prefix - 1), str_z(iam_aws_policies[i].path_name)))
            return &iam_aws_policies[i];
    return NULL;
}

str iam_aws_policy(str arn)
{
    const struct aws_policy *p = named(arn);

    return p ? str_z(p->document) : STR_ABSENT;
}

str iam_policy_told_as(struct call *c, str arn)
{
    const struct aws_policy *p = named(arn);

    return p && p->cut ? arena_cat(c->arena, arn, S(" (" CUT_NOTE ")")) : arn;
}

str iam_aws_policy_arn(struct call *c, size_t i)
{
    return i < iam_n_aws_policies ? arena_cat(c->arena, S(prefix), str_z(iam_aws_policies[i].path_name)) : STR_ABSENT;
}

size_t iam_aws_policy_count(void)
{
    return iam_n_aws_policies;
}

struct iam_managed iam_aws_managed(struct call *c, str arn)
{
    const struct aws_policy *p = named(arn);
    struct iam_version *v = ARENA_NEW(c->arena, struct iam_version);

    if (!p)
        return (struct iam_managed){.arn = arn};
    *v = (struct iam_version){str_z(p->document), str_z(p->version), SET_BOOL(true), SET_TIME(p->updated_s * 1000)};
    str path = str_z(p->path_name);
    return (struct iam_managed){.arn = arn,
                                .policy_name = iam_name_of_arn(arn),
                                .policy_id = str_z(p->id),
                                .path = str_sub(path, 0, (size_t)str_rfind(path, '/') + 1),
                                .description = p->cut ? S("AWS's policy, " CUT_NOTE ".") : STR_ABSENT,
                                .default_version_id = str_z(p->version),
                                .versions = {1, v},
                                .create_date = SET_TIME(p->created_s * 1000),
                                .update_date = SET_TIME(p->updated_s * 1000)};
}
