/* SPDX-License-Identifier: MIT */
/* What front asks of warden about volumes and sandboxes. Thread-safe, each call waits for its answer (warden.h).
 *
 * The way of a job: volume_create; vault_release_volume_key; volume_mount; agent_start and its order (runtimes/agent);
 * when the agent is ready, sandbox_start; the event WARDEN_EVENT_SANDBOX_EXITED; the agent uploads; sandbox_end;
 * volume_unmount; volume_delete. Every step back is allowed to find nothing, so it can be repeated after a crash. */
#ifndef BARMKIN_WARDEN_SANDBOX_H
#define BARMKIN_WARDEN_SANDBOX_H
#include "warden/sandbox_wire.h"
#include "warden/warden.h"

/* A new sparse image of `mib` MiB (16 to 16 Mi), encrypted at its first mount. Rejects an id that is taken. 10 ms. */
res warden_volume_create(struct warden_client *c, const struct message_id *volume, uint64_t mib, struct err *e);
/* Rejects when vault sent no key for it, or not the volume's own. 3 ms. */
res warden_volume_mount(struct warden_client *c, const struct message_id *volume, struct err *e);
res warden_volume_unmount(struct warden_client *c, const struct message_id *volume, struct err *e);
res warden_volume_delete(struct warden_client *c, const struct message_id *volume, struct err *e); /* not if mounted */

/* A file system for a sandbox that will start: struct volume_share says what it sees where. Reject: no key came from
 * vault, or there is no such folder. 5 ms; 60 ms at the file system's first mount. sandbox_end takes it away again. */
res warden_volume_share(struct warden_client *c, const struct volume_share *s, struct err *e);
/* Bytes that a file system has in use while somebody shares it; rejects otherwise. */
res warden_volume_used(struct warden_client *c, const struct message_id *file_system, uint64_t *bytes, struct err *e);
/* The image of a file system goes; who still shares it reads nothing more. What is not there is fine. */
res warden_volume_forget(struct warden_client *c, const struct message_id *file_system, struct err *e);

/* Starts the agent of a sandbox in the interface's network. *sock: the agent's socket, close-on-exec, the caller's:
 * JSON lines both ways (runtimes/agent/README.md), end of stream when the agent ended. */
res warden_agent_start(struct warden_client *c, const struct message_id *sandbox, const struct message_id *eni,
                       const struct message_id *volume, uint32_t memory_mib, int *sock, struct err *e);
/* Starts the container. *log: the reading end of its standard output and error, the caller's. Oops with crun's own
 * words when it cannot start; what the program itself cannot do comes as its exit status. 50 ms. */
res warden_sandbox_start(struct warden_client *c, const struct sandbox_start *s, int *log, struct err *e);
/* An agent and a sandbox that were started with an id of zeros for an interface have none: this brings one to both. All
 * that they listened on goes on. Reject: it does not run, or has one; nothing changed. */
res warden_sandbox_join(struct warden_client *c, const struct sandbox_join *j, struct err *e);
res warden_sandbox_stop(struct warden_client *c, const struct message_id *sandbox, struct err *e); /* SIGTERM */
res warden_sandbox_kill(struct warden_client *c, const struct message_id *sandbox, struct err *e);
/* Kills what is left of it, agent included, and removes it; no event follows. What is not there is fine. */
res warden_sandbox_end(struct warden_client *c, const struct message_id *sandbox, struct err *e);

#endif
