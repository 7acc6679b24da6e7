/* SPDX-License-Identifier: MIT */
/* The messages about networks: bodies are taken apart, ids checked, sockets made where they belong. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "warden/server/cleanup.h"
#include "warden/server/netns.h"
#include "warden/server/network.h"
#include "warden/server/nflog.h"
#include "warden/server/rules.h"

enum { BACKLOG = 512 };

static res on_apply(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                    struct err *e)
{
    struct vpc_plan plan;

    (void)fds;
    if (n_fds || !is_ok(plan_decode(body, n, &plan, e)))
        return warden_malformed(reply, e, "a plan brings descriptors");
    if (!message_id_ok(&plan.id, "vpc-"))
        return warden_malformed(reply, e, "a plan has no VPC id");
    TRY(plan_check(&plan, e));
    return vpc_apply(w, &plan, e);
}

static res on_remove(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                     struct err *e)
{
    (void)fds;
    if (n != sizeof(struct message_id) || n_fds || !message_id_ok(body, "vpc-"))
        return warden_malformed(reply, e, "a request to remove a VPC names none");
    return vpc_remove(w, body, e);
}

static res make_socket(const struct message_socket *m, int type, int option, int *out, struct err *e)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(m->port), .sin_addr.s_addr = htonl(m->addr)};
    const int yes = 1;
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *out = fd;
    if (fd < 0)
        return oops(e, errno, "no socket in %s: %s", m->id.z, strerror(errno));
    if (setsockopt(fd, SOL_SOCKET, option, &yes, sizeof yes) != 0 ||
        bind(fd, (const struct sockaddr *)&at, sizeof at) != 0)
        return oops(e, errno, "binding port %u in %s: %s", m->port, m->id.z, strerror(errno));
    if (type == SOCK_STREAM && listen(fd, BACKLOG) != 0)
        return oops(e, errno, "listening on port %u in %s: %s", m->port, m->id.z, strerror(errno));
    return OK;
}

/* Begins a connection; a refusal on the loopback is known at once, a full backlog is the caller's to wait for. */
static res connect_socket(const struct message_socket *m, int *out, struct err *e)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(m->port), .sin_addr.s_addr = htonl(m->addr)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), why = 0;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    socklen_t n = sizeof why;

    *out = fd;
    if (fd < 0)
        return oops(e, errno, "no socket in %s: %s", m->id.z, strerror(errno));
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        why = errno;
    else if (poll(&p, 1, 0) == 1)
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n);
    return why ? oops(e, why, "connecting to port %u in %s: %s", m->port, m->id.z, strerror(why)) : OK;
}

static res socket_in(struct warden *w, const struct message_socket *m, int type, bool connects, struct reply *reply,
                     struct err *e)
{
    int fd = -1;

    TRY(netns_enter(w, &m->id, e));
    res r = connects ? connect_socket(m, &fd, e) : make_socket(m, type, SO_REUSEADDR, &fd, e);
    netns_leave(w);
    if (!is_ok(r)) {
        if (fd >= 0)
            close(fd);
        return r;
    }
    reply->fds[reply->n_fds++] = fd;
    return OK;
}

static bool socket_ok(const struct message_socket *m, size_t n, size_t n_fds, const char *prefix)
{
    return n == sizeof *m && n_fds == 0 && message_id_ok(&m->id, prefix) && m->port && !m->zero;
}

static res on_listen(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                     struct err *e)
{
    (void)fds;
    if (!socket_ok(body, n, n_fds, "vpc-"))
        return warden_malformed(reply, e, "a request to listen names no VPC and port");
    return socket_in(w, body, SOCK_STREAM, false, reply, e);
}

static res on_udp(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                  struct err *e)
{
    (void)fds;
    if (!socket_ok(body, n, n_fds, "vpc-"))
        return warden_malformed(reply, e, "a request for a UDP socket names no VPC and port");
    return socket_in(w, body, SOCK_DGRAM, false, reply, e);
}

/* Only to the loopback of an interface's namespace, or of a sandbox's that has none yet: front reaches into sandboxes,
 * not through them. */
