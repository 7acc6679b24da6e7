/* SPDX-License-Identifier: MIT */
/* The room in which `barmkin run` runs a command: a network of its own, and what a program looks up in files. */
#ifndef BARMKIN_VERBS_RUN_ROOM_H
#define BARMKIN_VERBS_RUN_ROOM_H
#include "state.h"

struct room {
    const struct state *state;
    str interface_id, resolver;
    const struct profile *profile; /* NULL: no credentials */
    struct arena *arena;           /* made for secrets */
};

/* In a child of its own: joins the interface's namespace, makes a private mount namespace with resolv.conf, hosts,
 * nsswitch.conf and a CA bundle (the system's and Barmkin's), and sets the environment. Nothing of it outlives the
 * processes that are in it. */
res room_enter(const struct room *r, struct err *e);

#endif
