/* SPDX-License-Identifier: MIT */
/* Sockets inside the namespaces that warden made. */
#ifndef BARMKIN_TESTS_UNIT_WARDEN_SOCKETS_H
#define BARMKIN_TESTS_UNIT_WARDEN_SOCKETS_H
#include "role.h"

/* A socket of the namespace of an interface or VPC; `id` NULL is the test's own. Only this thread moves. */
static inline int socket_at(const struct rig *r, const struct message_id *id, int type)
{
    char path[RIG_PATH];

    if (!id)
        return socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(path, sizeof path, "%s/%s/netns/%s", r->root, r->tag, id->z);
    int ns = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(ns >= 0);
    assert_int_equal(setns(ns, CLONE_NEWNET), 0);
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(setns(r->home, CLONE_NEWNET), 0);
    close(ns);
    assert_true(fd >= 0);
    return fd;
}

static inline struct sockaddr_in addr_of(uint32_t addr, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
}

static inline int listen_at(const struct rig *r, const struct message_id *id, int type, uint32_t addr, uint16_t port)
{
    int fd = socket_at(r, id, type), yes = 1;
    struct sockaddr_in a = addr_of(addr, port);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 16), 0);
    return fd;
}

static inline bool readable(int fd, int ms)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, ms) == 1;
}

/* Waits for a connection under way: 0, the errno, or ETIMEDOUT. */
static inline int connected(int fd, int ms)
{
    int why = 0;
    socklen_t n = sizeof why;

    if (poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, ms) != 1)
        return ETIMEDOUT;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n);
    return why;
}

static inline int dial_fd(int fd, uint32_t addr, uint16_t port, int ms)
{
    struct sockaddr_in to = addr_of(addr, port);

    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        return errno;
    return connected(fd, ms);
}

/* 0 if a TCP connection from there to addr:port comes up, else why not. */
static inline int dial(const struct rig *r, const struct message_id *from, uint32_t addr, uint16_t port, int ms)
{
    int fd = socket_at(r, from, SOCK_STREAM);
    int why = dial_fd(fd, addr, port, ms);

    close(fd);
    return why;
}

static inline int skip_unless_root(void)
{
    if (geteuid() == 0)
        return 0;
    print_message("skipped: needs root, for network namespaces\n");
    return 1;
}

static inline int run(const char *const argv[])
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return status;
}

#endif
