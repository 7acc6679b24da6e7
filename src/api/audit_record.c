/* SPDX-License-Identifier: MIT */
/* The audit record of a call: CloudTrail's members, and below "barmkin" the judgements that explain it. */
#include <string.h>

#include "api/codec.h"
#include "api/gate.h"
#include "api/house.h"
#include "base/json.h"
#include "base/time.h"
#include "store/audit.h"

enum { USUAL_BYTES = 4096 }; /* most records fit: the buffer need not grow */

/* What does not fit a line of the chain is left out step by step: that a call was made is never lost. */
enum audit_detail { AUDIT_BARE, AUDIT_WITHOUT_TRACES, AUDIT_WITHOUT_PARAMETERS, AUDIT_WHOLE };

/* Every request pays for its record, so it is put together from pieces: printf took a tenth of a request's time. */
static void name_of_member(struct buf *b, const char *name)
{
    buf_add(b, b->n && b->p[b->n - 1] != '{' ? S(",\"") : S("\""));
    buf_add_z(b, name);
    buf_add(b, S("\":"));
}

static void member(struct buf *b, const char *name, str value)
{
    if (!str_is(value) || !value.n)
        return;
    name_of_member(b, name);
    buf_add_json_str(b, value);
}

static void number(struct buf *b, const char *name, uint64_t value)
{
    name_of_member(b, name);
    buf_add_u64(b, value);
}

static void identity(const struct call *c, struct buf *b)
{
    static const char *const types[] = {"Unknown", "Root", "IAMUser", "AssumedRole", "AWSService"};
    const struct caller *who = c->caller;

    buf_add_z(b, ",\"userIdentity\":{");
    member(b, "type", who->federated ? S("FederatedUser") : str_z(types[who->kind]));
    member(b, who->kind == PRINCIPAL_SERVICE ? "invokedBy" : "arn", who->arn);
    member(b, "principalId", who->user_id);
    member(b, "accountId", who->account);
    member(b, "accessKeyId", who->access_key_id);
    if (who->kind == PRINCIPAL_USER)
        member(b, "userName", who->name);
    if (who->n_called_via)
        member(b, "invokedBy", who->called_via[who->n_called_via - 1]);
    buf_add_char(b, '}');
}

static void judgement(const struct judgement *j, bool with_trace, struct buf *b)
{
    buf_add_char(b, '{');
    member(b, "action", str_z(j->action));
    member(b, "resource", j->resource);
    member(b, "decision", str_z(authz_verdict_name(j->verdict)));
    member(b, "by", str_z(authz_layer_name(j->by)));
    member(b, "policy", j->policy);
    member(b, "sid", j->sid);
    if (j->policy.n)
        number(b, "index", j->index);
    if (j->statement.n) {
        buf_add_z(b, ",\"statement\":");
        buf_add(b, j->statement);
    }
    if (j->trace.n && with_trace) {
        buf_add_z(b, ",\"trace\":");
        buf_add(b, j->trace);
    }
    buf_add_char(b, '}');
}

/* What an allow was decided on. A denial's trace has it already. */
static void context(const struct call *c, struct buf *b)
{
    const struct gate_facts *g = c->gate;

    if (!g || !g->n_judgements || g->denied)
        return;
    buf_add_z(b, ",\"context\":{");
    for (size_t i = 0; i < g->n_context; i++) {
        const struct authz_value *v = &g->context[i];
        if (i)
            buf_add_char(b, ',');
        buf_add_json_str(b, v->key);
        buf_add_z(b, v->multi ? ":[" : ":");
        for (size_t k = 0; k < v->n; k++) {
            if (k)
                buf_add_char(b, ',');
            buf_add_json_str(b, v->values[k]);
        }
        if (v->multi)
            buf_add_char(b, ']');
    }
    buf_add_char(b, '}');
}

