/* SPDX-License-Identifier: MIT */
/* Fuzzes the JSON codec with every service's operations: the first two bytes choose one, the rest is a request body.
 * What must hold: what was decoded and found valid can be written again, and reading that gives the same text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/codec.h"
#include "api/walk.h"
#include "choose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool decode(const struct shape *s, str text, void *object, struct arena *a)
{
    struct err e = {0};
    json_t *j;

    if (!is_ok(json_parse(a, text, &e, &j)) || !is_ok(json_decode(s, j, object, a, &e))) {
        must(e.why == WHY_REJECT && e.what[0]);
        return false;
    }
    return true;
}

static void check(const struct shape *s, str text, struct arena *a)
{
    void *object = arena_alloc(a, s->size + 1), *again = arena_alloc(a, s->size + 1);
    struct buf first, second, hidden;
    const char *missing = NULL;
    struct err e = {0};

    if (!decode(s, text, object, a))
        return;
    if (!is_ok(shape_validate(s, object, &missing, a, &e)))
        must(e.what[0] || missing);
    buf_init(&first, 16 << 20);
    buf_init(&second, 16 << 20);
    buf_init(&hidden, 16 << 20);
    json_encode(s, object, &first);
    json_encode_public(s, object, &hidden);
    must(decode(s, buf_str(&first), again, a));
    json_encode(s, again, &second);
    must(str_eq(buf_str(&first), buf_str(&second)));
    buf_done(&first);
    buf_done(&second);
    buf_done(&hidden);
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
