/* SPDX-License-Identifier: MIT */
/* A function's code. A zip that came with the request lies in a sealed blob since before this transaction (package.c),
 * and one in S3 stays in its own: the record names them and holds the sealed keys. Nothing is copied, and what becomes
 * of the object in S3 does not matter any more. A template's inline code is small, and is sealed into records. */
#include "api/house.h"
#include "api/sealed.h"
#include "base/enc.h"
#include "base/log.h"
#include "lambda_parts.h"
#include "s3.h"
#include "store/blob.h"
#include "zip.h"

enum { INLINE_MAX_BYTES = 4 << 20, PART_BYTES = 1 << 20 };

/* ---- is it code? ---- */

static res take_facts(struct call *c, const struct lambda_package *p, struct lambda_function *f)
{
    if (p->bytes > LAMBDA_CODE_MAX_BYTES || (p->is_zip && p->unpacked_bytes > LAMBDA_CODE_MAX_BYTES))
        return fault(c, &lambda_InvalidParameterValueException, "Unzipped size must be smaller than %d bytes",
                     LAMBDA_CODE_MAX_BYTES);
    if (!p->is_zip)
        return fault(c, &lambda_InvalidParameterValueException,
                     "Could not unzip uploaded file. Please check your file, then try to upload again.");
    if (p->entries == 0)
        return fault(c, &lambda_InvalidParameterValueException, "Uploaded file must be a non-empty zip");
    f->code_size = SET_INT((int64_t)p->bytes);
    f->code_sha256 = base64_encode(c->arena, str_n((const char *)p->digest, SHA256_BYTES));
    return OK;
}

static struct lambda_code *new_code(struct call *c, struct lambda_function *f)
{
    struct lambda_code *code = ARENA_NEW(c->arena, struct lambda_code);

    f->code = code->code_id = call_unique(c, "code-", 17);
    return code;
}

/* ---- in records: a template's inline code ---- */

static str part_id(struct call *c, str code_id, size_t i)
{
    return arena_printf(c->arena, "%.*s/%04zu", FMT(code_id), i);
}

/* A record holds a few megabytes; a zip may be larger. */
static res save_parts(struct call *c, struct lambda_code *code, str sealed)
{
    for (size_t i = 0; sealed.n; i++) {
        struct lambda_part *p = ARENA_NEW(c->arena, struct lambda_part);
        *p = (struct lambda_part){.part_id = part_id(c, code->code_id, i), .sealed = str_sub(sealed, 0, PART_BYTES)};
        sealed = str_from(sealed, PART_BYTES);
        code->parts = SET_INT((int64_t)i + 1);
        TRY(lambda_part_save(c, p));
    }
    return OK;
}

static res load_parts(struct call *c, const struct lambda_code *code, str *sealed)
{
    struct buf b;
    res r = OK;

    buf_init(&b, (size_t)(code->parts.v + 1) * PART_BYTES);
    for (size_t i = 0; is_ok(r) && i < (size_t)code->parts.v; i++) {
        struct lambda_part *p;
        r = lambda_part_load(c, code->at.account, part_id(c, code->code_id, i), &p);
        if (is_ok(r) && !p)
            r = oops(&c->err, 0, "a part of the code %.*s is missing", FMT(code->code_id));
        if (is_ok(r))
            buf_add(&b, p->sealed);
    }
    *sealed = is_ok(r) ? arena_dup(c->arena, buf_str(&b)) : STR_ABSENT;
    buf_done(&b);
    return r;
}

static res take_zip(struct call *c, str zip, str key, struct lambda_function *f)
{
    struct lambda_code *code = new_code(c, f);
    struct lambda_package package;

    lambda_package_of_memory(zip, &package);
    TRY(take_facts(c, &package, f));
    TRY(save_parts(c, code, sealed_make(c->arena, key, f->function_arn, zip)));
    return lambda_code_save(c, code);
}

