/* SPDX-License-Identifier: MIT */
/* Volumes: an ext4 image file each, whose data folder the kernel encrypts (fscrypt) with a key that only vault sends.
 * States: image -> (key held) -> mounted -> image. Without its key a volume cannot be mounted. */
#ifndef BARMKIN_WARDEN_SERVER_VOLUME_H
#define BARMKIN_WARDEN_SERVER_VOLUME_H
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "warden/server/files.h"

enum { VOLUME_KEY_BYTES = 64, VOLUMES_MAX = 512, VOLUME_KEYS_MAX = 64 };
enum { SHARES_MAX = 512, SHARE_AT_BYTES = 96 };

struct volumes;

struct volume_site {
    const char *images_dir; /* STATE/volumes: ID.img */
    const char *mounts_dir; /* /run/barmkin/TAG/vol: ID/data is the encrypted folder */
    const char *lease_file; /* /run/barmkin/uids */
    const char *tag;
};

/* Makes the folders, detaches what an earlier life left mounted, drops its leases. Texts are copied. */
res volumes_new(const struct volume_site *site, struct volumes **out, struct err *e);
void volumes_free(struct volumes *v); /* unmounts all; NULL is fine */

/* A new sparse image of `mib` MiB (16 MiB to 16 TiB) with an empty, encryptable ext4. Rejects an id that is taken. */
res volume_create(struct volumes *v, const char *id, uint64_t mib, struct err *e);
/* Keeps a key in locked memory until the volume is mounted; a second key for the same id replaces the first. The id of
 * a file system's key is "FILE SYSTEM-HOLDER". */
res volume_key_put(struct volumes *v, const char *id, const uint8_t key[VOLUME_KEY_BYTES], struct err *e);
void volume_key_forget(struct volumes *v, const char *id);
/* Mounts with the held key (used up and wiped, whatever comes of it). Ids on disk are 0..65535; the mount shows them as
 * a freshly leased range: *uid_base is its first id, and the owner of the data folder. Rejects without a key or with
 * another key than the volume was first mounted with. */
res volume_mount(struct volumes *v, const char *id, uint32_t *uid_base, struct err *e);
/* Writes back, removes the key from the kernel, unmounts, detaches the loop device, gives the range back. What is not
 * mounted is fine. Processes that still hold files keep nothing readable but what they have in memory. */
res volume_unmount(struct volumes *v, const char *id, struct err *e);
/* Removes the image; rejects a mounted one. What is not there is fine. */
res volume_delete(struct volumes *v, const char *id, struct err *e);

/* Of a mounted volume: its range and its encrypted folder's path; rejects otherwise. */
res volume_where(const struct volumes *v, const char *id, uint32_t *uid_base, char data_dir[PATH_BYTES], struct err *e);
size_t volumes_mounted(const struct volumes *v);

/* ---- file systems: volumes that sandboxes share, each under its own ids (volume_share.c) ---- */
struct share_plan {
    const char *file_system, *holder; /* "fs-...", a sandbox's id */
    const char *at;                   /* where the holder sees it, below /opt/ml: "input/data/train" */
    const char *folder;               /* of the file system: "/", "/a/b" */
    uint32_t uid_base;                /* the holder's */
    uint64_t mib;                     /* of a new image */
    bool read_only, squash_root;
};
/* Mounts the file system unless somebody shares it already (its image is made at its first mount) and gives the holder
 * a view of the folder. Takes the key that vault has sent for this holder, as volume_mount does. Rejects a folder
 * that is not there or lies behind a link. */
res volume_share(struct volumes *v, const struct share_plan *p, struct err *e);
/* The holder's views, and keys that it did not use, go, and what nobody shares any more is unmounted. None is fine. */
void volume_shares_end(struct volumes *v, const char *holder);
/* The i-th share of a holder; false: it has no more. The texts stay as long as the share does. */
bool volume_share_of(const struct volumes *v, const char *holder, size_t i, const char **point, const char **at,
                     bool *read_only);
/* Bytes that a mounted file system has in use. Rejects what is not mounted. */
res volume_share_used(const struct volumes *v, const char *file_system, uint64_t *bytes, struct err *e);
/* Its key goes from the kernel and its image from the disk, whoever still shares it: they read nothing more. */
res volume_share_delete(struct volumes *v, const char *file_system, struct err *e);

#endif
