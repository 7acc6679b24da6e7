/* SPDX-License-Identifier: MIT */
/* What the files of Studio share: domains, their user profiles, and the apps of these. */
#ifndef BARMKIN_SAGEMAKER_STUDIO_H
#define BARMKIN_SAGEMAKER_STUDIO_H
#include "sagemaker_parts.h"

/* On the file system and the security groups that a domain makes; its value is the domain's ARN. */
#define STUDIO_TAG "ManagedByAmazonSageMakerResource"

/* ---- studio.c ---- */
/* The session of AWSServiceRoleForAmazonSageMakerNotebooks, which does a domain's work in its account; *why says what
 * fails when *out is NULL. */
res studio_linked_role(struct call *c, str domain_arn, const struct caller **out, struct fault *why);
/* The same in a request: a role that is not there yet is made in the caller's own right. */
res studio_linked_role_made(struct call *c, str domain_arn, const struct caller **out);
/* A domain that takes profiles and apps, or the fault. */
res studio_domain(struct call *c, str domain_id, struct sagemaker_domain **out);
/* Is there a record below this prefix of keys that counts (of apps: one that is not Deleted)? */
res studio_has_apps(struct call *c, str prefix, bool *has);
/* Another service's fault in SageMaker's words; a denial stays a denial. */
res studio_told(struct call *c, const struct fault *why);

#endif
