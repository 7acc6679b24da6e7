/* SPDX-License-Identifier: MIT */
/* The roles as the parent sees them: how each is started, and the pipes between them. */
#ifndef BARMKIN_ROLES_H
#define BARMKIN_ROLES_H
#include "front.h"
#include "state.h"

/* Descriptors that every role gets last: an open claim on the state folder (state_claim), which ends when the last role
 * has ended; -1 for none. */

/* Vault, with no pipe but the parent's: closing *control ends it. */
res roles_start_vault(const struct state *s, int claim_fd, pid_t *pid, int *control, struct err *e);
/* n new pipes to a vault: its ends go over `control`, ours are in fds. An oops when vault has gone: the fds are valid
 * all the same, and say so to whoever uses them. */
res roles_vault_pipes(int control, int *fds, size_t n, struct err *e);

/* What front and warden are born with; all stay the caller's. */
struct roles_pair {
    int listen_fd, admin_fd, claim_fd;
    int vault_control;
    size_t n_vault_pipes; /* front's */
};
struct roles_started {
    pid_t front, warden;
    int front_fd, warden_fd; /* the parent's sockets to them */
};
/* Front and warden with the pipe between them, and new pipes from vault to both. */
res roles_start_pair(const struct state *s, const struct roles_pair *p, struct roles_started *out, struct err *e);

/* A warden that only removes what a killed one left, and ends: for when no other will be started. */
res roles_start_cleaner(const struct state *s, int claim_fd, pid_t *pid, struct err *e);

/* A new vault's pipes to a front and a warden that live on. */
res roles_renew_vault(int vault_control, int front_fd, size_t n, int warden_fd, struct err *e);

/* What front tells its parent, a byte a message; and the parent's only message to front is 'V' with vault's pipes. */
enum { ROLES_READY = 'r', ROLES_VAULT_STUCK = 's', ROLES_NEW_VAULT = 'V' };
/* Front's side: pipes of a ROLES_NEW_VAULT in fds (close-on-exec, the caller's). *n 0: the parent is gone. */
res roles_receive_pipes(int parent_fd, int *fds, size_t max, size_t *n, struct err *e);

/* The role's entry: barmkin role vault DIR UID. */
int vault_main(int argc, char **argv);

#endif
