/* SPDX-License-Identifier: MIT */
/* Models: every form loads, the flat walk equals libxgboost bit for bit, broken ones are refused. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trained.h"

static float rows_of_test[4000 * TRAINED_FEATURES];

static void assert_same_predictions(struct model *a, struct model *b)
{
    struct buf x, y;
    size_t one, two;

    trained_rows(rows_of_test, 4000, 7);
    buf_init(&x, 1 << 20);
    buf_init(&y, 1 << 20);
    assert_true(is_ok(model_predict(a, rows_of_test, 4000, &x, &one, NULL)));
    assert_true(is_ok(model_predict_by_library(b, rows_of_test, 4000, &y, &two, NULL)));
    assert_int_equal(one, two);
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.p, y.p, x.n);
    buf_done(&x);
    buf_done(&y);
}

static void load(struct arena *a, const char *const *params, bool classes, struct model *m)
{
    struct err e = {0};
    struct buf file;

    trained_pickle(params, classes, &file);
    if (!is_ok(model_load_bytes(a, buf_str(&file), m, &e)))
        fail_msg("%s", e.what);
    buf_done(&file);
}

static void test_xgboost_model__walk_equals_library_bit_by_bit(void **state)
{
    struct arena *a = arena_new(64 << 20);
    struct model m;

    (void)state;
    load(a, trained_regression, false, &m);
    assert_true(m.walk && m.pickled);
    assert_null(m.why_no_walk);
    assert_int_equal(m.forest.n_trees, TRAINED_ROUNDS);
    assert_same_predictions(&m, &m);
    model_done(&m);
    arena_free(a);
}

static void test_xgboost_model__other_models_are_the_librarys(void **state)
{
    static const struct {
        const char *params[9];
        bool classes;
        size_t outputs;
        const char *why;
    } cases[] = {
        {{"objective", "multi:softprob", "num_class", "3", NULL}, true, 3, "its objective transforms the sum"},
        {{"objective", "multi:softmax", "num_class", "3", NULL}, true, 1, "its objective transforms the sum"},
        {{"objective", "count:poisson", NULL}, true, 1, "its objective transforms the sum"},
        {{"booster", "dart", "rate_drop", "0.3", NULL}, false, 1, "its booster is not gbtree"},
        {{"booster", "gblinear", NULL}, false, 1, "its booster is not gbtree"},
        {{"num_parallel_tree", "3", "subsample", "0.5", NULL}, false, 1, NULL},
        {{"tree_method", "hist", "grow_policy", "lossguide", "max_leaves", "16", "base_score", "2.7", NULL},
         false,
         1,
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *a = arena_new(64 << 20);
        struct model m;
        struct buf out;
        size_t outputs;
        load(a, cases[i].params, cases[i].classes, &m);
        assert_int_equal(m.walk, cases[i].why == NULL);
        if (cases[i].why)
            assert_string_equal(m.why_no_walk, cases[i].why);
        assert_same_predictions(&m, &m);
        buf_init(&out, 1 << 20);
        assert_true(is_ok(model_predict(&m, rows_of_test, 2, &out, &outputs, NULL)));
        assert_int_equal(outputs, cases[i].outputs);
        buf_done(&out);
        model_done(&m);
        arena_free(a);
    }
}

static void test_xgboost_model__plain_files_load_too(void **state)
{
    static const char *const formats[] = {"{\"format\": \"json\"}", "{\"format\": \"ubj\"}",
                                          "{\"format\": \"deprecated\"}"};
    struct arena *a = arena_new(64 << 20);
    BoosterHandle booster = trained_booster(trained_regression, false);
    struct model pickled;

    (void)state;
    load(a, trained_regression, false, &pickled);
    for (size_t i = 0; i < 3; i++) {
        const char *bytes;
        struct model m;
        struct err e = {0};
        struct buf file;
        bst_ulong n;
        assert_int_equal(XGBoosterSaveModelToBuffer(booster, formats[i], &n, &bytes), 0);
        buf_init(&file, 1 << 22);
        buf_add_bytes(&file, bytes, n);
        if (!is_ok(model_load_bytes(a, buf_str(&file), &m, &e)))
            fail_msg("%s: %s", formats[i], e.what);
        assert_true(m.walk && !m.pickled);
        assert_same_predictions(&m, &pickled);
        model_done(&m);
        buf_done(&file);
    }
    model_done(&pickled);
    XGBoosterFree(booster);
    arena_free(a);
}

/* What Python's train() leaves in the pickle after early stopping. */
static void test_xgboost_model__best_ntree_limit_counts(void **state)
{
    struct arena *a = arena_new(64 << 20);
    struct model whole, cut;
    struct buf file;
    struct err e = {0};

    (void)state;
    trained_pickle(trained_regression, false, &file);
    assert_true(is_ok(model_load_bytes(a, buf_str(&file), &whole, &e)));
    file.n -= 3; /* "ub.": another member before it */
    buf_add(&file, S("X\x10\0\0\0best_ntree_limitK\x08ub."));
    if (!is_ok(model_load_bytes(a, buf_str(&file), &cut, &e)))
        fail_msg("%s", e.what);
    assert_true(cut.walk);
    assert_int_equal(cut.forest.n_trees, 8);
    assert_int_equal(cut.rounds, 8);
    assert_same_predictions(&cut, &cut);
    whole.rounds = 8;
    assert_same_predictions(&cut, &whole);
    buf_done(&file);
    model_done(&whole);
    model_done(&cut);
    arena_free(a);
}

