/* SPDX-License-Identifier: MIT */
/* The loop itself: one epoll instance, its batches, what other threads post to it, and its end.
 *
 * A batch: events -> posts -> timers -> connections with buffered input -> requests to servers leave -> the after-batch
 * hook -> replies leave -> closed connections are freed. Nothing is freed earlier, because later events of the batch
 * may still point to it. */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "wire/loop.h"

enum {
    EVENTS = 256,
    LOOP_ARENA_MAX = 1 << 30,
    POSTS_MAX_BYTES = 64 << 20,
    UDP_PACKETS_PER_EVENT = 64,
    SWEEP_MS = 250, /* how often a stopping loop looks whether it is done */
};

static void use_default(int64_t *v, int64_t value)
{
    if (*v <= 0)
        *v = value;
}

static void init_lanes(struct loop *l)
{
    struct http_limits *m = &l->limits;

    use_default(&m->header_deadline_ms, 10 * 1000);
    use_default(&m->idle_ms, 60 * 1000);
    use_default(&m->body_grace_ms, 5 * 1000);
    use_default(&m->write_grace_ms, 60 * 1000);
    use_default(&m->stop_ms, STOP_MS_DEFAULT);
    if (m->header_bytes == 0)
        m->header_bytes = 16 * 1024;
    if (m->header_count == 0)
        m->header_count = 100;
    if (m->max_connections == 0)
        m->max_connections = 10000;
    if (m->arena_bytes == 0)
        m->arena_bytes = (size_t)256 << 20;
    l->head_lane = (struct lane){.ms = m->header_deadline_ms, .expired = conn_timed_out};
    l->idle_lane = (struct lane){.ms = m->idle_ms, .expired = conn_timed_out};
    l->linger_lane = (struct lane){.ms = LINGER_MS, .expired = conn_timed_out};
    l->rate_lane = (struct lane){.ms = m->body_grace_ms < 1000 ? m->body_grace_ms : 1000, .expired = conn_rate_tick};
}

res loop_new(const struct http_service *service, const struct http_limits *limits, struct tls_server *tls,
             struct loop **out, struct err *e)
{
    struct arena *a = arena_new(LOOP_ARENA_MAX);
    struct loop *l = ARENA_NEW(a, struct loop);

    l->arena = a;
    l->service = service;
    l->limits = *limits;
    l->tls = tls;
    l->wake.kind = SRC_WAKE;
    l->dirty_end = &l->dirty;
    l->ready_end = &l->ready;
    l->scratch = arena_alloc(a, SCRATCH_BYTES);
    l->date_second = -1;
    buf_init(&l->posts, POSTS_MAX_BYTES);
    buf_init(&l->running_posts, POSTS_MAX_BYTES);
    timers_init(&l->timers);
    init_lanes(l);
    upstreams_new(l);
    pthread_mutex_init(&l->post_lock, NULL);
    if (getrandom(&l->id_seed, sizeof l->id_seed, 0) != (ssize_t)sizeof l->id_seed)
        l->id_seed = (uint64_t)time_mono_us();
    loop_refresh_now(l);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (l->epoll_fd < 0 || l->wake_fd < 0 || !loop_watch(l, l->wake_fd, EPOLLIN, &l->wake)) {
        res r = oops(e, errno, "an event loop cannot be made");
        loop_free(l);
        return r;
    }
    *out = l;
    return OK;
}

static void reap(struct loop *l)
{
    struct conn **at = &l->dead;

    while (*at) {
        struct conn *c = *at;
        if (c->is_dirty || c->is_ready) { /* a list of the next batch still holds it */
            at = &c->next_free;
            continue;
        }
        *at = c->next_free;
        c->next_free = l->free_conns;
        l->free_conns = c;
    }
    upstreams_reap(l->upstreams);
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    while (l->conns)
        conn_close(l->conns);
    listeners_close(l);
    for (struct udp *u = l->udps; u; u = u->next)
        close(u->fd);
    upstreams_free(l);
    reap(l);
    exchange_drop_spares(l);
    for (size_t i = 0; i < l->n_spare_bufs; i++)
        buf_done(&l->spare_bufs[i]);
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    timers_done(&l->timers);
    buf_done(&l->posts);
    buf_done(&l->running_posts);
    pthread_mutex_destroy(&l->post_lock);
    arena_free(l->arena);
}

void loop_tls_context(struct loop *l, void *issue_ctx)
{
    l->issue_ctx = issue_ctx;
}