static res on_connect(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                      struct err *e)
{
    const struct message_socket *m = body;

    (void)fds;
    if ((!socket_ok(m, n, n_fds, "eni-") && !socket_ok(m, n, n_fds, "box-")) || m->addr >> 24 != 127)
        return warden_malformed(reply, e, "a request to connect names no interface, loopback address and port");
    return socket_in(w, m, SOCK_STREAM, true, reply, e);
}

static res listen_then_connect(struct warden *w, const struct message_reach *m, int fds[2], struct err *e)
{
    const struct message_socket listener = {m->to, m->addr, m->port, 0}, client = {m->from, m->addr, m->port, 0};

    TRY(netns_enter(w, &m->to, e));
    res r = make_socket(&listener, SOCK_STREAM, SO_REUSEPORT, &fds[0], e); /* two may ask at the same time */
    netns_leave(w);
    TRY(r);
    TRY(netns_enter(w, &m->from, e));
    r = connect_socket(&client, &fds[1], e);
    netns_leave(w);
    return r;
}

static res on_reach(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                    struct err *e)
{
    const struct message_reach *m = body;
    int made[2] = {-1, -1};

    (void)fds;
    if (n != sizeof *m || n_fds || !message_id_ok(&m->from, "eni-") || !message_id_ok(&m->to, "eni-") || !m->port ||
        m->zero)
        return warden_malformed(reply, e, "a question of reach names no two interfaces and port");
    res r = listen_then_connect(w, m, made, e);
    for (int i = 0; i < 2; i++)
        if (is_ok(r))
            reply->fds[reply->n_fds++] = made[i];
        else if (made[i] >= 0)
            close(made[i]);
    return r;
}

static res on_log(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                  struct err *e)
{
    int fd = -1;

    (void)fds;
    if (n != sizeof(struct message_id) || n_fds || !message_id_ok(body, "vpc-"))
        return warden_malformed(reply, e, "a request for a log group names no VPC");
    TRY(netns_enter(w, body, e));
    res r = nflog_open(&fd, e);
    netns_leave(w);
    if (is_ok(r))
        reply->fds[reply->n_fds++] = fd;
    else if (fd >= 0)
        close(fd);
    return r;
}

static res on_ping(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                   struct err *e)
{
    (void)w;
    (void)body;
    (void)fds;
    return n || n_fds ? warden_malformed(reply, e, "a ping is not empty") : OK;
}

static void forget_all(struct warden *w)
{
    struct map_slot *slot;
    size_t at = 0;

    while ((slot = map_next(&w->network->vpcs, &at))) {
        struct vpc *v = slot->value;
        rules_close(v->nft);
        arena_free(v->arena);
    }
    map_done(&w->network->vpcs);
    map_init(&w->network->vpcs);
    w->network->outside = false; /* its name goes with all of TAG */
}

static res on_cleanup(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                      struct err *e)
{
    (void)body;
    (void)fds;
    if (n || n_fds)
        return warden_malformed(reply, e, "a request to clean up is not empty");
    return warden_restart_modules(w, e);
}

static res start(struct warden *w, struct err *e)
{
    char path[WARDEN_PATH_BYTES];

    w->network = ARENA_NEW(w->arena, struct network);
    map_init(&w->network->vpcs);
    return run_dir_make(w, "netns", path, e);
}

static const struct handler handlers[] = {
    {WARDEN_PING, FROM_FRONT | FROM_VAULT | FROM_PARENT, on_ping},
    {WARDEN_VPC_APPLY, FROM_FRONT, on_apply},
    {WARDEN_VPC_REMOVE, FROM_FRONT, on_remove},
    {WARDEN_LISTEN_IN, FROM_FRONT, on_listen},
    {WARDEN_UDP_IN, FROM_FRONT, on_udp},
    {WARDEN_CONNECT_IN, FROM_FRONT, on_connect},
    {WARDEN_REACH_IN, FROM_FRONT, on_reach},
    {WARDEN_LOG_IN, FROM_FRONT, on_log},
    {WARDEN_CLEANUP, FROM_FRONT, on_cleanup},
};

const struct module network_module = {"network", handlers, sizeof handlers / sizeof *handlers, start, forget_all};
