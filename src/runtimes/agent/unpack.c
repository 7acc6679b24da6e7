/* SPDX-License-Identifier: MIT */
/* Unpacking: libarchive reads headers and data, but every file is made by beneath.c, never by libarchive. */
#include "runtimes/agent/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtimes/agent/beneath.h"

struct unpacking {
    struct archive *a;
    int root;
    const struct unpack_limits *limits;
    uint64_t bytes, entries;
};

static res bad(struct unpacking *u, struct err *e)
{
    const char *why = archive_error_string(u->a);

    return reject(e, "the archive cannot be read: %.200s", why ? why : "unknown reason");
}

/* "./a/b/" is a/b; "." and "./" are the root itself: absent. */
static str plain_name(const char *z)
{
    str s = str_z(z);

    while (str_starts(s, S("./")))
        s = str_from(s, 2);
    while (str_ends(s, S("/")) && s.n > 1)
        s.n--;
    return str_eq(s, S(".")) || str_empty(s) ? STR_ABSENT : s;
}

static res count(struct unpacking *u, uint64_t more, struct err *e)
{
    uint64_t packed = (uint64_t)archive_filter_bytes(u->a, -1);

    if (more > u->limits->total_bytes - u->bytes)
        return reject(e, "the archive unpacks to more than %llu bytes", (unsigned long long)u->limits->total_bytes);
    u->bytes += more;
    if (u->bytes > u->limits->slack_bytes && (u->bytes - u->limits->slack_bytes) / u->limits->ratio > packed)
        return reject(e, "the archive grows more than %u-fold when unpacked", u->limits->ratio);
    return OK;
}

static res write_block(int fd, const void *p, size_t n, int64_t at, struct err *e)
{
    for (size_t done = 0; done < n;) {
        ssize_t w = pwrite(fd, (const char *)p + done, n - done, at + (int64_t)done);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return errno == ENOSPC || errno == EDQUOT || errno == EFBIG
                       ? reject(e, "the archive does not fit into the volume")
                       : oops(e, errno, "cannot write what was unpacked");
        done += (size_t)w;
    }
    return OK;
}

/* Holes of sparse entries count as bytes too: they would cost whoever reads the file. */
static res copy_data(struct unpacking *u, int fd, struct err *e)
{
    const void *p;
    size_t n;
    int64_t at, end = 0;

    for (;;) {
        int got = archive_read_data_block(u->a, &p, &n, &at);
        if (got == ARCHIVE_EOF)
            return OK;
        if (got != ARCHIVE_OK)
            return bad(u, e);
        if (at < end)
            return reject(e, "the archive has overlapping parts of a file");
        TRY(count(u, (uint64_t)(at - end) + n, e));
        TRY(write_block(fd, p, n, at, e));
        end = at + (int64_t)n;
    }
}

static res make_file(struct unpacking *u, struct archive_entry *entry, str name, struct err *e)
{
    int fd;
    mode_t mode = archive_entry_perm(entry) & 0111 ? 0755 : 0644;

    TRY(beneath_create(u->root, name, mode, &fd, e));
    res r = copy_data(u, fd, e);
    close(fd);
    return r;
}

/* Where a symbolic link would lead from its folder; true when that stays at or below the root. Words only: the path to
 * a link is never walked through, so words are enough. */
static bool link_stays_inside(str name, str target)
{
    int depth = -1; /* the link's own name does not count */
    str rest = name;

    while (str_is(rest)) {
        str_cut(&rest, '/');
        depth++;
    }
    if (str_empty(target) || target.p[0] == '/' || target.n >= BENEATH_PATH_MAX)
        return false;
    for (rest = target; str_is(rest);) {
        str part = str_cut(&rest, '/');
        depth += str_eq(part, S("..")) ? -1 : str_empty(part) || str_eq(part, S(".")) ? 0 : 1;
        if (depth < 0)
            return false;
    }
    return true;
}

