/* SPDX-License-Identifier: MIT */
/* xgboost-train: the built-in XGBoost algorithm of the native image. usage: xgboost-train [--root DIR] */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xgboost/c_api.h>

#include "base/json.h"
#include "runtimes/xgboost/cpus.h"
#include "runtimes/xgboost/data.h"
#include "runtimes/xgboost/hyper.h"
#include "runtimes/xgboost/model.h"
#include "runtimes/xgboost/pickle.h"

enum { CONFIG_MAX_BYTES = 1 << 20, ROUND_TEXT_BYTES = 2048 };

struct job {
    struct arena *arena;
    const char *root;
    struct err *e;
    struct hyper hyper;
    struct data train, validation;
    enum data_format format;
    bool has_validation;
    int threads;
    BoosterHandle booster;
    sigset_t stop_signals;
};

/* The best round so far, for early stopping. */
struct best {
    double score;
    int64_t round;
    char text[ROUND_TEXT_BYTES];
};

static void put_text(int fd, str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n <= 0)
            return;
        s = str_from(s, (size_t)n);
    }
}

/* One line to the job's log, at once: it is followed while the job runs. */
static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
    char line[ROUND_TEXT_BYTES];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof line - 2 ? (size_t)n : sizeof line - 2;
    line[len] = '\n';
    put_text(STDOUT_FILENO, str_n(line, len + 1));
}

static const char *path_of(struct job *j, const char *path)
{
    return arena_printf(j->arena, "%s%s", j->root, path).p;
}

/* A small file's text; absent (and no failure) when there is no such file. */
static res read_config(struct job *j, const char *path, str *out)
{
    int fd = open(path_of(j, path), O_RDONLY | O_CLOEXEC);
    char *p = arena_alloc(j->arena, CONFIG_MAX_BYTES);
    size_t n = 0;
    ssize_t got = 1;

    *out = STR_ABSENT;
    if (fd < 0)
        return errno == ENOENT ? OK : oops(j->e, errno, "opening %s", path);
    while (n < CONFIG_MAX_BYTES && (got = read(fd, p + n, CONFIG_MAX_BYTES - n)) > 0)
        n += (size_t)got;
    close(fd);
    if (got != 0)
        return oops(j->e, got < 0 ? errno : EFBIG, "reading %s", path);
    *out = str_n(p, n);
    return OK;
}

static res check_hosts(struct job *j)
{
    json_t *document;
    str text;

    TRY(read_config(j, "/opt/ml/input/config/resourceconfig.json", &text));
    if (!str_is(text))
        return OK;
    TRY(json_parse(j->arena, text, j->e, &document));
    if (json_array_size(json_object_get(document, "hosts")) > 1)
        return reject(j->e, "Distributed training is not supported by this image: InstanceCount must be 1");
    return OK;
}

static res check_channel(struct job *j, const char *name, const json_t *channel)
{
    str mode = json_str_at(channel, "TrainingInputMode");
    enum data_format format;

    if (strcmp(name, "train") != 0 && strcmp(name, "validation") != 0 && strcmp(name, "code") != 0)
        return reject(j->e, "Extraneous channel found: %s", name);
    if (strcmp(name, "code") == 0)
        return OK;
    if (str_is(mode) && !str_eq(mode, S("File")))
        return reject(j->e, "Channel configuration for '%s' channel is not supported: TrainingInputMode %.*s", name,
                      FMT(mode));
    TRY(data_format_of(json_str_at(channel, "ContentType"), &format, j->e));
    if (strcmp(name, "train") == 0)
        j->format = format;
    else
        j->has_validation = true;
    return OK;
}

static res read_channels(struct job *j)
{
    json_t *document, *channel;
    const char *name;
    str text;

    TRY(read_config(j, "/opt/ml/input/config/inputdataconfig.json", &text));
    if (!str_is(text))
        return reject(j->e, "Missing required channel: train");
    TRY(json_parse(j->arena, text, j->e, &document));
    if (!json_object_get(document, "train"))
        return reject(j->e, "Missing required channel: train");
    json_object_foreach(document, name, channel)
    {
        TRY(check_channel(j, name, channel));
    }
    return OK;
}

static res load_channel(struct job *j, const char *path, struct data *out)
{
    bool weights = j->hyper.csv_weights && out == &j->train; /* AWS weighs only the training rows */

    TRY(data_load(j->arena, path_of(j, path), j->format, weights, j->threads, out, j->e));
    if (!out->rows)
        return reject(j->e, "No data in %s channel path %s", out == &j->train ? "training" : "validation", path);
    if (j->format == DATA_CSV)
        say("INFO:root:Determined delimiter of CSV input is '%c'", out->delimiter);
    return OK;
}

