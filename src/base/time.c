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

static int64_t floor_div(int64_t v, int64_t by)
{
    return v / by - (v % by < 0);
}

struct civil { /* UTC; month from 0, weekday from Sunday */
    int year, month, day, weekday, hour, minute, second;
};

/* gmtime_r by arithmetic alone: libc takes its lock over time zones for it. Years begin in March here, so that the leap
 * day is a year's last; 719468 days lie between 0000-03-01 and 1970-01-01, and 146097 make four hundred years. */
static inline struct civil split(int64_t wall_ms)
{
    int64_t seconds = floor_div(wall_ms, 1000), days_now = floor_div(seconds, 86400);
    int64_t from_march = days_now + 719468, era = floor_div(from_march, 146097);
    int rest = (int)(seconds - days_now * 86400), day = (int)(from_march - era * 146097);
    int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int of_year = day - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;

    return (struct civil){.year = (int)(era * 400) + year + (month >= 10),
                          .month = month < 10 ? month + 2 : month - 10,
                          .day = of_year - (153 * month + 2) / 5 + 1,
                          .weekday = (int)(((days_now + 4) % 7 + 7) % 7), /* 1970 began on a Thursday */
                          .hour = rest / 3600,
                          .minute = rest / 60 % 60,
                          .second = rest % 60};
}

/* Digits of v and what stands behind them, if anything does: every request tells the time several times, and printf is
 * slow. */
static inline char *put(char *at, int v, char behind)
{
    at[0] = (char)('0' + v / 10);
    at[1] = (char)('0' + v % 10);
    at[2] = behind;
    return at + 2 + (behind != '\0');
}

static inline char *put_date(char *at, const struct civil *t, char between, char behind)
{
    int year = t->year < 0 ? 0 : t->year > 9999 ? 9999 : t->year; /* ISO 8601's years; no clock is elsewhere */

    at = put(at, year / 100, '\0');
    at = put(at, year % 100, between);
    at = put(at, t->month + 1, between);
    return put(at, t->day, behind);
}

static inline char *put_clock(char *at, const struct civil *t, char between, char behind)
{
    at = put(at, t->hour, between);
    at = put(at, t->minute, between);
    return put(at, t->second, behind);
}

static str ended(char *dst, char *end)
{
    *end = '\0';
    return str_n(dst, (size_t)(end - dst));
}

str time_iso(int64_t wall_ms, char dst[TIME_TEXT_BYTES])
{
    struct civil t = split(wall_ms);

    return ended(dst, put_clock(put_date(dst, &t, '-', 'T'), &t, ':', 'Z'));
}

str time_iso_ms(int64_t wall_ms, char dst[TIME_TEXT_BYTES])
{
    struct civil t = split(wall_ms);
    char *at = put_clock(put_date(dst, &t, '-', 'T'), &t, ':', '.');
    int ms = (int)(((wall_ms % 1000) + 1000) % 1000);

    *at++ = (char)('0' + ms / 100);
    return ended(dst, put(at, ms % 100, 'Z'));
}

str time_basic(int64_t wall_ms, char dst[TIME_TEXT_BYTES])
{
    struct civil t = split(wall_ms);

    return ended(dst, put_clock(put_date(dst, &t, '\0', 'T'), &t, '\0', 'Z'));
}

str time_http(int64_t wall_ms, char dst[TIME_TEXT_BYTES])
{
    struct civil t = split(wall_ms);
    int n = snprintf(dst, TIME_TEXT_BYTES, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.weekday], t.day,
                     months[t.month], t.year, t.hour, t.minute, t.second);

    return str_n(dst, n < TIME_TEXT_BYTES ? (size_t)n : TIME_TEXT_BYTES - 1);
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