bool loop_watch(struct loop *l, int fd, uint32_t events, struct source *src)
{
    struct epoll_event ev = {.events = events, .data.ptr = src};

    return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0;
}

void loop_refresh_now(struct loop *l)
{
    l->now_ms = time_mono_ms();
}

str loop_date(struct loop *l)
{
    int64_t second = time_wall_ms() / 1000;

    if (second != l->date_second) {
        l->date_second = second;
        l->date_n = time_http(second * 1000, l->date).n;
    }
    return str_n(l->date, l->date_n);
}

struct buf loop_take_buf(struct loop *l)
{
    struct buf b;

    if (l->n_spare_bufs > 0)
        return l->spare_bufs[--l->n_spare_bufs];
    buf_init(&b, (size_t)1 << 40); /* bounded by what its writers do: one whole reply, or AHEAD_BYTES and a piece */
    return b;
}

void loop_give_buf(struct loop *l, struct buf *b)
{
    buf_clear(b);
    if (b->p && b->cap <= SPARE_BUF_BYTES && l->n_spare_bufs < SPARES)
        l->spare_bufs[l->n_spare_bufs++] = *b;
    else
        buf_done(b);
    *b = (struct buf){0};
}

/* ---- from other threads ---- */

static void wake(struct loop *l)
{
    uint64_t one = 1;
    ssize_t ignored = write(l->wake_fd, &one, sizeof one); /* full means: already awake */

    (void)ignored;
}

void loop_stop(struct loop *l)
{
    l->stop_asked = true;
    wake(l);
}

void loop_post(struct loop *l, void (*fn)(void *), void *arg)
{
    struct post p = {fn, arg};

    pthread_mutex_lock(&l->post_lock);
    bool first = !l->woken;
    l->woken = true;
    buf_add_bytes(&l->posts, &p, sizeof p);
    pthread_mutex_unlock(&l->post_lock);
    if (first)
        wake(l);
}

static void run_posts(struct loop *l)
{
    struct buf mine;

    pthread_mutex_lock(&l->post_lock);
    mine = l->posts;
    l->posts = l->running_posts;
    l->woken = false;
    pthread_mutex_unlock(&l->post_lock);
    for (size_t at = 0; at + sizeof(struct post) <= mine.n; at += sizeof(struct post)) {
        struct post *p = (struct post *)(void *)(mine.p + at);
        p->fn(p->arg);
    }
    buf_clear(&mine);
    l->running_posts = mine;
}

static bool has_posts(struct loop *l)
{
    pthread_mutex_lock(&l->post_lock);
    bool any = l->posts.n > 0;
    pthread_mutex_unlock(&l->post_lock);
    return any;
}

/* ---- small sources ---- */

void loop_tick(struct loop *l, void (*after_batch)(void *), void *arg)
{
    l->after_batch = after_batch;
    l->after_batch_arg = arg;
}

void loop_break_replies(struct loop *l)
{
    for (struct conn *c = l->dirty; c; c = c->next_dirty)
        c->broken = true;
}

uint64_t loop_after(struct loop *l, int64_t ms, void (*fn)(void *), void *arg)
{
    return timers_add(&l->timers, time_mono_ms() + ms, fn, arg);
}

void loop_cancel(struct loop *l, uint64_t id)
{
    timers_cancel(&l->timers, id);
}

res loop_udp(struct loop *l, int fd, void *tag,
             void (*on_packet)(void *tag, int fd, const void *from, uint32_t from_len, str packet), struct err *e)
{
    struct udp *u = ARENA_NEW(l->arena, struct udp);

    *u = (struct udp){.src.kind = SRC_UDP, .fd = fd, .tag = tag, .on_packet = on_packet, .next = l->udps};
    if (!loop_watch(l, fd, EPOLLIN, &u->src))
        return oops(e, errno, "a UDP socket cannot be watched");
    l->udps = u;
    return OK;
}

void udps_close(struct loop *l, const void *tag)
{
    for (struct udp **at = &l->udps; *at;) {
        struct udp *u = *at;
        if (u->tag != tag) {
            at = &u->next;
            continue;
        }
        *at = u->next;
        close(u->fd);
        u->fd = -1; /* an event of this batch may still come */
    }
}

static void udp_event(struct loop *l, struct udp *u)
{
    struct sockaddr_storage from;

    for (int i = 0; i < UDP_PACKETS_PER_EVENT && u->fd >= 0; i++) {
        socklen_t n = sizeof from;
        ssize_t got = recvfrom(u->fd, l->scratch, SCRATCH_BYTES, MSG_DONTWAIT, (struct sockaddr *)&from, &n);
        if (got < 0)
            return;
        u->on_packet(u->tag, u->fd, &from, n, str_n(l->scratch, (size_t)got));
    }
}

