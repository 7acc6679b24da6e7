/* SPDX-License-Identifier: MIT */
/* Going on with the audit chain. Appending only hashes and copies; one write a flush; syncs beside the lock. */
#include "store/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/log.h"
#include "base/time.h"
#include "store/audit_state.h"

enum { FILE_BYTES = 64 * 1024 * 1024, KEEP_PENDING_BYTES = 1024 * 1024 };

bool audit_fails(struct audit *a)
{
    if (a->fail_in <= 0 || --a->fail_in > 0)
        return false;
    errno = EIO;
    return true;
}

void audit_fail_after(struct audit *a, int64_t n_calls)
{
    pthread_mutex_lock(&a->lock);
    a->fail_in = n_calls;
    pthread_mutex_unlock(&a->lock);
}

/* ---- opening and closing ---- */

static void release(struct audit *a)
{
    if (a->fd >= 0)
        close(a->fd);
    close(a->dir);
    buf_done(&a->pending);
    pthread_mutex_destroy(&a->lock);
    arena_free(a->mem);
}

res audit_open(const char *dir, uint64_t file_bytes, struct audit **out, struct err *e)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return oops(e, errno, "creating %s", dir);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return oops(e, errno, "opening %s", dir);
    struct arena *mem = arena_new(sizeof(struct audit));
    struct audit *a = ARENA_NEW(mem, struct audit);
    a->mem = mem;
    a->dir = fd;
    a->fd = -1;
    a->file_bytes = file_bytes ? file_bytes : FILE_BYTES;
    pthread_mutex_init(&a->lock, NULL);
    buf_init(&a->pending, AUDIT_PENDING_MAX_BYTES);
    res r = flock(fd, LOCK_EX | LOCK_NB) == 0 ? OK : oops(e, errno, "%s is being written by another process", dir);
    if (is_ok(r))
        r = audit_resume(a, e);
    if (!is_ok(r)) {
        release(a);
        return r;
    }
    *out = a;
    return OK;
}

void audit_close(struct audit *a)
{
    struct err e = {0};

    if (!a)
        return;
    if (!is_ok(audit_flush(a, &e)) || !is_ok(audit_sync(a, &e)))
        log_error("closing the audit chain: %s", e.what);
    release(a);
}

res audit_create_file(struct audit *a, unsigned file, int *fd, struct err *e)
{
    char name[AUDIT_NAME_BYTES];

    audit_name(file, name);
    *fd = audit_fails(a) ? -1 : openat(a->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd < 0)
        return oops(e, errno, "creating %s", name);
    if (!audit_fails(a) && fsync(a->dir) == 0)
        return OK;
    res r = oops(e, errno, "syncing the audit folder");
    close(*fd);
    unlinkat(a->dir, name, 0); /* it is empty: nothing is lost, and the next attempt can make it */
    return r;
}

/* ---- appending ---- */

/* Adds one line to what is pending and moves the head. The line is {"seq","prev",["row",] label body}. */
static res chain(struct audit *a, uint64_t row, str label, str body, struct err *e)
{
    struct audit_head next = {.seq = a->appended.seq + 1, .row = row > a->appended.row ? row : a->appended.row};
    struct buf *p = &a->pending;
    size_t from = p->n;

    buf_add(p, S("{\"seq\":"));
    buf_add_u64(p, next.seq);
    buf_add(p, S(",\"prev\":\""));
    buf_add_bytes(p, a->appended.hash, AUDIT_HASH_CHARS);
    buf_add(p, S("\","));
    if (row) {
        buf_add(p, S("\"row\":"));
        buf_add_u64(p, row);
        buf_add_char(p, ',');
    }
    buf_add(p, label);
    buf_add(p, body);
    buf_add(p, S("}\n"));
    if (p->full) {
        p->n = from;
        p->full = false;
        return oops(e, ENOBUFS, "more than %d bytes of audit records wait to be written", AUDIT_PENDING_MAX_BYTES);
    }
    audit_line_hash(str_n(p->p + from, p->n - from - 1), next.hash);
    a->appended = next;
    return OK;
}

/* A record with a newline in it would let its author forge lines. */
static res check_record(str r, struct err *e)
{
    if (r.n > AUDIT_RECORD_MAX_BYTES)
        return oops(e, EMSGSIZE, "an audit record has %zu bytes", r.n);
    if (r.n < 2 || !str_starts(r, S("{")) || !str_ends(r, S("}")))
        return oops(e, EINVAL, "an audit record is no JSON object");
    return str_has_controls(r) ? oops(e, EINVAL, "an audit record holds a control character") : OK;
}

static res append_all(struct audit *a, const str *records, size_t n, uint64_t row, struct err *e)
{
    struct audit_head before = a->appended;
    size_t kept = a->pending.n;
    res r = a->broken ? oops(e, EIO, "the audit chain has failed and takes no more records") : OK;

    for (size_t i = 0; is_ok(r) && i < n; i++)
        r = chain(a, row, S("\"record\":"), records[i], e);
    if (!is_ok(r)) {
        a->appended = before;
        a->pending.n = kept;
    }
    return r;
}

