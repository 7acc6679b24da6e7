/* SPDX-License-Identifier: MIT */
/* Removing by TAG. Everything here may meet the leftovers of a warden that was killed at any moment, so each step
 * goes on when another has failed, and nothing is removed through a mount point or a symlink. */
#include "warden/server/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "warden/server/netns.h"
#include "warden/server/network.h"
#include "warden/server/rtnl.h"

enum { DEPTH_MAX = 32, MOUNTS_MAX = 4096, CGROUP_WAIT_MS = 3000, LOCK_WAIT_MS = 5000 };

static bool dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool is_tag(const char *name)
{
    return strnlen(name, 7) == 6 && strspn(name, "0123456789abcdef") == 6;
}

/* The signal goes to every process of the tree; the answer is whether the tree is gone. */
static bool cgroup_sweep(const char *dir, int depth)
{
    char path[PATH_MAX], line[32];
    struct dirent *d;

    snprintf(path, sizeof path, "%s/cgroup.procs", dir);
    FILE *procs = fopen(path, "re");
    while (procs && fgets(line, sizeof line, procs)) {
        uint64_t pid;
        if (str_to_u64(str_trim(str_z(line)), &pid) && pid > 1)
            kill((pid_t)pid, SIGKILL);
    }
    if (procs)
        fclose(procs);
    DIR *all = depth < DEPTH_MAX ? opendir(dir) : NULL;
    while (all && (d = readdir(all))) {
        if (d->d_type != DT_DIR || dots(d->d_name))
            continue;
        if (snprintf(path, sizeof path, "%s/%s", dir, d->d_name) < (int)sizeof path)
            cgroup_sweep(path, depth + 1);
    }
    if (all)
        closedir(all);
    return rmdir(dir) == 0 || errno == ENOENT;
}

void cgroup_destroy(const char *dir)
{
    int64_t end = time_mono_ms() + CGROUP_WAIT_MS;

    while (!cgroup_sweep(dir, 0)) { /* killed processes take a moment to leave */
        if (time_mono_ms() > end) {
            log_warn("cgroup %s does not become empty", dir);
            return;
        }
        usleep(2000);
    }
}

static void cleanup_cgroups(const char *tag)
{
    static const char root[] = "/sys/fs/cgroup";
    char path[PATH_MAX];
    struct dirent *d;
    DIR *all = opendir(root);

    snprintf(path, sizeof path, "%s/barmkin-%s", root, tag); /* v2 */
    if (access(path, F_OK) == 0)
        cgroup_destroy(path);
    while (all && (d = readdir(all))) { /* v1 and hybrid: one folder a hierarchy */
        if (d->d_type != DT_DIR || dots(d->d_name))
            continue;
        snprintf(path, sizeof path, "%s/%s/barmkin-%s", root, d->d_name, tag);
        if (access(path, F_OK) == 0)
            cgroup_destroy(path);
    }
    if (all)
        closedir(all);
}

/* mountinfo writes blanks and backslashes as three octal digits. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s; s++)
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
            *to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
            s += 3;
        } else {
            *to++ = *s;
        }
    *to = '\0';
}

static bool below(const char *path, const char *dir)
{
    size_t n = strnlen(dir, PATH_MAX);

    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

void mounts_detach_below(const char *dir)
{
    struct arena *a = arena_new((size_t)16 << 20);
    char **points = ARENA_ARRAY(a, char *, MOUNTS_MAX);
    char line[2 * PATH_MAX];
    size_t n = 0;
    FILE *f = fopen("/proc/self/mountinfo", "re");

    while (f && fgets(line, sizeof line, f)) {
        str rest = str_z(line), point = STR_ABSENT;
        for (int field = 0; field < 5 && str_is(rest); field++)
            point = str_cut(&rest, ' ');
        char *z = arena_z(a, point);
        unescape(z);
        if (n < MOUNTS_MAX && below(z, dir))
            points[n++] = z;
    }
    if (f)
        fclose(f);
    while (n--) /* what was mounted last stands last */
        if (umount2(points[n], MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
            log_warn("unmounting %s: %s", points[n], strerror(errno));
    arena_free(a);
}

static int open_within(int dir, const char *name)
{
    const struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                                 .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};

    return (int)syscall(SYS_openat2, dir, name, &how, sizeof how);
}

