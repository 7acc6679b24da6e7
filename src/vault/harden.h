/* SPDX-License-Identifier: MIT */
/* What vault gives up before it touches a key. */
#ifndef BARMKIN_VAULT_HARDEN_H
#define BARMKIN_VAULT_HARDEN_H
#include <stddef.h>

#include "base/err.h"

/* No core dumps, no ptrace and no /proc/PID/mem by its own uid, no new privileges; memory locked as far as the limits
 * allow. Not in sanitizer builds, which need ptrace and much memory. */
res vault_harden(struct err *e);
/* From here on only the system calls that answering needs; all threads started later inherit it. A call outside the
 * list ends the process. Nothing in sanitizer builds. */
res vault_confine(struct err *e);

#endif
