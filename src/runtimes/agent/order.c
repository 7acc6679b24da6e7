/* SPDX-License-Identifier: MIT */
/* Reading the order. Front wrote it, but half of it is a client's words: everything is checked again. */
#include "runtimes/agent/order.h"

#include "runtimes/agent/beneath.h"

res s3_place_parse(str uri, struct s3_place *out, struct err *e)
{
    if (!str_starts(uri, S("s3://")))
        return reject(e, "not an S3 URI: %.*s", FMT(str_sub(uri, 0, 200)));
    str rest = str_from(uri, 5);
    out->bucket = str_cut(&rest, '/');
    out->key = str_is(rest) ? rest : S("");
    if (out->bucket.n < 3 || out->bucket.n > 63 || !str_all(out->bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-"))
        return reject(e, "not a bucket's name in %.*s", FMT(str_sub(uri, 0, 200)));
    if (out->key.n > 1024)
        return reject(e, "a key of more than 1024 bytes in an S3 URI");
    return OK;
}

static res need(const json_t *o, const char *key, str *out, struct err *e)
{
    *out = json_str_at(o, key);
    return str_empty(*out) ? reject(e, "the order has no %s", key) : OK;
}

static res read_channel(const json_t *o, struct channel *c, struct err *e)
{
    str type = json_str_at(o, "s3_data_type"), uri;

    TRY(need(o, "name", &c->name, e));
    c->shared = json_is_true(json_object_get(o, "shared"));
    if (!c->shared) {
        TRY(need(o, "s3_uri", &uri, e));
        TRY(s3_place_parse(uri, &c->from, e));
    }
    if (!beneath_path_ok(c->name) || str_find(c->name, '/') >= 0)
        return reject(e, "a channel's name cannot be a folder's");
    if (str_is(type) && !str_eq(type, S("S3Prefix")))
        return reject(e, "the S3DataType %.*s of channel %.*s is not built yet", FMT(type), FMT(c->name));
    if (str_is(json_str_at(o, "compression")) && !str_eq(json_str_at(o, "compression"), S("None")))
        return reject(e, "the CompressionType of channel %.*s is not built yet", FMT(c->name));
    c->content_type = json_str_at(o, "content_type");
    c->distribution = json_str_at(o, "distribution");
    c->record_wrapper = json_str_at(o, "record_wrapper");
    return OK;
}

static res read_channels(const json_t *list, struct order *out, struct err *e)
{
    if (json_array_size(list) > CHANNELS_MAX)
        return reject(e, "more than %d channels", CHANNELS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(read_channel(json_array_get(list, i), &out->channels[out->n_channels++], e));
    return OK;
}

static bool is_object_or_absent(const json_t *v)
{
    return !v || json_is_object(v);
}

static res read_program(const json_t *o, struct order *out, struct err *e)
{
    const char *key;
    json_t *v;

    out->argv = json_object_get(o, "argv");
    out->env = json_object_get(o, "env");
    out->cwd = json_str_at(o, "cwd");
    if (!json_is_array(out->argv) || json_array_size(out->argv) == 0 || !is_object_or_absent(out->env))
        return reject(e, "the order has no argv");
    for (size_t i = 0; i < json_array_size(out->argv); i++)
        if (!json_is_string(json_array_get(out->argv, i)))
            return reject(e, "an argument is not text");
    json_object_foreach((json_t *)out->env, key, v)
    {
        if (!json_is_string(v) || !*key || str_find(str_z(key), '=') >= 0)
            return reject(e, "an environment variable is not text");
    }
    return OK;
}

res order_parse(struct arena *a, str line, struct order *out, struct err *e)
{
    json_t *o;
    str kind, model;

    *out = (struct order){0};
    TRY(json_parse(a, line, e, &o));
    if (!json_is_object(o))
        return reject(e, "the order is no object");
    TRY(need(o, "kind", &kind, e));
    out->endpoint = str_eq(kind, S("endpoint"));
    out->function = str_eq(kind, S("function"));
    out->spare = str_eq(kind, S("spare"));
    if (!out->endpoint && !out->function && !out->spare && !str_eq(kind, S("training")))
        return reject(e, "the order's kind is unknown");
    if (out->spare)
        return read_program(o, out, e);
    TRY(need(o, "region", &out->region, e));
    TRY(need(o, "resolver", &out->resolver, e));
    TRY(need(o, "credentials_uri", &out->credentials_uri, e));
    TRY(need(o, "credentials_token", &out->credentials_token, e));
    TRY(read_channels(json_object_get(o, "channels"), out, e));
    out->hyperparameters = json_object_get(o, "hyperparameters");
    out->resource_config = json_object_get(o, "resource_config");
    if (!is_object_or_absent(out->hyperparameters) || !is_object_or_absent(out->resource_config))
        return reject(e, "hyperparameters and resource_config are objects");
    out->has_output = str_is(json_str_at(o, "output_s3_uri"));
    if (out->has_output)
        TRY(s3_place_parse(json_str_at(o, "output_s3_uri"), &out->output, e));
    out->kms_key_id = json_str_at(o, "kms_key_id");
    model = json_str_at(o, "model_data_url");
    out->has_model = !str_empty(model);
    if (out->has_model)
        TRY(s3_place_parse(model, &out->model, e));
    if (json_is_integer(json_object_get(o, "code_bytes")))
        out->code_bytes = (uint64_t)json_integer_value(json_object_get(o, "code_bytes"));
    return read_program(o, out, e);
}
