/* SPDX-License-Identifier: MIT */
/* One line of a cfn block as calls through the gate: one, one for each item of a list, or one with all of them. */
#include <string.h>

#include "api/codec.h"
#include "base/json.h"
#include "cfn_calls.h"

enum { ANSWER_MAX_BYTES = 4 << 20 };

/* ---- when a line applies ---- */

bool cfn_applies(const struct cfn_values *v, const struct cfn_call *call)
{
    if (call->test == CFN_ALWAYS)
        return true;
    const json_t *at = cfn_value(v, call->when);
    if (call->test == CFN_PRESENT || call->test == CFN_ABSENT)
        return (at != NULL) == (call->test == CFN_PRESENT);
    return at && str_eq(cfn_value_text(v, call->when), str_z(call->is)) == (call->test == CFN_IS);
}

bool cfn_is_touched(const struct cfn_call *call, const json_t *before, const json_t *after)
{
    if (!call->on)
        return true; /* a list says itself what was added and removed */
    for (const char *const *on = call->on; *on; on++) {
        const json_t *was = json_object_get(before, *on), *is = json_object_get(after, *on);
        if ((was || is) && !(was && is && json_equal((json_t *)was, (json_t *)is)))
            return true;
    }
    return false;
}

/* ---- the items of a list ---- */

static const json_t *told_apart(const json_t *item, const char *by)
{
    const json_t *at = by ? json_object_get(item, by) : item;

    return at ? at : item;
}

static bool holds(const json_t *list, const json_t *item, const char *by)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (json_equal((json_t *)told_apart(one, by), (json_t *)told_apart(item, by)))
            return true;
    }
    return false;
}

/* What of `from` is not in `other`. */
static json_t *only_in(struct arena *a, const json_t *from, const json_t *other, const char *by)
{
    json_t *out = cfn_own(a, json_array()), *one;
    size_t i;

    json_array_foreach(from, i, one)
    {
        if (!holds(other, one, by))
            json_array_append(out, one);
    }
    return out;
}

/* What is no list is a list of one. */
static json_t *list_of(const struct cfn_values *v, const char *expression)
{
    json_t *value = cfn_value(v, expression);

    if (!value || json_is_array(value))
        return value;
    json_t *list = cfn_own(v->c->arena, json_array());
    json_array_append(list, value);
    return list;
}

static const json_t *items(const struct cfn_values *v, const struct cfn_call *call, const json_t *before)
{
    struct cfn_values then = *v;
    const json_t *now = list_of(v, call->list);

    then.props = before;
    if (call->which == CFN_ITEMS)
        return now;
    if (call->which == CFN_ADDED)
        return only_in(v->c->arena, now, list_of(&then, call->list), call->by);
    return only_in(v->c->arena, list_of(&then, call->list), now, call->by);
}

/* ---- a call ---- */

static res answer_tree(struct call *c, const struct operation *op, const void *out, json_t **tree)
{
    struct buf b;

    buf_init(&b, ANSWER_MAX_BYTES);
    json_encode(op->out, out, &b);
    res why = json_parse(c->arena, buf_str(&b), &c->err, tree);
    buf_done(&b);
    return why;
}

/* The judgements of the newest inner call, from its audit record: for `stack why`. Their ladders stay in the log. */
static str judgement_of(struct call *c)
{
    json_t *record, *one;
    size_t i;

    if (!c->audit || !is_ok(json_parse(c->arena, c->audit->text, NULL, &record)))
        return STR_ABSENT;
    json_t *kept = cfn_own(c->arena, json_object()), *list = json_array();
    json_object_set_new(kept, "judgements", list);
    json_array_foreach(json_object_get(json_object_get(record, "barmkin"), "judgements"), i, one)
    {
        json_t *bare = json_copy(one);
        json_object_del(bare, "trace");
        json_array_append_new(list, bare);
    }
    return cfn_dump(c->arena, kept);
}

static str service_word(struct call *c, const struct operation *op)
{
    char *name = arena_z(c->arena, str_z(op->service->signs_as));

    if (name[0] >= 'a' && name[0] <= 'z')
        name[0] = (char)(name[0] - 32);
    return str_z(name);
}

