/* SPDX-License-Identifier: MIT */
/* Fuzzes the XML codec: two bytes choose an operation, the rest is a body. No document type is accepted, so nothing
 * grows; and what was read can be written as XML by every protocol that speaks it, and as JSON. */
#include <stdint.h>
#include <stdlib.h>

#include "api/codec.h"
#include "api/walk.h"
#include "choose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct shape *s, str text, struct arena *a)
{
    static const enum protocol protocols[] = {P_QUERY, P_EC2, P_REST_XML};
    void *object = arena_alloc(a, s->size + 1);
    struct err e = {0};
    struct buf b;

    if (!is_ok(xml_decode(s, text, object, a, &e))) {
        if (!e.what[0])
            abort();
        return;
    }
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        buf_init(&b, 16 << 20);
        xml_encode(s, object, protocols[i], &b);
        json_encode(s, object, &b);
        buf_done(&b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct arena *a = arena_new(64 << 20);
    const struct operation *op = choose((unsigned)data[0] << 8 | data[1]);
    check(op->in, str_n((const char *)data + 2, size - 2), a);
    check(op->out, str_n((const char *)data + 2, size - 2), a);
    arena_free(a);
    return 0;
}
