/* SPDX-License-Identifier: MIT */
/* The folder of blobs: DIR/ab/abcd..., 256 folders by the first two digits of the id. Also the sweep for the collector.
 */
#include "store/blob_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "crypto/random.h"

enum { FOLDERS = 256, FOLDER_NAME_BYTES = 3, PATH_BYTES = FOLDER_NAME_BYTES + BLOB_ID_BYTES + 1 };

struct blobs {
    struct arena *mem; /* holds this struct */
    int dir;
    atomic_bool ready[FOLDERS]; /* made, and its own entry synced */
    _Atomic int64_t fail_in;
};

/* True, with errno set, when an injected fault is due. */
static bool fails(struct blobs *b)
{
    if (atomic_load_explicit(&b->fail_in, memory_order_relaxed) <= 0 || atomic_fetch_sub(&b->fail_in, 1) != 1)
        return false;
    errno = EIO;
    return true;
}

void blobs_fail_after(struct blobs *b, int64_t n_calls)
{
    atomic_store(&b->fail_in, n_calls);
}

res blobs_open(const char *dir, struct blobs **out, struct err *e)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return oops(e, errno, "creating %s", dir);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return oops(e, errno, "opening %s", dir);
    struct arena *mem = arena_new(sizeof(struct blobs));
    struct blobs *b = ARENA_NEW(mem, struct blobs);
    b->mem = mem;
    b->dir = fd;
    *out = b;
    return OK;
}

void blobs_close(struct blobs *b)
{
    if (!b)
        return;
    close(b->dir);
    arena_free(b->mem);
}

static bool is_id(str id)
{
    return id.n == BLOB_ID_BYTES && str_all(id, "0123456789abcdef");
}

/* "ab/abcd..." */
static void path_of(const char *id, char path[PATH_BYTES])
{
    memcpy(path, id, 2);
    path[2] = '/';
    memcpy(path + FOLDER_NAME_BYTES, id, BLOB_ID_BYTES);
    path[PATH_BYTES - 1] = '\0';
}

