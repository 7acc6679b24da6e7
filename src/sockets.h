/* SPDX-License-Identifier: MIT */
/* The parent's own sockets: where clients come in, the admin channel, and the service manager's. */
#ifndef BARMKIN_SOCKETS_H
#define BARMKIN_SOCKETS_H
#include <stdint.h>

#include "state.h"

/* "127.0.0.1:4566" or "localhost:4566"; port 0 for a free one, told in *port. Rejects what is no IPv4 address and
 * port. */
res sockets_listen(str where, int *fd, uint16_t *port, struct err *e);
/* STATE/admin.sock, mode 0600: whoever may open it is root. */
res sockets_listen_admin(const struct state *s, int *fd, struct err *e);
/* The client's side of it. Fails when no server runs on this state folder. */
res sockets_connect_admin(str state_dir, int *fd, struct err *e);
/* sd_notify(3) without its library: sends e.g. "READY=1" to $NOTIFY_SOCKET, or does nothing without one. */
void sockets_notify(const char *text);

#endif
