/* SPDX-License-Identifier: MIT */
/* Packing: a walk by descriptors, each opened beneath the one before, so that no name can lead anywhere else. */
#include "runtimes/agent/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "crypto/hash.h"
#include "runtimes/agent/beneath.h"

enum { DEPTH_MAX = 64 };

struct packing {
    struct archive *a;
    int out;
    struct hash hash;
    struct packed *result;
    struct archive_entry *entry;
};

static la_ssize_t put_out(struct archive *a, void *ctx, const void *p, size_t n)
{
    struct packing *k = ctx;

    for (size_t done = 0; done < n;) {
        ssize_t w = write(k->out, (const char *)p + done, n - done);
        if (w < 0 && errno != EINTR) {
            archive_set_error(a, errno, "cannot write the archive");
            return -1;
        }
        done += w > 0 ? (size_t)w : 0;
    }
    hash_add(&k->hash, str_n(p, n));
    k->result->bytes += n;
    return (la_ssize_t)n;
}

static res bad(struct packing *k, struct err *e)
{
    return oops(e, archive_errno(k->a), "cannot pack: %.200s", archive_error_string(k->a));
}

static res put_header(struct packing *k, const char *name, const struct stat *st, struct err *e)
{
    archive_entry_clear(k->entry);
    archive_entry_set_pathname(k->entry, name);
    archive_entry_set_filetype(k->entry, S_ISDIR(st->st_mode) ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(k->entry, st->st_mode & 0755);
    archive_entry_set_mtime(k->entry, st->st_mtime, 0);
    archive_entry_set_size(k->entry, S_ISDIR(st->st_mode) ? 0 : st->st_size);
    k->result->entries++;
    return archive_write_header(k->a, k->entry) == ARCHIVE_OK ? OK : bad(k, e);
}

/* Exactly the announced size: a file that grew is cut, one that shrank is filled with zeros by libarchive. */
static res put_file(struct packing *k, int fd, const char *name, const struct stat *st, struct err *e)
{
    char piece[65536];
    int64_t left = st->st_size;

    TRY(put_header(k, name, st, e));
    while (left > 0) {
        ssize_t n = read(fd, piece, left < (int64_t)sizeof piece ? (size_t)left : sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return oops(e, errno, "cannot read %.200s", name);
        if (n == 0)
            break;
        if (archive_write_data(k->a, piece, (size_t)n) != n)
            return bad(k, e);
        left -= n;
    }
    return archive_write_finish_entry(k->a) == ARCHIVE_OK ? OK : bad(k, e);
}

static res put_folder(struct packing *k, int dir, const char *prefix, unsigned depth, struct err *e);

static res put_one(struct packing *k, int dir, const char *entry_name, const char *prefix, unsigned depth,
                   struct err *e)
{
    char name[BENEATH_PATH_MAX];
    struct stat st;
    int fd = beneath_open(dir, entry_name, O_RDONLY, 0);
    int len = snprintf(name, sizeof name, "%s%s", prefix, entry_name);
    bool take = fd >= 0 && fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)) &&
                len > 0 && len + 2 < (int)sizeof name;
    res r = OK;

    if (!take)
        k->result->skipped++;
    else if (S_ISREG(st.st_mode))
        r = put_file(k, fd, name, &st, e);
    else {
        memcpy(name + len, "/", 2);
        r = put_header(k, name, &st, e);
        if (is_ok(r))
            r = put_folder(k, fd, name, depth + 1, e);
    }
    if (fd >= 0)
        close(fd);
    return r;
}

static res put_folder(struct packing *k, int dir, const char *prefix, unsigned depth, struct err *e)
{
    int again = fcntl(dir, F_DUPFD_CLOEXEC, 3);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    res r = OK;

    if (!d) {
        if (again >= 0)
            close(again);
        return oops(e, errno, "cannot read the folder %.200s", prefix);
    }
    for (struct dirent *de; is_ok(r) && (de = readdir(d));)
        if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
            r = put_one(k, dir, de->d_name, prefix, depth, e);
    closedir(d);
    return r;
}

res pack_tar_gz(int root, int out, struct packed *result, struct err *e)
{
    struct packing k = {.a = archive_write_new(), .out = out, .result = result, .entry = archive_entry_new()};
    uint8_t digest[SHA256_BYTES];
    res r = OK;

    *result = (struct packed){0};
    hash_begin(&k.hash, HASH_SHA256);
    if (!k.a || !k.entry)
        r = oops(e, ENOMEM, "cannot begin to pack");
    else if (archive_write_add_filter_gzip(k.a) != ARCHIVE_OK ||
             archive_write_set_format_pax_restricted(k.a) != ARCHIVE_OK ||
             archive_write_set_bytes_in_last_block(k.a, 1) != ARCHIVE_OK ||
             archive_write_open(k.a, &k, NULL, put_out, NULL) != ARCHIVE_OK)
        r = bad(&k, e);
    if (is_ok(r))
        r = put_folder(&k, root, "", 0, e);
    if (is_ok(r) && archive_write_close(k.a) != ARCHIVE_OK)
        r = bad(&k, e);
    archive_entry_free(k.entry);
    archive_write_free(k.a);
    hash_end(&k.hash, digest);
    hex_encode(digest, sizeof digest, result->sha256_hex);
    result->sha256_hex[64] = 0;
    return r;
}

bool pack_has_any(int root, const char *path)
{
    int fd = beneath_open(root, path, O_RDONLY | O_DIRECTORY, 0);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    bool any = false;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    for (struct dirent *de; !any && (de = readdir(d));)
        any = strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0;
    closedir(d);
    return any;
}
