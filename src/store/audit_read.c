/* SPDX-License-Identifier: MIT */
/* Reading the audit chain: newest first for explain, from the first line on for verify. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/json.h"
#include "crypto/random.h"
#include "store/audit_line.h"

enum { SCRATCH_BYTES = 2 * 1024 * 1024, JSON_SCRATCH_BYTES = 64 * 1024 };

static res open_folder(const char *dir, int *fd, unsigned *last, struct err *e)
{
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return oops(e, errno, "opening %s", dir);
    res r = audit_last_file(*fd, last, e);
    if (!is_ok(r))
        close(*fd);
    return r;
}

/* ---- newest first ---- */

struct finding {
    struct arena *a;
    const struct audit_search *search;
    struct audit_hits *out;
    struct audit_place *place;
    size_t cap;
    uint64_t read; /* bytes */
    bool done;     /* no further line may be looked at now */
    bool over;     /* or ever */
};

static void keep_hit(struct finding *f, uint64_t seq, str record)
{
    struct audit_hits *o = f->out;

    if (o->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 4;
        struct audit_hit *items = ARENA_ARRAY(f->a, struct audit_hit, cap);
        if (o->n)
            memcpy(items, o->items, o->n * sizeof *items);
        o->items = items;
        f->cap = cap;
    }
    o->items[o->n++] = (struct audit_hit){seq, arena_dup(f->a, record)};
    f->done |= o->n >= f->search->limit;
}

/* Whatever precedes a seal was written before it. */
static void look_at(struct finding *f, const struct line *line)
{
    struct audit_line parsed;

    if (!line->whole || !audit_line_parse(line->text, &parsed))
        return; /* the line being written now */
    if (!str_is(parsed.record)) {
        if (f->search->since_ms && parsed.at_ms < f->search->since_ms)
            f->over = f->done = true;
        return;
    }
    enum audit_look what = f->search->look(f->search->ctx, parsed.seq, parsed.record);
    if (what == AUDIT_TAKE)
        keep_hit(f, parsed.seq, parsed.record);
    f->over |= what == AUDIT_STOP;
    f->done |= f->over;
}

static res find_in(struct finding *f, struct lines *l, struct err *e)
{
    struct line line;
    bool got;

    while (!f->done) {
        TRY(lines_back(l, &line, &got, e));
        if (!got)
            return OK;
        f->place->at = line.at;
        f->read += line.text.n;
        look_at(f, &line);
        f->done |= f->read >= f->search->max_bytes;
    }
    return OK;
}

static res find_files(struct finding *f, int dir, unsigned last, struct err *e)
{
    struct arena *scratch = arena_new(SCRATCH_BYTES);
    bool resumed = f->place->file != 0;
    res r = OK;

    for (unsigned file = resumed ? f->place->file : last; file > 0 && !f->done && is_ok(r); file--) {
        struct lines l;
        uint64_t size;
        int fd;
        arena_reset(scratch);
        r = audit_open_file(dir, file, &fd, &size, e);
        if (!is_ok(r))
            break;
        uint64_t from = resumed && f->place->at < size ? f->place->at : size;
        resumed = false;
        *f->place = (struct audit_place){file, from};
        lines_backward(&l, scratch, fd, from);
        r = find_in(f, &l, e);
        close(fd);
    }
    if (!f->done || f->over || (f->place->file == 1 && f->place->at == 0))
        *f->place = (struct audit_place){0, 0};
    arena_free(scratch);
    return r;
}

res audit_find_part(const char *dir, struct arena *a, const struct audit_search *s, struct audit_place *place,
                    struct audit_hits *out, struct err *e)
{
    struct finding f = {.a = a, .search = s, .out = out, .place = place, .done = s->limit == 0};
    unsigned last;
    int fd;

    *out = (struct audit_hits){0};
    TRY(open_folder(dir, &fd, &last, e));
    res r = find_files(&f, fd, last, e);
    close(fd);
    return r;
}

res audit_find(const char *dir, struct arena *a, enum audit_look (*look)(void *ctx, uint64_t seq, str record),
               void *ctx, size_t limit, struct audit_hits *out, struct err *e)
{
    const struct audit_search all = {look, ctx, limit, UINT64_MAX, 0};
    struct audit_place place = {0, 0};

    return audit_find_part(dir, a, &all, &place, out, e);
}

/* ---- from the first line on ---- */

struct verifying {
    int dir;
    unsigned file, last;
    struct audit_mac mac;
    const struct audit_head *anchor;
    struct audit_report *r;
    struct arena *scratch, *json;
    uint64_t line; /* number in the file, from 1 */
};

