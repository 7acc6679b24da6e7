/* SPDX-License-Identifier: MIT */
/* Work on borrowed text. Nothing here allocates. */
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fold.h"

bool str_eq_nocase(str a, str b)
{
    return a.n == b.n && str_starts_nocase(a, b);
}

int str_cmp(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    if (order)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts_nocase(str s, str prefix)
{
    if (s.n < prefix.n)
        return false;
    for (size_t i = 0; i < prefix.n; i += 8)
        if (fold_word(fold_load(s.p + i, prefix.n - i)) != fold_word(fold_load(prefix.p + i, prefix.n - i)))
            return false;
    return true;
}

bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq(str_from(s, s.n - suffix.n), suffix);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

str str_trim(str s)
{
    while (s.n && is_blank(s.p[0]))
        s = str_from(s, 1);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

ptrdiff_t str_find(str s, char c)
{
    const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;

    return hit ? hit - s.p : -1;
}

ptrdiff_t str_rfind(str s, char c)
{
    const char *hit = s.n ? memrchr(s.p, c, s.n) : NULL;

    return hit ? hit - s.p : -1;
}

ptrdiff_t str_search(str s, str needle)
{
    const char *hit = needle.n == 0 ? s.p : s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;

    return hit ? hit - s.p : -1;
}

str str_cut(str *rest, char sep)
{
    ptrdiff_t at = str_find(*rest, sep);
    str part = *rest;

    if (at < 0) {
        *rest = STR_ABSENT;
        return part;
    }
    *rest = str_from(*rest, (size_t)at + 1);
    return str_sub(part, 0, (size_t)at);
}

str str_behind(str s, char sep, size_t n)
{
    while (n--)
        (void)str_cut(&s, sep);
    return s;
}

bool str_to_u64(str s, uint64_t *out)
{
    uint64_t v = 0;

    if (s.n == 0 || s.n > 20)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

bool str_to_i64(str s, int64_t *out)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t v;

    if (!str_to_u64(minus ? str_from(s, 1) : s, &v) || v > (uint64_t)INT64_MAX + (minus ? 1 : 0))
        return false;
    *out = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool str_to_double(str s, double *out)
{
    char z[64], *end;

    if (s.n == 0 || s.n >= sizeof z || !str_all(s, "0123456789+-.eE"))
        return false;
    str_to_z(s, z, sizeof z);
    errno = 0;
    double v = strtod(z, &end);
    if (*end || errno == ERANGE)
        return false;
    *out = v;
    return true;
}

/* The length of the sequence that begins at s, or 0. Table of RFC 3629 section 4. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

/* Eight bytes, so that a long text is looked through at memory's speed. */
static uint64_t load8(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

#define EACH_BYTE(v) (UINT64_C(0x0101010101010101) * (v))

bool str_has_controls(str s)
{
    size_t i = 0;

    for (; i + 8 <= s.n; i += 8) {
        uint64_t v = load8(s.p + i);
        if ((v - EACH_BYTE(0x20)) & ~v & EACH_BYTE(0x80)) /* some byte below 0x20: only such a one borrows first */
            return true;
    }
    for (; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ')
            return true;
    return false;
}

/* How many bytes at the front are ASCII, counted in eights. */
static size_t ascii_prefix(str s)
{
    size_t i = 0;

    while (i + 8 <= s.n && !(load8(s.p + i) & EACH_BYTE(0x80)))
        i += 8;
    return i;
}

bool str_is_utf8(str s)
{
    for (size_t i = ascii_prefix(s); i < s.n;) {
        size_t len = utf8_sequence((const unsigned char *)s.p + i, s.n - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

bool str_all(str s, const char *set_z)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\0' || !strchr(set_z, s.p[i]))
            return false;
    return true;
}

/* FNV-1a by eight bytes a step, with a random start: names come from clients, so collisions must not be theirs to
 * choose cheaply; and some are session tokens of a kilobyte, so one byte a step took a microsecond a request. */
uint64_t str_hash(str s)
{
    static uint64_t seed; /* written once with one value per process; a race writes a value, never a torn table */
    uint64_t h = __atomic_load_n(&seed, __ATOMIC_RELAXED);

    if (h == 0) {
        uint64_t fresh = 0, none = 0;
        if (getrandom(&fresh, sizeof fresh, 0) != (ssize_t)sizeof fresh)
            fresh = 0x9e3779b97f4a7c15u;
        fresh |= 1;
        __atomic_compare_exchange_n(&seed, &none, fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
        h = __atomic_load_n(&seed, __ATOMIC_RELAXED);
    }
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        h = (h ^ load8(s.p + i)) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32; /* a multiplication carries upwards only */
    }
    for (; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    return h ^ (h >> 29);
}

char *str_to_z(str s, char *dst, size_t cap)
{
    size_t n = s.n < cap - 1 ? s.n : cap - 1;

    if (n)
        memcpy(dst, s.p, n);
    dst[n] = '\0';
    return dst;
}
