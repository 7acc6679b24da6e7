/* SPDX-License-Identifier: MIT */
/* The values inside statements: interned text, policy variables, ARN patterns, conditions, principals. */
#include "authz/compile.h"
#include "authz/eval.h"

/* The statements' own text is in the pool already, so most texts cost nothing more. A span that found no room is empty,
 * and its document is refused at the end. */
void build_span(struct builder *b, str s, struct span *out)
{
    ptrdiff_t at = s.n && !b->pool.full ? str_search(buf_str(&b->pool), s) : 0;

    if (at < 0) {
        at = (ptrdiff_t)b->pool.n;
        buf_add(&b->pool, s);
    }
    *out = b->pool.full ? (struct span){0} : (struct span){(uint16_t)at, (uint16_t)s.n};
}

str build_lower(struct builder *b, str s)
{
    char *p = arena_z(b->a, s);

    for (size_t i = 0; i < s.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + 32);
    return str_n(p, s.n);
}

static res bad_variable(struct builder *b, str s)
{
    return reject(b->e, "Syntax errors in policy. A policy variable is malformed: %.*s", FMT(s));
}

/* `s` begins behind "${". Sets *used to what belongs to the variable, its brace included. */
static res add_variable(struct builder *b, str s, struct buf *out, size_t *used)
{
    struct variable v = {0};
    ptrdiff_t brace = str_find(s, '}'), comma = str_find(s, ',');
    str key, fallback = STR_ABSENT;

    if (brace < 0)
        return bad_variable(b, s);
    if (brace == 1 && (s.p[0] == '*' || s.p[0] == '?' || s.p[0] == '$')) {
        buf_add_char(out, s.p[0]);
        *used = 2;
        return OK;
    }
    if (comma >= 0 && comma < brace) {
        str rest = str_trim(str_from(s, (size_t)comma + 1));
        ptrdiff_t end = str_search(str_from(rest, 1), S("'}"));
        if (rest.n < 3 || rest.p[0] != '\'' || end < 0)
            return bad_variable(b, s);
        fallback = str_sub(rest, 1, (size_t)end);
        brace = fallback.p + fallback.n + 1 - s.p;
        key = str_sub(s, 0, (size_t)comma);
    } else {
        key = str_sub(s, 0, (size_t)brace);
    }
    if (key.n == 0 || str_trim(key).n != key.n || str_find(key, '{') >= 0 || str_find(fallback, '\'') >= 0)
        return bad_variable(b, s);
    v.key_hash = condition_key_hash(key);
    v.has_fallback = str_is(fallback);
    build_span(b, key, &v.key);
    build_span(b, fallback, &v.fallback);
    unsigned index = build_count(&b->vars, sizeof v);
    buf_add_bytes(&b->vars, &v, sizeof v);
    buf_add_char(out, (char)CODE_VAR);
    buf_add_char(out, (char)(index >> 8));
    buf_add_char(out, (char)(index & 255));
    *used = (size_t)brace + 1;
    return OK;
}

/* Appends s with its wildcards (if they are such here) and variables coded. */
static res add_coded(struct builder *b, str s, bool wild, bool variables, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        if (variables && s.p[i] == '$' && i + 1 < s.n && s.p[i + 1] == '{') {
            size_t used = 0;
            TRY(add_variable(b, str_from(s, i + 2), out, &used));
            i += 1 + used;
        } else if (wild && (s.p[i] == '*' || s.p[i] == '?')) {
            buf_add_char(out, (char)(s.p[i] == '*' ? CODE_STAR : CODE_ONE));
        } else {
            buf_add_char(out, s.p[i]);
        }
    }
    return OK;
}

static bool has_variables(const struct builder *b, str s)
{
    return b->variables && str_search(s, S("${")) >= 0;
}

res build_text(struct builder *b, str s, bool wild, struct text *out)
{
    struct span span = {0};
    struct buf coded;
    res r = OK;

    out->coded = has_variables(b, s);
    buf_init(&coded, POLICY_MAX_BYTES);
    if (out->coded)
        r = add_coded(b, s, wild, true, &coded);
    build_span(b, out->coded ? buf_str(&coded) : s, &span);
    buf_done(&coded);
    out->at = span.at;
    out->n = span.n & POLICY_TEXT_MASK;
    return r;
}

/* Where the next of the first five colons is; in conditions the colons inside `${...}` do not count. */
static ptrdiff_t field_end(str s, bool skip_variables)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == ':')
            return (ptrdiff_t)i;
        if (skip_variables && s.p[i] == '$' && i + 1 < s.n && s.p[i + 1] == '{') {
            ptrdiff_t brace = str_find(str_from(s, i), '}');
            i += brace < 0 ? 0 : (size_t)brace;
        }
    }
    return -1;
}

static size_t literal_length(str s, bool coded)
{
    size_t i = 0;

    while (i < s.n && !(coded ? (unsigned char)s.p[i] >= CODE_VAR : s.p[i] == '*' || s.p[i] == '?'))
        i++;
    return i;
}

uint8_t build_head(str pattern, bool coded)
{
    size_t n = literal_length(pattern, coded);

    return (uint8_t)(n < HEAD_MAX ? n : HEAD_MAX);
}

static res add_arn(struct builder *b, str s, bool resource, struct arn_pattern *out, struct buf *coded)
{
    str rest = s;
    struct span span;

    for (int i = 0;; i++) {
        bool last = i == ARN_FIELDS - 1;
        ptrdiff_t end = last ? (ptrdiff_t)rest.n : field_end(rest, !resource && b->variables);
        size_t from = coded->n;
        str field = str_sub(rest, 0, (size_t)end);
        if (out->text.coded)
            TRY(add_coded(b, field, true, last || !resource, coded));
        else
            buf_add(coded, field);
        if (literal_length(str_from(buf_str(coded), from), out->text.coded) == coded->n - from)
            out->literal |= (uint8_t)(1 << i);
        if (last)
            break;
        if (coded->n - from > UINT8_MAX)
            return reject(b->e, "A field of an ARN is too long: %.*s", FMT(s));
        out->field[i] = (uint8_t)(coded->n - from);
        buf_add_char(coded, ':');
        rest = str_from(rest, (size_t)end + 1);
    }
    build_span(b, buf_str(coded), &span);
    out->text.at = span.at;
    out->text.n = span.n & POLICY_TEXT_MASK;
    out->head = build_head(buf_str(coded), out->text.coded);
    return OK;
}

static bool has_six_fields(const struct builder *b, str s, bool resource)
{
    for (int i = 0; i < ARN_FIELDS - 1; i++) {
        ptrdiff_t end = field_end(s, !resource && b->variables);
        if (end < 0)
            return false;
        s = str_from(s, (size_t)end + 1);
    }
    return true;
}

res build_arn(struct builder *b, str s, bool resource)
{
    struct arn_pattern out = {0};
    struct buf coded;
    res r = OK;

    buf_init(&coded, POLICY_MAX_BYTES);
    if (resource && str_eq(s, S("*"))) {
        out.literal = ARN_ANY;
    } else if (!has_six_fields(b, s, resource)) {
        out.literal = ARN_NEVER;
    } else {
        out.text.coded = has_variables(b, s);
        r = add_arn(b, s, resource, &out, &coded);
    }
    buf_done(&coded);
    if (is_ok(r))
        buf_add_bytes(&b->arns, &out, sizeof out);
    return r;
}