/* ---- the run ---- */

static void dispatch(struct loop *l, const struct epoll_event *ev)
{
    struct source *src = ev->data.ptr;
    uint64_t count;

    switch (src->kind) {
    case SRC_WAKE:
        while (read(l->wake_fd, &count, sizeof count) > 0)
            ;
        return;
    case SRC_LISTENER:
        listener_event(l, (struct listener *)src);
        return;
    case SRC_UDP:
        udp_event(l, (struct udp *)src);
        return;
    case SRC_CONN:
        conn_event((struct conn *)src, ev->events);
        return;
    case SRC_UPSTREAM:
        upstream_event(src, ev->events);
        return;
    }
}

static void expire(struct loop *l)
{
    timers_expire(&l->timers, l->now_ms);
    lane_expire(l, &l->head_lane, l->now_ms);
    lane_expire(l, &l->idle_lane, l->now_ms);
    lane_expire(l, &l->rate_lane, l->now_ms);
    lane_expire(l, &l->linger_lane, l->now_ms);
    lane_expire(l, upstreams_idle_lane(l->upstreams), l->now_ms);
}

static void pump_ready(struct loop *l)
{
    struct conn *c = l->ready;

    l->ready = NULL;
    l->ready_end = &l->ready;
    while (c) {
        struct conn *next = c->next_ready;
        c->is_ready = false;
        conn_pump(c);
        c = next;
    }
}

static void flush_dirty(struct loop *l)
{
    struct conn *c = l->dirty;

    l->dirty = NULL;
    l->dirty_end = &l->dirty;
    while (c) {
        struct conn *next = c->next_dirty;
        c->is_dirty = false;
        conn_flush(c);
        c = next;
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t lane_next_ms(const struct lane *lane)
{
    return lane->first ? lane->first->at_ms : INT64_MAX;
}

static int wait_ms(struct loop *l)
{
    if (l->ready || l->dirty || upstreams_unsent(l->upstreams) || has_posts(l))
        return 0;
    int64_t at = timers_next_ms(&l->timers);
    at = least(at, lane_next_ms(&l->head_lane));
    at = least(at, lane_next_ms(&l->idle_lane));
    at = least(at, lane_next_ms(&l->rate_lane));
    at = least(at, lane_next_ms(&l->linger_lane));
    at = least(at, lane_next_ms(upstreams_idle_lane(l->upstreams)));
    if (l->stopping)
        at = least(at, l->now_ms + SWEEP_MS);
    if (at == INT64_MAX)
        return -1;
    int64_t now = time_mono_ms();
    return at <= now ? 0 : (int)least(at - now, 60 * 1000);
}

static void begin_stop(struct loop *l)
{
    l->stopping = true;
    l->stop_by_ms = l->now_ms + l->limits.stop_ms;
    listeners_close(l);
    for (struct conn *c = l->conns, *next; c; c = next) {
        next = c->next;
        conn_quit_if_idle(c);
    }
}

static bool may_end(struct loop *l)
{
    if (l->now_ms >= l->stop_by_ms) {
        while (l->conns)
            conn_close(l->conns);
        return true;
    }
    return !l->conns && upstreams_pending(l->upstreams) == 0 && !has_posts(l);
}

res loop_run(struct loop *l, struct err *e)
{
    struct epoll_event *events = ARENA_ARRAY(l->arena, struct epoll_event, EVENTS);
    sigset_t pipe_signal;

    /* OpenSSL writes with write(), which raises SIGPIPE when the client is gone. */
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    for (;;) {
        int n = epoll_wait(l->epoll_fd, events, EVENTS, wait_ms(l));
        if (n < 0 && errno != EINTR)
            return oops(e, errno, "waiting for events");
        loop_refresh_now(l);
        for (int i = 0; i < n; i++)
            dispatch(l, &events[i]);
        run_posts(l);
        expire(l);
        pump_ready(l);
        if (l->stop_asked && !l->stopping)
            begin_stop(l);
        upstreams_flush(l->upstreams);
        if (l->after_batch)
            l->after_batch(l->after_batch_arg);
        flush_dirty(l);
        reap(l);
        if (l->stopping && may_end(l)) {
            reap(l);
            return OK;
        }
    }
}
