/* SPDX-License-Identifier: MIT */
/* What the operations that make sessions share: checks of what is passed, and the credentials in the end. */
#ifndef BARMKIN_STS_PARTS_H
#define BARMKIN_STS_PARTS_H
#include "api/who.h"
#include "sts.h"

enum { STS_DEFAULT_S = 3600, STS_ROOT_MAX_S = 3600, STS_USER_DEFAULT_S = 43200 };

/* Rejects what does not match [\w+=,.@-]* (and `more`). */
res sts_check_name(struct call *c, const char *member, str value, const char *more);
/* Session policies: well-formed, within AWS's 2,048 characters, the managed ones there. */
res sts_check_policies(struct call *c, str policy, const struct sts_policy_arn_list *arns, str account);
/* Session tags: their characters, no duplicates whatever their case, none that the calling session passes on. */
res sts_check_tags(struct call *c, const struct sts_tag_list *tags);
/* No device can be registered here, so no code of one is right. */
res sts_refuse_mfa(struct call *c, str serial_number, str token_code);
bool sts_has_tag(const struct str_pair *tags, size_t n, str key);
/* Hands the session's policies over to it. */
void sts_pass_policies(struct call *c, struct caller *session, str policy, const struct sts_policy_arn_list *arns);
/* Seals the session. *packed: how much of the room for policies and tags is used, in per cent; not set where none were
 * passed. */
res sts_issue(struct call *c, struct session_grant *g, struct sts_credentials **out, opt_int *packed);

#endif
