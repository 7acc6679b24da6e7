/* SPDX-License-Identifier: MIT */
/* libyaml's events become a JSON tree. Whatever is made is hung into its parent before it is filled, so that one root
 * owns all and no path has anything to release. */
#include "base/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/map.h"

/* What an anchor stands for, and what it costs to stand there once more. */
struct anchor {
    json_t *value;
    size_t nodes, bytes, height;
};

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one, to be deleted before the next is asked for */
    bool has_event;
    struct arena *a;
    struct err *e;
    struct map anchors;
    size_t nodes, bytes, lowest; /* lowest: the deepest level that was reached since it was last reset */
};

/* Where the next value goes. */
struct place {
    json_t *parent; /* an array, or an object that takes it by this key */
    str key;
    size_t depth;
};

static res read_node(struct reader *r, struct place at);

static res not_well_formed(struct reader *r, yaml_mark_t mark, const char *why)
{
    return reject(r->e, "YAML not well-formed. (line %zu, column %zu)%s%s", mark.line + 1, mark.column + 1,
                  why ? ": " : "", why ? why : "");
}

static res next(struct reader *r)
{
    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = yaml_parser_parse(&r->parser, &r->event) != 0;
    return r->has_event ? OK : not_well_formed(r, r->parser.problem_mark, NULL);
}

static res put(struct reader *r, struct place at, json_t *value)
{
    int failed = json_is_array(at.parent) ? json_array_append_new(at.parent, value)
                                          : json_object_setn_new(at.parent, at.key.p, at.key.n, value);

    return failed ? not_well_formed(r, r->event.start_mark, "a text is not UTF-8") : OK;
}

static res count(struct reader *r, size_t nodes, size_t bytes, size_t depth)
{
    r->nodes += nodes;
    r->bytes += bytes;
    if (r->nodes > YAML_MAX_NODES || r->bytes > YAML_MAX_BYTES)
        return not_well_formed(r, r->event.start_mark, "larger than is allowed once aliases are expanded");
    if (depth > YAML_MAX_DEPTH)
        return not_well_formed(r, r->event.start_mark, "nested too deeply");
    if (depth > r->lowest)
        r->lowest = depth;
    return OK;
}

/* ---- scalars ---- */

static bool is_any(str s, const char *const *words)
{
    for (; *words; words++)
        if (str_eq(s, str_z(*words)))
            return true;
    return false;
}

/* YAML 1.1's integers: decimal, 0o without the o, 0x; a zero in front of 8 or 9 makes a text. Sexagesimal stays text.
 */
static json_t *integer(str s)
{
    bool minus = s.n && s.p[0] == '-';
    str digits = str_from(s, s.n && (s.p[0] == '-' || s.p[0] == '+'));
    uint64_t base = 10, v = 0;

    if (str_starts(digits, S("0x")))
        base = 16, digits = str_from(digits, 2);
    else if (digits.n > 1 && digits.p[0] == '0')
        base = 8, digits = str_from(digits, 1);
    if (digits.n == 0 || digits.n > 22)
        return NULL;
    for (size_t i = 0; i < digits.n; i++) {
        char c = digits.p[i];
        uint64_t d = c >= '0' && c <= '9' ? (uint64_t)(c - '0') : c >= 'a' && c <= 'f' ? (uint64_t)(c - 'a') + 10 : 16;
        if (d >= base || v > (INT64_MAX - d) / base)
            return NULL;
        v = v * base + d;
    }
    return json_integer(minus ? -(json_int_t)v : (json_int_t)v);
}

static json_t *real(str s)
{
    str unsigned_part = str_from(s, s.n && (s.p[0] == '-' || s.p[0] == '+'));
    ptrdiff_t e = str_find(s, 'e');
    double v;

    if (e >= 0 && str_find(S("+-"), str_from(s, (size_t)e + 1).n ? s.p[e + 1] : '0') < 0)
        return NULL; /* YAML 1.1's exponent has a sign */
    if (!str_all(s, "+-.0123456789e") || str_find(s, '.') < 0 || unsigned_part.n < 2)
        return NULL;
    if (unsigned_part.p[0] == '.' || str_ends(s, S(".")))
        return NULL;
    return str_to_double(str_from(s, s.p[0] == '+'), &v) ? json_real(v) : NULL;
}

