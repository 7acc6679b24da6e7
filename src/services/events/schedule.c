/* SPDX-License-Identifier: MIT */
/* Rules with a rate: a flow a rule keeps the time, through restarts. */
#include "events_parts.h"

enum { MINUTE_MS = 60000 };

extern const struct flow_kind events_schedule_flow;

bool events_rate_ms(str expression, int64_t *ms)
{
    static const struct {
        const char *one, *many;
        int64_t ms;
    } units[] = {
        {"minute", "minutes", MINUTE_MS}, {"hour", "hours", 60 * MINUTE_MS}, {"day", "days", 1440 * MINUTE_MS}};
    uint64_t n;

    if (!str_starts(expression, S("rate(")) || !str_ends(expression, S(")")))
        return false;
    str unit = str_sub(expression, 5, expression.n - 6), number = str_cut(&unit, ' ');
    if (!str_to_u64(number, &n) || n < 1 || n > 10000000)
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (str_eq(unit, str_z(n == 1 ? units[i].one : units[i].many))) {
            *ms = (int64_t)n * units[i].ms;
            return true;
        }
    return false;
}

void events_schedule_end(struct call *c, struct events_rule *r)
{
    if (r->schedule_flow.n)
        flow_tell(c, r->schedule_flow, "end");
    r->schedule_flow = STR_ABSENT;
}

res events_schedule_begin(struct call *c, struct events_rule *r)
{
    if (!r->schedule_expression.n)
        return OK;
    return flow_begin(c, events_schedule_flow.name, r->name, STR_ABSENT, &r->schedule_flow);
}

/* The rule, if this flow is the one that keeps its time; else NULL, and the flow ends. */
static res rule_of(struct call *c, struct flow *f, struct events_rule **out)
{
    TRY(events_rule_load(c, f->account, f->subject, out));
    if (*out && !str_eq((*out)->schedule_flow, f->id))
        *out = NULL;
    if (!*out)
        flow_end(f);
    return OK;
}

static res arm(struct call *c, struct flow *f, const struct events_rule *r)
{
    int64_t ms;

    if (!events_rate_ms(r->schedule_expression, &ms))
        return oops(&c->err, 0, "the rule %.*s keeps no rate", FMT(r->name));
    flow_wake(c, f, ms);
    return OK;
}

static res on_begin(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct events_rule *r;

    (void)e;
    TRY(rule_of(c, f, &r));
    return r ? arm(c, f, r) : OK;
}

static res on_timer(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct events_rule *r;

    (void)e;
    TRY(rule_of(c, f, &r));
    if (!r)
        return OK;
    struct list_of_str resources = {1, &r->arn};
    struct event_facts facts = {.source = S("aws.events"),
                                .detail_type = S("Scheduled Event"),
                                .resources = &resources,
                                .detail = json_object(),
                                .time_ms = c->now_ms};
    TRY(events_deliver(c, r, events_envelope(c, &facts, call_uuid(c))));
    return arm(c, f, r);
}

static res on_end(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)c, (void)e;
    flow_end(f);
    return OK;
}

static const struct flow_rule rules[] = {
    {"new", "begin", on_begin, "waiting"},
    {"waiting", "timer", on_timer, NULL},
    {"waiting", "step-failed", on_begin, NULL}, /* the next tick comes all the same */
    {"*", "end", on_end, NULL},
};
const struct flow_kind events_schedule_flow = {"events.schedule", EVENTS_SERVICE, rules, sizeof rules / sizeof *rules};
