/* SPDX-License-Identifier: MIT */
/* One accepted connection: which protocol it speaks, its input, its deadlines, its end. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/loop.h"

enum { TLS_HANDSHAKE_RECORD = 0x16 }; /* the first byte of every TLS connection, RFC 8446 5.1 */

void conn_open(struct loop *l, int fd, const struct listener *from, const struct origin *origin)
{
    struct conn *c = l->free_conns;

    if (c)
        l->free_conns = c->next_free;
    else
        c = ARENA_NEW(l->arena, struct conn);
    *c = (struct conn){.src.kind = SRC_CONN, .fd = fd, .loop = l, .origin = *origin, .next = l->conns};
    c->state = l->tls ? CONN_SNIFF : CONN_HEAD;
    c->plain_too = from->plain_too;
    if (l->conns)
        l->conns->prev = c;
    l->conns = c;
    l->n_conns++;
    lane_arm(&l->head_lane, &c->timer, l->now_ms);
    if (!loop_watch(l, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &c->src))
        conn_close(c);
}

void conn_close(struct conn *c)
{
    struct loop *l = c->loop;

    if (c->state == CONN_DEAD)
        return;
    c->state = CONN_DEAD;
    if (c->x)
        exchange_gone(c->x);
    lane_disarm(&c->timer);
    if (c->tls)
        tls_conn_free(c->tls);
    c->tls = NULL;
    close(c->fd);
    loop_give_buf(l, &c->in);
    loop_give_buf(l, &c->out);
    *(c->prev ? &c->prev->next : &l->conns) = c->next;
    if (c->next)
        c->next->prev = c->prev;
    l->n_conns--;
    c->next_free = l->dead;
    l->dead = c;
    listeners_unblock(l);
}

void conn_mark_dirty(struct conn *c)
{
    if (c->is_dirty || c->state == CONN_DEAD)
        return;
    c->is_dirty = true;
    c->next_dirty = NULL;
    *c->loop->dirty_end = c;
    c->loop->dirty_end = &c->next_dirty;
}

void conn_mark_ready(struct conn *c)
{
    if (c->is_ready || c->state == CONN_DEAD)
        return;
    c->is_ready = true;
    c->next_ready = NULL;
    *c->loop->ready_end = c;
    c->loop->ready_end = &c->next_ready;
}

void conn_quit_if_idle(struct conn *c)
{
    if (c->state == CONN_SNIFF || (c->state == CONN_HEAD && c->in.n == c->in_at && conn_unsent(c) == 0))
        conn_close(c);
}

/* ---- deadlines ---- */

static void refuse(struct conn *c, int status)
{
    c->state = CONN_CLOSING;
    lane_disarm(&c->timer);
    if (c->loop->service->on_bad)
        c->loop->service->on_bad(c->loop->service->ctx, &c->origin, status);
    reply_refusal(c, status);
    conn_mark_dirty(c);
}

static struct conn *of_link(struct lane_link *link)
{
    return (struct conn *)(void *)((char *)link - offsetof(struct conn, timer));
}

void conn_timed_out(struct loop *l, struct lane_link *link)
{
    struct conn *c = of_link(link);

    (void)l;
    if (c->state == CONN_HEAD && c->in.n > c->in_at)
        refuse(c, 408);
    else
        conn_close(c);
}

bool conn_reads_body(const struct conn *c)
{
    const struct exchange *x = c->x;

    return c->state == CONN_EXCHANGE && x && x->accepted && !x->paused && !x->body_done && !x->finished;
}

static bool is_stuck_writing(const struct conn *c)
{
    return conn_unsent(c) > 0 && !c->writable;
}

/* The minimum rate is measured only while it is the client that we wait for. */
void conn_watch_rate(struct conn *c)
{
    struct lane *lane = &c->loop->rate_lane;

    if (c->state == CONN_DEAD || c->state == CONN_LINGER)
        return;
    if (!conn_reads_body(c) && !is_stuck_writing(c)) {
        if (c->timer.in == lane)
            lane_disarm(&c->timer);
        return;
    }
    if (c->timer.in == lane)
        return;
    c->rate_from_ms = c->loop->now_ms;
    c->rate_bytes = 0;
    lane_arm(lane, &c->timer, c->loop->now_ms);
}

