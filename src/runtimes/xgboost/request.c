/* SPDX-License-Identifier: MIT */
/* One request as the parser tells it, piece by piece, and the reply to it. */
#include <string.h>

#include "runtimes/xgboost/conn.h"

static void text_add(struct text *t, const char *p, size_t n)
{
    size_t room = sizeof t->p - 1 - t->n;

    n = n < room ? n : room;
    memcpy(t->p + t->n, p, n);
    t->n = (uint8_t)(t->n + n);
    t->set = true;
}
static str text_str(const struct text *t)
{
    return t->set ? str_n(t->p, t->n) : STR_ABSENT;
}
static void text_clear(struct text *t)
{
    t->n = 0;
    t->set = false;
}

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 204:
        return "No Content";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Request Entity Too Large";
    case 415:
        return "Unsupported Media Type";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

void request_reply(struct conn *c, int status, const char *type, str body, bool head_only)
{
    buf_add(&c->out, S("HTTP/1.1 "));
    buf_add_u64(&c->out, (uint64_t)status);
    buf_add_char(&c->out, ' ');
    buf_add_z(&c->out, reason_of(status));
    if (status != 204) {
        buf_add(&c->out, S("\r\nContent-Type: "));
        buf_add_z(&c->out, type);
        buf_add(&c->out, S("\r\nContent-Length: "));
        buf_add_u64(&c->out, body.n);
    }
    if (c->closing)
        buf_add(&c->out, S("\r\nConnection: close"));
    else if (c->server->limits->quick)
        buf_add(&c->out, S("\r\nBarmkin-Pipelines: yes"));
    buf_add(&c->out, S("\r\n\r\n"));
    if (!head_only && status != 204)
        buf_add(&c->out, body);
}

void request_release(struct conn *c)
{
    c->server->held -= c->held;
    c->held = 0;
    c->body = STR_ABSENT;
    buf_clear(&c->pieces);
    if (c->pieces.cap > KEEP_BYTES)
        buf_done(&c->pieces);
}

void request_refuse(struct conn *c, int status)
{
    c->closing = true;
    c->refused = status;
    request_reply(c, status, "text/plain", str_z(reason_of(status)), false);
}

/* ---- the parser's calls ---- */

static struct conn *conn_of(const llhttp_t *p)
{
    return p->data;
}

static int refuse(struct conn *c, int status)
{
    c->refused = status;
    return -1;
}

static int count_header(struct conn *c, size_t n)
{
    c->header_bytes += n;
    return c->header_bytes > c->server->limits->header_bytes ? refuse(c, 431) : 0;
}

static int on_message_begin(llhttp_t *p)
{
    struct conn *c = conn_of(p);

    c->header_bytes = c->header_count = 0;
    c->length = 0;
    c->state = IN_HEADER;
    c->deadline = c->server->now + c->server->limits->header_ms;
    c->value = NULL;
    text_clear(&c->url);
    text_clear(&c->name);
    text_clear(&c->content_type);
    text_clear(&c->accept);
    text_clear(&c->expect);
    return 0;
}

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = conn_of(p);

    text_add(&c->url, at, n);
    return count_header(c, n);
}

static int on_header_field(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = conn_of(p);

    text_add(&c->name, at, n);
    return count_header(c, n);
}

static int on_header_field_complete(llhttp_t *p)
{
    struct conn *c = conn_of(p);
    str name = text_str(&c->name);

    c->value = str_eq_nocase(name, S("content-type")) ? &c->content_type
               : str_eq_nocase(name, S("accept"))     ? &c->accept
               : str_eq_nocase(name, S("expect"))     ? &c->expect
                                                      : NULL;
    text_clear(&c->name);
    return ++c->header_count > c->server->limits->header_count ? refuse(c, 431) : 0;
}

static int on_header_value(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = conn_of(p);

    if (c->value)
        text_add(c->value, at, n);
    return count_header(c, n);
}

static int on_headers_complete(llhttp_t *p)
{
    struct conn *c = conn_of(p);
    struct server *s = c->server;

    c->state = IN_BODY;
    c->deadline = s->now + s->limits->request_ms;
    c->length = p->flags & F_CONTENT_LENGTH ? p->content_length : 0;
    if (c->length > s->limits->body_bytes)
        return refuse(c, 413);
    if (str_eq_nocase(text_str(&c->expect), S("100-continue"))) {
        buf_add(&c->out, S("HTTP/1.1 100 Continue\r\n\r\n"));
        conn_flush(c);
    }
    return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = conn_of(p);
    struct server *s = c->server;

    if (n == c->length && !c->pieces.n) {
        c->body = str_n(at, n);
        return 0;
    }
    if (c->pieces.n + n > s->limits->body_bytes)
        return refuse(c, 413);
    if (s->held + n > s->limits->held_bytes)
        return refuse(c, 503);
    s->held += n;
    c->held += n;
    buf_add_bytes(&c->pieces, at, n);
    c->body = buf_str(&c->pieces);
    return 0;
}

static int on_message_complete(llhttp_t *p)
{
    struct conn *c = conn_of(p);
    struct server *s = c->server;
    str path = text_str(&c->url), method = str_z(llhttp_method_name((llhttp_method_t)p->method));
    const char *type = "text/plain";
    bool full = c->url.n == sizeof c->url.p - 1; /* cut: no route is that long */

    c->closing = !llhttp_should_keep_alive(p) || p->upgrade || s->stopping;
    str query = path;
    struct server_request r = {.method = method,
                               .path = full ? S("") : str_cut(&query, '?'),
                               .content_type = text_str(&c->content_type),
                               .accept = text_str(&c->accept),
                               .body = c->body};
    buf_clear(&s->reply);
    int status = s->answer(s->ctx, &r, &s->reply, &type);
    request_reply(c, status, type, buf_str(&s->reply), str_eq(method, S("HEAD")));
    if (s->reply.cap > (size_t)16 * KEEP_BYTES)
        buf_done(&s->reply);
    request_release(c);
    c->state = IDLE;
    c->deadline = s->now + s->limits->idle_ms;
    return c->closing ? HPE_PAUSED : 0;
}

void request_settings(llhttp_settings_t *settings)
{
    llhttp_settings_init(settings);
    settings->on_message_begin = on_message_begin;
    settings->on_url = on_url;
    settings->on_header_field = on_header_field;
    settings->on_header_field_complete = on_header_field_complete;
    settings->on_header_value = on_header_value;
    settings->on_headers_complete = on_headers_complete;
    settings->on_body = on_body;
    settings->on_message_complete = on_message_complete;
}
