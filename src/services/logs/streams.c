/* SPDX-License-Identifier: MIT */
/* Log streams: made, listed by name or by what was written last, deleted. */
#include <stdlib.h>

#include "logs_parts.h"

enum { SORTED_MAX = 2000 }; /* streams of a group that are sorted by time; of more, the first ones by name */

res logs_check_stream_name(struct call *c, str name)
{
    if (name.n && str_find(name, ':') < 0 && str_find(name, '*') < 0)
        return OK;
    return fault(c, &logs_InvalidParameterException,
                 "1 validation error detected: Value '%.*s' at 'logStreamName' failed to satisfy constraint: Member "
                 "must satisfy regular expression pattern: [^:*]*",
                 FMT(name));
}

res logs_create_log_stream(struct call *c, const struct logs_create_log_stream_in *in,
                           struct logs_create_log_stream_out *out)
{
    struct logs_stream *s = ARENA_NEW(c->arena, struct logs_stream);

    (void)out;
    TRY(logs_check_stream_name(c, in->log_stream_name));
    if (c->subject)
        return fault(c, &logs_ResourceAlreadyExistsException, "The specified log stream already exists");
    *s = (struct logs_stream){
        .id = arena_printf(c->arena, "%.*s:%.*s", FMT(in->log_group_name), FMT(in->log_stream_name)),
        .uid = call_unique(c, "", 16),
        .log_group_name = in->log_group_name,
        .log_stream_name = in->log_stream_name,
        .creation_time = SET_INT(c->now_ms),
        .next_sequence = SET_INT(1)};
    return logs_stream_save(c, s);
}

res logs_delete_log_stream(struct call *c, const struct logs_delete_log_stream_in *in,
                           struct logs_delete_log_stream_out *out)
{
    (void)in, (void)out;
    return logs_drop_stream(c, c->subject);
}

/* ---- lists ---- */

static void show(struct call *c, const struct logs_stream *s, struct logs_describe_log_streams_out *out)
{
    str arn = logs_group_arn(c, s->log_group_name);

    out->log_streams.v[out->log_streams.n++] = (struct logs_stream_entry){
        .log_stream_name = s->log_stream_name,
        .creation_time = s->creation_time,
        .first_event_timestamp = s->first_event_timestamp,
        .last_event_timestamp = s->last_event_timestamp,
        .last_ingestion_time = s->last_ingestion_time,
        .upload_sequence_token = arena_printf(c->arena, "%056lld", (long long)s->next_sequence.v),
        .arn = arena_printf(c->arena, "%.*s:log-stream:%.*s", FMT(arn), FMT(s->log_stream_name)),
        .stored_bytes = SET_INT(0)};
}

static res by_name(struct call *c, const struct logs_describe_log_streams_in *in, str prefix, size_t limit,
                   struct logs_describe_log_streams_out *out)
{
    struct logs_stream_page page;
    str from;

    TRY(logs_open_token(c, in->next_token, &from));
    if (in->descending.v)
        TRY(logs_stream_list_back(c, STR_ABSENT, prefix, from, limit, &page));
    else
        TRY(logs_stream_list_all(c, STR_ABSENT, prefix, from, limit, &page));
    for (size_t i = 0; i < page.n; i++)
        show(c, page.v[i], out);
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->id);
    return OK;
}

static int64_t last_of(const struct logs_stream *s)
{
    return s->last_event_timestamp.set ? s->last_event_timestamp.v : -1;
}

static int by_last_event(const void *x, const void *y)
{
    const struct logs_stream *a = *(struct logs_stream *const *)x, *b = *(struct logs_stream *const *)y;

    if (last_of(a) != last_of(b))
        return last_of(a) < last_of(b) ? -1 : 1;
    return str_cmp(a->id, b->id);
}

/* The token is how many were told before: the order may change between two pages, as it may on AWS. */
static res by_time(struct call *c, const struct logs_describe_log_streams_in *in, str prefix, size_t limit,
                   struct logs_describe_log_streams_out *out)
{
    struct logs_stream_page page;
    str told;
    uint64_t skip = 0;

    TRY(logs_open_token(c, in->next_token, &told));
    if (str_is(told) && !str_to_u64(told, &skip))
        return fault(c, &logs_InvalidParameterException, "The specified nextToken is invalid.");
    TRY(logs_stream_list_all(c, STR_ABSENT, prefix, STR_ABSENT, SORTED_MAX, &page));
    if (page.n)
        qsort(page.v, page.n, sizeof *page.v, by_last_event);
    for (size_t i = skip; i < page.n && out->log_streams.n < limit; i++)
        show(c, page.v[in->descending.v ? page.n - 1 - i : i], out);
    if (skip + out->log_streams.n < page.n)
        out->next_token = page_token(c, arena_printf(c->arena, "%zu", (size_t)skip + out->log_streams.n));
    return OK;
}

res logs_describe_log_streams(struct call *c, const struct logs_describe_log_streams_in *in,
                              struct logs_describe_log_streams_out *out)
{
    const struct logs_group *g = c->subject;
    size_t limit = in->limit.set ? (size_t)in->limit.v : 50;
    bool time = str_eq(in->order_by, S("LastEventTime"));
    str prefix = arena_printf(c->arena, "%.*s:%.*s", FMT(g->log_group_name), FMT(in->log_stream_name_prefix));

    if (time && str_is(in->log_stream_name_prefix))
        return fault(c, &logs_InvalidParameterException, "Cannot order by LastEventTime with a logStreamNamePrefix.");
    out->log_streams.v = ARENA_ARRAY(c->arena, struct logs_stream_entry, limit);
    return time ? by_time(c, in, prefix, limit, out) : by_name(c, in, prefix, limit, out);
}
