/* SPDX-License-Identifier: MIT */
/* The kinds of flows that this house knows; each is told by its service. */
#include "conductor/inside.h"

/* In no list of services, so no request can be routed to it; the audit log has its name. */
const struct service conductor_service = {.name = "conductor",
                                          .protocol = P_JSON,
                                          .json_version = "1.1",
                                          .signs_as = "conductor",
                                          .host = "conductor",
                                          .failure = {"InternalFailure", 500}};

extern const struct flow_kind cloudformation_stack_flow, efs_volume_flow, events_delivery_flow, events_schedule_flow,
    lambda_environment_flow, lambda_event_flow, lambda_spare_flow, sagemaker_app_flow, sagemaker_domain_flow,
    sagemaker_endpoint_flow, sagemaker_training_flow;

const struct flow_kind *const flow_kinds[] = {
    &cloudformation_stack_flow, &efs_volume_flow,         &events_delivery_flow,    &events_schedule_flow,
    &lambda_environment_flow,   &lambda_event_flow,       &lambda_spare_flow,       &sagemaker_app_flow,
    &sagemaker_domain_flow,     &sagemaker_endpoint_flow, &sagemaker_training_flow, NULL,
};
