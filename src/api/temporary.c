/* SPDX-License-Identifier: MIT */
/* What temporary credentials are no good for, whatever policies say (docs/3-who-may.md, "Before the law").
 * IAM User Guide, "Request temporary security credentials". */
#include "api/gate.h"
#include "api/house.h"

static const struct fault_type invalid_token = {"InvalidClientTokenId", 403};

static bool is(const char *name, const char *wanted)
{
    return str_eq(str_z(name), str_z(wanted));
}

static bool sts_may(const struct caller *who, const char *operation)
{
    bool temporary = who->issued_ms > 0, role = who->kind == PRINCIPAL_SESSION && !who->federated;

    if (is(operation, "GetCallerIdentity"))
        return true;
    if (is(operation, "GetSessionToken") || is(operation, "GetFederationToken"))
        return !temporary;
    if (is(operation, "AssumeRole"))
        return !who->federated;
    return !temporary || role;
}

res temporary_may(struct call *c)
{
    const struct caller *who = c->caller;
    const char *service = c->op->service->name;

    if (who->issued_ms == 0)
        return OK;
    if (is(service, "sts") && !sts_may(who, c->op->name))
        return fault(c, &api_access_denied, "Cannot call %s with session credentials", c->op->name);
    /* A user's own session could with MFA; no device can be registered here yet. */
    if (is(service, "iam") && (who->kind != PRINCIPAL_SESSION || who->federated))
        return fault(c, &invalid_token, "The security token included in the request is invalid");
    return OK;
}
