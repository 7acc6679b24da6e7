/* SPDX-License-Identifier: MIT */
/* The part of modelc for CloudFormation's resource types: reads the cfn and parameter blocks, checks them against the
 * operations they name, writes api/cfn.h's tables. A property that no call uses is refused: what is accepted is done.
 */
#include "modelc_cfn.h"

#include <string.h>

bool cfn_is_parameter(const struct cfn_def *d)
{
    return d->parameter;
}

str cfn_c_name(const struct cfn_def *d)
{
    return d->c_name;
}

/* ---- reading ---- */

static str c_name_of(str type)
{
    char *out = arena_alloc(heap, type.n + 5);
    size_t n = 0;

    for (size_t i = 0; i < type.n; i++) {
        char c = type.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (word || (n && out[n - 1] != '_'))
            out[n++] = word ? c : '_';
    }
    return arena_cat(heap, S("cfn_"), str_n(out, n));
}

struct cfn_def *cfn_begin(struct reader *r, struct service_def *s)
{
    struct cfn_def *d = ARENA_NEW(heap, struct cfn_def);

    if (s->n_cfn == MAX_CFN)
        die(r->file, r->line, "too many resource types");
    s->cfn[s->n_cfn++] = d;
    *d = (struct cfn_def){.name = word(r, 1, "the type"), .line = r->line, .parameter = is(r, 0, "parameter")};
    d->c_name = c_name_of(d->name);
    d->any = str_ends(d->name, S("*"));
    for (size_t i = 2; i < r->n; i++) {
        if (is(r, i, "iam"))
            d->iam = true;
        else if (is(r, i, "nested"))
            d->nested = true;
        else if (is(r, i, "custom"))
            d->custom = true;
        else
            die(r->file, r->line, "after a type: iam, nested, custom");
    }
    return d;
}

static void read_props(struct reader *r, struct cfn_def *d, enum cfn_prop_kind kind)
{
    for (size_t i = 1; i < r->n; i++) {
        struct cfn_prop_def *p = &d->props[d->n_props++];
        if (d->n_props > MAX_PROPS)
            die(r->file, r->line, "too many properties");
        str rest = r->words[i].text, name = str_cut(&rest, '=');
        *p = (struct cfn_prop_def){.name = name, .initial = rest, .kind = kind};
        if (str_is(rest) && kind != CFN_FIXED)
            die(r->file, r->line, "only of a fixed property it matters what it means to leave it out");
        p->required = str_ends(p->name, S("!"));
        p->name.n -= p->required;
    }
}

static bool is_end_of_names(const struct reader *r, size_t i)
{
    static const char *const words[] = {"when", "unless", "each", "all", "on", "until", "->"};

    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (is(r, i, words[k]))
            return true;
    return i >= r->n;
}

static void read_keeps(struct reader *r, size_t *i, struct cfn_call_def *c)
{
    for (; !is_end_of_names(r, *i + 1); ++*i) {
        str from = word(r, *i + 1, "NAME=PATH"), to = str_cut(&from, '=');
        if (!str_is(from) || c->n_keeps == MAX_KEEPS)
            die(r->file, r->line, "-> NAME=PATH of the answer");
        c->keeps[c->n_keeps++] = (struct cfn_pair_def){to, from};
    }
}

static void read_list(struct reader *r, size_t *i, struct cfn_call_def *c)
{
    c->pick = is(r, *i, "all") ? CFN_ALL : CFN_EACH;
    c->list = word(r, ++*i, "the list");
    if (is(r, *i + 1, "added") || is(r, *i + 1, "removed"))
        c->which = is(r, ++*i, "added") ? CFN_ADDED : CFN_REMOVED;
    if (is(r, *i + 1, "by")) {
        c->by = word(r, *i + 2, "the member that tells items apart");
        *i += 2;
    }
}

