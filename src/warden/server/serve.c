/* SPDX-License-Identifier: MIT */
/* Warden's loop: one thread, one event at a time; messages in, handlers, replies out; children watched and reaped. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "warden/server/cleanup.h"
#include "warden/server/files.h"
#include "warden/server/serve.h"

enum { CHILDREN_WAIT_MS = 5000 };

struct watch {
    int fd; /* -1: free */
    warden_ready *fn;
    void *arg;
    struct watch *next;
};

struct child {
    pid_t pid; /* 0: free */
    int pidfd;
    warden_done *done;
    void *arg;
    struct child *next;
};

void warden_watch(struct warden *w, int fd, warden_ready *fn, void *arg)
{
    struct watch *at = w->watches;

    while (at && at->fd >= 0)
        at = at->next;
    if (!at) {
        at = ARENA_NEW(w->arena, struct watch);
        at->next = w->watches;
        w->watches = at;
    }
    at->fd = fd;
    at->fn = fn;
    at->arg = arg;
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = at};
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
        log_error("watching a descriptor: %s", strerror(errno));
        abort();
    }
}

void warden_unwatch(struct warden *w, int fd)
{
    for (struct watch *at = w->watches; at; at = at->next)
        if (at->fd == fd) {
            epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
            at->fd = -1;
            return;
        }
}

static void reap(struct warden *w, struct child *c)
{
    int status;

    if (waitpid(c->pid, &status, WNOHANG) != c->pid)
        return;
    warden_done *done = c->done;
    pid_t pid = c->pid;
    void *arg = c->arg;
    warden_unwatch(w, c->pidfd);
    close(c->pidfd);
    c->pid = 0;
    if (done)
        done(w, pid, status, arg);
}

static void on_child(struct warden *w, int fd, void *arg)
{
    (void)fd;
    reap(w, arg);
}

void warden_reap(struct warden *w, pid_t pid)
{
    struct child *c = w->children;

    while (c && c->pid != pid)
        c = c->next;
    if (!c || waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT) < 0)
        return;
    reap(w, c);
}

static void children_wait(struct warden *w)
{
    int64_t end = time_mono_ms() + CHILDREN_WAIT_MS;
    bool some = true;

    while (some && time_mono_ms() < end) {
        some = false;
        for (struct child *c = w->children; c; c = c->next) {
            if (c->pid)
                reap(w, c);
            some |= c->pid != 0;
        }
        if (some)
            usleep(1000);
    }
}

/* A child ends with warden. Until it has, or has become another program, it holds warden's lock: the next warden
 * removes what carries the TAG only when nobody is at work on it any more. A program must find signals as if warden had
 * never changed them. */
static void child_begins(pid_t warden)
{
    sigset_t none;

    if (!child_ends_with(warden))
        _exit(126);
    /* A server may be given real-time priority. What it starts must not have it: it would starve others, and a cgroup
     * (v1) without a share of real time takes no such process. */
    sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0});
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

res warden_fork(struct warden *w, void (*fn)(struct warden *w, void *arg), void *arg, warden_done *done, pid_t *pid,
                struct err *e)
{
    struct child *c = w->children;

    while (c && c->pid)
        c = c->next;
    if (!c) {
        c = ARENA_NEW(w->arena, struct child);
        c->next = w->children;
        w->children = c;
    }
    pid_t self = getpid(), p = fork();
    if (p < 0)
        return oops(e, errno, "no child process: %s", strerror(errno));
    if (p == 0) {
        child_begins(self);
        fn(w, arg);
        _exit(0);
    }
    *c = (struct child){p, (int)syscall(SYS_pidfd_open, p, 0), done, arg, c->next};
    if (c->pidfd < 0) { /* out of descriptors: the child goes on, and is reaped here and now */
        int why = errno;
        waitpid(p, NULL, 0);
        c->pid = 0;
        return oops(e, why, "no descriptor for a child process: %s", strerror(why));
    }
    warden_watch(w, c->pidfd, on_child, c);
    if (pid)
        *pid = p;
    return OK;
}

res warden_malformed(struct reply *reply, struct err *e, const char *fmt, ...)
{
    char what[sizeof e->what];
    va_list ap;

    reply->malformed = true;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return reject(e, "%s", what);
}

static void warden_end(struct warden *w, int status)
{
    w->ending = true;
    if (status > w->status)
        w->status = status;
}

static void send_reply(struct warden *w, int sock, uint64_t request, uint16_t type, res r, const struct err *why,
                       const struct message_part *body, const int *fds, size_t n_fds)
{
    struct message_head head = {.type = (uint16_t)(type | MESSAGE_REPLY), .request = request};
    struct message_outcome outcome = {.why = r.why};
    struct message_part parts[2] = {{&outcome, sizeof outcome}, is_ok(r) ? *body : (struct message_part){NULL, 0}};
    struct err e = {0};

    if (!is_ok(r) && why) {
        outcome.sys_errno = why->sys_errno;
        snprintf(outcome.what, sizeof outcome.what, "%.*s", (int)sizeof outcome.what - 1, why->what);
    }
    if (!is_ok(message_send(sock, &head, parts, 2, fds, is_ok(r) ? n_fds : 0, &e))) {
        log_error("answering a message of type %u: %s", type, e.what);
        warden_end(w, 1);
    }
}

void warden_reply_later(struct warden *w, uint64_t request, uint16_t type, res r, const struct err *e, const void *body,
                        size_t n, const int *fds, size_t n_fds)
{
    const struct message_part part = {body, n};

    send_reply(w, w->front, request, type, r, e, &part, fds, n_fds);
}

