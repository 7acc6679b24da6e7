/* SPDX-License-Identifier: MIT */
/* The second home of a mutating call's audit record: a row of the call's own transaction, until the file is durable. A
 * crash between the commit and the sync then loses no record of what was done. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/audit_state.h"

enum { ROWS_AT_ONCE = 64, ROW_MAX_BYTES = 16 * 1024 * 1024 };
#define SCRATCH_MAX_BYTES ((size_t)ROWS_AT_ONCE * ROW_MAX_BYTES + 1024 * 1024) /* never near it: rows are small */

/* Ids are hex of fixed width: their order is the order of commits. */
static struct store_key row_key(uint64_t row, char id[17])
{
    snprintf(id, 17, "%016llx", (unsigned long long)row);
    return (struct store_key){S(""), S(""), S("audit"), S("row"), str_n(id, 16)};
}

static bool row_of(str id, uint64_t *row)
{
    *row = 0;
    for (size_t i = 0; i < id.n; i++) {
        int digit = id.p[i] <= '9' ? id.p[i] - '0' : id.p[i] - 'a' + 10;
        if (digit < 0 || digit > 15)
            return false;
        *row = *row << 4 | (unsigned)digit;
    }
    return id.n == 16;
}

static const struct store_key anchor_key = {S(""), S(""), S("audit"), S("anchor"), S("synced")};

res audit_row_put(struct txn *t, const str *records, size_t n, uint64_t *row, struct err *e)
{
    struct buf doc;
    char id[17];

    TRY(txn_next(t, S("audit-row"), row, e));
    buf_init(&doc, ROW_MAX_BYTES);
    for (size_t i = 0; i < n; i++) {
        buf_add(&doc, records[i]);
        buf_add_char(&doc, '\n');
    }
    struct store_key k = row_key(*row, id);
    res r = doc.full ? oops(e, 0, "a commit group's audit records have more than %d bytes", ROW_MAX_BYTES)
                     : txn_put(t, &k, buf_str(&doc), NULL, 0, e);
    buf_done(&doc);
    return r;
}

static res put_anchor(struct txn *t, const struct audit_head *h, struct err *e)
{
    char doc[128];
    int n = snprintf(doc, sizeof doc, "{\"seq\":%llu,\"hash\":\"%s\"}", (unsigned long long)h->seq, h->hash);

    return txn_put(t, &anchor_key, str_n(doc, (size_t)n), NULL, 0, e);
}

res audit_anchor(struct txn *t, struct audit_head *out, struct err *e)
{
    struct arena *scratch = arena_new(8192);
    struct store_record *r = NULL;

    *out = (struct audit_head){0};
    memset(out->hash, '0', AUDIT_HASH_CHARS);
    res got = txn_get(t, scratch, &anchor_key, &r, e);
    if (is_ok(got) && r) {
        str s = r->doc, seq = str_cut(&s, ','); /* {"seq":N and "hash":"..."} */
        bool ok = str_starts(seq, S("{\"seq\":")) && str_to_u64(str_from(seq, 7), &out->seq) &&
                  s.n == 8 + AUDIT_HASH_CHARS + 2 && str_starts(s, S("\"hash\":\""));
        str_to_z(str_sub(s, 8, AUDIT_HASH_CHARS), out->hash, sizeof out->hash);
        got = ok ? OK : oops(e, 0, "the store's note of the audit chain is damaged");
    }
    arena_free(scratch);
    return got;
}

/* Deletes rows up to and including `upto`; *n counts them. */
static res delete_rows(struct txn *t, struct arena *scratch, uint64_t upto, size_t *n, struct err *e)
{
    struct store_page page = {.more = true};
    char id[17];
    struct store_key k = row_key(0, id);
    uint64_t row;

    while (page.more) {
        arena_reset(scratch);
        TRY(txn_scan(t, scratch, &k, S(""), STR_ABSENT, ROWS_AT_ONCE, &page, e));
        for (size_t i = 0; i < page.n; i++) {
            if (!row_of(page.items[i].key.id, &row) || row > upto)
                return OK;
            TRY(txn_delete(t, &page.items[i].key, e));
            (*n)++;
        }
    }
    return OK;
}

