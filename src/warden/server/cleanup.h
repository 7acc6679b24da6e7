/* SPDX-License-Identifier: MIT */
/* Removing what carries this state's TAG, or another boot's id, wherever the kernel keeps it. */
#ifndef BARMKIN_WARDEN_SERVER_CLEANUP_H
#define BARMKIN_WARDEN_SERVER_CLEANUP_H
#include "warden/server/server.h"

/* Processes in cgroups barmkin-TAG, links in namespaces below /run/barmkin/TAG, mounts there, cgroups, the folder. */
void cleanup_tag(const char *run_root, const char *tag);
/* The same for folders of /run/barmkin that another boot left and no living warden has locked. */
void cleanup_other_boots(const char *run_root);
/* Takes the lock of a TAG, waiting a few seconds for children of a warden that was killed; -1 when it is in use. */
int cleanup_lock(const char *run_root, const char *tag);
/* The kernel's boot id, into `out` (37 bytes). */
res cleanup_boot_id(char out[37], struct err *e);
/* Stops every module, cleans up by TAG, starts them again (serve.c). */
res warden_restart_modules(struct warden *w, struct err *e);

#endif