res audit_append(struct audit *a, const str *records, size_t n, uint64_t row, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        TRY(check_record(records[i], e));
    pthread_mutex_lock(&a->lock);
    res r = append_all(a, records, n, row, e);
    pthread_mutex_unlock(&a->lock);
    return r;
}

/* ---- writing, syncing, sealing ---- */

/* Writes at the known end, so that what a failed write left there is written over. */
static res flush_locked(struct audit *a, struct err *e)
{
    for (size_t done = 0; done < a->pending.n;) {
        ssize_t w =
            audit_fails(a) ? -1 : pwrite(a->fd, a->pending.p + done, a->pending.n - done, (off_t)(a->size + done));
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return oops(e, w < 0 ? errno : EIO, "writing the audit chain");
        done += (size_t)w;
    }
    a->size += a->pending.n;
    a->written = a->appended;
    buf_clear(&a->pending);
    if (a->pending.cap > KEEP_PENDING_BYTES)
        buf_done(&a->pending);
    return OK;
}

res audit_flush(struct audit *a, struct err *e)
{
    pthread_mutex_lock(&a->lock);
    res r = a->broken ? oops(e, EIO, "the audit chain has failed") : flush_locked(a, e);
    pthread_mutex_unlock(&a->lock);
    return r;
}

static void note_synced(struct audit *a, const struct audit_head *upto)
{
    if (upto->seq > a->synced.seq)
        a->synced = *upto;
}

res audit_sync(struct audit *a, struct err *e)
{
    pthread_mutex_lock(&a->lock);
    struct audit_head upto = a->written;
    bool broken = a->broken, nothing = upto.seq == a->synced.seq, fault = !nothing && audit_fails(a);
    int fd = broken || nothing ? -1 : fcntl(a->fd, F_DUPFD_CLOEXEC, 0), sys = errno;
    pthread_mutex_unlock(&a->lock);
    if (broken)
        return oops(e, EIO, "the audit chain has failed");
    if (nothing)
        return OK;
    if (fd < 0)
        return oops(e, sys, "syncing the audit chain");
    /* without the lock: appends go on meanwhile. Should the file be followed by the next now, that syncs it too */
    int rc = fault ? -1 : fdatasync(fd);
    sys = fault ? EIO : errno;
    close(fd);
    pthread_mutex_lock(&a->lock);
    if (rc == 0)
        note_synced(a, &upto);
    else
        a->broken = true; /* the kernel may have dropped the pages; a second fdatasync would lie */
    pthread_mutex_unlock(&a->lock);
    return rc == 0 ? OK : oops(e, sys, "syncing the audit chain");
}

struct audit_head audit_synced(struct audit *a)
{
    pthread_mutex_lock(&a->lock);
    struct audit_head h = a->synced;
    pthread_mutex_unlock(&a->lock);
    return h;
}

static res seal_head(struct audit *a, struct audit_mac mac, struct err *e)
{
    uint8_t tag[AUDIT_MAC_BYTES];
    char bytes[256], hex[2 * AUDIT_MAC_BYTES + 1] = "";
    int64_t now = time_wall_ms();
    struct buf b;

    str over = audit_seal_bytes(a->appended.seq + 1, str_z(a->appended.hash), now, bytes, sizeof bytes);
    TRY(mac.mac(mac.ctx, over, tag, e));
    hex_encode(tag, sizeof tag, hex);
    buf_init(&b, 256);
    buf_printf(&b, "%lld,\"seal\":\"%s\"", (long long)now, hex);
    res r = chain(a, 0, S("\"at\":"), buf_str(&b), e);
    buf_done(&b);
    if (is_ok(r))
        a->sealed_seq = a->appended.seq;
    return r;
}

/* The next file begins when this one is full, sealed and durable. */
static res next_file(struct audit *a, struct err *e)
{
    int fd = -1;

    if (audit_fails(a) || fdatasync(a->fd) != 0) {
        a->broken = true;
        return oops(e, errno, "syncing a full audit file");
    }
    note_synced(a, &a->written);
    TRY(audit_create_file(a, a->file + 1, &fd, e));
    close(a->fd);
    a->fd = fd;
    a->file++;
    a->size = 0;
    return OK;
}

static res seal_locked(struct audit *a, struct audit_mac mac, struct err *e)
{
    if (a->broken)
        return oops(e, EIO, "the audit chain has failed");
    if (a->appended.seq != a->sealed_seq)
        TRY(seal_head(a, mac, e));
    TRY(flush_locked(a, e));
    return a->size >= a->file_bytes ? next_file(a, e) : OK;
}

res audit_seal(struct audit *a, struct audit_mac mac, struct err *e)
{
    pthread_mutex_lock(&a->lock);
    res r = seal_locked(a, mac, e);
    pthread_mutex_unlock(&a->lock);
    return r;
}