res audit_rows_clear(struct audit *a, struct txn *t, struct err *e)
{
    struct audit_head synced = audit_synced(a);
    size_t n = 0;

    if (synced.row == a->cleared_row)
        return OK;
    a->cleared_row = synced.row; /* should this transaction fail, the rows go after the next sync */
    struct arena *scratch = arena_new(SCRATCH_MAX_BYTES);
    res r = delete_rows(t, scratch, synced.row, &n, e);
    arena_free(scratch);
    return is_ok(r) && n ? put_anchor(t, &synced, e) : r;
}

res audit_anchor_put(struct audit *a, struct txn *t, struct err *e)
{
    struct audit_head synced = audit_synced(a);

    if (synced.seq <= a->anchored_seq)
        return OK;
    a->anchored_seq = synced.seq; /* should this transaction fail, the next one goes further */
    return put_anchor(t, &synced, e);
}

/* ---- after a crash ---- */

struct had {
    uint64_t row;
    size_t lines; /* of this row that the chain has */
};

/* Counts, from the end of one file backwards, the lines of each row; *done when an older row than all was met. */
static res count_lines(struct lines *l, struct had *had, size_t n, bool *done, struct err *e)
{
    struct audit_line parsed;
    struct line line;
    bool got = true;

    while (!*done) {
        TRY(lines_back(l, &line, &got, e));
        if (!got)
            return OK;
        if (!line.whole || !audit_line_parse(line.text, &parsed) || !parsed.row)
            continue;
        *done = parsed.row < had[0].row;
        for (size_t i = n; i > 0; i--)
            if (had[i - 1].row == parsed.row)
                had[i - 1].lines++;
    }
    return OK;
}

static res count_in_files(struct audit *a, struct had *had, size_t n, struct err *e)
{
    struct arena *scratch = arena_new(1024 * 1024);
    bool done = n == 0;
    res r = OK;

    for (unsigned file = a->file; file > 0 && !done && is_ok(r); file--) {
        struct lines l;
        uint64_t size;
        int fd;
        arena_reset(scratch);
        r = audit_open_file(a->dir, file, &fd, &size, e);
        if (!is_ok(r))
            break;
        lines_backward(&l, scratch, fd, size);
        r = count_lines(&l, had, n, &done, e);
        close(fd);
    }
    arena_free(scratch);
    return r;
}

static res append_missing(struct audit *a, const struct had *had, str doc, size_t *restored, struct err *e)
{
    for (size_t i = 0; doc.n; i++) {
        str record = str_cut(&doc, '\n');
        if (i < had->lines)
            continue;
        TRY(audit_append(a, &record, 1, had->row, e));
        (*restored)++;
    }
    return OK;
}

static res restore_page(struct audit *a, struct arena *scratch, const struct store_page *p, size_t *restored,
                        struct err *e)
{
    struct had *had = ARENA_ARRAY(scratch, struct had, p->n);

    for (size_t i = 0; i < p->n; i++)
        if (!row_of(p->items[i].key.id, &had[i].row))
            return oops(e, 0, "an audit row has no number");
    TRY(count_in_files(a, had, p->n, e));
    for (size_t i = 0; i < p->n; i++)
        TRY(append_missing(a, &had[i], p->items[i].doc, restored, e));
    return audit_flush(a, e);
}

res audit_rows_restore(struct audit *a, struct txn *t, size_t *restored, struct err *e)
{
    struct arena *scratch = arena_new(SCRATCH_MAX_BYTES);
    struct store_page page = {.more = true};
    char id[17], after[17];
    struct store_key k = row_key(0, id);
    str from = STR_ABSENT;
    size_t n = 0;
    res r = OK;

    *restored = 0;
    while (is_ok(r) && page.more) {
        arena_reset(scratch);
        r = txn_scan(t, scratch, &k, S(""), from, ROWS_AT_ONCE, &page, e);
        if (is_ok(r) && page.n) {
            from = str_z(str_to_z(page.items[page.n - 1].key.id, after, sizeof after));
            r = restore_page(a, scratch, &page, restored, e);
        }
    }
    if (is_ok(r))
        r = audit_sync(a, e);
    if (is_ok(r))
        r = delete_rows(t, scratch, UINT64_MAX, &n, e);
    arena_free(scratch);
    struct audit_head synced = audit_synced(a);
    return is_ok(r) && n ? put_anchor(t, &synced, e) : r;
}
