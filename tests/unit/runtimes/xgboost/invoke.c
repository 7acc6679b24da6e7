/* SPDX-License-Identifier: MIT */
/* Invocations without HTTP: formats, statuses, and that a batch answers as its rows do. */
#include "test.h"

#include <stdio.h>

#include "runtimes/xgboost/invoke.h"
#include "runtimes/xgboost/number.h"
#include "trained.h"

struct rig {
    struct arena *arena;
    struct model model;
    struct invoker invoker;
    struct buf out, text;
    const char *type;
};

static void rig_make(struct rig *r, const char *const *params, bool classes, bool batch)
{
    struct buf file;
    struct err e = {0};

    *r = (struct rig){.arena = arena_new(64 << 20)};
    trained_pickle(params, classes, &file);
    if (!is_ok(model_load_bytes(r->arena, buf_str(&file), &r->model, &e)))
        fail_msg("%s", e.what);
    buf_done(&file);
    invoker_init(&r->invoker, &r->model, r->arena, batch);
    buf_init(&r->out, 8 << 20);
    buf_init(&r->text, 8 << 20);
}

static void rig_done(struct rig *r)
{
    buf_done(&r->out);
    buf_done(&r->text);
    invoker_done(&r->invoker);
    model_done(&r->model);
    arena_free(r->arena);
}

static int call(struct rig *r, const char *type, const char *accept, str body)
{
    struct invocation in = {str_z(type), str_z(accept), body};

    return invoke(&r->invoker, &in, &r->out, &r->type);
}

/* The text of `n` predictions by libxgboost, as Python would join them; the rows' CSV goes to r->text. */
static void expect_rows(struct rig *r, size_t n, uint64_t seed, char separator, struct buf *known)
{
    static float rows[5000 * TRAINED_FEATURES];
    char text[NUMBER_TEXT_BYTES];
    struct buf values;
    size_t outputs;

    trained_rows(rows, n, seed);
    buf_clear(&r->text);
    for (size_t i = 0; i < n * TRAINED_FEATURES; i++) {
        if (rows[i] == rows[i])
            buf_printf(&r->text, "%.9g", (double)rows[i]);
        buf_add_char(&r->text, (i + 1) % TRAINED_FEATURES ? ',' : '\n');
    }
    buf_init(&values, 1 << 20);
    buf_init(known, 1 << 20);
    assert_true(is_ok(model_predict_by_library(&r->model, rows, n, &values, &outputs, NULL)));
    for (size_t i = 0; i < n; i++) {
        float v;
        memcpy(&v, values.p + i * sizeof v, sizeof v);
        if (i)
            buf_add_char(known, separator);
        buf_add(known, str_n(text, number_repr((double)v, text)));
    }
    buf_done(&values);
}

static void test_xgboost_invoke__a_batch_is_the_librarys_predictions(void **state)
{
    struct buf known;
    struct rig r;

    (void)state;
    rig_make(&r, trained_regression, false, false);
    expect_rows(&r, 5000, 3, ',', &known);
    assert_int_equal(call(&r, "text/csv; charset=utf-8", NULL, buf_str(&r.text)), 200);
    assert_string_equal(r.type, "text/csv; charset=utf-8");
    assert_str_equal(buf_str(&r.out), buf_str(&known));
    buf_done(&known);
    rig_done(&r);
    rig_make(&r, trained_regression, false, true); /* SAGEMAKER_BATCH */
    expect_rows(&r, 3, 3, '\n', &known);
    buf_add_char(&known, '\n');
    assert_int_equal(call(&r, "text/csv", NULL, buf_str(&r.text)), 200);
    assert_str_equal(buf_str(&r.out), buf_str(&known));
    buf_done(&known);
    rig_done(&r);
}

static void test_xgboost_invoke__csv_libsvm_and_no_type_agree(void **state)
{
    struct rig r;
    str kept;

    (void)state;
    rig_make(&r, trained_regression, false, false);
    assert_int_equal(call(&r, "text/csv", NULL, S("0.5,,0.25,0.75,\n")), 200);
    kept = arena_dup(r.arena, buf_str(&r.out));
    assert_int_equal(call(&r, NULL, NULL, S("0.5,,0.25,0.75,")), 200);
    assert_str_equal(buf_str(&r.out), kept);
    assert_int_equal(call(&r, "text/csv", NULL, S("\r\n0.5\t\t0.25\t0.75\tNaN\r\n")), 200);
    assert_str_equal(buf_str(&r.out), kept);
    assert_int_equal(call(&r, "text/x-libsvm", NULL, S("0:0.5 2:0.25 3:0.75")), 200);
    assert_str_equal(buf_str(&r.out), kept);
    assert_int_equal(call(&r, NULL, NULL, S("1 0:0.5 2:0.25 3:0.75\n")), 200);
    assert_str_equal(buf_str(&r.out), kept);
    assert_int_equal(call(&r, "text/csv", NULL, S("0.5,,0.25,0.75")), 200); /* one column less: the last is missing */
    assert_str_equal(buf_str(&r.out), kept);
    rig_done(&r);
}

