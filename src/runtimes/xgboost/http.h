/* SPDX-License-Identifier: MIT */
/* The model server's HTTP/1.1: one thread, one epoll instance, whole requests in, whole replies out. Knows no routes.
 */
#ifndef BARMKIN_RUNTIMES_XGBOOST_HTTP_H
#define BARMKIN_RUNTIMES_XGBOOST_HTTP_H
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct server_request {
    str method, path;         /* path without its query */
    str content_type, accept; /* absent headers are absent; longer than 127 bytes: cut */
    str body;                 /* de-chunked; valid until the answer returns */
};

/* Answers one request: an HTTP status, the reply's body in `body` (given empty), its type in *type (a literal). */
typedef int server_answer(void *ctx, const struct server_request *r, struct buf *body, const char **type);

struct server_limits {
    size_t body_bytes;      /* of one request, 413 beyond */
    size_t reply_bytes;     /* of one reply */
    size_t held_bytes;      /* of all unfinished bodies and unsent replies together: 503 beyond */
    size_t header_bytes;    /* 431 beyond */
    size_t header_count;    /* likewise */
    size_t max_connections; /* further ones wait in the listen queue */
    int64_t header_ms;      /* from a request's first byte to the end of its header, absolute: 408 */
    int64_t request_ms;     /* from there to its last byte; and for each reply to be taken */
    int64_t idle_ms;        /* between requests */
    bool
        quick; /* answers take microseconds: clients are told that several requests may stand in line on a connection */
};
#define SERVER_LIMITS                                                                                                  \
    ((struct server_limits){6u << 20, 32u << 20, 96u << 20, 16384, 100, 256, 10000, 60000, 300000, false})

/* A listening, non-blocking TCP socket on every IPv4 address or on one ("127.0.0.1"); port 0 picks one. */
res server_listen(const char *address, uint16_t port, int *fd, struct err *e);

/* Serves until stop_fd becomes readable (an eventfd nobody reads), then finishes what is in flight, at most 5 s.
 * Several threads may serve one listen_fd. Neither descriptor is closed. */
res server_run(int listen_fd, int stop_fd, const struct server_limits *limits, server_answer *answer, void *ctx,
               struct err *e);

#endif
