/* SPDX-License-Identifier: MIT */
/* Event patterns: checking them when a rule is saved, and asking them for each event. */
#include <arpa/inet.h>
#include <string.h>

#include "pattern.h"

enum { LIST_OF_RANGES_MAX = 4 }; /* an operator and its number, twice */

static str key_str(const char *key)
{
    return str_z(key);
}

static bool is_scalar(const json_t *v)
{
    return json_is_string(v) || json_is_number(v) || json_is_boolean(v) || json_is_null(v);
}

/* ---- comparing one value ---- */

static bool same(const json_t *a, const json_t *b)
{
    return is_scalar(b) && json_equal(a, b);
}

/* Each `*` is any text; `\*` and `\\` are themselves. Greedy from the left, so linear but for the search itself. */
static bool wildcard_matches(str pattern, str text)
{
    char piece[4096];
    bool first = true;

    for (;;) {
        size_t n = 0;
        while (pattern.n && *pattern.p != '*' && n < sizeof(piece)) {
            if (*pattern.p == '\\' && pattern.n > 1)
                pattern = str_from(pattern, 1);
            piece[n++] = *pattern.p;
            pattern = str_from(pattern, 1);
        }
        str want = str_n(piece, n);
        if (!pattern.n) /* the last piece ends the text; alone it is the text */
            return first ? str_eq(text, want) : str_ends(text, want);
        ptrdiff_t at = first ? (str_starts(text, want) ? 0 : -1) : str_search(text, want);
        if (at < 0)
            return false;
        text = str_from(text, (size_t)at + n);
        pattern = str_from(pattern, 1);
        first = false;
    }
}

static bool text_test(str how, str want, str text)
{
    if (str_eq(how, S("prefix")))
        return str_starts(text, want);
    if (str_eq(how, S("suffix")))
        return str_ends(text, want);
    if (str_eq(how, S("equals-ignore-case")))
        return str_eq_nocase(text, want);
    return wildcard_matches(want, text);
}

static bool ends_nocase(str text, str suffix)
{
    return text.n >= suffix.n && str_eq_nocase(str_from(text, text.n - suffix.n), suffix);
}

/* want: a text, {"equals-ignore-case": text} of a prefix or suffix, or a list of texts. */
static bool text_matches(str how, const json_t *want, const json_t *value)
{
    str text = json_str(value);
    size_t i;
    json_t *one;

    if (!json_is_string(value))
        return false;
    if (json_is_string(want))
        return text_test(how, json_str(want), text);
    if (json_is_object(want)) {
        str folded = json_str_at(want, "equals-ignore-case");
        return str_eq(how, S("prefix")) ? str_starts_nocase(text, folded) : ends_nocase(text, folded);
    }
    json_array_foreach(want, i, one)
    {
        if (text_test(how, json_str(one), text))
            return true;
    }
    return false;
}

static bool compare(str op, double value, double bound)
{
    if (str_eq(op, S("=")))
        return value == bound;
    if (op.p[0] == '<')
        return value < bound || (op.n == 2 && value == bound);
    return value > bound || (op.n == 2 && value == bound);
}

static bool numeric_matches(const json_t *range, const json_t *value)
{
    if (!json_is_number(value))
        return false;
    for (size_t i = 0; i + 1 < json_array_size(range); i += 2)
        if (!compare(json_str(json_array_get(range, i)), json_number_value(value),
                     json_number_value(json_array_get(range, i + 1))))
            return false;
    return true;
}

struct block {
    uint8_t bytes[16];
    int family;
    unsigned bits;
};

static bool block_read(str text, struct block *out)
{
    char z[INET6_ADDRSTRLEN];
    str address = str_cut(&text, '/');
    uint64_t bits = 0;

    if (address.n >= sizeof(z))
        return false;
    str_to_z(address, z, sizeof(z));
    out->family = str_find(address, ':') < 0 ? AF_INET : AF_INET6;
    out->bits = out->family == AF_INET ? 32 : 128;
    if (str_is(text) && (!str_to_u64(text, &bits) || bits > out->bits))
        return false;
    if (str_is(text))
        out->bits = (unsigned)bits;
    memset(out->bytes, 0, sizeof(out->bytes));
    return inet_pton(out->family, z, out->bytes) == 1;
}

static bool cidr_matches(str want, const json_t *value)
{
    struct block net, host;

    if (!json_is_string(value) || !block_read(want, &net) || !block_read(json_str(value), &host) ||
        net.family != host.family)
        return false;
    unsigned whole = net.bits / 8, rest = net.bits % 8;
    if (memcmp(net.bytes, host.bytes, whole) != 0)
        return false;
    return !rest || (net.bytes[whole] ^ host.bytes[whole]) >> (8 - rest) == 0;
}

