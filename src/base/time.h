/* SPDX-License-Identifier: MIT */
/* The one clock. Wall time is milliseconds since 1970 UTC; monotonic time is for durations and deadlines armed now. */
#ifndef BARMKIN_BASE_TIME_H
#define BARMKIN_BASE_TIME_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

int64_t time_wall_ms(void); /* with the offset of tests added */
int64_t time_mono_ms(void);
int64_t time_mono_us(void);
void time_set_offset_ms(int64_t offset_ms); /* tests only: moves wall time */

enum { TIME_TEXT_BYTES = 32 };
/* "2026-11-23T08:22:51Z" and "2026-11-23T08:22:51.123Z"; returns the text inside dst. */
str time_iso(int64_t wall_ms, char dst[TIME_TEXT_BYTES]);
str time_iso_ms(int64_t wall_ms, char dst[TIME_TEXT_BYTES]);
str time_basic(int64_t wall_ms, char dst[TIME_TEXT_BYTES]); /* "20261123T082251Z", SigV4's */
str time_http(int64_t wall_ms, char dst[TIME_TEXT_BYTES]);  /* "Mon, 23 Nov 2026 08:22:51 GMT", RFC 9110 */

/* ISO 8601 in the W3C profile: date, or date and time with Z or an offset; fractions allowed. */
bool time_parse_iso(str s, int64_t *wall_ms);
bool time_parse_basic(str s, int64_t *wall_ms);
bool time_parse_http(str s, int64_t *wall_ms);

#endif
