/* SPDX-License-Identifier: MIT */
/* One value as text: what headers, query strings, forms and XML elements carry. */
#include "api/codec.h"
#include "api/walk.h"

static bool parse_time(str text, int64_t *ms)
{
    double seconds;

    if (time_parse_iso(text, ms) || time_parse_http(text, ms) || time_parse_basic(text, ms))
        return true;
    if (!str_to_double(text, &seconds) || seconds > 1e11 || seconds < -1e11)
        return false;
    *ms = (int64_t)(seconds * 1000);
    return true;
}

res scalar_decode(const struct field *f, enum kind kind, str text, void *at, struct arena *a, struct err *e)
{
    int64_t i;
    double d;
    json_t *tree;

    switch (kind) {
    case K_STRING:
        *(str *)at = arena_dup(a, str_is(text) ? text : S(""));
        return OK;
    case K_BLOB:
        return base64_decode(a, text, at) ? OK : reject(e, "Member '%s' must be base64 text", f->name);
    case K_INT:
        if (!str_to_i64(text, &i))
            return reject(e, "Member '%s' must be an integer", f->name);
        *(opt_int *)at = SET_INT(i);
        return OK;
    case K_DOUBLE:
        if (!str_to_double(text, &d))
            return reject(e, "Member '%s' must be a number", f->name);
        *(opt_double *)at = SET_DOUBLE(d);
        return OK;
    case K_BOOL:
        if (!str_eq_nocase(text, S("true")) && !str_eq_nocase(text, S("false")))
            return reject(e, "Member '%s' must be true or false", f->name);
        *(opt_bool *)at = SET_BOOL(str_eq_nocase(text, S("true")));
        return OK;
    case K_TIME:
        if (!parse_time(text, &i))
            return reject(e, "Member '%s' must be a timestamp", f->name);
        *(opt_time *)at = SET_TIME(i);
        return OK;
    case K_DOCUMENT:
        TRY(json_parse(a, text, e, &tree));
        *(str *)at = arena_dup(a, text);
        return OK;
    default:
        return reject(e, "Member '%s' cannot be given as text", f->name);
    }
}

/* Every request has some: printf takes ten times as long. */
str scalar_decimal(struct arena *a, int64_t v)
{
    char digits[24];
    size_t i = sizeof digits;
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do
        digits[--i] = (char)('0' + left % 10);
    while (left /= 10);
    if (v < 0)
        digits[--i] = '-';
    return arena_dup(a, str_n(digits + i, sizeof digits - i));
}

str scalar_encode(enum kind kind, const void *at, bool http_time, struct arena *a)
{
    char when[TIME_TEXT_BYTES];

    switch (kind) {
    case K_STRING:
    case K_DOCUMENT:
        return *(const str *)at;
    case K_BLOB:
        return base64_encode(a, *(const str *)at);
    case K_INT:
        return scalar_decimal(a, ((const opt_int *)at)->v);
    case K_DOUBLE:
        return arena_printf(a, "%.17g", ((const opt_double *)at)->v);
    case K_BOOL:
        return ((const opt_bool *)at)->v ? S("true") : S("false");
    case K_TIME:
        return arena_dup(a, http_time ? time_http(((const opt_time *)at)->ms, when)
                                      : time_iso_ms(((const opt_time *)at)->ms, when));
    default:
        return S("");
    }
}