static res load_data(struct job *j)
{
    TRY(load_channel(j, "/opt/ml/input/data/train", &j->train));
    if (j->has_validation)
        TRY(load_channel(j, "/opt/ml/input/data/validation", &j->validation));
    if (j->has_validation && j->format == DATA_CSV && j->validation.features != j->train.features)
        return reject(j->e, "feature_names mismatch: %llu features in train, %llu in validation",
                      (unsigned long long)j->train.features, (unsigned long long)j->validation.features);
    say("INFO:root:Single node training.");
    say("INFO:root:Train matrix has %llu rows", (unsigned long long)j->train.rows);
    if (j->has_validation)
        say("INFO:root:Validation matrix has %llu rows", (unsigned long long)j->validation.rows);
    return OK;
}

/* The library blames the data or the parameters in these words; AWS's container tells them from its own failures. */
static res training_failed(struct job *j)
{
    static const char *const theirs[] = {"label must be in [0,1] for logistic regression",
                                         "label must be in [0, num_class)",
                                         "preds.size() == info.labels",
                                         "the dataset only contains pos or neg samples",
                                         "base_score must be in (0,1)",
                                         "label must be nonnegative",
                                         "Invalid Parameter format",
                                         "should be greater equal to",
                                         "exceed bound"};
    str said = str_z(XGBGetLastError());

    model_library_error("XGB train call failed with exception", j->e);
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        if (str_search(said, str_z(theirs[i])) >= 0)
            j->e->why = WHY_REJECT;
    return (res){j->e->why};
}

static res make_booster(struct job *j)
{
    DMatrixHandle matrices[] = {j->train.matrix, j->validation.matrix};
    char threads[16];

    if (XGBoosterCreate(matrices, j->has_validation ? 2 : 1, &j->booster) != 0)
        return training_failed(j);
    snprintf(threads, sizeof threads, "%d", j->threads);
    if (XGBoosterSetParam(j->booster, "nthread", threads) != 0)
        return training_failed(j);
    for (size_t i = 0; i < j->hyper.n; i++)
        if (XGBoosterSetParam(j->booster, j->hyper.params[i].name, j->hyper.params[i].value) != 0)
            return training_failed(j);
    return OK;
}

/* "[3]\ttrain-rmse:4.18231892\tvalidation-rmse:4.2" with five decimals, as xgboost 1.0 prints it. The last value and
 * its name go to *last and *metric. */
static void round_text(str said, char *dst, size_t cap, double *last, str *metric)
{
    str rest = said, part = str_cut(&rest, '\t');
    size_t n = (size_t)snprintf(dst, cap, "%.*s", FMT(part));

    while (str_is(rest) && n < cap) {
        part = str_cut(&rest, '\t');
        ptrdiff_t colon = str_rfind(part, ':'), dash = str_find(part, '-');
        double v = 0;
        if (colon < 0 || !str_to_double(str_from(part, (size_t)colon + 1), &v)) {
            n += (size_t)snprintf(dst + n, cap - n, "\t%.*s", FMT(part)); /* nan, inf */
            continue;
        }
        n += (size_t)snprintf(dst + n, cap - n, "\t%.*s:%.5f", (int)colon, part.p, v);
        *last = v;
        *metric = str_sub(part, (size_t)(dash + 1), (size_t)(colon - dash - 1));
    }
}

static bool stop_asked(const struct job *j)
{
    struct timespec now = {0};

    return sigtimedwait(&j->stop_signals, NULL, &now) > 0;
}

static bool is_better(double score, str metric, const struct best *b)
{
    return b->round < 0 || (hyper_maximizes(metric) ? score > b->score : score < b->score);
}

static res one_round(struct job *j, int64_t round, struct best *best, bool *stop)
{
    DMatrixHandle matrices[] = {j->train.matrix, j->validation.matrix};
    const char *names[] = {"train", "validation"}, *said = NULL;
    char text[ROUND_TEXT_BYTES];
    double score = 0;
    str metric = STR_ABSENT;

    if (XGBoosterUpdateOneIter(j->booster, (int)round, j->train.matrix) != 0 ||
        XGBoosterEvalOneIter(j->booster, (int)round, matrices, names, j->has_validation ? 2 : 1, &said) != 0)
        return training_failed(j);
    round_text(str_z(said), text, sizeof text, &score, &metric);
    say("%s", text);
    if (is_better(score, metric, best)) {
        best->score = score;
        best->round = round;
        snprintf(best->text, sizeof best->text, "%s", text);
    }
    if (j->hyper.early_stopping_rounds && round - best->round >= j->hyper.early_stopping_rounds) {
        say("Stopping. Best iteration:\n%s\n", best->text);
        *stop = true;
    } else if (stop_asked(j)) {
        say("INFO:root:Stopped on request after round %lld", (long long)round);
        *stop = true;
    }
    return OK;
}

