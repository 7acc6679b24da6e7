/* SPDX-License-Identifier: MIT */
/* From the audit log's flat records back to the tree of calls that one request was, and to the judgement that decided
 * it. */
#include "api/explain.h"

#include <string.h>

#include "base/json.h"
#include "store/audit.h"

enum { MAX_RECORDS = 256, MAX_BYTES = 16 << 20 };

/* ---- finding ---- */

struct wanted {
    str id; /* absent: of the first denial met */
    bool taken;
    struct arena *a;
    struct arena *scratch;
};

static bool is_denial(const json_t *record)
{
    return str_eq(json_str_at(record, "errorCode"), S("AccessDenied"));
}

/* A request's records stand together, its own last; reading goes backwards. */
static enum audit_look look(void *ctx, uint64_t seq, str record)
{
    struct wanted *w = ctx;
    json_t *j;

    (void)seq;
    if (!str_is(w->id) ? str_search(record, S("\"AccessDenied\"")) < 0 : str_search(record, w->id) < 0)
        return w->taken ? AUDIT_STOP : AUDIT_SKIP;
    arena_reset(w->scratch);
    if (!is_ok(json_parse(w->scratch, record, NULL, &j)))
        return AUDIT_SKIP;
    str id = json_str_at(j, "requestID");
    bool inner = json_integer_value(json_object_get(json_object_get(j, "barmkin"), "depth")) > 0;
    if (!str_is(w->id) && is_denial(j) && !inner && id.n)
        w->id = arena_dup(w->a, id);
    if (str_is(w->id) && str_eq(w->id, id)) {
        w->taken = true;
        return AUDIT_TAKE;
    }
    return w->taken ? AUDIT_STOP : AUDIT_SKIP;
}

res explain_find(const char *audit_dir, struct arena *a, str request_id, str *json, struct err *e)
{
    struct wanted w = {.id = request_id, .a = a, .scratch = arena_new(64 << 20)};
    struct audit_hits hits;
    str records[MAX_RECORDS];

    *json = STR_ABSENT;
    res r = audit_find(audit_dir, a, look, &w, MAX_RECORDS, &hits, e);
    arena_free(w.scratch);
    TRY(r);
    if (!hits.n)
        return OK;
    for (size_t i = 0; i < hits.n; i++)
        records[hits.n - 1 - i] = hits.items[i].record;
    return explain_build(records, hits.n, a, json, e);
}

/* ---- building ---- */

struct ended { /* one call */
    const json_t *record;
    unsigned depth;
    size_t next, first_inner; /* 1-based into the array; 0: none */
};

struct tree {
    struct ended *v;
    size_t n;
};

static void add_text(struct buf *b, const char *name, str value)
{
    if (!str_is(value))
        return;
    buf_printf(b, "%s\"%s\":", b->n && b->p[b->n - 1] != '{' ? "," : "", name);
    buf_add_json_str(b, value);
}

static void add_json(struct buf *b, const char *name, const json_t *value)
{
    if (!value)
        return;
    buf_printf(b, "%s\"%s\":", b->n && b->p[b->n - 1] != '{' ? "," : "", name);
    buf_add_json(b, value);
}

/* Inner calls end before the call that made them, so what waits one level deeper belongs to it. */
static void plant(struct tree *t, const json_t *const *records, size_t n, struct arena *a)
{
    size_t waiting[16] = {0};

    t->v = ARENA_ARRAY(a, struct ended, n + 1);
    t->n = n;
    for (size_t i = 0; i < n; i++) {
        json_int_t depth = json_integer_value(json_object_get(json_object_get(records[i], "barmkin"), "depth"));
        unsigned d = depth < 0 ? 0 : depth > 14 ? 14 : (unsigned)depth;
        t->v[i] = (struct ended){records[i], d, 0, waiting[d + 1]};
        waiting[d + 1] = 0;
        size_t *at = &waiting[d]; /* in the order in which they ended */
        while (*at)
            at = &t->v[*at - 1].next;
        *at = i + 1;
    }
}

static const json_t *facts(const json_t *record)
{
    return json_object_get(record, "barmkin");
}

static bool denied(const json_t *judgement)
{
    str decision = json_str_at(judgement, "decision");

    return str_is(decision) && !str_eq(decision, S("Allowed"));
}

/* A denial's trace knows more than the judgement: the nearest statement, and what failed it. */
static void add_judgement(struct buf *b, const json_t *j, const json_t *context)
{
    static const char *const texts[] = {"policy", "sid"}, *const parts[] = {"index", "statement", "missed", "failed"};
    const json_t *trace = json_object_get(j, "trace"), *said = trace ? trace : j;

    buf_add_char(b, '{');
    add_text(b, "action", json_str_at(j, "action"));
    add_text(b, "resource", json_str_at(j, "resource"));
    add_text(b, "decision", json_str_at(j, "decision"));
    add_text(b, "by", json_str_at(j, "by"));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        add_text(b, texts[i], json_str_at(said, texts[i]));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        add_json(b, parts[i], json_object_get(said, parts[i]));
    add_json(b, "layers", json_object_get(trace, "layers"));
    add_json(b, "context", trace ? json_object_get(trace, "context") : context);
    buf_add_char(b, '}');
}

