/* SPDX-License-Identifier: MIT */
/* Growing bytes. One flag instead of a result per call keeps the code that fills a buffer a straight line. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max = max_bytes};
}
void buf_init_secret(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max = max_bytes, .secret = true};
}

static void release(struct buf *b, char *p, size_t n)
{
    if (b->secret && p)
        explicit_bzero(p, n);
    free(p);
}

void buf_done(struct buf *b)
{
    release(b, b->p, b->cap);
    *b = (struct buf){.max = b->max, .secret = b->secret};
}

void buf_clear(struct buf *b)
{
    if (b->secret && b->p)
        explicit_bzero(b->p, b->n);
    b->n = 0;
    b->full = false;
}

char *buf_room(struct buf *b, size_t n)
{
    if (b->full || n > b->max - b->n) {
        b->full = true;
        return NULL;
    }
    if (b->cap - b->n < n) {
        size_t cap = b->cap ? b->cap : 256;
        while (cap - b->n < n)
            cap *= 2;
        if (cap > b->max)
            cap = b->max;
        char *p = malloc(cap);
        if (!p)
            abort();
        if (b->n)
            memcpy(p, b->p, b->n);
        release(b, b->p, b->cap);
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_took(struct buf *b, size_t n)
{
    b->n += n;
}

void buf_add_u64(struct buf *b, uint64_t v)
{
    char digits[20];
    size_t i = sizeof digits;

    do
        digits[--i] = (char)('0' + v % 10);
    while (v /= 10);
    buf_add_bytes(b, digits + i, sizeof digits - i);
}

void buf_add_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_add_char(b, '-');
    buf_add_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    char *room = buf_room(b, 1); /* for the terminator, which is not counted */

    if (!room)
        return;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(room, b->cap - b->n, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n >= b->cap - b->n) { /* once more, with room enough */
        room = buf_room(b, (size_t)n + 1);
        if (room)
            vsnprintf(room, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    if (n >= 0 && room)
        b->n += (size_t)n;
}

void buf_drop_front(struct buf *b, size_t n)
{
    if (n >= b->n) {
        buf_clear(b);
        return;
    }
    memmove(b->p, b->p + n, b->n - n);
    if (b->secret)
        explicit_bzero(b->p + b->n - n, n);
    b->n -= n;
}
