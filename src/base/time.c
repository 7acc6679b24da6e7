/* SPDX-License-Identifier: MIT */
/* Clock readings and the four notations of time that AWS's protocols use. */
#include "base/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t test_offset_ms; /* process-wide on purpose: a test moves every thread's clock */

static int64_t read_us(clockid_t which)
{
    struct timespec ts;

    clock_gettime(which, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t time_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000 + test_offset_ms;
}
int64_t time_mono_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}
int64_t time_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}
void time_set_offset_ms(int64_t offset_ms)
{
    test_offset_ms = offset_ms;
}

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static struct tm split(int64_t wall_ms)
{
    time_t t = (time_t)(wall_ms >= 0 ? wall_ms / 1000 : -((-wall_ms + 999) / 1000));
    struct tm tm;

    gmtime_r(&t, &tm);
    return tm;
}

static str put(char dst[TIME_TEXT_BYTES], int n)
{
    return str_n(dst, n < TIME_TEXT_BYTES ? (size_t)n : TIME_TEXT_BYTES - 1);
}

str time_iso(int64_t wall_ms, char dst[TIME_TEXT_BYTES])
{
    struct tm t = split(wall_ms);

    return put(dst, snprintf(dst, TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1,
                             t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec));
}

str time_iso_ms(int64_t wall_ms, char dst[TIME_TEXT_BYTES])
{
    struct tm t = split(wall_ms);

    return put(dst,
               snprintf(dst, TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1,
                        t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)(((wall_ms % 1000) + 1000) % 1000)));
}

str time_basic(int64_t wall_ms, char dst[TIME_TEXT_BYTES])
{
    struct tm t = split(wall_ms);

    return put(dst, snprintf(dst, TIME_TEXT_BYTES, "%04d%02d%02dT%02d%02d%02dZ", t.tm_year + 1900, t.tm_mon + 1,
                             t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec));
}

str time_http(int64_t wall_ms, char dst[TIME_TEXT_BYTES])
{
    struct tm t = split(wall_ms);

    return put(dst, snprintf(dst, TIME_TEXT_BYTES, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday,
                             months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec));
}

/* Reads exactly n digits. */
static bool digits(str *s, size_t n, int *out)
{
    uint64_t v;

    if (s->n < n || !str_to_u64(str_sub(*s, 0, n), &v))
        return false;
    *out = (int)v;
    *s = str_from(*s, n);
    return true;
}

static bool take(str *s, char c)
{
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

static bool join(struct tm *t, int64_t *wall_ms)
{
    struct tm check = *t;
    time_t secs = timegm(&check);

    /* timegm normalises; a date that it had to change was never a date */
    if (check.tm_mday != t->tm_mday || check.tm_mon != t->tm_mon || t->tm_hour > 23 || t->tm_min > 59 || t->tm_sec > 60)
        return false;
    *wall_ms = (int64_t)secs * 1000;
    return true;
}

static bool parse_zone(str *s, int64_t *shift_ms)
{
    int hours, minutes;

    *shift_ms = 0;
    if (take(s, 'Z'))
        return true;
    if (!s->n || (s->p[0] != '+' && s->p[0] != '-'))
        return false;
    int sign = s->p[0] == '+' ? 1 : -1;
    *s = str_from(*s, 1);
    if (!digits(s, 2, &hours))
        return false;
    take(s, ':');
    if (!digits(s, 2, &minutes) || hours > 14 || minutes > 59)
        return false;
    *shift_ms = sign * ((int64_t)hours * 60 + minutes) * 60000;
    return true;
}

static int64_t parse_fraction(str *s)
{
    int64_t ms = 0, unit = 100;

    if (!take(s, '.'))
        return 0;
    while (s->n && s->p[0] >= '0' && s->p[0] <= '9') {
        ms += (s->p[0] - '0') * unit;
        unit /= 10;
        *s = str_from(*s, 1);
    }
    return ms;
}

bool time_parse_iso(str s, int64_t *wall_ms)
{
    struct tm t = {0};
    int64_t ms = 0, fraction = 0, shift = 0;

    if (!digits(&s, 4, &t.tm_year) || !take(&s, '-') || !digits(&s, 2, &t.tm_mon) || !take(&s, '-') ||
        !digits(&s, 2, &t.tm_mday))
        return false;
    if (take(&s, 'T')) {
        if (!digits(&s, 2, &t.tm_hour) || !take(&s, ':') || !digits(&s, 2, &t.tm_min))
            return false;
        if (take(&s, ':') && !digits(&s, 2, &t.tm_sec))
            return false;
        fraction = parse_fraction(&s);
        if (!parse_zone(&s, &shift))
            return false;
    }
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    if (s.n || !join(&t, &ms))
        return false;
    *wall_ms = ms + fraction - shift;
    return true;
}

bool time_parse_basic(str s, int64_t *wall_ms)
{
    struct tm t = {0};

    if (!digits(&s, 4, &t.tm_year) || !digits(&s, 2, &t.tm_mon) || !digits(&s, 2, &t.tm_mday) || !take(&s, 'T') ||
        !digits(&s, 2, &t.tm_hour) || !digits(&s, 2, &t.tm_min) || !digits(&s, 2, &t.tm_sec) || !take(&s, 'Z') || s.n)
        return false;
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    return join(&t, wall_ms);
}

bool time_parse_http(str s, int64_t *wall_ms)
{
    struct tm t = {.tm_mon = -1};

    if (s.n != 29 || !str_ends(s, S(" GMT")))
        return false;
    s = str_from(s, 5);
    if (!digits(&s, 2, &t.tm_mday) || !take(&s, ' '))
        return false;
    for (int i = 0; i < 12; i++)
        if (str_starts(s, str_n(months[i], 3)))
            t.tm_mon = i;
    s = str_from(s, 3);
    if (t.tm_mon < 0 || !take(&s, ' ') || !digits(&s, 4, &t.tm_year) || !take(&s, ' ') || !digits(&s, 2, &t.tm_hour) ||
        !take(&s, ':') || !digits(&s, 2, &t.tm_min) || !take(&s, ':') || !digits(&s, 2, &t.tm_sec))
        return false;
    t.tm_year -= 1900;
    return join(&t, wall_ms);
}