__attribute__((format(printf, 2, 3))) static res broken(struct verifying *v, const char *fmt, ...)
{
    va_list ap;

    v->r->intact = false;
    v->r->line = v->line;
    audit_name(v->file, v->r->file);
    va_start(ap, fmt);
    vsnprintf(v->r->why, sizeof v->r->why, fmt, ap);
    va_end(ap);
    return OK;
}

static res check_seal(struct verifying *v, const struct audit_line *l, struct err *e)
{
    uint8_t mac[AUDIT_MAC_BYTES], seal[AUDIT_MAC_BYTES];
    char bytes[256];

    if (v->mac.mac) {
        TRY(v->mac.mac(v->mac.ctx, audit_seal_bytes(l->seq, l->prev, l->at_ms, bytes, sizeof bytes), mac, e));
        if (!hex_decode(l->seal, seal, sizeof seal) || !crypto_equal(seal, mac, sizeof mac))
            return broken(v, "the seal in line seq %llu is not the vault's", (unsigned long long)l->seq);
    }
    v->r->seals++;
    v->r->unsealed = 0;
    return OK;
}

static res check_line(struct verifying *v, const struct line *line, struct err *e)
{
    struct audit_head *head = &v->r->head;
    struct audit_line l;
    json_t *tree;

    if (!audit_line_parse(line->text, &l))
        return broken(v, "this is no line of the chain");
    if (l.seq != head->seq + 1)
        return broken(v, "seq is %llu and must be %llu", (unsigned long long)l.seq, (unsigned long long)head->seq + 1);
    if (!str_eq(l.prev, str_z(head->hash)))
        return broken(v, "prev is not the hash of the line before: that one or this one (seq %llu) was altered",
                      (unsigned long long)l.seq);
    arena_reset(v->json);
    if (!is_ok(json_parse(v->json, line->text, NULL, &tree)))
        return broken(v, "seq %llu is no JSON", (unsigned long long)l.seq);
    v->r->unsealed++;
    if (str_is(l.seal))
        TRY(check_seal(v, &l, e));
    if (!v->r->intact)
        return OK;
    head->seq = l.seq;
    audit_line_hash(line->text, head->hash);
    v->r->lines++;
    if (v->anchor && v->anchor->seq == l.seq && !str_eq(str_z(v->anchor->hash), str_z(head->hash)))
        return broken(v, "seq %llu is not the line that the store remembers", (unsigned long long)l.seq);
    return OK;
}

static res verify_lines(struct verifying *v, struct lines *l, struct err *e)
{
    struct line line;
    bool got;

    for (v->line = 1; v->r->intact; v->line++) {
        TRY(lines_next(l, &line, &got, e));
        if (!got)
            return OK;
        bool at_end = v->file == v->last && line.at + line.text.n == l->edge;
        if (!line.whole && at_end)
            v->r->torn_bytes = line.text.n;
        else if (!line.whole)
            broken(v, "this line is not whole");
        else
            TRY(check_line(v, &line, e));
    }
    return OK;
}

static res verify_file(struct verifying *v, struct err *e)
{
    struct err why = {0};
    struct lines l;
    uint64_t size;
    int fd;

    v->line = 0;
    if (!is_ok(audit_open_file(v->dir, v->file, &fd, &size, &why)))
        return why.sys_errno == ENOENT ? broken(v, "the file is missing") : oops(e, why.sys_errno, "%s", why.what);
    arena_reset(v->scratch);
    lines_forward(&l, v->scratch, fd, 0, size);
    res r = verify_lines(v, &l, e);
    close(fd);
    return r;
}

static res verify_files(struct verifying *v, struct err *e)
{
    for (v->file = 1; v->file <= v->last && v->r->intact; v->file++)
        TRY(verify_file(v, e));
    if (v->r->intact && v->anchor && v->anchor->seq > v->r->head.seq) {
        v->file = v->last;
        broken(v, "the chain ends at seq %llu, but %llu was written: its end was cut off",
               (unsigned long long)v->r->head.seq, (unsigned long long)v->anchor->seq);
    }
    return OK;
}

res audit_verify(const char *dir, struct audit_mac mac, const struct audit_head *anchor, struct audit_report *report,
                 struct err *e)
{
    struct verifying v = {.mac = mac, .anchor = anchor, .r = report};

    *report = (struct audit_report){.intact = true};
    memset(report->head.hash, '0', AUDIT_HASH_CHARS);
    TRY(open_folder(dir, &v.dir, &v.last, e));
    v.scratch = arena_new(SCRATCH_BYTES);
    v.json = arena_new(JSON_SCRATCH_BYTES);
    res r = verify_files(&v, e);
    arena_free(v.json);
    arena_free(v.scratch);
    close(v.dir);
    return r;
}
