/* SPDX-License-Identifier: MIT */
/* Lines of the audit chain: their fixed beginning is read without a JSON parser, so that reading backwards is fast. */
#include "store/audit_line.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"

/* ---- one line ---- */

static bool take(str *s, str literal)
{
    if (!str_starts(*s, literal))
        return false;
    *s = str_from(*s, literal.n);
    return true;
}

static bool take_number(str *s, uint64_t *out)
{
    size_t n = 0;

    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (!str_to_u64(str_sub(*s, 0, n), out) || (n > 1 && s->p[0] == '0'))
        return false; /* one way to write a number: two texts must not mean one line */
    *s = str_from(*s, n);
    return true;
}

static bool take_hash(str *s, str *out)
{
    *out = str_sub(*s, 0, AUDIT_HASH_CHARS);
    *s = str_from(*s, AUDIT_HASH_CHARS);
    return out->n == AUDIT_HASH_CHARS && str_all(*out, "0123456789abcdef");
}

bool audit_line_parse(str s, struct audit_line *out)
{
    uint64_t at;

    *out = (struct audit_line){0};
    if (!take(&s, S("{\"seq\":")) || !take_number(&s, &out->seq) || !take(&s, S(",\"prev\":\"")) ||
        !take_hash(&s, &out->prev) || !take(&s, S("\",")))
        return false;
    if (take(&s, S("\"at\":"))) {
        bool ok = take_number(&s, &at) && take(&s, S(",\"seal\":\"")) && take_hash(&s, &out->seal);
        out->at_ms = (int64_t)at;
        return ok && str_eq(s, S("\"}"));
    }
    if (take(&s, S("\"row\":")) && (!take_number(&s, &out->row) || !take(&s, S(","))))
        return false;
    if (!take(&s, S("\"record\":{")) || !str_ends(s, S("}}")))
        return false;
    out->record = str_n(s.p - 1, s.n);
    return true;
}

void audit_line_hash(str text, char hash[AUDIT_HASH_CHARS + 1])
{
    hash_sha256_hex(text, hash);
}

str audit_seal_bytes(uint64_t seq, str prev, int64_t at_ms, char *dst, size_t cap)
{
    int n = snprintf(dst, cap, "barmkin audit seal\n%llu\n%.*s\n%lld", (unsigned long long)seq, FMT(prev),
                     (long long)at_ms);

    return str_n(dst, n > 0 && (size_t)n < cap ? (size_t)n : 0);
}

/* ---- files ---- */

void audit_name(unsigned file, char name[AUDIT_NAME_BYTES])
{
    snprintf(name, AUDIT_NAME_BYTES, "audit-%06u.ndjson", file);
}

static unsigned number_of(const char *name)
{
    char again[AUDIT_NAME_BYTES];
    uint64_t n = 0;
    str s = str_z(name);

    if (!take(&s, S("audit-")) || !str_ends(s, S(".ndjson")) || !str_to_u64(str_sub(s, 0, s.n - 7), &n) ||
        n > UINT32_MAX - 1)
        return 0;
    audit_name((unsigned)n, again);
    return str_eq(str_z(again), str_z(name)) ? (unsigned)n : 0;
}

res audit_last_file(int dir, unsigned *file, struct err *e)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a position of its own */
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    *file = 0;
    if (!d) {
        res r = oops(e, errno, "reading the audit folder");
        if (fd >= 0)
            close(fd);
        return r;
    }
    while ((entry = readdir(d)) != NULL)
        if (number_of(entry->d_name) > *file)
            *file = number_of(entry->d_name);
    closedir(d);
    return OK;
}

res audit_open_file(int dir, unsigned file, int *fd, uint64_t *size, struct err *e)
{
    char name[AUDIT_NAME_BYTES];
    struct stat st;

    audit_name(file, name);
    *fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0)
        return oops(e, errno, "opening %s", name);
    if (fstat(*fd, &st) != 0) {
        res r = oops(e, errno, "measuring %s", name);
        close(*fd);
        return r;
    }
    *size = (uint64_t)st.st_size;
    return OK;
}

