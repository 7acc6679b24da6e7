/* SPDX-License-Identifier: MIT */
/* GetLogEvents: one stream, forward or back from a token. A token names a place between two events, so it stays right
 * while events are added; at an end the same token comes back, which is how clients know. */
#include "logs_parts.h"

enum { DEFAULT_LIMIT = 10000 };

struct place {
    bool given, back; /* a token was given; it was a b/ one */
    struct logs_position at;
};

static res read_token(struct call *c, str token, struct place *p)
{
    *p = (struct place){.given = str_is(token)};
    if (!p->given)
        return OK;
    p->back = str_starts(token, S("b/"));
    if ((!p->back && !str_starts(token, S("f/"))) || !logs_position_parse(str_from(token, 2), &p->at))
        return fault(c, &logs_InvalidParameterException, "The specified nextToken is invalid.");
    return OK;
}

static str token(struct call *c, const char *way, struct logs_position p)
{
    return arena_cat(c->arena, str_z(way), logs_position_text(c->arena, p));
}

/* The places before and after an empty answer: nothing lies between them. */
static void nothing_found(struct call *c, const struct place *p, const struct logs_window *w, bool forward,
                          struct logs_get_log_events_out *out)
{
    struct logs_position at = p->at;

    if (!p->given)
        at = (struct logs_position){forward ? w->from_ms : w->to_ms, 0};
    struct logs_position before = at, after = at;
    if (p->given && p->back && at.sequence) /* b/ means before this event, f/ after it */
        after.sequence--;
    if (p->given && !p->back)
        before.sequence++;
    out->next_forward_token = token(c, "f/", after);
    out->next_backward_token = token(c, "b/", before);
}

static void show(struct call *c, const struct logs_events *found, struct logs_get_log_events_out *out)
{
    out->events.v = ARENA_ARRAY(c->arena, struct logs_output_event, found->n + 1);
    for (size_t i = 0; i < found->n; i++)
        out->events.v[i] = (struct logs_output_event){SET_INT(found->v[i].time_ms), found->v[i].message,
                                                      SET_INT(found->v[i].ingested_ms)};
    out->events.n = found->n;
}

static res group_of(struct call *c, const struct logs_stream *s, struct logs_group **g)
{
    TRY(logs_group_load(c, STR_ABSENT, s->log_group_name, g));
    return *g ? OK : oops(&c->err, 0, "a log stream without its group");
}

res logs_get_log_events(struct call *c, const struct logs_get_log_events_in *in, struct logs_get_log_events_out *out)
{
    const struct logs_stream *s = c->subject;
    struct logs_group *g;
    struct logs_events found = {0};
    struct place p;
    struct logs_position seen;
    bool cut;

    TRY(group_of(c, s, &g));
    TRY(read_token(c, in->next_token, &p));
    struct logs_window w =
        logs_window_of(c, g, in->start_time, in->end_time, in->limit.set ? (size_t)in->limit.v : DEFAULT_LIMIT);
    bool forward = p.given ? !p.back : in->start_from_head.v;
    struct logs_position from = p.given ? p.at : (struct logs_position){forward ? w.from_ms : w.to_ms, 0};
    if (forward)
        TRY(logs_walk_forward(c, s, from, &w, &found, &cut, &seen));
    else
        TRY(logs_walk_back(c, s, from, &w, &found));
    show(c, &found, out);
    if (found.n == 0) {
        nothing_found(c, &p, &w, forward, out);
        return OK;
    }
    out->next_forward_token = token(c, "f/", logs_position_of(&found.v[found.n - 1]));
    out->next_backward_token = token(c, "b/", logs_position_of(&found.v[0]));
    return OK;
}
