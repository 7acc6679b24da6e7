/* SPDX-License-Identifier: MIT */
/* PutEvents: an event becomes an envelope, and each enabled rule whose pattern it meets delivers it. */
#include "base/time.h"
#include "events_parts.h"

static void free_json(void *j)
{
    json_decref(j);
}

json_t *events_envelope(struct call *c, const struct event_facts *f, str id)
{
    json_t *o = json_object(), *resources = json_array();
    char iso[TIME_TEXT_BYTES];

    arena_defer(c->arena, free_json, o);
    for (size_t i = 0; f->resources && i < f->resources->n; i++)
        json_array_append_new(resources, json_of(f->resources->v[i]));
    json_object_set_new(o, "version", json_string("0"));
    json_object_set_new(o, "id", json_of(id));
    json_object_set_new(o, "detail-type", json_of(f->detail_type));
    json_object_set_new(o, "source", json_of(f->source));
    json_object_set_new(o, "account", json_of(c->caller->account));
    json_object_set_new(o, "time", json_of(time_iso(f->time_ms, iso)));
    json_object_set_new(o, "region", json_of(c->region));
    json_object_set_new(o, "resources", resources);
    json_object_set_new(o, "detail", f->detail);
    return o;
}

/* ---- what cannot be taken: a failed entry says why, the others go on ---- */

static bool refuse(struct events_event_result *r, str code, str message)
{
    r->error_code = code;
    r->error_message = message;
    return false;
}

static bool needed(struct call *c, str value, const char *name, struct events_event_result *r)
{
    if (value.n)
        return true;
    return refuse(r, S("InvalidArgument"),
                  arena_printf(c->arena, "Parameter %s is not valid. Reason: %s is a required argument.", name, name));
}

static bool acceptable(struct call *c, const struct events_event_entry *e, struct events_event_result *r)
{
    if (!needed(c, e->source, "Source", r) || !needed(c, e->detail_type, "DetailType", r) ||
        !needed(c, e->detail, "Detail", r))
        return false;
    if (str_starts(e->source, S("aws.")) && !c->caller->house)
        return refuse(r, S("NotAuthorizedForSourceException"), S("Not authorized for the source."));
    return true;
}

static json_t *detail_of(struct call *c, str detail)
{
    struct err e = {0};
    json_t *j;

    return is_ok(json_parse(c->arena, detail, &e, &j)) && json_is_object(j) ? json_incref(j) : NULL;
}

/* AWS counts an entry so: 14 bytes for a time, and each text. */
static res check_size(struct call *c, const struct events_put_events_in *in)
{
    size_t bytes = 0;

    for (size_t i = 0; i < in->entries.n; i++) {
        const struct events_event_entry *e = &in->entries.v[i];
        bytes += (e->time.set ? 14 : 0) + e->source.n + e->detail_type.n + e->detail.n;
        for (size_t k = 0; k < e->resources.n; k++)
            bytes += e->resources.v[k].n;
    }
    return bytes <= ENTRIES_MAX_BYTES
               ? OK
               : fault(c, &events_ValidationException, "Total size of the entries in the request is over the limit.");
}

/* ---- rules that an event meets ---- */

struct taker {
    const struct events_rule *rule;
    const json_t *pattern;
};
struct takers {
    struct taker *v;
    size_t n;
};

/* The rules that may take an event at all, their patterns read once for all entries. */
static res takers_of(struct call *c, struct takers *out)
{
    struct events_rule_page rules;
    json_t *pattern;

    TRY(events_rule_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, RULES_MAX, &rules));
    *out = (struct takers){ARENA_ARRAY(c->arena, struct taker, rules.n + 1), 0};
    for (size_t i = 0; i < rules.n; i++) {
        const struct events_rule *r = rules.v[i];
        if (!str_eq(r->state, S("ENABLED")) || !r->event_pattern.n || !r->targets.n)
            continue;
        TRY(event_pattern_parse(c->arena, r->event_pattern, &c->err, &pattern));
        out->v[out->n++] = (struct taker){r, pattern};
    }
    return OK;
}

static res put_one(struct call *c, const struct events_event_entry *e, const struct takers *takers,
                   struct events_event_result *r)
{
    struct event_facts f = {.source = e->source,
                            .detail_type = e->detail_type,
                            .resources = &e->resources,
                            .time_ms = e->time.set ? e->time.ms : c->now_ms};
    str id = call_uuid(c);

    if (!acceptable(c, e, r))
        return OK;
    TRY(events_check_bus(c, e->event_bus_name));
    f.detail = detail_of(c, e->detail);
    if (!f.detail) {
        refuse(r, S("MalformedDetail"), S("Detail is malformed."));
        return OK;
    }
    json_t *event = events_envelope(c, &f, id);
    for (size_t i = 0; i < takers->n; i++)
        if (event_pattern_matches(takers->v[i].pattern, event))
            TRY(events_deliver(c, takers->v[i].rule, event));
    r->event_id = id;
    return OK;
}

res events_put_events(struct call *c, const struct events_put_events_in *in, struct events_put_events_out *out)
{
    struct takers takers;
    int64_t failed = 0;

    if (str_is(in->endpoint_id))
        return fault(c, &events_UnsupportedOperationException, "Barmkin's EventBridge has no global endpoints.");
    TRY(check_size(c, in));
    TRY(takers_of(c, &takers));
    out->entries.v = ARENA_ARRAY(c->arena, struct events_event_result, in->entries.n);
    out->entries.n = in->entries.n;
    for (size_t i = 0; i < in->entries.n; i++) {
        TRY(put_one(c, &in->entries.v[i], &takers, &out->entries.v[i]));
        failed += str_is(out->entries.v[i].error_code);
    }
    out->failed_entry_count = SET_INT(failed);
    return OK;
}
