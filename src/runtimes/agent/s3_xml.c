/* SPDX-License-Identifier: MIT */
/* S3's documents by expat: text of the elements we know, by their names; no document types, no entities. */
#include "runtimes/agent/s3_xml.h"

#include <expat.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

struct reading {
    XML_Parser parser;
    struct arena *a;
    struct s3_listing *list; /* or NULL */
    struct buf text;
    struct s3_object object;
    unsigned depth, list_depth; /* where <Contents> stands; 0: not inside */
    str code, message, upload_id;
    bool truncated, bad;
};

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = ctx;

    (void)attributes;
    buf_clear(&r->text);
    if (++r->depth > 16)
        r->bad = true;
    if (strcmp(name, "Contents") == 0) {
        r->object = (struct s3_object){0};
        r->list_depth = r->depth;
    }
}

static void XMLCALL on_text(void *ctx, const XML_Char *p, int n)
{
    struct reading *r = ctx;

    buf_add_bytes(&r->text, p, (size_t)n);
}

static void end_of_contents(struct reading *r)
{
    r->list_depth = 0;
    if (r->list && r->list->n < S3_LIST_MAX && !str_empty(r->object.key))
        r->list->items[r->list->n++] = r->object;
    else
        r->bad = true;
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
    struct reading *r = ctx;
    str text = arena_dup(r->a, buf_str(&r->text));

    if (r->text.full)
        r->bad = true;
    if (r->list_depth && r->depth == r->list_depth)
        end_of_contents(r);
    else if (r->list_depth && strcmp(name, "Key") == 0)
        r->object.key = text;
    else if (r->list_depth && strcmp(name, "Size") == 0)
        r->bad |= !str_to_u64(text, &r->object.bytes);
    else if (strcmp(name, "IsTruncated") == 0)
        r->truncated = str_eq(text, S("true"));
    else if (r->list && strcmp(name, "NextContinuationToken") == 0)
        r->list->next = text;
    else if (strcmp(name, "Code") == 0)
        r->code = text;
    else if (strcmp(name, "Message") == 0)
        r->message = text;
    else if (strcmp(name, "UploadId") == 0)
        r->upload_id = text;
    r->depth--;
    buf_clear(&r->text);
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
                               int has_internal)
{
    struct reading *r = ctx;

    (void)name, (void)system_id, (void)public_id, (void)has_internal;
    r->bad = true;
    XML_StopParser(r->parser, XML_FALSE);
}

static bool read_document(struct reading *r, str text)
{
    r->parser = XML_ParserCreate("UTF-8");
    r->code = r->message = r->upload_id = STR_ABSENT;
    buf_init(&r->text, TEXT_MAX);
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    bool ok = XML_Parse(r->parser, text.p ? text.p : "", (int)text.n, XML_TRUE) == XML_STATUS_OK && !r->bad;
    XML_ParserFree(r->parser);
    buf_done(&r->text);
    return ok;
}

void s3_xml_error(str text, struct arena *a, str *code, str *message)
{
    struct reading r = {.a = a};
    bool ok = read_document(&r, text);

    *code = ok && str_is(r.code) ? r.code : S("");
    *message = ok && str_is(r.message) ? r.message : S("");
}

res s3_xml_list(str text, struct arena *a, struct s3_listing *out, struct err *e)
{
    struct reading r = {.a = a, .list = out};

    out->n = 0;
    out->next = STR_ABSENT;
    if (!read_document(&r, text))
        return oops(e, 0, "S3 answered a list that is none");
    if (r.truncated && str_empty(out->next))
        return oops(e, 0, "S3 answered a part of a list without a way to the rest");
    if (!r.truncated)
        out->next = STR_ABSENT;
    return OK;
}

res s3_xml_upload_id(str text, struct arena *a, str *id, struct err *e)
{
    struct reading r = {.a = a};

    if (!read_document(&r, text) || str_empty(r.upload_id))
        return oops(e, 0, "S3 answered a multipart upload without an id");
    *id = r.upload_id;
    return OK;
}
