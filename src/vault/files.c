/* SPDX-License-Identifier: MIT */
/* Small files, written so that a crash leaves the old one or the new one. */
#include "vault/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 65536 };

static res write_all(int fd, int dir, str bytes, struct err *e)
{
    struct stat owner;
    size_t at = 0;

    while (at < bytes.n) {
        ssize_t n = write(fd, bytes.p + at, bytes.n - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return oops(e, errno, "writing a file of the vault");
        at += (size_t)n;
    }
    if (fstat(dir, &owner) != 0 || (geteuid() == 0 && fchown(fd, owner.st_uid, owner.st_gid) != 0))
        return oops(e, errno, "giving a file of the vault to the folder's owner");
    return fsync(fd) == 0 ? OK : oops(e, errno, "syncing a file of the vault");
}

static res publish(int dir, const char *from, const char *name, bool fresh, struct err *e)
{
    if (renameat2(dir, from, dir, name, fresh ? RENAME_NOREPLACE : 0) != 0)
        return errno == EEXIST ? reject(e, "%s is there already", name) : oops(e, errno, "renaming to %s", name);
    return fsync(dir) == 0 ? OK : oops(e, errno, "syncing the vault's folder");
}

res files_write(int dir, const char *name, str bytes, bool fresh, struct err *e)
{
    char temp[64];

    snprintf(temp, sizeof temp, ".%s.new", name);
    unlinkat(dir, temp, 0); /* of an earlier crash */
    int fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
    if (fd < 0)
        return oops(e, errno, "creating %s", temp);
    res r = write_all(fd, dir, bytes, e);
    close(fd);
    if (is_ok(r))
        r = publish(dir, temp, name, fresh, e);
    if (!is_ok(r))
        unlinkat(dir, temp, 0);
    return r;
}

static res read_all(int fd, const char *name, struct arena *a, str *bytes, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return oops(e, errno, "looking at %s", name);
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        return oops(e, 0, "%s may be read by others than its owner: set its mode to 0400", name);
    if (st.st_size > FILE_BYTES_MAX)
        return oops(e, 0, "%s is too large", name);
    char *p = arena_alloc(a, (size_t)st.st_size);
    size_t have = 0;
    while (have < (size_t)st.st_size) {
        ssize_t n = read(fd, p + have, (size_t)st.st_size - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return oops(e, n < 0 ? errno : 0, "reading %s", name);
        have += (size_t)n;
    }
    *bytes = str_n(p, have);
    return OK;
}

res files_read(int dir, const char *name, struct arena *a, str *bytes, struct err *e)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return oops(e, errno, "opening %s", name);
    res r = read_all(fd, name, a, bytes, e);
    close(fd);
    return r;
}
