/* SPDX-License-Identifier: MIT */
/* A plain body against what its headers promise (T4). */
#include "test.h"

#include "identify/checksum.h"

#define HASH_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static res check(const struct header *headers, size_t n, const struct sigv4_claim *claim, str body,
                 enum identify_fault *fault)
{
    struct http_request r = {.headers = headers, .n_headers = n};
    struct body_check b;
    struct err e = {0};

    TRY(body_check_begin(&b, &r, claim, fault, &e));
    for (size_t i = 0; i < body.n; i++)
        body_check_add(&b, str_sub(body, i, 1));
    return body_check_end(&b, fault, &e);
}

static void test_identify_checksum__signed_hash_must_be_the_body_s(void **state)
{
    struct sigv4_claim claim = {.payload = PAYLOAD_HASH, .payload_hash = S(HASH_OF_ABC)};
    enum identify_fault fault;

    (void)state;
    assert_true(is_ok(check(NULL, 0, &claim, S("abc"), &fault)));
    assert_false(is_ok(check(NULL, 0, &claim, S("abd"), &fault)));
    assert_int_equal(fault, IDENTIFY_BODY_HASH);
    assert_false(is_ok(check(NULL, 0, &claim, S(""), &fault)));
    claim.payload = PAYLOAD_UNSIGNED;
    assert_true(is_ok(check(NULL, 0, &claim, S("abd"), &fault)));
    assert_true(is_ok(check(NULL, 0, NULL, S("abd"), &fault)));
}

static void test_identify_checksum__header_checksums_and_md5_are_verified(void **state)
{
    enum identify_fault fault;
    static const struct header good[][2] = {
        {{{"Content-MD5", 11}, {"kAFQmDzST7DWlj99KOF/cg==", 24}}, {{"x-amz-checksum-crc32", 20}, {"NSRBwg==", 8}}},
        {{{"X-Amz-Checksum-SHA1", 19}, {"qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", 28}}, {{"x", 1}, {"y", 1}}},
        {{{"x-amz-checksum-sha256", 21}, {"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", 44}},
         {{"x-amz-checksum-algorithm", 24}, {"SHA256", 6}}},
        {{{"x-amz-checksum-crc32c", 21}, {"Nks/tw==", 8}}, {{"x", 1}, {"y", 1}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(is_ok(check(good[i], 2, NULL, S("abc"), &fault)));
        assert_false(is_ok(check(good[i], 2, NULL, S("abd"), &fault)));
        assert_int_equal(fault, IDENTIFY_BAD_DIGEST);
    }
}

static void test_identify_checksum__headers_that_no_body_fits_are_refused_early(void **state)
{
    enum identify_fault fault;
    static const struct header bad[][2] = {
        {{{"Content-MD5", 11}, {"kAFQmDzST7DWlj99KOF/", 20}}, {{"x", 1}, {"y", 1}}},
        {{{"Content-MD5", 11}, {"", 0}}, {{"x", 1}, {"y", 1}}},
        {{{"x-amz-checksum-crc32", 20}, {"not base64!", 11}}, {{"x", 1}, {"y", 1}}},
        {{{"x-amz-checksum-crc32", 20}, {"AAAAAAAAAAA=", 12}}, {{"x", 1}, {"y", 1}}},
        {{{"x-amz-checksum-crc32", 20}, {"NSRBwg==", 8}}, {{"x-amz-checksum-crc32c", 21}, {"NSRBwg==", 8}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(is_ok(check(bad[i], 2, NULL, S("abc"), &fault)));
        assert_int_equal(fault, IDENTIFY_INVALID_DIGEST);
    }
}

static void test_identify_checksum__crc64nvme_check_value(void **state)
{
    (void)state; /* the catalogue's check value, in one piece and in two */
    assert_true(crc64nvme_update(0, S("123456789")) == 0xae8b14860a799888u);
    assert_true(crc64nvme_update(crc64nvme_update(0, S("1234")), S("56789")) == 0xae8b14860a799888u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identify_checksum__signed_hash_must_be_the_body_s),
        cmocka_unit_test(test_identify_checksum__header_checksums_and_md5_are_verified),
        cmocka_unit_test(test_identify_checksum__headers_that_no_body_fits_are_refused_early),
        cmocka_unit_test(test_identify_checksum__crc64nvme_check_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