static void add_call(struct buf *b, const struct tree *t, const struct ended *call)
{
    const json_t *r = call->record, *who = json_object_get(r, "userIdentity"), *made = facts(r);
    const json_t *judgements = json_object_get(made, "judgements");
    str arn = json_str_at(who, "arn");

    buf_add_char(b, '{');
    add_text(b, "service", json_str_at(r, "eventSource"));
    add_text(b, "operation", json_str_at(r, "eventName"));
    add_text(b, "principal", arn.n ? arn : json_str_at(who, "invokedBy"));
    add_text(b, "account", json_str_at(who, "accountId"));
    add_text(b, "through", json_str_at(who, "invokedBy"));
    add_text(b, "error_code", json_str_at(r, "errorCode"));
    add_text(b, "message", json_str_at(r, "errorMessage"));
    buf_add_z(b, ",\"judgements\":[");
    for (size_t i = 0; i < json_array_size(judgements); i++) {
        if (i)
            buf_add_char(b, ',');
        add_judgement(b, json_array_get(judgements, i), json_object_get(made, "context"));
    }
    buf_add_z(b, "],\"inner\":[");
    for (size_t at = call->first_inner; at; at = t->v[at - 1].next) {
        if (at != call->first_inner)
            buf_add_char(b, ',');
        add_call(b, t, &t->v[at - 1]);
    }
    buf_add_z(b, "]}");
}

/* The last denial that any of the calls met, if the request itself failed. */
static const json_t *decisive(const struct tree *t, const json_t *root)
{
    const json_t *hit = NULL, *last = NULL;

    for (size_t i = 0; i < t->n; i++) {
        const json_t *list = json_object_get(facts(t->v[i].record), "judgements");
        for (size_t k = 0; k < json_array_size(list); k++) {
            last = json_array_get(list, k);
            hit = denied(last) ? last : hit;
        }
    }
    return json_object_get(root, "errorCode") && hit ? hit : is_denial(root) ? NULL : last;
}

static void add_head(struct buf *b, const struct tree *t, const json_t *root)
{
    const json_t *d = decisive(t, root);
    str decision = json_str_at(d, "decision"), by = json_str_at(d, "by");

    add_text(b, "request_id", json_str_at(root, "requestID"));
    if (is_denial(root) && !d) /* by the operation's own rule: no policy was asked */
        decision = S("ImplicitlyDenied");
    add_text(b, "decision", decision.n ? decision : S("Allowed"));
    add_text(b, "by", by.n ? by : S("none"));
    add_text(b, "time", json_str_at(root, "eventTime"));
    add_text(b, "region", json_str_at(root, "awsRegion"));
    add_text(b, "source_ip", json_str_at(root, "sourceIPAddress"));
    add_text(b, "vpc_endpoint", json_str_at(root, "vpcEndpointId"));
    add_text(b, "error_code", json_str_at(root, "errorCode"));
    add_text(b, "message", json_str_at(root, "errorMessage"));
}

res explain_build(const str *records, size_t n, struct arena *a, str *json, struct err *e)
{
    const json_t **parsed = ARENA_ARRAY(a, const json_t *, n + 1);
    struct tree t;
    struct buf b;

    for (size_t i = 0; i < n; i++) {
        json_t *one;
        TRY(json_parse(a, records[i], e, &one));
        parsed[i] = one;
    }
    plant(&t, parsed, n, a);
    buf_init(&b, MAX_BYTES);
    buf_add_char(&b, '{');
    add_head(&b, &t, parsed[n - 1]);
    buf_add_z(&b, ",\"call\":");
    add_call(&b, &t, &t.v[n - 1]);
    buf_add_char(&b, '}');
    *json = b.full ? STR_ABSENT : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return str_is(*json) ? OK : oops(e, 0, "the explanation is too large");
}

void explain_what_if(str principal, str action, str resource, str message, str trace, struct buf *out)
{
    struct arena *a = arena_new(64 << 20);
    json_t *said = NULL;

    if (!is_ok(json_parse(a, trace, NULL, &said)))
        said = NULL;
    buf_add_char(out, '{');
    add_text(out, "decision", json_str_at(said, "decision"));
    add_text(out, "by", json_str_at(said, "by"));
    add_text(out, "message", message);
    buf_add_z(out, ",\"call\":{");
    add_text(out, "principal", principal);
    buf_add_z(out, ",\"judgements\":[{");
    add_text(out, "action", action);
    add_text(out, "resource", resource);
    if (trace.n > 2) {
        buf_add_char(out, ',');
        buf_add(out, str_from(trace, 1));
    }
    buf_add_z(out, "],\"inner\":[]}}");
    arena_free(a);
}
