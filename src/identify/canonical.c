/* SPDX-License-Identifier: MIT */
/* Builds canonical requests. Both sides of a signature go through here, so that what we sign we also accept. */
#include "identify/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"

/* A request's header is at most 16 KiB; encoding may triple it, twice for a path. More than this is not a request. */
enum { CANONICAL_MAX_BYTES = 1 << 20, CANONICAL_USUAL_BYTES = 2048 };

str canonical_header(const struct header *headers, size_t n, str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(headers[i].name, name))
            return headers[i].value.p ? headers[i].value : S("");
    return STR_ABSENT;
}

size_t canonical_header_count(const struct header *headers, size_t n, str name)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += str_eq_nocase(headers[i].name, name);
    return count;
}

str canonical_path_normalize(str path, struct arena *a)
{
    char *out = arena_alloc(a, path.n + 2);
    size_t n = 0;

    for (str rest = path; str_is(rest);) {
        str segment = str_cut(&rest, '/');
        if (str_empty(segment) || str_eq(segment, S(".")))
            continue;
        if (str_eq(segment, S(".."))) {
            ptrdiff_t slash = str_rfind(str_n(out, n), '/');
            n = slash < 0 ? 0 : (size_t)slash;
            continue;
        }
        out[n++] = '/';
        memcpy(out + n, segment.p, segment.n);
        n += segment.n;
    }
    if (n == 0 || str_ends(path, S("/")))
        out[n++] = '/';
    return str_n(out, n);
}

static res add_path(const struct canonical_parts *in, struct arena *a, struct buf *b, enum identify_fault *fault,
                    struct err *e)
{
    str path = str_empty(in->path) ? S("/") : in->path;

    if (!in->encode_again && !uri_decode(a, path, false, &path)) {
        *fault = IDENTIFY_URI;
        return reject(e, "The path holds a %% that two hexadecimal digits do not follow.");
    }
    if (in->normalize)
        path = canonical_path_normalize(path, a);
    buf_add_uri(b, path, true);
    buf_add_char(b, '\n');
    return OK;
}

static int by_name_then_value(const void *x, const void *y)
{
    const struct query_param *p = x, *q = y;
    int order = str_cmp(p->name, q->name);

    return order ? order : str_cmp(p->value, q->value);
}

/* Sorted by the encoded names, which is not the order of the decoded ones: '%' sorts before every letter. */
static void add_query(const struct canonical_parts *in, struct arena *a, struct buf *b)
{
    struct query_param *sorted = ARENA_ARRAY(a, struct query_param, in->n_params);
    size_t n = in->n_params;

    for (size_t i = 0; i < n; i++)
        sorted[i] =
            (struct query_param){uri_encode(a, in->params[i].name, false), uri_encode(a, in->params[i].value, false)};
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, by_name_then_value);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_char(b, '&');
        buf_add(b, sorted[i].name);
        buf_add_char(b, '=');
        buf_add(b, sorted[i].value);
    }
    buf_add_char(b, '\n');
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without blanks at the ends, each run of them within as one space: folds disappear. */
static void add_folded(struct buf *b, str v)
{
    while (v.n && is_space(v.p[0]))
        v = str_from(v, 1);
    while (v.n && is_space(v.p[v.n - 1]))
        v.n--;
    for (size_t i = 0; i < v.n;) {
        size_t from = i;
        while (i < v.n && !is_space(v.p[i]))
            i++;
        buf_add(b, str_sub(v, from, i - from));
        if (i == v.n)
            break;
        buf_add_char(b, ' ');
        while (i < v.n && is_space(v.p[i]))
            i++;
    }
}

static bool add_header(const struct canonical_parts *in, str name, struct buf *b)
{
    bool found = false;

    buf_add(b, name);
    for (size_t i = 0; i < in->n_headers; i++) {
        if (!str_eq_nocase(in->headers[i].name, name))
            continue;
        buf_add_char(b, found ? ',' : ':');
        add_folded(b, in->headers[i].value);
        found = true;
    }
    buf_add_char(b, '\n');
    return found;
}

