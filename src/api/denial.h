/* SPDX-License-Identifier: MIT */
/* What a denied caller is told, and for EC2 the sealed details that sts:DecodeAuthorizationMessage opens (rule 45). */
#ifndef BARMKIN_API_DENIAL_H
#define BARMKIN_API_DENIAL_H
#include "api/call.h"

/* Ends the call with AccessDenied in AWS's words (rules 43, 44). A direct call of EC2 also gets its details, sealed for
 * the caller's account, since they tell more about policies than a denied caller may know. */
res denial_fault(struct call *c, const struct authz_request *r, const struct decision *d);

/* Opens what a denial of the caller's own account has sealed. Rejects everything else. */
res denial_decode(struct call *c, str token, str *json);

#endif
