/* SPDX-License-Identifier: MIT */
/* Numbers as text. The common cases (short decimals in, float32 values out) take a path in integers; everything else
 * goes through the C library, which is exact and slow. */
#include "runtimes/xgboost/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

static const double exact_pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
static const uint64_t pow10_u64[] = {1ull,
                                     10ull,
                                     100ull,
                                     1000ull,
                                     10000ull,
                                     100000ull,
                                     1000000ull,
                                     10000000ull,
                                     100000000ull,
                                     1000000000ull,
                                     10000000000ull,
                                     100000000000ull,
                                     1000000000000ull,
                                     10000000000000ull,
                                     100000000000000ull,
                                     1000000000000000ull,
                                     10000000000000000ull,
                                     100000000000000000ull,
                                     1000000000000000000ull,
                                     10000000000000000000ull};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What a decimal consists of; `exact` says that mantissa and exponent hold all of it. */
struct decimal {
    uint64_t mantissa;
    int exponent;
    bool exact;
};

/* Reads the digits of one side of the point. Returns how many there were. */
static size_t take_digits(str *s, struct decimal *d, bool fraction)
{
    size_t n = 0;

    while (n < s->n && is_digit(s->p[n])) {
        unsigned digit = (unsigned)(s->p[n++] - '0');
        if (d->mantissa > (UINT64_MAX - 9) / 10) {
            d->exact = false;
            continue;
        }
        d->mantissa = d->mantissa * 10 + digit;
        d->exponent -= fraction;
    }
    *s = str_from(*s, n);
    return n;
}

static bool take_exponent(str *s, struct decimal *d)
{
    bool minus;
    int exponent = 0;

    if (!s->n || (s->p[0] | 0x20) != 'e')
        return true;
    *s = str_from(*s, 1);
    minus = s->n && s->p[0] == '-';
    if (minus || (s->n && s->p[0] == '+'))
        *s = str_from(*s, 1);
    if (!s->n)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        if (!is_digit(s->p[i]))
            return false;
        exponent = exponent < 10000 ? exponent * 10 + (s->p[i] - '0') : exponent;
    }
    *s = str_from(*s, s->n);
    d->exponent += minus ? -exponent : exponent;
    return true;
}

static bool parse_word(str s, double *out)
{
    bool minus = s.n && s.p[0] == '-';

    if (minus || (s.n && s.p[0] == '+'))
        s = str_from(s, 1);
    if (str_eq_nocase(s, S("nan")))
        *out = (double)NAN;
    else if (str_eq_nocase(s, S("inf")) || str_eq_nocase(s, S("infinity")))
        *out = minus ? -(double)INFINITY : (double)INFINITY;
    else
        return false;
    return true;
}

bool number_parse(str s, double *out)
{
    struct decimal d = {.exact = true};
    char z[NUMBER_PARSE_MAX_BYTES + 1];
    bool minus;
    size_t digits;

    while (s.n && is_blank(s.p[0]))
        s = str_from(s, 1);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    str whole = s;
    minus = s.n && s.p[0] == '-';
    if (minus || (s.n && s.p[0] == '+'))
        s = str_from(s, 1);
    digits = take_digits(&s, &d, false);
    if (s.n && s.p[0] == '.') {
        s = str_from(s, 1);
        digits += take_digits(&s, &d, true);
    }
    if (!digits)
        return parse_word(whole, out);
    if (!take_exponent(&s, &d) || s.n || whole.n > NUMBER_PARSE_MAX_BYTES)
        return false;
    /* Clinger: both factors are exact doubles, so one multiplication or division rounds once. */
    if (d.exact && d.mantissa <= (uint64_t)1 << 53 && d.exponent >= -22 && d.exponent <= 22) {
        double m = (double)d.mantissa;
        m = d.exponent < 0 ? m / exact_pow10[-d.exponent] : m * exact_pow10[d.exponent];
        *out = minus ? -m : m;
        return true;
    }
    *out = strtod(str_to_z(whole, z, sizeof z), NULL);
    return true;
}

/* Digits without trailing zeros, and where the decimal point stands: 0.d1d2d3... times 10 to the `point`. */
struct digits {
    char d[20];
    int n, point;
};

static void digits_trim(struct digits *g)
{
    while (g->n > 1 && g->d[g->n - 1] == '0')
        g->n--;
}

