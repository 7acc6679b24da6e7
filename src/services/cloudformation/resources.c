/* SPDX-License-Identifier: MIT */
/* One resource: made, changed, removed and waited for by the calls of its type's cfn block. The calls of one change are
 * one transaction: refused half-way, nothing of it has happened. */
#include <string.h>

#include "api/gate.h"
#include "api/tags.h"
#include "cfn_calls.h"
#include "cfn_nested.h"
#include "cfn_secrets.h"

/* ---- changes ---- */

static struct cfn_values values_of(struct cfn_hand *h)
{
    return (struct cfn_values){.c = h->c, .props = h->props, .kept = h->kept, .id = h->r->physical_resource_id};
}

static void keep(struct cfn_hand *h)
{
    struct cfn_values v = values_of(h);
    str id = cfn_value_text(&v, h->type->ref);

    h->r->physical_resource_id = id.n ? id : h->r->physical_resource_id;
    h->r->properties = cfn_dump(h->c->arena, h->props);
    h->r->kept = cfn_dump(h->c->arena, h->kept);
}

/* What the calls of an undone change would have said and done is forgotten, but for the refusal itself. */
struct mark {
    struct after *last;
    struct audit_line *audit;
};

static struct after *last_of(struct after *a)
{
    while (a && a->next)
        a = a->next;
    return a;
}

static void forget(struct call *c, const struct mark *m, const struct audit_line *before_refusal)
{
    if (m->last)
        m->last->next = NULL;
    else
        c->after = NULL;
    struct audit_line **at = &c->audit;
    while (*at && *at != before_refusal)
        at = &(*at)->next;
    *at = m->audit;
}

typedef res lines_fn(struct cfn_hand *h, struct cfn_values *v, const struct cfn_call *call, struct cfn_answer *out);

static res run_lines(struct cfn_hand *h, const struct cfn_call *calls, size_t n, lines_fn *line, enum cfn_end *end)
{
    struct call *c = h->c;
    struct mark m = {last_of(c->after), c->audit};
    struct cfn_values v = values_of(h);
    struct cfn_answer answer = {0};

    *end = CFN_DONE;
    TRY(txn_savepoint(c->txn, &c->err));
    for (size_t i = 0; i < n && *end == CFN_DONE; i++) {
        const struct audit_line *before = c->audit;
        TRY(line(h, &v, &calls[i], &answer));
        if (!answer.reason.n)
            continue;
        h->reason = answer.reason;
        h->denied = answer.denied;
        forget(c, &m, before);
        *end = CFN_FAILED;
    }
    return *end == CFN_FAILED ? txn_undo(c->txn, &c->err) : txn_release(c->txn, &c->err);
}

static res create_line(struct cfn_hand *h, struct cfn_values *v, const struct cfn_call *call, struct cfn_answer *out)
{
    return cfn_call_line(v, h->actor, call, NULL, h->kept, out);
}

/* A stack in a stack is always asked: what its template or its parameters' own sources say may have changed. */
static res update_line(struct cfn_hand *h, struct cfn_values *v, const struct cfn_call *call, struct cfn_answer *out)
{
    *out = (struct cfn_answer){0};
    if (!h->type->nested && !cfn_is_touched(call, h->before, h->props))
        return OK;
    TRY(cfn_call_line(v, h->actor, call, h->before, h->kept, out));
    h->idle = h->type->nested && out->fault.type && str_starts(out->fault.message, S("No updates are to be performed"));
    if (h->idle)
        *out = (struct cfn_answer){0};
    return OK;
}

static bool says_missing(const struct cfn_type *t, const struct fault *f)
{
    for (const char *const *m = t->missing; m && *m && f->type; m++)
        if (strcmp(f->type->code, *m) == 0)
            return true;
    return false;
}

/* What is gone already has been deleted. */
static res delete_line(struct cfn_hand *h, struct cfn_values *v, const struct cfn_call *call, struct cfn_answer *out)
{
    TRY(cfn_call_line(v, h->actor, call, NULL, h->kept, out));
    if (says_missing(h->type, &out->fault))
        *out = (struct cfn_answer){0};
    return OK;
}

static void name_it(struct cfn_hand *h)
{
    const char *prop = h->type->name_prop;

    if (!prop)
        return;
    str given = json_str_at(h->props, prop);
    str name = given.n ? given
                       : cfn_name(h->c, h->stack->stack_name, h->r->logical_resource_id, h->type->name_max,
                                  h->type->name_lower);
    json_object_set_new(h->kept, prop, json_stringn(name.p, name.n));
}

