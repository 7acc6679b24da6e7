/* SPDX-License-Identifier: MIT */
/* Loading and predicting. The library's parsers are not built for hostile files, so this runs in the sandbox of the
 * endpoint whose model it is, and the forest's structure is checked before the first prediction. */
#include "runtimes/xgboost/model.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xgboost/c_api.h>

#include "runtimes/xgboost/pickle.h"

enum { NAMES_MAX = 256 };

res model_library_error(const char *doing, struct err *e)
{
    str said = str_z(XGBGetLastError()), line = STR_ABSENT;

    /* "[08:22:51] ./src/file.cc:71: Reason\nStack trace:..." */
    while (str_is(said)) {
        line = str_trim(str_cut(&said, '\n'));
        if (line.n)
            break;
    }
    ptrdiff_t colon = str_search(line, S(": "));
    if (str_starts(line, S("[")) && colon >= 0)
        line = str_from(line, (size_t)colon + 2);
    return oops(e, 0, "%s: %.*s", doing, FMT(line));
}

static res load_booster(struct arena *a, str bytes, struct model *m, int64_t *best, struct err *e)
{
    struct pickle_booster p = {.payload = bytes};

    m->pickled = pickle_is(bytes);
    if (m->pickled)
        TRY(pickle_read(a, bytes, &p, e));
    if (XGBoosterCreate(NULL, 0, &m->booster) != 0)
        return model_library_error("XGBoosterCreate", e);
    if (m->pickled ? XGBoosterUnserializeFromBuffer(m->booster, p.payload.p, p.payload.n) != 0
                   : XGBoosterLoadModelFromBuffer(m->booster, p.payload.p, p.payload.n) != 0) {
        model_library_error("the model cannot be loaded", e);
        return (res){WHY_REJECT};
    }
    if (XGBoosterSetParam(m->booster, "nthread", "1") != 0)
        return model_library_error("nthread", e);
    *best = p.best_ntree_limit;
    return OK;
}

static res predict_dense(struct model *m, const float *rows, size_t n, bst_ulong const **shape, bst_ulong *dims,
                         const float **values)
{
    char array[200], config[160];

    snprintf(array, sizeof array,
             "{\"data\": [%llu, true], \"shape\": [%zu, %zu], \"typestr\": \"<f4\", \"version\": 3}",
             (unsigned long long)(uintptr_t)rows, n, m->n_features);
    snprintf(config, sizeof config,
             "{\"type\": 0, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": %zu, "
             "\"strict_shape\": false, \"missing\": NaN, \"cache_id\": 0}",
             m->rounds);
    return (res){XGBoosterPredictFromDense(m->booster, array, config, NULL, shape, dims, values) ? WHY_OOPS : WHY_OK};
}

/* gblinear knows no prediction in place. */
static res predict_matrix(struct model *m, DMatrixHandle matrix, bst_ulong const **shape, bst_ulong *dims,
                          const float **values)
{
    static const char config[] = "{\"type\": 0, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, "
                                 "\"strict_shape\": false}";

    return (res){XGBoosterPredictFromDMatrix(m->booster, matrix, config, shape, dims, values) ? WHY_OOPS : WHY_OK};
}

static res predict_locked(struct model *m, const float *rows, size_t n, struct buf *out, size_t *outputs, struct err *e)
{
    bst_ulong const *shape = NULL;
    const float *values = NULL;
    bst_ulong dims = 0, count = 1;
    DMatrixHandle matrix = NULL;
    res r;

    if (str_eq(m->forest.booster, S("gblinear"))) {
        if (XGDMatrixCreateFromMat_omp(rows, n, m->n_features, NAN, &matrix, 1) != 0)
            return model_library_error("a matrix of the rows", e);
        r = predict_matrix(m, matrix, &shape, &dims, &values);
    } else {
        r = predict_dense(m, rows, n, &shape, &dims, &values);
    }
    for (bst_ulong i = 0; i < dims; i++)
        count *= shape[i];
    if (!is_ok(r))
        r = model_library_error("prediction", e);
    else if (count < n || count % n)
        r = oops(e, 0, "prediction: %llu values for %zu rows", (unsigned long long)count, n);
    else
        buf_add_bytes(out, values, count * sizeof *values);
    *outputs = count / n;
    if (matrix)
        XGDMatrixFree(matrix);
    return r;
}

res model_predict_by_library(struct model *m, const float *rows, size_t n, struct buf *out, size_t *outputs,
                             struct err *e)
{
    *outputs = 1;
    if (!n)
        return OK;
    pthread_mutex_lock(&m->lock);
    res r = predict_locked(m, rows, n, out, outputs, e);
    pthread_mutex_unlock(&m->lock);
    return r;
}

res model_predict(struct model *m, const float *rows, size_t n, struct buf *out, size_t *outputs, struct err *e)
{
    if (!m->walk)
        return model_predict_by_library(m, rows, n, out, outputs, e);
    float *to = (float *)(void *)buf_room(out, n * sizeof *to);
    if (!to)
        return oops(e, 0, "too many rows");
    for (size_t i = 0; i < n; i++)
        to[i] = flat_predict(&m->forest, rows + i * m->n_features);
    buf_took(out, n * sizeof *to);
    *outputs = 1;
    return OK;
}

/* xorshift64: the proof needs variety, not secrecy, and the same rows each time. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A row at the edges: each value is a threshold of its own feature where one was drawn, exactly or one step beside it,
 * or missing, or anything. */
