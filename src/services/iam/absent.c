/* SPDX-License-Identifier: MIT */
/* The ARNs of what IAM has on AWS and not here: passwords, MFA devices, identity providers, certificates. Their
 * operations are judged like any other before it is said that they are not built. */
#include "iam_names.h"

/* Named by an ARN, or by a plain name (the template's ARN then). */
res iam_find_named(struct call *c, const str *names, size_t n, struct resource *out)
{
    str account, kind, name;

    (void)c, (void)n;
    if (!str_starts(names[0], S("arn:")))
        return OK;
    out->arn = names[0];
    if (iam_parse_arn(names[0], &account, &kind, &name))
        out->account = account;
    return OK;
}

res iam_find_oneself(struct call *c, const str *names, size_t n, struct resource *out)
{
    const str nobody = S("");

    (void)names, (void)n;
    return iam_find_user(c, &nobody, 1, out);
}

res iam_new_mfa(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->arn = call_arn(c, "iam", "mfa%.*s%.*s", FMT(iam_path_or_root(names[0])), FMT(names[1]));
    return OK;
}

res iam_new_server_certificate(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->arn = call_arn(c, "iam", "server-certificate%.*s%.*s", FMT(iam_path_or_root(names[0])), FMT(names[1]));
    return OK;
}

/* A provider is named by its URL without the scheme. */
res iam_new_oidc_provider(struct call *c, const str *names, size_t n, struct resource *out)
{
    static const char scheme[] = "https://";
    str url = str_starts(names[0], S(scheme)) ? str_from(names[0], sizeof scheme - 1) : names[0];

    (void)n;
    out->arn = call_arn(c, "iam", "oidc-provider/%.*s", FMT(url));
    return OK;
}
