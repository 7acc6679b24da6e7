/* SPDX-License-Identifier: MIT */
/* Binding and listening; one datagram to systemd. */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

enum { BACKLOG = 1024, ADMIN_BACKLOG = 64 };

static bool ipv4_of(const char *host, struct in_addr *out)
{
    return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, out) == 1;
}

res sockets_listen(str where, int *fd, uint16_t *port, struct err *e)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;
    char host[64];
    uint64_t number;
    ptrdiff_t colon = str_rfind(where, ':');
    int one = 1;

    if (colon < 0 || colon >= (ptrdiff_t)sizeof host || !str_to_u64(str_from(where, (size_t)colon + 1), &number) ||
        number > UINT16_MAX || !ipv4_of(str_to_z(str_sub(where, 0, (size_t)colon), host, sizeof host), &at.sin_addr))
        return reject(e, "--listen takes ADDRESS:PORT, not '%.*s'", FMT(where));
    at.sin_port = htons((uint16_t)number);
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (*fd < 0 || bind(*fd, (struct sockaddr *)&at, sizeof at) || listen(*fd, BACKLOG) ||
        getsockname(*fd, (struct sockaddr *)&at, &n))
        return oops(e, errno, "cannot listen on %.*s", FMT(where));
    *port = ntohs(at.sin_port);
    return OK;
}

/* STATE/admin.sock by way of an open folder, so that the path may be longer than an address has room for. */
static res admin_address(str state_dir, struct sockaddr_un *at, int *folder, struct err *e)
{
    char path[PATH_MAX];

    if (state_dir.n >= sizeof path)
        return reject(e, "the path of the state folder is too long");
    *folder = open(str_to_z(state_dir, path, sizeof path), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0)
        return oops(e, errno, "cannot open %s", path);
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(at->sun_path, sizeof at->sun_path, "/proc/self/fd/%d/admin.sock", *folder);
    return OK;
}

res sockets_listen_admin(const struct state *s, int *fd, struct err *e)
{
    struct sockaddr_un at;
    int folder;

    TRY(admin_address(s->dir, &at, &folder, e));
    unlink(at.sun_path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(0177);
    int failed = *fd < 0 || bind(*fd, (struct sockaddr *)&at, sizeof at) || listen(*fd, ADMIN_BACKLOG) ? errno : 0;
    umask(old);
    close(folder);
    return failed ? oops(e, failed, "cannot listen on %.*s/admin.sock", FMT(s->dir)) : OK;
}

res sockets_connect_admin(str state_dir, int *fd, struct err *e)
{
    struct sockaddr_un at;
    int folder;

    TRY(admin_address(state_dir, &at, &folder, e));
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = *fd < 0 || connect(*fd, (struct sockaddr *)&at, sizeof at) ? errno : 0;
    close(folder);
    if (!failed)
        return OK;
    if (*fd >= 0)
        close(*fd);
    return oops(e, failed, "no server answers on %.*s/admin.sock: is `barmkin serve` running?", FMT(state_dir));
}

void sockets_notify(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    str name = str_z(path ? path : ""), words = str_z(text);

    if (!name.n || name.n >= sizeof to.sun_path || (name.p[0] != '/' && name.p[0] != '@'))
        return;
    memcpy(to.sun_path, name.p, name.n);
    if (name.p[0] == '@') /* an abstract one */
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.n);
    if (fd < 0 || sendto(fd, words.p, words.n, MSG_NOSIGNAL, (struct sockaddr *)&to, n) < 0)
        log_warn("the service manager cannot be told: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
}
