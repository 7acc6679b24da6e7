/* SPDX-License-Identifier: MIT */
/* Notations of time, against libc's calendar. */
#include "test.h"

#include <stdio.h>
#include <time.h>

#include "base/time.h"

static void assert_as_libc(int64_t seconds)
{
    char text[TIME_TEXT_BYTES], wanted[64];
    time_t t = (time_t)seconds;
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%SZ", &tm);
    assert_str_equal(time_iso(seconds * 1000, text), str_z(wanted));
    strftime(wanted, sizeof wanted, "%Y%m%dT%H%M%SZ", &tm);
    assert_str_equal(time_basic(seconds * 1000, text), str_z(wanted));
    strftime(wanted, sizeof wanted, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    assert_str_equal(time_http(seconds * 1000, text), str_z(wanted));
}

static void test_base_time__writes_each_day_as_libc(void **state)
{
    (void)state;
    for (int64_t day = -141427; day < 800000; day++) /* 1582 to 4160: leap days of years, centuries and their fours */
        assert_as_libc(day * 86400 + (day * 7919 % 86400 + 86400) % 86400);
    assert_as_libc(-1);
    assert_as_libc(0);
    assert_as_libc(951782399); /* 2000-02-28T23:59:59 */
    assert_as_libc(951868800); /* 2000-02-29T24:00:00 */
}

static void test_base_time__milliseconds_count_up_before_1970_too(void **state)
{
    char text[TIME_TEXT_BYTES];

    (void)state;
    assert_str_equal(time_iso_ms(1764404332007, text), S("2025-11-29T08:18:52.007Z"));
    assert_str_equal(time_iso_ms(-1, text), S("1969-12-31T23:59:59.999Z"));
}

static void test_base_time__no_clock_writes_more_than_its_room(void **state)
{
    char text[TIME_TEXT_BYTES];

    (void)state;
    assert_int_equal(time_iso_ms(INT64_MAX, text).n, 24);
    assert_int_equal(time_iso_ms(INT64_MIN + 1, text).n, 24);
}

static void test_base_time__reads_what_it_writes(void **state)
{
    char text[TIME_TEXT_BYTES];
    int64_t at;

    (void)state;
    for (int64_t ms = 0; ms < 4000000000000; ms += 86399999) {
        assert_true(time_parse_iso(time_iso_ms(ms, text), &at) && at == ms);
        assert_true(time_parse_http(time_http(ms, text), &at) && at == ms / 1000 * 1000);
        assert_true(time_parse_basic(time_basic(ms, text), &at) && at == ms / 1000 * 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_time__writes_each_day_as_libc),
        cmocka_unit_test(test_base_time__milliseconds_count_up_before_1970_too),
        cmocka_unit_test(test_base_time__no_clock_writes_more_than_its_room),
        cmocka_unit_test(test_base_time__reads_what_it_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
