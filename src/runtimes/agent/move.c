/* SPDX-License-Identifier: MIT */
/* Each way in goes through s3.c and beneath.c or unpack.c, each way out through pack.c and s3.c. */
#include "runtimes/agent/move.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "runtimes/agent/beneath.h"
#include "runtimes/agent/pack.h"
#include "runtimes/agent/s3.h"
#include "runtimes/agent/unpack.h"

enum { LISTING_BYTES = 32 << 20 };

str move_local_name(str prefix, str key)
{
    str rest = str_from(key, prefix.n);

    if (str_ends(key, S("/")))
        return STR_ABSENT;
    if (str_empty(rest)) /* the prefix is the object itself */
        return str_from(key, (size_t)(str_rfind(key, '/') + 1));
    if (str_empty(prefix) || str_ends(prefix, S("/")))
        return rest;
    if (rest.p[0] == '/')
        return str_from(rest, 1);
    return str_from(key, (size_t)(str_rfind(prefix, '/') + 1)); /* the prefix ends within a name */
}

static res get_object(struct web *w, int root, const struct channel *c, const struct s3_object *object, uint64_t *bytes,
                      struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    str name = move_local_name(c->from.key, object->key);
    uint64_t n = 0;
    int fd;
    res r = OK;

    if (str_is(name)) {
        str path = arena_printf(a, "input/data/%.*s/%.*s", FMT(c->name), FMT(name));
        r = beneath_create(root, path, 0644, &fd, e);
        if (is_ok(r)) {
            r = s3_get(w, c->from.bucket, object->key, fd, &n, e);
            close(fd);
        }
    }
    *bytes += n;
    arena_free(a);
    return r;
}

static res channel_in(struct web *w, int root, const struct channel *c, uint64_t *bytes, struct err *e)
{
    struct arena *a = arena_new(LISTING_BYTES), *token = arena_new(1 << 16);
    struct s3_listing *page;
    str after = STR_ABSENT;
    size_t n = 0;
    res r = OK;

    do {
        arena_reset(a);
        page = ARENA_NEW(a, struct s3_listing);
        r = s3_list(w, &c->from, after, a, page, e);
        for (size_t i = 0; is_ok(r) && i < page->n; i++)
            r = get_object(w, root, c, &page->items[i], bytes, e);
        n += page->n;
        arena_reset(token);
        after = is_ok(r) ? arena_dup(token, page->next) : STR_ABSENT;
    } while (str_is(after));
    if (is_ok(r) && n == 0)
        r = reject(e, "No S3 objects found under S3 URL \"s3://%.*s/%.*s\" given in input data source.",
                   FMT(c->from.bucket), FMT(c->from.key));
    arena_free(token);
    arena_free(a);
    return r;
}

res move_channels_in(struct web *w, int root, const struct order *o, uint64_t *bytes, struct err *e)
{
    *bytes = 0;
    for (size_t i = 0; i < o->n_channels; i++)
        if (!o->channels[i].shared)
            TRY(channel_in(w, root, &o->channels[i], bytes, e));
    return OK;
}

/* A file without a name in the volume: encrypted like the rest, gone with its descriptor. */
static res scratch(int root, int *fd, struct err *e)
{
    *fd = openat(root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return *fd < 0 ? oops(e, errno, "cannot make a scratch file") : OK;
}

typedef res unpack_fn(int archive, int folder, const struct unpack_limits *limits, struct err *e);

/* What was fetched into fd goes into a folder of the volume. */
static res unpack_into(int root, const char *name, int fd, unpack_fn *unpack, const struct unpack_limits *limits,
                       struct err *e)
{
    int folder = beneath_open(root, name, O_RDONLY | O_DIRECTORY, 0);
    res r;

    if (folder < 0 || lseek(fd, 0, SEEK_SET) < 0)
        r = oops(e, errno, "cannot open the folder %s", name);
    else
        r = unpack(fd, folder, limits, e);
    if (folder >= 0)
        close(folder);
    return r;
}

res move_model_in(struct web *w, int root, const struct order *o, uint64_t *bytes, struct err *e)
{
    struct unpack_limits limits = UNPACK_LIMITS;
    int fd;

    TRY(scratch(root, &fd, e));
    res r = s3_get(w, o->model.bucket, o->model.key, fd, bytes, e);
    if (is_ok(r))
        r = unpack_into(root, "model", fd, unpack_tar, &limits, e);
    close(fd);
    return r;
}

res move_code_in(struct talk *t, int root, const struct order *o, struct err *e)
{
    struct unpack_limits limits = UNPACK_CODE_LIMITS;
    int fd;

    TRY(scratch(root, &fd, e));
    res r = talk_read_bytes(t, o->code_bytes, fd, e);
    if (is_ok(r))
        r = unpack_into(root, "task", fd, unpack_zip, &limits, e);
    close(fd);
    return r;
}

res move_folder_out(struct web *w, int root, const struct order *o, const char *path, const char *name, uint64_t *bytes,
                    struct err *e)
{
    struct arena *a = arena_new(65536);
    struct packed packed;
    int folder = beneath_open(root, path, O_RDONLY | O_DIRECTORY, 0), fd = -1;
    str key = o->output.key;

    while (str_ends(key, S("/")))
        key.n--;
    key = arena_printf(a, "%.*s%s%s", FMT(key), key.n ? "/" : "", name);
    res r = folder < 0 ? reject(e, "the job removed its folder /opt/ml/%s", path) : scratch(root, &fd, e);
    if (is_ok(r))
        r = pack_tar_gz(folder, fd, &packed, e);
    if (is_ok(r))
        r = s3_put(w, o->output.bucket, key, fd, packed.bytes, str_n(packed.sha256_hex, 64), o->kms_key_id, e);
    *bytes = is_ok(r) ? packed.bytes : 0;
    if (folder >= 0)
        close(folder);
    if (fd >= 0)
        close(fd);
    arena_free(a);
    return r;
}
