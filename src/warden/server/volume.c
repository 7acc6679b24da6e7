/* SPDX-License-Identifier: MIT */
/* Volumes: images, the held keys, and the table of what is mounted. The kernel's part is in volume_kernel.c. */
#include "warden/server/volume_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "warden/server/lease.h"
#include "warden/server/server.h"

res volume_paths(const struct volumes *v, const char *id, char image[PATH_BYTES], char point[PATH_BYTES], struct err *e)
{
    if (!name_is_safe(id))
        return reject(e, "a volume's id is 1 to 63 letters, digits, '-' or '_'");
    TRY(path_put(image, e, "%s/%s.img", v->site.images_dir, id));
    return path_put(point, e, "%s/%s", v->site.mounts_dir, id);
}

struct volume *volume_find(const struct volumes *v, const char *id)
{
    for (size_t i = 0; i < VOLUMES_MAX; i++)
        if (strcmp(v->mounted[i].id, id) == 0)
            return &v->mounted[i];
    return NULL;
}

struct held_key *volume_find_key(const struct volumes *v, const char *id)
{
    for (size_t i = 0; i < VOLUME_KEYS_MAX; i++)
        if (strcmp(v->keys[i].id, id) == 0)
            return &v->keys[i];
    return NULL;
}

res volumes_new(const struct volume_site *site, struct volumes **out, struct err *e)
{
    struct arena *memory = arena_new(1 << 20);
    struct volumes *v = ARENA_NEW(memory, struct volumes);

    *out = NULL;
    v->memory = memory;
    v->secrets = arena_new_secret(VOLUME_KEYS_MAX * sizeof(struct held_key) + 65536);
    v->keys = ARENA_ARRAY(v->secrets, struct held_key, VOLUME_KEYS_MAX);
    v->mounted = ARENA_ARRAY(memory, struct volume, VOLUMES_MAX);
    v->shares = ARENA_ARRAY(memory, struct share, SHARES_MAX);
    v->site = (struct volume_site){arena_z(memory, str_z(site->images_dir)), arena_z(memory, str_z(site->mounts_dir)),
                                   arena_z(memory, str_z(site->lease_file)), arena_z(memory, str_z(site->tag))};
    res r = dir_make(v->site.images_dir, 0700, e);
    if (is_ok(r))
        r = dir_make(v->site.mounts_dir, 0711, e);
    if (is_ok(r)) {
        mounts_detach_below(v->site.mounts_dir);
        r = lease_drop_all(v->site.lease_file, v->site.tag, e);
    }
    if (!is_ok(r)) {
        arena_free(v->secrets);
        arena_free(memory);
        return r;
    }
    *out = v;
    return OK;
}

void volumes_free(struct volumes *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < SHARES_MAX; i++)
        if (v->shares[i].holder[0])
            volume_shares_end(v, v->shares[i].holder);
    for (size_t i = 0; i < VOLUMES_MAX; i++)
        if (v->mounted[i].id[0])
            volume_unmount(v, v->mounted[i].id, NULL);
    arena_free(v->secrets);
    arena_free(v->memory);
}

static res make_file_system(const char *image, uint64_t mib, struct err *e)
{
    char inodes[24];
    int status;
    uint64_t n = mib * 16; /* one in 64 KiB: jobs keep few files, and the tables cost time to read */

    n = n < 1024 ? 1024 : n > 1u << 20 ? 1u << 20 : n;
    snprintf(inodes, sizeof inodes, "%llu", (unsigned long long)n);
    const char *const argv[] = {"mkfs.ext4",
                                "-q",
                                "-F",
                                "-O",
                                "encrypt,^resize_inode",
                                "-b",
                                "4096",
                                "-m",
                                "0",
                                "-N",
                                inodes,
                                "-E",
                                "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
                                image,
                                NULL};
    TRY(program_run(argv, -1, &status, e));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return oops(e, 0, "mkfs.ext4 -O encrypt failed for %s (status %d)", image, status);
    return OK;
}

static res fill_image(const char *path, uint64_t mib, bool durable, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return oops(e, errno, "cannot make %s", path);
    res r = ftruncate(fd, (off_t)(mib << 20)) < 0 ? oops(e, errno, "cannot size %s", path) : OK;
    if (is_ok(r))
        r = make_file_system(path, mib, e);
    if (is_ok(r) && durable && fsync(fd) < 0)
        r = oops(e, errno, "cannot write back %s", path);
    close(fd);
    return r;
}

static res sync_folder(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    res r = fd < 0 || fsync(fd) < 0 ? oops(e, errno, "cannot write back %s", path) : OK;

    if (fd >= 0)
        close(fd);
    return r;
}

/* Under its own name only when it is whole: a crash in between leaves what the next attempt overwrites. */
res volume_image_make(struct volumes *v, const char *id, uint64_t mib, bool durable, struct err *e)
{
    char image[PATH_BYTES], point[PATH_BYTES], fresh[PATH_BYTES];

    TRY(volume_paths(v, id, image, point, e));
    TRY(path_put(fresh, e, "%s/%s.new", v->site.images_dir, id));
    if (mib < 16 || mib > 16u << 20)
        return reject(e, "a volume has 16 MiB to 16 TiB");
    if (access(image, F_OK) == 0)
        return reject(e, "the volume %s exists", id);
    res r = fill_image(fresh, mib, durable, e);
    if (is_ok(r) && rename(fresh, image) < 0)
        r = oops(e, errno, "cannot name %s", image);
    if (!is_ok(r)) {
        unlink(fresh);
        return r;
    }
    return durable ? sync_folder(v->site.images_dir, e) : OK;
}

