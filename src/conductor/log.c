/* SPDX-License-Identifier: MIT */
/* A job's output to CloudWatch Logs, as the job's role. */
#include "conductor/inside.h"

void log_ship(struct conductor *c, const struct log_batch *b)
{
    (void)c, (void)b;
}
