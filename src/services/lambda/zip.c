/* SPDX-License-Identifier: MIT */
/* APPNOTE.TXT 6.3: the end of central directory record, the directory's headers, a stored file. */
#include "zip.h"

#include <string.h>

#include "base/enc.h"

enum {
    END_BYTES = 22,
    COMMENT_MAX = 65535,
    HEADER_BYTES = 46,
    ENTRIES_MAX = 65534, /* 65535 says zip64 */
    LOCAL_SIGNATURE = 0x04034b50,
    HEADER_SIGNATURE = 0x02014b50,
    END_SIGNATURE = 0x06054b50,
};

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32(const uint8_t *p)
{
    return u16(p) | u16(p + 2) << 16;
}

/* The end record stands before a comment of unknown length: looked for from the end, in blocks that overlap. */
static bool find_end(const struct zip_source *s, uint8_t end[END_BYTES], uint64_t *at)
{
    uint8_t block[1024];
    uint64_t lowest = s->size > END_BYTES + COMMENT_MAX ? s->size - END_BYTES - COMMENT_MAX : 0, high = s->size;

    while (high >= lowest + END_BYTES) {
        uint64_t low = high - lowest > sizeof block ? high - sizeof block : lowest;
        size_t n = (size_t)(high - low);
        if (!s->read(s->ctx, low, block, n))
            return false;
        for (size_t i = n - END_BYTES + 1; i-- > 0;)
            if (u32(block + i) == END_SIGNATURE && low + i + END_BYTES + u16(block + i + 20) == s->size) {
                memcpy(end, block + i, END_BYTES);
                *at = low + i;
                return true;
            }
        if (low == lowest)
            return false;
        high = low + END_BYTES - 1;
    }
    return false;
}

bool zip_read(const struct zip_source *s, struct zip_facts *out)
{
    uint8_t end[END_BYTES], header[HEADER_BYTES];
    uint64_t at, end_at;

    *out = (struct zip_facts){0};
    if (!find_end(s, end, &end_at))
        return false;
    uint64_t entries = u16(end + 10), bytes = u32(end + 12);
    at = u32(end + 16);
    if (u16(end + 4) || u16(end + 6) || u16(end + 8) != entries || entries > ENTRIES_MAX || at + bytes != end_at)
        return false;
    for (; out->entries < entries; out->entries++) {
        if (at + HEADER_BYTES > end_at || !s->read(s->ctx, at, header, sizeof header) ||
            u32(header) != HEADER_SIGNATURE)
            return false;
        if (u32(header + 24) == UINT32_MAX || u32(header + 20) == UINT32_MAX)
            return false;
        out->unpacked_bytes += u32(header + 24);
        at += HEADER_BYTES + u16(header + 28) + u16(header + 30) + u16(header + 32);
    }
    return at == end_at;
}

/* ---- making one ---- */

static void put16(struct buf *b, uint32_t v)
{
    buf_add_char(b, (char)(v & 255));
    buf_add_char(b, (char)(v >> 8 & 255));
}

static void put32(struct buf *b, uint32_t v)
{
    put16(b, v & 65535);
    put16(b, v >> 16);
}

/* What both headers of a file have: version, flags, stored, 1980-01-01, checksum, sizes, the name's length. */
static void put_common(struct buf *b, str name, str content)
{
    put16(b, 20);
    put16(b, 0x0800); /* the name is UTF-8 */
    put16(b, 0);
    put16(b, 0);
    put16(b, 0x0021);
    put32(b, crc32_update(0, content));
    put32(b, (uint32_t)content.n);
    put32(b, (uint32_t)content.n);
    put16(b, (uint32_t)name.n);
    put16(b, 0);
}

void zip_one(struct buf *b, str name, str content)
{
    put32(b, LOCAL_SIGNATURE);
    put_common(b, name, content);
    buf_add(b, name);
    buf_add(b, content);
    size_t at = b->n;
    put32(b, HEADER_SIGNATURE);
    put16(b, 3 << 8 | 20); /* made on Unix: it has modes */
    put_common(b, name, content);
    put16(b, 0);
    put16(b, 0);
    put16(b, 0);
    put32(b, (uint32_t)0100644 << 16);
    put32(b, 0);
    buf_add(b, name);
    size_t bytes = b->n - at;
    put32(b, END_SIGNATURE);
    put32(b, 0);
    put16(b, 1);
    put16(b, 1);
    put32(b, (uint32_t)bytes);
    put32(b, (uint32_t)at);
    put16(b, 0);
}
