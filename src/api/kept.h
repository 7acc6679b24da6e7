/* SPDX-License-Identifier: MIT */
/* What the gate keeps until the law changes. Nothing of it may be pointed at once the call has ended. */
#ifndef BARMKIN_API_KEPT_H
#define BARMKIN_API_KEPT_H
#include "api/gate.h"

/* A VPC endpoint's policy. */
struct endpoint_law {
    const struct policy *one[1];
    size_t n; /* 0: full access */
};

/* All answer something, never NULL: of what does not exist nothing. guardrails_get is declared in gate.h. */
res kept_principal(struct call *c, const struct principal_policies **out); /* the caller's */
res kept_role(struct call *c, str arn, const struct role_facts **out);
res kept_endpoint(struct call *c, str vpce_id, const struct endpoint_law **out);

#endif
