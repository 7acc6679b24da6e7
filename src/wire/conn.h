/* SPDX-License-Identifier: MIT */
/* Inside wire/: a connection and the exchange on it. Nobody else includes this. */
#ifndef BARMKIN_WIRE_CONN_H
#define BARMKIN_WIRE_CONN_H
#include <sys/types.h>

#include "base/buf.h"
#include "wire/chunk.h"
#include "wire/head.h"
#include "wire/http.h"
#include "wire/timer.h"
#include "wire/tls.h"

/* What epoll hands back; always the first member of what it stands in. */
enum source_kind { SRC_WAKE, SRC_LISTENER, SRC_UDP, SRC_CONN, SRC_UPSTREAM };
struct source {
    enum source_kind kind;
};

struct listener;

enum conn_state { CONN_SNIFF, CONN_HANDSHAKE, CONN_HEAD, CONN_EXCHANGE, CONN_CLOSING, CONN_LINGER, CONN_DEAD };

struct conn {
    struct source src;
    enum conn_state state;
    int fd;
    bool plain_too;
    bool readable, writable; /* as far as edge-triggered epoll has told */
    bool hung;               /* epoll has told of an end: reads go on until it is seen */
    bool broken;             /* to be closed without ceremony in the flush stage */
    bool is_dirty, is_ready;
    struct tls_conn *tls; /* NULL: plain */
    struct loop *loop;
    struct exchange *x;
    struct buf in, out; /* not yet used; not yet sent */
    size_t in_at, out_at;
    size_t scanned; /* of a partial head */
    struct lane_link timer;
    int64_t rate_from_ms; /* since when the minimum rate is measured, 0: not */
    uint64_t rate_bytes;
    struct origin origin;
    struct conn *next_dirty, *next_ready, *next_free;
    struct conn *prev, *next; /* all that live */
};

struct exchange {
    struct http_request request;
    struct head_facts facts;
    struct conn *conn; /* NULL once gone */
    struct loop *loop;
    struct arena *arena;
    void *data;
    int holds; /* one of them is the connection's */
    bool accepted, paused, body_done, told_end;
    bool replied, finished; /* the reply has begun; is wholly queued */
    bool keep_alive, bodyless, chunked_reply, wants_room;
    uint64_t body_left, reply_left;
    struct chunked chunks;
    struct exchange *next_free;
};

/* conn.c */
void conn_open(struct loop *l, int fd, const struct listener *from, const struct origin *origin);
void conn_event(struct conn *c, uint32_t events);
void conn_pump(struct conn *c); /* uses what input there is, as far as the state allows */
void conn_mark_dirty(struct conn *c);
void conn_mark_ready(struct conn *c);
void conn_close(struct conn *c); /* now; tells the exchange that it is gone */
void conn_timed_out(struct loop *l, struct lane_link *link);
void conn_rate_tick(struct loop *l, struct lane_link *link);
void conn_quit_if_idle(struct conn *c);

bool conn_reads_body(const struct conn *c); /* more of a body is awaited from the client */
void conn_watch_rate(struct conn *c);
ssize_t conn_recv(struct conn *c, void *dst, size_t n); /* like recv, plain or TLS */

/* flush.c */
void conn_flush(struct conn *c);
struct buf *conn_out(struct conn *c); /* where bytes to be sent are added; then conn_mark_dirty */
static inline size_t conn_unsent(const struct conn *c)
{
    return c->out.n - c->out_at;
}

/* exchange.c */
struct exchange *exchange_new(struct conn *c, str head, int *refused); /* NULL: refused holds the status */
void exchange_gone(struct exchange *x);                                /* the connection lets go of it */
void exchange_drop_spares(struct loop *l);
void reply_refusal(struct conn *c, int status);

#endif
