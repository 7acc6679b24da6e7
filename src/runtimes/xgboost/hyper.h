/* SPDX-License-Identifier: MIT */
/* The hyperparameters of AWS's built-in XGBoost 1.0-1: which there are, what they may be, what they become. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_HYPER_H
#define BARMKIN_RUNTIMES_XGBOOST_HYPER_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { HYPER_PARAMS_MAX = 64, HYPER_METRICS_MAX = 24 };

struct hyper_param {
    const char *name, *value;
};

struct hyper {
    int64_t num_round, early_stopping_rounds; /* early_stopping_rounds 0: none */
    bool csv_weights;
    str objective;                               /* reg:linear has become reg:squarederror */
    struct hyper_param params[HYPER_PARAMS_MAX]; /* for XGBoosterSetParam, eval_metric among them */
    size_t n;
};

/* Reads hyperparameters.json: an object of strings. Rejects with the sentences of AWS's sagemaker_algorithm_toolkit:
 * "Missing required hyperparameter: num_round", "Extraneous hyperparameter found: X", "Hyperparameter eta: 2.0 is not
 * in [0, 1]". Texts live in the arena. */
res hyper_read(struct arena *a, str json, struct hyper *out, struct err *e);

/* True for metrics of which more is better (auc, map, ndcg and their thresholds). */
bool hyper_maximizes(str metric);

#endif
