/* SPDX-License-Identifier: MIT */
/* Where the audit chain goes on after a start. Only what follows the last seal can have been torn by a crash (a seal is
 * durable long before the next file ends), so only that is checked here; audit_verify checks all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/audit_state.h"

enum { SCRATCH_BYTES = 4 * 1024 * 1024 };

/* The last line of a file, as the place where the next begins. */
static res end_of_file(struct audit *a, struct arena *scratch, unsigned file, struct audit_head *head, struct err *e)
{
    struct lines l;
    struct line line;
    struct audit_line parsed;
    bool got = false;
    uint64_t size;
    int fd;

    TRY(audit_open_file(a->dir, file, &fd, &size, e));
    lines_backward(&l, scratch, fd, size);
    res r = lines_back(&l, &line, &got, e);
    if (is_ok(r) && got && line.whole && audit_line_parse(line.text, &parsed)) {
        head->seq = parsed.seq;
        audit_line_hash(line.text, head->hash);
    } else if (is_ok(r)) {
        r = oops(e, EBADMSG, "audit file %u does not end with a line of the chain; audit verify tells more", file);
    }
    close(fd);
    return r;
}

/* Goes back to the last seal (or the file's beginning). *head is what the line at *at must follow; where that is
 * unknown, because it is the seal itself that is trusted, its seq and prev are used. */
static res find_last_seal(struct audit *a, struct arena *scratch, uint64_t *at, struct audit_head *head, struct err *e)
{
    struct lines l;
    struct line line;
    struct audit_line parsed;
    bool got = true;

    lines_backward(&l, scratch, a->fd, a->size);
    for (;;) {
        TRY(lines_back(&l, &line, &got, e));
        if (!got)
            break;
        if (line.whole && audit_line_parse(line.text, &parsed) && str_is(parsed.seal) && parsed.seq > 0) {
            *at = line.at;
            head->seq = parsed.seq - 1;
            str_to_z(parsed.prev, head->hash, sizeof head->hash);
            a->sealed_seq = parsed.seq;
            return OK;
        }
    }
    *at = 0;
    if (a->file > 1)
        return end_of_file(a, scratch, a->file - 1, head, e);
    memset(head->hash, '0', AUDIT_HASH_CHARS);
    return OK;
}

/* Follows the chain from there; *at becomes the end of the last line that chains. */
static res follow(struct audit *a, struct arena *scratch, uint64_t *at, struct audit_head *head, struct err *e)
{
    struct lines l;
    struct line line;
    struct audit_line parsed;
    bool got;

    lines_forward(&l, scratch, a->fd, *at, a->size);
    for (;;) {
        TRY(lines_next(&l, &line, &got, e));
        if (!got || !line.whole || !audit_line_parse(line.text, &parsed) || parsed.seq != head->seq + 1 ||
            !str_eq(parsed.prev, str_z(head->hash)))
            return OK;
        head->seq = parsed.seq;
        audit_line_hash(line.text, head->hash);
        *at = line.at + line.text.n + 1;
    }
}

static res copy_range(int from, uint64_t at, uint64_t end, int to, struct err *e)
{
    char part[4096];

    while (at < end) {
        size_t want = end - at < sizeof part ? (size_t)(end - at) : sizeof part;
        ssize_t n = pread(from, part, want, (off_t)at);
        if (n <= 0 || write(to, part, (size_t)n) != n)
            return oops(e, errno ? errno : EIO, "keeping the torn end of an audit file");
        at += (uint64_t)n;
    }
    return fsync(to) == 0 ? OK : oops(e, errno, "syncing the torn end of an audit file");
}

/* Nothing that was in an audit file is thrown away: the cut part goes to the end of audit-NNNNNN.torn. */
static res cut(struct audit *a, uint64_t at, struct err *e)
{
    char name[AUDIT_NAME_BYTES];

    snprintf(name, sizeof name, "audit-%06u.torn", a->file);
    int fd = openat(a->dir, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return oops(e, errno, "creating %s", name);
    errno = 0;
    res r = copy_range(a->fd, at, a->size, fd, e);
    close(fd);
    TRY(r);
    if (fsync(a->dir) != 0 || ftruncate(a->fd, (off_t)at) != 0 || fdatasync(a->fd) != 0)
        return oops(e, errno, "cutting the torn end of an audit file");
    log_warn("the audit chain's last %llu bytes did not chain (a crash?) and were moved to %s",
             (unsigned long long)(a->size - at), name);
    a->size = at;
    return OK;
}

static res resume_file(struct audit *a, struct arena *scratch, struct err *e)
{
    char name[AUDIT_NAME_BYTES];
    uint64_t at;

    audit_name(a->file, name);
    a->fd = openat(a->dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (a->fd < 0)
        return oops(e, errno, "opening %s", name);
    off_t end = lseek(a->fd, 0, SEEK_END);
    if (end < 0)
        return oops(e, errno, "measuring %s", name);
    a->size = (uint64_t)end;
    TRY(find_last_seal(a, scratch, &at, &a->appended, e));
    TRY(follow(a, scratch, &at, &a->appended, e));
    if (at < a->size)
        TRY(cut(a, at, e));
    /* what a killed process left in the page cache is not yet durable, and is about to be called synced */
    return fdatasync(a->fd) == 0 ? OK : oops(e, errno, "syncing %s", name);
}

res audit_resume(struct audit *a, struct err *e)
{
    struct arena *scratch = arena_new(SCRATCH_BYTES);

    memset(a->appended.hash, '0', AUDIT_HASH_CHARS);
    res r = audit_last_file(a->dir, &a->file, e);
    if (is_ok(r) && a->file == 0) {
        a->file = 1;
        r = audit_create_file(a, 1, &a->fd, e);
    } else if (is_ok(r)) {
        r = resume_file(a, scratch, e);
    }
    if (a->appended.seq && a->size == 0)
        a->sealed_seq = a->appended.seq; /* a file is only followed by the next when it is sealed */
    a->written = a->synced = a->appended;
    arena_free(scratch);
    return r;
}
