/* SPDX-License-Identifier: MIT */
/* LookupEvents: an account's management events of a region, newest first, out of the audit log. */
#include "api/house.h"
#include "base/json.h"
#include "base/time.h"
#include "cloudtrail.h"
#include "store/audit.h"

enum { PAGE = 50, READ_BYTES = 16 << 20, SCRATCH_BYTES = 64 << 20, EVENT_BYTES = 512 << 10 };

struct looking {
    str account, region, needle; /* needle: what a line must hold to be worth parsing */
    const struct cloudtrail_lookup_attribute *wanted;
    int64_t from_ms, to_ms;
    struct arena *scratch;
};

/* ---- one record ---- */

static const json_t *identity_of(const json_t *record)
{
    return json_object_get(record, "userIdentity");
}

/* A user's name, a session's name; of the root user "root". */
static str user_name(const json_t *record)
{
    const json_t *who = identity_of(record);
    str type = json_str_at(who, "type"), arn = json_str_at(who, "arn");

    if (str_eq(type, S("IAMUser")))
        return json_str_at(who, "userName");
    if (str_eq(type, S("AssumedRole")) || str_eq(type, S("FederatedUser")))
        return str_from(arn, (size_t)(str_rfind(arn, '/') + 1));
    return str_eq(type, S("Root")) ? S("root") : STR_ABSENT;
}

/* A key is named by its ARN, all else by what follows its kind. */
static str resource_name(str arn)
{
    str rest = str_behind(arn, ':', 5);
    ptrdiff_t at = str_find(rest, '/');
    if (str_starts(arn, S("arn:aws:kms:")) || !rest.n)
        return arn;
    return at >= 0 && !str_starts(arn, S("arn:aws:s3:")) ? str_from(rest, (size_t)at + 1) : rest;
}

static bool touches(const json_t *record, bool by_type, str value)
{
    const json_t *list = json_object_get(record, "resources");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        str arn = json_str_at(one, "ARN");
        if (by_type ? str_eq(json_str_at(one, "type"), value) : str_eq(arn, value) || str_eq(resource_name(arn), value))
            return true;
    }
    return false;
}

static bool has_attribute(const json_t *record, const struct cloudtrail_lookup_attribute *a)
{
    str key = a->attribute_key, value = a->attribute_value;

    if (str_eq(key, S("EventId")))
        return str_eq(json_str_at(record, "eventID"), value);
    if (str_eq(key, S("EventName")))
        return str_eq(json_str_at(record, "eventName"), value);
    if (str_eq(key, S("EventSource")))
        return str_eq(json_str_at(record, "eventSource"), value);
    if (str_eq(key, S("AccessKeyId")))
        return str_eq(json_str_at(identity_of(record), "accessKeyId"), value);
    if (str_eq(key, S("Username")))
        return str_eq(user_name(record), value);
    if (str_eq(key, S("ReadOnly")))
        return str_eq(value, json_is_true(json_object_get(record, "readOnly")) ? S("true") : S("false"));
    return touches(record, str_eq(key, S("ResourceType")), value);
}

static bool is_wanted(const struct looking *l, const json_t *record)
{
    int64_t at;

    if (!json_is_true(json_object_get(record, "managementEvent")) ||
        !str_eq(json_str_at(record, "awsRegion"), l->region))
        return false;
    if (!str_eq(json_str_at(identity_of(record), "accountId"), l->account) &&
        !str_eq(json_str_at(record, "recipientAccountId"), l->account))
        return false;
    if (!time_parse_iso(json_str_at(record, "eventTime"), &at) || at < l->from_ms || at > l->to_ms)
        return false;
    return !l->wanted || has_attribute(record, l->wanted);
}

static enum audit_look look(void *ctx, uint64_t seq, str record)
{
    struct looking *l = ctx;
    json_t *j;

    (void)seq;
    if (str_search(record, S("\"managementEvent\":true")) < 0 || str_search(record, l->account) < 0 ||
        (l->needle.n && str_search(record, l->needle) < 0))
        return AUDIT_SKIP;
    arena_reset(l->scratch);
    return is_ok(json_parse(l->scratch, record, NULL, &j)) && is_wanted(l, j) ? AUDIT_TAKE : AUDIT_SKIP;
}

/* ---- what is told ---- */

/* A stranger is told by account and id; how a call was judged is the operator's to know. */
static str event_text(struct call *c, json_t *record)
{
    json_t *who = json_object_get(record, "userIdentity");
    struct buf b;

    json_object_del(record, "barmkin");
    if (!str_eq(json_str_at(who, "accountId"), c->caller->account)) {
        static const char *const kept[] = {"type", "principalId", "accountId", "invokedBy"};
        json_t *less = json_object();
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
            if (json_object_get(who, kept[i]))
                json_object_set(less, kept[i], json_object_get(who, kept[i]));
        if (!str_eq(json_str_at(who, "type"), S("AWSService")))
            json_object_set_new(less, "type", json_string("AWSAccount"));
        json_object_set_new(record, "userIdentity", less);
    }
    buf_init(&b, EVENT_BYTES);
    buf_add_json(&b, record);
    str text = arena_dup(c->arena, buf_str(&b));
    buf_done(&b);
    return text;
}

static struct cloudtrail_touched_list resources_of(struct call *c, const json_t *record)
{
    const json_t *list = json_object_get(record, "resources");
    struct cloudtrail_touched_list out = {0,
                                          ARENA_ARRAY(c->arena, struct cloudtrail_touched, json_array_size(list) + 1)};

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        out.v[out.n++] = (struct cloudtrail_touched){json_str_at(one, "type"), resource_name(json_str_at(one, "ARN"))};
    }
    return out;
}