/* AWS's handlers hand on three tags that no template can give. */
static res run_marked(struct cfn_hand *h, const struct cfn_call *calls, size_t n, lines_fn *line, enum cfn_end *end)
{
    const struct str_pair tags[] = {{S("aws:cloudformation:stack-name"), h->stack->stack_name},
                                    {S("aws:cloudformation:logical-id"), h->r->logical_resource_id},
                                    {S("aws:cloudformation:stack-id"), h->stack->stack_id}};
    const struct system_tags marks = {h->type->system_tags, tags, sizeof tags / sizeof *tags};

    h->c->system_tags = h->type->system_tags ? &marks : NULL;
    res why = run_lines(h, calls, n, line, end);
    h->c->system_tags = NULL;
    return why;
}

/* A stack in a stack that had nothing to do is what it should be, also where it has come back from a failed update. */
static res take_as_it_is(struct cfn_hand *h)
{
    struct cfn_values v = values_of(h);
    struct cfn_answer answer;

    TRY(cfn_call_once(&v, h->actor, h->type->wait, &answer));
    if (!answer.fault.type)
        cfn_take(&v, h->type->wait, &answer, h->kept);
    return OK;
}

static res change(struct cfn_hand *h, const struct cfn_call *calls, size_t n, lines_fn *line, enum cfn_end *end)
{
    *end = CFN_FAILED;
    if (!cfn_check_properties(h))
        return OK;
    if (h->type->nested)
        cfn_lend(h);
    TRY(run_marked(h, calls, n, line, end));
    if (*end != CFN_DONE)
        return OK;
    if (h->type->nested)
        TRY(cfn_adopt(h));
    if (h->idle)
        TRY(take_as_it_is(h));
    keep(h);
    *end = h->type->wait && !h->idle ? CFN_WAITS : CFN_DONE;
    return OK;
}

static res turn_back(struct cfn_hand *h, struct cloudformation_stack *child, enum cfn_end *end)
{
    TRY(cfn_turn_back_child(h, child));
    if (h->idle)
        TRY(take_as_it_is(h));
    keep(h);
    *end = h->idle ? CFN_DONE : CFN_WAITS;
    return OK;
}

static res ask_custom(struct cfn_hand *h, const char *what, enum cfn_end *end)
{
    TRY(cfn_custom_ask(h, what, end));
    if (*end == CFN_WAITS) {
        h->r->old_properties = h->before ? cfn_dump(h->c->arena, h->before) : STR_ABSENT;
        h->r->properties = cfn_dump(h->c->arena, h->props);
        h->r->kept = cfn_dump(h->c->arena, h->kept);
    }
    return OK;
}

res cfn_create(struct cfn_hand *h, enum cfn_end *end)
{
    h->kept = cfn_own(h->c->arena, json_object());
    if (h->type->custom) { /* until it says its own, by this id it is told to go */
        h->r->physical_resource_id = cfn_name(h->c, h->stack->stack_name, h->r->logical_resource_id, 128, false);
        TRY(ask_custom(h, "Create", end));
        if (*end == CFN_FAILED) /* nobody was asked: there is nothing to tell to go */
            h->r->physical_resource_id = STR_ABSENT;
        return OK;
    }
    name_it(h);
    return change(h, h->type->creates, h->type->n_creates, create_line, end);
}

res cfn_update(struct cfn_hand *h, enum cfn_end *end)
{
    if (h->type->custom &&
        !cfn_same(json_object_get(h->before, "ServiceToken"), json_object_get(h->props, "ServiceToken"))) {
        h->reason = S("Modifying service token is not allowed.");
        *end = CFN_FAILED;
        return OK;
    }
    struct cloudformation_stack *follower;
    if (h->type->custom)
        return ask_custom(h, "Update", end);
    TRY(cfn_follower(h->c, h->stack, h->r, &follower));
    if (follower)
        return turn_back(h, follower, end);
    return change(h, h->type->updates, h->type->n_updates, update_line, end);
}

res cfn_delete(struct cfn_hand *h, enum cfn_end *end)
{
    *end = CFN_DONE;
    if (!h->r->physical_resource_id.n)
        return OK;
    if (h->type->custom)
        return cfn_custom_ask(h, "Delete", end);
    TRY(run_lines(h, h->type->deletes, h->type->n_deletes, delete_line, end));
    if (*end == CFN_DONE && h->type->gone)
        *end = CFN_WAITS;
    return OK;
}

/* ---- waiting ---- */

static bool is_one_of(const char *list, str value)
{
    str rest = str_z(list);

    while (str_is(rest))
        if (str_eq(str_cut(&rest, '|'), value))
            return true;
    return false;
}

static void judge_state(struct cfn_hand *h, const struct cfn_call *wait, const struct cfn_answer *answer,
                        enum cfn_end *end)
{
    struct arena *a = h->c->arena;
    str state = json_str(cfn_at(a, answer->tree, str_z(wait->path)));
    str why = wait->reason ? json_str(cfn_at(a, answer->tree, str_z(wait->reason))) : STR_ABSENT;

