/* SPDX-License-Identifier: MIT */
/* As much of JSON as tells one member from all others: depth, names, strings and their escapes. Whether the text is
 * JSON at all says the parser, which gets all but the member's bytes. */
#include "api/siphon.h"

#include <string.h>

enum { NAMES_MAX = 4, NAME_BYTES = 64, OUT_BYTES = 3 * 1024, NO_DIGIT = 0xff };
enum place { BETWEEN, NAME, TEXT, TAKEN };

struct siphon {
    str names[NAMES_MAX];
    size_t n, on; /* on: so many names lead to the object that is looked at */
    unsigned depth;
    enum place in;
    bool wants_name, matched, due; /* the next string is a name; it was ours; the next value is ours */
    bool escaped;                  /* the character before was a backslash */
    char name[NAME_BYTES];
    size_t name_n; /* NAME_BYTES: it is none of ours */
    unsigned hex_left, hex;
    uint32_t bits; /* of base64, not yet bytes */
    unsigned digits, pads;
    siphon_sink *sink;
    void *ctx;
    size_t out_n;
    uint8_t digit_of[256];
    char out[OUT_BYTES];
};

struct siphon *siphon_new(struct arena *a, const char *path, siphon_sink *sink, void *ctx)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct siphon *s = ARENA_NEW(a, struct siphon);
    str rest = str_z(path);

    *s = (struct siphon){.sink = sink, .ctx = ctx};
    while (rest.n && s->n < NAMES_MAX)
        s->names[s->n++] = str_cut(&rest, '.');
    memset(s->digit_of, NO_DIGIT, sizeof s->digit_of);
    for (size_t i = 0; i < 64; i++)
        s->digit_of[(uint8_t)digits[i]] = (uint8_t)i;
    return s;
}

/* ---- the member's own text ---- */

static res pour(struct siphon *s, struct err *e)
{
    size_t n = s->out_n;

    s->out_n = 0;
    return n ? s->sink(s->ctx, str_n(s->out, n), e) : OK;
}

static res no_base64(struct err *e)
{
    return reject(e, "a value is not base64");
}

static res take_digit(struct siphon *s, uint8_t c, struct err *e)
{
    uint8_t digit = s->digit_of[c];

    if (c == '=' && s->digits >= 2 && s->digits + s->pads < 4) {
        s->pads++;
        return OK;
    }
    if (digit == NO_DIGIT || s->pads)
        return no_base64(e);
    s->bits = s->bits << 6 | digit;
    if (++s->digits < 4)
        return OK;
    s->out[s->out_n++] = (char)(s->bits >> 16);
    s->out[s->out_n++] = (char)(s->bits >> 8);
    s->out[s->out_n++] = (char)s->bits;
    s->digits = 0;
    s->bits = 0;
    return s->out_n == OUT_BYTES ? pour(s, e) : OK;
}

static res end_taken(struct siphon *s, struct err *e)
{
    if (s->digits && s->digits + s->pads != 4)
        return no_base64(e);
    if (s->digits >= 2)
        s->out[s->out_n++] = (char)(s->bits >> (s->digits == 2 ? 4 : 10));
    if (s->digits == 3)
        s->out[s->out_n++] = (char)(s->bits >> 2);
    s->digits = s->pads = 0;
    s->bits = 0;
    s->in = BETWEEN;
    return pour(s, e);
}

/* Some serializers write a slash as \/ and a plus as \u002b. */
static res take_escape(struct siphon *s, char c, struct err *e)
{
    if (s->hex_left) {
        unsigned low = (unsigned)(c | 32);
        unsigned v = c >= '0' && c <= '9' ? (unsigned)(c - '0') : low >= 'a' && low <= 'f' ? low - 'a' + 10 : 16;
        if (v == 16)
            return no_base64(e);
        s->hex = s->hex << 4 | v;
        if (--s->hex_left)
            return OK;
        s->escaped = false;
        return s->hex < 128 ? take_digit(s, (uint8_t)s->hex, e) : no_base64(e);
    }
    if (c == 'u') {
        s->hex_left = 4;
        s->hex = 0;
        return OK;
    }
    s->escaped = false;
    return c == '/' ? take_digit(s, '/', e) : no_base64(e);
}

static res take(struct siphon *s, char c, struct buf *rest, struct err *e)
{
    if (s->escaped)
        return take_escape(s, c, e);
    if (c == '\\') {
        s->escaped = true;
        return OK;
    }
    if (c != '"')
        return take_digit(s, (uint8_t)c, e);
    buf_add_char(rest, '"');
    return end_taken(s, e);
}

/* ---- everything else ---- */

static void end_name(struct siphon *s)
{
    s->in = BETWEEN;
    s->wants_name = false;
    s->matched = s->name_n < NAME_BYTES && str_eq(str_n(s->name, s->name_n), s->names[s->on]);
}

static void in_name(struct siphon *s, char c)
{
    if (s->escaped) {
        s->escaped = false;
    } else if (c == '"') {
        end_name(s);
    } else if (c == '\\') {
        s->escaped = true;
        s->name_n = NAME_BYTES;
    } else if (s->name_n < NAME_BYTES) {
        s->name[s->name_n++] = c;
    }
}

static void in_text(struct siphon *s, char c)
{
    if (s->escaped)
        s->escaped = false;
    else if (c == '\\')
        s->escaped = true;
    else if (c == '"')
        s->in = BETWEEN;
}

static void begin_string(struct siphon *s, bool due)
{
    s->in = due && s->on + 1 == s->n ? TAKEN : s->wants_name && s->depth == s->on + 1 ? NAME : TEXT;
    s->name_n = 0;
}

static void open_object(struct siphon *s, bool due)
{
    s->depth++;
    if (due && s->on + 1 < s->n)
        s->on++;
    s->wants_name = s->depth == s->on + 1;
    s->matched = false;
}

static void close_one(struct siphon *s)
{
    if (s->depth)
        s->depth--;
    if (s->on && s->depth <= s->on)
        s->on--;
    s->wants_name = s->matched = false;
}

static void between(struct siphon *s, char c)
{
    bool due = s->due;

    if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
        return;
    s->due = c == ':' && s->matched && s->depth == s->on + 1;
    if (c == '"')
        begin_string(s, due);
    else if (c == '{')
        open_object(s, due);
    else if (c == '[')
        s->depth++;
    else if (c == '}' || c == ']')
        close_one(s);
    else if (c == ',')
        s->wants_name = s->depth == s->on + 1;
    if (c == ':' || c == ',')
        s->matched = false;
}

res siphon_feed(struct siphon *s, str piece, struct buf *rest, struct err *e)
{
    for (size_t i = 0; i < piece.n; i++) {
        char c = piece.p[i];
        if (s->in == TAKEN) {
            TRY(take(s, c, rest, e));
            continue;
        }
        buf_add_char(rest, c);
        if (s->in == NAME)
            in_name(s, c);
        else if (s->in == TEXT)
            in_text(s, c);
        else
            between(s, c);
    }
    return s->in == TAKEN ? pour(s, e) : OK;
}
