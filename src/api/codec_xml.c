/* SPDX-License-Identifier: MIT */
/* XML: in by expat without DTDs or entities, out by one escaping writer. S3's bodies and the replies of query and EC2.
 */
#include <expat.h>
#include <string.h>

#include "api/codec.h"
#include "api/walk.h"

enum { XML_MAX_DEPTH = 64, XML_MAX_NODES = 100000, XML_MAX_BYTES = 4 << 20 };

/* ---- in: a small tree first, then the field tables ---- */

struct node {
    str name, text;
    struct node *first, *last, *next, *up;
};

struct reading {
    XML_Parser parser;
    struct arena *a;
    struct node root, *at;
    size_t depth, nodes;
    struct buf text; /* of the element being read: expat brings it in many small pieces */
    const char *failed;
};

static void stop(struct reading *r, const char *why)
{
    r->failed = why;
    XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = ctx;
    const char *local = strrchr(name, ':');
    struct node *n = ARENA_NEW(r->a, struct node);

    (void)attributes;
    if (++r->depth > XML_MAX_DEPTH || ++r->nodes > XML_MAX_NODES) {
        stop(r, "the XML is nested too deeply or has too many elements");
        return;
    }
    n->name = arena_dup(r->a, str_z(local ? local + 1 : name));
    n->text = S("");
    n->up = r->at;
    buf_clear(&r->text);
    if (r->at->last)
        r->at->last->next = n;
    else
        r->at->first = n;
    r->at->last = n;
    r->at = n;
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
    struct reading *r = ctx;

    (void)name;
    if (!r->at->first) /* text beside elements means nothing in S3's bodies */
        r->at->text = arena_dup(r->a, buf_str(&r->text));
    buf_clear(&r->text);
    r->depth--;
    r->at = r->at->up;
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int n)
{
    struct reading *r = ctx;

    buf_add_bytes(&r->text, text, (size_t)n);
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *a, const XML_Char *b, const XML_Char *c, int d)
{
    (void)a, (void)b, (void)c, (void)d;
    stop(ctx, "a document type declaration is not allowed");
}

static res from_node(const struct shape *s, const struct node *n, void *object, struct arena *a, struct err *e);

static size_t count(const struct node *n, str name)
{
    size_t hits = 0;

    for (const struct node *k = n->first; k; k = k->next)
        hits += str_eq(k->name, name);
    return hits;
}

static res list_from(const struct field *f, const struct node *holder, str item, struct list_any *at, struct arena *a,
                     struct err *e)
{
    size_t size = field_elem_size(f);

    size_t n = count(holder, item);
    if (n * size > arena_left(a) / 2)
        return reject(e, "the XML has too many elements");
    at->v = arena_alloc_array(a, n + 1, size);
    for (const struct node *k = holder->first; k; k = k->next) {
        if (!str_eq(k->name, item))
            continue;
        void *slot = (char *)at->v + at->n++ * size;
        if (f->elem == K_SHAPE)
            TRY(from_node(f->shape, k, slot, a, e));
        else
            TRY(scalar_decode(f, f->elem, k->text, slot, a, e));
    }
    return OK;
}

static res from_node(const struct shape *s, const struct node *n, void *object, struct arena *a, struct err *e)
{
    for (uint32_t i = 0; i < s->n; i++) {
        const struct field *f = &s->fields[i];
        str name = str_z(f->as ? f->as : f->name);
        const struct node *hit = n->first;
        while (hit && !str_eq(hit->name, name))
            hit = hit->next;
        if (!hit)
            continue;
        if (f->kind == K_LIST && f->flags & F_FLAT) {
            TRY(list_from(f, n, name, field_at(object, f), a, e));
        } else if (f->kind == K_LIST) {
            TRY(list_from(f, hit, str_z(f->item ? f->item : "member"), field_at(object, f), a, e));
        } else if (f->kind == K_SHAPE) {
            void *inner = arena_alloc(a, f->shape->size);
            *(void **)field_at(object, f) = inner;
            TRY(from_node(f->shape, hit, inner, a, e));
        } else {
            TRY(scalar_decode(f, f->kind, hit->text, field_at(object, f), a, e));
        }
    }
    return OK;
}

res xml_decode(const struct shape *s, str text, void *object, struct arena *a, struct err *e)
{
    struct reading r = {.a = a, .parser = XML_ParserCreate(NULL)};

    if (!r.parser)
        return oops(e, 0, "no memory for the XML parser");
    if (text.n > XML_MAX_BYTES) {
        XML_ParserFree(r.parser);
        return reject(e, "the XML is too large");
    }
    buf_init(&r.text, XML_MAX_BYTES);
    r.at = &r.root;
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    enum XML_Status done = XML_Parse(r.parser, text.p ? text.p : "", (int)text.n, 1);
    XML_ParserFree(r.parser);
    buf_done(&r.text);
    if (done != XML_STATUS_OK)
        return reject(
            e, "%s",
            r.failed ? r.failed
                     : "The XML you provided was not well-formed or did not validate against our published schema");
    return from_node(s, r.root.first, object, a, e); /* the root element's own name is not checked, as AWS does not */
}

