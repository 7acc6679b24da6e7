/* SPDX-License-Identifier: MIT */
/* What the tests of wire/ share: a loop on a thread of its own with a small application, and a blocking client. */
#ifndef BARMKIN_TESTS_UNIT_WIRE_RIG_H
#define BARMKIN_TESTS_UNIT_WIRE_RIG_H
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/time.h"
#include "wire/http.h"
#include "wire/tls.h"

struct rig {
    struct loop *loop;
    struct http_service service;
    int port;
    pthread_t thread;
    _Atomic int heads, gones, bads, last_bad, ends, batches, replies_seen_by_hook;
    _Atomic uint64_t body_bytes;
    struct exchange *_Atomic held;
    int up_port; /* where /up goes */
    _Atomic int up_connects;
    _Atomic uint64_t most_ahead;
};

struct rig_work { /* an exchange's data, in its arena */
    struct rig *rig;
    struct exchange *x;
    struct buf body;
    uint64_t seen, left;
    bool slow_pause;
};

static inline uint64_t rig_number(str query)
{
    uint64_t n = 0;

    (void)str_to_u64(query, &n);
    return n;
}

static inline void rig_free_buf(void *b)
{
    buf_done(b);
}

static inline void rig_pour(struct rig_work *w)
{
    static const char block[16384] = {'x'};

    while (w->left > 0) {
        size_t n = w->left < sizeof block ? (size_t)w->left : sizeof block;
        w->left -= n;
        if (!x_write(w->x, str_n(block, n)))
            return;
    }
    x_reply_end(w->x);
}

static inline void rig_reply_late(void *arg)
{
    struct exchange *x = arg;

    x_reply(x, 200, NULL, 0, S("late"));
    x_release(x);
}

static inline void rig_resume(void *arg)
{
    struct exchange *x = arg;

    x_resume(x);
    x_release(x);
}

static inline void rig_up_done(void *ctx, const struct upstream_reply *r)
{
    struct exchange *x = ctx;

    if (r->failed)
        x_reply(x, 502, NULL, 0, str_z(r->failed));
    else
        x_reply(x, r->status, NULL, 0, r->body);
    x_release(x);
}

static inline int rig_up_connect(void *ctx)
{
    struct rig *g = ((struct rig_work *)x_data(ctx))->rig;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)g->up_port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g->up_connects++;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

static inline void rig_ask_upstream(struct rig_work *w)
{
    str q = x_request(w->x)->query;
    str head = arena_printf(x_arena(w->x), "GET /%.*s HTTP/1.1\r\nHost: model\r\n\r\n", FMT(q));

    x_hold(w->x);
    loop_upstream(x_loop(w->x), S("model"), rig_up_connect, head, 4096, 500, rig_up_done, w->x);
}

static inline void rig_on_head(void *ctx, struct exchange *x)
{
    const struct header type = {S("Content-Type"), S("text/plain")};
    const struct http_request *r = x_request(x);
    struct rig_work *w = ARENA_NEW(x_arena(x), struct rig_work);

    *w = (struct rig_work){.rig = ctx, .x = x};
    buf_init(&w->body, 64 << 20);
    arena_defer(x_arena(x), rig_free_buf, &w->body);
    x_set_data(x, w);
    w->rig->heads++;
    if (str_eq(r->path, S("/hello"))) {
        x_reply(x, 200, &type, 1, S("hello"));
    } else if (str_eq(r->path, S("/facts"))) {
        x_reply(x, 200, &type, 1,
                arena_printf(x_arena(x), "%.*s|%.*s|%.*s|tls=%d|peer=%x|tag=%s", FMT(r->method), FMT(r->path),
                             FMT(r->query), r->origin.tls, r->origin.peer_ip, (const char *)r->origin.listener));
    } else if (str_eq(r->path, S("/split"))) {
        const struct header evil = {S("X-Evil"), S("a\r\nSet-Cookie: b")};
        x_reply(x, 200, &evil, 1, S("ok"));
    } else if (str_eq(r->path, S("/refuse"))) {
        x_reply(x, 403, &type, 1, S("no"));
    } else if (str_eq(r->path, S("/break"))) {
        x_close(x);
    } else if (str_eq(r->path, S("/hold"))) {
        x_hold(x);
        w->rig->held = x;
    } else if (str_eq(r->path, S("/late"))) {
        x_hold(x);
        loop_after(x_loop(x), (int64_t)rig_number(r->query), rig_reply_late, x);
    } else if (str_eq(r->path, S("/pour"))) {
        w->left = rig_number(r->query);
        x_reply_begin(x, 200, &type, 1, w->left);
        rig_pour(w);
    } else if (str_eq(r->path, S("/chunks"))) {
        w->left = rig_number(r->query);
        x_reply_begin(x, 200, &type, 1, HTTP_LENGTH_UNKNOWN);
        rig_pour(w);
    } else if (str_eq(r->path, S("/short"))) {
        x_reply_begin(x, 200, &type, 1, 100);
        x_write(x, S("only this"));
        x_reply_end(x);
    } else if (str_eq(r->path, S("/up"))) {
        rig_ask_upstream(w);
    } else if (str_eq(r->path, S("/drop"))) {
        loop_upstream_drop(x_loop(x), S("model"));
        x_reply(x, 200, NULL, 0, S("dropped"));
    } else { /* /echo, /sink, /pause */
        w->slow_pause = str_eq(r->path, S("/pause"));
        x_accept(x);
    }
}

