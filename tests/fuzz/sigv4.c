/* SPDX-License-Identifier: MIT */
/* Fuzzes who-calls: any request head is read without harm, and what we sign ourselves verifies.
 * Input: METHOD, then the target, then "Name:value", by lines. Built by `make fuzz` with libFuzzer. */
#include <stdint.h>
#include <stdlib.h>

#include "base/time.h"
#include "identify/sign.h"
#include "identify/sigv2.h"
#include "identify/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_HEADERS = 100, MAX_HEAD_BYTES = 16384 };

#define NOW_MS INT64_C(1795422171000) /* 2026-11-23T08:22:51Z */
#define SECRET S("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void read_head(str text, struct http_request *r, struct header *headers)
{
    *r = (struct http_request){.method = str_cut(&text, '\n'), .headers = headers, .origin.tls = true};
    r->target = r->query = str_is(text) ? str_cut(&text, '\n') : S("/");
    r->path = str_cut(&r->query, '?');
    while (str_is(text) && r->n_headers < MAX_HEADERS) {
        str value = str_cut(&text, '\n'), name = str_cut(&value, ':');
        headers[r->n_headers++] = (struct header){name, str_trim(value)};
    }
}

/* All stages; true when the request verifies. */
static bool verify(const struct http_request *r, struct arena *a, struct sigv4_claim *c)
{
    enum identify_fault fault = IDENTIFY_OK;
    struct hmac_key prepared;
    struct err e = {0};
    uint8_t key[32];
    str canonical, sts;

    if (!is_ok(sigv4_read(r, a, c, &fault, &e)) ||
        !is_ok(sigv4_string_to_sign(c, r, S("UNSIGNED"), a, &canonical, &sts, &fault, &e))) {
        must(fault != IDENTIFY_OK && e.why == WHY_REJECT && e.what[0]);
        return false;
    }
    sigv4_derive_key(SECRET, c->date, c->region, c->service, key);
    hmac_key_init(&prepared, HASH_SHA256, str_n((const char *)key, sizeof key));
    return sigv4_check(&prepared, sts, c);
}

/* Whatever can be signed must verify once it is read. */
static void sign_and_verify(struct http_request r, struct header *headers, struct arena *a, str service)
{
    struct sigv4_signer s =
        sigv4_signer_for(service, S("us-east-1"), S("AKIAQNZGKIQY56JQ7WML"), SECRET, S("token"), NOW_MS);
    enum identify_fault fault;
    struct sigv4_signed out;
    struct sigv4_claim c;
    struct err e = {0};

    if (r.n_headers + SIGV4_ADDED_HEADERS > MAX_HEADERS ||
        canonical_header_count(r.headers, r.n_headers, S("x-amz-content-sha256")) ||
        !is_ok(sigv4_sign(&s, &r, S("UNSIGNED"), a, &out, &e)))
        return;
    for (size_t i = 0; i < out.n_add; i++)
        headers[r.n_headers++] = out.add[i];
    e = (struct err){0};
    if (is_ok(sigv4_read(&r, a, &c, &fault, &e)))
        must(verify(&r, a, &c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct header headers[MAX_HEADERS];
    struct http_request r;
    struct sigv4_claim c;
    struct sigv2_claim c2;
    enum identify_fault fault;

    if (size > MAX_HEAD_BYTES)
        return 0;
    time_set_offset_ms(0);
    time_set_offset_ms(NOW_MS - time_wall_ms());
    struct arena *a = arena_new(64 << 20);
    str text = arena_dup(a, str_n((const char *)data, size));
    read_head(text, &r, headers);
    verify(&r, a, &c);
    if (is_ok(sigv2_read(&r, a, &c2, &fault, NULL)))
        must(str_is(sigv2_string_to_sign(&c2, &r, S("bucket"), a)));
    str once = canonical_path_normalize(r.path, a);
    must(str_eq(once, canonical_path_normalize(once, a)));
    sign_and_verify(r, headers, a, size & 1 ? S("s3") : S("sts"));
    arena_free(a);
    return 0;
}