/* A plain scalar as YAML 1.1 resolves it, but for dates and the like, which CloudFormation leaves as text. */
static json_t *resolve_plain(str s)
{
    static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", NULL};
    static const char *const no[] = {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", NULL};
    static const char *const none[] = {"", "~", "null", "Null", "NULL", NULL};
    json_t *number;

    if (is_any(s, none))
        return json_null();
    if (is_any(s, yes))
        return json_true();
    if (is_any(s, no))
        return json_false();
    number = integer(s);
    if (!number)
        number = real(s);
    return number ? number : json_stringn(s.p, s.n);
}

static str event_text(const struct reader *r)
{
    return str_n((const char *)r->event.data.scalar.value, r->event.data.scalar.length);
}

/* "!GetAtt a.b" is the list of two that the long form has; everything after the first dot is the attribute. */
static json_t *attribute_pair(str s)
{
    ptrdiff_t dot = str_find(s, '.');
    str name = dot < 0 ? s : str_sub(s, 0, (size_t)dot), rest = dot < 0 ? STR_ABSENT : str_from(s, (size_t)dot + 1);

    return dot < 0 ? json_stringn(s.p, s.n) : json_pack("[s%,s%]", name.p, name.n, rest.p ? rest.p : "", rest.n);
}

static res read_scalar(struct reader *r, struct place at, str function)
{
    str s = event_text(r);
    json_t *value;

    if (memchr(s.p, 0, s.n))
        return not_well_formed(r, r->event.start_mark, "a text holds a NUL");
    if (str_eq(function, S("Fn::GetAtt")))
        value = attribute_pair(s);
    else if (r->event.data.scalar.plain_implicit && str_empty(function))
        value = resolve_plain(s);
    else
        value = json_stringn(s.p, s.n);
    return value ? put(r, at, value) : not_well_formed(r, r->event.start_mark, "a text is not UTF-8");
}

/* ---- containers ---- */

static res read_sequence(struct reader *r, struct place at)
{
    json_t *list = json_array();

    TRY(put(r, at, list));
    for (;;) {
        TRY(next(r));
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return OK;
        TRY(read_node(r, (struct place){list, STR_ABSENT, at.depth + 1}));
    }
}

/* Members of the merged one that are not there already. Their nodes were counted where they were read. */
static res merge_one(struct reader *r, json_t *object, const json_t *other)
{
    if (!json_is_object(other))
        return not_well_formed(r, r->event.start_mark, "only a mapping can be merged");
    TRY(count(r, json_object_size(other), 0, 0));
    return json_object_update_missing(object, (json_t *)other) ? not_well_formed(r, r->event.start_mark, NULL) : OK;
}

static res merge(struct reader *r, json_t *object, const json_t *merged)
{
    const json_t *one;
    size_t i;

    if (!json_is_array(merged))
        return merge_one(r, object, merged);
    json_array_foreach(merged, i, one) TRY(merge_one(r, object, one));
    return OK;
}

static res read_mapping(struct reader *r, struct place at)
{
    json_t *object = json_object(), *aside; /* aside: values of "<<", merged once the mapping's own keys are known */
    const json_t *one;
    size_t i;

    TRY(put(r, at, object));
    aside = json_array();
    arena_defer(r->a, (void (*)(void *))json_decref, aside);
    for (;;) {
        TRY(next(r));
        if (r->event.type == YAML_MAPPING_END_EVENT)
            break;
        if (r->event.type != YAML_SCALAR_EVENT)
            return not_well_formed(r, r->event.start_mark,
                                   "map keys must be strings; received a list or a map instead");
        str key = arena_dup(r->a, event_text(r));
        if (memchr(key.p, 0, key.n) || !str_is_utf8(key))
            return not_well_formed(r, r->event.start_mark,
                                   "map keys must be strings; received a list or a map instead");
        TRY(count(r, 0, key.n, 0));
        bool merges = str_eq(key, S("<<")) && r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        if (!merges && json_object_getn(object, key.p, key.n))
            return not_well_formed(r, r->event.start_mark, "a key stands twice");
        TRY(next(r));
        TRY(read_node(r, (struct place){merges ? aside : object, key, at.depth + 1}));
    }
    json_array_foreach(aside, i, one) TRY(merge(r, object, one));
    return OK;
}

/* ---- nodes ---- */

static res read_alias(struct reader *r, struct place at)
{
    const struct anchor *anchor = map_find(&r->anchors, str_z((const char *)r->event.data.alias.anchor));

    if (!anchor)
        return not_well_formed(r, r->event.start_mark, "an alias without its anchor");
    TRY(count(r, anchor->nodes, anchor->bytes, at.depth + anchor->height));
    return put(r, at, json_incref(anchor->value));
}

/* The long name of a short tag; empty for no tag and for "!!str", which only says that it is a text. */
static res function_of(struct reader *r, const yaml_char_t *tag, bool implicit, str *function)
{
    str name = str_z((const char *)tag);

    *function = STR_ABSENT;
    if (!tag || implicit || str_eq(name, S("!")))
        return OK;
    if (str_starts(name, S("tag:yaml.org,2002:")) &&
        is_any(str_from(name, 18), (const char *[]){"str", "map", "seq", NULL}))
        return OK;
    name = str_from(name, 1);
    if (tag[0] != '!' || str_empty(name))
        return not_well_formed(r, r->event.start_mark, "an unsupported tag");
    if (str_eq(name, S("Ref")) || str_eq(name, S("Condition")))
        *function = arena_dup(r->a, name);
    else
        *function = arena_cat(r->a, S("Fn::"), name);
    return OK;
}

static res read_value(struct reader *r, struct place at, str function)
{
    if (r->event.type == YAML_SCALAR_EVENT)
        return read_scalar(r, at, function);
    return r->event.type == YAML_SEQUENCE_START_EVENT ? read_sequence(r, at) : read_mapping(r, at);
}

struct label {
    const yaml_char_t *tag, *anchor;
    bool implicit;
};

static struct label label_of(const yaml_event_t *ev)
{
    if (ev->type == YAML_SCALAR_EVENT)
        return (struct label){ev->data.scalar.tag, ev->data.scalar.anchor, false};
    if (ev->type == YAML_SEQUENCE_START_EVENT)
        return (struct label){ev->data.sequence_start.tag, ev->data.sequence_start.anchor, false};
    return (struct label){ev->data.mapping_start.tag, ev->data.mapping_start.anchor, false};
}

static json_t *last_put(struct place at)
{
    return json_is_array(at.parent) ? json_array_get(at.parent, json_array_size(at.parent) - 1)
                                    : json_object_getn(at.parent, at.key.p, at.key.n);
}

static res read_node(struct reader *r, struct place at)
{
    size_t nodes_before = r->nodes, bytes_before = r->bytes, lowest_before = r->lowest;
    struct place inner = at;
    str function, name;

    if (r->event.type == YAML_ALIAS_EVENT)
        return read_alias(r, at);
    struct label label = label_of(&r->event);
    name = label.anchor ? arena_dup(r->a, str_z((const char *)label.anchor)) : STR_ABSENT;
    r->lowest = at.depth;
    TRY(count(r, 1, r->event.type == YAML_SCALAR_EVENT ? r->event.data.scalar.length : 0, at.depth));
    TRY(function_of(r, label.tag, label.implicit, &function));
    if (str_is(function)) {
        inner = (struct place){json_object(), function, at.depth + 1};
        TRY(put(r, at, inner.parent));
        TRY(count(r, 1, function.n, inner.depth));
    }
    TRY(read_value(r, inner, function));
    if (str_is(name)) {
        struct anchor *anchor = ARENA_NEW(r->a, struct anchor);
        *anchor = (struct anchor){last_put(at), r->nodes - nodes_before, r->bytes - bytes_before, r->lowest - at.depth};
        map_put(&r->anchors, name, anchor);
    }
    if (lowest_before > r->lowest)
        r->lowest = lowest_before;
    return OK;
}

static res read_document(struct reader *r, json_t *holder)
{
    TRY(next(r)); /* the stream's start */
    TRY(next(r));
    if (r->event.type == YAML_STREAM_END_EVENT)
        return put(r, (struct place){holder, STR_ABSENT, 0}, json_null());
    TRY(next(r));
    TRY(read_node(r, (struct place){holder, STR_ABSENT, 0}));
    TRY(next(r)); /* the document's end */
    TRY(next(r));
    return r->event.type == YAML_STREAM_END_EVENT ? OK : not_well_formed(r, r->event.start_mark, "a second document");
}

res yaml_parse(struct arena *a, str text, struct err *e, json_t **out)
{
    struct reader r = {.a = a, .e = e};
    json_t *holder = json_array();
    res done;

    arena_defer(a, (void (*)(void *))json_decref, holder);
    if (!yaml_parser_initialize(&r.parser))
        return oops(e, 0, "no memory for a YAML parser");
    map_init(&r.anchors);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
    done = read_document(&r, holder);
    if (r.has_event)
        yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    map_done(&r.anchors);
    if (is_ok(done))
        *out = json_array_get(holder, 0);
    return done;
}
