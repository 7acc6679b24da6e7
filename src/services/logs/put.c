/* SPDX-License-Identifier: MIT */
/* PutLogEvents: which events are taken, and where they go. */
#include "logs_parts.h"

enum { DROP_OLD_AT_ONCE = 4 };
#define FUTURE_MS (2 * 3600000ll)
#define PAST_MS (14 * LOGS_DAY_MS)

static res check_shape_of(struct call *c, const struct logs_input_event_list *events)
{
    size_t bytes = 0;

    for (size_t i = 0; i < events->n; i++) {
        bytes += events->v[i].message.n + LOGS_EVENT_EXTRA_BYTES;
        if (i && events->v[i].timestamp.v < events->v[i - 1].timestamp.v)
            return fault(c, &logs_InvalidParameterException,
                         "Log events in a single PutLogEvents request must be in chronological order.");
    }
    if (bytes > LOGS_PUT_MAX_BYTES)
        return fault(c, &logs_InvalidParameterException, "Upload too large: %zu bytes exceeds limit of %d", bytes,
                     LOGS_PUT_MAX_BYTES);
    if (events->v[events->n - 1].timestamp.v - events->v[0].timestamp.v > LOGS_DAY_MS)
        return fault(c, &logs_InvalidParameterException,
                     "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
    return OK;
}

/* The events are in order, so that what is refused lies at the ends. */
static void choose(struct call *c, const struct logs_group *g, const struct logs_input_event_list *events,
                   struct logs_put_log_events_out *out, size_t *first, size_t *end)
{
    struct logs_rejected *r = ARENA_NEW(c->arena, struct logs_rejected);
    int64_t kept = g->retention_in_days.set ? c->now_ms - g->retention_in_days.v * LOGS_DAY_MS : INT64_MIN;
    size_t old = 0, expired = 0;

    *end = events->n;
    while (*end && events->v[*end - 1].timestamp.v > c->now_ms + FUTURE_MS)
        --*end;
    while (old < events->n && events->v[old].timestamp.v < c->now_ms - PAST_MS)
        old++;
    while (expired < events->n && events->v[expired].timestamp.v < kept)
        expired++;
    if (*end < events->n)
        r->too_new_log_event_start_index = SET_INT((int64_t)*end);
    if (old)
        r->too_old_log_event_end_index = SET_INT((int64_t)old);
    if (expired)
        r->expired_log_event_end_index = SET_INT((int64_t)expired);
    *first = old > expired ? old : expired;
    if (*end < events->n || *first)
        out->rejected_log_events_info = r;
}

/* What is older than the group keeps goes, a little at each put. */
static res drop_expired(struct call *c, const struct logs_group *g, const struct logs_stream *s)
{
    str prefix = arena_printf(c->arena, "%.*s/", FMT(s->uid));
    struct logs_batch_page page;
    struct logs_position p;

    if (!g->retention_in_days.set || !s->first_event_timestamp.set)
        return OK;
    int64_t kept = c->now_ms - g->retention_in_days.v * LOGS_DAY_MS;
    if (s->first_event_timestamp.v >= kept)
        return OK;
    TRY(logs_batch_list_all(c, STR_ABSENT, prefix, STR_ABSENT, DROP_OLD_AT_ONCE, &page));
    for (size_t i = 0; i + 1 < page.n; i++) /* all of a batch is older than the first event of the next */
        if (logs_position_parse(str_from(page.v[i + 1]->id, prefix.n), &p) && p.time_ms < kept)
            TRY(logs_batch_drop(c, page.v[i]));
    return OK;
}

static res store(struct call *c, const struct logs_group *g, struct logs_stream *s, const struct logs_input_event *v,
                 size_t n)
{
    struct logs_event *events = ARENA_ARRAY(c->arena, struct logs_event, n);
    str key;

    for (size_t i = 0; i < n; i++)
        events[i] = (struct logs_event){v[i].timestamp.v, c->now_ms, (uint64_t)s->next_sequence.v++, v[i].message};
    TRY(logs_stream_key(c, g, s, &key));
    TRY(drop_expired(c, g, s));
    TRY(logs_batches_add(c, s, key, events, n));
    if (!s->first_event_timestamp.set || v[0].timestamp.v < s->first_event_timestamp.v)
        s->first_event_timestamp = v[0].timestamp;
    if (!s->last_event_timestamp.set || v[n - 1].timestamp.v > s->last_event_timestamp.v)
        s->last_event_timestamp = v[n - 1].timestamp;
    s->last_ingestion_time = SET_INT(c->now_ms);
    return logs_stream_save(c, s);
}

res logs_put_log_events(struct call *c, const struct logs_put_log_events_in *in, struct logs_put_log_events_out *out)
{
    struct logs_stream *s = ARENA_NEW(c->arena, struct logs_stream);
    struct logs_group *g;
    size_t first, end;

    *s = *(const struct logs_stream *)c->subject;
    TRY(check_shape_of(c, &in->log_events));
    TRY(logs_group_load(c, STR_ABSENT, in->log_group_name, &g));
    if (!g)
        return oops(&c->err, 0, "a log stream without its group");
    choose(c, g, &in->log_events, out, &first, &end);
    if (first < end)
        TRY(store(c, g, s, in->log_events.v + first, end - first));
    out->next_sequence_token = arena_printf(c->arena, "%056lld", (long long)s->next_sequence.v);
    return OK;
}
