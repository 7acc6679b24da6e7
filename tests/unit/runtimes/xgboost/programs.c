/* SPDX-License-Identifier: MIT */
/* The two programs as a sandbox runs them, on folders of their own: train, fail, stop, serve. */
#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trained.h"

struct rig {
    char root[64], program[512];
    char out[1 << 16];
};

static const char *const folders[] = {"/opt",
                                      "/opt/ml",
                                      "/opt/ml/input",
                                      "/opt/ml/input/config",
                                      "/opt/ml/input/data",
                                      "/opt/ml/input/data/train",
                                      "/opt/ml/input/data/validation",
                                      "/opt/ml/model",
                                      "/opt/ml/output"};
static const char *const files[] = {"/opt/ml/input/config/hyperparameters.json",
                                    "/opt/ml/input/config/inputdataconfig.json",
                                    "/opt/ml/input/data/train/a.csv",
                                    "/opt/ml/input/data/validation/a.csv",
                                    "/opt/ml/model/xgboost-model",
                                    "/opt/ml/output/failure"};
enum { FOLDERS = sizeof folders / sizeof *folders, FILES = sizeof files / sizeof *files };

static void put(struct rig *r, const char *path, str text)
{
    char whole[256];

    snprintf(whole, sizeof whole, "%s%s", r->root, path);
    int fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
    close(fd);
}

static str get(struct rig *r, const char *path)
{
    static char text[4096];
    char whole[256];
    ssize_t n = -1;

    snprintf(whole, sizeof whole, "%s%s", r->root, path);
    int fd = open(whole, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, text, sizeof text);
        close(fd);
    }
    return n < 0 ? STR_ABSENT : str_n(text, (size_t)n);
}

static void put_rows(struct rig *r, const char *path, size_t n, uint64_t seed)
{
    static float rows[TRAINED_ROWS * TRAINED_FEATURES], labels[TRAINED_ROWS];
    struct buf text;

    trained_rows(rows, n, seed);
    trained_labels(rows, n, false, labels);
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&text, "%.9g", (double)labels[i]);
        for (size_t j = 0; j < TRAINED_FEATURES; j++) {
            float v = rows[i * TRAINED_FEATURES + j];
            buf_add_char(&text, ',');
            if (v == v)
                buf_printf(&text, "%.9g", (double)v);
        }
        buf_add_char(&text, '\n');
    }
    put(r, path, buf_str(&text));
    buf_done(&text);
}

static int make(void **state)
{
    static struct rig r;
    char whole[256];

    r = (struct rig){.root = "/tmp/barmkin-unit-XXXXXX"};
    if (!mkdtemp(r.root))
        return -1;
    for (size_t i = 0; i < FOLDERS; i++) {
        snprintf(whole, sizeof whole, "%s%s", r.root, folders[i]);
        mkdir(whole, 0700);
    }
    put(&r, files[1],
        S("{\"train\": {\"ContentType\": \"text/csv\", \"TrainingInputMode\": \"File\"}, "
          "\"validation\": {\"ContentType\": \"text/csv\", \"TrainingInputMode\": \"File\"}}"));
    put_rows(&r, files[2], TRAINED_ROWS, 42);
    put_rows(&r, files[3], 200, 43);
    *state = &r;
    return 0;
}

static int drop(void **state)
{
    struct rig *r = *state;
    char whole[256];

    for (size_t i = 0; i < FILES; i++) {
        snprintf(whole, sizeof whole, "%s%s", r->root, files[i]);
        unlink(whole);
    }
    for (size_t i = FOLDERS; i-- > 0;) {
        snprintf(whole, sizeof whole, "%s%s", r->root, folders[i]);
        rmdir(whole);
    }
    return rmdir(r->root);
}

/* Starts a program of this build; its output is read from *out. */
static pid_t start(struct rig *r, const char *name, int *out)
{
    ssize_t n = readlink("/proc/self/exe", r->program, sizeof r->program - 1);
    int pipes[2];

    assert_true(n > 0);
    for (int up = 0; up < 5; up++) /* BUILD/tests/unit/runtimes/xgboost/programs */
        *strrchr(r->program, '/') = 0;
    snprintf(r->program + str_z(r->program).n, 64, "/%s", name);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes[1], 1);
        dup2(pipes[1], 2);
        execl(r->program, r->program, "--root", r->root, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    *out = pipes[0];
    return pid;
}

