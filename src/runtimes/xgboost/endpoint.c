/* SPDX-License-Identifier: MIT */
/* "How containers serve requests", SageMaker developer guide. */
#include "runtimes/xgboost/endpoint.h"

static int execution_parameters(const struct endpoint *p, struct buf *body, const char **type)
{
    *type = "application/json";
    buf_printf(body, "{\"MaxConcurrentTransforms\": %zu, \"BatchStrategy\": \"MULTI_RECORD\", \"MaxPayloadInMB\": %zu}",
               p->workers, p->body_bytes >> 20);
    return 200;
}

int endpoint_answer(void *ctx, const struct server_request *r, struct buf *body, const char **type)
{
    struct endpoint *p = ctx;
    bool get = str_eq(r->method, S("GET")) || str_eq(r->method, S("HEAD")), post = str_eq(r->method, S("POST"));
    bool ping = str_eq(r->path, S("/ping")), parameters = str_eq(r->path, S("/execution-parameters"));
    bool invocations = str_eq(r->path, S("/invocations"));

    *type = "text/html; charset=utf-8";
    if (invocations && post) {
        struct invocation in = {.content_type = r->content_type, .accept = r->accept, .body = r->body};
        return invoke(&p->invoker, &in, body, type);
    }
    if (ping && get)
        return 200;
    if (parameters && get)
        return execution_parameters(p, body, type);
    if (ping || parameters || invocations) {
        buf_add(body, S("Method Not Allowed"));
        return 405;
    }
    buf_add(body, S("Not Found"));
    return 404;
}
