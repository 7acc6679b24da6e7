/* SPDX-License-Identifier: MIT */
/* Rows are parsed, predicted and printed block by block, so the memory of an invocation does not depend on its body.
 * Texts and statuses follow algorithm_mode/serve.py and serve_utils.py of AWS's container, branch 1.0-1. */
#include "runtimes/xgboost/invoke.h"

#include <math.h>

#include "runtimes/xgboost/number.h"
#include "runtimes/xgboost/rows.h"

enum { BLOCK_VALUES = 1 << 18, BLOCK_ROWS_MAX = 1024 };
enum input { INPUT_CSV, INPUT_LIBSVM, INPUT_UNKNOWN };
enum output { OUTPUT_CSV, OUTPUT_JSON, OUTPUT_JSONLINES };

#define TEXT_PLAIN "text/html; charset=utf-8" /* Flask's default, so AWS's */

/* One invocation under way. */
struct run {
    struct invoker *v;
    struct buf *out;
    struct err e;
    enum output format;
    size_t printed; /* rows */
    int status;
};

void invoker_init(struct invoker *v, struct model *m, struct arena *a, bool batch)
{
    size_t rows = BLOCK_VALUES / m->n_features;

    rows = rows < 1 ? 1 : rows > BLOCK_ROWS_MAX ? BLOCK_ROWS_MAX : rows;
    *v = (struct invoker){.model = m, .block_rows = rows, .line_each = batch};
    v->block = ARENA_ARRAY(a, float, rows * m->n_features);
    buf_init(&v->values, (size_t)256 << 20);
}

void invoker_done(struct invoker *v)
{
    buf_done(&v->values);
}

static str media_type(str header)
{
    return str_trim(str_cut(&header, ';'));
}

static enum input input_of(const struct invocation *in)
{
    str type = media_type(in->content_type);

    /* AWS takes a missing type for libsvm; a body without a colon can only be meant as CSV. */
    if (!type.n)
        return str_find(in->body, ':') >= 0 ? INPUT_LIBSVM : INPUT_CSV;
    if (str_eq_nocase(type, S("text/csv")) || str_eq_nocase(type, S("csv")))
        return INPUT_CSV;
    if (str_eq_nocase(type, S("text/libsvm")) || str_eq_nocase(type, S("text/x-libsvm")) ||
        str_eq_nocase(type, S("libsvm")))
        return INPUT_LIBSVM;
    return INPUT_UNKNOWN;
}

/* AWS's 1.0-1 ignores Accept unless SAGEMAKER_INFERENCE_OUTPUT is set; here the two JSON forms of SageMaker's "Common
 * data formats for inference" are served to who asks for them. */
static enum output output_of(str accept)
{
    str type = media_type(accept);

    if (str_eq_nocase(type, S("application/json")))
        return OUTPUT_JSON;
    if (str_eq_nocase(type, S("application/jsonlines")))
        return OUTPUT_JSONLINES;
    return OUTPUT_CSV;
}

static void print_number(struct run *r, float value)
{
    char text[NUMBER_TEXT_BYTES];

    if (r->format != OUTPUT_CSV && !isfinite(value))
        buf_add(r->out, S("null"));
    else
        buf_add(r->out, str_n(text, number_repr((double)value, text)));
}

static void print_values(struct run *r, const float *values, size_t n)
{
    if (n > 1)
        buf_add_char(r->out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add(r->out, S(", "));
        print_number(r, values[i]);
    }
    if (n > 1)
        buf_add_char(r->out, ']');
}

static void print_row(struct run *r, const float *values, size_t n)
{
    bool first = r->printed++ == 0;

    switch (r->format) {
    case OUTPUT_CSV:
        if (!first)
            buf_add_char(r->out, r->v->line_each ? '\n' : ',');
        print_values(r, values, n);
        return;
    case OUTPUT_JSON:
        buf_add(r->out, first ? S("{\"predictions\": [{\"score\": ") : S(", {\"score\": "));
        print_values(r, values, n);
        buf_add_char(r->out, '}');
        return;
    case OUTPUT_JSONLINES:
        buf_add(r->out, S("{\"score\": "));
        print_values(r, values, n);
        buf_add(r->out, S("}\n"));
        return;
    }
}

