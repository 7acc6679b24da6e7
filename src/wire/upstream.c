/* SPDX-License-Identifier: MIT */
/* The loop's own client: one request to a local server over a pooled socket, one whole reply back. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/loop.h"

enum { POOL_IDLE_MAX = 64, POOL_IDLE_MS = 30 * 1000, HEAD_MAX_BYTES = 16 * 1024, HEADERS_MAX = 64, INTERIM_MAX = 8 };

struct pool {
    struct arena *arena; /* owns this struct and its name */
    str name;
    struct upsock *idle;
    size_t n_idle, users; /* users: sockets and calls that point here */
    bool dropped;
};

struct upsock {
    struct source src; /* first: epoll's */
    int fd;
    bool readable, writable, hung, used_before;
    struct loop *loop;
    struct pool *pool;
    struct upcall *call;    /* NULL: idle in its pool, or dead */
    struct lane_link timer; /* while idle */
    struct upsock *prev, *next;
};

struct upcall {
    struct loop *loop;
    struct arena *arena; /* of this struct, the request and the reply's headers */
    struct pool *pool;
    struct upsock *sock;
    str request;
    size_t sent;
    int (*connect_fd)(void *ctx);
    upstream_done *done;
    void *ctx;
    size_t max_reply_bytes;
    uint64_t timer;
    struct buf in;
    bool retried, to_head, has_head;
    int interim;                             /* 1xx replies so far: bounded, each takes arena */
    size_t scanned, body_at, raw_at, body_n; /* in `in`: where the body starts, how far it was read, its length */
    struct reply_head head;
    struct chunked chunks;
    const char *failed;
    struct upcall *prev, *next;
};