static void read_test(struct reader *r, size_t *i, struct cfn_call_def *c)
{
    c->test = is(r, *i, "unless") ? CFN_ABSENT : CFN_PRESENT;
    c->when = word(r, ++*i, "what is asked");
    if (is(r, *i + 1, "is") || is(r, *i + 1, "not")) {
        c->test = is(r, *i + 1, "is") ? CFN_IS : CFN_IS_NOT;
        c->is = word(r, *i + 2, "the value");
        *i += 2;
    }
}

/* "until PATH VALUE", or "until FAULT" */
static void read_until(struct reader *r, size_t *i, struct cfn_call_def *c)
{
    c->done = word(r, ++*i, "the state");
    if (*i + 1 < r->n && !is(r, *i + 1, "fail") && !is(r, *i + 1, "reason") && !is(r, *i + 1, "->")) {
        c->path = c->done;
        c->done = r->words[++*i].text;
    }
}

static void read_call(struct reader *r, struct cfn_call_def *c)
{
    *c = (struct cfn_call_def){.op = word(r, 1, "the operation"), .line = r->line};
    for (size_t i = 2; i < r->n; i++) {
        if (is(r, i, "->")) {
            read_keeps(r, &i, c);
        } else if (is(r, i, "each") || is(r, i, "all")) {
            read_list(r, &i, c);
        } else if (is(r, i, "when") || is(r, i, "unless")) {
            read_test(r, &i, c);
        } else if (is(r, i, "on")) {
            for (; !is_end_of_names(r, i + 1); i++)
                if (c->n_on < MAX_ON)
                    c->on[c->n_on++] = r->words[i + 1].text;
        } else if (is(r, i, "until")) {
            read_until(r, &i, c);
        } else if (is(r, i, "fail")) {
            c->failed = word(r, ++i, "the states");
        } else if (is(r, i, "reason")) {
            c->reason = word(r, ++i, "where the reason stands");
        } else {
            str from = r->words[i].text, to = str_cut(&from, '=');
            if (!str_is(from) || c->n_args == MAX_PAIRS)
                die(r->file, r->line, "'%.*s' is no MEMBER=VALUE", FMT(r->words[i].text));
            c->args[c->n_args++] = (struct cfn_pair_def){to, from};
        }
    }
}

static struct cfn_call_def *room(struct reader *r, struct cfn_call_def *v, size_t *n)
{
    if (*n == MAX_CALLS)
        die(r->file, r->line, "too many calls");
    return &v[(*n)++];
}

static void read_name(struct reader *r, struct cfn_def *d)
{
    uint64_t max;

    d->name_prop = word(r, 1, "the property");
    bool hidden = str_starts(d->name_prop, S("@"));
    d->name_prop = str_from(d->name_prop, hidden); /* templates cannot give it */
    if (!str_to_u64(word(r, 2, "its greatest length"), &max) || max < 20)
        die(r->file, r->line, "name PROPERTY LENGTH [lower]");
    d->name_max = (int64_t)max;
    d->lower = is(r, 3, "lower");
    if (!hidden)
        d->props[d->n_props++] = (struct cfn_prop_def){.name = d->name_prop, .kind = CFN_REPLACED};
}