    if (h->type->nested && str_starts(h->r->resource_status, S("UPDATE"))) {
        *end = cfn_judge_update(h, state, why);
        return;
    }
    *end = is_one_of(wait->done, state) ? CFN_DONE : CFN_WAITS;
    bool spoiled = *end == CFN_DONE && wait->when && cfn_at(a, answer->tree, str_z(wait->when));
    if (!spoiled && (!wait->failed || !is_one_of(wait->failed, state)))
        return;
    *end = CFN_FAILED;
    if (h->type->nested) {
        bool made = str_starts(h->r->resource_status, S("CREATE"));
        h->reason =
            arena_printf(a, "Embedded stack %.*s was not successfully %s: %.*s", FMT(h->r->physical_resource_id),
                         made ? "created" : "deleted", FMT(why.n ? why : state));
        return;
    }
    h->reason = arena_printf(a,
                             "Resource handler returned message: \"%.*s\" (RequestToken: %.*s, HandlerErrorCode: "
                             "NotStabilized)",
                             FMT(why.n ? why : state), FMT(call_uuid(h->c)));
}

static res poll(struct cfn_hand *h, const struct cfn_call *wait, bool deleting, enum cfn_end *end)
{
    struct cfn_values v = values_of(h);
    struct cfn_answer answer;

    TRY(cfn_call_once(&v, h->actor, wait, &answer));
    bool says_done = answer.fault.type && !wait->path && is_one_of(wait->done, str_z(answer.fault.type->code));
    *end = CFN_DONE;
    if (says_done || (deleting && says_missing(h->type, &answer.fault)))
        return OK;
    if (answer.reason.n) {
        h->reason = answer.reason;
        h->denied = answer.denied;
        *end = CFN_FAILED;
        return OK;
    }
    *end = CFN_WAITS;
    if (wait->path)
        judge_state(h, wait, &answer, end);
    if (*end == CFN_DONE)
        cfn_take(&v, wait, &answer, h->kept);
    return OK;
}

res cfn_poll(struct cfn_hand *h, enum cfn_end *end)
{
    bool deleting = str_starts(h->r->resource_status, S("DELETE"));

    if (h->type->custom) {
        TRY(cfn_custom_look(h, end));
        h->r->kept = cfn_dump(h->c->arena, h->kept);
        return OK;
    }
    TRY(poll(h, deleting ? h->type->gone : h->type->wait, deleting, end));
    if (*end == CFN_DONE && !deleting)
        keep(h);
    return OK;
}

/* ---- attributes ---- */

/* "Outputs." of a nested stack: what the output of that name says. */
static json_t *picked(const json_t *list, str name)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (str_eq(json_str_at(one, "OutputKey"), name))
            return json_object_get(one, "OutputValue");
    }
    return NULL;
}

static bool is_kept_anew(const struct cfn_type *t, str name)
{
    for (size_t i = 0; i < t->n_updates; i++)
        for (size_t k = 0; k < t->updates[i].n_keeps; k++)
            if (str_eq(str_z(t->updates[i].keeps[k].to), name))
                return true;
    return false;
}

/* What follows from properties changes with them; what the first answer said stays, unless updates ask again. */
bool cfn_attribute_moves(const struct cfn_type *t, str path)
{
    for (size_t i = 0; i < t->n_attrs; i++) {
        str from = str_z(t->attrs[i].from);
        if (!str_eq(str_z(t->attrs[i].to), path))
            continue;
        str name = str_from(from, 1);
        return from.p[0] != '@' || is_kept_anew(t, str_cut(&name, '('));
    }
    return true;
}

static json_t *attribute(const struct cfn_values *v, const struct cfn_type *t, str path)
{
    if (t->custom)
        return cfn_at(v->c->arena, json_object_get(v->kept, "Data"), path);
    for (size_t i = 0; i < t->n_attrs; i++) {
        str name = str_z(t->attrs[i].to);
        if (str_eq(name, path))
            return cfn_value(v, t->attrs[i].from);
        if (str_ends(name, S(".")) && str_starts(path, name))
            return picked(cfn_value(v, t->attrs[i].from), str_from(path, name.n));
    }
    return NULL;
}

res cfn_attribute(struct call *c, const struct cloudformation_stack *s, const struct cfn_type *t,
                  const struct cloudformation_resource *r, str path, bool veils, json_t **out)
{
    json_t *props = NULL, *kept = NULL;

    TRY(cfn_open_resource(c, s, r, &props, &kept));
    struct cfn_values v = {.c = c, .props = props, .kept = kept, .id = r->physical_resource_id};
    *out = attribute(&v, t, path);
    if (veils && *out && json_is_true(json_object_get(kept, "NoEcho")))
        *out = cfn_own(c->arena, json_string("****"));
    return OK;
}
