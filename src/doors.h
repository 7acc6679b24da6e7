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

/* Reopens the listeners of every VPC in the store. */
res doors_open(struct front *f, struct doors **out, struct err *e);
void doors_close(struct doors *d);

/* Fills s->door from the socket's facts. Answers by itself what is no AWS call (health, a sandbox's credentials) and
 * then returns true. */
bool door_answers(struct serving *s);
/* Did it come through the admin channel, as root or the state's owner? */
bool door_is_admin(const struct serving *s);

/* warden_on_event: what warden tells front by itself. arg is the struct front. */
void doors_event(void *arg, uint16_t type, const void *body, size_t n, int *fds, size_t n_fds);

#endif
