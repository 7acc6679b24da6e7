/* SPDX-License-Identifier: MIT */
/* Routing: X-Amz-Target, else Action in a form, else the credential scope's service with the path, else Host, else S3.
 */
#include "api/route.h"

#include <string.h>

#include "base/enc.h"

const struct service *service_named(str name)
{
    for (const struct service *const *s = services; *s; s++)
        if (str_eq(str_z((*s)->name), name))
            return *s;
    return NULL;
}

static const struct service *by_target(str target, str *operation)
{
    ptrdiff_t dot = str_rfind(target, '.'); /* CloudTrail's prefix has dots of its own */
    str prefix = str_sub(target, 0, dot < 0 ? target.n : (size_t)dot);

    for (const struct service *const *s = services; *s; s++)
        if ((*s)->target && str_eq(str_z((*s)->target), prefix)) {
            *operation = dot < 0 ? STR_ABSENT : str_from(target, (size_t)dot + 1);
            return *s;
        }
    return NULL;
}

static const struct operation *operation_named(const struct service *s, str name)
{
    for (size_t i = 0; i < s->n_operations; i++)
        if (str_eq(str_z(s->operations[i]->name), name))
            return s->operations[i];
    return NULL;
}

static str without_port(str host)
{
    ptrdiff_t colon = str_rfind(host, ':');

    return colon < 0 ? host : str_sub(host, 0, (size_t)colon);
}

/* Cuts ".REGION.amazonaws.com" or ".amazonaws.com" off; false if the name ends otherwise. ".localhost" is this machine
 * wherever names are resolved (RFC 6761), so that BUCKET.s3.localhost works without a resolver. */
static bool service_part(str host, str *part)
{
    static const str tails[] = {{".amazonaws.com", 14}, {".localhost", 10}};
    size_t n = 0;

    for (size_t i = 0; i < 2; i++)
        n = str_ends(host, tails[i]) ? tails[i].n : n;
    if (!n)
        return false;
    *part = str_sub(host, 0, host.n - n);
    ptrdiff_t dot = str_rfind(*part, '.');
    str last = dot < 0 ? STR_ABSENT : str_from(*part, (size_t)dot + 1);
    if (last.n > 6 && str_find(last, '-') > 0) /* us-east-1 */
        *part = str_sub(*part, 0, (size_t)dot);
    return true;
}

const struct service *route_host(str host, str *bucket)
{
    str part;

    *bucket = STR_ABSENT;
    host = without_port(host);
    if (!service_part(host, &part))
        return NULL;
    for (const struct service *const *s = services; *s; s++)
        if (str_eq(str_z((*s)->host), part))
            return *s;
    if (str_ends(part, S(".s3"))) {
        *bucket = str_sub(part, 0, part.n - 3);
        return service_named(S("s3"));
    }
    return NULL;
}

/* ---- REST ---- */

/* Is `name` (with `value`, where given) in the query string? */
static bool query_has(str query, str wanted)
{
    str name = str_cut(&wanted, '=');

    while (str_is(query)) {
        str pair = str_cut(&query, '&');
        str key = str_cut(&pair, '=');
        if (str_eq(key, name) && (!str_is(wanted) || str_eq(wanted, str_is(pair) ? pair : S(""))))
            return true;
    }
    return false;
}

struct match {
    struct str_pair path[4];
    size_t n_path;
    int score;
};

static bool bind(struct match *m, str name, str value, struct arena *a)
{
    if (m->n_path == 4 || !uri_decode(a, value, false, &m->path[m->n_path].value))
        return false;
    m->path[m->n_path++].key = arena_dup(a, name);
    return true;
}

/* Matches "/{Bucket}/{Key+}" against a path; a label takes one segment, {X+} takes the rest and may not be empty. */
static bool match_path(str pattern, str path, struct match *m, struct arena *a)
{
    while (str_is(pattern)) {
        str want = str_cut(&pattern, '/');
        if (!str_is(path))
            return false;
        if (!want.n || want.p[0] != '{') {
            if (!str_eq(want, str_cut(&path, '/')))
                return false;
            m->score += want.n ? 2 : 0;
            continue;
        }
        str name = str_sub(want, 1, want.n - 2);
        if (str_ends(name, S("+")))
            return path.n > 0 && bind(m, str_sub(name, 0, name.n - 1), path, a);
        str value = str_cut(&path, '/');
        if (!value.n || !bind(m, name, value, a))
            return false;
        m->score++;
    }
    return !str_is(path) || path.n == 0; /* "/bucket/" is "/bucket" */
}

static bool is_signature(str name)
{
    return str_starts_nocase(name, S("X-Amz-")) || str_eq(name, S("AWSAccessKeyId")) || str_eq(name, S("Signature")) ||
           str_eq(name, S("Expires")) || str_eq(name, S("x-id"));
}

/* S3 tells operations apart by parameters: "DELETE /bucket?cors" must never become DeleteBucket because nobody built
 * DeleteBucketCors. So an operation is meant only when it knows every parameter. */
static bool knows_query(const struct operation *op, str query)
{
    str own = str_z(op->uri);

    (void)str_cut(&own, '?');
    while (str_is(query)) {
        str pair = str_cut(&query, '&');
        str name = str_cut(&pair, '=');
        bool known = !name.n || is_signature(name) || query_has(own, name);
        for (uint32_t i = 0; i < op->in->n && !known; i++)
            known = op->in->fields[i].where == W_QUERY && str_eq(str_z(op->in->fields[i].as), name);
        if (!known)
            return false;
    }
    return true;
}