static void test_xgboost_model__broken_files_are_refused(void **state)
{
    static const str bad[] = {{"\x80\3N.", 4}, {"{}", 2}, {"{\"learner\": 1}", 14}, {"binf", 4}, {"<html>", 6}};
    struct arena *a = arena_new(64 << 20);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct model m;
        struct err e = {0};
        assert_false(is_ok(model_load_bytes(a, bad[i], &m, &e)));
        assert_true(e.what[0] != 0);
        model_done(&m);
    }
    arena_free(a);
}

/* Finds a column of numbers by its name and changes one of them. */
static void poke(struct buf *ubj, const char *column, size_t width, size_t index, int64_t value)
{
    ptrdiff_t at = str_search(buf_str(ubj), str_z(column));

    assert_true(at > 0);
    unsigned char *p = (unsigned char *)ubj->p + at + str_z(column).n + 4 + 9 - 1; /* [ $ type # L count */
    for (size_t i = 0; i < width; i++)
        p[index * width + i] = (unsigned char)((uint64_t)value >> (8 * (width - 1 - i)));
}

static void test_xgboost_model__broken_forests_are_refused(void **state)
{
    static const struct {
        const char *column;
        size_t index;
        int64_t value;
    } pokes[] = {{"left_children", 0, 1 << 20}, {"left_children", 0, 0},      {"left_children", 1, 1},
                 {"right_children", 0, -5},     {"right_children", 0, 99999}, {"split_indices", 0, 5},
                 {"split_indices", 0, -1}};
    BoosterHandle booster = trained_booster(trained_regression, false);
    const char *bytes;
    bst_ulong n;

    (void)state;
    assert_int_equal(XGBoosterSaveModelToBuffer(booster, "{\"format\": \"ubj\"}", &n, &bytes), 0);
    for (size_t i = 0; i <= sizeof pokes / sizeof *pokes; i++) {
        struct arena *a = arena_new(64 << 20);
        struct err e = {0};
        struct flat f;
        struct buf file;
        buf_init(&file, 1 << 22);
        buf_add_bytes(&file, bytes, n);
        if (i < sizeof pokes / sizeof *pokes)
            poke(&file, pokes[i].column, 4, pokes[i].index, pokes[i].value);
        res r = flat_build(a, buf_str(&file), &f, &e);
        if (is_ok(r) != (i == sizeof pokes / sizeof *pokes))
            fail_msg("poke %zu: %s", i, e.what);
        buf_done(&file);
        arena_free(a);
    }
    XGBoosterFree(booster);
}

static void test_xgboost_model__every_cut_of_a_forest_is_refused(void **state)
{
    BoosterHandle booster = trained_booster(trained_regression, false);
    const char *bytes;
    bst_ulong n;

    (void)state;
    assert_int_equal(XGBoosterSaveModelToBuffer(booster, "{\"format\": \"ubj\"}", &n, &bytes), 0);
    for (size_t cut = 0; cut < n; cut += cut < 2000 || cut > n - 2000 ? 1 : 97) {
        struct arena *a = arena_new(64 << 20);
        struct flat f;
        struct buf exact;
        buf_init(&exact, cut + 1);
        buf_add_bytes(&exact, bytes, cut);
        assert_int_equal(flat_build(a, buf_str(&exact), &f, NULL).why, WHY_REJECT);
        buf_done(&exact);
        arena_free(a);
    }
    XGBoosterFree(booster);
}

static void write_file(const char *dir, const char *name, str bytes)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
    close(fd);
}

static void test_xgboost_model__a_folder_may_name_its_model_otherwise(void **state)
{
    char dir[] = "/tmp/barmkin-unit-XXXXXX", path[256];
    struct arena *a = arena_new(64 << 20);
    struct err e = {0};
    struct model m;
    struct buf file;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(model_load_dir(a, dir, &m, &e).why, WHY_REJECT);
    trained_pickle(trained_regression, false, &file);
    write_file(dir, "a-readme.txt", S("no model"));
    write_file(dir, "other.bin", buf_str(&file));
    err_clear(&e);
    if (!is_ok(model_load_dir(a, dir, &m, &e)))
        fail_msg("%s", e.what);
    model_done(&m);
    write_file(dir, "xgboost-model", S("broken")); /* this name is meant: nothing else is tried */
    err_clear(&e);
    assert_false(is_ok(model_load_dir(a, dir, &m, &e)));
    snprintf(path, sizeof path, "%s/xgboost-model", dir);
    unlink(path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    err_clear(&e);
    assert_false(is_ok(model_load_dir(a, dir, &m, &e)));
    static const char *const names[] = {"a-readme.txt", "other.bin", "xgboost-model"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
    buf_done(&file);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xgboost_model__walk_equals_library_bit_by_bit),
        cmocka_unit_test(test_xgboost_model__other_models_are_the_librarys),
        cmocka_unit_test(test_xgboost_model__plain_files_load_too),
        cmocka_unit_test(test_xgboost_model__best_ntree_limit_counts),
        cmocka_unit_test(test_xgboost_model__broken_files_are_refused),
        cmocka_unit_test(test_xgboost_model__broken_forests_are_refused),
        cmocka_unit_test(test_xgboost_model__every_cut_of_a_forest_is_refused),
        cmocka_unit_test(test_xgboost_model__a_folder_may_name_its_model_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
