/* SPDX-License-Identifier: MIT */
/* CSV by our own parser: the same numbers as an invocation gets, and errors that name file and row. libsvm by the
 * library's, which keeps it sparse. */
#include "runtimes/xgboost/data.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xgboost/c_api.h>

#include "base/buf.h"
#include "runtimes/xgboost/model.h"
#include "runtimes/xgboost/rows.h"

enum { FILES_MAX = 65536, DEPTH_MAX = 8, COLUMNS_MAX = 1 << 20 };

struct files {
    struct arena *arena;
    const char **paths;
    size_t n, cap;
    struct err *e;
};

struct loader {
    struct buf features, labels, weights; /* float32 each */
    float *row;
    size_t columns; /* of the text: label, weight, features */
    bool weighted;
    char delimiter;
    uint64_t rows;
    struct err *e;
};

res data_format_of(str content_type, enum data_format *out, struct err *e)
{
    str rest = content_type, type = str_trim(str_cut(&rest, ';')), size = str_trim(rest);

    if (!type.n || str_eq_nocase(type, S("text/libsvm")) || str_eq_nocase(type, S("text/x-libsvm")) ||
        str_eq_nocase(type, S("libsvm"))) {
        *out = DATA_LIBSVM;
        return OK;
    }
    if (!str_eq_nocase(type, S("text/csv")) && !str_eq_nocase(type, S("csv")))
        return reject(e, "%.*s is not an accepted ContentType: csv, libsvm, text/csv, text/libsvm, text/x-libsvm.",
                      FMT(str_sub(content_type, 0, 100)));
    if (str_starts_nocase(size, S("label_size=")) && !str_eq(str_from(size, 11), S("1")))
        return reject(e, "%.*s is not an accepted csv ContentType. Optional parameter label_size must be equal to 1",
                      FMT(str_sub(content_type, 0, 100)));
    *out = DATA_CSV;
    return OK;
}

static res add_file(struct files *f, const char *path)
{
    if (f->n == FILES_MAX)
        return reject(f->e, "more than %d files in one channel", FILES_MAX);
    if (f->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 64;
        const char **paths = ARENA_ARRAY(f->arena, const char *, cap);
        if (f->n)
            memcpy(paths, f->paths, f->n * sizeof *paths);
        f->paths = paths;
        f->cap = cap;
    }
    f->paths[f->n++] = path;
    return OK;
}

static res list_files(struct files *f, const char *dir, int depth)
{
    DIR *d = opendir(dir);
    res r = OK;

    if (!d)
        return oops(f->e, errno, "%s is not a valid path!", dir);
    for (const struct dirent *entry; is_ok(r) && (entry = readdir(d));) {
        struct stat st;
        const char *path = arena_printf(f->arena, "%s/%s", dir, entry->d_name).p;
        if (entry->d_name[0] == '.' || entry->d_name[0] == '_' || lstat(path, &st) != 0)
            continue;
        if (S_ISREG(st.st_mode) && st.st_size > 0)
            r = add_file(f, path);
        else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
            r = list_files(f, path, depth + 1);
    }
    closedir(d);
    return r;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static res keep_row(struct loader *l, const char *path, uint64_t line)
{
    size_t first = l->weighted ? 2 : 1;

    if (isnan(l->row[0]) || (l->weighted && isnan(l->row[1])))
        return reject(l->e, "Failed to load csv data with exception:\n%s, row %llu: the %s is missing", path,
                      (unsigned long long)line, isnan(l->row[0]) ? "label" : "weight");
    buf_add_bytes(&l->labels, l->row, sizeof *l->row);
    if (l->weighted)
        buf_add_bytes(&l->weights, l->row + 1, sizeof *l->row);
    buf_add_bytes(&l->features, l->row + first, (l->columns - first) * sizeof *l->row);
    l->rows++;
    return l->features.full ? reject(l->e, "the data is larger than this instance's memory") : OK;
}

static res load_text(struct loader *l, struct arena *a, const char *path, str text)
{
    uint64_t line = 0;
    str row;

    if (!l->columns) { /* the first file's first row says how every row is made */
        str ahead = text;
        l->delimiter = rows_delimiter(text);
        rows_line(&ahead, &row);
        l->columns = rows_width(row, l->delimiter);
        if (l->columns < (l->weighted ? 3u : 2u) || l->columns > COLUMNS_MAX)
            return reject(l->e, "Failed to load csv data with exception:\n%s: %zu columns, a label and features needed",
                          path, l->columns);
        l->row = ARENA_ARRAY(a, float, l->columns);
    }
    while (rows_line(&text, &row)) {
        struct err why = {0};
        size_t n = 0;
        line++;
        if (!str_trim(row).n)
            continue;
        res parsed = rows_csv(row, l->delimiter, l->row, l->columns, &n, &why);
        if (is_ok(parsed) && n != l->columns)
            parsed = reject(&why, "%zu columns where the first row has %zu", n, l->columns);
        if (!is_ok(parsed))
            return reject(l->e, "Failed to load csv data with exception:\n%s, row %llu: %s", path,
                          (unsigned long long)line, why.what);
        TRY(keep_row(l, path, line));
    }
    return OK;
}

static res load_file(struct loader *l, struct arena *a, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    void *p = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &st) == 0)
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (p == MAP_FAILED)
        return oops(l->e, why, "reading %s", path);
    res r = load_text(l, a, path, str_n(p, (size_t)st.st_size));
    munmap(p, (size_t)st.st_size);
    return r;
}

