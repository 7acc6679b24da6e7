/* SPDX-License-Identifier: MIT */
/* Leases: a text file under flock, one line a lease: boot id, tag, process, its start time, number of the range.
 * A line whose boot has passed or whose process is gone is no lease: a server that was killed keeps nothing. */
#include "warden/server/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "warden/server/files.h"

enum { BOOT_BYTES = 40, FILE_MAX = LEASE_COUNT * 160 };

struct lease {
    char boot[BOOT_BYTES], tag[NAME_BYTES];
    int pid;
    uint64_t start;
    unsigned number;
};

static uint64_t start_of(int pid)
{
    char path[64], text[1024];
    uint64_t start = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (file_read(path, text, sizeof text) <= 0)
        return 0;
    const char *after = strrchr(text, ')'); /* the name before it may hold anything */
    if (!after || sscanf(after + 1, " %*c%*d%*d%*d%*d%*d%*u%*u%*u%*u%*u%*u%*u%*d%*d%*d%*d%*d%*d%" SCNu64, &start) != 1)
        return 0;
    return start;
}

static void boot_id(char dst[BOOT_BYTES])
{
    if (file_read("/proc/sys/kernel/random/boot_id", dst, BOOT_BYTES) < 36)
        memcpy(dst, "-", 2);
    dst[strcspn(dst, "\n")] = 0;
}

static bool lease_parse(const char *line, struct lease *l)
{
    return sscanf(line, "%39s %63s %d %" SCNu64 " %u", l->boot, l->tag, &l->pid, &l->start, &l->number) == 5 &&
           l->number < LEASE_COUNT;
}

static bool lease_lives(const struct lease *l, const char *boot)
{
    return strcmp(l->boot, boot) == 0 && l->start != 0 && start_of(l->pid) == l->start;
}

/* What to do with the file while it is locked: drop lines of `tag` (all, or one number) and perhaps add one. */
struct change {
    const char *file, *tag;
    bool drop_all, drop_one, add;
    unsigned number; /* of drop_one; of add: the answer */
};

static res rewrite(int fd, struct change *c, struct buf *text, struct err *e)
{
    char boot[BOOT_BYTES];
    bool taken[LEASE_COUNT] = {false};
    struct buf now;
    struct lease l;

    boot_id(boot);
    buf_init(&now, FILE_MAX);
    buf_add_char(text, 0);
    for (char *line = text->p, *next; !text->full && *line; line = next) {
        next = strchrnul(line, '\n');
        if (*next)
            *next++ = 0;
        if (!lease_parse(line, &l) || !lease_lives(&l, boot))
            continue;
        if (strcmp(l.tag, c->tag) == 0 && (c->drop_all || (c->drop_one && l.number == c->number)))
            continue;
        taken[l.number] = true;
        buf_printf(&now, "%s %s %d %" PRIu64 " %u\n", l.boot, l.tag, l.pid, l.start, l.number);
    }
    if (c->add) {
        for (c->number = 0; c->number < LEASE_COUNT && taken[c->number];)
            c->number++;
        buf_printf(&now, "%s %s %d %" PRIu64 " %u\n", boot, c->tag, (int)getpid(), start_of(getpid()), c->number);
    }
    res r = text->full || now.full || c->number >= LEASE_COUNT ? oops(e, ENOSPC, "no user id range is free") : OK;
    if (is_ok(r) && (lseek(fd, 0, SEEK_SET) < 0 || ftruncate(fd, 0) < 0))
        r = oops(e, errno, "cannot rewrite the leases");
    if (is_ok(r) && now.n == 0)
        unlink(c->file);
    else if (is_ok(r))
        r = write_all(fd, now.p, now.n, e);
    buf_done(&now);
    return r;
}

/* The file, locked. Whoever empties it removes it: a lock on a removed file is a lock on nothing. */
static int open_locked(const char *file)
{
    struct stat held, named;

    for (;;) {
        int fd = open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            return -1;
        bool locked = flock(fd, LOCK_EX) == 0;
        if (locked && fstat(fd, &held) == 0 && stat(file, &named) == 0 && held.st_ino == named.st_ino)
            return fd;
        close(fd);
        if (!locked && errno != EINTR)
            return -1;
    }
}

static res change_file(const char *file, struct change *c, struct err *e)
{
    struct buf text;
    int fd = open_locked(file);

    if (fd < 0)
        return oops(e, errno, "cannot lock %s", file);
    buf_init(&text, FILE_MAX + 1);
    ssize_t n = 1;
    while (n > 0) {
        char *room = buf_room(&text, 4096);
        n = room ? read(fd, room, 4096) : 0;
        buf_took(&text, n > 0 ? (size_t)n : 0);
    }
    res r = n < 0 ? oops(e, errno, "cannot read %s", file) : rewrite(fd, c, &text, e);
    buf_done(&text);
    close(fd); /* unlocks */
    return r;
}

res lease_take(const char *file, const char *tag, uint32_t *base, struct err *e)
{
    struct change c = {.file = file, .tag = tag, .add = true};

    TRY(change_file(file, &c, e));
    *base = LEASE_FIRST + c.number * (uint32_t)LEASE_IDS;
    return OK;
}

res lease_drop(const char *file, const char *tag, uint32_t base, struct err *e)
{
    struct change c = {.file = file, .tag = tag, .drop_one = true, .number = (base - LEASE_FIRST) / LEASE_IDS};

    return change_file(file, &c, e);
}

res lease_drop_all(const char *file, const char *tag, struct err *e)
{
    struct change c = {.file = file, .tag = tag, .drop_all = true};

    return change_file(file, &c, e);
}