void conn_rate_tick(struct loop *l, struct lane_link *link)
{
    struct conn *c = of_link(link);
    int64_t elapsed = l->now_ms - c->rate_from_ms;
    int64_t grace = conn_reads_body(c) ? l->limits.body_grace_ms : l->limits.write_grace_ms;

    if (!conn_reads_body(c) && !is_stuck_writing(c))
        return;
    if (elapsed < grace) {
        lane_arm(&l->rate_lane, link, l->now_ms);
        return;
    }
    if (c->rate_bytes * 1000 <= l->limits.min_body_bytes_per_s * (uint64_t)elapsed) {
        conn_close(c);
        return;
    }
    conn_watch_rate(c); /* the next window starts from nothing: an early burst earns no later silence */
}

/* ---- input ---- */

ssize_t conn_recv(struct conn *c, void *dst, size_t n)
{
    ssize_t got = c->tls ? tls_read(c->tls, dst, n) : recv(c->fd, dst, n, 0);

    if (got < 0 && errno == EAGAIN)
        c->readable = false;
    /* A short read has emptied a plain socket, and edge-triggered epoll tells of what comes next. */
    if (got > 0 && (size_t)got < n && !c->tls && !c->hung)
        c->readable = false;
    return got;
}

/* Answers how much of `bytes` it used: a whole head, or nothing. */
static size_t take_head(struct conn *c, str bytes)
{
    struct loop *l = c->loop;
    int refused = 0;

    if (c->scanned == 0 && str_starts(bytes, S("\r\n")))
        return 2; /* an empty line before a request is passed over, RFC 9112 2.2 */
    ptrdiff_t end = head_find_end(bytes, &c->scanned);
    if (end < 0) {
        refuse(c, (int)-end);
        return 0;
    }
    if ((end == 0 ? bytes.n : (size_t)end) > l->limits.header_bytes) {
        refuse(c, 431);
        return 0;
    }
    if (end == 0) {
        if (c->timer.in != &l->head_lane) /* armed once, at the first byte: more bytes do not move it */
            lane_arm(&l->head_lane, &c->timer, l->now_ms);
        return 0;
    }
    c->scanned = 0;
    struct exchange *x = exchange_new(c, str_sub(bytes, 0, (size_t)end), &refused);
    if (!x) {
        refuse(c, refused);
        return 0;
    }
    lane_disarm(&c->timer);
    c->state = CONN_EXCHANGE;
    c->x = x;
    l->service->on_head(l->service->ctx, x);
    return (size_t)end;
}

static size_t take_body(struct conn *c, str bytes)
{
    struct exchange *x = c->x;
    str piece;
    ptrdiff_t used;

    if (x->request.chunked) {
        used = chunked_next(&x->chunks, bytes, &piece);
        x->body_done = x->chunks.done;
    } else {
        piece = str_sub(bytes, 0, x->body_left < bytes.n ? (size_t)x->body_left : bytes.n);
        used = (ptrdiff_t)piece.n;
        x->body_left -= piece.n;
        x->body_done = x->body_left == 0;
    }
    if (used < 0) { /* no reply could be trusted to reach the right place any more, unless none has begun */
        if (x->replied) {
            c->broken = true;
            conn_mark_dirty(c);
        } else {
            exchange_gone(x);
            refuse(c, 400);
        }
        return 0;
    }
    c->rate_bytes += (uint64_t)used;
    if (piece.n)
        c->loop->service->on_body(c->loop->service->ctx, x, piece);
    return (size_t)used;
}

static void tell_end(struct conn *c)
{
    struct exchange *x = c->x;

    if (!x || !x->accepted || !x->body_done || x->told_end || x->paused || x->finished || c->broken)
        return;
    x->told_end = true;
    c->loop->service->on_body_end(c->loop->service->ctx, x);
}

