/* SPDX-License-Identifier: MIT */
/* Listening sockets: accepting, and not accepting when there is no room. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "wire/loop.h"

enum { RETRY_ACCEPT_MS = 100 };

static bool arm(struct loop *l, struct listener *s)
{
    /* EXCLUSIVE: several loops may listen on one socket, and one connection should wake one of them. */
    s->armed = loop_watch(l, s->fd, EPOLLIN | EPOLLEXCLUSIVE, &s->src);
    return s->armed;
}

res loop_listen(struct loop *l, int fd, bool plain_too, void *tag, struct err *e)
{
    struct listener *s = ARENA_NEW(l->arena, struct listener);

    *s = (struct listener){.src.kind = SRC_LISTENER, .fd = fd, .plain_too = plain_too, .tag = tag};
    if (!l->accept_blocked && !arm(l, s))
        return oops(e, errno, "a listening socket cannot be watched");
    s->next = l->listeners;
    l->listeners = s;
    return OK;
}

void loop_unlisten(struct loop *l, void *tag)
{
    /* A closed listener stays in the arena: an event of this batch may still name it. Its fd -1 says so. */
    for (struct listener **at = &l->listeners; *at;) {
        struct listener *s = *at;
        if (s->tag != tag) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        close(s->fd);
        s->fd = -1;
    }
    udps_close(l, tag);
}

void listeners_close(struct loop *l)
{
    for (struct listener *s = l->listeners; s; s = s->next) {
        close(s->fd);
        s->fd = -1;
    }
    l->listeners = NULL;
}

/* Taken out of epoll altogether: level-triggered, they would wake the loop again and again for nothing. */
static void block(struct loop *l)
{
    if (l->accept_blocked)
        return;
    l->accept_blocked = true;
    for (struct listener *s = l->listeners; s; s = s->next) {
        epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
        s->armed = false;
    }
}

void listeners_unblock(struct loop *l)
{
    if (!l->accept_blocked)
        return;
    l->accept_blocked = false;
    for (struct listener *s = l->listeners; s; s = s->next) {
        if (!s->armed && !arm(l, s))
            log_error("a listening socket cannot be watched any more (errno %d)", errno);
    }
}

static void unblock_later(void *arg)
{
    listeners_unblock(arg);
}

/* At the maximum the connection that has been idle longest makes room; without one, the kernel's queue holds the new.
 */
static bool make_room(struct loop *l)
{
    if (l->n_conns < l->limits.max_connections)
        return true;
    if (l->idle_lane.first) {
        struct lane_link *link = l->idle_lane.first;
        conn_close((struct conn *)(void *)((char *)link - offsetof(struct conn, timer)));
        return true;
    }
    block(l);
    return false;
}

static void fill_origin(struct origin *o, const struct listener *from, int fd, const struct sockaddr_in *peer)
{
    struct sockaddr_in local = {0};
    socklen_t n = sizeof local;

    struct ucred who;
    socklen_t who_n = sizeof who;

    *o = (struct origin){.listener = from->tag, .peer_uid = UINT32_MAX};
    if (peer->sin_family == AF_INET) {
        o->peer_ip = ntohl(peer->sin_addr.s_addr);
        o->peer_port = ntohs(peer->sin_port);
    }
    if (getsockname(fd, (struct sockaddr *)&local, &n) == 0 && local.sin_family == AF_INET) {
        o->local_ip = ntohl(local.sin_addr.s_addr);
        o->local_port = ntohs(local.sin_port);
    }
    if (local.sin_family == AF_UNIX && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_n) == 0) {
        o->peer_uid = who.uid;
        o->peer_pid = who.pid > 0 ? (uint32_t)who.pid : 0;
    }
}

void listener_event(struct loop *l, struct listener *from)
{
    for (int i = 0; i < ACCEPTS_PER_EVENT && from->fd >= 0 && make_room(l); i++) {
        struct sockaddr_in peer = {0};
        struct origin origin;
        socklen_t n = sizeof peer;
        int one = 1;
        int fd = accept4(from->fd, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            log_warn("no more connections can be accepted for now (errno %d)", errno);
            block(l);
            loop_after(l, RETRY_ACCEPT_MS, unblock_later, l);
        }
        if (fd < 0 && errno == ECONNABORTED)
            continue;
        if (fd < 0)
            return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fill_origin(&origin, from, fd, &peer);
        conn_open(l, fd, from, &origin);
    }
}