/* The digits of a float32 value between 1e-3 and 1e9, in exact 128-bit integers: at 15, 16 and 17 digits the nearest
 * decimal is tried against half the distance to the neighbouring double. Powers of two, whose lower neighbour is
 * nearer, all have short exact decimals in this range, so one distance is enough. */
static bool digits_of_float(double v, struct digits *g)
{
    uint64_t bits, mantissa;
    int exponent, shift, places, scale;
    u128 exact, half_ulp, unit;

    memcpy(&bits, &v, sizeof bits);
    if (v < 1e-3 || v >= 1e9 || (bits & (((uint64_t)1 << 29) - 1)))
        return false;
    mantissa = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1 << 52;
    exponent = (int)(bits >> 52) - 1075 + 29; /* v = (mantissa >> 29) * 2^exponent */
    mantissa >>= 29;
    places = -2;
    for (double limit = 1e-2; v >= limit; limit *= 10) /* only a guess near a power of ten; any guess stays exact */
        places++;
    scale = 17 - places;
    if (scale < 0 || scale > 19)
        return false;
    shift = exponent < 0 ? -exponent : 0;
    mantissa <<= exponent > 0 ? exponent : 0;
    exact = (u128)mantissa * pow10_u64[scale] << 30; /* v * 10^scale, with shift + 30 bits of fraction */
    half_ulp = (u128)pow10_u64[scale] << (exponent > 0 ? exponent : 0);
    for (int drop = 2; drop >= 0; drop--) {
        unit = (u128)pow10_u64[drop] << (shift + 30);
        u128 q = exact / unit, off = exact - q * unit;
        if (off > unit / 2 || (off == unit / 2 && (q & 1))) { /* ties to even, as the C library rounds */
            off = unit - off;
            q++;
        }
        if (off <= half_ulp && (uint64_t)q == q) {
            g->n = snprintf(g->d, sizeof g->d, "%llu", (unsigned long long)q);
            g->point = g->n - (scale - drop);
            digits_trim(g);
            return true;
        }
    }
    return false;
}

static void digits_of_any(double v, struct digits *g)
{
    char text[40];

    /* Any 15 digits survive a normal double, so fewer than 15 are found by cutting zeros; near zero they do not. */
    for (int precision = v < 1e-290 ? 1 : 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision - 1, v);
        if (strtod(text, NULL) == v)
            break;
    }
    char *e = strchr(text, 'e');
    g->n = 0;
    for (const char *p = text; p < e; p++)
        if (is_digit(*p))
            g->d[g->n++] = *p;
    g->point = (int)strtol(e + 1, NULL, 10) + 1;
    digits_trim(g);
}

static size_t put(char *dst, size_t at, const char *from, size_t n)
{
    memcpy(dst + at, from, n);
    return at + n;
}

static size_t put_zeros(char *dst, size_t at, int n)
{
    for (; n > 0; n--)
        dst[at++] = '0';
    return at;
}

size_t number_repr(double v, char dst[NUMBER_TEXT_BYTES])
{
    struct digits g;
    size_t at = 0;

    if (isnan(v))
        return put(dst, 0, "nan", 3);
    if (signbit(v))
        dst[at++] = '-';
    v = fabs(v);
    if (isinf(v))
        return put(dst, at, "inf", 3);
    if (v == 0)
        return put(dst, at, "0.0", 3);
    if (!digits_of_float(v, &g))
        digits_of_any(v, &g);
    size_t n = (size_t)g.n;
    if (g.point > 16 || g.point < -3) { /* Python's bounds for the exponent form */
        dst[at++] = g.d[0];
        if (n > 1) {
            dst[at++] = '.';
            at = put(dst, at, g.d + 1, n - 1);
        }
        return at +
               (size_t)snprintf(dst + at, NUMBER_TEXT_BYTES - at, "e%c%02d", g.point > 0 ? '+' : '-', abs(g.point - 1));
    }
    if (g.point <= 0) {
        at = put(dst, at, "0.", 2);
        at = put_zeros(dst, at, -g.point);
        return put(dst, at, g.d, n);
    }
    size_t whole = (size_t)g.point < n ? (size_t)g.point : n;
    at = put(dst, at, g.d, whole);
    at = put_zeros(dst, at, g.point - g.n);
    dst[at++] = '.';
    if (whole == n)
        dst[at++] = '0';
    return put(dst, at, g.d + whole, n - whole);
}
