/* SPDX-License-Identifier: MIT */
/* Rules: PutRule and what reads, switches and removes them. */
#include "api/codec.h"
#include "events_parts.h"

static const char name_set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

/* ---- PutRule ---- */

static res read_pattern(struct call *c, str text, json_t **out)
{
    struct err e = {0};
    res r = event_pattern_parse(c->arena, text, &e, out);

    return r.why == WHY_REJECT
               ? fault(c, &events_InvalidEventPatternException, "Event pattern is not valid. Reason: %s", e.what)
               : r;
}

static res check(struct call *c, const struct events_put_rule_in *in)
{
    json_t *pattern;
    int64_t ms;

    TRY(events_check_bus(c, in->event_bus_name));
    if (!str_all(in->name, name_set))
        return fault(c, &events_ValidationException,
                     "1 validation error detected: Value '%.*s' at 'name' failed to satisfy constraint: Member must "
                     "satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
                     FMT(in->name));
    if (!in->event_pattern.n && !in->schedule_expression.n)
        return fault(c, &events_ValidationException,
                     "Parameter(s) EventPattern or ScheduleExpression must be specified.");
    if (str_starts(in->schedule_expression, S("cron(")))
        return fault(c, &events_UnsupportedOperationException,
                     "Barmkin's EventBridge has rate expressions, not cron (docs/reference/coverage.md).");
    if (in->schedule_expression.n && !events_rate_ms(in->schedule_expression, &ms))
        return fault(c, &events_ValidationException, "Parameter ScheduleExpression is not valid.");
    if (str_eq(in->state, S("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")))
        return fault(c, &events_UnsupportedOperationException,
                     "Barmkin sends no CloudTrail events to EventBridge (docs/reference/coverage.md).");
    return in->event_pattern.n ? read_pattern(c, in->event_pattern, &pattern) : OK;
}

static res check_count(struct call *c)
{
    int64_t n;

    TRY(record_count(c, &events_rule_record, &n));
    return n < RULES_MAX ? OK
                         : fault(c, &events_LimitExceededException,
                                 "The requested resource exceeds the maximum number "
                                 "allowed.");
}

static bool is_enabled(const struct events_rule *r)
{
    return str_eq(r->state, S("ENABLED"));
}

/* A rule that is put again keeps its targets and tags; what else is left out goes, as with AWS. */
res events_put_rule(struct call *c, const struct events_put_rule_in *in, struct events_put_rule_out *out)
{
    const struct events_rule *old = c->subject;
    struct events_rule r = old ? *old : (struct events_rule){.tags = in->tags, .created_by = c->caller->account};

    TRY(check(c, in));
    if (!old)
        TRY(check_count(c));
    TRY(events_check_tags(c, TAGS(in->tags), TAGS(in->tags)));
    r.name = in->name;
    r.arn = events_rule_arn(c, in->name);
    r.event_pattern = in->event_pattern;
    r.schedule_expression = in->schedule_expression;
    r.state = str_is(in->state) ? in->state : S("ENABLED");
    r.description = in->description;
    r.role_arn = in->role_arn;
    events_schedule_end(c, &r);
    if (is_enabled(&r))
        TRY(events_schedule_begin(c, &r));
    out->rule_arn = r.arn;
    return events_rule_save(c, &r);
}

/* ---- switching, removing ---- */

static res set_state(struct call *c, str bus, bool enabled)
{
    struct events_rule r = *(const struct events_rule *)c->subject;

    TRY(events_check_bus(c, bus));
    r.state = enabled ? S("ENABLED") : S("DISABLED");
    events_schedule_end(c, &r);
    if (enabled)
        TRY(events_schedule_begin(c, &r));
    return events_rule_save(c, &r);
}

res events_enable_rule(struct call *c, const struct events_enable_rule_in *in, struct events_enable_rule_out *out)
{
    (void)out;
    return set_state(c, in->event_bus_name, true);
}

res events_disable_rule(struct call *c, const struct events_disable_rule_in *in, struct events_disable_rule_out *out)
{
    (void)out;
    return set_state(c, in->event_bus_name, false);
}

/* A rule that does not exist is deleted without complaint, as AWS does. */
res events_delete_rule(struct call *c, const struct events_delete_rule_in *in, struct events_delete_rule_out *out)
{
    (void)out;
    TRY(events_check_bus(c, in->event_bus_name));
    if (!c->subject)
        return OK;
    struct events_rule r = *(const struct events_rule *)c->subject;
    if (r.targets.n)
        return fault(c, &events_ValidationException, "Rule can't be deleted since it has targets.");
    events_schedule_end(c, &r);
    return events_rule_drop(c, &r);
}

