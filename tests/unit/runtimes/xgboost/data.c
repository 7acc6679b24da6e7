/* SPDX-License-Identifier: MIT */
/* Channels: which files count, what they must look like; and the processors a sandbox may use. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xgboost/c_api.h>

#include "runtimes/xgboost/cpus.h"
#include "runtimes/xgboost/data.h"

struct rig {
    char dir[64];
    char paths[16][160];
    size_t n;
};

static void put(struct rig *r, const char *name, const char *text)
{
    char *path = r->paths[r->n++];
    size_t n = str_z(r->dir).n;

    memcpy(path, r->dir, n);
    snprintf(path + n, sizeof r->paths[0] - n, "/%s", name);
    for (char *p = path + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        mkdir(path, 0700);
        *p = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    str s = str_z(text);
    assert_true(fd >= 0 && write(fd, s.p, s.n) == (ssize_t)s.n);
    close(fd);
}

static void make(struct rig *r)
{
    *r = (struct rig){.dir = "/tmp/barmkin-unit-XXXXXX"};
    assert_non_null(mkdtemp(r->dir));
}

static void drop(struct rig *r)
{
    for (size_t i = 0; i < r->n; i++) {
        unlink(r->paths[i]);
        for (char *cut; (cut = strrchr(r->paths[i], '/')) && cut > r->paths[i] + 5;) { /* not /tmp itself */
            *cut = 0;
            if (rmdir(r->paths[i]) != 0)
                break;
        }
    }
    rmdir(r->dir);
}

static void test_xgboost_data__files_join_in_order_of_their_paths(void **state)
{
    struct arena *a = arena_new(1 << 22);
    const float *labels;
    struct data d;
    struct rig r;
    struct err e = {0};
    bst_ulong n;

    (void)state;
    make(&r);
    put(&r, "b.csv", "3,1,2\r\n4,1,\n");
    put(&r, "a.csv", "1,1,2\n2,1,2");
    put(&r, "sub/c.csv", "5,1,2\n\n");
    put(&r, ".hidden", "x");
    put(&r, "_SUCCESS", "x");
    put(&r, "empty", "");
    if (!is_ok(data_load(a, r.dir, DATA_CSV, false, 1, &d, &e)))
        fail_msg("%s", e.what);
    assert_int_equal(d.rows, 5);
    assert_int_equal(d.features, 2);
    assert_int_equal(d.files, 3);
    assert_int_equal(XGDMatrixGetFloatInfo(d.matrix, "label", &n, &labels), 0);
    for (int i = 0; i < 5; i++)
        assert_true(labels[i] == (float)(i + 1));
    data_done(&d);
    assert_true(is_ok(data_load(a, r.dir, DATA_CSV, true, 1, &d, NULL))); /* the second column is the weight */
    assert_int_equal(d.features, 1);
    data_done(&d);
    drop(&r);
    arena_free(a);
}

static void test_xgboost_data__libsvm_is_the_librarys(void **state)
{
    struct arena *a = arena_new(1 << 22);
    struct data d;
    struct rig r;

    (void)state;
    make(&r);
    put(&r, "train", "1 0:1.5 3:2\n0 1:2\n");
    assert_true(is_ok(data_load(a, r.dir, DATA_LIBSVM, false, 1, &d, NULL)));
    assert_int_equal(d.rows, 2);
    assert_int_equal(d.features, 4);
    data_done(&d);
    drop(&r);
    arena_free(a);
}

static void test_xgboost_data__bad_rows_are_named(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {{"rings,sex\n1,2\n", "a.csv, row 1: could not convert string to float: 'rings'"},
                 {"1,2\n1,M\n", "a.csv, row 2: could not convert string to float: 'M'"},
                 {"1,2\n1,2,3\n", "a.csv, row 2: "},
                 {"1,2,3\n1,2\n", "a.csv, row 2: 2 columns where the first row has 3"},
                 {"1,2\n,2\n", "a.csv, row 2: the label is missing"},
                 {"1\n2\n", "1 columns, a label and features needed"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *a = arena_new(1 << 22);
        struct err e = {0};
        struct data d;
        struct rig r;
        make(&r);
        put(&r, "a.csv", cases[i].text);
        assert_int_equal(data_load(a, r.dir, DATA_CSV, false, 1, &d, &e).why, WHY_REJECT);
        if (!strstr(e.what, cases[i].why))
            fail_msg("\"%s\" does not say \"%s\"", e.what, cases[i].why);
        drop(&r);
        arena_free(a);
    }
}

static void test_xgboost_data__content_types(void **state)
{
    enum data_format f = DATA_CSV;

    (void)state;
    assert_true(is_ok(data_format_of(STR_ABSENT, &f, NULL)) && f == DATA_LIBSVM);
    assert_true(is_ok(data_format_of(S("text/csv; label_size=1"), &f, NULL)) && f == DATA_CSV);
    assert_true(is_ok(data_format_of(S("text/x-libsvm"), &f, NULL)) && f == DATA_LIBSVM);
    assert_int_equal(data_format_of(S("text/csv;label_size=2"), &f, NULL).why, WHY_REJECT);
    assert_int_equal(data_format_of(S("application/x-parquet"), &f, NULL).why, WHY_REJECT);
}

static void test_xgboost_cpus__the_quota_counts(void **state)
{
    struct rig r;
    size_t all = cpus_allowed("/nonexistent");

    (void)state;
    assert_true(all >= 1);
    make(&r);
    put(&r, "sys/fs/cgroup/cpu.max", "max 100000\n");
    assert_int_equal(cpus_allowed(r.dir), all);
    put(&r, "sys/fs/cgroup/cpu.max", "50000 100000\n");
    assert_int_equal(cpus_allowed(r.dir), 1);
    put(&r, "sys/fs/cgroup/cpu.max", "100001 100000\n");
    assert_int_equal(cpus_allowed(r.dir), all < 2 ? all : 2);
    drop(&r);
    make(&r);
    put(&r, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    put(&r, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    assert_int_equal(cpus_allowed(r.dir), all);
    put(&r, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
    assert_int_equal(cpus_allowed(r.dir), 1);
    drop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xgboost_data__files_join_in_order_of_their_paths),
        cmocka_unit_test(test_xgboost_data__libsvm_is_the_librarys),
        cmocka_unit_test(test_xgboost_data__bad_rows_are_named),
        cmocka_unit_test(test_xgboost_data__content_types),
        cmocka_unit_test(test_xgboost_cpus__the_quota_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
