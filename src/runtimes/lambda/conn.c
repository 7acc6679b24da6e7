/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 over a handful of loopback connections: llhttp parses, one request at a time, replies are small and whole.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtimes/lambda/host.h"

static const char *const known[HEADERS] = {"Barmkin-Request-Id", "Barmkin-Client-Context",
                                           "Lambda-Runtime-Function-Error-Type", "Barmkin-Trace-Id",
                                           "Barmkin-Function-Arn"};

int host_listen(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, CONNS_MAX) < 0)
        return -1;
    return fd;
}

/* ---- what llhttp says ---- */

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = p->data;

    buf_add_bytes(&c->heads, at, n);
    c->url_n += n;
    return c->heads.full ? -1 : 0;
}

static int on_name(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = p->data;

    if (c->which >= 0) { /* the value before this name has ended */
        c->which = -1;
        c->name_n = 0;
    }
    for (size_t i = 0; i < n && c->name_n < sizeof c->name; i++)
        c->name[c->name_n++] = at[i];
    return 0;
}

static int on_name_end(llhttp_t *p)
{
    struct conn *c = p->data;

    c->which = HEADERS; /* one that we do not know */
    for (int i = 0; i < HEADERS; i++)
        if (str_eq_nocase(str_n(c->name, c->name_n), str_z(known[i]))) {
            c->which = i;
            c->values[i].at = c->heads.n;
            c->values[i].n = 0;
        }
    return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = p->data;

    if (c->which >= 0 && c->which < HEADERS) {
        buf_add_bytes(&c->heads, at, n);
        c->values[c->which].n += n;
    }
    return c->heads.full ? -1 : 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = p->data;

    if (c->body.n + n > BODY_MAX)
        c->too_large = true;
    else
        buf_add_bytes(&c->body, at, n);
    return 0;
}

static int on_whole(llhttp_t *p)
{
    struct conn *c = p->data;

    c->whole = true;
    return HPE_PAUSED;
}

void conn_settings(llhttp_settings_t *s)
{
    llhttp_settings_init(s);
    s->on_url = on_url;
    s->on_header_field = on_name;
    s->on_header_field_complete = on_name_end;
    s->on_header_value = on_value;
    s->on_body = on_body;
    s->on_message_complete = on_whole;
}

/* ---- connections ---- */

static void forget_request(struct conn *c)
{
    buf_clear(&c->heads);
    buf_done(&c->body); /* may have been megabytes of the function's own memory */
    buf_init(&c->body, BODY_MAX);
    c->url_n = c->name_n = 0;
    c->which = -1;
    c->whole = c->too_large = c->held = false;
    for (int i = 0; i < HEADERS; i++)
        c->values[i].n = c->values[i].at = 0;
}

void conn_accept(struct host *h, int listener, bool front)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct conn *c = NULL;
    int one = 1;

    for (size_t i = 0; i < CONNS_MAX && !c; i++)
        if (h->conns[i].fd < 0)
            c = &h->conns[i];
    if (fd < 0 || !c) {
        if (fd >= 0)
            close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *c = (struct conn){.fd = fd, .front = front, .which = -1};
    buf_init(&c->in, (size_t)1 << 20);
    buf_init(&c->out, BODY_MAX + HEADS_MAX);
    buf_init(&c->heads, HEADS_MAX);
    buf_init(&c->body, BODY_MAX);
    llhttp_init(&c->parser, HTTP_REQUEST, &h->parse);
    c->parser.data = c;
}

void conn_close(struct host *h, struct conn *c)
{
    conn_gone(h, c);
    close(c->fd);
    buf_done(&c->in);
    buf_done(&c->out);
    buf_done(&c->heads);
    buf_done(&c->body);
    c->fd = -1;
}

void conn_flush(struct host *h, struct conn *c)
{
    while (c->sent < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0) {
            conn_close(h, c);
            return;
        }
        c->sent += (size_t)n;
    }
    buf_done(&c->out);
    buf_init(&c->out, BODY_MAX + HEADS_MAX);
    c->sent = 0;
    if (c->close_after)
        conn_close(h, c);
}

void conn_reply(struct host *h, struct conn *c, int status, const char *headers, str body)
{
    const char *reason = status == 200 ? "OK" : status == 202 ? "Accepted" : "Refused";

    buf_printf(&c->out, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n", status,
               reason, body.n, headers);
    buf_add(&c->out, body);
    forget_request(c);
    conn_flush(h, c);
}

static str value_of(const struct conn *c, int which)
{
    return c->values[which].at ? str_n(c->heads.p + c->values[which].at, c->values[which].n) : STR_ABSENT;
}

static void take_request(struct host *h, struct conn *c)
{
    struct request r = {.method = str_z(llhttp_method_name(llhttp_get_method(&c->parser))),
                        .path = str_n(c->heads.p, c->url_n),
                        .body = buf_str(&c->body)};

    for (int i = 0; i < HEADERS; i++)
        r.headers[i] = value_of(c, i);
    c->close_after = !llhttp_should_keep_alive(&c->parser);
    llhttp_resume(&c->parser);
    c->held = true;
    conn_request(h, c, &r);
}

/* Everything that came is parsed up to the end of a request; the next one waits until this one is answered. */
static void parse(struct host *h, struct conn *c)
{
    while (c->fd >= 0 && !c->held && c->in.n) {
        enum llhttp_errno why = llhttp_execute(&c->parser, c->in.p, c->in.n);
        if (why != HPE_OK && why != HPE_PAUSED) {
            conn_close(h, c);
            return;
        }
        buf_drop_front(&c->in, why == HPE_PAUSED ? (size_t)(llhttp_get_error_pos(&c->parser) - c->in.p) : c->in.n);
        if (c->whole)
            take_request(h, c);
    }
}

void conn_readable(struct host *h, struct conn *c)
{
    for (;;) {
        char *room = buf_room(&c->in, 65536);
        ssize_t n = room ? recv(c->fd, room, 65536, 0) : 0;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            conn_close(h, c);
            return;
        }
        buf_took(&c->in, (size_t)n);
        parse(h, c);
        if (c->fd < 0 || c->held)
            return;
    }
}
