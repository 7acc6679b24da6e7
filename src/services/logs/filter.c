/* SPDX-License-Identifier: MIT */
/* FilterLogEvents: events of many streams of a group, searched one after the other, each page in time order. Patterns:
 * words that must all be there, "quoted" ones, ?words of which one is enough, -words that must not be there; nothing of
 * JSON or [fields]. */
#include <stdlib.h>

#include "logs_parts.h"

enum { STREAMS_MAX = 1000, BATCHES_MAX = 128, WORDS_MAX = 32, DEFAULT_LIMIT = 10000 };

/* ---- patterns ---- */

struct word {
    str text;
    char kind; /* '+', '?' or '-' */
};
struct pattern {
    struct word v[WORDS_MAX];
    size_t n;
};

static str next_word(str *rest)
{
    str one;

    *rest = str_trim(*rest);
    if (str_starts(*rest, S("\""))) {
        *rest = str_from(*rest, 1);
        return str_cut(rest, '"');
    }
    one = str_cut(rest, ' ');
    return one;
}

static res read_pattern(struct call *c, str text, struct pattern *p)
{
    str rest = str_trim(text);

    *p = (struct pattern){0};
    if (str_starts(rest, S("{")) || str_starts(rest, S("[")) || str_starts(rest, S("%")))
        return fault(c, &logs_InvalidParameterException,
                     "Barmkin's filter patterns are words only: no JSON selectors, fields or regular expressions.");
    while (rest.n) {
        struct word w = {.kind = '+'};
        if (p->n == WORDS_MAX)
            return fault(c, &logs_InvalidParameterException, "A filter pattern has at most %d words.", WORDS_MAX);
        if (rest.p[0] == '?' || rest.p[0] == '-') {
            w.kind = rest.p[0];
            rest = str_from(rest, 1);
        }
        w.text = next_word(&rest);
        if (w.text.n)
            p->v[p->n++] = w;
        rest = str_trim(rest);
    }
    return OK;
}

static bool matches(const struct pattern *p, str message)
{
    bool any = false, asked = false;

    for (size_t i = 0; i < p->n; i++) {
        bool there = str_search(message, p->v[i].text) >= 0;
        if (p->v[i].kind == '?') {
            asked = true;
            any |= there;
        } else if (there == (p->v[i].kind == '-')) {
            return false;
        }
    }
    return any || !asked;
}

/* ---- one stream after the other ---- */

struct hit {
    struct logs_event e;
    const struct logs_stream *s;
};
struct search {
    struct call *c;
    struct pattern pattern;
    struct hit *v;
    size_t n, cap, limit, bytes;
    size_t batches;              /* how many may still be read in this call */
    const struct logs_stream *s; /* where a bound ended the search, */
    struct logs_position at;     /* and after what; s NULL: all was searched */
};

static bool takes(void *ctx, const struct logs_event *e)
{
    const struct search *k = ctx;

    return matches(&k->pattern, e->message);
}

static void keep(struct search *k, const struct logs_stream *s, const struct logs_events *found)
{
    if (k->n + found->n > k->cap) {
        size_t cap = (k->n + found->n) * 2;
        struct hit *v = ARENA_ARRAY(k->c->arena, struct hit, cap);
        for (size_t i = 0; i < k->n; i++)
            v[i] = k->v[i];
        k->v = v;
        k->cap = cap;
    }
    for (size_t i = 0; i < found->n; i++) {
        k->v[k->n++] = (struct hit){found->v[i], s};
        k->bytes += found->v[i].message.n;
    }
}

static res search_stream(struct search *k, const struct logs_group *g, const struct logs_stream *s,
                         struct logs_position from, const struct logs_filter_log_events_in *in)
{
    struct logs_window w = logs_window_of(k->c, g, in->start_time, in->end_time, k->limit - k->n);
    struct logs_events found;
    bool cut = k->bytes > LOGS_ANSWER_MAX_BYTES;

    w.takes = takes;
    w.ctx = k;
    w.batches = &k->batches;
    k->at = from;
    if (!cut) {
        TRY(logs_walk_forward(k->c, s, from, &w, &found, &cut, &k->at));
        keep(k, s, &found);
    }
    if (cut)
        k->s = s;
    return OK;
}

