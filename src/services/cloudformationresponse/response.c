/* SPDX-License-Identifier: MIT */
/* A custom resource's answer, handed on to cloudformation, which knows whose token it is. */
#include "cloudformation.h"
#include "cloudformationresponse.h"

res cloudformationresponse_put_response(struct call *c, const struct cloudformationresponse_put_response_in *in,
                                        struct cloudformationresponse_put_response_out *out)
{
    const struct cloudformation_record_custom_resource_response_in answer = {.token = in->token, .response = in->body};
    struct cloudformation_record_custom_resource_response_out done = {0};

    (void)out;
    return call_as(c, caller_service(c, "cloudformation.amazonaws.com", STR_ABSENT, STR_ABSENT),
                   &cloudformation_RecordCustomResourceResponse_op, &answer, &done);
}