/* ---- out ---- */

/* Absent: the byte stands for itself. */
static str instead_of(unsigned char c, bool clean)
{
    switch (c) {
    case '&':
        return S("&amp;");
    case '<':
        return S("&lt;");
    case '>':
        return S("&gt;");
    case '"':
        return S("&quot;");
    case '\r':
        return S("&#13;");
    case '\t':
    case '\n':
        return STR_ABSENT;
    default:
        return c < ' ' || (c >= 0x80 && !clean) ? S("\xef\xbf\xbd") : STR_ABSENT;
    }
}

void buf_add_xml(struct buf *b, str s)
{
    bool clean = str_is_utf8(s);
    size_t from = 0; /* what stands for itself goes in runs */

    for (size_t i = 0; i < s.n; i++) {
        str instead = instead_of((unsigned char)s.p[i], clean);
        if (!str_is(instead))
            continue;
        buf_add(b, str_sub(s, from, i - from));
        buf_add(b, instead);
        from = i + 1;
    }
    buf_add(b, str_from(s, from));
}

/* EC2 writes members in lowerCamelCase unless the model says otherwise. */
static void add_name(struct buf *b, const struct field *f, enum protocol p)
{
    if (f->as || p != P_EC2) {
        buf_add_z(b, f->as ? f->as : f->name);
        return;
    }
    buf_add_char(b, (char)(f->name[0] >= 'A' && f->name[0] <= 'Z' ? f->name[0] + 32 : f->name[0]));
    buf_add_z(b, f->name + 1);
}

static void open_tag(struct buf *b, const struct field *f, enum protocol p)
{
    buf_add_char(b, '<');
    add_name(b, f, p);
    buf_add_char(b, '>');
}

static void close_tag(struct buf *b, const struct field *f, enum protocol p)
{
    buf_add(b, S("</"));
    add_name(b, f, p);
    buf_add_char(b, '>');
}

static void add_scalar(struct buf *b, enum kind kind, const void *at)
{
    struct arena *a;

    if (kind == K_STRING || kind == K_DOCUMENT) {
        buf_add_xml(b, *(const str *)at);
        return;
    }
    a = arena_new(8192 + (kind == K_BLOB ? ((const str *)at)->n * 2 : 0));
    buf_add_xml(b, scalar_encode(kind, at, false, a));
    arena_free(a);
}

static void add_tag(struct buf *b, str opening, const char *name)
{
    buf_add(b, opening);
    buf_add_z(b, name);
    buf_add_char(b, '>');
}

static void add_items(const struct field *f, const struct list_any *list, enum protocol p, struct buf *b)
{
    const char *item = f->item ? f->item : p == P_EC2 ? "item" : "member";
    bool flat = f->flags & F_FLAT;

    for (size_t i = 0; i < list->n; i++) {
        const void *at = (const char *)list->v + i * field_elem_size(f);
        if (flat)
            open_tag(b, f, p);
        else
            add_tag(b, S("<"), item);
        if (f->elem == K_SHAPE)
            xml_encode(f->shape, at, p, b);
        else
            add_scalar(b, f->elem, at);
        if (flat)
            close_tag(b, f, p);
        else
            add_tag(b, S("</"), item);
    }
}

static void add_entries(const struct map_of_str *m, struct buf *b)
{
    for (size_t i = 0; i < m->n; i++) {
        buf_add(b, S("<entry><key>"));
        buf_add_xml(b, m->v[i].key);
        buf_add(b, S("</key><value>"));
        buf_add_xml(b, m->v[i].value);
        buf_add(b, S("</value></entry>"));
    }
}

void xml_encode(const struct shape *s, const void *object, enum protocol p, struct buf *b)
{
    for (uint32_t i = 0; i < s->n; i++) {
        const struct field *f = &s->fields[i];
        const void *at = field_of(object, f);
        if (f->where != W_BODY || !field_is_set(object, f))
            continue;
        if (f->kind == K_LIST && f->flags & F_FLAT) {
            add_items(f, at, p, b);
            continue;
        }
        open_tag(b, f, p);
        if (f->kind == K_LIST)
            add_items(f, at, p, b);
        else if (f->kind == K_SHAPE)
            xml_encode(f->shape, *(void *const *)at, p, b);
        else if (f->kind == K_MAP)
            add_entries(at, b);
        else
            add_scalar(b, f->kind, at);
        close_tag(b, f, p);
    }
}