/* CloudFormation's inline code: one file, named index, of at most 4 MB. */
static res take_source(struct call *c, const struct lambda_code_input *in, str key, struct lambda_function *f)
{
    str name = str_starts(in->runtime, S("python")) ? S("index.py") : S("bootstrap");
    struct buf b;

    if (in->source.n > INLINE_MAX_BYTES)
        return fault(c, &lambda_InvalidParameterValueException, "The inline code is longer than 4 MB");
    buf_init(&b, in->source.n + 4096);
    zip_one(&b, name, in->source);
    str zip = arena_dup(c->arena, buf_str(&b));
    buf_done(&b);
    return take_zip(c, zip, key, f);
}

/* ---- in blobs: of S3, read as the caller, or what came with the request ---- */

static res s3_refused(struct call *c, const struct lambda_code_input *in, const struct fault *why)
{
    if (str_eq(str_z(why->type->code), S("AccessDenied")))
        return fault(c, &api_access_denied,
                     "Your access has been denied by S3, please make sure your request credentials have permission to "
                     "GetObject for %.*s/%.*s. S3 Error Code: AccessDenied. S3 Error Message: %.*s",
                     FMT(in->bucket), FMT(in->key), FMT(why->message));
    return fault(c, &lambda_InvalidParameterValueException,
                 "Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %.*s", why->type->code,
                 FMT(why->message));
}

/* What opens each of the blobs, as it is sealed into the record and as the environment's effect gets it. */
static str keys_of(struct call *c, const struct download *d)
{
    struct buf b;

    buf_init_secret(&b, d->n * 256 + 64);
    buf_add_z(&b, "{\"parts\":[");
    for (size_t i = 0; i < d->n; i++) {
        char hex[BLOB_KEY_BYTES * 2];
        hex_encode(d->v[i].key, BLOB_KEY_BYTES, hex);
        buf_printf(&b, "%s{\"id\":\"%.*s\",\"key\":\"%.*s\",\"offset\":%llu,\"length\":%llu}", i ? "," : "",
                   FMT(d->v[i].blob_id), (int)sizeof hex, hex, (unsigned long long)d->v[i].offset,
                   (unsigned long long)d->v[i].length);
    }
    buf_add_z(&b, "]}");
    str text = arena_dup(c->secrets, buf_str(&b));
    buf_done(&b);
    return text;
}

static res keep_blobs(struct call *c, const struct download *d, str key, struct lambda_function *f)
{
    struct lambda_code *code = new_code(c, f);

    code->blobs.v = ARENA_ARRAY(c->arena, str, d->n + 1);
    for (size_t i = 0; i < d->n; i++)
        code->blobs.v[code->blobs.n++] = d->v[i].blob_id;
    code->sealed = sealed_make(c->arena, key, f->function_arn, keys_of(c, d));
    return lambda_code_save(c, code);
}

res lambda_code_in_s3(struct call *c, const struct lambda_code_input *in, const struct download **out)
{
    struct s3_get_object_in get = {.bucket = in->bucket, .key = in->key, .version_id = in->version};
    struct s3_get_object_out got = {0};
    struct fault why;

    TRY(call_download(c, caller_forward(c, LAMBDA), &s3_GetObject_op, &get, &got, out, &why));
    if (why.type)
        return s3_refused(c, in, &why);
    if (!*out || !(*out)->n)
        return fault(c, &lambda_InvalidParameterValueException, "Uploaded file must be a non-empty zip");
    return OK;
}

/* Judged and read now; what was prepared is only how long it takes. A stack's function has nothing prepared, nor has an
 * object that was replaced in between. */
static res take_object(struct call *c, const struct lambda_code_input *in, str key, struct lambda_function *f)
{
    const struct lambda_prepared *p = in->sent ? in->sent->state : NULL;
    const struct download *d;
    struct lambda_package fresh;

    TRY(lambda_code_in_s3(c, in, &d));
    if (lambda_package_is_of(p, d)) {
        TRY(take_facts(c, &p->package, f));
    } else {
        TRY(lambda_package_of_blobs(c->worker->house->blobs, d, &fresh, &c->err));
        TRY(take_facts(c, &fresh, f));
    }
    return keep_blobs(c, d, key, f);
}

static res take_sent(struct call *c, const struct lambda_code_input *in, str key, struct lambda_function *f)
{
    const struct lambda_prepared *p = in->sent->state;
    struct download sent =
        lambda_upload_as_download(in->sent, arena_alloc(c->secrets, sizeof(struct download_segment)));

    TRY(take_facts(c, &p->package, f));
    return keep_blobs(c, &sent, key, f);
}

