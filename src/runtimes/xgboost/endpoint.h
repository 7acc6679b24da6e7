/* SPDX-License-Identifier: MIT */
/* The routes of a SageMaker model server: /ping, /execution-parameters, /invocations. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_ENDPOINT_H
#define BARMKIN_RUNTIMES_XGBOOST_ENDPOINT_H
#include "runtimes/xgboost/http.h"
#include "runtimes/xgboost/invoke.h"

struct endpoint {
    struct invoker invoker;
    size_t workers, body_bytes; /* what /execution-parameters tells */
};

/* A server_answer whose ctx is a struct endpoint. */
int endpoint_answer(void *ctx, const struct server_request *r, struct buf *body, const char **type);

#endif
