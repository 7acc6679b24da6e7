/* SPDX-License-Identifier: MIT */
/* What a request wants a stack to be. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_CFN_REQUEST_H
#define BARMKIN_SERVICES_CLOUDFORMATION_CFN_REQUEST_H
#include "cfn_parts.h"

struct cfn_request {
    str text;
    struct template *t;
    struct cloudformation_version *version; /* without its template's id */
    struct cfn_scope scope;
};
/* previous: what the stack is now, for UsePreviousTemplate and UsePreviousValue; or NULL. */
res cfn_read_request(struct call *c, struct cloudformation_stack *s, const struct cloudformation_version *previous,
                     struct cfn_request *out);
res cfn_parse(struct call *c, str text, struct template **out); /* or a ValidationError */

struct cfn_need { /* which acknowledgement a template needs */
    bool iam, named;
    struct list_of_str types; /* because of these */
};
struct cfn_need cfn_needs(struct call *c, const struct template *t);

/* fetch.c: a text from this house's own S3, as the caller. what: begins the sentence when it is too long. */
res cfn_fetch(struct call *c, str url, const char *what, size_t max_bytes, str *out);

#endif
