/* SPDX-License-Identifier: MIT */
/* The last stage of a batch: queued bytes go to the sockets, finished exchanges end, connections begin anew or close.
 */
#include <errno.h>
#include <sys/socket.h>

#include "wire/loop.h"

struct buf *conn_out(struct conn *c)
{
    if (c->out.max == 0)
        c->out = loop_take_buf(c->loop);
    return &c->out;
}

/* Without waiting for the client's last bytes a close would answer them with RST, which may destroy the reply that is
 * still on its way (RFC 9112 9.6). */
static void end_politely(struct conn *c, bool all_read)
{
    if (c->tls)
        tls_goodbye(c->tls);
    if (all_read && !c->readable && c->in.n == c->in_at) {
        conn_close(c);
        return;
    }
    shutdown(c->fd, SHUT_WR);
    c->state = CONN_LINGER;
    lane_arm(&c->loop->linger_lane, &c->timer, c->loop->now_ms);
    conn_mark_ready(c);
}

static void end_exchange(struct conn *c)
{
    struct exchange *x = c->x;
    bool keep = x->keep_alive && !c->loop->stopping, all_read = x->body_done;

    exchange_gone(x);
    if (c->state == CONN_DEAD)
        return;
    if (!keep) {
        end_politely(c, all_read);
        return;
    }
    c->state = CONN_HEAD;
    lane_arm(&c->loop->idle_lane, &c->timer, c->loop->now_ms);
    if (c->readable || c->in.n > c->in_at)
        conn_mark_ready(c);
}

static bool send_some(struct conn *c)
{
    const char *p = c->out.p + c->out_at;
    ssize_t n = c->tls ? tls_write(c->tls, p, conn_unsent(c)) : send(c->fd, p, conn_unsent(c), MSG_NOSIGNAL);

    if (n < 0 && errno == EAGAIN) {
        c->writable = false;
        return true;
    }
    if (n < 0)
        return errno == EINTR;
    c->out_at += (size_t)n;
    c->rate_bytes += (uint64_t)n;
    return true;
}

void conn_flush(struct conn *c)
{
    struct exchange *x = c->x;

    if (c->state == CONN_DEAD)
        return;
    while (!c->broken && conn_unsent(c) > 0 && c->writable)
        c->broken |= !send_some(c);
    if (c->broken) {
        conn_close(c);
        return;
    }
    if (conn_unsent(c) == 0) {
        if (x && !x->finished)
            buf_clear(&c->out); /* a stream will fill it again */
        else
            loop_give_buf(c->loop, &c->out);
        c->out_at = 0;
    } else if (c->out_at >= LOW_WATER_BYTES) {
        buf_drop_front(&c->out, c->out_at);
        c->out_at = 0;
    }
    if (x && x->wants_room && conn_unsent(c) <= LOW_WATER_BYTES) {
        x->wants_room = false;
        if (!x->finished)
            c->loop->service->on_writable(c->loop->service->ctx, x);
    }
    if (conn_unsent(c) == 0 && c->state == CONN_CLOSING)
        end_politely(c, false);
    else if (conn_unsent(c) == 0 && c->x && c->x->finished)
        end_exchange(c);
    conn_watch_rate(c);
}
