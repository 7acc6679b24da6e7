/* SPDX-License-Identifier: MIT */
/* What AWS asks of a Resource beyond its form, in AWS's words: a known partition, a service, and of IAM's own ARNs no
 * region and a known kind. An ARN that ends early goes on with wildcards, as AWS reads it: arn:aws:s3:* is six fields.
 */
#include "authz/compile.h"
#include "authz/eval.h"

bool is_partition(str s)
{
    static const char *const known[] = {"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_eq(s, str_z(known[i])))
            return true;
    return false;
}

static size_t colons(str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == ':';
    return n;
}

/* `rest` begins behind the first colon. */
static str six_fields(struct builder *b, str rest)
{
    static const char stars[] = ":*:*:*:*";
    size_t have = colons(rest), lack = have < ARN_FIELDS - 2 ? ARN_FIELDS - 2 - have : 0;

    return arena_printf(b->a, "arn:%.*s%.*s", FMT(rest), (int)(2 * lack), stars);
}

static res check_iam(struct builder *b, str arn, const str f[ARN_FIELDS])
{
    static const char *const kinds[] = {"user/",
                                        "federated-user/",
                                        "role/",
                                        "group/",
                                        "instance-profile/",
                                        "mfa/",
                                        "server-certificate/",
                                        "policy/",
                                        "sms-mfa/",
                                        "saml-provider/",
                                        "oidc-provider/",
                                        "report/",
                                        "access-report/",
                                        "root"};

    if (f[3].n)
        return reject(b->e, "IAM resource %.*s cannot contain region information.", FMT(arn));
    if (str_eq(f[5], S("*")))
        return OK;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (str_starts(f[5], str_z(kinds[i])))
            return OK;
    return reject(b->e,
                  "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, "
                  "instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, "
                  "report/, access-report/. (%.*s)",
                  FMT(arn));
}

res check_resource(struct builder *b, str text, str *arn)
{
    str rest = text, first = str_cut(&rest, ':'), after = rest, partition = str_cut(&after, ':');
    str f[ARN_FIELDS];

    *arn = text;
    if (str_eq(text, S("*")))
        return OK;
    if (!colons(text))
        return reject(b->e, "Resource %.*s must be in ARN format or \"*\".", FMT(text));
    *arn = six_fields(b, rest);
    if (!is_partition(partition) && !str_eq(partition, S("*")))
        return reject(b->e, "Partition \"%.*s\" is not valid for resource \"%.*s\".", FMT(partition), FMT(*arn));
    if (!str_eq(first, S("arn")))
        return reject(b->e, "Resource %.*s must be in ARN format or \"*\".", FMT(text));
    if (colons(text) == 1)
        return reject(b->e, "Resource vendor must be fully qualified and cannot contain regexes.");
    if (!arn_split(*arn, f) || f[2].n == 0 || (colons(text) < ARN_FIELDS - 1 && str_search(text, S("::")) >= 0))
        return reject(b->e, "The policy failed legacy parsing: %.*s", FMT(text));
    return str_eq(f[2], S("iam")) ? check_iam(b, *arn, f) : OK;
}
