/* SPDX-License-Identifier: MIT */
/* Chooses the codec, and spells errors as each protocol does (rules 42 and 42b). */
#include "api/codec.h"

#include <string.h>

#include "api/call.h"

static res decode_json(const struct operation *op, const struct wire_input *w, void *in, struct arena *a, struct err *e)
{
    json_t *tree;

    if (!w->body.n) /* no body is an empty object, as AWS takes it */
        return OK;
    TRY(json_parse(a, w->body, e, &tree));
    return json_decode(op->in, tree, in, a, e);
}

res codec_decode(const struct operation *op, const struct wire_input *w, void *in, struct arena *a, struct err *e)
{
    str form = str_is(w->body) && w->body.n ? w->body : w->request->query;

    switch (op->service->protocol) {
    case P_JSON:
        return decode_json(op, w, in, a, e);
    case P_QUERY:
    case P_EC2:
        return query_decode(op, form, op->service->protocol == P_EC2, in, a, e);
    default:
        return rest_decode(op, w, in, a, e);
    }
}

void wire_header(struct wire_output *w, str name, str value)
{
    if (w->n_headers < sizeof w->headers / sizeof *w->headers)
        w->headers[w->n_headers++] = (struct header){name, value};
}

static void add_parts(struct buf *b, const char *first, const char *second, const char *third, const char *fourth)
{
    buf_add_z(b, first);
    buf_add_z(b, second);
    buf_add_z(b, third);
    buf_add_z(b, fourth);
}