/* ---- for the service's other files ---- */

res lambda_take_code(struct call *c, const struct lambda_code_input *in, str key, struct lambda_function *f)
{
    bool source = c->parent && str_is(in->source); /* no client's */
    bool sent = in->sent && in->sent->blob_id.n, zip = sent || in->zip.n;

    if (source && !zip && !in->bucket.n)
        return take_source(c, in, key, f);
    if (zip && (in->bucket.n || in->key.n))
        return fault(c, &lambda_InvalidParameterValueException,
                     "Please do not provide other FunctionCode parameters when providing a ZipFile.");
    if (in->bucket.n && in->key.n)
        return take_object(c, in, key, f);
    if (in->bucket.n || in->key.n)
        return fault(c, &lambda_InvalidParameterValueException, "S3Bucket and S3Key go together.");
    if (!zip)
        return fault(c, &lambda_InvalidParameterValueException, "Please provide a source for function code.");
    return sent ? take_sent(c, in, key, f) : take_zip(c, in->zip, key, f);
}

static res remove_sent(struct house *h, void *arg, struct err *e)
{
    if (!is_ok(blob_remove(h->blobs, *(const str *)arg, e))) {
        log_warn("a blob stays until the collector comes: %s", e->what);
        err_clear(e);
    }
    return OK;
}

res lambda_untake_code(struct call *c, const struct lambda_code_input *in, const struct lambda_function *f)
{
    str *blob = ARENA_NEW(c->arena, str);

    if (in->sent && in->sent->blob_id.n) {
        *blob = in->sent->blob_id;
        call_after(c, remove_sent, blob);
    }
    return lambda_drop_code(c, f);
}

static res is_needed(struct call *c, const struct lambda_function *f, bool *out)
{
    struct lambda_version_page versions;
    struct lambda_function *now;

    TRY(lambda_function_load(c, f->at.account, f->function_name, &now));
    TRY(lambda_version_by(c, "code", f->code, f->at.account, 1, &versions));
    *out = versions.n > 0 || (now && str_eq(now->code, f->code));
    return OK;
}

res lambda_drop_code(struct call *c, const struct lambda_function *f)
{
    struct lambda_code *code;
    bool needed;

    TRY(is_needed(c, f, &needed));
    TRY(lambda_code_load(c, f->at.account, f->code, &code));
    if (!code || needed)
        return OK;
    if (code->parts.v)
        TRY(record_drop_all(c, &lambda_part_record, f->at.account, arena_cat(c->arena, f->code, S("/"))));
    return lambda_code_drop(c, code);
}

static res open_code(struct call *c, const struct lambda_function *f, str key, struct lambda_code **code, str *plain)
{
    str sealed;

    TRY(lambda_code_load(c, f->at.account, f->code, code));
    if (!*code)
        return oops(&c->err, 0, "%.*s has no code", FMT(f->function_arn));
    sealed = (*code)->sealed;
    if ((*code)->parts.v)
        TRY(load_parts(c, *code, &sealed));
    if (!sealed_open(c->arena, key, f->function_arn, sealed, plain))
        return oops(&c->err, 0, "the code of %.*s does not open", FMT(f->function_arn));
    return OK;
}

res lambda_reseal_code(struct call *c, struct lambda_function *f, str old_key, str new_key)
{
    struct lambda_code *old, *code;
    str plain, sealed;

    TRY(open_code(c, f, old_key, &old, &plain));
    code = new_code(c, f);
    sealed = sealed_make(c->arena, new_key, f->function_arn, plain);
    code->blobs = old->blobs;
    if (old->parts.v)
        TRY(save_parts(c, code, sealed));
    else
        code->sealed = sealed;
    return lambda_code_save(c, code);
}

res lambda_code_parts(struct call *c, const struct lambda_function *f, str key, str *zip, str *json)
{
    struct lambda_code *code;
    str plain;

    TRY(open_code(c, f, key, &code, &plain));
    *zip = code->blobs.n ? STR_ABSENT : plain;
    *json = code->blobs.n ? plain : STR_ABSENT;
    return OK;
}
