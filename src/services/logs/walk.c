/* SPDX-License-Identifier: MIT */
/* Walks through a stream's batches, in both directions, a few batches at a time. */
#include "logs_parts.h"

enum { BATCHES_AT_ONCE = 8 };

struct walk {
    struct call *c;
    const struct logs_stream *s;
    const struct logs_window *w;
    struct logs_known_key known;
    struct logs_event *v;
    size_t n, cap, bytes;
    struct logs_position seen;
    bool full, over; /* a bound is reached; the window's end is */
};

static str prefix_of(const struct walk *k)
{
    return arena_printf(k->c->arena, "%.*s/", FMT(k->s->uid));
}

static void keep(struct walk *k, const struct logs_event *e)
{
    if (k->n == k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 64;
        struct logs_event *v = ARENA_ARRAY(k->c->arena, struct logs_event, cap);
        for (size_t i = 0; i < k->n; i++)
            v[i] = k->v[i];
        k->v = v;
        k->cap = cap;
    }
    k->v[k->n++] = *e;
    k->bytes += e->message.n + LOGS_EVENT_EXTRA_BYTES;
}

static void offer(struct walk *k, const struct logs_event *e)
{
    if (k->w->takes && !k->w->takes(k->w->ctx, e))
        return;
    k->full = k->n == k->w->limit || (k->n && k->bytes + e->message.n + LOGS_EVENT_EXTRA_BYTES > LOGS_ANSWER_MAX_BYTES);
    if (!k->full)
        keep(k, e);
}

/* ---- forward ---- */

static res forward_through(struct walk *k, const struct logs_batch *b, struct logs_position from)
{
    struct logs_events events;

    k->full = k->w->batches && *k->w->batches == 0;
    if (k->full)
        return OK;
    if (k->w->batches)
        --*k->w->batches;
    TRY(logs_batch_open(k->c, k->s, b, &k->known, &events));
    for (size_t i = 0; i < events.n && !k->full; i++) {
        const struct logs_event *e = &events.v[i];
        if (e->time_ms >= k->w->to_ms) {
            k->over = true;
            return OK;
        }
        if (e->time_ms >= k->w->from_ms && logs_position_cmp(logs_position_of(e), from) > 0)
            offer(k, e);
        if (!k->full)
            k->seen = logs_position_of(e);
    }
    return OK;
}

res logs_walk_forward(struct call *c, const struct logs_stream *s, struct logs_position from,
                      const struct logs_window *w, struct logs_events *out, bool *cut, struct logs_position *seen)
{
    struct walk k = {.c = c, .s = s, .w = w};
    struct logs_batch_page page;
    str prefix = prefix_of(&k);

    if (from.time_ms < w->from_ms)
        from = (struct logs_position){w->from_ms, 0};
    k.seen = from;
    /* The batch in which the position lies, or the first one. */
    str at = arena_cat(c->arena, prefix, logs_position_text(c->arena, from)), after = STR_ABSENT;
    TRY(logs_batch_list_back(c, STR_ABSENT, prefix, arena_cat(c->arena, at, S("!")), 1, &page));
    if (page.n) {
        TRY(forward_through(&k, page.v[0], from));
        after = page.v[0]->id;
    }
    do {
        if (k.full || k.over)
            break;
        TRY(logs_batch_list_all(c, STR_ABSENT, prefix, after, BATCHES_AT_ONCE, &page));
        for (size_t i = 0; i < page.n && !k.full && !k.over; i++)
            TRY(forward_through(&k, page.v[i], from));
        if (page.n)
            after = page.v[page.n - 1]->id;
    } while (page.more);
    *out = (struct logs_events){k.v, k.n};
    *cut = k.full;
    *seen = k.seen;
    return OK;
}

/* ---- back ---- */

static res back_through(struct walk *k, const struct logs_batch *b, struct logs_position from)
{
    struct logs_events events;

    TRY(logs_batch_open(k->c, k->s, b, &k->known, &events));
    for (size_t i = events.n; i-- > 0 && !k->full;) {
        const struct logs_event *e = &events.v[i];
        if (e->time_ms < k->w->from_ms) {
            k->over = true;
            return OK;
        }
        if (e->time_ms < k->w->to_ms && logs_position_cmp(logs_position_of(e), from) < 0)
            offer(k, e);
    }
    return OK;
}

res logs_walk_back(struct call *c, const struct logs_stream *s, struct logs_position from, const struct logs_window *w,
                   struct logs_events *out)
{
    struct walk k = {.c = c, .s = s, .w = w};
    struct logs_batch_page page;
    str prefix = prefix_of(&k);

    if (from.time_ms > w->to_ms)
        from = (struct logs_position){w->to_ms, 0};
    str before = arena_cat(c->arena, prefix, logs_position_text(c->arena, from));
    do {
        TRY(logs_batch_list_back(c, STR_ABSENT, prefix, before, BATCHES_AT_ONCE, &page));
        for (size_t i = 0; i < page.n && !k.full && !k.over; i++)
            TRY(back_through(&k, page.v[i], from));
        if (page.n)
            before = page.v[page.n - 1]->id;
    } while (page.more && !k.full && !k.over);
    for (size_t i = 0; i < k.n / 2; i++) {
        struct logs_event e = k.v[i];
        k.v[i] = k.v[k.n - 1 - i];
        k.v[k.n - 1 - i] = e;
    }
    *out = (struct logs_events){k.v, k.n};
    return OK;
}

struct logs_window logs_window_of(struct call *c, const struct logs_group *g, opt_int start, opt_int end, size_t limit)
{
    struct logs_window w = {.from_ms = start.set ? start.v : 0, .to_ms = end.set ? end.v : INT64_MAX, .limit = limit};

    if (g->retention_in_days.set && c->now_ms - g->retention_in_days.v * LOGS_DAY_MS > w.from_ms)
        w.from_ms = c->now_ms - g->retention_in_days.v * LOGS_DAY_MS;
    return w;
}