res volume_create(struct volumes *v, const char *id, uint64_t mib, struct err *e)
{
    return volume_image_make(v, id, mib, false, e);
}

res volume_key_put(struct volumes *v, const char *id, const uint8_t key[VOLUME_KEY_BYTES], struct err *e)
{
    struct held_key *k = name_is_safe(id) ? volume_find_key(v, id) : NULL;

    if (!name_is_safe(id))
        return reject(e, "a key came for a bad volume id");
    if (!k)
        k = volume_find_key(v, "");
    if (!k)
        return oops(e, ENOSPC, "too many volume keys wait for their mount");
    str_to_z(str_z(id), k->id, sizeof k->id);
    memcpy(k->key, key, VOLUME_KEY_BYTES);
    return OK;
}

void volume_key_forget(struct volumes *v, const char *id)
{
    struct held_key *k = name_is_safe(id) ? volume_find_key(v, id) : NULL;

    if (k)
        explicit_bzero(k, sizeof *k);
}

static res mount_it(struct volumes *v, struct volume *slot, const struct held_key *k, struct err *e)
{
    char image[PATH_BYTES], point[PATH_BYTES];
    int tree;

    TRY(volume_paths(v, k->id, image, point, e));
    TRY(volume_attach(image, &tree, e));
    res r = volume_unlock(tree, k->key, VOLUME_OF_ONE, &slot->key_id, e);
    if (is_ok(r))
        r = volume_map_ids(tree, slot->uid_base, LEASE_IDS, false, e);
    if (is_ok(r))
        r = dir_make(point, 0711, e);
    if (is_ok(r))
        r = volume_place(tree, point, e);
    close(tree); /* a tree that was not placed goes with it, and its loop device too */
    return r;
}

res volume_mount(struct volumes *v, const char *id, uint32_t *uid_base, struct err *e)
{
    struct held_key *k = name_is_safe(id) ? volume_find_key(v, id) : NULL;
    struct volume *slot = volume_find(v, "");

    if (k && volume_find(v, id)) {
        volume_key_forget(v, id);
        return reject(e, "the volume %s is mounted already", id);
    }
    if (!k)
        return reject(e, "the volume cannot be mounted: vault has sent no key for it");
    if (!slot) {
        volume_key_forget(v, id);
        return oops(e, ENOSPC, "too many volumes are mounted");
    }
    res r = lease_take(v->site.lease_file, v->site.tag, &slot->uid_base, e);
    if (is_ok(r)) {
        r = mount_it(v, slot, k, e);
        if (!is_ok(r))
            lease_drop(v->site.lease_file, v->site.tag, slot->uid_base, NULL);
    }
    if (is_ok(r)) {
        memcpy(slot->id, k->id, sizeof slot->id);
        *uid_base = slot->uid_base;
    }
    explicit_bzero(k, sizeof *k);
    return r;
}

/* The last process of a sandbox may still be on its way out of its mount namespace: that takes milliseconds. */
void volume_take_down(const char *point, const char *id)
{
    for (int i = 0; i < 100; i++) {
        if (umount2(point, 0) == 0 || errno == EINVAL || errno == ENOENT) {
            rmdir(point);
            return;
        }
        usleep(2000);
    }
    log_warn("volume %s is still in use; detached, it goes when its last user does", id);
    umount2(point, MNT_DETACH);
    rmdir(point);
}

res volume_unmount(struct volumes *v, const char *id, struct err *e)
{
    char image[PATH_BYTES], point[PATH_BYTES];
    struct volume *slot = name_is_safe(id) ? volume_find(v, id) : NULL;

    TRY(volume_paths(v, id, image, point, e));
    if (!slot)
        return OK;
    res r = volume_lock(point, &slot->key_id, e);
    volume_take_down(point, id);
    lease_drop(v->site.lease_file, v->site.tag, slot->uid_base, NULL);
    explicit_bzero(slot, sizeof *slot);
    return r;
}

res volume_delete(struct volumes *v, const char *id, struct err *e)
{
    char image[PATH_BYTES], point[PATH_BYTES];

    TRY(volume_paths(v, id, image, point, e));
    volume_key_forget(v, id);
    if (volume_find(v, id))
        return reject(e, "the volume %s is mounted", id);
    return unlink(image) < 0 && errno != ENOENT ? oops(e, errno, "cannot remove %s", image) : OK;
}

res volume_where(const struct volumes *v, const char *id, uint32_t *uid_base, char data_dir[PATH_BYTES], struct err *e)
{
    const struct volume *slot = name_is_safe(id) ? volume_find(v, id) : NULL;

    if (!slot)
        return reject(e, "the volume is not mounted");
    *uid_base = slot->uid_base;
    return path_put(data_dir, e, "%s/%s/data", v->site.mounts_dir, id);
}

size_t volumes_mounted(const struct volumes *v)
{
    size_t n = 0;

    for (size_t i = 0; i < VOLUMES_MAX; i++)
        n += v->mounted[i].id[0] != 0;
    return n;
}