/* ---- lines of a file ---- */

enum { LINES_BUF_BYTES = LINES_CHUNK_BYTES + AUDIT_LINE_MAX_BYTES };

void lines_forward(struct lines *l, struct arena *a, int fd, uint64_t from, uint64_t size)
{
    *l = (struct lines){.fd = fd, .lo = from, .hi = from, .edge = size};
    l->buf = arena_alloc(a, LINES_BUF_BYTES);
}

void lines_backward(struct lines *l, struct arena *a, int fd, uint64_t size)
{
    *l = (struct lines){.fd = fd, .lo = size, .hi = size, .start = LINES_BUF_BYTES};
    l->buf = arena_alloc(a, LINES_BUF_BYTES);
}

static res read_at(int fd, uint64_t at, char *dst, size_t n, struct err *e)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, dst + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return oops(e, got < 0 ? errno : EIO, "reading the audit chain");
        done += (size_t)got;
    }
    return OK;
}

static size_t held(const struct lines *l)
{
    return (size_t)(l->hi - l->lo);
}

/* Reads the next chunk behind what is held. */
static res more_forward(struct lines *l, struct err *e)
{
    size_t n = l->edge - l->hi < LINES_CHUNK_BYTES ? (size_t)(l->edge - l->hi) : LINES_CHUNK_BYTES;

    memmove(l->buf, l->buf + l->start, held(l));
    l->start = 0;
    TRY(read_at(l->fd, l->hi, l->buf + held(l), n, e));
    l->hi += n;
    return OK;
}

res lines_next(struct lines *l, struct line *out, bool *got, struct err *e)
{
    size_t searched = 0;

    for (;;) {
        const char *from = l->buf + l->start;
        const char *end = memchr(from + searched, '\n', held(l) - searched);
        bool too_long = !end && held(l) >= AUDIT_LINE_MAX_BYTES;
        if (end || too_long || l->hi == l->edge) {
            size_t n = end ? (size_t)(end - from) : held(l);
            *out = (struct line){.text = str_n(from, n), .at = l->lo, .whole = end && n <= AUDIT_LINE_MAX_BYTES};
            *got = end || n;
            l->start += n + (end != NULL);
            l->lo += n + (end != NULL);
            return OK;
        }
        searched = held(l);
        TRY(more_forward(l, e));
    }
}

/* Reads the chunk before what is held. */
static res more_backward(struct lines *l, struct err *e)
{
    size_t n = l->lo < LINES_CHUNK_BYTES ? (size_t)l->lo : LINES_CHUNK_BYTES;

    if (l->start < n) {
        memmove(l->buf + LINES_BUF_BYTES - held(l), l->buf + l->start, held(l));
        l->start = LINES_BUF_BYTES - held(l);
    }
    TRY(read_at(l->fd, l->lo - n, l->buf + l->start - n, n, e));
    l->start -= n;
    l->lo -= n;
    return OK;
}

res lines_back(struct lines *l, struct line *out, bool *got, struct err *e)
{
    for (;;) {
        const char *from = l->buf + l->start;
        bool ended = held(l) && from[held(l) - 1] == '\n';
        size_t n = held(l) - ended;
        const char *before = memrchr(from, '\n', n);
        bool too_long = !before && n >= AUDIT_LINE_MAX_BYTES;
        if (before || too_long || l->lo == 0) {
            size_t skip = before ? (size_t)(before - from) + 1 : 0;
            *out = (struct line){.text = str_n(from + skip, n - skip), .at = l->lo + skip};
            out->whole = ended && n - skip <= AUDIT_LINE_MAX_BYTES && (before || l->lo == 0);
            *got = held(l) > 0;
            l->hi = l->lo + skip;
            return OK;
        }
        TRY(more_backward(l, e));
    }
}
