/* SPDX-License-Identifier: MIT */
/* What may stand in a credential scope as a region: it becomes part of record keys and ARNs. */
#include "api/who.h"

#include "test.h"

static void test_api_who__regions(void **state)
{
    static const char *const good[] = {"us-east-1", "eu-central-2", "us-gov-west-1", "ap-southeast-5"};
    static const char *const bad[] = {"",           "us",         "us-east",    "us-east-12",
                                      "US-EAST-1",  "us-east-1-", "-us-east-1", "us--east-1",
                                      "usa-east-1", "us-1-1",     "us-east-x",  "us-east-1 ",
                                      "us-east/1",  "a-b-1",      "..-..-1",    "us-averyveryverylongregion-1"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!who_is_region(str_z(good[i])))
            fail_msg("%s is a region", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (who_is_region(str_z(bad[i])))
            fail_msg("'%s' is no region", bad[i]);
    assert_false(who_is_region(STR_ABSENT));
    assert_false(who_is_region(str_n("us-east-\0", 9)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_api_who__regions)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
