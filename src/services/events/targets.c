/* SPDX-License-Identifier: MIT */
/* Targets of rules. */
#include "events_parts.h"

static struct events_target *find_in(struct events_target_list *list, str id)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i].id, id))
            return &list->v[i];
    return NULL;
}

res events_put_targets(struct call *c, const struct events_put_targets_in *in, struct events_put_targets_out *out)
{
    struct events_rule r = *(const struct events_rule *)c->subject;
    struct events_target_list all = {0, ARENA_ARRAY(c->arena, struct events_target, r.targets.n + in->targets.n)};

    TRY(events_check_bus(c, in->event_bus_name));
    for (size_t i = 0; i < r.targets.n; i++)
        all.v[all.n++] = r.targets.v[i];
    for (size_t i = 0; i < in->targets.n; i++) {
        TRY(events_check_target(c, &in->targets.v[i]));
        struct events_target *same = find_in(&all, in->targets.v[i].id);
        *(same ? same : &all.v[all.n++]) = in->targets.v[i];
    }
    if (all.n > TARGETS_MAX)
        return fault(c, &events_LimitExceededException, "The requested resource exceeds the maximum number allowed.");
    r.targets = all;
    out->failed_entry_count = SET_INT(0);
    out->failed_entries.v = ARENA_ARRAY(c->arena, struct events_failed_target, 1);
    return events_rule_save(c, &r);
}

res events_remove_targets(struct call *c, const struct events_remove_targets_in *in,
                          struct events_remove_targets_out *out)
{
    struct events_rule r = *(const struct events_rule *)c->subject;
    struct events_target_list kept = {0, ARENA_ARRAY(c->arena, struct events_target, r.targets.n + 1)};

    TRY(events_check_bus(c, in->event_bus_name));
    for (size_t i = 0; i < r.targets.n; i++) {
        bool goes = false;
        for (size_t k = 0; k < in->ids.n; k++)
            goes = goes || str_eq(in->ids.v[k], r.targets.v[i].id);
        if (!goes)
            kept.v[kept.n++] = r.targets.v[i];
    }
    out->failed_entries.v = ARENA_ARRAY(c->arena, struct events_failed_target, in->ids.n + 1);
    for (size_t k = 0; k < in->ids.n; k++)
        if (!find_in(&r.targets, in->ids.v[k]))
            out->failed_entries.v[out->failed_entries.n++] =
                (struct events_failed_target){in->ids.v[k], S("ResourceNotFoundException"),
                                              arena_printf(c->arena,
                                                           "Rule %.*s does not have a target with the Id "
                                                           "%.*s.",
                                                           FMT(r.name), FMT(in->ids.v[k]))};
    out->failed_entry_count = SET_INT((int64_t)out->failed_entries.n);
    r.targets = kept;
    return events_rule_save(c, &r);
}

/* A rule has few targets: one page holds them, whatever its limit. */
res events_list_targets_by_rule(struct call *c, const struct events_list_targets_by_rule_in *in,
                                struct events_list_targets_by_rule_out *out)
{
    const struct events_rule *r = c->subject;
    size_t max = in->limit.set ? (size_t)in->limit.v : TARGETS_MAX, from = 0;
    str after;

    TRY(events_check_bus(c, in->event_bus_name));
    if (str_is(in->next_token)) {
        uint64_t at;
        if (!page_token_open(c, in->next_token, &after) || !str_to_u64(after, &at))
            return fault(c, &events_ValidationException, "Parameter NextToken is not valid.");
        from = at < r->targets.n ? (size_t)at : r->targets.n;
    }
    out->targets.v = r->targets.n ? r->targets.v + from : ARENA_ARRAY(c->arena, struct events_target, 1);
    out->targets.n = r->targets.n - from < max ? r->targets.n - from : max;
    if (from + out->targets.n < r->targets.n)
        out->next_token = page_token(c, arena_printf(c->arena, "%zu", from + out->targets.n));
    return OK;
}
