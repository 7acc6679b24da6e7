/* SPDX-License-Identifier: MIT */
/* Finders of events: rules by name or ARN, and the one bus. */
#include "events_parts.h"

str events_rule_arn(struct call *c, str name)
{
    return call_arn(c, "events", "rule/%.*s", FMT(name));
}

res events_check_bus(struct call *c, str bus)
{
    if (!str_is(bus) || str_eq(bus, S("default")) || str_eq(bus, call_arn(c, "events", "event-bus/default")))
        return OK;
    return fault(c, &events_ResourceNotFoundException, "Event bus %.*s does not exist.", FMT(bus));
}

static res find(struct call *c, str name, struct resource *out)
{
    struct events_rule *r = NULL;

    out->arn = events_rule_arn(c, name);
    TRY(events_rule_load(c, STR_ABSENT, name, &r));
    if (!r)
        return OK;
    struct str_pair *tags = ARENA_ARRAY(c->arena, struct str_pair, r->tags.n + 1);
    for (size_t i = 0; i < r->tags.n; i++)
        tags[i] = (struct str_pair){r->tags.v[i].key, r->tags.v[i].value};
    out->tags = tags;
    out->n_tags = r->tags.n;
    out->subject = r;
    return OK;
}

res events_find_new_rule(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], out);
}

static void missing(struct call *c, str name, struct resource *out)
{
    out->missing = &events_ResourceNotFoundException;
    out->missing_text = arena_printf(c->arena, "Rule %.*s does not exist on EventBridge bus default.", FMT(name));
}

res events_find_rule(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    missing(c, names[0], out);
    return find(c, names[0], out);
}

res events_find_tagged(struct call *c, const str *names, size_t n, struct resource *out)
{
    str prefix = events_rule_arn(c, S(""));

    (void)n;
    if (!str_starts(names[0], prefix)) { /* of another account, or no rule: judged as it is written */
        missing(c, names[0], out);
        out->arn = names[0];
        return OK;
    }
    return events_find_rule(c, &(str){names[0].p + prefix.n, names[0].n - prefix.n}, 1, out);
}

res events_find_bus(struct call *c, const str *names, size_t n, struct resource *out)
{
    str name = n && names[0].n ? names[0] : S("default"), prefix = call_arn(c, "events", "event-bus/");

    out->arn = str_starts(name, S("arn:")) ? name : arena_cat(c->arena, prefix, name);
    return OK;
}

/* ---- condition keys (Service Authorization Reference, Amazon EventBridge) ---- */

res events_add_creator(struct call *c)
{
    if (c->n_resources && c->resources[0].type && c->subject)
        context_add(c, S("events:creatorAccount"), ((const struct record_head *)c->subject)->account);
    return OK;
}

res events_add_not_a_bus(struct call *c)
{
    context_add(c, S("events:eventBusInvocation"), S("false"));
    return OK;
}

static void add_texts(struct call *c, str key, const json_t *list)
{
    str *v = ARENA_ARRAY(c->arena, str, json_array_size(list) + 1);
    size_t n = 0, i;
    json_t *one;

    json_array_foreach(list, i, one)
    {
        if (json_is_string(one))
            v[n++] = json_str(one);
    }
    if (n)
        context_add_list(c, key, v, n);
}

/* A pattern that cannot be read has no facts; the handler refuses it after the judgement. */
res events_add_pattern_facts(struct call *c)
{
    const struct events_put_rule_in *in = c->in;
    struct err ignored = {0};
    json_t *p;

    if (!in->event_pattern.n || !is_ok(event_pattern_parse(c->arena, in->event_pattern, &ignored, &p)))
        return OK;
    const json_t *detail = json_object_get(p, "detail");
    add_texts(c, S("events:source"), json_object_get(p, "source"));
    add_texts(c, S("events:detail-type"), json_object_get(p, "detail-type"));
    add_texts(c, S("events:detail.service"), json_object_get(detail, "service"));
    add_texts(c, S("events:detail.eventTypeCode"), json_object_get(detail, "eventTypeCode"));
    add_texts(c, S("events:detail.userIdentity.principalId"),
              json_object_get(json_object_get(detail, "userIdentity"), "principalId"));
    return OK;
}
