/* SPDX-License-Identifier: MIT */
/* Inside wire/: the loop and what is attached to it. Nobody else includes this. */
#ifndef BARMKIN_WIRE_LOOP_H
#define BARMKIN_WIRE_LOOP_H
#include <pthread.h>

#include "base/map.h"
#include "base/time.h"
#include "wire/conn.h"

enum {
    SCRATCH_BYTES = 64 * 1024,
    AHEAD_BYTES = 256 * 1024,    /* of a streamed reply, copied ahead of the socket */
    LOW_WATER_BYTES = 64 * 1024, /* on_writable comes below this */
    SPARES = 64,                 /* out buffers and exchanges kept warm */
    SPARE_BUF_BYTES = 64 * 1024, /* a larger out buffer is not kept */
    STOP_MS_DEFAULT = 10 * 1000,
    LINGER_MS = 1000,
    ACCEPTS_PER_EVENT = 64,
    READS_PER_TURN = 8, /* then another connection's turn */
};

struct listener {
    struct source src;
    int fd;
    bool plain_too, armed;
    void *tag;
    struct listener *next;
};

struct udp {
    struct source src;
    int fd;
    void *tag;
    void (*on_packet)(void *tag, int fd, const void *from, uint32_t from_len, str packet);
    struct udp *next;
};

struct post {
    void (*fn)(void *);
    void *arg;
};

struct upstreams; /* upstream.c */

struct loop {
    struct arena *arena; /* owns this struct and everything that is recycled */
    const struct http_service *service;
    struct http_limits limits;
    struct tls_server *tls;
    void *issue_ctx;
    int epoll_fd, wake_fd;
    struct source wake;
    int64_t now_ms;
    struct listener *listeners;
    struct udp *udps;
    bool accept_blocked; /* by the maximum of connections or by a lack of descriptors */
    char *scratch;
    struct conn *conns, *dirty, **dirty_end, *ready, **ready_end, *dead, *free_conns;
    size_t n_conns, n_spare_exchanges, n_spare_bufs;
    struct exchange *free_exchanges, *bare_exchanges; /* with a warm arena; without */
    struct buf spare_bufs[SPARES];
    struct lane head_lane, idle_lane, rate_lane, linger_lane;
    struct timers timers;
    void (*after_batch)(void *);
    void *after_batch_arg;
    _Atomic bool stop_asked;
    bool stopping;
    int64_t stop_by_ms;
    pthread_mutex_t post_lock;
    struct buf posts, running_posts; /* arrays of struct post; the first under post_lock */
    bool woken;                      /* under post_lock */
    char date[TIME_TEXT_BYTES];
    size_t date_n;
    int64_t date_second;
    uint64_t refusals, id_seed;
    struct upstreams *upstreams;
};

/* loop.c */
void udps_close(struct loop *l, const void *tag);
bool loop_watch(struct loop *l, int fd, uint32_t events, struct source *src);
void loop_refresh_now(struct loop *l);
str loop_date(struct loop *l); /* of this second, as RFC 9110 wants it */
struct buf loop_take_buf(struct loop *l);
void loop_give_buf(struct loop *l, struct buf *b);

/* listen.c */
void listener_event(struct loop *l, struct listener *from);
void listeners_close(struct loop *l);
void listeners_unblock(struct loop *l); /* a connection went: there is room again */

/* upstream.c */
void upstreams_new(struct loop *l);
void upstreams_free(struct loop *l);
void upstream_event(struct source *src, uint32_t events);
void upstreams_flush(struct upstreams *u); /* sends the requests of this batch */
bool upstreams_unsent(const struct upstreams *u);
void upstreams_reap(struct upstreams *u);
size_t upstreams_pending(const struct upstreams *u); /* exchanges with servers under way */
struct lane *upstreams_idle_lane(struct upstreams *u);

#endif