/* Is the value among what must not be? */
static bool is_among(const json_t *what, const json_t *value)
{
    size_t i;
    json_t *one;

    if (json_is_object(what)) {
        const char *how = json_object_iter_key(json_object_iter((json_t *)what));
        return text_matches(key_str(how), json_object_get(what, how), value);
    }
    if (!json_is_array(what))
        return same(what, value);
    json_array_foreach(what, i, one)
    {
        if (same(one, value))
            return true;
    }
    return false;
}

static bool value_fits(const json_t *matcher, const json_t *value)
{
    if (!json_is_object(matcher))
        return same(matcher, value);
    const char *how = json_object_iter_key(json_object_iter((json_t *)matcher));
    const json_t *want = json_object_get(matcher, how);
    if (strcmp(how, "exists") == 0)
        return json_is_true(want) && is_scalar(value);
    if (strcmp(how, "anything-but") == 0)
        return is_scalar(value) && !is_among(want, value);
    if (strcmp(how, "numeric") == 0)
        return numeric_matches(want, value);
    if (strcmp(how, "cidr") == 0)
        return cidr_matches(json_str(want), value);
    return text_matches(key_str(how), want, value);
}

/* ---- walking an event ---- */

static bool wants_absence(const json_t *matcher)
{
    return json_is_object(matcher) && json_is_false(json_object_get(matcher, "exists"));
}

static bool leaf_matches(const json_t *matchers, const json_t *value)
{
    size_t i, k;
    json_t *m, *item;
    bool there = is_scalar(value) || json_array_size(value);

    json_array_foreach(matchers, i, m)
    {
        if (!there && wants_absence(m))
            return true;
        if (value && value_fits(m, value))
            return true;
        json_array_foreach(value, k, item)
        {
            if (value_fits(m, item))
                return true;
        }
    }
    return false;
}

static bool object_matches(const json_t *pattern, const json_t *value);

static bool any_object_matches(const json_t *pattern, const json_t *value)
{
    size_t i;
    json_t *item;

    if (!json_is_array(value))
        return object_matches(pattern, value);
    json_array_foreach(value, i, item)
    {
        if (json_is_object(item) && object_matches(pattern, item))
            return true;
    }
    return false;
}

static bool one_of(const json_t *patterns, const json_t *value)
{
    size_t i;
    json_t *p;

    json_array_foreach(patterns, i, p)
    {
        if (object_matches(p, value))
            return true;
    }
    return false;
}

/* value may be NULL or anything: then its members are absent. */
static bool object_matches(const json_t *pattern, const json_t *value)
{
    const char *key;
    json_t *want;

    json_object_foreach((json_t *)pattern, key, want)
    {
        const json_t *at = json_object_get(value, key);
        if (strcmp(key, "$or") == 0 ? !one_of(want, value)
            : json_is_array(want)   ? !leaf_matches(want, at)
                                    : !any_object_matches(want, at))
            return false;
    }
    return true;
}

bool event_pattern_matches(const json_t *pattern, const json_t *event)
{
    return object_matches(pattern, event);
}

/* ---- checking ---- */

static bool are_texts(const json_t *v)
{
    size_t i;
    json_t *one;

    json_array_foreach(v, i, one)
    {
        if (!json_is_string(one))
            return false;
    }
    return json_array_size(v) > 0;
}

static res check_wildcard(str pattern, struct err *e)
{
    for (size_t i = 0; i < pattern.n; i++) {
        char next = i + 1 < pattern.n ? pattern.p[i + 1] : '\0';
        if (pattern.p[i] == '*' && next == '*')
            return reject(e, "Consecutive wildcard characters at pos %zu", i);
        if (pattern.p[i] == '\\' && next != '*' && next != '\\')
            return reject(e, "Invalid escape character at pos %zu", i);
        i += pattern.p[i] == '\\';
    }
    return OK;
}

/* lists: whether a list of texts may stand for one, as within anything-but. */
static res check_text(const char *how, const json_t *want, bool lists, struct err *e)
{
    bool ends = strcmp(how, "prefix") == 0 || strcmp(how, "suffix") == 0;
    size_t i;
    json_t *one;

    if (ends && json_is_object(want) && json_object_size(want) == 1 && str_is(json_str_at(want, "equals-ignore-case")))
        return OK;
    if (!json_is_string(want) && !(lists && are_texts(want)))
        return reject(e, "%s match pattern must be a string", how);
    if (strcmp(how, "wildcard") != 0)
        return OK;
    if (json_is_string(want))
        return check_wildcard(json_str(want), e);
    json_array_foreach(want, i, one)
    {
        TRY(check_wildcard(json_str(one), e));
    }
    return OK;
}

