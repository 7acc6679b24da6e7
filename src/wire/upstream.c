/* SPDX-License-Identifier: MIT */
/* The loop's own client: requests to a local server over pooled sockets, one whole reply back for each.
 *
 * Requests leave at the end of a batch. Where a server has said that it answers many at once (PIPELINES in its
 * replies), the small requests of one batch go out together over one socket (RFC 9112 9.3.2): one write here, one read
 * and one write there, instead of so many of each. Nothing is added to a socket once it has been written to, so that a
 * slow request only holds up those that came at the same moment. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wire/incoming.h"
#include "wire/loop.h"

enum {
    POOL_IDLE_MAX = 64,
    POOL_IDLE_MS = 30 * 1000,
    GROUP_MAX = 16,
    GROUP_REQUEST_BYTES = 8 * 1024,
};
#define PIPELINES S("Barmkin-Pipelines")

struct pool {
    struct arena *arena; /* owns this struct and its name */
    str name;
    struct upsock *idle, *filling; /* filling: has a group that has not left yet */
    size_t n_idle, users;          /* users: sockets and calls that point here */
    bool dropped, pipelines;       /* pipelines: by the newest reply */
};

struct upsock {
    struct source src; /* first: epoll's */
    int fd;
    bool readable, writable, hung, used_before, is_dirty;
    struct loop *loop;
    struct pool *pool;
    struct upcall *first,
        *last; /* that wait for their replies, in their requests' order; none: idle in its pool, or dead */
    size_t n_calls;
    struct buf in;
    size_t in_at; /* where the reply begins that is due next */
    struct incoming reply;
    struct arena *arena;    /* of that reply's head; stays with the struct */
    struct lane_link timer; /* while idle */
    struct upsock *prev, *next, *next_dirty;
};

struct upcall {
    struct loop *loop;
    struct pool *pool;
    struct upsock *sock;
    struct buf request;
    size_t sent;
    int (*connect_fd)(void *ctx);
    upstream_done *done;
    void *ctx;
    size_t max_reply_bytes;
    uint64_t timer;
    bool retried, to_head;
    struct upcall *behind;      /* on the same socket */
    struct upcall *prev, *next; /* all of the loop; next also among the free ones */
};

struct upstreams {
    struct map pools;
    struct lane idle_lane;
    struct upsock *free_socks, *dead, *dirty;
    struct upcall *calls, *free_calls;
    size_t n_calls;
};

static void idle_expired(struct loop *l, struct lane_link *link);

void upstreams_new(struct loop *l)
{
    struct upstreams *u = ARENA_NEW(l->arena, struct upstreams);

    map_init(&u->pools);
    u->idle_lane = (struct lane){.ms = POOL_IDLE_MS, .expired = idle_expired};
    l->upstreams = u;
}

size_t upstreams_pending(const struct upstreams *u)
{
    return u->n_calls;
}
bool upstreams_unsent(const struct upstreams *u)
{
    return u->dirty != NULL;
}
struct lane *upstreams_idle_lane(struct upstreams *u)
{
    return &u->idle_lane;
}

/* ---- pools and their sockets ---- */

static struct pool *pool_get(struct upstreams *u, str name)
{
    struct pool *p = map_find(&u->pools, name);

    if (p)
        return p;
    struct arena *a = arena_new(4096 + name.n);
    p = ARENA_NEW(a, struct pool);
    p->arena = a;
    p->name = arena_dup(a, name);
    map_put(&u->pools, p->name, p);
    return p;
}

static void pool_leave(struct pool *p)
{
    if (--p->users == 0 && p->dropped)
        arena_free(p->arena);
}

static void idle_remove(struct upsock *s)
{
    *(s->prev ? &s->prev->next : &s->pool->idle) = s->next;
    if (s->next)
        s->next->prev = s->prev;
    s->prev = s->next = NULL;
    s->pool->n_idle--;
    lane_disarm(&s->timer);
}

static void idle_add(struct upsock *s)
{
    struct pool *p = s->pool;

    s->prev = NULL;
    s->next = p->idle;
    if (p->idle)
        p->idle->prev = s;
    p->idle = s;
    p->n_idle++;
    lane_arm(&s->loop->upstreams->idle_lane, &s->timer, s->loop->now_ms);
}

