/* SPDX-License-Identifier: MIT */
/* One invocation: text in, predictions as text out. What AWS's XGBoost 1.0-1 container does with a request body,
 * without HTTP. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_INVOKE_H
#define BARMKIN_RUNTIMES_XGBOOST_INVOKE_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "runtimes/xgboost/model.h"

/* One thread's tools, made once. */
struct invoker {
    struct model *model;
    float *block;      /* rows waiting for a prediction */
    size_t block_rows; /* its size in rows */
    size_t held;       /* how many are in it */
    struct buf values; /* predictions of a block */
    bool line_each;    /* SAGEMAKER_BATCH: one prediction a line instead of one line with commas */
};

/* `batch`: the value of SAGEMAKER_BATCH, set or not. */
void invoker_init(struct invoker *v, struct model *m, struct arena *a, bool batch);
void invoker_done(struct invoker *v);

struct invocation {
    str content_type, accept, body; /* absent headers are absent */
};

/* Answers an HTTP status and leaves the reply's text in `out` (cleared first), its type in *type: predictions for 200,
 * one sentence for everything else. 204 for an empty body, 415 for a type that is not text/csv or text/libsvm and for a
 * body that does not parse, 400 for rows that do not fit the model, 500 for failures of ours: AWS's choices. */
int invoke(struct invoker *v, const struct invocation *in, struct buf *out, const char **type);

#endif
