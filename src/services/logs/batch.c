/* SPDX-License-Identifier: MIT */
/* Batches: neighbouring events in one record. A stream is a row of batches that do not overlap, so that events which
 * come late find their place by touching one batch. Packed: for each event a line "TIME SEQUENCE INGESTED LENGTH", the
 * message, a newline. */
#include "api/sealed.h"
#include "base/enc.h"
#include "logs_parts.h"

/* ---- positions ---- */

int logs_position_cmp(struct logs_position a, struct logs_position b)
{
    if (a.time_ms != b.time_ms)
        return a.time_ms < b.time_ms ? -1 : 1;
    return a.sequence == b.sequence ? 0 : a.sequence < b.sequence ? -1 : 1;
}

str logs_position_text(struct arena *a, struct logs_position p)
{
    return arena_printf(a, "%016llx-%016llx", (unsigned long long)p.time_ms, (unsigned long long)p.sequence);
}

static bool hex16(str text, uint64_t *out)
{
    uint8_t b[8];

    if (!hex_decode(text, b, sizeof b))
        return false;
    *out = 0;
    for (int i = 0; i < 8; i++)
        *out = *out << 8 | b[i];
    return true;
}

bool logs_position_parse(str text, struct logs_position *out)
{
    uint64_t time;

    if (text.n != LOGS_POSITION_BYTES || text.p[16] != '-' || !hex16(str_sub(text, 0, 16), &time) ||
        !hex16(str_from(text, 17), &out->sequence) || time > INT64_MAX)
        return false;
    out->time_ms = (int64_t)time;
    return true;
}

/* ---- packing ---- */

size_t logs_packed_bytes(const struct logs_event *e)
{
    return e->message.n + 4 * 21 + 2;
}

str logs_pack(struct arena *a, const struct logs_event *v, size_t n)
{
    size_t room = 1;
    struct buf b;

    for (size_t i = 0; i < n; i++)
        room += logs_packed_bytes(&v[i]);
    buf_init(&b, room);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&b, "%lld %llu %lld %zu\n", (long long)v[i].time_ms, (unsigned long long)v[i].sequence,
                   (long long)v[i].ingested_ms, v[i].message.n);
        buf_add(&b, v[i].message);
        buf_add_char(&b, '\n');
    }
    str packed = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return packed;
}

static bool unpack_one(str *rest, struct logs_event *e)
{
    str line = str_cut(rest, '\n'), time = str_cut(&line, ' '), sequence = str_cut(&line, ' ');
    str ingested = str_cut(&line, ' ');
    uint64_t n;

    if (!str_is(*rest) || !str_is(line) || !str_to_i64(time, &e->time_ms) || !str_to_u64(sequence, &e->sequence) ||
        !str_to_i64(ingested, &e->ingested_ms) || !str_to_u64(line, &n) || n >= rest->n || rest->p[n] != '\n')
        return false;
    e->message = str_sub(*rest, 0, n);
    *rest = str_from(*rest, n + 1);
    return true;
}

bool logs_unpack(struct arena *a, str packed, struct logs_events *out)
{
    size_t cap = 16;

    *out = (struct logs_events){.v = ARENA_ARRAY(a, struct logs_event, cap)};
    while (packed.n) {
        if (out->n == cap) {
            struct logs_event *v = ARENA_ARRAY(a, struct logs_event, cap * 2);
            for (size_t i = 0; i < cap; i++)
                v[i] = out->v[i];
            out->v = v;
            cap *= 2;
        }
        if (!unpack_one(&packed, &out->v[out->n]))
            return false;
        out->n++;
    }
    return true;
}

/* ---- records ---- */

res logs_batch_open(struct call *c, const struct logs_stream *s, const struct logs_batch *b,
                    struct logs_known_key *known, struct logs_events *out)
{
    str packed = b->packed, key;

    if (str_is(b->data_key)) {
        TRY(logs_batch_key(c, s->log_group_name, b->data_key, known, &key));
        if (!sealed_open(c->secrets, key, b->id, b->packed, &packed))
            return oops(&c->err, 0, "a sealed batch of log events does not open");
    }
    if (!logs_unpack(c->arena, packed, out))
        return oops(&c->err, 0, "a batch of log events cannot be read");
    return OK;
}

