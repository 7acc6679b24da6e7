/* SPDX-License-Identifier: MIT */
/* How many processors this sandbox may use. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_CPUS_H
#define BARMKIN_RUNTIMES_XGBOOST_CPUS_H
#include <stddef.h>

/* The smaller of the scheduler's affinity and the cgroup's quota (v2 cpu.max, v1 cpu.cfs_quota_us), rounded up; at
 * least 1. `root` stands before /sys for tests; "" else. */
size_t cpus_allowed(const char *root);

#endif
