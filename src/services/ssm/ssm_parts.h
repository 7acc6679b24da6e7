/* SPDX-License-Identifier: MIT */
/* What the files of ssm share: names of parameters, and their values for an answer. */
#ifndef BARMKIN_SSM_PARTS_H
#define BARMKIN_SSM_PARTS_H
#include "api/tags.h"
#include "ssm.h"

enum { SSM_VERSIONS_MAX = 100 };
enum { SSM_VALUE_MAX_BYTES = 4096, SSM_LEVELS_MAX = 15, SSM_TAGS_MAX = 50, SSM_ARN_MAX_BYTES = 1011 };

/* "/a/b" and "a" -> their ARNs. */
str ssm_arn(struct call *c, str name);
/* Takes ":SELECTOR" off a name and makes a name of an ARN of this account. *selector is absent without one. */
str ssm_plain_name(struct call *c, str name, str *selector);
/* Rejects what cannot be a parameter's name. */
res ssm_check_name(struct call *c, str name);
/* No given tag is AWS's own, and of the others the parameter will not have too many. */
res ssm_check_tags(struct call *c, struct map_of_str given, struct map_of_str all);

/* The parameter as GetParameter shows it. A SecureString is opened by kms in the caller's own right. */
res ssm_show(struct call *c, const struct ssm_parameter *p, bool decrypt, str selector,
             struct ssm_parameter_value *out);
/* A value in the clear, where it is sealed. */
res ssm_open_value(struct call *c, const struct ssm_parameter *p, str *value);

/* ---- versions (versions.c) ---- */

/* As the parameter was or is: of a number or a label; the newest without a selector. NULL: there is no such version. */
res ssm_version_at(struct call *c, const struct ssm_parameter *p, str selector, const struct ssm_parameter **out);
/* Before it is written over: the newest becomes an older one, and the oldest of SSM_VERSIONS_MAX goes. */
res ssm_version_keep(struct call *c, const struct ssm_parameter *p);
/* The parameter goes with all it ever was. */
res ssm_drop(struct call *c, const struct ssm_parameter *p);

#endif
