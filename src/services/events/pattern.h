/* SPDX-License-Identifier: MIT */
/* Event patterns: which events a rule takes. The language is EventBridge's, as its user guide's "Creating Amazon
 * EventBridge event patterns" and "comparison operators" describe it. */
#ifndef BARMKIN_EVENTS_PATTERN_H
#define BARMKIN_EVENTS_PATTERN_H
#include "base/json.h"

/* Rejects what is no pattern, in EventBridge's words after "Reason: ". The tree lives as long as the arena. */
res event_pattern_parse(struct arena *a, str text, struct err *e, json_t **out);

/* Of a pattern that event_pattern_parse made. An event's list fits when one of its items does; a list of objects fits
 * when one object does as a whole. Time: linear in the event for each value that the pattern names. */
bool event_pattern_matches(const json_t *pattern, const json_t *event);

#endif
