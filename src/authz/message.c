/* SPDX-License-Identifier: MIT */
/* What a denied caller is told, in AWS's words (rules 43 and 44). */
#include "authz/authz.h"

const char *authz_layer_name(enum layer l)
{
    static const char *const names[] = {"none", "identity", "resource", "trust",   "grant",
                                        "scp",  "rcp",      "boundary", "session", "vpce"};

    return (size_t)l < sizeof names / sizeof names[0] ? names[l] : "none";
}

const char *authz_verdict_name(enum verdict v)
{
    return v == ALLOWED ? "Allowed" : v == DENIED_EXPLICITLY ? "ExplicitlyDenied" : "ImplicitlyDenied";
}

static const char *policy_type(enum layer l)
{
    static const char *const names[] = {
        NULL,
        "identity-based policy",
        "resource-based policy",
        "role trust policy",
        "resource-based policy",
        "service control policy",
        "resource control policy",
        "permissions boundary",
        "session policy",
        "VPC endpoint policy",
    };

    return (size_t)l < sizeof names / sizeof names[0] ? names[l] : NULL;
}

static str reason(struct arena *a, const struct authz_request *r, const struct decision *d)
{
    const char *type = policy_type(d->by);

    if (!type)
        return S("");
    if (d->verdict == DENIED_IMPLICITLY)
        return arena_printf(a, " because no %s allows the %.*s action", type, FMT(r->action));
    const char *article = d->by == LAYER_IDENTITY ? "an" : d->by == LAYER_TRUST ? "the" : "a";
    return arena_printf(a, " with an explicit deny in %s %s", article, type);
}

str authz_message(struct arena *a, const struct authz_request *r, const struct decision *d)
{
    str who = r->principal_kind == PRINCIPAL_ANONYMOUS ? S("anonymous") : r->principal;
    bool with_resource = r->resource.n && !str_eq(r->resource, S("*")) && d->by != LAYER_TRUST;
    str where = with_resource ? arena_printf(a, " on resource: %.*s", FMT(r->resource)) : S("");

    if (d->verdict == ALLOWED)
        return arena_printf(a, "User: %.*s is authorized to perform: %.*s%.*s", FMT(who), FMT(r->action), FMT(where));
    str why = reason(a, r, d);
    return arena_printf(a, "User: %.*s is not authorized to perform: %.*s%.*s%.*s", FMT(who), FMT(r->action),
                        FMT(where), FMT(why));
}
