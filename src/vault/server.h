/* SPDX-License-Identifier: MIT */
/* The vault role: what initialises its folder, what runs it, and how the parent hands it further pipes. */
#ifndef BARMKIN_VAULT_SERVER_H
#define BARMKIN_VAULT_SERVER_H
#include <stddef.h>

#include "base/err.h"

/* Makes a root key and a CA in `dir` (created 0700 if absent; the files belong to its owner). Durable when it answers.
 * The root key comes last: without it nothing is initialised, and a crash on the way may simply be repeated. Rejects a
 * folder that has a root key already. */
res vault_init(const char *dir, struct err *e);

/* Runs the role in the calling process: opens the folder, hardens the process, then one thread for each pipe of `fds`
 * (stream socketpairs, owned from now on; the other ends are vault_client_new's). warden_fd is the pipe to warden, -1
 * for none. New pipes arrive on control_fd (vault_control_send). Returns when control_fd is closed at its other end;
 * with control_fd -1, when the last pipe is closed. A peer that does not keep to the format ends the process (70). */
res vault_serve(const char *dir, const int *fds, size_t n_fds, int warden_fd, int control_fd, struct err *e);

/* The parent's side: hands over a pipe to a new front, or to a new warden in the old one's place. fd stays the
 * caller's. */
enum vault_pipe_to { VAULT_PIPE_TO_FRONT = 1, VAULT_PIPE_TO_WARDEN = 2 };
res vault_control_send(int control_fd, enum vault_pipe_to to, int fd, struct err *e);

enum { VAULT_PIPES_MAX = 64, VAULT_EXIT_MALFORMED = 70 };

#endif
