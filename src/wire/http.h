/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 over TCP and TLS as an event loop: exchanges come in, replies go out, bodies stream both ways. */
#ifndef BARMKIN_WIRE_HTTP_H
#define BARMKIN_WIRE_HTTP_H
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct loop;     /* one epoll instance, one thread */
struct exchange; /* one request and its reply; lives from the end of its header until the reply is sent or it is gone */

/* What the socket knows about where a request came from; never taken from a header. */
struct origin {
    uint32_t peer_ip, peer_port;   /* IPv4, host order */
    uint32_t local_ip, local_port; /* after NAT: names the endpoint within the listener's namespace */
    void *listener;                /* the tag given to loop_listen */
    bool tls;
    uint8_t tls_version;    /* 12 or 13 for TLS 1.2 or 1.3; 0 without */
    const char *tls_cipher; /* static; NULL without */
    uint32_t peer_uid;      /* over a Unix socket: whose process it is; else UINT32_MAX */
    uint32_t peer_pid;      /* and which process; else 0 */
};

struct header {
    str name, value;
};

struct http_request {
    str method, target, path,
        query; /* target as sent; path and query are its parts, still encoded; query absent without '?' */
    const struct header *headers; /* in order, names as sent, values trimmed */
    size_t n_headers;
    bool has_body, expects_continue, chunked;
    uint64_t content_length; /* when not chunked */
    struct origin origin;
};
str http_header(const struct http_request *r, str name); /* first of that name without case, or absent */
size_t http_header_count(const struct http_request *r, str name);

/* The server side. Every callback runs on the loop's thread. The library answers 400/408/413/431/505 by itself to what
 * is not HTTP, before on_head. */
struct http_service {
    void *ctx;
    void (*on_head)(void *ctx, struct exchange *x);            /* header complete; body (if any) not yet read */
    void (*on_body)(void *ctx, struct exchange *x, str piece); /* a piece of the de-chunked body, only after x_accept */
    void (*on_body_end)(void *ctx, struct exchange *x);
    void (*on_writable)(void *ctx, struct exchange *x);            /* room again after x_write answered false */
    void (*on_gone)(void *ctx, struct exchange *x);                /* always last: client left, or reply done */
    void (*on_bad)(void *ctx, const struct origin *o, int status); /* what was refused before on_head, for counting */
};

struct http_limits {
    size_t header_bytes, header_count; /* 16 KiB, 100 */
    int64_t header_deadline_ms;        /* absolute, from the first byte or from accept */
    int64_t idle_ms;                   /* keep-alive */
    uint64_t min_body_bytes_per_s;     /* after a grace of 5 s */
    size_t max_connections;
    /* 0 means the default in brackets. */
    size_t target_bytes;                   /* longest request target, else 414 (8 KiB) */
    size_t arena_bytes;                    /* what one exchange's arena may hold (256 MiB) */
    int64_t body_grace_ms, write_grace_ms; /* before the minimum rate holds: bodies in (5 s), replies out (60 s) */
    int64_t stop_ms;                       /* how long loop_stop waits for what is in flight (10 s) */
};

const struct http_request *x_request(const struct exchange *x);
struct arena *x_arena(struct exchange *x); /* lives as long as the exchange */
void x_set_data(struct exchange *x, void *data);
void *x_data(const struct exchange *x);
/* Keeps the exchange's memory valid past on_gone, until x_release; after on_gone every other x_ function does nothing.
 * Loop's thread only. */
void x_hold(struct exchange *x);
void x_release(struct exchange *x);
bool x_is_gone(const struct exchange *x);
/* Starts reading the body (sends 100 Continue where asked); on_body_end follows also where there is no body. Without
 * it, a reply closes a connection that has an unread body. */
void x_accept(struct exchange *x);
void x_pause(struct exchange *x); /* no more on_body until x_resume: backpressure */
void x_resume(struct exchange *x);
/* A whole reply. Headers do not include Content-Length, Date, Connection: the library adds them. body may be empty. */
void x_reply(struct exchange *x, int status, const struct header *headers, size_t n, str body);
/* A streamed reply of a known length, or HTTP_LENGTH_UNKNOWN (chunked); for HEAD, 204 and 304 no body is sent. x_write
 * always takes the whole piece (a copy); it answers false once more than 256 KiB wait to be sent: then write no more
 * until on_writable. */
#define HTTP_LENGTH_UNKNOWN UINT64_MAX
void x_reply_begin(struct exchange *x, int status, const struct header *headers, size_t n, uint64_t content_length);
bool x_write(struct exchange *x, str piece);
void x_reply_end(struct exchange *x);
void x_close(struct exchange *x); /* breaks the connection: a reply that cannot be finished */
struct loop *x_loop(struct exchange *x);

/* TLS contexts: answers with a certificate for an SNI name (absent: the default), cached by the loop's owner. */
struct tls_server; /* in wire/tls.h */

res loop_new(const struct http_service *service, const struct http_limits *limits, struct tls_server *tls,
             struct loop **out, struct err *e);
void loop_free(struct loop *l);
void loop_tls_context(struct loop *l, void *issue_ctx); /* what this loop's handshakes hand to tls_server's issue */
/* Takes over a bound, listening socket. TLS and plain are told apart by the first byte when `plain_too`. */
res loop_listen(struct loop *l, int fd, bool plain_too, void *tag, struct err *e);
/* Closes the listeners and UDP sockets with this tag; connections go on. Like loop_listen and loop_udp: on the loop's
 * thread, or before loop_run. */
void loop_unlisten(struct loop *l, void *tag);
/* Takes over a UDP socket (DNS). */
res loop_udp(struct loop *l, int fd, void *tag,
             void (*on_packet)(void *tag, int fd, const void *from, uint32_t from_len, str packet), struct err *e);
res loop_run(struct loop *l, struct err *e); /* until loop_stop */
void loop_stop(struct loop *l);              /* any thread: graceful, finishes what is in flight, at most 10 s */
void loop_post(struct loop *l, void (*fn)(void *),
               void *arg); /* any thread: runs fn(arg) on the loop's thread, in order */
void loop_tick(struct loop *l, void (*after_batch)(void *),
               void *arg); /* called after each epoll batch, before replies leave */
/* From the tick only: breaks every connection that has something to send, so that nothing of this batch leaves. */
void loop_break_replies(struct loop *l);
/* One-shot timer; returns an id for loop_cancel. */
uint64_t loop_after(struct loop *l, int64_t ms, void (*fn)(void *), void *arg);
void loop_cancel(struct loop *l, uint64_t id);

/* A client of the same loop: one exchange with a server over a connected socket (a model server). Pools idle sockets by
 * `pool`. */
struct upstream_reply {
    int status;
    const struct header *headers;
    size_t n_headers;
    str body;
    const char *failed; /* or NULL */
};
typedef void upstream_done(void *ctx, const struct upstream_reply *r);
/* connect_fd: answers a fresh connected non-blocking socket or -1; called only when the pool has no idle one. */
void loop_upstream(struct loop *l, str pool, int (*connect_fd)(void *ctx), str head_and_body, size_t max_reply_bytes,
                   int64_t timeout_ms, upstream_done *done, void *ctx);
void loop_upstream_drop(struct loop *l, str pool); /* closes the pool's idle sockets */

#endif