/* Empties the folder `fd`, which it closes. */
static void empty(int fd, int depth)
{
    struct dirent *d;
    DIR *all = fdopendir(fd);

    if (!all) {
        close(fd);
        return;
    }
    while ((d = readdir(all))) {
        if (dots(d->d_name))
            continue;
        int sub = depth < DEPTH_MAX ? open_within(dirfd(all), d->d_name) : -1;
        if (sub >= 0)
            empty(sub, depth + 1);
        if (unlinkat(dirfd(all), d->d_name, sub >= 0 ? AT_REMOVEDIR : 0) != 0)
            log_warn("removing %s: %s", d->d_name, strerror(errno));
    }
    closedir(all);
}

void tree_remove(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    empty(fd, 0);
    if (rmdir(dir) != 0)
        log_warn("removing %s: %s", dir, strerror(errno));
}

/* Deletes our links in a VPC's namespace that processes or sockets may keep alive beyond its name. */
static void cut_namespace(const char *path)
{
    struct rtnl *nl = NULL;
    int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (here >= 0 && fd >= 0 && setns(fd, CLONE_NEWNET) == 0) {
        if (is_ok(rtnl_open(&nl, NULL))) {
            rtnl_group_delete(nl, GROUP_LIVE, NULL);
            rtnl_group_delete(nl, GROUP_DEAD, NULL);
        }
        rtnl_close(nl);
        netns_join(here);
    }
    if (fd >= 0)
        close(fd);
    if (here >= 0)
        close(here);
}

void cleanup_tag(const char *run_root, const char *tag)
{
    char dir[WARDEN_PATH_BYTES + 32], path[PATH_MAX];
    struct dirent *d;

    cleanup_cgroups(tag);
    snprintf(dir, sizeof dir, "%s/%s/netns", run_root, tag);
    DIR *all = opendir(dir);
    while (all && (d = readdir(all))) {
        if (strncmp(d->d_name, "vpc-", 4) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, d->d_name);
        cut_namespace(path);
    }
    if (all)
        closedir(all);
    snprintf(dir, sizeof dir, "%s/%s", run_root, tag);
    mounts_detach_below(dir);
    tree_remove(dir);
}

res cleanup_boot_id(char out[37], struct err *e)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, 36);

    if (fd >= 0)
        close(fd);
    if (n != 36)
        return oops(e, errno, "reading the boot id");
    out[36] = '\0';
    return OK;
}

int cleanup_lock(const char *run_root, const char *tag)
{
    char path[WARDEN_PATH_BYTES + 32];
    int64_t end = time_mono_ms() + LOCK_WAIT_MS;

    snprintf(path, sizeof path, "%s/%s.lock", run_root, tag);
    while (time_mono_ms() < end) {
        struct stat held, named;
        int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            return -1;
        /* The last holder removes the file before it lets go: a lock on a removed file locks nothing. */
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &held) == 0 && stat(path, &named) == 0 &&
            held.st_ino == named.st_ino)
            return fd;
        close(fd);
        usleep(10000);
    }
    return -1;
}

static bool same_boot(const char *run_root, const char *tag)
{
    char path[WARDEN_PATH_BYTES + 32], now[37], then[37] = "";

    snprintf(path, sizeof path, "%s/%s/boot", run_root, tag);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t n = read(fd, then, 36);
        (void)n;
        close(fd);
    }
    return !is_ok(cleanup_boot_id(now, NULL)) || strcmp(now, then) == 0;
}

void cleanup_other_boots(const char *run_root)
{
    char path[WARDEN_PATH_BYTES + 32];
    struct dirent *d;
    DIR *all = opendir(run_root);

    while (all && (d = readdir(all))) {
        if (!is_tag(d->d_name) || same_boot(run_root, d->d_name))
            continue;
        int lock = cleanup_lock(run_root, d->d_name);
        if (lock < 0)
            continue;
        if (!same_boot(run_root, d->d_name)) { /* still: its warden may have started meanwhile */
            log_info("removing what another boot left in %s/%s", run_root, d->d_name);
            cleanup_tag(run_root, d->d_name);
        }
        snprintf(path, sizeof path, "%s/%s.lock", run_root, d->d_name);
        unlink(path);
        close(lock);
    }
    if (all)
        closedir(all);
}