static int finish(struct rig *r, pid_t pid, int out)
{
    size_t n = 0;
    ssize_t got;
    int status;

    while ((got = read(out, r->out + n, sizeof r->out - 1 - n)) > 0)
        n += (size_t)got;
    r->out[n] = 0;
    close(out);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int train(struct rig *r, str hyperparameters)
{
    int out;

    put(r, files[0], hyperparameters);
    pid_t pid = start(r, "xgboost-train", &out);
    return finish(r, pid, out);
}

static void test_xgboost_programs__train_prints_rounds_and_leaves_one_file(void **state)
{
    struct rig *r = *state;

    assert_int_equal(train(r, S("{\"objective\": \"reg:linear\", \"num_round\": \"4\"}")), 0);
    assert_non_null(strstr(r->out, "INFO:root:Train matrix has 600 rows\nINFO:root:Validation matrix has 200 rows\n"));
    const char *first = strstr(r->out, "\n[0]\ttrain-rmse:"), *last = strstr(r->out, "\n[3]\ttrain-rmse:");
    assert_true(first && last && strstr(last, "\tvalidation-rmse:") && !strstr(r->out, "\n[4]"));
    assert_true(str_starts(get(r, files[4]), S("\x80\3cxgboost.core\nBooster\n)\x81}(X\6\0\0\0handle")));
    assert_false(str_is(get(r, files[5])));
}

static void test_xgboost_programs__the_same_job_gives_the_same_model(void **state)
{
    struct rig *r = *state;
    str job = S("{\"num_round\": \"5\", \"subsample\": \"0.5\", \"seed\": \"3\"}");
    struct arena *a = arena_new(1 << 20);

    assert_int_equal(train(r, job), 0);
    str one = arena_dup(a, get(r, files[4]));
    assert_int_equal(train(r, job), 0);
    assert_str_equal(get(r, files[4]), one);
    arena_free(a);
}

static void test_xgboost_programs__early_stopping_keeps_the_best_rounds(void **state)
{
    struct rig *r = *state;
    struct arena *a = arena_new(64 << 20);
    struct model m;
    struct err e = {0};
    char dir[128];
    unsigned best = 0;

    assert_int_equal(train(r, S("{\"num_round\": \"500\", \"eta\": \"1\", \"early_stopping_rounds\": \"3\"}")), 0);
    const char *said = strstr(r->out, "Stopping. Best iteration:\n[");
    assert_non_null(said);
    assert_int_equal(sscanf(said, "Stopping. Best iteration:\n[%u]", &best), 1);
    snprintf(dir, sizeof dir, "%s/opt/ml/model", r->root);
    if (!is_ok(model_load_dir(a, dir, &m, &e)))
        fail_msg("%s", e.what);
    assert_int_equal(m.forest.n_trees, best + 1);
    model_done(&m);
    arena_free(a);
}

static void test_xgboost_programs__failures_say_whose_they_are(void **state)
{
    struct rig *r = *state;

    assert_int_equal(train(r, S("{\"num_round\": \"4\", \"depth\": \"4\"}")), 1);
    assert_str_equal(get(r, files[5]), S("UserError: Extraneous hyperparameter found: depth"));
    assert_false(str_is(get(r, "/opt/ml/model/.xgboost-model")));
    assert_int_equal(train(r, S("{\"num_round\": \"4\", \"objective\": \"binary:logistic\"}")), 1);
    assert_str_equal(get(r, files[5]), S("UserError: XGB train call failed with exception: label must be in [0,1] for "
                                         "logistic regression"));
}

static void test_xgboost_programs__sigterm_ends_with_a_model(void **state)
{
    struct rig *r = *state;
    int out;

    put(r, files[0], S("{\"num_round\": \"1000000\", \"eta\": \"0.001\"}"));
    pid_t pid = start(r, "xgboost-train", &out);
    char line[65536];
    while (read(out, line, sizeof line) > 0 && !strstr(line, "[0]\t"))
        ;
    kill(pid, SIGTERM);
    assert_int_equal(finish(r, pid, out), 0);
    assert_non_null(strstr(r->out, "Stopped on request after round"));
    assert_true(str_is(get(r, files[4])));
}

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    getsockname(fd, (struct sockaddr *)&at, &n);
    close(fd);
    return ntohs(at.sin_port);
}

static void test_xgboost_programs__serve_answers_and_stops(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct rig *r = *state;
    char text[4096], port[16];
    ssize_t n;
    int out, fd;

    assert_int_equal(train(r, S("{\"num_round\": \"4\"}")), 0);
    at.sin_port = htons((uint16_t)free_port());
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(port, sizeof port, "%u", ntohs(at.sin_port));
    setenv("SAGEMAKER_BIND_TO_PORT", port, 1);
    pid_t pid = start(r, "xgboost-serve", &out);
    n = read(out, text, sizeof text); /* its first line: the model is loaded */
    assert_true(n > 0 && str_search(str_n(text, (size_t)n), S("flat walk, equal to libxgboost")) > 0);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    str ask = S("GET /ping HTTP/1.1\r\nHost: a\r\n\r\nGET /execution-parameters HTTP/1.1\r\nHost: a\r\n\r\n"
                "POST /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n"
                "POST /invocations HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: text/csv\r\n"
                "Content-Length: 9\r\n\r\n1,1,1,1,1");
    assert_int_equal(send(fd, ask.p, ask.n, 0), ask.n);
    size_t got = 0;
    while ((n = recv(fd, text + got, sizeof text - 1 - got, 0)) > 0)
        got += (size_t)n;
    text[got] = 0;
    close(fd);
    kill(pid, SIGTERM);
    assert_int_equal(finish(r, pid, out), 0);
    assert_non_null(strstr(text, "\"MaxPayloadInMB\": 6}HTTP/1.1 405 "));
    assert_non_null(strstr(text, "HTTP/1.1 404 "));
    assert_non_null(strstr(text, "Connection: close\r\n\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_xgboost_programs__train_prints_rounds_and_leaves_one_file, make, drop),
        cmocka_unit_test_setup_teardown(test_xgboost_programs__the_same_job_gives_the_same_model, make, drop),
        cmocka_unit_test_setup_teardown(test_xgboost_programs__early_stopping_keeps_the_best_rounds, make, drop),
        cmocka_unit_test_setup_teardown(test_xgboost_programs__failures_say_whose_they_are, make, drop),
        cmocka_unit_test_setup_teardown(test_xgboost_programs__sigterm_ends_with_a_model, make, drop),
        cmocka_unit_test_setup_teardown(test_xgboost_programs__serve_answers_and_stops, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
