/* SPDX-License-Identifier: MIT */
/* An exchange as the application sees it. Every x_ function only queues or marks: nothing is sent, freed or called back
 * from within it, so that it may be called from any callback. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "wire/loop.h"

struct exchange *exchange_new(struct conn *c, str head, int *refused)
{
    struct loop *l = c->loop;
    struct exchange **list = l->free_exchanges ? &l->free_exchanges : &l->bare_exchanges, *x = *list;

    if (x)
        *list = x->next_free;
    else
        x = ARENA_NEW(l->arena, struct exchange);
    l->n_spare_exchanges -= list == &l->free_exchanges;
    struct arena *arena = x->arena ? x->arena : arena_new(l->limits.arena_bytes);
    *x = (struct exchange){.conn = c, .loop = l, .arena = arena, .holds = 1};
    *refused = head_parse_request(arena_dup(arena, head), &l->limits, arena, &x->request, &x->facts);
    if (*refused) {
        x_release(x);
        return NULL;
    }
    x->request.origin = c->origin;
    x->body_left = x->request.content_length;
    x->body_done = !x->request.has_body;
    return x;
}

void exchange_gone(struct exchange *x)
{
    x->conn->x = NULL;
    x->conn = NULL;
    if (x->loop->service->on_gone)
        x->loop->service->on_gone(x->loop->service->ctx, x);
    x_release(x);
}

void exchange_drop_spares(struct loop *l)
{
    for (struct exchange *x = l->free_exchanges; x; x = x->next_free)
        arena_free(x->arena);
    l->free_exchanges = NULL;
}

void x_hold(struct exchange *x)
{
    x->holds++;
}

void x_release(struct exchange *x)
{
    struct loop *l = x->loop;

    if (--x->holds > 0)
        return;
    bool spare = l->n_spare_exchanges < SPARES;
    struct exchange **list = spare ? &l->free_exchanges : &l->bare_exchanges;
    if (spare) {
        arena_reset(x->arena);
    } else { /* after a crowd only some arenas stay warm */
        arena_free(x->arena);
        x->arena = NULL;
    }
    l->n_spare_exchanges += spare;
    x->next_free = *list;
    *list = x;
}

bool x_is_gone(const struct exchange *x)
{
    return !x->conn;
}
const struct http_request *x_request(const struct exchange *x)
{
    return &x->request;
}
struct arena *x_arena(struct exchange *x)
{
    return x->arena;
}
void x_set_data(struct exchange *x, void *data)
{
    x->data = data;
}
void *x_data(const struct exchange *x)
{
    return x->data;
}
struct loop *x_loop(struct exchange *x)
{
    return x->loop;
}

/* ---- the request's body ---- */

void x_accept(struct exchange *x)
{
    if (!x->conn || x->accepted)
        return;
    x->accepted = true;
    if (x->request.expects_continue && !x->replied) {
        buf_add(conn_out(x->conn), S("HTTP/1.1 100 Continue\r\n\r\n"));
        conn_mark_dirty(x->conn);
    }
    conn_mark_ready(x->conn);
}

void x_pause(struct exchange *x)
{
    x->paused = true;
}

void x_resume(struct exchange *x)
{
    x->paused = false;
    if (x->conn)
        conn_mark_ready(x->conn);
}

/* ---- the reply ---- */

