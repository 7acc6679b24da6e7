/* SPDX-License-Identifier: MIT */
/* Fuzzes the readers of rows and the printer of numbers: every float32 read prints as text that reads back. libFuzzer.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "runtimes/xgboost/number.h"
#include "runtimes/xgboost/rows.h"

enum { COLUMNS = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(float v)
{
    char out[NUMBER_TEXT_BYTES];
    double back;

    if (!number_parse(str_n(out, number_repr((double)v, out)), &back) || (back != (double)v && !isnan(v)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_n((const char *)data, size), line;
    char delimiter = rows_delimiter(text);
    float row[COLUMNS], label, weight;
    size_t n, top;

    while (rows_line(&text, &line)) {
        if (is_ok(rows_csv(line, delimiter, row, COLUMNS, &n, NULL)))
            for (size_t i = 0; i < n; i++)
                check(row[i]);
        rows_libsvm(line, row, COLUMNS, &label, &weight, &top, NULL);
        rows_libsvm(line, row, COLUMNS, NULL, NULL, &top, NULL);
    }
    return 0;
}
