/* SPDX-License-Identifier: MIT */
/* Every path is walked by the kernel with all ways out closed; the names are checked as well, so that a refusal comes
 * before anything is made. */
#include "runtimes/agent/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int beneath_open(int root, const char *path, int flags, mode_t mode)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW | (flags & O_PATH ? 0 : O_NONBLOCK)),
                           .mode = flags & O_CREAT ? mode : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};

    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

bool beneath_path_ok(str path)
{
    if (str_empty(path) || path.n >= BENEATH_PATH_MAX)
        return false;
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] < ' ' || path.p[i] == 0x7f)
            return false;
    str rest = path;
    while (str_is(rest)) {
        str part = str_cut(&rest, '/');
        if (str_empty(part) || part.n > 255 || str_eq(part, S(".")) || str_eq(part, S("..")))
            return false;
    }
    return true;
}

/* One folder of the way, from its parent's descriptor to its own; the parent's is closed. */
static int step_down(int parent, str part)
{
    char name[256];
    int fd;

    str_to_z(part, name, sizeof name);
    if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
        fd = -1;
    else
        fd = beneath_open(parent, name, O_RDONLY | O_DIRECTORY, 0);
    int why = errno;
    close(parent);
    errno = why;
    return fd;
}

/* The folder that holds the last part of the path (or the last part itself). */
static int open_parent(int root, str path, bool whole, str *last)
{
    int fd = fcntl(root, F_DUPFD_CLOEXEC, 3);
    str rest = path;

    while (fd >= 0 && str_is(rest)) {
        str part = str_cut(&rest, '/');
        *last = part;
        if (str_is(rest) || whole)
            fd = step_down(fd, part);
    }
    return fd;
}

res beneath_make_dirs(int root, str path, bool whole, struct err *e)
{
    str last;

    if (!beneath_path_ok(path))
        return reject(e, "a path that leaves its folder or is not usable: %.*s", (int)(path.n < 200 ? path.n : 200),
                      path.p);
    int fd = open_parent(root, path, whole, &last);
    if (fd < 0)
        return oops(e, errno, "cannot make the folders of %.*s", FMT(str_sub(path, 0, 200)));
    close(fd);
    return OK;
}

res beneath_create(int root, str path, mode_t mode, int *fd, struct err *e)
{
    char name[256];
    str last = STR_ABSENT;

    *fd = -1;
    if (!beneath_path_ok(path))
        return reject(e, "a path that leaves its folder or is not usable: %.*s", FMT(str_sub(path, 0, 200)));
    int parent = open_parent(root, path, false, &last);
    if (parent >= 0) {
        str_to_z(last, name, sizeof name);
        if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
            *fd = beneath_open(parent, name, O_RDWR | O_CREAT | O_EXCL, mode);
        int why = errno;
        close(parent);
        errno = why;
    }
    return *fd < 0 ? oops(e, errno, "cannot make %.*s", FMT(str_sub(path, 0, 200))) : OK;
}

res beneath_write(int root, const char *path, str text, struct err *e)
{
    int fd;

    TRY(beneath_create(root, str_z(path), 0644, &fd, e));
    res r = OK;
    for (size_t done = 0; is_ok(r) && done < text.n;) {
        ssize_t n = write(fd, text.p + done, text.n - done);
        if (n < 0 && errno != EINTR)
            r = oops(e, errno, "cannot write %s", path);
        done += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return r;
}
