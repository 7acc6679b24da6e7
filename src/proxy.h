/* SPDX-License-Identifier: MIT */
/* Requests passed on to model servers in sandboxes, through sockets that warden made in their namespaces. */
#ifndef BARMKIN_PROXY_H
#define BARMKIN_PROXY_H
#include "wire/http.h"

struct serving;

/* Sends s->proxy to its server over a pooled connection; done is called on the loop's thread. */
void proxy_send(struct serving *s, upstream_done *done);
/* The model server's answer (or its failure) as InvokeEndpoint's reply. */
void proxy_reply(struct serving *s, const struct upstream_reply *r);

#endif
