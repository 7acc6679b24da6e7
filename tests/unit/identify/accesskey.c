/* SPDX-License-Identifier: MIT */
/* Key ids carry their account, and unique ids look like IAM's. */
#include "test.h"

#include <string.h>

#include "identify/accesskey.h"

static void test_identify_accesskey__account_comes_back_out(void **state)
{
    static const char *const accounts[] = {"000000000000", "111122223333", "999999999999", "012345678901"};
    uint8_t random[ACCESSKEY_RANDOM_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff};
    char id[ACCESSKEY_CHARS + 1], account[ACCOUNT_DIGITS + 1];
    enum accesskey_kind kind;

    (void)state;
    for (int i = 0; i < 8; i++) {
        str made =
            accesskey_make(i & 1 ? ACCESSKEY_TEMPORARY : ACCESSKEY_LONG_TERM, str_z(accounts[i / 2]), random, id);
        assert_int_equal(made.n, 20);
        assert_true(str_starts(made, i & 1 ? S("ASIA") : S("AKIA")));
        assert_true(accesskey_kind_of(made, &kind));
        assert_int_equal(kind, i & 1);
        assert_true(accesskey_account(made, account));
        assert_string_equal(account, accounts[i / 2]);
        memset(random, i, sizeof random);
    }
}

static void test_identify_accesskey__reads_the_published_example(void **state)
{
    char account[ACCOUNT_DIGITS + 1];

    (void)state; /* from "A short note on AWS key ID" by T. Be'ery */
    assert_true(accesskey_account(S("ASIAQNZGKIQY56JQ7WML"), account));
    assert_string_equal(account, "029608264753");
}

static void test_identify_accesskey__refuses_what_is_no_key_id(void **state)
{
    static const char *const bad[] = {"",
                                      "AKIA",
                                      "AKIAIOSFODNN7EXAMPLE" /* of the oldest: no account in it */,
                                      "AROAQNZGKIQY56JQ7WML",
                                      "ASIAQNZGKIQY56JQ7WM",
                                      "ASIAQNZGKIQY56JQ7WMLA",
                                      "ASIAqnzgkiqy56jq7wml",
                                      "ASIAQNZGKIQY56JQ7WM1",
                                      "111122223333",
                                      "ASIA7777777777777777" /* beyond twelve digits */};
    char account[ACCOUNT_DIGITS + 1];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (accesskey_account(str_z(bad[i]), account))
            fail_msg("%s gave %s", bad[i], account);
}

static void test_identify_accesskey__random_bytes_make_distinct_ids(void **state)
{
    char one[ACCESSKEY_CHARS + 1], two[ACCESSKEY_CHARS + 1];

    (void)state;
    for (int bit = 1; bit < 40; bit++) { /* every bit but the first, which is the account's neighbour */
        uint8_t random[ACCESSKEY_RANDOM_BYTES] = {0};
        accesskey_make(ACCESSKEY_LONG_TERM, S("111122223333"), random, one);
        random[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        accesskey_make(ACCESSKEY_LONG_TERM, S("111122223333"), random, two);
        assert_string_not_equal(one, two);
    }
}

static void test_identify_accesskey__unique_ids_have_21_characters(void **state)
{
    static const uint8_t random[UNIQUE_ID_RANDOM_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    char id[UNIQUE_ID_CHARS + 1];

    (void)state;
    assert_str_equal(unique_id_make(S("AROA"), random, id), S("AROAAEBAGBAFAYDQQCIKB"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identify_accesskey__account_comes_back_out),
        cmocka_unit_test(test_identify_accesskey__reads_the_published_example),
        cmocka_unit_test(test_identify_accesskey__refuses_what_is_no_key_id),
        cmocka_unit_test(test_identify_accesskey__random_bytes_make_distinct_ids),
        cmocka_unit_test(test_identify_accesskey__unique_ids_have_21_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
