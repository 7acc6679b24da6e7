/* SPDX-License-Identifier: MIT */
/* llhttp reads the grammar; the checks around it refuse what two parsers could read differently (request smuggling). */
#include "wire/head.h"

#include <string.h>

#include <llhttp/llhttp.h>

enum { TARGET_BYTES_DEFAULT = 8192 };

ptrdiff_t head_find_end(str bytes, size_t *scanned)
{
    size_t at = *scanned; /* where the current line starts */

    for (;;) {
        const char *nl = at < bytes.n ? memchr(bytes.p + at, '\n', bytes.n - at) : NULL;
        bool nameless = at > 0 && at < bytes.n && (bytes.p[at] == ' ' || bytes.p[at] == '\t' || bytes.p[at] == ':');

        if (nameless) /* folded, or a field without a name, which llhttp would let pass */
            return -400;
        *scanned = at;
        if (!nl)
            return 0;
        size_t i = (size_t)(nl - bytes.p);
        if (i == at || bytes.p[i - 1] != '\r')
            return -400;
        if (i == at + 1)
            return at == 0 ? -400 : (ptrdiff_t)(i + 1);
        at = i + 1;
    }
}

/* What llhttp's callbacks collect. It hands out spans in pieces at most where the input was cut, which a whole head is
 * not; adjoining pieces are joined all the same. */
struct collect {
    struct header *headers;
    size_t n, max;
    bool in_value, complete, too_many;
};

static int on_field(llhttp_t *p, const char *at, size_t n)
{
    struct collect *c = p->data;

    if (c->n > 0 && !c->in_value) {
        c->headers[c->n - 1].name.n += n;
        return 0;
    }
    if (c->n == c->max) {
        c->too_many = true;
        return HPE_USER;
    }
    c->in_value = false;
    c->headers[c->n++] = (struct header){str_n(at, n), S("")};
    return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct collect *c = p->data;
    str *value = &c->headers[c->n - 1].value;

    if (value->n > 0)
        value->n += n;
    else
        *value = str_n(at, n);
    c->in_value = true;
    return 0;
}

static int on_value_complete(llhttp_t *p)
{
    ((struct collect *)p->data)->in_value = true;
    return 0;
}

static int on_headers_complete(llhttp_t *p)
{
    ((struct collect *)p->data)->complete = true;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
};

/* Every control byte of an acceptable head is a tab or belongs to a CRLF, whose LFs head_find_end has paired. */
static bool has_control_bytes(str head, size_t *n_lines)
{
    size_t controls = 0, lines = 0;

    for (size_t i = 0; i < head.n; i++) {
        unsigned char c = (unsigned char)head.p[i];
        controls += (c < ' ' && c != '\t') || c == 0x7f;
        lines += c == '\n';
    }
    *n_lines = lines;
    return controls != 2 * lines;
}

/* Cuts "GET /path?query HTTP/1.1" into its parts. False unless there are exactly three. */
static bool split_request_line(str head, struct http_request *r, str *version)
{
    str line = str_sub(head, 0, (size_t)str_find(head, '\r'));
    ptrdiff_t first = str_find(line, ' '), last = str_rfind(line, ' ');

    if (first <= 0 || last <= first + 1)
        return false;
    r->method = str_sub(line, 0, (size_t)first);
    r->target = str_sub(line, (size_t)first + 1, (size_t)(last - first - 1));
    *version = str_from(line, (size_t)last + 1);
    return str_find(r->target, ' ') < 0 && str_find(r->target, '\t') < 0 && str_find(r->target, '#') < 0;
}

static bool has_high_bytes(str s)
{
    unsigned char all = 0;

    for (size_t i = 0; i < s.n; i++)
        all |= (unsigned char)s.p[i];
    return all & 0x80;
}

/* llhttp's strict tables refuse bytes above 0x7f in a target, which S3 clients do send; it is shown "/" instead. */
static llhttp_errno_t run_llhttp(llhttp_t *p, str head, str target)
{
    if (!has_high_bytes(target))
        return llhttp_execute(p, head.p, head.n);
    llhttp_errno_t e = llhttp_execute(p, head.p, (size_t)(target.p - head.p));
    if (e == HPE_OK)
        e = llhttp_execute(p, "/", 1);
    size_t rest = (size_t)(target.p + target.n - head.p);
    return e == HPE_OK ? llhttp_execute(p, head.p + rest, head.n - rest) : e;
}

/* RFC 9110 5.6.1: a comma-separated list holds this token. */
static bool list_has(str list, str token)
{
    while (str_is(list)) {
        if (str_eq_nocase(str_trim(str_cut(&list, ',')), token))
            return true;
    }
    return false;
}

static bool host_is_sane(str host)
{
    if (host.n == 0 || host.n > 300)
        return false;
    for (size_t i = 0; i < host.n; i++) {
        unsigned char c = (unsigned char)host.p[i];
        if (c <= ' ' || c >= 0x7f || strchr("/\\@?#,<>\"{}|^`;", c))
            return false;
    }
    return true;
}

struct framing {
    size_t hosts, lengths, encodings;
    str host, length, encoding, connection;
    bool expects_continue, expects_else, close, keep_alive;
};

static void note_header(struct framing *f, const struct header *h)
{
    switch (h->name.n) { /* by length first: this runs for every header of every request */
    case 4:
        if (str_eq_nocase(h->name, S("host"))) {
            f->hosts++;
            f->host = h->value;
        }
        break;
    case 6:
        if (str_eq_nocase(h->name, S("expect"))) {
            bool known = str_eq_nocase(h->value, S("100-continue"));
            f->expects_continue |= known;
            f->expects_else |= !known;
        }
        break;
    case 10:
        if (str_eq_nocase(h->name, S("connection"))) {
            f->close |= list_has(h->value, S("close"));
            f->keep_alive |= list_has(h->value, S("keep-alive"));
        }
        break;
    case 14:
        if (str_eq_nocase(h->name, S("content-length"))) {
            f->lengths++;
            f->length = h->value;
        }
        break;
    case 17:
        if (str_eq_nocase(h->name, S("transfer-encoding"))) {
            f->encodings++;
            f->encoding = h->value;
        }
        break;
    default:
        break;
    }
}