static inline void rig_on_body(void *ctx, struct exchange *x, str piece)
{
    struct rig_work *w = x_data(x);
    struct rig *g = ctx;

    g->body_bytes += piece.n;
    w->seen += piece.n;
    if (str_eq(x_request(x)->path, S("/echo")))
        buf_add(&w->body, piece);
    if (w->slow_pause) {
        x_pause(x);
        x_hold(x);
        loop_after(x_loop(x), 20, rig_resume, x);
    }
}

static inline void rig_on_body_end(void *ctx, struct exchange *x)
{
    struct rig_work *w = x_data(x);
    struct rig *g = ctx;

    g->ends++;
    if (str_eq(x_request(x)->path, S("/echo")))
        x_reply(x, 200, NULL, 0, buf_str(&w->body));
    else
        x_reply(x, 200, NULL, 0, arena_printf(x_arena(x), "%llu", (unsigned long long)w->seen));
}

static inline void rig_on_writable(void *ctx, struct exchange *x)
{
    (void)ctx;
    rig_pour(x_data(x));
}

static inline void rig_on_gone(void *ctx, struct exchange *x)
{
    struct rig *g = ctx;

    (void)x;
    g->gones++;
}

static inline void rig_on_bad(void *ctx, const struct origin *o, int status)
{
    struct rig *g = ctx;

    (void)o;
    g->bads++;
    g->last_bad = status;
}

static inline void rig_batch(void *arg)
{
    ((struct rig *)arg)->batches++;
}

static inline int rig_listen_fd(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 512), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static inline void *rig_thread(void *arg)
{
    struct rig *g = arg;

    loop_run(g->loop, NULL);
    return NULL;
}

static const struct http_limits rig_limits = {
    .header_bytes = 16 * 1024,
    .header_count = 100,
    .header_deadline_ms = 400,
    .idle_ms = 1500,
    .min_body_bytes_per_s = 1000,
    .max_connections = 1000,
    .body_grace_ms = 300,
    .write_grace_ms = 5000,
    .stop_ms = 3000,
};

static inline void rig_start_tls(struct rig *g, const struct http_limits *limits, struct tls_server *tls,
                                 bool plain_too, void *issue_ctx)
{
    struct err e = {0};
    int fd;

    *g = (struct rig){.service = {.ctx = g,
                                  .on_head = rig_on_head,
                                  .on_body = rig_on_body,
                                  .on_body_end = rig_on_body_end,
                                  .on_writable = rig_on_writable,
                                  .on_gone = rig_on_gone,
                                  .on_bad = rig_on_bad}};
    assert_true(is_ok(loop_new(&g->service, limits ? limits : &rig_limits, tls, &g->loop, &e)));
    fd = rig_listen_fd(&g->port);
    assert_true(is_ok(loop_listen(g->loop, fd, plain_too, (void *)(uintptr_t) "door", &e)));
    loop_tick(g->loop, rig_batch, g);
    loop_tls_context(g->loop, issue_ctx);
    assert_int_equal(pthread_create(&g->thread, NULL, rig_thread, g), 0);
}

static inline void rig_start(struct rig *g, const struct http_limits *limits, struct tls_server *tls, bool plain_too)
{
    rig_start_tls(g, limits, tls, plain_too, NULL);
}

static inline void rig_stop(struct rig *g)
{
    loop_stop(g->loop);
    pthread_join(g->thread, NULL);
    loop_free(g->loop);
}

/* ---- the client ---- */

static inline int rig_dial(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = 8};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static inline void rig_send(int fd, str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        assert_true(n > 0);
        bytes = str_from(bytes, (size_t)n);
    }
}

/* Reads one reply (its head and the body its Content-Length names, unless `no_body`) into dst. */
static inline str rig_reply(int fd, char *dst, size_t cap, bool no_body)
{
    size_t n = 0, want = cap;

    while (n < want) {
        ssize_t got = recv(fd, dst + n, 1, 0); /* byte by byte in the head, so as not to eat the next reply */
        if (got <= 0)
            break;
        n++;
        str all = str_n(dst, n);
        if (!str_ends(all, S("\r\n\r\n")))
            continue;
        ptrdiff_t at = str_search(all, S("Content-Length: "));
        uint64_t length = 0;
        str rest = at < 0 ? STR_ABSENT : str_from(all, (size_t)at + 16);
        if (at >= 0 && !no_body)
            (void)str_to_u64(str_trim(str_cut(&rest, '\r')), &length);
        want = n + (size_t)length;
        assert_true(want <= cap);
        while (n < want && (got = recv(fd, dst + n, want - n, 0)) > 0)
            n += (size_t)got;
        break;
    }
    return str_n(dst, n);
}

static inline str rig_read_all(int fd, char *dst, size_t cap)
{
    size_t n = 0;
    ssize_t got;

    while (n < cap && (got = recv(fd, dst + n, cap - n, 0)) > 0)
        n += (size_t)got;
    return str_n(dst, n);
}

static inline bool rig_is_closed(int fd)
{
    char byte;

    return recv(fd, &byte, 1, 0) <= 0 && errno != EAGAIN;
}

#define assert_has(hay, needle)                                                                                        \
    do {                                                                                                               \
        str hay_ = (hay), needle_ = (needle);                                                                          \
        if (str_search(hay_, needle_) < 0)                                                                             \
            fail_msg("\"%.*s\" does not hold \"%.*s\"", FMT(hay_), FMT(needle_));                                      \
    } while (0)

static inline void rig_wait(_Atomic int *what, int least)
{
    for (int i = 0; i < 800 && *what < least; i++)
        usleep(5000);
    assert_true(*what >= least);
}

#endif
