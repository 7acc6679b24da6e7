/* SPDX-License-Identifier: MIT */
/* The one pickle this image knows: xgboost.core.Booster. Written byte by byte, read by a walker that can build nothing
 * but numbers, text, lists and that one object: no class of the file's choosing is ever called. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_PICKLE_H
#define BARMKIN_RUNTIMES_XGBOOST_PICKLE_H
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct pickle_booster {
    str payload; /* what Booster.__getstate__ put under 'handle': XGBoosterUnserializeFromBuffer takes it */
    int64_t best_ntree_limit; /* 0: not set, all trees count */
};

/* Appends a pickle (protocol 3) that Python's pickle.load turns into an xgboost.Booster of release 1.7 and later. */
void pickle_write(struct buf *out, str payload);

/* True when the bytes begin as a pickle of protocol 2 to 5 does. */
bool pickle_is(str bytes);

/* Reads a pickled Booster, protocols 2 to 5. The payload is a part of `bytes`, or (protocol 2 spells bytes as text) of
 * the arena. Rejects every opcode, class and shape outside the allow-list, naming it and its offset. Work and memory
 * are linear in the input. */
res pickle_read(struct arena *a, str bytes, struct pickle_booster *out, struct err *e);

#endif