struct upstreams {
    struct map pools;
    struct lane idle_lane;
    struct upsock *free_socks, *dead;
    struct upcall *calls;
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

/* The struct is used again only after the batch: a later event may still name it. */
static void sock_close(struct upsock *s)
{
    struct upstreams *u = s->loop->upstreams;

    close(s->fd);
    s->fd = -1;
    pool_leave(s->pool);
    s->pool = NULL;
    s->call = NULL;
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
    while (u->dead) {
        struct upsock *s = u->dead;
        u->dead = s->next;
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
    *s = (struct upsock){.src.kind = SRC_UPSTREAM, .fd = fd, .writable = true, .loop = k->loop, .pool = k->pool};
    k->pool->users++;
    if (loop_watch(k->loop, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &s->src))
        return s;
    sock_close(s);
    return NULL;
}

/* ---- one call ---- */

static void call_end(struct upcall *k)
{
    struct upstreams *u = k->loop->upstreams;
    struct upstream_reply r = {.failed = k->failed};

    if (!k->failed) {
        r.status = k->head.status;
        r.headers = k->head.headers;
        r.n_headers = k->head.n_headers;
        r.body = str_n(k->in.p + k->body_at, k->body_n);
    }
    timers_cancel(&k->loop->timers, k->timer);
    *(k->prev ? &k->prev->next : &u->calls) = k->next;
    if (k->next)
        k->next->prev = k->prev;
    u->n_calls--;
    k->done(k->ctx, &r);
    pool_leave(k->pool);
    buf_done(&k->in);
    arena_free(k->arena);
}

static void call_fail(struct upcall *k, const char *why)
{
    if (k->sock)
        sock_close(k->sock);
    k->sock = NULL;
    k->failed = why;
    call_end(k);
}

static void call_begin(struct upcall *k, bool fresh_only);

/* A pooled socket may have been closed by its server just before we wrote: as long as no byte of a reply has come, the
 * request is sent once more over a fresh one. */
static void call_lost(struct upcall *k)
{
    bool stale = k->sock->used_before && k->in.n == 0 && !k->retried;

    if (!stale) {
        call_fail(k, "the server closed the connection before its reply was complete");
        return;
    }
    sock_close(k->sock);
    k->sock = NULL;
    k->retried = true;
    k->sent = 0;
    call_begin(k, true);
}

static void call_done(struct upcall *k)
{
    struct upsock *s = k->sock;
    struct pool *p = s->pool;
    size_t used = k->head.chunked ? k->raw_at : k->body_at + k->body_n;

    k->sock = NULL;
    s->call = NULL;
    s->used_before = true;
    if (!k->head.keep_alive || s->hung || p->dropped || used != k->in.n || k->sent != k->request.n ||
        p->n_idle >= POOL_IDLE_MAX || (!k->head.chunked && !k->head.has_length && k->body_n > 0)) {
        sock_close(s);
    } else {
        s->prev = NULL;
        s->next = p->idle;
        if (p->idle)
            p->idle->prev = s;
        p->idle = s;
        p->n_idle++;
        lane_arm(&s->loop->upstreams->idle_lane, &s->timer, s->loop->now_ms);
    }
    call_end(k);
}

/* Answers 1 when the head is there, 0 when more is needed, -1 when it is no good. */
static int read_head(struct upcall *k)
{
    while (k->interim++ < INTERIM_MAX) {
        str all = str_from(buf_str(&k->in), k->body_at);
        ptrdiff_t end = head_find_end(all, &k->scanned);
        if (end < 0 || (end == 0 && all.n > HEAD_MAX_BYTES))
            return -1;
        if (end == 0) {
            k->interim--;
            return 0;
        }
        /* A copy: the buffer moves as the body comes. */
        str head = arena_dup(k->arena, str_sub(all, 0, (size_t)end));
        k->head = (struct reply_head){0};
        if (!head_parse_reply(head, HEADERS_MAX, k->arena, &k->head) || k->head.status == 101)
            return -1;
        k->body_at += (size_t)end;
        k->scanned = 0;
        if (k->head.status >= 200) {
            k->raw_at = k->body_at;
            k->has_head = true;
            return 1;
        }
    }
    return -1;
}

/* De-chunks in place: what is read is always ahead of where it is put. */
static int read_chunks(struct upcall *k)
{
    while (!k->chunks.done && k->raw_at < k->in.n) {
        str piece;
        ptrdiff_t used = chunked_next(&k->chunks, str_from(buf_str(&k->in), k->raw_at), &piece);
        if (used < 0)
            return -1;
        memmove(k->in.p + k->body_at + k->body_n, piece.p, piece.n);
        k->body_n += piece.n;
        k->raw_at += (size_t)used;
    }
    return k->chunks.done;
}

/* 1: the reply is whole; 0: more must come; -1: it is no good. `ended`: the server will send nothing more. */
static int read_body(struct upcall *k, bool ended)
{
    const struct reply_head *h = &k->head;
    size_t have = k->in.n - k->body_at;

    if (k->to_head || h->status == 204 || h->status == 304)
        return 1;
    if (h->chunked)
        return read_chunks(k);
    k->body_n = h->has_length && h->content_length < have ? (size_t)h->content_length : have;
    return h->has_length ? have >= h->content_length : ended;
}

static void call_progress(struct upcall *k, bool ended)
{
    int step = 0;

    if (k->in.full) {
        call_fail(k, "the server's reply is too large");
        return;
    }
    if (!k->has_head && k->in.n > 0)
        step = read_head(k);
    if (step >= 0 && k->has_head) {
        bool too_large = k->head.has_length && k->head.content_length > k->max_reply_bytes;
        step = too_large ? -1 : read_body(k, ended);
    }
    if (step < 0)
        call_fail(k, "the server's reply is not acceptable HTTP, or too large");
    else if (step > 0)
        call_done(k);
    else if (ended)
        call_lost(k);
}

static bool call_send(struct upcall *k)
{
    struct upsock *s = k->sock;

    while (k->sent < k->request.n && s->writable) {
        ssize_t n = send(s->fd, k->request.p + k->sent, k->request.n - k->sent, MSG_NOSIGNAL);
        if (n >= 0)
            k->sent += (size_t)n;
        else if (errno == EAGAIN || errno == ENOTCONN)
            s->writable = false;
        else if (errno != EINTR)
            return false;
    }
    return true;
}

static void call_receive(struct upcall *k)
{
    struct upsock *s = k->sock;
    char *scratch = k->loop->scratch;

    while (s->readable && s->call == k) {
        ssize_t n = recv(s->fd, scratch, SCRATCH_BYTES, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            s->readable = false;
            return;
        }
        if (n <= 0) { /* may free k */
            call_progress(k, true);
            return;
        }
        if ((size_t)n < SCRATCH_BYTES && !s->hung)
            s->readable = false;
        buf_add_bytes(&k->in, scratch, (size_t)n);
        call_progress(k, false); /* may free k, but not s before the batch ends */
    }
}

void upstream_event(struct source *src, uint32_t events)
{
    struct upsock *s = (struct upsock *)src;
    struct upcall *k = s->call;

    if (s->fd < 0)
        return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        s->readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        s->hung = true;
    if (events & EPOLLOUT)
        s->writable = true;
    if (!k) { /* idle sockets have nothing to say: whatever it is, it is the end */
        if (s->readable)
            idle_close(s);
        return;
    }
    if (!call_send(k) && !s->readable)
        call_lost(k);
    else
        call_receive(k);
}

static void call_timed_out(void *arg)
{
    call_fail(arg, "the server did not answer in time");
}

static void call_unconnected(void *arg)
{
    call_fail(arg, "the server cannot be reached");
}

static void call_begin(struct upcall *k, bool fresh_only)
{
    k->sock = fresh_only ? NULL : sock_idle(k->pool);
    if (!k->sock)
        k->sock = sock_connect(k);
    if (!k->sock) { /* told later: nobody expects `done` from within loop_upstream */
        timers_cancel(&k->loop->timers, k->timer);
        k->timer = loop_after(k->loop, 0, call_unconnected, k);
        return;
    }
    k->sock->call = k;
    if (!call_send(k)) /* epoll reports the end of this socket, and call_receive finds it */
        k->sock->writable = false;
}

void loop_upstream(struct loop *l, str pool, int (*connect_fd)(void *ctx), str head_and_body, size_t max_reply_bytes,
                   int64_t timeout_ms, upstream_done *done, void *ctx)
{
    struct arena *a = arena_new(head_and_body.n + (256 << 10));
    struct upcall *k = ARENA_NEW(a, struct upcall);
    struct upstreams *u = l->upstreams;

    *k = (struct upcall){.loop = l, .arena = a, .pool = pool_get(u, pool), .connect_fd = connect_fd, .done = done};
    k->ctx = ctx;
    k->max_reply_bytes = max_reply_bytes;
    k->request = arena_dup(a, head_and_body);
    k->to_head = str_starts(head_and_body, S("HEAD "));
    buf_init(&k->in, max_reply_bytes + HEAD_MAX_BYTES + max_reply_bytes / 8); /* chunks have their own overhead */
    k->pool->users++;
    k->next = u->calls;
    if (u->calls)
        u->calls->prev = k;
    u->calls = k;
    u->n_calls++;
    k->timer = loop_after(l, timeout_ms, call_timed_out, k);
    call_begin(k, false);
}

void upstreams_free(struct loop *l)
{
    struct upstreams *u = l->upstreams;
    struct map_slot *slot;
    size_t at = 0;

    while (u->calls)
        call_fail(u->calls, "the server is stopping");
    while ((slot = map_next(&u->pools, &at))) {
        struct pool *p = slot->value;
        while (p->idle)
            idle_close(p->idle);
        arena_free(p->arena);
    }
    map_done(&u->pools);
    upstreams_reap(u);
}
