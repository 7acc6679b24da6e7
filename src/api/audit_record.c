/* SPDX-License-Identifier: MIT */
/* The audit record of a call: CloudTrail's members, and below "barmkin" the judgements that explain it. */
#include <string.h>

#include "api/audit_parts.h"
#include "api/codec.h"
#include "api/gate.h"
#include "api/house.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/time.h"
#include "crypto/random.h"
#include "store/audit.h"

enum { AGENT_BYTES = 1024 };
enum { USUAL_BYTES = 4096 }; /* most records fit: the buffer need not grow */

/* What does not fit a line of the chain is left out step by step: that a call was made is never lost. */
enum audit_detail { AUDIT_BARE, AUDIT_WITHOUT_TRACES, AUDIT_WITHOUT_PARAMETERS, AUDIT_WHOLE };

/* Every request pays for its record, so it is put together from pieces: printf took a tenth of a request's time. */
static void number(struct buf *b, const char *name, uint64_t value)
{
    audit_key(b, name);
    buf_add_u64(b, value);
}

static void judgement(const struct judgement *j, bool with_trace, struct buf *b)
{
    buf_add_char(b, '{');
    audit_member(b, "action", str_z(j->action));
    audit_member(b, "resource", j->resource);
    audit_member(b, "decision", str_z(authz_verdict_name(j->verdict)));
    audit_member(b, "by", str_z(authz_layer_name(j->by)));
    audit_member(b, "policy", j->policy);
    audit_member(b, "sid", j->sid);
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
    buf_add_z(b, ",\"context\":");
    authz_context_json(g->context, g->n_context, b);
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

/* A document of megabytes says nothing that its hash would not. Members that are secret are hidden. */
static void members_of(const char *name, const struct shape *shape, const void *object, size_t most, struct buf *b)
{
    size_t before = b->n, start;

    audit_key(b, name);
    start = b->n;
    json_encode_public(shape, object, b);
    if (b->n - start == 2 && !b->full) { /* {} */
        b->n = start;
        buf_add(b, S("null"));
    } else if (b->n - start > most && !b->full) {
        b->n = before;
        audit_key(b, name);
        buf_add(b, S("{\"omitted\":\"too large\"}"));
    }
}

static void parameters(const struct call *c, struct buf *b)
{
    if (c->in && c->op)
        members_of("requestParameters", c->op->in, c->in, 64 << 10, b);
}

/* What a change answered, and sts, whose answers say who somebody became. Reads tell nothing, as CloudTrail's. */
static void answer(const struct call *c, res outcome, struct buf *b)
{
    bool told = c->op->kind == OP_WRITES || str_eq(str_z(c->op->service->name), S("sts"));

    if (is_ok(outcome) && told && c->out)
        members_of("responseElements", c->op->out, c->out, 16 << 10, b);
    else
        buf_add(b, S(",\"responseElements\":null"));
}

static void error(const struct call *c, struct buf *out)
{
    bool denied = c->fault.type == &api_access_denied;

    audit_member(out, "errorCode",
                 denied ? S("AccessDenied")
                        : str_z(c->fault.type ? c->fault.type->code : c->op->service->failure.code));
    audit_member(out, "errorMessage", c->fault.message);
}

/* A UUID's form; other than the request's id, which its inner calls share. */
static void event_id(struct buf *b)
{
    static const uint8_t from[] = {0, 8, 12, 16, 20, 32};
    uint8_t random[16];
    char hex[32];

    random_bytes(random, sizeof random);
    hex_encode(random, sizeof random, hex);
    buf_add(b, S(",\"eventID\":\""));
    for (size_t i = 0; i + 1 < sizeof from; i++) {
        if (i)
            buf_add_char(b, '-');
        buf_add_bytes(b, hex + from[i], from[i + 1] - from[i]);
    }
    buf_add_char(b, '"');
}

/* CloudTrail's own spelling: "TLSv1.3". */
static void tls_details(const struct call *c, struct buf *b)
{
    buf_add(b, S(",\"tlsDetails\":{\"tlsVersion\":\"TLSv"));
    buf_add(b, c->door->tls_version);
    buf_add_char(b, '"');
    audit_member(b, "cipherSuite", c->door->tls_cipher);
    audit_member(b, "clientProvidedHostHeader", str_sub(c->host, 0, AGENT_BYTES));
    buf_add_char(b, '}');
}

/* What a service asks on its way comes from that service, as CloudTrail says it. */
static void from_where(const struct call *c, struct buf *b)
{
    const struct caller *who = c->caller;
    str service = who->kind == PRINCIPAL_SERVICE ? who->arn
                  : who->n_called_via            ? who->called_via[who->n_called_via - 1]
                                                 : STR_ABSENT;

    audit_member(b, "sourceIPAddress", service.n ? service : c->door ? c->door->source_ip : STR_ABSENT);
    audit_member(b, "userAgent", service.n ? service : str_sub(c->user_agent, 0, AGENT_BYTES));
    if (c->door && !service.n)
        audit_member(b, "vpcEndpointId", c->door->vpce_id);
    if (c->door && !service.n && str_is(c->door->tls_version))
        tls_details(c, b);
}

static void write_record(const struct call *c, res outcome, enum audit_detail detail, struct buf *out)
{
    char when[TIME_TEXT_BYTES];

    buf_add_char(out, '{');
    audit_member(out, "eventVersion", S("1.09"));
    audit_member(out, "eventTime", time_iso(c->now_ms, when));
    buf_add(out, S(",\"eventSource\":\""));
    buf_add_z(out, c->op->service->signs_as);
    buf_add(out, S(".amazonaws.com\""));
    audit_member(out, "eventName", str_z(c->op->name));
    audit_member(out, "awsRegion", c->region);
    audit_member(out, "requestID", c->request_id);
    event_id(out);
    from_where(c, out);
    audit_identity(c, out);
    if (!is_ok(outcome))
        error(c, out);
    audit_member(out, "recipientAccountId", c->n_resources ? c->resources[0].account : c->caller->account);
    buf_add(out, c->op->kind == OP_READS || c->op->kind == OP_DOWNLOADS ? S(",\"readOnly\":true")
                                                                        : S(",\"readOnly\":false"));
    buf_add(out, audit_is_data(c)
                     ? S(",\"eventType\":\"AwsApiCall\",\"managementEvent\":false,\"eventCategory\":\"Data\"")
                     : S(",\"eventType\":\"AwsApiCall\",\"managementEvent\":true,\"eventCategory\":\"Management\""));
    if (detail == AUDIT_WHOLE)
        parameters(c, out);
    else
        buf_add_z(out, ",\"requestParameters\":{\"omitted\":\"too large\"}");
    if (detail == AUDIT_WHOLE)
        answer(c, outcome, out);
    if (detail > AUDIT_BARE) {
        audit_resources(c, out);
        judgements(c, detail, out);
    }
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
