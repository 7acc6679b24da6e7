/* SPDX-License-Identifier: MIT */
/* Hyperparameters: AWS's ranges, AWS's sentences. */
#include "test.h"

#include <string.h>

#include "runtimes/xgboost/hyper.h"

static const char *param(const struct hyper *h, const char *name)
{
    for (size_t i = 0; i < h->n; i++)
        if (strcmp(h->params[i].name, name) == 0)
            return h->params[i].value;
    return "";
}

static void test_xgboost_hyper__takes_the_demos(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct err e = {0};
    struct hyper h;

    (void)state;
    if (!is_ok(hyper_read(a,
                          S("{\"objective\": \"reg:linear\", \"num_round\": \"50\", \"max_depth\": \"5\", \"learning_"
                            "rate\": \"0.2\", \"gamma\": \"4\", \"min_child_weight\": \"6\", \"subsample\": \"0.7\", "
                            "\"silent\": \"0\", \"eval_metric\": \"mae,rmse\"}"),
                          &h, &e)))
        fail_msg("%s", e.what);
    assert_int_equal(h.num_round, 50);
    assert_int_equal(h.early_stopping_rounds, 0);
    assert_string_equal(param(&h, "objective"), "reg:squarederror");
    assert_string_equal(param(&h, "eta"), "0.2");
    assert_string_equal(param(&h, "eval_metric"), "mae");
    assert_string_equal(param(&h, "silent"), "");
    assert_string_equal(param(&h, "num_round"), "");
    arena_free(a);
}

static void test_xgboost_hyper__measures_what_1_0_measured(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct hyper h;

    (void)state;
    assert_true(is_ok(hyper_read(a, S("{\"num_round\": 1, \"objective\": \"binary:logistic\"}"), &h, NULL)));
    assert_string_equal(param(&h, "eval_metric"), "error");
    assert_true(
        is_ok(hyper_read(a, S("{\"num_round\": 1, \"_tuning_objective_metric\": \"validation:mae\"}"), &h, NULL)));
    assert_string_equal(param(&h, "eval_metric"), "mae");
    assert_true(hyper_maximizes(S("ndcg@5")) && hyper_maximizes(S("auc")) && !hyper_maximizes(S("rmse")));
    arena_free(a);
}

static void test_xgboost_hyper__refuses_with_awss_sentences(void **state)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        {"{}", "Missing required hyperparameter: num_round"},
        {"{\"num_round\": \"1\", \"foo\": \"1\"}", "Extraneous hyperparameter found: foo"},
        {"{\"num_round\": \"0\"}", "Hyperparameter num_round: 0 is not in [1, +inf)"},
        {"{\"num_round\": \"1.5\"}", "Hyperparameter num_round: could not parse value (caused by ValueError)"},
        {"{\"num_round\": \"1\", \"eta\": \"2\"}", "Hyperparameter eta: 2.0 is not in [0, 1]"},
        {"{\"num_round\": \"1\", \"eta\": \"nan\"}", "Hyperparameter eta: nan is not in [0, 1]"},
        {"{\"num_round\": \"1\", \"subsample\": \"0\"}", "Hyperparameter subsample: 0.0 is not in (0, 1]"},
        {"{\"num_round\": \"1\", \"max_depth\": \"-1\"}", "Hyperparameter max_depth: -1 is not in [0, +inf)"},
        {"{\"num_round\": \"1\", \"eta\": [1]}", "Hyperparameter eta: could not parse value (caused by ValueError)"},
        {"{\"num_round\": \"1\", \"eta\": \"\"}", "Hyperparameter eta: could not parse value (caused by ValueError)"},
        {"{\"num_round\": \"1\", \"booster\": \"tree\"}",
         "Hyperparameter booster: tree is not in ['gbtree', 'gblinear', 'dart']"},
        {"{\"num_round\": \"1\", \"booster\": \"gbtree dart\"}",
         "Hyperparameter booster: gbtree dart is not in ['gbtree', 'gblinear', 'dart']"},
        {"{\"num_round\": \"1\", \"eval_metric\": \"rmse,foo\"}",
         "Hyperparameter eval_metric: value ['rmse', 'foo'] not in range ['accuracy', "},
        {"{\"num_round\": \"1\", \"eval_metric\": \"f1\"}", "Metric 'f1' is not computed by this image."},
        {"{\"num_round\": \"1\", \"eval_metric\": \"rmse@1\"}", "Metric 'rmse@1' is not supported."},
        {"{\"num_round\": \"1\", \"eval_metric\": \"error@x\"}", "Threshold value 't' in 'error@t' expects float"},
        {"{\"num_round\": \"1\", \"eval_metric\": \"auc\"}", "Metric 'auc' can only be applied for classification"},
        {"{\"num_round\": \"1\", \"objective\": \"multi:softmax\"}",
         "Require input for parameter 'num_class' for multi-classification"},
        {"{\"num_round\": \"1\", \"monotone_constraints\": \"(1,0)\"}", "monotone_constraints can be used only when"},
        {"{\"num_round\": \"1\", \"monotone_constraints\": \"__import__('os')\", \"tree_method\": \"hist\"}",
         "Hyperparameter monotone_constraints: could not parse value"},
        {"[]", "hyperparameters.json is no object"},
        {"{\"num_round\": \"1\", \"num_round\": \"2\"}", "duplicate"},
        {"{", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *a = arena_new(1 << 20);
        struct err e = {0};
        struct hyper h;
        assert_int_equal(hyper_read(a, str_z(cases[i].json), &h, &e).why, WHY_REJECT);
        if (!strstr(e.what, cases[i].why))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].json, e.what, cases[i].why);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xgboost_hyper__takes_the_demos),
        cmocka_unit_test(test_xgboost_hyper__measures_what_1_0_measured),
        cmocka_unit_test(test_xgboost_hyper__refuses_with_awss_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