static res tell(struct call *c, str text, struct cloudtrail_event *out)
{
    json_t *record;
    int64_t at = 0;

    TRY(json_parse(c->arena, text, &c->err, &record));
    bool mine = str_eq(json_str_at(identity_of(record), "accountId"), c->caller->account);
    time_parse_iso(json_str_at(record, "eventTime"), &at);
    *out = (struct cloudtrail_event){
        .event_id = json_str_at(record, "eventID"),
        .event_name = json_str_at(record, "eventName"),
        .read_only = json_is_true(json_object_get(record, "readOnly")) ? S("true") : S("false"),
        .access_key_id = mine ? arena_dup(c->arena, json_str_at(identity_of(record), "accessKeyId")) : STR_ABSENT,
        .event_time = SET_TIME(at),
        .event_source = json_str_at(record, "eventSource"),
        .username = mine ? arena_dup(c->arena, user_name(record)) : STR_ABSENT,
        .resources = resources_of(c, record),
    };
    out->cloud_trail_event = event_text(c, record);
    return OK;
}

/* ---- the question ---- */

static res check(struct call *c, const struct cloudtrail_lookup_events_in *in)
{
    if (in->lookup_attributes.n > 1)
        return fault(c, &cloudtrail_InvalidLookupAttributesException, "You can only specify one lookup attribute.");
    if (str_is(in->event_category) && !str_eq(in->event_category, S("insight")))
        return fault(c, &cloudtrail_InvalidEventCategoryException, "The event category is insight, or none.");
    if (in->max_results.set && (in->max_results.v < 1 || in->max_results.v > PAGE))
        return fault(c, &cloudtrail_InvalidMaxResultsException, "The maximum number of results is between 1 and %d.",
                     PAGE);
    if (in->start_time.set && in->end_time.set && in->start_time.ms > in->end_time.ms)
        return fault(c, &cloudtrail_InvalidTimeRangeException, "The start of the time range is behind its end.");
    return OK;
}

/* A token goes on with the question that it came from. */
static str question(struct call *c, const struct cloudtrail_lookup_events_in *in)
{
    const struct cloudtrail_lookup_attribute *a = in->lookup_attributes.n ? in->lookup_attributes.v : NULL;

    return arena_printf(c->arena, "%.*s/%lld/%lld/%.*s/%.*s", FMT(c->region), (long long)in->start_time.ms,
                        (long long)in->end_time.ms, FMT(a ? a->attribute_key : S("")),
                        FMT(a ? a->attribute_value : S("")));
}

static res take_token(struct call *c, const struct cloudtrail_lookup_events_in *in, struct audit_place *place)
{
    str text, asked;
    uint64_t file;

    *place = (struct audit_place){0, 0};
    if (!str_is(in->next_token))
        return OK;
    if (page_token_open(c, in->next_token, &text)) {
        asked = text;
        str number = str_cut(&asked, ' '), at = str_is(asked) ? str_cut(&asked, ' ') : STR_ABSENT;
        if (str_to_u64(number, &file) && str_to_u64(at, &place->at) && str_eq(asked, question(c, in))) {
            place->file = (unsigned)file;
            return OK;
        }
    }
    return fault(c, &cloudtrail_InvalidNextTokenException, "The token is not one of this question.");
}

/* Values that stand in a record as they are asked for: lines without them need no parsing. */
static str needle_of(struct call *c, const struct cloudtrail_lookup_attribute *a)
{
    struct buf b;

    if (!a || str_eq(a->attribute_key, S("ReadOnly")) || str_eq(a->attribute_value, S("root")))
        return STR_ABSENT;
    buf_init(&b, 16384);
    buf_add_json_str(&b, a->attribute_value);
    str quoted = arena_dup(c->arena, buf_str(&b));
    buf_done(&b);
    return str_sub(quoted, 1, quoted.n - 2);
}

res cloudtrail_lookup_events(struct call *c, const struct cloudtrail_lookup_events_in *in,
                             struct cloudtrail_lookup_events_out *out)
{
    struct house *h = c->worker->house;
    char *dir = arena_z(c->arena, arena_cat(c->arena, h->state_dir, S("/front/audit")));
    struct looking l = {.account = c->caller->account, .region = c->region, .to_ms = INT64_MAX};
    struct audit_place place;
    struct audit_hits hits;

    TRY(check(c, in));
    TRY(take_token(c, in, &place));
    out->events.v = ARENA_ARRAY(c->arena, struct cloudtrail_event, PAGE);
    if (str_is(in->event_category)) /* nobody computes insights: there are none */
        return OK;
    l.wanted = in->lookup_attributes.n ? in->lookup_attributes.v : NULL;
    l.needle = needle_of(c, l.wanted);
    l.from_ms = in->start_time.set ? in->start_time.ms : 0;
    l.to_ms = in->end_time.set ? in->end_time.ms : INT64_MAX;
    struct audit_search s = {look, &l, in->max_results.set ? (size_t)in->max_results.v : PAGE, READ_BYTES, l.from_ms};
    TRY(audit_flush(h->audit, &c->err)); /* what other threads have answered may still be in memory */
    l.scratch = arena_new(SCRATCH_BYTES);
    res r = audit_find_part(dir, c->arena, &s, &place, &hits, &c->err);
    arena_free(l.scratch);
    TRY(r);
    for (size_t i = 0; i < hits.n; i++)
        TRY(tell(c, hits.items[i].record, &out->events.v[out->events.n++]));
    if (place.file)
        out->next_token = page_token(
            c, arena_printf(c->arena, "%u %llu %.*s", place.file, (unsigned long long)place.at, FMT(question(c, in))));
    return OK;
}
