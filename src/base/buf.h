/* SPDX-License-Identifier: MIT */
/* The only thing that grows: bytes with a maximum they are born with. */
#ifndef BARMKIN_BASE_BUF_H
#define BARMKIN_BASE_BUF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct buf {
    char *p;
    size_t n, cap, max;
    bool full;   /* something did not fit: everything added from then on is dropped; check once, at the end */
    bool secret; /* wiped whenever memory is left behind */
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_init_secret(struct buf *b, size_t max_bytes);
void buf_done(struct buf *b);  /* frees; the struct may be initialised again */
void buf_clear(struct buf *b); /* empty, memory kept */

void buf_add_u64(struct buf *b, uint64_t v); /* decimal */
void buf_add_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room for n bytes at the end, not yet counted; NULL when it would pass the maximum. Then buf_took(b, used). */
char *buf_room(struct buf *b, size_t n);
void buf_took(struct buf *b, size_t n);

/* Inline, because a reply or a record is made of a hundred such pieces, most of them literals. */
static inline void buf_add_bytes(struct buf *b, const void *p, size_t n)
{
    char *room;

    if (n == 0) /* also where there is no memory yet to point into */
        return;
    room = !b->full && n <= b->cap - b->n ? b->p + b->n : buf_room(b, n);
    if (!room)
        return;
    memcpy(room, p, n);
    b->n += n;
}
static inline void buf_add(struct buf *b, str s)
{
    buf_add_bytes(b, s.p, s.n);
}
static inline void buf_add_z(struct buf *b, const char *z)
{
    buf_add_bytes(b, z, strlen(z));
}
static inline void buf_add_char(struct buf *b, char c)
{
    buf_add_bytes(b, &c, 1);
}

void buf_drop_front(struct buf *b, size_t n); /* moves the rest to the front */
static inline str buf_str(const struct buf *b)
{
    return (str){b->p ? b->p : "", b->n};
}

#endif
