/* SPDX-License-Identifier: MIT */
/* Training channels as libxgboost matrices. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_DATA_H
#define BARMKIN_RUNTIMES_XGBOOST_DATA_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum data_format { DATA_CSV, DATA_LIBSVM };

struct data {
    void *matrix; /* DMatrixHandle; NULL when the channel holds no rows */
    uint64_t rows, features;
    size_t files;
    char delimiter; /* of CSV */
};

/* The format a channel's ContentType stands for (AWS: libsvm where none is given); rejects others. */
res data_format_of(str content_type, enum data_format *out, struct err *e);

/* Loads every file below `dir` (sorted by path; names that begin with '.' or '_' are passed over) into one matrix. CSV:
 * the label first, no header, with `weights` the row's weight second; empty fields are missing values. Rejects with
 * file and row. data_done frees the matrix. */
res data_load(struct arena *a, const char *dir, enum data_format format, bool weights, int threads, struct data *out,
              struct err *e);
void data_done(struct data *d);

#endif