static void judgements(const struct call *c, enum audit_detail detail, struct buf *b)
{
    buf_add(b, S(",\"barmkin\":{"));
    number(b, "depth", c->depth);
    buf_add(b, S(",\"judgements\":["));
    for (size_t i = 0; c->gate && i < c->gate->n_judgements; i++) {
        if (i)
            buf_add_char(b, ',');
        judgement(&c->gate->judgements[i], detail >= AUDIT_WITHOUT_PARAMETERS, b);
    }
    buf_add_char(b, ']');
    if (detail >= AUDIT_WITHOUT_PARAMETERS)
        context(c, b);
    if (c->parent) {
        buf_add_char(b, ',');
        buf_add_z(b, "\"within\":");
        buf_add_json_str(b, str_z(c->parent->op->name));
    }
    buf_add_char(b, '}');
}

static void parameters(const struct call *c, struct buf *b)
{
    size_t before = b->n;

    if (!c->in || !c->op)
        return;
    buf_add_z(b, ",\"requestParameters\":");
    json_encode_public(c->op->in, c->in, b);
    if (b->n - before > 64 << 10) { /* a document of megabytes says nothing that its hash would not */
        b->n = before;
        buf_add_z(b, ",\"requestParameters\":{\"omitted\":\"too large\"}");
    }
}

static void error(const struct call *c, struct buf *out)
{
    bool denied = c->fault.type == &api_access_denied;

    member(out, "errorCode",
           c->fault.type ? denied ? S("AccessDenied") : str_z(c->fault.type->code) : S("InternalFailure"));
    member(out, "errorMessage", c->fault.message);
}

static void write_record(const struct call *c, res outcome, enum audit_detail detail, struct buf *out)
{
    char when[TIME_TEXT_BYTES];

    buf_add_char(out, '{');
    member(out, "eventVersion", S("1.09"));
    member(out, "eventTime", time_iso_ms(c->now_ms, when));
    buf_add(out, S(",\"eventSource\":\""));
    buf_add_z(out, c->op->service->signs_as);
    buf_add(out, S(".amazonaws.com\""));
    member(out, "eventName", str_z(c->op->name));
    member(out, "awsRegion", c->region);
    member(out, "requestID", c->request_id);
    if (c->door) {
        member(out, "sourceIPAddress", c->door->source_ip);
        member(out, "vpcEndpointId", c->door->vpce_id);
    }
    identity(c, out);
    if (!is_ok(outcome))
        error(c, out);
    member(out, "recipientAccountId", c->n_resources ? c->resources[0].account : c->caller->account);
    buf_add(out, c->op->kind == OP_READS || c->op->kind == OP_DOWNLOADS ? S(",\"readOnly\":true")
                                                                        : S(",\"readOnly\":false"));
    if (detail == AUDIT_WHOLE)
        parameters(c, out);
    else
        buf_add_z(out, ",\"requestParameters\":{\"omitted\":\"too large\"}");
    if (detail > AUDIT_BARE)
        judgements(c, detail, out);
    buf_add_char(out, '}');
}

str audit_record(const struct call *c, res outcome)
{
    str text = STR_ABSENT;
    struct buf b;

    buf_init(&b, AUDIT_RECORD_MAX_BYTES);
    buf_room(&b, USUAL_BYTES);
    for (int detail = AUDIT_WHOLE; detail >= AUDIT_BARE && !str_is(text); detail--) {
        buf_clear(&b);
        write_record(c, outcome, (enum audit_detail)detail, &b);
        if (!b.full)
            text = arena_dup(c->arena, buf_str(&b));
    }
    buf_done(&b);
    return str_is(text) ? text : S("{\"barmkin\":{\"omitted\":\"too large\"}}");
}

/* The records of a call and of those it made, in the order in which they ended. */
size_t audit_records(struct call *c, res outcome, const str **out)
{
    size_t n = 1;

    for (struct audit_line *line = c->audit; line; line = line->next)
        n++;
    str *records = ARENA_ARRAY(c->arena, str, n);
    size_t at = n - 1;
    records[at] = audit_record(c, outcome);
    for (struct audit_line *line = c->audit; line; line = line->next)
        records[--at] = line->text;
    *out = records;
    return n;
}