void warden_event(struct warden *w, uint16_t type, const void *body, size_t n, const int *fds, size_t n_fds)
{
    struct message_head head = {.type = type};
    const struct message_part part = {body, n};
    struct err e = {0};

    if (!is_ok(message_send(w->front, &head, &part, 1, fds, n_fds, &e))) {
        log_error("telling of an event of type %u: %s", type, e.what);
        warden_end(w, 1);
    }
}

static const struct handler *find_handler(uint16_t type, unsigned from)
{
    for (size_t m = 0; m < warden_n_modules; m++)
        for (size_t h = 0; h < warden_modules[m]->n_handlers; h++)
            if (warden_modules[m]->handlers[h].type == type && (warden_modules[m]->handlers[h].from & from))
                return &warden_modules[m]->handlers[h];
    return NULL;
}

static void close_all(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void dispatch(struct warden *w, int sock, unsigned from, const struct message_head *head, int *fds)
{
    const struct handler *h = find_handler(head->type, from);
    struct reply reply = {.request = head->request, .type = head->type};
    struct err e = {0};

    if (!h) {
        log_error("a message of unknown type %u: the role ends", head->type);
        close_all(fds, head->n_fds);
        warden_end(w, 2);
        return;
    }
    buf_init(&reply.body, MESSAGE_BODY_MAX - sizeof(struct message_outcome));
    res r = h->fn(w, w->body, head->body_bytes, fds, head->n_fds, &reply, &e);
    close_all(fds, head->n_fds);
    if (is_ok(r) && reply.body.full)
        r = oops(&e, EMSGSIZE, "a reply of type %u is too long", head->type);
    if (r.why == WHY_OOPS && e.sys_errno != ECONNREFUSED) /* front asks until a model server listens */
        log_error("message of type %u: %s", head->type, e.what);
    if (reply.malformed) {
        log_error("message of type %u: %s: the role ends", head->type, e.what);
        warden_end(w, 2);
    } else if (!reply.later) {
        const struct message_part body = {reply.body.p, reply.body.n};
        send_reply(w, sock, head->request, head->type, r, &e, &body, reply.fds, reply.n_fds);
    }
    close_all(reply.fds, reply.n_fds);
    buf_done(&reply.body);
}

static void on_message(struct warden *w, int fd, void *arg)
{
    unsigned from = fd == w->front ? FROM_FRONT : fd == w->vault ? FROM_VAULT : FROM_PARENT;
    struct message_head head;
    int fds[MESSAGE_FDS_MAX];
    struct err e = {0};
    bool end;

    (void)arg;
    if (is_ok(message_receive(fd, &head, w->body, MESSAGE_BODY_MAX, fds, &end, &e))) {
        dispatch(w, fd, from, &head, fds);
        return;
    }
    if (end && from == FROM_VAULT) { /* the parent sends a new one */
        warden_unwatch(w, fd);
        close(fd);
        w->vault = -1;
        return;
    }
    if (!end)
        log_error("%s: the role ends", e.what);
    warden_end(w, end ? 0 : 2);
}

void warden_listen_to(struct warden *w, int sock)
{
    const struct timeval limit = {.tv_sec = 10}; /* a peer that stops in the middle of a message */

    if (sock < 0)
        return;
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    warden_watch(w, sock, on_message, NULL);
}

static res on_new_vault(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                        struct err *e)
{
    (void)body;
    if (n || n_fds != 1)
        return warden_malformed(reply, e, "a new pipe to vault is one descriptor and nothing else");
    if (w->vault >= 0) {
        warden_unwatch(w, w->vault);
        close(w->vault);
    }
    w->vault = fds[0];
    fds[0] = -1;
    warden_listen_to(w, w->vault);
    return OK;
}

static const struct handler pipe_handlers[] = {{WARDEN_NEW_VAULT, FROM_PARENT, on_new_vault}};
const struct module pipes_module = {"pipes", pipe_handlers, 1, NULL, NULL};

static res start_modules(struct warden *w, struct err *e)
{
    for (; w->started < warden_n_modules; w->started++)
        if (warden_modules[w->started]->start)
            TRY(warden_modules[w->started]->start(w, e));
    return OK;
}

static void stop_modules(struct warden *w)
{
    while (w->started > 0)
        if (warden_modules[--w->started]->stop)
            warden_modules[w->started]->stop(w);
    children_wait(w);
}

res warden_restart_modules(struct warden *w, struct err *e)
{
    stop_modules(w);
    cleanup_tag(w->run_root, w->tag);
    res r = warden_make_run_dir(w, e);
    if (is_ok(r))
        r = start_modules(w, e);
    if (!is_ok(r))
        warden_end(w, 1);
    return r;
}

res warden_serve(struct warden *w, struct err *e)
{
    struct epoll_event ev;

    w->body = arena_alloc(w->arena, MESSAGE_BODY_MAX);
    warden_listen_to(w, w->front);
    warden_listen_to(w, w->vault);
    warden_listen_to(w, w->lifeline);
    res r = start_modules(w, e);
    while (is_ok(r) && !w->ending) {
        int n = epoll_wait(w->epoll, &ev, 1, -1); /* one at a time: a handler may unwatch any other */
        if (n < 0 && errno != EINTR)
            r = oops(e, errno, "waiting for messages: %s", strerror(errno));
        struct watch *at = n == 1 ? ev.data.ptr : NULL;
        if (at && at->fd >= 0)
            at->fn(w, at->fd, at->arg);
    }
    stop_modules(w);
    cleanup_tag(w->run_root, w->tag);
    return r;
}