res blob_folder_tmpfile(struct blobs *b, int *fd, struct err *e)
{
    *fd = fails(b) ? -1 : openat(b->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return *fd >= 0 ? OK : oops(e, errno, "beginning a blob");
}

res blob_folder_open(struct blobs *b, str id, int *fd, struct err *e)
{
    char path[PATH_BYTES];

    if (!is_id(id))
        return oops(e, EINVAL, "\"%.*s\" is no blob's id", FMT(str_sub(id, 0, 64)));
    path_of(id.p, path);
    *fd = fails(b) ? -1 : openat(b->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return *fd >= 0 ? OK : oops(e, errno, "opening blob %s", path);
}

res blob_folder_write(struct blobs *b, int fd, const void *p, size_t n, struct err *e)
{
    for (size_t done = 0; done < n;) {
        ssize_t w = fails(b) ? -1 : write(fd, (const char *)p + done, n - done);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return oops(e, w < 0 ? errno : EIO, "writing a blob");
        done += (size_t)w;
    }
    return OK;
}

res blob_folder_read(struct blobs *b, int fd, uint64_t at, void *dst, size_t n, struct err *e)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = fails(b) ? -1 : pread(fd, (char *)dst + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return oops(e, got < 0 ? errno : EBADMSG, got < 0 ? "reading a blob" : "a blob was cut while it was read");
        done += (size_t)got;
    }
    return OK;
}

static res sync_fd(struct blobs *b, int fd, bool data_only, const char *what, struct err *e)
{
    int rc = fails(b) ? -1 : data_only ? fdatasync(fd) : fsync(fd);

    return rc == 0 ? OK : oops(e, errno, "syncing %s", what);
}

/* The folder of an id, made when first needed. Whoever needs it syncs its entry: that another thread has made it does
 * not say that it is durable. */
static res folder_of(struct blobs *b, const char *id, int *folder, struct err *e)
{
    char name[FOLDER_NAME_BYTES] = {id[0], id[1], '\0'};
    unsigned at = 0;

    for (int i = 0; i < 2; i++)
        at = at << 4 | (unsigned)(id[i] <= '9' ? id[i] - '0' : id[i] - 'a' + 10);
    if (!atomic_load(&b->ready[at])) {
        if (fails(b) || (mkdirat(b->dir, name, 0700) != 0 && errno != EEXIST))
            return oops(e, errno, "making the blobs' folder %s", name);
        TRY(sync_fd(b, b->dir, false, "the blobs' folder", e));
        atomic_store(&b->ready[at], true);
    }
    *folder = fails(b) ? -1 : openat(b->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *folder >= 0 ? OK : oops(e, errno, "opening the blobs' folder %s", name);
}

static res link_and_sync(struct blobs *b, int fd, int folder, const char *id, struct err *e)
{
    char self[64];

    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (fails(b) || linkat(AT_FDCWD, self, folder, id, AT_SYMLINK_FOLLOW) != 0)
        return oops(e, errno, "naming a blob");
    res r = sync_fd(b, folder, false, "a blob's folder", e);
    if (!is_ok(r))
        unlinkat(folder, id, 0);
    return r;
}

res blob_folder_publish(struct blobs *b, int fd, char id[BLOB_ID_BYTES + 1], struct err *e)
{
    int folder = -1;

    random_hex(id, BLOB_ID_BYTES); /* 128 bits: a name that is taken is a failure, not a case */
    id[BLOB_ID_BYTES] = '\0';
    TRY(sync_fd(b, fd, true, "a blob", e));
    TRY(folder_of(b, id, &folder, e));
    res r = link_and_sync(b, fd, folder, id, e);
    close(folder);
    return r;
}

res blob_remove(struct blobs *b, str id, struct err *e)
{
    char path[PATH_BYTES];

    if (!is_id(id))
        return oops(e, EINVAL, "\"%.*s\" is no blob's id", FMT(str_sub(id, 0, 64)));
    path_of(id.p, path);
    if (unlinkat(b->dir, path, 0) != 0 && errno != ENOENT)
        return oops(e, errno, "removing blob %s", path);
    return OK; /* not synced: should it come back after a crash, the collector finds it */
}

struct sweep {
    int64_t younger_than_ms; /* wall time; a file that got its name later is left alone */
    bool (*unused)(void *ctx, str id);
    void *ctx;
};

static res sweep_one(struct blobs *b, int folder, const char *name, const struct sweep *w, struct err *e)
{
    struct stat st;

    if (!is_id(str_z(name)))
        return OK;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? OK : oops(e, errno, "looking at blob %s", name);
    /* the change time, because that is when it was linked: a slow upload's data is older than its name */
    int64_t named_ms = (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
    if (named_ms > w->younger_than_ms || !w->unused(w->ctx, str_z(name)))
        return OK;
    return blob_remove(b, str_z(name), e);
}

static res sweep_folder(struct blobs *b, unsigned at, const struct sweep *w, struct err *e)
{
    char name[FOLDER_NAME_BYTES];
    res r = OK;

    snprintf(name, sizeof name, "%02x", at & 255);
    int fd = openat(b->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? OK : oops(e, errno, "opening the blobs' folder %s", name);
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return oops(e, errno, "reading the blobs' folder %s", name);
    }
    for (struct dirent *entry; is_ok(r) && (entry = readdir(d)) != NULL;)
        r = sweep_one(b, dirfd(d), entry->d_name, w, e);
    closedir(d);
    return r;
}

res blobs_sweep(struct blobs *b, int64_t min_age_ms, bool (*unused)(void *ctx, str id), void *ctx, struct err *e)
{
    struct sweep w = {.younger_than_ms = time_wall_ms() - min_age_ms, .unused = unused, .ctx = ctx};

    for (unsigned at = 0; at < FOLDERS; at++)
        TRY(sweep_folder(b, at, &w, e));
    return OK;
}