/* Opens the folder of a name (which exists or is made) and copies its last part. */
static int folder_of(struct unpacking *u, str name, char last[256], struct err *e)
{
    char dir[BENEATH_PATH_MAX];
    ptrdiff_t cut = str_rfind(name, '/');

    str_to_z(str_from(name, (size_t)(cut + 1)), last, 256);
    if (!is_ok(beneath_make_dirs(u->root, name, false, e)))
        return -1;
    str_to_z(cut < 0 ? S(".") : str_sub(name, 0, (size_t)cut), dir, sizeof dir);
    int fd = beneath_open(u->root, dir, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        oops(e, errno, "cannot open the folder %.200s", dir);
    return fd;
}

static res make_symlink(struct unpacking *u, str name, str target, struct err *e)
{
    char last[256], to[BENEATH_PATH_MAX];

    if (!link_stays_inside(name, target))
        return reject(e, "the archive has a link that leads out of it: %.*s", FMT(str_sub(name, 0, 200)));
    int dir = folder_of(u, name, last, e);
    if (dir < 0)
        return (res){e ? e->why : WHY_OOPS};
    str_to_z(target, to, sizeof to);
    res r = OK;
    if ((unlinkat(dir, last, 0) < 0 && errno != ENOENT) || symlinkat(to, dir, last) < 0)
        r = oops(e, errno, "cannot make the link %s", last);
    close(dir);
    return r;
}

/* A hard link to a regular file that came before; names only, both walked beneath the root. */
static res make_hardlink(struct unpacking *u, str name, str target, struct err *e)
{
    char last[256], from_last[256];
    struct stat st;

    if (!beneath_path_ok(target))
        return reject(e, "the archive has a hard link that leads out of it: %.*s", FMT(str_sub(name, 0, 200)));
    int from = folder_of(u, target, from_last, e);
    int to = from < 0 ? -1 : folder_of(u, name, last, e);
    res r = OK;
    if (from < 0 || to < 0)
        r = (res){e ? e->why : WHY_OOPS};
    else if (fstatat(from, from_last, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        r = reject(e, "the archive has a hard link to what is no file of it: %.*s", FMT(str_sub(name, 0, 200)));
    else if ((unlinkat(to, last, 0) < 0 && errno != ENOENT) || linkat(from, from_last, to, last, 0) < 0)
        r = oops(e, errno, "cannot make the link %s", last);
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return r;
}

static res take_entry(struct unpacking *u, struct archive_entry *entry, struct err *e)
{
    str name = plain_name(archive_entry_pathname(entry));
    const char *hard = archive_entry_hardlink(entry);

    if (++u->entries > u->limits->entries)
        return reject(e, "the archive has more than %llu entries", (unsigned long long)u->limits->entries);
    if (!str_is(name))
        return OK;
    if (!beneath_path_ok(name))
        return reject(e, "the archive has a name that leaves it or is not usable: %.*s", FMT(str_sub(name, 0, 200)));
    if (hard)
        return make_hardlink(u, name, plain_name(hard), e);
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return make_file(u, entry, name, e);
    case AE_IFDIR:
        return beneath_make_dirs(u->root, name, true, e);
    case AE_IFLNK:
        return make_symlink(u, name, str_z(archive_entry_symlink(entry)), e);
    default:
        return reject(e, "the archive has a device, pipe or socket: %.*s", FMT(str_sub(name, 0, 200)));
    }
}

static res unpack(int in, int root, const struct unpack_limits *limits, bool zip, struct err *e)
{
    struct unpacking u = {.a = archive_read_new(), .root = root, .limits = limits};
    struct archive_entry *entry;
    int got = ARCHIVE_FATAL;
    res r = OK;

    if (!u.a)
        return oops(e, ENOMEM, "cannot begin to unpack");
    if (zip) {
        archive_read_support_format_zip_seekable(u.a);
    } else {
        archive_read_support_filter_gzip(u.a);
        archive_read_support_format_tar(u.a);
    }
    if (archive_read_open_fd(u.a, in, 65536) != ARCHIVE_OK)
        r = bad(&u, e);
    while (is_ok(r) && (got = archive_read_next_header(u.a, &entry)) == ARCHIVE_OK)
        r = take_entry(&u, entry, e);
    if (is_ok(r) && got != ARCHIVE_EOF)
        r = bad(&u, e);
    archive_read_free(u.a);
    return r;
}

res unpack_tar(int in, int root, const struct unpack_limits *limits, struct err *e)
{
    return unpack(in, root, limits, false, e);
}

res unpack_zip(int in, int root, const struct unpack_limits *limits, struct err *e)
{
    return unpack(in, root, limits, true, e);
}
