/* SPDX-License-Identifier: MIT */
/* A server's reply: interim heads, its own head, a body in one of three framings. */
#include "wire/incoming.h"

#include <string.h>

enum { HEADERS_MAX = 64, INTERIM_MAX = 8 };

/* Answers 1 when the head is there, 0 when more is needed, -1 when it is no good. */
static int read_head(struct incoming *in, str bytes, struct arena *a)
{
    while (in->interim++ < INTERIM_MAX) {
        str all = str_from(bytes, in->body_at);
        ptrdiff_t end = head_find_end(all, &in->scanned);
        if (end < 0 || (end == 0 && all.n > INCOMING_HEAD_BYTES))
            return -1;
        if (end == 0) {
            in->interim--;
            return 0;
        }
        str head = arena_dup(a, str_sub(all, 0, (size_t)end)); /* a copy: the bytes move as the body comes */
        in->head = (struct reply_head){0};
        if (!head_parse_reply(head, HEADERS_MAX, a, &in->head) || in->head.status == 101)
            return -1;
        in->body_at += (size_t)end;
        in->scanned = 0;
        if (in->head.status >= 200) {
            in->raw_at = in->body_at;
            in->has_head = true;
            return 1;
        }
    }
    return -1;
}

/* De-chunks in place: what is read is always ahead of where it is put. */
static int read_chunks(struct incoming *in, char *bytes, size_t n)
{
    while (!in->chunks.done && in->raw_at < n) {
        str piece;
        ptrdiff_t used = chunked_next(&in->chunks, str_n(bytes + in->raw_at, n - in->raw_at), &piece);
        if (used < 0)
            return -1;
        memmove(bytes + in->body_at + in->body_n, piece.p, piece.n);
        in->body_n += piece.n;
        in->raw_at += (size_t)used;
    }
    return in->chunks.done;
}

static int read_body(struct incoming *in, char *bytes, size_t n, const struct incoming_bounds *bounds, bool ended)
{
    const struct reply_head *h = &in->head;
    size_t have = n - in->body_at;

    if (h->has_length && h->content_length > bounds->body_bytes)
        return -1;
    if (bounds->to_head || h->status == 204 || h->status == 304)
        return 1;
    if (h->chunked)
        return read_chunks(in, bytes, n);
    in->body_n = h->has_length && h->content_length < have ? (size_t)h->content_length : have;
    return h->has_length ? have >= h->content_length : ended;
}

int incoming_read(struct incoming *in, char *bytes, size_t n, const struct incoming_bounds *bounds, bool ended,
                  struct arena *a)
{
    int step = in->has_head ? 1 : read_head(in, str_n(bytes, n), a);

    return step > 0 ? read_body(in, bytes, n, bounds, ended) : step;
}

size_t incoming_used(const struct incoming *in)
{
    return in->head.chunked ? in->raw_at : in->body_at + in->body_n;
}
