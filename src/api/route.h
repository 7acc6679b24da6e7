/* SPDX-License-Identifier: MIT */
/* Which operation a request means (design.md section 3). */
#ifndef BARMKIN_API_ROUTE_H
#define BARMKIN_API_ROUTE_H
#include "api/op.h"
#include "base/arena.h"
#include "wire/http.h"

struct routed {
    const struct service *service; /* known even when the operation is not: errors take its protocol */
    const struct operation *op;    /* NULL: unknown operation */
    bool needs_form;               /* a query-protocol POST: the operation's name is in the body, ask again */
    struct str_pair path[4];       /* names bound by the URI, decoded */
    size_t n_path;
    str bucket_of_host;
};

/* scope_service: of the credential scope, absent when unsigned. form: the body once it is there, else absent. */
struct routed route_request(const struct http_request *r, str scope_service, str form, struct arena *a);
/* "sts.us-east-1.amazonaws.com" -> the service; S3 bucket hosts too. NULL if the name is none of ours. */
const struct service *route_host(str host, str *bucket);
const struct service *service_named(str name);
/* Of a request that names no service of ours: one that speaks the protocol its client seems to expect. */
const struct service *route_spelling(const struct http_request *r, str scope_service);

#endif
