/* SPDX-License-Identifier: MIT */
/* Rows of numbers as text. Rejections quote the offending field, printable bytes only. */
#include "runtimes/xgboost/rows.h"

#include <math.h>
#include <string.h>

#include "runtimes/xgboost/number.h"

enum { QUOTE_BYTES = 40 };

char rows_delimiter(str text)
{
    static const char in_order[] = {',', '\t', ';', '|', ' '};
    ptrdiff_t end = str_find(text, '\n');
    str line = str_trim(end < 0 ? text : str_sub(text, 0, (size_t)end));

    for (size_t i = 0; i < sizeof in_order; i++)
        if (str_find(line, in_order[i]) >= 0)
            return in_order[i];
    return ',';
}

bool rows_line(str *text, str *line)
{
    const char *lf;

    if (!text->n)
        return false;
    lf = memchr(text->p, '\n', text->n);
    *line = str_n(text->p, lf ? (size_t)(lf - text->p) : text->n);
    *text = str_from(*text, line->n + (lf != NULL));
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

/* A field as it may be shown to whoever sent it. */
static const char *quoted(str s, char dst[QUOTE_BYTES + 1])
{
    size_t n = s.n < QUOTE_BYTES ? s.n : QUOTE_BYTES;

    for (size_t i = 0; i < n; i++)
        dst[i] = s.p[i] >= ' ' && s.p[i] < 0x7f ? s.p[i] : '?';
    dst[n] = 0;
    return dst;
}

static res no_number(str field, struct err *e)
{
    char shown[QUOTE_BYTES + 1];

    return reject(e, "could not convert string to float: '%s'", quoted(field, shown));
}

res rows_csv(str line, char delimiter, float *dst, size_t cap, size_t *n, struct err *e)
{
    size_t count = 0;

    while (str_is(line)) {
        str field = str_cut(&line, delimiter);
        double v = (double)NAN;
        if (count == cap)
            return reject(e, "the line has more than %zu columns", cap);
        if (field.n && !number_parse(field, &v) && str_trim(field).n)
            return no_number(field, e);
        dst[count++] = (float)v;
    }
    *n = count;
    return OK;
}

size_t rows_width(str line, char delimiter)
{
    size_t n = 1;

    for (size_t i = 0; i < line.n; i++)
        n += line.p[i] == delimiter;
    return n;
}

static res parse_label(str token, float *label, float *weight, struct err *e)
{
    str rest = token, first = str_cut(&rest, ':');
    double v;

    if (!number_parse(first, &v))
        return no_number(first, e);
    *label = (float)v;
    *weight = 1;
    if (!str_is(rest))
        return OK;
    if (!number_parse(rest, &v))
        return no_number(rest, e);
    *weight = (float)v;
    return OK;
}

static res parse_pair(str token, float *dst, size_t cap, size_t *top, struct err *e)
{
    char shown[QUOTE_BYTES + 1];
    str value = token, index = str_cut(&value, ':');
    uint64_t at;
    double v;

    if (!str_is(value) || !str_to_u64(index, &at))
        return reject(e, "'%s' is not index:value", quoted(token, shown));
    if (at >= cap)
        return reject(e, "feature index %llu is too large: at most %zu features", (unsigned long long)at, cap);
    if (!number_parse(value, &v))
        return no_number(value, e);
    dst[at] = (float)v;
    if (at + 1 > *top)
        *top = (size_t)at + 1;
    return OK;
}

res rows_libsvm(str line, float *dst, size_t cap, float *label, float *weight, size_t *top, struct err *e)
{
    bool first = true;

    for (size_t i = 0; i < cap; i++)
        dst[i] = NAN;
    *top = 0;
    line = str_trim(line);
    while (str_is(line) && line.n) {
        str token = str_trim(str_cut(&line, ' '));
        if (!token.n)
            continue;
        if (first && label)
            TRY(parse_label(token, label, weight, e));
        else if (!first || str_find(token, ':') >= 0) /* a label where none is asked for says nothing */
            TRY(parse_pair(token, dst, cap, top, e));
        first = false;
    }
    return OK;
}
