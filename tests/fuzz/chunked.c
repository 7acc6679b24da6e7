/* SPDX-License-Identifier: MIT */
/* Fuzzes aws-chunked bodies: the verdict and the bytes must not depend on how the body is cut into pieces.
 * Input: a byte for the kind and trailer, one for the announced length, one for the cut, then the body. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "identify/chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BODY_BYTES = 1 << 16 };

struct run {
    struct buf got;
    enum identify_fault fault;
    bool ok;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static res keep(void *ctx, str piece, struct err *e)
{
    (void)e;
    buf_add(ctx, piece);
    return OK;
}

static void decode(struct run *x, const struct http_request *r, const struct sigv4_claim *claim, str body, size_t step)
{
    static const uint8_t key[32] = {1};
    struct arena *a = arena_new(1 << 20);
    struct hmac_key prepared;
    struct chunked *c;
    struct err e = {0};

    hmac_key_init(&prepared, HASH_SHA256, str_n((const char *)key, sizeof key));
    buf_init(&x->got, MAX_BODY_BYTES);
    x->ok = is_ok(chunked_begin(r, claim, &prepared, a, keep, &x->got, &c, &x->fault, &e));
    for (size_t at = 0; x->ok && at < body.n; at += step)
        x->ok = is_ok(chunked_feed(c, str_sub(body, at, step), &x->fault, &e));
    x->ok = x->ok && is_ok(chunked_end(c, &x->fault, &e));
    must(x->ok == (x->fault == IDENTIFY_OK) && x->ok == (e.why == WHY_OK));
    if (x->ok)
        must(x->got.n == chunked_announced_bytes(c) && x->got.n == chunked_decoded_bytes(c));
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > MAX_BODY_BYTES)
        return 0;
    struct arena *a = arena_new(1 << 16);
    struct header headers[] = {
        {S("x-amz-decoded-content-length"), arena_printf(a, "%d", data[1])},
        {S("x-amz-trailer"), checksum_header((enum checksum_kind)(data[0] / 3 % CHECKSUM_KINDS))},
    };
    struct http_request r = {.headers = headers, .n_headers = data[0] & 0x80 ? 1 : 2};
    struct sigv4_claim claim = {
        .payload = (enum sigv4_payload)(PAYLOAD_STREAMING_UNSIGNED_TRAILER + data[0] % 3),
        .signature = S("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
        .timestamp = S("20130524T000000Z"),
        .date = S("20130524"),
        .region = S("us-east-1"),
        .service = S("s3"),
    };
    str body = str_n((const char *)data + 3, size - 3);
    struct run whole, cut;

    decode(&whole, &r, &claim, body, body.n + 1);
    decode(&cut, &r, &claim, body, (size_t)data[2] % 97 + 1);
    must(whole.ok == cut.ok && whole.fault == cut.fault && str_eq(buf_str(&whole.got), buf_str(&cut.got)));
    buf_done(&whole.got);
    buf_done(&cut.got);
    arena_free(a);
    return 0;
}