/* After early stopping only the rounds up to the best one are kept, so that every reader predicts alike. */
static res cut_to_best(struct job *j, int64_t best_round)
{
    BoosterHandle cut;

    if (XGBoosterSlice(j->booster, 0, (int)best_round + 1, 1, &cut) != 0)
        return training_failed(j);
    XGBoosterFree(j->booster);
    j->booster = cut;
    return OK;
}

static res train_rounds(struct job *j)
{
    struct best best = {.round = -1};
    bool stop = false;
    int64_t round = 0;

    for (; round < j->hyper.num_round && !stop; round++)
        TRY(one_round(j, round, &best, &stop));
    for (size_t i = 0; i < j->hyper.n; i++)
        if (strcmp(j->hyper.params[i].name, "booster") == 0 && strcmp(j->hyper.params[i].value, "gblinear") == 0)
            return OK; /* not made of rounds */
    return j->hyper.early_stopping_rounds && best.round + 1 < round ? cut_to_best(j, best.round) : OK;
}

static res write_file(struct job *j, const char *path, str bytes)
{
    const char *whole = path_of(j, path), *fresh = path_of(j, "/opt/ml/model/.xgboost-model");
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool good = fd >= 0;

    while (good && bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        good = n > 0;
        bytes = str_from(bytes, good ? (size_t)n : 0);
    }
    if (!good || fsync(fd) != 0 || rename(fresh, whole) != 0) {
        int why = errno;
        unlink(fresh);
        if (fd >= 0)
            close(fd);
        return oops(j->e, why, "writing %s", path);
    }
    close(fd);
    return OK;
}

static res save_model(struct job *j)
{
    const char *bytes = NULL;
    bst_ulong n = 0;
    struct buf pickled;

    if (XGBoosterSerializeToBuffer(j->booster, &n, &bytes) != 0)
        return model_library_error("saving the model", j->e);
    if (n > UINT32_MAX)
        return oops(j->e, EFBIG, "the model is larger than a pickle of protocol 3 can hold");
    buf_init(&pickled, n + 256);
    pickle_write(&pickled, str_n(bytes, n));
    res r = write_file(j, "/opt/ml/model/xgboost-model", buf_str(&pickled));
    buf_done(&pickled);
    return r;
}

static res train(struct job *j)
{
    str text;

    say("INFO:sagemaker_xgboost_container.training:Running XGBoost Sagemaker in algorithm mode");
    TRY(read_config(j, "/opt/ml/input/config/hyperparameters.json", &text));
    TRY(hyper_read(j->arena, str_is(text) ? text : S("{}"), &j->hyper, j->e));
    TRY(read_channels(j));
    TRY(check_hosts(j));
    j->threads = (int)cpus_allowed(j->root);
    TRY(load_data(j));
    TRY(make_booster(j));
    TRY(train_rounds(j));
    return save_model(j);
}

/* What the service shows as FailureReason, in the words of AWS's toolkit: UserError for what the customer can mend. */
static void report(struct job *j)
{
    const char *kind = j->e->why == WHY_REJECT ? "UserError" : "AlgorithmError";
    str text = arena_printf(j->arena, "%s: %s%s%s", kind, j->e->what, j->e->sys_errno ? ": " : "",
                            j->e->sys_errno ? strerror(j->e->sys_errno) : "");
    int fd;

    mkdir(path_of(j, "/opt/ml/output"), 0755);
    fd = open(path_of(j, "/opt/ml/output/failure"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd >= 0) {
        put_text(fd, text);
        close(fd);
    }
    say("ERROR:sagemaker-containers:%.*s", FMT(text));
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct job j = {.root = "", .e = &e};
    bool good;

    if (argc == 3 && strcmp(argv[1], "--root") == 0) {
        j.root = argv[2];
    } else if (argc > 1 && !(argc == 2 && strcmp(argv[1], "train") == 0)) {
        put_text(STDERR_FILENO, S("usage: xgboost-train [--root DIR]\n"));
        return 2;
    }
    j.arena = arena_new((size_t)1 << 30);
    sigemptyset(&j.stop_signals);
    sigaddset(&j.stop_signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &j.stop_signals, NULL); /* asked for between rounds; the library's threads inherit it */
    XGBSetGlobalConfig("{\"verbosity\": 0}");
    good = is_ok(train(&j));
    if (!good)
        report(&j);
    data_done(&j.train);
    data_done(&j.validation);
    if (j.booster)
        XGBoosterFree(j.booster);
    arena_free(j.arena);
    return good ? 0 : 1;
}
