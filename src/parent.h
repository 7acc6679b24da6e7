/* SPDX-License-Identifier: MIT */
/* The parent: root, one thread; starts the roles, replaces those that die, parses nothing that a client wrote. */
#ifndef BARMKIN_PARENT_H
#define BARMKIN_PARENT_H
#include "state.h"

/* Serves until SIGTERM, SIGINT or SIGHUP. listen: HOST:PORT, port 0 for a free one. Rewrites the profiles, prints the
 * Ready line. The caller has state_lock. Oops when roles keep dying. */
res parent_serve(struct state *s, str listen, struct err *e);

#endif