/* The struct is used again only after the batch: a later event may still name it. */
static void sock_close(struct upsock *s)
{
    struct upstreams *u = s->loop->upstreams;

    close(s->fd);
    s->fd = -1;
    loop_give_buf(s->loop, &s->in);
    arena_reset(s->arena);
    if (s->pool->filling == s)
        s->pool->filling = NULL;
    pool_leave(s->pool);
    s->pool = NULL;
    s->next = u->dead;
    u->dead = s;
}

static void idle_close(struct upsock *s)
{
    idle_remove(s);
    sock_close(s);
}

static void idle_expired(struct loop *l, struct lane_link *link)
{
    (void)l;
    idle_close((struct upsock *)(void *)((char *)link - offsetof(struct upsock, timer)));
}

void upstreams_reap(struct upstreams *u)
{
    struct upsock **at = &u->dead;

    while (*at) {
        struct upsock *s = *at;
        if (s->is_dirty) { /* the next flush will come by it */
            at = &s->next;
            continue;
        }
        *at = s->next;
        s->next = u->free_socks;
        u->free_socks = s;
    }
}

void loop_upstream_drop(struct loop *l, str pool)
{
    struct pool *p = map_remove(&l->upstreams->pools, pool);

    if (!p)
        return;
    p->users++;
    p->dropped = true;
    while (p->idle)
        idle_close(p->idle);
    pool_leave(p);
}

static struct upsock *sock_idle(struct pool *p)
{
    struct upsock *s = p->idle;

    if (s)
        idle_remove(s);
    return s;
}

static struct upsock *sock_connect(struct upcall *k)
{
    struct upstreams *u = k->loop->upstreams;
    int fd = k->connect_fd(k->ctx);
    struct upsock *s = u->free_socks;

    if (fd < 0)
        return NULL;
    if (s)
        u->free_socks = s->next;
    else
        s = ARENA_NEW(k->loop->arena, struct upsock);
    struct arena *arena = s->arena ? s->arena : arena_new(INCOMING_ARENA_BYTES);
    *s = (struct upsock){.src.kind = SRC_UPSTREAM, .fd = fd, .writable = true, .loop = k->loop, .pool = k->pool};
    s->arena = arena;
    k->pool->users++;
    if (loop_watch(k->loop, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &s->src))
        return s;
    sock_close(s);
    return NULL;
}

/* ---- calls, begun and ended ---- */

/* The call has left its socket. r points into what the socket has read. */
static void call_end(struct upcall *k, const struct upstream_reply *r)
{
    struct upstreams *u = k->loop->upstreams;

    timers_cancel(&k->loop->timers, k->timer);
    *(k->prev ? &k->prev->next : &u->calls) = k->next;
    if (k->next)
        k->next->prev = k->prev;
    u->n_calls--;
    k->done(k->ctx, r);
    pool_leave(k->pool);
    loop_give_buf(k->loop, &k->request);
    k->next = u->free_calls;
    u->free_calls = k;
}

static void call_fail(struct upcall *k, const char *why)
{
    call_end(k, &(struct upstream_reply){.failed = why});
}

static void call_unconnected(void *arg)
{
    call_fail(arg, "the server cannot be reached");
}

static bool may_share(const struct upcall *k)
{
    return k->pool->pipelines && k->request.n <= GROUP_REQUEST_BYTES && !k->retried && !k->to_head;
}

static struct upsock *sock_for(struct upcall *k)
{
    struct upsock *s = may_share(k) ? k->pool->filling : NULL;

    if (s && s->n_calls < GROUP_MAX)
        return s;
    s = k->retried ? NULL : sock_idle(k->pool);
    if (!s)
        s = sock_connect(k);
    if (s && may_share(k))
        k->pool->filling = s;
    return s;
}

static void call_begin(struct upcall *k)
{
    struct upstreams *u = k->loop->upstreams;
    struct upsock *s = k->sock = sock_for(k);

    if (!s) { /* told later: nobody expects `done` from within loop_upstream */
        timers_cancel(&k->loop->timers, k->timer);
        k->timer = loop_after(k->loop, 0, call_unconnected, k);
        return;
    }
    k->sent = 0;
    k->behind = NULL;
    *(s->last ? &s->last->behind : &s->first) = k;
    s->last = k;
    s->n_calls++;
    if (!s->is_dirty) {
        s->is_dirty = true;
        s->next_dirty = u->dirty;
        u->dirty = s;
    }
}

