/* SPDX-License-Identifier: MIT */
/* Fuzzes the siphon against the parser: of a text that is JSON it takes out what the parser finds there, all of it and
 * nothing else, in whatever pieces it comes. The first byte says how long these are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/siphon.h"
#include "base/enc.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static res into(void *ctx, str bytes, struct err *e)
{
    (void)e;
    buf_add(ctx, bytes);
    return OK;
}

/* The member, if the way to it is objects; NULL: there is none. */
static json_t *member(json_t *tree)
{
    return json_object_get(json_object_get(tree, "C"), "Z");
}

static void compare(struct arena *a, json_t *tree, str got, str rest, bool fine)
{
    struct err e = {0};
    json_t *left, *z = member(tree);
    str bytes = STR_ABSENT;
    bool decodes = json_is_string(z) && base64_decode(a, json_str(z), &bytes);

    if (!fine) {
        if (decodes)
            abort(); /* refused though it is base64 */
        return;
    }
    if (!is_ok(json_parse(a, rest, &e, &left)))
        abort();
    if (json_equal(left, tree)) { /* nothing was taken, or an empty text */
        if (got.n)
            abort();
        return;
    }
    if (!decodes || !str_eq(got, bytes))
        abort();
    json_object_set_new(json_object_get(tree, "C"), "Z", json_string(""));
    if (!json_equal(left, tree))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf got, rest;
    struct err e = {0};
    json_t *tree;
    res r = OK;

    if (size < 2)
        return 0;
    struct arena *a = arena_new(64 << 20);
    struct siphon *s = siphon_new(a, "C.Z", into, &got);
    str text = str_n((const char *)data + 1, size - 1);
    buf_init(&got, 1 << 20);
    buf_init(&rest, 1 << 20);
    for (str left = text; left.n && is_ok(r);) {
        size_t n = (size_t)data[0] % 17 + 1 < left.n ? (size_t)data[0] % 17 + 1 : left.n;
        r = siphon_feed(s, str_sub(left, 0, n), &rest, &e);
        left = str_from(left, n);
    }
    if (is_ok(json_parse(a, text, &e, &tree)))
        compare(a, tree, buf_str(&got), buf_str(&rest), is_ok(r));
    buf_done(&got);
    buf_done(&rest);
    arena_free(a);
    return 0;
}
