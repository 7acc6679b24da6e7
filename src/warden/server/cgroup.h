/* SPDX-License-Identifier: MIT */
/* Cgroups of sandboxes on the three kinds of machine: v1, hybrid (v1 with an extra v2 tree) and v2. */
#ifndef BARMKIN_WARDEN_SERVER_CGROUP_H
#define BARMKIN_WARDEN_SERVER_CGROUP_H
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum cgroup_kind { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

enum cgroup_kind cgroup_detect(void);
/* False on v1 kernels without swap accounting, where crun would fail to set such a limit. */
bool cgroup_limits_swap(enum cgroup_kind kind);
/* How many processes the kernel killed in /barmkin-TAG/ID for want of memory. */
uint64_t cgroup_oom_kills(enum cgroup_kind kind, const char *tag, const char *id);
/* Kills and removes /barmkin-TAG/ID in each hierarchy; of ID "" the whole of TAG. What is not there is fine. */
void cgroup_remove(enum cgroup_kind kind, const char *tag, const char *id);
/* Sets memory, never below what it was, and weight of what crun has made. */
res cgroup_grow(enum cgroup_kind kind, const char *tag, const char *id, uint32_t memory_mib, uint32_t cpu_shares,
                struct err *e);
/* Puts a process into /barmkin-TAG/ID of its own, with limits of memory and processes. */
res cgroup_enter(enum cgroup_kind kind, const char *tag, const char *id, int pid, uint32_t memory_mib,
                 uint32_t pids_max, struct err *e);

#endif
