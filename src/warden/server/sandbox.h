/* SPDX-License-Identifier: MIT */
/* Sandboxes: containers run by crun, and the agents that move their bytes. One table, one life cycle:
 * (agent started) -> container started -> exited -> ended. */
#ifndef BARMKIN_WARDEN_SERVER_SANDBOX_H
#define BARMKIN_WARDEN_SERVER_SANDBOX_H
#include "warden/sandbox_wire.h"
#include "warden/server/cgroup.h"
#include "warden/server/files.h"
#include "warden/server/server.h"

enum { SANDBOXES_MAX = 256 };

struct agent_plan { /* what the agent's child needs between fork and exec */
    int program, netns, sock;
    uint32_t memory_mib;
};

struct container_plan { /* the same of crun's child */
    int log, lifeline;
    char bundle[PATH_BYTES], pid_file[PATH_BYTES], crun_log[PATH_BYTES];
};

struct sandbox {
    char id[NAME_BYTES]; /* empty: a free place */
    struct message_id wire_id;
    struct sandboxes *all;
    uint32_t uid_base;
    char data[PATH_BYTES], netns[PATH_BYTES], box[PATH_BYTES]; /* the volume's folder; the namespace; our own folder */
    pid_t agent;                                               /* 0: none */
    bool agent_killed;                                         /* not to be reported */
    int lifeline;                                              /* to sandbox-init; -1: no container */
    int container;                                             /* pidfd of sandbox-init; -1 until crun is done */
    int log;                                                   /* reading end, until it is handed to front; -1 */
    bool alone;                                                /* without an interface: its namespace has its own id */
    bool starting;                                             /* crun is at work */
    bool ending;                                               /* asked to end while crun was at work */
    bool told;                                                 /* sandbox-init told its status */
    int code, signal_no;
    uint64_t start_request; /* to be answered when crun is done */
    struct agent_plan agent_plan;
    struct container_plan container_plan;
};

struct sandboxes {
    struct warden *w;
    enum cgroup_kind cgroups;
    char boxes[PATH_BYTES], init[PATH_BYTES], ca[PATH_BYTES], crun_root[PATH_BYTES];
    bool has_ca;
    struct sandbox *v; /* SANDBOXES_MAX */
};

extern const struct module volume_module, sandbox_module;

/* sandbox.c: its place is free again, and nothing has its name any more. */
void sandbox_release(struct sandbox *s);

/* agent_process.c: the agent as a child with the range's first id in the interface's namespace; *sock is front's end.
 */
res agent_process_start(struct sandbox *s, uint32_t memory_mib, int *sock, struct err *e);
void agent_process_kill(struct sandbox *s);

/* container.c: crun and what it needs. */
res container_start(struct sandbox *s, const struct sandbox_start *m, struct err *e); /* goes on: container_started */
/* Names and limits of one that has got its interface. */
res container_grow(struct sandbox *s, const struct sandbox_join *j, struct err *e);
void container_kill(struct sandbox *s);
/* Waits until it is gone (it was killed, or told its end), then removes its cgroup, mounts and files. */
void container_remove(struct sandbox *s);

#endif