static void fill_proof_row(const struct flat *f, uint64_t *random, float *row)
{
    for (size_t i = 0; i < f->n_features; i++) {
        uint64_t r = next_random(random);
        row[i] = r % 5 == 0 ? NAN : (float)((double)(int64_t)(r >> 16) / 1e14);
    }
    for (size_t i = 0; i < 4 * f->n_features && f->n_nodes; i++) {
        uint64_t r = next_random(random);
        const struct flat_node *n = &f->nodes[(r >> 8) % f->n_nodes];
        float *x = &row[n->feature & 0x7fffffff];
        if (n->left)
            *x = r % 4 == 0 ? nextafterf(n->value, -INFINITY) : r % 4 == 1 ? nextafterf(n->value, INFINITY) : n->value;
    }
}

static res prove_walk(struct model *m, struct err *e)
{
    struct buf rows, walked, known;
    size_t outputs, width = m->n_features, n = MODEL_PROOF_ROWS;
    uint64_t random = 0x9e3779b97f4a7c15ull;

    while (n > 1 && n * width > 4u << 20) /* very wide models: fewer rows, at most 16 MiB of them */
        n /= 2;
    buf_init(&rows, n * width * sizeof(float));
    buf_init(&walked, n * sizeof(float));
    buf_init(&known, (size_t)64 << 20);
    float *at = (float *)(void *)buf_room(&rows, n * width * sizeof *at);
    for (size_t i = 0; i < n; i++) {
        fill_proof_row(&m->forest, &random, at + i * width);
        float p = flat_predict(&m->forest, at + i * width);
        buf_add_bytes(&walked, &p, sizeof p);
    }
    res r = model_predict_by_library(m, at, n, &known, &outputs, e);
    m->walk = is_ok(r) && known.n == walked.n && memcmp(known.p, walked.p, known.n) == 0;
    if (is_ok(r) && !m->walk)
        m->why_no_walk = "the walk and libxgboost differ";
    buf_done(&rows);
    buf_done(&walked);
    buf_done(&known);
    return r;
}

/* Early stopping, as Booster.predict(ntree_limit=best_ntree_limit) sees it: the limit counts one group's trees. */
static void limit_rounds(struct model *m, int64_t best_ntree_limit)
{
    const struct flat *f = &m->forest;
    size_t per_round = f->trees_per_group * f->groups, rounds = f->n_trees / per_round;
    uint64_t wanted = best_ntree_limit > 0 ? (uint64_t)best_ntree_limit / f->trees_per_group : 0;

    if (!wanted || wanted >= rounds)
        return;
    m->rounds = (size_t)wanted;
    flat_limit(&m->forest, m->rounds * per_round);
}

res model_load_bytes(struct arena *a, str bytes, struct model *m, struct err *e)
{
    static const char format[] = "{\"format\": \"ubj\"}";
    const char *saved = NULL;
    bst_ulong n = 0;
    int64_t best = 0;

    *m = (struct model){.lock = PTHREAD_MUTEX_INITIALIZER};
    TRY(load_booster(a, bytes, m, &best, e));
    if (XGBoosterSaveModelToBuffer(m->booster, format, &n, &saved) != 0)
        return model_library_error("reading the forest", e);
    TRY(flat_build(a, str_n(saved, n), &m->forest, e));
    m->n_features = m->forest.n_features;
    m->why_no_walk = m->forest.why_not;
    limit_rounds(m, best);
    return m->why_no_walk ? OK : prove_walk(m, e);
}

void model_done(struct model *m)
{
    if (m->booster)
        XGBoosterFree(m->booster);
    m->booster = NULL;
}

static res load_file(struct arena *a, int dir_fd, const char *name, struct model *m, struct err *e)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return oops(e, errno, "opening the model file %s", name);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > MODEL_FILE_MAX_BYTES) {
        close(fd);
        return reject(e, "%s is no model file: it must be a plain file of at most %d bytes", name,
                      MODEL_FILE_MAX_BYTES);
    }
    size_t n = (size_t)st.st_size;
    void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return oops(e, errno, "reading the model file %s", name);
    res r = model_load_bytes(a, str_n(p, n), m, e);
    munmap(p, n);
    if (!is_ok(r))
        model_done(m);
    return r;
}

static int by_name(const void *a, const void *b)
{
    const str *x = a, *y = b;

    return str_cmp(*x, *y);
}

static res load_any(struct arena *a, int dir_fd, struct model *m, struct err *e)
{
    str names[NAMES_MAX];
    size_t n = 0;
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    res r = reject(e, "there is no model file in the model folder");

    if (!dir)
        return r;
    for (const struct dirent *d; n < NAMES_MAX && (d = readdir(dir));)
        if (d->d_name[0] != '.')
            names[n++] = arena_dup(a, str_z(d->d_name));
    closedir(dir);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n && !is_ok(r); i++) {
        err_clear(e);
        r = load_file(a, dir_fd, names[i].p, m, e);
    }
    return r;
}

res model_load_dir(struct arena *a, const char *dir, struct model *m, struct err *e)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    res r;

    *m = (struct model){0};
    if (fd < 0)
        return oops(e, errno, "opening the model folder %s", dir);
    if (faccessat(fd, "xgboost-model", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        r = load_file(a, fd, "xgboost-model", m, e);
    else
        r = load_any(a, fd, m, e);
    close(fd);
    return r;
}
