/* SPDX-License-Identifier: MIT */
/* Fuzzes the request parser and the chunk decoder on bytes. What must hold: the answer does not depend on where the
 * input was cut; every str lies within the head; and where llhttp takes the whole message too, it sees the same body.
 */
#include <llhttp/llhttp.h>
#include <stdlib.h>
#include <string.h>

#include "wire/chunk.h"
#include "wire/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static ptrdiff_t find_end(str all, size_t step)
{
    size_t scanned = 0;
    ptrdiff_t end = 0;

    for (size_t n = step < all.n ? step : all.n; end == 0; n = n + step < all.n ? n + step : all.n) {
        end = head_find_end(str_sub(all, 0, n), &scanned);
        if (n == all.n)
            break;
    }
    return end;
}

static bool within(str whole, str part)
{
    return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

static void check_request(const struct http_request *r, str head)
{
    must(within(head, r->method) && within(head, r->target) && r->target.n > 0);
    must(r->path.n > 0 && r->n_headers <= 100);
    for (size_t i = 0; i < r->n_headers; i++) {
        must(r->headers[i].name.n > 0 && within(head, r->headers[i].name));
        must(r->headers[i].value.n == 0 || within(head, r->headers[i].value));
        must(str_find(r->headers[i].value, '\n') < 0 && str_find(r->headers[i].value, '\0') < 0);
    }
    must(http_header_count(r, S("host")) <= 1 && http_header_count(r, S("content-length")) <= 1);
    must(!(r->chunked && r->content_length));
}

struct outcome {
    bool bad, done;
    size_t used, body;
};

static struct outcome dechunk(str in, size_t step)
{
    struct chunked k = {0};
    struct outcome o = {0};

    while (!k.done && o.used < in.n) {
        str piece, part = str_sub(in, o.used, step);
        ptrdiff_t n = chunked_next(&k, part, &piece);
        if (n < 0) {
            o.bad = true;
            return o;
        }
        must(n > 0 && (size_t)n <= part.n && (piece.n == 0 || within(part, piece)));
        o.used += (size_t)n;
        o.body += piece.n;
    }
    o.done = k.done;
    return o;
}

static size_t llhttp_body;

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    (void)p;
    (void)at;
    llhttp_body += n;
    return 0;
}

static int on_complete(llhttp_t *p)
{
    (void)p;
    return HPE_PAUSED;
}

/* Another parser's view: if it takes the same bytes as one message, it must find the same body. */
static void compare(str all, const struct outcome *o, size_t head_n)
{
    llhttp_settings_t settings = {.on_body = on_body, .on_message_complete = on_complete};
    llhttp_t p;

    llhttp_body = 0;
    llhttp_init(&p, HTTP_REQUEST, &settings);
    if (llhttp_execute(&p, all.p, all.n) != HPE_PAUSED)
        return;
    must(llhttp_get_error_pos(&p) == all.p + head_n + o->used);
    must(llhttp_body == o->body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct http_limits limits = {.header_bytes = 16384, .header_count = 100};
    struct arena *a = arena_new(8 << 20);
    struct http_request r = {0};
    struct head_facts f = {0};
    size_t step = n ? (size_t)data[0] + 1 : 1;
    str all = n ? arena_dup(a, str_n((const char *)data + 1, n - 1)) : S("");
    ptrdiff_t end = find_end(all, step);

    must(end == find_end(all, all.n ? all.n : 1) && end <= (ptrdiff_t)all.n);
    if (end > 0 && head_parse_request(str_sub(all, 0, (size_t)end), &limits, a, &r, &f) == 0) {
        str rest = str_from(all, (size_t)end);
        check_request(&r, str_sub(all, 0, (size_t)end));
        struct outcome o = dechunk(rest, step), whole = dechunk(rest, rest.n ? rest.n : 1);
        must(o.bad == whole.bad && o.done == whole.done && (o.bad || (o.used == whole.used && o.body == whole.body)));
        if (r.chunked && o.done)
            compare(all, &o, (size_t)end);
    }
    struct reply_head reply;
    if (end > 0)
        (void)head_parse_reply(str_sub(all, 0, (size_t)end), 64, a, &reply);
    arena_free(a);
    return 0;
}
