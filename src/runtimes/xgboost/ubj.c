/* SPDX-License-Identifier: MIT */
/* UBJSON, reading only. Chosen over the JSON form of a model because its floats are the model's own 32 bits. */
#include "runtimes/xgboost/ubj.h"

#include <endian.h>
#include <string.h>

enum { UBJ_MAX_DEPTH = 32 };

void ubj_init(struct ubj *u, str bytes)
{
    *u = (struct ubj){(const unsigned char *)bytes.p, (const unsigned char *)bytes.p + bytes.n, false};
}

static bool fail(struct ubj *u)
{
    u->bad = true;
    u->p = u->end;
    return false;
}

static int peek(const struct ubj *u)
{
    return u->p < u->end ? *u->p : -1;
}

static bool eat(struct ubj *u, char c)
{
    if (peek(u) != c)
        return false;
    u->p++;
    return true;
}

static size_t width_of(char type)
{
    switch (type) {
    case 'U':
    case 'i':
    case 'C':
        return 1;
    case 'I':
        return 2;
    case 'l':
    case 'd':
        return 4;
    case 'L':
    case 'D':
        return 8;
    default:
        return 0;
    }
}

static uint64_t big_endian(const unsigned char *p, size_t width)
{
    uint64_t v = 0;

    for (size_t i = 0; i < width; i++)
        v = v << 8 | p[i];
    return v;
}

static int64_t int_of(const unsigned char *p, char type)
{
    switch (type) {
    case 'U':
        return *p;
    case 'i':
        return (int8_t)*p;
    case 'I':
        return (int16_t)big_endian(p, 2);
    case 'l':
        return (int32_t)big_endian(p, 4);
    case 'L':
        return (int64_t)big_endian(p, 8);
    default:
        return -1;
    }
}

/* A length: a type marker and a number that is not larger than what is left. */
static bool take_count(struct ubj *u, size_t *n)
{
    int type = peek(u);
    size_t width = type < 0 || type == 'd' || type == 'D' || type == 'C' ? 0 : width_of((char)type);

    if (!width || (size_t)(u->end - u->p) < 1 + width)
        return fail(u);
    int64_t v = int_of(u->p + 1, (char)type);
    u->p += 1 + width;
    if (v < 0 || v > u->end - u->p)
        return fail(u);
    *n = (size_t)v;
    return true;
}

static str take_text(struct ubj *u)
{
    size_t n;

    if (!take_count(u, &n))
        return S("");
    str s = str_n((const char *)u->p, n);
    u->p += n;
    return s;
}

bool ubj_object(struct ubj *u)
{
    return eat(u, '{') || fail(u);
}

bool ubj_key(struct ubj *u, str *key)
{
    if (eat(u, '}') || u->bad)
        return false;
    *key = take_text(u);
    return !u->bad;
}

bool ubj_array(struct ubj *u, size_t *count)
{
    if (!eat(u, '[') || !eat(u, '#'))
        return fail(u);
    return take_count(u, count);
}

str ubj_string(struct ubj *u)
{
    if (!eat(u, 'S')) {
        fail(u);
        return S("");
    }
    return take_text(u);
}

struct ubj_numbers ubj_numbers(struct ubj *u)
{
    struct ubj_numbers a = {0};
    size_t n, width;

    if (!eat(u, '[') || !eat(u, '$') || u->p == u->end) {
        fail(u);
        return a;
    }
    a.type = (char)*u->p++;
    width = width_of(a.type);
    if (!width || !eat(u, '#') || !take_count(u, &n) || n > (size_t)(u->end - u->p) / width) {
        fail(u);
        return a;
    }
    a.p = u->p;
    a.n = n;
    u->p += n * width;
    return a;
}

static void skip_deep(struct ubj *u, int depth);

static void skip_array(struct ubj *u, int depth)
{
    struct ubj at = *u;
    size_t n;

    u->p++;
    if (peek(u) == '$') {
        *u = at;
        ubj_numbers(u);
        return;
    }
    if (eat(u, '#')) {
        if (take_count(u, &n))
            for (size_t i = 0; i < n && !u->bad; i++)
                skip_deep(u, depth + 1);
        return;
    }
    while (!u->bad && !eat(u, ']'))
        skip_deep(u, depth + 1);
}

static void skip_deep(struct ubj *u, int depth)
{
    int type = peek(u);
    str key;

    if (type < 0 || depth > UBJ_MAX_DEPTH) {
        fail(u);
    } else if (type == 'S') {
        ubj_string(u);
    } else if (type == '[') {
        skip_array(u, depth);
    } else if (type == '{') {
        u->p++;
        while (ubj_key(u, &key))
            skip_deep(u, depth + 1);
    } else if (type == 'T' || type == 'F' || type == 'Z' || type == 'N') {
        u->p++;
    } else if (width_of((char)type) && (size_t)(u->end - u->p) > width_of((char)type)) {
        u->p += 1 + width_of((char)type);
    } else {
        fail(u);
    }
}

void ubj_skip(struct ubj *u)
{
    skip_deep(u, 0);
}

int64_t ubj_int_at(const struct ubj_numbers *a, size_t i)
{
    return int_of(a->p + i * width_of(a->type), a->type);
}

float ubj_float_at(const struct ubj_numbers *a, size_t i)
{
    uint32_t bits = (uint32_t)big_endian(a->p + i * 4, 4);
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}
