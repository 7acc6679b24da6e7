/* SPDX-License-Identifier: MIT */
/* The room in which `barmkin run` runs a command: a network of its own, and what a program looks up in files. */
#ifndef BARMKIN_VERBS_RUN_ROOM_H
#define BARMKIN_VERBS_RUN_ROOM_H
#include "state.h"

#define ROOM_BASHRC "/run/barmkin/bashrc"
#define ROOM_BUNDLE "/run/barmkin/ca-bundle.pem"

struct room {
    const struct state *state;
    str interface_id;
    str resolver, search;          /* addresses with commas, domains with blanks between */
    unsigned server;               /* its parent's process id */
    const struct profile *profile; /* NULL: no credentials */
    str vpc;                       /* empty: the host's door */
    bool is_shell;                 /* knows every profile of the state; `profile` is where it begins */
    struct arena *arena;           /* made for secrets */
};

/* In a child of its own: joins the interface's namespace, makes a private mount namespace with resolv.conf, hosts,
 * nsswitch.conf and a CA bundle (the system's and Barmkin's), and sets the environment. Nothing of it outlives the
 * processes that are in it. */
res room_enter(const struct room *r, struct err *e);

struct options;
struct held { /* an interface that the server has for this process */
    str interface_id, account_id, resolver, search;
    unsigned server; /* its parent's process id */
};
/* By the options' VPC, subnet and groups as the profile's user, or in the host's door (profile NULL). (run.c) */
res held_take(const struct options *o, const struct profile *p, struct held *out, struct err *e);
/* The server would see our end too; this way the interface is gone when the verb is. */
void held_release(const struct options *o, const struct held *h);

#endif
