/* SPDX-License-Identifier: MIT */
/* Loop device, ext4, fscrypt v2 (AES-256-XTS contents, AES-256-CTS names) and idmapped mounts, by system call. */
#include "warden/server/volume_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <linux/loop.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "warden/server/files.h"

enum { NOBODY = 65534 };

/* Another process may take the free number between asking and configuring: ask again. */
static res loop_open(int image, char node[32], int *loop, struct err *e)
{
    struct loop_config config = {.fd = (uint32_t)image, .block_size = 4096, .info.lo_flags = LO_FLAGS_AUTOCLEAR};
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int why = errno;

    for (int i = 0; control >= 0 && i < 64; i++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        snprintf(node, 32, "/dev/loop%d", number);
        *loop = number < 0 ? -1 : open(node, O_RDWR | O_CLOEXEC);
        if (*loop >= 0 && ioctl(*loop, LOOP_CONFIGURE, &config) == 0) {
            close(control);
            return OK;
        }
        why = errno;
        if (*loop >= 0)
            close(*loop);
        if (why != EBUSY)
            break;
    }
    if (control >= 0)
        close(control);
    return oops(e, why, "cannot get a loop device");
}

static res mount_detached(const char *node, int *tree, struct err *e)
{
    int fs = fsopen("ext4", FSOPEN_CLOEXEC);

    *tree = -1;
    if (fs < 0)
        return oops(e, errno, "cannot open the ext4 file system");
    /* noinit_itable: the kernel must not fill a sparse image with empty inode tables behind our back */
    if (fsconfig(fs, FSCONFIG_SET_STRING, "source", node, 0) == 0 &&
        fsconfig(fs, FSCONFIG_SET_FLAG, "noinit_itable", NULL, 0) == 0 &&
        fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        *tree = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    int why = errno;
    close(fs);
    return *tree < 0 ? oops(e, why, "cannot mount a volume from %s", node) : OK;
}

res volume_attach(const char *image, int *tree, struct err *e)
{
    char node[32];
    int loop = -1, fd = open(image, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? reject(e, "there is no such volume") : oops(e, errno, "cannot open %s", image);
    res r = loop_open(fd, node, &loop, e);
    close(fd);
    if (!is_ok(r))
        return r;
    r = mount_detached(node, tree, e);
    close(loop); /* from here on the mount alone holds the device */
    return r;
}

static res no_fscrypt(int why, struct err *e)
{
    if (why == EOPNOTSUPP || why == ENOTTY || why == ENOSYS)
        return oops(e, why, "this kernel cannot encrypt files (it needs CONFIG_FS_ENCRYPTION): no volume is used");
    return oops(e, why, "cannot set up the encryption of a volume");
}

static res key_add(int tree, const uint8_t key[64], struct volume_key_id *id, struct err *e)
{
    union {
        struct fscrypt_add_key_arg arg;
        uint8_t room[sizeof(struct fscrypt_add_key_arg) + 64];
    } u = {0};

    u.arg.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
    u.arg.raw_size = 64;
    memcpy(u.room + offsetof(struct fscrypt_add_key_arg, raw), key, 64);
    int done = ioctl(tree, FS_IOC_ADD_ENCRYPTION_KEY, &u.arg), why = errno;
    memcpy(id->bytes, u.arg.key_spec.u.identifier, sizeof id->bytes);
    explicit_bzero(&u, sizeof u);
    return done < 0 ? no_fscrypt(why, e) : OK;
}

/* The kernel forgets the key at once, and the files' own keys as their inodes go: what a process that just ended (or
 * its Landlock rules) held may take some milliseconds more, so it is asked again. */
static res key_remove(int tree, const struct volume_key_id *id, struct err *e)
{
    struct fscrypt_remove_key_arg arg = {.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER};

    memcpy(arg.key_spec.u.identifier, id->bytes, sizeof id->bytes);
    for (int i = 0; i < 50; i++) {
        if (ioctl(tree, FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS, &arg) < 0)
            return errno == ENOKEY ? OK : oops(e, errno, "cannot take a volume's key from the kernel");
        if (!(arg.removal_status_flags & FSCRYPT_KEY_REMOVAL_STATUS_FLAG_FILES_BUSY))
            return OK;
        usleep(2000);
    }
    log_warn("files of a volume were still open when its key was removed");
    return OK;
}

/* The policy can be set on an empty folder only, once; afterwards the folder's own must name the given key. */
static res policy_make_or_check(int data, const struct volume_key_id *id, struct err *e)
{
    struct fscrypt_get_policy_ex_arg now = {.policy_size = sizeof now.policy};
    struct fscrypt_policy_v2 want = {.version = FSCRYPT_POLICY_V2,
                                     .contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
                                     .filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
                                     .flags = FSCRYPT_POLICY_FLAGS_PAD_32};

    memcpy(want.master_key_identifier, id->bytes, sizeof id->bytes);
    if (ioctl(data, FS_IOC_GET_ENCRYPTION_POLICY_EX, &now) < 0) {
        if (errno != ENODATA)
            return no_fscrypt(errno, e);
        return ioctl(data, FS_IOC_SET_ENCRYPTION_POLICY, &want) < 0 ? no_fscrypt(errno, e) : OK;
    }
    if (now.policy.version != FSCRYPT_POLICY_V2 ||
        memcmp(now.policy.v2.master_key_identifier, id->bytes, sizeof id->bytes) != 0)
        return reject(e, "this key is not the volume's");
    return OK;
}

/* Of one: the root folder holds two names that tell nothing, is readable (to warden, which has no id in it either), and
 * belongs to nobody of the volume's range. Of many: it is the host's root's. */
static res root_close(int root, enum volume_use use, struct err *e)
{
    uid_t owner = use == VOLUME_OF_ONE ? 0x7ffffffe : 0;

    if (fchown(root, owner, owner) < 0 || fchmod(root, use == VOLUME_OF_ONE ? 0755 : 0700) < 0)
        return oops(e, errno, "cannot close a volume's root folder");
    return OK;
}

static res data_make_or_check(int root, enum volume_use use, const struct volume_key_id *id, struct err *e)
{
    bool made = mkdirat(root, "data", 0700) == 0;

    if (!made && errno != EEXIST)
        return oops(e, errno, "cannot make a volume's data folder");
    int data = openat(root, "data", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (data < 0)
        return oops(e, errno, "cannot open a volume's data folder");
    res r = policy_make_or_check(data, id, e);
    if (is_ok(r) && made && use == VOLUME_OF_MANY && fchmod(data, 0755) < 0)
        r = oops(e, errno, "cannot open a file system to its clients");
    close(data);
    return r;
}

res volume_unlock(int tree, const uint8_t key[64], enum volume_use use, struct volume_key_id *id, struct err *e)
{
    int root = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* fsmount's own answer is a mere O_PATH */

    if (root < 0)
        return oops(e, errno, "cannot open a volume's root folder");
    res r = key_add(root, key, id, e);
    if (is_ok(r)) {
        r = root_close(root, use, e);
        if (is_ok(r))
            r = data_make_or_check(root, use, id, e);
        if (!is_ok(r))
            key_remove(root, id, NULL);
    }
    close(root);
    return r;
}

static int idle_child(void)
{
    pid_t parent = getpid(), pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

    if (pid == 0) {
        if (child_ends_with(parent))
            pause();
        _exit(0);
    }
    return pid;
}

/* A user namespace with the wanted map, held by a file descriptor alone. */
static res id_map_fd(str map, int *out, struct err *e)
{
    char path[64];
    int pid = idle_child();
    res r = pid < 0 ? oops(e, errno, "cannot make a user namespace") : OK;

    for (int i = 0; is_ok(r) && i < 2; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, i ? "gid_map" : "uid_map");
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, map.p, map.n) != (ssize_t)map.n)
            r = oops(e, errno, "cannot write %s", path);
        if (fd >= 0)
            close(fd);
    }
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    *out = is_ok(r) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (is_ok(r) && *out < 0)
        r = oops(e, errno, "cannot open %s", path);
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return r;
}

res volume_map_ids(int tree, uint32_t base, uint32_t n, bool squash_root, struct err *e)
{
    char map[128];
    int ns;

    if (squash_root)
        snprintf(map, sizeof map, "0 %u 1\n1 %u %u\n%u %u 1\n", base + NOBODY, base + 1, NOBODY - 1, NOBODY, base);
    else
        snprintf(map, sizeof map, "0 %u %u\n", base, n);
    TRY(id_map_fd(str_z(map), &ns, e));
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)ns};
    int done = mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr), why = errno;
    close(ns);
    return done < 0 ? oops(e, why, "cannot shift the ids of a volume") : OK;
}

res volume_place(int tree, const char *point, struct err *e)
{
    if (move_mount(tree, "", AT_FDCWD, point, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return oops(e, errno, "cannot place a volume at %s", point);
    return OK;
}

res volume_lock(const char *point, const struct volume_key_id *id, struct err *e)
{
    int fd = open(point, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return oops(e, errno, "cannot open %s", point);
    res r = syncfs(fd) < 0 ? oops(e, errno, "cannot write back %s", point) : OK;
    res k = key_remove(fd, id, e);
    close(fd);
    return is_ok(r) ? k : r;
}