/* ---- reading ---- */

res events_describe_rule(struct call *c, const struct events_describe_rule_in *in, struct events_describe_rule_out *out)
{
    TRY(events_check_bus(c, in->event_bus_name));
    shape_copy(&events_rule_shape, c->subject, events_DescribeRule_op.out, out);
    out->event_bus_name = S("default");
    return OK;
}

static res open_token(struct call *c, str token, str *after)
{
    *after = STR_ABSENT;
    if (str_is(token) && !page_token_open(c, token, after))
        return fault(c, &events_ValidationException, "Parameter NextToken is not valid.");
    return OK;
}

static size_t limit_of(opt_int given)
{
    return given.set ? (size_t)given.v : 100;
}

res events_list_rules(struct call *c, const struct events_list_rules_in *in, struct events_list_rules_out *out)
{
    struct events_rule_page page;
    str after;

    TRY(events_check_bus(c, in->event_bus_name));
    TRY(open_token(c, in->next_token, &after));
    TRY(events_rule_list_all(c, STR_ABSENT, in->name_prefix, after, limit_of(in->limit), &page));
    out->rules.v = ARENA_ARRAY(c->arena, struct events_rule_entry, page.n + 1);
    for (; out->rules.n < page.n; out->rules.n++) {
        struct events_rule_entry *entry = &out->rules.v[out->rules.n];
        shape_copy(&events_rule_shape, page.v[out->rules.n], &events_rule_entry_shape, entry);
        entry->event_bus_name = S("default");
    }
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->name);
    return OK;
}

static bool has_target(const struct events_rule *r, str arn)
{
    for (size_t i = 0; i < r->targets.n; i++)
        if (str_eq(r->targets.v[i].arn, arn))
            return true;
    return false;
}

/* The rules of one bus fit into one look. */
res events_list_rule_names_by_target(struct call *c, const struct events_list_rule_names_by_target_in *in,
                                     struct events_list_rule_names_by_target_out *out)
{
    size_t max = limit_of(in->limit);
    struct events_rule_page page;
    str after;

    TRY(events_check_bus(c, in->event_bus_name));
    TRY(open_token(c, in->next_token, &after));
    TRY(events_rule_list_all(c, STR_ABSENT, STR_ABSENT, after, RULES_MAX, &page));
    out->rule_names.v = ARENA_ARRAY(c->arena, str, max + 1);
    for (size_t i = 0; i < page.n; i++) {
        if (!has_target(page.v[i], in->target_arn))
            continue;
        if (out->rule_names.n == max) {
            out->next_token = page_token(c, out->rule_names.v[max - 1]);
            return OK;
        }
        out->rule_names.v[out->rule_names.n++] = page.v[i]->name;
    }
    return OK;
}

/* ---- the bus ---- */

res events_describe_event_bus(struct call *c, const struct events_describe_event_bus_in *in,
                              struct events_describe_event_bus_out *out)
{
    TRY(events_check_bus(c, in->name));
    out->name = S("default");
    out->arn = call_arn(c, "events", "event-bus/default");
    return OK;
}

res events_list_event_buses(struct call *c, const struct events_list_event_buses_in *in,
                            struct events_list_event_buses_out *out)
{
    out->event_buses.v = ARENA_ARRAY(c->arena, struct events_event_bus, 1);
    if (str_starts(S("default"), in->name_prefix))
        out->event_buses.v[out->event_buses.n++] =
            (struct events_event_bus){S("default"), call_arn(c, "events", "event-bus/default")};
    return OK;
}

/* ---- TestEventPattern ---- */

res events_test_event_pattern(struct call *c, const struct events_test_event_pattern_in *in,
                              struct events_test_event_pattern_out *out)
{
    static const char *const needed[] = {"id", "account", "source", "time", "region", "resources", "detail-type"};
    struct err e = {0};
    json_t *pattern, *event;

    TRY(read_pattern(c, in->event_pattern, &pattern));
    if (!is_ok(json_parse(c->arena, in->event, &e, &event)) || !json_is_object(event))
        return fault(c, &events_ValidationException, "Parameter Event is not valid. Reason: %s",
                     e.what[0] ? e.what : "Event is not an object");
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!json_object_get(event, needed[i]))
            return fault(c, &events_ValidationException, "Parameter Event is not valid. Reason: %s is missing",
                         needed[i]);
    out->result = SET_BOOL(event_pattern_matches(pattern, event));
    return OK;
}
