/* SPDX-License-Identifier: MIT */
/* HMAC against RFC 4231 and RFC 2202, HKDF against RFC 5869, and AWS's documented signing key. */
#include "test.h"

#include <string.h>

#include "base/enc.h"
#include "crypto/hmac.h"

static str from_hex(const char *hex, uint8_t *dst)
{
    str text = str_z(hex);

    assert_true(hex_decode(text, dst, text.n / 2));
    return str_n((const char *)dst, text.n / 2);
}

static void assert_hex(const uint8_t *got, const char *want)
{
    uint8_t bytes[128];
    str w = from_hex(want, bytes);

    assert_memory_equal(got, w.p, w.n);
}

static void test_crypto_hmac__rfc_4231(void **state)
{
    uint8_t out[32], key[131];

    (void)state;
    memset(key, 0x0b, 20);
    hmac_sha256(str_n((char *)key, 20), S("Hi There"), out);
    assert_hex(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac_sha256(S("Jefe"), S("what do ya want for nothing?"), out);
    assert_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    hmac_sha256(str_n((char *)key, 131), S("Test Using Larger Than Block-Size Key - Hash Key First"), out);
    assert_hex(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_crypto_hmac__rfc_2202_sha1(void **state)
{
    uint8_t out[20];

    (void)state;
    hmac_sha1(S("Jefe"), S("what do ya want for nothing?"), out);
    assert_hex(out, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

static void test_crypto_hmac__a_prepared_key_serves_many_messages(void **state)
{
    struct hmac_key k;
    struct hash h;
    uint8_t one[32], two[32];

    (void)state;
    hmac_key_init(&k, HASH_SHA256, S("Jefe"));
    for (int i = 0; i < 3; i++) {
        hmac_with(&k, S("what do ya want for nothing?"), one);
        assert_hex(one, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
    hmac_begin(&k, &h);
    hash_add(&h, S("what do ya want "));
    hash_add(&h, S("for nothing?"));
    hmac_end(&k, &h, two);
    assert_memory_equal(one, two, sizeof one);
}

static void test_crypto_hmac__rfc_5869(void **state)
{
    uint8_t ikm[80], salt[80], info[80], out[82];

    (void)state;
    hkdf_sha256(from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", ikm),
                from_hex("000102030405060708090a0b0c", salt), from_hex("f0f1f2f3f4f5f6f7f8f9", info), out, 42);
    assert_hex(out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    for (size_t i = 0; i < 80; i++) {
        ikm[i] = (uint8_t)i;
        salt[i] = (uint8_t)(0x60 + i);
        info[i] = (uint8_t)(0xb0 + i);
    }
    hkdf_sha256(str_n((char *)ikm, 80), str_n((char *)salt, 80), str_n((char *)info, 80), out, 82);
    assert_hex(out, "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                    "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
    hkdf_sha256(from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", ikm), STR_ABSENT, STR_ABSENT, out, 42);
    assert_hex(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void test_crypto_hmac__aws_signing_key(void **state)
{
    uint8_t k[32];
    str chain[] = {S("us-east-1"), S("iam"), S("aws4_request")};

    (void)state;
    hmac_sha256(S("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), S("20150830"), k);
    for (size_t i = 0; i < 3; i++)
        hmac_sha256(str_n((char *)k, 32), chain[i], k);
    assert_hex(k, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crypto_hmac__rfc_4231),
        cmocka_unit_test(test_crypto_hmac__rfc_2202_sha1),
        cmocka_unit_test(test_crypto_hmac__a_prepared_key_serves_many_messages),
        cmocka_unit_test(test_crypto_hmac__rfc_5869),
        cmocka_unit_test(test_crypto_hmac__aws_signing_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
