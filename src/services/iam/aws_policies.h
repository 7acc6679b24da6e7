/* SPDX-License-Identifier: MIT */
/* The table of AWS's own managed policies that exist here. */
#ifndef BARMKIN_SERVICES_IAM_AWS_POLICIES_H
#define BARMKIN_SERVICES_IAM_AWS_POLICIES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aws_policy {
    const char *path_name; /* below arn:aws:iam::aws:policy */
    const char *id, *version;
    int64_t created_s, updated_s;
    bool cut; /* actions of services that Barmkin does not know are left out */
    const char *document;
};

extern const struct aws_policy iam_aws_policies[];
extern const size_t iam_n_aws_policies;

#endif
