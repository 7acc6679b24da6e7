/* SPDX-License-Identifier: MIT */
/* CSV and libsvm lines. */
#include "test.h"

#include <math.h>

#include "runtimes/xgboost/rows.h"

static void test_xgboost_rows__csv_empty_fields_are_missing(void **state)
{
    float row[4];
    size_t n;

    (void)state;
    assert_true(is_ok(rows_csv(S("1.5,, nan ,"), ',', row, 4, &n, NULL)));
    assert_int_equal(n, 4);
    assert_true(row[0] == 1.5f && isnan(row[1]) && isnan(row[2]) && isnan(row[3]));
    assert_int_equal(rows_width(S("1.5,, nan ,"), ','), 4);
}

static void test_xgboost_rows__csv_refuses_words_quotes_and_too_many_columns(void **state)
{
    struct err e = {0};
    float row[2] = {0, 7};
    size_t n;

    (void)state;
    assert_int_equal(rows_csv(S("M,0.455"), ',', row, 2, &n, &e).why, WHY_REJECT);
    assert_string_equal(e.what, "could not convert string to float: 'M'");
    err_clear(&e);
    assert_int_equal(rows_csv(S("1,\"2\""), ',', row, 2, &n, &e).why, WHY_REJECT);
    err_clear(&e);
    assert_int_equal(rows_csv(S("\x1b[31m\xff,1"), ',', row, 2, &n, &e).why, WHY_REJECT);
    assert_string_equal(e.what, "could not convert string to float: '?[31m?'");
    row[1] = 7;
    assert_int_equal(rows_csv(S("1,2,3"), ',', row, 1, &n, NULL).why, WHY_REJECT);
    assert_true(row[1] == 7); /* nothing beyond its room */
}

static void test_xgboost_rows__lines_end_in_lf_crlf_or_nothing(void **state)
{
    str text = S("a\r\nb\n\nc"), line;

    (void)state;
    assert_true(rows_line(&text, &line));
    assert_str_equal(line, S("a"));
    assert_true(rows_line(&text, &line));
    assert_str_equal(line, S("b"));
    assert_true(rows_line(&text, &line));
    assert_true(str_empty(line));
    assert_true(rows_line(&text, &line));
    assert_str_equal(line, S("c"));
    assert_false(rows_line(&text, &line));
}

static void test_xgboost_rows__delimiter_is_read_off_the_first_line(void **state)
{
    (void)state;
    assert_int_equal(rows_delimiter(S("1,2 3\n1;2")), ',');
    assert_int_equal(rows_delimiter(S("1\t2\n1,2")), '\t');
    assert_int_equal(rows_delimiter(S("1;2")), ';');
    assert_int_equal(rows_delimiter(S("1 2")), ' ');
    assert_int_equal(rows_delimiter(S("1.5\n1,2")), ',');
}

static void test_xgboost_rows__libsvm_sets_what_is_named(void **state)
{
    float row[4], label = 0, weight = 0;
    size_t top;

    (void)state;
    assert_true(is_ok(rows_libsvm(S("15:0.5 1:2.5  3:-1"), row, 4, &label, &weight, &top, NULL)));
    assert_true(label == 15 && weight == 0.5f && top == 4);
    assert_true(isnan(row[0]) && row[1] == 2.5f && isnan(row[2]) && row[3] == -1);
    assert_true(is_ok(rows_libsvm(S("15 1:2.5"), row, 4, NULL, NULL, &top, NULL)));
    assert_true(row[1] == 2.5f && top == 2);
    assert_true(is_ok(rows_libsvm(S("0:1"), row, 4, NULL, NULL, &top, NULL)));
    assert_true(row[0] == 1);
}

static void test_xgboost_rows__libsvm_refuses_bad_indexes(void **state)
{
    static const char *const bad[] = {"1 4:1",   "1 -1:1", "1 a:1", "1 1:b", "1 1", "1 18446744073709551616:1",
                                      "1 1:1:1", "x 1:1"};
    float row[4], label, weight;
    size_t top;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (is_ok(rows_libsvm(str_z(bad[i]), row, 4, &label, &weight, &top, NULL)))
            fail_msg("'%s' was taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xgboost_rows__csv_empty_fields_are_missing),
        cmocka_unit_test(test_xgboost_rows__csv_refuses_words_quotes_and_too_many_columns),
        cmocka_unit_test(test_xgboost_rows__lines_end_in_lf_crlf_or_nothing),
        cmocka_unit_test(test_xgboost_rows__delimiter_is_read_off_the_first_line),
        cmocka_unit_test(test_xgboost_rows__libsvm_sets_what_is_named),
        cmocka_unit_test(test_xgboost_rows__libsvm_refuses_bad_indexes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