/* A socket has ended, by its server or by us. A pooled one may have been closed just before we wrote, or after one of
 * several replies: a request of whose reply no byte has come is sent once more over a fresh one. */
static void sock_lost(struct upsock *s, const struct upcall *failed, const char *why)
{
    struct upcall *k = s->first;
    bool begun = s->in.n > s->in_at, used_before = s->used_before;

    s->first = s->last = NULL;
    s->n_calls = 0;
    sock_close(s);
    for (struct upcall *behind; k; k = behind) {
        bool again = k != failed && used_before && !begun && !k->retried;
        behind = k->behind;
        begun = false; /* what has come is the first one's */
        k->sock = NULL;
        if (!again) {
            call_fail(k, why);
            continue;
        }
        k->retried = true;
        call_begin(k);
    }
}

static void call_timed_out(void *arg)
{
    struct upcall *k = arg;

    sock_lost(k->sock, k, "the server did not answer in time");
}

/* ---- replies ---- */

static bool says_pipelines(const struct reply_head *h)
{
    for (size_t i = 0; i < h->n_headers; i++)
        if (str_eq_nocase(h->headers[i].name, PIPELINES))
            return true;
    return false;
}

/* The reply is whole: its call ends, and the socket turns to the next one. False: the socket has been closed. */
static bool reply_done(struct upsock *s)
{
    struct incoming *in = &s->reply;
    struct upcall *k = s->first;
    struct upstream_reply r = {.status = in->head.status, .headers = in->head.headers, .n_headers = in->head.n_headers};
    bool to_the_end = !in->head.chunked && !in->head.has_length && in->body_n > 0;
    bool keep = in->head.keep_alive && !to_the_end && k->sent == k->request.n;

    r.body = str_n(s->in.p + s->in_at + in->body_at, in->body_n);
    s->pool->pipelines = keep && says_pipelines(&in->head);
    s->first = k->behind;
    s->last = s->first ? s->last : NULL;
    s->n_calls--;
    s->used_before = true;
    s->in_at += incoming_used(in);
    call_end(k, &r);
    arena_reset(s->arena);
    *in = (struct incoming){0};
    if (!keep && s->first)
        s->in_at = s->in.n; /* nothing of what follows can be trusted */
    if (!keep && s->first) {
        sock_lost(s, NULL, "the server closed the connection before its reply was complete");
        return false;
    }
    if (s->first)
        return true;
    if (!keep || s->hung || s->pool->dropped || s->in_at != s->in.n || s->pool->n_idle >= POOL_IDLE_MAX) {
        sock_close(s);
        return false;
    }
    loop_give_buf(s->loop, &s->in);
    s->in_at = 0;
    idle_add(s);
    return true;
}

static int read_reply(struct upsock *s, bool ended)
{
    char *bytes = s->in.p + s->in_at;
    struct incoming_bounds bounds = {.body_bytes = s->first->max_reply_bytes, .to_head = s->first->to_head};

    return s->in.n == s->in_at ? 0 : incoming_read(&s->reply, bytes, s->in.n - s->in_at, &bounds, ended, s->arena);
}

/* More has been read, or nothing more will come. The socket is dead or idle afterwards, or waits for more. */
static void sock_progress(struct upsock *s, bool ended)
{
    while (s->first) {
        size_t most = s->first->max_reply_bytes + INCOMING_HEAD_BYTES + s->first->max_reply_bytes / 8; /* for chunks */
        int step = read_reply(s, ended);
        if (step < 0) {
            sock_lost(s, s->first, "the server's reply is not acceptable HTTP, or too large");
            return;
        }
        if (step == 0 && s->in.n - s->in_at > most) {
            sock_lost(s, s->first, "the server's reply is too large");
            return;
        }
        if (step == 0 && ended)
            sock_lost(s, NULL, "the server closed the connection before its reply was complete");
        if (step == 0 || !reply_done(s))
            return;
    }
}

/* ---- bytes ---- */