/* The body's framing, read one way only. */
static bool framing_is_sane(const struct framing *f, bool http10, uint64_t *length)
{
    *length = 0;
    if (f->lengths > 1 || f->encodings > 1 || (f->lengths && f->encodings))
        return false;
    if (f->encodings)
        return !http10 && str_eq_nocase(f->encoding, S("chunked"));
    return f->lengths == 0 || (str_to_u64(f->length, length) && *length <= INT64_MAX);
}

/* Origin form is used as it is; absolute form only when it names the same host; "*" only for OPTIONS. */
static bool split_target(struct http_request *r, str host)
{
    str rest = r->target;

    if (str_starts_nocase(rest, S("http://")) || str_starts_nocase(rest, S("https://"))) {
        rest = str_from(rest, (size_t)str_search(rest, S("://")) + 3);
        if (!str_starts_nocase(rest, host))
            return false;
        rest = str_from(rest, host.n);
        if (rest.n == 0)
            rest = S("/");
    }
    bool star = str_eq(rest, S("*")) && str_eq(r->method, S("OPTIONS"));
    if (!star && !str_starts(rest, S("/")))
        return false;
    r->path = str_cut(&rest, '?');
    r->query = rest;
    return true;
}

static int refusal_of(llhttp_errno_t e, const struct collect *c)
{
    if (c->too_many)
        return 431;
    return e == HPE_INVALID_VERSION || e == HPE_PAUSED_H2_UPGRADE ? 505 : 400;
}

static int read_framing(const struct collect *c, bool http10, struct http_request *r, struct head_facts *facts)
{
    struct framing f = {0};

    for (size_t i = 0; i < c->n; i++)
        note_header(&f, &c->headers[i]);
    if (f.hosts > 1 || (f.hosts == 0 && !http10) || (f.hosts && !host_is_sane(f.host)))
        return 400;
    if (!framing_is_sane(&f, http10, &r->content_length))
        return 400;
    if (f.expects_else)
        return 417;
    r->chunked = f.encodings > 0;
    r->has_body = r->chunked || r->content_length > 0;
    r->expects_continue = f.expects_continue && !http10 && r->has_body;
    facts->http10 = http10;
    facts->keep_alive = !f.close && (!http10 || f.keep_alive);
    return split_target(r, f.host) ? 0 : 400;
}

int head_parse_request(str head, const struct http_limits *limits, struct arena *a, struct http_request *out,
                       struct head_facts *facts)
{
    struct collect c = {.max = limits->header_count};
    llhttp_t p;
    str version;
    size_t lines;

    if (has_control_bytes(head, &lines) || !split_request_line(head, out, &version))
        return 400;
    if (out->target.n > (limits->target_bytes ? limits->target_bytes : TARGET_BYTES_DEFAULT))
        return 414;
    if (str_starts(version, S("HTTP/")) && version.n == 8 && !str_eq(version, S("HTTP/1.1")) &&
        !str_eq(version, S("HTTP/1.0")))
        return 505;
    c.headers = ARENA_ARRAY(a, struct header, lines < c.max ? lines : c.max);
    llhttp_init(&p, HTTP_REQUEST, &settings);
    p.data = &c;
    llhttp_errno_t e = run_llhttp(&p, head, out->target);
    if (e == HPE_PAUSED_UPGRADE && p.method != HTTP_CONNECT)
        e = HPE_OK; /* an offer to upgrade may be ignored, RFC 9110 7.8 */
    if (e != HPE_OK || !c.complete || c.n + 2 != lines)
        return refusal_of(e, &c);
    for (size_t i = 0; i < c.n; i++)
        c.headers[i].value = str_trim(c.headers[i].value);
    out->headers = c.headers;
    out->n_headers = c.n;
    return read_framing(&c, str_eq(version, S("HTTP/1.0")), out, facts);
}

bool head_parse_reply(str head, size_t max_headers, struct arena *a, struct reply_head *out)
{
    struct collect c = {.max = max_headers};
    struct framing f = {0};
    llhttp_t p;
    size_t lines;

    if (has_control_bytes(head, &lines))
        return false;
    c.headers = ARENA_ARRAY(a, struct header, lines < max_headers ? lines : max_headers);
    llhttp_init(&p, HTTP_RESPONSE, &settings);
    p.data = &c;
    if (llhttp_execute(&p, head.p, head.n) != HPE_OK || !c.complete || c.n + 2 != lines || p.http_major != 1)
        return false;
    for (size_t i = 0; i < c.n; i++) {
        c.headers[i].value = str_trim(c.headers[i].value);
        note_header(&f, &c.headers[i]);
    }
    if (!framing_is_sane(&f, false, &out->content_length))
        return false;
    out->status = p.status_code;
    out->headers = c.headers;
    out->n_headers = c.n;
    out->chunked = f.encodings > 0;
    out->has_length = f.lengths > 0;
    out->keep_alive = !f.close && (p.http_minor == 1 || f.keep_alive);
    return true;
}

str http_header(const struct http_request *r, str name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_eq_nocase(r->headers[i].name, name))
            return r->headers[i].value;
    return STR_ABSENT;
}

size_t http_header_count(const struct http_request *r, str name)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_headers; i++)
        n += str_eq_nocase(r->headers[i].name, name);
    return n;
}
