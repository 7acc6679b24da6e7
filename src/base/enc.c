/* SPDX-License-Identifier: MIT */
/* Encodings. Small enough to own; the tables of the CRCs are made by the compiler's constant folding at first use. */
#include "base/enc.h"

#include <pthread.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

void hex_encode(const void *bytes, size_t n, char *dst)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < n; i++) {
        dst[2 * i] = hex_digits[b[i] >> 4];
        dst[2 * i + 1] = hex_digits[b[i] & 15];
    }
}

str hex_of(struct arena *a, str bytes)
{
    char *p = arena_alloc(a, bytes.n * 2 + 1);

    hex_encode(bytes.p, bytes.n, p);
    return str_n(p, bytes.n * 2);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(str text, void *dst, size_t n)
{
    unsigned char *out = dst;

    if (text.n != n * 2)
        return false;
    for (size_t i = 0; i < n; i++) {
        int hi = hex_value(text.p[2 * i]), lo = hex_value(text.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out[i] = (unsigned char)(hi << 4 | lo);
    }
    return true;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void base64_group(const unsigned char *in, size_t n, char out[4])
{
    uint32_t v = (uint32_t)in[0] << 16 | (n > 1 ? (uint32_t)in[1] << 8 : 0) | (n > 2 ? in[2] : 0);

    out[0] = base64_digits[v >> 18];
    out[1] = base64_digits[v >> 12 & 63];
    out[2] = n > 1 ? base64_digits[v >> 6 & 63] : '=';
    out[3] = n > 2 ? base64_digits[v & 63] : '=';
}

str base64_encode(struct arena *a, str bytes)
{
    size_t groups = (bytes.n + 2) / 3;
    char *p = arena_alloc(a, groups * 4 + 1);

    for (size_t i = 0; i < groups; i++)
        base64_group((const unsigned char *)bytes.p + 3 * i, bytes.n - 3 * i, p + 4 * i);
    return str_n(p, groups * 4);
}

void buf_add_base64(struct buf *b, str bytes)
{
    for (size_t at = 0; at < bytes.n; at += 3) {
        char out[4];
        base64_group((const unsigned char *)bytes.p + at, bytes.n - at, out);
        buf_add_bytes(b, out, 4);
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct arena *a, str text, str *bytes)
{
    if (text.n % 4)
        return false;
    size_t pad = text.n && text.p[text.n - 1] == '=' ? (text.p[text.n - 2] == '=' ? 2 : 1) : 0;
    size_t n = text.n / 4 * 3 - pad;
    char *p = arena_alloc(a, text.n / 4 * 3 + 1);

    for (size_t i = 0, o = 0; i < text.n; i += 4) {
        uint32_t v = 0;
        for (size_t k = 0; k < 4; k++) {
            bool padding = i + k >= text.n - pad;
            int digit = padding ? 0 : base64_value(text.p[i + k]);
            if (digit < 0)
                return false;
            v = v << 6 | (uint32_t)digit;
        }
        for (int shift = 16; shift >= 0; shift -= 8)
            p[o++] = (char)(v >> shift & 255);
    }
    *bytes = str_n(p, n);
    return true;
}

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

void buf_add_uri(struct buf *b, str s, bool keep_slash)
{
    static const char upper[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (unreserved((char)c) || (keep_slash && c == '/')) {
            buf_add_char(b, (char)c);
        } else {
            char out[3] = {'%', upper[c >> 4], upper[c & 15]};
            buf_add_bytes(b, out, 3);
        }
    }
}

str uri_encode(struct arena *a, str s, bool keep_slash)
{
    struct buf b;

    buf_init(&b, s.n * 3 + 1);
    buf_add_uri(&b, s, keep_slash);
    str out = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

bool uri_decode(struct arena *a, str s, bool plus_is_blank, str *out)
{
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%') {
            if (!hex_decode(str_sub(s, i + 1, 2), p + n, 1) || p[n] == 0)
                return false;
            n++;
            i += 2;
        } else {
            p[n++] = plus_is_blank && s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    *out = str_n(p, n);
    return true;
}

static uint32_t crc_tables[2][256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void crc_make(void)
{
    static const uint32_t reflected[2] = {0xedb88320u, 0x82f63b78u};

    for (int which = 0; which < 2; which++)
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;
            for (int bit = 0; bit < 8; bit++)
                c = c & 1 ? c >> 1 ^ reflected[which] : c >> 1;
            crc_tables[which][i] = c;
        }
}

static uint32_t crc_run(const uint32_t *table, uint32_t crc, str bytes)
{
    crc = ~crc;
    for (size_t i = 0; i < bytes.n; i++)
        crc = table[(crc ^ (unsigned char)bytes.p[i]) & 255] ^ crc >> 8;
    return ~crc;
}

uint32_t crc32_update(uint32_t crc, str bytes)
{
    pthread_once(&crc_once, crc_make);
    return crc_run(crc_tables[0], crc, bytes);
}

uint32_t crc32c_update(uint32_t crc, str bytes)
{
    pthread_once(&crc_once, crc_make);
    return crc_run(crc_tables[1], crc, bytes);
}
