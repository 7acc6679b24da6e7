/* SPDX-License-Identifier: MIT */
/* What volume.c and volume_share.c share: the tables of held keys, of what is mounted, of who shares it. */
#ifndef BARMKIN_WARDEN_SERVER_VOLUME_PARTS_H
#define BARMKIN_WARDEN_SERVER_VOLUME_PARTS_H
#include "base/arena.h"
#include "warden/server/volume.h"
#include "warden/server/volume_kernel.h"

struct held_key {
    char id[NAME_BYTES]; /* empty: free */
    uint8_t key[VOLUME_KEY_BYTES];
};

struct volume {
    char id[NAME_BYTES]; /* empty: free */
    uint32_t uid_base;   /* of a file system: none, its shares have their holders' */
    struct volume_key_id key_id;
};

struct share {
    char holder[NAME_BYTES]; /* empty: free */
    char file_system[NAME_BYTES], at[SHARE_AT_BYTES], point[PATH_BYTES];
    bool read_only;
};

struct volumes {
    struct arena *memory, *secrets;
    struct volume_site site;
    struct held_key *keys;  /* VOLUME_KEYS_MAX, in locked memory */
    struct volume *mounted; /* VOLUMES_MAX */
    struct share *shares;   /* SHARES_MAX */
};

res volume_paths(const struct volumes *v, const char *id, char image[PATH_BYTES], char point[PATH_BYTES],
                 struct err *e);
/* An empty id finds a free place; NULL: there is none. */
struct volume *volume_find(const struct volumes *v, const char *id);
struct held_key *volume_find_key(const struct volumes *v, const char *id);
/* durable: on the disk when it returns. */
res volume_image_make(struct volumes *v, const char *id, uint64_t mib, bool durable, struct err *e);
/* Unmounts, waiting a little for the last user, and removes the point. */
void volume_take_down(const char *point, const char *id);

#endif
