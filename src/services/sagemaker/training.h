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

/* ---- file_systems.c ---- */
res sm_check_file_system(struct call *c, const struct sagemaker_channel *ch);
/* In a step, once the job's interface stands: the flow's "shares" for launch_plan. Answers a fault with the reason when
 * one cannot be mounted. */
res training_mounts(struct call *c, struct flow *f, const struct sagemaker_training_job *j);
/* used: an object, file system to bytes. */
res training_measured(struct call *c, const struct flow *f, const json_t *used);

#endif
