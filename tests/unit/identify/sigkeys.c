/* SPDX-License-Identifier: MIT */
/* The cache of signing keys: it never answers with another scope's key, and it forgets. */
#include "test.h"

#include <string.h>

#include "base/arena.h"
#include "identify/sigkeys.h"

static struct sigv4_claim claim_of(struct arena *a, int i)
{
    return (struct sigv4_claim){
        .access_key_id = arena_printf(a, "AKIA%016d", i),
        .date = S("20261123"),
        .region = S("us-east-1"),
        .service = S("sts"),
    };
}

static bool same_key(const struct hmac_key *k, const uint8_t key[32])
{
    uint8_t x[32], y[32];

    hmac_with(k, S("message"), x);
    hmac_sha256(str_n((const char *)key, 32), S("message"), y);
    return memcmp(x, y, 32) == 0;
}

static void test_identify_sigkeys__finds_what_was_put_and_nothing_else(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct sigkeys *k = sigkeys_new();
    struct sigv4_claim one = claim_of(a, 1), other = one;
    uint8_t key[32] = {1, 2, 3}, again[32] = {4};

    (void)state;
    assert_null(sigkeys_find(k, &one));
    assert_true(same_key(sigkeys_put(k, &one, key), key));
    assert_true(same_key(sigkeys_find(k, &one), key));
    other.service = S("st");
    assert_null(sigkeys_find(k, &other));
    other = one;
    other.date = S("20261124");
    assert_null(sigkeys_find(k, &other));
    sigkeys_put(k, &one, again);
    assert_true(same_key(sigkeys_find(k, &one), again));
    sigkeys_free(k);
    arena_free(a);
}

static void test_identify_sigkeys__forgets_one_access_key_in_every_scope(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct sigkeys *k = sigkeys_new();
    struct sigv4_claim one = claim_of(a, 1), two = one, longer = one;
    uint8_t key[32] = {1};

    (void)state;
    two.region = S("eu-west-1");
    longer.access_key_id = arena_cat(a, one.access_key_id, S("0"));
    sigkeys_put(k, &one, key);
    sigkeys_put(k, &two, key);
    sigkeys_put(k, &longer, key);
    sigkeys_forget(k, one.access_key_id);
    assert_null(sigkeys_find(k, &one));
    assert_null(sigkeys_find(k, &two));
    assert_non_null(sigkeys_find(k, &longer));
    sigkeys_free(k);
    arena_free(a);
}

static void test_identify_sigkeys__is_bounded_and_keeps_the_most_recent(void **state)
{
    struct arena *a = arena_new(4 << 20);
    struct sigkeys *k = sigkeys_new();
    uint8_t key[32] = {0};
    int found = 0;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        struct sigv4_claim c = claim_of(a, i);
        memcpy(key, &i, sizeof i);
        sigkeys_put(k, &c, key);
        assert_true(same_key(sigkeys_find(k, &c), key));
    }
    for (int i = 0; i < 5000; i++) {
        struct sigv4_claim c = claim_of(a, i);
        const struct hmac_key *hit = sigkeys_find(k, &c);
        memcpy(key, &i, sizeof i);
        found += hit != NULL;
        if (hit)
            assert_true(same_key(hit, key));
    }
    assert_in_range(found, 900, 1024);
    sigkeys_free(k);
    arena_free(a);
}

static void test_identify_sigkeys__a_long_name_is_answered_but_not_kept(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct sigkeys *k = sigkeys_new();
    struct sigv4_claim c = claim_of(a, 1);
    uint8_t key[32] = {9};

    (void)state;
    c.region = str_n(arena_alloc(a, 200), 200);
    assert_true(same_key(sigkeys_put(k, &c, key), key));
    assert_null(sigkeys_find(k, &c));
    sigkeys_free(k);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identify_sigkeys__finds_what_was_put_and_nothing_else),
        cmocka_unit_test(test_identify_sigkeys__forgets_one_access_key_in_every_scope),
        cmocka_unit_test(test_identify_sigkeys__is_bounded_and_keeps_the_most_recent),
        cmocka_unit_test(test_identify_sigkeys__a_long_name_is_answered_but_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
