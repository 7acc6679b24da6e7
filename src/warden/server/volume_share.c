/* SPDX-License-Identifier: MIT */
/* File systems: one mount a volume, closed to all but root, and for each sandbox that shares it a view of a folder,
 * with the disk's ids shifted to the sandbox's own. */
#include "warden/server/volume_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "warden/server/lease.h"

/* ---- the file system itself ---- */

static struct held_key *find_key(const struct volumes *v, const struct share_plan *p)
{
    char id[PATH_BYTES];

    return is_ok(path_put(id, NULL, "%s-%s", p->file_system, p->holder)) ? volume_find_key(v, id) : NULL;
}

static void forget_keys(struct volumes *v, const char *holder)
{
    for (size_t i = 0; i < VOLUME_KEYS_MAX; i++)
        if (str_ends(str_z(v->keys[i].id), str_z(holder)))
            explicit_bzero(&v->keys[i], sizeof v->keys[i]);
}

static res attach(struct volumes *v, const struct share_plan *p, const struct held_key *k, struct volume *slot,
                  struct err *e)
{
    char image[PATH_BYTES], point[PATH_BYTES];
    int tree;

    TRY(volume_paths(v, p->file_system, image, point, e));
    if (access(image, F_OK) < 0)
        TRY(volume_image_make(v, p->file_system, p->mib, true, e));
    TRY(volume_attach(image, &tree, e));
    res r = volume_unlock(tree, k->key, VOLUME_OF_MANY, &slot->key_id, e);
    if (is_ok(r))
        r = dir_make(point, 0700, e);
    if (is_ok(r))
        r = volume_place(tree, point, e);
    close(tree);
    return r;
}

/* The key is used up in any case: who shares what is mounted already had to get one from vault all the same. */
static res mount_once(struct volumes *v, const struct share_plan *p, struct volume **out, struct err *e)
{
    struct held_key *k = find_key(v, p);
    struct volume *slot = volume_find(v, p->file_system);

    *out = slot;
    if (!k)
        return reject(e, "the file system cannot be mounted: vault has sent no key for it");
    res r = OK;
    if (!slot) {
        slot = volume_find(v, "");
        r = slot ? attach(v, p, k, slot, e) : oops(e, ENOSPC, "too many volumes are mounted");
    }
    if (is_ok(r)) {
        str_to_z(str_z(p->file_system), slot->id, sizeof slot->id);
        *out = slot;
    }
    explicit_bzero(k, sizeof *k);
    return r;
}

static bool is_shared(const struct volumes *v, const char *file_system)
{
    for (size_t i = 0; i < SHARES_MAX; i++)
        if (v->shares[i].holder[0] && strcmp(v->shares[i].file_system, file_system) == 0)
            return true;
    return false;
}

static void unmount_if_idle(struct volumes *v, struct volume *slot)
{
    char image[PATH_BYTES], point[PATH_BYTES];

    if (is_shared(v, slot->id) || !is_ok(volume_paths(v, slot->id, image, point, NULL)))
        return;
    volume_lock(point, &slot->key_id, NULL);
    volume_take_down(point, slot->id);
    explicit_bzero(slot, sizeof *slot);
}

/* ---- views of it ---- */

/* A client's words: they are resolved below the file system's root by the kernel, and nowhere else. */
static res open_folder(int data, const char *folder, int *out, struct err *e)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};

    while (*folder == '/')
        folder++;
    *out = (int)syscall(SYS_openat2, data, *folder ? folder : ".", &how, sizeof how);
    if (*out >= 0)
        return OK;
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EXDEV || errno == ENAMETOOLONG)
        return reject(e, "No such file or directory: %s", folder);
    return oops(e, errno, "cannot open a folder of a file system");
}

