/* SPDX-License-Identifier: MIT */
/* Fuzzes the pickle walker, and the forest reader with whatever payload came out of it. libFuzzer. */
#include <stdint.h>
#include <stdlib.h>

#include "runtimes/xgboost/flat.h"
#include "runtimes/xgboost/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new((size_t)64 << 20);
    str bytes = str_n((const char *)data, size);
    struct pickle_booster b = {0};
    struct flat f;

    if (is_ok(pickle_read(a, bytes, &b, NULL)))
        bytes = b.payload;
    if (is_ok(flat_build(a, bytes, &f, NULL)) && f.n_features < 1024) {
        float *row = ARENA_ARRAY(a, float, f.n_features);
        volatile float p = flat_predict(&f, row); /* a forest that was let through must not lead astray */
        (void)p;
    }
    arena_free(a);
    return 0;
}
