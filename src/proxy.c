/* SPDX-License-Identifier: MIT */
/* InvokeEndpoint's way to a model server. */
#include "proxy.h"

#include "base/json.h"
#include "serve.h"
#include "warden/warden.h"

static const struct fault_type unavailable = {"ServiceUnavailable", 503};

/* The pool's name is the interface's id: one model server lives behind each. */
static int connect_server(void *ctx)
{
    struct serving *s = ctx;
    struct message_id eni;
    struct err e = {0};
    int fd = -1;

    if (!is_ok(warden_id(s->proxy.pool, "eni-", &eni, &e)) ||
        !is_ok(warden_connect_in(s->thread->house->warden, &eni, 0x7f000001, 8080, &fd, &e)))
        return -1;
    return fd;
}

static void add_header(struct buf *b, str name, str value)
{
    if (!value.n)
        return;
    buf_add(b, name);
    buf_add(b, value);
    buf_add(b, S("\r\n"));
}

void proxy_send(struct serving *s, upstream_done *done)
{
    const struct proxy *p = &s->proxy;
    struct buf b;

    buf_init(&b, (size_t)8 << 20);
    buf_add(&b, p->method);
    buf_add_char(&b, ' ');
    buf_add(&b, p->path);
    buf_add(&b, S(" HTTP/1.1\r\nHost: model\r\nContent-Length: "));
    buf_add_u64(&b, p->body.n);
    buf_add(&b, S("\r\n"));
    add_header(&b, S("Content-Type: "), p->content_type);
    add_header(&b, S("Accept: "), p->accept);
    add_header(&b, S("X-Amzn-SageMaker-Custom-Attributes: "), p->custom_attributes);
    buf_add(&b, S("\r\n"));
    buf_add(&b, p->body);
    loop_upstream(s->thread->loop, p->pool, connect_server, buf_str(&b), (size_t)8 << 20, p->timeout_ms, done, s);
    buf_done(&b);
}

static void refuse(struct serving *s, const struct fault_type *type, const char *why, str body)
{
    struct wire_output w;
    struct fault f = {type,
                      arena_printf(s->call.arena, "%s%s%.*s%s", why, body.n ? " with message \"" : "",
                                   (int)(body.n > 1024 ? 1024 : body.n), body.p ? body.p : "", body.n ? "\"" : ""),
                      .resource = S("")};

    codec_encode_fault(s->routed.service, &f, s->call.request_id, s->call.arena, &w);
    x_reply(s->x, w.status, w.headers, w.n_headers, w.body);
}

/* What the model server itself refused: AWS tells its status and its words, as members of their own. */
static void refuse_model(struct serving *s, const struct upstream_reply *r)
{
    const char *whose = r->status >= 500 ? "server" : "client";
    struct header out[4] = {{S("Content-Type"), S("application/json")},
                            {S("x-amzn-ErrorType"), S("ModelError")},
                            {S("x-amzn-RequestId"), s->call.request_id}};
    str words = str_sub(r->body, 0, 1024);
    struct buf b;

    buf_init(&b, 16 << 10);
    buf_add_z(&b, "{\"Message\":");
    buf_add_json_str(&b, arena_printf(s->call.arena, "Received %s error (%d) from primary with message \"%.*s\".",
                                      whose, r->status, FMT(words)));
    buf_printf(&b, ",\"OriginalStatusCode\":%d,\"OriginalMessage\":", r->status);
    buf_add_json_str(&b, words);
    buf_add_z(&b, ",\"LogStreamArn\":\"\"}");
    x_reply(s->x, 424, out, 3, arena_dup(s->call.arena, buf_str(&b)));
    buf_done(&b);
}

void proxy_reply(struct serving *s, const struct upstream_reply *r)
{
    struct header out[4];
    size_t n = 0;

    if (r->failed) {
        refuse(s, &unavailable, "The model server did not answer", str_z(r->failed));
        return;
    }
    if (r->status / 100 != 2) {
        refuse_model(s, r);
        return;
    }
    for (size_t i = 0; i < r->n_headers && n == 0; i++)
        if (str_eq_nocase(r->headers[i].name, S("Content-Type")))
            out[n++] = r->headers[i];
    out[n++] = (struct header){S("x-Amzn-Invoked-Production-Variant"), s->proxy.variant};
    out[n++] = (struct header){S("x-amzn-RequestId"), s->call.request_id};
    x_reply(s->x, 200, out, n, r->body);
}
