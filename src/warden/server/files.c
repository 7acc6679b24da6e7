/* SPDX-License-Identifier: MIT */
/* Small file work. Paths are made of warden's own words and of ids that passed name_is_safe; no shell anywhere. */
#include "warden/server/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

res path_put(char dst[PATH_BYTES], struct err *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(dst, PATH_BYTES, fmt, ap);
    va_end(ap);
    return n > 0 && n < PATH_BYTES ? OK : oops(e, ENAMETOOLONG, "a path is too long: %.80s...", dst);
}

bool name_is_safe(const char *z)
{
    str s = str_z(z);

    if (str_empty(s) || s.n >= NAME_BYTES || *z == '-' || *z == '_')
        return false;
    return str_all(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
}

res dir_make(const char *path, mode_t mode, struct err *e)
{
    struct stat st;

    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return oops(e, errno, "cannot make %s", path);
    if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return oops(e, ENOTDIR, "%s is not a folder", path);
    if (chmod(path, mode) < 0) /* the umask had its say in mkdir */
        return oops(e, errno, "cannot set the mode of %s", path);
    return OK;
}

res write_all(int fd, const void *p, size_t n, struct err *e)
{
    for (size_t done = 0; done < n;) {
        ssize_t w = write(fd, (const char *)p + done, n - done);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return oops(e, errno, "cannot write");
        done += (size_t)w;
    }
    return OK;
}

res file_write(const char *path, str text, mode_t mode, struct err *e)
{
    if (unlink(path) < 0 && errno != ENOENT)
        return oops(e, errno, "cannot replace %s", path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return oops(e, errno, "cannot make %s", path);
    res r = write_all(fd, text.p, text.n, e);
    if (is_ok(r) && fchmod(fd, mode) < 0)
        r = oops(e, errno, "cannot set the mode of %s", path);
    close(fd);
    return r;
}

res file_rewrite(const char *path, str text, struct err *e)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return oops(e, errno, "cannot open %s", path);
    res r = write_all(fd, text.p, text.n, e);
    close(fd);
    return r;
}

ssize_t file_read(const char *path, char *dst, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t r = fd < 0 ? -1 : 1;

    while (r > 0 && n < cap - 1) {
        r = read(fd, dst + n, cap - 1 - n);
        if (r < 0 && errno == EINTR)
            r = 1;
        else if (r > 0)
            n += (size_t)r;
    }
    if (fd >= 0)
        close(fd);
    dst[n] = 0;
    return r < 0 ? -1 : (ssize_t)n;
}

res file_copy(const char *from, const char *to, mode_t mode, struct err *e)
{
    char piece[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC);

    if (in < 0)
        return oops(e, errno, "cannot open %s", from);
    res r = file_write(to, S(""), mode, e);
    int out = is_ok(r) ? open(to, O_WRONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (is_ok(r) && out < 0)
        r = oops(e, errno, "cannot open %s", to);
    for (ssize_t n = 1; is_ok(r) && n > 0;) {
        n = read(in, piece, sizeof piece);
        r = n < 0 ? oops(e, errno, "cannot read %s", from) : write_all(out, piece, (size_t)n, e);
    }
    close(in);
    if (out >= 0)
        close(out);
    return r;
}

bool child_ends_with(pid_t parent)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

res program_run(const char *const argv[], int log_fd, int *status, struct err *e)
{
    static char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        return oops(e, errno, "cannot fork");
    if (pid == 0) {
        if (!child_ends_with(parent))
            _exit(127);
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(log_fd < 0 ? null : log_fd, 1);
        dup2(log_fd < 0 ? null : log_fd, 2);
        execvpe(argv[0], (char *const *)argv, env);
        _exit(127);
    }
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            return oops(e, errno, "cannot wait for %s", argv[0]);
    return OK;
}