static res make_matrix(struct loader *l, int threads, struct data *out)
{
    const float *features = (const float *)(const void *)l->features.p;
    const float *labels = (const float *)(const void *)l->labels.p;
    const float *weights = (const float *)(const void *)l->weights.p;

    if (!l->rows)
        return OK;
    out->rows = l->rows;
    out->features = l->columns - (l->weighted ? 2 : 1);
    out->delimiter = l->delimiter;
    if (XGDMatrixCreateFromMat_omp(features, l->rows, out->features, NAN, &out->matrix, threads) != 0 ||
        XGDMatrixSetFloatInfo(out->matrix, "label", labels, l->rows) != 0 ||
        (l->weighted && XGDMatrixSetFloatInfo(out->matrix, "weight", weights, l->rows) != 0)) {
        model_library_error("Failed to load csv data with exception:\n", l->e);
        return (res){WHY_REJECT};
    }
    return OK;
}

static res load_csv(struct arena *a, const struct files *f, bool weights, int threads, struct data *out, struct err *e)
{
    struct loader l = {.weighted = weights, .e = e};
    size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    res r = OK;

    buf_init(&l.features, memory);
    buf_init(&l.labels, memory);
    buf_init(&l.weights, memory);
    for (size_t i = 0; i < f->n && is_ok(r); i++)
        r = load_file(&l, a, f->paths[i]);
    if (is_ok(r))
        r = make_matrix(&l, threads, out);
    buf_done(&l.features);
    buf_done(&l.labels);
    buf_done(&l.weights);
    return r;
}

static res load_libsvm(struct arena *a, const char *dir, struct data *out, struct err *e)
{
    bst_ulong rows = 0, features = 0;

    if (XGDMatrixCreateFromFile(arena_printf(a, "%s?format=libsvm", dir).p, 1, &out->matrix) != 0 ||
        XGDMatrixNumRow(out->matrix, &rows) != 0 || XGDMatrixNumCol(out->matrix, &features) != 0) {
        model_library_error("Failed to load libsvm data with exception:\n", e);
        return (res){WHY_REJECT};
    }
    out->rows = rows;
    out->features = features;
    return OK;
}

res data_load(struct arena *a, const char *dir, enum data_format format, bool weights, int threads, struct data *out,
              struct err *e)
{
    struct files f = {.arena = a, .e = e};

    *out = (struct data){0};
    TRY(list_files(&f, dir, 0));
    if (f.n)
        qsort(f.paths, f.n, sizeof *f.paths, by_path);
    out->files = f.n;
    if (!f.n)
        return OK;
    return format == DATA_CSV ? load_csv(a, &f, weights, threads, out, e) : load_libsvm(a, dir, out, e);
}

void data_done(struct data *d)
{
    if (d->matrix)
        XGDMatrixFree(d->matrix);
    d->matrix = NULL;
}
