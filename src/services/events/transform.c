/* SPDX-License-Identifier: MIT */
/* What a target gets of an event: all of it, a part (InputPath), a constant (Input), or a template filled with parts
 * (InputTransformer). Source: EventBridge's user guide, "Input transformation". */
#include <string.h>

#include "base/enc.h"
#include "events_parts.h"

enum { PATHS_MAX = 100, OUTPUT_MAX_BYTES = 512 << 10 };

/* ---- paths: $, .name, ['name'], [3] ---- */

static bool next_step(str *path, str *name, uint64_t *index)
{
    str inner, rest = *path;

    *name = STR_ABSENT;
    if (rest.p[0] == '.') {
        size_t n = 1;
        while (n < rest.n && rest.p[n] != '.' && rest.p[n] != '[')
            n++;
        *name = str_sub(rest, 1, n - 1);
        *path = str_from(rest, n);
        return n > 1;
    }
    if (rest.p[0] != '[' || str_find(rest, ']') < 2)
        return false;
    inner = str_sub(rest, 1, (size_t)str_find(rest, ']') - 1);
    *path = str_from(rest, inner.n + 2);
    if (inner.p[0] != '\'')
        return str_to_u64(inner, index);
    *name = str_sub(inner, 1, inner.n - 2);
    return inner.n > 2 && inner.p[inner.n - 1] == '\'';
}

static bool is_path(str path)
{
    uint64_t index;
    str name;

    if (!str_starts(path, S("$")))
        return false;
    for (path = str_from(path, 1); path.n;)
        if (!next_step(&path, &name, &index))
            return false;
    return true;
}

static const json_t *at_path(struct arena *a, const json_t *v, str path)
{
    uint64_t index;
    str name;

    for (path = str_from(path, 1); path.n && next_step(&path, &name, &index);)
        v = str_is(name) ? json_object_get(v, arena_z(a, name)) : json_array_get(v, index);
    return v;
}

/* ---- checking ---- */

static res check_json(struct arena *a, const struct events_target *t, str text, struct err *e)
{
    struct err why = {0};
    json_t *ignored;

    if (!is_ok(json_parse(a, text, &why, &ignored)))
        return reject(e, "JSON syntax error in input for target %.*s: %s", FMT(t->id), why.what);
    return OK;
}

res events_check_input(struct arena *a, const struct events_target *t, struct err *e)
{
    const struct events_input_transformer *x = t->input_transformer;

    if ((t->input.n > 0) + (t->input_path.n > 0) + (x != NULL) > 1)
        return reject(e, "Only one of Input, InputPath, or InputTransformer must be provided for target %.*s.",
                      FMT(t->id));
    if (t->input.n)
        return check_json(a, t, t->input, e);
    if (t->input_path.n && !is_path(t->input_path))
        return reject(e, "Invalid InputPath for target %.*s.", FMT(t->id));
    if (x && x->input_paths_map.n > PATHS_MAX)
        return reject(e, "InputPathsMap of target %.*s has more than %d paths.", FMT(t->id), PATHS_MAX);
    for (size_t i = 0; x && i < x->input_paths_map.n; i++)
        if (str_starts(x->input_paths_map.v[i].key, S("AWS")) || !is_path(x->input_paths_map.v[i].value))
            return reject(e, "Invalid InputPathsMap for target %.*s.", FMT(t->id));
    return OK;
}

/* ---- templates ---- */

/* A value inside a text of the template is written without its own quotes. */
static void add_value(struct buf *b, const json_t *v, bool quoted)
{
    struct buf one;

    if (!v) { /* AWS leaves nothing where a path leads nowhere, and the empty text where a value is due */
        buf_add_z(b, quoted ? "" : "\"\"");
        return;
    }
    if (!quoted) {
        buf_add_json(b, v);
        return;
    }
    buf_init(&one, OUTPUT_MAX_BYTES);
    if (json_is_string(v)) {
        buf_add_json_str(&one, json_str(v));
        buf_add(b, str_sub(buf_str(&one), 1, buf_str(&one).n - 2));
    } else {
        buf_add_json(&one, v);
        struct buf escaped;
        buf_init(&escaped, OUTPUT_MAX_BYTES);
        buf_add_json_str(&escaped, buf_str(&one));
        buf_add(b, str_sub(buf_str(&escaped), 1, buf_str(&escaped).n - 2));
        buf_done(&escaped);
    }
    buf_done(&one);
}

/* Names that need no path: "Predefined variables" of the same page. */
static bool add_predefined(struct buf *b, str name, const struct events_rule *r, const json_t *event, bool quoted)
{
    str what = str_eq(name, S("aws.events.rule-arn"))    ? r->arn
               : str_eq(name, S("aws.events.rule-name")) ? r->name
                                                         : STR_ABSENT;

    if (str_is(what)) {
        json_t *v = json_stringn(what.p, what.n);
        add_value(b, v, quoted);
        json_decref(v);
        return true;
    }
    if (str_eq(name, S("aws.events.event.json")) || str_eq(name, S("aws.events.event"))) {
        add_value(b, event, quoted);
        return true;
    }
    return false;
}

static bool add_placeholder(struct arena *a, struct buf *b, str name, const struct events_target *t,
                            const struct events_rule *r, const json_t *event, bool quoted)
{
    const struct map_of_str *paths = &t->input_transformer->input_paths_map;

    for (size_t i = 0; i < paths->n; i++)
        if (str_eq(paths->v[i].key, name)) {
            add_value(b, at_path(a, event, paths->v[i].value), quoted);
            return true;
        }
    return add_predefined(b, name, r, event, quoted);
}

static void fill(struct arena *a, struct buf *b, const struct events_target *t, const struct events_rule *r,
                 const json_t *event)
{
    str rest = t->input_transformer->input_template;
    bool quoted = false;

    while (rest.n) {
        ptrdiff_t end = rest.p[0] == '<' ? str_find(rest, '>') : -1;
        if (end > 0 && add_placeholder(a, b, str_sub(rest, 1, (size_t)end - 1), t, r, event, quoted)) {
            rest = str_from(rest, (size_t)end + 1);
            continue;
        }
        size_t n = rest.p[0] == '\\' && rest.n > 1 ? 2 : 1;
        quoted ^= rest.p[0] == '"';
        buf_add(b, str_sub(rest, 0, n));
        rest = str_from(rest, n);
    }
}

str events_input(struct arena *a, const struct events_target *t, const struct events_rule *r, const json_t *event)
{
    struct buf b;

    if (t->input.n)
        return t->input;
    buf_init(&b, OUTPUT_MAX_BYTES);
    if (t->input_transformer) {
        fill(a, &b, t, r, event);
    } else {
        const json_t *part = t->input_path.n ? at_path(a, event, t->input_path) : event;
        if (part)
            buf_add_json(&b, part);
        else
            buf_add_z(&b, "null");
    }
    str made = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return made;
}