void cfn_line(struct reader *r, struct cfn_def *d)
{
    take_deeper(r);
    if (is(r, 0, "prop")) {
        read_props(r, d, CFN_UPDATED);
    } else if (is(r, 0, "replace")) {
        read_props(r, d, CFN_REPLACED);
    } else if (is(r, 0, "ignored")) {
        read_props(r, d, CFN_IGNORED);
    } else if (is(r, 0, "fixed")) {
        read_props(r, d, CFN_FIXED);
    } else if (is(r, 0, "name")) {
        read_name(r, d);
    } else if (is(r, 0, "tags")) {
        d->tags = word(r, 1, "the property");
        d->tags_map = is(r, 2, "map");
    } else if (is(r, 0, "system-tags")) {
        d->system_tags = true;
    } else if (is(r, 0, "create") || is(r, 0, "ask")) {
        read_call(r, room(r, d->creates, &d->n_creates));
    } else if (is(r, 0, "update")) {
        read_call(r, room(r, d->updates, &d->n_updates));
    } else if (is(r, 0, "delete")) {
        read_call(r, room(r, d->deletes, &d->n_deletes));
    } else if (is(r, 0, "wait")) {
        read_call(r, &d->wait);
    } else if (is(r, 0, "gone")) {
        read_call(r, &d->gone);
    } else if (is(r, 0, "ref")) {
        d->ref = word(r, 1, "an expression");
    } else if (is(r, 0, "attr")) {
        if (d->n_attrs == MAX_ATTRS)
            die(r->file, r->line, "too many attributes");
        d->attrs[d->n_attrs++] = (struct cfn_pair_def){word(r, 1, "its name"), word(r, 2, "an expression")};
    } else if (is(r, 0, "missing")) {
        for (size_t i = 1; i < r->n && d->n_missing < MAX_MISSING; i++)
            d->missing[d->n_missing++] = r->words[i].text;
    } else if (is(r, 0, "refused")) {
        d->refused = word(r, 1, "the reason");
    } else if (is(r, 0, "value")) {
        d->value = word(r, 1, "the path");
    } else {
        die(r->file, r->line, "'%.*s' is no line of a resource type", FMT(r->words[0].text));
    }
}

/* ---- checking ---- */

struct checking {
    const struct service_def *s;
    const struct cfn_def *d;
    bool used[MAX_PROPS], at_end[MAX_PROPS]; /* by deletes: what only these use is told by no other call */
    int line;
};

static bool is_kept(const struct cfn_def *d, str name)
{
    if (d->nested && str_eq(name, S("Capabilities")))
        return true; /* the stack's own */
    if (d->custom && str_eq(name, S("event")))
        return true; /* what the function is told */
    if (str_eq(name, S("id")) || str_eq(name, S("value")) || str_eq(name, d->name_prop))
        return true;
    for (size_t i = 0; i <= d->n_creates + d->n_updates; i++) {
        const struct cfn_call_def *c = i < d->n_creates                  ? &d->creates[i]
                                       : i < d->n_creates + d->n_updates ? &d->updates[i - d->n_creates]
                                                                         : &d->wait;
        for (size_t k = 0; k < c->n_keeps; k++)
            if (str_eq(c->keeps[k].to, name))
                return true;
    }
    return false;
}

static void use_prop(struct checking *k, str name)
{
    for (size_t i = 0; i < k->d->n_props; i++)
        if (str_eq(k->d->props[i].name, name)) {
            k->used[i] = true;
            return;
        }
    die(k->s->file, k->line, "%.*s has no property '%.*s'", FMT(k->d->name), FMT(name));
}

static str first_name(str text)
{
    size_t n = 0;

    while (n < text.n && !strchr(".[{(}|", text.p[n]))
        n++;
    return str_sub(text, 0, n);
}

static void check_source(struct checking *k, str text)
{
    if (str_starts(text, S("."))) /* the item */
        return;
    if (!str_starts(text, S("@"))) {
        use_prop(k, first_name(text));
        return;
    }
    str name = first_name(str_from(text, 1));
    if (!is_kept(k->d, name))
        die(k->s->file, k->line, "nothing is kept as '%.*s'", FMT(name));
}

static void check_literal(struct checking *k, str text)
{
    static const char *const known[] = {"partition", "region", "account", "suffix", "open", "close"};

    for (;;) {
        (void)str_cut(&text, '{');
        if (!str_is(text))
            return;
        str name = str_cut(&text, '}');
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found |= str_eq(name, str_z(known[i]));
        if (!found)
            check_source(k, name);
    }
}

static void check_expression(struct checking *k, str text)
{
    while (text.n) {
        if (text.p[0] == '\'') {
            text = str_from(text, 1);
            str literal = str_cut(&text, '\'');
            if (!str_is(text))
                die(k->s->file, k->line, "a quote is not closed");
            check_literal(k, literal);
            text = str_from(text, str_starts(text, S("|")));
            continue;
        }
        str one = str_cut(&text, '|');
        check_source(k, one);
    }
}

