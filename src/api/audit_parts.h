/* SPDX-License-Identifier: MIT */
/* Parts of an audit record that CloudTrail's format asks for: who called, what was touched. Private to audit_*.c. */
#ifndef BARMKIN_API_AUDIT_PARTS_H
#define BARMKIN_API_AUDIT_PARTS_H
#include "api/call.h"
#include "base/buf.h"

/* "name":"value" with a comma where one is needed; nothing where the value is absent or empty. */
void audit_member(struct buf *b, const char *name, str value);
void audit_key(struct buf *b, const char *name); /* "name": */

void audit_identity(const struct call *c, struct buf *b);  /* userIdentity */
void audit_resources(const struct call *c, struct buf *b); /* resources */
/* CloudTrail's line between management and data events: what is done to the data in a resource. */
bool audit_is_data(const struct call *c);

#endif