static void test_xgboost_invoke__json_forms(void **state)
{
    static const char *const classes[] = {"objective", "multi:softprob", "num_class", "3", NULL};
    struct rig r;
    str one;

    (void)state;
    rig_make(&r, trained_regression, false, false);
    assert_int_equal(call(&r, "text/csv", "text/csv", S("1,1,1,1,1")), 200);
    one = arena_dup(r.arena, buf_str(&r.out));
    assert_int_equal(call(&r, "text/csv", "application/json", S("1,1,1,1,1\n1,1,1,1,1")), 200);
    assert_string_equal(r.type, "application/json");
    assert_str_equal(buf_str(&r.out), arena_printf(r.arena, "{\"predictions\": [{\"score\": %.*s}, {\"score\": %.*s}]}",
                                                   FMT(one), FMT(one)));
    assert_int_equal(call(&r, "text/csv", "application/jsonlines", S("1,1,1,1,1")), 200);
    assert_str_equal(buf_str(&r.out), arena_printf(r.arena, "{\"score\": %.*s}\n", FMT(one)));
    rig_done(&r);
    rig_make(&r, classes, true, false);
    assert_int_equal(call(&r, "text/csv", NULL, S("1,1,1,1,1\n0,0,0,0,0")), 200);
    assert_int_equal(buf_str(&r.out).p[0], '[');
    assert_true(str_search(buf_str(&r.out), S("],[")) > 0);
    rig_done(&r);
}

static void test_xgboost_invoke__bad_bodies_get_awss_statuses(void **state)
{
    static const struct {
        const char *type;
        str body;
        int status;
        const char *says;
    } cases[] = {
        {"text/csv", {"", 0}, 204, ""},
        {"text/csv", {" \r\n", 3}, 415, "no rows"},
        {"application/json", {"{}", 2}, 415, "application/json is not an accepted ContentType"},
        {"application/x-recordio-protobuf", {"x", 1}, 415, "is not an accepted ContentType"},
        {"text/csv", {"1,2,3,4,5\n1,2,x,4,5", 19}, 415, "row 2: could not convert string to float: 'x'"},
        {"text/csv", {"1,2,3,4,5\n1,2,3", 15}, 415, "row 2: 3 columns where the first row has 5"},
        {"text/csv", {"1,2,3,4,5\n1,2,3,4,5,6", 21}, 415, "row 2: 6 columns where the first row has 5"},
        {"text/csv", {"1,2,3,4,5\n\n1,2,3,4,5", 20}, 415, "row 2: 1 columns"},
        {"text/csv",
         {"1,2,3", 5},
         400,
         "Feature size of csv inference data 3 is not consistent with feature size of "
         "trained model 5."},
        {"text/csv", {"1,2,3,4,5,6", 11}, 400, "Feature size of csv inference data 6"},
        {"text/libsvm", {"1 5:1", 5}, 415, "row 1: feature index 5 is too large"},
        {"text/libsvm", {"1 x:1", 5}, 415, "'x:1' is not index:value"},
        {"text/csv", {"\0\0\0\0", 4}, 415, "row 1: could not convert string to float: '"},
    };
    struct rig r;

    (void)state;
    rig_make(&r, trained_regression, false, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = call(&r, cases[i].type, NULL, cases[i].body);
        if (status != cases[i].status || str_search(buf_str(&r.out), str_z(cases[i].says)) < 0)
            fail_msg("case %zu: %d %.*s", i, status, FMT(buf_str(&r.out)));
    }
    assert_int_equal(call(&r, "text/csv", NULL, S("1,2,3,4,5")), 200); /* nothing of them is left behind */
    assert_true(str_find(buf_str(&r.out), ',') < 0);
    rig_done(&r);
}

static void test_xgboost_invoke__a_reply_has_a_maximum(void **state)
{
    struct rig r;

    (void)state;
    rig_make(&r, trained_regression, false, false);
    for (int i = 0; i < 5000; i++)
        buf_add(&r.text, S("1,1,1,1,1\n"));
    buf_done(&r.out);
    buf_init(&r.out, 20000);
    assert_int_equal(call(&r, "text/csv", NULL, buf_str(&r.text)), 500);
    assert_true(str_search(buf_str(&r.out), S("larger than a reply may be")) >= 0);
    rig_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xgboost_invoke__a_batch_is_the_librarys_predictions),
        cmocka_unit_test(test_xgboost_invoke__csv_libsvm_and_no_type_agree),
        cmocka_unit_test(test_xgboost_invoke__json_forms),
        cmocka_unit_test(test_xgboost_invoke__bad_bodies_get_awss_statuses),
        cmocka_unit_test(test_xgboost_invoke__a_reply_has_a_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
