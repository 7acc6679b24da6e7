/* SPDX-License-Identifier: MIT */
/* CSV and libsvm text as rows of float32, row by row: what training channels and invocations hold. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_ROWS_H
#define BARMKIN_RUNTIMES_XGBOOST_ROWS_H
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* The delimiter of CSV text, judged by its first line: comma, tab, semicolon, bar or blank, in that order of
 * preference; comma when there is none (one column). */
char rows_delimiter(str text);

/* Cuts the next line off *text (without its LF or CRLF). False at the end. */
bool rows_line(str *text, str *line);

/* One CSV line into dst[0..cap). Empty fields are missing values (NaN). Each value is rounded to double and then to
 * float32, as numpy does. *n says how many fields the line has; rejects what is no number and lines of more than `cap`
 * fields. */
res rows_csv(str line, char delimiter, float *dst, size_t cap, size_t *n, struct err *e);

/* How many fields a CSV line has. */
size_t rows_width(str line, char delimiter);

/* One libsvm line, "label[:weight] index:value ...", into dst[0..cap), which it fills with NaN first. With `label` NULL
 * (an invocation) a leading label is optional and ignored. *top is the highest index + 1. Rejects what is malformed and
 * indexes >= cap. */
res rows_libsvm(str line, float *dst, size_t cap, float *label, float *weight, size_t *top, struct err *e);

#endif
