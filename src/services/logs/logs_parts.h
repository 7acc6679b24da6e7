/* SPDX-License-Identifier: MIT */
/* What the files of logs share: names, batches of events, their keys, and walks through a stream. */
#ifndef BARMKIN_LOGS_PARTS_H
#define BARMKIN_LOGS_PARTS_H
#include "logs.h"

enum {
    LOGS_PUT_MAX_BYTES = 1 << 20,    /* of one PutLogEvents: messages and 26 bytes for each */
    LOGS_ANSWER_MAX_BYTES = 1 << 20, /* of messages in one answer */
    LOGS_EVENT_EXTRA_BYTES = 26,
    LOGS_BATCH_MAX_BYTES = 64 << 10,  /* a fuller batch is split; one larger event has its own */
    LOGS_BATCH_JOIN_BYTES = 16 << 10, /* below, what comes next is added to the stream's last batch */
    LOGS_POSITION_BYTES = 33,         /* TIME-SEQUENCE */
    LOGS_TAGS_MAX = 50
};
#define LOGS_DAY_MS 86400000ll

/* ---- names ---- */
str logs_group_arn(struct call *c, str group); /* arn:...:log-group:NAME */
res logs_check_group_name(struct call *c, str name);
res logs_check_stream_name(struct call *c, str name);
res logs_open_token(struct call *c, str token, str *after); /* of a list of groups or streams */
/* The account's resource policies, as one document over any of its groups. */
res logs_add_policies(struct call *c, struct resource *out);
/* Drops up to all of a stream: its batches and its record. */
res logs_drop_stream(struct call *c, const struct logs_stream *s);

/* ---- events ---- */
struct logs_event {
    int64_t time_ms, ingested_ms;
    uint64_t sequence; /* within the stream; from 1 */
    str message;
};
struct logs_events {
    struct logs_event *v;
    size_t n;
};
struct logs_position { /* between two events: everything up to and with (time, sequence), and everything after */
    int64_t time_ms;
    uint64_t sequence;
};
int logs_position_cmp(struct logs_position a, struct logs_position b);
static inline struct logs_position logs_position_of(const struct logs_event *e)
{
    return (struct logs_position){e->time_ms, e->sequence};
}
str logs_position_text(struct arena *a, struct logs_position p); /* LOGS_POSITION_BYTES, sorts as the positions do */
bool logs_position_parse(str text, struct logs_position *out);

/* Events as bytes, and back. Unpacked messages point into `packed`. */
str logs_pack(struct arena *a, const struct logs_event *v, size_t n);
bool logs_unpack(struct arena *a, str packed, struct logs_events *out);
size_t logs_packed_bytes(const struct logs_event *e); /* at most */

/* ---- keys of encrypted groups ---- */
/* Would the key seal events of this group? Answers InvalidParameterException when not. */
res logs_check_key(struct call *c, str key_arn, str group);
/* The stream's own data key, plain: opened by kms as the service logs, or new when the group's key has changed. Writes
 * s->data_key and s->kms_key_id. */
res logs_stream_key(struct call *c, const struct logs_group *g, struct logs_stream *s, str *plain);
/* The plain key behind a batch's DataKey. Keeps the last one asked for in *known. */
struct logs_known_key {
    str sealed, plain;
};
res logs_batch_key(struct call *c, str group, str sealed, struct logs_known_key *known, str *plain);

/* ---- batches ---- */
res logs_batch_open(struct call *c, const struct logs_stream *s, const struct logs_batch *b,
                    struct logs_known_key *known, struct logs_events *out);
/* Adds events in time order, with sequences already given, to the stream's batches. key: absent for a plain group. */
res logs_batches_add(struct call *c, const struct logs_stream *s, str key, const struct logs_event *v, size_t n);

/* ---- walks ---- */
struct logs_window {
    int64_t from_ms, to_ms; /* from <= time < to */
    size_t limit;
    size_t *batches; /* how many may still be read; NULL: no bound but the answer's size */
    bool (*takes)(void *ctx, const struct logs_event *e); /* NULL: all */
    void *ctx;
};
/* Events after `from`, oldest first. When a bound ended the walk, *cut is true and *seen the last position looked at.
 */
res logs_walk_forward(struct call *c, const struct logs_stream *s, struct logs_position from,
                      const struct logs_window *w, struct logs_events *out, bool *cut, struct logs_position *seen);
/* Events before `from`; also answered oldest first. */
res logs_walk_back(struct call *c, const struct logs_stream *s, struct logs_position from, const struct logs_window *w,
                   struct logs_events *out);
/* The window of a request, and no older than the group keeps events. */
struct logs_window logs_window_of(struct call *c, const struct logs_group *g, opt_int start, opt_int end, size_t limit);

#endif
