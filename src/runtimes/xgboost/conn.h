/* SPDX-License-Identifier: MIT */
/* What http.c (sockets, deadlines) and request.c (the parser's calls) share; nobody else includes it. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_CONN_H
#define BARMKIN_RUNTIMES_XGBOOST_CONN_H
#include <llhttp/llhttp.h>

#include "runtimes/xgboost/http.h"

enum { READ_BYTES = 65536, KEEP_BYTES = 65536 };
enum state { IDLE, IN_HEADER, IN_BODY, DRAINING };

/* A header we care for, copied because it may arrive in pieces. */
struct text {
    char p[128];
    uint8_t n;
    bool set;
};

struct conn {
    struct server *server;
    struct conn *next_free;
    int fd; /* -1: not in use */
    enum state state;
    bool closing; /* no request after this one */
    bool sending; /* waits for room in the socket */
    int refused;  /* status of a request the parser was stopped for */
    int64_t deadline;
    size_t header_bytes, header_count, held;
    uint64_t length; /* Content-Length */
    struct text url, name, content_type, accept, expect, *value;
    str body; /* whole, in the read buffer or in `pieces` */
    struct buf pieces, out;
    size_t sent;
    llhttp_t parser;
};

struct server {
    const struct server_limits *limits;
    server_answer *answer;
    void *ctx;
    llhttp_settings_t settings;
    int epoll_fd, listen_fd, stop_fd;
    struct conn *conns, *free;
    size_t live, held;
    bool listening, stopping;
    int64_t now, swept, stop_at;
    struct buf reply;
    char in[READ_BYTES];
};

/* Sends what is there; a socket without room is left for EPOLLOUT. A broken one sets out.full. */
void conn_flush(struct conn *c);

/* ---- request.c ---- */
void request_settings(llhttp_settings_t *settings);
/* Appends a whole reply. */
void request_reply(struct conn *c, int status, const char *type, str body, bool head_only);
/* A reply of one sentence, after which the connection ends. */
void request_refuse(struct conn *c, int status);
/* Forgets the body and gives back what it held. */
void request_release(struct conn *c);

#endif
