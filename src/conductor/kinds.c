/* SPDX-License-Identifier: MIT */
/* The kinds of flows that this house knows; each is told by its service. */
#include "conductor/inside.h"

extern const struct flow_kind sagemaker_training_flow, sagemaker_endpoint_flow;

const struct flow_kind *const flow_kinds[] = {&sagemaker_training_flow, &sagemaker_endpoint_flow, NULL};