static const struct op_def *find_op(const struct checking *k, const struct cfn_call_def *c)
{
    for (size_t i = 0; i < k->s->n_ops; i++)
        if (str_eq(k->s->ops[i].name, c->op))
            return &k->s->ops[i];
    die(k->s->file, c->line, "there is no operation '%.*s'", FMT(c->op));
}

static void check_given(struct checking *k, const struct cfn_call_def *c, const struct op_def *o)
{
    for (size_t m = 0; m < o->in->n; m++) {
        const struct member *member = &o->in->members[m];
        bool given = !(member->flags & F_REQUIRED);
        for (size_t i = 0; i < c->n_args && !given; i++) {
            str to = c->args[i].to, first = str_cut(&to, '.');
            given = str_eq(first, member->name) ||
                    (str_ends(first, S("[]")) && str_eq(str_sub(first, 0, first.n - 2), member->name));
        }
        if (!given)
            die(k->s->file, c->line, "%.*s needs %.*s", FMT(o->name), FMT(member->name));
    }
}

static void check_call(struct checking *k, const struct cfn_call_def *c)
{
    const struct op_def *o = find_op(k, c);

    k->line = c->line;
    if (o->kind > 1 && !k->d->custom)
        die(k->s->file, c->line, "%.*s must read or write", FMT(o->name));
    for (size_t i = 0; i < c->n_args; i++) {
        check_path(k->s, o, o->in, c->args[i].to, c->line);
        check_expression(k, c->args[i].from);
    }
    for (size_t i = 0; i < c->n_keeps; i++)
        if (str_starts(c->keeps[i].from, S("@")))
            check_source(k, c->keeps[i].from);
        else
            check_path(k->s, o, o->out, c->keeps[i].from, c->line);
    for (size_t i = 0; i < c->n_on; i++)
        use_prop(k, c->on[i]);
    if (c->list.n)
        check_expression(k, c->list);
    if (c->when.n && c->path.n) /* of a wait: in the answer */
        check_path(k->s, o, o->out, c->when, c->line);
    else if (c->when.n)
        check_expression(k, c->when);
    if (c->path.n)
        check_path(k->s, o, o->out, c->path, c->line);
    check_given(k, c, o);
}

static void check_calls(struct checking *k, const struct cfn_call_def *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_call(k, &v[i]);
}

/* What is accepted is done: by a call that makes it, and where it may change, by one that changes it. */
static void check_use(struct checking *k, bool updates)
{
    for (size_t i = 0; i < k->d->n_props && !k->d->custom; i++) { /* whose function gets them all */
        const struct cfn_prop_def *p = &k->d->props[i];
        if (p->kind == CFN_IGNORED || (updates && p->kind != CFN_UPDATED) || k->used[i] || k->at_end[i] ||
            str_eq(p->name, k->d->name_prop))
            continue;
        die(k->s->file, k->d->line, "%.*s: no %s line uses %.*s", FMT(k->d->name), updates ? "update" : "create",
            FMT(p->name));
    }
}

/* The record that a `tagged` line calls by the type's name. */
static const struct shape_def *tagged_record(const struct service_def *s, const struct cfn_def *d)
{
    for (size_t i = 0; i < s->n_tagged; i++)
        if (str_eq(s->tagged[i].type, d->name))
            return find_shape(s, s->tagged[i].record);
    die(s->file, d->line, "system-tags: no tagged line says which record is a %.*s", FMT(d->name));
}

