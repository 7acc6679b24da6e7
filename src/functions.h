/* SPDX-License-Identifier: MIT */
/* The execution environments of functions, as serve keeps them in memory: who is idle, who works, who waits. */
#ifndef BARMKIN_FUNCTIONS_H
#define BARMKIN_FUNCTIONS_H
#include "base/err.h"

struct front;
struct serving;

void functions_open(struct front *f);  /* fills house->functions */
void functions_quiet(struct front *f); /* nothing is told to flows any more: before the conductor ends */
void functions_close(struct front *f);

/* Sends s->proxy.function to an environment, an idle one or one that is made for it; then answers s. On s's loop. */
void functions_send(struct serving *s);

#endif
