/* SPDX-License-Identifier: MIT */
/* The messages about volumes. */
#include "warden/server/sandbox.h"
#include "warden/server/volume.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "vault/volume_key.h"

/* Every message about volumes begins here. */
static res ready(const struct warden *w, struct err *e)
{
    return w->volumes ? OK : oops(e, 0, "this warden has no state folder, so no volumes");
}

static res on_create(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                     struct err *e)
{
    const struct volume_create *m = body;

    (void)fds;
    if (n != sizeof *m || n_fds || !message_id_ok(&m->id, "vol-"))
        return warden_malformed(reply, e, "a bad volume_create");
    TRY(ready(w, e));
    return volume_create(w->volumes, m->id.z, m->mib, e);
}

/* Of a message that is an id: "vol-", or "fs-" of a file system. */
static res one_id(const char *prefix, const void *body, size_t n, size_t n_fds, struct reply *reply, struct err *e)
{
    return n != sizeof(struct message_id) || n_fds || !message_id_ok(body, prefix)
               ? warden_malformed(reply, e, "a bad volume id")
               : OK;
}

static res on_mount(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                    struct err *e)
{
    uint32_t uid_base;

    (void)fds;
    TRY(one_id("vol-", body, n, n_fds, reply, e));
    TRY(ready(w, e));
    return volume_mount(w->volumes, ((const struct message_id *)body)->z, &uid_base, e);
}

static res on_share(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                    struct err *e)
{
    const struct volume_share *m = body;
    char data[PATH_BYTES];

    (void)fds;
    if (n != sizeof *m || n_fds || !message_id_ok(&m->file_system, "fs-") || !message_id_ok(&m->sandbox, "box-") ||
        !message_id_ok(&m->volume, "vol-") || !memchr(m->at, 0, sizeof m->at) ||
        !memchr(m->folder, 0, sizeof m->folder) || m->flags > (SHARE_READ_ONLY | SHARE_SQUASH_ROOT))
        return warden_malformed(reply, e, "a bad volume_share");
    TRY(ready(w, e));
    struct share_plan p = {.file_system = m->file_system.z,
                           .holder = m->sandbox.z,
                           .at = m->at,
                           .folder = m->folder,
                           .mib = m->mib,
                           .read_only = m->flags & SHARE_READ_ONLY,
                           .squash_root = m->flags & SHARE_SQUASH_ROOT};
    TRY(volume_where(w->volumes, m->volume.z, &p.uid_base, data, e));
    return volume_share(w->volumes, &p, e);
}

static res on_used(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                   struct err *e)
{
    uint64_t bytes;

    (void)fds;
    TRY(one_id("fs-", body, n, n_fds, reply, e));
    TRY(ready(w, e));
    TRY(volume_share_used(w->volumes, ((const struct message_id *)body)->z, &bytes, e));
    buf_add(&reply->body, str_n((const char *)&bytes, sizeof bytes));
    return OK;
}

static res on_forget(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                     struct err *e)
{
    (void)fds;
    TRY(one_id("fs-", body, n, n_fds, reply, e));
    TRY(ready(w, e));
    return volume_share_delete(w->volumes, ((const struct message_id *)body)->z, e);
}

static res on_unmount(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                      struct err *e)
{
    (void)fds;
    TRY(one_id("vol-", body, n, n_fds, reply, e));
    TRY(ready(w, e));
    return volume_unmount(w->volumes, ((const struct message_id *)body)->z, e);
}

static res on_delete(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                     struct err *e)
{
    (void)fds;
    TRY(one_id("vol-", body, n, n_fds, reply, e));
    TRY(ready(w, e));
    return volume_delete(w->volumes, ((const struct message_id *)body)->z, e);
}

/* A volume's, or a file system's and a sandbox's. */
static bool key_id_ok(const char z[VOLUME_KEY_ID_BYTES])
{
    enum { FILE_SYSTEM_BYTES = 20 }; /* "fs-" and 17 digits */
    str id = memchr(z, 0, VOLUME_KEY_ID_BYTES) ? str_z(z) : STR_ABSENT, holder = str_from(id, FILE_SYSTEM_BYTES);
    struct message_id ignored;

    if (!str_starts(id, S("fs-")))
        return message_id_read(id, "vol-", &ignored);
    return message_id_read(str_sub(id, 0, FILE_SYSTEM_BYTES), "fs-", &ignored) && str_starts(holder, S("-")) &&
           message_id_read(str_from(holder, 1), "box-", &ignored);
}

static res on_key(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                  struct err *e)
{
    const struct volume_key_body *m = body;

    (void)fds;
    if (n != sizeof *m || n_fds || m->magic != VOLUME_KEY_MAGIC)
        return warden_malformed(reply, e, "a bad volume key");
    if (!key_id_ok(m->volume_id))
        return warden_malformed(reply, e, "a key for a bad volume id");
    TRY(ready(w, e));
    res r = volume_key_put(w->volumes, m->volume_id, m->key, e);
    explicit_bzero((void *)body, n); /* the loop's own memory: the next message would leave a part of it */
    return r;
}

/* User ids are the machine's: whatever run folder a warden is given, all lease from one file. */
static const char machine_dir[] = "/run/barmkin", lease_file[] = "/run/barmkin/uids";

static res volume_start_module(struct warden *w, struct err *e)
{
    char images[PATH_BYTES], mounts[PATH_BYTES];
    struct volume_site site = {images, mounts, lease_file, w->tag};

    if (!w->state_dir[0]) /* a test of networks: no volumes */
        return OK;
    TRY(path_put(images, e, "%s/volumes", w->state_dir));
    TRY(path_put(mounts, e, "%s/vol", w->run_dir));
    TRY(dir_make(machine_dir, 0711, e));
    return volumes_new(&site, &w->volumes, e);
}

static void volume_stop_module(struct warden *w)
{
    volumes_free(w->volumes);
    w->volumes = NULL;
}

static const struct handler handlers[] = {
    {WARDEN_VOLUME_CREATE, FROM_FRONT, on_create},   {WARDEN_VOLUME_MOUNT, FROM_FRONT, on_mount},
    {WARDEN_VOLUME_UNMOUNT, FROM_FRONT, on_unmount}, {WARDEN_VOLUME_DELETE, FROM_FRONT, on_delete},
    {WARDEN_VOLUME_SHARE, FROM_FRONT, on_share},     {WARDEN_VOLUME_USED, FROM_FRONT, on_used},
    {WARDEN_VOLUME_FORGET, FROM_FRONT, on_forget},   {VOLUME_KEY_TYPE, FROM_VAULT, on_key},
};

const struct module volume_module = {"volumes", handlers, sizeof handlers / sizeof *handlers, volume_start_module,
                                     volume_stop_module};
