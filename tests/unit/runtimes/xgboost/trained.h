/* SPDX-License-Identifier: MIT */
/* Small models for the tests, trained on synthetic rows with missing values. */
#ifndef BARMKIN_TESTS_UNIT_XGBOOST_TRAINED_H
#define BARMKIN_TESTS_UNIT_XGBOOST_TRAINED_H
#include <math.h>
#include <string.h>
#include <xgboost/c_api.h>

#include "base/buf.h"
#include "runtimes/xgboost/model.h"
#include "runtimes/xgboost/pickle.h"

enum { TRAINED_ROWS = 600, TRAINED_FEATURES = 5, TRAINED_ROUNDS = 20 };

static uint64_t trained_random(uint64_t *x)
{
    *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
    return *x;
}

static void trained_rows(float *rows, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n * TRAINED_FEATURES; i++) {
        uint64_t r = trained_random(&seed);
        rows[i] = r % 7 == 0 ? NAN : (float)(r >> 40) / 16777216.0f;
    }
}

/* The label: 3 a + b * c, with a missing value as 0.25; for classes: which third it falls into. */
static void trained_labels(const float *rows, size_t n, bool classes, float *labels)
{
    for (size_t i = 0; i < n; i++) {
        float v[3];
        for (size_t j = 0; j < 3; j++)
            v[j] = isnan(rows[i * TRAINED_FEATURES + j]) ? 0.25f : rows[i * TRAINED_FEATURES + j];
        labels[i] = 3 * v[0] + v[1] * v[2];
        if (classes)
            labels[i] = labels[i] < 1.3f ? 0 : labels[i] < 2.2f ? 1 : 2;
    }
}

/* params: name, value, ..., NULL. The caller frees. */
static BoosterHandle trained_booster(const char *const *params, bool classes)
{
    static float rows[TRAINED_ROWS * TRAINED_FEATURES], labels[TRAINED_ROWS];
    DMatrixHandle matrix;
    BoosterHandle booster;

    XGBSetGlobalConfig("{\"verbosity\": 0}");
    trained_rows(rows, TRAINED_ROWS, 42);
    trained_labels(rows, TRAINED_ROWS, classes, labels);
    assert_int_equal(XGDMatrixCreateFromMat_omp(rows, TRAINED_ROWS, TRAINED_FEATURES, NAN, &matrix, 1), 0);
    assert_int_equal(XGDMatrixSetFloatInfo(matrix, "label", labels, TRAINED_ROWS), 0);
    assert_int_equal(XGBoosterCreate(&matrix, 1, &booster), 0);
    XGBoosterSetParam(booster, "nthread", "1");
    for (; params[0]; params += 2)
        assert_int_equal(XGBoosterSetParam(booster, params[0], params[1]), 0);
    for (int i = 0; i < TRAINED_ROUNDS; i++)
        assert_int_equal(XGBoosterUpdateOneIter(booster, i, matrix), 0);
    XGDMatrixFree(matrix);
    return booster;
}

/* The file xgboost-train would write. */
static inline void trained_pickle(const char *const *params, bool classes, struct buf *out)
{
    BoosterHandle booster = trained_booster(params, classes);
    const char *bytes;
    bst_ulong n;

    buf_init(out, 16 << 20);
    assert_int_equal(XGBoosterSerializeToBuffer(booster, &n, &bytes), 0);
    pickle_write(out, str_n(bytes, n));
    XGBoosterFree(booster);
}

static const char *const trained_regression[] = {
    "objective", "reg:squarederror", "max_depth", "5", "eta", "0.2", "gamma", "0.01", "subsample", "0.7", NULL};

#endif
