/* SPDX-License-Identifier: MIT */
/* Making, naming and entering network namespaces. */
#include "warden/server/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/log.h"

void netns_path(const struct warden *w, const struct message_id *id, char *out)
{
    snprintf(out, WARDEN_PATH_BYTES, "%.*s/netns/%.*s", WARDEN_PATH_BYTES - 40, w->run_dir, MESSAGE_ID_BYTES, id->z);
}

res netns_create(struct warden *w, const struct message_id *id, struct err *e)
{
    char path[WARDEN_PATH_BYTES];

    netns_path(w, id, path);
    int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return oops(e, EEXIST, "%s has a namespace already", id->z);
    if (fd < 0)
        return oops(e, errno, "making %s: %s", path, strerror(errno));
    close(fd);
    if (unshare(CLONE_NEWNET) != 0) {
        int why = errno;
        unlink(path);
        return oops(e, why, "no new network namespace: %s", strerror(why));
    }
    if (mount("/proc/thread-self/ns/net", path, NULL, MS_BIND, NULL) != 0) {
        int why = errno;
        unlink(path);
        return oops(e, why, "naming a network namespace: %s", strerror(why));
    }
    return OK;
}

res netns_open(struct warden *w, const struct message_id *id, int *fd, struct err *e)
{
    char path[WARDEN_PATH_BYTES];

    netns_path(w, id, path);
    *fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0)
        return oops(e, errno, "no namespace of %s: %s", id->z, strerror(errno));
    return OK;
}

res netns_enter(struct warden *w, const struct message_id *id, struct err *e)
{
    int fd;

    TRY(netns_open(w, id, &fd, e));
    int r = setns(fd, CLONE_NEWNET), why = errno;
    close(fd);
    return r == 0 ? OK : oops(e, why, "entering the namespace of %s: %s", id->z, strerror(why));
}

void netns_join(int fd)
{
    if (setns(fd, CLONE_NEWNET) == 0)
        return;
    log_error("cannot move to another network namespace: %s", strerror(errno));
    _exit(70);
}

void netns_leave(struct warden *w)
{
    netns_join(w->host_netns);
}

void netns_unname(struct warden *w, const struct message_id *id)
{
    char path[WARDEN_PATH_BYTES];

    netns_path(w, id, path);
    if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT)
        log_warn("unmounting %s: %s", path, strerror(errno));
    if (unlink(path) != 0 && errno != ENOENT)
        log_warn("removing %s: %s", path, strerror(errno));
}

res netns_rename(struct warden *w, const struct message_id *from, const struct message_id *to, struct err *e)
{
    char old[WARDEN_PATH_BYTES], path[WARDEN_PATH_BYTES];

    netns_path(w, from, old);
    netns_path(w, to, path);
    if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) != 0 || mount(old, path, NULL, MS_BIND, NULL) != 0)
        return oops(e, errno, "naming the namespace of %s: %s", to->z, strerror(errno));
    netns_unname(w, from);
    return OK;
}

static res set(const char *name, const char *value, struct err *e)
{
    char path[WARDEN_PATH_BYTES];

    snprintf(path, sizeof path, "/proc/sys/net/%s", name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && strncmp(name, "ipv6/", 5) == 0)
        return OK; /* a kernel without IPv6 has it disabled */
    if (fd < 0)
        return oops(e, errno, "opening %s: %s", path, strerror(errno));
    ssize_t r = write(fd, value, 1);
    int why = errno;
    close(fd);
    return r == 1 ? OK : oops(e, why, "setting %s: %s", path, strerror(why));
}

res netns_settle(bool router, struct err *e)
{
    static const char *const of_devices[][2] = {
        {"rp_filter", "1"},    {"accept_redirects", "0"}, {"send_redirects", "0"}, {"accept_source_route", "0"},
        {"accept_local", "0"}, {"route_localnet", "0"},   {"proxy_arp", "0"},
    };
    char name[64];

    TRY(set("ipv6/conf/all/disable_ipv6", "1", e));
    TRY(set("ipv6/conf/default/disable_ipv6", "1", e));
    TRY(set("ipv4/ip_forward", router ? "1" : "0", e)); /* first: it resets some of those below */
    for (size_t i = 0; i < sizeof of_devices / sizeof *of_devices; i++) {
        snprintf(name, sizeof name, "ipv4/conf/all/%s", of_devices[i][0]);
        TRY(set(name, of_devices[i][1], e));
        snprintf(name, sizeof name, "ipv4/conf/default/%s", of_devices[i][0]);
        TRY(set(name, of_devices[i][1], e));
    }
    /* Every refused connection learns it at once; only its own sender is told. */
    return router ? set("ipv4/icmp_ratelimit", "0", e) : OK;
}
