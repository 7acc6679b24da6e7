/* SPDX-License-Identifier: MIT */
/* Custom resources: a function is told what to do (Create, Update, Delete) and answers by a URL. The URL carries a
 * secret of 256 bits, of which only the hash is kept; it is good for one answer, to one request, of one resource. */
#include <string.h>

#include "api/house.h"
#include "base/enc.h"
#include "cfn_calls.h"
#include "cfn_secrets.h"
#include "crypto/hash.h"
#include "crypto/random.h"

enum { TOKEN_BYTES = 32, ANSWER_MAX_BYTES = 4096, ID_MAX_BYTES = 1024, TIMEOUT_S = 3600 };

/* ---- the event ---- */

static json_t *as_texts(struct arena *a, const json_t *v);

static json_t *object_as_texts(struct arena *a, const json_t *v)
{
    json_t *out = json_object(), *value;
    const char *key;

    json_object_foreach((json_t *)v, key, value) json_object_set_new(out, key, as_texts(a, value));
    return out;
}

/* Functions get every scalar as a text, as AWS's do. */
static json_t *as_texts(struct arena *a, const json_t *v)
{
    json_t *list, *one;
    size_t i;

    if (json_is_object(v))
        return object_as_texts(a, v);
    if (!json_is_array(v)) {
        str s = json_is_string(v) ? json_str(v) : cfn_dump(a, v);
        return json_of(s);
    }
    list = json_array();
    json_array_foreach(v, i, one) json_array_append_new(list, as_texts(a, one));
    return list;
}

static void put(json_t *o, const char *key, str value)
{
    json_object_set_new(o, key, json_of(value));
}

static str hash_of(struct arena *a, str token)
{
    uint8_t digest[SHA256_BYTES];

    hash_sha256(token, digest);
    return hex_of(a, str_n((const char *)digest, sizeof digest));
}

static str response_url(struct cfn_hand *h)
{
    uint8_t random[TOKEN_BYTES];

    random_bytes(random, sizeof random);
    str token = hex_of(h->c->arena, str_n((const char *)random, sizeof random));
    h->r->token = hash_of(h->c->arena, token);
    return arena_printf(h->c->arena, "https://cloudformation-custom-resource-response.s3.%.*s.amazonaws.com/%.*s",
                        FMT(h->c->region), FMT(token));
}

static json_t *event_of(struct cfn_hand *h, const char *type)
{
    struct arena *a = h->c->arena;
    json_t *e = json_object();

    h->r->request_id = call_uuid(h->c);
    put(e, "RequestType", str_z(type));
    put(e, "ServiceToken", json_str_at(h->props, "ServiceToken"));
    put(e, "ResponseURL", response_url(h));
    put(e, "StackId", h->stack->stack_id);
    put(e, "RequestId", h->r->request_id);
    put(e, "LogicalResourceId", h->r->logical_resource_id);
    put(e, "ResourceType", h->r->resource_type);
    if (strcmp(type, "Create") != 0)
        put(e, "PhysicalResourceId", h->r->physical_resource_id);
    json_object_set_new(e, "ResourceProperties", as_texts(a, h->props));
    if (strcmp(type, "Update") == 0)
        json_object_set_new(e, "OldResourceProperties", as_texts(a, h->before));
    return e;
}

static bool is_function(str token)
{
    return str_starts(token, S("arn:")) && str_search(token, S(":lambda:")) > 0;
}

/* ---- asking ---- */

res cfn_custom_ask(struct cfn_hand *h, const char *type, enum cfn_end *end)
{
    struct arena *a = h->c->arena;
    json_t *kept = cfn_own(a, json_object()), *e;
    struct cfn_values v = {.c = h->c, .props = h->props, .kept = kept};
    struct cfn_answer answer;

    *end = CFN_FAILED;
    if (!is_function(json_str_at(h->props, "ServiceToken"))) {
        h->reason = S("Invalid service token: a custom resource names the ARN of a Lambda function here");
        return OK;
    }
    e = cfn_own(a, event_of(h, type));
    put(kept, "event", base64_encode(a, cfn_dump(a, e)));
    h->r->response = STR_ABSENT;
    TRY(cfn_call_once(&v, h->actor, &h->type->creates[0], &answer));
    if (answer.reason.n) {
        h->reason = answer.reason;
        h->denied = answer.denied;
        h->r->token = STR_ABSENT;
        return OK;
    }
    h->r->began = SET_TIME(h->c->now_ms);
    *end = CFN_WAITS;
    return OK;
}

/* ---- the answer ---- */

static int64_t timeout_ms(const struct cfn_hand *h)
{
    const json_t *given = json_object_get(h->props, "ServiceTimeout");
    int64_t s = json_integer_value(given);

    if (json_is_string(given) && !str_to_i64(json_str(given), &s))
        s = 0;
    return (s > 0 && s <= TIMEOUT_S ? s : TIMEOUT_S) * 1000;
}

/* Every text in the data, however deep. */
static res hide(struct cfn_hand *h, const json_t *data)
{
    const char *key;
    json_t *value;
    size_t i;

    if (json_is_string(data))
        return cfn_hide(h->c, h->stack, h->masks, json_str(data));
    json_array_foreach(data, i, value) TRY(hide(h, value));
    json_object_foreach((json_t *)data, key, value) TRY(hide(h, value));
    return OK;
}

