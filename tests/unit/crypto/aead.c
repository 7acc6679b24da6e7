/* SPDX-License-Identifier: MIT */
/* AES-256-GCM against the GCM specification's vectors; every flipped bit is refused. */
#include "test.h"

#include <string.h>

#include "base/enc.h"
#include "crypto/aead.h"

static str from_hex(const char *hex, uint8_t *dst)
{
    str text = str_z(hex);

    assert_true(hex_decode(text, dst, text.n / 2));
    return str_n((const char *)dst, text.n / 2);
}

struct vector {
    const char *key, *nonce, *aad, *plain, *sealed;
};

#define KEY "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define PLAIN                                                                                                          \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de65"  \
    "7ba637b39"
#define CIPHER                                                                                                         \
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0"  \
    "abcc9f662"

/* McGrew and Viega, test cases 13, 14 and 16. */
static const struct vector vectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {KEY, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2", PLAIN,
     CIPHER "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static void test_crypto_aead__known_answers_with_one_context(void **state)
{
    uint8_t key[32] = {0}, nonce[12], aad[64], plain[128], want[128], got[128];
    struct aead x;

    (void)state;
    aead_init(&x, key);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const struct vector *v = &vectors[i];
        from_hex(v->key, key);
        from_hex(v->nonce, nonce);
        str a = from_hex(v->aad, aad), p = from_hex(v->plain, plain), w = from_hex(v->sealed, want);
        aead_rekey(&x, key);
        for (int round = 0; round < 3; round++) {
            aead_seal(&x, nonce, a, p, got);
            assert_memory_equal(got, w.p, w.n);
            assert_true(aead_open(&x, nonce, a, w, got));
            assert_memory_equal(got, p.p, p.n);
        }
        aead_seal_once(key, nonce, a, p, got);
        assert_memory_equal(got, w.p, w.n);
    }
    aead_done(&x);
    aead_done(&x);
}

static void test_crypto_aead__in_place(void **state)
{
    uint8_t key[32] = {1}, nonce[12] = {2}, room[5 + AEAD_TAG_BYTES] = "hello";

    (void)state;
    aead_seal_once(key, nonce, S("a"), str_n((char *)room, 5), room);
    assert_memory_not_equal(room, "hello", 5);
    assert_true(aead_open_once(key, nonce, S("a"), str_n((char *)room, sizeof room), room));
    assert_memory_equal(room, "hello", 5);
}

static void test_crypto_aead__every_flipped_bit_is_refused(void **state)
{
    uint8_t key[32] = {1}, nonce[12] = {2}, sealed[24 + AEAD_TAG_BYTES], out[24], zero[24] = {0};
    char aad[] = "context";
    struct aead x;

    (void)state;
    aead_init(&x, key);
    aead_seal(&x, nonce, str_z(aad), S("twenty-four bytes of it."), sealed);
    str whole = {(char *)sealed, sizeof sealed};
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        memset(out, 0x55, sizeof out);
        assert_false(aead_open(&x, nonce, str_z(aad), whole, out));
        assert_memory_equal(out, zero, sizeof out); /* nothing unverified is handed out */
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 7 * 8; bit++) {
        aad[bit / 8] = (char)(aad[bit / 8] ^ (1 << bit % 8));
        assert_false(aead_open(&x, nonce, str_n(aad, 7), whole, out));
        aad[bit / 8] = (char)(aad[bit / 8] ^ (1 << bit % 8));
    }
    for (size_t bit = 0; bit < sizeof nonce * 8; bit++) {
        nonce[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(aead_open(&x, nonce, str_z(aad), whole, out));
        nonce[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t n = 0; n < sizeof sealed; n++)
        assert_false(aead_open(&x, nonce, str_z(aad), str_n((char *)sealed, n), out));
    key[31] ^= 1;
    assert_false(aead_open_once(key, nonce, str_z(aad), whole, out));
    assert_true(aead_open(&x, nonce, str_z(aad), whole, out)); /* the test itself still means something */
    aead_done(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crypto_aead__known_answers_with_one_context),
        cmocka_unit_test(test_crypto_aead__in_place),
        cmocka_unit_test(test_crypto_aead__every_flipped_bit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
