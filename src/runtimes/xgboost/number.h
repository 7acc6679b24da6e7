/* SPDX-License-Identifier: MIT */
/* Decimal text to numbers and back, as Python's float() and repr() do it: AWS's container speaks through them. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_NUMBER_H
#define BARMKIN_RUNTIMES_XGBOOST_NUMBER_H
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { NUMBER_TEXT_BYTES = 32, NUMBER_PARSE_MAX_BYTES = 400 };

/* A decimal number, nan, inf or infinity in any case, blanks around it allowed; correctly rounded. False for anything
 * else, for empty text and for more than NUMBER_PARSE_MAX_BYTES bytes. */
bool number_parse(str s, double *out);

/* The shortest decimal that reads back as the same double, in the form of Python's repr: 9.0, 8.979126930236816, 1e-05,
 * nan, inf. Returns its length; not terminated. */
size_t number_repr(double v, char dst[NUMBER_TEXT_BYTES]);

#endif
