/* SPDX-License-Identifier: MIT */
/* Cases of `barmkin authz --batch`, step by step: for who wants to read many and decide them later. */
#ifndef BARMKIN_AUTHZ_BATCH_H
#define BARMKIN_AUTHZ_BATCH_H
#include "authz/authz.h"

struct authz_case;
struct authz_case *authz_case_read(str line); /* a JSON line with a request and all policies that apply; never NULL */
void authz_case_free(struct authz_case *c);
bool authz_case_decide(const struct authz_case *c,
                       struct decision *out); /* false: it could not be read, and is denied */

#endif
