/* SPDX-License-Identifier: MIT */
/* Regular expressions of Java, which AWS writes its AllowedPatterns in. */
#ifndef BARMKIN_API_JAVA_PATTERN_H
#define BARMKIN_API_JAVA_PATTERN_H
#include "base/err.h"
#include "base/str.h"

/* Whether all of the text matches (java.util.regex.Pattern, Matcher.matches), within bounded work. Rejects what is no
 * pattern, has more than 4,096 bytes, takes too long, or what only one of the two languages has: class unions and
 * intersections of Java's, and everything that is PCRE2's own. */
res java_pattern_matches(str pattern, str text, bool *matches, struct err *e);

#endif
