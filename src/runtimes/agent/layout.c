/* SPDX-License-Identifier: MIT */
/* Folders, configuration and start file. */
#include "runtimes/agent/layout.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "runtimes/agent/beneath.h"

enum { START_MAX = 1 << 20, WORDS_MAX = 4000 }; /* what sandbox-init takes */

static void add_member(struct buf *b, const char *name, str value, bool *first)
{
    if (!str_is(value))
        return;
    buf_printf(b, "%s\"%s\":", *first ? "" : ",", name);
    buf_add_json_str(b, value);
    *first = false;
}

static void add_input_config(struct buf *b, const struct order *o)
{
    buf_add_char(b, '{');
    for (size_t i = 0; i < o->n_channels; i++) {
        const struct channel *c = &o->channels[i];
        bool first = true;
        if (i)
            buf_add_char(b, ',');
        buf_add_json_str(b, c->name);
        buf_add_z(b, ":{");
        add_member(b, "ContentType", c->content_type, &first);
        add_member(b, "TrainingInputMode", S("File"), &first);
        add_member(b, "S3DistributionType", str_is(c->distribution) ? c->distribution : S("FullyReplicated"), &first);
        add_member(b, "RecordWrapperType", str_is(c->record_wrapper) ? c->record_wrapper : S("None"), &first);
        buf_add_char(b, '}');
    }
    buf_add_char(b, '}');
}

static res write_json(int root, const char *path, struct buf *b, struct err *e)
{
    res r = b->full ? oops(e, 0, "%s is too long", path) : beneath_write(root, path, buf_str(b), e);

    buf_clear(b);
    return r;
}

static res write_configs(int root, const struct order *o, struct err *e)
{
    struct buf b;
    res r;

    buf_init(&b, ORDER_MAX);
    if (o->hyperparameters)
        buf_add_json(&b, o->hyperparameters);
    else
        buf_add_z(&b, "{}");
    r = write_json(root, "input/config/hyperparameters.json", &b, e);
    if (o->resource_config)
        buf_add_json(&b, o->resource_config);
    else
        buf_add_z(&b, "{\"current_host\":\"algo-1\",\"hosts\":[\"algo-1\"],\"network_interface_name\":\"eth0\"}");
    if (is_ok(r))
        r = write_json(root, "input/config/resourceconfig.json", &b, e);
    add_input_config(&b, o);
    if (is_ok(r))
        r = write_json(root, "input/config/inputdataconfig.json", &b, e);
    buf_done(&b);
    return r;
}

res layout_make(int root, const struct order *o, struct err *e)
{
    static const char *const training[] = {"input/config", "input/data", "model", "output/data", "checkpoints", "code"};
    static const char *const endpoint[] = {"model", "code"}, *const function[] = {"task"};
    const char *const *dirs = o->endpoint ? endpoint : o->function ? function : training;
    size_t n = o->endpoint   ? sizeof endpoint / sizeof *endpoint
               : o->function ? sizeof function / sizeof *function
                             : sizeof training / sizeof *training;
    char path[80];

    for (size_t i = 0; i < n; i++)
        TRY(beneath_make_dirs(root, str_z(dirs[i]), true, e));
    for (size_t i = 0; i < o->n_channels; i++) {
        struct buf b;
        buf_init(&b, sizeof path - 1);
        buf_add_z(&b, "input/data/");
        buf_add(&b, o->channels[i].name);
        str_to_z(buf_str(&b), path, sizeof path);
        res r = b.full ? reject(e, "a channel's name is longer than 64 characters")
                       : beneath_make_dirs(root, str_z(path), true, e);
        buf_done(&b);
        TRY(r);
    }
    return o->endpoint || o->function ? OK : write_configs(root, o, e);
}

/* One field: text without NUL, and its NUL. */
static bool add_field(struct buf *b, str text)
{
    buf_add(b, text);
    buf_add_char(b, 0);
    return str_find(text, 0) < 0;
}

/* What an unmodified SDK needs to trust Barmkin's certificates, and a PATH. A job shares its cores with others:
 * OpenMP's threads that spin while they wait made the training of xgboost ten times slower on a busy machine. */
static const char *const defaults[][2] = {
    {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    {"AWS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt"},
    {"REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt"},
    {"SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"},
    {"OMP_WAIT_POLICY", "passive"},
};
enum { N_DEFAULTS = sizeof defaults / sizeof *defaults };

static bool add_environment(struct buf *b, const struct order *o)
{
    bool good = true;
    const char *key;
    json_t *v;

    for (size_t i = 0; i < N_DEFAULTS; i++)
        if (!json_object_get(o->env, defaults[i][0]))
            buf_printf(b, "%s=%s%c", defaults[i][0], defaults[i][1], 0);
    json_object_foreach((json_t *)o->env, key, v)
    {
        buf_add_z(b, key);
        buf_add_char(b, '=');
        good &= add_field(b, json_str(v));
    }
    return good;
}

static size_t count_environment(const struct order *o)
{
    size_t n = json_object_size(o->env);

    for (size_t i = 0; i < N_DEFAULTS; i++)
        n += !json_object_get(o->env, defaults[i][0]);
    return n;
}

res layout_start(int root, const struct order *o, struct err *e)
{
    size_t argc = json_array_size(o->argv), envc = count_environment(o);
    struct buf b;
    bool good = argc <= WORDS_MAX && envc <= WORDS_MAX;

    buf_init(&b, START_MAX);
    add_field(&b, S("barmkin-start 1"));
    buf_printf(&b, "%zu%c%zu%c", argc, 0, envc, 0);
    good &= add_field(&b, str_empty(o->cwd) ? S("/opt/ml") : o->cwd);
    for (size_t i = 0; i < argc; i++)
        good &= add_field(&b, json_str(json_array_get(o->argv, i)));
    good &= add_environment(&b, o);
    res r = !good || b.full ? reject(e, "arguments and environment hold NULs or more than 1 MiB")
                            : beneath_write(root, ".barmkin/start", buf_str(&b), e);
    buf_done(&b);
    return r;
}