static bool has_word(str code, const char *const *words)
{
    for (; *words; words++)
        if (str_search(code, str_z(*words)) >= 0)
            return true;
    return false;
}

static bool is_denial(const struct fault *f)
{
    static const char *const denied[] = {"AccessDenied", "Unauthorized", NULL};

    return f->type == &api_access_denied || has_word(str_z(f->type->code), denied);
}

static const char *handler_code(const struct fault *f)
{
    static const char *const exists[] = {"AlreadyExists", "AlreadyOwned", "Duplicate", NULL};
    static const char *const absent[] = {"NotFound", "NoSuch", NULL};
    static const char *const limits[] = {"LimitExceeded", NULL};
    str code = str_z(f->type->code);

    return is_denial(f)             ? "AccessDenied"
           : has_word(code, exists) ? "AlreadyExists"
           : has_word(code, absent) ? "NotFound"
           : has_word(code, limits) ? "ServiceLimitExceeded"
                                    : "InvalidRequest";
}

str cfn_refusal(struct call *c, const struct operation *op, const struct fault *f)
{
    bool json = op->service->protocol == P_JSON && is_denial(f); /* which says 400 where others say 403 */

    return arena_printf(
        c->arena,
        "Resource handler returned message: \"%.*s (Service: %.*s, Status Code: %d, Request ID: %.*s)\" "
        "(RequestToken: %.*s, HandlerErrorCode: %s)",
        FMT(f->message), FMT(service_word(c, op)), json ? 400 : f->type->status, FMT(c->request_id), FMT(call_uuid(c)),
        handler_code(f));
}

res cfn_call_once(const struct cfn_values *v, const struct caller *actor, const struct cfn_call *call,
                  struct cfn_answer *out)
{
    struct call *c = v->c;
    void *in, *answer = arena_alloc(c->arena, call->op->out->size);
    struct err e = {0};

    *out = (struct cfn_answer){0};
    res why = cfn_input(v, call, &in, &e);
    if (why.why == WHY_REJECT) {
        out->reason = arena_printf(c->arena, "Properties validation failed for resource with message:\n%s", e.what);
        return OK;
    }
    if (!is_ok(why))
        return oops(&c->err, e.sys_errno, "%s", e.what);
    TRY(call_try(c, actor, call->op, in, answer, &out->fault));
    if (out->fault.type) {
        out->reason = cfn_refusal(c, call->op, &out->fault);
        out->denied = is_denial(&out->fault) ? judgement_of(c) : STR_ABSENT;
        return OK;
    }
    return answer_tree(c, call->op, answer, &out->tree);
}

void cfn_take(const struct cfn_values *v, const struct cfn_call *call, const struct cfn_answer *answer, json_t *kept)
{
    for (size_t i = 0; i < call->n_keeps; i++) {
        str from = str_z(call->keeps[i].from);
        bool again = str_starts(from, S("@")); /* what was kept before, under another name */
        json_t *found =
            again ? json_object_getn(kept, from.p + 1, from.n - 1) : cfn_at(v->c->arena, answer->tree, from);
        if (found)
            json_object_set(kept, call->keeps[i].to, found);
    }
}

res cfn_call_line(struct cfn_values *v, const struct caller *actor, const struct cfn_call *call, const json_t *before,
                  json_t *kept, struct cfn_answer *out)
{
    const json_t *list = call->pick == CFN_ONCE ? NULL : items(v, call, before);
    size_t n = json_array_size(list), times = call->pick == CFN_EACH ? n : call->pick == CFN_ALL ? n > 0 : 1;

    *out = (struct cfn_answer){0};
    for (size_t i = 0; i < times && !out->reason.n; i++) {
        v->item = call->pick == CFN_EACH ? json_array_get(list, i) : list;
        if (!cfn_applies(v, call))
            continue;
        TRY(cfn_call_once(v, actor, call, out));
        if (!out->reason.n)
            cfn_take(v, call, out, kept);
    }
    v->item = NULL;
    return OK;
}
