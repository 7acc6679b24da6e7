/* SPDX-License-Identifier: MIT */
/* What the kernel does for a volume: loop device, ext4, fscrypt, shifted ids. Works on detached mounts, so that a
 * volume is never visible before it is locked to its key and its range. */
#ifndef BARMKIN_WARDEN_SERVER_VOLUME_KERNEL_H
#define BARMKIN_WARDEN_SERVER_VOLUME_KERNEL_H
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct volume_key_id { /* what the kernel calls a key: a hash of it */
    uint8_t bytes[16];
};

/* Puts the image behind a free loop device (which goes with the last mount) and mounts it, nosuid and nodev, nowhere:
 * *tree is the mount's root. */
res volume_attach(const char *image, int *tree, struct err *e);
/* Whose a volume is: of one range of ids, which alone may enter its data folder; or of many, who see parts of it as its
 * own permissions say, while the mount itself is closed to all but root. */
enum volume_use { VOLUME_OF_ONE, VOLUME_OF_MANY };
/* Gives the kernel the key and makes, or opens, the encrypted folder `data`. Rejects a key that is not the folder's. */
res volume_unlock(int tree, const uint8_t key[64], enum volume_use use, struct volume_key_id *id, struct err *e);
/* Shows ids 0..n-1 of the disk as base..base+n-1. squash_root: base is 65534 of the disk ("nobody") and the disk's root
 * is base + 65534, whom nobody can be. */
res volume_map_ids(int tree, uint32_t base, uint32_t n, bool squash_root, struct err *e);
res volume_place(int tree, const char *point, struct err *e);
/* Writes back and takes the key away from the kernel, so that what stays open or mounted cannot be read afresh. */
res volume_lock(const char *point, const struct volume_key_id *id, struct err *e);

#endif
