/* SPDX-License-Identifier: MIT */
/* What the agent gives up by itself, after warden took its capabilities and user: it reads archives of strangers. */
#ifndef BARMKIN_RUNTIMES_AGENT_HARDEN_H
#define BARMKIN_RUNTIMES_AGENT_HARDEN_H
#include "base/err.h"

/* No core dumps, no tracing, and a list of system calls without exec, other sockets than IP's, or anything privileged.
 * Where the kernel has Landlock, files may be written below the working folder only. */
res agent_harden(struct err *e);

#endif