static res add_all(const struct canonical_parts *in, struct arena *a, struct buf *b, enum identify_fault *fault,
                   struct err *e)
{
    buf_add(b, in->method);
    buf_add_char(b, '\n');
    TRY(add_path(in, a, b, fault, e));
    add_query(in, a, b);
    size_t names = 0;
    for (str rest = in->signed_headers; str_is(rest); names++) {
        str name = str_cut(&rest, ';');
        if (names >= in->n_headers || !add_header(in, name, b)) { /* more names than headers: one is not there */
            *fault = IDENTIFY_SIGNATURE;
            return reject(e, "The signed header '%.*s' is not in the request.", FMT(str_sub(name, 0, 100)));
        }
    }
    buf_add_char(b, '\n');
    buf_add(b, in->signed_headers);
    buf_add_char(b, '\n');
    buf_add(b, in->payload_hash);
    if (b->full) {
        *fault = IDENTIFY_URI;
        return reject(e, "The canonical request is longer than %d bytes.", CANONICAL_MAX_BYTES);
    }
    return OK;
}

res canonical_request(const struct canonical_parts *in, struct arena *a, str *text, enum identify_fault *fault,
                      struct err *e)
{
    struct buf b;

    buf_init(&b, CANONICAL_MAX_BYTES);
    buf_room(&b, CANONICAL_USUAL_BYTES);
    res r = add_all(in, a, &b, fault, e);
    if (is_ok(r))
        *text = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return r;
}

static size_t count_pieces(str query)
{
    size_t n = 1;

    for (size_t i = 0; i < query.n; i++)
        n += query.p[i] == '&';
    return n;
}

res canonical_query_read(str query, struct arena *a, struct query_param **params, size_t *n, enum identify_fault *fault,
                         struct err *e)
{
    *n = 0;
    *params = NULL;
    if (str_empty(query))
        return OK;
    *params = ARENA_ARRAY(a, struct query_param, count_pieces(query));
    for (str rest = query; str_is(rest);) {
        str value = str_cut(&rest, '&');
        if (str_empty(value))
            continue;
        str name = str_cut(&value, '=');
        struct query_param *p = &(*params)[(*n)++];
        if (!uri_decode(a, name, false, &p->name) || !uri_decode(a, str_is(value) ? value : S(""), false, &p->value)) {
            *fault = IDENTIFY_URI;
            return reject(e, "The query holds a %% that two hexadecimal digits do not follow.");
        }
    }
    return OK;
}

static bool is_never_signed(str name)
{
    static const char *const names[] = {"authorization",        "connection",        "expect",
                                        "transfer-encoding",    "upgrade",           "user-agent",
                                        "x-amzn-trace-id",      "sec-websocket-key", "sec-websocket-protocol",
                                        "sec-websocket-version"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_nocase(name, str_z(names[i])))
            return true;
    return false;
}

static str lower_case(str s, struct arena *a)
{
    char *p = arena_z(a, s);

    for (size_t i = 0; i < s.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + 32);
    return str_n(p, s.n);
}

static int by_text(const void *x, const void *y)
{
    return str_cmp(*(const str *)x, *(const str *)y);
}

str canonical_signed_names(const struct header *headers, size_t n, struct arena *a)
{
    str *names = ARENA_ARRAY(a, str, n), last = STR_ABSENT;
    size_t count = 0, bytes = 0;

    for (size_t i = 0; i < n; i++) {
        if (is_never_signed(headers[i].name))
            continue;
        names[count++] = lower_case(headers[i].name, a);
        bytes += headers[i].name.n + 1;
    }
    if (count > 1)
        qsort(names, count, sizeof *names, by_text);
    char *out = arena_alloc(a, bytes + 1);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (str_is(last) && str_eq(last, names[i]))
            continue;
        if (used)
            out[used++] = ';';
        memcpy(out + used, names[i].p, names[i].n);
        used += names[i].n;
        last = names[i];
    }
    return str_n(out, used);
}

res canonical_refuse_duplicates(const struct http_request *r, enum identify_fault *fault, struct err *e)
{
    static const str once[] = {
        {"authorization", 13},
        {"content-length", 14},
        {"content-md5", 11},
        {"content-type", 12},
        {"date", 4},
        {"host", 4},
        {"x-amz-content-sha256", 20},
        {"x-amz-date", 10},
        {"x-amz-decoded-content-length", 28},
        {"x-amz-security-token", 20},
        {"x-amz-target", 12},
        {"x-amz-trailer", 13},
    };
    unsigned seen = 0;

    for (size_t i = 0; i < r->n_headers; i++)
        for (unsigned k = 0; k < sizeof once / sizeof *once; k++) {
            if (r->headers[i].name.n != once[k].n || !str_eq_nocase(r->headers[i].name, once[k]))
                continue;
            if (seen & 1u << k) {
                *fault = IDENTIFY_DUPLICATE;
                return reject(e, "The header '%.*s' appears more than once.", FMT(once[k]));
            }
            seen |= 1u << k;
        }
    return OK;
}