static str id_at(struct call *c, const struct logs_stream *s, struct logs_position p)
{
    str at = logs_position_text(c->arena, p);

    return arena_printf(c->arena, "%.*s/%.*s", FMT(s->uid), FMT(at));
}

/* Writes events as one or more batches, each named after its first event. */
static res write_batches(struct call *c, const struct logs_stream *s, const struct logs_known_key *key,
                         const struct logs_event *v, size_t n)
{
    for (size_t i = 0, next; i < n; i = next) {
        size_t bytes = 0;
        for (next = i; next < n && (next == i || bytes + logs_packed_bytes(&v[next]) <= LOGS_BATCH_MAX_BYTES); next++)
            bytes += logs_packed_bytes(&v[next]);
        struct logs_batch *b = ARENA_NEW(c->arena, struct logs_batch);
        b->id = id_at(c, s, logs_position_of(&v[i]));
        b->packed = logs_pack(c->arena, &v[i], next - i);
        if (str_is(key->plain)) {
            b->data_key = key->sealed;
            b->packed = sealed_make(c->arena, key->plain, b->id, b->packed);
        }
        TRY(logs_batch_save(c, b));
    }
    return OK;
}

/* Old and new events together, in order; both come sorted. */
static struct logs_events merge(struct call *c, const struct logs_events *old, const struct logs_event *v, size_t n)
{
    struct logs_events all = {ARENA_ARRAY(c->arena, struct logs_event, old->n + n), 0};
    size_t i = 0, k = 0;

    while (i < old->n || k < n) {
        bool first =
            k == n || (i < old->n && logs_position_cmp(logs_position_of(&old->v[i]), logs_position_of(&v[k])) < 0);
        all.v[all.n++] = first ? old->v[i++] : v[k++];
    }
    return all;
}

/* How many of the events lie before the batch that follows; all of them when none does. */
static res run_before_next(struct call *c, const struct logs_stream *s, const struct logs_event *v, size_t n,
                           size_t *run)
{
    str prefix = arena_printf(c->arena, "%.*s/", FMT(s->uid));
    struct logs_batch_page next;
    struct logs_position p;

    *run = n;
    if (!s->last_event_timestamp.set || v[0].time_ms >= s->last_event_timestamp.v)
        return OK; /* the usual case: everything follows everything */
    TRY(logs_batch_list_all(c, STR_ABSENT, prefix, id_at(c, s, logs_position_of(&v[0])), 1, &next));
    if (next.n == 0 || !logs_position_parse(str_from(next.v[0]->id, prefix.n), &p))
        return OK;
    for (*run = 1; *run < n && logs_position_cmp(logs_position_of(&v[*run]), p) < 0;)
        ++*run;
    return OK;
}

static res add_run(struct call *c, const struct logs_stream *s, str key, const struct logs_event *v, size_t n)
{
    str prefix = arena_printf(c->arena, "%.*s/", FMT(s->uid));
    struct logs_known_key mine = {s->data_key, key}, known = mine;
    struct logs_batch_page leaf;
    struct logs_events old = {0};

    TRY(logs_batch_list_back(c, STR_ABSENT, prefix, id_at(c, s, logs_position_of(&v[0])), 1, &leaf));
    bool follows = !s->last_event_timestamp.set || v[0].time_ms >= s->last_event_timestamp.v;
    if (leaf.n == 0 || (follows && (leaf.v[0]->packed.n + v[0].message.n > LOGS_BATCH_JOIN_BYTES ||
                                    !str_eq(leaf.v[0]->data_key, s->data_key))))
        return write_batches(c, s, &mine, v, n);
    TRY(logs_batch_open(c, s, leaf.v[0], &known, &old));
    struct logs_events all = merge(c, &old, v, n);
    /* What was sealed stays sealed, by the key it was sealed by, even if the group has another or none by now. */
    return write_batches(c, s, str_is(leaf.v[0]->data_key) ? &known : &mine, all.v, all.n);
}

res logs_batches_add(struct call *c, const struct logs_stream *s, str key, const struct logs_event *v, size_t n)
{
    for (size_t i = 0, run; i < n; i += run) {
        TRY(run_before_next(c, s, v + i, n - i, &run));
        TRY(add_run(c, s, key, v + i, run));
    }
    return OK;
}