static size_t use(struct conn *c, str bytes)
{
    size_t used = 0, n = 1;

    while (n > 0 && used < bytes.n && !c->broken) {
        if (c->state == CONN_CLOSING || c->state == CONN_LINGER)
            return bytes.n;
        if (c->state == CONN_HEAD)
            n = take_head(c, str_from(bytes, used));
        else
            n = conn_reads_body(c) ? take_body(c, str_from(bytes, used)) : 0;
        used += n;
    }
    return used;
}

static void use_kept(struct conn *c)
{
    if (c->in.n == c->in_at)
        return;
    c->in_at += use(c, str_from(buf_str(&c->in), c->in_at));
    if (c->in_at == c->in.n) {
        loop_give_buf(c->loop, &c->in);
        c->in_at = 0;
    }
}

static void keep(struct conn *c, str bytes)
{
    if (c->in.max == 0)
        c->in = loop_take_buf(c->loop);
    if (c->in_at > 0) {
        buf_drop_front(&c->in, c->in_at);
        c->in_at = 0;
    }
    buf_add(&c->in, bytes);
}

/* False when there is nothing more to read for now, or ever. */
static bool read_on(struct conn *c)
{
    ssize_t n = conn_recv(c, c->loop->scratch, SCRATCH_BYTES);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        conn_close(c);
        return false;
    }
    str bytes = str_n(c->loop->scratch, (size_t)n);
    if (c->in.n == c->in_at)
        bytes = str_from(bytes, use(c, bytes));
    if (bytes.n && c->state != CONN_DEAD)
        keep(c, bytes);
    return true;
}

static bool wants_input(const struct conn *c)
{
    if (c->broken)
        return false;
    return c->state == CONN_HEAD || c->state == CONN_LINGER || conn_reads_body(c);
}

/* ---- before the first request ---- */

static void sniff(struct conn *c)
{
    unsigned char first;
    ssize_t n = recv(c->fd, &first, 1, MSG_PEEK);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        c->readable = false;
        return;
    }
    bool tls = n == 1 && first == TLS_HANDSHAKE_RECORD;
    if (n <= 0 || (!tls && !c->plain_too)) {
        conn_close(c);
        return;
    }
    if (tls)
        c->tls = tls_conn_new(c->loop->tls, c->fd, c->loop->issue_ctx);
    if (tls && !c->tls) {
        conn_close(c);
        return;
    }
    c->origin.tls = tls;
    c->state = tls ? CONN_HANDSHAKE : CONN_HEAD;
}

static void handshake(struct conn *c)
{
    switch (tls_handshake(c->tls)) {
    case TLS_DONE:
        c->origin.tls_version = tls_version(c->tls);
        c->origin.tls_cipher = tls_cipher(c->tls);
        c->state = CONN_HEAD;
        return;
    case TLS_WANTS_READ:
        c->readable = false;
        return;
    case TLS_WANTS_WRITE:
        c->writable = false;
        return;
    case TLS_BROKEN:
        conn_close(c);
        return;
    }
}

void conn_pump(struct conn *c)
{
    int turn = 0;

    if (c->state == CONN_SNIFF && c->readable)
        sniff(c);
    if (c->state == CONN_HANDSHAKE)
        handshake(c);
    if (c->state == CONN_DEAD || c->state == CONN_SNIFF || c->state == CONN_HANDSHAKE)
        return;
    do {
        use_kept(c);
        tell_end(c);
    } while (wants_input(c) && c->readable && turn++ < READS_PER_TURN && read_on(c));
    if (c->state == CONN_DEAD)
        return;
    if (turn > READS_PER_TURN)
        conn_mark_ready(c);
    tell_end(c);
    conn_watch_rate(c);
}

void conn_event(struct conn *c, uint32_t events)
{
    if (c->state == CONN_DEAD)
        return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        c->readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        c->hung = true;
    if (events & EPOLLOUT) {
        c->writable = true;
        if (conn_unsent(c) > 0)
            conn_mark_dirty(c);
    }
    conn_pump(c);
    /* Both directions are down: whoever waits for an answer to this client should hear it. */
    if ((events & (EPOLLHUP | EPOLLERR)) && c->state != CONN_DEAD && !wants_input(c))
        conn_close(c);
}