static bool is_text_matcher(const char *how)
{
    static const char *const all[] = {"prefix", "suffix", "equals-ignore-case", "wildcard"};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(how, all[i]) == 0)
            return true;
    return false;
}

static res check_anything_but(const json_t *what, struct err *e)
{
    size_t i;
    json_t *one;

    if (json_is_object(what)) {
        const char *how = json_object_iter_key(json_object_iter((json_t *)what));
        if (json_object_size(what) != 1 || !is_text_matcher(how))
            return reject(e, "Unsupported anything-but pattern");
        return check_text(how, json_object_get(what, how), true, e);
    }
    if (json_is_string(what) || json_is_number(what))
        return OK;
    json_array_foreach(what, i, one)
    {
        if (!json_is_string(one) && !json_is_number(one))
            return reject(e, "Inside anything-but list, start|null|boolean is not supported.");
    }
    return json_array_size(what) ? OK
                                 : reject(e, "Value of anything-but must be an array or single string/number value.");
}

static res check_numeric(const json_t *range, struct err *e)
{
    static const char *const ops[] = {"=", "<", "<=", ">", ">="};
    size_t n = json_array_size(range);

    if (!n || n % 2 || n > LIST_OF_RANGES_MAX)
        return reject(e, "Value of numeric must be an array of operators and numbers.");
    for (size_t i = 0; i < n; i += 2) {
        str op = json_str(json_array_get(range, i));
        bool known = false;
        for (size_t k = 0; k < sizeof(ops) / sizeof(ops[0]); k++)
            known = known || str_eq(op, str_z(ops[k]));
        if (!known)
            return reject(e, "Unrecognized numeric range operator: %.*s", FMT(op));
        if (!json_is_number(json_array_get(range, i + 1)))
            return reject(e, "Value of %.*s must be numeric", FMT(op));
    }
    return OK;
}

static res check_matcher(const json_t *m, struct err *e)
{
    struct block net;

    if (is_scalar(m))
        return OK;
    if (!json_is_object(m))
        return reject(e, "Match value must be String, number, true, false, or null");
    const char *how = json_object_iter_key(json_object_iter((json_t *)m));
    if (json_object_size(m) != 1)
        return reject(e, "Only one key allowed in match expression");
    const json_t *want = json_object_get(m, how);
    if (strcmp(how, "exists") == 0)
        return json_is_boolean(want) ? OK : reject(e, "exists match pattern must be either true or false.");
    if (strcmp(how, "anything-but") == 0)
        return check_anything_but(want, e);
    if (strcmp(how, "numeric") == 0)
        return check_numeric(want, e);
    if (strcmp(how, "cidr") == 0)
        return json_is_string(want) && str_find(json_str(want), '/') > 0 && block_read(json_str(want), &net)
                   ? OK
                   : reject(e, "Malformed CIDR, one '/' required");
    return is_text_matcher(how) ? check_text(how, want, false, e) : reject(e, "Unrecognized match type %s", how);
}

static res check_object(const json_t *pattern, struct err *e);

static res check_member(const char *key, const json_t *want, struct err *e)
{
    bool either = strcmp(key, "$or") == 0;
    size_t i;
    json_t *m;

    if (json_is_object(want) && !either)
        return check_object(want, e);
    if (!json_is_array(want))
        return reject(e, "\"%s\" must be an object or an array", key);
    if (json_array_size(want) < (either ? 2 : 1))
        return reject(e, either ? "$or must be an array of at least two objects" : "Empty arrays are not allowed");
    json_array_foreach(want, i, m)
    {
        if (either && !json_is_object(m))
            return reject(e, "$or must be an array of at least two objects");
        TRY(either ? check_object(m, e) : check_matcher(m, e));
    }
    return OK;
}

static res check_object(const json_t *pattern, struct err *e)
{
    const char *key;
    json_t *want;

    if (!json_object_size(pattern))
        return reject(e, "Empty objects are not allowed");
    json_object_foreach((json_t *)pattern, key, want)
    {
        TRY(check_member(key, want, e));
    }
    return OK;
}

res event_pattern_parse(struct arena *a, str text, struct err *e, json_t **out)
{
    TRY(json_parse(a, text, e, out));
    if (!json_is_object(*out))
        return reject(e, "Filter is not an object");
    return check_object(*out, e);
}
