/* SPDX-License-Identifier: MIT */
/* Small file work of warden: names put together, files written whole, programs run and waited for. */
#ifndef BARMKIN_WARDEN_SERVER_FILES_H
#define BARMKIN_WARDEN_SERVER_FILES_H
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

enum { PATH_BYTES = 512, NAME_BYTES = 64 };

/* Puts a path together; an oops when it does not fit. Only warden's own text goes in. */
res path_put(char dst[PATH_BYTES], struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* True for ids that may be a file name, a cgroup and a crun id: 1..NAME_BYTES-1 of a-z A-Z 0-9 - _, first a letter or
 * a digit. */
bool name_is_safe(const char *z);

/* mkdir -p of the last part only; what is there is fine. */
res dir_make(const char *path, mode_t mode, struct err *e);
/* Writes a file whole: made anew, never through a link. */
res file_write(const char *path, str text, mode_t mode, struct err *e);
res file_rewrite(const char *path, str text, struct err *e); /* the same file with another content */
/* Reads at most cap - 1 bytes and terminates them; -1 with errno when it cannot. */
ssize_t file_read(const char *path, char *dst, size_t cap);
res file_copy(const char *from, const char *to, mode_t mode, struct err *e);
res write_all(int fd, const void *p, size_t n, struct err *e);

/* To be called by a child first: true when it will be killed with its parent, which still is `parent`. */
bool child_ends_with(pid_t parent);

/* Runs a program with argv, no environment but PATH, standard error and output into `log_fd` (-1: /dev/null); waits; it
 * ends with us. *status is what waitpid says. */
res program_run(const char *const argv[], int log_fd, int *status, struct err *e);

#endif
