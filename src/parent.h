/* SPDX-License-Identifier: MIT */
/* The parent: starts the roles by fork and re-exec, starts them anew when one dies, parses nothing. */
#ifndef BARMKIN_PARENT_H
#define BARMKIN_PARENT_H
#include "state.h"

/* Serves until SIGTERM. listen: HOST:PORT, port 0 for a free one. Rewrites the profiles, prints the Ready line. */
res parent_serve(struct state *s, str listen, struct err *e);

/* A vault role as a child for the time of `init`: its pipes in fds. vault_stop ends it by closing control_fd. */
struct vault_child {
    pid_t pid;
    int control_fd;
};
res parent_start_vault(const struct state *s, int *fds, size_t n, int warden_fd, struct vault_child *out,
                       struct err *e);
void parent_stop_vault(struct vault_child *v);
/* The role's entry: barmkin role vault DIR UID N HAS_WARDEN. */
int vault_main(int argc, char **argv);

#endif
