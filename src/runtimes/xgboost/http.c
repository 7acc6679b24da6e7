/* SPDX-License-Identifier: MIT */
/* A request that arrives whole costs one read and one write: its body is used where it was read, its reply is made in a
 * buffer the connection keeps. Only a body in pieces is copied. */
#include "runtimes/xgboost/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "runtimes/xgboost/conn.h"

enum { EVENTS = 64, SWEEP_MS = 1000, STOP_MS = 5000, DRAIN_MS = 2000, BACKLOG = 512 };

static void arm_listener(struct server *s, bool on)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = s};

    if (on == s->listening)
        return;
    epoll_ctl(s->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, s->listen_fd, &ev);
    s->listening = on;
}

static void conn_close(struct conn *c)
{
    struct server *s = c->server;

    if (c->fd < 0)
        return;
    request_release(c);
    buf_done(&c->pieces);
    buf_done(&c->out);
    close(c->fd); /* leaves the epoll set by itself */
    c->fd = -1;
    c->next_free = s->free;
    s->free = c;
    s->live--;
    if (!s->stopping)
        arm_listener(s, true);
}

/* ---- connections ---- */

static void watch(struct conn *c, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = c};

    epoll_ctl(c->server->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

/* Sends what is there. A socket without room stops the reading, so a client that does not read cannot make us keep
 * replies. */
void conn_flush(struct conn *c)
{
    struct server *s = c->server;

    while (c->sent < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN) {
            c->out.full = true; /* gone: the caller closes */
            return;
        }
        if (n < 0 && !c->sending) {
            c->sending = true;
            c->deadline = s->now + s->limits->request_ms;
            watch(c, EPOLLOUT);
        }
        if (n < 0)
            return;
        c->sent += (size_t)n;
    }
    if (c->sending)
        watch(c, EPOLLIN);
    c->sending = false;
    c->sent = 0;
    buf_clear(&c->out);
    if (c->out.cap > KEEP_BYTES)
        buf_done(&c->out);
}

/* After a refusal the client may still be sending: closing now would reset the connection before the reply is read, so
 * what comes is thrown away for a moment. */
static void drain(struct conn *c)
{
    shutdown(c->fd, SHUT_WR);
    request_release(c);
    c->state = DRAINING;
    c->deadline = c->server->now + DRAIN_MS;
}

/* Sends what there is to send, then closes what is to be closed. */
static void settle(struct conn *c)
{
    struct server *s = c->server;

    if (!c->out.full)
        conn_flush(c);
    if (c->out.full || (c->sending && s->held + c->out.n > s->limits->held_bytes))
        conn_close(c);
    else if (c->closing && !c->sending && c->refused)
        drain(c);
    else if (c->closing && !c->sending)
        conn_close(c);
}

static void on_readable(struct conn *c)
{
    struct server *s = c->server;
    ssize_t n = recv(c->fd, s->in, sizeof s->in, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_close(c);
        return;
    }
    if (c->state == DRAINING)
        return;
    if (c->state == IDLE) /* blank lines before a request also count against its header's time */
        c->deadline = s->now + s->limits->header_ms;
    llhttp_errno_t why = llhttp_execute(&c->parser, s->in, (size_t)n);
    if (why != HPE_OK && why != HPE_PAUSED && why != HPE_PAUSED_UPGRADE)
        request_refuse(c, c->refused ? c->refused : 400);
    settle(c);
}

static void conn_open(struct server *s, int fd)
{
    struct conn *c = s->free;
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    int on = 1;

    s->free = c->next_free;
    *c = (struct conn){.server = s, .fd = fd, .deadline = s->now + s->limits->header_ms};
    buf_init(&c->pieces, s->limits->body_bytes);
    buf_init(&c->out, s->limits->reply_bytes + READ_BYTES);
    llhttp_init(&c->parser, HTTP_REQUEST, &s->settings);
    c->parser.data = c;
    s->live++;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
        conn_close(c);
}

