/* SPDX-License-Identifier: MIT */
/* Code.Location: where a function's zip can be had for ten minutes by whoever has the URL, as on AWS, where it is a
 * presigned one. Here it carries what vault has sealed: which code, until when, and the key to it. Nothing of it is
 * remembered, and nothing else can be made of it. */
#include "api/functions.h"
#include "api/house.h"
#include "base/enc.h"
#include "lambda_parts.h"

enum { LIFE_MS = 10 * 60 * 1000, TOKEN_MAX_BYTES = 2048 };
static const char purpose[] = "lambda-code-url";

/* ---- making one ---- */

/* The name or address that the client asked is one it can reach, in whatever network it is; api/route.c knows the path
 * at each of them. */
static str base_url(const struct call *c)
{
    if (!c->host.n || !c->door)
        return c->worker->house->endpoint_url;
    return arena_printf(c->arena, "%s://%.*s", c->door->tls ? "https" : "http", FMT(c->host));
}

static str endpoint_of(const struct call *c)
{
    return c->door ? c->door->vpce_id : STR_ABSENT;
}

static res seal_token(struct call *c, const struct lambda_function *f, str key, str *out)
{
    char hex[LAMBDA_KEY_BYTES * 2];
    struct buf b;
    str sealed;

    hex_encode(key.p, LAMBDA_KEY_BYTES, hex);
    buf_init_secret(&b, TOKEN_MAX_BYTES);
    buf_printf(&b, "{\"code\":\"%.*s\",\"account\":\"%.*s\",\"region\":\"%.*s\",\"arn\":\"%.*s\",\"until\":%lld,",
               FMT(f->code), FMT(f->at.account), FMT(c->region), FMT(f->function_arn), (long long)c->now_ms + LIFE_MS);
    buf_printf(&b, "\"vpce\":\"%.*s\",\"key\":\"%.*s\"}", FMT(endpoint_of(c)), (int)sizeof hex, hex);
    explicit_bzero(hex, sizeof hex);
    res r = vault_wrap(call_vault(c), str_z(purpose), str_z(purpose), buf_str(&b), c->arena, &sealed, &c->err);
    buf_done(&b);
    TRY(r);
    *out = hex_of(c->secrets, sealed);
    return OK;
}

res lambda_locate_code(struct call *c, const struct lambda_function *f, struct lambda_code_location *out)
{
    struct fault why;
    str key, token;

    out->repository_type = S("S3");
    TRY(lambda_key_open(c, f, NULL, &key, &why));
    if (why.type) {
        out->error = ARENA_NEW(c->arena, struct lambda_environment_error);
        out->error->error_code = S("AccessDeniedException");
        out->error->message =
            arena_printf(c->arena, "Lambda was unable to decrypt the code. KMS Exception: %s KMS Message: %.*s",
                         why.type->code, FMT(why.message));
        return OK;
    }
    TRY(seal_token(c, f, key, &token));
    out->location = arena_printf(c->secrets, "%.*s/.lambda/code/%.*s", FMT(base_url(c)), FMT(token));
    return OK;
}

/* ---- following one ---- */

static res open_token(struct call *c, str text, json_t **out)
{
    struct err unusable = {0};
    uint8_t *sealed = arena_alloc(c->arena, text.n / 2 + 1);
    str plain;

    if (text.n % 2 || !hex_decode(text, sealed, text.n / 2) ||
        !is_ok(vault_unwrap(call_vault(c), str_z(purpose), str_z(purpose), str_n((char *)sealed, text.n / 2),
                            c->secrets, &plain, &unusable)))
        return fault(c, &api_access_denied, "The URL is none that was given to anybody.");
    TRY(json_parse(c->secrets, plain, &c->err, out));
    if (json_integer_value(json_object_get(*out, "until")) <= c->now_ms)
        return fault(c, &api_access_denied, "Request has expired");
    /* No policy of an endpoint has seen a URL from elsewhere: nothing of others comes in by one. */
    if (str_is(endpoint_of(c)) && !str_eq(endpoint_of(c), json_str_at(*out, "vpce")))
        return fault(c, &api_access_denied, "The VPC endpoint %.*s lets no URL through but those that came through it.",
                     FMT(endpoint_of(c)));
    return OK;
}

static res blobs_of(struct call *c, str json, struct download *d)
{
    json_t *all, *one;
    size_t i;

    TRY(json_parse(c->secrets, json, &c->err, &all));
    all = json_object_get(all, "parts");
    struct download_segment *v = arena_alloc_array(c->secrets, json_array_size(all) + 1, sizeof *v);
    d->v = v;
    json_array_foreach(all, i, one)
    {
        v[i].blob_id = json_str_at(one, "id");
        v[i].offset = (uint64_t)json_integer_value(json_object_get(one, "offset"));
        v[i].length = (uint64_t)json_integer_value(json_object_get(one, "length"));
        if (!hex_decode(json_str_at(one, "key"), v[i].key, sizeof v[i].key))
            return oops(&c->err, 0, "the code's keys cannot be read");
        d->length += v[i].length;
    }
    d->n = json_array_size(all);
    return OK;
}

res lambda_get_function_code_by_url(struct call *c, const struct lambda_get_function_code_by_url_in *in,
                                    struct lambda_get_function_code_by_url_out *out)
{
    struct lambda_function f = {0};
    struct lambda_code *code;
    uint8_t *key = arena_alloc(c->secrets, LAMBDA_KEY_BYTES);
    str zip, parts;
    json_t *token;

    TRY(open_token(c, in->token, &token));
    c->region = json_str_at(token, "region");
    f.at.account = json_str_at(token, "account");
    f.code = json_str_at(token, "code");
    f.function_arn = json_str_at(token, "arn");
    if (!hex_decode(json_str_at(token, "key"), key, LAMBDA_KEY_BYTES))
        return oops(&c->err, 0, "a code's key cannot be read");
    TRY(lambda_code_load(c, f.at.account, f.code, &code));
    if (!code)
        return fault(c, &lambda_ResourceNotFoundException, "The code is no function's any more.");
    TRY(lambda_code_parts(c, &f, str_n((char *)key, LAMBDA_KEY_BYTES), &zip, &parts));
    out->content_type = S("application/zip");
    out->payload = zip;
    if (str_is(parts)) {
        struct download *d = ARENA_NEW(c->arena, struct download);
        TRY(blobs_of(c, parts, d));
        c->body.download = d;
    }
    return OK;
}
