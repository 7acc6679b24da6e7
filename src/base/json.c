/* SPDX-License-Identifier: MIT */
/* Limits around jansson: its parser recurses, so depth is counted before it sees the text. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget(void *tree)
{
    json_decref(tree);
}

/* Counts brackets outside strings: a text that is not JSON fails later, a text that is too deep fails here. */
static bool too_deep(str text)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_MAX_DEPTH)
                return true;
        } else if ((c == ']' || c == '}') && depth) {
            depth--;
        }
    }
    return false;
}

res json_parse(struct arena *a, str text, struct err *e, json_t **out)
{
    json_error_t why;

    if (too_deep(text))
        return reject(e, "the JSON is nested deeper than %d levels", JSON_MAX_DEPTH);
    json_t *tree = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!tree)
        return reject(e, "%s at line %d column %d", why.text, why.line, why.column);
    arena_defer(a, forget, tree);
    *out = tree;
    return OK;
}

str json_str_at(const json_t *object, const char *key)
{
    return json_str(json_object_get(object, key));
}

static void add_escape(struct buf *b, unsigned char c)
{
    static const char short_of[] = "btnvfr"; /* 8..13; \v has no short form in JSON */

    buf_add_char(b, '\\');
    if (c == '"' || c == '\\')
        buf_add_char(b, (char)c);
    else if (c >= 8 && c <= 13 && c != 11)
        buf_add_char(b, short_of[c - 8]);
    else
        buf_printf(b, "u%04x", c);
}

/* How many bytes at the front stand for themselves. */
static size_t plain_prefix(str s)
{
    static const bool special[256] = {[0 ... 31] = true, ['"'] = true, ['\\'] = true, [128 ... 255] = true};
    size_t i = 0;

    while (i < s.n && !special[(unsigned char)s.p[i]])
        i++;
    return i;
}

void buf_add_json_str(struct buf *b, str s)
{
    size_t plain = plain_prefix(s), from = 0;
    bool clean = plain == s.n || str_is_utf8(s);

    buf_add_char(b, '"');
    for (size_t i = plain; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= ' ' && c != '"' && c != '\\' && (clean || c < 0x80))
            continue;
        buf_add(b, str_sub(s, from, i - from));
        if (c >= 0x80)
            buf_add(b, S("\xef\xbf\xbd"));
        else
            add_escape(b, c);
        from = i + 1;
    }
    buf_add(b, str_from(s, from));
    buf_add_char(b, '"');
}

void buf_add_json_double(struct buf *b, double v)
{
    char text[40];

    if (!isfinite(v)) {
        buf_add(b, S("null"));
        return;
    }
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, v);
        if (strtod(text, NULL) == v)
            break;
    }
    buf_add_z(b, text);
}

enum { DUMP_FLAGS = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17) };

str json_text(struct arena *a, const json_t *v)
{
    size_t n = json_dumpb(v, NULL, 0, DUMP_FLAGS);
    char *p = arena_alloc(a, n + 1);

    return str_n(p, json_dumpb(v, p, n, DUMP_FLAGS));
}

static int dump_piece(const char *p, size_t n, void *into)
{
    buf_add_bytes(into, p, n);
    return 0;
}

void buf_add_json(struct buf *b, const json_t *v)
{
    json_dump_callback(v, dump_piece, b, DUMP_FLAGS);
}
