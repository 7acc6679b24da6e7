/* SPDX-License-Identifier: MIT */
/* Training jobs: what their operations and their flow share. */
#ifndef BARMKIN_SAGEMAKER_TRAINING_H
#define BARMKIN_SAGEMAKER_TRAINING_H
#include "sagemaker_parts.h"

extern const struct flow_kind sagemaker_training_flow;

struct launch training_launch(const struct sagemaker_training_job *j);
/* The new status, with a transition when the secondary one changes. */
void training_status(struct call *c, struct sagemaker_training_job *j, const char *status, const char *secondary,
                     const char *message);
str training_output(const struct sagemaker_training_job *j); /* S3OutputPath without a slash at its end */

#endif