static res take(struct cfn_hand *h, const json_t *answer)
{
    str id = json_str_at(answer, "PhysicalResourceId");
    const json_t *data = json_object_get(answer, "Data");
    bool secret =
        json_is_true(json_object_get(answer, "NoEcho")) || str_eq_nocase(json_str_at(answer, "NoEcho"), S("true"));

    h->other_id = !str_eq(id, h->r->physical_resource_id);
    h->r->physical_resource_id = id;
    if (json_is_object(data))
        json_object_set(h->kept, "Data", (json_t *)data);
    json_object_set_new(h->kept, "NoEcho", json_boolean(secret));
    return secret ? hide(h, data) : OK;
}

static str failure(struct cfn_hand *h, const json_t *answer)
{
    str reason = json_str_at(answer, "Reason"), id = json_str_at(answer, "PhysicalResourceId");

    if (id.n && id.n <= ID_MAX_BYTES)
        h->r->physical_resource_id = id; /* what was half made is known by it */
    return arena_printf(
        h->c->arena, "Received response status [FAILED] from custom resource. Message returned: %.*s (RequestId: %.*s)",
        FMT(reason), FMT(h->r->request_id));
}

/* Of an answer that has not failed; "": none. */
static const char *flaw_of(const json_t *answer, bool deletes)
{
    str id = json_str_at(answer, "PhysicalResourceId");
    const json_t *data = json_object_get(answer, "Data");

    if (!str_eq(json_str_at(answer, "Status"), S("SUCCESS")))
        return "Invalid response object: Value of property Status is invalid.";
    if (data && !json_is_object(data) && !json_is_null(data))
        return "Invalid response object: Value of property Data must be an object.";
    return !deletes && (!id.n || id.n > ID_MAX_BYTES) ? "Invalid PhysicalResourceId" : "";
}

static res judge(struct cfn_hand *h, str response, enum cfn_end *end)
{
    bool deletes = str_starts(h->r->resource_status, S("DELETE"));
    json_t *answer;

    *end = CFN_FAILED;
    if (response.n > ANSWER_MAX_BYTES) {
        h->reason = S("Response object is too long.");
        return OK;
    }
    if (!is_ok(json_parse(h->c->arena, response, NULL, &answer))) {
        h->reason = S("Invalid response object: it is no JSON object.");
        return OK;
    }
    str status = json_str_at(answer, "Status");
    if (str_eq(status, S("FAILED"))) {
        h->reason = failure(h, answer);
        return OK;
    }
    h->reason = str_z(flaw_of(answer, deletes));
    if (h->reason.n)
        return OK;
    *end = CFN_DONE;
    return deletes ? OK : take(h, answer);
}

res cfn_custom_look(struct cfn_hand *h, enum cfn_end *end)
{
    struct cloudformation_resource *r = h->r;

    *end = CFN_WAITS;
    if (str_is(r->response)) {
        str response;
        TRY(cfn_open_response(h->c, h->stack, r, &response));
        r->response = STR_ABSENT;
        return judge(h, response, end);
    }
    if (h->c->now_ms - r->began.ms < timeout_ms(h))
        return OK;
    r->token = STR_ABSENT;
    h->reason =
        arena_printf(h->c->arena,
                     "CloudFormation did not receive a response from your Custom Resource. Please check your logs "
                     "for requestId [%.*s].",
                     FMT(r->request_id));
    *end = CFN_FAILED;
    return OK;
}

/* ---- RecordCustomResourceResponse ---- */

static res refuse(struct call *c)
{
    return fault(c, &cloudformation_AccessDenied, "This response URL is not good, or not good any more.");
}

/* An answer names what it answers: one to another request is no answer. */
static bool is_answer_to(const json_t *answer, const struct cloudformation_resource *r)
{
    return str_eq(json_str_at(answer, "StackId"), r->stack_id) &&
           str_eq(json_str_at(answer, "RequestId"), r->request_id) &&
           str_eq(json_str_at(answer, "LogicalResourceId"), r->logical_resource_id);
}

res cloudformation_record_custom_resource_response(struct call *c,
                                                   const struct cloudformation_record_custom_resource_response_in *in,
                                                   struct cloudformation_record_custom_resource_response_out *out)
{
    struct cloudformation_resource_page page;
    struct cloudformation_stack *s;
    json_t *answer;

    (void)out;
    TRY(cloudformation_resource_by(c, "token", hash_of(c->arena, in->token), STR_ABSENT, 1, &page));
    if (!page.n)
        return refuse(c);
    struct cloudformation_resource *r = page.v[0];
    c->region = r->at.region;
    bool json = is_ok(json_parse(c->arena, in->response, NULL, &answer)) && json_is_object(answer);
    if (json && !is_answer_to(answer, r))
        return refuse(c);
    r->response = str_starts(in->response, S("\"")) ? S("no object") : in->response;
    r->token = STR_ABSENT;
    TRY(cloudformation_stack_load(c, r->at.account, r->stack_id, &s));
    if (!s)
        return refuse(c);
    TRY(cfn_save_resource(c, s, r));
    if (s->flow_id.n)
        flow_tell(c, s->flow_id, "go");
    return OK;
}