static bool match_uri(const struct operation *op, const struct http_request *r, str path, struct match *m,
                      struct arena *a)
{
    str query = str_z(op->uri), pattern = str_cut(&query, '?');

    if (!op->uri || !str_eq(str_z(op->method), r->method) || !match_path(pattern, path, m, a))
        return false;
    if (op->with_header && !str_is(http_header(r, str_z(op->with_header))))
        return false;
    m->score += op->with_header ? 5 : 0;
    if (op->service->protocol == P_REST_XML && !knows_query(op, r->query))
        return false;
    while (str_is(query)) {
        if (!query_has(r->query, str_cut(&query, '&')))
            return false;
        m->score += 10; /* "?uploads" is more than no query at all */
    }
    return true;
}

static void rest(struct routed *out, const struct http_request *r, struct arena *a)
{
    int best = -1;
    str path = r->path;

    if (str_is(out->bucket_of_host)) /* host style: the bucket belongs in front of the key */
        path = arena_printf(a, "/%.*s%.*s", FMT(out->bucket_of_host), FMT(r->path));
    for (size_t i = 0; i < out->service->n_operations; i++) {
        struct match m = {.score = 0};
        const struct operation *op = out->service->operations[i];
        if (!match_uri(op, r, path, &m, a) || m.score <= best)
            continue;
        best = m.score;
        out->op = op;
        memcpy(out->path, m.path, sizeof m.path);
        out->n_path = m.n_path;
    }
}

/* ---- forms ---- */

static str form_value(str form, str name)
{
    while (str_is(form)) {
        str pair = str_cut(&form, '&');
        if (str_eq(str_cut(&pair, '='), name))
            return str_is(pair) ? pair : S("");
    }
    return STR_ABSENT;
}

static const struct service *by_form(str form, str scope, str *action)
{
    str version = form_value(form, S("Version"));

    *action = form_value(form, S("Action"));
    for (const struct service *const *s = services; *s; s++) {
        bool speaks = (*s)->protocol == P_QUERY || (*s)->protocol == P_EC2;
        if (!speaks || !(*s)->version || !str_eq(str_z((*s)->version), version))
            continue;
        if (!str_is(scope) || str_eq(str_z((*s)->signs_as), scope))
            return *s;
    }
    return NULL;
}

static const struct service *by_scope(str scope, const struct http_request *r)
{
    const struct service *hit = NULL;

    for (const struct service *const *s = services; *s; s++) {
        if (!str_eq(str_z((*s)->signs_as), scope))
            continue;
        /* several services sign alike (sagemaker and its runtime): a REST one is meant when there is a path */
        bool is_rest = (*s)->protocol == P_REST_JSON || (*s)->protocol == P_REST_XML;
        if (!hit || (is_rest && r->path.n > 1))
            hit = *s;
    }
    return hit;
}

const struct service *route_spelling(const struct http_request *r, str scope_service)
{
    if (str_is(http_header(r, S("X-Amz-Target"))))
        return service_named(S("kms"));
    if (str_starts_nocase(http_header(r, S("Content-Type")), S("application/x-www-form-urlencoded")))
        return service_named(S("sts"));
    return service_named(str_is(scope_service) && !str_eq(scope_service, S("s3")) ? S("sagemakerruntime") : S("s3"));
}

/* "/.lambda/...": a URL that this house gave out, at whatever address it was asked. No bucket's name begins with a dot.
 */
static const struct service *by_own_path(str path)
{
    str rest = str_starts(path, S("/.")) ? str_from(path, 2) : STR_ABSENT;

    return str_is(rest) ? service_named(str_cut(&rest, '/')) : NULL;
}

struct routed route_request(const struct http_request *r, str scope_service, str form, struct arena *a)
{
    struct routed out = {0};
    str target = http_header(r, S("X-Amz-Target")), name = STR_ABSENT;
    str type = http_header(r, S("Content-Type"));
    const struct service *of_host = route_host(http_header(r, S("Host")), &out.bucket_of_host);

    if (str_is(target)) {
        out.service = by_target(target, &name);
        out.op = out.service ? operation_named(out.service, name) : NULL;
        return out;
    }
    if (str_eq(r->method, S("POST")) && r->path.n <= 1 &&
        str_starts_nocase(type, S("application/x-www-form-urlencoded"))) {
        out.needs_form = !str_is(form);
        out.service = out.needs_form ? by_scope(scope_service, r) : by_form(form, scope_service, &name);
        out.op = out.service && !out.needs_form ? operation_named(out.service, name) : NULL;
        return out;
    }
    if (r->path.n <= 1 && str_is(form_value(r->query, S("Action")))) { /* the query protocol in the query itself */
        out.service = by_form(r->query, scope_service, &name);
        out.op = out.service ? operation_named(out.service, name) : NULL;
        if (out.service)
            return out;
    }
    out.service = str_is(scope_service) ? by_scope(scope_service, r) : NULL;
    if (!out.service && !of_host && !str_is(scope_service))
        out.service = by_own_path(r->path);
    if (!out.service)
        out.service = of_host || str_is(scope_service) ? of_host : service_named(S("s3"));
    if (out.service && (out.service->protocol == P_REST_JSON || out.service->protocol == P_REST_XML))
        rest(&out, r, a);
    return out;
}