static res open_view(const struct volumes *v, const struct share_plan *p, int *tree, struct err *e)
{
    char path[PATH_BYTES];
    uint32_t none;
    int folder;

    *tree = -1;
    TRY(volume_where(v, p->file_system, &none, path, e));
    int data = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (data < 0)
        return oops(e, errno, "cannot open %s", path);
    res r = open_folder(data, p->folder, &folder, e);
    close(data);
    TRY(r);
    *tree = open_tree(folder, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (*tree < 0)
        r = oops(e, errno, "cannot show a folder of a file system");
    close(folder);
    return r;
}

static res place_view(const struct share_plan *p, int tree, const char *point, struct err *e)
{
    struct mount_attr attr = {.attr_set =
                                  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (p->read_only ? MOUNT_ATTR_RDONLY : 0)};

    TRY(volume_map_ids(tree, p->uid_base, LEASE_IDS, p->squash_root, e));
    if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
        return oops(e, errno, "cannot limit the view of a file system");
    TRY(dir_make(point, 0711, e));
    return volume_place(tree, point, e);
}

static res give_view(struct volumes *v, const struct share_plan *p, struct err *e)
{
    struct share *s = v->shares;
    int tree;

    while (s < v->shares + SHARES_MAX && s->holder[0])
        s++;
    if (s == v->shares + SHARES_MAX)
        return oops(e, ENOSPC, "too many file systems are shared");
    TRY(path_put(s->point, e, "%s/share-%zu", v->site.mounts_dir, (size_t)(s - v->shares)));
    TRY(open_view(v, p, &tree, e));
    res r = place_view(p, tree, s->point, e);
    close(tree);
    TRY(r);
    str_to_z(str_z(p->holder), s->holder, sizeof s->holder);
    str_to_z(str_z(p->file_system), s->file_system, sizeof s->file_system);
    str_to_z(str_z(p->at), s->at, sizeof s->at);
    s->read_only = p->read_only;
    return OK;
}

/* ---- what the messages ask ---- */

static res check(const struct share_plan *p, struct err *e)
{
    str at = str_z(p->at);

    if (!name_is_safe(p->file_system) || !name_is_safe(p->holder))
        return reject(e, "a file system and its holder need plain ids");
    if (!at.n || at.n >= SHARE_AT_BYTES || at.p[0] == '/' || str_search(at, S("..")) >= 0 ||
        !str_all(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"))
        return reject(e, "a file system cannot be seen at %s", p->at);
    return OK;
}

res volume_share(struct volumes *v, const struct share_plan *p, struct err *e)
{
    struct volume *slot;

    TRY(check(p, e));
    TRY(mount_once(v, p, &slot, e));
    res r = give_view(v, p, e);
    if (!is_ok(r))
        unmount_if_idle(v, slot);
    return r;
}

void volume_shares_end(struct volumes *v, const char *holder)
{
    forget_keys(v, holder);
    for (size_t i = 0; i < SHARES_MAX; i++) {
        struct share *s = &v->shares[i];
        if (!s->holder[0] || strcmp(s->holder, holder) != 0)
            continue;
        struct volume *slot = volume_find(v, s->file_system);
        volume_take_down(s->point, s->file_system);
        s->holder[0] = 0;
        if (slot)
            unmount_if_idle(v, slot);
    }
}

bool volume_share_of(const struct volumes *v, const char *holder, size_t i, const char **point, const char **at,
                     bool *read_only)
{
    for (const struct share *s = v->shares; s < v->shares + SHARES_MAX; s++)
        if (s->holder[0] && strcmp(s->holder, holder) == 0 && i-- == 0) {
            *point = s->point;
            *at = s->at;
            *read_only = s->read_only;
            return true;
        }
    return false;
}

res volume_share_used(const struct volumes *v, const char *file_system, uint64_t *bytes, struct err *e)
{
    char image[PATH_BYTES], point[PATH_BYTES];
    struct statfs fs;

    TRY(volume_paths(v, file_system, image, point, e));
    if (!volume_find(v, file_system))
        return reject(e, "the file system is not mounted");
    if (statfs(point, &fs) < 0)
        return oops(e, errno, "cannot measure %s", point);
    *bytes = (fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
    return OK;
}

res volume_share_delete(struct volumes *v, const char *file_system, struct err *e)
{
    char image[PATH_BYTES], point[PATH_BYTES];
    struct volume *slot;

    TRY(volume_paths(v, file_system, image, point, e));
    slot = volume_find(v, file_system);
    for (size_t i = 0; slot && i < SHARES_MAX; i++) {
        struct share *s = &v->shares[i];
        if (s->holder[0] && strcmp(s->file_system, file_system) == 0) {
            volume_take_down(s->point, file_system);
            s->holder[0] = 0;
        }
    }
    if (slot)
        unmount_if_idle(v, slot);
    return volume_delete(v, file_system, e);
}
