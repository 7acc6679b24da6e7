/* SPDX-License-Identifier: MIT */
/* Network namespaces that have a name: a bind mount of their nsfs file at RUN/netns/<id>. */
#ifndef BARMKIN_WARDEN_SERVER_NETNS_H
#define BARMKIN_WARDEN_SERVER_NETNS_H
#include "warden/server/server.h"

/* The path of an id's namespace; the id was checked by message_id_ok. `out` has WARDEN_PATH_BYTES. */
void netns_path(const struct warden *w, const struct message_id *id, char *out);
/* Makes a new one under the id's name and ENTERS it: the caller must netns_leave() on every way out, also on failure.
 */
res netns_create(struct warden *w, const struct message_id *id, struct err *e);
/* Enters an existing one; on failure the process is where it was. */
res netns_enter(struct warden *w, const struct message_id *id, struct err *e);
/* An open descriptor of it, the caller's. */
res netns_open(struct warden *w, const struct message_id *id, int *fd, struct err *e);
/* Moves to an open namespace, or back to the host's. A warden that cannot go where it must be ends at once. */
void netns_join(int fd);
void netns_leave(struct warden *w);
/* Takes the name away. The namespace ends when its last process and socket do. */
void netns_unname(struct warden *w, const struct message_id *id);
/* The namespace of `from` is `to`'s from now on; what was `to`'s own ends when its last user does. */
res netns_rename(struct warden *w, const struct message_id *from, const struct message_id *to, struct err *e);
/* In a new namespace: IPv4 only, nothing believed that was not asked for, and nothing left of the host's own settings,
 * which new namespaces inherit. A router forwards. lo is not up yet. */
res netns_settle(bool router, struct err *e);

#endif
