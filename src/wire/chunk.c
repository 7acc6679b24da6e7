/* SPDX-License-Identifier: MIT */
/* Own code instead of llhttp's: it can stop at any byte for backpressure, bounds extensions and trailers, and reads a
 * line end as CRLF only. */
#include "wire/chunk.h"

enum {
    SIZE_FIRST,
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_FIRST,
    TRAILER_NAME,
    TRAILER,
    TRAILER_LF,
    END_LF,
};

enum { OVERHEAD_BYTES = 8192 }; /* of one chunk's size line, or of all trailers: no honest client comes near */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_text(char c)
{
    return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

static int after_size(char c)
{
    if (c == '\r')
        return SIZE_LF;
    return c == ';' || c == ' ' || c == '\t' ? EXTENSION : -1;
}

static int step_size(struct chunked *k, char c)
{
    int digit = hex_value(c);

    if (digit < 0)
        return k->state == SIZE_FIRST ? -1 : after_size(c);
    if (k->left >> 56) /* eight more bits would still fit: an end well before overflow */
        return -1;
    k->left = k->left << 4 | (uint64_t)digit;
    return SIZE;
}

static bool is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && __builtin_strchr("!#$%&'*+-.^_`|~", c)); /* RFC 9110 5.6.2 */
}

/* One byte of framing; the next state or -1. */
static int step(struct chunked *k, char c)
{
    switch (k->state) {
    case SIZE_FIRST:
    case SIZE:
        return step_size(k, c);
    case EXTENSION:
        return c == '\r' ? SIZE_LF : is_text(c) ? EXTENSION : -1;
    case SIZE_LF:
        k->spent = k->left ? 0 : k->spent;
        return c != '\n' ? -1 : k->left ? DATA : TRAILER_FIRST;
    case DATA_CR:
        return c == '\r' ? DATA_LF : -1;
    case DATA_LF:
        return c == '\n' ? SIZE_FIRST : -1;
    case TRAILER_FIRST: /* trailers are read past, not handed on: nothing in them is signed */
        return c == '\r' ? END_LF : is_token(c) ? TRAILER_NAME : -1;
    case TRAILER_NAME:
        return c == ':' ? TRAILER : is_token(c) ? TRAILER_NAME : -1;
    case TRAILER:
        return c == '\r' ? TRAILER_LF : is_text(c) ? TRAILER : -1;
    case TRAILER_LF:
        return c == '\n' ? TRAILER_FIRST : -1;
    default:
        k->done = c == '\n';
        return c == '\n' ? END_LF : -1;
    }
}

ptrdiff_t chunked_next(struct chunked *k, str in, str *piece)
{
    size_t at = 0;

    *piece = S("");
    while (at < in.n && !k->done) {
        if (k->state == DATA) {
            size_t n = in.n - at < k->left ? in.n - at : (size_t)k->left;
            *piece = str_n(in.p + at, n);
            k->left -= n;
            if (k->left == 0)
                k->state = DATA_CR;
            return (ptrdiff_t)(at + n);
        }
        int next = ++k->spent > OVERHEAD_BYTES ? -1 : step(k, in.p[at++]);
        if (next < 0)
            return -1;
        k->state = next;
    }
    return (ptrdiff_t)at;
}
