/* SPDX-License-Identifier: MIT */
/* The REST protocols: members in the path, the query string, headers, the status; the rest in a JSON or XML body. */
#include "api/codec.h"
#include "api/walk.h"

static const struct str_pair *bound(const struct wire_input *w, const char *name)
{
    for (size_t i = 0; i < w->n_path; i++)
        if (str_eq(w->path[i].key, str_z(name)))
            return &w->path[i];
    return NULL;
}

/* The value of a query parameter, decoded; absent if it is not there; empty if it has no value. */
static res query_value(const struct wire_input *w, str name, struct arena *a, struct err *e, str *out)
{
    str rest = w->request->query;

    *out = STR_ABSENT;
    while (str_is(rest)) {
        str pair = str_cut(&rest, '&'), key;
        str raw = str_cut(&pair, '=');
        if (!uri_decode(a, raw, true, &key))
            return reject(e, "the query string is not properly percent-encoded");
        if (!str_eq(key, name))
            continue;
        if (!uri_decode(a, str_is(pair) ? pair : S(""), true, out))
            return reject(e, "the query string is not properly percent-encoded");
        return OK;
    }
    return OK;
}

/* "tagKeys=a&tagKeys=b": one value each. */
static res query_values(const struct wire_input *w, str name, struct list_of_str *out, struct arena *a, struct err *e)
{
    str rest = w->request->query;

    out->v = ARENA_ARRAY(a, str, rest.n + 1);
    while (str_is(rest)) {
        str pair = str_cut(&rest, '&'), key, value;
        str raw = str_cut(&pair, '=');
        if (!uri_decode(a, raw, true, &key) || !uri_decode(a, str_is(pair) ? pair : S(""), true, &value))
            return reject(e, "the query string is not properly percent-encoded");
        if (str_eq(key, name))
            out->v[out->n++] = value;
    }
    return OK;
}

/* x-amz-meta-*: every header with the prefix, the rest of its name in lower case. */
static void collect_headers(const struct http_request *r, str prefix, struct map_of_str *at, struct arena *a)
{
    at->v = ARENA_ARRAY(a, struct str_pair, r->n_headers + 1);
    for (size_t i = 0; i < r->n_headers; i++) {
        if (!str_starts_nocase(r->headers[i].name, prefix))
            continue;
        char *key = arena_z(a, str_from(r->headers[i].name, prefix.n));
        for (char *c = key; *c; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c + 32);
        at->v[at->n++] = (struct str_pair){str_z(key), arena_dup(a, r->headers[i].value)};
    }
    if (!at->n)
        at->v = NULL;
}

static res decode_field(const struct wire_input *w, const struct field *f, void *in, struct arena *a, struct err *e)
{
    str text = STR_ABSENT;
    const struct str_pair *p;

    switch ((enum where)f->where) {
    case W_PATH:
        p = bound(w, f->name);
        text = p ? p->value : STR_ABSENT;
        break;
    case W_QUERY:
        if (f->kind == K_LIST)
            return query_values(w, str_z(f->as), field_at(in, f), a, e);
        TRY(query_value(w, str_z(f->as), a, e, &text));
        break;
    case W_HEADER:
        text = http_header(w->request, str_z(f->as));
        break;
    case W_HEADERS:
        collect_headers(w->request, str_z(f->as), field_at(in, f), a);
        return OK;
    default:
        return OK;
    }
    if (!str_is(text))
        return OK;
    if (f->kind == K_LIST) { /* "ETag,ObjectSize": one header, several values */
        struct list_of_str *list = field_at(in, f);
        list->v = ARENA_ARRAY(a, str, text.n + 1);
        while (str_is(text))
            list->v[list->n++] = str_trim(str_cut(&text, ','));
        return OK;
    }
    return scalar_decode(f, f->kind, text, field_at(in, f), a, e);
}