static void on_connections(struct server *s)
{
    for (int i = 0; i < EVENTS && s->free; i++) {
        int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            arm_listener(s, false); /* until a connection ends or the next sweep: no spinning on it */
        if (fd < 0)
            return;
        conn_open(s, fd);
    }
    if (!s->free)
        arm_listener(s, false);
}

/* Deadlines are a second's matter, so they are looked at once a second, all of them. */
static void sweep(struct server *s)
{
    s->swept = s->now;
    for (size_t i = 0; i < s->limits->max_connections; i++) {
        struct conn *c = &s->conns[i];
        bool over = c->fd >= 0 && s->now >= c->deadline;
        if (c->fd < 0)
            continue;
        if (s->stopping && c->state == IDLE && !c->sending)
            over = true;
        if (over && !c->sending && (c->state == IN_HEADER || c->state == IN_BODY)) {
            request_refuse(c, 408);
            settle(c);
        } else if (over) {
            conn_close(c);
        }
    }
    if (!s->stopping && s->free)
        arm_listener(s, true);
}

static void on_event(struct server *s, const struct epoll_event *ev)
{
    struct conn *c = ev->data.ptr;

    if (ev->data.ptr == s) {
        on_connections(s);
    } else if (ev->data.ptr == &s->stop_fd) {
        epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->stop_fd, NULL);
        arm_listener(s, false);
        s->stopping = true;
        s->stop_at = s->now + STOP_MS;
    } else if (c->fd >= 0) {
        if (c->sending)
            settle(c);
        else
            on_readable(c);
    }
}

static res serve_events(struct server *s, struct err *e)
{
    struct epoll_event events[EVENTS];

    while (!s->stopping || (s->live && s->now < s->stop_at)) {
        int wait = s->stopping ? 50 : s->live || !s->listening ? SWEEP_MS : -1;
        int n = epoll_wait(s->epoll_fd, events, EVENTS, wait);
        if (n < 0 && errno != EINTR)
            return oops(e, errno, "epoll_wait");
        s->now = time_mono_ms();
        for (int i = 0; i < n; i++)
            on_event(s, &events[i]);
        if (s->stopping || s->now - s->swept >= SWEEP_MS)
            sweep(s);
    }
    return OK;
}

static void server_init(struct server *s, struct arena *a)
{
    s->conns = ARENA_ARRAY(a, struct conn, s->limits->max_connections);
    for (size_t i = s->limits->max_connections; i-- > 0;) {
        s->conns[i].fd = -1;
        s->conns[i].next_free = s->free;
        s->free = &s->conns[i];
    }
    buf_init(&s->reply, s->limits->reply_bytes);
    request_settings(&s->settings);
    s->now = s->swept = time_mono_ms();
}

res server_run(int listen_fd, int stop_fd, const struct server_limits *limits, server_answer *answer, void *ctx,
               struct err *e)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct server *s = ARENA_NEW(a, struct server);
    struct epoll_event stop = {.events = EPOLLIN, .data.ptr = &s->stop_fd};
    res r;

    *s = (struct server){.limits = limits, .answer = answer, .ctx = ctx, .listen_fd = listen_fd, .stop_fd = stop_fd};
    server_init(s, a);
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll_fd < 0 || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, stop_fd, &stop) != 0) {
        r = oops(e, errno, "an epoll instance");
    } else {
        arm_listener(s, true);
        r = serve_events(s, e);
    }
    for (size_t i = 0; i < limits->max_connections; i++)
        conn_close(&s->conns[i]);
    buf_done(&s->reply);
    if (s->epoll_fd >= 0)
        close(s->epoll_fd);
    arena_free(a);
    return r;
}

res server_listen(const char *address, uint16_t port, int *fd, struct err *e)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;

    if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
        return reject(e, "%s is no IPv4 address", address);
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return oops(e, errno, "a socket");
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(*fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(*fd, BACKLOG) != 0) {
        int why = errno;
        close(*fd);
        return oops(e, why, "listening on %s:%u", address, port);
    }
    return OK;
}
