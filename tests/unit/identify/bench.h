/* SPDX-License-Identifier: MIT */
/* A request in the making, signed by one side of identify and read by the other: shared by the signature tests. */
#ifndef BARMKIN_TESTS_UNIT_IDENTIFY_BENCH_H
#define BARMKIN_TESTS_UNIT_IDENTIFY_BENCH_H
#include "test.h"

#include <string.h>

#include "base/enc.h"
#include "base/time.h"
#include "identify/sign.h"
#include "identify/sigv4.h"

#define AKID "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define TOKEN "FwoGZXIvYXdzEXAMPLE//token=="

enum { MAX_HEADERS = 24 };

/* One request in the making and all that came of it. */
struct bench {
    struct arena *a;
    struct header headers[MAX_HEADERS];
    struct http_request r;
    struct sigv4_signer signer;
    struct sigv4_claim claim;
    enum identify_fault fault;
    struct err e;
    str canonical, sts;
};

static inline void add(struct bench *b, const char *name, const char *value)
{
    assert_true(b->r.n_headers < MAX_HEADERS);
    b->headers[b->r.n_headers++] = (struct header){str_z(name), str_z(value)};
}

static inline struct header *header_at(struct bench *b, const char *name)
{
    for (size_t i = 0; i < b->r.n_headers; i++)
        if (str_eq_nocase(b->headers[i].name, str_z(name)))
            return &b->headers[i];
    fail_msg("there is no header %s", name);
    return NULL;
}

static inline void set_target(struct bench *b, str target)
{
    b->r.target = b->r.query = target;
    b->r.path = str_cut(&b->r.query, '?');
}

static inline int begin(void **state)
{
    struct arena *a = arena_new(8 << 20);
    struct bench *b = ARENA_NEW(a, struct bench);
    int64_t at = 0;

    assert_true(time_parse_iso(S("2026-11-23T08:22:51Z"), &at));
    time_set_offset_ms(0);
    time_set_offset_ms(at - time_wall_ms());
    b->a = a;
    b->r.headers = b->headers;
    b->r.method = S("POST");
    b->r.origin.tls = true;
    set_target(b, S("/"));
    add(b, "Host", "sts.us-east-1.amazonaws.com");
    b->signer = sigv4_signer_for(S("sts"), S("us-east-1"), S(AKID), S(SECRET), STR_ABSENT, at);
    *state = b;
    return 0;
}

static inline int end(void **state)
{
    time_set_offset_ms(0);
    arena_free(((struct bench *)*state)->a);
    return 0;
}

static inline str body_hash(struct bench *b, const char *body)
{
    char hex[65];

    return arena_dup(b->a, hash_sha256_hex(str_z(body), hex));
}

static inline void sign(struct bench *b, str payload_hash)
{
    struct sigv4_signed out;

    assert_true(is_ok(sigv4_sign(&b->signer, &b->r, payload_hash, b->a, &out, &b->e)));
    for (size_t i = 0; i < out.n_add; i++)
        b->headers[b->r.n_headers++] = out.add[i];
}

static inline void presign(struct bench *b, str payload_hash)
{
    struct sigv4_signed out;

    assert_true(is_ok(sigv4_presign(&b->signer, &b->r, payload_hash, b->a, &out, &b->e)));
    set_target(b, arena_printf(b->a, "%.*s?%.*s", FMT(b->r.path), FMT(out.query)));
}

/* All three stages; false with b->fault set when any says no. */
static inline bool verify(struct bench *b, str hash)
{
    uint8_t key[32];
    struct hmac_key prepared;

    err_clear(&b->e);
    if (!is_ok(sigv4_read(&b->r, b->a, &b->claim, &b->fault, &b->e)) ||
        !is_ok(sigv4_string_to_sign(&b->claim, &b->r, hash, b->a, &b->canonical, &b->sts, &b->fault, &b->e))) {
        assert_int_equal(b->e.why, WHY_REJECT);
        assert_int_not_equal(b->fault, IDENTIFY_OK);
        return false;
    }
    sigv4_derive_key(S(SECRET), b->claim.date, b->claim.region, b->claim.service, key);
    hmac_key_init(&prepared, HASH_SHA256, str_n((const char *)key, sizeof key));
    b->fault = sigv4_check(&prepared, b->sts, &b->claim) ? IDENTIFY_OK : IDENTIFY_SIGNATURE;
    return b->fault == IDENTIFY_OK;
}

static inline void refused(struct bench *b, str hash, enum identify_fault fault)
{
    assert_false(verify(b, hash));
    if (b->fault != fault)
        fail_msg("fault %d, not %d: %s", b->fault, fault, b->e.what);
}

static inline void use_s3(struct bench *b, const char *target)
{
    b->signer = sigv4_signer_for(S("s3"), S("us-east-1"), S(AKID), S(SECRET), STR_ABSENT, b->signer.now_ms);
    b->r.method = S("GET");
    set_target(b, str_z(target));
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
