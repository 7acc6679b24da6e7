/* SPDX-License-Identifier: MIT */
/* Borrowed text: a pointer and a length, passed by value, never NUL-dependent, never owned. */
#ifndef BARMKIN_BASE_STR_H
#define BARMKIN_BASE_STR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *p; /* NULL means absent; p != NULL with n == 0 means present and empty */
    size_t n;
} str;

#define S(literal) ((str){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". */
#define FMT(s) (int)(s).n, (s).p ? (s).p : ""
#define STR_ABSENT ((str){NULL, 0})

/* What is asked dozens of times a request stands here, so that of a literal nothing is left but the comparison. */
static inline str str_n(const char *p, size_t n)
{
    return (str){p, n};
}
static inline str str_z(const char *z) /* of a NUL-terminated string; NULL gives STR_ABSENT */
{
    return z ? (str){z, __builtin_strlen(z)} : STR_ABSENT;
}
static inline bool str_is(str s)
{
    return s.p != NULL;
} /* present, perhaps empty */
static inline bool str_empty(str s)
{
    return s.n == 0;
}
static inline bool str_eq(str a, str b) /* byte by byte; absent equals empty */
{
    return a.n == b.n && (b.n == 0 || memcmp(a.p, b.p, b.n) == 0);
}
static inline bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}
static inline str str_sub(str s, size_t from, size_t n) /* clamped to s */
{
    if (from > s.n)
        from = s.n;
    if (n > s.n - from)
        n = s.n - from;
    return (str){s.p ? s.p + from : NULL, n};
}
static inline str str_from(str s, size_t from) /* the rest, clamped */
{
    return str_sub(s, from, s.n);
}

bool str_eq_nocase(str a, str b); /* ASCII letters without case */
int str_cmp(str a, str b);        /* bytewise order, shorter first */
bool str_starts_nocase(str s, str prefix);
bool str_ends(str s, str suffix);
str str_trim(str s);                     /* without blanks, tabs, CR, LF at both ends */
ptrdiff_t str_find(str s, char c);       /* index of the first c, or -1 */
ptrdiff_t str_rfind(str s, char c);      /* index of the last c, or -1 */
ptrdiff_t str_search(str s, str needle); /* index of the first needle, or -1 */

/* Cuts `*rest` at the first `sep`: returns what stands before it and leaves what stands after it.
 * Without a `sep` returns all and leaves `*rest` absent. Loop: while (str_is(rest)) part = str_cut(&rest, ','). */
str str_cut(str *rest, char sep);
str str_behind(str s, char sep, size_t n); /* what stands behind the n-th sep; absent where there are fewer */

/* Whole-string numbers; false leaves *out alone. No sign, blanks or plus for u64; a minus is allowed for i64. */
bool str_to_u64(str s, uint64_t *out);
bool str_to_i64(str s, int64_t *out);
bool str_to_double(str s, double *out); /* decimal with optional fraction and exponent; no hex, inf, nan */

bool str_is_utf8(str s);                /* RFC 3629: no surrogates, no overlong forms, at most U+10FFFF */
bool str_has_controls(str s);           /* any byte below the blank */
bool str_all(str s, const char *set_z); /* every byte is in set_z */
uint64_t str_hash(str s);               /* seeded per process; not stable across runs */

/* Copies into a C string of `cap` bytes, cut if need be, always terminated. Returns dst. */
char *str_to_z(str s, char *dst, size_t cap);

#endif