static res flush_block(struct run *r)
{
    struct invoker *v = r->v;
    size_t n = v->held, outputs;

    v->held = 0;
    if (!n)
        return OK;
    buf_clear(&v->values);
    r->status = 500;
    TRY(model_predict(v->model, v->block, n, &v->values, &outputs, &r->e));
    const float *values = (const float *)(const void *)v->values.p;
    for (size_t i = 0; i < n; i++)
        print_row(r, values + i * outputs, outputs);
    return r->out->full ? oops(&r->e, 0, "the predictions are larger than a reply may be") : OK;
}

/* The number of columns, against the model's. One column less is let pass as AWS does: its models count a column more
 * than the data when the label's place was counted. */
static res check_width(struct run *r, size_t width)
{
    const struct model *m = r->v->model;

    if (width == m->n_features || (width < m->n_features && !m->pickled) || width + 1 == m->n_features)
        return OK;
    r->status = 400;
    return reject(&r->e,
                  "Unable to evaluate payload provided: Feature size of csv inference data %zu is not consistent with "
                  "feature size of trained model %zu.",
                  width, m->n_features);
}

static res unreadable(struct run *r, const char *kind, size_t row, const struct err *why)
{
    r->status = 415;
    return reject(&r->e, "Loading %s data failed with Exception, please ensure data is in %s format:\n row %zu: %s",
                  kind, kind, row, why->what);
}

static res take_csv(struct run *r, str body)
{
    struct invoker *v = r->v;
    size_t width = 0, row = 0, n;
    char delimiter = rows_delimiter(body);
    str line;

    while (rows_line(&body, &line)) {
        struct err why = {0};
        float *dst = v->block + v->held * v->model->n_features;
        row++;
        /* A line that is too long for the model is counted, not stored. */
        res parsed = rows_csv(line, delimiter, dst, v->model->n_features, &n, &why);
        if (!is_ok(parsed) && rows_width(line, delimiter) <= v->model->n_features)
            return unreadable(r, "csv", row, &why);
        if (!is_ok(parsed))
            n = rows_width(line, delimiter);
        if (row == 1)
            TRY(check_width(r, width = n));
        if (n != width) {
            err_clear(&why);
            reject(&why, "%zu columns where the first row has %zu", n, width);
            return unreadable(r, "csv", row, &why);
        }
        for (; n < v->model->n_features; n++)
            dst[n] = NAN;
        if (++v->held == v->block_rows)
            TRY(flush_block(r));
    }
    return OK;
}

static res take_libsvm(struct run *r, str body)
{
    struct invoker *v = r->v;
    size_t row = 0, top;
    str line;

    while (rows_line(&body, &line)) {
        struct err why = {0};
        float *dst = v->block + v->held * v->model->n_features;
        row++;
        if (!is_ok(rows_libsvm(line, dst, v->model->n_features, NULL, NULL, &top, &why)))
            return unreadable(r, "libsvm", row, &why);
        if (++v->held == v->block_rows)
            TRY(flush_block(r));
    }
    return OK;
}

static res run_all(struct run *r, enum input input, str body)
{
    TRY(input == INPUT_CSV ? take_csv(r, body) : take_libsvm(r, body));
    TRY(flush_block(r));
    if (r->format == OUTPUT_JSON)
        buf_add(r->out, S("]}"));
    else if (r->format == OUTPUT_CSV && r->v->line_each)
        buf_add_char(r->out, '\n');
    return r->out->full ? oops(&r->e, 0, "the predictions are larger than a reply may be") : OK;
}

int invoke(struct invoker *v, const struct invocation *in, struct buf *out, const char **type)
{
    static const char *const types[] = {"text/csv; charset=utf-8", "application/json", "application/jsonlines"};
    struct run r = {.v = v, .out = out, .format = output_of(in->accept)};
    enum input input = input_of(in);
    str body = str_trim(in->body);

    buf_clear(out);
    *type = TEXT_PLAIN;
    v->held = 0;
    if (!in->body.n)
        return 204;
    if (input == INPUT_UNKNOWN) {
        buf_printf(out, "%.*s is not an accepted ContentType: csv, libsvm, text/csv, text/libsvm, text/x-libsvm.",
                   FMT(str_sub(in->content_type, 0, 100)));
        return 415;
    }
    if (!body.n) {
        buf_add(out, S("Loading csv data failed with Exception, please ensure data is in csv format:\n no rows"));
        return 415;
    }
    r.status = 500;
    if (is_ok(run_all(&r, input, body))) {
        *type = types[r.format];
        return 200;
    }
    buf_clear(out);
    buf_add_z(out, r.e.what);
    return r.status;
}