/* Sends what the socket's calls have not yet sent. */
static bool sock_send(struct upsock *s)
{
    while (s->writable) {
        struct iovec v[GROUP_MAX];
        struct msghdr m = {.msg_iov = v};
        for (struct upcall *k = s->first; k; k = k->behind)
            if (k->sent < k->request.n)
                v[m.msg_iovlen++] = (struct iovec){k->request.p + k->sent, k->request.n - k->sent};
        if (!m.msg_iovlen)
            return true;
        ssize_t n = sendmsg(s->fd, &m, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
            s->writable = false;
        else if (n < 0 && errno != EINTR)
            return false;
        for (struct upcall *k = s->first; k && n > 0; k = k->behind) {
            size_t mine = k->request.n - k->sent < (size_t)n ? k->request.n - k->sent : (size_t)n;
            k->sent += mine;
            n -= (ssize_t)mine;
        }
    }
    return true;
}

void upstreams_flush(struct upstreams *u)
{
    while (u->dirty) {
        struct upsock *s = u->dirty;
        u->dirty = s->next_dirty;
        s->is_dirty = false;
        if (s->fd < 0)
            continue;
        if (s->pool->filling == s)
            s->pool->filling = NULL;
        if (!sock_send(s)) /* epoll reports the end of this socket, and sock_receive finds it */
            s->writable = false;
    }
}

static void sock_receive(struct upsock *s)
{
    char *scratch = s->loop->scratch;

    while (s->readable && s->first) {
        ssize_t n = recv(s->fd, scratch, SCRATCH_BYTES, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            s->readable = false;
            return;
        }
        if (n <= 0) {
            sock_progress(s, true);
            return;
        }
        if ((size_t)n < SCRATCH_BYTES && !s->hung)
            s->readable = false;
        if (s->in.max == 0)
            s->in = loop_take_buf(s->loop);
        if (s->in_at > 0) {
            buf_drop_front(&s->in, s->in_at);
            s->in_at = 0;
        }
        buf_add_bytes(&s->in, scratch, (size_t)n);
        sock_progress(s, false); /* may close s, but not free it before the batch ends */
    }
}

void upstream_event(struct source *src, uint32_t events)
{
    struct upsock *s = (struct upsock *)src;

    if (s->fd < 0)
        return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        s->readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        s->hung = true;
    if (events & EPOLLOUT)
        s->writable = true;
    if (!s->first) { /* idle sockets have nothing to say: whatever it is, it is the end */
        if (s->readable)
            idle_close(s);
        return;
    }
    if (!s->is_dirty && !sock_send(s) && !s->readable)
        sock_lost(s, NULL, "the server closed the connection before its reply was complete");
    else
        sock_receive(s);
}

void loop_upstream(struct loop *l, str pool, int (*connect_fd)(void *ctx), str head_and_body, size_t max_reply_bytes,
                   int64_t timeout_ms, upstream_done *done, void *ctx)
{
    struct upstreams *u = l->upstreams;
    struct upcall *k = u->free_calls;

    if (k)
        u->free_calls = k->next;
    else
        k = ARENA_NEW(l->arena, struct upcall);
    *k = (struct upcall){.loop = l, .pool = pool_get(u, pool), .connect_fd = connect_fd, .done = done, .ctx = ctx};
    k->max_reply_bytes = max_reply_bytes;
    k->request = loop_take_buf(l);
    buf_add(&k->request, head_and_body);
    k->to_head = str_starts(head_and_body, S("HEAD "));
    k->pool->users++;
    k->next = u->calls;
    if (u->calls)
        u->calls->prev = k;
    u->calls = k;
    u->n_calls++;
    k->timer = loop_after(l, timeout_ms, call_timed_out, k);
    call_begin(k);
}

static void call_stop(struct upcall *k)
{
    struct upsock *s = k->sock;

    if (!s) {
        call_fail(k, "the server is stopping");
        return;
    }
    for (struct upcall *each = s->first; each; each = each->behind)
        each->retried = true; /* nothing is begun any more */
    sock_lost(s, k, "the server is stopping");
}

void upstreams_free(struct loop *l)
{
    struct upstreams *u = l->upstreams;
    struct map_slot *slot;
    size_t at = 0;

    while (u->calls)
        call_stop(u->calls);
    while ((slot = map_next(&u->pools, &at))) {
        struct pool *p = slot->value;
        while (p->idle)
            idle_close(p->idle);
        arena_free(p->arena);
    }
    map_done(&u->pools);
    upstreams_reap(u);
    for (struct upsock *s = u->free_socks; s; s = s->next)
        arena_free(s->arena);
}
