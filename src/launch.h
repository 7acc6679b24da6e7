/* SPDX-License-Identifier: MIT */
/* Starting a role: fork and exec with exactly the descriptors and the environment that it is to have. */
#ifndef BARMKIN_LAUNCH_H
#define BARMKIN_LAUNCH_H
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum { LAUNCH_FIRST_FD = 3, LAUNCH_FDS_MAX = 24 };

/* The program finds fds at 3, 4, ... and nothing behind them; standard input is /dev/null, standard output goes where
 * standard error goes. Of the environment only what a program needs to run comes along: the caller's may hold access
 * keys. -1: no process (errno). */
pid_t launch(const char *path, char *const argv[], const int *fds, size_t n);

/* Stream socketpairs, close-on-exec; `out` is all -1 after a failure. */
res launch_pairs(int (*out)[2], size_t n, int type, struct err *e);

#endif
