/* SPDX-License-Identifier: MIT */
/* A trained model, ready to predict: libxgboost's booster, and the flat walk where it is proven equal. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_MODEL_H
#define BARMKIN_RUNTIMES_XGBOOST_MODEL_H
#include <pthread.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "runtimes/xgboost/flat.h"

enum { MODEL_PROOF_ROWS = 512, MODEL_FILE_MAX_BYTES = 1 << 30 };

struct model {
    void *booster;        /* BoosterHandle */
    pthread_mutex_t lock; /* around the booster: its answers live in memory that the next call reuses */
    struct flat forest;
    bool walk;                 /* the flat walk answers; else libxgboost does */
    const char *why_no_walk;   /* a literal, NULL with walk */
    bool pickled;              /* AWS's container checks the number of columns of such models strictly */
    size_t n_features, rounds; /* rounds: how many boosting rounds predict, 0 for all */
};

/* Loads a model file's bytes: a pickled Booster, or what XGBoosterSaveModel writes (JSON, UBJSON, the old binary form).
 * Then proves the walk on MODEL_PROOF_ROWS rows made of the model's own thresholds, their neighbours and missing
 * values: one differing bit and libxgboost answers instead. m and what hangs on it live until model_done. */
res model_load_bytes(struct arena *a, str bytes, struct model *m, struct err *e);

/* The model of a folder: `xgboost-model` if it is there, else the first plain file, by name, that loads. */
res model_load_dir(struct arena *a, const char *dir, struct model *m, struct err *e);
void model_done(struct model *m);

/* Predicts `n` rows of n_features values each (NaN: missing). *outputs is how many values each row got (classes of
 * multi:softprob, else 1). Appends n * *outputs floats to `out`. Any thread. */
res model_predict(struct model *m, const float *rows, size_t n, struct buf *out, size_t *outputs, struct err *e);

/* The same by libxgboost, whatever m->walk says: the other side of every proof. */
res model_predict_by_library(struct model *m, const float *rows, size_t n, struct buf *out, size_t *outputs,
                             struct err *e);

/* Turns a failed call of libxgboost into an oops with the library's first line of explanation. */
res model_library_error(const char *doing, struct err *e);

#endif