static void encode_query(const struct operation *op, const void *out, str request_id, struct buf *b)
{
    const struct service *s = op->service;

    if (s->protocol == P_EC2) {
        buf_add(b, S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<"));
        add_parts(b, op->name, "Response xmlns=\"", s->xmlns, "\"><requestId>");
        buf_add(b, request_id);
        buf_add(b, S("</requestId>"));
        xml_encode(op->out, out, P_EC2, b);
        add_parts(b, op->out->n == 0 ? "<return>true</return>" : "", "</", op->name, "Response>");
        return;
    }
    add_parts(b, "<", op->name, "Response xmlns=\"", s->xmlns);
    buf_add(b, S("\">"));
    if (op->out->n) {
        add_parts(b, "<", op->name, "Result>", "");
        xml_encode(op->out, out, P_QUERY, b);
        add_parts(b, "</", op->name, "Result>", "");
    }
    buf_add(b, S("<ResponseMetadata><RequestId>"));
    buf_add(b, request_id);
    add_parts(b, "</RequestId></ResponseMetadata></", op->name, "Response>", "");
}

void codec_encode(const struct operation *op, const void *out, int status, str request_id, struct arena *a,
                  struct wire_output *w)
{
    const struct service *s = op->service;
    struct buf b;

    *w = (struct wire_output){.status = status};
    if (s->protocol == P_REST_JSON || s->protocol == P_REST_XML) {
        rest_encode(op, out, a, w);
    } else {
        buf_init(&b, (size_t)16 << 20);
        if (s->protocol == P_JSON && op->out->n)
            json_encode(op->out, out, &b);
        else if (s->protocol != P_JSON)
            encode_query(op, out, request_id, &b);
        w->body = arena_dup(a, buf_str(&b));
        buf_done(&b);
        wire_header(w, S("Content-Type"),
                    s->protocol == P_JSON ? arena_printf(a, "application/x-amz-json-%s", s->json_version)
                                          : S("text/xml;charset=UTF-8"));
    }
    wire_header(w, s->protocol == P_REST_XML ? S("x-amz-request-id") : S("x-amzn-RequestId"), request_id);
}

/* ---- errors ---- */

struct spelling {
    str code;
    int status;
};

/* Access denied is one fault inside and four outside (rule 42). */
static struct spelling spell(const struct service *s, const struct fault *f)
{
    if (f->type != &api_access_denied)
        return (struct spelling){str_z(f->type->code), f->type->status};
    switch (s->protocol) {
    case P_JSON:
        return (struct spelling){S("AccessDeniedException"), 400};
    case P_REST_JSON:
        return (struct spelling){S("AccessDeniedException"), 403};
    case P_EC2:
        return (struct spelling){S("UnauthorizedOperation"), 403};
    default:
        return (struct spelling){S("AccessDenied"), 403};
    }
}

static void json_error(const struct service *s, const struct fault *f, struct spelling as, struct buf *b,
                       struct wire_output *w)
{
    bool rest = s->protocol == P_REST_JSON;

    buf_add(b, S("{\"__type\":"));
    buf_add_json_str(b, as.code);
    buf_add_z(b, rest || as.code.p == NULL                     ? ",\"message\":"
                 : str_eq(as.code, S("AccessDeniedException")) ? ",\"Message\":"
                                                               : ",\"message\":");
    buf_add_json_str(b, f->message);
    if (f->extra_name.n) {
        buf_add_char(b, ',');
        buf_add_json_str(b, f->extra_name);
        buf_add_char(b, ':');
        buf_add_json_str(b, f->extra_value);
    }
    buf_add_char(b, '}');
    if (rest)
        wire_header(w, S("x-amzn-ErrorType"), as.code);
    wire_header(w, S("Content-Type"), rest ? S("application/json") : S("application/x-amz-json-1.1"));
}

static void s3_error(const struct fault *f, struct spelling as, str request_id, struct buf *b)
{
    buf_add_z(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>");
    buf_add_xml(b, as.code);
    buf_add_z(b, "</Code><Message>");
    buf_add_xml(b, f->message);
    buf_add_z(b, "</Message>");
    if (f->extra_name.n) {
        buf_printf(b, "<%.*s>", FMT(f->extra_name));
        buf_add_xml(b, f->extra_value);
        buf_printf(b, "</%.*s>", FMT(f->extra_name));
    }
    buf_add_z(b, "<Resource>");
    buf_add_xml(b, f->resource);
    buf_printf(b, "</Resource><RequestId>%.*s</RequestId></Error>", FMT(request_id));
}

void codec_encode_fault(const struct service *s, const struct fault *f, str request_id, struct arena *a,
                        struct wire_output *w)
{
    struct spelling as = spell(s, f);
    struct buf b;

    *w = (struct wire_output){.status = as.status};
    buf_init(&b, 64 << 10);
    switch (s->protocol) {
    case P_JSON:
    case P_REST_JSON:
        json_error(s, f, as, &b, w);
        break;
    case P_REST_XML:
        s3_error(f, as, request_id, &b);
        break;
    case P_EC2:
        buf_add_z(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>");
        buf_add_xml(&b, as.code);
        buf_add_z(&b, "</Code><Message>");
        buf_add_xml(&b, f->message);
        buf_printf(&b, "</Message></Error></Errors><RequestID>%.*s</RequestID></Response>", FMT(request_id));
        break;
    case P_QUERY:
        buf_printf(&b, "<ErrorResponse xmlns=\"%s\"><Error><Type>%s</Type><Code>", s->xmlns ? s->xmlns : "",
                   as.status < 500 ? "Sender" : "Receiver");
        buf_add_xml(&b, as.code);
        buf_add_z(&b, "</Code><Message>");
        buf_add_xml(&b, f->message);
        buf_printf(&b, "</Message></Error><RequestId>%.*s</RequestId></ErrorResponse>", FMT(request_id));
        break;
    }
    w->body = arena_dup(a, buf_str(&b));
    buf_done(&b);
    if (s->protocol != P_JSON && s->protocol != P_REST_JSON)
        wire_header(w, S("Content-Type"),
                    s->protocol == P_REST_XML ? S("application/xml") : S("text/xml;charset=UTF-8"));
    wire_header(w, s->protocol == P_REST_XML ? S("x-amz-request-id") : S("x-amzn-RequestId"), request_id);
}
