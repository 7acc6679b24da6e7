/* SPDX-License-Identifier: MIT */
/* The lines of a cfn block as calls through the gate. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_CFN_CALLS_H
#define BARMKIN_SERVICES_CLOUDFORMATION_CFN_CALLS_H
#include "cfn_parts.h"

struct cfn_answer {
    json_t *tree;       /* of a success */
    struct fault fault; /* of a refusal; no type where the input itself was wrong */
    str reason, denied; /* what the event says; the judgement of a denial */
};

bool cfn_applies(const struct cfn_values *v, const struct cfn_call *call); /* its when or unless holds */
bool cfn_is_touched(const struct cfn_call *call, const json_t *before, const json_t *after);
res cfn_call_once(const struct cfn_values *v, const struct caller *actor, const struct cfn_call *call,
                  struct cfn_answer *out);
/* Every call that the line asks for, until one is refused. What it keeps goes to `kept`. before: of an update. */
res cfn_call_line(struct cfn_values *v, const struct caller *actor, const struct cfn_call *call, const json_t *before,
                  json_t *kept, struct cfn_answer *out);
void cfn_take(const struct cfn_values *v, const struct cfn_call *call, const struct cfn_answer *answer, json_t *kept);
str cfn_refusal(struct call *c, const struct operation *op, const struct fault *f); /* in a handler's words */

#endif
