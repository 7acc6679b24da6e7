/* SPDX-License-Identifier: MIT */
/* PCRE2 does the work: what both languages write alike passes, what only Java has is rewritten where that is easy, and
 * what means something else in PCRE2, or exists only there, is refused. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "api/java_pattern.h"

#include "base/buf.h"

enum { MATCH_LIMIT = 100000, DEPTH_LIMIT = 5000, HEAP_KIB = 4096, PATTERN_MAX = 4096 };

/* ---- from Java's language to PCRE2's ---- */

struct java {
    str rest;
    struct buf *out;
    bool in_class;
};

static str take(struct java *j, size_t n)
{
    str taken = str_sub(j->rest, 0, n);

    j->rest = str_from(j->rest, taken.n);
    return taken;
}

/* \p{Alpha} and its like, which are ASCII in Java. */
static const char *posix_class(str name)
{
    static const char *const classes[][2] = {{"Lower", "a-z"},
                                             {"Upper", "A-Z"},
                                             {"Alpha", "a-zA-Z"},
                                             {"Digit", "0-9"},
                                             {"Alnum", "a-zA-Z0-9"},
                                             {"XDigit", "0-9a-fA-F"},
                                             {"Space", " \\t\\n\\x0b\\f\\r"},
                                             {"Blank", " \\t"},
                                             {"ASCII", "\\x00-\\x7f"},
                                             {"Punct", "!-\\/:-@\\[-`{-~"},
                                             {"Graph", "!-~"},
                                             {"Print", " -~"},
                                             {"Cntrl", "\\x00-\\x1f\\x7f"}};

    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (str_eq(name, str_z(classes[i][0])))
            return classes[i][1];
    return NULL;
}

/* "\p{Name}": the rest stands behind the p. */
static bool property(struct java *j, bool negated)
{
    ptrdiff_t close = str_starts(j->rest, S("{")) ? str_find(j->rest, '}') : -1;
    str name = close < 0 ? STR_ABSENT : str_sub(j->rest, 1, (size_t)close - 1);
    const char *posix = posix_class(str_starts(name, S("Is")) ? str_from(name, 2) : name);

    if (close >= 0)
        take(j, (size_t)close + 1);
    else
        name = take(j, 1);
    if (posix && negated && j->in_class)
        return false;
    if (posix)
        buf_printf(j->out, "%s%s%s", j->in_class ? "" : negated ? "[^" : "[", posix, j->in_class ? "" : "]");
    else
        buf_printf(j->out, "\\%c{%.*s}", negated ? 'P' : 'p', FMT(name));
    return name.n > 0;
}

static bool escape(struct java *j)
{
    ptrdiff_t end;
    str c = str_sub(j->rest, 1, 1);

    if (c.n == 0 || str_find(S("CKgNo"), c.p[0]) >= 0) /* PCRE2's own */
        return false;
    take(j, 2);
    if (c.p[0] == 'p' || c.p[0] == 'P')
        return property(j, c.p[0] == 'P');
    if (c.p[0] == 'u') {
        str digits = take(j, 4);
        buf_printf(j->out, "\\x{%.*s}", FMT(digits));
        return digits.n == 4;
    }
    buf_printf(j->out, "\\%c", c.p[0]);
    if (c.p[0] != 'Q')
        return true;
    end = str_search(j->rest, S("\\E")); /* up to there everything stands for itself */
    buf_add(j->out, take(j, end < 0 ? j->rest.n : (size_t)end + 2));
    return true;
}

/* What may follow "(?": groups, look-around, and the flags that mean the same in both. */
static bool is_group_of_both(str rest)
{
    static const char *const heads[] = {":", "=", "!", "<=", "<!", ">"};

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (str_starts(rest, str_z(heads[i])))
            return true;
    if (str_starts(rest, S("<")))
        return rest.n > 1 && str_find(S("0123456789"), rest.p[1]) < 0;
    while (rest.n && str_find(S("imsx-"), rest.p[0]) >= 0)
        rest = str_from(rest, 1);
    return str_starts(rest, S(")")) || str_starts(rest, S(":"));
}

/* The start of a class, with what may stand first in it. */
static void open_class(struct java *j)
{
    buf_add(j->out, take(j, 1));
    if (str_starts(j->rest, S("^")))
        buf_add(j->out, take(j, 1));
    if (str_starts(j->rest, S("]")))
        buf_add(j->out, take(j, 1));
    j->in_class = true;
}

static bool translate(str pattern, struct buf *out)
{
    struct java j = {pattern, out, false};

    while (j.rest.n) {
        char c = j.rest.p[0];
        if (c == '\\') {
            if (!escape(&j))
                return false;
            continue;
        }
        if (j.in_class && (c == '[' || str_starts(j.rest, S("&&"))))
            return false; /* Java's unions and intersections of classes */
        if (!j.in_class && c == '(' &&
            (str_starts(j.rest, S("(*")) || (str_starts(j.rest, S("(?")) && !is_group_of_both(str_from(j.rest, 2)))))
            return false;
        if (c == '[') {
            open_class(&j);
            continue;
        }
        j.in_class = j.in_class && c != ']';
        buf_add(out, take(&j, 1));
    }
    return !out->full;
}

/* ---- matching ---- */

static res match(const pcre2_code *code, str text, bool *matches, struct err *e)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int found = PCRE2_ERROR_NOMEMORY;

    if (limits && data) {
        pcre2_set_match_limit(limits, MATCH_LIMIT);
        pcre2_set_depth_limit(limits, DEPTH_LIMIT);
        pcre2_set_heap_limit(limits, HEAP_KIB);
        found = pcre2_match(code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0, data, limits);
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    *matches = found >= 0;
    if (found >= 0 || found == PCRE2_ERROR_NOMATCH)
        return OK;
    return reject(e, "an AllowedPattern takes too long to match");
}

static pcre2_code *compile(str pattern)
{
    uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
    pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
    pcre2_code *code = NULL;
    int why = 0;
    size_t where = 0;

    if (!limits)
        return NULL;
    pcre2_set_parens_nest_limit(limits, 100);
    pcre2_set_newline(limits, PCRE2_NEWLINE_ANYCRLF);
    code = pcre2_compile((PCRE2_SPTR)(pattern.p ? pattern.p : ""), pattern.n, options, &why, &where, limits);
    pcre2_compile_context_free(limits);
    return code;
}

res java_pattern_matches(str pattern, str text, bool *matches, struct err *e)
{
    pcre2_code *code = NULL;
    struct buf b;
    res done;

    *matches = false;
    buf_init(&b, PATTERN_MAX * 4);
    if (pattern.n <= PATTERN_MAX && translate(pattern, &b))
        code = compile(buf_str(&b));
    buf_done(&b);
    if (!code)
        return reject(e, "AllowedPattern %.*s is not a valid regular expression.", FMT(str_sub(pattern, 0, 200)));
    done = match(code, text, matches, e);
    pcre2_code_free(code);
    return done;
}
