/* SPDX-License-Identifier: MIT */
/* A trained forest as one array of 12-byte nodes, and the walk over it: a prediction without a lock, a matrix or an
 * allocation. Who uses it proves it against libxgboost first (model.c). */
#ifndef BARMKIN_RUNTIMES_XGBOOST_FLAT_H
#define BARMKIN_RUNTIMES_XGBOOST_FLAT_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct flat_node {
    float value;      /* of a split: the threshold; of a leaf: what it adds */
    uint32_t feature; /* bit 31: a missing value goes left */
    uint32_t left;    /* index of the left child, the right one follows it; 0 for a leaf */
};

struct flat {
    struct flat_node *nodes;
    uint32_t *roots; /* of each tree, in boosting order */
    size_t n_nodes, n_trees, n_features;
    size_t trees_per_group, groups; /* a boosting round grows trees_per_group trees for each output group */
    float base_score;
    const char *why_not; /* NULL: this walk computes the model's prediction; else what is beyond it */
    str objective, booster;
};

/* Reads a model as XGBoosterSaveModelToBuffer writes it with {"format": "ubj"}, and checks its structure: children in
 * range and each node reached once, features below num_feature. Rejects a broken forest; a sound one that the walk
 * cannot compute gets `why_not`. Everything lives in the arena. */
res flat_build(struct arena *a, str model, struct flat *out, struct err *e);

/* The first `n_trees` trees only; 0 keeps all. */
void flat_limit(struct flat *f, size_t n_trees);

/* The prediction of one row of n_features values, NaN for a missing one. The same float32 sums in the same order as
 * libxgboost's CPU predictor: base score first, then tree by tree. */
float flat_predict(const struct flat *f, const float *row);

#endif
