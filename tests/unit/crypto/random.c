/* SPDX-License-Identifier: MIT */
/* Randomness: no constant bytes, no bias at the bound; comparison sees every byte. */
#include "test.h"

#include <string.h>

#include "crypto/random.h"

static void test_crypto_random__bytes_differ(void **state)
{
    uint8_t x[64] = {0}, y[64] = {0}, zero[64] = {0};

    (void)state;
    random_bytes(x, sizeof x);
    random_bytes(y, sizeof y);
    assert_memory_not_equal(x, y, sizeof x);
    assert_memory_not_equal(x + 32, zero, 32);
    random_bytes(NULL, 0);
}

static void test_crypto_random__below_stays_below_and_reaches_all(void **state)
{
    unsigned seen[7] = {0};

    (void)state;
    for (int i = 0; i < 7000; i++) {
        uint32_t v = random_below(7);
        assert_true(v < 7);
        seen[v]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 700, 1300);
    assert_int_equal(random_below(1), 0);
}

static void test_crypto_random__hex_is_hex(void **state)
{
    char text[131] = "";

    (void)state;
    random_hex(text, 130);
    assert_true(str_all(str_z(text), "0123456789abcdef"));
    assert_int_equal(str_z(text).n, 130);
    assert_memory_not_equal(text, text + 64, 64);
}

static void test_crypto_random__equal_sees_every_byte(void **state)
{
    uint8_t x[33] = {0}, y[33] = {0};

    (void)state;
    assert_true(crypto_equal(x, y, sizeof x));
    assert_true(crypto_equal(NULL, NULL, 0));
    for (size_t i = 0; i < sizeof x; i++) {
        y[i] = 0x80;
        assert_false(crypto_equal(x, y, sizeof x));
        y[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crypto_random__bytes_differ),
        cmocka_unit_test(test_crypto_random__below_stays_below_and_reaches_all),
        cmocka_unit_test(test_crypto_random__hex_is_hex),
        cmocka_unit_test(test_crypto_random__equal_sees_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
