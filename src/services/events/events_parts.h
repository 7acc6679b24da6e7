/* SPDX-License-Identifier: MIT */
/* What the files of events share. */
#ifndef BARMKIN_EVENTS_PARTS_H
#define BARMKIN_EVENTS_PARTS_H
#include "api/flow.h"
#include "api/tags.h"
#include "events.h"
#include "pattern.h"

#define EVENTS_SERVICE "events.amazonaws.com"

/* AWS's quotas: rules of a bus, targets of a rule; bytes of all entries of one PutEvents. */
enum { RULES_MAX = 300, TARGETS_MAX = 5, ENTRIES_MAX_BYTES = 256 << 10, TAGS_MAX = 50 };

/* Only the account's own bus "default" is built; absent means it, and its ARN is taken. Faults for any other. */
res events_check_bus(struct call *c, str bus);
str events_rule_arn(struct call *c, str name);

/* tags.c: no given tag is AWS's own, and of the others the rule will not have too many. */
res events_check_tags(struct call *c, struct map_of_str given, struct map_of_str all);

/* schedule.c: "rate(5 minutes)". False when it is no such expression. */
bool events_rate_ms(str expression, int64_t *ms);
/* The flow that keeps the time of a rule begins, or the one that does so ends. Changes the rule, which is saved later.
 */
res events_schedule_begin(struct call *c, struct events_rule *r);
void events_schedule_end(struct call *c, struct events_rule *r);

/* transform.c: what a target gets of an event, as JSON text; checks reject what can never be made. */
res events_check_input(struct arena *a, const struct events_target *t, struct err *e);
str events_input(struct arena *a, const struct events_target *t, const struct events_rule *r, const json_t *event);

/* deliver.c */
res events_check_target(struct call *c, const struct events_target *t);
/* Begins one delivery a target of the rule. */
res events_deliver(struct call *c, const struct events_rule *r, const json_t *event);

/* put_events.c: an event as rules and targets see it; lives as long as the call. */
struct event_facts {
    str source, detail_type;
    const struct list_of_str *resources;
    json_t *detail; /* given away */
    int64_t time_ms;
};
json_t *events_envelope(struct call *c, const struct event_facts *f, str id);

#endif
