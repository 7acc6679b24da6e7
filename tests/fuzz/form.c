/* SPDX-License-Identifier: MIT */
/* Fuzzes the two query protocols' forms: two bytes choose an operation, the rest is the form. Whatever the form says,
 * decoding ends with an object that validation and the JSON writer can walk, or with a rejection that has a text. */
#include <stdint.h>
#include <stdlib.h>

#include "api/codec.h"
#include "api/walk.h"
#include "choose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct arena *a = arena_new(64 << 20);
    const struct operation *op = choose((unsigned)data[0] << 8 | data[1]);
    str form = str_n((const char *)data + 2, size - 2);

    for (int ec2 = 0; ec2 < 2; ec2++) {
        void *in = arena_alloc(a, op->in->size + 1);
        const char *missing = NULL;
        struct err e = {0};
        struct buf b;
        if (!is_ok(query_decode(op, form, ec2, in, a, &e))) {
            if (!e.what[0])
                abort();
            continue;
        }
        (void)shape_validate(op->in, in, &missing, a, &e);
        buf_init(&b, 16 << 20);
        json_encode(op->in, in, &b);
        buf_done(&b);
    }
    arena_free(a);
    return 0;
}
