/* SPDX-License-Identifier: MIT */
/* What the roles give up before they do anything: users, capabilities, system calls, core dumps. */
#ifndef BARMKIN_HARDEN_H
#define BARMKIN_HARDEN_H
#include <stdint.h>

#include "base/err.h"

/* Becomes `uid` (as user and only group) for good: no capabilities, none to be had, no new privileges, no core dumps,
 * closed to ptrace and /proc/PID/mem, umask 077. */
res harden_become(uint32_t uid, struct err *e);
/* Front's system calls: files, sockets that others opened, threads, time. What only an attacker would call (exec, fork,
 * ptrace, mount, namespaces) ends the process; what else is not listed fails with ENOSYS. Needs harden_become's
 * no-new-privileges. Nothing under sanitizers. */
res harden_front(struct err *e);
/* The parent's: its filter is inherited by every role, warden and what it starts, so it is no allow-list; it refuses
 * what no role ever needs (loading kernel code, ptrace, the clock, reboot). Nothing under sanitizers. */
res harden_parent(struct err *e);

#endif