static const struct {
    int status;
    const char *text;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {424, "Failed Dependency"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

static str reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return str_z(reasons[i].text);
    return S("Status");
}

/* A line break in a value would let its author write headers of his own. */
static void add_clean(struct buf *b, str s)
{
    size_t from = b->n;

    buf_add(b, s);
    for (size_t i = from; i < b->n; i++)
        if ((unsigned char)b->p[i] < ' ' || b->p[i] == 0x7f)
            b->p[i] = ' ';
}

static void add_status_and_date(struct loop *l, struct buf *b, int status)
{
    buf_add(b, S("HTTP/1.1 "));
    buf_add_u64(b, (uint64_t)status);
    buf_add_char(b, ' ');
    buf_add(b, reason(status));
    buf_add(b, S("\r\nDate: "));
    buf_add(b, loop_date(l));
    buf_add(b, S("\r\n"));
}

/* Queues the head. Decides here, where the client is told, whether the connection outlives this exchange. */
static struct buf *begin(struct exchange *x, int status, const struct header *headers, size_t n, uint64_t length,
                         size_t body_bytes)
{
    struct conn *c = x->conn;
    struct buf *b = conn_out(c);
    size_t room = 256 + body_bytes;
    bool framed = status >= 200 && status != 204 && status != 304;

    for (size_t i = 0; i < n; i++)
        room += headers[i].name.n + headers[i].value.n + 4;
    buf_room(b, room); /* one growth instead of several */
    x->replied = true;
    x->bodyless = !framed || str_eq(x->request.method, S("HEAD"));
    x->chunked_reply = framed && length == HTTP_LENGTH_UNKNOWN && !x->facts.http10;
    x->keep_alive = x->facts.keep_alive && x->body_done && !c->loop->stopping &&
                    (length != HTTP_LENGTH_UNKNOWN || x->chunked_reply || x->bodyless);
    add_status_and_date(c->loop, b, status);
    for (size_t i = 0; i < n; i++) {
        add_clean(b, headers[i].name);
        buf_add(b, S(": "));
        add_clean(b, headers[i].value);
        buf_add(b, S("\r\n"));
    }
    if (x->chunked_reply) {
        buf_add(b, S("Transfer-Encoding: chunked\r\n"));
    } else if (framed && length != HTTP_LENGTH_UNKNOWN) {
        buf_add(b, S("Content-Length: "));
        buf_add_u64(b, length);
        buf_add(b, S("\r\n"));
    }
    if (!x->keep_alive)
        buf_add(b, S("Connection: close\r\n"));
    else if (x->facts.http10)
        buf_add(b, S("Connection: keep-alive\r\n"));
    buf_add(b, S("\r\n"));
    conn_mark_dirty(c);
    return b;
}

void x_reply(struct exchange *x, int status, const struct header *headers, size_t n, str body)
{
    if (!x->conn || x->replied)
        return;
    struct buf *b = begin(x, status, headers, n, body.n, body.n);
    if (!x->bodyless)
        buf_add(b, body);
    x->finished = true;
}

void x_reply_begin(struct exchange *x, int status, const struct header *headers, size_t n, uint64_t content_length)
{
    if (!x->conn || x->replied)
        return;
    begin(x, status, headers, n, content_length, 0);
    x->reply_left = content_length;
}

bool x_write(struct exchange *x, str piece)
{
    char size[24];

    if (!x->conn || !x->replied || x->finished || x->bodyless || piece.n == 0)
        return true;
    struct buf *b = conn_out(x->conn);
    if (x->reply_left != HTTP_LENGTH_UNKNOWN && piece.n > x->reply_left) {
        log_error("a reply to %.*s is longer than it announced", FMT(x->request.path));
        x_close(x);
        return true;
    }
    if (x->reply_left != HTTP_LENGTH_UNKNOWN)
        x->reply_left -= piece.n;
    if (x->chunked_reply)
        buf_add(b, str_n(size, (size_t)snprintf(size, sizeof size, "%zx\r\n", piece.n)));
    buf_add(b, piece);
    if (x->chunked_reply)
        buf_add(b, S("\r\n"));
    conn_mark_dirty(x->conn);
    x->wants_room = conn_unsent(x->conn) > AHEAD_BYTES;
    return !x->wants_room;
}

void x_reply_end(struct exchange *x)
{
    if (!x->conn || !x->replied || x->finished)
        return;
    x->finished = true;
    if (!x->bodyless && x->reply_left != HTTP_LENGTH_UNKNOWN && x->reply_left > 0) {
        log_error("a reply to %.*s is shorter than it announced", FMT(x->request.path));
        x_close(x);
        return;
    }
    if (x->chunked_reply && !x->bodyless)
        buf_add(conn_out(x->conn), S("0\r\n\r\n"));
    conn_mark_dirty(x->conn);
}

void x_close(struct exchange *x)
{
    if (!x->conn)
        return;
    x->conn->broken = true;
    conn_mark_dirty(x->conn);
}

/* ---- what is refused before there is an exchange ---- */

static const struct refusal {
    int status;
    const char *code, *message;
} refusals[] = {
    {408, "RequestTimeout", "The request did not arrive in time."},
    {414, "RequestURITooLong", "The request target is too long."},
    {417, "ExpectationFailed", "No expectation but 100-continue can be met."},
    {431, "RequestHeaderSectionTooLarge", "The request header is too large or has too many fields."},
    {505, "HTTPVersionNotSupported", "Only HTTP/1.1 and HTTP/1.0 are spoken here."},
    {400, "BadRequest", "The request is not valid HTTP."}, /* the last: for all others */
};

static const struct refusal *refusal_of(int status)
{
    const struct refusal *r = refusals, *last = refusals + sizeof refusals / sizeof refusals[0] - 1;

    while (r < last && r->status != status)
        r++;
    return r;
}

void reply_refusal(struct conn *c, int status)
{
    struct buf *b = conn_out(c);
    char body[320];
    const struct refusal *r = refusal_of(status);
    int n = snprintf(body, sizeof body,
                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message>"
                     "<RequestId>%016llX</RequestId></Error>",
                     r->code, r->message,
                     (unsigned long long)(c->loop->id_seed + ++c->loop->refusals * 0x9E3779B97F4A7C15ull));

    add_status_and_date(c->loop, b, status);
    buf_add(b, S("Content-Type: application/xml\r\nConnection: close\r\nContent-Length: "));
    buf_add_u64(b, (uint64_t)n);
    buf_add(b, S("\r\n\r\n"));
    buf_add_bytes(b, body, (size_t)n);
}