static res decode_body(const struct operation *op, const struct wire_input *w, void *in, struct arena *a, struct err *e)
{
    bool xml = op->service->protocol == P_REST_XML;

    for (uint32_t i = 0; i < op->in->n; i++) {
        const struct field *f = &op->in->fields[i];
        if (f->where != W_PAYLOAD)
            continue;
        if (f->kind == K_STRING || f->kind == K_BLOB || f->kind == K_DOCUMENT) {
            *(str *)field_at(in, f) = w->body.n || f->kind != K_DOCUMENT ? (w->body.p ? w->body : S("")) : STR_ABSENT;
            return OK;
        }
        if (!w->body.n)
            return OK;
        void *inner = arena_alloc(a, f->shape->size);
        *(void **)field_at(in, f) = inner;
        if (xml)
            return xml_decode(f->shape, w->body, inner, a, e);
        json_t *tree;
        TRY(json_parse(a, w->body, e, &tree));
        return json_decode(f->shape, tree, inner, a, e);
    }
    if (!w->body.n || op->kind == OP_UPLOADS)
        return OK;
    if (xml)
        return xml_decode(op->in, w->body, in, a, e);
    json_t *tree;
    TRY(json_parse(a, w->body, e, &tree));
    return json_decode(op->in, tree, in, a, e);
}

res rest_decode(const struct operation *op, const struct wire_input *w, void *in, struct arena *a, struct err *e)
{
    TRY(decode_body(op, w, in, a, e));
    for (uint32_t i = 0; i < op->in->n; i++)
        TRY(decode_field(w, &op->in->fields[i], in, a, e));
    return OK;
}

/* ---- out ---- */

static void encode_headers(const struct field *f, const void *at, struct arena *a, struct wire_output *w)
{
    if (f->where == W_HEADERS) {
        const struct map_of_str *m = at;
        for (size_t i = 0; i < m->n; i++)
            wire_header(w, arena_cat(a, str_z(f->as), m->v[i].key), m->v[i].value);
        return;
    }
    wire_header(w, str_z(f->as), scalar_encode(f->kind, at, true, a));
}

static const struct field *encode_places(const struct operation *op, const void *out, struct arena *a,
                                         struct wire_output *w)
{
    const struct field *payload = NULL;

    for (uint32_t i = 0; i < op->out->n; i++) {
        const struct field *f = &op->out->fields[i];
        if (f->where == W_PAYLOAD)
            payload = f;
        if (!field_is_set(out, f))
            continue;
        if (f->where == W_HEADER || f->where == W_HEADERS)
            encode_headers(f, field_of(out, f), a, w);
        if (f->where == W_STATUS)
            w->status = (int)((const opt_int *)field_of(out, f))->v;
    }
    return payload;
}

static bool has_body_members(const struct operation *op)
{
    for (uint32_t i = 0; i < op->out->n; i++)
        if (op->out->fields[i].where == W_BODY)
            return true;
    return false;
}

static void encode_xml_body(const struct operation *op, const struct shape *s, const char *name, const void *object,
                            struct buf *b)
{
    buf_add_z(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    buf_printf(b, "<%s xmlns=\"%s\">", name, op->service->xmlns ? op->service->xmlns : "");
    xml_encode(s, object, P_REST_XML, b);
    buf_printf(b, "</%s>", name);
}

void rest_encode(const struct operation *op, const void *out, struct arena *a, struct wire_output *w)
{
    const struct field *payload = encode_places(op, out, a, w);
    bool xml = op->service->protocol == P_REST_XML;
    struct buf b;

    buf_init(&b, (size_t)16 << 20);
    if (payload && (payload->kind == K_STRING || payload->kind == K_BLOB || payload->kind == K_DOCUMENT)) {
        buf_add(&b, *(const str *)field_of(out, payload));
    } else if (payload) {
        const void *inner = *(void *const *)field_of(out, payload);
        if (inner && xml)
            encode_xml_body(op, payload->shape, payload->as ? payload->as : payload->name, inner, &b);
        else if (inner)
            json_encode(payload->shape, inner, &b);
        wire_header(w, S("Content-Type"), xml ? S("application/xml") : S("application/json"));
    } else if (has_body_members(op)) {
        /* S3 names the root after the operation's output: ListBucketResult and the like stand in the model as "as". */
        if (xml)
            encode_xml_body(op, op->out, arena_printf(a, "%sResult", op->name).p, out, &b);
        else
            json_encode(op->out, out, &b);
        wire_header(w, S("Content-Type"), xml ? S("application/xml") : S("application/json"));
    }
    w->body = arena_dup(a, buf_str(&b));
    buf_done(&b);
}