void cfn_check(const struct service_def *s, const struct cfn_def *d)
{
    struct checking k = {.s = s, .d = d, .line = d->line};

    if (d->refused.n)
        return;
    if (!d->n_creates || (!d->parameter && !d->custom && (!d->n_deletes || !d->ref.n)))
        die(s->file, d->line, "a resource type has create, delete and ref lines");
    check_calls(&k, d->deletes, d->n_deletes);
    memcpy(k.at_end, k.used, sizeof k.used);
    memset(k.used, 0, sizeof k.used);
    for (size_t i = 0; i < d->n_creates; i++)
        if (d->creates[i].which)
            die(s->file, d->creates[i].line, "added and removed are for updates");
    check_calls(&k, d->creates, d->n_creates);
    check_use(&k, false);
    for (size_t i = 0; i < MAX_PROPS; i++)
        k.at_end[i] &= !k.used[i];
    memset(k.used, 0, sizeof k.used);
    for (size_t i = 0; i < d->n_updates; i++)
        if (!d->updates[i].n_on && !d->updates[i].which)
            die(s->file, d->updates[i].line, "an update says when: on PROPERTY..., or each LIST added|removed");
    check_calls(&k, d->updates, d->n_updates);
    check_use(&k, true);
    check_calls(&k, &d->wait, d->wait.op.n > 0);
    check_calls(&k, &d->gone, d->gone.op.n > 0);
    k.line = d->line;
    check_expression(&k, d->ref);
    for (size_t i = 0; i < d->n_attrs; i++)
        check_expression(&k, d->attrs[i].from);
    if (d->tags.n)
        use_prop(&k, d->tags);
}

/* ---- writing ---- */

/* An expression may hold quotes: JSON in a literal. */
static str escaped(str text)
{
    char *out = arena_alloc(heap, text.n * 2 + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            out[n++] = '\\';
        out[n++] = text.p[i];
    }
    return str_n(out, n);
}

static void write_pairs(FILE *f, str name, const char *what, const struct cfn_pair_def *v, size_t n)
{
    if (!n)
        return;
    fprintf(f, "static const struct cfn_pair %.*s_%s[] = {", FMT(name), what);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "{\"%.*s\", \"%.*s\"}, ", FMT(v[i].to), FMT(escaped(v[i].from)));
    fprintf(f, "};\n");
}

static void write_names(FILE *f, str name, const char *what, const str *v, size_t n)
{
    if (!n)
        return;
    fprintf(f, "static const char *const %.*s_%s[] = {", FMT(name), what);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "\"%.*s\", ", FMT(v[i]));
    fprintf(f, "NULL};\n");
}

static str call_name(const struct cfn_def *d, const char *kind, size_t i)
{
    return arena_printf(heap, "%.*s_%s_%zu", FMT(d->c_name), kind, i);
}

static void write_call(FILE *f, const struct service_def *s, const struct cfn_call_def *c, str name)
{
    fprintf(f, "{.op = &%.*s_%.*s_op, ", FMT(s->c_name), FMT(c->op));
    if (c->n_args)
        fprintf(f, ".args = %.*s_args, .n_args = %zu, ", FMT(name), c->n_args);
    if (c->n_keeps)
        fprintf(f, ".keeps = %.*s_keeps, .n_keeps = %zu, ", FMT(name), c->n_keeps);
    if (c->n_on)
        fprintf(f, ".on = %.*s_on, ", FMT(name));
    fprintf(f, ".pick = %d, .which = %d, .test = %d, ", c->pick, c->which, c->test);
    text_or_null(f, "list", c->list);
    text_or_null(f, "by", c->by);
    text_or_null(f, "when", c->when);
    text_or_null(f, "is", c->is);
    text_or_null(f, "path", c->path);
    text_or_null(f, "done", c->done);
    text_or_null(f, "failed", c->failed);
    text_or_null(f, "reason", c->reason);
    fprintf(f, "}");
}

static void write_calls(FILE *f, const struct service_def *s, const struct cfn_def *d, const char *kind,
                        const struct cfn_call_def *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        str name = call_name(d, kind, i);
        write_pairs(f, name, "args", v[i].args, v[i].n_args);
        write_pairs(f, name, "keeps", v[i].keeps, v[i].n_keeps);
        write_names(f, name, "on", v[i].on, v[i].n_on);
    }
    if (!n)
        return;
    fprintf(f, "static const struct cfn_call %.*s_%s[] = {\n", FMT(d->c_name), kind);
    for (size_t i = 0; i < n; i++) {
        fprintf(f, "    ");
        write_call(f, s, &v[i], call_name(d, kind, i));
        fprintf(f, ",\n");
    }
    fprintf(f, "};\n");
}

