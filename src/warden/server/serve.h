/* SPDX-License-Identifier: MIT */
/* The loop, for main.c. */
#ifndef BARMKIN_WARDEN_SERVER_SERVE_H
#define BARMKIN_WARDEN_SERVER_SERVE_H
#include "warden/server/server.h"

/* Starts the modules, serves until a pipe closes or a message is bad, stops them and removes everything by TAG. */
res warden_serve(struct warden *w, struct err *e);
/* Watches a pipe whose messages go to handlers; -1 is fine. */
void warden_listen_to(struct warden *w, int sock);
/* RUN with the file that names this boot (main.c). */
res warden_make_run_dir(struct warden *w, struct err *e);

extern const struct module pipes_module; /* the parent's message about a replaced vault */

#endif
