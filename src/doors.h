/* SPDX-License-Identifier: MIT */
/* Where requests enter: the endpoint door, the admin channel, and one listener per VPC whose local addresses name the
 * endpoints. */
#ifndef BARMKIN_DOORS_H
#define BARMKIN_DOORS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct serving;
struct front;
struct doors;

void *door_endpoint(void); /* tags for loop_listen */
void *door_admin(void);

/* Before the loops run: fills house->network and house->sandbox_doors, lets go what commands of a server before held,
 * makes every VPC of the store again and opens its listeners. A VPC that cannot be made stays closed. */
res doors_open(struct front *f, struct doors **out, struct err *e);
void doors_quiet(struct doors *d); /* lets nothing go by itself any more: before the writer ends */
void doors_close(struct doors *d);

/* Fills s->door from the socket's facts. Answers by itself what is no AWS call (health, a sandbox's credentials) and
 * then returns true. */
bool door_answers(struct serving *s);
/* Did it come through the admin channel, as root or the state's owner? */
bool door_is_admin(const struct serving *s);
/* A VPC endpoint leads to one service. Ends the call when the request is for another. */
res door_leads_there(struct serving *s);

/* warden_on_event: what warden tells front by itself. arg is the struct front. */
void doors_event(void *arg, uint16_t type, const void *body, size_t n, int *fds, size_t n_fds);

#endif