static void write_parameter(FILE *f, const struct service_def *s, const struct cfn_def *d)
{
    str name = call_name(d, "create", 0);

    write_pairs(f, name, "args", d->creates[0].args, d->creates[0].n_args);
    fprintf(f,
            "extern const struct cfn_parameter %1$.*2$s;\nconst struct cfn_parameter %1$.*2$s = {.name = \"%3$.*4$s\", "
            ".call = ",
            d->c_name.p, (int)d->c_name.n, d->name.p, (int)d->name.n);
    write_call(f, s, &d->creates[0], name);
    fprintf(f, ", ");
    text_or_null(f, "value", d->value);
    fprintf(f, "};\n");
}

static void write_props(FILE *f, const struct cfn_def *d)
{
    if (!d->n_props)
        return;
    fprintf(f, "static const struct cfn_prop %.*s_props[] = {\n", FMT(d->c_name));
    for (size_t i = 0; i < d->n_props; i++)
        fprintf(
            f,
            str_is(d->props[i].initial) ? "    {\"%.*s\", %d, %s, \"%.*s\"},\n" : "    {\"%.*s\", %d, %s, NULL%.*s},\n",
            FMT(d->props[i].name), d->props[i].kind, d->props[i].required ? "true" : "false", FMT(d->props[i].initial));
    fprintf(f, "};\n");
}

static void refer(FILE *f, const struct cfn_def *d, const char *field, size_t n)
{
    if (n)
        fprintf(f, ".%s = %.*s_%s, .n_%s = %zu, ", field, FMT(d->c_name), field, field, n);
}

void cfn_write(FILE *f, const struct service_def *s, const struct cfn_def *d)
{
    str name = d->any ? str_sub(d->name, 0, d->name.n - 1) : d->name;

    if (d->parameter) {
        write_parameter(f, s, d);
        return;
    }
    write_props(f, d);
    write_calls(f, s, d, "creates", d->creates, d->n_creates);
    write_calls(f, s, d, "updates", d->updates, d->n_updates);
    write_calls(f, s, d, "deletes", d->deletes, d->n_deletes);
    write_calls(f, s, d, "wait", &d->wait, d->wait.op.n > 0);
    write_calls(f, s, d, "gone", &d->gone, d->gone.op.n > 0);
    write_pairs(f, d->c_name, "attrs", d->attrs, d->n_attrs);
    write_names(f, d->c_name, "missing", d->missing, d->n_missing);
    fprintf(f, "extern const struct cfn_type %1$.*2$s;\nconst struct cfn_type %1$.*2$s = {\n    .name = \"%3$.*4$s\", ",
            d->c_name.p, (int)d->c_name.n, name.p, (int)name.n);
    fprintf(f, ".service = &%.*s_service, ", FMT(s->c_name));
    text_or_null(f, "refused", d->refused);
    text_or_null(f, "name_prop", d->name_prop);
    text_or_null(f, "tags", d->tags);
    text_or_null(f, "ref", d->ref);
    fprintf(
        f,
        ".name_max = %lld, .iam = %d, .nested = %d, .any = %d, .custom = %d, .name_lower = %d, .tags_map = %d,\n    ",
        (long long)d->name_max, d->iam, d->nested, d->any, d->custom, d->lower, d->tags_map);
    if (d->system_tags)
        fprintf(f, ".system_tags = &%.*s_record, ", FMT(tagged_record(s, d)->c_name));
    refer(f, d, "props", d->n_props);
    refer(f, d, "creates", d->n_creates);
    refer(f, d, "updates", d->n_updates);
    refer(f, d, "deletes", d->n_deletes);
    refer(f, d, "attrs", d->n_attrs);
    if (d->wait.op.n)
        fprintf(f, ".wait = %.*s_wait, ", FMT(d->c_name));
    if (d->gone.op.n)
        fprintf(f, ".gone = %.*s_gone, ", FMT(d->c_name));
    if (d->n_missing)
        fprintf(f, ".missing = %.*s_missing, ", FMT(d->c_name));
    fprintf(f, "\n};\n");
}
