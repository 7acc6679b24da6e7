/* SPDX-License-Identifier: MIT */
/* The state folder: where everything of one Barmkin lies, and its few facts that no record holds. */
#ifndef BARMKIN_STATE_H
#define BARMKIN_STATE_H
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* DIR/config.json. Written by init; listen may change at serve. Nothing secret. */
struct state {
    str dir;            /* absolute; of a role "." (state_load_here) */
    str tag;            /* six hex digits, in every kernel name */
    str region, listen; /* "us-east-1", "127.0.0.1:4566" */
    str org_id, management_account;
    uint32_t uid_base;       /* front; vault is + 1 */
    bool run_twice;          /* tests set it by hand: see store/writer.h */
    int64_t clock_offset_ms; /* the same: front's wall clock is wrong by so much */
};

enum { STATE_ROLE_FRONT = 0, STATE_ROLE_VAULT = 1 };

res state_load(const char *dir, struct arena *a, struct state *out, struct err *e);
/* The same for a role that stands in DIR: it went there as root, and may not be able to walk there as itself. */
res state_load_here(struct arena *a, struct state *out, struct err *e);
res state_save(const struct state *s, struct err *e); /* atomic */
/* Makes DIR and its folders, each with the owner and mode its role needs. */
res state_make(const struct state *s, struct err *e);
/* init makes vault's and front's files as root; these give a folder and what is in it to its role. */
res state_hand_vault(const struct state *s, struct err *e);
res state_hand_front(const struct state *s, struct err *e);
char *state_path(const struct state *s, struct arena *a, const char *name);
/* Writes a file so that it is either there whole or not at all. */
res state_write(const char *path, str text, mode_t mode, struct err *e);
res state_read(const char *path, size_t max_bytes, struct arena *a, str *text, struct err *e);
/* Takes DIR/lock for this process's life; rejects when another server has it. */
res state_lock(const struct state *s, struct err *e);
/* A claim that the roles hold together with their parent, and after it: waits until every role of a server that was
 * killed has ended (rejects when one does not). The descriptor is close-on-exec; roles get it passed. */
res state_claim(const struct state *s, int *fd, struct err *e);

/* The CLI profiles of init's accounts: DIR/profiles/config and credentials, as the AWS CLI reads them. */
struct profile {
    str name, account_name, account_id, access_key_id, secret_access_key;
};
res profiles_add(const struct state *s, const struct profile *p, struct err *e); /* replaces one of the same name */
res profiles_rewrite(const struct state *s, str endpoint_url, struct err *e);    /* after a change of address */
res profiles_read(const struct state *s, str name, struct arena *secrets, struct profile *out, struct err *e);

#endif
