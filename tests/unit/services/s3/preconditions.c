/* SPDX-License-Identifier: MIT */
/* Ranges and conditions of reads: RFC 9110 sections 13 and 14, with S3's choices. */
#include "test.h"

#include "services/s3/s3_parts.h"

struct case_ {
    const char *header;
    uint64_t size;
    enum s3_range kind;
    uint64_t offset, length;
};

static void test_services_s3_preconditions__ranges(void **state)
{
    static const struct case_ cases[] = {
        {"bytes=0-0", 10, S3_PART, 0, 1},
        {"bytes=0-", 10, S3_PART, 0, 10},
        {"bytes=9-", 10, S3_PART, 9, 1},
        {"bytes=2-5", 10, S3_PART, 2, 4},
        {"bytes= 2 - 5 ", 10, S3_PART, 2, 4},
        {"BYTES=2-5", 10, S3_PART, 2, 4},
        {"bytes=2-18446744073709551615", 10, S3_PART, 2, 8},
        {"bytes=-3", 10, S3_PART, 7, 3},
        {"bytes=-10", 10, S3_PART, 0, 10},
        {"bytes=-18446744073709551615", 10, S3_PART, 0, 10},
        {"bytes=10-", 10, S3_UNSATISFIABLE, 0, 0},
        {"bytes=18446744073709551615-", UINT64_MAX, S3_UNSATISFIABLE, 0, 0},
        {"bytes=18446744073709551614-18446744073709551615", UINT64_MAX, S3_PART, UINT64_MAX - 1, 1},
        {"bytes=-0", 10, S3_UNSATISFIABLE, 0, 0},
        {"bytes=0-", 0, S3_UNSATISFIABLE, 0, 0},
        {"bytes=-5", 0, S3_UNSATISFIABLE, 0, 0},
        {"bytes=5-2", 10, S3_WHOLE, 0, 10},
        {"bytes=18446744073709551616-", 10, S3_WHOLE, 0, 10},
        {"bytes=0-1,3-4", 10, S3_WHOLE, 0, 10},
        {"bytes=--1", 10, S3_WHOLE, 0, 10},
        {"bytes=+1-2", 10, S3_WHOLE, 0, 10},
        {"bytes=-", 10, S3_WHOLE, 0, 10},
        {"bytes=", 10, S3_WHOLE, 0, 10},
        {"bytes", 10, S3_WHOLE, 0, 10},
        {"", 10, S3_WHOLE, 0, 10},
        {"pages=0-1", 10, S3_WHOLE, 0, 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t offset, length;
        enum s3_range kind = s3_parse_range(str_z(cases[i].header), cases[i].size, &offset, &length);
        if (kind != cases[i].kind)
            fail_msg("%s: %d", cases[i].header, kind);
        if (kind != S3_UNSATISFIABLE && (offset != cases[i].offset || length != cases[i].length))
            fail_msg("%s: %llu+%llu", cases[i].header, (unsigned long long)offset, (unsigned long long)length);
    }
}

static enum s3_verdict judge(const char *match, const char *none, const char *since, const char *unmodified)
{
    struct s3_conditions w = {str_z(match), str_z(none), str_z(since), str_z(unmodified)};
    const char *which;

    return s3_judge_conditions(&w, S("\"abc\""), 1000000000999, &which); /* Sun, 09 Sep 2001 01:46:40.999 GMT */
}

#define EXACTLY "Sun, 09 Sep 2001 01:46:40 GMT"
#define BEFORE "Sun, 09 Sep 2001 01:46:39 GMT"

static void test_services_s3_preconditions__conditions(void **state)
{
    (void)state;
    assert_int_equal(judge(NULL, NULL, NULL, NULL), S3_GO_ON);
    assert_int_equal(judge("\"abc\"", NULL, NULL, NULL), S3_GO_ON);
    assert_int_equal(judge("abc", NULL, NULL, NULL), S3_GO_ON);
    assert_int_equal(judge("\"x\", \"abc\"", NULL, NULL, NULL), S3_GO_ON);
    assert_int_equal(judge("*", NULL, NULL, NULL), S3_GO_ON);
    assert_int_equal(judge("\"ab\"", NULL, NULL, NULL), S3_FAILED);
    assert_int_equal(judge("bc", NULL, NULL, NULL), S3_FAILED);
    assert_int_equal(judge(NULL, "\"abc\"", NULL, NULL), S3_NOT_MODIFIED);
    assert_int_equal(judge(NULL, "W/\"abc\"", NULL, NULL), S3_NOT_MODIFIED);
    assert_int_equal(judge(NULL, "\"x\"", EXACTLY, NULL), S3_GO_ON); /* the tag decides */
    assert_int_equal(judge(NULL, NULL, EXACTLY, NULL), S3_NOT_MODIFIED);
    assert_int_equal(judge(NULL, NULL, BEFORE, NULL), S3_GO_ON);
    assert_int_equal(judge(NULL, NULL, "yesterday", NULL), S3_GO_ON);
    assert_int_equal(judge(NULL, NULL, NULL, EXACTLY), S3_GO_ON);
    assert_int_equal(judge(NULL, NULL, NULL, BEFORE), S3_FAILED);
    assert_int_equal(judge("abc", NULL, NULL, BEFORE), S3_GO_ON);
    assert_int_equal(judge("x", "\"abc\"", NULL, NULL), S3_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_s3_preconditions__ranges),
        cmocka_unit_test(test_services_s3_preconditions__conditions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
