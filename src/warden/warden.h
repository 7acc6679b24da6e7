/* SPDX-License-Identifier: MIT */
/* The client of the warden role: what front asks of the kernel. Thread-safe; calls wait for warden's answer. */
#ifndef BARMKIN_WARDEN_WARDEN_H
#define BARMKIN_WARDEN_WARDEN_H
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "warden/message.h"
#include "warden/plan.h"

struct warden_client;

/* Runs on the client's own reader thread for each event: body and fds are borrowed, fds are closed afterwards except
 * those set to -1 in the array. It must not call warden (it would wait for itself); it hands over and returns.
 * Called once with type 0 when warden is gone: after that every call answers oops. */
typedef void warden_on_event(void *arg, uint16_t type, const void *body, size_t n, int *fds, size_t n_fds);

/* Owns the socket. on_event may be NULL. Never NULL itself. */
struct warden_client *warden_client_new(int fd, warden_on_event *on_event, void *arg);
/* No event is told any more, and none is being told: whom on_event hands them to may go. Calls go on. NULL is fine. */
void warden_client_mute(struct warden_client *c);
/* Closes the pipe, which ends a warden that lives by it, and joins the reader. No call may be under way. */
void warden_client_free(struct warden_client *c);

/* One request: sends `type` with a body and descriptors (which stay the caller's), waits for its answer.
 * On OK *out has what follows the outcome, in `a`, and the descriptors (close-on-exec, the caller's). Both may be NULL
 * where the type brings nothing. An answer of warden's that says no comes back as the same kind of failure with its
 * text. Modules build their own calls on this one. */
struct warden_answer {
    str body;
    int fds[MESSAGE_FDS_MAX];
    size_t n_fds;
};
res warden_call(struct warden_client *c, uint16_t type, const void *body, size_t n, const int *fds, size_t n_fds,
                struct arena *a, struct warden_answer *out, struct err *e);

/* "vpc-...", "eni-..." as text into an id; rejects what is not one. */
res warden_id(str text, const char *prefix, struct message_id *id, struct err *e);

/* True once warden has gone: nothing that is asked from now on can succeed. */
bool warden_is_gone(struct warden_client *c);

/* Waits until everything asked before is done. */
res warden_ping(struct warden_client *c, struct err *e);
/* Makes the kernel look like the plan. Reject: the plan makes no sense, or its generation is older than what stands;
 * nothing changed. Oops: the VPC is closed, no packet of it passes until a plan succeeds. */
res warden_vpc_apply(struct warden_client *c, const struct vpc_plan *plan, struct err *e);
/* Removes a VPC with its interfaces; none is fine. Sockets that front has in it stay open but hear nothing. */
res warden_vpc_remove(struct warden_client *c, const struct message_id *vpc, struct err *e);

/* Sockets of a VPC's namespace, non-blocking, close-on-exec, the caller's. addr in host byte order, 0 for any.
 * listen_in: TCP, bound and listening. Front needs one on 0.0.0.0:443 for all endpoints (getsockname after accept gives
 * plan_local_addr(index)), one on 169.254.170.2:80, and the resolver's :53 by both kinds. */
res warden_listen_in(struct warden_client *c, const struct message_id *vpc, uint32_t addr, uint16_t port, int *fd,
                     struct err *e);
res warden_udp_in(struct warden_client *c, const struct message_id *vpc, uint32_t addr, uint16_t port, int *fd,
                  struct err *e);
/* A TCP connection to 127.x.y.z:port inside the namespace of a workload interface, or of a sandbox without one: made or
 * under way (wait for EPOLLOUT and read SO_ERROR); oops with ECONNREFUSED in sys_errno when nobody listens there. */
res warden_connect_in(struct warden_client *c, const struct message_id *eni, uint32_t addr, uint16_t port, int *fd,
                      struct err *e);

/* Somebody listens at addr:port of the interface `to`, and a connection to it begins at the interface `from`: *client
 * becomes writable when the packets of both ways pass all rules between them. Both sockets are the caller's; *listener
 * must outlive the question. Oops at once where there is no way at all. */
res warden_reach_in(struct warden_client *c, const struct message_id *from, const struct message_id *to, uint32_t addr,
                    uint16_t port, int *listener, int *client, struct err *e);

/* A netlink socket on the log group of the VPC's ruleset: what plan.log asks for arrives there. One at a time. */
res warden_log_in(struct warden_client *c, const struct message_id *vpc, int *fd, struct err *e);

/* Everything of this state goes: sandboxes, volumes' mounts, namespaces, cgroups. As at warden's start. */
res warden_cleanup(struct warden_client *c, struct err *e);

#endif