static int by_time(const void *x, const void *y)
{
    const struct hit *a = x, *b = y;

    if (a->e.time_ms != b->e.time_ms)
        return a->e.time_ms < b->e.time_ms ? -1 : 1;
    int by_stream = str_cmp(a->s->log_stream_name, b->s->log_stream_name);
    return by_stream ? by_stream : logs_position_cmp(logs_position_of(&a->e), logs_position_of(&b->e));
}

/* ---- the streams ---- */

static res streams_of(struct call *c, const struct logs_group *g, const struct logs_filter_log_events_in *in,
                      struct logs_stream_page *out)
{
    str prefix = arena_printf(c->arena, "%.*s:%.*s", FMT(g->log_group_name), FMT(in->log_stream_name_prefix));

    if (in->log_stream_names.n && str_is(in->log_stream_name_prefix))
        return fault(c, &logs_InvalidParameterException,
                     "logStreamNamePrefix and logStreamNames cannot be given together.");
    if (in->log_stream_names.n == 0)
        return logs_stream_list_all(c, STR_ABSENT, prefix, STR_ABSENT, STREAMS_MAX, out);
    *out = (struct logs_stream_page){.v = ARENA_ARRAY(c->arena, struct logs_stream *, in->log_stream_names.n)};
    for (size_t i = 0; i < in->log_stream_names.n; i++) {
        str id = arena_printf(c->arena, "%.*s:%.*s", FMT(g->log_group_name), FMT(in->log_stream_names.v[i]));
        TRY(logs_stream_load(c, STR_ABSENT, id, &out->v[out->n]));
        if (!out->v[out->n])
            return fault(c, &logs_ResourceNotFoundException, "The specified log stream does not exist.");
        out->n++;
    }
    return OK;
}

/* The token: TIME-SEQUENCE and the stream's name, sealed. *first is how many streams have been searched before. */
static res resume(struct call *c, str token, const struct logs_stream_page *streams, size_t *first,
                  struct logs_position *from)
{
    str text;

    *first = 0;
    *from = (struct logs_position){0};
    TRY(logs_open_token(c, token, &text));
    if (!str_is(text))
        return OK;
    if (!logs_position_parse(str_sub(text, 0, LOGS_POSITION_BYTES), from))
        return fault(c, &logs_InvalidParameterException, "The specified nextToken is invalid.");
    str name = str_from(text, LOGS_POSITION_BYTES);
    while (*first < streams->n && !str_eq(streams->v[*first]->log_stream_name, name))
        ++*first;
    return OK;
}

static void show(struct call *c, struct search *k, struct logs_filter_log_events_out *out)
{
    out->events.v = ARENA_ARRAY(c->arena, struct logs_filtered_event, k->n + 1);
    if (k->n)
        qsort(k->v, k->n, sizeof *k->v, by_time);
    for (size_t i = 0; i < k->n; i++) {
        const struct logs_event *e = &k->v[i].e;
        out->events.v[i] = (struct logs_filtered_event){
            k->v[i].s->log_stream_name, SET_INT(e->time_ms), e->message, SET_INT(e->ingested_ms),
            arena_printf(c->arena, "%020lld%020llu%.*s", (long long)e->time_ms, (unsigned long long)e->sequence,
                         FMT(k->v[i].s->uid))};
    }
    out->events.n = k->n;
    out->searched_log_streams.v = ARENA_ARRAY(c->arena, struct logs_searched_stream, 1);
}

res logs_filter_log_events(struct call *c, const struct logs_filter_log_events_in *in,
                           struct logs_filter_log_events_out *out)
{
    const struct logs_group *g = c->subject;
    struct search k = {.c = c, .batches = BATCHES_MAX, .limit = in->limit.set ? (size_t)in->limit.v : DEFAULT_LIMIT};
    struct logs_stream_page streams = {0};
    struct logs_position from;
    size_t i;

    TRY(read_pattern(c, in->filter_pattern, &k.pattern));
    TRY(streams_of(c, g, in, &streams));
    TRY(resume(c, in->next_token, &streams, &i, &from));
    for (; i < streams.n && !k.s; i++, from = (struct logs_position){0})
        TRY(search_stream(&k, g, streams.v[i], from, in));
    show(c, &k, out);
    if (k.s)
        out->next_token = page_token(c, arena_cat(c->arena, logs_position_text(c->arena, k.at), k.s->log_stream_name));
    return OK;
}
