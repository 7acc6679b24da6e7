/* SPDX-License-Identifier: MIT */
/* What a role may still ask of the kernel: a filter of system calls, and a fence around its files. */
#ifndef BARMKIN_BASE_CONFINE_H
#define BARMKIN_BASE_CONFINE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Every call of the list gets this answer, a SECCOMP_RET_* of <linux/seccomp.h>. */
struct confine_list {
    const unsigned *calls;
    size_t n;
    uint32_t answer;
};

/* One call that is allowed while (its argument number `arg` & mask) == value; else it gets `otherwise`. */
struct confine_argument {
    unsigned call, arg;
    uint32_t mask, value;
};

struct confinement {
    const struct confine_list *lists;
    size_t n_lists;
    const struct confine_argument *arguments;
    size_t n_arguments;
    uint32_t otherwise; /* what stands in no list */
};

/* Confines this thread, its later threads and children, for good. Calls of another architecture end the process. The
 * process must have PR_SET_NO_NEW_PRIVS or be root. Oops when the kernel refuses. */
res confine(const struct confinement *c, struct err *e);

/* From here on files change only below `dir`, whatever their modes say (Landlock). A kernel without it lets the modes
 * decide alone: true when it is in force. Needs harden_become's no-new-privileges. */
res confine_changes(const char *dir, bool *in_force, struct err *e);

#endif
