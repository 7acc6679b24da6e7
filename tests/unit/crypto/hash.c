/* SPDX-License-Identifier: MIT */
/* Hashes against the vectors of FIPS 180-4 and RFC 1321, whole and in pieces. */
#include "test.h"

#include <string.h>

#include "base/enc.h"
#include "crypto/hash.h"

static void assert_hex(const uint8_t *got, size_t n, const char *want)
{
    char text[2 * HASH_MAX_BYTES + 1] = "";

    hex_encode(got, n, text);
    assert_string_equal(text, want);
}

static void test_crypto_hash__known_answers(void **state)
{
    uint8_t out[HASH_MAX_BYTES];

    (void)state;
    hash_sha256(S("abc"), out);
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256(STR_ABSENT, out);
    assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256(S("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), out);
    assert_hex(out, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    hash_sha1(S("abc"), out);
    assert_hex(out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
    hash_md5(S("message digest"), out);
    assert_hex(out, 16, "f96b697d7cb7938d525a2f31aaf161d0");
    hash_md5(S(""), out);
    assert_hex(out, 16, "d41d8cd98f00b204e9800998ecf8427e");
}

static void test_crypto_hash__pieces_equal_the_whole(void **state)
{
    char text[300];
    uint8_t whole[HASH_MAX_BYTES], pieces[HASH_MAX_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7);
    for (int kind = HASH_SHA256; kind <= HASH_MD5; kind++)
        for (size_t cut = 0; cut <= sizeof text; cut += 13) {
            struct hash h, branch;
            hash_begin(&h, kind);
            hash_add(&h, str_n(text, cut));
            branch = h;
            hash_add(&h, S("something else"));
            hash_end(&h, whole);
            hash_add(&branch, str_n(text + cut, sizeof text - cut));
            hash_end(&branch, pieces);
            hash_begin(&h, kind);
            hash_add(&h, str_n(text, sizeof text));
            hash_end(&h, whole);
            assert_memory_equal(whole, pieces, hash_bytes(kind));
        }
}

static void test_crypto_hash__hex_form_is_terminated(void **state)
{
    char text[2 * SHA256_BYTES + 1];

    (void)state;
    str got = hash_sha256_hex(S(""), text);
    assert_str_equal(got, S("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    assert_int_equal(text[64], 0);
}

static void test_crypto_hash__nothing_stays_behind(void **state)
{
    struct hash h;
    uint8_t out[SHA256_BYTES];

    (void)state;
    hash_begin(&h, HASH_SHA256);
    hash_add(&h, S("PLANTED-SECRET"));
    hash_end(&h, out);
    assert_null(memmem(&h, sizeof h, "PLANTED", 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crypto_hash__known_answers),
        cmocka_unit_test(test_crypto_hash__pieces_equal_the_whole),
        cmocka_unit_test(test_crypto_hash__hex_form_is_terminated),
        cmocka_unit_test(test_crypto_hash__nothing_stays_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
