/* SPDX-License-Identifier: MIT */
/* Files inside a tree that a job may have written: opened beneath a held folder, never through a link or a mount. */
#ifndef BARMKIN_RUNTIMES_AGENT_BENEATH_H
#define BARMKIN_RUNTIMES_AGENT_BENEATH_H
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

enum { BENEATH_PATH_MAX = 1024 };

/* openat2 with RESOLVE_BENEATH, NO_SYMLINKS, NO_MAGICLINKS and NO_XDEV; never blocks on a pipe. -1 with errno. */
int beneath_open(int root, const char *path, int flags, mode_t mode);
/* True for a relative path of 1..1023 bytes without empty, "." or ".." parts, NUL or other control characters. */
bool beneath_path_ok(str path);
/* Makes the folders of a path, and the last part too when `whole`; modes 0755. */
res beneath_make_dirs(int root, str path, bool whole, struct err *e);
/* A fresh file with the folders that lead to it; an older file or link of the name is removed. *fd is the caller's. */
res beneath_create(int root, str path, mode_t mode, int *fd, struct err *e);
res beneath_write(int root, const char *path, str text, struct err *e); /* the same, written whole */

#endif
