/* SPDX-License-Identifier: MIT */
/* Durable work: flows with a state table, timers and a version, which go on where they stood after any crash. */
#ifndef BARMKIN_CONDUCTOR_CONDUCTOR_H
#define BARMKIN_CONDUCTOR_CONDUCTOR_H
#include "api/house.h"

struct conductor;

/* Starts the conductor's thread. Owns the vault client. */
res conductor_start(struct house *h, struct vault *v, struct conductor **out, struct err *e);
/* Once everything else runs: arms the timers of every unfinished flow. */
res conductor_resume(struct conductor *c, struct err *e);
void conductor_stop(struct conductor *c); /* lets the step under way finish */

#endif
