/* SPDX-License-Identifier: MIT */
/* Durable work: flows with a state table, timers and a version, which go on where they stood after any crash. The
 * interface for services is api/flow.h; what they may do with sandboxes is api/box.h. */
#ifndef BARMKIN_CONDUCTOR_CONDUCTOR_H
#define BARMKIN_CONDUCTOR_CONDUCTOR_H
#include "api/flow.h"
#include "api/house.h"
#include "api/network.h"
#include "warden/sandbox_wire.h"

struct conductor;

/* Starts the conductor's thread. Owns the vault client. */
res conductor_start(struct house *h, struct vault *v, struct conductor **out, struct err *e);
/* Once everything else runs: sends "resumed" to every unfinished flow ("begin" to those that never began) and arms its
 * timer. */
res conductor_resume(struct conductor *c, struct err *e);
/* A network that the kernel does not have as the records say: it is made, or removed, from what the records say then,
 * each time a little later, until that succeeds. Not before conductor_resume. Any thread. */
void conductor_mend(struct house *h, str vpc_id);
/* What a VPC's flow logs watch from now on; fd: a socket on its log group (owned), or -1 where there is one already.
 * Without flow logs the watch ends, once what it has is told. */
void conductor_flow_logs(struct house *h, const struct network *n, int fd);
bool conductor_flow_logs_watched(struct house *h, str vpc_id);
void conductor_stop(struct conductor *c); /* lets the step and the effects under way finish */

/* Warden's event; from its reader's thread. */
void conductor_box_exited(struct house *h, const struct sandbox_exited *what);

#endif
